/*
 * How a connection is, for other threads: one word that the loop's thread writes and all
 * others read, and a bell for those that wait for the next one.
 */
#ifndef STAY__CONNECTIVITY_H
#define STAY__CONNECTIVITY_H

#include <stdatomic.h>

#include <stay/runner.h>

#include "client/watch.h"
#include "world/bell.h"

struct stay__connectivity {
	struct stay__watch watch;
	struct stay__bell changed; /* rung for each change */
	/* How often it has changed, why, and the state: 40, 16 and 8 bits. */
	atomic_uint_fast64_t word;
};

/* False: the system has no bell. */
bool stay__connectivity_init(struct stay__connectivity *connectivity);
void stay__connectivity_fini(struct stay__connectivity *connectivity);
struct stay_connectivity stay__connectivity_now(
    struct stay__connectivity *connectivity);
/* STAY_OK; STAY_E_TIMEOUT; STAY_E_STOPPED: no change can follow. */
enum stay_status stay__connectivity_await(
    struct stay__connectivity *connectivity, uint64_t changes,
    uint64_t timeout_ms);

#endif
