/*
 * Which record a tag belongs to, and what out of order means for the rest: who is
 * overtaken, who is awaited, and which bytes must stay in memory. This file knows
 * neither frames nor the protocol.
 */
#include "client/tagged.h"

#include "base/mem.h"

/* Fewer bytes than this are not worth moving others. */
#define SPARSE_MIN 4096u

bool
stay__tagged_are_needed(const struct stay_call_ops *ops)
{
	return ops->prepare != NULL || ops->on_given_up != NULL ||
	       ops->on_over != NULL || ops->on_answer != NULL;
}

bool
stay__tagged_init(struct stay__calls *calls, const struct stay_call_ops *ops)
{
	struct stay__tagged *tagged = stay__zalloc(sizeof(*tagged));

	if (tagged == NULL)
		return false;
	tagged->prepare = ops->prepare;
	tagged->on_given_up = ops->on_given_up;
	tagged->on_over = ops->on_over;
	tagged->unprepare = ops->unprepare;
	tagged->on_answer = ops->on_answer;
	tagged->ordered = &calls->in_flight;
	calls->tagged = tagged;
	calls->begin_with |= STAY__HISTORY_LONG_WAY;
	return true;
}

void
stay__tagged_fini(struct stay__calls *calls)
{
	if (calls->tagged != NULL)
		stay__tags_fini(&calls->tagged->tags);
	stay__free(calls->tagged);
	calls->tagged = NULL;
}

/* ---- tags ---- */

static enum stay_status
give(struct stay__call *call, uint64_t tag, uint64_t word)
{
	struct stay__tags *tags = &call->owner->tagged->tags;

	if (stay__tags_find(tags, tag) != NULL)
		return STAY_E_ARG;
	if (!stay__tags_reserve(tags))
		return STAY_E_NOMEM;
	stay__tags_put(tags, tag, word, call);
	call->history |= STAY__HISTORY_TAGGED;
	return STAY_OK;
}

enum stay_status
stay__tagged_give(struct stay__call *call, uint64_t tag)
{
	enum stay_status status = give(call, tag, call->tag);

	if (status == STAY_OK)
		call->tag = tag;
	return status;
}

enum stay_status
stay__tagged_give_member(struct stay__call *call, uint32_t at, uint64_t tag)
{
	struct stay_group *group = call->arg;
	enum stay_status status = give(call, tag, at);

	if (status == STAY_OK)
		group->members[at].given = tag;
	return status;
}

static void
put_back(struct stay__tagged *tagged, struct stay__tag *slot, bool let_go)
{
	if (let_go)
		stay__tags_let_go(&tagged->tags, slot);
	else
		stay__tags_take(&tagged->tags, slot);
}

void
stay__tagged_free(struct stay__call *call)
{
	struct stay__tagged *tagged = call->owner->tagged;
	struct stay__tag *slot;

	if (!(call->history & STAY__HISTORY_TAGGED))
		return;
	slot = stay__tags_find(&tagged->tags, call->tag);
	call->tag = slot->word;
	call->history &= ~STAY__HISTORY_TAGGED;
	put_back(tagged, slot, (call->history & STAY__HISTORY_LET_GO) != 0);
}

void
stay__tagged_free_member(struct stay__call *call, uint32_t at)
{
	const struct stay_group *group = call->arg;
	const struct stay__grouped *member = &group->members[at];
	struct stay__tagged *tagged = call->owner->tagged;

	if (call->history & STAY__HISTORY_TAGGED)
		put_back(tagged, stay__tags_find(&tagged->tags, member->given),
		    member->let_go);
}

/* Another session has again what was let go of in this one. If the tags that are taken
 * are those of the group that wants more, there are too few in any. */
bool
stay__tagged_run_out(struct stay__tagged *tagged)
{
	if (tagged->tags.gone + tagged->preparing != tagged->tags.count)
		return false;
	if (tagged->tags.gone > 0 || tagged->preparing == 0)
		return true;
	tagged->lacks = true;
	return false;
}

/* A call that is queued, refused or over has its tag, but no reply is due to it. */
static bool
is_due(const struct stay__call *call)
{
	if (call->due == 0 || stay__list_is_empty(&call->node))
		return false;
	return call->stage == STAY__CALL_COMMITTED ||
	       call->stage == STAY__CALL_OVER ||
	       call->stage == STAY__CALL_CONTROL;
}

static struct stay__tag *
find(const struct stay__calls *calls, uint64_t tag)
{
	return calls->tagged == NULL
		   ? NULL
		   : stay__tags_find(&calls->tagged->tags, tag);
}

/* The request of a group that a tag belongs to; NULL: its owner is none. */
static const struct stay__grouped *
member_of(const struct stay__tag *slot)
{
	const struct stay__call *call = slot->owner;
	const struct stay_group *group = call->arg;

	return call->history & STAY__HISTORY_GROUP ? &group->members[slot->word]
						   : NULL;
}

/* Of a tag that has an owner. */
static bool
is_awaited(const struct stay__tag *slot)
{
	const struct stay__grouped *member = member_of(slot);

	return is_due(slot->owner) && (member == NULL || member->left > 0);
}

struct stay__call *
stay__tagged_find(const struct stay__calls *calls, uint64_t tag)
{
	struct stay__tag *slot = find(calls, tag);

	if (slot == NULL || stay__tag_is_gone(&calls->tagged->tags, slot) ||
	    !is_awaited(slot))
		return NULL;
	return slot->owner;
}

bool
stay__tagged_turn(struct stay__call *call, uint64_t tag)
{
	const struct stay__tag *slot = find(call->owner, tag);
	struct stay_group *group = call->arg;

	if (slot == NULL || slot->owner != call || !is_awaited(slot))
		return false;
	group->at = (uint32_t)slot->word;
	return true;
}

/* It was let go of, though its call may have to be told still. */
static bool
is_gone(const struct stay__calls *calls, const struct stay__tag *slot)
{
	const struct stay__call *call = slot->owner;

	if (stay__tag_is_gone(&calls->tagged->tags, slot))
		return true;
	if (call->history & STAY__HISTORY_GROUP)
		return member_of(slot)->let_go;
	return (call->history & STAY__HISTORY_LET_GO) != 0 && !is_due(call);
}

/* What encode has set. */
static const uint64_t *
word_of(const struct stay__tag *slot)
{
	const struct stay__grouped *member = member_of(slot);

	return member != NULL ? &member->tag : &slot->word;
}

const uint64_t *
stay__tagged_due(const struct stay__calls *calls, uint64_t tag)
{
	const struct stay__tag *slot = find(calls, tag);

	if (slot == NULL)
		return NULL;
	if (is_gone(calls, slot))
		return &slot->tag;
	return is_awaited(slot) ? word_of(slot) : NULL;
}

bool
stay__tagged_is_gone(const struct stay__calls *calls, uint64_t tag)
{
	struct stay__tag *slot = find(calls, tag);

	return slot != NULL && is_gone(calls, slot);
}

/* ---- in flight ---- */

static bool
has_tag(const struct stay__call *call)
{
	return (call->flags & STAY_BY_TAG) != 0;
}

static bool
is_loose(const struct stay__call *call)
{
	return (call->flags & STAY_MAY_GO_UNANSWERED) != 0;
}

void
stay__tagged_enter(struct stay__call *call)
{
	struct stay__tagged *tagged = call->owner->tagged;
	uint64_t blocks_ms;

	if (tagged->ordered == &call->owner->in_flight)
		tagged->ordered = &call->node;
	if (!has_tag(call))
		return;
	if (is_loose(call)) {
		tagged->loose++;
		return;
	}
	tagged->awaited++;
	if (!(call->flags & STAY_BLOCKS))
		return;
	blocks_ms = stay__call_extras(call)->blocks_ms;
	if (tagged->blocking++ == 0 || tagged->blocks_ms < blocks_ms)
		tagged->blocks_ms = blocks_ms;
}

void
stay__tagged_leave(struct stay__call *call)
{
	struct stay__tagged *tagged = call->owner->tagged;

	if (tagged->ordered == &call->node)
		tagged->ordered = call->node.next;
	if (!has_tag(call))
		return;
	if (is_loose(call)) {
		tagged->loose--;
		return;
	}
	tagged->awaited--;
	if (call->flags & STAY_BLOCKS)
		tagged->blocking--;
}

void
stay__tagged_acted(struct stay__call *call)
{
	struct stay__calls *calls = call->owner;

	if (call->stage == STAY__CALL_CONTROL ||
	    (call->flags & STAY_READ_ONLY) == STAY_READ_ONLY)
		return;
	stay__mark_raise(&calls->unawaited, call->begin);
	stay__mark_raise(&calls->unanswered, call->begin);
}

/* Each record is passed once, as new ones stand at the end. */
struct stay__call *
stay__tagged_oldest(const struct stay__calls *calls)
{
	struct stay__list *node = calls->tagged->ordered;

	while (node != &calls->in_flight && has_tag(stay__call_of(node)))
		node = node->next;
	calls->tagged->ordered = node;
	while (node != &calls->in_flight &&
	       (stay__call_of(node)->due == 0 || has_tag(stay__call_of(node))))
		node = node->next;
	return node == &calls->in_flight ? NULL : stay__call_of(node);
}

bool
stay__calls_await(const struct stay__calls *calls)
{
	if (calls->tagged == NULL)
		return !stay__list_is_empty(&calls->in_flight);
	return calls->tagged->awaited > 0 || stay__tagged_oldest(calls) != NULL;
}

/* ---- the bytes ---- */

/* More bytes are in memory for nothing than could be needed. */
static bool
is_sparse(const struct stay__calls *calls)
{
	uint64_t kept = calls->sendbuf.wire - calls->sendbuf.base;
	uint64_t needed = calls->counts.in_flight_bytes;

	return kept > needed && kept - needed > SPARSE_MIN &&
	       kept - needed > needed;
}

/*
 * Its bytes end at `to`, where those of the next one begin. A record whose bytes
 * are not kept takes one byte all the same: where a record begins says what was
 * sent before what.
 */
static void
slide(struct stay__call *call, uint64_t to)
{
	if (call->history & STAY__HISTORY_KEPT) {
		stay__sendbuf_slide(
		    &call->owner->sendbuf, stay__call_span(call), to);
		call->begin = to - call->len;
	} else {
		call->begin = call->len == 0 ? to : to - 1;
	}
}

/*
 * From the newest to the oldest, each is moved up to the one behind it. The marks
 * go with the record that they are at, or that is next behind them.
 */
void
stay__tagged_squeeze(struct stay__calls *calls)
{
	struct stay__list *node = calls->in_flight.prev;
	uint64_t to =
	    calls->half != NULL ? calls->half->begin : calls->sendbuf.wire;
	uint64_t unawaited = to, unanswered = to, from;

	if (!stay__list_is_empty(&calls->refused) ||
	    calls->sealed != UINT64_MAX || !is_sparse(calls))
		return;
	for (; node != &calls->in_flight; node = node->prev) {
		struct stay__call *call = stay__call_of(node);

		if (call == calls->half)
			continue;
		from = call->begin;
		slide(call, to);
		to = call->begin;
		if (from >= calls->unawaited)
			unawaited = to;
		if (from >= calls->unanswered)
			unanswered = to;
	}
	calls->unawaited = unawaited;
	calls->unanswered = unanswered;
}

/* ---- the end of a session ---- */

static void
leave_session(struct stay__list *list)
{
	struct stay__list *node = list->next;

	for (; node != list; node = node->next)
		stay__call_of(node)->history &= ~STAY__HISTORY_HERE;
}

/* `finished` is linked by another member. */
static void
leave_session_finished(struct stay__list *list)
{
	struct stay__list *node = list->next;

	for (; node != list; node = node->next)
		stay__call_finished(node)->history &= ~STAY__HISTORY_HERE;
}

/* Only the first in the queue can be prepared. */
static void
unprepare(struct stay__list *queued)
{
	struct stay__list *node = queued->next;

	for (; node != queued; node = node->next) {
		struct stay__call *call = stay__call_of(node);

		if (!(call->history & STAY__HISTORY_HERE))
			return;
		call->history &= ~STAY__HISTORY_HERE;
	}
}

static void
forget_tags(struct stay__tags *tags)
{
	for (size_t i = 0; i < tags->cap; i++) {
		struct stay__tag *slot = &tags->slots[i];
		struct stay__call *call = slot->owner;

		if (call == NULL || stay__tag_is_gone(tags, slot))
			continue;
		call->history &= ~STAY__HISTORY_TAGGED;
		if (!(call->history & STAY__HISTORY_GROUP))
			call->tag = slot->word;
	}
	stay__tags_clear(tags);
}

void
stay__tagged_session_over(struct stay__calls *calls)
{
	if (calls->tagged == NULL)
		return;
	leave_session(&calls->in_flight);
	leave_session(&calls->refused);
	leave_session_finished(&calls->finished);
	unprepare(&calls->queued);
	forget_tags(&calls->tagged->tags);
	calls->tagged->waits = NULL;
}
