/*
 * stay/conn.h - a connection as a behaviour: callbacks that return verdicts.
 *
 * The Connection pattern of Erlang and Elixir (hex.pm `connection`, and what
 * gen_statem made of it) in C. You write callbacks. Each gets the connection
 * and your state block, and returns a *verdict*: what should happen next. The
 * library then does it. No callback changes the state of the connection itself,
 * so none can do it wrong.
 *
 *	start --> init --> connect --> (connected) --> disconnect --> terminate
 *	                    |    ^                        |    ^         |
 *	                    v    |                        v    |         v
 *	                   backoff <----------------------+   stop     closed
 *
 *	connected, idle or backing off:   handle_call, handle_cast, handle_info
 *
 *	static struct stay_verdict
 *	tcp_connect(struct stay_conn *conn, void *state, struct stay_info info)
 *	{
 *		struct tcp *tcp = state;
 *
 *		if (stay_stream_dial(conn, tcp->url) != STAY_OK)
 *			return stay_verdict_stop(STAY_E_URL);
 *		return stay_verdict_pending(5000);
 *	}
 *
 * Rules that hold everywhere:
 *  - connect runs before any message that is queued.
 *  - connect and disconnect cancel the backoff timer, also one that has fired
 *    and is not delivered yet.
 *  - A reply in a verdict is delivered before connect or disconnect runs.
 *  - No callback, completion or notice runs inside a public function. There are
 *    two exceptions: init runs inside stay_conn_start, and what drives the loop runs
 *    everything: stay_conn_await, stay_loop_run, stay_loop_close, stay_loop_turn,
 *    stay_future_wait, stay_future_wait_any, stay_redis_command_wait,
 *    stay_pool_check_out_wait.
 *  - All functions are for the loop's thread, and may be called in every
 *    callback. What they ask for happens right after the callback's own
 *    verdict.
 *
 * Which callback may return which verdict is a table in docs/machine.md, made
 * from the one that the library runs on. Any other verdict stops the connection
 * with STAY_E_BAD_RETURN.
 */
#ifndef STAY_CONN_H
#define STAY_CONN_H

#include <stdbool.h>

#include <stay/backoff.h>
#include <stay/loop.h>
#include <stay/machine.h>
#include <stay/status.h>

STAY_BEGIN

struct stay_conn;
struct stay_socket_options;

/* ---- what is passed around, by value --------------------------------- */

/* Frees what a message or a reply carries. */
typedef void stay_release_fn(void *data);

/*
 * A message to a connection. The behaviour says what `tag` and `data` mean.
 * `release`, if not NULL, runs exactly once, when the connection is done with
 * the message: handled, dropped or stopped. Like every callback it does not run
 * inside a public function, with one exception: if init sends messages and then
 * does not start, stay_conn_start releases them.
 * If a function rejects the message, it stays the caller's, and `release` does
 * not run.
 */
struct stay_message {
	int tag;
	void *data;
	stay_release_fn *release;
	uintptr_t reserved;
};

/* The reply to a call. `release` is as for a message; it runs after `done`. */
struct stay_reply {
	enum stay_status status;
	void *data;
	stay_release_fn *release;
	uintptr_t reserved;
};

/* What is inside a token. All zero, it names nothing. */
struct stay_token {
	uint32_t index;
	uint32_t generation;
};

/* A token for a call. It may be kept for ever: once the call has completed, the
 * token names nothing. */
struct stay_from {
	struct stay_token token;
};

/*
 * Why connect or disconnect runs. A `tag` of 0 or more is the behaviour's own;
 * the library's are below 0. `data` is never released, and must live until the
 * callback has run.
 */
struct stay_info {
	int tag;
	enum stay_status status;
	void *data;
	uintptr_t reserved;
};

#define STAY_INFO_BACKOFF   (-1) /* connect: the backoff has passed */
#define STAY_INFO_STOPPING  (-2) /* disconnect: the last one; status: reason */
#define STAY_INFO_RECONNECT (-3) /* stay_conn_reconnect; status: its `why` */
#define STAY_INFO_LOST      (-4) /* disconnect: the stream is down */
#define STAY_INFO_EXPIRED   (-5) /* disconnect: the budget has passed */

/* What handle_info is given. */
enum stay_event_type {
	STAY_MESSAGE,         /* from stay_conn_send: `message` */
	STAY_NEXT_EVENT,      /* from stay_conn_next_event: `message` */
	STAY_STATE_TIMEOUT,   /* from stay_conn_set_state_timeout: `message` */
	STAY_TIMEOUT,         /* from stay_verdict_with_timeout */
	STAY_PENDING_EXPIRED, /* the budget of a pending verdict has passed */
	STAY_STREAM_UP,       /* the stream is open */
	STAY_STREAM_DATA,     /* `bytes` have arrived; see stay_stream_keep */
	STAY_STREAM_WRITABLE, /* from stay_stream_want_write: there is room */
	STAY_STREAM_DOWN      /* the stream has closed: `status` says why */
};

/* It lives, with its bytes and its message, until handle_info returns. */
struct stay_event {
	enum stay_event_type type;
	enum stay_status status;
	struct stay_bytes bytes;
	struct stay_message message;
};

/* ---- verdicts -------------------------------------------------------- */

/* Make it with the functions below, which keep nothing and may be called in any
 * thread; don't look inside. */
struct stay_verdict {
	uint8_t kind;
	uint8_t with;
	enum stay_status reason;
	uint64_t wait_ms;
	uint64_t timeout_ms;
	struct stay_info info;
	struct stay_reply reply;
	uintptr_t reserved[2];
};

/* From init: be idle. From connect, or handle_info while it is pending: be
 * connected. */
STAY_API struct stay_verdict stay_verdict_ok(void);

/* Run connect next, with `info`. */
STAY_API struct stay_verdict stay_verdict_connect(struct stay_info info);

/* Run disconnect next, with `info`. */
STAY_API struct stay_verdict stay_verdict_disconnect(struct stay_info info);

/* Close the stream, wait `delay_ms`, then run connect with STAY_INFO_BACKOFF.
 * STAY_FOREVER: wait until something else asks for connect. */
STAY_API struct stay_verdict stay_verdict_backoff(uint64_t delay_ms);

/* From disconnect: be idle, until something asks for connect. */
STAY_API struct stay_verdict stay_verdict_noconnect(void);

/* From connect or disconnect: not decided yet. handle_info will return the
 * verdict in its place, within `budget_ms`. */
STAY_API struct stay_verdict stay_verdict_pending(uint64_t budget_ms);

/* From init: don't start. stay_conn_start returns STAY_E_IGNORED. */
STAY_API struct stay_verdict stay_verdict_ignore(void);

/* Stop the connection. STAY_OK and STAY_E_STOPPED are normal ends; any other
 * reason counts as a failure. */
STAY_API struct stay_verdict stay_verdict_stop(enum stay_status reason);

/* From handle_call: reply now. */
STAY_API struct stay_verdict stay_verdict_reply(struct stay_reply reply);

/* Do nothing more. From handle_call: the reply comes later, by
 * stay_from_answer. From handle_info while pending: still pending. */
STAY_API struct stay_verdict stay_verdict_noreply(void);

/* From handle_call, handle_cast, and handle_info with a message: deliver the
 * message again when the state has changed. */
STAY_API struct stay_verdict stay_verdict_postpone(void);

/* The same verdict, and: if no callback runs for `timeout_ms`, handle_info gets
 * STAY_TIMEOUT. */
STAY_API struct stay_verdict stay_verdict_with_timeout(
    struct stay_verdict verdict, uint64_t timeout_ms);

/* The same verdict, and: free the buffers until the next message. */
STAY_API struct stay_verdict stay_verdict_with_hibernate(
    struct stay_verdict verdict);

/* The same verdict, which must be handle_call's connect, disconnect or stop,
 * and: reply first. */
STAY_API struct stay_verdict stay_verdict_with_reply(
    struct stay_verdict verdict, struct stay_reply reply);

/* Values for the above. They copy the pointer, not what it points to. What they
 * make has no `release`; set the field if one is needed. */
STAY_API struct stay_info stay_info_status(enum stay_status status);
STAY_API struct stay_info stay_info_tag(int tag, void *data);
STAY_API struct stay_reply stay_reply_data(void *data);
STAY_API struct stay_reply stay_reply_status(enum stay_status status);
STAY_API struct stay_message stay_message_make(int tag, void *data);

/* ---- the behaviour --------------------------------------------------- */

typedef struct stay_verdict stay_init_fn(
    struct stay_conn *conn, void *state, void *arg);
typedef struct stay_verdict stay_connect_fn(
    struct stay_conn *conn, void *state, struct stay_info info);
typedef struct stay_verdict stay_call_fn(struct stay_conn *conn, void *state,
    struct stay_from from, const struct stay_message *request);
typedef struct stay_verdict stay_cast_fn(
    struct stay_conn *conn, void *state, const struct stay_message *message);
typedef struct stay_verdict stay_event_fn(
    struct stay_conn *conn, void *state, const struct stay_event *event);
typedef enum stay_status stay_code_change_fn(
    struct stay_conn *conn, void *state, void *old_state, void *arg);
typedef void stay_terminate_fn(
    struct stay_conn *conn, void *state, enum stay_status reason);
typedef void stay_entered_fn(struct stay_conn *conn, void *state,
    enum stay_state from, enum stay_state to);
typedef size_t stay_busy_fn(const struct stay_conn *conn, const void *state);
typedef int stay_describe_fn(
    const struct stay_conn *conn, const void *state, char *text, size_t len);

/* While connect or disconnect is pending, deliver these, too. Without the flag
 * they wait. */
#define STAY_CALLS_WHILE_PENDING 1u
#define STAY_CASTS_WHILE_PENDING 2u

/*
 * The table of callbacks. It is const, may be shared by any number of
 * connections, and must outlive them. `state` is a block of `state_size` bytes,
 * which the library allocates, zeroes and frees.
 */
struct stay_behaviour {
	size_t size; /* STAY_BEHAVIOUR sets these two */
	unsigned abi;
	unsigned flags; /* STAY_*_WHILE_PENDING; others get STAY_E_ABI */
	const char *name;
	size_t state_size;

	/* Fill the state. Runs inside stay_conn_start, which passes `arg` on.
	 * May choose not to start. NULL: connect. */
	stay_init_fn *init;
	/* Make a connection: dial, open a file, anything. info.tag is
	 * STAY_INFO_BACKOFF after a backoff. NULL: stop, with
	 * STAY_E_BAD_CONNECT. */
	stay_connect_fn *connect;
	/* Undo the connection: fail the calls that wait, and say when to come
	 * back. The stream is still open, unless info.status says that it
	 * broke. NULL: stop, with STAY_E_BAD_DISCONNECT; when the connection
	 * stops anyway, nothing is run. */
	stay_connect_fn *disconnect;
	/* A call: reply now, or keep `from` and use stay_from_answer later.
	 * NULL: stop, with STAY_E_BAD_CALL. */
	stay_call_fn *handle_call;
	/* A message that needs no reply. NULL: stop, with STAY_E_BAD_CAST. */
	stay_cast_fn *handle_cast;
	/* Everything else. NULL: the event is ignored. When handle_info ignores
	 * STAY_STREAM_DOWN, the connection disconnects. When it ignores
	 * STAY_PENDING_EXPIRED, a pending connect becomes disconnect, and a
	 * pending disconnect becomes a backoff. */
	stay_event_fn *handle_info;
	/* This behaviour takes over from another: fill `state` from
	 * `old_state`. Any status but STAY_OK: the old behaviour stays.
	 * NULL: it always stays, with STAY_E_UNSUPPORTED. */
	stay_code_change_fn *code_change;
	/* The last callback. Calls may still be answered in it. NULL: none. */
	stay_terminate_fn *terminate;
	/* The state has changed. NULL: none. */
	stay_entered_fn *entered;
	/* How much is left to do, for stay_conn_drain, besides messages and
	 * calls that are open. Must change nothing, and not call the library.
	 * NULL: 0. */
	stay_busy_fn *busy;
	/* Words for stay_conn_explain, as "3 calls wait", without secrets, and
	 * at most `len` bytes. Returns as snprintf does. Must change
	 * nothing, and not call the library. NULL: none. */
	stay_describe_fn *describe;
};

#define STAY_BEHAVIOUR .size = sizeof(struct stay_behaviour), .abi = STAY_ABI

/* ---- starting -------------------------------------------------------- */

/* The first attempt has succeeded (STAY_OK) or failed. Runs at most once. */
typedef void stay_started_fn(
    void *arg, struct stay_conn *conn, enum stay_status status);

/* The connection has ended. Runs exactly once, as the last of all callbacks;
 * `conn` is freed when it returns. */
typedef void stay_closed_fn(
    void *arg, struct stay_conn *conn, enum stay_status reason);

/* Zero means the default, which each comment ends with; docs/options.md has the
 * bounds. All of it is copied. */
struct stay_conn_options {
	size_t size;       /* STAY_CONN_OPTIONS sets it */
	const char *label; /* in logs; NULL: the behaviour's name */
	stay_started_fn *on_started;
	stay_closed_fn *on_closed;
	void *arg;                /* for both */
	uint64_t call_timeout_ms; /* of a stay_conn_call with 0: 5000 */
	uint64_t stop_budget_ms;  /* for the last disconnect: 1000 */
	/* At most so many connects in throttle_ms; the next one waits: 4 */
	uint64_t throttle_burst;
	uint64_t throttle_ms; /* see throttle_burst: 100 */
	/* Messages that wait. Postponed ones count, and so does the one that is
	 * being handled, as it may be postponed: 1024 */
	uint64_t mailbox_max;
	uint64_t callers_max; /* calls whose `done` has not run: 16384 */
	uint64_t turn_budget; /* messages handled in one turn: 64 */
	struct stay_backoff_policy backoff; /* when no callback chooses one */
	const struct stay_socket_options *socket; /* NULL: nodelay */
	uintptr_t reserved[4];
};

#define STAY_CONN_OPTIONS .size = sizeof(struct stay_conn_options)

/*
 * Start a connection. init runs inside this function, and everything else from
 * the loop's next turn on. `arg` goes to init, and is not looked at. `options`
 * may be NULL. *conn is valid until on_closed returns.
 * Returns: STAY_OK; what init returned: STAY_E_IGNORED, or the reason of its
 * stop (STAY_E_STOPPED for STAY_OK); STAY_E_ARG, STAY_E_ABI, STAY_E_NOMEM;
 * STAY_E_FORKED on a loop of the parent process (see stay_loop_ev). Unless it
 * returns STAY_OK, *conn is NULL and no notice comes.
 */
STAY_API STAY_USE enum stay_status stay_conn_start(struct stay_conn **conn,
    struct stay_loop *loop, const struct stay_behaviour *behaviour, void *arg,
    const struct stay_conn_options *options);

/*
 * Wait for a connection: drive a loop that is not running, until the connection
 * is up, its attempt has failed, or `budget_ms` has passed (0: it looks once, and
 * does not wait). Not in a callback.
 * Returns: STAY_OK if it is connected; the status with which the attempt
 * failed; STAY_E_TIMEOUT; STAY_E_REENTRANT inside a callback; STAY_E_STATE if
 * it is idle, so that there is nothing to wait for. If it has stopped meanwhile, the
 * reason, or STAY_E_STOPPED after a normal end; `conn` is then freed when on_closed
 * has run.
 */
STAY_API STAY_USE enum stay_status stay_conn_await(
    struct stay_conn *conn, uint64_t budget_ms);

/* ---- messages to it -------------------------------------------------- */

/*
 * A call has completed. `reply` lives until the function returns. reply->status
 * is STAY_E_TIMEOUT after the timeout, STAY_E_CANCELLED after stay_from_cancel,
 * STAY_E_STOPPED if the connection has stopped; else handle_call's behaviour
 * chose it.
 */
typedef void stay_called_fn(void *arg, const struct stay_reply *reply);

/*
 * Call the connection: handle_call gets `request`, and `done` gets the reply,
 * with `arg`. `done` runs exactly once, and never inside this function.
 * `timeout_ms` 0 means call_timeout_ms; STAY_FOREVER means no timeout. If
 * `from` is not NULL, *from is a token for stay_from_cancel.
 * Returns: STAY_OK. Or the call is rejected, `done` never runs, and the request
 * stays the caller's: STAY_E_DRAINING (draining, stopped, or inside init);
 * STAY_E_FULL (mailbox_max or callers_max is reached); STAY_E_NOMEM; STAY_E_ARG
 * (`done` is NULL: use stay_conn_cast).
 */
STAY_API STAY_USE enum stay_status stay_conn_call(struct stay_conn *conn,
    struct stay_message request, uint64_t timeout_ms, stay_called_fn *done,
    void *arg, struct stay_from *from);

/*
 * Send a message that needs no reply: to handle_cast, or to handle_info as
 * STAY_MESSAGE.
 * Returns: STAY_OK; or the message is rejected and stays the caller's:
 * STAY_E_DRAINING, STAY_E_FULL, STAY_E_NOMEM. While a connection drains,
 * stay_conn_send is still accepted.
 */
STAY_API STAY_USE enum stay_status stay_conn_cast(
    struct stay_conn *conn, struct stay_message message);
STAY_API STAY_USE enum stay_status stay_conn_send(
    struct stay_conn *conn, struct stay_message message);

/*
 * Reply to a call that handle_call left open. `done` runs later in this turn,
 * and then reply.release.
 * Returns: STAY_OK; STAY_E_STALE if the call has completed already: `reply`
 * then stays the caller's.
 */
STAY_API enum stay_status stay_from_answer(
    struct stay_loop *loop, struct stay_from from, struct stay_reply reply);

/*
 * Give up a call of your own. `done` runs soon, with STAY_E_CANCELLED; a later
 * reply is dropped.
 * Returns: STAY_OK; STAY_E_STALE if the call has completed already.
 */
STAY_API enum stay_status stay_from_cancel(
    struct stay_loop *loop, struct stay_from from);

/* ---- ending and changing it ------------------------------------------ */

/*
 * Stop the connection: disconnect if there is an attempt or a session,
 * terminate, fail the calls that are open, then `closed`. It may be called any
 * number of times; the first reason counts. STAY_OK and STAY_E_STOPPED are
 * normal ends; any other reason counts as a failure.
 */
STAY_API void stay_conn_stop(struct stay_conn *conn, enum stay_status reason);

/*
 * Finish what is under way, then stop with STAY_OK. From now on calls and casts
 * are rejected with STAY_E_DRAINING. What is still open after `budget_ms` fails
 * as by stay_conn_stop, which may take its own time: of a client, stop_budget_ms.
 */
STAY_API void stay_conn_drain(struct stay_conn *conn, uint64_t budget_ms);

/*
 * End the session or attempt, and make a new one. Runs disconnect if connected,
 * and connect if idle, connecting or backing off; their info.status is `why`.
 * While disconnecting it changes nothing, as disconnect decides what comes
 * next.
 */
STAY_API void stay_conn_reconnect(struct stay_conn *conn, enum stay_status why);

/* stay_conn_upgrade is done: STAY_OK, or why the old behaviour stays. */
typedef void stay_upgraded_fn(void *arg, enum stay_status status);

/*
 * Replace the behaviour by `next`, between two callbacks. Stream, timers,
 * messages and open calls stay. next->code_change gets the old state, a zeroed
 * new one, and `arg`. Calls or casts that wait because a connect or a disconnect is
 * pending are delivered if `next` lets them through. `done`, which may be NULL, gets the
 * outcome and `done_arg`.
 * Returns: STAY_OK: it will be tried; STAY_E_ARG, STAY_E_ABI, STAY_E_NOMEM;
 * STAY_E_STATE while starting, stopping or stopped; STAY_E_FULL if mailbox_max
 * upgrades wait. Upgrades are counted apart from messages, as an upgrade may be
 * the cure for a full mailbox.
 */
STAY_API STAY_USE enum stay_status stay_conn_upgrade(struct stay_conn *conn,
    const struct stay_behaviour *next, void *arg, stay_upgraded_fn *done,
    void *done_arg);

/* ---- for use in callbacks -------------------------------------------- */

/*
 * Set the state timeout: if the state does not change for `delay_ms`, handle_info
 * gets STAY_STATE_TIMEOUT with `message`. A state timeout set before is replaced;
 * with STAY_FOREVER it is only cancelled.
 * Returns: STAY_OK; or the message is rejected and stays the caller's:
 * STAY_E_STATE if the connection has stopped; STAY_E_NOMEM; STAY_E_FULL if
 * mailbox_max replaced messages wait to be released.
 */
STAY_API enum stay_status stay_conn_set_state_timeout(
    struct stay_conn *conn, uint64_t delay_ms, struct stay_message message);

/*
 * Let handle_info get STAY_NEXT_EVENT with `message`, before any message that is
 * queued.
 * Returns as stay_conn_send.
 */
STAY_API enum stay_status stay_conn_next_event(
    struct stay_conn *conn, struct stay_message message);

/*
 * The next delay in ms of a sequence, for stay_verdict_backoff: as
 * stay_backoff_step, with the clock and random numbers of `conn`, and with the
 * uptime of its last session until it has backed off since.
 */
STAY_API uint64_t stay_backoff_next(
    struct stay_conn *conn, struct stay_backoff *backoff);

/* ---- asking about it ------------------------------------------------- */

/* The state it is in (see <stay/machine.h>), and the loop it was started on. With all
 * functions here `conn` may be asked until on_closed returns. */
STAY_API enum stay_state stay_conn_state(const struct stay_conn *conn);
STAY_API struct stay_loop *stay_conn_loop(const struct stay_conn *conn);

/* Its number, unique in the loop and counted from 1; its label, which lives until
 * on_closed returns, or until stay_client_reconfigure has changed it. */
STAY_API uint64_t stay_conn_number(const struct stay_conn *conn);
STAY_API const char *stay_conn_label(const struct stay_conn *conn);

/* How many ms are left of the timer of its state: the backoff, the budget of a
 * pending verdict, the stop budget. STAY_FOREVER if none runs. */
STAY_API uint64_t stay_conn_due_ms(const struct stay_conn *conn);

/* The state block of its behaviour, until stay_conn_upgrade replaces it. */
STAY_API void *stay_conn_data(struct stay_conn *conn);

/* Whether calls and casts are accepted: neither draining nor stopped. */
STAY_API bool stay_conn_admits(const struct stay_conn *conn);

/*
 * A sentence about the last failure of the connection, also when it is up again; "" if
 * there was none. It names what was tried, the place and the error, and in the end
 * what comes next, once that is known. It is the connection's, never NULL, and of 767
 * bytes at most. The text is good until the next failure, which is in a turn of the loop,
 * or until on_closed returns.
 */
STAY_API const char *stay_conn_failure(const struct stay_conn *conn);

/*
 * Write one sentence about the connection: what it does, since when, how much
 * waits, why, and what comes next. It is true in any state, also outside of a
 * turn:
 *
 *	conn 3 redis://db: backing off for 120 ms after attempt 2, 3 calls
 *	queued; its last attempt failed: 10.0.0.7:6379 refused (ECONNREFUSED);
 *	the next attempt begins in 380 ms
 *
 * `text` is the caller's. It gets at most `len` bytes, NUL included, and points to
 * nothing. What the behaviour or the protocol has to say is asked of its `describe`.
 * Returns as snprintf does.
 */
STAY_API int stay_conn_explain(
    const struct stay_conn *conn, char *text, size_t len);

STAY_END

#endif
