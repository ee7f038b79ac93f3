/*
 * A call of the protocol with tags, from its request to its end: what is promised of
 * prepare, on_given_up, on_over and on_orphan. The rest of the adapter is in
 * tag_session.c.
 */
#include "tag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum stay_status
tag_encode(struct stay_request *request, struct stay_buf *out)
{
	const struct tag_request *tagged = request->data;
	const struct call *call = tagged->call;
	const struct tag_shape *shape = &tag_shapes[call->shape];
	char pad[PAD_MAX + 1];
	enum stay_status status;

	request->replies = shape->replies;
	request->flags = shape->flags;
	request->tag = call->number;
	if (shape->way == TAG_IN_ORDER)
		request->tag |= TAG_NONE;
	pad_write(call, pad);
	status = stay_buf_printf(
	    out, "call 00000 0 %" PRIu64 " %s ", call->number, shape->verb);
	if (status == STAY_OK)
		status = stay_buf_append(out, pad, call->pad);
	if (status == STAY_OK)
		status = stay_buf_append(out, "\n", 1);
	return status == STAY_OK && tagged->refused ? STAY_E_FORMAT : status;
}

static struct call *
call_of(uint64_t request_tag)
{
	return ledger_find(the_run, request_tag & ~TAG_NONE);
}

static struct call *
call_to_prepare(const struct user *user, const struct stay_prepare *given)
{
	struct call *call = call_of(given->tag);
	uint32_t flags;

	if (call == NULL || call->user != user->index || call->told ||
	    strtoull(given->bytes + NUMBER_AT, NULL, 10) != call->number)
		broken(
		    2, "what is prepared is no call of user %u", user->index);
	flags = tag_shapes[call->shape].flags;
	if (call->group != 0)
		flags &= STAY_BY_TAG; /* the others are those of the group */
	if ((given->flags & flags) != flags)
		broken(2, "call %" PRIu64 " is prepared without its flags",
		    call->number);
	if (call->tagged.prepared_in == user->streams)
		broken(2, "call %" PRIu64 " is prepared twice", call->number);
	return call;
}

/* It waits for the tick at the latest, as whoever sends at a bounded rate. */
static bool
makes_wait(struct stay_session *session)
{
	return draw_mille(the_run, 20) &&
	       stay_session_tick_after(session, draw_between(the_run, 1, 50)) ==
		   STAY_OK;
}

uint64_t
tag_free_one(struct stay_session *session, struct user *user)
{
	uint64_t tag = stay_session_free_tag(session, user->tag_max);

	user->wanted |= tag == 0;
	return tag;
}

/* A tag that another call has may be given by mistake, too. */
static uint64_t
choose_tag(struct stay_session *session, struct user *user, struct call *call)
{
	call->tagged.mistaken =
	    !the_run->healing && user->last_tag != 0 && draw_mille(the_run, 5);
	if (call->tagged.mistaken)
		return user->last_tag;
	return tag_free_one(session, user);
}

/* The call that has this tag in this session, and is not over. */
static struct call *
holder_of(const struct user *user, uint64_t tag)
{
	struct ledger *ledger = &user->run->ledger;

	for (size_t i = ledger->count; i > 0; i--) {
		struct call *call = &ledger->calls[i - 1];

		if (call->user == user->index && call->life == user->life &&
		    call->tagged.wire == tag && call->tagged.overs == 0 &&
		    !call->tagged.mistaken &&
		    call->tagged.prepared_in == user->streams)
			return call;
	}
	return NULL;
}

static void
write_over(struct stay_prepare *given)
{
	char tag[TAG_WIDTH + 1];

	snprintf(tag, sizeof(tag), "%05u",
	    given->tag & TAG_NONE ? 0 : (unsigned)(given->tag & TAG_MOST));
	memcpy(given->bytes + TAG_AT, tag, TAG_WIDTH);
	if (given->again)
		given->bytes[AGAIN_AT] = '1';
}

static void
announce(struct stay_session *session, struct call *call)
{
	if (draw_mille(the_run, 100) &&
	    tag_say(session, 0, "before", call->number) == STAY_OK)
		call->tagged.announced_in = tag_data_of(session)->serial;
}

static enum stay_status
prepare_call(struct stay_session *session, struct user *user, struct call *call,
    struct stay_prepare *given)
{
	bool by_tag = (given->flags & STAY_BY_TAG) != 0;
	uint64_t tag = by_tag ? choose_tag(session, user, call) : 0;

	if (by_tag && tag == 0)
		return STAY_E_FULL;
	announce(session, call);
	call->tagged.mistaken &= holder_of(user, tag) != NULL;
	if (by_tag)
		given->tag = user->last_tag = tag;
	call->tagged.wire = given->tag;
	call->tagged.prepared_before = call->tagged.prepared_in;
	call->tagged.prepared_in = user->streams;
	write_over(given);
	return STAY_OK;
}

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *given)
{
	struct user *user = tag_user_of(session);
	struct call *call = call_to_prepare(user, given);

	(void)tag_live_data_of(session);
	if (makes_wait(session))
		return STAY_E_FULL;
	if (!the_run->healing && draw_mille(the_run, 5))
		return STAY_E_FORMAT;
	return prepare_call(session, user, call, given);
}

/* Another one of its group is not prepared. */
static void
unprepare(struct stay_session *session, const struct stay_over *over)
{
	const struct user *user = tag_user_of(session);
	struct call *call = call_of(over->request_tag);

	(void)tag_live_data_of(session);
	if (call == NULL || call->user != user->index || call->group == 0 ||
	    call->told || call->tagged.overs > 0 ||
	    call->tagged.wire != over->tag ||
	    call->tagged.prepared_in != user->streams)
		broken(2, "tag %" PRIu64 " is taken back, and is no call's",
		    over->tag);
	call->tagged.prepared_in = call->tagged.prepared_before;
}

/* Its late answer may have come, before anybody is told that it was given up. */
static void
on_given_up(struct stay_session *session, uint64_t tag)
{
	struct user *user = tag_user_of(session);
	struct call *call = holder_of(user, tag);

	(void)tag_data_of(session);
	called_back(the_run);
	if (call == NULL || call->told || call->tagged.given_up)
		broken(2, "tag %" PRIu64 " is given up, and is no call's", tag);
	call->tagged.given_up = true;
	if (call->any_order && draw_mille(the_run, 300))
		(void)tag_say(session, 0, "leave", tag);
	if (call->any_order && draw_mille(the_run, 200) &&
	    stay_session_let_go(session, tag) == STAY_OK)
		call->tagged.let_go = true;
	act_inside(the_run, user);
	call_is_back(the_run);
}

static void
check_over(const struct user *user, const struct call *call,
    const struct stay_over *over, bool has_session)
{
	if (call == NULL || call->user != user->index ||
	    call->life != user->life || call->tagged.overs > 0)
		broken(1,
		    "call %" PRIu64 " is over twice, or was never accepted",
		    over->request_tag);
	if (call->told && call->outcome != STAY_MAYBE_EXECUTED)
		broken(
		    1, "call %" PRIu64 " is over behind its end", call->number);
	if (has_session && (call->tagged.wire != over->tag ||
			       call->tagged.prepared_in != user->streams))
		broken(2, "call %" PRIu64 " is over with the tag %" PRIu64,
		    call->number, over->tag);
}

static void
on_over(struct stay_session *session, const struct stay_over *over)
{
	const struct config *config = over->config;
	struct call *call = call_of(over->request_tag);

	called_back(the_run);
	check_over(config->user, call, over, session != NULL);
	call->tagged.overs++;
	call->tagged.over_as = over->outcome;
	act_inside(the_run, config->user);
	call_is_back(the_run);
}

bool
tag_is_let_go(const struct call *call)
{
	return call->tagged.let_go || tag_shapes[call->shape].way == TAG_MAYBE;
}

void
tag_check_open(struct user *user, const struct call *call, const char *what)
{
	if (user_is_lied_to(user))
		return;
	if (call == NULL || call->user != user->index ||
	    (call->tagged.overs > 0 && !tag_is_let_go(call)))
		broken(2, "%s comes to no call of user %u", what, user->index);
}

static void
on_orphan(struct stay_session *session, const struct stay_frame *frame)
{
	const struct tag_frame *line = frame->reply;
	const struct call *call = ledger_find(the_run, line->number);
	struct user *user = tag_user_of(session);

	(void)tag_data_of(session);
	called_back(the_run);
	user->orphans += frame->kind != STAY_FRAME_PART;
	tag_check_open(user, call, "a late answer");
	if (!user_is_lied_to(user) && !call->told && !call->cancelled &&
	    !tag_is_let_go(call))
		broken(2, "call %" PRIu64 " is no orphan", line->number);
	act_inside(the_run, user);
	call_is_back(the_run);
}

const struct stay_call_ops tag_call_ops = {
	STAY_CALL_OPS,
	.on_orphan = on_orphan,
	.prepare = prepare,
	.on_given_up = on_given_up,
	.on_over = on_over,
	.unprepare = unprepare,
};
