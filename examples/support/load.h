/*
 * A load on a Redis connection, and the tally of it: so many calls always under
 * way, each accounted for when it completes, each answer checked.
 *
 *   ECHO <number>   brings back this very number: no reply has gone astray
 *   INCR <key>      brings back how many of them have run in this life of the
 *                   server: at least those that were answered, at most these
 * and those that may have been executed. So none has run twice INFO what the
 * server itself has counted
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

/* What was done in one life of the server. */
struct life {
	uint64_t replied[LOAD_KINDS];
	uint64_t maybe[LOAD_KINDS];
	uint64_t ticket;     /* the last number that INCR brought */
	uint64_t counted;    /* by the server, when it was last asked */
	uint64_t counted_at; /* the replies that we had then */
	uint64_t miscounted; /* how often the two could not both be */
};

/* One of the calls that are always under way. */
struct slot {
	struct load *load;
	uint64_t number;
	enum load_kind kind;
};

struct load {
	struct stay_redis *redis;
	const char *key; /* what INCR counts; nobody else does */
	bool alone;      /* nobody else uses the server: its INFO counts */
	/* Told of the next answer, once. NULL: not now. */
	void (*on_answer)(void);

	struct slot slots[LOAD_SLOTS];
	size_t under_way;
	uint64_t number; /* of the last call */
	bool ending;

	struct life lives[LOAD_LIVES];
	unsigned life; /* of the server that the session is with */

	uint64_t submitted;
	uint64_t not_accepted;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t wrong; /* answers that cannot be */
};

/* Submit the first calls; each that completes is followed by another. */
void load_begin(struct load *load);

/* Ask the server what it has counted. */
void load_ask(struct load *load);

/* No more calls: when the last has completed, the connection is drained. */
void load_end(struct load *load);

/* Print the tally of `lives` lives. True if it balances, agrees with what the
 * server counted, and with the library's own counters. */
bool load_report(const struct load *load, unsigned lives,
    const struct stay_client_counts *counts);

/* 1,234,567; good until the eighth call after this one. */
const char *grouped(uint64_t number);

#endif
