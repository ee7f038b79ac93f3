/*
 * Two rings of targets that wait, and the time of the last grant. The first ticket
 * of a target is its head: the head stands in a ring, the other tickets of the
 * target behind it. This file knows of a dial only its ticket: the number of a
 * target, and whom to tell. Its memory does not grow with the number of targets.
 */
#include "stream/governor.h"

#include <assert.h>

/* Their defaults; the last of them is the stream's. */
enum {
#define SETTING(function, unit, fallback, least, most, promise, text)          \
	function##_default = (fallback),
#include "base/options.def"
};

static struct stay__target_slot *
slot_of(struct stay__governor *governor, uint64_t target)
{
	return &governor->slots[(target >> 1) % STAY__GOVERNOR_SLOTS];
}

static struct stay__ticket *
ticket_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__ticket, node);
}

/* ---- targets that wait ---- */

static struct stay__ticket *
head_find(struct stay__governor *governor, uint64_t target)
{
	struct stay__list *heads = &slot_of(governor, target)->heads;
	struct stay__list *node = heads->next;

	for (; node != heads; node = node->next) {
		struct stay__ticket *head =
		    STAY__CONTAINER(node, struct stay__ticket, slot);

		if (head->target == target)
			return head;
	}
	return NULL;
}

static enum stay__lane
lane_of(struct stay__governor *governor, uint64_t target)
{
	return slot_of(governor, target)->reached == target
		   ? STAY__LANE_SOUND
		   : STAY__LANE_DOUBTFUL;
}

/* Make a ticket, which is in no list, the head of its target: the target's turn comes
 * after all others'. */
static void
head_push(struct stay__governor *governor, struct stay__ticket *head)
{
	head->lane = lane_of(governor, head->target);
	stay__list_push(&governor->lanes[head->lane], &head->node);
	stay__list_push(&slot_of(governor, head->target)->heads, &head->slot);
}

/* Take a head out. The next ticket of its target becomes the head, and waits for the
 * target's next turn. */
static void
head_pop(struct stay__governor *governor, struct stay__ticket *head)
{
	struct stay__list *node = stay__list_pop(&head->behind);

	stay__list_remove(&head->node);
	stay__list_remove(&head->slot);
	if (node == NULL)
		return;
	stay__list_append_all(&ticket_of(node)->behind, &head->behind);
	head_push(governor, ticket_of(node));
}

/* Whether a target is doubtful has changed: move its head to the other lane. */
static void
head_move(struct stay__governor *governor, uint64_t target)
{
	struct stay__ticket *head = head_find(governor, target);

	if (head == NULL)
		return;
	stay__list_remove(&head->node);
	stay__list_remove(&head->slot);
	head_push(governor, head);
}

static void
learn(struct stay__governor *governor, uint64_t target, enum stay__dial_end end)
{
	uint64_t *reached = &slot_of(governor, target)->reached;
	uint64_t before = *reached;

	if (end == STAY__DIAL_REACHED)
		*reached = target;
	else if (end == STAY__DIAL_FAILED && before == target)
		*reached = 0;
	if (*reached == before)
		return;
	head_move(governor, target);
	head_move(governor, before);
}

/* ---- whose turn it is ---- */

static unsigned
share(unsigned places, unsigned parts)
{
	return places > parts ? places / parts : 1;
}

/* How many targets with a dial under way are passed over before the search ends. */
#define SCAN_MAX 64

static struct stay__ticket *
choose_doubtful(struct stay__governor *governor)
{
	struct stay__list *lane = &governor->lanes[STAY__LANE_DOUBTFUL];
	struct stay__list *node = lane->next;
	bool any = governor->doubtful < share(governor->max, 4);

	if (governor->doubtful >= share(governor->max, 2))
		return NULL;
	for (int i = 0; node != lane && i < SCAN_MAX; node = node->next, i++)
		if (any ||
		    slot_of(governor, ticket_of(node)->target)->doubtful == 0)
			return ticket_of(node);
	return NULL;
}

static struct stay__ticket *
choose_sound(struct stay__governor *governor)
{
	struct stay__list *node =
	    stay__list_first(&governor->lanes[STAY__LANE_SOUND]);

	return node == NULL ? NULL : ticket_of(node);
}

/* When a doubtful target may be granted. Before the first grant that is at once. */
static uint64_t
stagger_ends_at(const struct stay__governor *governor)
{
	return governor->has_granted
		   ? stay__later(governor->granted_at, governor->stagger_ms)
		   : 0;
}

/* The ticket that is granted next; NULL: there is no room, or no ticket may be granted
 * yet. No target waits for the stagger of another. *at is when a ticket that waits
 * for the stagger can be granted; UINT64_MAX: none waits. */
static struct stay__ticket *
choose(struct stay__governor *governor, uint64_t now, uint64_t *at)
{
	struct stay__ticket *sound, *doubtful;

	*at = UINT64_MAX;
	if (governor->active >= governor->max)
		return NULL;
	sound = choose_sound(governor);
	doubtful = choose_doubtful(governor);
	if (doubtful != NULL && stagger_ends_at(governor) > now) {
		*at = stagger_ends_at(governor);
		doubtful = NULL;
	}
	if (sound != NULL && doubtful != NULL)
		return governor->last == STAY__LANE_SOUND ? doubtful : sound;
	return sound != NULL ? sound : doubtful;
}

/* ---- grants ---- */

static void
count(
    struct stay__governor *governor, const struct stay__ticket *ticket, int by)
{
	governor->active += (unsigned)by;
	if (ticket->lane != STAY__LANE_DOUBTFUL)
		return;
	governor->doubtful += (unsigned)by;
	slot_of(governor, ticket->target)->doubtful += (unsigned)by;
}

static void
grant_one(
    struct stay__governor *governor, struct stay__ticket *ticket, uint64_t now)
{
	head_pop(governor, ticket);
	count(governor, ticket, 1);
	governor->last = ticket->lane;
	governor->has_granted = true;
	governor->granted_at = now;
	ticket->granted(ticket);
}

static void
grant(struct stay__governor *governor)
{
	uint64_t now = stay__loop_now(governor->loop), at;
	struct stay__ticket *next;

	while ((next = choose(governor, now, &at)) != NULL)
		grant_one(governor, next, now);
	stay__loop_timer(governor->loop, &governor->timer, at);
}

static void
stagger_over(struct stay__timer *timer)
{
	grant(STAY__CONTAINER(timer, struct stay__governor, timer));
}

void
stay__governor_init(struct stay__governor *governor, struct stay_loop *loop)
{
	governor->loop = loop;
	governor->max = stay_loop_set_dials_max_default;
	governor->stagger_ms = stay_loop_set_dials_stagger_ms_default;
	for (unsigned i = 0; i < STAY__LANES; i++)
		stay__list_init(&governor->lanes[i]);
	for (unsigned i = 0; i < STAY__GOVERNOR_SLOTS; i++)
		stay__list_init(&governor->slots[i].heads);
	stay__timer_init(&governor->timer, stagger_over);
}

void
stay__ticket_init(struct stay__ticket *ticket, stay__granted_fn *granted)
{
	stay__list_init(&ticket->node);
	stay__list_init(&ticket->slot);
	stay__list_init(&ticket->behind);
	ticket->granted = granted;
}

void
stay__governor_join(struct stay__governor *governor,
    struct stay__ticket *ticket, uint64_t target)
{
	struct stay__ticket *head = head_find(governor, target);

	ticket->target = target;
	if (head != NULL)
		stay__list_push(&head->behind, &ticket->node);
	else
		head_push(governor, ticket);
	grant(governor);
}

bool
stay__ticket_is_granted(const struct stay__ticket *ticket)
{
	return stay__list_is_empty(&ticket->node);
}

void
stay__governor_leave(struct stay__governor *governor,
    struct stay__ticket *ticket, enum stay__dial_end end)
{
	if (stay__ticket_is_granted(ticket)) {
		assert(governor->active > 0);
		count(governor, ticket, -1);
		learn(governor, ticket->target, end);
	} else if (!stay__list_is_empty(&ticket->slot)) {
		head_pop(governor, ticket);
	} else {
		stay__list_remove(&ticket->node);
	}
	grant(governor);
}

void
stay__governor_set_max(struct stay__governor *governor, unsigned max)
{
	governor->max = max;
	grant(governor);
}

void
stay__governor_set_stagger(struct stay__governor *governor, uint64_t ms)
{
	governor->stagger_ms = ms;
	grant(governor);
}
