/*
 * Four lookups run at once. A lookup that hangs in the system gives its place to
 * the next name, though its thread stays until it returns. This file starts no
 * thread and changes no list.
 */
#include "world/ev_places.h"

#include <string.h>

#define SLOW_NS ((uint64_t)STAY__RESOLVER_SLOW_MS * 1000000)

struct stay__places
stay__places_now(const struct stay__lookups *lookups, uint64_t now)
{
	struct stay__places places = { 0, 0, now + SLOW_NS };
	struct stay__list *node = lookups->running.next;

	for (; node != &lookups->running; node = node->next) {
		uint64_t slow_at = stay__job_of(node)->begun_at + SLOW_NS;

		places.running++;
		if (slow_at <= now)
			continue;
		if (places.taken++ == 0)
			places.free_at = slow_at;
	}
	return places;
}

static bool
runs_already(const struct stay__lookups *lookups, const char *host)
{
	struct stay__list *node = lookups->running.next;

	for (; node != &lookups->running; node = node->next)
		if (strcmp(stay__job_of(node)->host, host) == 0)
			return true;
	return false;
}

/*
 * The last threads are not for names that have a thread already: such a name may
 * hang time after time.
 */
struct stay__job *
stay__places_choose(
    const struct stay__lookups *lookups, const struct stay__places *places)
{
	struct stay__list *node = lookups->waiting.next;

	if (places->taken >= STAY__RESOLVER_THREADS)
		return NULL;
	for (; node != &lookups->waiting; node = node->next)
		if (places->running < STAY__RESOLVER_REPEATS_MAX ||
		    !runs_already(lookups, stay__job_of(node)->host))
			return stay__job_of(node);
	return NULL;
}
