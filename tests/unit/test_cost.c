/*
 * What a call costs once all is warm, in numbers that are the same every time:
 * allocations, reads and writes. How long anything takes is for `make bench`.
 */
#include <stay/redis.h>

#include <malloc.h>
#include <string.h>

#include <stay/loop.h>

#include "expect.h"
#include "memory_world.h"
#include "suites.h"

#define IN_FLIGHT 256
#define WARM      16
#define TURNS     64

#define PING "*1\r\n$4\r\nPING\r\n"
#define PONG "+PONG\r\n"

/* What CLIENT SETINFO and PING are answered, first of all. */
#define GREETING "+OK\r\n+OK\r\n" PONG

/* A server that knows one command. */
struct server {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_redis *redis;
	const char *text; /* of an answer; NULL: not greeted yet */
	size_t owed;      /* bytes of answers */
	size_t given;     /* of the answer that is half given */
	size_t most;      /* of one read; 0: whatever there is room for */
	uint64_t answered;
	bool stops;
};

static bool
has(void *arg)
{
	const struct server *server = arg;

	return server->owed > 0;
}

static size_t
give(void *arg, void *to, size_t room)
{
	struct server *server = arg;
	size_t len = server->owed < room ? server->owed : room;
	size_t size = strlen(server->text);
	char *at = to;

	if (server->most > 0 && len > server->most)
		len = server->most;
	for (size_t i = 0; i < len; i++)
		at[i] = server->text[(server->given + i) % size];
	server->given = (server->given + len) % size;
	server->owed -= len;
	return len;
}

static void
take(void *arg, const struct iovec *parts, int count)
{
	struct server *server = arg;
	size_t len = 0;

	for (int i = 0; i < count; i++)
		len += parts[i].iov_len;
	if (server->text == NULL) {
		server->text = GREETING;
		server->owed = strlen(GREETING);
		return;
	}
	server->text = PONG;
	EXPECT(len % strlen(PING) == 0);
	server->owed += len / strlen(PING) * strlen(PONG);
}

static void ping(struct server *server);

static void
on_pong(void *arg, const struct stay_result *result)
{
	struct server *server = arg;

	EXPECT(result->status == STAY_OK);
	server->answered++;
	if (!server->stops)
		ping(server);
}

static void
ping(struct server *server)
{
	EXPECT(stay_redis_command(server->redis, on_pong, server, "PING") ==
	       STAY_OK);
}

/* Each turn brings IN_FLIGHT answers, and each of them another call. */
static void
begin(struct server *server, struct memory_peer *peer)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.protocol = 2 };

	*server = (struct server){ .world = memory_world_new() };
	*peer = (struct memory_peer){ server, has, give, take };
	server->loop = stay_loop_new(server->world);
	ck_assert_ptr_nonnull(server->loop);
	memory_world_peer(server->world, peer);
	EXPECT_OK(stay_redis_start(
	    &server->redis, server->loop, "redis://127.0.0.1:1", &options));
	memory_world_settle(server->world);
	ck_assert_int_eq(
	    stay_conn_state(stay_redis_conn(server->redis)), STAY_CONNECTED);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		ping(server);
	stay_loop_turn(server->loop);
}

static void
run(struct server *server, unsigned waits)
{
	while (waits-- > 0)
		EXPECT(memory_world_wait(server->world));
}

static void
end(struct server *server)
{
	server->stops = true;
	memory_world_settle(server->world);
	stay_redis_stop(server->redis);
	memory_world_settle(server->world);
	EXPECT_OK(stay_loop_free(server->loop));
}

/* ---- allocations ---- */

/*
 * Of each allocation only a sanitizer tells, through a function of its own; in
 * a plain build it isn't there, and only what is left of them can be seen.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl*) */
extern int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *memory, size_t size),
    void (*on_free)(const volatile void *memory)) __attribute__((weak));

static uint64_t allocations;

static void
on_malloc(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
	allocations++;
}

static void
on_free(const volatile void *memory)
{
	(void)memory;
}

static void
count_allocations(void)
{
	static bool counts;

	if (!counts && __sanitizer_install_malloc_and_free_hooks != NULL)
		counts = __sanitizer_install_malloc_and_free_hooks(
			     on_malloc, on_free) != 0;
}

/* Checks allocate: all is looked at before the first of them. */
static void
check_no_allocation(size_t most)
{
	struct server server;
	struct memory_peer peer;
	uint64_t answered, allocated;
	size_t used;

	begin(&server, &peer);
	server.most = most;
	run(&server, WARM * IN_FLIGHT);
	count_allocations();
	answered = server.answered;
	allocated = allocations;
	used = mallinfo2().uordblks;
	run(&server, TURNS);
	used = mallinfo2().uordblks - used;
	allocated = allocations - allocated;
	ck_assert_uint_eq(used, 0);
	ck_assert_uint_eq(allocated, 0);
	ck_assert_uint_gt(server.answered, answered);
	end(&server);
}

TEST(cost_no_allocation_per_call)
{
	check_no_allocation(0);
}

TEST(cost_no_allocation_for_cut_frames)
{
	check_no_allocation(strlen(PONG) + 3);
}

/* ---- system calls ---- */

TEST(cost_one_read_and_one_write_per_busy_turn)
{
	struct server server;
	struct memory_peer peer;
	struct memory_counts before, after;
	uint64_t answered;

	begin(&server, &peer);
	run(&server, WARM);
	answered = server.answered;
	before = memory_world_counts(server.world);
	run(&server, TURNS);
	after = memory_world_counts(server.world);
	ck_assert_uint_eq(server.answered - answered, TURNS * IN_FLIGHT);
	ck_assert_uint_eq(after.waits - before.waits, TURNS);
	ck_assert_uint_eq(after.reads - before.reads, TURNS);
	ck_assert_uint_eq(after.writes - before.writes, TURNS);
	ck_assert_uint_eq(after.watches, before.watches);
	end(&server);
}

TEST_SUITE(cost)
