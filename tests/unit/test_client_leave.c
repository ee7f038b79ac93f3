/* The server goes away: the session is left in time, for the place that it names. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"
#include "support/toy_filter.h"

#define THERE     "10.0.0.3"
/* A session that is left sooner is followed by a backoff. */
#define STABLE_MS 5001
#define GOES      "note the server goes away, and names another place;"
#define REFUSED(why)                                                           \
	"leave E_URL;note the server goes away, and the place it names is "    \
	"refused: " why ";"

static struct line_rig rig;
static struct peer there; /* another server */
static struct sim_peer *their_end;

static void
on_accept(struct peer_end *end)
{
	their_end = end->wire;
}

static void
prepare(void)
{
	line_prepare(&rig);
	there = (struct peer){ .usual = rig.server.usual,
		.reads = peer_reads_lines,
		.on_accept = on_accept };
	peer_listen(&there, rig.world, THERE, 7777);
}

static void
begin(const struct stay_client_options *options)
{
	prepare();
	line_start(&rig, options);
	line_run(&rig, STABLE_MS);
	(void)line_told(&rig);
}

/* What the server says, in a frame that is for nobody. */
static void
says(const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "#leave %s\n", text);
	sim_peer_print(rig.peer, line);
	line_run(&rig, 1);
}

static bool
explains(const char *words)
{
	char text[512];

	stay_conn_explain(stay_client_conn(rig.client), text, sizeof(text));
	return strstr(text, words) != NULL;
}

static const struct stay_url *
url(void)
{
	return stay_session_url(stay_client_session(rig.client));
}

/* ---- the place ---- */

static const struct {
	const char *url;
	const char *place;
	const char *told;
} places[] = {
	{ LINE_URL, "10.0.0.3:7777", GOES },
	{ LINE_URL, "10.0.0.3", GOES },
	{ LINE_URL, "line://10.0.0.3:7777", GOES },
	{ LINE_URL, "line://10.0.0.3/", GOES },
	{ "tcp://10.0.0.1:7777", "tcp://10.0.0.3:7777", GOES },
	{ "tcp://10.0.0.1:7777", "line://10.0.0.3", GOES },
	{ LINE_URL, "tcp://10.0.0.3:7777",
	    REFUSED("it is of another protocol") },
	{ LINE_URL, "lineX://10.0.0.3", REFUSED("it is of another protocol") },
	{ LINE_URL, "liness://10.0.0.3", REFUSED("it is of another protocol") },
	{ LINE_URL, "line+unix:///run/x",
	    REFUSED("it is of another protocol") },
	{ LINE_URL, "lines://10.0.0.3", REFUSED("it is no host and port") },
	{ LINE_URL, "line://a:b@10.0.0.3", REFUSED("it is no host and port") },
	{ LINE_URL, "10.0.0.3:7777/5", REFUSED("it is no host and port") },
	{ LINE_URL, "line://10.0.0.3/5", REFUSED("it is no host and port") },
	{ LINE_URL, "line://10.0.0.3//", REFUSED("it is no host and port") },
	{ LINE_URL, "10.0.0.3?cafile=x", REFUSED("it is no host and port") },
	{ LINE_URL, "10.0.0.3:77777", REFUSED("it is no host and port") },
	{ LINE_URL, "10.0.0.3 :7777", REFUSED("it is no host and port") },
	{ LINE_URL, "line://", REFUSED("it is no host and port") },
	{ LINE_URL, "/", REFUSED("it is no host and port") },
	{ LINE_URL, "\xff", REFUSED("it is no host and port") },
};

/* One that is refused is no reason to stay. */
TEST_ROWS(leave_for_no_place_but_a_host, LEN(places))
{
	char line[128];

	prepare();
	rig.url = places[_i].url;
	line_start(&rig, NULL);
	line_run(&rig, STABLE_MS);
	(void)line_told(&rig);
	snprintf(line, sizeof(line), "%s 0", places[_i].place);
	says(line);
	ck_assert_int_eq(
	    strncmp(line_told(&rig), places[_i].told, strlen(places[_i].told)),
	    0);
	ck_assert_str_eq(stay_loop_rejection(rig.loop), "");
	line_run(&rig, 100);
	ck_assert_uint_eq(there.accepted, places[_i].told[0] == 'n');
	ck_assert_uint_eq(rig.server.accepted, 1 + (places[_i].told[0] != 'n'));
}

static enum stay_status
leave_for(const char *place, size_t len)
{
	return stay_session_leave(
	    stay_client_session(rig.client), place, len, 60000);
}

/* Any bytes of a length are the peer's to send. */
TEST(leave_reads_no_further_than_the_words_go)
{
	char words[400];

	begin(NULL);
	EXPECT_OK(leave_for("10.0.0.3:7777/5", 13));
	ck_assert_int_eq(leave_for("10.0.0.3\0:7777", 14), STAY_E_URL);
	ck_assert_int_eq(leave_for("", 0), STAY_E_URL);
	memset(words, 'x', sizeof(words));
	EXPECT_OK(leave_for(words, 319));
	ck_assert_int_eq(leave_for(words, 320), STAY_E_URL);
	ck_assert_int_eq(leave_for(words, sizeof(words)), STAY_E_URL);
	says("10.0.0.3:7777 0");
	EXPECT_IN(line_told(&rig), GOES);
}

TEST(leave_keeps_login_path_and_query)
{
	prepare();
	rig.url = "line://me:p%40ss@10.0.0.1:7777/5?key=value";
	line_start(&rig, NULL);
	line_run(&rig, STABLE_MS);
	says("10.0.0.3 0");
	line_run(&rig, 10);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_str_eq(url()->host, THERE);
	ck_assert_str_eq(url()->port, "");
	ck_assert_str_eq(url()->user, "me");
	ck_assert_str_eq(url()->password, "p@ss");
	ck_assert_str_eq(url()->path, "/5");
	ck_assert_str_eq(url()->query, "key=value");
}

static const struct {
	const char *url;
	const char *place;
	const char *scheme; /* of the next session */
	const char *told;
} secrets[] = {
	{ "lines://10.0.0.1", "10.0.0.3", "lines", GOES },
	{ "lines://10.0.0.1", "lines://10.0.0.3", "lines", GOES },
	{ "lines://10.0.0.1", "line://10.0.0.3", "lines",
	    REFUSED("it is less secure than this session") },
	{ "line://10.0.0.1", "lines://10.0.0.3", "lines", GOES },
};

static struct toy_terms terms;

TEST_ROWS(leave_for_no_place_that_is_less_secure, LEN(secrets))
{
	bool was_secure = secrets[_i].url[4] == 's';
	struct toy_filter toy;

	prepare();
	toy_filter_init(&toy);
	rig.server.toy = was_secure ? &terms : NULL;
	there.toy = &terms;
	rig.url = secrets[_i].url;
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	(void)line_told(&rig);
	ck_assert_int_eq(stay_session_leave(stay_client_session(rig.client),
			     secrets[_i].place, strlen(secrets[_i].place), 0),
	    secrets[_i].told[0] == 'n' ? STAY_OK : STAY_E_URL);
	line_run(&rig, 100);
	ck_assert_str_eq(url()->scheme, secrets[_i].scheme);
	ck_assert_uint_eq(there.accepted, secrets[_i].told[0] == 'n');
	line_end(&rig);
}

TEST(leave_of_a_session_without_a_host_goes_nowhere_else)
{
	prepare();
	peer_listen(&rig.server, rig.world, "/run/line.sock", 0);
	rig.url = "line+unix:///run/line.sock";
	line_start(&rig, NULL);
	line_run(&rig, STABLE_MS);
	(void)line_told(&rig);
	says("10.0.0.3:7777 1000");
	ck_assert_str_eq(line_told(&rig), REFUSED("this session has no host"));
}

/* ---- when ---- */

/* Calls flow until then, and nothing is lost. */
TEST(leave_is_the_planned_change)
{
	begin(NULL);
	says("10.0.0.3:7777 1000");
	line_call(&rig, "a", LINE("x"));
	LINE_TELLS(&rig, 500, GOES);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	line_call(&rig, "b", LINE("say +b"));
	LINE_TELLS(&rig, 1000, "");
	sim_peer_print(rig.peer, "+a\n");
	LINE_TELLS(&rig, 10,
	    "a OK/replied +a;down E_RECONNECT;hello -;up;b OK/replied +b;");
	ck_assert_str_eq(line_got(&rig), "x;");
	ck_assert_uint_eq(there.accepted, 1);
}

/* A server that goes away now looks at nothing more that comes. */
TEST(leave_now_sends_no_call_behind_it)
{
	begin(OPTIONS(.inflight_calls_max = 1));
	line_call(&rig, "a", LINE("a"));
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 1);
	LINE_HEARS(&rig, "#leave - 0\n+a\n",
	    "a OK/replied +a;note the server goes away;"
	    "down E_RECONNECT;hello -;up;");
	ck_assert_str_eq(line_got(&rig), "a;|b;");
	LINE_HEARS(&rig, "+b\n", "b OK/replied +b;");
}

/* In the first half of the time, each at another moment. */
TEST(leave_is_at_a_moment_of_its_own)
{
	uint64_t at, least = 1000, most = 0;

	begin(OPTIONS(.backoff = { .stable_ms = 1 }));
	for (unsigned i = 1; i <= 20; i++) {
		line_run(&rig, 10);
		says("- 1000");
		for (at = 1; rig.server.accepted == i; at++)
			line_run(&rig, 1);
		least = at < least ? at : least;
		most = at > most ? at : most;
	}
	ck_assert_uint_le(most, 503);
	ck_assert_uint_ge(most, 400);
	ck_assert_uint_le(least, 100);
}

TEST(leave_in_a_very_long_time_is_hardly_ever)
{
	begin(NULL);
	EXPECT_OK(stay_session_leave(
	    stay_client_session(rig.client), NULL, 0, STAY_FOREVER));
	line_run(&rig, 100000);
	ck_assert_uint_eq(rig.server.accepted, 1);
}

/* The earliest moment counts, and the last good place. */
TEST(leave_may_be_said_again)
{
	begin(NULL);
	says("10.0.0.9:7777 1000");
	says("10.0.0.3:7777 100000000");
	says("10.0.0.9/ 100000000");
	says("- 100000000");
	line_run(&rig, 600);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_str_eq(url()->host, THERE);
}

/* So does a session that is old enough. */
TEST(leave_is_not_later_than_without)
{
	begin(OPTIONS(.max_age_ms = 10000));
	says("10.0.0.3:7777 100000000");
	line_run(&rig, 5000);
	ck_assert_uint_eq(there.accepted, 1);
}

TEST(leave_is_for_a_session_that_is_up)
{
	struct stay_session *session;

	begin(NULL);
	session = stay_client_session(rig.client);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 1);
	says("- 0");
	line_run(&rig, 5);
	ck_assert_int_eq(line_state(&rig), STAY_DISCONNECTING);
	ck_assert_int_eq(
	    stay_session_leave(session, THERE, 8, 0), STAY_E_STATE);
	sim_peer_print(rig.peer, "+a\n");
	line_run(&rig, 100);
	ck_assert_uint_eq(there.accepted, 0);
}

/* A server that goes as soon as it has come would keep us busy. */
TEST(leave_again_and_again_takes_longer_each_time)
{
	prepare();
	line_start(&rig, OPTIONS(.backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
				     .jitter = STAY_JITTER_NONE,
				     .initial_ms = 100,
				     .cap_ms = 10000 }));
	for (unsigned i = 0; i < 10000; i++) {
		if (line_state(&rig) == STAY_CONNECTED)
			says("- 0");
		else
			line_run(&rig, 1);
	}
	ck_assert_uint_ge(rig.server.accepted, 5);
	ck_assert_uint_le(rig.server.accepted, 8);
}

/* It is of that session alone. */
TEST(leave_is_forgotten_with_the_session)
{
	begin(NULL);
	says("- 0");
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 2);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 3);
}

/* ---- what comes in between ---- */

/* The place is known then all the same. */
TEST(leave_is_remembered_when_the_session_is_lost)
{
	begin(NULL);
	says("10.0.0.3:7777 100000");
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_uint_eq(rig.server.accepted, 1);
}

/* It is dialled once, and its failure is none of the client's own places. */
TEST(leave_for_a_dead_place_comes_back)
{
	begin(OPTIONS(.backoff = { .kind = STAY_BACKOFF_CONSTANT,
			  .jitter = STAY_JITTER_NONE,
			  .initial_ms = 100,
			  .stable_ms = 1,
			  .attempts_max = 1 }));
	sim_unlisten(rig.world, THERE, 7777);
	says("10.0.0.3:7777 0");
	line_run(&rig, 90);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert(explains("at line://" THERE));
	line_run(&rig, 20);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 5);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert(!explains(" at "));
	ck_assert_uint_eq(rig.server.accepted, 2);
}

static const struct peer_row denies[] = { ON("hi", "-no\n"), NO_MORE };

TEST(leave_for_a_place_that_denies_is_not_fatal)
{
	prepare();
	there.rows = denies;
	rig.config.hello = "hi";
	line_start(&rig, OPTIONS(.on_fatal = STAY_FATAL_STOP));
	line_run(&rig, 5);
	sim_peer_print(rig.peer, "+hi\n");
	line_run(&rig, STABLE_MS);
	(void)line_told(&rig);
	says("10.0.0.3:7777 0");
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 1000);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_uint_eq(rig.server.accepted, 2);
	sim_peer_print(rig.peer, "+hi\n");
	line_run(&rig, 5);
	EXPECT_IN(line_told(&rig), "a OK/replied +a;");
}

static void
reset_there(void)
{
	sim_peer_reset(their_end);
}

static void
change(void)
{
	stay_client_reconnect(rig.client, STAY_OK);
}

static void
change_options(void)
{
	struct stay_client_options options;

	options.size = sizeof(options);
	stay_client_get_options(rig.client, &options);
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
}

static void (*const ends[])(void) = { reset_there, change, change_options };

/* When the session there is over, however, its place is no longer one. */
TEST_ROWS(leave_is_for_one_session, LEN(ends))
{
	begin(NULL);
	says("10.0.0.3:7777 0");
	line_run(&rig, 10);
	ck_assert_str_eq(url()->host, THERE);
	ends[_i]();
	line_run(&rig, 1000);
	ck_assert_str_eq(url()->host, LINE_HOST);
	ck_assert_uint_eq(there.accepted, 1);
}

/* The place that is left must be known till it is over: for the log, for on_down. */
static char down_at[64];

static void
on_down(struct stay_session *session)
{
	snprintf(
	    down_at, sizeof(down_at), "%s", stay_session_url(session)->host);
}

TEST(leave_from_one_place_to_the_next)
{
	struct peer last = { .reads = peer_reads_lines };

	prepare();
	peer_listen(&last, rig.world, "10.0.0.4", 7777);
	rig.config.on_down = on_down;
	line_start(&rig, NULL);
	line_run(&rig, STABLE_MS);
	EXPECT_OK(leave_for("10.0.0.3", 8));
	line_run(&rig, 30000);
	ck_assert_str_eq(down_at, LINE_HOST);
	EXPECT_OK(leave_for("10.0.0.5", 8));
	EXPECT_OK(leave_for("10.0.0.4", 8));
	ck_assert_str_eq(url()->host, THERE);
	line_run(&rig, 30000);
	ck_assert_str_eq(down_at, THERE);
	ck_assert_str_eq(url()->host, "10.0.0.4");
	ck_assert_uint_eq(last.accepted, 1);
	line_end(&rig);
}

TEST(leave_is_overridden_by_another_url)
{
	begin(NULL);
	sim_address_set(rig.world, "10.0.0.9", 7777, SIM_BLACK_HOLE, 0);
	says("10.0.0.9:7777 100000");
	EXPECT_OK(stay_client_reconfigure(rig.client, "line://" THERE, NULL));
	line_run(&rig, 100);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_str_eq(url()->host, THERE);
}

static unsigned asked;

static void
endpoints(void *arg, struct stay_client *client)
{
	(void)arg;
	asked++;
	EXPECT_OK(stay_client_endpoints(client, NULL));
}

/* Who asked for the places is not asked for the one that the server has named; and
 * what fails there is not held against them. */
TEST(leave_does_not_ask_for_places)
{
	static const char *const urls[] = { "line://10.0.0.8:7777", NULL };

	asked = 0;
	begin(OPTIONS(.endpoints = endpoints, .urls = urls));
	ck_assert_uint_eq(asked, 1);
	says("10.0.0.3:7777 0");
	line_run(&rig, 10);
	ck_assert_uint_eq(there.accepted, 1);
	ck_assert_uint_eq(asked, 1);
	sim_peer_reset(their_end);
	line_run(&rig, 1000);
	ck_assert_uint_eq(asked, 2);
	ck_assert_str_eq(url()->host, LINE_HOST);
	says("- 0");
	line_run(&rig, 1000);
	ck_assert_uint_eq(asked, 3);
}

TEST(leave_and_stop)
{
	begin(NULL);
	says("10.0.0.3:7777 1000");
	stay_client_stop(rig.client, STAY_OK);
	LINE_TELLS(&rig, 2000, GOES "down E_STOPPED;closed OK;");
	ck_assert_uint_eq(there.accepted, 0);
}

/* The session is left all the same, for the place that was known before. */
TEST(leave_without_memory)
{
	enum stay_status status = STAY_E_NOMEM;
	unsigned nth;

	begin(NULL);
	EXPECT_OK(leave_for("10.0.0.3:7777", 13));
	for (nth = 1; status == STAY_E_NOMEM; nth++) {
		scarce_arm(nth);
		status = leave_for("10.0.0.3:7777", 13);
		(void)scarce_disarm();
	}
	ck_assert_uint_ge(nth, 5);
	EXPECT_OK(status);
	line_run(&rig, 30000);
	ck_assert_uint_eq(there.accepted, 1);
}

TEST_SUITE_WITH(client_leave, .after = line_after)
