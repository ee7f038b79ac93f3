/* What a peer that speaks Redis answers. */
#ifndef STAY_TESTS_TORTURE_PEER_REDIS_H
#define STAY_TESTS_TORTURE_PEER_REDIS_H

#include "peer.h"

/* Bytes on their way. */
struct peer_bytes {
	char *data;
	size_t len;
	size_t cap;
};

void peer_bytes_add(struct peer_bytes *bytes, const void *data, size_t len);

/* One whole command off the front of `in`, its answer behind `out`; how many
 * bytes it had, 0: it is not whole. *ends: close the connection. */
size_t peer_redis_serve(struct peer *peer, const char *in, size_t len,
    struct peer_bytes *out, bool *ends);

#endif
