/* The book of calls: each ends once, in its thread's order, and as its end says. */
#include "threads/play.h"

#include <stdio.h>
#include <string.h>

#include "threads/sched.h"

struct call *
call_new(enum call_kind kind, unsigned owner, unsigned remote)
{
	static const unsigned sizes[] = { 0, 3, 40, 3000, 40000 };
	struct call *call;

	if (play.call_count == CALLS_MAX)
		return NULL;
	call = &play.calls[play.call_count++];
	*call = (struct call){ .kind = kind,
		.owner = owner,
		.remote = remote,
		.is_behind_stop = play.is_stopped[remote],
		.is_behind_end = play.is_over,
		.outcome = STAY_OUTCOME_COUNT };
	call->size = sizes[sched_draw(sizeof(sizes) / sizeof(sizes[0]))];
	if (sched_chance(4))
		call->delay_ms = (unsigned)sched_draw(10);
	if (sched_chance(32))
		call->delay_ms = (unsigned)sched_draw(2 * TIMEOUT_MS);
	sched_note("call", call_number(call), kind);
	return call;
}

unsigned
call_number(const struct call *call)
{
	return (unsigned)(call - play.calls);
}

struct call *
call_of(unsigned number)
{
	if (number >= play.call_count)
		sched_broken("bytes of no call on the wire: %u", number);
	return &play.calls[number];
}

/* "NUMBER SIZE\n" and so many bytes. */
void
call_check_reply(const struct call *call, const struct stay_bytes *reply)
{
	char head[32];
	int len = snprintf(
	    head, sizeof(head), "%u %u\n", call_number(call), call->size);

	if (reply == NULL || reply->len != (size_t)len + call->size ||
	    memcmp(reply->data, head, (size_t)len) != 0)
		sched_broken(
		    "call %u has no reply of its own", call_number(call));
	for (size_t i = 0; i < call->size; i++)
		if (reply->data[(size_t)len + i] !=
		    (char)('a' + call_number(call) % 26))
			sched_broken(
			    "call %u: its reply changes", call_number(call));
}

/* What is given after a stop is told so, or that there is no room to be told. */
static void
check_behind_stop(const struct call *call, enum stay_status status)
{
	bool is_full = status == STAY_E_FULL && !call->is_behind_stop;

	if (!call->is_behind_stop && !call->is_behind_end)
		return;
	if (status != STAY_E_STOPPED && status != STAY_E_NOMEM && !is_full)
		sched_broken("call %u, given after a stop, ends with %s",
		    call_number(call), stay_status_name(status));
}

/* Those of one thread at one remote are answered in its order. */
static void
check_order(const struct call *call)
{
	for (const struct call *later = call + 1;
	     later < &play.calls[play.call_count]; later++)
		if (call->kind == CALL_TOLD && later->kind == CALL_TOLD &&
		    later->owner == call->owner &&
		    later->remote == call->remote &&
		    later->outcome == STAY_REPLIED)
			sched_broken("call %u is answered behind call %u",
			    call_number(call), call_number(later));
}

void
call_told(struct call *call, const struct stay_result *result)
{
	sched_note("told", call_number(call), result->status);
	if (call->told++ > 0)
		sched_broken("call %u ends twice", call_number(call));
	call->outcome = result->outcome;
	play.outcomes[result->outcome]++;
	check_behind_stop(call, result->status);
	if (result->status != STAY_OK)
		return;
	if (result->outcome != STAY_REPLIED)
		sched_broken(
		    "call %u is good, and has no reply", call_number(call));
	call_check_reply(call, result->reply);
	check_order(call);
}

void
call_given(struct call *call, enum stay_status status)
{
	if (status == STAY_OK)
		return;
	sched_note("refused", call_number(call), status);
	call->was_refused = true;
	check_behind_stop(call, status);
	if (call->told > 0)
		sched_broken(
		    "call %u is refused, and has ended", call_number(call));
}

void
call_seen(struct call *call)
{
	sched_note("seen", call_number(call), 0);
	if (call->seen++ > 0)
		sched_broken("call %u is sent twice", call_number(call));
	if (call->is_behind_stop || call->is_behind_end)
		sched_broken(
		    "call %u, given after a stop, is sent", call_number(call));
	for (const struct call *later = call + 1;
	     later < &play.calls[play.call_count]; later++)
		if (later->owner == call->owner &&
		    later->remote == call->remote &&
		    later->remote != REMOTES_MAX && later->seen > 0)
			sched_broken("call %u is sent behind call %u",
			    call_number(call), call_number(later));
}

static void
check_end(const struct call *call)
{
	unsigned ends = call->kind == CALL_CAST || call->was_refused ? 0 : 1;

	if (call->told != ends)
		sched_broken("call %u has ended %u times", call_number(call),
		    call->told);
	if (call->seen > 0 &&
	    (call->was_refused || call->outcome == STAY_NOT_SENT))
		sched_broken("call %u was not sent, and the server has it",
		    call_number(call));
	if (call->seen == 0 && call->outcome == STAY_REPLIED)
		sched_broken("call %u was answered, and nobody has seen it",
		    call_number(call));
}

void
calls_check(void)
{
	for (unsigned i = 0; i < play.call_count; i++)
		check_end(&play.calls[i]);
}
