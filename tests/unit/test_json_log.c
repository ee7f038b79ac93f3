/* The log for programs: each event is an object on a line of its own. */
#include <stdlib.h>
#include <string.h>

#include <stay/observer.h>

#include "suites.h"
#include "support/line_rig.h"

static struct stay_log *json_log;
static FILE *stream;
static char *printed;
static size_t printed_len;
static size_t seen;

static const struct stay_subject subject = { .number = 3, .label = "x" };

static void
setup(void)
{
	stream = open_memstream(&printed, &printed_len);
	json_log =
	    stay_log_new(stream, STAY_LOG_JSON | STAY_LOG_CONN | STAY_LOG_WIRE);
	ck_assert_ptr_nonnull(json_log);
	seen = 0;
}

static void
teardown(void)
{
	stay_log_free(json_log);
	fclose(stream);
	free(printed);
}

/* One line, behind the time of day. */
static void
expect(const char *line)
{
	static const char when[] = "{\"time\":\"2026-11-29T03:07:11.042Z\"";
	const char *at;

	fflush(stream);
	at = printed + seen;
	seen = printed_len;
	ck_assert_uint_gt(strlen(at), sizeof(when) - 1);
	ck_assert_int_eq(memcmp(at, when, 9), 0);
	for (size_t i = 9; i < sizeof(when) - 1; i++)
		ck_assert(when[i] >= '0' && when[i] <= '9'
			      ? at[i] >= '0' && at[i] <= '9'
			      : at[i] == when[i]);
	ck_assert_str_eq(at + sizeof(when) - 1, line);
}

#define HEAD(event) ",\"event\":\"" event "\",\"conn\":3,\"label\":\"x\","

TEST(json_log_has_a_line_for_each_event)
{
	const struct stay_observer *to = stay_log_observer(json_log);
	const struct stay_transition step = { .machine = "conn",
		.from = "idle",
		.event = "connect",
		.action = "connect",
		.to = "connecting" };
	const struct stay_transition kept = { .machine = "conn",
		.from = "idle",
		.event = "stop",
		.action = "",
		.to = "",
		.kept = true };
	const struct stay_up up = {
		.text = "up", .down_ms = 7, .attempts = 2, .maybe_executed = 1
	};

	to->on_transition(to->arg, &subject, &step);
	expect(HEAD("stay.transition") "\"machine\":\"conn\",\"from\":\"idle\","
				       "\"on\":\"connect\",\"action\":"
				       "\"connect\",\"to\":\"connecting\"}\n");
	to->on_transition(to->arg, &subject, &kept);
	expect(HEAD("stay.transition") "\"machine\":\"conn\",\"from\":\"idle\","
				       "\"on\":\"stop\",\"action\":\"\",\"to\":"
				       "\"idle\"}\n");
	to->on_failure(to->arg, &subject, STAY_E_RESET, "why");
	expect(HEAD("stay.failure") "\"status\":\"STAY_E_RESET\",\"class\":"
				    "\"transient\",\"text\":\"why\"}\n");
	to->on_lost_call(to->arg, &subject, STAY_E_LOST, "SET: lost");
	expect(
	    HEAD("stay.lost_call") "\"status\":\"STAY_E_LOST\",\"class\":"
				   "\"transient\",\"text\":\"SET: lost\"}\n");
	to->on_up(to->arg, &subject, &up);
	expect(
	    HEAD("stay.up") "\"down_ms\":7,\"attempts\":2,\"maybe_executed\":"
			    "1,\"not_sent\":0,\"text\":\"up\"}\n");
	to->on_note(to->arg, &subject, STAY_OK, "a replica");
	expect(HEAD("stay.note") "\"text\":\"a replica\"}\n");
	to->on_wire(to->arg, &subject, STAY_OK, "> call, 2 bytes: \"a\\n\"");
	expect(HEAD("stay.wire") "\"text\":\"> call, 2 bytes: "
				 "\\\"a\\\\n\\\"\"}\n");
	to->on_closed(to->arg, &subject, STAY_OK, "ok");
	expect(HEAD("stay.closed") "\"text\":\"ok\"}\n");
}

/* Whatever is in a text, it is one line of JSON. */
TEST(json_log_escapes_what_is_no_text)
{
	const struct stay_observer *to = stay_log_observer(json_log);

	to->on_note(to->arg, &subject, STAY_OK, "a\n\t\"b\\~\x7f\xe4");
	expect(HEAD("stay.note") "\"text\":\"a\\u000a\\u0009\\\"b\\\\~\\u007f"
				 "\\u00e4\"}\n");
}

/* A machine that nobody asked for is left out; nothing else is, however often. */
TEST(json_log_keeps_nothing_back)
{
	const struct stay_observer *to = stay_log_observer(json_log);
	const struct stay_transition step = { .machine = "link" };

	struct stay_log *other = stay_log_new(stream, STAY_LOG_JSON);

	ck_assert(to->on_wire != NULL);
	ck_assert(stay_log_observer(other)->on_wire == NULL);
	stay_log_free(other);
	to->on_transition(to->arg, &subject, &step);
	fflush(stream);
	ck_assert_uint_eq(printed_len, 0);
	for (int i = 0; i < 2; i++) {
		to->on_failure(to->arg, &subject, STAY_E_RESET, "why");
		expect(HEAD("stay.failure") "\"status\":\"STAY_E_RESET\","
					    "\"class\":\"transient\",\"text\":"
					    "\"why\"}\n");
	}
}

TEST(json_log_is_a_log_of_a_loop)
{
	static struct line_rig rig;

	line_prepare(&rig);
	stay_loop_set_observer(rig.loop, stay_log_observer(json_log));
	line_start(&rig, NULL);
	line_run(&rig, 20);
	fflush(stream);
	EXPECT_IN(printed,
	    "\"conn\":1,\"label\":\"" LINE_URL "\",\"machine\":\"conn\",");
	EXPECT_IN(printed, "\"event\":\"stay.up\"");
	line_end(&rig);
}

TEST_SUITE_WITH(json_log, .before = setup, .after = teardown)
