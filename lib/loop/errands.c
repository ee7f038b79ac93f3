/*
 * Errands wait in an inbox; the first of a batch knocks at the door. The answer only
 * queues a task, so that they are done as callbacks are, with time passing between the
 * tasks.
 */
#include "loop/errands.h"

#include "base/mem.h"

/* Then others have their turn. */
#define DONE_AT_ONCE 1024

static struct stay__errands *
errands_of(struct stay__task *task)
{
	return STAY__CONTAINER(task, struct stay__errands, task);
}

static void
answer(struct stay__knock *knock)
{
	struct stay__errands *errands =
	    STAY__CONTAINER(knock, struct stay__errands, knock);

	stay__loop_run_soon(errands->loop, &errands->task);
}

/* ---- done ---- */

static struct stay__errand *
take_first(struct stay__inbox_item **batch)
{
	struct stay__inbox_item *item = *batch;

	*batch = item->next;
	return STAY__CONTAINER(item, struct stay__errand, item);
}

void
stay__errands_settle(struct stay__errands *errands)
{
	struct stay__inbox_item *batch = stay__inbox_take(&errands->put_off);

	while (batch != NULL) {
		struct stay__errand *errand = take_first(&batch);

		errand->run(errand);
	}
}

static bool
take_batch(struct stay__errands *errands)
{
	if (errands->batch != NULL)
		return true;
	if (stay__inbox_is_closed(&errands->given))
		return false;
	errands->batch = stay__inbox_take(&errands->given);
	if (errands->batch != NULL)
		errands->on_room(errands->arg);
	return errands->batch != NULL;
}

static void
do_errands(struct stay__task *task)
{
	struct stay__errands *errands = errands_of(task);

	stay__errands_settle(errands);
	for (int i = 0; i < DONE_AT_ONCE && take_batch(errands); i++) {
		struct stay__errand *errand = take_first(&errands->batch);

		errand->run(errand);
	}
	if (errands->batch != NULL)
		stay__loop_run_soon(errands->loop, task);
}

/* ---- beginning and end ---- */

struct stay__errands *
stay__errands_new(struct stay_loop *loop, size_t max)
{
	struct stay__errands *errands = stay__zalloc(sizeof(*errands));

	if (errands == NULL)
		return NULL;
	if (stay__knock_init(&errands->knock, loop, answer) != STAY_OK) {
		stay__free(errands);
		return NULL;
	}
	errands->loop = loop;
	stay__inbox_init(&errands->given, max);
	stay__inbox_init(&errands->put_off, SIZE_MAX);
	stay__task_init(&errands->task, do_errands);
	loop->errands = errands;
	return errands;
}

/* The others were taken before. */
void
stay__errands_close(struct stay__errands *errands)
{
	struct stay__inbox_item **end = &errands->batch;

	while (*end != NULL)
		end = &(*end)->next;
	*end = stay__inbox_close(&errands->given);
	errands->on_room(errands->arg);
	stay__loop_run_soon(errands->loop, &errands->task);
}

bool
stay__errands_are_done(const struct stay__errands *errands)
{
	return errands->batch == NULL;
}

void
stay__errands_free(struct stay__errands *errands)
{
	errands->loop->errands = NULL;
	stay__task_cancel(&errands->task);
	stay__knock_drop(&errands->knock);
}

/* ---- given, in any thread ---- */

static enum stay_status
told(struct stay__errands *errands, enum stay__inbox_put put)
{
	switch (put) {
	case STAY__INBOX_PUT_FIRST:
		stay__knock_now(&errands->knock);
		break;
	case STAY__INBOX_PUT:
		break;
	case STAY__INBOX_FULL:
		return STAY_E_FULL;
	case STAY__INBOX_CLOSED:
		return STAY_E_STOPPED;
	}
	return STAY_OK;
}

enum stay_status
stay__errands_give(struct stay__errands *errands, struct stay__errand *errand)
{
	return told(errands, stay__inbox_put(&errands->given, &errand->item));
}

enum stay_status
stay__errands_give_anyway(
    struct stay__errands *errands, struct stay__errand *errand)
{
	return told(
	    errands, stay__inbox_put_anyway(&errands->given, &errand->item));
}

void
stay__errands_put_off(
    struct stay__errands *errands, struct stay__errand *errand, bool soon)
{
	(void)stay__inbox_put_anyway(&errands->put_off, &errand->item);
	if (soon)
		stay__knock_now(&errands->knock);
}
