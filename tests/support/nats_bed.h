/*
 * A nats-server of a test's own, with the lines of configuration that the test wants,
 * and a loop for its clients. What its subscriptions are told is written down.
 */
#ifndef STAY_TESTS_NATS_BED_H
#define STAY_TESTS_NATS_BED_H

#include "../../examples/adapters/nats.h"
#include "../../examples/support/peer.h"
#include "redis_rig.h"

struct nats_server {
	struct peer peer;
	char config[32]; /* a file */
	char url[64];
};

extern struct redis_rig rig;
extern struct nats_server nats, other; /* `other` is started by who needs it */

/* Write the configuration anew, and start it; nats_reload: it takes that over. */
void nats_configure(struct nats_server *server, const char *lines);
void nats_start(struct nats_server *server);

/* Loop and a server with the defaults; and the end of all that is there. */
void nats_bed_open(void);
void nats_bed_close(void);

/* A client of `server`, that is up. `options` may be NULL. */
struct stay_client *nats_client(const struct nats_server *server,
    const char *login, const struct stay_client_options *options);
void nats_await_up(struct stay_client *client);

/* What became of a call. */
struct nats_told {
	unsigned count;
	enum stay_status status;
	enum stay_outcome outcome;
	char text[64];
	char why[256];
};

/* Whether it has completed, for rig_until. */
bool nats_is_told(void *told);

/* Submit, accepted for sure; the second waits until it has completed. */
void nats_submit(struct stay_client *client, const char *subject,
    const char *text, bool asks, struct nats_told *told);
struct nats_told nats_say(
    struct stay_client *client, const char *subject, const char *text);
struct nats_told nats_question(
    struct stay_client *client, const char *subject, const char *text);

#endif
