/*
 * Why the last start, change or call on a loop was rejected, as a sentence. This file
 * does not know what may be set to which value, nor what a call may ask for.
 */
#include <assert.h>
#include <inttypes.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/text.h"
#include "loop/loop.h"

#define REJECTION_MAX 512

const char *
stay_loop_rejection(const struct stay_loop *loop)
{
	assert(loop != NULL);
	return loop->rejection == NULL ? "" : loop->rejection;
}

/* Without memory there is no sentence. */
void
stay_loop_set_rejection(struct stay_loop *loop, const char *format, ...)
{
	struct stay__text text = { NULL, REJECTION_MAX, 0 };
	va_list arguments;

	assert(loop != NULL && format != NULL);
	if (loop->rejection == NULL)
		loop->rejection = stay__zalloc(REJECTION_MAX);
	if (loop->rejection == NULL)
		return;
	text.at = loop->rejection;
	va_start(arguments, format);
	stay__text_vadd(&text, format, arguments);
	va_end(arguments);
	if (text.len == 0)
		stay__loop_forget_rejection(loop);
}

void
stay__loop_forget_rejection(struct stay_loop *loop)
{
	loop->rejected = STAY_OK;
	if (loop->rejection != NULL)
		loop->rejection[0] = '\0';
}

void
stay__loop_say(struct stay_loop *loop, const char *why)
{
	loop->said = why;
}

const char *
stay__loop_reject_call(struct stay_loop *loop, enum stay_status status)
{
	const char *why = loop->said;

	stay__loop_forget_rejection(loop);
	if (why == NULL)
		return NULL;
	loop->said = NULL;
	stay_loop_set_rejection(loop, "%s", why);
	loop->rejected = status;
	return why;
}

bool
stay__loop_note_rejection(struct stay_loop *loop, const char *why)
{
	for (size_t i = 0; i < STAY__MISTAKES_MAX; i++) {
		if (loop->noted[i] == why)
			return false;
		if (loop->noted[i] != NULL)
			continue;
		loop->noted[i] = why;
		return true;
	}
	return false;
}

const char *
stay__loop_said_of(const struct stay_loop *loop, enum stay_status status)
{
	return loop->rejected == status && status != STAY_OK
		   ? stay_loop_rejection(loop)
		   : NULL;
}

void
stay__loop_reject_option(struct stay_loop *loop,
    const struct stay__option *option, const void *options)
{
	uint64_t value;

	memcpy(&value, (const char *)options + option->offset, sizeof(value));
	stay_loop_set_rejection(loop,
	    "%s is %" PRIu64 ", and may be %" PRIu64 " to %" PRIu64,
	    option->name, value, option->min, option->max);
}
