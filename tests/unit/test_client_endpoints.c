/*
 * Several places to dial: which is next, how long each rests, and the callback that
 * names them.
 */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"
#include "support/toy_filter.h"

#define A "line://10.0.0.7:7777"
#define B LINE_URL
#define C "line://10.0.0.3:7777"

static struct line_rig rig;
static struct peer other; /* at C, which denies who says hello */
static char failures[4096];
static unsigned failed;

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	failed++;
	strncat(failures, text, sizeof(failures) - strlen(failures) - 1);
}

static const struct peer_row denies[] = { ON("hi", "-no\n"), NO_MORE };

static void
prepare(void)
{
	line_prepare(&rig);
	rig.observer.on_failure = on_failure;
	failures[0] = '\0';
	failed = 0;
	rig.url = A;
	other = (struct peer){ .rows = denies, .reads = peer_reads_lines };
	peer_listen(&other, rig.world, "10.0.0.3", 7777);
}

/* ---- the list ---- */

/* The next place comes after the first delay, not after the place's own; the log says
 * which place it was, and so does the connection. */
TEST(endpoints_the_next_place_is_dialled_soon)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	line_start(&rig, OPTIONS(.urls = urls));
	line_run(&rig, 1);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	line_run(&rig, 50);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	ck_assert_str_eq(line_told(&rig), "init 10.0.0.7;hello -;up;");
	EXPECT_IN(failures,
	    "connect line://10.0.0.7:7777: at line://10.0.0.7:7777: ");
	EXPECT_IN(line_explained(&rig), "10.0.0.1:7777");
}

/* A dead place is not asked more often because another one is there. */
TEST(endpoints_each_place_has_a_backoff_of_its_own)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig,
	    OPTIONS(.urls = urls, .backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
				      .jitter = STAY_JITTER_NONE,
				      .initial_ms = 100,
				      .cap_ms = 1600 }));
	line_run(&rig, 20);
	EXPECT_IN(line_explained(&rig), "backing off");
	line_run(&rig, 10000);
	/* Each after 100, 200, 400, 800 and then every 1600 ms. */
	ck_assert_uint_ge(failed, 18);
	ck_assert_uint_le(failed, 22);
	EXPECT_IN(failures, ": at " A ": ");
	EXPECT_IN(failures, ": at " B ": ");
}

/* Whoever has lost one place leaves the next its first delay, although its rest may
 * end sooner. */
TEST(endpoints_nobody_hurries_to_the_next_place)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	line_start(&rig,
	    OPTIONS(.urls = urls, .backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
				      .jitter = STAY_JITTER_NONE,
				      .initial_ms = 100,
				      .cap_ms = 1600 }));
	for (int i = 0; i < 200; i++) {
		line_run(&rig, 30);
		if (line_state(&rig) != STAY_CONNECTED)
			continue;
		sim_peer_reset(rig.peer);
		line_run(&rig, 1);
		ck_assert_uint_ge(line_due_ms(&rig), 99);
	}
}

/* What has just failed comes after what has not, and a planned change goes back to the
 * place that is preferred. */
TEST(endpoints_the_preferred_place_is_taken_at_the_next_change)
{
	static const char *const urls[] = { A, NULL };
	struct peer late;

	prepare();
	rig.url = B;
	late = (struct peer){ .usual = rig.server.usual,
		.reads = peer_reads_lines };
	peer_listen(&late, rig.world, "10.0.0.7", 7777);
	sim_limits_set(rig.world, LIMITS(.latency_ms = 1));
	line_start(&rig, OPTIONS(.urls = urls));
	line_run(&rig, 20);
	ck_assert_uint_eq(rig.server.accepted, 1);
	sim_peer_reset(rig.peer);
	line_run(&rig, 100);
	ck_assert_uint_eq(late.accepted, 1);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	line_run(&rig, 10000);
	ck_assert_uint_eq(rig.server.accepted, 1);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 100);
	ck_assert_uint_eq(rig.server.accepted, 2);
	ck_assert_uint_eq(late.accepted, 1);
	line_end(&rig);
}

/* A fatal failure at one place is no reason to fail calls that another may answer. */
TEST(endpoints_only_a_denial_everywhere_is_fatal)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	rig.url = C;
	rig.config.hello = "hi";
	line_start(&rig, OPTIONS(.urls = urls, .on_fatal = STAY_FATAL_STOP,
			     .fatal_backoff_ms = 1000));
	line_call(&rig, "a", LINE("say +1"));
	line_run(&rig, 60);
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.3;hello -;hello -no;down E_DENIED;hello -;");
	sim_peer_print(rig.peer, "+hi\n");
	LINE_TELLS(&rig, 5, "hello +hi;up;a OK/replied +1;");
	sim_peer_reset(rig.peer);
	/* Not even both in turns: this one has come up since. */
	line_run(&rig, 200);
	ck_assert_int_ne(line_state(&rig), STAY_STOPPED);
	line_told(&rig);
	line_call(&rig, "b", LINE("x"));
	sim_peer_print(rig.peer, "-no\n");
	LINE_TELLS(&rig, 1000,
	    "hello -no;down E_DENIED;b E_DENIED/not sent;closed E_DENIED;");
}

/* A place that has denied once may fail in another way since. */
TEST(endpoints_that_fail_otherwise_deny_no_more)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	rig.url = C;
	rig.config.hello = "hi";
	line_start(&rig, OPTIONS(.urls = urls, .on_fatal = STAY_FATAL_STOP,
			     .fatal_backoff_ms = 100,
			     .backoff = stay_backoff_constant(100)));
	line_run(&rig, 110);
	sim_unlisten(rig.world, "10.0.0.3", 7777);
	sim_peer_reset(rig.peer);
	line_run(&rig, 210);
	EXPECT_IN(failures, "10.0.0.3:7777 refused");
	line_told(&rig);
	LINE_HEARS(&rig, "-no\n", "hello -no;down E_DENIED;");
}

/* With STAY_FATAL_RETRY calls are rejected until the next attempt at any place. */
TEST(endpoints_all_deny_and_heal)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	rig.url = C;
	rig.config.hello = "hi";
	line_start(&rig, OPTIONS(.urls = urls, .fatal_backoff_ms = 1000));
	line_run(&rig, 60);
	sim_peer_print(rig.peer, "-no\n");
	line_run(&rig, 1);
	ck_assert_int_eq(line_try(&rig, "a", LINE("x")), STAY_E_DENIED);
	line_run(&rig, 1000);
	ck_assert_uint_ge(other.accepted, 2);
	ck_assert_uint_eq(rig.server.accepted, 2);
	sim_peer_print(rig.peer, "+hi\n");
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* Each place has its attempts; when the last one is left, so is the client. */
TEST(endpoints_each_place_has_its_attempts)
{
	static const char *const urls[] = { "line://10.0.0.8:7777", NULL };

	prepare();
	line_start(
	    &rig, OPTIONS(.urls = urls, .backoff = { .attempts_max = 2 }));
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 4000);
	ck_assert_str_eq(line_told(&rig),
	    "init 10.0.0.7;a E_ATTEMPTS/not sent;closed E_ATTEMPTS;");
	ck_assert_uint_eq(failed, 6);
	EXPECT_IN(failures,
	    "no attempts are left: at line://10.0.0.8:7777: 10.0.0.8:7777 "
	    "refused");
}

static uint64_t
give_up(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	(void)policy;
	ck_assert_uint_eq(attempt, 1);
	ck_assert_uint_eq(elapsed_ms, 0);
	return STAY_FOREVER;
}

/* A policy that knows no delay leaves the next place the delay of the default. */
TEST(endpoints_the_next_place_does_not_wait_for_ever)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	line_start(&rig,
	    OPTIONS(.urls = urls,
		.backoff = { .kind = STAY_BACKOFF_CUSTOM, .delay = give_up }));
	line_run(&rig, 20);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	line_run(&rig, 50);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* Descriptors are dialled once; then the other places are left. */
TEST(endpoints_descriptors_are_used_once)
{
	static const char *const urls[] = { B, NULL };
	char url[32];

	prepare();
	snprintf(
	    url, sizeof(url), "fd:%d", peer_adopted(&rig.server, rig.world));
	rig.url = url;
	line_start(&rig, OPTIONS(.urls = urls));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	for (int i = 0; i < 3; i++) {
		sim_peer_reset(rig.peer);
		line_run(&rig, 200);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
		EXPECT_IN(line_explained(&rig), "10.0.0.1:7777");
	}
}

static const char *
adopted(void)
{
	static char url[32];

	snprintf(
	    url, sizeof(url), "fd:%d", peer_adopted(&rig.server, rig.world));
	return url;
}

/* They are not waited for either, however often the other place fails. */
TEST(endpoints_that_are_used_up_hurry_nobody)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	rig.url = adopted();
	line_start(&rig,
	    OPTIONS(.urls = urls, .backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
				      .jitter = STAY_JITTER_NONE,
				      .initial_ms = 100,
				      .cap_ms = 1600 }));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10000);
	ck_assert_uint_le(failed, 12);
}

/* Nor are they a place that has not denied. */
TEST(endpoints_that_are_used_up_are_no_hope)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	rig.config.hello = "hi";
	rig.url = adopted();
	line_start(&rig, OPTIONS(.urls = urls, .on_fatal = STAY_FATAL_STOP));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 60);
	line_told(&rig);
	LINE_HEARS(&rig, "-no\n", "hello -no;down E_DENIED;closed E_DENIED;");
}

/* When all are used up, nothing is left to be tried. */
TEST(endpoints_that_are_all_used_up_end_the_client)
{
	char second[32];
	const char *const urls[] = { second, NULL };

	prepare();
	snprintf(second, sizeof(second), "%s", adopted());
	rig.url = adopted();
	line_start(&rig, OPTIONS(.urls = urls));
	for (int i = 0; i < 2; i++) {
		line_run(&rig, 60);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
		line_told(&rig);
		line_call(&rig, "a", LINE("reset"));
		line_run(&rig, 1);
	}
	EXPECT_IN(line_told(&rig), "closed E_ATTEMPTS;");
}

static const struct {
	const char *urls[3];
	bool many;
	enum stay_status status;
} rejected[] = {
	{ { B, "line://:x", NULL }, false, STAY_E_URL },
	{ { "lines://10.0.0.1", NULL }, false, STAY_E_NO_TLS },
	{ { NULL }, true, STAY_E_TOO_BIG },
};

TEST_ROWS(endpoints_lists_that_are_rejected, (LEN(rejected)))
{
	const char *many[STAY_ENDPOINTS_MAX + 1] = { NULL };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	struct stay_client *client;

	line_begin(&rig, NULL);
	for (size_t i = 0; i < STAY_ENDPOINTS_MAX; i++)
		many[i] = A;
	options.config = &rig.config;
	options.urls = rejected[_i].many ? many : rejected[_i].urls;
	ck_assert_int_eq(stay_client_start(&client, rig.loop, rig.protocol,
			     LINE_URL, &options),
	    rejected[_i].status);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, LINE_URL, &options),
	    rejected[_i].status);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(rig.loop),
	    "urls are given without the url that they follow");
	line_end(&rig);
}

/* A place that is used up is no longer where the client goes. */
TEST(endpoints_descriptors_are_followed_by_others)
{
	char url[32];

	line_prepare(&rig);
	snprintf(
	    url, sizeof(url), "fd:%d", peer_adopted(&rig.server, rig.world));
	rig.url = url;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	EXPECT_OK(stay_client_reconfigure(rig.client, B, NULL));
	line_run(&rig, 200);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* A URL replaces all places; options alone leave them. */
TEST(endpoints_are_replaced_with_the_url)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	line_start(&rig, OPTIONS(.urls = urls));
	line_run(&rig, 1);
	EXPECT_OK(stay_client_reconfigure(
	    rig.client, NULL, OPTIONS(.config = &rig.config)));
	line_run(&rig, 200);
	ck_assert_uint_eq(rig.server.accepted, 1);
	EXPECT_OK(stay_client_reconfigure(rig.client, A, NULL));
	line_run(&rig, 10);
	failures[0] = '\0';
	line_run(&rig, 2000);
	ck_assert_ptr_null(strstr(failures, ": at "));
	ck_assert_uint_eq(rig.server.accepted, 1);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert_ptr_null(strstr(line_explained(&rig), ", at "));
	rig.released = true; /* its config was never the client's to release */
}

/* Other options hold for a place that is resting, too: for how long, and how often. */
static const struct {
	const char *urls[3];
	struct stay_backoff_policy before, after;
	bool rests_on;
} adapting[] = {
	{ { B }, { .kind = STAY_BACKOFF_EXPONENTIAL, .cap_ms = 100000 },
	    { .kind = STAY_BACKOFF_CONSTANT, .cap_ms = 300 }, false },
	{ { B }, { .kind = STAY_BACKOFF_EXPONENTIAL, .cap_ms = 100000 },
	    { .cap_ms = 300, .attempts_max = 2 }, false },
	{ { B }, { .initial_ms = 100000, .cap_ms = 100000 }, { 0 }, true },
	{ { B }, { .kind = STAY_BACKOFF_CONSTANT, .initial_ms = 300 },
	    { .cap_ms = 100000 }, false },
	{ { B, C }, { .attempts_max = 3 }, { .attempts_max = 0, .cap_ms = 300 },
	    false },
	{ { B, C }, { .attempts_max = 3 },
	    { .attempts_max = 100, .cap_ms = 300 }, false },
};

TEST_ROWS(endpoints_rest_as_the_new_options_say, LEN(adapting))
{
	prepare();
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig,
	    OPTIONS(.urls = adapting[_i].urls, .backoff = adapting[_i].before,
		.fatal_backoff_ms = 100000));
	line_run(&rig, 20000);
	failures[0] = '\0';
	sim_unlisten(rig.world, "10.0.0.3", 7777);
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL,
	    OPTIONS(.config = &rig.config, .backoff = adapting[_i].after,
		.fatal_backoff_ms = 300)));
	line_run(&rig, 1000);
	ck_assert_int_eq(
	    strstr(failures, ": at " A ": ") == NULL, adapting[_i].rests_on);
	EXPECT_IN(failures, ": at " B ": ");
	rig.released = true; /* its config was never the client's to release */
}

/* Nor is a place that denies dialled sooner than it would be after a denial. */
TEST(endpoints_that_deny_rest_as_long_as_after_a_denial)
{
	static const char *const urls[] = { B, NULL };

	prepare();
	rig.url = C;
	rig.config.hello = "hi";
	line_start(&rig, OPTIONS(.urls = urls, .fatal_backoff_ms = 100000));
	line_run(&rig, 60);
	sim_peer_print(rig.peer, "+hi\n");
	line_run(&rig, 10);
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL,
	    OPTIONS(.config = &rig.config, .backoff = { .cap_ms = 300 },
		.fatal_backoff_ms = 100000)));
	line_run(&rig, 10);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10000);
	ck_assert_uint_eq(other.accepted, 1);
	rig.released = true; /* its config was never the client's to release */
}

/* A place of the old list that has denied is no hope of the new one. */
TEST(endpoints_that_are_replaced_have_denied)
{
	static const char *const urls[] = { B, NULL };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &rig.config, .urls = urls,
		.on_fatal = STAY_FATAL_STOP };

	prepare();
	rig.url = C;
	rig.config.hello = "hi";
	line_start(&rig, &options);
	line_run(&rig, 10);
	EXPECT_OK(stay_client_reconfigure(rig.client, C, &options));
	line_run(&rig, 60);
	line_told(&rig);
	LINE_HEARS(&rig, "-no\n", "hello -no;down E_DENIED;closed E_DENIED;");
	rig.released = true; /* its config was never the client's to release */
}

/* A new list may have a place of the old one, which goes on resting. */
TEST(endpoints_that_are_replaced_go_on_resting)
{
	static const char *const before[] = { B, NULL };
	static const char *const after[] = { C, NULL };
	struct stay_client_options options = { .urls = before,
		.backoff = { .kind = STAY_BACKOFF_EXPONENTIAL,
		    .jitter = STAY_JITTER_NONE,
		    .initial_ms = 100,
		    .cap_ms = 100000 } };

	prepare();
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_unlisten(rig.world, "10.0.0.3", 7777);
	line_start(&rig, &options);
	line_run(&rig, 20000);
	failures[0] = '\0';
	options.size = sizeof(options);
	options.config = &rig.config;
	options.urls = after;
	EXPECT_OK(stay_client_reconfigure(rig.client, A, &options));
	line_run(&rig, 50);
	EXPECT_IN(failures, ": at " C ": ");
	ck_assert_ptr_null(strstr(failures, ": at " A ": "));
	rig.released = true; /* its config was never the client's to release */
}

static const char *const alike[][2] = {
	{ "line://10.0.0.7:7777", "line://10.0.0.8:7777" },
	{ "line://10.0.0.7:7777", "line://10.0.0.7:7778" },
	{ "line://10.0.0.7:7777", "lines://10.0.0.7:7777" },
	{ "unix:///a", "unix:///b" },
};

static struct stay_client_options
resting(void)
{
	static const char *const urls[] = { B, NULL };
	static struct toy_filter toy;

	toy_filter_init(&toy);
	return *OPTIONS(.config = &rig.config, .urls = urls,
	    .filter = &toy.filter, .backoff = stay_backoff_constant(1000));
}

static void
move_to(const char *url, const struct stay_client_options *options)
{
	line_run(&rig, 10);
	failures[0] = '\0';
	EXPECT_OK(stay_client_reconfigure(rig.client, url, options));
	line_run(&rig, 10);
	ck_assert_ptr_null(strstr(failures, ": at " B ": "));
	rig.released = true; /* its config was never the client's to release */
}

/* What has a new list for its first place has not failed yet. */
TEST_ROWS(endpoints_that_look_alike_are_not_the_same, LEN(alike))
{
	const struct stay_client_options options = resting();

	prepare();
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	rig.url = alike[_i][0];
	line_start(&rig, &options);
	move_to(alike[_i][1], &options);
	EXPECT_IN(failures, alike[_i][1]);
}

/* ---- the callback ---- */

static struct {
	unsigned asked;
	const char *answer; /* NULL: later */
	enum stay_status status;
	bool knows_none;
} directory;

static enum stay_status
name(const char *url)
{
	const char *const urls[] = { url, NULL };

	return stay_client_endpoints(rig.client, urls);
}

#define UNKNOWN "nobody knows where it is"

static void
endpoints(void *arg, struct stay_client *client)
{
	ck_assert_ptr_eq(arg, &rig);
	rig.client = client;
	directory.asked++;
	if (directory.knows_none) {
		EXPECT_OK(stay_client_no_endpoints(client, UNKNOWN));
		ck_assert_int_eq(
		    stay_client_no_endpoints(client, ""), STAY_E_STATE);
	}
	if (directory.answer == NULL)
		return;
	directory.status = name(directory.answer);
	ck_assert_int_eq(
	    name(B), directory.status == STAY_OK ? STAY_E_STATE : STAY_OK);
	ck_assert_str_eq(stay_loop_rejection(rig.loop), "");
}

static void
start_asking(const char *answer)
{
	prepare();
	memset(&directory, 0, sizeof(directory));
	directory.answer = answer;
	line_start(
	    &rig, OPTIONS(.endpoints = endpoints, .connect_budget_ms = 500));
}

TEST(endpoints_the_callback_answers_at_once)
{
	start_asking(B);
	LINE_TELLS(&rig, 10, "init 10.0.0.7;hello -;up;");
	ck_assert_uint_eq(directory.asked, 1);
	directory.answer = A;
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	ck_assert_uint_ge(directory.asked, 2);
	EXPECT_IN(failures, ": at " A ": ");
	directory.answer = B;
	line_run(&rig, 1000);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* A wrong answer is none; the callback may name another one. */
TEST(endpoints_a_wrong_answer_leaves_the_question)
{
	start_asking("line://:x");
	line_run(&rig, 10);
	ck_assert_int_eq(directory.status, STAY_E_URL);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

TEST(endpoints_the_callback_answers_later)
{
	start_asking(NULL);
	line_run(&rig, 300);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTING);
	EXPECT_IN(line_explained(&rig), "asking endpoints where to dial");
	EXPECT_OK(name(B));
	ck_assert_int_eq(name(B), STAY_E_STATE);
	LINE_TELLS(&rig, 10, "init 10.0.0.7;hello -;up;");
	ck_assert_int_eq(name(B), STAY_E_STATE);
}

/* No list: the places that are known. */
TEST(endpoints_the_callback_may_leave_them)
{
	start_asking(NULL);
	rig.url = A;
	ck_assert_int_eq(stay_client_endpoints(rig.client, NULL), STAY_E_STATE);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_endpoints(rig.client, NULL));
	line_run(&rig, 5);
	EXPECT_IN(failures, "10.0.0.7:7777 refused");
}

TEST(endpoints_a_callback_that_never_answers)
{
	start_asking(NULL);
	line_run(&rig, 499);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTING);
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	EXPECT_IN(failures, "endpoints has not said in time where to dial");
	ck_assert_int_eq(name(B), STAY_E_STATE);
	line_run(&rig, 100);
	ck_assert_uint_eq(directory.asked, 2);
	/* Given up while it is asked. */
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	ck_assert_uint_eq(directory.asked, 3);
	EXPECT_OK(name(B));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* It fails at once, with these words, and ever more slowly; a place that was named
 * before does not rest for it. */
TEST_ROWS(promise_13_endpoints_that_nobody_knows, 2)
{
	static const char *const more[] = { C, NULL };

	prepare();
	memset(&directory, 0, sizeof(directory));
	directory.knows_none = _i == 1;
	line_start(&rig, OPTIONS(.endpoints = endpoints, .urls = more,
			     .backoff = stay_backoff_exponential(100, 10000)));
	line_run(&rig, 1);
	if (_i == 0)
		EXPECT_OK(stay_client_no_endpoints(rig.client, UNKNOWN));
	line_run(&rig, 1);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	EXPECT_IN(failures, "connect " A ": " UNKNOWN "; attempt 1, next");
	ck_assert_int_eq(
	    stay_client_no_endpoints(rig.client, UNKNOWN), STAY_E_STATE);
	directory.knows_none = true;
	line_run(&rig, 1000);
	ck_assert_uint_ge(directory.asked, 3);
	ck_assert_uint_le(directory.asked, 5);
	directory.knows_none = false;
	directory.answer = B;
	line_run(&rig, 1000);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	/* and of the place where it was it says nothing */
	directory.answer = NULL;
	directory.knows_none = true;
	failures[0] = '\0';
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
	EXPECT_IN(failures, "connect " A ": " UNKNOWN "; attempt 1, next");
}

/* Words of any length, as far as there is memory for them. */
TEST(endpoints_that_nobody_knows_at_length)
{
	char words[300];
	enum stay_status status;

	memset(words, 'q', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	start_asking(NULL);
	line_run(&rig, 1);
	scarce_arm(1);
	status = stay_client_no_endpoints(rig.client, words);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status, STAY_E_NOMEM);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTING);
	EXPECT_OK(stay_client_no_endpoints(rig.client, words));
	line_run(&rig, 1);
	words[255] = '\0';
	EXPECT_IN(failures, words);
	ck_assert_ptr_null(strchr(strstr(failures, words) + 255, 'q'));
	/* They are of that one attempt. */
	line_run(&rig, 1000);
	EXPECT_OK(stay_client_endpoints(rig.client, NULL));
	line_run(&rig, 5);
	EXPECT_IN(failures, "10.0.0.7:7777 refused");
}

/* Asked again before the answer has had its turn: the new question stands. */
TEST(endpoints_an_answer_is_for_its_own_attempt)
{
	start_asking(NULL);
	line_run(&rig, 1);
	stay_client_reconnect(rig.client, STAY_OK);
	EXPECT_OK(name(A));
	line_run(&rig, 1);
	ck_assert_uint_eq(directory.asked, 2);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTING);
	ck_assert_str_eq(failures, "");
	EXPECT_OK(name(B));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* What has just failed rests as long as it has to, be that shorter than the first delay
 * of others. */
TEST(endpoints_a_place_alone_rests_no_longer)
{
	prepare();
	directory.answer = C;
	rig.config.hello = "hi";
	line_start(
	    &rig, OPTIONS(.endpoints = endpoints, .fatal_backoff_ms = 100,
		      .backoff = stay_backoff_constant(10000)));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	ck_assert_uint_le(line_due_ms(&rig), 100);
}

/* Who was named by the server need not be named by the program. */
TEST(endpoints_the_callback_is_not_asked_for_a_detour)
{
	start_asking(B);
	line_run(&rig, 10);
	EXPECT_OK(
	    stay_session_leave(stay_client_session(rig.client), C, 20, 0));
	line_run(&rig, 100);
	ck_assert_uint_eq(other.accepted, 1);
	ck_assert_uint_eq(directory.asked, 1);
}

/* What it has named can't be dialled again: it is asked for another place. */
TEST_ROWS(endpoints_the_callback_is_asked_when_descriptors_are_used_up, 2)
{
	char fds[2][32];
	const char *const urls[] = { fds[0], _i > 0 ? fds[1] : NULL, NULL };

	start_asking(NULL);
	line_run(&rig, 1);
	for (int i = 0; i <= _i; i++)
		snprintf(fds[i], sizeof(fds[i]), "fd:%d",
		    peer_adopted(&rig.server, rig.world));
	EXPECT_OK(stay_client_endpoints(rig.client, urls));
	for (int i = 0; i <= _i; i++) {
		line_run(&rig, 10);
		ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
		stay_client_reconnect(rig.client, STAY_OK);
		line_run(&rig, 300);
		if (i < _i)
			EXPECT_OK(stay_client_endpoints(rig.client, NULL));
	}
	EXPECT_OK(stay_client_endpoints(rig.client, NULL));
	line_run(&rig, 5);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	EXPECT_IN(failures, "the descriptors of the URL are used up");
	line_run(&rig, 300);
	EXPECT_OK(name(B));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
}

/* The backoff follows the place, whatever list names it. */
TEST(endpoints_a_place_that_is_named_again_keeps_its_backoff)
{
	start_asking(A);
	line_run(&rig, 4000);
	ck_assert_uint_lt(directory.asked, 60);
	ck_assert_uint_gt(directory.asked, 10);
}

/* Both have rested when the answer comes: the one that has just failed is second. */
TEST(endpoints_a_place_that_is_named_again_has_failed_before)
{
	static const char *const urls[] = { A, B, NULL };

	start_asking(NULL);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_endpoints(rig.client, NULL));
	line_run(&rig, 400);
	ck_assert_uint_eq(failed, 1);
	ck_assert_uint_eq(directory.asked, 2);
	EXPECT_OK(stay_client_endpoints(rig.client, urls));
	line_run(&rig, 10);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	ck_assert_uint_eq(failed, 1);
}

static void
dial_one_of(const char *first, const char *second)
{
	const char *const urls[] = { first, second, NULL };

	line_run(&rig, 100);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 10);
	EXPECT_OK(stay_client_endpoints(rig.client, urls));
	line_run(&rig, 10);
}

/* A place that has denied and then comes up neither rests nor denies. */
TEST(endpoints_a_place_that_has_come_up_has_not_failed)
{
	static const struct peer_row greets[] = { ON("hi", "+hi\n"), NO_MORE };

	prepare();
	memset(&directory, 0, sizeof(directory));
	rig.config.hello = "hi";
	line_start(
	    &rig, OPTIONS(.endpoints = endpoints, .fatal_backoff_ms = 100000));
	dial_one_of(C, NULL);
	ck_assert_int_eq(line_state(&rig), STAY_BACKING_OFF);
	other.rows = greets;
	dial_one_of(C, NULL);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	dial_one_of(C, A);
	ck_assert_int_eq(line_state(&rig), STAY_CONNECTED);
	ck_assert_uint_eq(other.accepted, 3);
	dial_one_of(B, C);
	sim_peer_print(rig.peer, "-no\n");
	line_run(&rig, 1);
	EXPECT_OK(line_try(&rig, "a", LINE("x")));
}

TEST_SUITE_WITH(client_endpoints, .after = line_after)
