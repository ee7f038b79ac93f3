/* The records of calls: whose bytes are kept, and what memory they take. */
#include <stdio.h>
#include <string.h>

#include "client/resend.h"
#include "client/tagged.h"
#include "sim/world_sim.h"
#include "suites.h"
#include "support/scarce.h"

static struct stay_loop *loop;
static struct stay__calls calls;
static unsigned told, stood;

static const struct stay__loss loss = {
	.status = STAY_E_LOST, .why = STAY_E_CLOSED, .blame = STAY__BLAME_END
};

static void
expire(struct stay__timer *timer)
{
	stay__call_drop(
	    STAY__CONTAINER(timer, struct stay__call, timer), STAY_E_TIMEOUT);
}

static void
tell(struct stay__call *call)
{
	(void)call;
	told++;
}

static void
stand(struct stay__call *call)
{
	ck_assert(!stay__call_is_untold(call));
	stood++;
}

static void
all_told(struct stay__calls *of)
{
	ck_assert_ptr_eq(of, &calls);
}

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *given)
{
	(void)session;
	(void)given;
	return STAY_OK;
}

static const struct stay__call_ops ops = { expire, tell, stand, all_told };
static struct stay__call_bounds bounds;

static void
begin(void)
{
	loop = stay_loop_new(sim_world_new(1));
	bounds = (struct stay__call_bounds){ .resends_max = 3,
		.resend_percent = 100,
		.resend_cap = UINT32_MAX,
		.tell_max = UINT64_MAX,
		.untold_max = UINT64_MAX,
		.waits_offline = true };
	stay__calls_init(&calls, loop, &ops, &bounds, 1 << 20);
	told = stood = 0;
}

static void
end(void)
{
	stay__calls_session_over(&calls, &loss);
	stay__calls_drop_queue(&calls, 0, STAY_E_STOPPED);
	ck_assert(stay__calls_tell_some(&calls));
	stay__calls_fini(&calls);
	EXPECT_OK(stay_loop_free(loop));
}

static struct stay__call *
queue(const char *text, uint32_t flags)
{
	struct stay__call *call = stay__call_take(&calls);
	struct stay_buf *out = stay__sendbuf_open(&calls.sendbuf);
	struct stay__span span = { stay__sendbuf_end(&calls.sendbuf), 0 };

	ck_assert_ptr_nonnull(call);
	EXPECT_OK(stay_buf_puts(out, text));
	span.end = stay__sendbuf_end(&calls.sendbuf);
	stay__sendbuf_close(&calls.sendbuf, span);
	stay__call_place(call, span);
	call->due = 1;
	call->flags = (uint8_t)flags;
	stay__call_enqueue(&calls, call);
	return call;
}

static struct stay__call *
fly(const char *text, uint32_t flags)
{
	struct stay__call *call = queue(text, flags);

	stay__call_commit(call, strlen(text));
	stay__calls_release(&calls);
	return call;
}

static void
answer(struct stay__call *call)
{
	ck_assert_ptr_eq(stay__calls_oldest(&calls), call);
	ck_assert(!stay__call_answered(call, true));
	stay__call_replied(call, false, STAY_OK);
	stay__call_give(&calls, call);
	stay__calls_release(&calls);
}

/* Bytes are kept from the oldest in flight while any may be sent again. */
TEST(calls_keep_bytes_only_for_sending_again)
{
	struct stay__call *plain, *first, *second;

	plain = fly("plain", 0);
	ck_assert_uint_eq(stay_buf_len(&calls.sendbuf.buf), 0);
	first = fly("first", STAY_IDEMPOTENT);
	second = fly("second", STAY_IDEMPOTENT);
	ck_assert_uint_eq(stay_buf_len(&calls.sendbuf.buf), 11);
	answer(plain);
	answer(first);
	ck_assert_uint_eq(stay_buf_len(&calls.sendbuf.buf), 6);
	stay__call_touched(second);
	stay__calls_release(&calls);
	ck_assert_uint_eq(stay_buf_len(&calls.sendbuf.buf), 0);
	answer(second);
	ck_assert_uint_eq(calls.kept, 0);
}

TEST(calls_that_may_not_wait_are_not_kept)
{
	fly("session", STAY_IDEMPOTENT | STAY_THIS_SESSION);
	ck_assert_uint_eq(calls.kept, 0);
	bounds.waits_offline = false;
	fly("offline", STAY_IDEMPOTENT);
	ck_assert_uint_eq(calls.kept, 0);
}

/* Calls that come and go while one stays must not make the buffer grow. */
TEST(calls_time_out_without_growing_memory)
{
	struct stay__call *stays;
	char text[64];

	stays = queue("stays", 0);
	for (int i = 0; i < 20000; i++) {
		struct stay__call *passes;

		snprintf(text, sizeof(text), "call number %d", i);
		passes = queue(text, 0);
		queue("last", 0);
		stay__call_drop(passes, STAY_E_TIMEOUT);
		stay__call_drop(
		    stay__call_of(calls.queued.prev), STAY_E_TIMEOUT);
		if (i % 2 == 0) {
			stay__call_drop(stays, STAY_E_TIMEOUT);
			stays = queue("stays", 0);
		}
		ck_assert(stay__calls_tell_some(&calls));
	}
	ck_assert_uint_lt(calls.sendbuf.buf.cap, 32768);
	ck_assert_uint_eq(told, 50000);
}

/* Each that is dropped leaves a hole; to close it would move all that is behind it. */
TEST(calls_dropped_out_of_the_middle_move_no_others)
{
	struct stay__call *middle, *last;
	uint64_t at;

	queue("first", 0);
	middle = queue("middle", 0);
	last = queue("last", 0);
	at = last->begin;
	stay__call_drop(middle, STAY_E_TIMEOUT);
	ck_assert_uint_eq(last->begin, at);
}

/* As above where calls time out, with the one that stays at the end of the buffer. */
TEST(calls_time_out_in_front_without_growing_memory)
{
	struct stay__call *passes, *next;

	passes = queue("first", 0);
	for (int i = 0; i < 20000; i++) {
		next = queue("some more bytes to move", 0);
		stay__call_drop(passes, STAY_E_TIMEOUT);
		ck_assert(stay__calls_tell_some(&calls));
		passes = next;
	}
	ck_assert_uint_lt(calls.sendbuf.buf.cap, 32768);
	ck_assert_uint_eq(
	    calls.sendbuf.live, strlen("some more bytes to move"));
}

static size_t
spare_count(void)
{
	const struct stay__list *node = calls.spare;
	size_t count = 0;

	for (; node != NULL; node = node->next)
		count++;
	return count;
}

TEST(calls_records_are_used_again)
{
	for (int i = 0; i < 100; i++)
		answer(fly("x", 0));
	ck_assert_uint_eq(spare_count(), 1);
	stay__calls_trim(&calls);
	ck_assert_uint_eq(spare_count(), 0);
}

/* Nothing of the call before is left in a record. */
TEST(calls_records_begin_anew)
{
	struct stay__call *call;

	call = fly("lost", STAY_IDEMPOTENT);
	stay__calls_session_over(&calls, &loss);
	stay__call_drop(call, STAY_E_TIMEOUT);
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_int_eq(call->outcome, STAY_MAYBE_EXECUTED);
	ck_assert_ptr_eq(queue("next", 0), call);
	ck_assert_uint_eq(call->history, 0);
	ck_assert_uint_eq(call->resends, 0);
	stay__call_drop(call, STAY_E_TIMEOUT);
	ck_assert_int_eq(call->outcome, STAY_NOT_SENT);
}

/* One node of a record is first its deadline, then its place among those to be told,
 * then its age. */
TEST(calls_given_up_are_told_and_stand)
{
	struct stay__call *call;

	call = fly("given up", 0);
	stay__loop_timer(loop, &call->timer, UINT64_MAX - 1);
	stay__call_bury(call, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	ck_assert(stay__call_is_untold(call));
	ck_assert_ptr_eq(stay__call_finished(calls.finished.next), call);
	ck_assert(stay__wheel_is_settled(&loop->wheel));
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(stood, 1);
	ck_assert(!stay__timer_is_set(&call->timer));
	ck_assert(!stay__call_answered(call, true));
	ck_assert_uint_eq(spare_count(), 1);
}

/* Its reply may come before its `done` has run: the record is then kept for that. */
TEST(calls_answered_before_they_are_told_do_not_stand)
{
	struct stay__call *call;

	call = fly("given up", 0);
	stay__call_bury(call, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	ck_assert(!stay__call_answered(call, true));
	ck_assert_uint_eq(spare_count(), 0);
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(stood, 0);
	ck_assert_uint_eq(spare_count(), 1);
}

/* What was decided of a call stays so, though its session ends before it is told. */
TEST(calls_given_up_keep_their_outcome)
{
	struct stay__call *call;

	call = fly("given up", 0);
	stay__call_bury(call, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	stay__calls_session_over(&calls, &loss);
	ck_assert_int_eq(call->status, STAY_E_TIMEOUT);
	ck_assert_int_eq(call->outcome, STAY_MAYBE_EXECUTED);
	ck_assert(stay__calls_tell_some(&calls));
}

static unsigned
sendings(uint64_t resends_max)
{
	struct stay__call *call;
	unsigned count = 1;

	bounds.resends_max = resends_max;
	call = fly("again", STAY_IDEMPOTENT);
	for (; count < 1000; count++) {
		stay__calls_session_over(
		    &calls, &(struct stay__loss){ .status = STAY_E_LOST });
		if (stay__list_is_empty(&calls.queued))
			break;
		stay__call_commit(call, strlen("again"));
	}
	return count;
}

/* A record does not count further than to 255: who wants more gets it without a bound. */
TEST(calls_are_sent_again_so_often_or_without_a_bound)
{
	ck_assert_uint_eq(sendings(1), 2);
	ck_assert_uint_eq(sendings(255), 256);
	ck_assert_uint_eq(sendings(256), 1000);
}

/* ---- what few calls have ---- */

/* A call has them from when it asks until its record is given back. */
TEST(calls_extras_are_those_of_one_call)
{
	struct stay__call *call, *plain;
	struct stay__extras *extras;

	plain = queue("plain", 0);
	plain->since = 6;
	call = queue("call", 0);
	call->since = 7;
	extras = stay__extras_begin(call);
	ck_assert_ptr_nonnull(extras);
	ck_assert_ptr_eq(stay__extras_begin(call), extras);
	extras->blocks_ms = 5;
	ck_assert_uint_eq(stay__call_since(call), 7);
	ck_assert_uint_eq(stay__call_since(plain), 6);
	ck_assert_uint_eq(stay__call_extras(call)->blocks_ms, 5);
	ck_assert_uint_eq(stay__call_extras(plain)->blocks_ms, 0);
	stay__call_drop(call, STAY_E_CANCELLED);
	stay__call_drop(plain, STAY_E_CANCELLED);
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_uint_eq(call->history & STAY__HISTORY_EXTRAS, 0);
	ck_assert_ptr_eq(stay__extras_begin(fly("next", 0)), extras);
	ck_assert_uint_eq(extras->blocks_ms, 0);
}

/* Their memory goes with that of the records, and may be asked for again. */
TEST(calls_extras_take_no_memory_at_rest)
{
	struct stay__call *call;

	for (int i = 0; i < 3; i++) {
		call = fly("call", 0);
		ck_assert_ptr_nonnull(stay__extras_begin(call));
		answer(call);
		ck_assert_ptr_nonnull(calls.spare_extras);
		stay__calls_trim(&calls);
		ck_assert_ptr_null(calls.spare_extras);
	}
}

/* The call is then as it was. */
TEST(calls_extras_may_be_denied)
{
	const struct stay__extras *extras;
	struct stay__call *call;

	call = queue("call", 0);
	call->since = 7;
	scarce_arm(1);
	extras = stay__extras_begin(call);
	ck_assert(scarce_disarm());
	ck_assert_ptr_null(extras);
	ck_assert_uint_eq(stay__call_since(call), 7);
	ck_assert_uint_eq(stay__call_extras(call)->id.generation, 0);
	ck_assert_ptr_null(stay__extras_take_refusal(call));
}

/* A token names nothing once its call is decided, though `done` has not run. */
TEST(calls_extras_end_a_token_with_the_deadline)
{
	struct stay__extras *extras;
	struct stay__call *call;
	struct stay_token id;

	call = queue("call", 0);
	extras = stay__extras_begin(call);
	EXPECT_OK(
	    stay__ids_take(&loop->ids, STAY__TOKEN_CALL, call, &extras->id));
	id = extras->id;
	ck_assert_ptr_eq(
	    stay__ids_find(&loop->ids, STAY__TOKEN_CALL, id), call);
	stay__call_drop(call, STAY_E_CANCELLED);
	ck_assert_ptr_null(stay__ids_find(&loop->ids, STAY__TOKEN_CALL, id));
	ck_assert(call->history & STAY__HISTORY_EXTRAS);
}

/* Expectations of the control lane in a row are one record. */
TEST(calls_control_is_in_the_order_of_the_wire)
{
	struct stay__call *a, *control;

	a = fly("a", 0);
	for (int i = 0; i < 1000; i++)
		EXPECT_OK(stay__calls_expect(&calls, 1));
	control = stay__call_of(calls.in_flight.prev);
	ck_assert_uint_eq(control->due, 1000);
	ck_assert_int_eq(stay__calls_expect(&calls, UINT32_MAX), STAY_E_FULL);
	fly("b", 0);
	answer(a);
	ck_assert_ptr_eq(stay__calls_oldest(&calls), control);
	for (int i = 0; i < 999; i++)
		ck_assert(stay__call_answered(control, true));
	ck_assert(!stay__call_answered(control, true));
	ck_assert_uint_eq(calls.counts.in_flight, 1);
}

/* What the control lane waits for overtakes nobody. */
TEST(calls_control_overtakes_nobody)
{
	(void)fly("a", STAY_IDEMPOTENT);
	EXPECT_OK(stay__calls_expect(&calls, 1));
	stay__calls_session_over(&calls, &loss);
	ck_assert_uint_eq(calls.counts.queued, 1);
}

static struct stay__call *
fly_in_part(const char *text, size_t len)
{
	struct stay__call *call = queue(text, STAY_BY_TAG);

	stay__call_commit(call, len);
	return call;
}

/* What five thousand bytes have left behind is squeezed out, and what a thousand have is
 * not; nor if something still says where it was sent. */
static void
squeeze_behind(const char *what)
{
	static char big[5001];
	struct stay__call *call;

	memset(big, 'x', sizeof(big) - 1);
	if (strcmp(what, "little") == 0)
		big[1000] = '\0';
	if (strcmp(what, "refused") == 0)
		stay__call_set_aside(fly("no;", STAY_BY_TAG), NULL);
	call = fly(big, STAY_BY_TAG);
	(void)fly("plain;", STAY_BY_TAG);
	EXPECT_OK(stay__calls_expect(&calls, 1));
	(void)fly("late;", STAY_BY_TAG | STAY_IDEMPOTENT);
	stay__call_is_sealed(fly_in_part("half;", 2));
	if (strcmp(what, "sealed") != 0)
		stay__calls_unseal(&calls);
	ck_assert(!stay__call_answered(call, true));
	stay__call_replied(call, false, STAY_OK);
	stay__call_give(&calls, call);
	stay__calls_release(&calls);
}

static const struct stay_call_ops hears = { STAY_CALL_OPS, .prepare = prepare };

static void
begin_tagged(void)
{
	ck_assert(stay__tagged_init(&calls, &hears));
	calls.tagged->buried = tell;
}

static void
end_tagged(void)
{
	stay__calls_session_over(&calls, &loss);
	stay__calls_drop_queue(&calls, 0, STAY_E_STOPPED);
	ck_assert(stay__calls_tell_some(&calls));
	stay__tagged_fini(&calls);
}

/* Each keeps its place, and the marks theirs. */
TEST(calls_by_tag_are_squeezed_in_order)
{
	struct stay__call *slow, *plain, *control, *late;

	begin_tagged();
	slow = fly("slow;", STAY_BY_TAG | STAY_IDEMPOTENT);
	squeeze_behind("nothing");
	plain = stay__call_of(slow->node.next);
	control = stay__call_of(plain->node.next);
	late = stay__call_of(control->node.next);
	ck_assert_uint_eq(stay__call_end(late), calls.half->begin);
	ck_assert_uint_eq(control->begin, late->begin);
	ck_assert_uint_eq(plain->begin, late->begin - 1);
	ck_assert_uint_eq(stay__call_end(slow), plain->begin);
	ck_assert_uint_eq(calls.sendbuf.base, slow->begin);
	ck_assert_uint_eq(calls.sendbuf.wire, calls.half->begin + 2);
	ck_assert_uint_eq(calls.unawaited, plain->begin);
	ck_assert_uint_eq(calls.unanswered, plain->begin);
	stay__calls_session_over(&calls, &loss);
	ck_assert_uint_eq(calls.counts.queued, 2); /* late, and half */
	end_tagged();
}

TEST_ROWS(calls_by_tag_are_not_squeezed, 3)
{
	static const char *const whats[] = { "refused", "sealed", "little" };
	struct stay__call *slow;

	begin_tagged();
	slow = fly("slow;", STAY_BY_TAG | STAY_IDEMPOTENT);
	squeeze_behind(whats[_i]);
	ck_assert_uint_eq(slow->begin, 0);
	end_tagged();
}

/* A filter tells late that a request without an answer has left. */
TEST(calls_that_leave_late_lower_no_mark)
{
	struct stay__call *sent, *last;

	begin_tagged();
	sent = queue("sent;", 0);
	sent->due = 0;
	stay__call_is_sealed(sent);
	stay__call_commit(sent, 5);
	(void)fly("again;", STAY_IDEMPOTENT);
	last = fly("last;", STAY_BY_TAG);
	ck_assert(!stay__call_answered(last, true));
	stay__call_replied(last, false, STAY_OK);
	stay__call_give(&calls, last);
	stay__calls_unseal(&calls);
	stay__calls_session_over(&calls, &loss);
	ck_assert_uint_eq(calls.counts.queued, 0);
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_uint_eq(calls.outcomes[STAY_SENT], 1);
	ck_assert_uint_eq(calls.outcomes[STAY_MAYBE_EXECUTED], 1);
	stay__tagged_fini(&calls);
}

/* All that it had is sent, but of the last request it had not all. */
TEST(calls_that_have_not_left_whole_are_not_told)
{
	struct stay__call *half;

	half = queue("half;", 0);
	half->due = 0;
	stay__call_is_sealed(half);
	stay__call_commit(half, 3);
	stay__calls_unseal(&calls);
	ck_assert_ptr_eq(calls.half, half);
	ck_assert_uint_eq(calls.counts.in_flight, 1);
	stay__sendbuf_wrote(&calls.sendbuf, 2);
	stay__call_whole(&calls);
	ck_assert(stay__calls_tell_some(&calls));
	ck_assert_uint_eq(calls.outcomes[STAY_SENT], 1);
}

TEST_SUITE_WITH(calls, .before = begin, .after = end)
