/*
 * The words for what went wrong on the way to a peer, or with the peer. This file
 * knows the system's error numbers, but no stream.
 */
#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct meaning {
	int number;
	enum stay_status status;
	const char *name;
	const char *phrase;
};

static const struct meaning meanings[] = {
#define ERRNO(number, status, phrase)                                          \
	{ number, STAY_##status, #number, phrase },
#include "base/errno.def"
};

static const struct meaning *
meaning_of(int system)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].number == -system)
			return &meanings[i];
	return NULL;
}

enum stay_status
stay__status_of(int system)
{
	const struct meaning *meaning = meaning_of(system);

	return meaning == NULL ? STAY_E_IO : meaning->status;
}

const char *
stay__errno_name(int system)
{
	const struct meaning *meaning = meaning_of(system);

	return meaning == NULL ? NULL : meaning->name;
}

void
stay__failure_clear(struct stay__failure *failure)
{
	stay__free(failure->text);
	*failure = (struct stay__failure){ .status = STAY_OK };
}

void
stay__failure_move(struct stay__failure *failure, struct stay__failure *from)
{
	stay__failure_clear(failure);
	*failure = *from;
	from->text = NULL;
	stay__failure_clear(from);
}

const char *
stay__failure_text(const struct stay__failure *failure)
{
	if (failure->text != NULL)
		return failure->text;
	return failure->status == STAY_OK ? "" : stay_strerror(failure->status);
}

void
stay__failure_say(struct stay__failure *failure, const char *format, ...)
{
	static const char more[] = "...";
	const size_t size = STAY__FAILURE_TEXT;
	struct stay__text text;
	va_list args;

	if (failure->text == NULL)
		failure->text = stay__zalloc(size);
	if (failure->text == NULL)
		return;
	text =
	    (struct stay__text){ failure->text, size, strlen(failure->text) };
	if (text.len > 0)
		stay__text_put(&text, ", ");
	va_start(args, format);
	stay__text_vadd(&text, format, args);
	va_end(args);
	if (text.len >= size)
		memcpy(failure->text + strlen(failure->text) + 1 - sizeof(more),
		    more, sizeof(more));
}

static int
weight(enum stay_status status)
{
	if (status == STAY_OK)
		return 0;
	if (status == STAY_E_UNREACHABLE)
		return 1;
	return status == STAY_E_NOMEM ? 3 : 2;
}

void
stay__failure_blame(
    struct stay__failure *failure, enum stay_status status, int system)
{
	if (weight(status) <= weight(failure->status))
		return;
	failure->status = status;
	failure->system = system;
}

/* So much of a place is told that what is wrong with it has room. */
#define PLACE_MAX 127

void
stay__failure_add(struct stay__failure *failure, const char *who, int system)
{
	const struct meaning *meaning = meaning_of(system);
	const char *more = strlen(who) > PLACE_MAX ? "..." : "";

	if (meaning == NULL)
		stay__failure_say(failure, "%.*s%s failed (errno %d)",
		    PLACE_MAX, who, more, -system);
	else
		stay__failure_say(failure, "%.*s%s %s (%s)", PLACE_MAX, who,
		    more, meaning->phrase, meaning->name);
	stay__failure_blame(failure, stay__status_of(system), system);
}
