/*
 * Owners of subscriptions in the virtual world, and a scripted server that
 * acknowledges them. What they are told is written down: "a subscribed;a 1;a lost
 * E_CLOSED;", where "1" is a message to the owner "a".
 */
#ifndef STAY_TESTS_REDIS_SUBSCRIBER_H
#define STAY_TESTS_REDIS_SUBSCRIBER_H

#include <stay/redis_subscribe.h>

#include "redis_virtual.h"

/* One subscription of a test. */
struct subscriber {
	const char *name;
	struct stay_redis_subscription *subscription;
	/* In on_message; in on_notice; NULL: nothing. */
	void (*then)(struct subscriber *owner);
	void (*notes)(
	    struct subscriber *owner, const struct stay_redis_notice *notice);
	unsigned ended;
	enum stay_redis_slow slow; /* both before subscriber_try */
	uint64_t kept_bytes_max;
};

#define SUBSCRIBER_MORE 4000 /* bytes of notes */

extern struct redis_virtual subscriber;
extern struct subscriber a, b, c;
/* Of the last notice; and the server's words in it. */
extern struct stay_redis_notice noticed;
extern char noticed_words[64];

#define ACK(word, name)      ">3\r\n+" word "\r\n+" name "\r\n:1\r\n"
#define MESSAGE(name, text)  ">3\r\n+message\r\n+" name "\r\n+" text "\r\n"
/* The same in RESP2. */
#define MESSAGE2(name, text) "*3\r\n+message\r\n+" name "\r\n+" text "\r\n"

/* It acknowledges all it is asked for, by pushes, or, if peer.arg is set, by arrays;
 * it answers neither that nor GET. */
extern const struct peer_row subscriber_rows[], subscriber_silent[];
void subscriber_acknowledges(
    struct peer_end *end, const struct peer_request *request);

/* What has begun before ends; `options` may be NULL. */
void subscriber_begin(
    const struct peer_row *rows, const struct stay_redis_options *options);
void subscriber_begin_usual(void);
/* Also if it has ended already. */
void subscriber_end(void);

enum stay_status subscriber_try(struct subscriber *owner,
    enum stay_redis_subscription_kind kind, const char *name);
/* To a channel, accepted for sure. */
void subscriber_join(struct subscriber *owner, const char *name);
void subscriber_leave(struct subscriber *owner);
void subscriber_note(const struct subscriber *owner, const char *text);

/* The server says so, at the connection made last; or hangs up. 10 ms pass. */
void subscriber_say(const char *text);
void subscriber_kill(void);

/* What was told, and what the server was asked, since the last time. */
const char *subscriber_told(void);
const char *subscriber_got(void);
struct stay_redis_subscription_counts subscriber_counts(void);

#define SUBSCRIBER_TELLS(ms, text)                                             \
	do {                                                                   \
		sim_run_ms(subscriber.world, ms);                              \
		ck_assert_str_eq(subscriber_told(), text);                     \
	} while (0)

#endif
