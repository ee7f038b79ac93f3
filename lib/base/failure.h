/*
 * Why a stream is not, or no longer, there: as a status, as the system's error,
 * and as a sentence that names every address and what became of it.
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

/* None again, and no memory of it. */
void stay__failure_clear(struct stay__failure *failure);
/* `from` is none afterwards. */
void stay__failure_move(
    struct stay__failure *failure, struct stay__failure *from);

/* What is said of it; its status speaks if there was no memory for text. */
const char *stay__failure_text(const struct stay__failure *failure);

/* One clause more, behind a comma; a text that is full ends in "...". */
void stay__failure_say(struct stay__failure *failure, const char *format, ...)
    STAY_PRINTF(2, 3);

/*
 * Of several errors the most telling is the failure's: out of memory before any
 * other, unreachable only when there is no other.
 */
void stay__failure_blame(
    struct stay__failure *failure, enum stay_status status, int system);

/* "<who> refused (ECONNREFUSED)", and the blame for it. */
void stay__failure_add(
    struct stay__failure *failure, const char *who, int system);

#endif
