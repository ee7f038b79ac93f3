/*
 * The mailbox: letters from outside and notes of the connection's own, in order
 * of occurrence. Which of them the state lets through is decided here; what
 * they do is drive.c's.
 */
#include "conn/conn.h"

void
stay__mail_init(struct stay_conn *conn)
{
	stay__list_init(&conn->mailbox);
	stay__list_init(&conn->postponed);
	stay__list_init(&conn->asked);
	stay__list_init(&conn->dropped);
	for (int i = 0; i < STAY__NOTE_COUNT; i++) {
		stay__list_init(&conn->notes[i].node);
		conn->notes[i].kind =
		    (enum stay__mail_kind)(STAY__NOTE_FIRST + i);
	}
}

enum stay_status
stay__mail_post(struct stay_conn *conn, enum stay__mail_kind kind,
    const struct stay_message *message, struct stay_from from,
    struct stay__mail **mail)
{
	struct stay__mail *letter;

	if (conn->letters >= conn->options.mailbox_max)
		return STAY_E_FULL;
	letter = stay__zalloc(sizeof(*letter));
	if (letter == NULL)
		return STAY_E_NOMEM;
	letter->kind = kind;
	letter->message = *message;
	letter->from = from;
	conn->letters++;
	if (kind == STAY__MAIL_NEXT_EVENT)
		stay__list_push(&conn->asked, &letter->node);
	else
		stay__list_push(&conn->mailbox, &letter->node);
	stay__conn_nudge(conn);
	if (mail != NULL)
		*mail = letter;
	return STAY_OK;
}

/* A mailbox that is full of postponed letters may be what it is for. */
enum stay_status
stay__mail_upgrade(struct stay_conn *conn, struct stay__upgrade *upgrade)
{
	if (conn->upgrades >= conn->options.mailbox_max)
		return STAY_E_FULL;
	conn->upgrades++;
	stay__list_push(&conn->asked, &upgrade->mail.node);
	stay__conn_nudge(conn);
	return STAY_OK;
}

static struct stay__mail *
note_of(struct stay_conn *conn, enum stay__mail_kind kind)
{
	return &conn->notes[kind - STAY__NOTE_FIRST];
}

void
stay__mail_note(struct stay_conn *conn, enum stay__mail_kind kind)
{
	struct stay__mail *note = note_of(conn, kind);

	if (stay__list_is_empty(&note->node))
		stay__list_push(&conn->mailbox, &note->node);
	stay__conn_nudge(conn);
}

void
stay__mail_note_first(struct stay_conn *conn, enum stay__mail_kind kind)
{
	struct stay__mail *note = note_of(conn, kind);

	stay__list_remove(&note->node);
	stay__list_push_front(&conn->mailbox, &note->node);
	stay__conn_nudge(conn);
}

/* Before the mailbox, as a next event. */
void
stay__conn_interrupt(struct stay_conn *conn)
{
	struct stay__mail *note = note_of(conn, STAY__NOTE_INTERRUPT);

	if (conn->admission == STAY__ADMIT_CLOSED)
		return;
	if (stay__list_is_empty(&note->node))
		stay__list_push(&conn->asked, &note->node);
	stay__conn_nudge(conn);
}

void
stay__mail_unnote(struct stay_conn *conn, enum stay__mail_kind kind)
{
	stay__list_remove(&note_of(conn, kind)->node);
}

bool
stay__mail_is_noted(const struct stay_conn *conn, enum stay__mail_kind kind)
{
	return !stay__list_is_empty(&conn->notes[kind - STAY__NOTE_FIRST].node);
}

/* While an attempt or its undoing is pending, calls and casts wait, unless the
 * behaviour wants them; while stopping, nobody's letters are read any more. */
static bool
is_let_through(const struct stay_conn *conn, const struct stay__mail *mail)
{
	enum stay_state state = stay__conn_state(conn);
	unsigned flags = conn->behaviour->flags;

	if (mail->kind == STAY__NOTE_INTERRUPT)
		return state != STAY_STOPPING && state != STAY_STOPPED;
	if (stay__mail_is_note(mail) || mail->kind == STAY__MAIL_UPGRADE)
		return true;
	if (state == STAY_STOPPING || state == STAY_STOPPED)
		return false;
	if (state != STAY_CONNECTING && state != STAY_DISCONNECTING)
		return true;
	if (mail->kind == STAY__MAIL_CALL)
		return (flags & STAY_CALLS_WHILE_PENDING) != 0;
	if (mail->kind == STAY__MAIL_CAST)
		return (flags & STAY_CASTS_WHILE_PENDING) != 0;
	return true;
}

struct stay__mail *
stay__mail_next(struct stay_conn *conn)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&conn->asked)) != NULL ||
	       (node = stay__list_pop(&conn->mailbox)) != NULL) {
		struct stay__mail *mail =
		    STAY__LIST_OWNER(node, struct stay__mail, node);

		if (is_let_through(conn, mail))
			return mail;
		stay__mail_postpone(conn, mail);
	}
	return NULL;
}

bool
stay__mail_waits(const struct stay_conn *conn)
{
	return !stay__list_is_empty(&conn->asked) ||
	       !stay__list_is_empty(&conn->mailbox);
}

void
stay__mail_postpone(struct stay_conn *conn, struct stay__mail *letter)
{
	stay__list_push(&conn->postponed, &letter->node);
}

/* ---- what is not delivered any more ---- */

static void
release(struct stay__mail *letter)
{
	if (letter->message.release != NULL)
		letter->message.release(letter->message.data);
	stay__free(letter);
}

void
stay__mail_take_back(struct stay_conn *conn, struct stay__mail *letter)
{
	conn->letters--;
	stay__list_remove(&letter->node);
	conn->drops++;
	stay__list_push(&conn->dropped, &letter->node);
	stay__conn_nudge(conn);
}

enum stay_status
stay__mail_drop(struct stay_conn *conn, const struct stay_message *message)
{
	struct stay__mail *letter;

	if (message->release == NULL)
		return STAY_OK;
	if (conn->drops >= conn->options.mailbox_max)
		return STAY_E_FULL;
	letter = stay__zalloc(sizeof(*letter));
	if (letter == NULL)
		return STAY_E_NOMEM;
	letter->kind = STAY__MAIL_MESSAGE;
	letter->message = *message;
	conn->drops++;
	stay__list_push(&conn->dropped, &letter->node);
	stay__conn_nudge(conn);
	return STAY_OK;
}

void
stay__mail_settle(struct stay_conn *conn)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&conn->dropped)) != NULL) {
		conn->drops--;
		release(STAY__LIST_OWNER(node, struct stay__mail, node));
	}
}

void
stay__mail_recall(struct stay_conn *conn)
{
	stay__list_prepend_all(&conn->mailbox, &conn->postponed);
}

void
stay__mail_free(struct stay_conn *conn, struct stay__mail *letter)
{
	conn->letters--;
	release(letter);
}

static void
free_all(struct stay_conn *conn, struct stay__list *list)
{
	struct stay__list *node;

	while ((node = stay__list_first(list)) != NULL) {
		struct stay__mail *mail =
		    STAY__LIST_OWNER(node, struct stay__mail, node);

		if (stay__mail_is_note(mail))
			stay__list_remove(node);
		else
			stay__mail_take_back(conn, mail);
	}
}

/* Who asked for an upgrade hears that it comes too late. */
static void
refuse_upgrades(struct stay_conn *conn)
{
	struct stay__list *node, *next;

	for (node = conn->asked.next; node != &conn->asked; node = next) {
		struct stay__mail *mail =
		    STAY__LIST_OWNER(node, struct stay__mail, node);

		next = node->next;
		if (mail->kind != STAY__MAIL_UPGRADE)
			continue;
		stay__list_remove(node);
		stay__conn_upgrade(
		    conn, STAY__CONTAINER(mail, struct stay__upgrade, mail));
	}
}

void
stay__mail_fini(struct stay_conn *conn)
{
	refuse_upgrades(conn);
	free_all(conn, &conn->asked);
	free_all(conn, &conn->mailbox);
	free_all(conn, &conn->postponed);
	stay__mail_settle(conn);
}
