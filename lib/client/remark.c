/*
 * Remarks: decode may have something to say, but the observer, which may call every
 * function, hears it when the slot has returned. Of several, it hears the last.
 */
#include "client/remark.h"

#include "client/client.h"

void
stay__remark_make(struct stay_session *session, const char *text)
{
	session->remark.text = text;
}

void
stay__remark_tell(struct stay_session *session)
{
	const char *text = session->remark.text;

	session->remark.text = NULL;
	if (text != NULL)
		stay__conn_tell_note(session->client->conn, text);
}
