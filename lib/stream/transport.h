/*
 * Finding a transport by its scheme.
 */
#ifndef STAY__TRANSPORT_H
#define STAY__TRANSPORT_H

#include <stay/transport.h>

#define STAY__TRANSPORTS_MAX 16

/* Those that the users of a loop have added. */
struct stay__transports {
	const struct stay_transport *known[STAY__TRANSPORTS_MAX];
	size_t count;
};

/* NULL: nobody knows the scheme. */
const struct stay_transport *stay__transport_find(
    const struct stay_loop *loop, const char *scheme);

#endif
