/*
 * A call comes to its end without an answer: its deadline, or somebody gives it
 * up. And whatever it came to, its `done` is run here. It reads no reply.
 */
#include "client/complete.h"
#include "base/text.h"
#include "client/client.h"
#include "client/resend.h"

/* ---- giving up ---- */

/* What became of a call that was already on the wire is not known; its answer
 * is still to come, and is not to reach another. */
static void
bury(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	stay__call_bury(call, status);
	stay__loop_timer(client->loop, &call->timer,
	    stay__loop_after(client->loop, client->options.tombstone_age_ms));
	if (call->history & STAY__HISTORY_SUSPECT)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "a call that had ended a session was given up");
	if (client->calls.counts.tombstones > client->options.tombstones_max)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "too many calls were given up and never answered");
}

/* It may have been what held the others up. */
static void
withdraw(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	stay__call_withdraw(call, status);
	stay__calls_release(&client->calls);
	stay__output_ask(client);
}

void
stay__client_give_up(struct stay__call *call, enum stay_status status)
{
	if (call->stage == STAY__CALL_QUEUED)
		stay__call_drop(call, status);
	else if (call->stage == STAY__CALL_REFUSED)
		withdraw(stay__client_of_calls(call->owner), call, status);
	else
		bury(stay__client_of_calls(call->owner), call, status);
}

/* The deadline of a call, or the age of a tombstone. */
void
stay__client_expire(struct stay__timer *timer)
{
	struct stay__call *call =
	    STAY__CONTAINER(timer, struct stay__call, timer);
	struct stay_client *client = stay__client_of_calls(call->owner);

	if (call->stage == STAY__CALL_OVER)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "a call was given up and not answered for too long");
	else
		stay__client_give_up(call, STAY_E_TIMEOUT);
}

/* The tokens of a loop name calls of other clients, too. */
enum stay_status
stay_client_cancel(struct stay_client *client, struct stay_call_id id)
{
	struct stay__call *call;

	assert(client != NULL);
	call = stay__ids_find(&client->loop->ids, STAY__TOKEN_CALL, id.token);
	if (call != NULL && call->owner == &client->calls) {
		stay__client_give_up(call, STAY_E_CANCELLED);
		return STAY_OK;
	}
	return stay__waiters_cancel(client, id.token) ? STAY_OK : STAY_E_STALE;
}

/* ---- telling ---- */

static void
tell_nobody(const struct stay_client *client, const struct stay_result *result)
{
	if (result->status != STAY_OK)
		stay__conn_tell_lost_call(
		    client->conn, result->status, result->why);
}

void
stay__client_tell(
    const struct stay__call *call, const struct stay_result *result)
{
	if (call->done != NULL)
		call->done(call->arg, result);
	else
		tell_nobody(stay__client_of_calls(call->owner), result);
}

/* Without a session its failure says more than the status. */
static const char *
reason_of(const struct stay_client *client, enum stay_status status)
{
	const char *failure = stay_conn_failure(client->conn);

	if (status == STAY_OK || status == STAY_E_CANCELLED ||
	    status == STAY_E_STOPPED || status == STAY_E_SERVER ||
	    failure[0] == '\0' ||
	    stay__session_state(&client->session) != STAY__SESSION_DOWN)
		return stay_strerror(status);
	return failure;
}

/* A failure sentence, and what stands in front of it. */
#define WHY_MAX 896

static const char *
add_budget(char *text, size_t size, const char *why)
{
	struct stay__text words = { text, size, 0 };

	stay__text_add(&words,
	    "not sent again, as the budget for that (resend_percent) is "
	    "used up: %s",
	    why);
	return text;
}

void
stay__client_tell_over(struct stay__call *call)
{
	const struct stay_client *client = stay__client_of_calls(call->owner);
	char text[WHY_MAX];
	struct stay_result result = { .status = call->status,
		.outcome = call->outcome,
		.why = reason_of(client, call->status) };

	if (call->history & STAY__HISTORY_POOR)
		result.why = add_budget(text, sizeof(text), result.why);
	stay__conn_call_over(client->conn, call->outcome);
	if (call->refusal != NULL)
		result.reply = stay_held_reply(call->refusal);
	stay__client_tell(call, &result);
	stay_held_free(call->refusal);
	call->refusal = NULL;
}

/* Somebody may be waiting for the last call, to stop; and what it took of
 * memory is to be given back, though not a byte has come or gone. */
void
stay__client_told(struct stay__calls *calls)
{
	struct stay_client *client = stay__client_of_calls(calls);

	stay__health_rest(&client->session);
	stay__admission_fall(client);
	stay__conn_nudge(client->conn);
}
