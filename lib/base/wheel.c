/*
 * A hierarchical timing wheel. The caller passes in the time: the wheel knows no
 * clock, no loop, and not what a timer is for.
 *
 * A tick is read as a number in base 64. Compare the tick in which a timer is due
 * with the present tick: the highest digit that differs is the timer's level, and
 * the value of that digit is its slot. So a timer on a lower level is due earlier,
 * and no slot ever wraps round. The first timer is in the lowest occupied slot of
 * the lowest occupied level. When the wheel reaches a slot above level 0, its timers
 * are spread over the levels below.
 */
#include "base/wheel.h"

#include <limits.h>

#define SLOT_MASK (STAY__WHEEL_SLOTS - 1)

_Static_assert(STAY__WHEEL_SLOTS == sizeof(uint64_t) * CHAR_BIT,
    "one bit of `occupied` for each slot");
_Static_assert(STAY__WHEEL_LEVELS *STAY__WHEEL_BITS >= 45,
    "2^64 ns are less than 2^45 ticks: no timer may be out of reach");

static void
tick_set(struct stay__wheel *wheel, uint64_t tick)
{
	wheel->tick = tick;
	wheel->until = tick < UINT64_MAX / STAY__TICK_NS
			   ? (tick + 1) * STAY__TICK_NS
			   : UINT64_MAX;
}

void
stay__wheel_init(struct stay__wheel *wheel, uint64_t now)
{
	tick_set(wheel, now / STAY__TICK_NS);
	wheel->first = UINT64_MAX;
	wheel->levels = 0;
	stay__list_init(&wheel->due);
	stay__list_init(&wheel->recent);
	stay__list_init(&wheel->joint);
	for (size_t level = 0; level < STAY__WHEEL_LEVELS; level++) {
		wheel->occupied[level] = 0;
		for (size_t slot = 0; slot < STAY__WHEEL_SLOTS; slot++)
			stay__list_init(&wheel->slots[level][slot]);
	}
}

/* The first tick that does not begin before `at`. */
static inline uint64_t
due_tick(uint64_t at)
{
	return at == 0 ? 0 : (at - 1) / STAY__TICK_NS + 1;
}

/* Where timers go that are due in `tick`, which must be after the wheel's. */
static inline struct stay__list *
slot_of(struct stay__wheel *wheel, uint64_t tick)
{
	unsigned top = 63u - (unsigned)__builtin_clzll(tick ^ wheel->tick);
	unsigned level = top / STAY__WHEEL_BITS;
	unsigned shift = level * STAY__WHEEL_BITS;
	unsigned slot = (tick >> shift) & SLOT_MASK;
	uint64_t begin = tick >> shift << shift;

	if (begin < wheel->first)
		wheel->first = begin;
	wheel->levels |= 1u << level;
	wheel->occupied[level] |= UINT64_C(1) << slot;
	return &wheel->slots[level][slot];
}

void
stay__timer_init(struct stay__timer *timer, stay__timer_fn *fire)
{
	*timer = (struct stay__timer){ .fire = fire };
	stay__list_init(&timer->node);
}

static inline struct stay__timer *
timer_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__timer, node);
}

/* Move all timers from `first` on that are set for the same time. Returns the last
 * of them. */
static inline struct stay__list *
postpone_alike(
    const struct stay__list *recent, struct stay__list *first, uint64_t late)
{
	uint64_t at = timer_of(first)->at;
	uint64_t later = at + (late < UINT64_MAX - at ? late : 0);
	struct stay__list *node = first;

	do {
		timer_of(node)->at = later;
		node = node->next;
	} while (node != recent && timer_of(node)->at == at);
	return node->prev;
}

/* The slot of a timer that is set; the next tick's, if it is due already. */
static inline struct stay__list *
slot_for(struct stay__wheel *wheel, const struct stay__timer *timer)
{
	uint64_t tick = due_tick(timer->at);

	return slot_of(wheel, tick > wheel->tick ? tick : wheel->tick + 1);
}

static inline struct stay__timers *
timers_of(struct stay__timer *first)
{
	return STAY__CONTAINER(first, struct stay__timers, first);
}

static uint64_t
first_at(const struct stay__timers *timers)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < STAY__TIMERS_MAX; i++)
		if (timers->at[i] < at)
			at = timers->at[i];
	return at;
}

/* Only those that were set since the last time are moved, not the others. */
static void
settle_joint(
    struct stay__wheel *wheel, struct stay__timers *timers, uint64_t late)
{
	for (unsigned i = 0; i < STAY__TIMERS_MAX; i++)
		if (timers->fresh >> i & 1)
			timers->at[i] +=
			    late < UINT64_MAX - timers->at[i] ? late : 0;
	timers->fresh = 0;
	timers->first.at = first_at(timers);
	stay__list_push(slot_for(wheel, &timers->first), &timers->first.node);
}

/*
 * Put the timers of `recent` into their slots; many calls of one callback have one
 * deadline, and go together. A timer that is due already waits for the next tick. So
 * a timer that sets itself anew in `fire` cannot keep stay__wheel_advance from
 * returning.
 */
void
stay__wheel_settle_recent(struct stay__wheel *wheel, uint64_t late)
{
	struct stay__list *first = wheel->recent.next, *last, *next;

	for (; first != &wheel->recent; first = next) {
		last = postpone_alike(&wheel->recent, first, late);
		next = last->next;
		stay__list_append_run(
		    slot_for(wheel, timer_of(first)), first, last);
	}
	stay__list_init(&wheel->recent);
	while ((first = stay__list_pop(&wheel->joint)) != NULL)
		settle_joint(wheel, timers_of(timer_of(first)), late);
}

/* A slot that may hold the first timer, and the tick in which the slot begins. */
struct place {
	unsigned level;
	unsigned slot;
	uint64_t tick;
};

/* Whether the level has timers, and their first slot; slots that were left by all are
 * struck off on the way. */
static inline bool
first_slot(struct stay__wheel *wheel, unsigned level, unsigned *slot)
{
	uint64_t occupied = wheel->occupied[level];

	for (; occupied != 0; occupied &= occupied - 1) {
		*slot = (unsigned)__builtin_ctzll(occupied);
		if (!stay__list_is_empty(&wheel->slots[level][*slot]))
			break;
	}
	wheel->occupied[level] = occupied;
	return occupied != 0;
}

static bool
first_place(struct stay__wheel *wheel, struct place *place)
{
	unsigned level, slot, shift;
	uint64_t above;

	for (; wheel->levels != 0; wheel->levels &= wheel->levels - 1) {
		level = (unsigned)__builtin_ctz(wheel->levels);
		if (!first_slot(wheel, level, &slot))
			continue;
		shift = level * STAY__WHEEL_BITS;
		above = wheel->tick >> shift & ~(uint64_t)SLOT_MASK;
		*place = (struct place){ level, slot, (above | slot) << shift };
		return true;
	}
	return false;
}

/* The wheel has reached `place`: its timers are due, or move to a lower level. */
static void
reach(struct stay__wheel *wheel, const struct place *place)
{
	struct stay__list reached, *node;
	struct stay__timer *timer;
	uint64_t tick;

	stay__list_init(&reached);
	stay__list_append_all(
	    &reached, &wheel->slots[place->level][place->slot]);
	wheel->occupied[place->level] &= ~(UINT64_C(1) << place->slot);
	wheel->tick = place->tick;
	while ((node = stay__list_pop(&reached)) != NULL) {
		timer = timer_of(node);
		tick = due_tick(timer->at);
		stay__list_push(
		    tick > wheel->tick ? slot_of(wheel, tick) : &wheel->due,
		    node);
	}
}

static void
collect_due(struct stay__wheel *wheel, uint64_t target)
{
	struct place place = { .tick = UINT64_MAX };

	while (first_place(wheel, &place) && place.tick <= target) {
		reach(wheel, &place);
		place.tick = UINT64_MAX;
	}
	wheel->first = place.tick;
}

/*
 * All timers that are due are collected first, tick by tick, and then fired. `fire`
 * may take a timer off that list by stopping it. A timer that it sets goes to a later
 * tick.
 */
void
stay__wheel_advance_tick(struct stay__wheel *wheel, uint64_t now)
{
	uint64_t target = now / STAY__TICK_NS;
	struct stay__list *node;
	struct stay__timer *timer;

	stay__wheel_settle(wheel, 0);
	if (target <= wheel->tick)
		return;
	if (wheel->first <= target)
		collect_due(wheel, target);
	tick_set(wheel, target);
	while ((node = stay__list_pop(&wheel->due)) != NULL) {
		timer = timer_of(node);
		timer->fire(timer);
	}
	stay__wheel_settle(wheel, 0);
}

/*
 * The time is exact on level 0, and for a timer alone in its slot: an idle loop does
 * not wake up for nothing. Else it is the time at which the slot is to be spread.
 */
uint64_t
stay__wheel_first(struct stay__wheel *wheel)
{
	const struct stay__list *slot;
	const struct stay__timer *timer;
	struct place place;
	uint64_t tick;

	if (!first_place(wheel, &place))
		return UINT64_MAX;
	slot = &wheel->slots[place.level][place.slot];
	if (slot->next == slot->prev) {
		timer = timer_of(slot->next);
		tick = due_tick(timer->at);
		if (tick > place.tick)
			place.tick = tick;
	}
	if (place.tick > UINT64_MAX / STAY__TICK_NS)
		return UINT64_MAX;
	return place.tick * STAY__TICK_NS;
}

/* ---- several with one entry ---- */

void
stay__timers_init(struct stay__timers *timers, stay__timer_fn *fire)
{
	stay__timer_init(&timers->first, fire);
	timers->fresh = 0;
	for (unsigned i = 0; i < STAY__TIMERS_MAX; i++)
		timers->at[i] = UINT64_MAX;
}

/* The entry goes where the first of them is due now. */
static void
enter(struct stay__wheel *wheel, struct stay__timers *timers)
{
	stay__timer_stop(&timers->first);
	if (first_at(timers) != UINT64_MAX)
		stay__list_push(&wheel->joint, &timers->first.node);
}

void
stay__timers_set(struct stay__wheel *wheel, struct stay__timers *timers,
    unsigned which, uint64_t at)
{
	if (at == UINT64_MAX && timers->at[which] == UINT64_MAX)
		return;
	timers->at[which] = at;
	timers->fresh |= 1u << which; /* never is not moved */
	enter(wheel, timers);
}

int
stay__timers_take(struct stay__wheel *wheel, struct stay__timers *timers)
{
	int which = -1;

	for (unsigned i = 0; i < STAY__TIMERS_MAX; i++)
		if ((timers->fresh >> i & 1) == 0 &&
		    due_tick(timers->at[i]) <= wheel->tick &&
		    (which < 0 || timers->at[i] < timers->at[which]))
			which = (int)i;
	if (which >= 0)
		timers->at[which] = UINT64_MAX;
	else
		enter(wheel, timers);
	return which;
}

void
stay__timers_fini(struct stay__timers *timers)
{
	stay__timer_stop(&timers->first);
	for (unsigned i = 0; i < STAY__TIMERS_MAX; i++)
		timers->at[i] = UINT64_MAX;
}
