/*
 * The protocol hears of the end of a call: once that it was given up in flight, and
 * once that nothing of it can come any more. This file does not know why a call
 * ends.
 */
#include "client/over.h"
#include "client/client.h"
#include "client/tagged.h"

/* The session that the call is, or was, in flight in; NULL: that has ended. */
static struct stay_session *
session_of(const struct stay__call *call)
{
	struct stay_client *client = call->owner->client;

	return (call->history & STAY__HISTORY_HERE) != 0 ? &client->session
							 : NULL;
}

void
stay__over(struct stay__call *call)
{
	struct stay_client *client = call->owner->client;
	struct stay_over over = { .keep = stay__client_keep(client),
		.config = client->profile->config,
		.tag = call->tag,
		.request_tag = stay__tagged_word(call),
		.outcome = call->outcome };
	struct stay_session *session = session_of(call);

	if (call->history & STAY__HISTORY_LET_GO)
		session = NULL;
	stay__tagged_free(call);
	call->owner->tagged->waits = NULL;
	stay__output_forget(&client->session);
	if (call->owner->tagged->on_over != NULL)
		call->owner->tagged->on_over(session, &over);
	stay__output_forget(&client->session);
}

/* It stays marked meanwhile, so that to let go of it is put off. */
static void
tell_given_up(const struct stay__call *call)
{
	struct stay_session *session = session_of(call);

	if (session == NULL || call->owner->tagged->on_given_up == NULL)
		return;
	stay__output_forget(session);
	call->owner->tagged->on_given_up(session, call->tag);
	stay__output_forget(session);
}

void
stay__over_told(struct stay__call *call)
{
	bool let_go = (call->history & STAY__HISTORY_LET_GO) != 0;
	bool stands = !stay__list_is_empty(&call->node);

	/* What has been answered meanwhile is not to be left any more. */
	if ((call->history & STAY__HISTORY_GIVEN_UP) && (stands || let_go))
		tell_given_up(call);
	let_go = (call->history & STAY__HISTORY_LET_GO) != 0;
	stands = !stay__list_is_empty(&call->node);
	if (stands && let_go)
		stay__call_take_out(call);
	call->history &= ~STAY__HISTORY_GIVEN_UP;
	if (!stands || let_go)
		stay__over(call);
}

enum stay_status
stay__over_let_go(struct stay_session *session, uint64_t tag)
{
	struct stay__calls *calls = session->client->calls;
	struct stay__call *call = stay__tagged_find(calls, tag);

	if (call == NULL)
		return STAY_E_STALE;
	if (!stay__call_is_whole(call) && call->stage == STAY__CALL_COMMITTED) {
		call->history |= STAY__HISTORY_LET_GO;
		call->due = 0; /* it is over when it is written whole */
	} else if (call->stage == STAY__CALL_COMMITTED) {
		stay__call_let_go(call, STAY_OK, STAY_SENT);
	} else {
		call->history |= STAY__HISTORY_LET_GO;
		if (!(call->history & STAY__HISTORY_GIVEN_UP))
			stay__call_end_soon(call);
	}
	return STAY_OK;
}
