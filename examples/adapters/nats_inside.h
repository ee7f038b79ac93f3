/*
 * nats_inside.h - what the files of the NATS adapter know of each other: nats.c has what
 * is said and heard, nats_subscribe.c what the subscriptions are told.
 */
#ifndef NATS_INSIDE_H
#define NATS_INSIDE_H

#include "nats.h"

#define NATS_SLOTS     1000
#define NATS_INBOX_LEN 23

enum nats_state {
	NATS_SLOT_FREE,
	NATS_SLOT_NEW,  /* SUB has not been said in this session */
	NATS_SLOT_SAID, /* it has */
	NATS_SLOT_ON,   /* and the owner knows that the server has heard it */
	NATS_SLOT_OVER  /* there is no owner, and UNSUB is to be said */
};

struct nats_slot {
	struct nats_subscription *owner;
	enum nats_state state;
	uint64_t sid; /* another one each time; modulo NATS_SLOTS its place */
};

struct nats_keep {
	struct stay_session *session; /* NULL, unless it has said CONNECT */
	uint64_t subscribed;
	size_t used;                        /* slots, up to here */
	struct nats_slot slots[NATS_SLOTS]; /* the first is the inbox */
};

struct nats_session {
	size_t seen;
	struct nats_message message; /* of an error: its words as payload */
	struct nats_slot *slot;      /* that it is for */
	char inbox[NATS_INBOX_LEN + 1];
	uint64_t max_payload;
	unsigned pings; /* without a PONG */
	bool owes_ping; /* behind a SUB */
	bool greeted;
	bool wants_tls; /* the server, or the program and the server can */
};

static inline bool
nats_is_verbose(const struct nats_config *config)
{
	return config != NULL && config->verbose;
}

bool nats_is_subject(const char *text);

/* ---- nats_subscribe.c ---- */

void nats_say_ping(struct stay_session *session);
/* All that the server does not know yet, as far as there is room; and a PING behind
 * it, whose PONG says that it was read. */
void nats_say_all(struct stay_session *session);

void nats_take_pong(struct stay_session *session);
/* An error behind which the server goes on. */
void nats_take_error(struct stay_session *session, struct stay_bytes words);

/* Slots of the protocol. */
stay_down_fn nats_on_down;
stay_keep_wake_fn nats_wake;

#endif
