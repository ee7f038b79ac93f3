/*
 * A counter, a queue and the time of the last grant. Its timer runs only while
 * a link waits that there is room for. Knows of a link only its place in the
 * queue and how to wake it.
 */
#include "stream/governor.h"

#include <assert.h>

#include "loop/loop.h"

/* Their defaults; the last of them is the stream's. */
enum {
#define SETTING(function, unit, fallback, least, most, promise, text)          \
	function##_default = (fallback),
#include "base/options.def"
};

static void
stagger_over(struct stay__timer *timer)
{
	stay__governor_grant(
	    STAY__CONTAINER(timer, struct stay_loop, governor.timer));
}

void
stay__governor_init(struct stay_loop *loop)
{
	loop->governor.max = stay_loop_set_dials_max_default;
	loop->governor.stagger_ms = stay_loop_set_dials_stagger_ms_default;
	stay__list_init(&loop->governor.waiting);
	stay__timer_init(&loop->governor.timer, stagger_over);
}

/* Somebody waits, and only the time of the last grant may be in the way. */
static bool
has_room(const struct stay__governor *governor)
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
grant_first(struct stay_loop *loop, uint64_t now)
{
	struct stay__governor *governor = &loop->governor;
	struct stay__list *node = stay__list_pop(&governor->waiting);
	struct stay__link *link =
	    STAY__LIST_OWNER(node, struct stay__link, turnstile);

	governor->active++;
	governor->has_granted = true;
	governor->granted_at = now;
	stay__loop_run_soon(loop, &link->soon);
}

void
stay__governor_grant(struct stay_loop *loop)
{
	struct stay__governor *governor = &loop->governor;
	uint64_t now = stay__loop_now(loop);

	while (has_room(governor) && next_at(governor) <= now)
		grant_first(loop, now);
	stay__loop_timer(loop, &governor->timer,
	    has_room(governor) ? next_at(governor) : UINT64_MAX);
}

void
stay__governor_join(struct stay__link *link)
{
	stay__list_push(&link->loop->governor.waiting, &link->turnstile);
	stay__governor_grant(link->loop);
}

bool
stay__governor_has_granted(const struct stay__link *link)
{
	return stay__list_is_empty(&link->turnstile);
}

void
stay__governor_leave(struct stay__link *link)
{
	struct stay__governor *governor = &link->loop->governor;

	if (stay__governor_has_granted(link)) {
		assert(governor->active > 0);
		governor->active--;
	}
	stay__list_remove(&link->turnstile);
	stay__governor_grant(link->loop);
}
