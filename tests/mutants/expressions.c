/* The sites inside an expression. Knows operators and calls, no statements. */
#include <string.h>

#include "mutants.h"

static const char *const swapped[][2] = {
	{ "<", "<=" },
	{ "<=", "<" },
	{ ">", ">=" },
	{ ">=", ">" },
	{ "==", "!=" },
	{ "!=", "==" },
	{ "&&", "||" },
	{ "||", "&&" },
};

/* ---- words of the text ---- */

static int
len_of(const struct source *source, size_t at, size_t end)
{
	const struct token *last = &source->tokens[end - 1];

	return (int)(last->at + last->len - source->tokens[at].at);
}

static bool
same_text(const struct source *source, size_t at, size_t other, size_t end)
{
	int len = len_of(source, at, other - 1);

	return len == len_of(source, other, end) &&
	       memcmp(source->tokens[at].at, source->tokens[other].at,
		   (size_t)len) == 0;
}

/* The next of the marks on this level, or `end`. */
static size_t
next_mark(const struct source *source, size_t at, size_t end, const char *mark,
    const char *other)
{
	while (at < end && !token_is(&source->tokens[at], mark) &&
	       !token_is(&source->tokens[at], other))
		at = source_skip(source, at);
	return at < end ? at : end;
}

/* ---- operators ---- */

static void
add_compare(struct sites *sites, const struct site *like, size_t at)
{
	for (size_t i = 0; i < sizeof(swapped) / sizeof(swapped[0]); i++)
		if (token_is(&like->source->tokens[at], swapped[i][0]))
			sites_add(sites, like, COMPARE, at, at + 1, "%s",
			    swapped[i][1]);
}

static void
add_bool(struct sites *sites, const struct site *like, size_t at)
{
	if (token_is(&like->source->tokens[at], "true"))
		sites_add(sites, like, NEGATE, at, at + 1, "false");
	else if (token_is(&like->source->tokens[at], "false"))
		sites_add(sites, like, NEGATE, at, at + 1, "true");
}

/* Not of a fraction, nor of the { 0 } that means an empty struct. */
static bool
is_whole_number(const struct source *source, size_t at)
{
	const struct token *token = &source->tokens[at];

	if (token->kind != TOKEN_NUMBER || token[1].at[0] == '.')
		return false;
	return at == 0 || (token[-1].at[0] != '.' && token[-1].at[0] != '{');
}

static void
add_off_by_one(struct sites *sites, const struct site *like, size_t at)
{
	const struct token *token = &like->source->tokens[at];

	if (!is_whole_number(like->source, at))
		return;
	sites_add(sites, like, OFF_BY_ONE, at, at + 1, "(%.*s + 1)",
	    (int)token->len, token->at);
	if (token->at[0] != '0' || token->len > 1)
		sites_add(sites, like, OFF_BY_ONE, at, at + 1, "(%.*s - 1)",
		    (int)token->len, token->at);
}

/* ---- calls ---- */

static bool
is_call(const struct source *source, size_t at)
{
	static const char *const not_called[] = { "if", "while", "for",
		"switch", "return", "sizeof" };

	if (source->tokens[at].kind != TOKEN_WORD ||
	    !token_is(&source->tokens[at + 1], "("))
		return false;
	for (size_t i = 0; i < sizeof(not_called) / sizeof(not_called[0]); i++)
		if (token_is(&source->tokens[at], not_called[i]))
			return false;
	return true;
}

/* Each two arguments that are neighbours. */
static void
add_swap(struct sites *sites, const struct site *like, size_t at)
{
	const struct source *source = like->source;
	size_t end, first, second, behind;

	if (!is_call(source, at))
		return;
	end = source_skip(source, at + 1) - 1;
	first = at + 2;
	while ((second = next_mark(source, first, end, ",", ",") + 1) < end) {
		behind = next_mark(source, second, end, ",", ",");
		if (!same_text(source, first, second, behind))
			sites_add(sites, like, SWAP, first, behind,
			    "%.*s, %.*s", len_of(source, second, behind),
			    source->tokens[second].at,
			    len_of(source, first, second - 1),
			    source->tokens[first].at);
		first = second;
	}
}

/* ---- both ---- */

void
sites_of_expression(
    struct sites *sites, const struct site *like, size_t at, size_t end)
{
	for (; at < end; at++) {
		add_compare(sites, like, at);
		add_bool(sites, like, at);
		add_off_by_one(sites, like, at);
		add_swap(sites, like, at);
	}
}

void
sites_of_condition(
    struct sites *sites, const struct site *like, size_t at, size_t end)
{
	const struct source *source = like->source;
	size_t begin = at, behind;

	while (at < end) {
		behind = next_mark(source, at, end, "&&", "||");
		sites_add(sites, like, NEGATE, at, behind, "!(%.*s)",
		    len_of(source, at, behind), source->tokens[at].at);
		if (at == begin && behind < end)
			sites_add(sites, like, NEGATE, at, end, "!(%.*s)",
			    len_of(source, at, end), source->tokens[at].at);
		at = behind + 1;
	}
}
