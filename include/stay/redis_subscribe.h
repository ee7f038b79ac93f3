/*
 * stay/redis_subscribe.h - channels of Redis, over all reconnects.
 *
 * A subscription is an object with an owner. It is made at once, also without a
 * connection, and lives until it has ended: through every reconnect it is restored by
 * itself, and told what it may have missed. Every message is delivered once, or lies
 * in a gap that was told.
 *
 *	static void
 *	on_message(void *arg, struct stay_redis_subscription *subscription,
 *	    const struct stay_redis_message *message)
 *	{
 *		show(arg, message->payload.data, message->payload.len);
 *	}
 *
 *	static void
 *	on_notice(void *arg, struct stay_redis_subscription *subscription,
 *	    const struct stay_redis_notice *notice)
 *	{
 *		if (notice->kind == STAY_REDIS_RESTORED)
 *			read_again(arg, notice->since_ms);
 *	}
 *
 *	struct stay_redis_subscription_options options = {
 *		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "news",
 *		.on_message = on_message, .on_notice = on_notice, .arg = app };
 *
 *	status = stay_redis_subscribe(redis, &options, &subscription);
 *
 * What its owner is told, in order:
 *
 *	SUBSCRIBED --> [message | LOST --> RESTORED | DROPPED]* --> ENDED
 *
 * SUBSCRIBED: the server has acknowledged it, and from now on nothing is missed. What
 * the owner reads from the database then can't be older than the first message.
 *
 * LOST and RESTORED are the ends of a gap. RESTORED comes when the server has
 * acknowledged not this subscription alone but all that the client had, so that what
 * several channels say goes together again. Until then messages may come, or may be
 * missing.
 *
 * Many subscriptions of one channel are one on the wire: it is asked for with the
 * first, and given up with the last. Each gets each message. The same channel as a
 * channel and in a pattern is two: the server sends two messages.
 *
 * With RESP3 the messages come between the replies of the client's calls. With RESP2
 * a connection can't do both, and so the client starts a second one to the same place,
 * with the same options, for its subscriptions alone. It is named like the first, with
 * " (subscriptions)" behind it, counts in stay_loop_live, and goes where the first goes:
 * when that comes up at another place, or with another login, label or option, this one
 * is replaced, which is a gap. Until then it stays. It stays for good if nothing was
 * changed but callbacks, further places, or call_timeout_ms, block_margin_ms, waiters_max,
 * queue_* and resend* of the client's options, which are of calls alone. It ends with the
 * first: on_closed of the first comes behind its end. Everything here holds for both.
 * (With a URL of fd:N there is no second connection, and a subscription ends with
 * STAY_E_UNSUPPORTED.)
 *
 * SUBSCRIBE and the like are no commands for stay_redis_command. A transaction that is
 * open (MULTI) holds up what subscriptions have to say to the server.
 *
 * All functions are for the loop's thread, and may be called in every callback. No
 * callback runs inside of them.
 */
#ifndef STAY_REDIS_SUBSCRIBE_H
#define STAY_REDIS_SUBSCRIBE_H

#include <stay/redis.h>

STAY_BEGIN

/* Valid from stay_redis_subscribe until its ENDED has returned. */
struct stay_redis_subscription;

enum stay_redis_subscription_kind {
	STAY_REDIS_CHANNEL, /* SUBSCRIBE: a channel by its name */
	STAY_REDIS_PATTERN, /* PSUBSCRIBE: all channels like "news.*" */
	STAY_REDIS_SHARD    /* SSUBSCRIBE: a sharded channel (Redis 7) */
};

/* A message. It lives, with its bytes, until on_message returns, or as long as
 * stay_redis_message_hold keeps it. */
struct stay_redis_message {
	struct stay_bytes channel; /* where it was published */
	struct stay_bytes payload;
	const struct stay_redis_reply *reply; /* the push as it was read */
	uintptr_t reserved[2];
};

enum stay_redis_notice_kind {
	STAY_REDIS_SUBSCRIBED, /* the server has acknowledged it, the first time */
	/* From since_ms on messages may be missing; `status` is why. */
	STAY_REDIS_LOST,
	/* The gap from since_ms to until_ms is over. */
	STAY_REDIS_RESTORED,
	/* The owner was too slow: `dropped` messages between since_ms and until_ms are
	 * missing. */
	STAY_REDIS_DROPPED,
	/*
	 * The last one. `status` is STAY_OK after stay_redis_unsubscribe; else:
	 * STAY_E_DENIED (NOPERM: the user may not) and STAY_E_SERVER (any other error),
	 * both with the server's words in `reply`; STAY_E_FULL (too slow, and
	 * STAY_REDIS_SLOW_END); STAY_E_UNSUPPORTED (see above); the reason why the
	 * client has ended, where STAY_OK is STAY_E_STOPPED. `dropped` is how many
	 * messages were kept for it, or dropped, and come no more.
	 */
	STAY_REDIS_ENDED
};

/* Lives until on_notice returns. Times are of stay_loop_now_ms. */
struct stay_redis_notice {
	enum stay_redis_notice_kind kind;
	enum stay_status status;
	/* What was published before (as this process's clock has it) has been
	 * delivered, for sure: the server has answered something that was sent then. */
	uint64_t since_ms;
	uint64_t until_ms;
	uint64_t dropped;
	const struct stay_redis_reply
	    *reply; /* NULL: the server said nothing */
	uintptr_t reserved[2];
};

typedef void stay_redis_message_fn(void *arg,
    struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message);
typedef void stay_redis_notice_fn(void *arg,
    struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice);

/* What becomes of a paused subscription when no more messages may be kept for it. */
enum stay_redis_slow {
	/* Later ones are dropped and counted, until those that were kept are taken */
	STAY_REDIS_SLOW_DROP,
	STAY_REDIS_SLOW_END, /* it ends, with STAY_E_FULL */
	/*
	 * Its connection is read no more till half of them are taken: see
	 * stay_client_pause. Nothing is dropped. With RESP3 all calls and
	 * subscriptions of the client wait for this owner, and so it must not wait
	 * for them; with RESP2 only the subscriptions. A server that has too much to
	 * say meanwhile hangs up (client-output-buffer-limit): that is a gap.
	 */
	STAY_REDIS_SLOW_PAUSE
};

/* Zero means the default, which each comment ends with. All of it is copied. */
struct stay_redis_subscription_options {
	size_t size; /* STAY_REDIS_SUBSCRIPTION_OPTIONS sets it */
	enum stay_redis_subscription_kind kind;
	const char *name; /* of the channel, or the pattern; any bytes */
	size_t name_len;  /* 0: strlen(name) */
	stay_redis_message_fn *on_message;
	stay_redis_notice_fn *on_notice; /* NULL: nothing is told */
	void *arg;                       /* for both */
	enum stay_redis_slow slow;
	/* While it is paused, so many messages are kept, and bytes of channel and
	 * payload; with STAY_REDIS_SLOW_PAUSE the last one may be longer. The client's
	 * held_replies_max and held_bytes_max count them, too, and what they do not let in
	 * is dropped, with STAY_REDIS_SLOW_END it is the end: 256, 1 MiB */
	uint64_t kept_max;
	uint64_t kept_bytes_max;
	uintptr_t reserved[4];
};

#define STAY_REDIS_SUBSCRIPTION_OPTIONS                                        \
	.size = sizeof(struct stay_redis_subscription_options)

/*
 * Subscribe. *subscription may be NULL if nobody wants to end it.
 * Returns: STAY_OK; STAY_E_ARG (no name, no on_message, a kind or `slow` that does not
 * exist); STAY_E_ABI; STAY_E_TOO_BIG (a name of more than 1 MiB); STAY_E_FULL
 * (subscriptions_max, subscription_bytes_max of struct stay_redis_options);
 * STAY_E_DRAINING (the client ends); STAY_E_NOMEM. Unless it returns STAY_OK,
 * *subscription is NULL, and nobody is told anything.
 */
STAY_API STAY_USE enum stay_status stay_redis_subscribe(
    struct stay_redis *redis,
    const struct stay_redis_subscription_options *options,
    struct stay_redis_subscription **subscription);

/*
 * End a subscription: also in its own callbacks, or another one while a message is
 * being delivered to both. No further message comes. ENDED comes in a later turn, and
 * frees it. Does nothing if it is ending already.
 */
STAY_API void stay_redis_unsubscribe(
    struct stay_redis_subscription *subscription);

/*
 * For an owner that can't keep up: a paused subscription is told nothing but ENDED.
 * Messages are kept for it, within its bounds, and come in order, with the notices
 * among them, in the turns after stay_redis_subscription_resume.
 */
STAY_API void stay_redis_subscription_pause(
    struct stay_redis_subscription *subscription);
STAY_API void stay_redis_subscription_resume(
    struct stay_redis_subscription *subscription);

/* Who it is of; what it is for. The name lives as long as the subscription. */
STAY_API struct stay_redis *stay_redis_subscription_redis(
    const struct stay_redis_subscription *subscription);
STAY_API enum stay_redis_subscription_kind stay_redis_subscription_kind_of(
    const struct stay_redis_subscription *subscription);
STAY_API struct stay_bytes stay_redis_subscription_name(
    const struct stay_redis_subscription *subscription);

/*
 * Keep the message that this subscription is being given, beyond its on_message: see
 * stay_held_new, which this is for messages. stay_redis_message_of(stay_held_reply(
 * held)) is the message then.
 * Returns as stay_held_new; STAY_E_STATE outside of on_message.
 */
STAY_API STAY_USE enum stay_status stay_redis_message_hold(
    struct stay_redis_subscription *subscription, struct stay_held **held);
STAY_API struct stay_redis_message stay_redis_message_of(const void *reply);

/* The subscriptions of a client. */
struct stay_redis_subscription_counts {
	size_t size;            /* STAY_REDIS_SUBSCRIPTION_COUNTS sets it */
	uint64_t subscriptions; /* that have not ended */
	uint64_t channels;      /* and patterns: what they are on the wire */
	uint64_t acknowledged;  /* of these, by the server, in this session */
	uint64_t bytes;         /* of memory, without kept messages */
	uint64_t kept;          /* messages, for those that are paused */
	/* since the start: */
	uint64_t delivered; /* messages, to each subscription */
	uint64_t dropped;
	uint64_t refused; /* subscriptions, by the server */
	uint64_t lost;    /* how often a session with subscriptions ended */
};

#define STAY_REDIS_SUBSCRIPTION_COUNTS                                         \
	.size = sizeof(struct stay_redis_subscription_counts)

/* Fill `counts`, as far as its size says. The size must be set. */
STAY_API void stay_redis_get_subscription_counts(const struct stay_redis *redis,
    struct stay_redis_subscription_counts *counts);

STAY_END

#endif
