/* A transaction is not probed: the probe would be one of its commands. */
#include <string.h>

#include "suites.h"
#include "support/redis_virtual.h"

#define PROBE_MS 100

static struct redis_virtual here;

static const struct peer_row rows[] = { ON("EXEC", "*0\r\n"),
	ON("NO", "-ERR no such command\r\n"),
	ON("DISCARD x", "-ERR wrong number of arguments\r\n"), NO_MORE };

static void
start(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.probe_ms = PROBE_MS };

	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1", &options);
}

static void
command(const char *text)
{
	EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, text));
	sim_run_ms(here.world, 10);
}

static bool
is_probed(void)
{
	peer_log_clear(&here.server);
	sim_run_ms(here.world, 10 * PROBE_MS);
	return strstr(here.log.text, "PING") != NULL;
}

TEST_ROWS(redis_multi_is_not_probed, 2)
{
	start();
	ck_assert(is_probed());
	command("MULTI");
	ck_assert(!is_probed());
	command("NO");
	ck_assert(!is_probed());
	command("DISCARD x");
	ck_assert(!is_probed());
	command(_i == 0 ? "EXEC" : "DISCARD");
	ck_assert(is_probed());
}

TEST(redis_multi_ends_with_its_session)
{
	start();
	command("MULTI");
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert(is_probed());
}

TEST_SUITE_WITH(redis_multi, .after = redis_virtual_after)
