/*
 * A connection: a behaviour's state block, a mailbox, a machine and a stream.
 *
 *	mail.c    what waits to be delivered, and in which order
 *	callers.c who waits for an answer
 *	deliver.c mail -> callback
 *	step.c    verdict -> event
 *	drive.c   event -> machine -> action -> callback, until nothing is due
 *	timing.c  the timers of the state, of T, of the behaviour
 *	stream.c  the stream, and its news as mail
 *	conn.c    starting, stopping, and the other public calls
 *	explain.c what it says about itself
 */
#ifndef STAY__CONN_H
#define STAY__CONN_H

#include <stay/buf.h>
#include <stay/conn.h>

#include "conn/inner.h"
#include "conn/verdict.h"
#include "loop/loop.h"
#include "machine/machine.h"
#include "stream/input.h"
#include "stream/link.h"

#define STAY__FAILURE_MAX 768

/* What a piece of mail is. Letters are somebody's, allocated and counted; notes
 * are the connection's own, embedded, at most one of each at a time. */
enum stay__mail_kind {
	STAY__MAIL_CALL,
	STAY__MAIL_CAST,
	STAY__MAIL_MESSAGE,
	STAY__MAIL_NEXT_EVENT,
	STAY__MAIL_UPGRADE,
	STAY__NOTE_EXPIRED, /* the timer of the state */
	STAY__NOTE_TIMEOUT, /* T */
	STAY__NOTE_STATE_TIMEOUT,
	STAY__NOTE_STREAM_UP,
	STAY__NOTE_STREAM_READABLE,
	STAY__NOTE_STREAM_DOWN,
	STAY__NOTE_INTERRUPT, /* a next event, by stay__conn_interrupt */
	STAY__MAIL_KIND_COUNT
};
#define STAY__NOTE_FIRST STAY__NOTE_EXPIRED
#define STAY__NOTE_COUNT (STAY__MAIL_KIND_COUNT - STAY__NOTE_FIRST)

struct stay__mail {
	struct stay__list node;
	enum stay__mail_kind kind;
	struct stay_message message;
	struct stay_from from; /* of a call */
};

struct stay__upgrade {
	struct stay__mail mail; /* first */
	const struct stay_behaviour *next;
	void *arg;
	stay_upgraded_fn *done;
	void *done_arg;
};

/* Somebody who waits for an answer. */
struct stay__caller {
	struct stay__list node; /* conn->callers or conn->answered */
	struct stay_conn *conn;
	struct stay_token id;
	struct stay__timer timer;
	struct stay__mail *mail; /* while the request is not delivered */
	stay_called_fn *done;
	void *arg;
	struct stay_reply reply; /* once answered */
};

/* A turn that happened inside a public call; the observer hears of it later. */
#define STAY__TURNS_MAX 16

struct stay__noted_turn {
	const struct stay_machine *machine;
	struct stay__turn turn;
};

/* stay_conn_await, on its caller's stack. */
struct stay__awaiter {
	bool decided;
	bool gone;
	enum stay_status status;
};

/* An event on its way into the machine, with what belongs to it. */
struct stay__step {
	bool due; /* false: there is none */
	enum stay__conn_event event;
	struct stay_info info;   /* CONNECT, DISCONNECT, THROTTLED, EXPIRED */
	uint64_t ms;             /* PENDING, BACKOFF, THROTTLED */
	enum stay_status reason; /* STOP, QUIT */
	unsigned with;           /* the T of the verdict */
	uint64_t timeout_ms;
};

struct stay_conn {
	struct stay__list node; /* loop->conns */
	struct stay_loop *loop;
	uint64_t number;
	char *label;
	const struct stay_behaviour *behaviour;
	void *state;
	struct stay_conn_options options;
	struct stay__machine machine;
	struct stay__task task;

	/* mail.c */
	struct stay__list mailbox;
	struct stay__list postponed;
	struct stay__list asked; /* next events, upgrades: before the mailbox */
	struct stay__list dropped; /* by public calls: still to be released */
	struct stay__mail notes[STAY__NOTE_COUNT];
	/* In all three but upgrades, and the one that is being delivered: it
	 * may be postponed yet. */
	size_t letters;
	size_t upgrades; /* asked for and not yet carried out */
	size_t drops;    /* in dropped */

	/* callers.c */
	struct stay__list callers;
	struct stay__list answered;
	size_t caller_count; /* in both */

	/* drive.c, step.c, timing.c */
	struct stay__step init;   /* init's verdict, until it is taken */
	struct stay__timer timer; /* the state's; at: never, if it has none */
	uint64_t timer_ms;        /* what it was armed for */
	bool granted_later; /* its budget begins at the governor's grant */
	bool starved;       /* EXPIRED runs a throttled connect: its info */
	struct stay_info starved_info;
	struct stay__timer timeout; /* T */
	uint64_t timeout_ms;
	bool timeout_on;
	struct stay__timer state_timeout;
	struct stay_message state_message;
	bool state_timeout_asked; /* taken after the verdict's event */
	uint64_t asked_state_at;
	struct stay_message asked_message;
	uint64_t *asked_at; /* throttle_burst connects asked for: a ring */
	unsigned asked_count;
	struct stay_backoff backoff; /* when no callback chooses */
	uint32_t attempts;           /* since it was last up */
	uint64_t since;              /* ns: in this state */
	uint64_t up_ms;              /* how long the last session was up */
	bool told_started;

	/* conn.c */
	enum stay__admission admission;
	struct stay__timer drain;
	struct stay__timer renewal; /* a reconnect by itself */
	bool stop_asked;
	bool reconnect_asked;
	bool reconnects;         /* it was down for that, and is not yet up */
	enum stay_status reason; /* of the stop */
	enum stay_status reconnect_why;
	struct stay__awaiter *awaiter;

	/* stream.c */
	struct stay__link link;
	struct stay__input input;
	struct stay__task flush;
	struct stay_buf out; /* of stay_stream_send */
	bool wants_write;
	bool blocked; /* the kernel had no room */
	size_t keep;
	size_t hope;
	bool again; /* what is kept is due without more */

	/* explain.c */
	enum stay_status why; /* of the last failure */
	bool unreported;
	char *failure;           /* NULL: none yet, or no memory for it */
	size_t failure_at;       /* behind "<phase> <label>: "... */
	size_t failure_len;      /* ...and without what came next */
	enum stay_status failed; /* the last failure since it was up */
	const char *failed_in;   /* its phase */
	struct stay__noted_turn *turns; /* not yet told; NULL: none */
	unsigned turn_count;
};

static inline enum stay_state
stay__conn_state(const struct stay_conn *conn)
{
	return (enum stay_state)conn->machine.now;
}

static inline bool
stay__conn_admits(const struct stay_conn *conn)
{
	return conn->admission <= STAY__ADMIT_OPEN;
}

/* ---- mail.c ---- */
void stay__mail_init(struct stay_conn *conn);
/* A letter at the end of the mailbox, or in front of it. */
enum stay_status stay__mail_post(struct stay_conn *conn,
    enum stay__mail_kind kind, const struct stay_message *message,
    struct stay_from from, struct stay__mail **mail);
/* In front of it, too. STAY_OK, STAY_E_FULL. */
enum stay_status stay__mail_upgrade(
    struct stay_conn *conn, struct stay__upgrade *upgrade);
/* A note: at the end, at the front, or taken back. */
void stay__mail_note(struct stay_conn *conn, enum stay__mail_kind kind);
void stay__mail_note_first(struct stay_conn *conn, enum stay__mail_kind kind);
void stay__mail_unnote(struct stay_conn *conn, enum stay__mail_kind kind);
bool stay__mail_is_noted(
    const struct stay_conn *conn, enum stay__mail_kind kind);
/* What to deliver now, out of its list; NULL: nothing. */
struct stay__mail *stay__mail_next(struct stay_conn *conn);
bool stay__mail_waits(const struct stay_conn *conn);
/* Until the state differs; and then. */
void stay__mail_postpone(struct stay_conn *conn, struct stay__mail *letter);
void stay__mail_recall(struct stay_conn *conn);
/* A letter that nobody wants delivered any more: out of its list, and gone when
 * the connection runs next, as this may be inside a public call. */
void stay__mail_take_back(struct stay_conn *conn, struct stay__mail *letter);
/* The same for a message that never was a letter. STAY_E_NOMEM, STAY_E_FULL: it
 * stays. */
enum stay_status stay__mail_drop(
    struct stay_conn *conn, const struct stay_message *message);
void stay__mail_settle(struct stay_conn *conn);
/* Done with a letter that was being delivered. */
void stay__mail_free(struct stay_conn *conn, struct stay__mail *letter);
void stay__mail_fini(struct stay_conn *conn);
static inline bool
stay__mail_is_note(const struct stay__mail *mail)
{
	return mail->kind >= STAY__NOTE_FIRST;
}

/* ---- callers.c ---- */
/* Answer now (from the drive, not from a public call); stale ones are released.
 */
void stay__caller_reply(
    struct stay_conn *conn, struct stay_from from, struct stay_reply reply);
/* Run the completions that public calls have left. */
void stay__callers_settle(struct stay_conn *conn);
/* The end: everybody else gets STAY_E_STOPPED. */
void stay__callers_fail(struct stay_conn *conn);
/* The request is being delivered; it is postponed again. */
void stay__caller_delivered(struct stay_conn *conn, struct stay_from from);
void stay__caller_postpone(struct stay_conn *conn, struct stay__mail *letter);

/* ---- timing.c ---- */
void stay__timing_init(struct stay_conn *conn);
/* The timer of the state just entered by this step; and off, on leaving. */
void stay__timing_arm(struct stay_conn *conn, const struct stay__step *step);
void stay__timing_disarm(struct stay_conn *conn);
/* The governor has granted the dial: a pending budget begins now. */
void stay__timing_granted(struct stay_conn *conn);
/* What came with a verdict: T, or hibernate. */
void stay__timing_company(
    struct stay_conn *conn, unsigned with, uint64_t timeout_ms);
/* The state timeout that a callback asked for, once its verdict is taken. */
void stay__timing_take_asked(struct stay_conn *conn);
void stay__timing_fini(struct stay_conn *conn);
/* Any callback ends T; code_change starts it again. */
void stay__timing_timeout_stop(struct stay_conn *conn);
void stay__timing_timeout_restart(struct stay_conn *conn);

/* ---- step.c ---- */
/* A connect that was asked for: CONNECT, or THROTTLED if one too many. */
struct stay__step stay__step_connect(
    struct stay_conn *conn, struct stay_info info);
struct stay__step stay__step_disconnect(struct stay_info info);
struct stay__step stay__step_stop(enum stay_status reason);
struct stay__step stay__step_expired(struct stay_info info);
/* What a verdict that is not postpone comes to; its company is taken if the
 * state stays. */
struct stay__step stay__step_judge(struct stay_conn *conn,
    enum stay__situation in, const struct stay_verdict *verdict);

/* ---- drive.c ---- */
/* Run init: its step, or QUIT, which is taken already. */
struct stay__step stay__drive_start(struct stay_conn *conn, void *arg);
/* Take an event, and all that its actions bring. */
void stay__drive(struct stay_conn *conn, struct stay__step step);
/* The first success or failure is known: the notice, once; who awaits it. */
void stay__drive_tell_started(struct stay_conn *conn, enum stay_status status);

/* ---- deliver.c ---- */
/* Give one piece of mail to its callback, and drive on with the verdict. */
void stay__deliver(struct stay_conn *conn, struct stay__mail *mail);
/* The same for an event that is no mail. */
void stay__deliver_event(
    struct stay_conn *conn, const struct stay_event *event);

/* ---- stream.c ---- */
void stay__stream_init(struct stay_conn *conn);
void stay__stream_close(struct stay_conn *conn);
void stay__stream_fini(struct stay_conn *conn);
/* Read, and deliver what came. */
void stay__stream_read(struct stay_conn *conn);
/* The budget of the attempt is spent: keep a sentence that says on what. */
void stay__stream_explain(struct stay_conn *conn);

/* ---- conn.c ---- */
/* Carry out an upgrade that was asked for; frees it. */
void stay__conn_upgrade(struct stay_conn *conn, struct stay__upgrade *upgrade);

/* ---- explain.c ---- */
/* Tell it, with what happens next, if there is one untold. */
void stay__conn_report(struct stay_conn *conn);
void stay__conn_note_turn(struct stay_conn *conn,
    const struct stay_machine *machine, const struct stay__turn *turn);
void stay__conn_tell_turns(struct stay_conn *conn);

#endif
