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
	struct stay__list tokens;   /* accepted, neither released nor done */
	struct stay__list upgrades; /* asked for */
	enum stay_state state;
	struct raw_block *block; /* in force, */
	unsigned version;        /* and what goes with it */
	bool stream;             /* up, as we were told */
	bool terminated;
	unsigned char next_out;
	unsigned char next_in;
	bool waits; /* handle_call has left one open: */
	struct stay_from from;
	unsigned notices;
	uint64_t mailbox_max;
	uint64_t callers_max;
	size_t calling;   /* calls accepted and not told */
	size_t letters;   /* accepted and not released */
	size_t upgrading; /* upgrades accepted and not told */
	bool times_out;   /* T is running: for so long, till then */
	uint64_t timeout_ms;
	uint64_t timeout_at;
	uint64_t slept; /* run->slept then */
};

/* raw.c */
extern const struct stay_behaviour raw_behaviours[RAW_VERSIONS];
void raw_send_some(struct raw *raw, size_t most);
/* The verdict sets T. */
void raw_time_out(struct raw *raw, uint64_t ms);

/* raw_mail.c: nobody is left who waits. */
void raw_mail_close(struct raw *raw);

#endif
