/*
 * A TCP proxy on the test's own loop, true to the byte: it passes on as much as
 * its plan says, as slowly and in pieces as small as that says, and then does
 * what is to happen. A plan is for one connection and is taken when that is
 * accepted.
 */
#ifndef STAY_TESTS_FAULT_PROXY_H
#define STAY_TESTS_FAULT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

enum fault_way {
	FAULT_UP, /* from the client to the server */
	FAULT_DOWN
};

enum fault_kind {
	FAULT_RESET,  /* both ends get a reset */
	FAULT_CLOSE,  /* both ends are closed */
	FAULT_HALF,   /* the receiver of this way gets its end, no more */
	FAULT_SILENCE /* this way swallows all that comes */
};
#define FAULT_NEVER UINT64_MAX

struct fault_plan {
	uint64_t after[2]; /* by way: bytes passed on before it happens */
	enum fault_kind kind;
	size_t piece; /* most bytes of one write; 0: all there is */
	double delay; /* seconds between two writes of a way */
};

struct fault_link;

struct fault_proxy {
	struct ev_loop *ev;
	ev_io listener;
	int port;
	int target;             /* port of the server on 127.0.0.1 */
	struct fault_plan plan; /* of what is accepted from now on */
	bool plan_once;         /* and then there are no faults any more */
	char url[64];
	struct fault_link *links;
	unsigned accepted;
	unsigned faults;   /* that have happened */
	uint64_t bytes[2]; /* passed on, by way, over all links */
};

/* Nothing happens, nothing is slow. */
struct fault_plan fault_none(void);

/* Listen on a free port of 127.0.0.1 for a server on `target`. */
void fault_proxy_open(
    struct fault_proxy *proxy, struct ev_loop *ev, int target);
/* End all its connections, as a `kind`, and stay open. */
void fault_proxy_cut(struct fault_proxy *proxy, enum fault_kind kind);
void fault_proxy_close(struct fault_proxy *proxy);

#endif
