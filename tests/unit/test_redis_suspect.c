/* A reply of Redis that cannot be taken: who asked for it is told, once. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/redis_virtual.h"

static struct redis_virtual here;
static char told[256];

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s %s;", (char *)arg,
	    stay_status_name(result->status),
	    stay_outcome_name(result->outcome));
}

static void
read_it(const char *name)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_READ_ONLY };

	EXPECT_OK(stay_redis_command_with(here.redis, &options, on_done,
	    (void *)(uintptr_t)name, "GET %s", name));
}

static const struct {
	const char *reply;
	const char *told;
} replies[] = {
	{ "*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "STAY_E_PROTOCOL" },
	{ "?\r\n", "STAY_E_PROTOCOL" },
};

TEST_ROWS(redis_suspect_is_told, (LEN(replies)))
{
	const struct peer_row rows[] = { ON("GET bad", replies[_i].reply),
		ON("GET good", "+good\r\n"), NO_MORE };
	char text[256];

	told[0] = '\0';
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1",
	    REDIS(.depth_max = 3, .elements_max = 50,
		.client.reply_bytes_max = 1024));
	read_it("bad");
	sim_run_ms(here.world, 1);
	read_it("good");
	sim_run_ms(here.world, 1000);
	snprintf(text, sizeof(text),
	    "bad %s maybe executed;good STAY_OK replied;", replies[_i].told);
	ck_assert_str_eq(told, text);
	ck_assert_uint_eq(here.server.used[0], 1);
	redis_virtual_end(&here);
}

TEST_SUITE(redis_suspect)
