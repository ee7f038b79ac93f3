/* A raw behaviour, and what is sent to it. */
#ifndef STAY_TESTS_RAW_H
#define STAY_TESTS_RAW_H

#include "run.h"

#define RAW_VERSIONS 2

/* Its state block, of either version; the library frees it. */
struct raw_block {
	struct raw *raw;
	uint64_t zero;
};

struct raw {
	struct stay_conn *conn;
	struct user *user;
	enum stay_state state;
	struct raw_block *block; /* in force, */
	unsigned version;        /* and what goes with it */
	bool stream;             /* up, as we were told */
	bool terminated;
	unsigned char next_out;
	unsigned char next_in;
	unsigned notices;
	bool times_out; /* T is running: for so long, till then */
	uint64_t timeout_ms;
	uint64_t timeout_at;
	uint64_t slept; /* run->slept then */
};

/* raw.c */
extern const struct stay_behaviour raw_behaviours[RAW_VERSIONS];
/* The verdict sets T. */
void raw_time_out(struct raw *raw, uint64_t ms);

#endif
