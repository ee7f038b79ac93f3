/*
 * The mailbox: four lists, one note of each kind, three counts and their bound.
 * This file does not know what the mail says or who delivers it.
 */
#include "conn/mailbox.h"

#include <assert.h>

void
stay__mailbox_init(struct stay__mailbox *box, struct stay_loop *loop,
    struct stay__task *task, size_t max)
{
	box->loop = loop;
	box->task = task;
	box->max = max;
	stay__list_init(&box->urgent);
	stay__list_init(&box->queue);
	stay__list_init(&box->postponed);
	stay__list_init(&box->dropped);
	for (int i = 0; i < STAY__NOTE_COUNT; i++) {
		stay__list_init(&box->notes[i].node);
		box->notes[i].kind =
		    (enum stay__mail_kind)(STAY__NOTE_FIRST + i);
	}
}

void
stay__mailbox_wake(struct stay__mailbox *box)
{
	stay__loop_run_soon(box->loop, box->task);
}

/* ---- messages ---- */

static struct stay__mail *
post_new(enum stay__mail_kind kind, const struct stay_message *message,
    struct stay_from from)
{
	struct stay__posted *posted = stay__zalloc(sizeof(*posted));

	if (posted == NULL)
		return NULL;
	posted->mail.kind = kind;
	posted->message = *message;
	posted->from = from;
	return &posted->mail;
}

enum stay_status
stay__mailbox_post(struct stay__mailbox *box, enum stay__mail_kind kind,
    const struct stay_message *message, struct stay_from from,
    struct stay__mail **posted)
{
	struct stay__mail *mail;

	if (box->messages >= box->max)
		return STAY_E_FULL;
	mail = post_new(kind, message, from);
	if (mail == NULL)
		return STAY_E_NOMEM;
	box->messages++;
	if (kind == STAY__MAIL_NEXT_EVENT)
		stay__list_push(&box->urgent, &mail->node);
	else
		stay__list_push(&box->queue, &mail->node);
	stay__mailbox_wake(box);
	if (posted != NULL)
		*posted = mail;
	return STAY_OK;
}

/* ---- notes ---- */

static struct stay__mail *
note_of(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	return &box->notes[kind - STAY__NOTE_FIRST];
}

void
stay__mailbox_note(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	struct stay__mail *note = note_of(box, kind);

	if (stay__list_is_empty(&note->node))
		stay__list_push(&box->queue, &note->node);
	stay__mailbox_wake(box);
}

void
stay__mailbox_note_first(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	struct stay__mail *note = note_of(box, kind);

	stay__list_remove(&note->node);
	stay__list_push_front(&box->queue, &note->node);
	stay__mailbox_wake(box);
}

void
stay__mailbox_note_urgent(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	struct stay__mail *note = note_of(box, kind);

	if (stay__list_is_empty(&note->node))
		stay__list_push(&box->urgent, &note->node);
	stay__mailbox_wake(box);
}

void
stay__mailbox_unnote(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	stay__list_remove(&note_of(box, kind)->node);
}

bool
stay__mailbox_is_noted(
    const struct stay__mailbox *box, enum stay__mail_kind kind)
{
	return !stay__list_is_empty(&box->notes[kind - STAY__NOTE_FIRST].node);
}

/* ---- taking out ---- */

struct stay__mail *
stay__mailbox_next(struct stay__mailbox *box, unsigned pass)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&box->urgent)) != NULL ||
	       (node = stay__list_pop(&box->queue)) != NULL) {
		struct stay__mail *mail =
		    STAY__CONTAINER(node, struct stay__mail, node);

		if ((pass & STAY__KIND(mail->kind)) != 0)
			return mail;
		stay__mailbox_postpone(box, mail);
	}
	return NULL;
}

void
stay__mailbox_postpone(struct stay__mailbox *box, struct stay__mail *mail)
{
	stay__list_push(&box->postponed, &mail->node);
}

void
stay__mailbox_recall(struct stay__mailbox *box)
{
	stay__list_prepend_all(&box->queue, &box->postponed);
}

/* ---- what is not delivered any more ---- */

static void
release(struct stay__mail *mail)
{
	struct stay__posted *posted = stay__mail_posted(mail);

	if (posted->message.release != NULL)
		posted->message.release(posted->message.data);
	stay__free(posted);
}

void
stay__mailbox_free(struct stay__mailbox *box, struct stay__mail *mail)
{
	assert(box->messages > 0);
	box->messages--;
	release(mail);
}

static void
drop(struct stay__mailbox *box, struct stay__mail *mail)
{
	box->drops++;
	stay__list_push(&box->dropped, &mail->node);
	stay__mailbox_wake(box);
}

void
stay__mailbox_take_back(struct stay__mailbox *box, struct stay__mail *mail)
{
	assert(box->messages > 0);
	box->messages--;
	stay__list_remove(&mail->node);
	drop(box, mail);
}

enum stay_status
stay__mailbox_drop(
    struct stay__mailbox *box, const struct stay_message *message)
{
	struct stay__mail *mail;

	if (message->release == NULL)
		return STAY_OK;
	if (box->drops >= box->max)
		return STAY_E_FULL;
	mail = post_new(
	    STAY__MAIL_MESSAGE, message, (struct stay_from){ { 0, 0 } });
	if (mail == NULL)
		return STAY_E_NOMEM;
	drop(box, mail);
	return STAY_OK;
}

void
stay__mailbox_release(struct stay__mailbox *box)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&box->dropped)) != NULL) {
		box->drops--;
		release(STAY__CONTAINER(node, struct stay__mail, node));
	}
}

static void
take_all_back(struct stay__mailbox *box, struct stay__list *list)
{
	struct stay__list *node;

	while ((node = stay__list_first(list)) != NULL) {
		struct stay__mail *mail =
		    STAY__CONTAINER(node, struct stay__mail, node);

		if (stay__mail_is_note(mail))
			stay__list_remove(node);
		else
			stay__mailbox_take_back(box, mail);
	}
}

void
stay__mailbox_fini(struct stay__mailbox *box)
{
	take_all_back(box, &box->urgent);
	take_all_back(box, &box->queue);
	take_all_back(box, &box->postponed);
	stay__mailbox_settle(box);
}

/* ---- upgrades ---- */

enum stay_status
stay__mailbox_add_upgrade(struct stay__mailbox *box, struct stay__mail *upgrade)
{
	if (box->upgrades >= box->max)
		return STAY_E_FULL;
	box->upgrades++;
	stay__list_push(&box->urgent, &upgrade->node);
	stay__mailbox_wake(box);
	return STAY_OK;
}

struct stay__mail *
stay__mailbox_take_upgrade(struct stay__mailbox *box)
{
	struct stay__list *node;

	for (node = box->urgent.next; node != &box->urgent; node = node->next) {
		struct stay__mail *mail =
		    STAY__CONTAINER(node, struct stay__mail, node);

		if (mail->kind != STAY__MAIL_UPGRADE)
			continue;
		stay__list_remove(node);
		return mail;
	}
	return NULL;
}

void
stay__mailbox_end_upgrade(struct stay__mailbox *box)
{
	assert(box->upgrades > 0);
	box->upgrades--;
}
