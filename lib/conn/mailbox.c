/*
 * The mailbox: three lines of messages, and notes between them; three counts, whose
 * bound its owner knows. A note stands in front of a message, or behind the last one. This
 * file does not know what the mail says or who delivers it.
 */
#include "conn/mailbox.h"

#include <assert.h>

#define NONE(list)                                                             \
	{                                                                      \
		(struct stay__list *)(uintptr_t)&stay__bare_shelf.list,        \
		    (struct stay__list *)(uintptr_t)&stay__bare_shelf.list     \
	}

const struct stay__shelf stay__bare_shelf = {
	.lines = { [STAY__LINE_URGENT] = NONE(lines[STAY__LINE_URGENT]),
	    [STAY__LINE_QUEUE] = NONE(lines[STAY__LINE_QUEUE]),
	    [STAY__LINE_POSTPONED] = NONE(lines[STAY__LINE_POSTPONED]) },
	.dropped = NONE(dropped),
};

static void
clear_shelf(struct stay__mailbox *box)
{
	box->shelf = (struct stay__shelf *)(uintptr_t)&stay__bare_shelf;
}

void
stay__mailbox_init(
    struct stay__mailbox *box, struct stay_loop *loop, stay__task_fn *run)
{
	box->loop = loop;
	stay__task_init(&box->task, run);
	clear_shelf(box);
}

/* False: no memory. */
static bool
has_shelf(struct stay__mailbox *box)
{
	struct stay__shelf *shelf;

	if (!stay__mailbox_rests(box))
		return true;
	shelf = stay__zalloc(sizeof(*shelf));
	if (shelf == NULL)
		return false;
	for (unsigned i = 0; i < STAY__MAIL_LINES; i++)
		stay__list_init(&shelf->lines[i]);
	stay__list_init(&shelf->dropped);
	box->shelf = shelf;
	return true;
}

void
stay__mailbox_rest(struct stay__mailbox *box)
{
	const struct stay__shelf *shelf = box->shelf;

	if (stay__mailbox_rests(box) ||
	    shelf->messages + shelf->upgrades + shelf->drops > 0)
		return;
	stay__free(box->shelf);
	clear_shelf(box);
}

void
stay__mailbox_wake(struct stay__mailbox *box)
{
	stay__loop_run_soon(box->loop, &box->task);
}

/* ---- lines ---- */

static struct stay__mail *
mail_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__mail, node);
}

/* The notes in front of a node of this line, or of its end. */
static stay__notes *
notes_before(struct stay__mailbox *box, enum stay__mail_line line,
    struct stay__list *node)
{
	return node == &box->shelf->lines[line] ? &box->behind[line]
						: &mail_of(node)->before;
}

static void
push(struct stay__mailbox *box, enum stay__mail_line line,
    struct stay__mail *mail)
{
	mail->before = box->behind[line];
	box->behind[line] = 0;
	stay__list_push(&box->shelf->lines[line], &mail->node);
}

/* `first`, and then `second`. */
static stay__notes
joined(stay__notes first, stay__notes second)
{
	for (stay__notes rest = first; rest != 0; rest >>= 4)
		second <<= 4;
	return first | second;
}

/* Take a message out of the middle of its line, if it is in one; its notes stay. */
static void
lift(struct stay__mailbox *box, struct stay__mail *mail)
{
	struct stay__list *next = mail->node.next;
	unsigned line = 0;
	stay__notes *notes;

	while (line < STAY__MAIL_LINES && next != &box->shelf->lines[line])
		line++;
	notes = line < STAY__MAIL_LINES ? &box->behind[line]
					: &mail_of(next)->before;
	if (next != &mail->node)
		*notes = joined(mail->before, *notes);
	stay__list_remove(&mail->node);
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
stay__mailbox_post(struct stay__mailbox *box, size_t max,
    enum stay__mail_kind kind, const struct stay_message *message,
    struct stay_from from, struct stay__mail **posted)
{
	struct stay__mail *mail;

	if (box->shelf->messages >= max)
		return STAY_E_FULL;
	mail = has_shelf(box) ? post_new(kind, message, from) : NULL;
	if (mail == NULL)
		return STAY_E_NOMEM;
	box->shelf->messages++;
	push(box,
	    kind == STAY__MAIL_NEXT_EVENT ? STAY__LINE_URGENT
					  : STAY__LINE_QUEUE,
	    mail);
	stay__mailbox_wake(box);
	if (posted != NULL)
		*posted = mail;
	return STAY_OK;
}

/* ---- notes ---- */

/* What a note is delivered as: there is nothing in it but its kind. */
static struct stay__mail *
mail_of_note(stay__notes note)
{
#define MAIL(kind_) [kind_ - STAY__NOTE_FIRST] = {.kind = (kind_) }
	static const struct stay__mail mail[STAY__NOTE_COUNT] = {
		MAIL(STAY__NOTE_EXPIRED),
		MAIL(STAY__NOTE_TIMEOUT),
		MAIL(STAY__NOTE_STATE_TIMEOUT),
		MAIL(STAY__NOTE_STREAM_UP),
		MAIL(STAY__NOTE_STREAM_READABLE),
		MAIL(STAY__NOTE_STREAM_DOWN),
		MAIL(STAY__NOTE_INTERRUPT),
	};

	return (struct stay__mail *)(uintptr_t)&mail[note - 1];
}

static stay__notes
note_of(enum stay__mail_kind kind)
{
	return (stay__notes)(kind - STAY__NOTE_FIRST) + 1;
}

static void
add_note(struct stay__mailbox *box, enum stay__mail_line line,
    enum stay__mail_kind kind)
{
	if (!stay__mailbox_is_noted(box, kind))
		box->behind[line] = joined(box->behind[line], note_of(kind));
	box->noted |= STAY__KIND(kind);
}

void
stay__mailbox_note(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	add_note(box, STAY__LINE_QUEUE, kind);
	stay__mailbox_wake(box);
}

void
stay__mailbox_note_first(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	stay__notes *first;

	stay__mailbox_unnote(box, kind);
	first = notes_before(
	    box, STAY__LINE_QUEUE, box->shelf->lines[STAY__LINE_QUEUE].next);
	*first = joined(note_of(kind), *first);
	box->noted |= STAY__KIND(kind);
	stay__mailbox_wake(box);
}

void
stay__mailbox_note_urgent(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	add_note(box, STAY__LINE_URGENT, kind);
	stay__mailbox_wake(box);
}

/* Whether it was among them. */
static bool
take_note(stay__notes *notes, stay__notes note)
{
	stay__notes before = 0;

	for (stay__notes rest = *notes; rest != 0; rest >>= 4) {
		if ((rest & 15) == note) {
			*notes = joined(before, rest >> 4);
			return true;
		}
		before = joined(before, rest & 15);
	}
	return false;
}

static bool
take_note_from(
    struct stay__mailbox *box, enum stay__mail_line line, stay__notes note)
{
	struct stay__list *node = box->shelf->lines[line].next;

	while (!take_note(notes_before(box, line, node), note)) {
		if (node == &box->shelf->lines[line])
			return false;
		node = node->next;
	}
	return true;
}

void
stay__mailbox_unnote(struct stay__mailbox *box, enum stay__mail_kind kind)
{
	stay__notes note = note_of(kind);

	if (!stay__mailbox_is_noted(box, kind))
		return;
	box->noted &= ~STAY__KIND(kind);
	if (!take_note_from(box, STAY__LINE_QUEUE, note) &&
	    !take_note_from(box, STAY__LINE_URGENT, note))
		(void)take_note_from(box, STAY__LINE_POSTPONED, note);
}

bool
stay__mailbox_is_noted(
    const struct stay__mailbox *box, enum stay__mail_kind kind)
{
	return (box->noted & STAY__KIND(kind)) != 0;
}

/* ---- taking out ---- */

static struct stay__mail *
take_first(struct stay__mailbox *box, enum stay__mail_line line)
{
	struct stay__list *first = box->shelf->lines[line].next;
	stay__notes *notes = notes_before(box, line, first);
	struct stay__mail *mail;

	if (*notes != 0) {
		mail = mail_of_note(*notes & 15);
		*notes >>= 4;
		box->noted &= ~STAY__KIND(mail->kind);
		return mail;
	}
	if (first == &box->shelf->lines[line])
		return NULL;
	stay__list_remove(first);
	return mail_of(first);
}

struct stay__mail *
stay__mailbox_next(struct stay__mailbox *box, unsigned pass)
{
	struct stay__mail *mail;

	while ((mail = take_first(box, STAY__LINE_URGENT)) != NULL ||
	       (mail = take_first(box, STAY__LINE_QUEUE)) != NULL) {
		if ((pass & STAY__KIND(mail->kind)) != 0)
			return mail;
		stay__mailbox_postpone(box, mail);
	}
	return NULL;
}

void
stay__mailbox_postpone(struct stay__mailbox *box, struct stay__mail *mail)
{
	if (stay__mail_is_note(mail))
		add_note(box, STAY__LINE_POSTPONED, mail->kind);
	else
		push(box, STAY__LINE_POSTPONED, mail);
}

void
stay__mailbox_recall(struct stay__mailbox *box)
{
	struct stay__list *queue = &box->shelf->lines[STAY__LINE_QUEUE];
	stay__notes *first = notes_before(box, STAY__LINE_QUEUE, queue->next);

	*first = joined(box->behind[STAY__LINE_POSTPONED], *first);
	box->behind[STAY__LINE_POSTPONED] = 0;
	if (!stay__mailbox_rests(box))
		stay__list_prepend_all(
		    queue, &box->shelf->lines[STAY__LINE_POSTPONED]);
}

/* From the last one on, so that the first one comes to stand in front. */
void
stay__mailbox_recall_kinds(struct stay__mailbox *box, unsigned kinds)
{
	const struct stay__list *line =
	    &box->shelf->lines[STAY__LINE_POSTPONED];
	struct stay__list *node = line->prev, *before;

	for (; node != line; node = before) {
		struct stay__mail *mail = mail_of(node);

		before = node->prev;
		if ((kinds & STAY__KIND(mail->kind)) == 0)
			continue;
		lift(box, mail);
		mail->before = 0;
		stay__list_push_front(
		    &box->shelf->lines[STAY__LINE_QUEUE], node);
	}
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
	assert(box->shelf->messages > 0);
	box->shelf->messages--;
	release(mail);
}

static void
drop(struct stay__mailbox *box, struct stay__mail *mail)
{
	box->shelf->drops++;
	stay__list_push(&box->shelf->dropped, &mail->node);
	stay__mailbox_wake(box);
}

void
stay__mailbox_take_back(struct stay__mailbox *box, struct stay__mail *mail)
{
	assert(box->shelf->messages > 0);
	box->shelf->messages--;
	lift(box, mail);
	drop(box, mail);
}

enum stay_status
stay__mailbox_drop(
    struct stay__mailbox *box, size_t max, const struct stay_message *message)
{
	struct stay__mail *mail;

	if (message->release == NULL)
		return STAY_OK;
	if (box->shelf->drops >= max)
		return STAY_E_FULL;
	if (!has_shelf(box))
		return STAY_E_NOMEM;
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

	while ((node = stay__list_pop(&box->shelf->dropped)) != NULL) {
		box->shelf->drops--;
		release(mail_of(node));
	}
}

void
stay__mailbox_fini(struct stay__mailbox *box)
{
	struct stay__list *node;

	for (unsigned i = 0; i < STAY__MAIL_LINES; i++) {
		while ((node = stay__list_first(&box->shelf->lines[i])) != NULL)
			stay__mailbox_take_back(box, mail_of(node));
		box->behind[i] = 0;
	}
	box->noted = 0;
	stay__mailbox_settle(box);
	stay__mailbox_rest(box);
	stay__task_cancel(&box->task);
}

/* ---- upgrades ---- */

enum stay_status
stay__mailbox_add_upgrade(
    struct stay__mailbox *box, size_t max, struct stay__mail *upgrade)
{
	if (box->shelf->upgrades >= max)
		return STAY_E_FULL;
	if (!has_shelf(box))
		return STAY_E_NOMEM;
	box->shelf->upgrades++;
	push(box, STAY__LINE_URGENT, upgrade);
	stay__mailbox_wake(box);
	return STAY_OK;
}

struct stay__mail *
stay__mailbox_take_upgrade(struct stay__mailbox *box)
{
	struct stay__list *urgent = &box->shelf->lines[STAY__LINE_URGENT];

	for (struct stay__list *node = urgent->next; node != urgent;
	     node = node->next) {
		if (mail_of(node)->kind != STAY__MAIL_UPGRADE)
			continue;
		lift(box, mail_of(node));
		return mail_of(node);
	}
	return NULL;
}

void
stay__mailbox_end_upgrade(struct stay__mailbox *box)
{
	assert(box->shelf->upgrades > 0);
	box->shelf->upgrades--;
}
