/* What the program submits, and the bytes made from it. */
#ifndef STAY_REDIS__REQUEST_H
#define STAY_REDIS__REQUEST_H

#include <stay/protocol.h>

#include "format.h"

/* Where a command stands. */
enum stay_redis__place {
	STAY_REDIS__ALONE,  /* or in a pipeline */
	STAY_REDIS__QUEUED, /* in a multi, behind its MULTI */
	STAY_REDIS__AROUND  /* it is the MULTI or the EXEC of one */
};

/* A format with its arguments, or words. */
struct stay_redis__request {
	enum stay_redis__place place;
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
