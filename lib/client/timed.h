/* How long calls take: loop/meter.h. */
#ifndef STAY__TIMED_H
#define STAY__TIMED_H

#include "client/calls.h"

/* From now on calls are timed, or no more, as the loop's meter is there or not. Those
 * that were submitted before are not. */
void stay__timed_begin(struct stay__calls *calls);
/* What counts of a call: when it was accepted, in ns, and what it is called. */
struct stay__timed {
	uint64_t since;
	uint64_t tag; /* what encode has set; of a group of no interest */
	bool is_group;
};

/* The outcomes of so many calls are decided, all of them alike. */
void stay__timed_end(const struct stay__calls *calls, struct stay__timed timed,
    enum stay_outcome outcome, uint64_t count);

#endif
