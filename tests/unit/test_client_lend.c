/* A client that is lent: one session, and as new when it is given back. */
#include <stay/lend.h>

#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	struct line_rig *its = arg;

	ck_assert_ptr_eq(client, its->client);
	ck_assert(
	    (stay_client_session_number(client) != 0) == (status == STAY_OK));
	line_note(&its->notes, "session %s;",
	    status == STAY_OK ? "OK" : stay_status_name(status) + 5);
}

static const struct stay_client_options lent = { STAY_CLIENT_OPTIONS,
	.offline = STAY_OFFLINE_FAIL, .on_session = on_session,
	.backoff = {
	    .initial_ms = 100, .cap_ms = 100, .jitter = STAY_JITTER_NONE } };

static void
begin(stay_reset_fn *reset)
{
	line_prepare(&rig);
	rig.config.reset = reset;
	line_start(&rig, &lent);
	LINE_TELLS(&rig, 10, "init 10.0.0.1;hello -;up;session OK;");
}

static void
lend(void)
{
	EXPECT_OK(stay_client_lend(rig.client));
}

static void
take_back(void)
{
	EXPECT_OK(stay_client_take_back(rig.client));
}

/* It is handed out, lost, and given back behind that. */
static void
lose_what_is_lent(void)
{
	lend();
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10, "down E_RESET;session E_OFFLINE;");
	ck_assert_int_eq(stay_client_take_back(rig.client), STAY_E_OFFLINE);
}

static void
accepts(enum stay_status status)
{
	ck_assert_int_eq(line_try(&rig, "x", LINE("quiet")), status);
}

/* ---- news of a session ---- */

TEST(client_lend_tells_of_each_session)
{
	begin(NULL);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10, "down E_RESET;session E_OFFLINE;");
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	LINE_TELLS(&rig, 100, "session E_OFFLINE;");
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	LINE_TELLS(&rig, 100, "hello -;up;session OK;");
	stay_client_reconnect(rig.client, STAY_OK);
	LINE_TELLS(&rig, 10,
	    "down E_RECONNECT;session E_OFFLINE;hello -;up;session OK;");
}

static struct stay_hello
deny(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return stay_hello_denied("no");
}

TEST(client_lend_tells_of_a_fatal_failure)
{
	line_prepare(&rig);
	rig.config.restore = deny;
	line_start(&rig, &lent);
	LINE_TELLS(&rig, 10,
	    "init 10.0.0.1;hello -;up;down E_DENIED;session E_DENIED;");
}

/* ---- lending ---- */

TEST(client_lend_is_for_one)
{
	begin(NULL);
	ck_assert_int_eq(stay_client_take_back(rig.client), STAY_E_STATE);
	lend();
	ck_assert_int_eq(stay_client_lend(rig.client), STAY_E_STATE);
	take_back();
	ck_assert_int_eq(stay_client_lend(rig.client), STAY_E_STATE);
	ck_assert_int_eq(stay_client_take_back(rig.client), STAY_E_STATE);
	LINE_TELLS(&rig, 1, "reset;session OK;");
	lend();
}

TEST(client_lend_needs_a_session)
{
	line_prepare(&rig);
	line_start(&rig, &lent);
	ck_assert_int_eq(stay_client_lend(rig.client), STAY_E_OFFLINE);
}

static void
on_room(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)client;
	line_note(arg, "room %s;", stay_status_name(status) + 5);
}

/* At first without a call, then with the records of calls. */
/* Nor is one lent that is about to be replaced. */
TEST(client_lend_waits_for_a_change)
{
	begin(NULL);
	stay_client_reconnect(rig.client, STAY_OK);
	ck_assert_int_eq(stay_client_lend(rig.client), STAY_E_OFFLINE);
	LINE_TELLS(&rig, 10,
	    "down E_RECONNECT;session E_OFFLINE;hello -;up;session OK;");
	lend();
	accepts(STAY_OK);
}

TEST_ROWS(client_lend_ends_with_its_session, 2)
{
	begin(NULL);
	if (_i == 1) {
		line_call(&rig, "a", LINE("say +a"));
		LINE_TELLS(&rig, 10, "a OK/replied +a;");
	}
	lend();
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10, "down E_RESET;session E_OFFLINE;");
	accepts(STAY_E_OFFLINE);
	LINE_TELLS(&rig, 200, "hello -;up;session OK;");
	accepts(STAY_E_OFFLINE);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, on_room, &rig.notes),
	    STAY_E_OFFLINE);
	take_back();
	accepts(STAY_E_OFFLINE);
	LINE_TELLS(&rig, 1, "reset;session OK;");
	line_call(&rig, "b", LINE("say +b"));
	LINE_TELLS(&rig, 10, "b OK/replied +b;");
}

TEST(client_lend_taken_back_without_a_session)
{
	begin(NULL);
	lose_what_is_lent();
	ck_assert_int_eq(stay_client_take_back(rig.client), STAY_E_STATE);
	accepts(STAY_E_OFFLINE);
	LINE_TELLS(&rig, 200, "hello -;up;reset;session OK;");
	lend();
	line_call(&rig, "b", LINE("say +b"));
	LINE_TELLS(&rig, 10, "b OK/replied +b;");
}

/* ---- taking back ---- */

TEST(client_lend_waits_for_calls)
{
	begin(NULL);
	lend();
	line_call(&rig, "a", LINE("a"));
	line_call_with(&rig, "b", LINE("b"), WITHIN(50));
	ck_assert_uint_eq(stay_client_load(rig.client), 2);
	take_back();
	LINE_TELLS(&rig, 100, "b E_TIMEOUT/maybe executed;");
	ck_assert_uint_eq(stay_client_load(rig.client), 1);
	accepts(STAY_E_OFFLINE);
	sim_peer_print(rig.peer, "+a\n");
	LINE_TELLS(&rig, 10, "a OK/replied +a;");
	sim_peer_print(rig.peer, "+b\n");
	LINE_TELLS(&rig, 10, "orphan +b;reset;session OK;");
}

/* A pause is something that is left behind, too, with a session and without one. */
TEST_ROWS(client_lend_goes_on_reading, 2)
{
	begin(NULL);
	lend();
	line_call(&rig, "a", LINE("say +a"));
	stay_client_pause(rig.client);
	stay_client_pause(rig.client);
	LINE_TELLS(&rig, 10, "");
	if (_i == 0) {
		take_back();
		LINE_TELLS(&rig, 10, "a OK/replied +a;reset;session OK;");
	} else {
		stay_client_reconnect(rig.client, STAY_OK);
		line_run(&rig, 1);
		ck_assert_int_eq(
		    stay_client_take_back(rig.client), STAY_E_OFFLINE);
		LINE_TELLS(&rig, 10,
		    "a OK/replied +a;down E_RECONNECT;session E_OFFLINE;"
		    "hello -;up;reset;session OK;");
	}
	ck_assert(!stay_client_is_paused(rig.client));
}

static enum stay_status
wait_for_tag(struct stay_session *session, struct stay_prepare *call)
{
	(void)session;
	(void)call;
	return STAY_E_FULL;
}

/* It is never sent, so nothing comes in either. */
TEST(client_lend_waits_for_calls_that_are_not_sent)
{
	const struct stay_call_ops ops = { STAY_CALL_OPS,
		.prepare = wait_for_tag };
	struct stay_protocol protocol = line_protocol;

	protocol.call = &ops;
	line_prepare(&rig);
	rig.protocol = &protocol;
	line_start(&rig, &lent);
	line_run(&rig, 10);
	lend();
	line_call_with(&rig, "a", LINE("a"), WITHIN(50));
	take_back();
	line_told(&rig);
	LINE_TELLS(&rig, 49, "");
	LINE_TELLS(&rig, 10, "a E_TIMEOUT/not sent;reset;session OK;");
}

static struct stay_hello
wipe(struct stay_session *session)
{
	unsigned *asked = rig.config.wakes;

	if ((*asked)++ > 0)
		return stay_hello_up();
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "wipe\n"));
	EXPECT_OK(stay_session_expect(session, 2));
	return stay_hello_wait();
}

/* It is asked again once both of its replies have come. */
TEST(client_lend_resets_by_bytes)
{
	unsigned asked = 0;

	begin(wipe);
	rig.config.wakes = &asked;
	lend();
	take_back();
	LINE_TELLS(&rig, 10, "reset;");
	ck_assert_str_eq(line_got(&rig), "wipe;");
	sim_peer_print(rig.peer, "+1\n");
	LINE_TELLS(&rig, 10, "control +1;");
	accepts(STAY_E_OFFLINE);
	sim_peer_print(rig.peer, "+2\n");
	LINE_TELLS(&rig, 10, "control +2;reset;session OK;");
	rig.config.wakes = NULL;
}

static struct stay_hello
mumble(struct stay_session *session)
{
	EXPECT_OK(stay_buf_puts(stay_session_control(session), "drop\n"));
	return stay_hello_up();
}

TEST(client_lend_says_what_it_expects_alone)
{
	begin(mumble);
	lend();
	take_back();
	LINE_TELLS(&rig, 1, "reset;session OK;");
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(&rig, 10, "a OK/replied +a;");
	ck_assert_str_eq(line_got(&rig), "say +a;");
}

static struct stay_hello
replace(struct stay_session *session)
{
	(void)session;
	return stay_hello_retry("it has a lock");
}

/* No backoff: nothing has failed. And once: the new session is one that nobody had. */
TEST(client_lend_replaces_the_session)
{
	begin(replace);
	lend();
	take_back();
	LINE_TELLS(&rig, 10,
	    "reset;note it has a lock;down E_RECONNECT;"
	    "session E_OFFLINE;hello -;up;reset;session OK;");
	lend();
	ck_assert_uint_eq(stay_client_session_number(rig.client), 2);
}

static struct stay_hello
give_up(struct stay_session *session)
{
	(void)session;
	return stay_hello_denied("it has a subscription");
}

TEST(client_lend_ends_the_client)
{
	begin(give_up);
	lend();
	take_back();
	LINE_TELLS(&rig, 10, "reset;down E_STOPPED;closed OK;");
}

static struct stay_hello
cut_off(struct stay_session *session)
{
	EXPECT_OK(stay_session_end(session, STAY_E_NOT_READY, "no", 2));
	return stay_hello_up();
}

TEST(client_lend_reset_ends_the_session)
{
	begin(cut_off);
	lend();
	take_back();
	LINE_TELLS(&rig, 10, "reset;down E_NOT_READY;session E_OFFLINE;");
}

TEST(client_lend_loses_what_comes_back)
{
	begin(NULL);
	lend();
	line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	take_back();
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10,
	    "down E_RESET;session E_OFFLINE;a E_LOST/maybe executed;");
	LINE_TELLS(&rig, 200, "hello -;up;reset;session OK;");
	lend();
}

/* What a user leaves behind outside of his session is there in the next one, too: it is
 * asked for when he is back before that, and when it is lost while he comes back. */
TEST_ROWS(client_lend_ends_the_client_in_another_session, 2)
{
	begin(give_up);
	lend();
	if (_i == 1) {
		line_call(&rig, "a", LINE("quiet"));
		take_back();
		LINE_TELLS(&rig, 10, "");
	}
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	line_told(&rig);
	if (_i == 0)
		ck_assert_int_eq(
		    stay_client_take_back(rig.client), STAY_E_OFFLINE);
	LINE_TELLS(&rig, 200, "hello -;up;reset;down E_STOPPED;closed OK;");
}

/* A session that nobody has had is none to be replaced. */
TEST(client_lend_replaces_no_other_session)
{
	begin(replace);
	lose_what_is_lent();
	LINE_TELLS(&rig, 200, "hello -;up;reset;session OK;");
	lend();
}

/* It says something there, and is waited for. */
TEST(client_lend_resets_another_session_by_bytes)
{
	unsigned asked = 0;

	begin(wipe);
	rig.config.wakes = &asked;
	lose_what_is_lent();
	LINE_TELLS(&rig, 200, "hello -;up;reset;");
	sim_peer_print(rig.peer, "+1\n+2\n");
	LINE_TELLS(&rig, 10, "control +1;control +2;reset;session OK;");
	rig.config.wakes = NULL;
}

static struct stay_hello
wipe_in_vain(struct stay_session *session)
{
	unsigned *asked = rig.config.wakes;

	if (*asked != 1)
		return wipe(session);
	(*asked)++;
	return stay_hello_retry("it is not wiped");
}

/* What was said there has not helped: now it is one to be replaced. */
TEST(client_lend_replaces_another_session_that_bytes_have_not_reset)
{
	unsigned asked = 0;

	begin(wipe_in_vain);
	rig.config.wakes = &asked;
	lose_what_is_lent();
	LINE_TELLS(&rig, 200, "hello -;up;reset;");
	sim_peer_print(rig.peer, "+1\n+2\n");
	LINE_TELLS(&rig, 200,
	    "control +1;control +2;reset;note it is not wiped;"
	    "down E_RECONNECT;session E_OFFLINE;hello -;up;reset;session OK;");
	rig.config.wakes = NULL;
}

TEST_SUITE_WITH(client_lend, .after = line_after)
