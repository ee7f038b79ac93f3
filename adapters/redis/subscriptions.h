/*
 * The subscriptions of a client, which survive its sessions. A *topic* is what the
 * server knows of: a channel, a pattern, a sharded channel; it has subscribers. The
 * *carrier* is the client whose session they are on: the program's own, or one apart.
 *
 *	subscribe             what the program may call
 *	subscription_table    topics by kind and name
 *	subscription_wire     what is asked of the server, and acknowledged
 *	subscription_frames   which frames are no answers to calls
 *	subscription_notices  what each owner is told, and what is kept for it
 *	subscription_stall    reading waits for an owner
 *	subscription_apart    the second client, for RESP2
 */
#ifndef STAY_REDIS__SUBSCRIPTIONS_H
#define STAY_REDIS__SUBSCRIPTIONS_H

#include <stay/redis_subscribe.h>

#include "ring.h"

struct stay_redis;
struct stay_session;
struct stay_frame;

/* What the server was asked for. */
enum stay_redis__wire {
	STAY_REDIS__WIRE_OFF,
	STAY_REDIS__WIRE_ASKED, /* SUBSCRIBE is on its way */
	STAY_REDIS__WIRE_ON,
	STAY_REDIS__WIRE_ENDING /* UNSUBSCRIBE is on its way */
};

struct stay_redis__topic {
	struct stay_redis__topic *chain; /* in the table */
	struct stay_redis__ring all;     /* in hub->topics: the oldest first */
	struct stay_redis__ring subscribers;
	struct stay_redis__ring work; /* in hub->todo, or in hub->asked */
	uint64_t asked_ms;
	uint32_t hash;
	uint8_t kind;
	uint8_t wire;
	bool restores;  /* counted in hub->restoring */
	bool unlinked;  /* not in the table any more */
	uint32_t users; /* subscriptions, those that are ending, too */
	size_t len;
	char name[];
};

/* A place in its stream of messages where some may be missing. */
struct stay_redis__gap {
	uint64_t since_ms;
	uint64_t until_ms;
	enum stay_status status;
	uint32_t begin_behind; /* kept messages that come before it */
	uint32_t end_behind;   /* and before its end */
	bool is_open;          /* there is one that was not told to its end */
	bool is_told;          /* that it began */
	bool is_over;
};

struct stay_redis_subscription {
	struct stay_redis__ring of_topic; /* not any more: it is ending */
	struct stay_redis__ring due; /* in hub->due: to be told something */
	struct stay_redis__hub *hub;
	struct stay_redis__topic *topic;
	stay_redis_message_fn *on_message;
	stay_redis_notice_fn *on_notice; /* may be NULL */
	void *arg;
	uint64_t after; /* the message that was being delivered when it came */
	bool joined;    /* acknowledged: it is to get every message */
	bool told;      /* ...and its owner knows */
	bool ends;
	bool paused;
	bool stalls; /* counted in hub->stalls */
	uint8_t slow;
	enum stay_status status; /* why it ends */
	struct stay_redis__gap gap;
	struct stay_redis__ring kept; /* messages */
	uint32_t kept_count;
	uint32_t kept_max;
	uint64_t kept_bytes;
	uint64_t kept_bytes_max;
	uint64_t dropped; /* since the last notice of it */
	uint64_t dropped_since_ms;
};

/* The message that an on_message is being given. */
struct stay_redis__given {
	const struct stay_redis_subscription *to; /* NULL: none is */
	const struct stay_redis_reply *reply;
	struct stay_held *held; /* NULL: it is in the input */
};

struct stay_redis__hub {
	struct stay_redis *front;    /* the program's */
	struct stay_redis *carrier;  /* NULL: no session of it is up */
	struct stay_redis *speaker;  /* whose message is being delivered */
	struct stay_redis *apart;    /* NULL: none, or it is being stopped */
	uint64_t apart_number;       /* of what it is made of */
	struct stay_session *rising; /* while it comes up; else NULL */
	unsigned aparts;             /* that have not closed */
	bool ended;                  /* the front; all end */
	enum stay_status why;        /* in hub_over: the session ended */

	struct stay_redis__topic **table;
	uint32_t mask; /* places of the table, less one */
	struct stay_redis__ring topics;
	struct stay_redis__ring todo;
	struct stay_redis__ring asked; /* in the order of the answers */
	struct stay_redis__ring ping;  /* in `asked`, as one of them */
	uint64_t ping_ms;
	uint32_t asked_count;
	uint32_t restoring; /* topics to be acknowledged before RESTORED */
	uint64_t proven_ms; /* what was published before this has come */
	uint64_t held_ms;   /* nothing is asked for before this */

	struct stay_redis__ring due;
	struct stay_redis__ring *cursor; /* of the delivery: the next one */
	uint64_t message;                /* the number of this one */
	struct stay_redis__given given;
	uint64_t ending;            /* subscriptions that are to be told so */
	uint32_t stalls;            /* subscriptions that reading waits for */
	struct stay_redis *stalled; /* the carrier that is paused for them */
	struct stay_redis_subscription_counts counts;
};

#define STAY_REDIS__HASH_START UINT64_C(14695981039346656037)

/* FNV-1a, from `hash` on. */
static inline uint64_t
stay_redis__hash(uint64_t hash, struct stay_bytes bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) *
		       UINT64_C(1099511628211);
	return hash;
}

/* ---- subscription_table.c ---- */
/* NULL: no memory. */
struct stay_redis__hub *stay_redis__hub_new(struct stay_redis *front);
/* All have ended. NULL is fine. */
void stay_redis__hub_free(struct stay_redis__hub *hub);
struct stay_redis__topic *stay_redis__topic_find(
    const struct stay_redis__hub *hub, unsigned kind, struct stay_bytes name);
/* NULL: no memory. */
struct stay_redis__topic *stay_redis__topic_new(
    struct stay_redis__hub *hub, unsigned kind, struct stay_bytes name);
/* It is not found any more. It lives as long as it has users. */
void stay_redis__topic_unlink(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic);
void stay_redis__topic_leave(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic);
/* `each` may unlink the topic that it is given. */
void stay_redis__topic_each(struct stay_redis__hub *hub,
    void (*each)(struct stay_redis__hub *hub, struct stay_redis__topic *topic));
uint64_t stay_redis__hub_now(const struct stay_redis__hub *hub);
/* The wake slot runs soon. */
void stay_redis__hub_wake(struct stay_redis__hub *hub);

/* ---- subscription_wire.c ---- */
/* What is wanted of it may have changed: the server is asked in the next turn. The
 * topic may be freed. */
void stay_redis__topic_changed(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic);
/* Ask the server for what is to do, as much as fits in. */
void stay_redis__hub_pump(struct stay_redis__hub *hub);
/* The probe of an idle session, or the proof that nothing is missing. */
void stay_redis__hub_ping(struct stay_redis__hub *hub);
/* A session of the carrier is up; a reply to what it was asked; its end. */
void stay_redis__hub_up(struct stay_redis__hub *hub, struct stay_redis *carrier,
    struct stay_session *session);
void stay_redis__hub_answered(
    struct stay_redis__hub *hub, const struct stay_redis_reply *reply);
void stay_redis__hub_over(struct stay_redis__hub *hub, enum stay_status why);
/* The server has ended one by itself. */
void stay_redis__hub_revoked(
    struct stay_redis__hub *hub, struct stay_redis__topic *topic);

/* ---- subscription_frames.c ---- */
/* What the reply is for the engine, if it is no answer to a call; else
 * STAY_FRAME_REPLY. */
enum stay_frame_kind stay_redis__hub_frame(
    struct stay_session *session, const struct stay_redis_reply *reply);
/* No answer that there is to the oldest command. The reply is no push. */
bool stay_redis__hub_is_misled(
    struct stay_session *session, const struct stay_redis_reply *reply);
/* A push. False: it is none of a subscription. */
bool stay_redis__hub_push(
    struct stay_session *session, const struct stay_frame *frame);

/* ---- subscription_notices.c ---- */
void stay_redis__deliver(struct stay_redis__hub *hub,
    struct stay_redis__topic *topic, const struct stay_redis_message *message);
/* Its owner is told in the wake slot. */
void stay_redis__subscription_due(struct stay_redis_subscription *subscription);
/* The server has acknowledged it; a gap begins; it is over. */
void stay_redis__subscription_joined(
    struct stay_redis_subscription *subscription);
void stay_redis__subscription_lost(
    struct stay_redis_subscription *subscription, enum stay_status why);
void stay_redis__subscription_restored(
    struct stay_redis_subscription *subscription);
/* It is no subscriber any more. ENDED is still to be told. */
void stay_redis__subscription_end(
    struct stay_redis_subscription *subscription, enum stay_status status);
/* Tell ENDED now, with the server's words. */
void stay_redis__subscription_refuse(
    struct stay_redis_subscription *subscription, enum stay_status status,
    const struct stay_redis_reply *reply);
void stay_redis__end_all(struct stay_redis__hub *hub, enum stay_status status);
/* Tell some of those who are due. True: there are more. */
bool stay_redis__tell_due(struct stay_redis__hub *hub);

/* ---- subscription_stall.c ---- */
/* Nothing more may be kept for it: the carrier is not read. It may be, as far as this
 * one goes. */
void stay_redis__stall(struct stay_redis_subscription *subscription);
void stay_redis__unstall(struct stay_redis_subscription *subscription);
/* There is a carrier; there is none any more. */
void stay_redis__stall_up(struct stay_redis__hub *hub);
void stay_redis__stall_over(struct stay_redis__hub *hub);

/* ---- subscription_apart.c ---- */
/* The session of the front has come up: the second client follows it. */
void stay_redis__apart_follow(
    struct stay_redis__hub *hub, struct stay_session *session);
/* The session of the front is up, or NULL: who carries the subscriptions? */
void stay_redis__apart_choose(
    struct stay_redis__hub *hub, struct stay_session *session);
/* Subscriptions have no use for it any more. */
void stay_redis__apart_drop(struct stay_redis__hub *hub);

#endif
