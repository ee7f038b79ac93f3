/*
 * A client that was lent is given back: what its user has begun is waited for, and then
 * the protocol says whether the session is as new. And the program is told what becomes
 * of sessions.
 */
#include "client/reset.h"

#include "client/client.h"

void
stay__reset_tell(struct stay_client *client, enum stay_status status)
{
	stay_session_news_fn *tell = client->profile->options.on_session;

	if (tell != NULL)
		tell(client->arg, client, status);
}

/* Nothing of its last user is under way: neither a call nor its tombstone, which stays
 * among those in flight; and no answer to what the protocol itself has said. */
static bool
is_quiet(const struct stay_client *client)
{
	const struct stay__calls *calls = client->calls;

	return calls->counts.queued == 0 &&
	       stay__list_is_empty(&calls->in_flight);
}

static void
be_as_new(struct stay_client *client)
{
	stay__lend_end(client);
	stay__reset_tell(client, STAY_OK);
}

static void
replace(struct stay_session *session, const char *why)
{
	stay__remark_make(session, why);
	stay__remark_tell(session);
	stay_conn_reconnect(session->client->conn, STAY_E_RECONNECT);
}

/* A session that its last user never had is not replaced, unless something was said in it
 * that did not make it as new. */
static void
take_answer(struct stay_client *client, const struct stay_hello *answer)
{
	bool anew = client->lend == STAY__LEND_ANEW;

	if (answer->kind == STAY_HELLO_WAIT) {
		stay__lend_reset(client);
		stay__output_ask(client);
	} else if (answer->kind == STAY_HELLO_DENIED) {
		stay_conn_stop(client->conn, STAY_OK);
	} else if (anew || answer->kind == STAY_HELLO_UP) {
		be_as_new(client);
	} else {
		replace(&client->session, answer->text);
	}
}

void
stay__reset_go_on(struct stay_client *client)
{
	struct stay_session *session = &client->session;
	struct stay_hello answer;

	if (!stay__session_is_ready(&client->session) || !is_quiet(client))
		return;
	stay__output_forget(session);
	answer = client->profile->protocol.session.reset(session);
	stay__output_forget(session);
	if (!session->cut_off)
		take_answer(client, &answer);
}

void
stay__reset_begin(struct stay_client *client)
{
	if (stay__lend_is_coming_back(client))
		stay__conn_interrupt(client->conn);
	else
		stay__reset_tell(client, STAY_OK);
}
