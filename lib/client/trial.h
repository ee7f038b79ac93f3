/* A keep block for another config or URL, beside the one that is in use. */
#ifndef STAY__TRIAL_H
#define STAY__TRIAL_H

#include "client/profile.h"

/* Have the protocol fill one: *trial, NULL unless it returns STAY_OK. STAY_E_NOMEM, or
 * what init says. */
enum stay_status stay__trial_new(
    void **trial, const struct stay__profile *profile);
/* It takes effect for `keep`, and is freed. NULL is fine. */
void stay__trial_adopt(
    void *trial, const struct stay__profile *profile, void *keep);
/* It never takes effect. NULL is fine. */
void stay__trial_free(void *trial, const struct stay__profile *profile);

#endif
