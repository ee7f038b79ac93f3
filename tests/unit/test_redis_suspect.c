/* A reply of Redis that cannot be taken: who asked for it is told, once. */
#include <stdio.h>
#include <string.h>

#include <stay/redis.h>

#include "sim/world_sim.h"
#include "suites.h"

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_redis *redis;
static const char *bad_reply;
static unsigned asked;
static char told[256];

static void
on_bytes(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	char text[512];

	(void)arg;
	snprintf(text, sizeof(text), "%.*s", (int)len, bytes);
	if (strstr(text, "HELLO") != NULL)
		sim_peer_print(
		    peer, "%1\r\n+proto\r\n:3\r\n+OK\r\n+OK\r\n+PONG\r\n");
	if (strstr(text, "bad") != NULL) {
		asked++;
		sim_peer_print(peer, bad_reply);
	}
	if (strstr(text, "good") != NULL)
		sim_peer_print(peer, "+good\r\n");
}

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

	ck_assert_int_eq(stay_redis_command_with(redis, &options, on_done,
			     (void *)(uintptr_t)name, "GET %s", name),
	    STAY_OK);
}

static const struct {
	const char *reply;
	const char *told;
} replies[] = {
	{ "*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "STAY_E_PROTOCOL" },
	{ "$1025\r\n", "STAY_E_TOO_BIG" },
	{ "*99\r\n", "STAY_E_PROTOCOL" },
	{ "?\r\n", "STAY_E_PROTOCOL" },
};

START_TEST(test_redis_suspect_is_told)
{
	static const struct sim_server server = { .on_bytes = on_bytes };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.depth_max = 3, .elements_max = 50,
		.client.reply_bytes_max = 1024 };
	char text[256];

	told[0] = '\0';
	asked = 0;
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	sim_listen(world, "10.0.0.1", 6379, &server, NULL);
	ck_assert_int_eq(
	    stay_redis_start(&redis, loop, "redis://10.0.0.1", &options),
	    STAY_OK);
	sim_run_ms(world, 10);
	bad_reply = replies[_i].reply;
	read_it("bad");
	sim_run_ms(world, 1);
	read_it("good");
	sim_run_ms(world, 1000);
	snprintf(text, sizeof(text),
	    "bad %s maybe executed;good STAY_OK replied;", replies[_i].told);
	ck_assert_str_eq(told, text);
	ck_assert_uint_eq(asked, 1);
	stay_redis_stop(redis);
	ck_assert(sim_run(world, 60000));
	ck_assert_int_eq(stay_loop_free(loop), STAY_OK);
}
END_TEST

Suite *
suite_redis_suspect(void)
{
	Suite *suite = suite_create("redis_suspect");
	TCase *tcase = tcase_create("redis_suspect");

	tcase_add_loop_test(tcase, test_redis_suspect_is_told, 0,
	    (int)(sizeof(replies) / sizeof(replies[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}
