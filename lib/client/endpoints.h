/*
 * Several places to dial, and which of them is dialled next. A client that has its
 * URL alone has none of this.
 */
#ifndef STAY__ENDPOINTS_H
#define STAY__ENDPOINTS_H

#include <stay/client.h>

#include "base/backoff.h"
#include "client/target.h"

/* One place, with what its attempts have taught. */
struct stay__endpoint {
	struct stay__target target;
	char *url;
	char *name; /* the URL without secrets, for sentences */
	struct stay__pace pace;
	uint64_t rests_till_ms; /* by the loop's clock; 0: it has not failed */
	bool is_consumed;       /* its descriptors were dialled */
	bool is_denied;         /* its last attempt failed for good */
	bool is_latest; /* the last attempt was to this one, and failed */
};

enum stay__asking {
	STAY__ASKING_NOT,
	STAY__ASKING,        /* `endpoints` has run, and not answered */
	STAY__ASKING_INSIDE, /* it runs now */
	STAY__ASKED          /* it has answered, and the dial is to begin */
};

/* Only endpoints.c writes these. */
struct stay__endpoints {
	struct stay__endpoint *all;
	struct stay__endpoint *now; /* the one that is dialled, or was */
	char *lack; /* why this attempt has no place; NULL: it has one */
	uint16_t count;
	uint8_t asking;
};

/* What `url` and the options need: a list of `url` and their `urls`, for
 * stay__endpoints_free; NULL if the URL alone will do. */
enum stay_status stay__endpoints_new(struct stay__endpoints **endpoints,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options);
/* NULL is fine. */
void stay__endpoints_free(struct stay__endpoints *endpoints);

/* Between two sessions: these are the places from now on, and *endpoints those that
 * were. A place that stays keeps its backoff. */
void stay__endpoints_take(
    struct stay_client *client, struct stay__endpoints **endpoints);

/* An attempt begins: ask `endpoints`, if there is such a callback. True: it has not
 * answered yet, and stay__conn_interrupt follows when it has. */
bool stay__endpoints_ask(struct stay_client *client);
/* Whether the interrupt is its answer: then an attempt is to begin. */
bool stay__endpoints_are_answered(struct stay_client *client);
/* Whether it is still to answer. */
bool stay__endpoints_are_awaited(const struct stay_client *client);

/* Choose the place of this attempt. NULL: none may be dialled, with the status and the
 * words of stay__endpoints_lack. */
const struct stay__target *stay__endpoints_choose(struct stay_client *client);
enum stay_status stay__endpoints_lack(
    const struct stay_client *client, const char **why);
/* It was dialled. */
void stay__endpoints_dialled(struct stay_client *client);
/* Where the client is, or was last, or goes first; and its URL. */
struct stay__target *stay__endpoints_now(const struct stay_client *client);
const char *stay__endpoints_url(const struct stay_client *client);
/* The backoff of that place; of the URL alone, the connection's. */
struct stay__pace *stay__endpoints_pace(struct stay_client *client);

/* How long the client waits at least before it goes to another place. */
uint64_t stay__endpoints_first_delay(struct stay_client *client);
/* The attempt at a place, or its session, has failed: the place rests for `ms`.
 * Returns how long the client waits, STAY_FOREVER if no place is left. */
uint64_t stay__endpoints_fail(struct stay_client *client, uint64_t ms);
/* The same, of a failure that stays; *all: no other place is left. */
uint64_t stay__endpoints_deny(
    struct stay_client *client, uint64_t ms, bool *all);
/* The options have changed: no place rests for longer than they say. */
void stay__endpoints_adapt(struct stay_client *client);
/* A session is up. */
void stay__endpoints_came_up(struct stay_client *client);

#endif
