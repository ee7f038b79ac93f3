/* The name of a peer. Streams to the same peer that come up one behind the other have
 * one name in common. */
#ifndef STAY__PEER_NAME_H
#define STAY__PEER_NAME_H

#include <stddef.h>

/* Counted; it does not change. */
struct stay__peer_name {
	size_t users;
	char text[];
};

/* *last is who was named last, and then who is named now. NULL: no memory. */
struct stay__peer_name *stay__peer_name_take(
    struct stay__peer_name **last, const char *text);
/* NULL is fine. */
void stay__peer_name_drop(struct stay__peer_name *name);

#endif
