/*
 * Promise 5 in a real session under load: whatever is asked for in a callback,
 * and be it the end, no callback runs inside a public call, and none after
 * `closed`, which comes once.
 */
#include <string.h>

#include "suites.h"
#include "support/redis_bed.h"

#define CALLS 32
#define BURST 800 /* of a queue of 1024: its water is high from 768 on */
#define LOST  4

enum place {
	IN_COMPLETION,
	IN_STARTED,
	IN_PUSH,
	IN_HIGH_WATER,
	IN_TRANSITION,
	IN_FAILURE,
	PLACES
};

struct call {
	bool under_way;
	struct stay_call_id id;
};

static struct {
	struct stay_redis *redis;
	uint64_t number;
	struct call calls[CALLS];
	bool armed;       /* the next callback of this place asks for all */
	enum place place; /* where that is */
	unsigned inside;  /* public calls under way */
	unsigned accepted;
	unsigned told;
	unsigned lost;
	unsigned pushes;
	unsigned started;
	unsigned closed;
} seen;

#define INSIDE(call)                                                           \
	do {                                                                   \
		seen.inside++;                                                 \
		call;                                                          \
		seen.inside--;                                                 \
	} while (0)

/* ---- what is asked for ---- */

static void on_done(void *arg, const struct stay_result *result);

/* Refused only when it is over. */
static void
submit(struct call *call)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.id = &call->id };
	enum stay_status status;

	INSIDE(status = stay_redis_command_with(
		   seen.redis, &options, on_done, call, "INCR counter"));
	call->under_way = status == STAY_OK;
	seen.accepted += status == STAY_OK;
	if (status != STAY_OK)
		ck_assert_int_eq(status, STAY_E_DRAINING);
}

/* Nobody waits for it, and no farewell gets it its reply: the observer is told. */
static void
submit_for_nobody(void)
{
	enum stay_status status;

	INSIDE(status =
		   stay_redis_command(seen.redis, NULL, NULL, "BLPOP none 0"));
	EXPECT_OK(status);
}

static void
cancel_half(void)
{
	struct stay_client *client = stay_redis_client(seen.redis);

	for (int i = 0; i < CALLS; i += 2)
		INSIDE(stay_client_cancel(client, seen.calls[i].id));
}

static void
stop_twice(void)
{
	INSIDE(stay_redis_drain(seen.redis, 0));
	INSIDE(stay_redis_stop(seen.redis));
	INSIDE(stay_client_stop(
	    stay_redis_client(seen.redis), STAY_E_UNSUPPORTED));
}

/* Every kind of change at once, and after the end what can't be had any more.
 */
static void
ask_for_all(void)
{
	struct stay_conn *conn = stay_redis_conn(seen.redis);
	enum stay_status status;
	char text[256];

	for (int i = 0; i < LOST; i++)
		submit_for_nobody();
	cancel_half();
	INSIDE(stay_conn_reconnect(conn, STAY_OK));
	stop_twice();
	INSIDE(status = stay_redis_command(seen.redis, NULL, NULL, "PING"));
	ck_assert_int_eq(status, STAY_E_DRAINING);
	INSIDE(status = stay_conn_await(conn, 1000));
	ck_assert_int_eq(status, STAY_E_REENTRANT);
	INSIDE(status = stay_loop_free(rig.loop));
	ck_assert_int_eq(status, STAY_E_REENTRANT);
	INSIDE(stay_loop_turn(rig.loop));
	INSIDE(stay_conn_explain(conn, text, sizeof(text)));
}

/* ---- the callbacks ---- */

/* Each of them begins with it. */
static void
enter(enum place place)
{
	ck_assert_uint_eq(seen.inside, 0);
	ck_assert_uint_eq(seen.closed, 0);
	if (!seen.armed || seen.place != place)
		return;
	seen.armed = false;
	ask_for_all();
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct call *call = arg;

	enter(IN_COMPLETION);
	ck_assert(call->under_way);
	call->under_way = false;
	seen.told++;
	if (result->status == STAY_OK)
		submit(call);
}

static void
on_burst_done(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	enter(IN_COMPLETION);
	seen.told++;
}

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	(void)arg;
	(void)conn;
	EXPECT_OK(status);
	seen.started++;
	enter(IN_STARTED);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	enter(PLACES);
	EXPECT_OK(reason);
	seen.closed++;
}

static void
on_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)redis;
	ck_assert_str_eq(stay_redis_str(stay_redis_first(push)), "invalidate");
	seen.pushes++;
	enter(IN_PUSH);
}

static void
on_high_water(void *arg, struct stay_conn *conn)
{
	(void)arg;
	(void)conn;
	enter(IN_HIGH_WATER);
}

/* ---- the observer, of this connection alone ---- */

static bool
is_ours(const struct stay_subject *who)
{
	ck_assert_uint_eq(seen.inside, 0);
	return who->number == seen.number;
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)transition;
	if (is_ours(who))
		enter(IN_TRANSITION);
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	if (is_ours(who))
		enter(IN_FAILURE);
}

static void
on_lost_call(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)text;
	ck_assert_int_ne(status, STAY_OK);
	if (!is_ours(who))
		return;
	enter(PLACES);
	seen.lost++;
}

static void
on_observed_end(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	if (is_ours(who))
		enter(PLACES);
}

static const struct stay_observer observer = { STAY_OBSERVER, NULL,
	on_transition, on_failure, on_lost_call, on_observed_end };

/* ---- the story ---- */

static void
begin(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .on_started = on_started,
		    .on_closed = on_closed, .queue_calls_max = 1024,
		    .on_high_water = on_high_water },
		.on_push = on_push };

	memset(&seen, 0, sizeof(seen));
	bed_open();
	stay_loop_set_observer(rig.loop, &observer);
	INSIDE(seen.redis = rig_start(&rig, server.url, &options));
	seen.number = stay_conn_number(stay_redis_conn(seen.redis));
}

/* Each INCR brings a push, too. */
static void
fill(void)
{
	enum stay_status status;

	INSIDE(status = stay_redis_command(
		   seen.redis, NULL, NULL, "CLIENT TRACKING ON BCAST"));
	EXPECT_OK(status);
	for (int i = 0; i < CALLS; i++)
		submit(&seen.calls[i]);
}

static bool
is_under_load(void *arg)
{
	(void)arg;
	return seen.told > 10 * CALLS && seen.pushes > CALLS;
}

static void
burst(void)
{
	enum stay_status status;

	for (int i = 0; i < BURST; i++) {
		INSIDE(status = stay_redis_command(
			   seen.redis, on_burst_done, NULL, "INCR counter"));
		EXPECT_OK(status);
		seen.accepted++;
	}
}

/* What makes the callback of this place come. */
static void
provoke(enum place place)
{
	if (place == IN_HIGH_WATER)
		burst();
	else if (place == IN_TRANSITION)
		INSIDE(stay_client_reconnect(
		    stay_redis_client(seen.redis), STAY_OK));
	else if (place == IN_FAILURE)
		redis_server_kill(&server);
}

static bool
is_closed(void *arg)
{
	(void)arg;
	return seen.closed > 0;
}

/* The loop goes on for another connection, and nothing comes of this one. */
static void
check_afterwards(void)
{
	struct stay_redis *witness;
	struct answer clients;

	redis_server_restart(&server);
	witness = rig_connect(&rig, server.url, NULL);
	ask_now(&rig, witness, &clients, "CLIENT LIST");
	ck_assert_ptr_null(strchr(strchr(clients.text, '\n') + 1, '='));
	rig_stop(&rig, witness);
}

TEST_ROWS(promise_5_nothing_inside_a_call_and_nothing_after_closed, PLACES)
{
	seen.place = (enum place)_i;
	seen.armed = seen.place == IN_STARTED;
	fill();
	if (seen.place != IN_STARTED)
		rig_until(&rig, is_under_load, NULL, 10);
	seen.armed = true;
	provoke(seen.place);
	rig_until(&rig, is_closed, NULL, 10);
	ck_assert(!seen.armed);
	check_afterwards();
	ck_assert_uint_eq(seen.started, 1);
	ck_assert_uint_eq(seen.closed, 1);
	ck_assert_uint_eq(seen.told, seen.accepted);
	ck_assert_uint_ge(seen.lost, LOST);
}

TEST_SUITE_WITH(
    promises_callbacks, .before = begin, .after = bed_close, .seconds = 60)
