/* Real time, real sockets; knows nothing of what the questions mean. */
#include "redis_rig.h"
#include "support/counts.h"
#include "support/expect.h"

#include <stdio.h>
#include <string.h>

#include <check.h>

#define PATIENCE_S 20.

/* ---- the loop ---- */

static void
on_limit(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct redis_rig *rig = timer->data;

	(void)events;
	rig->late = true;
	ev_break(ev, EVBREAK_ONE);
}

/* After the library's own: of the same priority the last to start is the first
 * to run. */
static void
on_look(struct ev_loop *ev, ev_prepare *look, int events)
{
	struct redis_rig *rig = look->data;

	(void)events;
	if (rig->holds != NULL && rig->holds(rig->arg))
		ev_break(ev, EVBREAK_ONE);
}

void
rig_open(struct redis_rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(rig->ev);
	ev_init(&rig->limit, on_limit);
	ev_prepare_init(&rig->look, on_look);
	ev_set_priority(&rig->look, EV_MINPRI);
	rig->limit.data = rig->look.data = rig;
	ev_prepare_start(rig->ev, &rig->look);
	rig->loop = stay_loop_ev(rig->ev);
	ck_assert_ptr_nonnull(rig->loop);
}

static bool
is_quiet(void *arg)
{
	const struct redis_rig *rig = arg;

	return stay_loop_live(rig->loop) == 0;
}

void
rig_close(struct redis_rig *rig)
{
	stay_loop_stop(rig->loop, STAY_OK);
	rig_until(rig, is_quiet, rig, PATIENCE_S);
	EXPECT_OK(stay_loop_free(rig->loop));
	ev_loop_destroy(rig->ev);
}

/* The time that passed outside the loop is none of the limit's. */
static void
run(struct redis_rig *rig, rig_holds_fn *holds, void *arg, double seconds)
{
	rig->holds = holds;
	rig->arg = arg;
	rig->late = false;
	ev_now_update(rig->ev);
	ev_timer_set(&rig->limit, seconds, 0.);
	ev_timer_start(rig->ev, &rig->limit);
	ev_run(rig->ev, 0);
	ev_timer_stop(rig->ev, &rig->limit);
	rig->holds =
	    NULL; /* whoever runs the loop next waits for something else */
}

bool
rig_within(
    struct redis_rig *rig, rig_holds_fn *holds, void *arg, double seconds)
{
	run(rig, holds, arg, seconds);
	return !rig->late;
}

void
rig_until(struct redis_rig *rig, rig_holds_fn *holds, void *arg, double seconds)
{
	ck_assert_msg(
	    rig_within(rig, holds, arg, seconds), "not within %.1f s", seconds);
}

void
rig_run(struct redis_rig *rig, double seconds)
{
	run(rig, NULL, NULL, seconds);
}

/* ---- connections ---- */

struct wanted_state {
	struct stay_conn *conn;
	enum stay_state state;
};

static bool
is_in_state(void *arg)
{
	const struct wanted_state *wanted = arg;

	return stay_conn_state(wanted->conn) == wanted->state;
}

void
rig_until_state(struct redis_rig *rig, struct stay_redis *redis,
    enum stay_state state, double seconds)
{
	struct wanted_state wanted = { stay_redis_conn(redis), state };

	rig_until(rig, is_in_state, &wanted, seconds);
}

struct stay_redis *
rig_start(struct redis_rig *rig, const char *url,
    const struct stay_redis_options *options)
{
	struct stay_redis *redis;

	EXPECT_OK(stay_redis_start(&redis, rig->loop, url, options));
	return redis;
}

struct stay_redis *
rig_connect(struct redis_rig *rig, const char *url,
    const struct stay_redis_options *options)
{
	struct stay_redis *redis = rig_start(rig, url, options);

	rig_until_state(rig, redis, STAY_CONNECTED, PATIENCE_S);
	return redis;
}

struct wanted_live {
	struct stay_loop *loop;
	size_t live;
};

static bool
has_live(void *arg)
{
	const struct wanted_live *wanted = arg;

	return stay_loop_live(wanted->loop) == wanted->live;
}

void
rig_stop(struct redis_rig *rig, struct stay_redis *redis)
{
	struct wanted_live wanted = { rig->loop,
		stay_loop_live(rig->loop) - 1 };

	stay_redis_stop(redis);
	rig_until(rig, has_live, &wanted, PATIENCE_S);
}

/* ---- calls ---- */

static void
note_reply(struct answer *answer, const struct stay_redis_reply *reply)
{
	answer->type = stay_redis_type_of(reply);
	answer->integer = stay_redis_integer(reply, NULL);
	answer->number = stay_redis_double(reply, NULL);
	answer->truth = stay_redis_bool(reply);
	answer->count = stay_redis_count(reply);
	answer->len = stay_redis_len(reply);
	snprintf(
	    answer->text, sizeof(answer->text), "%s", stay_redis_str(reply));
}

void
note_answer(void *arg, const struct stay_result *result)
{
	struct answer *answer = arg;

	answer->told++;
	answer->at = ev_time();
	answer->status = result->status;
	answer->outcome = result->outcome;
	snprintf(answer->why, sizeof(answer->why), "%s", result->why);
	note_reply(answer, result->reply);
}

void
ask(struct stay_redis *redis, struct answer *answer, const char *format, ...)
{
	enum stay_status status;
	va_list list;

	memset(answer, 0, sizeof(*answer));
	va_start(list, format);
	status =
	    stay_redis_vcommand(redis, NULL, note_answer, answer, format, list);
	va_end(list);
	EXPECT_OK(status);
	ck_assert_uint_eq(answer->told, 0);
}

static bool
is_told(void *arg)
{
	return ((const struct answer *)arg)->told > 0;
}

void
await_answer(struct redis_rig *rig, struct answer *answer, double seconds)
{
	rig_until(rig, is_told, answer, seconds);
	ck_assert_uint_eq(answer->told, 1);
}

void
ask_now(struct redis_rig *rig, struct stay_redis *redis, struct answer *answer,
    const char *format, ...)
{
	enum stay_status status;
	va_list list;

	memset(answer, 0, sizeof(*answer));
	va_start(list, format);
	status =
	    stay_redis_vcommand(redis, NULL, note_answer, answer, format, list);
	va_end(list);
	EXPECT_OK(status);
	await_answer(rig, answer, PATIENCE_S);
}

uint64_t
sessions_of(struct stay_redis *redis)
{
	return counts_of(stay_redis_client(redis)).sessions;
}

void
check_counts(struct stay_redis *redis)
{
	struct stay_client_counts counts = counts_of(stay_redis_client(redis));

	ck_assert_uint_eq(counts.queued, 0);
	ck_assert_uint_eq(counts.in_flight, 0);
	ck_assert_uint_eq(
	    counts.submitted, counts.replied + counts.sent + counts.refused +
				  counts.not_sent + counts.maybe_executed);
}
