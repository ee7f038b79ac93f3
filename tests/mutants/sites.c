/* The list of sites. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutants.h"

#define TEXT_MAX 8192

const char *const operation_names[OPERATION_COUNT] = {
	[NEGATE] = "negate",
	[DELETE] = "delete",
	[COMPARE] = "compare",
	[OFF_BY_ONE] = "off-by-one",
	[SWAP] = "swap",
	[DROP_CALL] = "drop-call",
	[RETURN_EARLY] = "return-early",
	[KEEP_STALE] = "keep-stale",
};

static struct site *
one_more(struct sites *sites)
{
	if (sites->count == sites->room) {
		sites->room = sites->room == 0 ? 1024 : 2 * sites->room;
		sites->site =
		    realloc(sites->site, sites->room * sizeof(sites->site[0]));
		if (sites->site == NULL)
			exit(2);
	}
	return &sites->site[sites->count++];
}

static size_t
offset_of(const struct source *source, const char *at)
{
	return (size_t)(at - source->text);
}

void
sites_add(struct sites *sites, const struct site *like,
    enum operation operation, size_t at, size_t end, const char *format, ...)
{
	const struct token *tokens = like->source->tokens;
	const struct token *last = &tokens[end - 1];
	struct site *site = one_more(sites);
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*site = *like;
	site->operation = operation;
	site->begin = offset_of(like->source, tokens[at].at);
	site->end = offset_of(like->source, last->at + last->len);
	site->text = strdup(text);
}
