/* A scripted peer at a loopback port, which moves in a thread of its own: for tests
 * whose own thread waits. */
#ifndef STAY_TESTS_PEER_THREAD_H
#define STAY_TESTS_PEER_THREAD_H

#include <pthread.h>

#include "peer_loopback.h"

struct peer_thread {
	struct peer peer;
	struct door door;
	struct ev_loop *ev;
	ev_async over;
	pthread_t thread;
};

/* `peer` is what the test has said of it. Returns where it is; valid until the next. */
const char *peer_thread_open(
    struct peer_thread *it, struct peer peer, const char *scheme);
/* The peer may be looked at afterwards. */
void peer_thread_close(struct peer_thread *it);

#endif
