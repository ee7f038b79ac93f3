/*
 * What the examples of other event loops have to do: say three words to an echo server,
 * one at each tick of the program's own timer. The second makes the server hang up.
 */
#ifndef EXAMPLES_TALK_H
#define EXAMPLES_TALK_H

#include <stay/echo.h>

#include "peer.h"

#define TALK_TICK_MS 20

struct talk {
	struct peer peer;
	struct stay_client *client;
	size_t said;
	size_t heard;
	size_t as_expected;
	void (*on_over)(
	    void *arg); /* the connection has closed; NULL: nothing */
	void *arg;
};

/* Start a server, and a client of it on this loop. False: one does not start. */
bool talk_begin(struct talk *talk, struct stay_loop *loop);

/* Say the next word. False: that was the last one. */
bool talk_say(struct talk *talk);

/* Kill the server. What the program exits with: 0 if all came as it should. */
int talk_end(struct talk *talk);

#endif
