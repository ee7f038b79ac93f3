/*
 * A loop of a test's own and questions to a Redis over it: what became of each
 * call, to be looked at after its completion. Waiting is for the event itself;
 * one that doesn't come within the time given fails the test.
 */
#ifndef STAY_TESTS_REDIS_RIG_H
#define STAY_TESTS_REDIS_RIG_H

#include <ev.h>

#include <stay/redis.h>

typedef bool rig_holds_fn(void *arg);

struct redis_rig {
	struct ev_loop *ev;
	struct stay_loop *loop;
	ev_timer limit;
	bool late;
	ev_prepare look; /* whether what is waited for holds */
	rig_holds_fn *holds;
	void *arg;
};

/* What became of a call. Zeroed: it is still under way. */
struct answer {
	unsigned told; /* completions: 1, or the library is wrong */
	enum stay_status status;
	enum stay_outcome outcome;
	enum stay_redis_type type;
	int64_t integer;
	double number;
	bool truth;
	size_t count;
	size_t len;
	char text[512];
	char why[256];
	double at; /* seconds of ev_time */
};

void rig_open(struct redis_rig *rig);
/* Stop what lives, wait until all is closed, free the loop. */
void rig_close(struct redis_rig *rig);

/* Start; and wait until it is connected. */
struct stay_redis *rig_start(struct redis_rig *rig, const char *url,
    const struct stay_redis_options *options);
struct stay_redis *rig_connect(struct redis_rig *rig, const char *url,
    const struct stay_redis_options *options);
/* Stop it and wait until it is closed. */
void rig_stop(struct redis_rig *rig, struct stay_redis *redis);

/* Run until it holds, looking after each turn; within so many seconds. */
void rig_until(
    struct redis_rig *rig, rig_holds_fn *holds, void *arg, double seconds);
/* The same; but if it does not hold, that is what this returns. */
bool rig_within(
    struct redis_rig *rig, rig_holds_fn *holds, void *arg, double seconds);
/* Just let so much time pass. */
void rig_run(struct redis_rig *rig, double seconds);
void rig_until_state(struct redis_rig *rig, struct stay_redis *redis,
    enum stay_state state, double seconds);

/* Submit, accepted for sure; `answer` must live until it is told. */
void ask(
    struct stay_redis *redis, struct answer *answer, const char *format, ...);
/* Wait until it is told. */
void await_answer(struct redis_rig *rig, struct answer *answer, double seconds);
/* Both, on a connection that answers within a few seconds. */
void ask_now(struct redis_rig *rig, struct stay_redis *redis,
    struct answer *answer, const char *format, ...);

/* The completion that fills an answer, for calls with options of their own. */
void note_answer(void *arg, const struct stay_result *result);

/* How often it has come up. */
uint64_t sessions_of(struct stay_redis *redis);
/* Every call is accounted for, and none is under way. */
void check_counts(struct stay_redis *redis);

#endif
