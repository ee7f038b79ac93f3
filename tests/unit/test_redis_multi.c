/* A transaction is not probed: the probe would be one of its commands. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/redis_virtual.h"

#define PROBE_MS 100

static struct redis_virtual here;
static unsigned probes;

struct word {
	const char *command;
	const char *answer;
};

static const struct word words[] = {
	{ "HELLO", REDIS_VIRTUAL_GREETED },
	{ "MULTI", "+OK\r\n" },
	{ "EXEC", "*0\r\n" },
	{ "DISCARD", "+OK\r\n" },
	{ "NO", "-ERR no such command\r\n" },
};

/* Each piece is one command, but for the greeting. */
static void
on_bytes(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	char copy[256];

	(void)arg;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, bytes);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(copy, words[i].command) != NULL) {
			sim_peer_print(peer, words[i].answer);
			return;
		}
	probes++;
	sim_peer_print(peer, "+PONG\r\n");
}

static const struct sim_server server = { .on_bytes = on_bytes };

static void
start(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.probe_ms = PROBE_MS };

	redis_virtual_open(&here, &server, NULL);
	redis_virtual_start(&here, "redis://10.0.0.1", &options);
}

static void
command(const char *text)
{
	ck_assert_int_eq(
	    stay_redis_command(here.redis, NULL, NULL, text), STAY_OK);
	sim_run_ms(here.world, 10);
}

static bool
is_probed(void)
{
	unsigned before = probes;

	sim_run_ms(here.world, 10 * PROBE_MS);
	return probes > before;
}

START_TEST(test_redis_multi_is_not_probed)
{
	start();
	ck_assert(is_probed());
	command("MULTI");
	ck_assert(!is_probed());
	command("NO");
	ck_assert(!is_probed());
	command(_i == 0 ? "EXEC" : "DISCARD");
	ck_assert(is_probed());
	redis_virtual_end(&here);
}
END_TEST

START_TEST(test_redis_multi_ends_with_its_session)
{
	start();
	command("MULTI");
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 10);
	ck_assert(is_probed());
	redis_virtual_end(&here);
}
END_TEST

Suite *
suite_redis_multi(void)
{
	Suite *suite = suite_create("redis_multi");
	TCase *tcase = tcase_create("redis_multi");

	tcase_add_loop_test(tcase, test_redis_multi_is_not_probed, 0, 2);
	tcase_add_test(tcase, test_redis_multi_ends_with_its_session);
	suite_add_tcase(suite, tcase);
	return suite;
}
