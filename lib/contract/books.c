/*
 * What became of each call, and whether that is right. This file knows nothing of
 * what went wrong meanwhile: the chapter has said what a call must come to.
 */
#include <string.h>

#include "contract/kit.h"

#define SLACK_MS 2

static const struct stay_contract_sample *
sample_of(const struct kit_call *call)
{
	return &call->run->contract->samples[call->sample];
}

static const char *
name_of(const struct kit_call *call)
{
	return sample_of(call)->name;
}

/* ---- what the reply says ---- */

/* Behind the pieces of it that have come. */
static void
show(struct kit_call *call, const void *reply, struct stay_buf *text)
{
	*text = call->pieces;
	stay_buf_init(&call->pieces, 0);
	kit_told->slot = "show, of what decode has replied";
	call->run->contract->show(reply, text);
	kit_told->slot = NULL;
}

static bool
is_same(const struct stay_buf *a, const struct stay_buf *b)
{
	size_t len = stay_buf_len(a);

	return len == stay_buf_len(b) &&
	       (len == 0 || memcmp(stay_buf_bytes(a).data,
				stay_buf_bytes(b).data, len) == 0);
}

/* The first reply is the right one, unless the sample says what it is. */
static struct stay_buf *
wanted_of(const struct kit_call *call, const struct stay_buf *text)
{
	struct kit_known *known = call->run->known;
	struct stay_buf *wanted = &known->wanted[call->sample];
	const char *reply = sample_of(call)->reply;

	if (wanted->limit > 0)
		return wanted;
	stay_buf_init(wanted, SIZE_MAX);
	if (reply != NULL)
		(void)stay_buf_puts(wanted, reply);
	else
		(void)stay_buf_append(
		    wanted, stay_buf_bytes(text).data, stay_buf_len(text));
	return wanted;
}

static const char *
quote(const struct stay_buf *text)
{
	return kit_quote(stay_buf_bytes(text).data, stay_buf_len(text));
}

static void
check_reply(struct kit_call *call, const struct stay_result *result)
{
	struct stay_buf text;
	const struct stay_buf *wanted;

	show(call, result->reply, &text);
	wanted = wanted_of(call, &text);
	kit_note("call %u completes: %s, %s", call->number,
	    stay_strerror(result->status), quote(&text));
	if (call->right != KIT_MAY_ANY && !is_same(&text, wanted))
		kit_broken(KIT_OWN_REPLY,
		    "the reply to call %u, %s, reads %s, and must read %s",
		    call->number, name_of(call), quote(&text), quote(wanted));
	stay_buf_fini(&text);
}

/* ---- how it ends ---- */

static bool
is_reply(const struct stay_result *result)
{
	return result->status == STAY_OK || result->status == STAY_E_SERVER;
}

static void
check_once(const struct kit_call *call)
{
	if (call->done > 1)
		kit_broken(KIT_ONCE, "call %u, %s, completes %u times",
		    call->number, name_of(call), call->done);
	if (!call->accepted)
		kit_broken(KIT_ONCE,
		    "call %u, %s, was rejected, and completes all the same",
		    call->number, name_of(call));
	if (call->run->closed > 0)
		kit_broken(KIT_CLOSED,
		    "call %u, %s, completes behind on_closed", call->number,
		    name_of(call));
}

static void
check_time(const struct kit_call *call, const struct stay_result *result)
{
	uint64_t took = kit_now() - call->from_ms;

	if (result->status == STAY_E_TIMEOUT && took < call->timeout_ms)
		kit_broken(KIT_DEADLINE,
		    "call %u, %s, has %llu ms, and times out after %llu",
		    call->number, name_of(call),
		    (unsigned long long)call->timeout_ms,
		    (unsigned long long)took);
	if (took > call->timeout_ms + SLACK_MS)
		kit_broken(KIT_DEADLINE,
		    "call %u, %s, has %llu ms, and completes after %llu: %s",
		    call->number, name_of(call),
		    (unsigned long long)call->timeout_ms,
		    (unsigned long long)took, stay_strerror(result->status));
}

/* The peer has closed behind the answer to another call, and has not read what came
 * behind that. Who still writes then may be told of it before he reads the answer. */
static bool
is_left(const struct kit_call *call)
{
	const struct kit_server *server = &call->run->server;

	return server->left > 0 && (call->is_behind || server->is_narrow);
}

/* What was not acted on behind a last answer may have no session to go on in, or be given
 * up before it has one. */
static bool
is_not_resent(const struct kit_call *call, const struct stay_result *result)
{
	return result->outcome == STAY_REFUSED &&
	       (is_left(call) || call->right == KIT_MAY_ANY) &&
	       kit_shadow_has_last_frames();
}

/* It was sent again. What the peer says now, that it does not act, says nothing of the
 * time before. */
static bool
is_refused_late(const struct kit_call *call, const struct stay_result *result)
{
	unsigned accepted = call->run->server.accepted;

	return result->status == STAY_E_SERVER &&
	       result->outcome == STAY_MAYBE_EXECUTED &&
	       sample_of(call)->is_refused && accepted > 1 &&
	       accepted > call->connections;
}

static void
check_outcome(const struct kit_call *call, const struct stay_result *result)
{
	bool answered = result->outcome == STAY_REPLIED ||
			result->outcome == STAY_SENT ||
			result->outcome == STAY_REFUSED;

	if (is_reply(result) != answered && !is_not_resent(call, result) &&
	    !is_refused_late(call, result))
		kit_broken(KIT_OUTCOME, "call %u, %s, completes with %s, as %s",
		    call->number, name_of(call), stay_strerror(result->status),
		    stay_outcome_name(result->outcome));
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return end_len <= len && strcmp(text + len - end_len, end) == 0;
}

/* What the server has said of it. */
static void
check_words(const struct kit_call *call, const struct stay_result *result)
{
	const struct stay_contract_sample *sample = sample_of(call);

	if (result->status != sample->status)
		kit_broken(KIT_OWN_REPLY,
		    "call %u, %s, completes with \"%s\", not \"%s\"",
		    call->number, name_of(call), stay_strerror(result->status),
		    stay_strerror(sample->status));
	if ((result->outcome == STAY_REFUSED) != sample->is_refused &&
	    !is_refused_late(call, result))
		kit_broken(KIT_OUTCOME,
		    "call %u, %s, completes as %s, and the server %s",
		    call->number, name_of(call),
		    stay_outcome_name(result->outcome),
		    sample->is_refused ? "did not act" : "acted");
	if (sample->words != NULL && !ends_with(result->why, sample->words))
		kit_broken(KIT_OWN_REPLY,
		    "call %u, %s, completes with \"%s\", which must end with "
		    "\"%s\"",
		    call->number, name_of(call), result->why, sample->words);
}

/* A body that does not come to its end ends its session, and the other calls of that
 * are lost with it. */
static bool
is_given_up_with_body(const struct kit_call *call)
{
	if (!kit_has_body(call))
		return false;
	if (call->done == 0)
		return call->cancelled ||
		       kit_now() >= call->from_ms + call->timeout_ms;
	return call->status == STAY_E_CANCELLED ||
	       call->status == STAY_E_TIMEOUT;
}

/* Whether something else than a fault may have cost it its reply. */
static bool
is_excused(const struct kit_call *call)
{
	const struct kit_run *run = call->run;

	if (is_left(call))
		return true;
	for (unsigned i = 0; i < run->call_count; i++)
		if (is_given_up_with_body(&run->calls[i]))
			return true;
	return false;
}

/* The peer has acted on nothing that is behind its last answer, and the adapter has
 * said that it knows which that is. */
static void
check_going_on(const struct kit_call *call, const struct stay_result *result)
{
	if (!call->is_behind || result->outcome == STAY_MAYBE_EXECUTED)
		kit_broken(KIT_OUTCOME, "call %u, %s, %s: %s, %s", call->number,
		    name_of(call),
		    call->is_behind
			? "is behind the last answer of its session, where "
			  "the peer has acted on nothing"
			: "has no last answer in front of it, and has no reply",
		    stay_outcome_name(result->outcome), result->why);
}

static void
check_failure(struct kit_call *call, const struct stay_result *result)
{
	stay_buf_fini(&call->pieces);
	kit_note("call %u completes: %s, %s", call->number,
	    stay_outcome_name(result->outcome), result->why);
	if (call->cancelled && result->status == STAY_E_CANCELLED)
		return;
	if (result->status == STAY_E_CANCELLED)
		kit_broken(KIT_DEADLINE,
		    "call %u, %s, is cancelled, and nobody has asked for it",
		    call->number, name_of(call));
	if (call->right == KIT_MUST_GO_ON)
		check_going_on(call, result);
	if (call->right == KIT_MUST_END)
		kit_broken(KIT_LEFT,
		    "call %u, %s, is left without an answer: %s, %s",
		    call->number, name_of(call),
		    stay_outcome_name(result->outcome), result->why);
	if (call->right == KIT_MUST_ANSWER && !is_excused(call))
		kit_broken(KIT_OWN_REPLY,
		    "call %u, %s, has no reply, and nothing keeps it: %s, %s",
		    call->number, name_of(call),
		    stay_outcome_name(result->outcome), result->why);
}

/* The adapter knows what the last answer of a connection means for the calls behind it:
 * the server did not act on them. */
static bool
is_refused_behind(const struct kit_call *call, const struct stay_result *result)
{
	return result->outcome == STAY_REFUSED && call->is_behind &&
	       is_left(call);
}

void
kit_books_done(struct kit_call *call, const struct stay_result *result)
{
	call->done++;
	check_once(call);
	call->run->open--;
	call->status = result->status;
	check_time(call, result);
	check_outcome(call, result);
	if (!is_reply(result) || is_refused_behind(call, result)) {
		check_failure(call, result);
		return;
	}
	check_reply(call, result);
	if (call->right != KIT_MAY_ANY)
		check_words(call, result);
}

/* ---- all of them ---- */

void
kit_books_close(struct kit_run *run)
{
	for (unsigned i = 0; i < run->call_count; i++) {
		const struct kit_call *call = &run->calls[i];

		if (call->accepted && call->done == 0)
			kit_broken(KIT_ONCE,
			    "call %u, %s, has %llu ms, and does not complete "
			    "in %llu",
			    call->number, name_of(call),
			    (unsigned long long)call->timeout_ms,
			    (unsigned long long)(kit_now() - call->from_ms));
	}
}

void
kit_books_quiet(struct kit_run *run)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	stay_client_get_counts(run->client, &counts);
	if (run->server.accepted > 1 + run->server.left ||
	    counts.sessions > 1 + run->server.left)
		kit_broken(KIT_OWN_REPLY,
		    "nothing is wrong, and a session ends: %s",
		    stay_conn_failure(stay_client_conn(run->client)));
}
