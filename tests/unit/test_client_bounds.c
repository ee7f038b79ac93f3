/*
 * Bounds and manners of a client: how full its queue may get and who is told,
 * how much is sent again, what a fatal failure means, what an idle session
 * keeps, and that no connection starves the others.
 */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/inside.h"
#include "support/line_rig.h"

static struct line_rig rig;

/* ---- 7: water marks ---- */

static void
on_high(void *arg, struct stay_conn *conn)
{
	struct line_rig *of = arg;

	ck_assert_ptr_eq(stay_client_conn(of->client), conn);
	line_note(&of->notes, "high;");
}

static void
on_low(void *arg, struct stay_conn *conn)
{
	struct line_rig *of = arg;

	ck_assert_ptr_eq(stay_client_conn(of->client), conn);
	line_note(&of->notes, "low;");
}

static void
call_times(unsigned times, const char *text)
{
	while (times-- > 0)
		line_call(&rig, "a", LINE(text));
}

TEST(promise_7_high_and_low_water_are_told_once)
{
	struct line_call *last;

	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, OPTIONS(.queue_calls_max = 8, .queue_high_percent = 50,
			     .on_high_water = on_high, .on_low_water = on_low));
	call_times(4, "quiet");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;");
	last = line_call(&rig, "b", LINE("quiet"));
	ck_assert_str_eq(line_told(&rig), ""); /* not inside the call */
	LINE_TELLS(&rig, 10, "high;");
	stay_client_cancel(rig.client, last->id);
	line_run(&rig, 1);
	call_times(4, "quiet");
	ck_assert_int_eq(line_try(&rig, "c", LINE("x")), STAY_E_FULL);
	LINE_TELLS(&rig, 10, "b E_CANCELLED/not sent;");
	for (size_t i = 0; i < rig.call_count; i++)
		if (line_counts(&rig).queued > 3)
			stay_client_cancel(rig.client, rig.calls[i].id);
	line_run(&rig, 1);
	ck_assert_ptr_null(strstr(line_told(&rig), "low"));
	stay_client_cancel(rig.client, rig.calls[rig.call_count - 1].id);
	LINE_TELLS(&rig, 1, "a E_CANCELLED/not sent;low;");
}

/* What is low by other bounds is told, though nothing has moved. */
TEST(promise_7_high_water_of_a_bound_without_end)
{
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(
	    &rig, OPTIONS(.queue_bytes_max = UINT64_MAX / 90 + 1,
		      .queue_high_percent = 90, .on_high_water = on_high));
	call_times(2, "quiet");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;");
}

TEST(promise_7_larger_bounds_are_told_as_low_water)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_calls_max = 8, .on_high_water = on_high,
		.on_low_water = on_low };

	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, &options);
	call_times(8, "quiet");
	LINE_TELLS(&rig, 10, "init 10.0.0.1;high;");
	options = *inside_options(rig.client);
	options.queue_calls_max = 80;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	LINE_TELLS(&rig, 10, "init 10.0.0.1;adopt 10.0.0.1 for 10.0.0.1;low;");
}

TEST(promise_7_water_marks_count_bytes_too)
{
	line_prepare(&rig);
	line_start(&rig, OPTIONS(.queue_bytes_max = 40,
			     .on_high_water = on_high, .on_low_water = on_low));
	call_times(3, "12345678");
	line_run(&rig, 1);
	ck_assert_ptr_null(strstr(line_told(&rig), "high"));
	sim_peer_freeze(rig.peer, true);
	call_times(4, "12345678");
	ck_assert_int_eq(line_try(&rig, "b", LINE("12345")), STAY_E_FULL);
	LINE_TELLS(&rig, 10, "high;low;");
}

static enum stay_status
encode_bare(struct stay_request *request, struct stay_buf *out)
{
	const struct line_request *line = request->data;

	return stay_buf_puts(out, line->text);
}

/* Alone it would fit: it is not too big, though no more than a byte waits. */
TEST(promise_7_a_byte_that_waits_takes_room)
{
	struct stay_protocol bare = line_protocol;

	bare.encode = encode_bare;
	line_prepare(&rig);
	rig.protocol = &bare;
	line_start(&rig, OPTIONS(.queue_bytes_max = 8));
	line_call(&rig, "a", LINE("1"));
	ck_assert_int_eq(line_try(&rig, "b", LINE("12345678")), STAY_E_FULL);
}

TEST(client_water_marks_are_checked)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_high_percent = 10, .queue_low_percent = 11 };

	line_begin(&rig, NULL);
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, NULL, &options), STAY_E_ARG);
}

/* What an outage has piled up does not outlast the calls. */
TEST(promise_7_memory_is_given_back_while_the_server_is_down)
{
	line_prepare(&rig);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_start(&rig, OPTIONS(.call_timeout_ms = 500));
	line_run(&rig, 10);
	call_times(100, "say +1");
	ck_assert_uint_ne(inside_buffers(rig.client) & INSIDE_REQUESTS, 0);
	line_run(&rig, 510);
	ck_assert_uint_eq(line_counts(&rig).not_sent, 100);
	ck_assert_uint_eq(inside_buffers(rig.client), 0);
	line_run(&rig, 60000);
	ck_assert(!inside_has_calls(rig.client));
	line_told(&rig);
}

/* ---- 13: sending again ---- */

#define AGAIN                                                                  \
	(&(const struct line_request){                                         \
	    .text = "hold", .replies = 1, .flags = STAY_IDEMPOTENT })

static void
lose(unsigned calls)
{
	while (calls-- > 0)
		line_call(&rig, "a", AGAIN);
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	line_run(&rig, 500);
}

TEST(promise_13_sending_again_has_a_budget)
{
	line_begin(&rig, OPTIONS(.resend_burst = 3, .resend_percent = 10));
	lose(5);
	ck_assert_uint_eq(line_counts(&rig).maybe_executed, 2);
	ck_assert_uint_eq(line_counts(&rig).resent, 3);
	ck_assert_str_eq(
	    line_got(&rig), "hold;hold;hold;hold;hold;|hold;hold;hold;");
	lose(0); /* nothing has been earned since */
	ck_assert_uint_eq(line_counts(&rig).maybe_executed, 5);
	ck_assert_uint_eq(line_counts(&rig).resent, 3);
	call_times(15, "say +1");
	line_run(&rig, 10);
	lose(2); /* seventeen calls have earned one */
	ck_assert_uint_eq(line_counts(&rig).resent, 4);
}

/* ---- fatal failures ---- */

TEST(client_that_is_denied_refuses_calls_with_the_reason)
{
	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, OPTIONS(.fatal_backoff_ms = 1000));
	line_run(&rig, 50);
	ck_assert_int_eq(line_try(&rig, "a", LINE("say +1")), STAY_E_DENIED);
	EXPECT_IN(line_failure(&rig), "wrong password");
	ck_assert_uint_eq(line_counts(&rig).rejected, 1);
	rig.config.hello = "hold"; /* asked anew, and undecided for now */
	line_run(&rig, 1000);
	line_call(&rig, "b", LINE("say +1"));
	sim_peer_print(rig.peer, "+ok\n");
	rig.server.ends->deaf = false;
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "b OK/replied +1;");
}

/* A caller that tries again as soon as it has failed does not hold the loop up.
 */
static void
try_again(struct line_call *call)
{
	ck_assert_int_eq(
	    line_try(call->rig, "b", LINE("say +1")), STAY_E_DENIED);
}

TEST(promise_9_a_denied_caller_cannot_spin)
{
	line_prepare(&rig);
	rig.config.hello = "say -wrong password";
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +1"))->then = try_again;
	line_run(&rig, 100);
	ck_assert_uint_eq(rig.calls[0].told, 1);
}

/* ---- an idle session ---- */

TEST(client_gives_its_buffers_back_when_idle)
{
	const unsigned all = INSIDE_REQUESTS | INSIDE_RECORDS | INSIDE_CONTROL;

	line_prepare(&rig);
	rig.config.hello = "say +ok";
	line_start(&rig, OPTIONS(.probe_ms = 500));
	line_run(&rig, 10);
	call_times(100, "say +1");
	line_run(&rig, 10);
	ck_assert_uint_eq(inside_buffers(rig.client) & all, all);
	line_run(&rig, 520);
	ck_assert_uint_eq(inside_buffers(rig.client), 0);
	line_call(&rig, "b", LINE("say +2"));
	line_run(&rig, 10);
	ck_assert_uint_eq(line_counts(&rig).replied, 101);
}

/* ---- explain ---- */

static const char *
explained(void)
{
	static char text[1024];

	ck_assert_int_lt(
	    stay_conn_explain(stay_client_conn(rig.client), text, sizeof(text)),
	    (int)sizeof(text));
	return text;
}

TEST(client_explains_how_much_waits)
{
	struct line_call *first;

	line_begin(&rig, OPTIONS(.inflight_calls_max = 2));
	ck_assert_ptr_null(strstr(explained(), "queued"));
	first = line_call(&rig, "a", LINE("x"));
	call_times(4, "x");
	line_run(&rig, 10);
	EXPECT_IN(explained(), ", 3 calls queued, 2 in flight");
	stay_client_cancel(rig.client, first->id);
	EXPECT_IN(explained(),
	    ", 3 calls queued, 1 in flight, 1 given up and still to be "
	    "answered");
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
	line_run(&rig, 10);
	EXPECT_IN(explained(), ": disconnecting for ");
}

/* ---- 9: nobody starves ---- */

#define MANY 1000

static struct {
	struct stay_client *client;
	unsigned answers;
} many[MANY];

static bool many_are_over; /* what is in flight at a stop is answered */

static void
next(void *arg, const struct stay_result *result)
{
	unsigned i = (unsigned)(uintptr_t)arg;

	if (result->status != STAY_OK)
		return;
	many[i].answers++;
	if (many_are_over)
		return;
	EXPECT_OK(stay_client_call(many[i].client, LINE("say +1"), next, arg));
}

static const struct peer_row answering[] = { ON(PEER_ANYTHING, "+1\n"),
	NO_MORE };

static struct peer flooded;

static void
flood(void)
{
	static char pushes[256 * 1024];

	for (size_t i = 0; i < sizeof(pushes); i += 2)
		memcpy(pushes + i, ">\n", 2);
	if (flooded.ends != NULL)
		peer_send(flooded.ends, 0, 0, pushes, sizeof(pushes));
}

static unsigned
least_answers(void)
{
	unsigned least = many[0].answers;

	for (int i = 1; i < MANY; i++)
		if (many[i].answers < least)
			least = many[i].answers;
	return least;
}

/* All of them busy at any time, and one more that is flooded: every turn takes
 * each of them a step further. */
static size_t got_most, got_all; /* of one write, of all */

static void
on_much(struct peer_end *end, const struct peer_request *request)
{
	size_t len = request->words[0].len;

	(void)end;
	got_all += len;
	if (got_most < len)
		got_most = len;
}

/* The stream would take it all at once. */
TEST(promise_9_a_full_queue_leaves_in_several_writes)
{
	static const struct peer_row rows[] = { DO(PEER_ANYTHING, on_much),
		NO_MORE };
	const size_t most = 256 * 1024, calls = 400;
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	got_most = got_all = 0;
	line_prepare(&rig);
	sim_limits_set(rig.world, LIMITS(0));
	rig.server.rows = rows;
	rig.server.reads = peer_reads_bytes;
	rig.server.log = NULL;
	line_start(
	    &rig, OPTIONS(.queue_calls_max = 400, .inflight_calls_max = 400));
	for (size_t i = 0; i < calls; i++)
		line_call(&rig, "a", &(struct line_request){ .text = text });
	line_run(&rig, 10);
	ck_assert_uint_eq(got_all, calls * sizeof(text));
	ck_assert_uint_ge(got_most, most / 2);
	ck_assert_uint_lt(got_most, most + sizeof(text));
}

TEST(promise_9_a_thousand_busy_connections_all_progress)
{
	struct peer server = { .rows = answering, .reads = peer_reads_lines };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct line_config config = { .notes = &rig.notes };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct stay_client *drowning;
	struct sim_limits limits = { .latency_ms = 1 };
	unsigned most = 0;

	many_are_over = false;
	sim_limits_set(world, &limits);
	peer_listen(&server, world, LINE_HOST, LINE_PORT);
	peer_listen(&flooded, world, "10.0.0.2", LINE_PORT);
	EXPECT_OK(stay_client_start(&drowning, loop, &line_bare_protocol,
	    "line://10.0.0.2:7777", &options));
	for (unsigned i = 0; i < MANY; i++) {
		many[i].answers = 0;
		EXPECT_OK(stay_client_start(&many[i].client, loop,
		    &line_bare_protocol, LINE_URL, &options));
		EXPECT_OK(stay_client_call(many[i].client, LINE("say +1"), next,
		    (void *)(uintptr_t)i));
	}
	while (least_answers() == 0)
		sim_run_ms(world, 10);
	for (int i = 0; i < MANY; i++)
		many[i].answers = 0;
	for (int i = 0; i < 40; i++) {
		flood();
		sim_run_ms(world, 1);
	}
	for (int i = 0; i < MANY; i++)
		if (many[i].answers > most)
			most = many[i].answers;
	ck_assert_uint_ge(least_answers(), 10);
	ck_assert_uint_le(most, 2 * least_answers());
	ck_assert_uint_gt(counts_of(drowning).pushes, 0);
	many_are_over = true;
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- a request larger than all others ---- */

#define LARGE (4u << 20)

static void
send_text(
    struct stay_world *world, struct stay_client *client, const char *text)
{
	const struct line_request request = { .text = text };

	EXPECT_OK(stay_client_call(client, &request, NULL, NULL));
	sim_run_ms(world, 1);
}

/* Its memory is given back although the connection never rests. */
TEST(promise_7_a_large_request_leaves_no_large_buffer)
{
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	char *text = calloc(1, LARGE + 1);
	struct stay_client *client;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', LARGE);
	sim_listen(world, LINE_HOST, LINE_PORT, NULL, NULL);
	EXPECT_OK(stay_client_start(
	    &client, loop, &line_bare_protocol, LINE_URL, NULL));
	sim_run_ms(world, 10);
	send_text(world, client, text);
	sim_run_ms(world, 100);
	ck_assert_uint_ge(inside_request_memory(client), LARGE);
	for (int i = 0; i < 100; i++)
		send_text(world, client, "small");
	ck_assert_uint_lt(inside_request_memory(client), LARGE / 32);
	free(text);
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

TEST_SUITE_WITH(client_bounds, .seconds = 60, .after = line_after)
