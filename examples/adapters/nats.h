/*
 * nats.h - NATS: publish, subscribe, and ask what somebody answers.
 *
 *	struct nats_request hello = { "news", { "hello", 5 }, false };
 *
 *	stay_client_start(&client, loop, &nats_protocol, "nats://localhost", NULL);
 *	nats_subscribe(client, &news);
 *	stay_client_call(client, &hello, done, job);
 *
 * A URL may have user and password, or a token as user. The server is nats-server 2.2
 * or later; TLS begins behind its first line. Not here: nkeys and JWT, JetStream, headers
 * of our own.
 */
#ifndef EXAMPLES_NATS_H
#define EXAMPLES_NATS_H

#include <stay/client.h>

extern const struct stay_protocol nats_protocol;

/* The config of the client's options; they may have none. */
struct nats_config {
	/* The server acknowledges each message: it is STAY_REPLIED or refused. Such a
	 * client can't ask. Else a message is STAY_SENT. */
	bool verbose;
	/* Nothing is said in clear. Else it is TLS only if the server wants that. The
	 * loop or the client needs a filter for it: stay_tls_add. */
	bool secure;
	/* The server objects: as a rule, to a subject, and goes on. May be NULL. */
	void (*on_error)(void *arg, struct stay_bytes words);
	void *arg;
};

/* What stay_client_call takes. */
struct nats_request {
	const char *subject;
	struct stay_bytes payload;
	/* `done` gets the answer, a const struct nats_message *. If nobody listens, it
	 * is refused: "no responders". */
	bool asks;
};

/* It lives until the callback returns. What is not there is empty. */
struct nats_message {
	struct stay_bytes subject, reply_to, headers, payload;
};

enum nats_notice {
	NATS_ON,   /* what is published from now on comes */
	NATS_LOST, /* no longer, until it is on again */
	NATS_ENDED /* it is not allowed, say the words, and no subscription any more */
};

/* The caller's. It lives, with its texts, until nats_unsubscribe, NATS_ENDED or
 * on_closed. */
struct nats_subscription {
	const char *subject; /* may have wildcards */
	const char
	    *queue; /* one of such a group gets a message; NULL: all do */
	void (*on_message)(struct nats_subscription *subscription,
	    const struct nats_message *message);
	void (*on_notice)(struct nats_subscription *subscription,
	    enum nats_notice notice, struct stay_bytes words); /* may be NULL */
};

/* Both may be called in every callback. A client has 999 subscriptions at most. */
enum stay_status nats_subscribe(
    struct stay_client *client, struct nats_subscription *subscription);
void nats_unsubscribe(
    struct stay_client *client, struct nats_subscription *subscription);

#endif
