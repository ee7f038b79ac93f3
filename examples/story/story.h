/*
 * What the steps of the story share: the work, the clock and the row.
 *
 * The work is the same in each: STORY_CALLERS callers, each with one call at a time, INCR
 * and GET of a key of its own by turns. It is done twice. The first time is measured. The
 * second time the server is killed when half of the calls have completed, and is started
 * again; what counts then is what became of each call.
 *
 * A step prints one line a column, NAME, tab, VALUE, and all steps print the same columns.
 */
#ifndef EXAMPLES_STORY_H
#define EXAMPLES_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stay/client.h>

#define STORY_CALLERS 16

struct caller {
	int number;
	char command[32]; /* the call that is under way */
	bool waits;       /* there is one */
	size_t calls;     /* begun in this round */
	uint64_t began_ns;
	uint64_t *took_ns; /* a number a call */
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t checked_out; /* told so at once */
};

struct story {
	const char *name;
	const char *codes; /* where requests are encoded, and replies decoded */
	const char *start; /* what is certain when the start has returned */
	/* Do all of the work, from the first connection to the end of the last. */
	void (*work)(struct caller callers[STORY_CALLERS]);
};

/* Run a step as `STEP [redis://host:port]`, and print its row. Returns what main does. */
int story_tell(const struct story *story, int argc, char **argv);

/* Where the server is; and its port, for those who dial themselves. */
const char *story_url(void);
int story_port(void);

/* Begin the caller's next call: the words are in its `command`. False: it has done its
 * part, and how many of the callers have not. */
bool story_next(struct caller *caller);
size_t story_callers_left(void);

/* The call has completed, with this outcome. Once for each story_next that was true. */
void story_done(struct caller *caller, enum stay_outcome outcome);

/* Run this in a thread a caller, and wait for all of them. */
void story_threads(
    struct caller callers[STORY_CALLERS], void *(*run)(void *caller));

/* What was asked of the system and copied so far: counter.c. */
struct story_counts {
	uint64_t system_calls;
	uint64_t copied_bytes; /* inside the program */
	uint64_t wire_bytes;   /* between it and the kernel */
	uint64_t sockets;      /* opened */
	uint64_t most_sockets; /* open at a time, since story_count_begin */
};

void story_count_begin(void);
void story_count(struct story_counts *counts);

#endif
