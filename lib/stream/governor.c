/*
 * A counter, a queue and the time of the last grant. Knows of a dial only its
 * ticket: a place in the queue, and the task to run.
 */
#include "stream/governor.h"

#include <assert.h>

/* Their defaults; the last of them is the stream's. */
enum {
#define SETTING(function, unit, fallback, least, most, promise, text)          \
	function##_default = (fallback),
#include "base/options.def"
};

/* Somebody waits, and only the time of the last grant may be in the way. */
static bool
may_grant(const struct stay__governor *governor)
{
	return governor->active < governor->max &&
	       !stay__list_is_empty(&governor->waiting);
}

/* The first grant of all follows none. */
static uint64_t
next_at(const struct stay__governor *governor)
{
	return governor->has_granted
		   ? stay__later(governor->granted_at, governor->stagger_ms)
		   : 0;
}

static void
grant_first(struct stay__governor *governor, uint64_t now)
{
	struct stay__list *node = stay__list_pop(&governor->waiting);

	governor->active++;
	governor->has_granted = true;
	governor->granted_at = now;
	stay__loop_run_soon(governor->loop,
	    STAY__CONTAINER(node, struct stay__ticket, node)->granted);
}

static void
grant(struct stay__governor *governor)
{
	uint64_t now = stay__loop_now(governor->loop);

	while (may_grant(governor) && next_at(governor) <= now)
		grant_first(governor, now);
	stay__loop_timer(governor->loop, &governor->timer,
	    may_grant(governor) ? next_at(governor) : UINT64_MAX);
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
	stay__list_init(&governor->waiting);
	stay__timer_init(&governor->timer, stagger_over);
}

void
stay__ticket_init(struct stay__ticket *ticket, struct stay__task *granted)
{
	stay__list_init(&ticket->node);
	ticket->granted = granted;
}

void
stay__governor_join(
    struct stay__governor *governor, struct stay__ticket *ticket)
{
	stay__list_push(&governor->waiting, &ticket->node);
	grant(governor);
}

bool
stay__ticket_is_granted(const struct stay__ticket *ticket)
{
	return stay__list_is_empty(&ticket->node);
}

void
stay__governor_leave(
    struct stay__governor *governor, struct stay__ticket *ticket)
{
	if (stay__ticket_is_granted(ticket)) {
		assert(governor->active > 0);
		governor->active--;
	}
	stay__list_remove(&ticket->node);
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
