/*
 * The calls of a client at rest: their block is there only while calls are, and a
 * second longer. What stays is how many there have been.
 */
#ifndef STAY__REST_H
#define STAY__REST_H

#include <stay/client.h>

struct stay__calls;

/* What is known of the calls that are over, while no block is there: each that was
 * submitted has had its outcome. Only rest.c writes these. */
struct stay__past {
	uint64_t resend_left;
	uint32_t resent;
	uint32_t outcomes[STAY_OUTCOME_COUNT];
};

/* The same, whether a block is there or not. */
struct stay__tally {
	uint64_t submitted;
	uint64_t resent;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
};

/* What client->calls is at rest: no calls, for every client the same. It can be read
 * like any other. */
extern const struct stay__calls stay__no_calls;

/* A client begins at rest. */
void stay__calls_begin(struct stay_client *client);
void stay__calls_end(struct stay_client *client);
bool stay__calls_are_at_rest(const struct stay_client *client);
/* See to it that a block is there. False: no memory. */
bool stay__calls_wake(struct stay_client *client);
/* Give the block back, if no call is there. Nobody may be using it. */
void stay__calls_rest(struct stay_client *client);
/* The options are others, or were set for the first time. */
void stay__calls_retune(struct stay_client *client);
struct stay__tally stay__calls_tally(const struct stay_client *client);

#endif
