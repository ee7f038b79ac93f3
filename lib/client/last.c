/*
 * The last frame of a session: which may be one, and how the session is marked as over
 * behind it. Whether that is a failure depends on what the frame has answered. What
 * becomes of the calls in flight is resend.c's.
 */
#include "client/last.h"

#include "client/client.h"

static bool
may_be_last(size_t kind)
{
	return kind < STAY_FRAME_BAD && kind != STAY_FRAME_MORE &&
	       kind != STAY_FRAME_PART && kind != STAY_FRAME_PIECE &&
	       kind != STAY_FRAME_SWALLOW;
}

const char *
stay__last_fault(
    const struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay_client *client = session->client;
	size_t kind = frame->kind;

	if (kind < STAY_FRAME_LAST || kind >= 2 * STAY_FRAME_LAST)
		return "a frame of an unknown kind";
	if (!may_be_last(kind - STAY_FRAME_LAST))
		return "a last frame of a kind that can't be the last";
	if (!client->profile->calls.ends_sessions)
		return "a last frame of a protocol without STAY_LAST_FRAMES";
	return NULL;
}

uint64_t
stay__last_answers(const struct stay_session *session)
{
	const struct stay_client *client = session->client;

	return client->calls->outcomes[STAY_REPLIED] + client->traffic.orphans;
}

/* A wish for another session has its own backoff. */
static void
end(struct stay_session *session, bool has_answered)
{
	bool is_content = has_answered && session->condemned == STAY_OK &&
			  !stay__renew_is_wanted(session);

	if (is_content)
		stay__endpoints_pace(session->client)->attempt = 0;
	else if (session->condemned == STAY_OK)
		stay__session_break(session, STAY_E_NOT_READY,
		    stay__renew_is_wanted(session)
			? session->renew.why
			: "the server has ended the session without an answer "
			  "to a call");
	stay__session_is_unacted(session, is_content);
}

enum stay__flow
stay__last_end(struct stay_session *session, uint64_t answers_before)
{
	end(session, stay__last_answers(session) != answers_before);
	return STAY__END;
}
