/* Replies that the program keeps beyond its callback. */
#ifndef STAY__HOLD_H
#define STAY__HOLD_H

#include <stay/client.h>

#include "base/list.h"

/* Those of a client; there only while there are any. */
struct stay__holds {
	struct stay_client *client;
	struct stay__list list; /* struct stay_held.node */
	uint64_t count;
	uint64_t bytes;
	/* Whose it is, while a callback is told a reply that is held already. */
	struct stay_held **told;
};

/* The client ends; its held replies live on. */
void stay__holds_fini(struct stay_client *client);

/*
 * Keep a reply as stay_held_new does, apart from those of the program: it counts
 * against `max` alone, and costs so many bytes. Returns as stay_held_new, and
 * STAY_E_TOO_BIG in place of STAY_E_FULL.
 */
enum stay_status stay__held_apart(struct stay_client *client, const void *reply,
    uint64_t max, struct stay_held **held);
uint64_t stay__held_cost(const struct stay_held *held);

/*
 * A callback is about to be told this reply: stay_held_new, asked for it, hands it over as
 * it is, and *held is NULL then. Until stay__held_told.
 */
void stay__held_tell(struct stay_held **held);
void stay__held_told(struct stay_client *client);

/* Keep the words of the frame with its reply, where they are a part of it. */
void stay__held_keep_words(struct stay_held *held,
    const struct stay_client *client, const struct stay_frame *frame);
/* These words; no data if there are none. */
struct stay_bytes stay__held_words(const struct stay_held *held);

#endif
