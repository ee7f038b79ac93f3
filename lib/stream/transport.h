/*
 * Finding a transport by its scheme, and the two ends that one has opened, from
 * the first attempt to the close.
 */
#ifndef STAY__TRANSPORT_H
#define STAY__TRANSPORT_H

#include <stay/stream.h>

/* The transports every loop knows. */
extern const struct stay_transport stay__transport_tcp;
extern const struct stay_transport stay__transport_unix;
extern const struct stay_transport stay__transport_fd;

/* NULL: nobody knows the scheme. */
const struct stay_transport *stay__transport_find(
    const struct stay_loop *loop, const char *scheme);

/* What a transport has opened. Zeroed: nothing. */
struct stay__ends {
	const struct stay_transport *transport;
	void *state;
	int fds[2]; /* read, write; maybe the same */
};

/* As a transport's open; -ENOMEM too. Nothing is to be closed if it failed. */
int stay__ends_open(struct stay__ends *ends, struct stay_world *world,
    const struct stay_transport *transport, const struct stay_target *target,
    const struct stay_address *address,
    const struct stay_socket_options *options);
int stay__ends_finish(struct stay__ends *ends, struct stay_world *world);
/* Harmless if nothing is open. */
void stay__ends_close(struct stay__ends *ends, struct stay_world *world);

#endif
