/* A greeting that begins in clear and goes on through a filter: the toy. */
#include <string.h>

#include "line_rig.h"
#include "loop/loop.h"
#include "sim/world_sim.h"
#include "suites.h"
#include "support/scarce.h"
#include "support/toy_filter.h"

static struct line_rig rig;
static struct toy_filter toy;
static struct toy_terms terms;
static const struct peer_row *rows;

/* What hello does beside the usual; each test has its own. */
static struct {
	bool at_once; /* it does not wait for the server's word */
	bool twice;   /* it asks again in TLS */
	size_t lane;  /* bytes said in clear before */
	unsigned tick_ms;
} does;

static struct stay_protocol protocol;

static struct stay_hello
say(struct stay_session *session, const char *words)
{
	struct stay_buf *out = stay_session_control(session);

	for (size_t i = 0; i < does.lane; i++)
		if (stay_buf_puts(out, i % 64 < 63 ? "x" : "\n") != STAY_OK)
			return stay_hello_retry("no memory");
	if (stay_buf_puts(out, words) != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return stay_hello_retry("no memory");
	return stay_hello_wait();
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	bool secure = stay_session_is_secure(session);

	line_note(&rig.notes, "hello %s%s;",
	    frame == NULL ? "-" : (const char *)frame->reply,
	    secure ? " sealed" : "");
	if (does.tick_ms > 0 && !secure)
		EXPECT_OK(stay_session_tick_after(session, does.tick_ms));
	if (frame == NULL && secure && !does.twice)
		return say(session, "login\n");
	if (frame == NULL && !secure) {
		struct stay_hello said = say(session, "tls\n");

		return does.at_once ? stay_hello_secure() : said;
	}
	return frame == NULL || !secure ? stay_hello_secure() : stay_hello_up();
}

static const struct peer_row agrees[] = { ON("tls", "+yes\n" PEER_SECURES),
	ON("login", "+in\n"), NO_MORE };

static void
prepare(void)
{
	memset(&does, 0, sizeof(does));
	toy_filter_init(&toy);
	terms = (struct toy_terms){ .in_the_middle = true };
	line_prepare(&rig);
	protocol = line_protocol;
	protocol.hello = hello;
	rig.protocol = &protocol;
	rig.server.toy = &terms;
	rig.server.rows = rows = agrees;
}

static void
start(void)
{
	line_start(&rig, OPTIONS(.filter = &toy.filter));
}

/* Everybody has let go of it. */
static void
end(void)
{
	line_after();
	ck_assert_uint_eq(toy.held, 0);
	ck_assert_uint_eq(toy.opened, toy.closed);
}

#define GREETED "hello -;hello +yes;hello - sealed;hello +in sealed;up;"

static struct stay_filter_ops ops;

/* Whatever it has for a URL; also if that is nothing. */
TEST_ROWS(client_secure_goes_on_through_the_filter, 2)
{
	prepare();
	ops = *toy.filter.ops;
	if (_i == 1)
		ops.adapt = NULL;
	toy.filter.ops = &ops;
	start();
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(&rig, 50, "init 10.0.0.1;" GREETED "a OK/replied +a;");
	ck_assert_str_eq(line_got(&rig), "tls;login;say +a;");
	ck_assert_str_eq(toy.last_peer, "10.0.0.1");
	ck_assert_uint_eq(terms.ended, 0);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
	ck_assert_uint_eq(terms.ended, 1);
}

/* The next stream begins in clear again, with the same filter. */
TEST(client_secure_begins_in_clear_each_time)
{
	prepare();
	start();
	line_run(&rig, 50);
	(void)line_told(&rig);
	for (unsigned i = 2; i < 5; i++) {
		sim_peer_reset(rig.peer);
		LINE_TELLS(&rig, 1000, "down E_RESET;" GREETED);
		ck_assert_uint_eq(toy.opened, i);
		ck_assert_uint_eq(toy.closed, i - 1);
	}
}

static void
wait_inside(struct stay__task *task)
{
	(void)task;
	sim_run_ms(rig.world, 20);
}

/* At each step of the way a callback runs the loop around this one. What that tells of the
 * stream is not waited for once more. */
TEST_ROWS(client_secure_goes_on_behind_a_nested_wait, 20)
{
	struct stay__task task;

	prepare();
	stay__task_init(&task, wait_inside);
	start();
	for (int step = 0; step < _i; step++)
		(void)sim_step(rig.world);
	stay__loop_run_soon(rig.loop, &task);
	line_run(&rig, 100);
	ck_assert_msg(
	    strstr(line_told(&rig), "up;") != NULL, "%s", line_failure(&rig));
}

TEST(client_secure_serves_by_the_filter_of_the_loop)
{
	prepare();
	EXPECT_OK(stay_loop_set_filter(rig.loop, &toy.filter));
	line_start(&rig, NULL);
	LINE_TELLS(&rig, 50, "init 10.0.0.1;" GREETED);
}

/* ---- what goes wrong ---- */

static bool
yes(void *arg)
{
	(void)arg;
	return true;
}

#define IN_HELLO   "hello line://10.0.0.1:7777: "
#define IN_CONNECT "connect line://10.0.0.1:7777: 10.0.0.1:7777"

static const struct peer_row says_more[] = {
	ON("tls", "+yes\n>more\n" PEER_SECURES), NO_MORE
};
static const struct peer_row says_half[] = { ON("tls", "+yes\n>"), NO_MORE };
static const struct peer_row has_none[] = { ON("tls", "+yes\n"),
	ON("toy", "what?\n"), NO_MORE };
static const struct peer_row hangs_up[] = { ON("tls", "+yes\n"),
	ON("toy", PEER_CLOSES), NO_MORE };
static const struct peer_row resets[] = { ON("tls", "+yes\n"),
	ON("toy", PEER_RESETS), NO_MORE };

static const struct failure {
	const struct peer_row *rows;
	bool refused; /* by the server's toy */
	enum stay_status refuses, rejects;
	bool twice;
	enum stay_status status;
	const char *says;
} failures[] = {
	{ says_more, .status = STAY_E_PROTOCOL,
	    .says = IN_HELLO "the peer sends more in clear where TLS was to "
			     "begin" },
	{ says_half, .status = STAY_E_PROTOCOL,
	    .says = IN_HELLO "the peer sends more in clear where TLS was to "
			     "begin" },
	{ agrees, .twice = true, .status = STAY_E_NOT_READY,
	    .says = IN_HELLO "hello asks for TLS, and the stream is secure "
			     "already" },
	{ agrees, .rejects = STAY_E_URL, .status = STAY_E_INSECURE,
	    .says = IN_HELLO "the toy does not like x=y" },
	{ agrees, .rejects = STAY_E_NOMEM, .status = STAY_E_NOMEM,
	    .says = IN_HELLO "the toy does not like x=y" },
	{ agrees, .refuses = STAY_E_INSECURE, .status = STAY_E_INSECURE,
	    .says = IN_CONNECT ": the toy will not" },
	{ agrees, .refused = true, .status = STAY_E_NOT_READY,
	    .says = IN_CONNECT ": the toy is refused" },
	{ has_none, .status = STAY_E_INSECURE,
	    .says = IN_CONNECT ": the peer has no toy" },
	{ hangs_up, .status = STAY_E_CLOSED,
	    .says = IN_CONNECT ": the toy was cut off" },
	{ resets, .status = STAY_E_RESET,
	    .says = IN_CONNECT " reset by the peer" },
};

/* Nothing that was to be sealed has left, and the next attempt does as well. */
TEST_ROWS(client_secure_that_fails_says_why, 10)
{
	const struct failure *row = &failures[_i];
	bool fatal = stay_status_class(row->status) == STAY_CLASS_FATAL;

	prepare();
	rig.url = LINE_URL "?x=y";
	rig.server.rows = rows = row->rows;
	toy.refuses = row->refuses;
	toy.rejects = row->rejects;
	terms.refuses = row->refused ? yes : NULL;
	does.twice = row->twice;
	start();
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 20);
	ck_assert_ptr_eq(
	    strstr(line_failure(&rig), row->says), line_failure(&rig));
	ck_assert_ptr_null(strstr(line_got(&rig), "login"));
	EXPECT_IN(rig.notes.text, "down E_");
	EXPECT_IN(
	    rig.notes.text, stay_status_name(row->status) + strlen("STAY_"));
	ck_assert_int_eq(
	    fatal, strstr(rig.notes.text, "a E_INSECURE/not sent") != NULL);
	rig.server.rows = agrees;
	terms.refuses = NULL;
	toy.refuses = toy.rejects = STAY_OK;
	does.twice = false;
	line_run(&rig, fatal ? 60000 : 2000);
	EXPECT_IN(line_told(&rig), GREETED);
}

static enum stay_status
reject_silently(struct stay_filter *filter, const struct stay_url *url,
    struct stay_filter **adapted, char *why, size_t len)
{
	(void)url;
	(void)why;
	(void)len;
	*adapted = filter;
	return STAY_E_URL;
}

/* Then the status has to say it; and it was not given away. */
TEST(client_secure_by_a_filter_without_words)
{
	prepare();
	ops = *toy.filter.ops;
	ops.adapt = reject_silently;
	toy.filter.ops = &ops;
	start();
	line_run(&rig, 20);
	EXPECT_IN(line_failure(&rig), IN_HELLO);
	EXPECT_IN(line_failure(&rig), stay_strerror(STAY_E_URL));
	line_told(&rig);
}

TEST(client_secure_without_a_filter_says_what_to_link)
{
	prepare();
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(&rig, 20,
	    "init 10.0.0.1;hello -;hello +yes;down E_INSECURE;"
	    "a E_INSECURE/not sent;");
	EXPECT_IN(line_failure(&rig),
	    "hello line://10.0.0.1:7777: the server asks for TLS, and there is "
	    "none: link libstay-tls and call stay_tls_add for the loop, or set "
	    "the option filter");
}

/* The scheme has secured it: that is enough. */
TEST(client_secure_by_its_scheme_is_not_secured_again)
{
	static const struct peer_row says[] = { ON("login", "+in\n"), NO_MORE };

	prepare();
	rig.url = "lines://10.0.0.1:7777";
	rig.server.rows = rows = says;
	terms.in_the_middle = false;
	start();
	LINE_TELLS(
	    &rig, 20, "init 10.0.0.1;hello - sealed;hello +in sealed;up;");
	does.twice = true;
	sim_peer_reset(rig.peer);
	line_run(&rig, 200);
	EXPECT_IN(
	    line_failure(&rig), "hello asks for TLS, and the stream is secure");
}

static struct stay_hello
secures(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return stay_hello_secure();
}

TEST(client_secure_is_no_word_of_on_up)
{
	prepare();
	rig.protocol = &line_protocol;
	rig.config.restore = secures;
	start();
	line_run(&rig, 20);
	EXPECT_IN(
	    line_failure(&rig), "on_up asks for TLS, which only hello may");
	ck_assert_uint_eq(toy.opened, 0);
}

/* ---- what was said in clear ---- */

static void
freezes(struct peer_end *peer_end)
{
	rig.peer = peer_end->wire;
	sim_peer_freeze(rig.peer, true);
}

static const struct peer_row secures_in_time[] = { ON("tls", PEER_SECURES),
	ON("login", "+in\n"), NO_MORE };

static void
prepare_blocked(void)
{
	const struct sim_limits limits = { .send_buffer = 100 };

	prepare();
	sim_limits_set(rig.world, &limits);
	rig.server.on_accept = freezes;
	rig.server.log = NULL;
	rig.server.rows = rows = secures_in_time;
	does.at_once = true;
	does.lane = 6400;
}

/* All of it, before the first word of the filter. */
TEST(client_secure_lets_the_lane_leave_first)
{
	prepare_blocked();
	start();
	LINE_TELLS(&rig, 100, "init 10.0.0.1;hello -;");
	ck_assert_uint_eq(toy.opened, 0);
	does.lane = 0;
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 100, "hello - sealed;hello +in sealed;up;");
	ck_assert_uint_eq(toy.opened, 1);
}

static struct stay_hello
fills_the_lane(struct stay_session *session, const struct stay_frame *frame)
{
	if (frame != NULL || stay_session_is_secure(session))
		return hello(session, frame);
	line_note(&rig.notes, "hello -;");
	does.lane = (size_t)1 << 20;
	(void)say(session, "tls\n");
	ck_assert_int_eq(stay_session_expect(session, 0), STAY_E_FULL);
	does.lane = 0;
	return stay_hello_secure();
}

/* That it has drained is no further word. */
TEST(client_secure_lets_a_full_lane_leave_first)
{
	prepare();
	rig.server.log = NULL;
	rig.server.rows = rows = secures_in_time;
	protocol.hello = fills_the_lane;
	start();
	LINE_TELLS(&rig, 1000,
	    "init 10.0.0.1;hello -;hello - sealed;hello +in sealed;up;");
}

/* Whatever comes meanwhile comes in clear. */
TEST(client_secure_hears_nothing_in_clear_meanwhile)
{
	prepare_blocked();
	start();
	line_run(&rig, 100);
	sim_peer_print(rig.peer, "+yes\n");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;down E_PROTOCOL;");
	EXPECT_IN(line_failure(&rig),
	    "the peer sends more in clear where TLS was to begin");
}

static void
tick(struct stay_session *session)
{
	struct stay_buf *out = stay_session_control(session);

	EXPECT_OK(stay_buf_puts(out, "early\n"));
	stay_later_free(stay_session_later(session, 0));
	line_note(&rig.notes, "%s;",
	    stay_status_name(stay_session_expect(session, 0)) + 5);
}

static unsigned
late(void *arg)
{
	(void)arg;
	return 200;
}

/* Neither before the filter begins nor while it is at it. */
TEST(client_secure_says_nothing_between_clear_and_sealed)
{
	prepare_blocked();
	does.tick_ms = 50;
	rig.config.on_tick = tick;
	start();
	LINE_TELLS(&rig, 100, "init 10.0.0.1;hello -;tick;E_STATE;");
	does.lane = 0;
	sim_peer_freeze(rig.peer, false);
	LINE_TELLS(&rig, 100, "hello - sealed;hello +in sealed;up;");
	end();
	prepare();
	does.tick_ms = 50;
	rig.config.on_tick = tick;
	terms.late_ms = late;
	start();
	LINE_TELLS(&rig, 100, "init 10.0.0.1;hello -;hello +yes;tick;E_STATE;");
	LINE_TELLS(&rig, 200, "hello - sealed;hello +in sealed;up;");
	ck_assert_str_eq(line_got(&rig), "tls;login;");
}

/* ---- in the midst of it ---- */

TEST(client_secure_uses_up_the_budget)
{
	prepare();
	terms.late_ms = late;
	line_start(
	    &rig, OPTIONS(.filter = &toy.filter, .connect_budget_ms = 150));
	line_run(&rig, 160);
	EXPECT_IN(line_failure(&rig),
	    "10.0.0.1:7777 open, but not secure after 150 ms");
	terms.late_ms = NULL;
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), GREETED);
}

/* Lost, stopped, changed while the filter is at it: 0 to 2. */
TEST_ROWS(client_secure_ends_in_the_midst, 3)
{
	static const char *const told[] = { "down E_RESET;" GREETED,
		"down E_STOPPED;closed OK;", "down E_RECONNECT;" GREETED };

	prepare();
	terms.late_ms = late;
	start();
	LINE_TELLS(&rig, 100, "init 10.0.0.1;hello -;hello +yes;");
	terms.late_ms = NULL;
	if (_i == 0)
		sim_peer_reset(rig.peer);
	else if (_i == 1)
		stay_client_stop(rig.client, STAY_OK);
	else
		stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 2000, told[_i]);
}

/* Whom the peer must prove to be: who was dialled, of several places and of those that
 * a server names. */
TEST(client_secure_names_the_place_that_was_dialled)
{
	static const char *const urls[] = { "line://10.0.0.9:7777", NULL };
	struct peer others[2];

	prepare();
	others[0] = others[1] = rig.server;
	peer_listen(&others[0], rig.world, "10.0.0.9", 7777);
	peer_listen(&others[1], rig.world, "10.0.0.8", 7777);
	line_start(&rig, OPTIONS(.filter = &toy.filter, .urls = urls));
	LINE_TELLS(&rig, 100, "init 10.0.0.1;" GREETED);
	ck_assert_str_eq(toy.last_peer, "10.0.0.1");
	EXPECT_OK(stay_session_leave(
	    stay_client_session(rig.client), "line://10.0.0.8:7777", 20, 0));
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), "hello +in sealed;up;");
	ck_assert_str_eq(toy.last_peer, "10.0.0.8");
	line_end(&rig);
}

/* ---- beside other rounds of the greeting ---- */

static struct stay_later *later;

static struct stay_hello
waits_then_secures(struct stay_session *session, const struct stay_frame *frame)
{
	if (stay_session_is_secure(session))
		return hello(session, frame);
	line_note(&rig.notes, "hello %s;", frame == NULL ? "-" : "frame");
	if (later != NULL)
		return stay_hello_secure();
	later = stay_session_later(session, 0);
	return stay_hello_later(later);
}

/* What has come while hello was busy has come in clear: 1. */
TEST_ROWS(client_secure_follows_later, 2)
{
	prepare();
	protocol.hello = waits_then_secures;
	later = NULL;
	start();
	line_run(&rig, 10);
	if (_i == 1)
		sim_peer_print(rig.peer, "+early\n");
	else
		peer_do(rig.server.ends, 0, PEER_SECURE);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;");
	terms.late_ms = late;
	stay_later_resume(later);
	line_run(&rig, 10);
	stay_later_resume(later);
	stay_later_free(later);
	LINE_TELLS(&rig, 400,
	    _i == 1 ? "hello -;down E_PROTOCOL;hello -;"
		    : "hello -;hello - sealed;hello +in sealed;up;");
}

/* Whichever allocation fails, the session comes up all the same, later, or says that
 * there was no memory. */
TEST(client_secure_needs_memory_and_says_so)
{
	bool failed = true, told = false;

	for (unsigned n = 1; failed; n++) {
		prepare();
		start();
		scarce_arm(n);
		sim_run_ms(rig.world, 20);
		failed = scarce_disarm();
		told |= strstr(line_failure(&rig), "out of memory") != NULL;
		line_run(&rig, 2000);
		EXPECT_IN(line_told(&rig), GREETED);
		end();
	}
	ck_assert(told);
}

TEST_SUITE_WITH(client_secure, .after = end)
