/* The wire trace: what goes out and comes in, frame by frame, for the observer. */
#ifndef STAY__WIRE_H
#define STAY__WIRE_H

#include <stay/client.h>
#include <stay/observer.h>

#include "loop/loop.h"

/* Whether somebody wants to see it. */
static inline bool
stay__wire_is_on(const struct stay_loop *loop)
{
	const struct stay_observer *observer = loop->observer;

	return observer->size > offsetof(struct stay_observer, on_wire) &&
	       observer->on_wire != NULL;
}

/* Run `decode`, and tell what it has cut out. */
struct stay_frame stay__wire_cut(
    struct stay_session *session, struct stay_bytes in, stay_decode_fn *decode);
/* The stream takes the next `len` bytes; the output is as it was before. */
void stay__wire_out(struct stay_client *client, size_t len);

#endif
