/*
 * A loop inside a program that runs libev in its own way: once at a time, or
 * without waiting.
 */
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include <stay/redis_pool.h>
#include <stay/stream.h>

#include "loop/loop.h"
#include "suites.h"

struct pair {
	int ends[2];
	int got;
};

static struct stay_verdict
adopt(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct pair *pair = *(struct pair **)state;

	(void)info;
	if (stay_stream_adopt(conn, pair->ends[0], pair->ends[0]) != STAY_OK)
		return stay_verdict_stop(STAY_E_IO);
	return stay_verdict_pending(1000);
}

static struct stay_verdict
start(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	*(struct pair **)state = arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
hear(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct pair *pair = *(struct pair **)state;

	(void)conn;
	if (event->type == STAY_STREAM_UP)
		return stay_verdict_ok();
	if (event->type == STAY_STREAM_DATA)
		pair->got += (int)event->bytes.len;
	return stay_verdict_noreply();
}

static const struct stay_behaviour listener = {
	STAY_BEHAVIOUR,
	.name = "listener",
	.state_size = sizeof(struct pair *),
	.init = start,
	.connect = adopt,
	.handle_info = hear,
};

/* Else a program that runs it once at a time sees a reply one wait too late. */
TEST(loop_ev_serves_what_one_run_has_seen)
{
	struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
	struct stay_loop *loop = stay_loop_ev(ev);
	struct pair pair = { .got = 0 };
	struct stay_conn *conn;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.ends), 0);
	EXPECT_OK(stay_conn_start(&conn, loop, &listener, &pair, NULL));
	EXPECT_OK(stay_conn_await(conn, 1000));
	ck_assert_int_eq(write(pair.ends[1], "hello", 5), 5);
	ev_run(ev, EVRUN_ONCE);
	ck_assert_int_eq(pair.got, 5);
	ck_assert_int_eq(write(pair.ends[1], "again", 5), 5);
	ev_run(ev, EVRUN_NOWAIT);
	ck_assert_int_eq(pair.got, 10);
	stay_conn_stop(conn, STAY_OK);
	ev_run(ev, 0);
	EXPECT_OK(stay_loop_free(loop));
	close(pair.ends[1]);
	ev_loop_destroy(ev);
}

TEST(loop_ev_none_may_be_freed)
{
	EXPECT_OK(stay_loop_free(NULL));
}

static void
break_off(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	(void)prepare;
	(void)events;
	ev_break(ev, EVBREAK_ONE);
}

/* A program that ends each run before it waits is still told when time is up. */
TEST(loop_ev_lets_time_pass_without_a_wait)
{
	struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
	struct stay_loop *loop = stay_loop_ev(ev);
	struct stay_lease *lease;
	struct stay_pool *pool;
	ev_prepare prepare;

	ev_prepare_init(&prepare, break_off);
	ev_prepare_start(ev, &prepare);
	EXPECT_OK(stay_redis_pool_start(
	    &pool, loop, "redis://127.0.0.1:1", NULL, NULL));
	ck_assert_int_eq(
	    stay_pool_check_out_wait(pool, 20, &lease), STAY_E_TIMEOUT);
	ev_prepare_stop(ev, &prepare);
	stay_pool_stop(pool, STAY_OK);
	ev_run(ev, 0);
	EXPECT_OK(stay_loop_free(loop));
	ev_loop_destroy(ev);
}

/* ---- inside of init, outside of a turn ---- */

static struct ev_loop *runs;
static bool fired, is_late;

static void
end_run(struct stay__timer *timer)
{
	(void)timer;
	fired = true;
	ev_break(runs, EVBREAK_ONE);
}

static void
end_late(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	is_late = true;
	ev_break(ev, EVBREAK_ONE);
}

static void
run_for(double seconds)
{
	ev_timer timer;

	ev_timer_init(&timer, end_late, seconds, 0.);
	ev_timer_start(runs, &timer);
	is_late = false;
	ev_run(runs, 0);
	ev_timer_stop(runs, &timer);
}

/* A deadline that passes where there is no turn is over soon behind it, though nothing
 * else happens. */
TEST(promise_6_loop_ev_keeps_a_deadline_that_init_runs_past)
{
	struct stay__timer timer;
	struct stay_loop *loop;

	runs = ev_loop_new(EVFLAG_AUTO);
	loop = stay_loop_ev(runs);
	fired = false;
	stay__timer_init(&timer, end_run);
	stay__loop_timer(loop, &timer, stay__loop_after(loop, 2));
	ev_run(runs, EVRUN_NOWAIT);
	loop->starting++;
	run_for(0.01);
	ck_assert(!fired);
	loop->starting--;
	run_for(2);
	ck_assert(fired && !is_late);
	EXPECT_OK(stay_loop_free(loop));
	ev_loop_destroy(runs);
}

TEST_SUITE(loop_ev)
