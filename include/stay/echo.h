/*
 * stay/echo.h - a client of a raw echo server, checking what returns.
 *
 * The teaching adapter: its source, adapters/echo/echo.c, is short enough to be
 * read in one sitting. What is sent comes back byte for byte; anything else is
 * a protocol error.
 */
#ifndef STAY_ECHO_H
#define STAY_ECHO_H

#include <stay/client.h>

STAY_BEGIN

/* For stay_client_start and the other functions of <stay/client.h>. */
extern STAY_API const struct stay_protocol stay_echo_protocol;

/*
 * echo://host[:port] (default 7), echo+unix:///path. `options` may be NULL.
 * Returns as stay_client_start.
 */
STAY_API STAY_USE enum stay_status stay_echo_start(struct stay_client **client,
    struct stay_loop *loop, const char *url,
    const struct stay_client_options *options);

/*
 * Send `len` bytes (1 to 4 GiB - 1; copied); `done` is given them back as a
 * const struct stay_bytes *. Returns as stay_client_call.
 */
STAY_API STAY_USE enum stay_status stay_echo_call(struct stay_client *client,
    const void *bytes, size_t len, stay_done_fn *done, void *arg);

STAY_END

#endif
