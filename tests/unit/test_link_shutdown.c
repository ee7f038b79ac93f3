/* Half a close of a link: the peer reads an end, and may still be read. */
#include <errno.h>

#include "suites.h"
#include "support/link_rig.h"

static struct sim_peer *last_peer;
static unsigned ends;

static void
on_accept(struct sim_peer *peer, void *arg)
{
	(void)arg;
	last_peer = peer;
	ends = 0;
}

static void
on_end(struct sim_peer *peer, void *arg)
{
	(void)peer;
	(void)arg;
	ends++;
}

static const struct sim_server patient = { .on_accept = on_accept,
	.on_end = on_end };

static struct rig rig;

static void
begin(void)
{
	rig_init(&rig);
	sim_listen(rig.world, "10.0.0.1", 7, &patient, NULL);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&rig, 1000));
	sim_run_ms(rig.world, 0);
}

static void
end(void)
{
	rig_fini(&rig);
}

TEST(link_shutdown_ends_one_direction)
{
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	begin();
	rig_send(&rig, "bye", 3);
	ck_assert(stay__link_shutdown(&rig.link));
	ck_assert_int_eq(
	    stay__link_write(&rig.link, &part, 1, &taken), STAY_E_STATE);
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(ends, 1);
	ck_assert_uint_eq(sim_peer_got(last_peer), 3);
	sim_peer_print(last_peer, "late");
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(rig.got_len, 4);
	ck_assert(stay__link_is_open(&rig.link));
	sim_peer_close(last_peer);
	sim_run_ms(rig.world, 10);
	ck_assert(rig_is_down(&rig));
	ck_assert_int_eq(rig.link.failure.status, STAY_E_CLOSED);
	ck_assert(!stay__link_shutdown(&rig.link));
}

/* The next stream of the same link is whole again. */
TEST(link_shutdown_is_of_one_stream)
{
	begin();
	ck_assert(stay__link_shutdown(&rig.link));
	ck_assert(rig.link.machine.now == STAY__LINK_CLOSING);
	stay__link_close(&rig.link);
	rig.news[0] = '\0';
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&rig, 1000));
	ck_assert(rig.link.machine.now != STAY__LINK_CLOSING);
}

TEST(link_shutdown_that_fails_leaves_it_open)
{
	begin();
	sim_fail(rig.world, SIM_SHUTDOWN, 1, -ENOTCONN);
	ck_assert(!stay__link_shutdown(&rig.link));
	stay__link_want_write(&rig.link);
	rig_watch_for_no_less(&rig);
	ck_assert(!stay__link_shutdown(&rig.link));
	ck_assert(rig.link.machine.now == STAY__LINK_OPEN &&
		  stay__link_is_open(&rig.link));
}

/* Who wished for room has nothing to write any more. */
TEST(link_shutdown_takes_back_a_wish_for_room)
{
	begin();
	stay__link_want_write(&rig.link);
	ck_assert(stay__link_shutdown(&rig.link));
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up");
}

/* Of two pipes the one for writing is closed, and only once. */
TEST(link_shutdown_of_pipes_closes_one)
{
	int in[2], out[2];
	char byte;

	rig_init(&rig);
	sim_pair(rig.world, in);
	sim_pair(rig.world, out);
	EXPECT_OK(stay__link_adopt(&rig.link, in[0], out[0]));
	sim_run_ms(rig.world, 10);
	stay__link_want_write(&rig.link);
	sim_fail(rig.world, SIM_SHUTDOWN, 1, -ENOTSOCK);
	ck_assert(stay__link_shutdown(&rig.link));
	ck_assert_uint_eq(sim_open_fds(rig.world), 3);
	sim_run_ms(rig.world, 10);
	ck_assert_int_eq(rig.loop->ops->read(rig.world, out[1], &byte, 1), 0);
	rig.loop->ops->close(rig.world, in[1]);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up readable down");
	rig.loop->ops->close(rig.world, out[1]);
}

/* One descriptor that is no socket has no half that could be closed. */
TEST(link_shutdown_of_one_descriptor_needs_a_socket)
{
	int fd;

	rig_init(&rig);
	sim_adopted(rig.world, &patient, NULL, &fd);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	sim_run_ms(rig.world, 10);
	sim_fail(rig.world, SIM_SHUTDOWN, 1, -ENOTSOCK);
	ck_assert(!stay__link_shutdown(&rig.link));
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
	ck_assert(stay__link_shutdown(&rig.link));
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(ends, 1);
}

/* ---- a transport that knows none ---- */

static int
open_whole(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	int *fd = state;

	(void)target;
	(void)address;
	(void)options;
	sim_adopted(world, &patient, NULL, fd);
	fds[0] = fds[1] = *fd;
	return 0;
}

static ssize_t
read_whole(void *state, struct stay_world *world, void *bytes, size_t len)
{
	return world->ops->read(world, *(int *)state, bytes, len);
}

static ssize_t
write_whole(
    void *state, struct stay_world *world, const struct iovec *parts, int count)
{
	return world->ops->write(world, *(int *)state, parts, count);
}

static void
close_whole(void *state, struct stay_world *world)
{
	world->ops->close(world, *(int *)state);
}

TEST(link_shutdown_needs_a_transport_that_can)
{
	static const struct stay_transport whole = { STAY_TRANSPORT,
		.scheme = "whole", .state_size = sizeof(int),
		.open = open_whole, .read = read_whole, .write = write_whole,
		.close = close_whole };

	rig_init(&rig);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &whole));
	EXPECT_OK(rig_dial(&rig, "whole there"));
	ck_assert(rig_settle(&rig, 10));
	ck_assert(!stay__link_shutdown(&rig.link));
	ck_assert(stay__link_is_open(&rig.link));
}

TEST_SUITE_WITH(link_shutdown, .after = end)
