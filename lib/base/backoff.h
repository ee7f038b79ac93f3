/*
 * What a backoff policy says of a session that was up.
 */
#ifndef STAY__BACKOFF_H
#define STAY__BACKOFF_H

#include <stay/backoff.h>

/* Whether it was up for long enough to begin anew, from the first attempt. */
bool stay__backoff_is_stable(
    const struct stay_backoff_policy *policy, uint64_t up_ms);

#endif
