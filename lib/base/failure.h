/*
 * Why a stream could not be opened, or has ended: as a status, as the system's
 * error, and as a sentence that names every address and what happened there.
 */
#ifndef STAY__FAILURE_H
#define STAY__FAILURE_H

#include <stdbool.h>

#include <stay/status.h>

#define STAY__FAILURE_TEXT 512

/* All zero is none. What has not failed has no room for text yet. */
struct stay__failure {
	enum stay_status status;
	int system; /* negative errno; 0: none */
	char *text; /* "10.0.0.7:6379 refused (ECONNREFUSED), ..."; or NULL */
};

/* A status for a negative errno; "ECONNREFUSED" for it; NULL: not known. */
enum stay_status stay__status_of(int system);
const char *stay__errno_name(int system);

/* Back to no failure; frees the text. */
void stay__failure_clear(struct stay__failure *failure);
/* Move `from` to `failure`; `from` is no failure afterwards. */
void stay__failure_move(
    struct stay__failure *failure, struct stay__failure *from);

/* The sentence; the words of the status if there was no memory for a text. */
const char *stay__failure_text(const struct stay__failure *failure);

/* Append a clause, behind a comma; a text that is full ends in "...". */
void stay__failure_say(struct stay__failure *failure, const char *format, ...)
    STAY_PRINTF(2, 3);

/*
 * Add an error. Of several errors the most telling is kept: out of memory
 * before any other, unreachable only when there is no other.
 */
void stay__failure_blame(
    struct stay__failure *failure, enum stay_status status, int system);

/* Append "<who> refused (ECONNREFUSED)", and add the error as above. */
void stay__failure_add(
    struct stay__failure *failure, const char *who, int system);

#endif
