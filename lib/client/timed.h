/* How long calls take: loop/meter.h. */
#ifndef STAY__TIMED_H
#define STAY__TIMED_H

#include "client/calls.h"

/* From now on calls are timed, or no more, as the loop's meter is there or not. Those
 * that were submitted before are not. */
void stay__timed_begin(struct stay__calls *calls);
/* The outcomes of so many calls are decided, that are like this one in all that counts. */
void stay__timed_end(
    const struct stay__call *call, enum stay_outcome outcome, uint64_t count);

#endif
