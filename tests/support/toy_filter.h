/*
 * A filter that hides nothing, for tests: it can be late, refuse, cut records,
 * and is the same at every run. Its peer is served by toy_hear and toy_say.
 *
 *	client                        server
 *	  "toy? NAME\n"   ---------->
 *	                  <----------   "toy!" or "toy-"
 *	  [T][len, 2][bytes ^ 0xa5][sum]   both ways; a len of 0 is the end
 */
#ifndef STAY_TESTS_TOY_FILTER_H
#define STAY_TESTS_TOY_FILTER_H

#include <stay/filter.h>

#include "peer_script.h"

/* For clients. It counts who holds it, and what was opened and closed. */
struct toy_filter {
	struct stay_filter filter;
	unsigned held;
	unsigned let_go; /* how often nobody held it any more */
	unsigned opened;
	unsigned closed;
	unsigned said_end;        /* how often it has sealed the end */
	enum stay_status refuses; /* open fails with it; STAY_OK: it does not */
	enum stay_status rejects; /* a URL; STAY_OK: none */
	enum stay_status stranger; /* what a peer without a toy is */
	char last_peer[64];
};

void toy_filter_init(struct toy_filter *toy);

/* For servers: how one of them answers. */
struct toy_terms {
	unsigned (*late_ms)(void *arg); /* NULL: at once */
	bool (*refuses)(void *arg);     /* NULL: never */
	void *arg;
	bool in_the_middle; /* it begins in clear, until it secures */
	unsigned refused;   /* so often */
	unsigned ended;     /* so often a client has said that it ends */
};

struct toy_end;

/* A connection of a peer with terms begins; peer_accept follows by itself, once it
 * has greeted. */
void toy_begin(struct peer_end *end);
bool toy_is_accepted(const struct peer_end *end);
bool toy_has_said_end(const struct peer_end *end);
void toy_end_free(struct peer_end *end);
/* What has come for `end`; opened bytes go on to peer_hear. */
void toy_hear(struct peer_end *end, const char *bytes, size_t len);
/* Seal bytes; len 0: the end. `send` sends what comes of it. The first that are
 * said are the answer to the greeting. */
void toy_say(struct peer_end *end, const char *bytes, size_t len,
    void (*send)(struct peer_end *end, const char *bytes, size_t len));

#endif
