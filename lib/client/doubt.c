/*
 * Sessions that are left in doubt, one after the other, are one outage: the backoff
 * grows from one to the next, however long each was. What shows that a server is the
 * right one is the protocol's to say.
 */
#include "client/doubt.h"

#include "client/client.h"

void
stay__doubt_raise(struct stay_session *session)
{
	session->doubt = session->doubt == STAY__DOUBT_NONE ? STAY__DOUBT_NEW
							    : STAY__DOUBT_AGAIN;
}

void
stay__doubt_end(struct stay_session *session)
{
	session->doubt = STAY__DOUBT_NONE;
}

bool
stay__doubt_goes_on(struct stay_session *session)
{
	bool again = session->doubt == STAY__DOUBT_AGAIN;

	if (session->doubt != STAY__DOUBT_NONE)
		session->doubt = STAY__DOUBT_HELD;
	return again;
}
