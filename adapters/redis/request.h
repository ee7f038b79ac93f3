/* What the program submits, and the bytes made from it. */
#ifndef STAY_REDIS__REQUEST_H
#define STAY_REDIS__REQUEST_H

#include <stay/protocol.h>
#include <stay/redis_prepared.h>

#include "format.h"
#include "script_words.h"

/* Where a command stands. */
enum stay_redis__place {
	STAY_REDIS__ALONE,  /* or in a pipeline */
	STAY_REDIS__QUEUED, /* in a multi, behind its MULTI */
	STAY_REDIS__AROUND  /* it is the MULTI or the EXEC of one */
};

/* What a command is made of. */
enum stay_redis__form {
	STAY_REDIS__FORM_ARGV,
	STAY_REDIS__FORM_FORMAT,
	STAY_REDIS__FORM_PREPARED,
	STAY_REDIS__FORM_SCRIPT
};

struct stay_redis__request {
	enum stay_redis__place place;
	enum stay_redis__form form;
	size_t count; /* of words or argv */
	union {
		const char *format;
		const char *const *argv;
		const struct stay_redis_prepared *prepared;
		const struct stay_redis__script_words *script;
	};
	union {
		struct stay_redis__arguments *arguments; /* of the format */
		const size_t *lens;                      /* of argv */
		const struct stay_bytes *words;          /* that change */
	};
};

/* The slot `encode`: write one command, and set in `call` what it means for the
 * session. */
enum stay_status stay_redis__request_encode(
    struct stay_request *call, struct stay_buf *out);

#endif
