/*
 * How a connection is, for other threads. The word is stored before the bell rings, so
 * that who has heard the n-th change reads that one, or a later one.
 */
#include "runner/connectivity.h"

#include "base/list.h"

static uint64_t
word_of(uint64_t changes, enum stay_state state, enum stay_status why)
{
	return changes << 24 | (uint64_t)why << 8 | (uint64_t)state;
}

/* On the loop's thread. */
static void
change(struct stay__watch *watch, enum stay_state to, enum stay_status why)
{
	struct stay__connectivity *connectivity =
	    STAY__CONTAINER(watch, struct stay__connectivity, watch);
	uint64_t before =
	    atomic_load_explicit(&connectivity->word, memory_order_relaxed);

	atomic_store_explicit(&connectivity->word,
	    word_of((before >> 24) + 1, to, why), memory_order_release);
	stay__bell_ring(&connectivity->changed);
}

bool
stay__connectivity_init(struct stay__connectivity *connectivity)
{
	connectivity->watch.changed = change;
	atomic_init(&connectivity->word, word_of(0, STAY_STARTING, STAY_OK));
	return stay__bell_init(&connectivity->changed);
}

void
stay__connectivity_fini(struct stay__connectivity *connectivity)
{
	stay__bell_fini(&connectivity->changed);
}

struct stay_connectivity
stay__connectivity_now(struct stay__connectivity *connectivity)
{
	uint64_t word =
	    atomic_load_explicit(&connectivity->word, memory_order_acquire);

	return (struct stay_connectivity){ STAY_CONNECTIVITY,
		.changes = word >> 24,
		.why = (enum stay_status)(word >> 8 & 0xffff),
		.state = (enum stay_state)(word & 0xff) };
}

enum stay_status
stay__connectivity_await(struct stay__connectivity *connectivity,
    uint64_t changes, uint64_t timeout_ms)
{
	const struct stay_connectivity now =
	    stay__connectivity_now(connectivity);

	if (now.changes > changes)
		return STAY_OK;
	if (now.state == STAY_STOPPED)
		return STAY_E_STOPPED;
	return stay__bell_wait(&connectivity->changed, changes + 1,
		   stay__bell_after(timeout_ms))
		   ? STAY_OK
		   : STAY_E_TIMEOUT;
}
