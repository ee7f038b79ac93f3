/*
 * What equal clients have in common. A profile never changes, and is counted: a
 * client that is reconfigured gets another one.
 */
#ifndef STAY__PROFILE_H
#define STAY__PROFILE_H

#include <stay/client.h>

#include "client/calls.h"
#include "client/protocol.h"
#include "client/target.h"
#include "conn/inner.h"

/* What all clients do alike, in files above this one. */
struct stay__hooks {
	struct stay__notices notices;
	struct stay__call_ops calls;
	const struct stay__client_ops *conn;
};

struct stay__profile {
	struct stay__profile *next; /* in the loop */
	uint64_t number;            /* equal ones have the same */
	size_t clients;
	struct stay_loop *loop;
	const struct stay__hooks *hooks;
	struct stay__protocol protocol;
	/* Without what each client has for itself: `label`, `arg`, `urls`; `socket` is
	 * in the settings of the connection. */
	struct stay_client_options options;
	const void *config; /* of the options, or the copy of it */
	struct stay__target target;
	char *label; /* the URL without secrets */
	struct stay__conn_settings conn;
	struct stay__call_bounds calls;
	struct stay_buf no_lane; /* of who has no memory for one */
	size_t url_len;
	size_t size; /* of all that lies here: config, URL */
	_Alignas(max_align_t) char bytes[];
};

/*
 * The profile for these: one that is there, or a new one. `options` are complete, as
 * of stay__settings_fill. Errors are those of stay_client_start.
 */
enum stay_status stay__profile_get(struct stay__profile **profile,
    struct stay_loop *loop, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options,
    const struct stay__hooks *hooks);
struct stay__profile *stay__profile_share(struct stay__profile *profile);
/* NULL is fine. A config that was not copied is not released here. */
void stay__profile_drop(struct stay__profile *profile);

/* The URL that it was made for. */
const char *stay__profile_url(const struct stay__profile *profile);

#endif
