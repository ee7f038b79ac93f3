/* Sessions have numbers: what belongs to one of them is sent there or nowhere. */
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

static struct line_rig rig;

static uint64_t
number(void)
{
	return stay_client_session_number(rig.client);
}

static enum stay_status
try_in(uint64_t session, const char *text)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.session = session };

	return stay_client_call_with(
	    rig.client, LINE(text), &options, NULL, NULL);
}

static struct line_call *
call_in(uint64_t session, const char *name, const char *text)
{
	return line_call_with(&rig, name, LINE(text),
	    (struct stay_call_options){
		STAY_CALL_OPTIONS, .session = session });
}

/* A session that ends, and the next one. */
static void
come_back(void)
{
	sim_peer_reset(rig.peer);
	line_run(&rig, 1000);
}

TEST(client_number_is_told_and_never_0)
{
	struct line_call *call;

	line_prepare(&rig);
	line_start(&rig, NULL);
	ck_assert_uint_eq(number(), 0);
	line_run(&rig, 10);
	ck_assert_uint_eq(number(), 1);
	call = line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 10);
	ck_assert_uint_eq(call->result.session, 1);
	come_back();
	ck_assert_uint_eq(number(), 2);
	call = line_call(&rig, "b", LINE("say -b"));
	line_run(&rig, 10);
	ck_assert_uint_eq(call->result.session, 2);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	ck_assert_uint_eq(number(), 0);
}

static void
note_number(struct stay_session *session)
{
	line_note(&rig.notes, "number %d;", (int)stay_session_number(session));
}

/* Also to a slot in which no session is ready. */
TEST(client_number_is_known_in_slots)
{
	line_prepare(&rig);
	rig.config.on_down = note_number;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_uint_eq(
	    stay_session_number(stay_client_session(rig.client)), 1);
	line_told(&rig);
	come_back();
	sim_peer_reset(rig.peer);
	LINE_TELLS(
	    &rig, 1, "down E_RESET;number 1;hello -;up;down E_RESET;number 2;");
}

/* Whose calls did not end with an answer. */
TEST(client_number_of_what_was_lost)
{
	struct line_call *call, *note, *unsent;

	line_begin(&rig, OPTIONS(.inflight_calls_max = 1));
	come_back();
	note = line_call(&rig, "note", LINE_NOTE("note"));
	line_run(&rig, 10);
	ck_assert_uint_eq(note->result.session, 2);
	call = line_call(&rig, "a", LINE("x"));
	unsent = line_call_with(&rig, "b", LINE("y"), WITHIN(20));
	line_run(&rig, 30);
	ck_assert_uint_eq(unsent->result.session, 0);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	ck_assert_uint_eq(call->result.session, 2);
}

/* It is the last session that a call was begun in, however many there were. */
TEST(client_number_of_what_was_sent_again)
{
	struct line_call *call;

	line_begin(&rig, NULL);
	call = line_call(&rig, "a", LINE_WITH("x", .flags = STAY_READ_ONLY));
	line_run(&rig, 10);
	come_back();
	sim_peer_print(rig.peer, "+a\n");
	line_run(&rig, 10);
	ck_assert_str_eq(call->reply, "+a");
	ck_assert_uint_eq(call->result.session, 2);
	call = line_call_with(
	    &rig, "b", LINE_WITH("y", .flags = STAY_READ_ONLY), WITHIN(200));
	line_run(&rig, 10);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 300);
	ck_assert_int_eq(call->result.status, STAY_E_TIMEOUT);
	ck_assert_uint_eq(call->result.session, 2);
}

TEST(client_number_in_this_session_or_not_at_all)
{
	struct line_call *call;

	line_prepare(&rig);
	line_start(&rig, OPTIONS(.inflight_calls_max = 1));
	ck_assert_int_eq(try_in(1, "early"), STAY_E_OFFLINE);
	ck_assert_uint_eq(inside_request_len(rig.client), 0);
	line_run(&rig, 10);
	call = call_in(1, "a", "say +a");
	line_run(&rig, 10);
	ck_assert_str_eq(call->reply, "+a");
	ck_assert_int_eq(try_in(2, "next"), STAY_E_OFFLINE);
	line_call(&rig, "b", LINE("x"));
	call = call_in(1, "c", "y");
	line_run(&rig, 10);
	come_back();
	ck_assert_int_eq(call->result.outcome, STAY_NOT_SENT);
	ck_assert_int_eq(call->result.status, STAY_E_LOST);
	ck_assert_int_eq(try_in(1, "stale"), STAY_E_OFFLINE);
	line_got(&rig);
	call = call_in(2, "d", "say +d");
	line_run(&rig, 10);
	ck_assert_str_eq(call->reply, "+d");
	ck_assert_str_eq(line_got(&rig), "say +d;");
}

/* A session that is being left is not that session any more. */
TEST(client_number_of_a_session_that_is_left)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("x"));
	line_run(&rig, 10);
	stay_client_reconnect(rig.client, STAY_OK);
	line_run(&rig, 1);
	ck_assert_uint_eq(number(), 0);
	ck_assert_int_eq(try_in(1, "late"), STAY_E_OFFLINE);
}

TEST_SUITE_WITH(client_number, .after = line_after)
