/*
 * The short ways of an adapter: a request that is written where it is sent from is a
 * call like any other, and a reply that is given as it is found is told like any other.
 */
#include <string.h>

#include <stay/direct.h>

#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

static struct line_rig rig;
static char rows[256]; /* how many replies were given each time: "2;1;" */

/* Gives lines that begin with a plus. */
static void
give_replies(struct stay_session *session, struct stay_bytes in)
{
	char *text = stay_session_input(session), *end;
	struct line_notes row = { .len = 0 };
	int given = 0;

	ck_assert_ptr_eq(text, in.data);
	while (text < in.data + in.len && *text == '+' &&
	       (end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		if (!stay_session_reply(
			session, (size_t)(end + 1 - text), text)) {
			*end = '\n';
			break;
		}
		given++;
		text = end + 1;
		ck_assert_ptr_eq(stay_session_input(session), text);
	}
	line_note(&row, "%d;", given);
	strcat(rows, row.text);
}

static void
begin(const struct stay_client_options *options)
{
	static struct stay_session_ops session;
	static struct stay_protocol protocol;

	line_prepare(&rig);
	protocol = *rig.protocol;
	session = *protocol.session;
	session.replies = give_replies;
	protocol.session = &session;
	rig.protocol = &protocol;
	line_start(&rig, options);
	line_run(&rig, 10);
	line_told(&rig);
	rows[0] = '\0';
}

static void
on_direct(void *arg, const struct stay_result *result)
{
	const char *reply = result->reply;

	line_note(&rig.notes, "%s %s/%s %s;", (const char *)arg,
	    stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome), reply != NULL ? reply : "-");
	ck_assert(result->session > 0 || result->outcome == STAY_NOT_SENT);
}

static char direct[] = "direct";

static struct stay_room
room(void)
{
	return stay_client_begin_call(rig.client, on_direct, direct);
}

static void
write_direct(const char *text, uint32_t flags, uint64_t tag)
{
	struct stay_room there = room();

	ck_assert_ptr_nonnull(there.at);
	ck_assert_uint_gt(there.len, strlen(text));
	memcpy(there.at, text, strlen(text));
	stay_client_end_call(rig.client, strlen(text), flags, tag);
	line_check_counts(&rig);
}

/* Calls that are answered in one read: inside `done` of the last one the records of the
 * others are spare, the next of them one that has no reply due, has a
 * `part`, and was to block. */
static void
inside(line_then_fn *then)
{
	line_call(&rig, "a", LINE("say +1|+1|+1|+1|-1|+2"));
	for (int i = 0; i < 3; i++)
		line_call(&rig, "a", LINE("a"));
	line_call_with(&rig, "a", LINE_BLOCKS("a"), WITHIN(1000));
	line_told(&rig);
	line_call(&rig, "b", LINE("b"))->then = then;
	line_run(&rig, 10);
}

/* ---- requests ---- */

static void
ask_for_3(struct line_call *call)
{
	(void)call;
	write_direct("say *0|+3\n", 0, 0);
}

TEST(direct_request_is_a_call)
{
	begin(NULL);
	inside(ask_for_3);
	EXPECT_IN(line_told(&rig), ";b OK/replied +2;direct OK/replied +3;");
	EXPECT_IN(line_got(&rig), ";b;say *0|+3;");
}

static void
ask_for_nothing(struct line_call *call)
{
	(void)call;
	write_direct("hold\n", 0, 0);
}

TEST(direct_request_has_its_deadline)
{
	begin(OPTIONS(.call_timeout_ms = 100));
	inside(ask_for_nothing);
	line_told(&rig);
	LINE_TELLS(&rig, 80, "");
	LINE_TELLS(&rig, 20, "direct E_TIMEOUT/maybe executed -;");
}

TEST(direct_request_may_have_no_deadline)
{
	begin(
	    OPTIONS(.call_timeout_ms = STAY_FOREVER, .probe_ms = STAY_FOREVER));
	inside(ask_for_nothing);
	line_told(&rig);
	LINE_TELLS(&rig, 1000, "");
	line_run(&rig, 3600 * 1000);
	EXPECT_IN(line_told(&rig), "direct E_SILENT/maybe executed");
}

static void
ask_to_close_reading(struct line_call *call)
{
	(void)call;
	write_direct("close\n", STAY_READ_ONLY, 0);
}

static void
ask_to_close(struct line_call *call)
{
	(void)call;
	write_direct("close\n", 0, 0);
}

static const struct {
	line_then_fn *then;
	bool again;
} closes[] = { { ask_to_close_reading, true }, { ask_to_close, false } };

TEST_ROWS(direct_request_has_its_flags, 2)
{
	begin(NULL);
	inside(closes[_i].then);
	line_run(&rig, 60000);
	ck_assert_int_eq(
	    strstr(line_got(&rig), "|close;") != NULL, closes[_i].again);
	EXPECT_IN(line_told(&rig), "/maybe executed");
}

static void
ask_with_tag(struct line_call *call)
{
	(void)call;
	write_direct("say -3\n", 0, 7);
}

TEST(direct_request_has_its_tag)
{
	begin(NULL);
	rig.config.tells_oldest = true;
	inside(ask_with_tag);
	EXPECT_IN(line_told(&rig), "oldest 7;direct E_SERVER/replied -3;");
}

static unsigned unasked;

/* The general way in. The requests are kept until they are answered. */
static void
on_long(void *arg, const struct stay_result *result)
{
	static const struct line_request request = {
		.text = "say +0123456789012345678901234567890123456789",
		.replies = 1,
		.flags = STAY_READ_ONLY
	};

	(void)arg;
	EXPECT_OK(result->status);
	line_got(&rig); /* it is more than can be noted down */
	rows[0] = '\0';
	if (unasked == 0)
		return;
	unasked--;
	EXPECT_OK(stay_client_call(rig.client, &request, on_long, NULL));
}

/* Each answer brings the next question, and all are in one read: no memory is needed
 * for those that are answered already. */
TEST(direct_request_takes_the_place_of_one_that_is_answered)
{
	static const struct stay_result good = { .status = STAY_OK };

	begin(NULL);
	unasked = 100 * 64;
	for (int i = 0; i < 64; i++)
		on_long(NULL, &good);
	line_run(&rig, 1000);
	ck_assert_uint_le(inside_request_memory(rig.client), 8192);
}

/* ---- where there is no room ---- */

static struct stay_room seen;

static void
look(struct line_call *call)
{
	(void)call;
	seen = room();
}

static void
look_without_done(struct line_call *call)
{
	(void)call;
	seen = stay_client_begin_call(rig.client, NULL, direct);
}

static void
look_draining(struct line_call *call)
{
	stay_client_drain(rig.client, 1000);
	look(call);
}

static void
look_behind_three(struct line_call *call)
{
	for (int i = 0; i < 3; i++)
		line_call(&rig, "q", LINE("say +q"));
	look(call);
}

/* Its `done` has yet to run. */
static void
look_behind_cancelled(struct line_call *call)
{
	struct stay_call_id id;
	struct stay_call_options options = { STAY_CALL_OPTIONS, .id = &id };

	EXPECT_OK(stay_client_call_with(
	    rig.client, LINE("c"), &options, on_direct, direct));
	EXPECT_OK(stay_client_cancel(rig.client, id));
	look(call);
}

/* One that fits beside the others, and no byte more. */
static void
look_behind_bytes(struct line_call *call)
{
	write_direct("say +34567\n", 0, 0);
	look(call);
	ck_assert_uint_eq(seen.len, 40 - 11);
}

static const struct {
	const char *name;
	line_then_fn *then;
	uint64_t calls_max;
	uint64_t bytes_max;
	bool is_open;
} rooms[] = {
	{ "a usual one", look, 0, 0, true },
	{ "nobody waits", look_without_done, 0, 0, false },
	{ "draining", look_draining, 0, 0, false },
	{ "below high water", look_behind_three, 8, 0, true },
	{ "high water of calls", look_behind_three, 6, 0, false },
	{ "below high water of bytes", look_behind_bytes, 0, 40, true },
	{ "high water of bytes", look_behind_three, 0, 32, false },
	{ "one is yet to be told", look_behind_cancelled, 0, 0, false },
};

TEST_ROWS(direct_room, 8)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_calls_max = rooms[_i].calls_max,
		.queue_bytes_max = rooms[_i].bytes_max,
		.queue_high_percent = 50 };

	begin(&options);
	seen = (struct stay_room){ NULL, 0 };
	inside(rooms[_i].then);
	ck_assert_msg((seen.at != NULL) == rooms[_i].is_open, "%s: %s",
	    rooms[_i].name, seen.at != NULL ? "open" : "closed");
}

TEST(direct_room_needs_a_callback_a_session_and_a_record)
{
	begin(NULL);
	line_call(&rig, "a", LINE("say +1"))->then = look;
	line_run(&rig, 10);
	ck_assert_ptr_null(seen.at); /* the first record is still in use */
	inside(NULL);
	ck_assert_ptr_null(room().at);
	line_call(&rig, "c", LINE("close"))->then = look;
	line_run(&rig, 10);
	ck_assert_ptr_null(seen.at);
}

/* ---- replies ---- */

static const struct {
	const char *says;
	const char *tells;
	const char *rows;
} given[] = {
	{ "say +1|+2|+3", "a OK/replied +1;b OK/replied +2;c OK/replied +3;",
	    "3;" },
	{ "say +1|-2|+3",
	    "a OK/replied +1;b E_SERVER/replied -2;c OK/replied +3;",
	    "1;0;1;" },
	{ "say >p|+1|+2|#|+3",
	    "push >p;a OK/replied +1;b OK/replied +2;c OK/replied +3;",
	    "0;2;0;1;" },
	{ "say !1|+2|+3",
	    "a E_SERVER/refused !1;b OK/replied +2;c OK/replied +3;", "0;2;" },
};

TEST_ROWS(direct_replies_are_told_in_order, 4)
{
	begin(OPTIONS(.on_refused = STAY_REFUSED_TELL));
	line_call(&rig, "a", LINE(given[_i].says));
	line_call(&rig, "b", LINE("b"));
	line_call(&rig, "c", LINE("c"));
	LINE_TELLS(&rig, 10, given[_i].tells);
	ck_assert_str_eq(rows, given[_i].rows);
}

TEST(direct_replies_are_bounded_in_a_turn)
{
	begin(OPTIONS(.turn_calls_max = 2));
	line_call(&rig, "a", LINE("say +1|+2|+3|+4|+5"));
	for (int i = 0; i < 4; i++)
		line_call(&rig, "b", LINE("b"));
	line_run(&rig, 10);
	ck_assert_str_eq(rows, "2;2;1;");
}

/* What is more than the one plain answer is decode's: a tombstone, several replies, and
 * what nobody waits for. */
TEST(direct_replies_leave_what_is_not_plain)
{
	begin(NULL);
	line_call_with(&rig, "a", LINE("a"), WITHIN(5));
	LINE_TELLS(&rig, 10, "a E_TIMEOUT/maybe executed;");
	line_call(&rig, "b", &(const struct line_request){ "b", .replies = 2 });
	EXPECT_OK(stay_client_call(rig.client, LINE("c"), NULL, NULL));
	line_call(&rig, "d", LINE("say +a|+b|+b|+c|+d"));
	LINE_TELLS(&rig, 10,
	    "orphan +a;b part OK +b;b OK/replied +b;d OK/replied +d;");
	ck_assert_str_eq(rows, "0;0;1;0;1;");
}

static void
end_session(struct line_call *call)
{
	(void)call;
	EXPECT_OK(stay_session_end(
	    stay_client_session(rig.client), STAY_E_PROTOCOL, "enough", 6));
}

TEST(direct_replies_end_with_their_session)
{
	begin(NULL);
	line_call(&rig, "a", LINE("say +1|+2"))->then = end_session;
	line_call(&rig, "b", LINE("b"));
	LINE_TELLS(&rig, 10,
	    "a OK/replied +1;down E_PROTOCOL;"
	    "b E_PROTOCOL/maybe executed;");
}

static void
pause_reading(struct line_call *call)
{
	(void)call;
	stay_client_pause(rig.client);
}

TEST(direct_replies_wait_in_a_pause)
{
	begin(NULL);
	line_call(&rig, "a", LINE("say +1|+2"))->then = pause_reading;
	line_call(&rig, "b", LINE("b"));
	LINE_TELLS(&rig, 10, "a OK/replied +1;");
	stay_client_resume(rig.client);
	LINE_TELLS(&rig, 10, "b OK/replied +2;");
}

static char traced[512];

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	strcat(traced, text);
	strcat(traced, "|");
}

static void
watch(struct line_call *call)
{
	static struct stay_observer observer;

	(void)call;
	observer = rig.observer;
	observer.on_wire = on_wire;
	stay_loop_set_observer(rig.loop, &observer);
}

TEST(direct_replies_are_traced_from_now_on)
{
	begin(NULL);
	traced[0] = '\0';
	line_call(&rig, "a", LINE("say +1|+2"))->then = watch;
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 10);
	ck_assert_str_eq(traced, "< reply, 3 bytes: \"+2\\n\"|");
	stay_loop_set_observer(rig.loop, &rig.observer);
}

TEST(direct_replies_have_their_bound)
{
	begin(OPTIONS(.reply_bytes_max = 8));
	line_call(&rig, "a", LINE("say +234567|+2345678"));
	line_call(&rig, "b", LINE("b"));
	line_run(&rig, 10);
	ck_assert_str_eq(rows, "1;0;");
	EXPECT_IN(line_told(&rig), "a OK/replied +234567;");
}

TEST_SUITE_WITH(client_direct, .after = line_after)
