/*
 * A turn of a loop: timers that are due, then mail, then one write per stream,
 * and again what these have queued, for a bounded number of rounds. This file
 * knows members, timers and tasks, but not what they are for.
 */
#include "loop/loop.h"

#include <assert.h>

#include "loop/door.h"
#include "loop/meter.h"

/* A turn whose tasks queue ever more tasks ends after so many rounds, so that
 * the world can look for events. */
#define ROUNDS_MAX 4

static const struct stay_observer nobody = { STAY_OBSERVER, NULL, NULL, NULL,
	NULL, NULL };

static void
seed(struct stay_loop *loop)
{
	loop->ops->entropy(loop->world, loop->random, sizeof(loop->random));
	loop->random[0] |= 1; /* never all zero */
}

void
stay__loop_init(struct stay_loop *loop, struct stay_world *world)
{
	loop->world = world;
	loop->ops = world->ops;
	loop->observer = &nobody;
	stay__list_init(&loop->run);
	stay__list_init(&loop->flush);
	stay__list_init(&loop->members);
	stay__slabs_init(&loop->slabs);
	stay__ids_init(&loop->ids);
	loop->ops->attach(world, loop);
	seed(loop);
	stay__wheel_init(&loop->wheel, stay__loop_now(loop));
	loop->late_at = UINT64_MAX;
	loop->is_calm = loop->ops->stir != NULL;
}

void
stay__loop_fini(struct stay_loop *loop)
{
	assert(loop->live == 0 && loop->held == 0);
	if (loop->meter != NULL)
		stay__meter_end(loop->meter);
	stay__slabs_trim(&loop->slabs);
	stay__ids_fini(&loop->ids);
	if (loop->door != NULL)
		stay__door_close(loop);
	loop->ops->free(loop->world);
	stay__free(loop->rejection);
}

/* ---- members ---- */

void
stay__loop_join(struct stay_loop *loop, struct stay__member *member,
    const struct stay__member_ops *ops)
{
	member->ops = ops;
	stay__list_push(&loop->members, &member->node);
	if (loop->live++ == 0)
		loop->ops->hold(loop->world, true);
}

void
stay__loop_leave(struct stay_loop *loop, struct stay__member *member)
{
	assert(loop->live > 0);
	stay__list_remove(&member->node);
	if (--loop->live == 0)
		loop->ops->hold(loop->world, false);
}

void
stay_loop_stop(struct stay_loop *loop, enum stay_status reason)
{
	struct stay__list *node = loop->members.next;

	/* No member leaves the list while it is asked to stop. */
	for (; node != &loop->members; node = node->next) {
		struct stay__member *member =
		    STAY__CONTAINER(node, struct stay__member, node);

		member->ops->stop(member, reason);
	}
}

void
stay_loop_orphan(struct stay_loop *loop)
{
	struct stay__list *node = loop->members.next;

	for (; node != &loop->members; node = node->next) {
		struct stay__member *member =
		    STAY__CONTAINER(node, struct stay__member, node);

		member->ops->orphan(member);
	}
}

size_t
stay_loop_live(const struct stay_loop *loop)
{
	return loop->live - loop->hosts;
}

bool
stay_loop_is_busy(const struct stay_loop *loop)
{
	return stay__loop_is_busy(loop);
}

/* It may be older: who tells it looks whether it has the slots from on_up on. */
static bool
is_known(const struct stay_observer *observer)
{
	return observer->size >= offsetof(struct stay_observer, on_up) &&
	       observer->size <= sizeof(*observer) && observer->abi == STAY_ABI;
}

enum stay_status
stay_loop_set_observer(
    struct stay_loop *loop, const struct stay_observer *observer)
{
	assert(loop != NULL);
	if (observer != NULL && !is_known(observer))
		return STAY_E_ABI;
	loop->observer = observer != NULL ? observer : &nobody;
	loop->observers++;
	return STAY_OK;
}

uint64_t
stay_loop_now_ms(const struct stay_loop *loop)
{
	return loop->now / STAY__TICK_NS;
}

/* ---- the clock and chance ---- */

/* Within a turn the clock is read once. Outside of a turn it is read each time,
 * because the last reading may be old. */
void
stay__loop_refresh(struct stay_loop *loop)
{
	loop->now = loop->ops->now(loop->world);
	loop->fresh = loop->turning;
}

static uint64_t
rotate(uint64_t word, int by)
{
	return word << by | word >> (64 - by);
}

/* xoshiro256** (Blackman and Vigna): fast, and good enough for jitter. */
uint64_t
stay__loop_random(struct stay_loop *loop)
{
	uint64_t *s = loop->random;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* ---- tasks ---- */

void
stay__task_init(struct stay__task *task, stay__task_fn *run)
{
	stay__list_init(&task->node);
	task->run = run;
}

void
stay__task_cancel(struct stay__task *task)
{
	stay__list_remove(&task->node);
}

void
stay__loop_stir(struct stay_loop *loop)
{
	loop->is_calm = false;
	loop->ops->stir(loop->world);
}

/* ---- time ---- */

/* A turn so much later than asked for, or one that takes so long, has overslept:
 * bytes may lie in the kernel that came in time. */
#define OVERSLEPT_NS (2 * STAY__TICK_NS)

/* So long a loop may then take to read what is there; and so long it then has to
 * do without another excuse. */
#define CATCH_UP_MS 1000

/* Time is let pass, but never past a wait that may have to be made up for. */
static inline void
advance(struct stay_loop *loop)
{
	stay__wheel_advance(&loop->wheel,
	    loop->now < loop->too_long ? loop->now : loop->too_long);
}

/*
 * Inside a callback time stands still: a look at the clock for each call that
 * is submitted there would cost too much. What is set meanwhile counts from the
 * callback's end, so that one that takes its time makes no deadline early; and
 * what has become due in it is due before anything else is done. That holds for
 * tasks: nothing that fires runs a callback, it queues a task that does.
 */
static void
let_time_pass(struct stay_loop *loop)
{
	uint64_t before = loop->now;

	stay__loop_refresh(loop);
	stay__wheel_settle(&loop->wheel, loop->now - before);
	advance(loop);
}

/*
 * After oversleeping (a busy program, SIGSTOP) a loop listens before it acts: it
 * does nothing until it has waited once more, without sleeping. A world may call
 * two turns a wait, one before it and one behind it.
 */
static bool
listens_first(struct stay_loop *loop)
{
	if (loop->deaf > 0)
		return --loop->deaf > 0;
	loop->deaf = 2;
	if (loop->now > stay__later(loop->excused, CATCH_UP_MS))
		loop->excused = stay__later(loop->now, CATCH_UP_MS);
	return true;
}

static bool
has_work(const struct stay_loop *loop)
{
	return !stay__list_is_empty(&loop->run) ||
	       !stay__list_is_empty(&loop->flush);
}

/* Neither a task nor a timer that the world does not know of. */
bool
stay_loop_is_idle(const struct stay_loop *loop)
{
	return loop->deaf == 0 && !has_work(loop) &&
	       stay__wheel_is_settled(&loop->wheel);
}

/* ---- turns ---- */

/*
 * Run the tasks queued by now; what they queue waits for the next round. A turn
 * that takes too long puts the others off: it listens first. Behind the last task of
 * a turn nobody needs to know the time, unless that has set a timer. Inline, because
 * mostly there is one task in each of two queues.
 */
static inline __attribute__((always_inline)) void
run_all(struct stay_loop *loop, struct stay__list *queue)
{
	struct stay__list batch;

	if (stay__list_is_empty(queue))
		return;
	stay__list_take_all(&batch, queue);
	do {
		struct stay__task *task =
		    STAY__CONTAINER(batch.next, struct stay__task, node);

		stay__list_remove(&task->node);
		task->run(task);
		if (stay__list_is_empty(&batch) && stay_loop_is_idle(loop))
			return;
		let_time_pass(loop);
	} while (!stay__list_is_empty(&batch) && loop->now < loop->too_long);
	stay__list_prepend_all(queue, &batch);
}

static void
run_rounds(struct stay_loop *loop)
{
	for (int round = 0; round < ROUNDS_MAX && has_work(loop); round++) {
		run_all(loop, &loop->run);
		if (loop->now >= loop->too_long)
			return;
		run_all(loop, &loop->flush);
	}
}

void
stay_loop_turn(struct stay_loop *loop)
{
	uint64_t next_at;

	if (stay__loop_is_busy(loop))
		return;
	loop->turning = true;
	loop->is_calm = false;
	stay__loop_refresh(loop);
	loop->too_long = loop->now + OVERSLEPT_NS;
	if ((loop->deaf == 0 && loop->now < loop->late_at) ||
	    !listens_first(loop)) {
		advance(loop);
		if (loop->door != NULL)
			stay__door_answer(loop);
		run_rounds(loop);
	}
	loop->turning = false;
	loop->fresh = false;
	if (has_work(loop) || loop->deaf > 0)
		loop->ops->again(loop->world);
	next_at = stay__wheel_next(&loop->wheel);
	loop->late_at = next_at < UINT64_MAX - OVERSLEPT_NS
			    ? next_at + OVERSLEPT_NS
			    : UINT64_MAX;
	loop->ops->timer(loop->world, next_at);
	loop->is_calm = loop->ops->stir != NULL;
}
