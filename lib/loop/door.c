/*
 * Knocks from other threads. All of it is under the lock of the door, which knocks
 * share, but the answers. Who knocks for what is not known here.
 *
 * A forked child is alone. A thread that it lacks may hold the lock for ever: so it
 * does without.
 */
#include "loop/door.h"

#include <pthread.h>

#include "base/mem.h"
#include "loop/loop.h"

struct stay__door {
	pthread_mutex_t lock;
	bool is_alone;          /* no other thread is at it: a child's */
	struct stay_loop *loop; /* NULL: it has ended */
	struct stay__list knocks;
	size_t refs; /* of knocks, and of the loop */
};

static struct stay__door *
door_of(struct stay_loop *loop)
{
	struct stay__door *door = loop->door;

	if (door != NULL)
		return door;
	door = stay__zalloc(sizeof(*door));
	if (door == NULL)
		return NULL;
	if (pthread_mutex_init(&door->lock, NULL) != 0) {
		stay__free(door);
		return NULL;
	}
	stay__list_init(&door->knocks);
	door->loop = loop;
	door->refs = 1;
	loop->door = door;
	return door;
}

static void
enter(struct stay__door *door)
{
	if (!door->is_alone)
		pthread_mutex_lock(&door->lock);
}

static void
leave(struct stay__door *door)
{
	if (!door->is_alone)
		pthread_mutex_unlock(&door->lock);
}

/* On the loop's thread, before anything else in a turn. */
static void
look_for_fork(struct stay_loop *loop)
{
	if (stay__loop_is_orphan(loop))
		loop->door->is_alone = true;
}

/* Unlocks. */
static void
let_go(struct stay__door *door)
{
	bool last = --door->refs == 0;

	leave(door);
	if (!last)
		return;
	if (!door->is_alone)
		pthread_mutex_destroy(&door->lock);
	stay__free(door);
}

enum stay_status
stay__knock_init(
    struct stay__knock *knock, struct stay_loop *loop, stay__answer_fn *answer)
{
	struct stay__door *door = door_of(loop);

	if (door == NULL)
		return STAY_E_NOMEM;
	look_for_fork(loop);
	stay__list_init(&knock->node);
	knock->door = door;
	knock->answer = answer;
	knock->refs = 1;
	enter(door);
	door->refs++;
	leave(door);
	return STAY_OK;
}

void
stay__knock_hold(struct stay__knock *knock)
{
	enter(knock->door);
	knock->refs++;
	leave(knock->door);
}

void
stay__knock_drop(struct stay__knock *knock)
{
	struct stay__door *door = knock->door;

	enter(door);
	if (--knock->refs > 0) {
		leave(door);
		return;
	}
	stay__free(knock);
	let_go(door);
}

/* The world is there as long as the loop is, and the loop waits for the lock. */
void
stay__knock_now(struct stay__knock *knock)
{
	struct stay__door *door = knock->door;

	enter(door);
	if (door->loop != NULL && stay__list_is_empty(&knock->node)) {
		knock->refs++;
		stay__list_push(&door->knocks, &knock->node);
		door->loop->ops->wake(door->loop->world);
	}
	leave(door);
}

static struct stay__knock *
next_knock(struct stay__door *door)
{
	struct stay__list *node;

	enter(door);
	node = stay__list_pop(&door->knocks);
	leave(door);
	return node == NULL ? NULL
			    : STAY__CONTAINER(node, struct stay__knock, node);
}

void
stay__door_answer(struct stay_loop *loop)
{
	struct stay__knock *knock;

	look_for_fork(loop);
	while ((knock = next_knock(loop->door)) != NULL) {
		knock->answer(knock);
		stay__knock_drop(knock);
	}
}

void
stay__door_close(struct stay_loop *loop)
{
	struct stay__door *door = loop->door;
	struct stay__knock *knock;

	look_for_fork(loop);
	enter(door);
	door->loop = NULL;
	leave(door);
	while ((knock = next_knock(door)) != NULL)
		stay__knock_drop(knock);
	enter(door);
	let_go(door);
}
