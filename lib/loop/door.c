/*
 * Knocks from other threads. All of it is under the lock of the door, which knocks
 * share, but the answers. Who knocks for what is not known here.
 *
 * In a forked child a thread that the child lacks may hold the lock: there the door is
 * left as it is. Nobody knocks, and nothing of it is freed.
 */
#include "loop/door.h"

#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"

struct stay__door {
	pthread_mutex_t lock;
	pid_t maker;
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
	door->maker = getpid();
	stay__list_init(&door->knocks);
	door->loop = loop;
	door->refs = 1;
	loop->door = door;
	return door;
}

/* Lock it. False: it is the parent's. */
static bool
enter(struct stay__door *door)
{
	if (getpid() != door->maker)
		return false;
	pthread_mutex_lock(&door->lock);
	return true;
}

/* Unlocks. */
static void
let_go(struct stay__door *door)
{
	bool last = --door->refs == 0;

	pthread_mutex_unlock(&door->lock);
	if (!last)
		return;
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
	if (!enter(door))
		return STAY_E_FORKED;
	stay__list_init(&knock->node);
	knock->door = door;
	knock->answer = answer;
	knock->refs = 1;
	door->refs++;
	pthread_mutex_unlock(&door->lock);
	return STAY_OK;
}

void
stay__knock_hold(struct stay__knock *knock)
{
	if (!enter(knock->door))
		return;
	knock->refs++;
	pthread_mutex_unlock(&knock->door->lock);
}

/* Unlocks. */
static void
drop(struct stay__door *door, struct stay__knock *knock)
{
	if (--knock->refs > 0) {
		pthread_mutex_unlock(&door->lock);
		return;
	}
	stay__free(knock);
	let_go(door);
}

void
stay__knock_drop(struct stay__knock *knock)
{
	struct stay__door *door = knock->door;

	if (enter(door))
		drop(door, knock);
}

/* The world is there as long as the loop is, and the loop waits for the lock. */
void
stay__knock_now(struct stay__knock *knock)
{
	struct stay__door *door = knock->door;

	if (!enter(door))
		return;
	if (door->loop != NULL && stay__list_is_empty(&knock->node)) {
		knock->refs++;
		stay__list_push(&door->knocks, &knock->node);
		door->loop->ops->wake(door->loop->world);
	}
	pthread_mutex_unlock(&door->lock);
}

static struct stay__knock *
next_knock(struct stay__door *door)
{
	struct stay__list *node;

	pthread_mutex_lock(&door->lock);
	node = stay__list_pop(&door->knocks);
	pthread_mutex_unlock(&door->lock);
	return node == NULL ? NULL
			    : STAY__CONTAINER(node, struct stay__knock, node);
}

void
stay__door_answer(struct stay_loop *loop)
{
	struct stay__door *door = loop->door;
	struct stay__knock *knock;

	if (stay__loop_is_orphan(loop))
		return;
	while ((knock = next_knock(door)) != NULL) {
		knock->answer(knock);
		pthread_mutex_lock(&door->lock);
		drop(door, knock);
	}
}

void
stay__door_close(struct stay_loop *loop)
{
	struct stay__door *door = loop->door;
	struct stay__knock *knock;

	if (!enter(door))
		return;
	door->loop = NULL;
	pthread_mutex_unlock(&door->lock);
	while ((knock = next_knock(door)) != NULL)
		stay__knock_drop(knock);
	pthread_mutex_lock(&door->lock);
	let_go(door);
}
