/*
 * stay/observer.h - being told what happens.
 *
 * One table of optional slots per loop. They run on the loop's thread, after
 * the fact, never inside a public call; every public call is legal in them.
 * Texts and structs live until the slot returns. None of them carries a secret.
 *
 * stay_log is the ready-made one, good enough to study with:
 *
 *	conn 3 redis://localhost: connecting --ok--> connected
 */
#ifndef STAY_OBSERVER_H
#define STAY_OBSERVER_H

#include <stdbool.h>
#include <stdio.h>

#include <stay/status.h>

STAY_BEGIN

/* One turn of one machine. All names are static strings. */
struct stay_transition {
	const char *machine; /* "conn", "link" or "session" */
	const char *from;
	const char *event;
	const char *action; /* "" if the row has none */
	const char *to;
	const char *because; /* the row's reason */
	bool kept;           /* a KEEP row: nothing changed */
	uintptr_t reserved[2];
};

/* Who it happened to. */
struct stay_subject {
	uint64_t number;   /* unique in the loop, from 1 */
	const char *label; /* the URL without secrets, or the options' */
	uint64_t now_ms;   /* the loop's clock */
	/* The observer's own word of this connection: NULL at first, then what
	 * it was set to. on_closed is the last to see it. Another observer of
	 * the loop finds NULL again. */
	void **own;
	uintptr_t reserved[2];
};

typedef void stay_on_transition_fn(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition);
typedef void stay_on_text_fn(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text);

struct stay_observer {
	size_t size; /* STAY_OBSERVER sets these two */
	unsigned abi;
	void *arg;
	/* Every turn of every machine, KEEP rows included. */
	stay_on_transition_fn *on_transition;
	/* A dial, session or callback failed: the whole sentence. */
	stay_on_text_fn *on_failure;
	/* A call failed that nobody waits for (it has no `done`). */
	stay_on_text_fn *on_lost_call;
	/* A connection has closed; `status` is the reason, `text` says it. */
	stay_on_text_fn *on_closed;
};

#define STAY_OBSERVER .size = sizeof(struct stay_observer), .abi = STAY_ABI

/*
 * A text log on a stdio stream, one line an event. The stream stays the
 * caller's and must outlive the log. `machines` says which machines' turns are
 * printed: any of STAY_LOG_*; failures and closings always are. A failure that
 * a connection repeats is printed once in 30 s, with "; 12 more like it in 30
 * s"; an observer of one's own hears of each. It keeps some 100 bytes for each
 * connection that has failed and is not closed yet; without memory for them it
 * prints every failure of it. An observer that hands on to a log leaves `own` to
 * it, or hands on NULL: then every failure is printed, too. NULL: no memory. Free it (NULL is fine) after the
 * loop no longer uses it.
 */
#define STAY_LOG_CONN    1u
#define STAY_LOG_LINK    2u
#define STAY_LOG_SESSION 4u

struct stay_log;
STAY_API struct stay_log *stay_log_new(FILE *stream, unsigned machines);
STAY_API const struct stay_observer *stay_log_observer(
    const struct stay_log *log);
STAY_API void stay_log_free(struct stay_log *log);

STAY_END

#endif
