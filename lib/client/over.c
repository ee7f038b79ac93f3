/*
 * The protocol hears of the end of a call: once that it was given up in flight, and
 * once that nothing of it can come any more. Of a group it hears once, or of each
 * request if it has prepared them. This file does not know why a call ends.
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

static void
tell(const struct stay__call *call, struct stay_session *session,
    struct stay_over over)
{
	struct stay_client *client = call->owner->client;

	over.keep = stay__client_keep(client);
	over.config = client->profile->config;
	call->owner->tagged->waits = NULL;
	stay__output_forget(&client->session);
	if (call->owner->tagged->on_over != NULL)
		call->owner->tagged->on_over(session, &over);
	stay__output_forget(&client->session);
}

/* ---- one request of a group ---- */

static uint64_t
tag_of(const struct stay__call *call, const struct stay__grouped *member)
{
	return call->history & STAY__HISTORY_TAGGED ? member->given
						    : member->tag;
}

void
stay__over_member(struct stay__call *call, uint32_t at)
{
	struct stay_group *group = call->arg;
	struct stay__grouped *member = &group->members[at];
	const struct stay_result *answer = &group->answers[at];
	const struct stay_over over = { .tag = tag_of(call, member),
		.request_tag = member->tag,
		.outcome = answer->why != NULL
			       ? answer->outcome
			       : (enum stay_outcome)call->outcome };

	stay__tagged_free_member(call, at);
	member->is_over = true;
	tell(call, member->let_go ? NULL : session_of(call), over);
}

static void
tell_members(struct stay__call *call, bool all)
{
	const struct stay_group *group = call->arg;

	for (uint32_t i = 0; i < group->count; i++)
		if (!group->members[i].is_over &&
		    (all || group->members[i].left == 0))
			stay__over_member(call, i);
}

/* ---- a call ---- */

void
stay__over(struct stay__call *call)
{
	const struct stay_over over = { .tag = call->tag,
		.request_tag = stay__tagged_word(call),
		.outcome = call->outcome };
	struct stay_session *session = session_of(call);

	if (stay__tagged_hears_members(call)) {
		tell_members(call, true);
		call->history &= ~STAY__HISTORY_TAGGED;
		return;
	}
	if (call->history & STAY__HISTORY_LET_GO)
		session = NULL;
	stay__tagged_free(call);
	tell(call, session, over);
}

static void
tell_given_up(const struct stay__call *call, uint64_t tag)
{
	struct stay_session *session = session_of(call);

	if (session == NULL || call->owner->tagged->on_given_up == NULL)
		return;
	stay__output_forget(session);
	call->owner->tagged->on_given_up(session, tag);
	stay__output_forget(session);
}

/* It stays marked meanwhile, so that to let go of it is put off. */
static void
tell_all_given_up(const struct stay__call *call)
{
	const struct stay_group *group = call->arg;

	if (!stay__tagged_hears_members(call)) {
		tell_given_up(call, call->tag);
		return;
	}
	for (uint32_t i = 0; i < group->count; i++)
		if (group->members[i].left > 0)
			tell_given_up(call, tag_of(call, &group->members[i]));
}

static bool
is_let_go(const struct stay__call *call)
{
	return (call->history & STAY__HISTORY_LET_GO) != 0;
}

/* A tombstone that nothing is due to: it was let go of, all of it. */
static bool
is_empty(const struct stay__call *call)
{
	return is_let_go(call) ||
	       (stay__tagged_hears_members(call) && call->due == 0);
}

void
stay__over_told(struct stay__call *call)
{
	bool stands = !stay__list_is_empty(&call->node);

	/* What has been answered meanwhile is not to be left any more. */
	if ((call->history & STAY__HISTORY_GIVEN_UP) &&
	    (stands || is_let_go(call)))
		tell_all_given_up(call);
	stands = !stay__list_is_empty(&call->node);
	if (stands && is_empty(call)) {
		stay__call_take_out(call);
		stands = false;
	}
	call->history &= ~STAY__HISTORY_GIVEN_UP;
	if (!stands)
		stay__over(call);
	else if (stay__tagged_hears_members(call))
		tell_members(call, false);
}

/* ---- let go ---- */

static enum stay_status
let_go_of_call(struct stay__call *call)
{
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

/* It is no call, so that nobody is told. */
static enum stay_status
let_go_of_control(struct stay__call *control)
{
	struct stay_client *client = control->owner->client;

	control->history |= STAY__HISTORY_LET_GO;
	stay__call_take_out(control);
	stay__lend_nudge(client);
	return STAY_OK;
}

/* Nothing is due to this group any more, and the server may have acted on it. */
static void
end_group(struct stay__call *call)
{
	struct stay_result all;

	stay__tagged_acted(call);
	if (call->stage == STAY__CALL_COMMITTED) {
		all = stay__group_result(call->arg, stay__call_is_whole(call));
		stay__call_take_out(call);
		stay__call_finish(call, all.status, STAY_REPLIED);
	} else if (!(call->history & STAY__HISTORY_GIVEN_UP)) {
		stay__call_end_soon(call);
	}
}

static enum stay_status
let_go_of_member(struct stay__call *call)
{
	struct stay_group *group = call->arg;
	const struct stay_result answer = { .status = STAY_OK,
		.outcome =
		    stay__call_is_whole(call) ? STAY_SENT : STAY_MAYBE_EXECUTED,
		.why = "ok",
		.session = call->owner->session };

	if (call->stage == STAY__CALL_COMMITTED)
		group->answers[group->at] = answer;
	call->history |= STAY__HISTORY_ACTED;
	call->due -= stay__group_let_go(group, group->at);
	if (call->due == 0)
		end_group(call);
	return STAY_OK;
}

enum stay_status
stay__over_let_go(struct stay_session *session, uint64_t tag)
{
	struct stay__calls *calls = session->client->calls;
	struct stay__call *call = stay__tagged_find(calls, tag);

	if (call == NULL)
		return STAY_E_STALE;
	if (call->stage == STAY__CALL_CONTROL)
		return let_go_of_control(call);
	if (!(call->history & STAY__HISTORY_GROUP))
		return let_go_of_call(call);
	(void)stay__tagged_turn(call, tag);
	return let_go_of_member(call);
}
