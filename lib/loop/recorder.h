/*
 * The flight recorder of a loop: the last two thousand things that happened, in a ring.
 * It knows what kinds there are, not what they mean: observe/story.c tells that.
 */
#ifndef STAY__RECORDER_H
#define STAY__RECORDER_H

#include "loop/loop.h"

#define STAY__RECORDS 2048u /* a power of two; 64 KiB */

enum stay__record_kind {
	STAY__RECORD_STEP,    /* of a machine: a: the table; b: row */
	STAY__RECORD_FAILURE, /* a: phase, a static text; b: status */
	STAY__RECORD_WROTE,   /* a: bytes; b: calls in flight then */
	STAY__RECORD_READ,    /* a: bytes; b: replies in them */
	STAY__RECORD_CLOSED,  /* b: status */
	STAY__RECORD_LENT,    /* by a pool */
	STAY__RECORD_BACK,
	STAY__RECORD_CALL_BEGUN, /* a: token of the call, in these; b: bytes */
	STAY__RECORD_CALL_SENT,  /* its first byte; b: how often before */
	STAY__RECORD_CALL_OVER,  /* b: outcome */
	STAY__RECORD_CALL_FAILED /* b: status; a: 0 if it has no token */
};

struct stay__record {
	uint64_t at;   /* ns */
	uint32_t conn; /* its number, the low bits */
	uint32_t kind; /* enum stay__record_kind */
	uint64_t a;
	uint64_t b;
};

_Static_assert(sizeof(struct stay__record) == 32, "so many fit");

struct stay__recorder {
	uint64_t count; /* so far; the last STAY__RECORDS are there */
	struct stay__record ring[STAY__RECORDS];
};

static inline void
stay__record(struct stay_loop *loop, uint64_t conn, enum stay__record_kind kind,
    uint64_t a, uint64_t b)
{
	struct stay__recorder *recorder = loop->recorder;
	struct stay__record *record =
	    &recorder->ring[recorder->count++ % STAY__RECORDS];

	record->at = loop->now;
	record->conn = (uint32_t)conn;
	record->kind = kind;
	record->a = a;
	record->b = b;
}

/* A token of a call as one number; 0: it has none. */
static inline uint64_t
stay__record_token(struct stay_token token)
{
	return token.generation == 0
		   ? 0
		   : (uint64_t)token.index << 32 | token.generation;
}

#endif
