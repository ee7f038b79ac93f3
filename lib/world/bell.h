/* A bell: threads wait for it to ring. It does not know what for. */
#ifndef STAY__BELL_H
#define STAY__BELL_H

#include <stdbool.h>
#include <stdint.h>

#include "world/monitor.h"

struct stay__bell {
	struct stay__monitor monitor;
	uint64_t rings; /* so far */
};

/* False: the system has none to give. */
bool stay__bell_init(struct stay__bell *bell);
/* Nobody waits, and whoever has rung it has come back, or nobody asks for its count
 * any more. */
void stay__bell_fini(struct stay__bell *bell);

void stay__bell_ring(struct stay__bell *bell);
uint64_t stay__bell_rings(struct stay__bell *bell);
/* Wait until it has rung so often, or until `deadline` as stay__bell_after gives it.
 * Whether it has. */
bool stay__bell_wait(
    struct stay__bell *bell, uint64_t rings, uint64_t deadline);
/* In so many ms from now, in ns; UINT64_MAX: never. */
uint64_t stay__bell_after(uint64_t ms);

#endif
