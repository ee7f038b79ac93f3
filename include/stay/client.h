/*
 * stay/client.h - calls on a connection that breaks and comes back.
 *
 * A client is a connection (<stay/conn.h>) that runs a protocol
 * (<stay/protocol.h>). Calls are accepted at once, also while there is no
 * session. Each accepted call completes exactly once, with a status and an
 * outcome; its `done` runs in a turn of the loop, never inside a public
 * function.
 *
 *	     stay_client_call                       the reply
 *	  queued ---------------> committed -----------------> completed
 *	     |   first byte given     |    session lost
 *	     |   to the stream        +---> NOT_SENT: queued, or completed
 *	     |                        +---> MAYBE_EXECUTED: completed
 *	     +--> timeout, cancel: completed (NOT_SENT), and never sent
 *	          of a committed call: completed (MAYBE_EXECUTED); a tombstone
 *	          keeps its place and takes the late reply
 *
 * A *session* is one use of the protocol on one stream. It begins with the
 * protocol's greeting and ends with the stream.
 *
 * Adapters wrap these functions in functions of their own types. All functions
 * are for the loop's thread, and may be called in every callback.
 */
#ifndef STAY_CLIENT_H
#define STAY_CLIENT_H

#include <stay/conn.h>
#include <stay/protocol.h>

STAY_BEGIN

struct stay_client;
struct stay_filter;

/* A token for a call, or for a place in the line for room. It may be kept for
 * ever: once the call has completed, the token names nothing. */
struct stay_call_id {
	struct stay_token token;
};

/* What became of a call. It lives, with its reply and its text, until `done` returns,
 * whatever that calls. stay_held_new keeps the reply; the text is to be copied. */
struct stay_result {
	enum stay_status status;   /* STAY_OK, or why there is no good reply */
	enum stay_outcome outcome; /* what may have happened at the server */
	const void *reply;         /* the adapter says its type; may be NULL */
	/* A sentence about `status`, of 1023 bytes at most; never NULL. It is "ok",
	 * or the words of the status, or those and more, as what the server has said, or
	 * what keeps the client without a session, as stay_conn_failure. */
	const char *why;
	/* The number of the session that it was last begun in; 0: in none. See
	 * stay_client_session_number. */
	uint64_t session;
};

/* A call has completed; `arg` is what it was submitted with. */
typedef void stay_done_fn(void *arg, const struct stay_result *result);

/* ---- starting -------------------------------------------------------- */

/* What happens to calls while there is no session. */
enum stay_offline {
	STAY_OFFLINE_QUEUE, /* they wait, within bounds and timeout */
	STAY_OFFLINE_FAIL   /* they are rejected with STAY_E_OFFLINE */
};

/* What a fatal failure, as a wrong password, does once it has failed the calls
 * that wait. */
enum stay_on_fatal {
	STAY_FATAL_RETRY, /* try again after fatal_backoff_ms */
	STAY_FATAL_STOP   /* stop the client */
};

/*
 * What happens to a call that the server refuses, that is: the server says that
 * it did not act on it.
 *
 * With STAY_REFUSED_RESEND, a refused call is kept, and nothing more is sent,
 * until the calls behind it that were sent already are answered. If the server
 * refuses all of those, too, the session ends (STAY_E_NOT_READY), and all of
 * them are sent again in the next session: in order, and until their timeouts.
 * The next server may be another one. It first gets one of the calls, as a
 * probe, and the others once it does not refuse that one.
 *
 * A refused call completes as refused after all if the server acts, or may have
 * acted, on a call that was sent behind it and isn't STAY_READ_ONLY: the order
 * would be lost. (So a read may be answered before a refused write that it was
 * sent behind.) It also does so if a call that was sent behind it blocks or gets
 * no reply; if its flags say STAY_THIS_SESSION; if it has several replies; if
 * `offline` is STAY_OFFLINE_FAIL; or if the budget for sending again
 * (resend_percent, resend_burst) is used up.
 */
enum stay_on_refused {
	STAY_REFUSED_TELL, /* it completes as refused */
	STAY_REFUSED_RESEND
};

/*
 * What a call that blocks (STAY_BLOCKS) does to its session when it is cancelled
 * or times out with no other call in flight. With others in flight, and with
 * STAY_GIVEN_UP_WAIT, it leaves a tombstone as any call: the server still acts
 * on it, and the protocol's on_orphan gets what comes.
 *
 * With STAY_GIVEN_UP_END the session ends at once. A server that notices this
 * before it has something for the call gives it to somebody else, or keeps it:
 * no value is lost, unless it was on its way already. Calls that are given up
 * before do not count as in flight, nor do probes; whether one is alone is decided
 * when it is given up. Calls in the queue wait for the next session, as after any
 * end of one. This is no failed attempt (attempts_max). The next session follows
 * after the first delay of `backoff`, with its jitter; after longer ones if
 * sessions end so again and again before they are stable_ms old.
 */
enum stay_on_given_up { STAY_GIVEN_UP_END, STAY_GIVEN_UP_WAIT };

/*
 * A call that brings its own session down. When a session ends unplanned, the
 * oldest call in flight is the suspect, unless it blocks or was given up:
 *  - The server's answer can't be read, or the server fell silent: the suspect
 *    completes with STAY_E_TOO_BIG, STAY_E_PROTOCOL or STAY_E_SILENT. It is not
 *    sent again, whatever its flags say.
 *  - The stream just ended: if it may be sent again at all, it is sent once
 *    more, with no other call in flight. The others wait until it is answered.
 *    If the stream ends once more, the suspect completes with STAY_E_LOST.
 *    If it is cancelled or times out before that, the session ends, too.
 * The calls behind it are sent again as their flags say. After an answer that
 * can't be read that does not count against their resends_max.
 */

/* The queue is filling up, or has emptied again. `arg` is that of the options. Runs
 * in the loop's turn, and may call everything. */
typedef void stay_water_fn(void *arg, struct stay_conn *conn);

/*
 * What has become of the session. STAY_OK: one is ready, and calls flow; or that of a
 * client that was lent is as new (<stay/lend.h>). STAY_E_OFFLINE: it has ended, or an
 * attempt has failed, and the next one follows; why, stay_conn_failure says (but nothing
 * new of a planned change with STAY_OK, which is no failure). After a
 * fatal failure: its status, and the next attempt follows slowly. A stop is told by
 * on_closed. Calls that end with their session complete by themselves, before or after.
 * `arg` is that of the options. Runs in the loop's turn, and may call everything. */
typedef void stay_session_news_fn(
    void *arg, struct stay_client *client, enum stay_status status);

/*
 * Several places to dial: the URL of stay_client_start, and `urls` behind it. Each
 * place has a backoff of its own, and its own attempts_max. An attempt goes to the
 * first place of the list that is not backing off, except that the place which has
 * just failed comes last. Between two attempts lies the first delay of `backoff` at
 * least. A session stays where it is when an earlier place comes back. A fatal failure
 * is one of its place alone: calls fail once it is so at every place.
 * What belongs to the URL in a protocol belongs to each of them, if it greets by
 * stay_session_url.
 *
 * If `endpoints` is set, it runs at the beginning of each attempt, with the options'
 * `arg`: for a directory (for that of Redis Sentinel see <stay/redis.h>). It answers by
 * stay_client_endpoints or stay_client_no_endpoints, at once or later, within
 * connect_budget_ms; an attempt that gets no answer fails with STAY_E_TIMEOUT. May call
 * everything.
 *
 *	static void
 *	endpoints(void *arg, struct stay_client *client)
 *	{
 *		const char *urls[] = { ask_registry(arg), NULL };
 *
 *		(void)stay_client_endpoints(client, urls);
 *	}
 */
typedef void stay_endpoints_fn(void *arg, struct stay_client *client);

/* The most places of a client. */
#define STAY_ENDPOINTS_MAX 256

/* Frees a config that the client is done with. Runs once for it, in the loop's turn,
 * behind on_closed if the client has ended. It must call no function with this client,
 * which may be gone, or in the middle of a change. */
typedef void stay_config_release_fn(const void *config);

/*
 * Zero means the default, which each comment ends with; docs/options.md has the
 * bounds. All of it is copied, the label and the socket options too; `config`
 * is not.
 *
 * How much memory calls may take: the sum of what may be queued and what may be
 * in flight. When a session is lost, the calls that are sent again go back to
 * the front of the queue, past its bounds if need be; new calls are rejected
 * until it is below them. Finished calls whose `done` has not run yet count
 * against the same sum; at the sum, new calls get STAY_E_FULL.
 */
struct stay_client_options {
	size_t size;       /* STAY_CLIENT_OPTIONS sets it */
	const char *label; /* in logs; NULL: the URL without secrets */
	/* For the protocol. It must live until on_closed, or until another one
	 * has replaced it; then config_release, if not NULL, runs with it. If
	 * start fails, the config stays the caller's. */
	const void *config;
	stay_config_release_fn *config_release;
	/* Not 0: `config` is so many bytes without a pointer into itself. They
	 * are copied, and overwritten in the end; equal clients have them once.
	 * There is nothing to release then. */
	size_t config_size;
	stay_started_fn *on_started; /* see <stay/conn.h> */
	stay_closed_fn *on_closed;
	void *
	    arg; /* for on_started, on_closed, on_session, endpoints, on_*_water */
	enum stay_offline offline;
	enum stay_on_fatal on_fatal;
	enum stay_on_refused on_refused;
	enum stay_on_given_up on_given_up;
	struct stay_backoff_policy backoff; /* between attempts */
	/* NULL: nodelay, keepalive and user timeout derived from silence_ms.
	 * Keepalive is then set when it is needed: once a call blocks, a body
	 * waits, or reading pauses; at the dial if the protocol has no probe, or
	 * if probe_ms or connect_budget_ms is above silence_ms. */
	const struct stay_socket_options *socket;
	uint64_t connect_budget_ms; /* resolve, dial and greeting: 5000 */
	uint64_t call_timeout_ms;   /* of a call, from submission on: 5000 */
	/* Added to the time that a call which blocks asks for: 1000 */
	uint64_t block_margin_ms;
	/* For a graceful close at the end, see stay_client_stop: 1000 */
	uint64_t stop_budget_ms;
	uint64_t fatal_backoff_ms; /* after a fatal failure: 30000 */
	uint64_t queue_calls_max;  /* calls that wait to be sent: 65536 */
	/* Bytes of their requests. One request may have 4 GiB at most: 64 MiB */
	uint64_t queue_bytes_max;
	uint64_t waiters_max;        /* in line for room in the queue: 1024 */
	uint64_t inflight_calls_max; /* sent calls, and tombstones: 65536 */
	uint64_t inflight_bytes_max; /* bytes of their requests: 64 MiB */
	/* Bytes of one frame. The call that a longer one answers completes with
	 * STAY_E_TOO_BIG. The session ends, too, unless the protocol can read
	 * past such a frame, as Redis: 512 MiB */
	uint64_t reply_bytes_max;
	uint64_t held_replies_max; /* replies kept by stay_held_new: 1024 */
	uint64_t held_bytes_max;   /* bytes that they keep in use: 64 MiB */
	/* The same, of the answers of one group; see <stay/group.h>: 64 MiB */
	uint64_t group_bytes_max;
	/* With more, the session is ended; if it is 0, as many as
	 * inflight_calls_max: 65536 */
	uint64_t tombstones_max;
	uint64_t tombstone_age_ms; /* at this age, it is ended too: 30000 */
	uint64_t probe_ms; /* an idle session is probed after this: 5000 */
	/* If nothing arrives for this long while a reply is due, the session is
	 * ended. While the oldest call in flight blocks, the server may be
	 * silent for as long as the call may block, and block_margin_ms; only
	 * TCP keepalive (whole seconds) looks then: 10000 */
	uint64_t silence_ms;
	/* Of one idempotent call after losses; above 255: no limit: 3 */
	uint64_t resends_max;
	/* For calls in flight to finish, on a planned reconnect: 5000 */
	uint64_t leave_budget_ms;
	/* Replace a session at a random age between 3/4 of this and
	 * this: never */
	uint64_t max_age_ms;
	/* The budget for sending again after losses in a row: what a session
	 * leaves behind that was up for stable_ms is sent again for free. Every
	 * accepted call adds this many percent of one call to it: 10 */
	uint64_t resend_percent;
	uint64_t resend_burst;   /* what it begins with, and its most: 1024 */
	uint64_t turn_calls_max; /* completed in one turn of the loop: 1024 */
	/* on_high_water runs when the queue holds so many percent of its calls
	 * or of its bytes: 75 */
	uint64_t queue_high_percent;
	/* on_low_water runs when it is down to this in both: 25 */
	uint64_t queue_low_percent;
	stay_water_fn *on_high_water;
	stay_water_fn *on_low_water;
	/* Further places, the preferred ones first; NULL ends the list: none */
	const char *const *urls;
	stay_endpoints_fn *endpoints; /* asked where to dial: not */
	/* What URLs with NAMEs:// go through, as a filter of <stay/tls.h>, held
	 * as long as it is in use. NULL: the loop's, of stay_loop_set_filter */
	struct stay_filter *filter;
	/* Bytes of one frame that is read past; at a longer one the session
	 * ends: 4096 MiB */
	uint64_t skip_bytes_max;
	stay_session_news_fn *on_session; /* NULL: nobody is told */
	uintptr_t reserved[5];
};

#define STAY_CLIENT_OPTIONS .size = sizeof(struct stay_client_options)

/*
 * Start a client. `url` is NAME://host:port, NAMEs://host:port (with TLS) or
 * NAME+unix:///path (with no host, or localhost), where NAME is the protocol's, or any
 * URL of <stay/stream.h>. Its user, password, path and query are for the protocol's
 * greeting. `protocol` must outlive the client;
 * `url` is copied; `options` may be NULL. *client is valid until on_closed
 * returns. The descriptors of fd:N are taken over, once: when their session is
 * over the client ends with STAY_E_STATE, unless it was reconfigured or has a
 * callback `endpoints`, which is asked again.
 * Returns: STAY_OK; STAY_E_URL (stay_url_parse names the part that is wrong; or
 * the scheme, the port or the length of a path does not fit); STAY_E_NO_TLS for
 * NAMEs:// without a filter (<stay/filter.h>), or what that says of the URL;
 * STAY_E_ARG for an option out of its bounds, or a protocol whose port is none;
 * STAY_E_TOO_BIG for more than
 * STAY_ENDPOINTS_MAX places; STAY_E_ABI; STAY_E_NOMEM; STAY_E_FORKED (see
 * stay_loop_ev); what the protocol's init
 * returned. Unless it returns STAY_OK, nothing was started and *client is NULL.
 */
STAY_API STAY_USE enum stay_status stay_client_start(
    struct stay_client **client, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options);

/*
 * Start another client of the same protocol, at the place where `client` connects to
 * now: for what needs a connection of its own, such as to cancel a request. Neither
 * outlives the other for that reason. What is to be as it is there, is asked first:
 *
 *	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
 *
 *	stay_client_get_options(client, &options);
 *	options.label = "the second one";
 *	options.on_started = NULL;
 *	options.on_session = NULL;
 *	options.on_high_water = options.on_low_water = NULL;
 *	options.on_closed = on_second_closed;
 *	options.arg = second_owner;
 *	status = stay_client_start_beside(&second, client, &options);
 *
 * The callbacks of the first, and its `arg`, are among these options: without the lines
 * above they would run for the second one, too. A `config` that both have is released by
 * one of them: set config_release to NULL, or pass another config. `urls` and `endpoints`
 * are not looked at.
 * Returns as stay_client_start; and STAY_E_UNSUPPORTED if `client` was given descriptors.
 */
STAY_API STAY_USE enum stay_status stay_client_start_beside(
    struct stay_client **started, const struct stay_client *client,
    const struct stay_client_options *options);

/* The options in effect, with defaults filled in, as far as the size says, which must
 * be set. Their pointers live until the next change takes effect. */
STAY_API void stay_client_get_options(
    const struct stay_client *client, struct stay_client_options *options);

/*
 * Answer `endpoints`, while it runs or later: these are the places now, the preferred
 * one first; NULL ends the list. A place that was known keeps its backoff. `urls` that
 * are NULL, or an empty list, keep the places. All is copied.
 * Returns: STAY_OK; STAY_E_STATE (nobody asks: the answer came too late, or the second
 * time); STAY_E_URL, STAY_E_NO_TLS, STAY_E_TOO_BIG and STAY_E_NOMEM as
 * stay_client_start. Unless it returns STAY_OK, the question stands.
 */
STAY_API enum stay_status stay_client_endpoints(
    struct stay_client *client, const char *const *urls);
/*
 * Answer `endpoints` in the other way: there is no place now. The attempt fails with
 * STAY_E_RESOLVE and the words `why` ("no Sentinel knows mymaster"), which are copied, 255
 * bytes at most; the next one follows after the backoff of the place that was dialled
 * last.
 * Returns: STAY_OK; STAY_E_STATE as above; STAY_E_NOMEM, and the question stands.
 */
STAY_API enum stay_status stay_client_no_endpoints(
    struct stay_client *client, const char *why);

/* ---- calls ----------------------------------------------------------- */

/*
 * Submit a call. `request` is what the protocol's encode takes; it is only read
 * inside this function. `done` runs exactly once, with `arg`. If `done` is
 * NULL, a failure goes to the observer.
 * Returns: STAY_OK: accepted. Or the call is rejected, and `done` never runs:
 * STAY_E_FULL (a bound of the queue, or too many calls whose `done` has not
 * run); STAY_E_TOO_BIG (its request alone is larger than queue_bytes_max; while others
 * wait it is STAY_E_FULL); STAY_E_DRAINING; STAY_E_OFFLINE (with STAY_OFFLINE_FAIL, or
 * for STAY_THIS_SESSION without a session, or without that one); STAY_E_NOMEM;
 * what encode returned (stay_loop_rejection says why, if encode has said it; so does an
 * observer's on_note, once, for who does not look); after a fatal failure its status,
 * until the next attempt begins (stay_conn_failure has the sentence).
 */
STAY_API STAY_USE enum stay_status stay_client_call(struct stay_client *client,
    const void *request, stay_done_fn *done, void *arg);

/*
 * A piece of a reply, of which nothing is kept: more than no bytes, which live until
 * this returns. Who can't keep up calls stay_client_pause, and who wants no more of it
 * stay_client_cancel: no piece follows.
 */
typedef void stay_piece_fn(void *arg, struct stay_bytes piece);

/* Options of one call. */
struct stay_call_options {
	size_t size; /* STAY_CALL_OPTIONS sets it */
	/* Counted from submission; inside a callback, from the callback's end.
	 * 0: call_timeout_ms, or, if the call blocks, the time it asks for and
	 * block_margin_ms. STAY_FOREVER: no timeout. */
	uint64_t timeout_ms;
	uint32_t flags; /* STAY_IDEMPOTENT..., added to what encode says */
	/* Gets each part of a reply in parts, as a row, with the call's `arg`.
	 * NULL: parts are dropped. */
	stay_done_fn *part;
	struct stay_call_id *id; /* filled in, for stay_client_cancel */
	/* In the session of this number or not at all: STAY_THIS_SESSION for a
	 * session that an earlier call has come to know. If another one is ready,
	 * or none, the call is rejected with STAY_E_OFFLINE. 0: in any. */
	uint64_t session;
	/* Bytes that follow the request, from a callback; see <stay/body.h>. NULL:
	 * none. Only read inside the function. */
	const struct stay_body *body;
	/* The reply comes in pieces, as its bytes arrive: a reply of any length,
	 * through little memory. Which replies can come so, and what is then left
	 * for `done`, says the protocol; all others come whole. `done` runs behind
	 * the last piece. If the session is lost between two of them, the call
	 * completes as STAY_MAYBE_EXECUTED, and is not sent again, whatever its
	 * flags. The timeout is for all of the reply: with STAY_FOREVER a silent
	 * server is found all the same (silence_ms). NULL: the reply comes whole. */
	stay_piece_fn *piece;
};

#define STAY_CALL_OPTIONS .size = sizeof(struct stay_call_options)

/* The same with options for this one call. `options` may be NULL, and is only
 * read inside this function. Returns also STAY_E_ARG (unknown flags; a body without
 * `more`; both `part` and `piece`), STAY_E_ABI, and STAY_E_UNSUPPORTED (the request
 * cannot have a body; the protocol has no pieces). */
STAY_API STAY_USE enum stay_status stay_client_call_with(
    struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg);

/*
 * The number of the session that is ready, for what belongs together in one session:
 * a cursor, a prepared statement, a lock. Each opened stream of a client has the next
 * number, from 1 on; another client has numbers of its own. 0: no session is ready.
 * May be called everywhere on the loop's thread.
 *
 *	static void
 *	prepared(void *arg, const struct stay_result *result)
 *	{
 *		struct job *job = arg;
 *		struct stay_call_options here = { STAY_CALL_OPTIONS,
 *			.session = result->session };
 *
 *		if (stay_client_call_with(job->client, job->execute, &here,
 *			executed, job) != STAY_OK)
 *			prepare_again(job);
 *	}
 */
STAY_API uint64_t stay_client_session_number(const struct stay_client *client);

/*
 * Give up a call, or a place in the line for room. `done` runs later in this
 * turn with STAY_E_CANCELLED, and NOT_SENT or MAYBE_EXECUTED; of a place in the
 * line, `ready` runs with STAY_E_CANCELLED. If the call blocks, its session may
 * end: see enum stay_on_given_up.
 * Returns: STAY_OK; STAY_E_STALE if it has completed already.
 */
STAY_API enum stay_status stay_client_cancel(
    struct stay_client *client, struct stay_call_id id);

/* ---- waiting for room ------------------------------------------------ */

/*
 * There is room in the queue, or there will be none. Runs once, in a turn of
 * the loop. With STAY_OK it may submit calls until one is rejected with
 * STAY_E_FULL. Else `status` says why there is no room: STAY_E_TIMEOUT,
 * STAY_E_CANCELLED, STAY_E_DRAINING, STAY_E_OFFLINE, STAY_E_STOPPED, the status
 * of a fatal failure, or STAY_E_TOO_BIG (the bound has been lowered). If it has
 * more to submit, it waits once more:
 *
 *	static void
 *	go_on(void *arg, struct stay_client *client, enum stay_status status)
 *	{
 *		struct job *job = arg;
 *
 *		while (status == STAY_OK && job->next < job->end)
 *			status = call_next(job, client);
 *		if (status == STAY_E_FULL)
 *			status = stay_client_wait_room(
 *			    client, NULL, go_on, job);
 *		if (status != STAY_OK)
 *			give_up(job, status);
 *	}
 */
typedef void stay_room_fn(
    void *arg, struct stay_client *client, enum stay_status status);

struct stay_room_options {
	size_t size;             /* STAY_ROOM_OPTIONS sets it */
	uint64_t bytes;          /* how many have to fit in, at least */
	uint64_t timeout_ms;     /* 0: call_timeout_ms; STAY_FOREVER: none */
	struct stay_call_id *id; /* filled in, for stay_client_cancel */
	uintptr_t reserved[2];
};

#define STAY_ROOM_OPTIONS .size = sizeof(struct stay_room_options)

/*
 * Wait in line for room in the queue, instead of being rejected. `ready` runs
 * with `arg`, first come, first served. While somebody waits, all calls that
 * are not submitted in a `ready` are rejected with STAY_E_FULL, so that nobody
 * jumps the line. `options` may be NULL.
 * Returns: STAY_OK. Or it is rejected, and `ready` never runs: STAY_E_FULL
 * (waiters_max); STAY_E_TOO_BIG (more bytes than queue_bytes_max);
 * STAY_E_NOMEM; STAY_E_ARG; STAY_E_ABI; and as a call: STAY_E_DRAINING,
 * STAY_E_OFFLINE, the status of a fatal failure.
 */
STAY_API STAY_USE enum stay_status stay_client_wait_room(
    struct stay_client *client, const struct stay_room_options *options,
    stay_room_fn *ready, void *arg);

/* ---- keeping a reply ------------------------------------------------- */

struct stay_held;

/*
 * Keep a reply beyond the callback that it was given to: `reply`, or a part of
 * it that the adapter hands out. May be called only inside done, part, on_push,
 * on_control and on_orphan, with what these were given. *held belongs to the
 * caller, who frees it with stay_held_free, before the loop is freed; the
 * client may end before that.
 * Returns: STAY_OK; STAY_E_FULL (held_replies_max, or held_bytes_max with what is
 * kept already); STAY_E_TOO_BIG (held_bytes_max by itself); STAY_E_NOMEM; STAY_E_ARG
 * (not a part of this reply); STAY_E_STATE (not in such a callback);
 * STAY_E_UNSUPPORTED (the protocol has no `retain`). Unless it returns STAY_OK, *held
 * is NULL.
 *
 * A small frame is copied. A large one stays where it was read, and keeps that
 * piece of input memory from being used again; held_bytes_max counts all of the
 * piece.
 */
STAY_API STAY_USE enum stay_status stay_held_new(
    struct stay_client *client, const void *reply, struct stay_held **held);

/* The reply that is kept. It has the type of the one that was given, and lives
 * until stay_held_free. */
STAY_API const void *stay_held_reply(const struct stay_held *held);

/* Free a reply that was kept; NULL is fine. */
STAY_API void stay_held_free(struct stay_held *held);

/* ---- reading ---------------------------------------------------------- */

/*
 * For a consumer that can't keep up: read nothing more of the session, and hand out no
 * frame, not even one that has come with the last. The peer's bytes wait in the kernel,
 * and then at the peer: memory is bounded on both sides. Requests are sent meanwhile.
 *
 *	static void
 *	on_row(void *arg, const struct stay_result *row)
 *	{
 *		put_row(arg, row->reply);
 *		if (is_full(arg))
 *			stay_client_pause(client_of(arg));
 *	}
 *
 * Each pause is taken back by a resume of its own: several consumers of a client need
 * not know of each other. A pause goes on over reconnects: a new session is greeted,
 * and is paused when it is up. While it is paused:
 *  - The peer is not called silent, and no probe is sent. That it has hung up is seen
 *    when something is written, or after the resume.
 *  - Deadlines of calls stand: a call whose reply can't be read completes with
 *    STAY_E_TIMEOUT. tombstone_age_ms of such a call counts from the resume;
 *    tombstones_max holds.
 *  - A stop and a reconnect wait for what is due as long as their budgets allow.
 *  - If the session ends, what was not handed out is lost with it.
 * A frame that is being handed out is handed out to its end, to all whom it is for.
 *
 * For the loop's thread; in every callback, too.
 */
STAY_API void stay_client_pause(struct stay_client *client);
/* The last one makes the session go on, in a later turn. One too many is a mistake,
 * and does nothing. */
STAY_API void stay_client_resume(struct stay_client *client);
/* Whether a pause has not been taken back. */
STAY_API bool stay_client_is_paused(const struct stay_client *client);

/* ---- ending and changing it ------------------------------------------ */

/*
 * As stay_conn_stop and stay_conn_drain, for the client's connection.
 *
 * A session that is up ends so that its peer knows of it: the protocol says
 * goodbye, our half of the stream is closed, and what the peer still sends is
 * read until it closes, too. Replies to calls in flight still complete them,
 * late ones go to on_orphan, pushes go on. The peer has stop_budget_ms for
 * replies that are due; once none is, 300 ms and 16 MiB. However the stream ends
 * then, it is no failure. A transport without `shutdown` closes at once.
 */
STAY_API void stay_client_stop(
    struct stay_client *client, enum stay_status reason);
STAY_API void stay_client_drain(struct stay_client *client, uint64_t budget_ms);

/*
 * Replace the session by a new one, gracefully: calls in flight may finish for
 * leave_budget_ms, the protocol says goodbye, the peer closes (or has 300 ms for
 * it, as in a stop), and the new session takes the queue over. Calls are accepted
 * all the time. Only a call whose reply takes longer than the budget completes as
 * MAYBE_EXECUTED for it. Late replies to calls that were given up are waited for as
 * well, also if the protocol has no on_orphan: as long as one is due, the server may not
 * have acted on that call yet, and a call of the new session would overtake it. So a
 * server that never answers such a call makes each change take the whole budget, and the
 * queue waits. A protocol with tags lets go of them (stay_session_let_go,
 * STAY_MAY_GO_UNANSWERED). An attempt or a backoff is given up at once. `why` is for
 * the protocol's on_down; STAY_OK means STAY_E_RECONNECT. stay_conn_reconnect of its
 * connection does the same.
 */
STAY_API void stay_client_reconnect(
    struct stay_client *client, enum stay_status why);

/*
 * Replace the session by one with another URL and other options. A `url` that is
 * NULL keeps the places; else it, and the `urls` of the options, are the places now.
 * `options` that are NULL keep the old options. The
 * change takes effect between the two sessions. Of several calls before that, the
 * last one counts.
 *  - `options` replaces all of the old options, so that 0 means the default
 *    again. The notices and `arg` stay. A NULL label stays, or follows the URL.
 *  - The protocol's keep block stays. Its `init` runs, for another block, with the new
 *    config and URL, and may reject them; see `adopt` of <stay/protocol.h>. Calls that
 *    were submitted before stay encoded as they are.
 *  - The old config is released when its session is over, unless it is also the
 *    new one. A config that never took effect is released in the loop's turn.
 *  - After a fatal failure calls are still rejected when this returns; they are
 *    accepted once the new attempt begins.
 * Returns as stay_client_start; STAY_E_STOPPED if the client has stopped;
 * STAY_E_FULL if 16 replaced configs wait to be released. Unless it returns
 * STAY_OK, nothing changes, and the config stays the caller's.
 */
STAY_API STAY_USE enum stay_status stay_client_reconfigure(
    struct stay_client *client, const char *url,
    const struct stay_client_options *options);

/* ---- asking about it ------------------------------------------------- */

/*
 * The connection of a client: for stay_conn_await, stay_conn_state,
 * stay_conn_explain. Its stream is the protocol's: the functions of
 * <stay/stream.h> are not for it. And the client of a connection; NULL if the
 * connection is none of a client.
 */
STAY_API struct stay_conn *stay_client_conn(struct stay_client *client);
STAY_API struct stay_client *stay_client_of(struct stay_conn *conn);

/* The protocol's keep block, which lives as long as the client; and the config,
 * until stay_client_reconfigure replaces it. See <stay/protocol.h>. */
STAY_API void *stay_client_keep(struct stay_client *client);
STAY_API const void *stay_client_config(const struct stay_client *client);

/*
 * Every call ever accepted, and where it is now. At any time submitted =
 * replied + sent + refused + not_sent + maybe_executed + queued + in_flight.
 */
struct stay_client_counts {
	size_t size; /* STAY_CLIENT_COUNTS sets it */
	uint64_t submitted;
	uint64_t replied; /* completed, by outcome */
	uint64_t sent;
	uint64_t refused;
	uint64_t not_sent;
	uint64_t maybe_executed;
	uint64_t queued;    /* refused ones that are sent again included */
	uint64_t in_flight; /* without tombstones */
	uint64_t tombstones;
	uint64_t orphans;  /* late replies */
	uint64_t rejected; /* at submission: none of `submitted` */
	uint64_t resent;   /* how often a call was sent again */
	uint64_t pushes;
	uint64_t sessions; /* that came up */
	uint64_t bytes_out;
	uint64_t bytes_in;
	uint64_t queued_bytes;    /* of the requests that are queued */
	uint64_t in_flight_bytes; /* ...in flight, tombstones included */
	uint64_t waiting;         /* in line for room */
	uint64_t held;            /* replies kept, those of refused calls too */
	uint64_t held_bytes;      /* and what keeping them costs */
};

#define STAY_CLIENT_COUNTS .size = sizeof(struct stay_client_counts)

/* Fill `counts`, as far as its size says. The size must be set. */
STAY_API void stay_client_get_counts(
    const struct stay_client *client, struct stay_client_counts *counts);

STAY_END

#endif
