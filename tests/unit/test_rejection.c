/*
 * Whoever is rejected can say what was wrong: which option or part of the URL,
 * with which value, and what it may be.
 */
#include <string.h>

#include <stay/redis_script.h>

#include "loop/loop.h"
#include "sim/world_sim.h"
#include "suites.h"
#include "support/line_protocol.h"

#define COUNT(table) ((int)(LEN(table)))

static struct stay_world *world;
static struct stay_loop *loop;

static void
begin(void)
{
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	ck_assert_str_eq(stay_loop_rejection(loop), "");
}

static void
end(void)
{
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- the options of a client, and its URL ---- */

#define LINE_OK "line://10.0.0.1:7777"
#define NO_FD(numbers)                                                         \
	"'fd:" numbers                                                         \
	"' is none of fd:N and fd:R,W, with the numbers of descriptors"

static const struct {
	const char *url;
	struct stay_client_options options;
	enum stay_status status;
	const char *says;
} starts[] = {
	{ LINE_OK, { .queue_calls_max = UINT64_C(5000000000) }, STAY_E_ARG,
	    "queue_calls_max is 5000000000, and may be 1 to 4294967295" },
	{ LINE_OK, { .offline = (enum stay_offline)7 }, STAY_E_ARG,
	    "offline is 7, which is none of its values" },
	{ LINE_OK, { .on_fatal = (enum stay_on_fatal)8 }, STAY_E_ARG,
	    "on_fatal is 8, which is none of its values" },
	{ LINE_OK, { .backoff = { .kind = (enum stay_backoff_kind)9 } },
	    STAY_E_ARG,
	    "the kind or the jitter of the backoff is none of its values" },
	{ LINE_OK, { .backoff = { .jitter = (enum stay_jitter)3 } }, STAY_E_ARG,
	    "the kind or the jitter of the backoff is none of its values" },
	{ LINE_OK, { .queue_low_percent = 60, .queue_high_percent = 50 },
	    STAY_E_ARG,
	    "queue_low_percent is 60, above queue_high_percent, 50" },
	{ "line://h:70000", { 0 }, STAY_E_URL, "the port is past 65535" },
	{ "lime\t://h", { 0 }, STAY_E_URL,
	    "the scheme contains something other than letters, digits, '+', "
	    "'-' and '.'" },
	{ "lime://h", { 0 }, STAY_E_URL,
	    "the scheme 'lime' of the URL is not known: neither line nor a "
	    "transport" },
	{ "line+unix://", { 0 }, STAY_E_URL,
	    "the path '' of the URL is no path of a socket, or too long for "
	    "one" },
	{ "line+unix://tmp/x", { 0 }, STAY_E_URL,
	    "the URL of a socket has a host or a port: line+unix:///path has "
	    "three slashes" },
	{ "unix://localhost:1/tmp/x", { 0 }, STAY_E_URL,
	    "the URL of a socket has a host or a port: unix:///path has three "
	    "slashes" },
	{ "line+unix://localhost", { 0 }, STAY_E_URL,
	    "the path '' of the URL is no path of a socket, or too long for "
	    "one" },
	{ "fd:", { 0 }, STAY_E_URL, NO_FD("") },
	{ "fd:-1", { 0 }, STAY_E_URL, NO_FD("-1") },
	{ "fd:0x", { 0 }, STAY_E_URL, NO_FD("0x") },
	{ "fd://0", { 0 }, STAY_E_URL, NO_FD("//0") },
	{ "fd:1,", { 0 }, STAY_E_URL, NO_FD("1,") },
	{ "fd:1,2,3", { 0 }, STAY_E_URL, NO_FD("1,2,3") },
	{ "fd:1234567,12345678", { 0 }, STAY_E_URL, NO_FD("1234567,12345678") },
	{ "fd:12345678", { 0 }, STAY_E_URL, NO_FD("12345678") },
	{ "fd:1 ", { 0 }, STAY_E_URL, NO_FD("1 ") },
};

TEST_ROWS(rejection_of_a_client, COUNT(starts))
{
	struct stay_client_options options = starts[_i].options;
	struct stay_client *client;

	options.size = sizeof(options);
	ck_assert_int_eq(stay_client_start(&client, loop, &line_protocol,
			     starts[_i].url, &options),
	    starts[_i].status);
	ck_assert_str_eq(stay_loop_rejection(loop), starts[_i].says);
}

/* Whether or not this URL needs it. */
TEST(rejection_of_a_protocol_whose_port_is_none)
{
	static const char *const ports[] = { "abc", "99999", "000080", "" };
	struct stay_protocol protocol = line_protocol;
	struct stay_client *client;

	for (int i = 0; i < COUNT(ports); i++) {
		protocol.port = ports[i];
		ck_assert_int_eq(
		    stay_client_start(&client, loop, &protocol, LINE_OK, NULL),
		    STAY_E_ARG);
		ck_assert_str_eq(stay_loop_rejection(loop),
		    "the port of the protocol is none: 0 to 65535, in digits");
	}
}

/* A start that goes well, or fails by its status alone, says nothing. */
TEST(rejection_is_of_the_last_start)
{
	struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.turn_budget = UINT64_MAX };
	static const struct stay_behaviour behaviour = { STAY_BEHAVIOUR };
	struct stay_conn *conn;

	ck_assert_int_eq(
	    stay_conn_start(&conn, loop, &behaviour, NULL, &options),
	    STAY_E_ARG);
	EXPECT_IN(stay_loop_rejection(loop),
	    "turn_budget is 18446744073709551615, and may be 1 to ");
	ck_assert_int_eq(
	    stay_conn_start(&conn, loop, NULL, NULL, NULL), STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(loop), "");
}

/* What is said last may be made of what was said before, or be nothing. */
TEST(rejection_is_what_was_said_last)
{
	stay_loop_set_rejection(loop, "of before");
	stay_loop_set_rejection(loop, "not %s", stay_loop_rejection(loop));
	ck_assert_str_eq(stay_loop_rejection(loop), "not of before");
	stay_loop_set_rejection(loop, "%s", "");
	ck_assert_str_eq(stay_loop_rejection(loop), "");
}

TEST(rejection_is_of_the_last_start_of_a_client)
{
	static struct line_notes notes;
	static unsigned finis;
	static const struct line_config config = { .notes = &notes,
		.finis = &finis };
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_client *client;

	stay_loop_set_rejection(loop, "of before");
	EXPECT_OK(stay_client_start(
	    &client, loop, &line_protocol, LINE_OK, &options));
	ck_assert_str_eq(stay_loop_rejection(loop), "");
	stay_loop_set_rejection(loop, "of before");
	EXPECT_OK(stay_client_reconfigure(client, NULL, &options));
	ck_assert_str_eq(stay_loop_rejection(loop), "");
	stay_client_stop(client, STAY_OK);
}

/* ---- Redis ---- */

static const struct stay_redis_script made = { .digest = "d" }, unmade;
static const struct stay_redis_script *const scripts[] = { &made, &unmade,
	NULL };

static const struct {
	const char *url;
	struct stay_redis_options options;
	const char *says;
} redis_starts[] = {
	{ "redis://h/x", { 0 },
	    "the db of the URL is 'x', and may be 0 to 2147483647" },
	{ "redis://h?db=-1", { 0 },
	    "the db of the URL is '-1', and may be 0 to 2147483647" },
	{ "redis://h/1?db=2", { 0 },
	    "the path of the URL says db 1, and its query db 2" },
	{ "redis://h?db=1&protocol=2&db=1", { 0 },
	    "the URL has the key 'db' twice" },
	{ "redis://h?&protocol=", { 0 },
	    "the key 'protocol' of the URL has no value" },
	{ "redis://h?protocol&db=3", { 0 },
	    "the key 'protocol' of the URL has no value" },
	{ "redis://h?client_name=&db=3", { 0 },
	    "the key 'client_name' of the URL has no value" },
	{ "redis://h?client_name", { 0 },
	    "the key 'client_name' of the URL has no value" },
	{ "redis://h?=1", { 0 },
	    "the query of the URL has the key '', which is none of db, "
	    "protocol, client_name, role, resend_reads, moving" },
	{ "redis-socket:///x", { 0 },
	    "the scheme 'redis-socket' of the URL is not known: neither redis "
	    "nor a transport" },
	{ "redis://h?protocol=4", { 0 },
	    "the protocol of the URL is '4', and may be 2 or 3" },
	{ "redis://h?timeout=4", { 0 },
	    "the query of the URL has the key 'timeout', which is none of db, "
	    "protocol, client_name, role, resend_reads, moving" },
	{ "redis://h?"
	  "a-key-that-is-much-longer-than-any-other-in-the-query-of-an-URL-is",
	    { 0 },
	    "the query of the URL has the key 'a-key-that-is-much-longer-than-"
	    "any-other-in-the-query-of-an-URL-', which is none of db, "
	    "protocol, client_name, role, resend_reads, moving" },
	{ "redis://h?client_name=a%20b", { 0 },
	    "client_name is 'a b', and may have printable characters and no "
	    "space" },
	{ "redis://h?moving=away", { 0 },
	    "moving of the URL is 'away', and may be none, internal-ip, "
	    "internal-fqdn, external-ip or external-fqdn" },
	{ "redis://h", { .moving = (enum stay_redis_moving)6 },
	    "moving is 6, and may be 0 to 5" },
	{ "redis://h", { .scripts = scripts },
	    "scripts[1] was not made by stay_redis_script_init" },
	{ "redis://h:x", { 0 }, "the port is not a number" },
	{ "redis://h", { .protocol = 4 },
	    "protocol is 4, and may be 0, 2 or 3" },
	{ "http://h", { 0 },
	    "the scheme 'http' of the URL is not known: neither redis nor a "
	    "transport" },
};

static struct stay_redis_options
redis_options(int i)
{
	struct stay_redis_options options = redis_starts[i].options;
	const struct stay_redis_options sized = { STAY_REDIS_OPTIONS };

	options.size = sized.size;
	options.client.size = sized.client.size;
	return options;
}

/* printf("%d %s", start(), rejection()) may read it first. */
TEST(rejection_is_never_dangling)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.offline = (enum stay_offline)7 };
	struct stay_client *client;
	const char *before;

	ck_assert_int_eq(
	    stay_client_start(&client, loop, &line_protocol, LINE_OK, &options),
	    STAY_E_ARG);
	before = stay_loop_rejection(loop);
	ck_assert_int_eq(
	    stay_client_start(&client, loop, &line_protocol, "lime://h", NULL),
	    STAY_E_URL);
	ck_assert_ptr_eq(before, stay_loop_rejection(loop));
	ck_assert_str_ne(before, "");
}

TEST_ROWS(rejection_of_redis, COUNT(redis_starts))
{
	struct stay_redis_options options = redis_options(_i);
	struct stay_redis *redis;

	ck_assert_int_ne(
	    stay_redis_start(&redis, loop, redis_starts[_i].url, &options),
	    STAY_OK);
	ck_assert_str_eq(stay_loop_rejection(loop), redis_starts[_i].says);
}

TEST_ROWS(rejection_of_a_change, COUNT(redis_starts))
{
	struct stay_redis_options options = redis_options(_i);
	struct stay_redis *redis;

	EXPECT_OK(stay_redis_start(&redis, loop, "redis://10.0.0.1", NULL));
	ck_assert_int_ne(
	    stay_redis_reconfigure(redis, redis_starts[_i].url, &options),
	    STAY_OK);
	ck_assert_str_eq(stay_loop_rejection(loop), redis_starts[_i].says);
	stay_redis_stop(redis);
}

/* A program that makes ever other mistakes does not talk to its observer for ever. */
TEST(rejection_is_noted_once_each_and_so_many_in_all)
{
	static const char sentences[STAY__MISTAKES_MAX + 1];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i <= STAY__MISTAKES_MAX; i++)
			ck_assert_int_eq(
			    stay__loop_note_rejection(loop, &sentences[i]),
			    round == 0 && i < STAY__MISTAKES_MAX);
}

TEST_SUITE_WITH(rejection, .before = begin, .after = end)
