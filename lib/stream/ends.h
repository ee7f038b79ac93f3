/*
 * The two ends (readable and writable) that a transport has opened, from the
 * first attempt to the close.
 */
#ifndef STAY__ENDS_H
#define STAY__ENDS_H

#include <stay/transport.h>

/* What a transport has opened. Zeroed: nothing. */
struct stay__ends {
	const struct stay_transport *transport;
	union {
		void *block;
		int small; /* the block itself, if it fits in here */
	} state;
};

static inline bool
stay__ends_are_small(const struct stay_transport *transport)
{
	return transport->state_size <= sizeof(int);
}

/* The transport's block, until the struct is moved. Inline, because each read and
 * each write is passed it. */
static inline void *
stay__ends_state(struct stay__ends *ends)
{
	return stay__ends_are_small(ends->transport) ? &ends->state.small
						     : ends->state.block;
}

/* As a transport's open, with `fds`; -ENOMEM too. Nothing is to be closed if it
 * failed. */
int stay__ends_open(struct stay__ends *ends, struct stay_world *world,
    const struct stay_transport *transport, const struct stay_target *target,
    const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2]);
int stay__ends_finish(struct stay__ends *ends, struct stay_world *world);
/* Harmless if nothing is open. */
void stay__ends_close(struct stay__ends *ends, struct stay_world *world);

#endif
