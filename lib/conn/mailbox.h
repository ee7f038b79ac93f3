/*
 * The mailbox of a connection: messages from outside, and notes of the
 * connection's own, in the order in which they came. It knows no connection and
 * no state: which kinds may be delivered now is handed in, and when mail comes
 * it wakes a task.
 */
#ifndef STAY__MAILBOX_H
#define STAY__MAILBOX_H

#include <assert.h>

#include <stay/conn.h>

#include "loop/loop.h"

/* What a piece of mail is. Messages are allocated and counted; notes are
 * embedded, at most one of each kind is in the mailbox at a time. */
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

/* A set of kinds is a sum of these. */
#define STAY__KIND(kind) (1u << (kind))
#define STAY__EVERY_KIND (STAY__KIND(STAY__MAIL_KIND_COUNT) - 1)

struct stay__mail {
	struct stay__list node;
	enum stay__mail_kind kind;
};

/* Mail that was posted from outside: calls, casts, messages, next events. */
struct stay__posted {
	struct stay__mail mail;
	struct stay_message message;
	struct stay_from from; /* of a call */
};

/* Only mailbox.c writes these. */
struct stay__mailbox {
	struct stay_loop *loop;
	struct stay__task *task;  /* woken when mail comes */
	size_t max;               /* of messages, of upgrades, of drops */
	struct stay__list urgent; /* next events, upgrades: before the queue */
	struct stay__list queue;
	struct stay__list postponed; /* until recalled */
	struct stay__list dropped;   /* by public calls: still to be released */
	struct stay__mail notes[STAY__NOTE_COUNT];
	size_t messages; /* in the first three lists, or being delivered */
	size_t upgrades; /* asked for and not yet carried out */
	size_t drops;    /* in dropped */
};

void stay__mailbox_init(struct stay__mailbox *box, struct stay_loop *loop,
    struct stay__task *task, size_t max);

/* Run the task later this turn. */
void stay__mailbox_wake(struct stay__mailbox *box);

/* A message at the end; a next event in front of the queue. *mail, if it is
 * wanted, is the mailbox's. STAY_OK, STAY_E_FULL, STAY_E_NOMEM. */
enum stay_status stay__mailbox_post(struct stay__mailbox *box,
    enum stay__mail_kind kind, const struct stay_message *message,
    struct stay_from from, struct stay__mail **mail);

/* A note: at the end, at the front, or taken back. */
void stay__mailbox_note(struct stay__mailbox *box, enum stay__mail_kind kind);
void stay__mailbox_note_first(
    struct stay__mailbox *box, enum stay__mail_kind kind);
/* In front of the queue, behind what stands there: as a next event. */
void stay__mailbox_note_urgent(
    struct stay__mailbox *box, enum stay__mail_kind kind);
void stay__mailbox_unnote(struct stay__mailbox *box, enum stay__mail_kind kind);
bool stay__mailbox_is_noted(
    const struct stay__mailbox *box, enum stay__mail_kind kind);

/* The next piece of mail whose kind is in `pass`, out of its list; NULL:
 * nothing. What stands before it and may not pass is postponed. */
struct stay__mail *stay__mailbox_next(struct stay__mailbox *box, unsigned pass);
/* Whether next may find something. */
static inline bool
stay__mailbox_has_mail(const struct stay__mailbox *box)
{
	return !stay__list_is_empty(&box->urgent) ||
	       !stay__list_is_empty(&box->queue);
}

/* Keep mail that was taken out until it is recalled: then it stands in front.
 */
void stay__mailbox_postpone(struct stay__mailbox *box, struct stay__mail *mail);
void stay__mailbox_recall(struct stay__mailbox *box);

/* Free a message that was taken out. */
void stay__mailbox_free(struct stay__mailbox *box, struct stay__mail *mail);

/*
 * A message that is not to be delivered any more. A public call must not run
 * its release, so it is kept for stay__mailbox_settle, and the task is woken.
 */
void stay__mailbox_take_back(
    struct stay__mailbox *box, struct stay__mail *mail);
/* The same for a message that was never posted. STAY_OK; if it is STAY_E_FULL
 * or STAY_E_NOMEM, the message stays the caller's. */
enum stay_status stay__mailbox_drop(
    struct stay__mailbox *box, const struct stay_message *message);
/* Release what was dropped. */
void stay__mailbox_release(struct stay__mailbox *box);
static inline void
stay__mailbox_settle(struct stay__mailbox *box)
{
	if (!stay__list_is_empty(&box->dropped))
		stay__mailbox_release(box);
}

/* An upgrade is its caller's, mailbox included: a full one may be what it is
 * for. It has a bound of its own, and counts until it is done. STAY_OK,
 * STAY_E_FULL. */
enum stay_status stay__mailbox_add_upgrade(
    struct stay__mailbox *box, struct stay__mail *upgrade);
/* Take out the first one that waits; NULL: none. */
struct stay__mail *stay__mailbox_take_upgrade(struct stay__mailbox *box);
void stay__mailbox_end_upgrade(struct stay__mailbox *box);

/* Release all messages, take back all notes. No upgrade may wait any more. */
void stay__mailbox_fini(struct stay__mailbox *box);

static inline struct stay__posted *
stay__mail_posted(struct stay__mail *mail)
{
	assert(mail->kind < STAY__MAIL_UPGRADE);
	return STAY__CONTAINER(mail, struct stay__posted, mail);
}

static inline bool
stay__mail_is_note(const struct stay__mail *mail)
{
	return mail->kind >= STAY__NOTE_FIRST;
}

#endif
