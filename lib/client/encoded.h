/* A request that was encoded elsewhere, as by the thread that made the call. */
#ifndef STAY__ENCODED_H
#define STAY__ENCODED_H

#include <stay/client.h>

/* As stay_client_call_with, with what encode has set in `request`, and the bytes that
 * it has made, which are copied. */
enum stay_status stay__client_submit_encoded(struct stay_client *client,
    const struct stay_request *request, struct stay_bytes bytes,
    const struct stay_call_options *options, stay_done_fn *done, void *arg);

/* Whether the options are those of this library or an older one, and ask for what such
 * a call can have: no body. STAY_OK, STAY_E_ABI, STAY_E_ARG, STAY_E_UNSUPPORTED. */
enum stay_status stay__encoded_take_options(
    struct stay_call_options *ours, const struct stay_call_options *options);

#endif
