/*
 * stay/client.h - calls on a connection that stays: the engine's front.
 *
 * A client is a connection (<stay/conn.h>) that runs a protocol
 * (<stay/protocol.h>). Calls are accepted at once, also while there is no
 * connection; each accepted call completes exactly once, with a status and an
 * outcome, never inside a public call.
 *
 *	     stay_client_call                       the reply
 *	  queued ---------------> committed -----------------> done
 *	     |   first byte handed    |    session lost
 *	     |   to the stream        +---> NOT_SENT: stays queued, or done
 *	     |                        +---> MAYBE_EXECUTED: done
 *	     +--> deadline, cancel: done (NOT_SENT), and never sent
 *	          of a committed call: done (MAYBE_EXECUTED); a tombstone stays
 *	          in its place and eats the late reply
 *
 * Adapters wrap this in functions with types of their own. All functions are
 * for the loop's thread and legal in every callback.
 */
#ifndef STAY_CLIENT_H
#define STAY_CLIENT_H

#include <stay/conn.h>
#include <stay/protocol.h>

STAY_BEGIN

struct stay_client;

/* Names a call, or who waits for room, until that is over. */
struct stay_call_id {
	struct stay_token token;
};

/* Lives, with its reply, until `done` returns. */
struct stay_result {
	enum stay_status status;   /* STAY_OK, or why there is no good reply */
	enum stay_outcome outcome; /* what may have happened at the server */
	const void *reply;         /* as the adapter says; NULL without one */
	const char *why;           /* a sentence, never NULL */
};

typedef void stay_done_fn(void *arg, const struct stay_result *result);

/* What happens to calls while there is no session. */
enum stay_offline {
	STAY_OFFLINE_QUEUE, /* they wait, within bounds and deadline */
	STAY_OFFLINE_FAIL   /* they are refused with STAY_E_OFFLINE */
};

enum stay_on_fatal {
	STAY_FATAL_RETRY, /* fail the calls, come back after fatal_backoff_ms */
	STAY_FATAL_STOP   /* fail the calls and stop */
};

/* What happens to calls that the server has refused to act on. */
enum stay_on_refused {
	STAY_REFUSED_TELL, /* they are told so */
	/* The session ends, and they are sent again in the next one, which may
	 * be another server's: in order, within their deadlines and the budget
	 * for sending again, and unless what was sent behind them blocks, or
	 * may have been acted on. The next session is asked with one of them
	 * alone, until it does not refuse. */
	STAY_REFUSED_RESEND
};

/* The queue has filled up, or has emptied again: to be told so, a caller need
 * not wait to be refused. */
typedef void stay_water_fn(void *arg, struct stay_conn *conn);

/*
 * Zero means the default, with which a comment ends; docs/options.md has them
 * all, and what they may be. Times in milliseconds. Copied, the label too.
 *
 * What bounds memory is the sum of what may be queued and in flight. When a
 * session is lost, its calls that are sent again go back to the front of the
 * queue, past its bounds if need be; new ones are refused until it is below
 * them. And no more calls than that sum are accepted while as many are over and
 * still to be told.
 */
struct stay_client_options {
	size_t size;       /* STAY_CLIENT_OPTIONS sets it */
	const char *label; /* in logs; default: the URL without secrets */
	/* For the protocol; it must outlive the client, or is released after
	 * `closed`. If start fails it is not released. */
	const void *config;
	void (*config_release)(const void *config);
	stay_started_fn *on_started; /* both get `arg` and the connection */
	stay_closed_fn *on_closed;
	void *arg;
	enum stay_offline offline;
	enum stay_on_fatal on_fatal;
	enum stay_on_refused on_refused;
	struct stay_backoff_policy backoff;
	/* Copied; NULL: nodelay, keepalive and user timeout from silence_ms. */
	const struct stay_socket_options *socket;
	uint64_t connect_budget_ms; /* resolve, dial and hello together: 5000 */
	uint64_t call_timeout_ms;  /* a call's deadline from submission: 5000 */
	uint64_t block_margin_ms;  /* on what a blocking call asks: 1000 */
	uint64_t stop_budget_ms;   /* a farewell may take: 1000 */
	uint64_t fatal_backoff_ms; /* before the jitter: 30000 */
	uint64_t queue_calls_max;  /* waiting to be committed: 65536 */
	uint64_t queue_bytes_max;  /* of them: 64 MiB */
	uint64_t waiters_max;      /* in line for room in it: 1024 */
	uint64_t inflight_calls_max; /* committed, tombstones included: 65536 */
	uint64_t inflight_bytes_max; /* of their requests: 64 MiB */
	uint64_t reply_bytes_max;    /* one frame: 512 MiB */
	uint64_t held_replies_max;   /* by stay_held_new: 1024 */
	uint64_t held_bytes_max;   /* of them, input memory included: 64 MiB */
	uint64_t tombstones_max;   /* past it the session is torn down: 1024 */
	uint64_t tombstone_age_ms; /* so is it when one gets older: 30000 */
	uint64_t probe_ms;         /* idle so long, the peer is probed: 15000 */
	/* Under a call that blocks TCP looks for a dead host, in whole seconds.
	 * The oldest call or probe without a byte so long: torn down: 10000 */
	uint64_t silence_ms;
	uint64_t resends_max; /* of one idempotent call after losses: 3 */
	/* A planned change lets what is in flight finish for so long: 5000 */
	uint64_t leave_budget_ms;
	/* A session at three quarters of this age or more, at random, is
	 * changed for a new one: never */
	uint64_t max_age_ms;
	uint64_t resend_percent; /* of one, each call accepted earns: 10 */
	uint64_t resend_burst; /* ...saved up to this many, as at first: 1024 */
	uint64_t turn_calls_max; /* told in one turn of the loop: 1024 */
	/* The queue is high, which is told in the loop's turn, from so much of
	 * a bound of it on, in calls or in bytes: 75 */
	uint64_t queue_high_percent;
	uint64_t queue_low_percent;   /* ...until both are down to: 25 */
	stay_water_fn *on_high_water; /* both get `arg` */
	stay_water_fn *on_low_water;
	uintptr_t reserved[8];
};

#define STAY_CLIENT_OPTIONS .size = sizeof(struct stay_client_options)

/*
 * Start a client. `url`: <protocol's name>://host:port, <name>+unix:///path, or
 * any URL of <stay/stream.h>; user, password, path and query are for the
 * protocol's hello. `options` may be NULL.
 * *client is valid until on_closed has returned.
 * Returns: STAY_OK; STAY_E_URL (stay_url_parse says what is wrong with it),
 * STAY_E_NO_TLS (<name>s://), STAY_E_ARG (an option out of its bounds),
 * STAY_E_ABI, STAY_E_NOMEM, STAY_E_FORKED (see stay_loop_ev), or what the
 * protocol's init says: nothing was started and *client is NULL.
 */
STAY_API STAY_USE enum stay_status stay_client_start(
    struct stay_client **client, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options);

/*
 * Submit a request. `request` is what the protocol's encode understands, needed
 * only for this call. `done` may be NULL: a failure then reaches the observer.
 * Returns STAY_OK: accepted, `done` runs exactly once. Refused, and `done`
 * never runs: STAY_E_FULL (a bound of the queue; or as many calls as may be
 * queued and in flight are over and still to be told), STAY_E_DRAINING,
 * STAY_E_OFFLINE, STAY_E_NOMEM, what encode says; and from a fatal failure (a
 * wrong password, or a fork in the child) until the next attempt begins, its
 * status: stay_conn_failure says more.
 */
STAY_API STAY_USE enum stay_status stay_client_call(struct stay_client *client,
    const void *request, stay_done_fn *done, void *arg);

/* Options of one call. */
struct stay_call_options {
	size_t size; /* STAY_CALL_OPTIONS sets it */
	/* 0: the client's call_timeout_ms; of a call that blocks, the time it
	 * asks for and block_margin_ms. STAY_FOREVER: none. In a callback time
	 * stands still: there it counts from the callback's end. */
	uint64_t timeout_ms;
	uint32_t flags; /* STAY_IDEMPOTENT ..., besides what encode declares */
	stay_done_fn *part;      /* pieces of a longer answer; NULL: dropped */
	struct stay_call_id *id; /* filled in, for stay_client_cancel */
	uintptr_t reserved[2];
};

#define STAY_CALL_OPTIONS .size = sizeof(struct stay_call_options)

STAY_API STAY_USE enum stay_status stay_client_call_with(
    struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg);

/*
 * Past a bound of the queue a call is refused. Who would rather wait stands in
 * line; then `ready` runs once, in a turn of the loop, first come first served:
 * with STAY_OK when there is room, for as many calls as it likes to make in
 * there; or with the reason why there will be none: STAY_E_TIMEOUT,
 * STAY_E_CANCELLED, STAY_E_DRAINING, STAY_E_OFFLINE, STAY_E_STOPPED, a fatal
 * status, STAY_E_TOO_BIG (the queue has a smaller bound now). While somebody
 * stands in line all other calls are refused with STAY_E_FULL: nobody pushes
 * in. Who is not done stands in line once more:
 *
 *	static void
 *	go_on(void *arg, struct stay_client *client, enum stay_status status)
 *	{
 *		struct job *job = arg;
 *
 *		while (status == STAY_OK && job->next < job->end)
 *			status = call_next(job, client);
 *		if (status == STAY_E_FULL)
 *			status = stay_client_wait_room(client, NULL, go_on, job);
 *		if (status != STAY_OK)
 *			give_up(job, status);
 *	}
 */
typedef void stay_room_fn(
    void *arg, struct stay_client *client, enum stay_status status);

struct stay_room_options {
	size_t size;             /* STAY_ROOM_OPTIONS sets it */
	uint64_t bytes;          /* of room, at least; 0: any */
	uint64_t timeout_ms;     /* 0: call_timeout_ms; STAY_FOREVER: none */
	struct stay_call_id *id; /* filled in, for stay_client_cancel */
	uintptr_t reserved[2];
};

#define STAY_ROOM_OPTIONS .size = sizeof(struct stay_room_options)

/*
 * Stand in line; `options` may be NULL. Returns STAY_OK; refused, and `ready`
 * never runs: STAY_E_FULL (waiters_max), STAY_E_TOO_BIG (more bytes than
 * queue_bytes_max), STAY_E_NOMEM, STAY_E_ARG, STAY_E_ABI, and what a call would
 * be refused with whether there is room or not.
 */
STAY_API STAY_USE enum stay_status stay_client_wait_room(
    struct stay_client *client, const struct stay_room_options *options,
    stay_room_fn *ready, void *arg);

/*
 * Give a call up: `done` runs later in this turn with STAY_E_CANCELLED and
 * NOT_SENT (never sent) or MAYBE_EXECUTED. The same of who stands in line.
 * STAY_E_STALE: it is already over.
 */
STAY_API enum stay_status stay_client_cancel(
    struct stay_client *client, struct stay_call_id id);

/* As stay_conn_stop, stay_conn_drain of its connection. */
STAY_API void stay_client_stop(
    struct stay_client *client, enum stay_status reason);
STAY_API void stay_client_drain(struct stay_client *client, uint64_t budget_ms);

/*
 * Keep the reply of `result` (also of `part`), or a part of it that the adapter
 * hands out, beyond the callback that was given it. A small frame is copied; a
 * large one stays where it was read, and keeps that input memory from being
 * used again. Only inside done, part, on_push, on_control and on_orphan, of
 * what these were given. The loop can't be freed before it is released; the
 * client may be gone by then.
 * Returns: STAY_OK; STAY_E_FULL (held_replies_max, held_bytes_max),
 * STAY_E_NOMEM, STAY_E_ARG (not of this reply), STAY_E_STATE (outside of such a
 * callback), STAY_E_UNSUPPORTED (the protocol can't): *held is NULL.
 */
struct stay_held;
STAY_API STAY_USE enum stay_status stay_held_new(
    struct stay_client *client, const void *reply, struct stay_held **held);
/* The reply, of the same type; it lives until it is released. */
STAY_API const void *stay_held_reply(const struct stay_held *held);
/* Once; NULL is fine. On the loop's thread, in any callback. */
STAY_API void stay_held_free(struct stay_held *held);

/*
 * A planned change; stay_conn_reconnect of its connection does the same. Calls are
 * admitted and wait, what is in flight is answered within leave_budget_ms, the
 * farewell is said, and a new session takes the queue over; meanwhile the
 * connection is disconnecting. An attempt or a backoff gives way at once. Only
 * a call whose answer takes longer than the budget is MAYBE_EXECUTED for it.
 * `why` is for on_down; STAY_OK stands for STAY_E_RECONNECT.
 */
STAY_API void stay_client_reconnect(
    struct stay_client *client, enum stay_status why);

/*
 * The same, to another URL (NULL: the same) and with other options (NULL: the
 * same), which take effect between the two sessions. The options replace all of
 * the old ones, so a field that is 0 has its default again; but the notices and
 * `arg` stay, and a label that is NULL stays, or follows the URL. Calls that a
 * fatal failure keeps out are admitted when the new attempt begins, which is
 * not yet when this returns.
 * The protocol's keep stays as it is: its init is not asked again. What was
 * submitted before stays encoded as it is. The config takes the place of the
 * old one, which is released when its session is over, unless it is the same;
 * one that never took effect is released in the loop's turn. Returns as
 * stay_client_start, and then nothing changes and `config` stays the caller's;
 * STAY_E_STOPPED: too late; STAY_E_FULL: the configs of 16 that others have
 * replaced are still to be released. The last of several stands.
 */
STAY_API STAY_USE enum stay_status stay_client_reconfigure(
    struct stay_client *client, const char *url,
    const struct stay_client_options *options);

/* Its connection: for stay_conn_await, stay_conn_state, stay_conn_explain, and back. Its
 * stream is the protocol's: not for the functions of <stay/stream.h>. */
STAY_API struct stay_conn *stay_client_conn(struct stay_client *client);
STAY_API struct stay_client *stay_client_of(struct stay_conn *conn);

/* The block of the protocol that survives reconnects; its config. */
STAY_API void *stay_client_keep(struct stay_client *client);
STAY_API const void *stay_client_config(const struct stay_client *client);

/* Every call ever accepted, and where it is now. They balance at any time:
 * submitted = replied + sent + refused + not_sent + maybe_executed + queued +
 * in_flight. */
struct stay_client_counts {
	size_t size; /* STAY_CLIENT_COUNTS sets it */
	uint64_t submitted;
	uint64_t replied;
	uint64_t sent;
	uint64_t refused;
	uint64_t not_sent;
	uint64_t maybe_executed;
	uint64_t queued;    /* refused ones included that are sent again */
	uint64_t in_flight; /* without tombstones */
	uint64_t tombstones;
	uint64_t orphans;  /* late replies eaten */
	uint64_t rejected; /* calls refused at submission */
	uint64_t resent;
	uint64_t pushes;
	uint64_t sessions; /* that came up */
	uint64_t bytes_out;
	uint64_t bytes_in;
	uint64_t queued_bytes;    /* of the requests that are queued, */
	uint64_t in_flight_bytes; /* and in flight, tombstones included */
	uint64_t waiting;         /* for room: no calls yet */
	uint64_t held;            /* replies, of refused calls as well, */
	uint64_t held_bytes;      /* and what keeping them costs */
};

#define STAY_CLIENT_COUNTS .size = sizeof(struct stay_client_counts)

/* Fill `counts`, as far as its size says. On the loop's thread, in any callback.
 */
STAY_API void stay_client_get_counts(
    const struct stay_client *client, struct stay_client_counts *counts);

STAY_END

#endif
