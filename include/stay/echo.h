/*
 * stay/echo.h - a client of a raw echo server, which checks what comes back.
 *
 * The adapter to learn from: adapters/echo/echo.c can be read in one sitting.
 * What is sent comes back byte for byte; anything else breaks the protocol.
 *
 * Both functions are for the loop's thread, and may be called in every
 * callback.
 */
#ifndef STAY_ECHO_H
#define STAY_ECHO_H

#include <stay/client.h>

STAY_BEGIN

/* For stay_client_start. */
extern STAY_API const struct stay_protocol stay_echo_protocol;

/*
 * Start a client. `url` is echo://host[:port], with port 7 if there is none, or
 * echo+unix:///path. `options` may be NULL. The other functions for *client are
 * in <stay/client.h>.
 * Returns as stay_client_start.
 */
STAY_API STAY_USE enum stay_status stay_echo_start(struct stay_client **client,
    struct stay_loop *loop, const char *url,
    const struct stay_client_options *options);

/*
 * Send `len` bytes, from 1 to 4 GiB - 1; they are copied. result->reply is the
 * same bytes, as a const struct stay_bytes *. It lives until `done` returns.
 * Returns as stay_client_call; STAY_E_ARG for 0 bytes; STAY_E_TOO_BIG for more than
 * 4 GiB - 1.
 */
STAY_API STAY_USE enum stay_status stay_echo_call(struct stay_client *client,
    const void *bytes, size_t len, stay_done_fn *done, void *arg);

STAY_END

#endif
