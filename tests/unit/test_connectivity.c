/* How a connection is, as other threads see it. */
#include <stay/redis_remote.h>

#include <stdio.h>

#include "suites.h"
#include "support/peer_thread.h"
#include "support/redis_virtual.h"

static struct peer_thread server;
static struct stay_runner *runner;
static struct stay_remote *redis;

static const struct peer_row rows[] = { REDIS_GREETS,
	ON("GET a", "$1\r\nA\r\n"), ON("DIE", PEER_CLOSES), NO_MORE };

/* Without its session it waits until the test lets it dial: however late that looks, no
 * state is over by then. */
static const struct stay_redis_options patient = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 60000, .cap_ms = 60000 } } };

static void
begin_at(const char *url)
{
	EXPECT_OK(stay_runner_start(&runner, NULL));
	EXPECT_OK(stay_redis_remote_start(&redis, runner, url, &patient));
}

static void
dial_now(void *arg, struct stay_client *client)
{
	(void)arg;
	stay_client_reconnect(client, STAY_OK);
}

static void
end(void)
{
	stay_remote_free(redis);
	EXPECT_OK(stay_runner_free(runner));
}

static struct stay_connectivity
now(void)
{
	struct stay_connectivity now = { STAY_CONNECTIVITY };

	stay_remote_get_connectivity(redis, &now);
	return now;
}

/* Wait until the state is this; how it is then. */
static struct stay_connectivity
await(enum stay_state state, uint64_t after)
{
	struct stay_connectivity seen = now();

	while (seen.state != state || seen.changes <= after) {
		EXPECT_OK(stay_remote_await_change(redis, seen.changes, 5000));
		seen = now();
	}
	return seen;
}

TEST(connectivity_is_seen_and_waited_for)
{
	struct stay_connectivity up, down;
	struct stay_connectivity older = { .size = offsetof(
					       struct stay_connectivity, why),
		.why = STAY_E_ARG };

	begin_at(peer_thread_open(&server,
	    (struct peer){ .rows = rows, .reads = peer_reads_commands },
	    "redis"));
	up = await(STAY_CONNECTED, 0);
	EXPECT_OK(up.why);
	stay_remote_get_connectivity(redis, &older);
	ck_assert_uint_eq(older.changes, up.changes);
	ck_assert_int_eq(older.why, STAY_E_ARG);
	ck_assert_int_eq(
	    stay_remote_await_change(redis, up.changes, 10), STAY_E_TIMEOUT);
	EXPECT_OK(stay_remote_await_change(redis, up.changes - 1, 10));
	(void)stay_redis_remote_wait(redis, NULL, "DIE");
	down = await(STAY_BACKING_OFF, up.changes);
	ck_assert_int_eq(down.why, STAY_E_CLOSED);
	EXPECT_OK(stay_remote_do(redis, dial_now, NULL));
	up = await(STAY_CONNECTED, down.changes);
	EXPECT_OK(up.why);
	stay_remote_stop(redis);
	down = await(STAY_STOPPED, up.changes);
	EXPECT_OK(down.why);
	EXPECT_OK(stay_remote_await_change(redis, up.changes, 5000));
	ck_assert_int_eq(stay_remote_await_change(redis, down.changes, 5000),
	    STAY_E_STOPPED);
	end();
	peer_thread_close(&server);
}

/* Nobody listens there. */
TEST(connectivity_has_the_reason)
{
	const char *url =
	    peer_thread_open(&server, (struct peer){ .rows = rows }, "redis");
	char nobody[64];

	snprintf(nobody, sizeof(nobody), "%s", url);
	peer_thread_close(&server);
	begin_at(nobody);
	ck_assert_int_eq(await(STAY_BACKING_OFF, 0).why, STAY_E_NO_LISTENER);
	end();
}

static void
wait_there(void *arg, struct stay_client *client)
{
	enum stay_status *status = arg;

	(void)client;
	*status = stay_remote_await_change(redis, UINT64_MAX - 1, 5000);
}

TEST(connectivity_is_not_waited_for_on_the_loop)
{
	enum stay_status status = STAY_OK;

	begin_at("redis://127.0.0.1:1");
	EXPECT_OK(stay_remote_do(redis, wait_there, &status));
	ck_assert_int_eq(status, STAY_E_REENTRANT);
	end();
}

TEST_SUITE(connectivity)
