/*
 * stay/conn.h - a connection as a behaviour.
 *
 * The Connection pattern of Erlang and Elixir (hex.pm `connection`, and what
 * gen_statem made of it) in C. You write callbacks; each is given the
 * connection and your state block and returns a *verdict*: what should happen
 * next. None of them performs a transition itself, so none can perform a wrong
 * one. Every NULL callback has a documented default.
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
 *  - connect and disconnect cancel the backoff timer, a fired one included.
 *  - a reply in a verdict is delivered before connect or disconnect run.
 *  - no callback, completion or notice runs inside a public call, except that
 *    init runs inside stay_conn_start and that stay_conn_await drives the loop.
 *  - public calls are legal in every callback; what they ask for happens right
 *    after the callback's own verdict.
 *  - all functions are for the loop's thread.
 *
 * The complete table of verdicts is in docs/machine.md, generated from the one
 * the library runs on; a verdict out of place is stop(STAY_E_BAD_RETURN).
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

/*
 * Something sent to a connection. `tag` and `data` mean what the behaviour
 * says. `release`, if not NULL, runs exactly once, when the connection is done
 * with the message: delivered, dropped or stopped, as any callback never inside
 * a public call (what init has sent and then refuses to start is released by
 * start). While a public call refuses the message it stays the caller's and
 * `release` does not run.
 */
struct stay_message {
	int tag;
	void *data;
	void (*release)(void *data);
	uintptr_t reserved;
};

/* The answer to a call; `release` as for a message, after `done` has run. */
struct stay_reply {
	enum stay_status status;
	void *data;
	void (*release)(void *data);
	uintptr_t reserved;
};

/* What is inside the tokens of a loop; all zero: it names nothing. Harmless for
 * ever: a token names one thing as long as that lives, and then nothing. */
struct stay_token {
	uint32_t index;
	uint32_t generation;
};

/* Names a call of stay_conn_call, until it is answered or given up. */
struct stay_from {
	struct stay_token token;
};

/*
 * Why connect or disconnect runs. `tag` is the behaviour's own when not
 * negative; negative ones are the library's. `data` is never released: it must
 * live until the callback has run.
 */
struct stay_info {
	int tag;
	enum stay_status status;
	void *data;
	uintptr_t reserved;
};

#define STAY_INFO_BACKOFF   (-1) /* connect: the backoff has passed */
#define STAY_INFO_STOPPING  (-2) /* disconnect: the last one; status: reason */
#define STAY_INFO_RECONNECT (-3) /* stay_conn_reconnect asked, status = why */
#define STAY_INFO_LOST      (-4) /* disconnect: the stream is down */
#define STAY_INFO_EXPIRED   (-5) /* disconnect: the budget is spent */

/* What handle_info is given. */
enum stay_event_type {
	STAY_MESSAGE,         /* stay_conn_send: `message` */
	STAY_NEXT_EVENT,      /* stay_conn_next_event: `message` */
	STAY_STATE_TIMEOUT,   /* stay_conn_set_state_timeout: `message` */
	STAY_TIMEOUT,         /* the T of the last verdict */
	STAY_PENDING_EXPIRED, /* of a pending connect or disconnect */
	STAY_STREAM_UP,       /* the stream is open */
	STAY_STREAM_DATA,     /* `bytes`: stay_stream_keep, or gone */
	STAY_STREAM_WRITABLE, /* stay_stream_want_write: there is room */
	STAY_STREAM_DOWN      /* the stream is closed: `status` */
};

struct stay_event {
	enum stay_event_type type;
	enum stay_status status;
	struct stay_bytes bytes;
	struct stay_message message;
};

/* ---- verdicts -------------------------------------------------------- */

/* Made by the constructors below only. */
struct stay_verdict {
	uint8_t kind;
	uint8_t with;
	enum stay_status reason;
	uint64_t ms;
	uint64_t timeout_ms;
	struct stay_info info;
	struct stay_reply reply;
	uintptr_t reserved[2];
};

/* init: started and idle. connect (or its pending handle_info): connected. */
STAY_API struct stay_verdict stay_verdict_ok(void);
/* Run connect next. */
STAY_API struct stay_verdict stay_verdict_connect(struct stay_info info);
/* Run disconnect next. */
STAY_API struct stay_verdict stay_verdict_disconnect(struct stay_info info);
/* Close the stream, wait `ms` (STAY_FOREVER: no timer), then run connect. */
STAY_API struct stay_verdict stay_verdict_backoff(uint64_t ms);
/* disconnect: be idle; connect runs when something asks for it. */
STAY_API struct stay_verdict stay_verdict_noconnect(void);
/* connect, disconnect: not decided yet; handle_info will say, within `ms`. */
STAY_API struct stay_verdict stay_verdict_pending(uint64_t ms);
/* init: don't start; stay_conn_start returns STAY_E_IGNORED. */
STAY_API struct stay_verdict stay_verdict_ignore(void);
/* Stop with this reason: {stop, Reason}. STAY_OK and STAY_E_STOPPED are normal.
 */
STAY_API struct stay_verdict stay_verdict_stop(enum stay_status reason);
/* handle_call: answer now. */
STAY_API struct stay_verdict stay_verdict_reply(struct stay_reply reply);
/* Nothing to answer, now or ever; handle_info while pending: still pending. */
STAY_API struct stay_verdict stay_verdict_noreply(void);
/* handle_call, handle_cast, handle_info of a message: deliver it again once the
 * state has changed. */
STAY_API struct stay_verdict stay_verdict_postpone(void);

/* With it: STAY_TIMEOUT to handle_info after `ms` without any callback... */
STAY_API struct stay_verdict stay_verdict_with_timeout(
    struct stay_verdict verdict, uint64_t ms);
/* ...or give memory back until the next message... */
STAY_API struct stay_verdict stay_verdict_with_hibernate(
    struct stay_verdict verdict);
/* ...or, of handle_call's connect, disconnect and halt: answer first. */
STAY_API struct stay_verdict stay_verdict_with_reply(
    struct stay_verdict verdict, struct stay_reply reply);

/* Values for the above. */
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

/* While connect or disconnect is pending, deliver these too (default: they
 * wait). */
#define STAY_CALLS_WHILE_PENDING 1u
#define STAY_CASTS_WHILE_PENDING 2u

/* Const and shared by any number of connections; must outlive them. */
struct stay_behaviour {
	size_t size; /* STAY_BEHAVIOUR sets these two */
	unsigned abi;
	unsigned flags; /* STAY_*_WHILE_PENDING; an unknown one is refused */
	const char *name;
	size_t state_size; /* the state block is allocated and zeroed for you */

	/* Inside stay_conn_start. `arg` is start's. May refuse to start.
	 * NULL: connect with stay_info_status(STAY_OK). */
	stay_init_fn *init;
	/* Make a connection: dial, open a file, anything. info.tag is
	 * STAY_INFO_BACKOFF after a backoff. NULL: stop(STAY_E_BAD_CONNECT). */
	stay_connect_fn *connect;
	/* Undo it: fail who waits, say when to come back. The stream is still
	 * there unless info.status says it broke. NULL:
	 * stop(STAY_E_BAD_DISCONNECT), and not asked when the connection stops.
	 */
	stay_connect_fn *disconnect;
	/* Somebody waits for an answer: reply now, or keep `from` and
	 * stay_from_answer later. NULL: stop(STAY_E_BAD_CALL). */
	stay_call_fn *handle_call;
	/* A message without an answer. NULL: stop(STAY_E_BAD_CAST). */
	stay_cast_fn *handle_cast;
	/* Everything else. NULL: ignored, which for a stream that is down means
	 * disconnect, and for a spent budget disconnect or backoff. */
	stay_event_fn *handle_info;
	/* This behaviour takes over from another: fill `state` from
	 * `old_state`. Not STAY_OK: refused, the old one stays. NULL: refused.
	 */
	stay_code_change_fn *code_change;
	/* The last callback. Calls may still be answered. NULL: nothing. */
	stay_terminate_fn *terminate;
	/* The state has changed. NULL: nothing. */
	stay_entered_fn *entered;
	/* How much is still to do, for stay_conn_drain, besides mail and unanswered
	 * calls. Pure. NULL: 0. */
	stay_busy_fn *busy;
	/* Words for stay_conn_explain, as "3 calls wait": secret-free, at most `len`
	 * bytes; returns as snprintf does. Pure. NULL: none. */
	stay_describe_fn *describe;
};

#define STAY_BEHAVIOUR .size = sizeof(struct stay_behaviour), .abi = STAY_ABI

/* ---- starting -------------------------------------------------------- */

/* The first success (STAY_OK) or failure; once, before `closed`. */
typedef void stay_started_fn(
    void *arg, struct stay_conn *conn, enum stay_status status);
/* The end, exactly once and last: `conn` is dead when it returns. */
typedef void stay_closed_fn(
    void *arg, struct stay_conn *conn, enum stay_status reason);

/* Zero means the default, with which a comment ends; see docs/options.md.
 * Times in milliseconds. Copied. */
struct stay_conn_options {
	size_t size;       /* STAY_CONN_OPTIONS sets it */
	const char *label; /* for logs, copied; default the behaviour's name */
	stay_started_fn *on_started;
	stay_closed_fn *on_closed;
	void *arg;                /* of both */
	uint64_t call_timeout_ms; /* stay_conn_call with 0: 5000 */
	uint64_t stop_budget_ms;  /* a pending last disconnect: 1000 */
	uint64_t throttle_burst;  /* connects asked for in a row: 4 */
	uint64_t throttle_ms;     /* within this time: 100 */
	/* Letters that wait, postponed ones and the one that is in its callback
	 * included, as it may be postponed: 1024 */
	uint64_t mailbox_max;
	uint64_t callers_max; /* calls that are not yet told: 16384 */
	uint64_t turn_budget; /* messages handled per turn: 64 */
	struct stay_backoff_policy backoff; /* when no callback chooses one */
	/* Of every dial; copied. NULL: nodelay. */
	const struct stay_socket_options *socket;
	uintptr_t reserved[4];
};

#define STAY_CONN_OPTIONS .size = sizeof(struct stay_conn_options)

/*
 * Start a connection: init runs inside; everything else from the next turn on.
 * `options` may be NULL. *conn is valid until on_closed has returned.
 * Returns: STAY_OK; STAY_E_IGNORED or init's stop reason (STAY_E_STOPPED for
 * STAY_OK); STAY_E_ARG, STAY_E_ABI, STAY_E_NOMEM; STAY_E_FORKED on a loop of
 * the parent process (see stay_loop_ev). Unless STAY_OK, *conn is NULL and no
 * notice comes.
 */
STAY_API STAY_USE enum stay_status stay_conn_start(struct stay_conn **conn,
    struct stay_loop *loop, const struct stay_behaviour *behaviour, void *arg,
    const struct stay_conn_options *options);

/*
 * The synchronous form: drive a loop that is not running until the connection
 * is up, its attempt has failed, or `budget_ms` has passed.
 * Returns: STAY_OK connected; why the attempt failed; STAY_E_TIMEOUT;
 * STAY_E_REENTRANT inside a callback; STAY_E_STATE when idle; STAY_E_STOPPED
 * when it stopped meanwhile (`conn` is then dead).
 */
STAY_API STAY_USE enum stay_status stay_conn_await(
    struct stay_conn *conn, uint64_t budget_ms);

/* ---- sending to it --------------------------------------------------- */

/*
 * `reply` lives until the function returns; reply.status is STAY_E_TIMEOUT
 * after the timeout and STAY_E_STOPPED when the connection stopped.
 */
typedef void stay_called_fn(void *arg, const struct stay_reply *reply);

/*
 * Ask handle_call and get its answer in `done`: exactly once, never inside this
 * call. `timeout_ms` 0: the default; STAY_FOREVER: none. `from`, if not NULL,
 * names the call for stay_from_cancel.
 * Returns: STAY_OK; refused, the message and the completion never happening:
 * STAY_E_DRAINING (also inside init, where nobody could be told), STAY_E_FULL
 * (mailbox_max, callers_max), STAY_E_NOMEM, STAY_E_ARG (without `done`: that is
 * stay_conn_cast).
 */
STAY_API STAY_USE enum stay_status stay_conn_call(struct stay_conn *conn,
    struct stay_message request, uint64_t timeout_ms, stay_called_fn *done,
    void *arg, struct stay_from *from);

/* Give a call up: `done` runs soon with STAY_E_CANCELLED; a later answer goes
 * nowhere. STAY_E_STALE: it is already over. */
STAY_API enum stay_status stay_from_cancel(
    struct stay_loop *loop, struct stay_from from);

/* To handle_cast; to handle_info as STAY_MESSAGE. Refused as stay_conn_call is, but
 * stay_conn_send is admitted while draining. */
STAY_API STAY_USE enum stay_status stay_conn_cast(
    struct stay_conn *conn, struct stay_message message);
STAY_API STAY_USE enum stay_status stay_conn_send(
    struct stay_conn *conn, struct stay_message message);

/* Answer a call that handle_call left open. `done` runs later in this turn.
 * STAY_E_STALE: nobody waits any more; `reply` stays the caller's. */
STAY_API enum stay_status stay_from_answer(
    struct stay_loop *loop, struct stay_from from, struct stay_reply reply);

/* ---- ending and changing it ------------------------------------------ */

/*
 * Stop: disconnect if there is an attempt or a session, terminate, fail the
 * calls still open, `closed`. Legal anywhere, any number of times; the first
 * reason stands. STAY_OK and STAY_E_STOPPED are normal ends, others failures.
 */
STAY_API void stay_conn_stop(struct stay_conn *conn, enum stay_status reason);

/* Admit no more calls and casts, and stop when nothing is left to do, at the
 * latest after `budget_ms`; what is left then ends as by stay_conn_stop. The reason
 * is STAY_OK either way. */
STAY_API void stay_conn_drain(struct stay_conn *conn, uint64_t budget_ms);

/* Let go of the session or attempt and make a new one: disconnect when
 * connected, connect when idle, connecting or backing off. While disconnecting
 * it changes nothing: what comes next is disconnect's to say. */
STAY_API void stay_conn_reconnect(struct stay_conn *conn, enum stay_status why);

/* The end of a stay_conn_upgrade. */
typedef void stay_upgraded_fn(void *arg, enum stay_status status);

/*
 * Put another behaviour in this one's place, between two callbacks; stream,
 * timers, mail and open calls stay. `next`'s code_change gets the old and a
 * zeroed new state block, and `arg`. `done` (may be NULL) is told the outcome.
 * Returns: STAY_OK asked; STAY_E_ARG, STAY_E_ABI, STAY_E_NOMEM; STAY_E_STATE
 * while starting, stopping or stopped; STAY_E_FULL: mailbox_max of them wait,
 * which are counted apart, as a full mailbox may be what it is for.
 */
STAY_API STAY_USE enum stay_status stay_conn_upgrade(struct stay_conn *conn,
    const struct stay_behaviour *next, void *arg, stay_upgraded_fn *done,
    void *done_arg);

/* ---- for use in callbacks -------------------------------------------- */

/* STAY_STATE_TIMEOUT with `message` after `ms`, unless the state changes first.
 * Replaces the one before; STAY_FOREVER cancels it. Refused, and the message
 * stays the caller's: STAY_E_STATE when it has stopped, STAY_E_NOMEM,
 * STAY_E_FULL (mailbox_max messages that were replaced or given up are still to
 * be released). */
STAY_API enum stay_status stay_conn_set_state_timeout(
    struct stay_conn *conn, uint64_t ms, struct stay_message message);

/* STAY_NEXT_EVENT with `message`, before anything that is queued. */
STAY_API enum stay_status stay_conn_next_event(
    struct stay_conn *conn, struct stay_message message);

/* The next delay in ms of this sequence: clock, entropy and uptime are conn's.
 */
STAY_API uint64_t stay_backoff_next(
    struct stay_conn *conn, struct stay_backoff *backoff);

/* ---- asking about it ------------------------------------------------- */

STAY_API enum stay_state stay_conn_state(const struct stay_conn *conn);
STAY_API struct stay_loop *stay_conn_loop(const struct stay_conn *conn);
STAY_API uint64_t stay_conn_number(const struct stay_conn *conn);
STAY_API const char *stay_conn_label(const struct stay_conn *conn);
/* Milliseconds until the timer of its state ends: the backoff, a pending
 * budget, the stop budget. STAY_FOREVER if none runs. */
STAY_API uint64_t stay_conn_due_ms(const struct stay_conn *conn);
/* The state block of its behaviour; changes with stay_conn_upgrade. */
STAY_API void *stay_conn_data(struct stay_conn *conn);
/* Whether calls and casts are admitted. */
STAY_API bool stay_conn_admits(const struct stay_conn *conn);
/* The sentence about the last failure, "" if none; lives until the next one. */
STAY_API const char *stay_conn_failure(const struct stay_conn *conn);
/*
 * What it is doing, since when, how much waits, why, and what comes next, in
 * one sentence that is true in any state, also outside of the loop's turn:
 *
 *	conn 3 redis://db: backing off for 120 ms after attempt 2, 3 calls
 *	queued; its last attempt failed: 10.0.0.7:6379 refused (ECONNREFUSED);
 *	the next attempt begins in 380 ms
 *
 * NUL-terminated, at most `len` bytes; returns as snprintf does.
 */
STAY_API int stay_conn_explain(
    const struct stay_conn *conn, char *text, size_t len);

STAY_END

#endif
