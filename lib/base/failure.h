/*
 * Why a stream could not be opened, or has ended: as a status, as the system's
 * error, and as a sentence that names every address and what happened there.
 */
#ifndef STAY__FAILURE_H
#define STAY__FAILURE_H

#include <stdbool.h>

#include <stay/status.h>

#define STAY__FAILURE_TEXT 512

/* All zero: no failure. */
struct stay__failure {
	enum stay_status status;
	int system; /* negative errno; 0: none */
	char *text; /* "10.0.0.7:6379 refused (ECONNREFUSED), ..."; or NULL */
};

/* The status of a negative errno, and its name ("ECONNREFUSED"; NULL: not known). */
enum stay_status stay__status_of(int system);
const char *stay__errno_name(int system);

/* Make it no failure; frees the text. */
void stay__failure_clear(struct stay__failure *failure);
/* Move `from` to `failure`; `from` is no failure afterwards. */
void stay__failure_move(
    struct stay__failure *failure, struct stay__failure *from);

/* The sentence; or the words of the status, if there was no memory for it. */
const char *stay__failure_text(const struct stay__failure *failure);

/* Append a clause, and a comma before it. A text that is full ends in "...". */
void stay__failure_say(struct stay__failure *failure, const char *format, ...)
    STAY_PRINTF(2, 3);

/*
 * Add an error. The status is that of one error: out of memory if there is one,
 * unreachable if there is no other, else the first.
 */
void stay__failure_blame(
    struct stay__failure *failure, enum stay_status status, int system);

/* Append "<who> refused (ECONNREFUSED)", and add the error as above. Of a long name the
 * beginning is told, and "...". */
void stay__failure_add(
    struct stay__failure *failure, const char *who, int system);

#endif
