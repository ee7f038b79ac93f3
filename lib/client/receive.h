/* Input: cuts bytes into frames, and hands each frame to its receiver. */
#ifndef STAY__RECEIVE_H
#define STAY__RECEIVE_H

#include <stay/client.h>

/* A delivery, while it lasts. Only receive.c, row.c and receive_end.c write these. */
struct stay__reading {
	char *input;             /* what is being cut into frames... */
	size_t offset;           /* ...and how far decode has come */
	struct stay_bytes frame; /* being handed out; length 0: none */
};

/* What a session has between deliveries; see session.c. */
extern const struct stay__reading stay__no_reading;

/* A new stream: no bytes are kept. */
void stay__receive_begin(struct stay_session *session);
struct stay_verdict stay__receive(
    struct stay_client *client, struct stay_bytes bytes);
/* The stream is down: ask the protocol, which has the slot `at_end`, whether that ends an
 * answer. */
struct stay_verdict stay__receive_end(struct stay_client *client);

#endif
