/*
 * The mailbox of a connection: messages from the program, and notes that the
 * connection leaves for itself, in order of arrival. The caller passes in which
 * kinds may be delivered now; new mail wakes its task. The mailbox knows neither
 * the connection nor its state.
 */
#ifndef STAY__MAILBOX_H
#define STAY__MAILBOX_H

#include <assert.h>

#include <stay/conn.h>

#include "loop/loop.h"

/* What a piece of mail is. Messages are allocated and counted. Of notes there is at
 * most one of each kind in the mailbox at a time, and it takes four bits. */
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

/* Notes in their order, four bits each, the first one lowest. */
typedef uint32_t stay__notes;
_Static_assert(STAY__NOTE_COUNT <= 8, "all notes must fit");

struct stay__mail {
	struct stay__list node;
	enum stay__mail_kind kind;
	stay__notes before; /* stand in front of it, in the same line */
};

enum stay__mail_line {
	STAY__LINE_URGENT, /* next events, upgrades: before the queue */
	STAY__LINE_QUEUE,
	STAY__LINE_POSTPONED, /* until recalled */
	STAY__MAIL_LINES
};

/* Mail that was posted from outside: calls, casts, messages, next events. */
struct stay__posted {
	struct stay__mail mail;
	struct stay_message message;
	struct stay_from from; /* of a call */
};

/* What messages need. A mailbox has it from the first one on, until it rests. */
struct stay__shelf {
	struct stay__list lines[STAY__MAIL_LINES];
	struct stay__list dropped; /* by public calls; to be released */
	size_t messages;           /* in a line, or being delivered */
	size_t upgrades;           /* asked for and not yet carried out */
	size_t drops;              /* in dropped */
};

/* What a mailbox without messages has instead: it is read like any other, and never
 * written. */
extern const struct stay__shelf stay__bare_shelf;

/* Only mailbox.c writes these. */
struct stay__mailbox {
	struct stay_loop *loop;
	struct stay__task task; /* woken when mail comes */
	struct stay__shelf *shelf;
	stay__notes behind[STAY__MAIL_LINES]; /* the last mail of a line */
	unsigned noted; /* kinds that stand in any of them */
};

/* `run` is what its task does. */
void stay__mailbox_init(
    struct stay__mailbox *box, struct stay_loop *loop, stay__task_fn *run);

/* Run the task later this turn. */
void stay__mailbox_wake(struct stay__mailbox *box);

/* Put a message at the end of the queue, or a next event before it, unless there are
 * `max` messages. *posted, if not NULL, is set to what was made; the mailbox owns it.
 * STAY_OK, STAY_E_FULL, STAY_E_NOMEM. */
enum stay_status stay__mailbox_post(struct stay__mailbox *box, size_t max,
    enum stay__mail_kind kind, const struct stay_message *message,
    struct stay_from from, struct stay__mail **posted);

/* Leave a note at the end of the queue or at its front, or take it back. */
void stay__mailbox_note(struct stay__mailbox *box, enum stay__mail_kind kind);
void stay__mailbox_note_first(
    struct stay__mailbox *box, enum stay__mail_kind kind);
/* Leave a note as a next event: before the queue, behind earlier next
 * events. */
void stay__mailbox_note_urgent(
    struct stay__mailbox *box, enum stay__mail_kind kind);
void stay__mailbox_unnote(struct stay__mailbox *box, enum stay__mail_kind kind);
bool stay__mailbox_is_noted(
    const struct stay__mailbox *box, enum stay__mail_kind kind);

/* Take the next piece of mail whose kind is in `pass` out of its list; NULL:
 * there is none. Mail before it that may not pass is postponed. */
struct stay__mail *stay__mailbox_next(struct stay__mailbox *box, unsigned pass);
/* Whether it can have no messages, for it has no shelf. */
static inline bool
stay__mailbox_rests(const struct stay__mailbox *box)
{
	return box->shelf == &stay__bare_shelf;
}
/* Whether stay__mailbox_next may find something. Mostly there is a note, or no shelf:
 * so the lines are asked last. */
static inline bool
stay__mailbox_has_mail(const struct stay__mailbox *box)
{
	const struct stay__list *lines = box->shelf->lines;

	if ((box->behind[STAY__LINE_URGENT] | box->behind[STAY__LINE_QUEUE]) !=
	    0)
		return true;
	return !stay__mailbox_rests(box) &&
	       (!stay__list_is_empty(&lines[STAY__LINE_URGENT]) ||
		   !stay__list_is_empty(&lines[STAY__LINE_QUEUE]));
}

/* Put mail that was taken out aside; recall puts all of it back, in front of
 * the queue. */
void stay__mailbox_postpone(struct stay__mailbox *box, struct stay__mail *mail);
void stay__mailbox_recall(struct stay__mailbox *box);
/* Put the messages of these kinds back alone; what else waits keeps its order. */
void stay__mailbox_recall_kinds(struct stay__mailbox *box, unsigned kinds);

/* Free a message that was taken out. */
void stay__mailbox_free(struct stay__mailbox *box, struct stay__mail *mail);

/*
 * Take a message out of the mailbox, undelivered. A public call must not run
 * the message's release; so stay__mailbox_settle does, and the task is woken.
 */
void stay__mailbox_take_back(
    struct stay__mailbox *box, struct stay__mail *mail);
/* The same for a message that was never posted; at most `max` are dropped at a time.
 * STAY_OK, or STAY_E_FULL or STAY_E_NOMEM: then the caller still owns the message. */
enum stay_status stay__mailbox_drop(
    struct stay__mailbox *box, size_t max, const struct stay_message *message);
/* Release what was dropped. */
void stay__mailbox_release(struct stay__mailbox *box);
static inline void
stay__mailbox_settle(struct stay__mailbox *box)
{
	if (!stay__list_is_empty(&box->shelf->dropped))
		stay__mailbox_release(box);
}

/* Add an upgrade; its caller owns the memory of the mail. Upgrades are bounded apart
 * from messages, because an upgrade may be the remedy for a full mailbox. An
 * upgrade counts until it has ended. STAY_OK, STAY_E_FULL, STAY_E_NOMEM. */
enum stay_status stay__mailbox_add_upgrade(
    struct stay__mailbox *box, size_t max, struct stay__mail *upgrade);
/* Take out the first upgrade that waits; NULL: none. */
struct stay__mail *stay__mailbox_take_upgrade(struct stay__mailbox *box);
void stay__mailbox_end_upgrade(struct stay__mailbox *box);

/* Give back the memory that only messages need, if there are none. */
void stay__mailbox_rest(struct stay__mailbox *box);

/* Release all messages, take back all notes, and cancel the task. No upgrade may be
 * waiting. */
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
