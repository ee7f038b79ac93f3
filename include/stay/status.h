/*
 * stay/status.h - what a call says, and what became of a request.
 *
 * Every function that can fail returns an `enum stay_status`: STAY_OK is zero,
 * everything else is named STAY_E_*. No function of the library reports through
 * `errno`. The rows stand in <stay/status.def>.
 *
 * A request that was accepted ends with a status *and* an outcome. The status
 * says what happened; the outcome says what may have happened at the server,
 * which is what decides whether asking again is safe.
 */
#ifndef STAY_STATUS_H
#define STAY_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define STAY_BEGIN extern "C" {
#define STAY_END   }
#else
#define STAY_BEGIN
#define STAY_END
#endif

#if defined(__GNUC__)
#define STAY_API                 __attribute__((visibility("default")))
#define STAY_USE                 __attribute__((warn_unused_result))
#define STAY_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define STAY_API
#define STAY_USE
#define STAY_PRINTF(text, first)
#endif

/* The version of the vtables and of the structs that begin with a size. */
#define STAY_ABI 1u

/* A time that never comes, in whole milliseconds. */
#define STAY_FOREVER UINT64_MAX

STAY_BEGIN

enum stay_status {
#define STATUS(name, class, text) STAY_##name,
#include <stay/status.def>
	STAY_STATUS_COUNT
};

enum stay_class {
	STAY_CLASS_NONE,
	STAY_CLASS_CALLER,
	STAY_CLASS_TRANSIENT,
	STAY_CLASS_FATAL,
	STAY_CLASS_PROTOCOL
};

/*
 * What may have happened at the server. True for ever after: an outcome is
 * only handed out when nothing can change it any more.
 */
enum stay_outcome {
	STAY_REPLIED,  /* answered; the reply may be an error of the server */
	STAY_SENT,     /* left whole, and no answer is due */
	STAY_NOT_SENT, /* the server cannot have acted: asking again is safe */
	STAY_REFUSED,  /* the server said that it did not: just as safe */
	STAY_MAYBE_EXECUTED /* sent, and the answer never came */
};
#define STAY_OUTCOME_COUNT 5

/* A view of bytes; owned by somebody else, as the function that gives it says.
 */
struct stay_bytes {
	const char *data;
	size_t len;
};

/*
 * The text, the name ("STAY_E_TIMEOUT") and the class of a status; the name of
 * an outcome ("replied", "maybe executed"). Static strings, never NULL, also
 * for a number that is no status. Any thread.
 */
STAY_API const char *stay_strerror(enum stay_status status);
STAY_API const char *stay_status_name(enum stay_status status);
STAY_API enum stay_class stay_status_class(enum stay_status status);
STAY_API const char *stay_class_name(enum stay_class kind);
STAY_API const char *stay_outcome_name(enum stay_outcome outcome);

/* The library's version, as "0.1.0". Any thread. */
STAY_API const char *stay_version(void);

STAY_END

#endif
