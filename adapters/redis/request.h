/* What the program submits, and the bytes made from it. */
#ifndef STAY_REDIS__REQUEST_H
#define STAY_REDIS__REQUEST_H

#include <stay/protocol.h>

#include "format.h"

/* A format with its arguments, or words. */
struct stay_redis__request {
	const char *format;
	struct stay_redis__arguments *arguments; /* NULL: words */
	size_t argc;
	const char *const *argv;
	const size_t *lens;
};

/* The slot `encode`: write one command, and set in `call` what it means for the
 * session. */
enum stay_status stay_redis__request_encode(
    struct stay_request *call, struct stay_buf *out);

#endif
