/*
 * A client of the protocol with tags: what it asks, what it is told, and what it does
 * from outside of the slots.
 */
#include "tag.h"

#include <inttypes.h>

/* clang-format off */
const struct tag_shape tag_shapes[] = {
	{ "do",     1, STAY_BY_TAG,                          TAG_ONCE,     '+' },
	{ "set",    1, STAY_BY_TAG | STAY_IDEMPOTENT,        TAG_ONCE,     '+' },
	{ "get",    1, STAY_BY_TAG | STAY_READ_ONLY,         TAG_ONCE,     '+' },
	{ "err",    1, STAY_BY_TAG,                          TAG_ONCE,     '-' },
	{ "ref",    1, STAY_BY_TAG | STAY_IDEMPOTENT,        TAG_ONCE,     '!' },
	{ "three",  3, STAY_BY_TAG | STAY_IDEMPOTENT,        TAG_ONCE,     '+' },
	{ "pieces", 1, STAY_BY_TAG,                          TAG_PIECES,   '+' },
	{ "step",   1, STAY_BY_TAG | STAY_IDEMPOTENT,        TAG_STEP,     '+' },
	{ "maybe",  1, STAY_BY_TAG | STAY_MAY_GO_UNANSWERED, TAG_MAYBE,    '+' },
	{ "quiet",  0, STAY_BY_TAG,                          TAG_ONCE,     '+' },
	{ "here",   1, STAY_BY_TAG | STAY_THIS_SESSION,      TAG_ONCE,     '+' },
	{ "order",  1, 0,                                    TAG_IN_ORDER, '+' },
	{ "order",  1, STAY_IDEMPOTENT,                      TAG_IN_ORDER, '+' },
};
/* clang-format on */
const unsigned tag_shape_count = sizeof(tag_shapes) / sizeof(tag_shapes[0]);

static enum stay_status
start(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	user->line_open = false;
	user->streams = user->last_tag = 0;
	user->tag_max = draw_between(user->run, 1, TAG_MOST);
	tag_topics_open(user);
	return stay_client_start(
	    &user->client, user->run->loop, &tag_protocol, url, options);
}

void
tag_check_told(const struct call *call, const struct stay_result *result)
{
	bool may_stand = result->outcome == STAY_MAYBE_EXECUTED &&
			 (result->status == STAY_E_TIMEOUT ||
			     result->status == STAY_E_CANCELLED);

	if (call->tagged.overs == 0 && !may_stand)
		broken(1, "call %" PRIu64 " is told %s, and is not over",
		    call->number, stay_status_name(result->status));
	if (call->tagged.overs == 0 && !call->tagged.given_up)
		broken(1, "nobody heard that call %" PRIu64 " is given up",
		    call->number);
	if (call->tagged.overs > 0 && call->tagged.over_as != result->outcome)
		broken(1, "call %" PRIu64 " is over as another", call->number);
	if (result->session > call->tagged.prepared_in ||
	    (result->outcome == STAY_REPLIED &&
		result->session != call->tagged.prepared_in))
		broken(2, "call %" PRIu64 " is told of session %" PRIu64,
		    call->number, result->session);
}

static stay_done_fn *told;

static void
done(void *arg, const struct stay_result *result)
{
	const struct call *call = ledger_find(the_run, (uintptr_t)arg);

	if (call != NULL)
		tag_check_told(call, result);
	told(arg, result);
}

static void
part(void *arg, const struct stay_result *result)
{
	const struct call *call = ledger_find(the_run, (uintptr_t)arg);
	const struct tag_frame *line = result->reply;

	called_back(the_run);
	if (call == NULL || call->told || call->tagged.overs > 0)
		broken(1, "a part of a call that is over");
	if (!user_is_lied_to(&the_run->users[call->user]) &&
	    line->number != call->number)
		broken(2, "call %" PRIu64 " is given a part of %" PRIu64,
		    call->number, line->number);
	call_is_back(the_run);
}

void
tag_group_part(void *arg, const struct stay_result *result)
{
	const struct tag_frame *line = result->reply;
	const struct call *first = ledger_find(the_run, (uintptr_t)arg);
	const struct call *call = ledger_find(the_run, line->number);

	called_back(the_run);
	if (!user_is_lied_to(&the_run->users[first->user]) &&
	    (call == NULL || call->told || call->tagged.overs > 0 ||
		call->group != first->number))
		broken(2, "group %" PRIu64 " is given a part of %" PRIu64,
		    first->number, line->number);
	call_is_back(the_run);
}

/* Of what a group may consist of: all in order or all by tag, as its first one, and each
 * in any session. */
static bool
may_be_grouped(struct run *run, const struct call *call, unsigned shape)
{
	const struct call *first = ledger_find(run, call->group);
	bool in_order = tag_shapes[shape].way == TAG_IN_ORDER;

	if (tag_shapes[shape].way == TAG_MAYBE ||
	    (tag_shapes[shape].flags & STAY_THIS_SESSION) != 0)
		return false;
	return first == call || in_order == !first->any_order;
}

enum stay_status
tag_add(struct stay_group *group, const struct user *user, struct call *call)
{
	struct tag_request request = { call, draw_mille(user->run, 5) };

	do
		call->shape = draw_below(user->run, tag_shape_count);
	while (!may_be_grouped(user->run, call, call->shape));
	ledger_flags(call, tag_shapes[call->shape].flags);
	call->any_order = tag_shapes[call->shape].way != TAG_IN_ORDER;
	call->due = tag_shapes[call->shape].replies;
	return stay_group_add(group, &request);
}

/* This session, or one before, or any. */
static uint64_t
choose_session(const struct user *user)
{
	if (!draw_mille(user->run, 50))
		return 0;
	return draw_mille(user->run, 500)
		   ? stay_client_session_number(user->client)
		   : draw_below(user->run, (unsigned)user->streams + 2);
}

static enum stay_status
submit(struct user *user, struct call *call, struct stay_call_options *options,
    stay_done_fn *done_fn)
{
	struct tag_request request = { call, draw_mille(user->run, 20) };
	uint64_t now = stay_client_session_number(user->client);

	call->shape = draw_below(user->run, 2) == 0
			  ? 0
			  : draw_below(user->run, tag_shape_count);
	ledger_flags(call, tag_shapes[call->shape].flags);
	call->any_order = tag_shapes[call->shape].way != TAG_IN_ORDER;
	call->due = tag_shapes[call->shape].replies;
	options->part = part;
	options->session = call->tagged.bound_to = choose_session(user);
	if (tag_shapes[call->shape].way == TAG_MAYBE &&
	    options->timeout_ms == STAY_FOREVER)
		options->timeout_ms = 3000;
	if (tag_shapes[call->shape].flags & STAY_THIS_SESSION)
		call->tagged.bound_to = now;
	told = done_fn;
	return stay_client_call_with(user->client, &request, options, done,
	    (void *)(uintptr_t)call->number);
}

static bool
answers(const struct call *call, const struct stay_result *result)
{
	const struct tag_frame *line = result->reply;

	return line != NULL && line->number == call->number;
}

/* ---- from outside ---- */

/* One of the last that has a tag; by mistake it may be that of another one. */
static struct call *
some_call(const struct user *user)
{
	struct ledger *ledger = &user->run->ledger;
	size_t back = draw_below(user->run, 16);
	struct call *call;

	if (back >= ledger->count)
		return NULL;
	call = &ledger->calls[ledger->count - 1 - back];
	return call->user == user->index && call->life == user->life &&
		       call->any_order && !call->tagged.mistaken &&
		       call->tagged.prepared_in == user->streams &&
		       call->tagged.overs == 0
		   ? call
		   : NULL;
}

/* A front lets go of a call, or says something. */
static void
stir(struct user *user)
{
	struct stay_session *session = stay_client_session(user->client);
	struct call *call = some_call(user);
	enum stay_status status;

	if (session == NULL)
		return;
	if (call == NULL) {
		STATUS_OF(status, tag_say(session, 1, "ping", 0));
		if (status != STAY_OK && !books_excuse(status))
			broken(5, "user %u says nothing: %s", user->index,
			    stay_status_name(status));
		return;
	}
	STATUS_OF(status, stay_session_let_go(session, call->tagged.wire));
	if (status == STAY_OK)
		call->tagged.let_go = true;
	else if (status != STAY_E_STALE)
		broken(5, "user %u lets go of nothing: %s", user->index,
		    stay_status_name(status));
}

void
tag_close(const struct call *call)
{
	if (call->tagged.overs != 1)
		broken(1, "call %" PRIu64 " was over %u times", call->number,
		    call->tagged.overs);
}

const struct trade tag_trade = { "tag", peer_reads_lines, tag_serve, tag_lie,
	tag_push, start, change_client, submit, answers, stir };
