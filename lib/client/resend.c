/*
 * Decides whether a call is sent again after a lost session, or after the
 * server refused to act on it. Calls that are sent again stand in front of the
 * queue, in the order in which they were submitted. How calls are stored is
 * calls.c's.
 */
#include "client/resend.h"
#include "client/tagged.h"

/* ---- what may be sent again ---- */

/* Promise 13: a server that has just come back is not given all of it again and
 * again. Once it is, for it is seldom to blame. What calls have earned is
 * counted when somebody asks. */
void
stay__calls_save(struct stay__calls *calls)
{
	uint64_t earned = (calls->counts.submitted - calls->resend_seen) *
			  calls->bounds->resend_percent;

	calls->resend_seen = calls->counts.submitted;
	calls->resend_left += earned;
	if (calls->resend_left > calls->bounds->resend_cap)
		calls->resend_left = calls->bounds->resend_cap;
}

static bool
spend(struct stay__calls *calls, uint64_t weight)
{
	if (calls->is_free)
		return true;
	stay__calls_save(calls);
	if (calls->resend_left < weight * 100)
		return false;
	calls->resend_left -= weight * 100;
	return true;
}

/*
 * What a lost session means for a call in flight. Not all of it on the wire: no
 * server can have acted on it, unless its kind acts on parts, or has answered.
 * RETRY is for what was refused; NEVER is not sent again though it may be; REFUSED is
 * the same of what the server had; for POOR the budget is too small.
 */
enum fate {
	FATE_UNSENT,
	FATE_RETRY,
	FATE_RESEND,
	FATE_LOST,
	FATE_POOR,
	FATE_NEVER,
	FATE_REFUSED
};

static bool
reads_only(const struct stay__call *call)
{
	return (call->flags & STAY_READ_ONLY) == STAY_READ_ONLY;
}

bool
stay__call_is_unsent(const struct stay__call *call)
{
	const struct stay__calls *calls = call->owner;

	if (stay__call_is_whole(call) || calls->bounds->acts_on_parts ||
	    (call->flags & STAY_ACTS_ON_PARTS) != 0 ||
	    (call->history & STAY__HISTORY_ANSWERED) != 0)
		return false;
	if (stay__call_has_body(call))
		return !stay__feed_may_look_whole(call->arg);
	return (call->history & STAY__HISTORY_GROUP) == 0 ||
	       stay__group_is_unsent(
		   call->arg, calls->sendbuf.wire - call->begin, call->due);
}

/* A refused call may be sent again until its deadline, because the server has
 * done nothing. Of a group it may have done something. */
static bool
may_retry(const struct stay__call *call)
{
	return call->owner->bounds->retries_refused &&
	       (call->history & STAY__HISTORY_GROUP) == 0 &&
	       stay__call_may_begin(call) &&
	       stay__call_outlives_sessions(call, call->owner->bounds);
}

/* So may any call, once the server has ended the session before it. */
static bool
may_go_on(const struct stay__call *call)
{
	return call->owner->bounds->ends_sessions &&
	       stay__call_may_begin(call) &&
	       stay__call_outlives_sessions(call, call->owner->bounds);
}

bool
stay__call_may_go_unacted(const struct stay__call *call)
{
	return may_go_on(call) || may_retry(call);
}

/* What has an answer was acted on all the same. */
static bool
is_unacted(const struct stay__call *call)
{
	return (call->history &
		   (STAY__HISTORY_ANSWERED | STAY__HISTORY_ACTED)) == 0;
}

static enum fate
unacted_fate_of(const struct stay__call *call, bool overtaken)
{
	if ((overtaken && !reads_only(call)) || !may_go_on(call))
		return FATE_REFUSED;
	return FATE_RETRY;
}

static enum fate
fate_of(const struct stay__call *call, bool overtaken, bool unacted)
{
	struct stay__calls *calls = call->owner;
	bool answered = (call->history & STAY__HISTORY_ANSWERED) != 0;

	if (stay__call_is_unsent(call))
		return stay__call_may_begin(call) ? FATE_UNSENT : FATE_NEVER;
	if (unacted && is_unacted(call))
		return unacted_fate_of(call, overtaken);
	if (call->stage == STAY__CALL_OVER || (overtaken && !reads_only(call)))
		return FATE_LOST;
	if (answered || !stay__call_may_resend(call, calls->bounds))
		return FATE_LOST;
	return spend(calls, stay__call_weight(call)) ? FATE_RESEND : FATE_POOR;
}

/*
 * The call that was to be answered next may be what the server cannot bear. Who
 * blocks is expected to be silent; of what is given up nobody waits to hear.
 */
static struct stay__call *
suspect_of(const struct stay__calls *calls, enum stay__blame blame)
{
	struct stay__call *call =
	    stay__call_of(stay__list_first(&calls->in_flight));

	if (blame == STAY__BLAME_NOBODY || call == NULL ||
	    call->stage != STAY__CALL_COMMITTED ||
	    (call->flags & (STAY_BLOCKS | STAY_MAY_GO_UNANSWERED)) != 0)
		return NULL;
	return call;
}

/* Among calls that are answered in any order it is only the likeliest. */
static enum stay__blame
blame_of(const struct stay__call *suspect, enum stay__blame blame)
{
	bool alone = suspect->node.next == suspect->node.prev;

	return (suspect->flags & STAY_BY_TAG) != 0 && !alone ? STAY__BLAME_END
							     : blame;
}

/* A session that ended at it again, with nobody else in flight; or it is plain
 * what it did. */
static bool
is_convicted(const struct stay__call *suspect, enum stay__blame blame)
{
	return blame != STAY__BLAME_END ||
	       (suspect->history & STAY__HISTORY_SUSPECT) != 0;
}

/* It is the oldest: what becomes of it holds nobody back. */
static void
judge(struct stay__call *suspect, enum stay__blame blame)
{
	if (!is_convicted(suspect, blame))
		stay__call_suspect(suspect);
	else if (suspect->fate == FATE_UNSENT)
		suspect->fate = FATE_NEVER;
	else
		suspect->fate = FATE_LOST;
}

/*
 * Decide for every call in flight whether it is sent again, from the newest to
 * the oldest (promise 4). A later request that the server may have acted on,
 * and that is not sent again, must not be overtaken by earlier ones. So those
 * are not sent again either. The budget is spent on the newest for the same
 * reason.
 */
static void
decide_fates(struct stay__calls *calls, bool unacted)
{
	struct stay__list *node = calls->in_flight.prev;
	bool overtaken = false;
	enum fate fate;

	for (; node != &calls->in_flight; node = node->prev) {
		struct stay__call *call = stay__call_of(node);

		if (call->stage == STAY__CALL_CONTROL)
			continue;
		if (call->begin < calls->unanswered &&
		    (!unacted || calls->tagged != NULL))
			overtaken = true;
		fate = fate_of(call, overtaken, unacted);
		if ((fate == FATE_LOST || fate == FATE_POOR) &&
		    !reads_only(call))
			overtaken = true;
		if (call->stage != STAY__CALL_OVER)
			call->fate = (uint8_t)fate;
	}
}

/* The answers that a group has are of no use: all of them come anew. */
static void
restart_group(struct stay__call *call)
{
	struct stay_group *group = call->arg;

	stay__group_begin(group);
	call->due = group->replies;
	call->tag = stay__group_tag(group);
	call->history &= ~STAY__HISTORY_ACTED;
}

static void
requeue(struct stay__call *call, struct stay__list *again, enum fate fate)
{
	struct stay__calls *calls = call->owner;

	call->stage = STAY__CALL_QUEUED;
	if (fate == FATE_RESEND)
		call->history |= STAY__HISTORY_WHOLE;
	if (fate == FATE_RETRY)
		call->history |= STAY__HISTORY_REFUSED;
	if (call->history & STAY__HISTORY_GROUP)
		restart_group(call);
	if (stay__call_has_body(call)) {
		stay__feed_requeue(call->arg);
		calls->bodies++;
	}
	calls->counts.queued += stay__call_weight(call);
	stay__sendbuf_return(&calls->sendbuf, stay__call_span(call));
	stay__list_push(again, &call->node);
}

/* What has become of all that was in flight. */
struct lost {
	struct stay__list again; /* to be queued once more */
	struct stay__list ended; /* to be told that it is over */
};

/* Far above the bound of most it counts no more, and then the bound is never met. */
static void
count_resend(struct stay__call *call)
{
	if (call->resends < UINT8_MAX)
		call->resends++;
}

/* Over, or in front of the queue once more. */
static void
lose(struct stay__call *call, struct lost *lost, const struct stay__loss *loss,
    enum stay_status status)
{
	bool is_over =
	    call->stage == STAY__CALL_OVER || call->stage == STAY__CALL_CONTROL;
	bool is_suspect = (call->history & STAY__HISTORY_SUSPECT) != 0;

	stay__call_take_out_to(call, &lost->ended);
	if (is_over)
		return;
	if (call->fate == FATE_POOR)
		call->history |= STAY__HISTORY_POOR;
	if (call->fate == FATE_LOST || call->fate == FATE_POOR) {
		stay__call_finish(call, status, STAY_MAYBE_EXECUTED);
	} else if (call->fate == FATE_NEVER) {
		stay__call_finish(call, status, stay__call_unsent(call));
	} else if (call->fate == FATE_REFUSED) {
		stay__call_finish(call, status, stay__call_refused(call));
	} else {
		/* Who is to blame is known: the others do not pay. */
		if (call->fate == FATE_RESEND &&
		    loss->blame != STAY__BLAME_ANSWER)
			count_resend(call);
		requeue(call, &lost->again, (enum fate)call->fate);
		if (is_suspect)
			stay__call_suspect(call);
	}
}

/* All that was in flight, the oldest first. */
static void
lose_all(struct stay__calls *calls, struct lost *lost, struct stay__loss loss)
{
	struct stay__call *suspect = suspect_of(calls, loss.blame);
	struct stay__call *call;

	calls->is_free = loss.is_first;
	decide_fates(calls, loss.unacted);
	calls->is_free = false;
	loss.blame = suspect != NULL ? blame_of(suspect, loss.blame)
				     : STAY__BLAME_NOBODY;
	if (suspect != NULL)
		judge(suspect, loss.blame);
	while (
	    (call = stay__call_of(stay__list_first(&calls->in_flight))) != NULL)
		lose(call, lost, &loss,
		    call == suspect && loss.blame != STAY__BLAME_END
			? loss.why
			: loss.status);
}

/* ---- refused calls ---- */

/* Nothing of it has come, and no answer to it but this is due. */
static bool
is_untouched(const struct stay__call *call)
{
	if (stay__call_has_body(call) && !stay__call_is_whole(call))
		return false;
	return call->due == 1 && is_unacted(call);
}

/* The session is left, so that nothing waits for it. */
bool
stay__call_may_go_on_now(const struct stay__call *call)
{
	return (call->history & STAY__HISTORY_GROUP) == 0 && may_go_on(call) &&
	       is_untouched(call) &&
	       (reads_only(call) || call->begin >= call->owner->unanswered);
}

/* Whether a refused call may be set aside. From then on nothing is sent until
 * all requests behind it are answered. So it is not, if one of those blocks or
 * has no reply; nor if a call was acted on that was sent behind it. */
bool
stay__call_may_retry_now(const struct stay__call *call)
{
	const struct stay__tagged *tagged = call->owner->tagged;

	if (tagged != NULL && tagged->blocking + tagged->loose > 0)
		return false;
	return may_retry(call) && is_untouched(call) &&
	       call->begin >= call->owner->unawaited;
}

/* Into a list in the order of the wire. It mostly stands at the end. */
static void
insert_sorted(struct stay__list *list, struct stay__call *call)
{
	struct stay__list *at = list;

	while (at->prev != list && stay__call_of(at->prev)->begin > call->begin)
		at = at->prev;
	stay__list_insert(at, &call->node);
}

/* Without memory its words are lost, as they are when no reply may be held. */
static void
keep_refusal(struct stay__call *call, struct stay_held *refusal)
{
	struct stay__extras *extras =
	    refusal == NULL ? NULL : stay__extras_begin(call);

	if (extras != NULL)
		extras->refusal = refusal;
	else
		stay_held_free(refusal);
}

void
stay__call_set_aside(struct stay__call *call, struct stay_held *refusal)
{
	struct stay__calls *calls = call->owner;

	assert(call->stage == STAY__CALL_COMMITTED && call->due == 1);
	stay__call_take_out(call);
	call->stage = STAY__CALL_REFUSED;
	keep_refusal(call, refusal);
	calls->counts.queued++;
	calls->counts.queued_bytes += call->len;
	insert_sorted(&calls->refused, call);
}

static void
take_back(struct stay__call *call)
{
	struct stay__call_counts *counts = &call->owner->counts;

	stay__list_remove(&call->node);
	counts->queued--;
	counts->queued_bytes -= call->len;
}

static void
drop_refusal(struct stay__call *call)
{
	stay_held_free(stay__extras_take_refusal(call));
}

void
stay__call_withdraw(struct stay__call *call, enum stay_status status)
{
	take_back(call);
	drop_refusal(call);
	stay__call_finish(call, status, stay__call_refused(call));
}

void
stay__calls_settle_refused(struct stay__calls *calls, uint64_t before)
{
	struct stay__call *call;

	while (
	    (call = stay__call_of(stay__list_first(&calls->refused))) != NULL &&
	    call->begin < before) {
		if (calls->tagged != NULL &&
		    (call->history & STAY__HISTORY_WHOLE) != 0)
			stay__tagged_acted(call);
		take_back(call);
		stay__call_finish(
		    call, STAY_E_SERVER, stay__call_refused(call));
	}
}

/* What only reads leaves nothing behind that a call before it could undo. */
bool
stay__call_overtakes_nobody(const struct stay__call *call)
{
	return call->stage == STAY__CALL_COMMITTED && reads_only(call);
}

/* Whether the server may have acted on a call sent behind one of those set aside. */
static bool
may_be_overtaken(const struct stay__calls *calls)
{
	const struct stay__call *first = stay__call_of(calls->refused.next);
	struct stay__list *node = calls->in_flight.next;

	for (; node != &calls->in_flight; node = node->next) {
		const struct stay__call *call = stay__call_of(node);

		if (call->begin > first->begin &&
		    call->stage != STAY__CALL_CONTROL &&
		    !stay__call_overtakes_nobody(call) &&
		    !stay__call_is_unsent(call))
			return true;
	}
	return false;
}

/*
 * Promise 4: a call is not sent again if calls submitted after it were acted
 * on. Promise 13: the next session first gets one call alone, to see whether it
 * is refused as well. So a server that keeps refusing gets one call per
 * session.
 */
static void
retry_refused(struct stay__calls *calls, struct stay__list *again, bool unacted)
{
	struct stay__list *node;

	if (stay__list_is_empty(&calls->refused))
		return;
	calls->asks_first =
	    (unacted || !may_be_overtaken(calls)) && spend(calls, 1);
	if (!calls->asks_first)
		stay__calls_settle_refused(calls, UINT64_MAX);
	while ((node = stay__list_first(&calls->refused)) != NULL) {
		take_back(stay__call_of(node));
		drop_refusal(stay__call_of(node));
		requeue(stay__call_of(node), again, FATE_RETRY);
	}
}

/* ---- the end of a session ---- */

/* Both are in the order of the wire. Without tags all that was refused is older
 * than all that was in flight. */
static void
merge(struct stay__list *into, struct stay__list *from)
{
	struct stay__list *at = into->next, *node;

	while ((node = stay__list_pop(from)) != NULL) {
		while (at != into &&
		       stay__call_of(at)->begin < stay__call_of(node)->begin)
			at = at->next;
		stay__list_insert(at, node);
	}
}

void
stay__calls_session_over(
    struct stay__calls *calls, const struct stay__loss *loss)
{
	struct stay__call *first;
	struct stay__list refused;
	struct lost lost;

	stay__list_init(&lost.again);
	stay__list_init(&lost.ended);
	stay__list_init(&refused);
	stay__tagged_session_over(calls);
	retry_refused(calls, &refused, loss->unacted);
	lose_all(calls, &lost, *loss);
	calls->asks_first |= loss->unacted;
	if (calls->half != NULL)
		stay__feed_leave(calls->half);
	calls->half = NULL;
	merge(&lost.again, &refused);
	stay__list_prepend_all(&calls->queued, &lost.again);
	first = stay__call_of(stay__list_first(&calls->queued));
	stay__sendbuf_rewind(&calls->sendbuf,
	    first != NULL ? first->begin : stay__sendbuf_end(&calls->sendbuf));
	calls->unawaited = calls->unanswered = 0;
	calls->has_blocked = false;
	calls->sealed = UINT64_MAX;
	stay__calls_end_tombstones(&lost.ended);
}
