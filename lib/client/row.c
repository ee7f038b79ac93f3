#include "client/row.h"

#include <assert.h>

#include <stay/direct.h>

#include "client/recorded.h"

/* Of calls that were accepted at the same time, and are called the same, how long they
 * took is counted once. */
void
stay__row_end(struct stay__row *row, const struct stay__calls *calls)
{
	if (row->timed > 0)
		stay__timed_end(calls, row->alike, STAY_REPLIED, row->timed);
	row->timed = 0;
}

/* Functions of their own, so that who counts nothing pays for no more than one test, and
 * who counts for no more than two. */
static __attribute__((noinline)) bool
begin_timed(struct stay__row *row, const struct stay__call *call)
{
	stay__row_end(row, call->owner);
	row->alike =
	    (struct stay__timed){ stay__call_since(call), call->tag, false };
	row->timed = 1;
	return true;
}

static __attribute__((noinline)) bool
is_rarely_watched(struct stay__row *row, const struct stay__call *call)
{
	if ((call->history & STAY__HISTORY_SPECIAL) != 0)
		return false;
	if ((call->history & STAY__HISTORY_NAMED) != 0)
		stay__recorded_over(call, STAY_OK, STAY_REPLIED);
	return (call->history & STAY__HISTORY_TIMED) == 0 ||
	       begin_timed(row, call);
}

/* Mostly it is just timed, and has no extras. */
bool
stay__row_is_watched(struct stay__row *row, const struct stay__call *call)
{
	if ((call->history & (STAY__HISTORY_SPECIAL | STAY__HISTORY_NAMED |
				 STAY__HISTORY_EXTRAS)) != 0)
		return is_rarely_watched(row, call);
	if (row->timed == 0 || row->alike.since != call->since ||
	    row->alike.tag != call->tag)
		return begin_timed(row, call);
	row->timed++;
	return true;
}

uint64_t
stay__row_read(
    struct stay_session *session, struct stay_bytes bytes, uint64_t max)
{
	const struct stay_client *client = session->client;
	struct stay__row row;

	stay__row_begin(&row, session, max);
	client->calls->row = &row;
	client->profile->protocol.session.replies(session, bytes);
	client->calls->row = NULL;
	stay__row_end(&row, client->calls);
	return max - row.left;
}

bool
stay_session_reply(struct stay_session *session, size_t len, const void *reply)
{
	struct stay__row *row = session->client->calls->row;

	assert(row != NULL);
	assert(len > 0);
	return stay__row_goes_on(session, row) &&
	       stay__row_give(session, row, len, reply);
}
