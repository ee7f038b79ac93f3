/*
 * Sentinels by URL: who is asked, what becomes of each answer, and that a client with
 * them is one like any other. What is read of the URL is test_redis_sentinel_url.c's.
 */
#include <stay/redis_pool.h>
#include <stay/redis_subscribe.h>

#include <stdio.h>
#include <string.h>

#include <stay/observer.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_subscriber.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"
#include "support/secret.h"

#define URL     "redis+sentinel://10.0.1.1,10.0.1.2,10.0.1.3/it"
#define URL_ONE "redis+sentinel://10.0.1.1/it"
#define HELLO_OF(role)                                                         \
	"%3\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n+role\r\n+" role "\r\n"
#define AT(host, port) "*2\r\n+" host "\r\n+" port "\r\n"
#define ONE            AT("10.0.0.1", "6379")
#define TWO            AT("10.0.0.2", "6380")
#define NOBODY         "_\r\n"
#define SWITCHED       MESSAGE("+switch-master", "it 10.0.0.1 6379 10.0.0.2 6380")

struct sentinel {
	struct peer peer;
	struct peer_log log;
	const char *says; /* NULL: nothing */
};

static struct redis_virtual here; /* its server is at 10.0.0.1 */
static struct peer other;         /* 10.0.0.2:6380 */
static struct peer_log other_log;
static struct sentinel sentinels[3];
static char told[512], failures[4096];
static long blocks;

/* ---- the servers ---- */

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	const char *says = ((struct sentinel *)(void *)end->peer)->says;

	(void)request;
	if (says != NULL)
		peer_say(end, says);
}

static const struct peer_row sentinel_rows[] = {
	DO("SENTINEL GET-MASTER-ADDR-BY-NAME it", answer),
	DO("SUBSCRIBE", subscriber_acknowledges),
	ON("HELLO", "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"),
	NO_MORE,
};

static void
open_sentinel(struct sentinel *sentinel, int number)
{
	char host[16];

	snprintf(host, sizeof(host), "10.0.1.%d", number);
	*sentinel = (struct sentinel){ .says = ONE };
	sentinel->peer = (struct peer){ .rows = sentinel_rows,
		.usual = redis_usual,
		.reads = peer_reads_commands,
		.log = &sentinel->log };
	peer_log_clear(&sentinel->peer);
	peer_listen(&sentinel->peer, here.world, host, 26379);
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	size_t len = strlen(failures);

	(void)arg;
	(void)who;
	(void)status;
	snprintf(failures + len, sizeof(failures) - len, "%s;", text);
}

static void
begin(void)
{
	static const struct stay_observer observer = { STAY_OBSERVER,
		.on_failure = on_failure };

	told[0] = failures[0] = '\0';
	blocks = scarce_blocks_here();
	redis_virtual_open(&here, NULL);
	stay_loop_set_observer(here.loop, &observer);
	for (int i = 0; i < 3; i++)
		open_sentinel(&sentinels[i], i + 1);
	other = (struct peer){ .usual = redis_usual,
		.rows = redis_usual,
		.reads = peer_reads_commands,
		.log = &other_log };
	peer_log_clear(&other);
	peer_listen(&other, here.world, "10.0.0.2", 6380);
	here.redis = NULL;
}

static void
end(void)
{
	if (here.redis != NULL)
		stay_redis_stop(here.redis);
	ck_assert(sim_run(here.world, 60000));
	ck_assert_int_eq(stay_loop_free(here.loop), STAY_OK);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

static void
start(const char *url)
{
	redis_virtual_start(&here, url, NULL);
	sim_run_ms(here.world, 10);
}

static void
all_say(const char *says)
{
	for (int i = 0; i < 3; i++)
		sentinels[i].says = says;
}

static void
publish(struct sentinel *sentinel, const char *message)
{
	peer_say(sentinel->peer.ends, message);
	sim_run_ms(here.world, 50);
}

/* ---- the client ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	(void)arg;
	snprintf(told + len, sizeof(told) - len, "%s;",
	    stay_outcome_name(result->outcome));
}

static void
submit(void)
{
	ck_assert_int_eq(
	    stay_redis_command(here.redis, on_done, NULL, "INCR n"), STAY_OK);
}

static bool
is_up(void)
{
	return stay_conn_state(stay_redis_conn(here.redis)) == STAY_CONNECTED &&
	       stay_client_session_number(stay_redis_client(here.redis)) != 0;
}

static const char *
failure(void)
{
	return stay_conn_failure(stay_redis_conn(here.redis));
}

static unsigned
asked(const struct sentinel *sentinel)
{
	unsigned times = 0;

	for (const char *at = sentinel->log.text;
	     (at = strstr(at, "SENTINEL ")) != NULL; at++)
		times++;
	return times;
}

/* ---- it is found ---- */

TEST(redis_sentinel_leads_to_the_primary)
{
	start("redis+sentinel://u:p@10.0.1.1,10.0.1.2/it/7?client_name=me");
	ck_assert(is_up());
	ck_assert_str_eq(
	    here.log.text, "|HELLO 3 AUTH u p SETNAME me;SELECT 7;PING;");
	ck_assert_str_eq(sentinels[0].log.text,
	    "|HELLO 3 SETNAME me;PING;SUBSCRIBE +switch-master;"
	    "SENTINEL GET-MASTER-ADDR-BY-NAME it;"
	    "SENTINEL GET-MASTER-ADDR-BY-NAME it;");
	ck_assert_str_eq(sentinels[1].log.text, "");
	submit();
	sim_run_ms(here.world, 10);
	ck_assert_str_eq(told, "replied;");
	ck_assert_uint_eq(stay_loop_live(here.loop), 2);
}

/* Of their own, and not the servers'. */
TEST_ROWS(redis_sentinel_has_a_login_of_its_own, 2)
{
	start(_i == 0
		  ? "redis+sentinel://:p@10.0.1.1/it?sentinel_password=s%20x"
		  : "redis+sentinel://:p@10.0.1.1/it?sentinel_user=m&"
		    "sentinel_password=s");
	ck_assert(is_up());
	ck_assert_int_eq(
	    strncmp(sentinels[0].log.text,
		_i == 0 ? "|HELLO 3 AUTH default s x;" : "|HELLO 3 AUTH m s;",
		_i == 0 ? 26 : 18),
	    0);
}

static const struct {
	const char *answer;
	const char *host;
	int port;
	const char *label;
} places[] = {
	{ "*2\r\n$2\r\ndb\r\n$4\r\n7000\r\n", "db", 7000, "redis://db:7000" },
	{ AT("::1", "7000"), "::1", 7000, "redis://[::1]:7000" },
	{ AT("a-b_c.d", "7000"), "a-b_c.d", 7000, "redis://a-b_c.d:7000" },
};

TEST_ROWS(redis_sentinel_names_any_place, LEN(places))
{
	sim_name_set(here.world, "db", "10.0.0.3", 1, 0);
	sim_name_set(here.world, "a-b_c.d", "10.0.0.3", 1, 0);
	peer_listen(&other, here.world, "10.0.0.3", 7000);
	peer_listen(&other, here.world, "::1", 7000);
	sentinels[0].says = places[_i].answer;
	start(URL_ONE);
	ck_assert(is_up());
	peer_do(other.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 10);
	ck_assert_ptr_nonnull(strstr(failures, places[_i].label));
}

static char long_host[300];

#define NO_PLACE "a Sentinel has named a place that is none"

static const struct {
	const char *answer;
	const char *why;
} lacks[] = {
	{ NOBODY, "no Sentinel knows it" },
	{ "*0\r\n", "no Sentinel knows it" },
	{ "+OK\r\n", "no Sentinel knows it" },
	{ "*1\r\n+10.0.0.1\r\n", NO_PLACE },
	{ AT("", "6379"), NO_PLACE },
	{ AT("10.0.0.1", ""), NO_PLACE },
	{ AT("10.0.0.1", "-1"), NO_PLACE },
	{ AT("10.0.0.1", "65536"), NO_PLACE },
	{ AT("10.0.0.1", "0000006379"), NO_PLACE },
	{ AT("x@10.0.0.1", "6379"), NO_PLACE },
	{ AT("10.0.0.1/1", "6379"), NO_PLACE },
	{ AT("1::2::3", "6379"), NO_PLACE },
	{ AT("10.0.0.1 x", "6379"), NO_PLACE },
	{ long_host, NO_PLACE },
	{ "-ERR unknown command 'SENTINEL'\r\n",
	    "asking the Sentinels: the server replied with an error: "
	    "ERR unknown command" },
	{ NULL, "asking the Sentinels: " },
};

static const char *
lack_of(int i)
{
	snprintf(long_host, sizeof(long_host), "*2\r\n+%0256d\r\n+1\r\n", 0);
	return lacks[i].answer;
}

/* The attempt fails with these words, and the next one asks again. */
TEST_ROWS(redis_sentinel_without_an_answer, LEN(lacks))
{
	sentinels[0].says = lack_of(_i);
	start(URL_ONE);
	sim_run_ms(here.world, 2500);
	ck_assert(!is_up());
	ck_assert_msg(
	    strstr(failures, lacks[_i].why) != NULL, "%.900s", failures);
	ck_assert_str_eq(here.log.text, "");
	sentinels[0].says = ONE;
	sim_run_ms(here.world, 15000);
	ck_assert(is_up());
}

/* One name may lead to many Sentinels: the next attempt asks for it anew. */
TEST_ROWS(redis_sentinel_alone_is_left, 2)
{
	if (_i == 0)
		sentinels[0].says = NOBODY;
	else
		sim_unlisten(here.world, "10.0.0.1", 6379);
	start(URL_ONE);
	ck_assert_uint_eq(sentinels[0].peer.accepted, 1);
	sim_run_ms(here.world, 200);
	ck_assert_uint_ge(sentinels[0].peer.accepted, 2);
}

/* Each is asked in the same attempt: one that knows is enough. */
TEST_ROWS(redis_sentinel_asks_the_next_one, LEN(lacks))
{
	all_say(lack_of(_i));
	sentinels[2].says = ONE;
	start(URL);
	sim_run_ms(here.world, 4000);
	ck_assert(is_up());
	ck_assert_str_eq(failures, "");
	ck_assert_uint_eq(sentinels[0].peer.accepted, 1);
	ck_assert_uint_eq(sentinels[1].peer.accepted, 1);
}

/* In each attempt all of them, whoever was asked last. */
TEST_ROWS(redis_sentinel_asks_all_of_them_again, 3)
{
	all_say(NOBODY);
	start(URL);
	sim_run_ms(here.world, 10);
	ck_assert_ptr_nonnull(strstr(failures, "attempt 1"));
	sentinels[_i].says = ONE;
	sim_run_ms(here.world, 500);
	ck_assert(is_up());
	ck_assert_ptr_null(strstr(failures, "attempt 2"));
}

/* Then nobody tells of a switch; all else is as ever. */
TEST(redis_sentinel_lets_nobody_subscribe)
{
	static const struct peer_row strict[] = { DO("SENTINEL", answer),
		ON("SUBSCRIBE", "-NOPERM no\r\n"), NO_MORE };

	all_say(TWO);
	sentinels[0].says = ONE;
	for (int i = 0; i < 3; i++)
		sentinels[i].peer.rows = strict;
	sim_unlisten(here.world, "10.0.0.1", 6379);
	start(URL);
	sim_run_ms(here.world, 500);
	ck_assert(is_up());
	ck_assert_uint_eq(asked(&sentinels[1]), 1);
}

/* Nor is another one asked while nobody waits for it. */
TEST(redis_sentinel_may_forget)
{
	start(URL);
	all_say(NOBODY);
	peer_do(sentinels[0].peer.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 1000);
	ck_assert(is_up());
	ck_assert_uint_ge(asked(&sentinels[1]), 1);
	ck_assert_uint_eq(sentinels[2].peer.accepted, 0);
}

/* Who knows is asked first from then on. */
TEST(redis_sentinel_stays_with_who_knows)
{
	sentinels[0].says = NOBODY;
	start(URL);
	sim_run_ms(here.world, 1000);
	peer_do(here.server.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 1000);
	ck_assert(is_up());
	ck_assert_uint_eq(here.server.accepted, 2);
	ck_assert_uint_eq(sentinels[0].peer.accepted, 1);
	ck_assert_uint_eq(sentinels[1].peer.accepted, 1);
	ck_assert_uint_eq(asked(&sentinels[1]), 3);
}

TEST_ROWS(redis_sentinel_that_is_down, 2)
{
	for (int i = 1; i < 3; i++) {
		char host[16];

		snprintf(host, sizeof(host), "10.0.1.%d", i);
		sim_unlisten(here.world, host, 26379);
		sim_address_set(here.world, host, 26379,
		    _i == 0 ? SIM_REFUSE : SIM_BLACK_HOLE, 1);
	}
	start(URL);
	sim_run_ms(here.world, 4000);
	ck_assert(is_up());
	ck_assert_uint_eq(sentinels[2].peer.accepted, 1);
}

/* All of them: calls wait, and are told why. */
TEST(redis_sentinel_that_nobody_can_ask)
{
	for (int i = 1; i < 4; i++) {
		char host[16];

		snprintf(host, sizeof(host), "10.0.1.%d", i);
		sim_unlisten(here.world, host, 26379);
	}
	start(URL);
	submit();
	sim_run_ms(here.world, 4500);
	ck_assert_ptr_nonnull(strstr(failure(), "asking the Sentinels: "));
	ck_assert_ptr_nonnull(strstr(failure(), "refused"));
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(told, "not sent;");
}

/* With what the Sentinel has said of its password. */
TEST(redis_sentinel_that_denies)
{
	static const struct peer_row denies[] = {
		ON("HELLO", "-WRONGPASS no\r\n"), NO_MORE
	};

	sentinels[0].peer.rows = denies;
	start("redis+sentinel://10.0.1.1/it?sentinel_password=s");
	sim_run_ms(here.world, 20000);
	ck_assert_ptr_nonnull(strstr(failure(), "WRONGPASS"));
	sentinels[0].peer.rows = sentinel_rows;
	sim_run_ms(here.world, 60000);
	ck_assert(is_up());
}

/* ---- it moves ---- */

/* One that is cut off from the others: what it names is dead, or a replica. */
TEST_ROWS(redis_sentinel_that_is_behind, 2)
{
	static const struct peer_row replica[] = {
		ON("HELLO", HELLO_OF("replica")), NO_MORE
	};

	all_say(TWO);
	sentinels[0].says = ONE;
	here.server.rows = replica;
	if (_i == 0)
		sim_unlisten(here.world, "10.0.0.1", 6379);
	start(URL);
	submit();
	sim_run_ms(here.world, 2000);
	ck_assert(is_up());
	ck_assert_str_eq(told, "replied;");
	ck_assert_uint_eq(sentinels[0].peer.accepted, 1);
	ck_assert_uint_eq(sentinels[1].peer.accepted, 1);
	ck_assert_uint_eq(here.server.accepted, _i == 0 ? 0u : 1u);
}

static void
start_with_one_in_flight(void)
{
	static const struct peer_row slow[] = {
		ON("INCR", PEER_LATE("40") ":1\r\n"), NO_MORE
	};

	here.server.rows = slow;
	start(URL);
	submit();
	sim_run_ms(here.world, 10);
}

/* Calls in flight finish where they are; those behind go where the primary is now. */
TEST(promise_4_redis_sentinel_follows_a_switch)
{
	start_with_one_in_flight();
	all_say(TWO);
	peer_say(sentinels[0].peer.ends, SWITCHED);
	sim_run_ms(here.world, 10);
	submit();
	sim_run_ms(here.world, 200);
	ck_assert_str_eq(told, "replied;replied;");
	ck_assert_ptr_nonnull(strstr(here.log.text, "PING;INCR n;"));
	ck_assert_str_eq(other_log.text, "|HELLO 3;PING;INCR n;");
	ck_assert_str_eq(failures, "");
	/* and that it is there already it need not be told */
	publish(&sentinels[0], SWITCHED);
	ck_assert_uint_eq(other.accepted, 1);
}

static const char *const others[] = {
	MESSAGE("+switch-master", "it2 10.0.0.1 6379 10.0.0.2 6380"),
	MESSAGE("+switch-master", "i 10.0.0.1 6379 10.0.0.2 6380"),
	MESSAGE("+switch-master", "is 10.0.0.1 6379 10.0.0.2 6380"),
	MESSAGE("+switch-master", "it"),
};

/* Of another name, or not to be understood. */
TEST_ROWS(redis_sentinel_of_others, LEN(others))
{
	start(URL);
	all_say(TWO);
	publish(&sentinels[0], others[_i]);
	ck_assert_uint_eq(asked(&sentinels[0]), 2);
	ck_assert_uint_eq(other.accepted, 0);
}

/* Its Sentinel was away meanwhile: the next one is asked when it has come back. */
TEST(redis_sentinel_misses_a_switch)
{
	start(URL);
	all_say(TWO);
	sim_unlisten(here.world, "10.0.1.1", 26379);
	peer_do(sentinels[0].peer.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 1000);
	ck_assert(is_up());
	ck_assert_uint_eq(other.accepted, 1);
	ck_assert_uint_eq(asked(&sentinels[1]), 2);
	ck_assert_ptr_nonnull(
	    strstr(failures, "session redis://it (Sentinels): "));
}

/* While it waits for the next attempt: it does not wait then. */
TEST(redis_sentinel_switches_in_a_backoff)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = stay_backoff_constant(60000) } };

	sim_unlisten(here.world, "10.0.0.1", 6379);
	redis_virtual_start(&here, URL_ONE, &options);
	sim_run_ms(here.world, 100);
	ck_assert(!is_up());
	all_say(TWO);
	publish(&sentinels[0], SWITCHED);
	ck_assert(is_up());
}

/* On the way to the old one: it turns round, and asks nobody else. */
TEST(redis_sentinel_switches_while_it_dials)
{
	static const struct peer_row slow[] = { ON_FIRST(1, "SENTINEL",
						    PEER_LATE("20") ONE),
		ON("SENTINEL", TWO), DO("SUBSCRIBE", subscriber_acknowledges),
		NO_MORE };

	sentinels[0].peer.rows = slow;
	start(URL);
	ck_assert(!is_up());
	publish(&sentinels[0], SWITCHED);
	ck_assert(is_up());
	ck_assert_uint_eq(here.server.accepted, 1);
	ck_assert_uint_eq(other.accepted, 1);
	ck_assert_uint_eq(sentinels[1].peer.accepted, 0);
}

static const struct peer_row slow_rows[] = { ON("SENTINEL",
						 PEER_LATE("100") ONE),
	DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE };

/* The program may want another attempt before the answer to the first one. */
TEST(redis_sentinel_is_asked_twice)
{
	sentinels[0].peer.rows = slow_rows;
	start(URL_ONE);
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 400);
	ck_assert(is_up());
	ck_assert_ptr_null(strstr(failures, "connect "));
	ck_assert_uint_eq(sentinels[0].peer.accepted, 1);
	ck_assert_uint_eq(here.server.accepted, 1);
}

/* In RESP2 the subscription has a connection of its own. */
TEST(redis_sentinel_of_old)
{
	static const struct peer_row old[] = {
		ON("HELLO", "-ERR unknown command 'HELLO'\r\n"),
		DO("SENTINEL", answer),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE
	};

	sentinels[0].peer.rows = old;
	sentinels[0].peer.arg = &here;
	start(URL_ONE);
	sim_run_ms(here.world, 100);
	ck_assert(is_up());
	ck_assert_uint_eq(stay_loop_live(here.loop), 3);
	all_say(TWO);
	publish(&sentinels[0],
	    MESSAGE2("+switch-master", "it 10.0.0.1 6379 10.0.0.2 6380"));
	ck_assert_uint_eq(other.accepted, 1);
	ck_assert(is_up());
}

/* ---- it ends, and changes ---- */

static size_t live_at_the_end;

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)reason;
	live_at_the_end = stay_loop_live(stay_conn_loop(conn));
	here.redis = NULL;
}

/* At any moment: the client that asks is gone before the one that is asked for. */
TEST_ROWS(redis_sentinel_stops_at_any_moment, 80)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .on_closed = on_closed } };

	live_at_the_end = 0;
	if (_i % 2 == 1)
		all_say(NOBODY);
	ck_assert_int_eq(
	    stay_redis_start(&here.redis, here.loop, URL, &options), STAY_OK);
	submit();
	for (int i = 0; i < _i / 2; i++)
		sim_step(here.world);
	stay_redis_stop(here.redis);
	ck_assert(sim_run(here.world, 2000));
	ck_assert_uint_eq(live_at_the_end, 1);
	ck_assert_uint_eq(strlen(told) > 0, 1);
}

/* With the loop, whichever of the two comes first. */
TEST_ROWS(redis_sentinel_stops_with_the_loop, 2)
{
	if (_i == 1)
		all_say(NULL);
	start(URL);
	stay_loop_stop(here.loop, STAY_OK);
	here.redis = NULL;
	ck_assert(sim_run(here.world, 3000));
	ck_assert_uint_eq(stay_loop_live(here.loop), 0);
}

/* One that hangs holds up nobody for long. */
TEST(redis_sentinel_stops_though_it_hangs)
{
	all_say(NULL);
	start(URL_ONE);
	stay_redis_stop(here.redis);
	here.redis = NULL;
	ck_assert(sim_run(here.world, 150));
}

/* Nor does a switch begin anything anew. */
TEST_ROWS(redis_sentinel_switches_at_the_end, 2)
{
	start_with_one_in_flight();
	if (_i == 0)
		stay_redis_stop(here.redis);
	else
		stay_redis_drain(here.redis, 5000);
	here.redis = NULL;
	all_say(TWO);
	publish(&sentinels[0], SWITCHED);
	ck_assert(sim_run(here.world, 3000));
	/* at the goodbye of a stop this server hangs up */
	ck_assert_str_eq(told, _i == 0 ? "maybe executed;" : "replied;");
	ck_assert_uint_eq(stay_loop_live(here.loop), 0);
	ck_assert_uint_eq(other.accepted, 0);
}

/* Calls that wait are answered first, wherever they have to wait for. */
TEST(redis_sentinel_drains)
{
	sentinels[0].says = NOBODY;
	start(URL);
	submit();
	stay_redis_drain(here.redis, 5000);
	here.redis = NULL;
	ck_assert(sim_run(here.world, 3000));
	ck_assert_str_eq(told, "replied;");
}

static void
change(const char *url)
{
	ck_assert_int_eq(
	    stay_redis_reconfigure(here.redis, url, NULL), STAY_OK);
	sim_run_ms(here.world, 1000);
	ck_assert(is_up());
}

/* To other Sentinels, to none, and back. */
TEST(redis_sentinel_is_changed)
{
	start(URL_ONE);
	change("redis+sentinel://10.0.1.2/it");
	ck_assert_uint_eq(sentinels[1].peer.accepted, 1);
	ck_assert_uint_eq(stay_loop_live(here.loop), 2);
	ck_assert_ptr_null(strstr(failures, "connect "));
	peer_do(here.server.ends, 0, PEER_RESET);
	sim_run_ms(here.world, 200);
	ck_assert_uint_eq(sentinels[1].peer.accepted, 1);
	change("redis://10.0.0.2:6380");
	ck_assert_uint_eq(other.accepted, 1);
	ck_assert_uint_eq(stay_loop_live(here.loop), 1);
	change(URL_ONE);
	ck_assert_uint_eq(sentinels[0].peer.accepted, 2);
	ck_assert_uint_eq(stay_loop_live(here.loop), 2);
}

/* While one is being asked. */
TEST(redis_sentinel_is_changed_at_any_moment)
{
	all_say(NULL);
	start(URL_ONE);
	change("redis://10.0.0.2:6380");
	ck_assert_uint_eq(stay_loop_live(here.loop), 1);
}

/* The answer of the old one is of the past. */
TEST(redis_sentinel_is_changed_while_the_next_is_asked)
{
	all_say(NULL);
	sentinels[1].peer.rows = slow_rows;
	start(URL_ONE);
	change("redis+sentinel://10.0.1.2/it");
	ck_assert_ptr_null(strstr(failures, "connect "));
}

/* A bad one is refused, and changes nothing. */
TEST(redis_sentinel_is_not_changed)
{
	start(URL_ONE);
	ck_assert_int_eq(stay_redis_reconfigure(
			     here.redis, "redis+sentinel://10.0.1.1", NULL),
	    STAY_E_URL);
	ck_assert_ptr_nonnull(strstr(stay_loop_rejection(here.loop), "name"));
	sim_run_ms(here.world, 100);
	ck_assert(is_up());
	ck_assert_uint_eq(here.server.accepted, 1);
}

TEST(redis_sentinel_is_refused_at_start)
{
	ck_assert_int_eq(stay_redis_start(&here.redis, here.loop,
			     "redis+sentinel://10.0.1.1/it?role=any", NULL),
	    STAY_E_URL);
	ck_assert_ptr_null(here.redis);
	ck_assert_int_eq(stay_redis_start(&here.redis, here.loop,
			     "rediss+sentinel://10.0.1.1/it", NULL),
	    STAY_E_NO_TLS);
}

#define SECRETIVE                                                              \
	"redis+sentinel://:s3cr3t@10.0.1.1,10.0.1.2/it?sentinel_password="     \
	"s3cr3t"

/* Of a bad URL, too. What is sent to a server is not ours to wipe. */
TEST(redis_sentinel_leaves_no_secret_behind)
{
	struct stay_redis *none;

	sim_unlisten(here.world, "10.0.1.1", 26379);
	sim_unlisten(here.world, "10.0.1.2", 26379);
	secret_watch("s3cr3t");
	ck_assert_int_eq(
	    stay_redis_start(&none, here.loop, SECRETIVE "&db=x", NULL),
	    STAY_E_URL);
	start(SECRETIVE);
	ck_assert_int_eq(
	    stay_redis_reconfigure(here.redis, SECRETIVE "&db=1", NULL),
	    STAY_OK);
	sim_run_ms(here.world, 1000);
	stay_redis_stop(here.redis);
	here.redis = NULL;
	ck_assert(sim_run(here.world, 1000));
	ck_assert_uint_eq(secret_freed(), 0);
}

/* ---- all else that a client has ---- */

/* The program's own are of the front alone. */
TEST(redis_sentinel_with_subscriptions)
{
	here.server.rows = subscriber_rows;
	other.rows = subscriber_rows;
	start(URL);
	subscriber.redis = here.redis;
	subscriber.world = here.world;
	subscriber_told();
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	all_say(TWO);
	publish(&sentinels[0], SWITCHED);
	SUBSCRIBER_TELLS(500, "a lost E_RECONNECT;a restored;");
	peer_say(other.ends, MESSAGE("x", "1"));
	SUBSCRIBER_TELLS(10, "a 1;");
	stay_redis_stop(here.redis);
	SUBSCRIBER_TELLS(500, "a ended E_STOPPED;");
	subscriber.redis = here.redis = NULL;
}

/* Each connection of a pool asks by itself. */
TEST(redis_sentinel_with_a_pool)
{
	struct stay_pool *pool;
	const struct stay_pool_options two = { STAY_POOL_OPTIONS,
		.connections_min = 2 };

	ck_assert_int_eq(
	    stay_redis_pool_start(&pool, here.loop, URL, NULL, &two), STAY_OK);
	sim_run_ms(here.world, 100);
	ck_assert_uint_eq(here.server.accepted, 2);
	ck_assert_int_eq(
	    stay_redis_pool_reconfigure(pool, URL_ONE, NULL, &two), STAY_OK);
	sim_run_ms(here.world, 1000);
	ck_assert_uint_eq(sentinels[0].peer.accepted, 4);
	stay_pool_stop(pool, STAY_OK);
}

/* ---- without memory ---- */

/* Whichever allocation fails: it is found all the same, a little later. */
TEST_ROWS(promise_9_redis_sentinel_without_memory, 2)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		if (_i == 1)
			all_say(NOBODY);
		sentinels[2].says = ONE;
		ck_assert_int_eq(
		    stay_redis_start(&here.redis, here.loop, URL, NULL),
		    STAY_OK);
		scarce_arm(nth);
		sim_run_ms(here.world, 600);
		failed = scarce_disarm();
		sim_run_ms(here.world, 3000);
		ck_assert_msg(is_up(), "%u: %s", nth, failure());
		end();
		begin();
	}
}

TEST_SUITE_WITH(redis_sentinel, .before = begin, .after = end)
