/* A transaction is not probed: the probe would be one of its commands. */
#include <stdio.h>
#include <string.h>

#include <stay/redis.h>

#include "sim/world_sim.h"
#include "suites.h"

#define PROBE_MS 100

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_redis *redis;
static unsigned probes;

struct word {
	const char *command;
	const char *answer;
};

static const struct word words[] = {
	{ "HELLO", "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n" },
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

	world = sim_world_new(1);
	loop = stay_loop_new(world);
	sim_listen(world, "10.0.0.1", 6379, &server, NULL);
	ck_assert_int_eq(
	    stay_redis_start(&redis, loop, "redis://10.0.0.1", &options),
	    STAY_OK);
	sim_run_ms(world, 10);
}

static void
end(void)
{
	stay_redis_stop(redis);
	ck_assert(sim_run(world, 60000));
	ck_assert_int_eq(stay_loop_free(loop), STAY_OK);
}

static void
command(const char *text)
{
	ck_assert_int_eq(stay_redis_command(redis, NULL, NULL, text), STAY_OK);
	sim_run_ms(world, 10);
}

static bool
is_probed(void)
{
	unsigned before = probes;

	sim_run_ms(world, 10 * PROBE_MS);
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
	end();
}
END_TEST

START_TEST(test_redis_multi_ends_with_its_session)
{
	start();
	command("MULTI");
	stay_client_reconnect(stay_redis_client(redis), STAY_OK);
	sim_run_ms(world, 10);
	ck_assert(is_probed());
	end();
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
