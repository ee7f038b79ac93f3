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

/*
 * What stay_client_start would return for these, without starting anything; but for what
 * a descriptor tells. `filled` are the options with all defaults, if it is STAY_OK; what
 * they point to is that of `options`.
 */
enum stay_status stay__client_try(struct stay_client_options *filled,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options);

#endif
