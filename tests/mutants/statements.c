/* Walks through the functions of a source, statement by statement. */
#include <string.h>

#include "mutants.h"

/* `like` is what the sites of this function have in common. */
struct reader {
	struct sites *sites;
	struct site like;
	const char *results[2]; /* what it may return early; NULL: nothing */
	bool is_bool;
	size_t at;
};

static const struct token *
token(const struct reader *reader)
{
	return &reader->like.source->tokens[reader->at];
}

static bool
next_is(const struct reader *reader, const char *text)
{
	return token(reader)->len > 0 && token_is(token(reader), text);
}

static bool
is_at_end(const struct reader *reader)
{
	return reader->at >= reader->like.source->count;
}

static size_t
skip(const struct reader *reader, size_t at)
{
	return source_skip(reader->like.source, at);
}

/* The next such mark on this level. */
static size_t
find(const struct reader *reader, size_t at, const char *mark)
{
	const struct source *source = reader->like.source;

	while (at < source->count && !token_is(&source->tokens[at], mark))
		at = skip(reader, at);
	return at;
}

static void
add(struct reader *reader, enum operation operation, size_t begin, size_t end,
    const char *text)
{
	sites_add(
	    reader->sites, &reader->like, operation, begin, end, "%s", text);
}

static void
add_expression(struct reader *reader, size_t begin, size_t end)
{
	sites_of_expression(reader->sites, &reader->like, begin, end);
}

/* ---- simple statements ---- */

static bool
is_one_of(const struct token *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (token_is(word, words[i]))
			return true;
	return false;
}

/* Two words in a row, or a word, stars and a word. */
static bool
is_declaration(const struct token *at)
{
	static const char *const types[] = { "const", "static", "struct",
		"enum", "union", "unsigned" };

	if (is_one_of(at, types, sizeof(types) / sizeof(types[0])))
		return true;
	if (at->kind != TOKEN_WORD || token_is(at, "return"))
		return false;
	at++;
	while (token_is(at, "*"))
		at++;
	return at->kind == TOKEN_WORD && at->len > 0;
}

/* The mark that sets a value on this level, or `end`. */
static size_t
find_set(const struct source *source, size_t at, size_t end)
{
	static const char *const sets[] = { "=", "+=", "-=", "*=", "/=", "%=",
		"|=", "&=", "^=", "<<=", ">>=", "++", "--" };

	while (at < end && !is_one_of(&source->tokens[at], sets,
			       sizeof(sets) / sizeof(sets[0])))
		at = source_skip(source, at);
	return at < end ? at : end;
}

/* What nothing is set by is a call, and nothing else. */
static enum operation
deletion_of(const struct source *source, size_t at, size_t end)
{
	size_t set = find_set(source, at, end);

	if (set == end)
		return DROP_CALL;
	for (; at < set; at++)
		if (token_is(&source->tokens[at], "->") ||
		    token_is(&source->tokens[at], "."))
			return KEEP_STALE;
	return DELETE;
}

/* "(void)name;", which does nothing. */
static bool
is_unused(const struct token *at, size_t count)
{
	return count == 4 && token_is(&at[1], "void") &&
	       at[3].kind == TOKEN_WORD;
}

static void
read_expression(struct reader *reader)
{
	size_t begin = reader->at, end = find(reader, begin, ";");

	reader->at = end + 1;
	if (is_unused(&reader->like.source->tokens[begin], end - begin))
		return;
	add(reader, deletion_of(reader->like.source, begin, end), begin, end,
	    "");
	add_expression(reader, begin, end);
}

/* The bounds of arrays are left alone. */
static void
read_declaration(struct reader *reader)
{
	size_t end = find(reader, reader->at, ";");
	size_t value = find(reader, reader->at, "=");

	if (value < end)
		add_expression(reader, value + 1, end);
	reader->at = end + 1;
}

static void
read_return(struct reader *reader)
{
	size_t begin = reader->at, end = find(reader, begin, ";");

	reader->at = end + 1;
	if (end == begin + 1)
		add(reader, DELETE, begin, end, "");
	else if (reader->is_bool)
		sites_of_condition(
		    reader->sites, &reader->like, begin + 1, end);
	add_expression(reader, begin + 1, end);
}

static void
read_jump(struct reader *reader)
{
	add(reader, DELETE, reader->at, reader->at + 1, "");
	reader->at += 2;
}

static void
read_label(struct reader *reader)
{
	reader->at = find(reader, reader->at, ":") + 1;
}

/* ---- statements of statements ---- */

static void read_statement(struct reader *reader);

static void
add_return(struct reader *reader)
{
	const struct token *next = token(reader);

	for (size_t i = 0; i < 2 && reader->results[i] != NULL; i++)
		sites_add(reader->sites, &reader->like, RETURN_EARLY,
		    reader->at, reader->at + 1, "return%s; %.*s",
		    reader->results[i], (int)next->len, next->at);
}

/* Behind its last declaration a block may end. */
static void
read_block(struct reader *reader)
{
	reader->at++;
	while (!next_is(reader, "}") && !is_at_end(reader)) {
		if (!is_declaration(token(reader)) &&
		    !next_is(reader, "case") && !next_is(reader, "default"))
			add_return(reader);
		read_statement(reader);
	}
	reader->at++;
}

/* What stands in the parentheses behind a word such as `if`. */
static void
read_condition(struct reader *reader)
{
	size_t begin = reader->at + 2, end = skip(reader, reader->at + 1) - 1;

	sites_of_condition(reader->sites, &reader->like, begin, end);
	add_expression(reader, begin, end);
	reader->at = end + 1;
}

static void
read_if(struct reader *reader)
{
	size_t begin = reader->at;

	read_condition(reader);
	read_statement(reader);
	if (!next_is(reader, "else")) {
		add(reader, DELETE, begin, reader->at, ";");
		return;
	}
	reader->at++;
	read_statement(reader);
}

/* A loop without a body says so with `continue`, which nothing is without. */
static void
read_body(struct reader *reader)
{
	if (next_is(reader, "continue"))
		reader->at += 2;
	else
		read_statement(reader);
}

static void
read_while(struct reader *reader)
{
	read_condition(reader);
	read_body(reader);
}

static void
read_do(struct reader *reader)
{
	reader->at++;
	read_statement(reader);
	read_condition(reader);
	reader->at++;
}

static void
read_for(struct reader *reader)
{
	size_t begin = reader->at + 2, end = skip(reader, reader->at + 1) - 1;
	size_t test = find(reader, begin, ";") + 1;
	size_t step = find(reader, test, ";");

	add_expression(reader, begin, end);
	if (test < step)
		sites_of_condition(reader->sites, &reader->like, test, step);
	reader->at = end + 1;
	read_body(reader);
}

static void
read_switch(struct reader *reader)
{
	reader->at = skip(reader, reader->at + 1);
	read_statement(reader);
}

static void
read_statement(struct reader *reader)
{
	static const struct {
		const char *word;
		void (*read)(struct reader *reader);
	} kinds[] = { { "{", read_block }, { "if", read_if },
		{ "while", read_while }, { "do", read_do }, { "for", read_for },
		{ "switch", read_switch }, { "return", read_return },
		{ "break", read_jump }, { "continue", read_jump },
		{ "case", read_label }, { "default", read_label } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (next_is(reader, kinds[i].word)) {
			kinds[i].read(reader);
			return;
		}
	}
	if (is_declaration(token(reader)))
		read_declaration(reader);
	else
		read_expression(reader);
}

/* ---- functions ---- */

/* From the words before the name of the function. */
static void
set_results(struct reader *reader, size_t name)
{
	const struct token *tokens = reader->like.source->tokens;

	reader->is_bool = token_is(&tokens[name - 1], "bool");
	if (reader->is_bool) {
		reader->results[0] = " false";
		reader->results[1] = " true";
	} else if (token_is(&tokens[name - 1], "*")) {
		reader->results[0] = " NULL";
	} else if (token_is(&tokens[name - 1], "void")) {
		reader->results[0] = "";
	} else if (name < 2 || !token_is(&tokens[name - 2], "struct")) {
		reader->results[0] = " 0";
	}
}

static size_t
count_lines(const struct token *from, const struct token *to)
{
	size_t lines = 0;

	for (; from < to; from++)
		lines += memchr(from->at, '\n',
			     (size_t)(from[1].at - from->at)) != NULL;
	return lines;
}

/* `name` and `body` are where they begin. */
static size_t
read_function(
    struct sites *sites, struct source *source, size_t name, size_t body)
{
	const struct token *tokens = source->tokens;
	struct reader reader = {
		.sites = sites,
		.like = { .source = source, .function = &tokens[name] },
		.at = body,
	};

	set_results(&reader, name);
	read_block(&reader);
	source->lines += count_lines(&tokens[body], &tokens[reader.at]);
	return reader.at;
}

void
sites_find(struct sites *sites, struct source *source)
{
	size_t at = 0;

	while (at < source->count) {
		size_t next = source_skip(source, at);

		if (token_is(&source->tokens[at], "(") && at > 0 &&
		    token_is(&source->tokens[next], "{"))
			next = read_function(sites, source, at - 1, next);
		at = next;
	}
}
