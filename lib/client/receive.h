/*
 * Frames in, each to whom it is for.
 */
#ifndef STAY__RECEIVE_H
#define STAY__RECEIVE_H

#include <stay/client.h>

/* Only receive.c writes these. */
struct stay__reading {
	char *input;             /* what is being cut into frames... */
	size_t offset;           /* ...and how far decode has come */
	struct stay_bytes frame; /* being handed out; of no length: none */
	size_t kept;             /* bytes that come again, of the last read */
};

/* A new stream: nothing was kept of it. */
void stay__receive_begin(struct stay_session *session);
struct stay_verdict stay__receive(
    struct stay_client *client, struct stay_bytes bytes);

#endif
