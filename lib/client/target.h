/*
 * Where the URL of a client points.
 */
#ifndef STAY__CLIENT_TARGET_H
#define STAY__CLIENT_TARGET_H

#include <stay/client.h>
#include <stay/stream.h>

/* Where a URL points. */
struct stay__target {
	struct stay_url *url;
	struct stay_target dial;
	char *descriptors; /* the URL fd:... ; else NULL */
	bool consumed;     /* they were dialled: no longer ours to open */
};

/* Where `url` points for this client; stay__target_fini in any case. */
enum stay_status stay__target_parse(const struct stay_client *client,
    struct stay__target *target, const char *url);
/* Where `from` points. STAY_E_UNSUPPORTED: at descriptors, which can be used once. */
enum stay_status stay__target_copy(const struct stay_client *client,
    struct stay__target *target, const struct stay__target *from);
void stay__target_fini(struct stay__target *target);

#endif
