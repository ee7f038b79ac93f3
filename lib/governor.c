/*
 * A counter and a queue. Knows of a link only its place in the queue and how to
 * wake it.
 */
#include "governor.h"

#include <assert.h>

#include "loop.h"

void
stay__governor_grant(struct stay_loop *loop)
{
	struct stay__governor *governor = &loop->governor;
	struct stay__list *node;
	struct stay__link *link;

	while (governor->active < governor->max &&
	       (node = stay__list_pop(&governor->waiting)) != NULL) {
		governor->active++;
		link = STAY__LIST_OWNER(node, struct stay__link, turnstile);
		stay__loop_run_soon(loop, &link->soon);
	}
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

	if (!stay__governor_has_granted(link)) {
		stay__list_remove(&link->turnstile);
		return;
	}
	assert(governor->active > 0);
	governor->active--;
	stay__governor_grant(link->loop);
}
