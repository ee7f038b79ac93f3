/*
 * A load on a Redis connection, and its tally. LOAD_SLOTS calls are always
 * under way. Each is counted when it completes, and each reply is checked:
 *
 *	ECHO <number>   The reply is this very number: no reply reached the
 *	                wrong call.
 *	INCR <key>      The reply is how many of them have run in this life of
 *	                the server. It must be at least as many as have been
 *	                replied to, and at most those and the ones that may have
 *	                been executed. So none has run twice.
 *	INFO            The reply is what the server itself has counted.
 */
#ifndef EXAMPLES_LOAD_H
#define EXAMPLES_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stay/redis.h>

#define LOAD_SLOTS 200
#define LOAD_LIVES 4

enum load_kind { LOAD_INCR, LOAD_ECHO, LOAD_KINDS };

/* What has completed in one life of the server. */
struct life {
	uint64_t replied[LOAD_KINDS];
	uint64_t maybe[LOAD_KINDS];
	uint64_t ticket;     /* the last reply to INCR */
	uint64_t counted;    /* by the server, when it was last asked */
	uint64_t counted_at; /* the replies that had come by then */
	uint64_t miscounted; /* how often these two contradicted each other */
};

/* One of the calls that are always under way. */
struct slot {
	struct load *load;
	uint64_t number;
	enum load_kind kind;
};

struct load {
	struct stay_redis *redis;
	const char *key; /* for INCR; no other program uses it */
	bool alone;      /* no other program uses the server: check its INFO */
	/* Runs once, at the next reply. NULL: does not. */
	void (*on_answer)(void);

	struct slot slots[LOAD_SLOTS];
	size_t under_way;
	uint64_t number; /* of the newest call */
	bool ending;

	struct life lives[LOAD_LIVES];
	unsigned life; /* of the server, as the session is with it */

	uint64_t submitted;
	uint64_t not_accepted;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t wrong; /* replies that must not be */
};

/* Submit the first calls. Each that completes is followed by another. */
void load_begin(struct load *load);

/* Ask the server what it has counted. */
void load_ask(struct load *load);

/* Submit no more. When the last call has completed, drain the connection. */
void load_end(struct load *load);

/* Print the tally of `lives` lives. Returns whether it balances, and agrees
 * with what the server has counted, and with the library's own counters. */
bool load_report(const struct load *load, unsigned lives,
    const struct stay_client_counts *counts);

/* A number as "1,234,567". The text lives until the eighth call after this. */
const char *grouped(uint64_t number);

#endif
