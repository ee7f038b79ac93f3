/*
 * Room in the kernel, for a behaviour that writes: whoever waits for it is told, and
 * what waits leaves, with and without a filter.
 */
#include <string.h>

#include <stay/stream.h>

#include "sim/world_sim.h"
#include "suites.h"
#include "support/peer_virtual.h"
#include "support/toy_filter.h"

#define FILTER (_i == 1)

static struct toy_filter toy;
static struct toy_terms terms;
static struct peer_log heard;
static struct peer server;
static struct stay_world *world;
static struct stay_conn *conn;
static unsigned told; /* that there is room */

/* ---- the behaviour ---- */

static struct stay_verdict
writer_init(struct stay_conn *self, void *state, void *arg)
{
	(void)self;
	(void)state;
	(void)arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
writer_connect(struct stay_conn *self, void *state, struct stay_info info)
{
	(void)state;
	(void)info;
	EXPECT_OK(stay_stream_dial(self, "tcp://10.0.0.1:7777"));
	return stay_verdict_pending(1000);
}

static struct stay_verdict
writer_info(struct stay_conn *self, void *state, const struct stay_event *event)
{
	(void)self;
	(void)state;
	told += event->type == STAY_STREAM_WRITABLE;
	return event->type == STAY_STREAM_UP ? stay_verdict_ok()
					     : stay_verdict_noreply();
}

static const struct stay_behaviour writer = { STAY_BEHAVIOUR, .name = "writer",
	.init = writer_init, .connect = writer_connect,
	.handle_info = writer_info };

/* ---- the rig ---- */

static struct stay_loop *
begin(bool filtered)
{
	static const struct peer_row listens[] = { NO_MORE };
	struct stay_loop *loop;

	world = sim_world_new(1);
	loop = stay_loop_new(world);
	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refused = 0 };
	heard.len = 0;
	told = 0;
	server = (struct peer){ .rows = listens,
		.reads = peer_reads_lines,
		.log = &heard,
		.toy = filtered ? &terms : NULL };
	peer_listen(&server, world, "10.0.0.1", 7777);
	EXPECT_OK(stay_conn_start(&conn, loop, &writer, NULL, NULL));
	if (filtered)
		EXPECT_OK(stay_stream_set_filter(conn, &toy.filter, NULL));
	sim_run_ms(world, 10);
	ck_assert_int_eq(stay_conn_state(conn), STAY_CONNECTED);
	return loop;
}

static void
end(struct stay_loop *loop)
{
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 1000));
	EXPECT_OK(stay_loop_free(loop));
}

static void
set_room(size_t bytes)
{
	const struct sim_limits limits = { .send_buffer = bytes };

	sim_peer_limits(server.ends->wire, &limits);
	sim_peer_freeze(server.ends->wire, bytes > 0);
}

static size_t
write_hello(void)
{
	static char hello[] = "hello";
	struct iovec part = { hello, strlen(hello) };
	size_t taken;

	EXPECT_OK(stay_stream_write(conn, &part, 1, &taken));
	return taken;
}

/* ---- ---- */

/* It asked while there was room, which was gone when its turn came. */
TEST_ROWS(stream_room_asked_for_before_it_is_gone, 2)
{
	struct stay_loop *loop = begin(FILTER);

	set_room(3);
	stay_stream_want_write(conn);
	ck_assert_uint_lt(write_hello(), FILTER ? 6 : 5);
	sim_run_ms(world, 10);
	ck_assert_uint_eq(told, 0);
	set_room(0);
	sim_run_ms(world, 10);
	ck_assert_uint_eq(told, 1);
	end(loop);
}

/* Nobody asks for the room that what is sealed needs. */
TEST_ROWS(stream_room_lets_all_leave_that_was_sent, 2)
{
	struct stay_loop *loop = begin(FILTER);

	set_room(3);
	EXPECT_OK(stay_stream_send(conn, "one\n", 4));
	sim_run_ms(world, 10);
	EXPECT_OK(stay_stream_send(conn, "two\n", 4));
	sim_run_ms(world, 10);
	set_room(0);
	sim_run_ms(world, 10);
	ck_assert_str_eq(heard.text, "|one;two;");
	ck_assert_uint_eq(told, 0);
	end(loop);
}

TEST_SUITE(stream_room)
