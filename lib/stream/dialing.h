/*
 * What the dials of one loop share: the governor, the lookups of names, and the
 * transports. The loop has only a pointer to it and never looks inside.
 */
#ifndef STAY__DIALING_H
#define STAY__DIALING_H

#include "stream/filter.h"
#include "stream/governor.h"
#include "stream/peer_name.h"
#include "stream/resolve.h"
#include "stream/transport.h"

struct stay__dialing {
	struct stay__governor governor;
	struct stay__resolver resolver;
	struct stay__transports transports;
	struct stay__peer_name *last_peer; /* NULL: nobody was reached yet */
	struct stay_filter *filter; /* for schemes that end in "s"; or NULL */
};

/* `dialing` is zeroed. */
static inline void
stay__dialing_init(struct stay__dialing *dialing, struct stay_loop *loop)
{
	stay__resolver_init(&dialing->resolver, loop);
	stay__governor_init(&dialing->governor, loop);
}

/* No dial is under way any more. */
static inline void
stay__dialing_fini(struct stay__dialing *dialing)
{
	stay__resolver_fini(&dialing->resolver);
	stay__peer_name_drop(dialing->last_peer);
	if (dialing->filter != NULL)
		dialing->filter->ops->drop(dialing->filter);
}

#endif
