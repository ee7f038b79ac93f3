/* A C source as a row of tokens. Knows no grammar. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutants.h"

#define TEXT_MAX (1u << 20)

bool
token_is(const struct token *token, const char *text)
{
	return token->len == strlen(text) &&
	       memcmp(token->at, text, token->len) == 0;
}

static char *
read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, TEXT_MAX);

	if (file == NULL || text == NULL ||
	    fread(text, 1, TEXT_MAX - 1, file) == 0) {
		fprintf(stderr, "mutate: cannot read %s\n", path);
		exit(2);
	}
	fclose(file);
	return text;
}

/* ---- one token ---- */

static size_t
len_of_word(const char *at)
{
	size_t len = 0;

	while (isalnum((unsigned char)at[len]) || at[len] == '_')
		len++;
	return len;
}

static size_t
len_of_quoted(const char *at)
{
	size_t len = 1;

	while (at[len] != at[0] && at[len] != '\0')
		len += at[len] == '\\' ? 2 : 1;
	return len + 1;
}

static size_t
len_of_mark(const char *at)
{
	static const char *const marks[] = { "...", "<<=", ">>=", "->", "++",
		"--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||",
		"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(at, marks[i], strlen(marks[i])) == 0)
			return strlen(marks[i]);
	return 1;
}

static struct token
token_at(const char *at)
{
	struct token token = { .at = at };

	if (*at == '"' || *at == '\'') {
		token.kind = TOKEN_QUOTED;
		token.len = len_of_quoted(at);
	} else if (isalnum((unsigned char)*at) || *at == '_') {
		token.kind =
		    isdigit((unsigned char)*at) ? TOKEN_NUMBER : TOKEN_WORD;
		token.len = len_of_word(at);
	} else {
		token.kind = TOKEN_MARK;
		token.len = len_of_mark(at);
	}
	return token;
}

/* ---- what is between them ---- */

static const char *
behind_line(const char *at)
{
	while (*at != '\0' && *at != '\n')
		at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
	return at;
}

static const char *
behind_comment(const char *at)
{
	const char *end = strstr(at, "*/");

	return end == NULL ? at + strlen(at) : end + 2;
}

static const char *
behind_blanks(const char *at, const char *text)
{
	for (;;) {
		if (isspace((unsigned char)*at))
			at++;
		else if (strncmp(at, "/*", 2) == 0)
			at = behind_comment(at);
		else if (*at == '#' && (at == text || at[-1] == '\n'))
			at = behind_line(at);
		else
			return at;
	}
}

void
source_read(struct source *source, const char *path)
{
	const char *at;

	*source = (struct source){ .path = path, .text = read_all(path) };
	source->tokens = calloc(strlen(source->text) + 1, sizeof(struct token));
	if (source->tokens == NULL)
		exit(2);
	at = behind_blanks(source->text, source->text);
	while (*at != '\0') {
		source->tokens[source->count] = token_at(at);
		at += source->tokens[source->count++].len;
		at = behind_blanks(at, source->text);
	}
	source->tokens[source->count] = (struct token){ .at = at };
}

size_t
source_skip(const struct source *source, size_t at)
{
	int depth = 0;

	for (; at < source->count; at++) {
		char mark = source->tokens[at].at[0];

		if (mark == '(' || mark == '[' || mark == '{')
			depth++;
		else if (mark == ')' || mark == ']' || mark == '}')
			depth--;
		if (depth == 0)
			return at + 1;
	}
	return at;
}
