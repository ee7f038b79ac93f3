/* A loop: what the connections of one thread share. */
#ifndef STAY__LOOP_H
#define STAY__LOOP_H

#include <stay/loop.h>
#include <stay/world.h>

#include "base/ids.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/wheel.h"

/* Something to run later in this turn; in at most one of the two queues. */
struct stay__task;
typedef void stay__task_fn(struct stay__task *task);

struct stay__task {
	struct stay__list node;
	stay__task_fn *run;
};

/* A member lives on a loop: its owner embeds this, and the loop calls it
 * through its table. */
struct stay__member;

struct stay__member_ops {
	void (*stop)(struct stay__member *member, enum stay_status reason);
	/* This process is a child: its streams are the parent's. */
	void (*orphan)(struct stay__member *member);
	/* The connection that it is; NULL: it is none. */
	struct stay_conn *(*conn)(struct stay__member *member);
};

struct stay__member {
	struct stay__list node;
	const struct stay__member_ops *ops;
};

struct stay__dialing; /* stream/dialing.h: what its dials share */
struct stay__profile;
struct stay__meter;
struct stay__recorder;
struct stay__awaiter;
struct stay_conn;

#define STAY__PROFILE_BUCKETS 64

/* What a token of a loop names. */
enum stay__token_kind {
	STAY__TOKEN_CALLER, /* struct stay__caller */
	STAY__TOKEN_CALL,   /* struct stay__call */
	STAY__TOKEN_WAITER  /* a caller waiting for room in a client's queue */
};

/* More kinds of mistakes than a program makes. */
#define STAY__MISTAKES_MAX 32

struct stay_loop {
	struct stay_world *world;
	const struct stay_world_ops *ops;

	uint64_t now; /* ns; valid while `fresh` */
	bool fresh;   /* cleared before every wait */
	bool turning;
	bool is_calm;  /* the world has to be told of what there is to do */
	unsigned deaf; /* turns to come before anything is done: see loop.c */
	uint64_t too_long; /* ns: when the turn has taken too long */
	uint64_t late_at;  /* ns: when its beginning would come too late */
	uint64_t excused;  /* ns: until then it catches up after oversleeping */
	uint64_t left_at; /* ns: when the last wait on it was over: waiting.c */
	unsigned starting; /* init callbacks running, maybe outside a turn */
	struct stay__wheel wheel;
	struct stay__list run;   /* tasks: mail */
	struct stay__list flush; /* tasks: one write a stream, after all mail */

	struct stay__list members;
	size_t live;  /* members: they keep the world running */
	size_t hosts; /* of these: no connections, but who runs the loop */
	size_t held;  /* replies: they keep slabs of ours */
	uint64_t numbers;
	struct stay__ids ids;
	uint64_t random[4];

	struct stay__slabs slabs;
	struct stay__dialing *dialing; /* never opened here */
	/* client/profile.h: what equal clients share, never opened here. */
	struct stay__profile *profiles[STAY__PROFILE_BUCKETS];
	struct stay__door *door; /* NULL: no other thread may knock */
	/* What other threads want of it; NULL: no runner runs it. */
	struct stay__errands *errands;

	struct stay__meter *meter; /* NULL: nobody counts */
	struct stay__recorder
	    *recorder; /* opened by who keeps something in it */
	const struct stay_observer *observer; /* never NULL */
	unsigned observers;                   /* how often one was set */
	struct stay__awaiter *awaiters;       /* conn/report.c; NULL: none */
	uint64_t wish_ms; /* conn/report.c: when it wants to be woken */
	char *rejection;  /* why a start, change or call was; NULL: none was */
	const char *said; /* of a call that is being rejected; NULL: nothing */
	/* What observers were told of that; NULL behind the last one. */
	const char *noted[STAY__MISTAKES_MAX];
	enum stay_status rejected; /* `rejection` is of a call; OK: it is not */
};

/* `loop` is zeroed; it owns `world` from now on. */
void stay__loop_init(struct stay_loop *loop, struct stay_world *world);
/* The loop must have no members and no held replies. Frees the world. */
void stay__loop_fini(struct stay_loop *loop);

/* A member is alive between these two calls. */
void stay__loop_join(struct stay_loop *loop, struct stay__member *member,
    const struct stay__member_ops *ops);
void stay__loop_leave(struct stay_loop *loop, struct stay__member *member);

/* Whether a callback is running: the loop can then neither turn nor be
 * freed. */
static inline bool
stay__loop_is_busy(const struct stay_loop *loop)
{
	return loop->turning || loop->starting > 0;
}

/* Whether this process is a child of the one that made the loop. */
static inline bool
stay__loop_is_orphan(const struct stay_loop *loop)
{
	return loop->ops->forked != NULL && loop->ops->forked(loop->world);
}

/* ---- rejection.c ---- */
struct stay__option;
/* A start or change begins. */
void stay__loop_forget_rejection(struct stay_loop *loop);
/* What is wrong with a request, as encode has said it; then the call is rejected.
 * Returns what was said; NULL: nothing. */
void stay__loop_say(struct stay_loop *loop, const char *why);
const char *stay__loop_reject_call(
    struct stay_loop *loop, enum stay_status status);
/* Whether an observer is to be told: a program that makes the same mistake again and
 * again is told once, and of STAY__MISTAKES_MAX mistakes at most. */
bool stay__loop_note_rejection(struct stay_loop *loop, const char *why);
/* What was said of the last call that was rejected, if it was with this status; NULL:
 * nothing. */
const char *stay__loop_said_of(
    const struct stay_loop *loop, enum stay_status status);
/* A field of `options` is out of its bounds. */
void stay__loop_reject_option(struct stay_loop *loop,
    const struct stay__option *option, const void *options);

/* Read the clock anew. */
void stay__loop_refresh(struct stay_loop *loop);

/* 64 random bits: xoshiro256**, seeded from the world's entropy. */
uint64_t stay__loop_random(struct stay_loop *loop);

/* The world is told that there is something to do, if it does not look by itself. */
void stay__loop_stir(struct stay_loop *loop);

/* A world that turns before every wait need be told neither of a task nor of a timer,
 * only of a turn that leaves work behind. The others are stirred. */
static inline void
stay__loop_rouse(struct stay_loop *loop)
{
	if (loop->is_calm)
		stay__loop_stir(loop);
}

static inline void
stay__loop_enqueue(
    struct stay_loop *loop, struct stay__list *queue, struct stay__task *task)
{
	if (stay__list_is_empty(&task->node))
		stay__list_push(queue, &task->node);
	stay__loop_rouse(loop);
}

/* Run `task` later this turn (or in the next, if none is under way). */
static inline void
stay__loop_run_soon(struct stay_loop *loop, struct stay__task *task)
{
	stay__loop_enqueue(loop, &loop->run, task);
}

static inline void
stay__loop_flush_soon(struct stay_loop *loop, struct stay__task *task)
{
	stay__loop_enqueue(loop, &loop->flush, task);
}

void stay__task_init(struct stay__task *task, stay__task_fn *run);
void stay__task_cancel(struct stay__task *task);

/* The clock in ns: read once a turn, and again between its tasks. */
static inline uint64_t
stay__loop_now(struct stay_loop *loop)
{
	if (!loop->fresh)
		stay__loop_refresh(loop);
	return loop->now;
}

/* `ms` after a time of the loop; a hundred years from now is never. */
static inline uint64_t
stay__later(uint64_t at, uint64_t ms)
{
	return ms > UINT64_MAX / 4 / STAY__TICK_NS ? UINT64_MAX
						   : at + ms * STAY__TICK_NS;
}

/* `ms` from now; STAY_FOREVER is UINT64_MAX. */
static inline uint64_t
stay__loop_after(struct stay_loop *loop, uint64_t ms)
{
	return stay__later(stay__loop_now(loop), ms);
}

/* Whether it is still reading what came while it was not run. */
static inline bool
stay__loop_is_excused(struct stay_loop *loop)
{
	return loop->excused > stay__loop_now(loop);
}

/* How many ms are left until `at`; STAY_FOREVER for never. */
static inline uint64_t
stay__loop_until_ms(struct stay_loop *loop, uint64_t at)
{
	uint64_t now = stay__loop_now(loop);

	if (at == UINT64_MAX)
		return STAY_FOREVER;
	return at <= now ? 0 : (at - now) / STAY__TICK_NS;
}

/* The wheel of the loop. `at` as of stay__loop_now; UINT64_MAX: never. */
static inline void
stay__loop_timer(struct stay_loop *loop, struct stay__timer *timer, uint64_t at)
{
	stay__timer_set(&loop->wheel, timer, at);
	stay__loop_rouse(loop);
}

/* The same, of a timer that is not set. */
static inline void
stay__loop_timer_start(
    struct stay_loop *loop, struct stay__timer *timer, uint64_t at)
{
	if (at != UINT64_MAX)
		stay__timer_start(&loop->wheel, timer, at);
	stay__loop_rouse(loop);
}

#endif
