/*
 * What a program may ask for, without the memory for it: it is told so, nothing
 * has changed, and the next time it gets it. Each deed is done once for every
 * allocation in it, of which one fails.
 */
#include <stdio.h>

#include <ev.h>

#include <stay/conn.h>
#include <stay/observer.h>
#include <stay/redis.h>

#include "expect.h"
#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

typedef enum stay_status deed_fn(void);

/* Returns how often it was refused. */
static unsigned
try_without_memory(void (*begin)(void), deed_fn *deed, void (*end)(void))
{
	unsigned refused = 0;
	bool failed = true;

	for (unsigned n = 1; failed; n++) {
		enum stay_status status;

		begin();
		scarce_arm(n);
		status = deed();
		failed = scarce_disarm();
		ck_assert_msg(status == STAY_OK || status == STAY_E_NOMEM,
		    "allocation %u: %s", n, stay_status_name(status));
		ck_assert(failed || status == STAY_OK);
		refused += status == STAY_E_NOMEM;
		if (status == STAY_E_NOMEM)
			EXPECT_OK(deed());
		end();
	}
	return refused;
}

/* ---- of a client ---- */

static struct line_rig rig;
static unsigned told, released;

static void
begin_client(void)
{
	told = released = 0;
	line_begin(&rig, NULL);
}

/* Each deed that was done has been told of once. */
static void
end_client(void)
{
	line_run(&rig, 2000);
	ck_assert_uint_eq(told, 1);
	rig.closed = rig.closed || stay_loop_live(rig.loop) == 0;
	line_end(&rig);
}

static void
on_result(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	told++;
}

static enum stay_status
call(void)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS };
	struct stay_call_id id;

	options.id = &id;
	return stay_client_call_with(
	    rig.client, LINE("say +1"), &options, on_result, NULL);
}

static void
on_room(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	(void)status;
	told++;
}

static enum stay_status
wait_for_room(void)
{
	struct stay_room_options options = { STAY_ROOM_OPTIONS };
	struct stay_call_id id;

	options.id = &id;
	return stay_client_wait_room(rig.client, &options, on_room, NULL);
}

static enum stay_status
go_elsewhere(void)
{
	enum stay_status status;

	status = stay_client_reconfigure(
	    rig.client, "line://10.0.0.1:7777/elsewhere", NULL);
	told += status == STAY_OK;
	return status;
}

TEST_ROWS(scarce_deeds_of_a_client, 3)
{
	static deed_fn *const deeds[] = { call, wait_for_room, go_elsewhere };

	ck_assert_uint_ge(
	    try_without_memory(begin_client, deeds[_i], end_client), 1);
}

/* ---- of a connection ---- */

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_conn *conn;

static struct stay_verdict
take_cast(struct stay_conn *of, void *state, const struct stay_message *cast)
{
	(void)of;
	(void)state;
	(void)cast;
	told++;
	return stay_verdict_noreply();
}

static struct stay_verdict
take_call(struct stay_conn *of, void *state, struct stay_from from,
    const struct stay_message *request)
{
	(void)of;
	(void)state;
	(void)from;
	(void)request;
	return stay_verdict_reply((struct stay_reply){ .status = STAY_OK });
}

static struct stay_verdict
connect_at_once(struct stay_conn *of, void *state, struct stay_info info)
{
	(void)of;
	(void)state;
	(void)info;
	return stay_verdict_ok();
}

static enum stay_status
take_over(struct stay_conn *of, void *state, void *old_state, void *arg)
{
	(void)of;
	(void)state;
	(void)old_state;
	(void)arg;
	return STAY_OK;
}

static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR,
	.name = "scarce", .state_size = 8, .connect = connect_at_once,
	.handle_cast = take_cast, .handle_call = take_call,
	.code_change = take_over };

static enum stay_status
start(void)
{
	struct stay_conn_options options = { STAY_CONN_OPTIONS };

	options.label = "a label of its own";
	return stay_conn_start(&conn, loop, &behaviour, NULL, &options);
}

static void
begin_loop(void)
{
	told = released = 0;
	conn = NULL;
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	ck_assert_ptr_nonnull(loop);
}

static void
end_loop(void)
{
	ck_assert_ptr_nonnull(conn);
	stay_conn_stop(conn, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

TEST(scarce_deeds_start_a_connection)
{
	ck_assert_uint_ge(try_without_memory(begin_loop, start, end_loop), 3);
}

static void
begin_conn(void)
{
	begin_loop();
	EXPECT_OK(start());
	sim_run_ms(world, 1);
}

static void
release(void *data)
{
	(void)data;
	released++;
}

static struct stay_message
message(void)
{
	return (
	    struct stay_message){ .tag = 1, .data = &told, .release = release };
}

static enum stay_status
cast(void)
{
	return stay_conn_cast(conn, message());
}

static void
on_called(void *arg, const struct stay_reply *reply)
{
	(void)arg;
	told += reply->status == STAY_OK;
}

static enum stay_status
call_conn(void)
{
	struct stay_from from;

	return stay_conn_call(conn, message(), 1000, on_called, NULL, &from);
}

static void
on_upgraded(void *arg, enum stay_status status)
{
	(void)arg;
	told += status == STAY_OK;
	released++;
}

static enum stay_status
upgrade(void)
{
	return stay_conn_upgrade(conn, &behaviour, NULL, on_upgraded, NULL);
}

/* A refused message stays the program's. */
static void
end_conn(void)
{
	sim_run_ms(world, 10);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(released, 1);
	end_loop();
}

TEST_ROWS(scarce_deeds_of_a_connection, 3)
{
	static deed_fn *const deeds[] = { cast, call_conn, upgrade };

	ck_assert_uint_ge(
	    try_without_memory(begin_conn, deeds[_i], end_conn), 1);
}

/* ---- what is made ---- */

static void
nothing(void)
{
}

static enum stay_status
make_log(void)
{
	struct stay_log *log = stay_log_new(stderr, 0);

	stay_log_free(log);
	return log != NULL ? STAY_OK : STAY_E_NOMEM;
}

static enum stay_status
make_loop(void)
{
	struct stay_loop *made = stay_loop_new(sim_world_new(1));

	return made != NULL ? stay_loop_free(made) : STAY_E_NOMEM;
}

static struct ev_loop *ev;

static void
begin_ev(void)
{
	ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(ev);
}

static void
end_ev(void)
{
	ev_loop_destroy(ev);
}

static enum stay_status
make_ev(void)
{
	struct stay_loop *made = stay_loop_ev(ev);

	return made != NULL ? stay_loop_free(made) : STAY_E_NOMEM;
}

TEST(scarce_deeds_make_a_log_or_a_loop)
{
	ck_assert_uint_ge(try_without_memory(nothing, make_log, nothing), 1);
	ck_assert_uint_eq(try_without_memory(nothing, make_loop, nothing), 1);
	ck_assert_uint_ge(try_without_memory(begin_ev, make_ev, end_ev), 4);
}

static struct stay_redis *redis;

static enum stay_status
start_redis(void)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS };
	enum stay_status status;

	options.client_name = "somebody";
	status =
	    stay_redis_start(&redis, loop, "redis://u:p@10.0.0.1/3", &options);
	EXPECT((redis != NULL) == (status == STAY_OK));
	return status;
}

static void
end_redis(void)
{
	stay_redis_stop(redis);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

TEST(scarce_deeds_start_a_redis)
{
	ck_assert_uint_ge(
	    try_without_memory(begin_loop, start_redis, end_redis), 6);
}

TEST_SUITE(scarce_deeds)
