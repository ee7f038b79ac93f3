/*
 * Where the URL of a client points.
 */
#ifndef STAY__CLIENT_TARGET_H
#define STAY__CLIENT_TARGET_H

#include <stay/filter.h>
#include <stay/protocol.h>
#include <stay/stream.h>

/* Where a URL points. */
struct stay__target {
	struct stay_url *url;
	struct stay_target dial;
	char *descriptors;          /* the URL fd:... ; else NULL */
	bool secure;                /* the scheme asks for a filter... */
	struct stay_filter *filter; /* ...this one, held; else NULL */
};

/* Where `url` points for this protocol, and what `filter`, or else that of the loop,
 * becomes by it; stay__target_fini in any case. What is wrong
 * of it is told to the loop. */
enum stay_status stay__target_parse(struct stay__target *target,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    struct stay_filter *filter, const char *url);
void stay__target_fini(struct stay__target *target);

#endif
