/* Promise 7, the other choice: to stand in line for room in a full queue. */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;

#define quiet (*LINE("quiet"))

/* What is to be done in `ready`; a waiter of its own each. */
struct hopeful {
	const char *name;
	unsigned calls;  /* to be made */
	bool comes_back; /* steps into line again */
	struct stay_call_id id;
};

static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	struct hopeful *hopeful = arg;

	ck_assert_ptr_eq(client, rig.client);
	line_note(&rig.notes, "%s %s;", hopeful->name,
	    status == STAY_OK ? "OK"
			      : stay_status_name(status) + strlen("STAY_"));
	for (unsigned i = 0; i < hopeful->calls; i++)
		line_note(&rig.notes, "%s;",
		    line_try(&rig, hopeful->name, &quiet) == STAY_OK ? "in"
								     : "out");
	if (hopeful->comes_back)
		EXPECT_OK(stay_client_wait_room(client, NULL, ready, hopeful));
	hopeful->comes_back = false;
}

static void
wait_with(struct hopeful *hopeful, struct stay_room_options options)
{
	options.size = sizeof(options);
	options.id = &hopeful->id;
	EXPECT_OK(stay_client_wait_room(rig.client, &options, ready, hopeful));
}

static void
wait(struct hopeful *hopeful)
{
	wait_with(hopeful, (struct stay_room_options){ 0 });
}

/* Two calls fill the queue, one is in flight. */
static void
begin_full(struct stay_client_options options)
{
	options.queue_calls_max = 2;
	options.inflight_calls_max = 1;
	line_begin(&rig, &options);
	line_call(&rig, "1", LINE("quiet"));
	line_run(&rig, 1);
	line_call(&rig, "2", LINE("quiet"));
	line_call(&rig, "3", LINE("quiet"));
	ck_assert_int_eq(line_try(&rig, "4", &quiet), STAY_E_FULL);
}

static void
answer(const char *text)
{
	sim_peer_print(rig.peer, text);
	line_run(&rig, 1);
}

TEST(client_explains_who_waits)
{
	struct hopeful a = { .name = "a" }, b = { .name = "b" };
	char text[256];

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	wait(&b);
	stay_conn_explain(stay_client_conn(rig.client), text, sizeof(text));
	EXPECT_IN(text, ", 2 calls queued, 1 in flight, 2 in line for room; ");
	ck_assert_uint_eq(line_counts(&rig).waiting, 2);
	line_end(&rig);
}

/* The line, and the block that it stands in, are given back a second later. */
TEST(client_wait_leaves_nothing_behind)
{
	struct hopeful a = { .name = "a" };
	long blocks;

	line_begin(&rig, NULL);
	line_run(&rig, 3000);
	line_told(&rig);
	blocks = scarce_blocks_here();
	EXPECT_OK(stay_client_wait_room(rig.client, NULL, ready, &a));
	ck_assert_int_gt(scarce_blocks_here(), blocks);
	LINE_TELLS(&rig, 3000, "a OK;");
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

TEST(promise_7_who_waits_is_served_in_order)
{
	struct hopeful a = { .name = "a", .calls = 1 };
	struct hopeful b = { .name = "b", .calls = 1 };

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	wait(&b);
	LINE_TELLS(&rig, 10, "");
	LINE_HEARS(&rig, "+1\n", "1 OK/replied +1;a OK;in;");
	LINE_HEARS(&rig, "+2\n", "2 OK/replied +2;b OK;in;");
	answer("+3\n+a\n+b\n");
	answer("+a\n");
	answer("+b\n");
}

/* As long as somebody is in line there is no room for others. */
TEST(promise_7_nobody_pushes_in)
{
	struct hopeful a = { .name = "a", .calls = 3 };

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	stay_client_cancel(rig.client, rig.calls[1].id);
	stay_client_cancel(rig.client, rig.calls[2].id);
	ck_assert_int_eq(line_try(&rig, "4", &quiet), STAY_E_FULL);
	LINE_TELLS(&rig, 1,
	    "a OK;in;in;out;"
	    "2 E_CANCELLED/not sent;3 E_CANCELLED/not sent;");
}

TEST(promise_7_where_there_is_room_nobody_waits_long)
{
	struct hopeful a = { .name = "a", .calls = 1 };

	line_begin(&rig, NULL);
	wait(&a);
	ck_assert_str_eq(line_told(&rig), ""); /* not inside the call */
	ck_assert_int_eq(line_try(&rig, "b", &quiet), STAY_E_FULL);
	LINE_TELLS(&rig, 1, "a OK;in;");
	EXPECT_OK(line_try(&rig, "b", &quiet));
}

TEST(promise_6_who_waits_has_a_deadline)
{
	struct hopeful a = { .name = "a", .calls = 1 };
	struct hopeful b = { .name = "b" };

	begin_full((struct stay_client_options){ .call_timeout_ms = 3000 });
	wait_with(&a, (struct stay_room_options){ .timeout_ms = 100 });
	wait(&b);
	LINE_TELLS(&rig, 99, "");
	LINE_TELLS(&rig, 3, "a E_TIMEOUT;out;");
	LINE_HEARS(&rig, "+1\n", "1 OK/replied +1;b OK;");
}

TEST(client_wait_can_be_given_up)
{
	struct hopeful a = { .name = "a" }, b = { .name = "b" };

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	wait(&b);
	EXPECT_OK(stay_client_cancel(rig.client, a.id));
	ck_assert_int_eq(stay_client_cancel(rig.client, a.id), STAY_E_STALE);
	ck_assert_str_eq(line_told(&rig), "");
	LINE_TELLS(&rig, 1, "a E_CANCELLED;");
	LINE_HEARS(&rig, "+1\n", "1 OK/replied +1;b OK;");
	ck_assert_int_eq(stay_client_cancel(rig.client, b.id), STAY_E_STALE);
}

/* Who needs more room waits for it, and the others behind. */
TEST(promise_7_room_is_measured_in_bytes_too)
{
	struct hopeful a = { .name = "a" }, b = { .name = "b" };
	struct stay_room_options much = { STAY_ROOM_OPTIONS, .bytes = 21 };

	line_begin(
	    &rig, OPTIONS(.queue_bytes_max = 20, .inflight_calls_max = 1));
	line_call(&rig, "c", LINE("quiet"));
	line_run(&rig, 1);
	for (int i = 0; i < 3; i++)
		line_call(&rig, "c", LINE("quiet"));
	ck_assert_int_eq(stay_client_wait_room(rig.client, &much, ready, &a),
	    STAY_E_TOO_BIG);
	wait_with(&a, (struct stay_room_options){ .bytes = 14 });
	wait(&b);
	LINE_TELLS(&rig, 1, "");
	LINE_HEARS(&rig, "+1\n", "c OK/replied +1;");
	LINE_HEARS(&rig, "+2\n", "c OK/replied +2;a OK;b OK;");
}

TEST(promise_7_the_line_is_bounded)
{
	struct hopeful a = { .name = "a" };

	begin_full((struct stay_client_options){ .waiters_max = 1 });
	wait(&a);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, ready, &a), STAY_E_FULL);
	stay_client_cancel(rig.client, a.id);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, ready, &a), STAY_E_FULL);
	line_run(&rig, 1);
	EXPECT_OK(stay_client_wait_room(rig.client, NULL, ready, &a));
	line_end(&rig);
}

/* Nobody turns a loop by stepping into line again and again. */
TEST(promise_9_who_steps_back_into_line_is_last)
{
	struct hopeful a = { .name = "a", .comes_back = true };
	struct hopeful b = { .name = "b" };

	line_begin(&rig, NULL);
	wait(&a);
	wait(&b);
	LINE_TELLS(&rig, 1, "a OK;b OK;a OK;");
}

TEST(promise_1_5_a_stop_tells_who_waits)
{
	struct hopeful a = { .name = "a", .calls = 1 };

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	line_run(&rig, 1);
	stay_client_stop(rig.client, STAY_OK);
	ck_assert_int_eq(stay_client_wait_room(rig.client, NULL, ready, &a),
	    STAY_E_DRAINING);
	line_end(&rig);
	EXPECT_IN(line_told(&rig), "a E_STOPPED;out;closed OK;");
}

/* Rejected, which is when a client that has nothing left gives its memory back. */
static void
call_in_vain(void *arg, struct stay_conn *conn)
{
	(void)arg;
	(void)conn;
	ck_assert_int_eq(line_try(&rig, "in vain", &quiet), STAY_E_DRAINING);
}

/* The last one may be told in a turn that has its share by then. */
TEST(promise_5_who_waits_does_not_keep_a_client_that_stops)
{
	struct hopeful a = { .name = "a" };

	begin_full((struct stay_client_options){
	    .turn_calls_max = 3, .on_low_water = call_in_vain });
	for (unsigned i = 0; i < 3; i++)
		wait(&a);
	line_run(&rig, 1);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 1);
	EXPECT_IN(line_told(&rig), "closed OK;");
}

TEST(promise_1_a_drain_tells_who_waits)
{
	struct hopeful a = { .name = "a", .calls = 1 };

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	line_run(&rig, 1);
	stay_client_drain(rig.client, 1000);
	LINE_HEARS(&rig, "+1\n", "1 OK/replied +1;a E_DRAINING;out;");
}

/* Without a session the queue is not what is missing. */
TEST(client_wait_offline)
{
	struct hopeful a = { .name = "a" };

	line_prepare(&rig);
	line_start(&rig, OPTIONS(.offline = STAY_OFFLINE_FAIL));
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, ready, &a), STAY_E_OFFLINE);
}

TEST(client_wait_ends_with_a_fatal_failure)
{
	struct hopeful a = { .name = "a" };

	line_prepare(&rig);
	rig.config.hello = "say -denied";
	line_start(&rig, OPTIONS(.queue_calls_max = 1));
	line_call(&rig, "1", LINE("quiet"));
	wait(&a);
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "1 E_DENIED/not sent;a E_DENIED;");
}

TEST(client_wait_checks_what_it_is_given)
{
	struct hopeful a = { .name = "a" };
	struct stay_room_options options = { .size = 1 };

	line_begin(&rig, NULL);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, NULL, &a), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, &options, ready, &a), STAY_E_ABI);
	options.size = sizeof(options) + 1;
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, &options, ready, &a), STAY_E_ABI);
}

/* There will never be room for what a new bound is too small for. */
TEST_ROWS(promise_7_a_smaller_bound_tells_who_waits_for_more, 2)
{
	static const struct {
		uint64_t bound;
		const char *told;
	} rows[] = { { 19, "a E_TOO_BIG;b OK;" }, { 20, "a OK;b OK;" } };
	struct hopeful a = { .name = "a" }, b = { .name = "b" };
	struct line_config config = {
		.notes = &rig.notes, .finis = &rig.finis, .inits = &rig.inits
	};
	const struct stay_room_options much = { .bytes = 20,
		.timeout_ms = STAY_FOREVER };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_bytes_max = 20, .inflight_calls_max = 1 };

	line_begin(&rig, &options);
	for (int i = 0; i < 2; i++)
		line_call(&rig, "c", LINE("quiet"));
	line_run(&rig, 1);
	wait_with(&a, much);
	wait(&b);
	options.queue_bytes_max = rows[_i].bound;
	options.config = &config;
	rig.closed = true; /* the first config may go from now on */
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	answer("+1\n");
	line_run(&rig, 10);
	rig.closed = false;
	EXPECT_IN(line_told(&rig), rows[_i].told);
	line_end(&rig);
}

static void
note_called(void *arg, const struct stay_reply *reply)
{
	(void)arg;
	line_note(&rig.notes, "called %s;",
	    stay_status_name(reply->status) + strlen("STAY_"));
}

static void
expect_no_caller(struct stay_call_id id)
{
	struct stay_from from = { id.token };

	ck_assert_int_eq(stay_from_cancel(rig.loop, from), STAY_E_STALE);
	ck_assert_int_eq(
	    stay_from_answer(rig.loop, from, stay_reply_status(STAY_OK)),
	    STAY_E_STALE);
}

/* The three kinds of tokens have one table: one that is taken for another names
 * nothing. */
TEST(client_a_token_of_another_kind_is_stale)
{
	struct hopeful a = { .name = "a" };
	struct stay_from from;

	begin_full((struct stay_client_options){ 0 });
	wait(&a);
	expect_no_caller(rig.calls[0].id);
	expect_no_caller(rig.calls[1].id);
	expect_no_caller(a.id);
	EXPECT_OK(stay_conn_call(stay_client_conn(rig.client),
	    stay_message_make(1, NULL), 0, note_called, NULL, &from));
	ck_assert_int_eq(
	    stay_client_cancel(rig.client, (struct stay_call_id){ from.token }),
	    STAY_E_STALE);
	line_told(&rig);
	EXPECT_OK(stay_from_cancel(rig.loop, from));
	LINE_TELLS(&rig, 1, "called E_CANCELLED;");
	EXPECT_OK(stay_client_cancel(rig.client, rig.calls[1].id));
	EXPECT_OK(stay_client_cancel(rig.client, a.id));
	LINE_TELLS(&rig, 1, "2 E_CANCELLED/not sent;a E_CANCELLED;");
}

TEST_SUITE_WITH(client_wait, .after = line_after)
