/*
 * The control lane of the protocol with tags, and so much said on it that it is full:
 * whoever is told so is told when it has drained, and nothing of what was said is lost
 * or out of order. What else is said there is tag_session.c's.
 */
#include "tag.h"

#include <inttypes.h>
#include <string.h>

#include "support/inside.h"

#define NOTE_PAD 4000

/* So many are more than the lane takes. */
#define NOTES_MOST 320

/* ---- the client ---- */

/* What was said was, or was not, because of this. */
static enum stay_status
take_status(struct stay_session *session, enum stay_status status)
{
	struct user *user = tag_user_of(session);

	if (status == STAY_E_FULL) {
		user->lane.full = true;
		user->lane.times++;
	}
	return status;
}

enum stay_status
tag_say(struct stay_session *session, unsigned replies, const char *word,
    uint64_t number)
{
	enum stay_status status = stay_buf_printf(
	    stay_session_control(session), "%s %" PRIu64 "\n", word, number);

	return status == STAY_OK
		   ? take_status(session, stay_session_expect(session, replies))
		   : status;
}

/* "note NUMBER nnnn" */
static enum stay_status
say_note(struct stay_session *session, uint64_t number)
{
	struct stay_buf *out = stay_session_control(session);
	size_t before = stay_buf_len(out);
	char *pad;

	if (stay_buf_printf(out, "note %" PRIu64 " ", number) != STAY_OK ||
	    (pad = stay_buf_reserve(out, NOTE_PAD)) == NULL) {
		stay_buf_cut(out, before);
		return STAY_E_NOMEM;
	}
	memset(pad, 'n', NOTE_PAD);
	pad[NOTE_PAD - 1] = '\n';
	stay_buf_commit(out, NOTE_PAD);
	return take_status(session, stay_session_expect(session, 0));
}

/* Until all is said, or it is refused. */
enum stay_status
tag_lane_go_on(struct stay_session *session)
{
	struct tag_data *data = tag_data_of(session);
	enum stay_status status = STAY_OK;

	while (data->notes_due > 0 && status == STAY_OK) {
		status = say_note(session, data->notes + 1);
		data->notes += status == STAY_OK;
		data->notes_due -= status == STAY_OK;
	}
	return status;
}

/* Not where it would take a write for each of a million bytes. */
enum stay_status
tag_lane_fill(struct stay_session *session)
{
	struct tag_data *data = tag_data_of(session);
	const struct desk *desk = host_desk(&tag_user_of(session)->host);

	if (desk == NULL || desk->peer->limits.ragged ||
	    (desk->peer->limits.write_max > 0 &&
		desk->peer->limits.write_max < 500))
		return STAY_OK;
	data->notes_due += draw_below(the_run, NOTES_MOST) + 1;
	return tag_lane_go_on(session);
}

/* What is left of it may be forgotten. */
void
tag_on_drained(struct stay_session *session)
{
	struct user *user = tag_user_of(session);
	struct tag_data *data = tag_live_data_of(session);

	called_back(the_run);
	if (!user->lane.full)
		broken(7, "user %u is told of a lane that was not full",
		    user->index);
	user->lane.full = false;
	the_run->figures->drained++;
	if (data->notes_due > 0 && draw_mille(the_run, 500))
		(void)tag_lane_go_on(session);
	act_inside(the_run, user);
	call_is_back(the_run);
}

/* From outside of the slots. */
void
tag_speak(struct stay_session *session)
{
	enum stay_status status;

	if (draw_mille(the_run, 500))
		STATUS_OF(status, tag_lane_fill(session));
	else
		STATUS_OF(status, tag_say(session, 1, "ping", 0));
	SAYS(status, STAY_OK);
}

/* ---- in time ---- */

bool
tag_lane_is_long(const struct user *user)
{
	return user->kind == KIND_TAG && user->client != NULL &&
	       inside_lane(user->client) > NOTE_PAD;
}

void
tag_lane_check(const struct user *user)
{
	if (user->lane.restores && !user->lane.full)
		broken(7, "user %u may restore more, and is not asked to",
		    user->index);
	if (user->lane.full && user->state[2] == STAY__SESSION_READY &&
	    inside_condemned(user->client) == STAY_OK &&
	    2 * inside_lane(user->client) <= TAG_LANE_MAX)
		broken(7, "user %u is not told that its lane has drained",
		    user->index);
}
