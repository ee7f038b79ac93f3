/*
 * Bugs that nobody chose: the places of a C source at which one can be planted,
 * found by shape alone. Nothing here knows what the source is about.
 */
#ifndef STAY_TESTS_MUTANTS_H
#define STAY_TESTS_MUTANTS_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind { TOKEN_WORD, TOKEN_NUMBER, TOKEN_QUOTED, TOKEN_MARK };

/* A piece of the text; it is not terminated. */
struct token {
	enum token_kind kind;
	const char *at;
	size_t len;
};

/* A file without its comments and preprocessor lines. The last token is empty. */
struct source {
	const char *path;
	char *text;
	struct token *tokens;
	size_t count;
	size_t lines; /* that hold code of a function */
};

/* What can be done to a place; named in sites.c. */
enum operation {
	NEGATE,
	DELETE,
	COMPARE,
	OFF_BY_ONE,
	SWAP,
	DROP_CALL,
	RETURN_EARLY,
	KEEP_STALE,
	OPERATION_COUNT
};

/* One bug: what stands between begin and end is replaced. */
struct site {
	const struct source *source;
	enum operation operation;
	const struct token *function;
	size_t begin;
	size_t end;
	char *text;
	bool drawn;
};

struct sites {
	struct site *site;
	size_t count;
	size_t room;
};

extern const char *const operation_names[OPERATION_COUNT];

/* Ends the program if the file cannot be read. */
void source_read(struct source *source, const char *path);

bool token_is(const struct token *token, const char *text);

/* Behind the bracket that closes the one at `at`. */
size_t source_skip(const struct source *source, size_t at);

/* Adds every site of a source, and counts its lines. */
void sites_find(struct sites *sites, struct source *source);

/* Adds those of an expression: the tokens from `at` to before `end`. */
void sites_of_expression(
    struct sites *sites, const struct site *like, size_t at, size_t end);

/* The same of one that is true or false. */
void sites_of_condition(
    struct sites *sites, const struct site *like, size_t at, size_t end);

/* One more: the tokens from `at` to before `end` become the text. */
void sites_add(struct sites *sites, const struct site *like,
    enum operation operation, size_t at, size_t end, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

#endif
