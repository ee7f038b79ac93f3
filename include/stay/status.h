/*
 * stay/status.h - what a call returns, and what became of a request.
 *
 * Every function that can fail returns an `enum stay_status`. STAY_OK is zero;
 * every failure is named STAY_E_*. The rows are in <stay/status.def>. No
 * function of the library reports through `errno`.
 *
 * A request that was accepted completes with a status *and* an outcome. The
 * status says what happened. The outcome says what may have happened at the
 * server; that is what decides whether asking again is safe.
 *
 * What holds in every header, unless a function says otherwise:
 *  - Times are whole milliseconds, and their names end in _ms. Sizes are bytes.
 *  - A handle (struct stay_loop *, stay_conn *, stay_client *, stay_redis *,
 *    ...) must not be NULL, nor be used after its end: that is a mistake in the
 *    program, which an assertion may catch. Data that is NULL, missing or out
 *    of range is answered, with STAY_E_ARG if no other status is named. The
 *    functions that free something take NULL and then do nothing.
 *  - Arguments are only read during the call, or copied. What is used for
 *    longer says until when it must live.
 *  - What a callback is given is the library's, and lives until the callback
 *    returns, whatever is called in it: structs, bytes and texts. To keep some of
 *    it, copy it. Texts end with a NUL.
 *  - A sentence that the library hands out (`why`, `text`) is for people: its
 *    words may change with every version. It holds no secret.
 *  - *Static text* is a string of the program: it lives as long as that.
 *  - Functions are called on the loop's thread: the one that runs the loop.
 *    They may be called in every callback.
 *  - An options struct begins with its size; zero in a field means its default.
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

/* The version of the tables of functions that a program hands in. */
#define STAY_ABI 1u

/* A time that never comes, in milliseconds. */
#define STAY_FOREVER UINT64_MAX

STAY_BEGIN

enum stay_status {
#define STATUS(name, class, text) STAY_##name,
#include <stay/status.def>
	STAY_STATUS_COUNT
};

/* What a caller may do about a status. */
enum stay_class {
	STAY_CLASS_NONE, /* nothing went wrong */
	/* The call, or a bound that it has met, must be changed. Where a function
	 * returns it, nothing has begun. Where `done` gets it, as STAY_E_TOO_BIG of a
	 * reply, the outcome says what has happened. */
	STAY_CLASS_CALLER,
	STAY_CLASS_TRANSIENT, /* trying again may help */
	STAY_CLASS_FATAL,     /* trying again does not help: someone must act */
	STAY_CLASS_PROTOCOL   /* the peer's bytes make no sense */
};

/*
 * What may have happened at the server. An outcome is only handed out when
 * nothing can change it any more.
 */
enum stay_outcome {
	STAY_REPLIED,  /* the reply came; it may be an error of the server */
	STAY_SENT,     /* the request was sent whole, and needs no reply */
	STAY_NOT_SENT, /* the server cannot have acted: asking again is safe */
	STAY_REFUSED,  /* the server said that it did not act: just as safe */
	/* The request was sent, and no reply came; or one came only after it was sent
	 * again, and says no more than that the server did not act this time. */
	STAY_MAYBE_EXECUTED
};
#define STAY_OUTCOME_COUNT 5

/* A view of bytes. The function that hands it out says who owns them, and how
 * long they live. They are not NUL-terminated. */
struct stay_bytes {
	const char *data;
	size_t len;
};

/*
 * Words for a status: its text ("timed out"), its name ("STAY_E_TIMEOUT"), its
 * class and the name of that ("transient"); and the name of an outcome ("maybe
 * executed"). All strings are static and never NULL, also for a number that is
 * no status. Any thread.
 */
STAY_API const char *stay_strerror(enum stay_status status);
STAY_API const char *stay_status_name(enum stay_status status);
STAY_API enum stay_class stay_status_class(enum stay_status status);
STAY_API const char *stay_class_name(enum stay_class kind);
STAY_API const char *stay_outcome_name(enum stay_outcome outcome);

/* The version of the library that is linked, as "0.1.0"; static. Any thread. */
STAY_API const char *stay_version(void);

STAY_END

#endif
