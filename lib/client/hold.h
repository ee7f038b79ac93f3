/* Replies that the program keeps beyond its callback. */
#ifndef STAY__HOLD_H
#define STAY__HOLD_H

#include <stay/client.h>

#include "base/list.h"

struct stay__holds {
	struct stay__list list; /* struct stay_held.node */
	uint64_t count;
	uint64_t bytes;
};

void stay__holds_init(struct stay__holds *holds);
/* The client ends; its held replies live on. */
void stay__holds_fini(struct stay__holds *holds);

/* Keep the words of the frame with its reply, where they are a part of it. */
void stay__held_keep_words(struct stay_held *held,
    const struct stay_client *client, const struct stay_frame *frame);
/* These words; no data if there are none. */
struct stay_bytes stay__held_words(const struct stay_held *held);

#endif
