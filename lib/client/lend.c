/*
 * Lending: one user has the client for himself, in one session. Which calls are accepted
 * follows from it. How the session becomes as new again is reset.c's; who lends, and to
 * whom, is not known here.
 */
#include "client/client.h"
#include "client/pause.h"

/* Calls are accepted, or not, from now on. */
static void
become(struct stay_client *client, enum stay__lend lend)
{
	client->lend = (uint8_t)lend;
	stay__admission_set_marks(client);
	stay__waiters_move_on(client);
}

enum stay_status
stay_client_lend(struct stay_client *client)
{
	assert(client != NULL);
	if (client->lend != STAY__LEND_NOT)
		return STAY_E_STATE;
	if (!stay__session_is_ready(&client->session) ||
	    stay__conn_is_to_reconnect(client->conn))
		return STAY_E_OFFLINE;
	become(client, STAY__LEND_LENT);
	return STAY_OK;
}

enum stay_status
stay_client_take_back(struct stay_client *client)
{
	assert(client != NULL);
	if (client->lend != STAY__LEND_LENT &&
	    client->lend != STAY__LEND_OUTLIVED)
		return STAY_E_STATE;
	stay__pause_end(client);
	if (!stay__session_is_ready(&client->session)) {
		become(client, STAY__LEND_ANEW);
		return STAY_E_OFFLINE;
	}
	become(client, STAY__LEND_RETURNING);
	stay__conn_interrupt(client->conn);
	return STAY_OK;
}

uint64_t
stay_client_load(const struct stay_client *client)
{
	assert(client != NULL);
	return client->calls->counts.queued + client->calls->counts.in_flight;
}

void
stay__lend_reset(struct stay_client *client)
{
	become(client, STAY__LEND_RETURNING);
}

void
stay__lend_end(struct stay_client *client)
{
	become(client, STAY__LEND_NOT);
}

void
stay__lend_session_over(struct stay_client *client)
{
	if (client->lend == STAY__LEND_LENT)
		become(client, STAY__LEND_OUTLIVED);
	else if (client->lend == STAY__LEND_RETURNING)
		become(client, STAY__LEND_ANEW);
}

void
stay__lend_nudge(struct stay_client *client)
{
	if (stay__lend_is_coming_back(client))
		stay__conn_interrupt(client->conn);
}
