/* What a backoff policy says of a session that was up. */
#ifndef STAY__BACKOFF_H
#define STAY__BACKOFF_H

#include <stay/backoff.h>

/* Whether the session was up for long enough to count attempts from 1 again. */
bool stay__backoff_is_stable(
    const struct stay_backoff_policy *policy, uint64_t up_ms);

#endif
