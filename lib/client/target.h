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
	char *descriptors; /* the URL fd:... ; else NULL */
	bool secure;       /* the scheme asks for a filter */
	/* What is between it and its bytes: from the start on, if it is `secure`, or
	 * when hello wants it; held. NULL: nothing yet. */
	struct stay_filter *filter;
};

/* What is behind the protocol's name, or its alias, in `scheme`: "", "s", "+unix".
 * NULL: the scheme is another's. */
const char *stay__target_suffix(
    const struct stay_protocol *protocol, const char *scheme);

/* Its own, or else that of the loop; NULL: there is none. */
struct stay_filter *stay__target_filter(
    const struct stay_loop *loop, struct stay_filter *own);

/* Where `url` points for this protocol, and what `filter` becomes by it;
 * stay__target_fini in any case. What is wrong of it is told to the loop. */
enum stay_status stay__target_parse(struct stay__target *target,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    struct stay_filter *filter, const char *url);
/* What the filter of the client becomes by its URL, if hello wants it; target->filter
 * keeps that. On failure `why` gets a sentence of `len` bytes at most. */
enum stay_status stay__target_secure(struct stay__target *target,
    struct stay_filter *from, char *why, size_t len);
void stay__target_fini(struct stay__target *target);

#endif
