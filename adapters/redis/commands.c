/*
 * The commands that are more than one request with one reply, or change nothing, in
 * a perfect hash table by name: every other command passes after one look at its
 * first word. This file reads what format.c wrote, and need not check it. The server
 * says whether a command is correct.
 */
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

/* The words of an encoded command that are still to be read. */
struct words {
	const char *at;
	const char *end;
};

struct word {
	const char *text;
	size_t len;
};

struct command;
typedef enum stay_status look_fn(struct stay_request *request,
    const struct command *command, struct words *words);

struct command {
	struct stay_redis__sense sense;
	look_fn *look;      /* at the words behind; NULL: this is all */
	const char *second; /* a NAME: only if it comes next; NULL: always */
	union {
		unsigned ms;     /* of a unit of its timeout */
		const char *why; /* it is rejected */
	};
};

/* The next word, or false at the end. Every word is `$len\r\ntext\r\n`. */
static bool
next(struct words *words, struct word *word)
{
	const char *at = words->at;
	size_t len;

	if (at == words->end)
		return false;
	len = (size_t)(*++at - '0');
	while (*++at != '\r')
		len = len * 10 + (size_t)(*at - '0');
	word->text = at + 2;
	word->len = len;
	words->at = word->text + len + 2;
	return true;
}

/* The bit that a small letter has and its capital does not. */
#define SMALL 0x20u

/* A name to compare with. In front of each word is the LF of its header, and so there
 * is one in front of each name. */
#define NAME(text)   (("\n" text) + 1)
#define NAME_MIN     3u /* the shortest that is_word can compare */
#define NAME_LEN(of) (sizeof(#of) - 1)

/* How four letters differ from four others. */
static inline uint32_t
difference(const char *letters, const char *others)
{
	uint32_t four, other_four;

	memcpy(&four, letters, sizeof(four));
	memcpy(&other_four, others, sizeof(other_four));
	return four ^ other_four;
}

/*
 * Four letters at a time, the last four with what was seen already, or with the LF.
 * Case does not matter to Redis; `name` has capitals, and '_' at most. (For that one a
 * DEL would do as well; no server knows such a command.)
 */
static inline bool
is_word(const struct word *word, const char *name, size_t len)
{
	const char *text = word->text - 1, *last;
	uint32_t differ;

	if (word->len != len)
		return false;
	last = word->text + len - 4;
	differ = difference(last, name + len - 4);
	for (name--; text < last; text += 4, name += 4)
		differ |= difference(text, name);
	return (differ & ~(SMALL * 0x01010101u)) == 0;
}

/* Whether the next word is the one that the command is looked at for. */
static bool
second_is_next(const struct command *command, struct words *words)
{
	struct word word;

	return next(words, &word) &&
	       is_word(&word, command->second, strlen(command->second));
}

static enum stay_status
reject(struct stay_request *request, const struct command *command,
    struct words *words)
{
	if (command->second != NULL && !second_is_next(command, words))
		return STAY_OK;
	request->why = command->why;
	return STAY_E_UNSUPPORTED;
}

/* Of CLIENT: what lasts for the session, and what replies would be missing after. */
static enum stay_status
look_at_client(struct stay_request *request, const struct command *command,
    struct words *words)
{
	static const char *const lasting[] = { NAME("TRACKING"),
		NAME("CACHING"), NAME("NO-EVICT"), NAME("NO-TOUCH"),
		NAME("SETNAME"), NAME("SETINFO"), NAME("CAPA"),
		NAME("IMPORT-SOURCE"), NAME("MAINT_NOTIFICATIONS") };
	struct words again = *words;
	struct word word;

	if (reject(request, command, words) != STAY_OK)
		return STAY_E_UNSUPPORTED;
	if (!next(&again, &word))
		return STAY_OK;
	for (size_t i = 0; i < sizeof(lasting) / sizeof(*lasting); i++)
		if (is_word(&word, lasting[i], strlen(lasting[i])))
			stay_redis__set_kind(request, STAY_REDIS__TAG_ALTERS);
	return STAY_OK;
}

/* What was set for all is only for one with this subcommand. */
static enum stay_status
read_if(struct stay_request *request, const struct command *command,
    struct words *words)
{
	if (!second_is_next(command, words)) {
		request->flags &= ~command->sense.flags;
		stay_redis__set_kind(request, 0);
	}
	return STAY_OK;
}

/* A timeout of 0 means for ever. A word that is no timeout is skipped: the server
 * answers with an error at once. */
static void
set_timeout(struct stay_request *request, const struct command *command,
    const struct word *word)
{
	double ms;

	if (!stay_redis__to_double(word->text, word->len, &ms) || !(ms >= 0))
		return;
	ms = ceil(ms * command->ms);
	stay_redis__set_kind(request, STAY_REDIS__TAG_WAITS);
	request->flags |= STAY_BLOCKS;
	request->blocks_ms =
	    ms > 0 && ms < 0x1p63 ? (uint64_t)ms : STAY_FOREVER;
}

static enum stay_status
block_first(struct stay_request *request, const struct command *command,
    struct words *words)
{
	struct word word;

	if (next(words, &word))
		set_timeout(request, command, &word);
	return STAY_OK;
}

static enum stay_status
block_last(struct stay_request *request, const struct command *command,
    struct words *words)
{
	struct word word = { "", 0 };

	while (next(words, &word))
		continue;
	set_timeout(request, command, &word);
	return STAY_OK;
}

/* BLOCK comes before STREAMS. A word behind STREAMS may be a key named BLOCK; so may
 * the two names behind GROUP. */
static enum stay_status
block_option(struct stay_request *request, const struct command *command,
    struct words *words)
{
	struct word word;

	while (next(words, &word) && !is_word(&word, NAME("STREAMS"), 7)) {
		if (is_word(&word, NAME("GROUP"), 5)) {
			if (!next(words, &word) || !next(words, &word))
				break;
		} else if (is_word(&word, NAME("BLOCK"), 5) &&
			   next(words, &word))
			set_timeout(request, command, &word);
	}
	return STAY_OK;
}

/* "$" and "+": the entries from now on, and the last one. */
static bool
is_now(const struct word *word)
{
	return word->len == 1 && (word->text[0] == '$' || word->text[0] == '+');
}

/* Whether one of the ids, the second half of what is behind STREAMS, is such a one. */
static bool
names_now(struct words words)
{
	struct words keys = words;
	struct word word;
	bool is_found = false;

	while (next(&keys, &word) && next(&keys, &word))
		(void)next(&words, &word);
	while (next(&words, &word))
		is_found = is_found || is_now(&word);
	return is_found;
}

/* Sent again it would begin later, and what came in between be skipped. */
static enum stay_status
read_streams(struct stay_request *request, const struct command *command,
    struct words *words)
{
	(void)block_option(request, command, words);
	if (names_now(*words))
		request->flags &= ~(uint32_t)STAY_READ_ONLY;
	return STAY_OK;
}

/*
 * The place of a name comes from its length, its first two letters, and the last one.
 * The factors were found by search. The compiler warns of two names in one place.
 */
#define PLACE_BITS 11
#define TWO(a, b)  ((uint32_t)(a) | (uint32_t)(b) << 8)
#define PLACE(len, two, z)                                                     \
	(((uint32_t)(len)*0x17becf83u + (two)*0xd133a211u +                    \
	     (z)*0x5acd4985u) >>                                               \
	    (32 - PLACE_BITS))

/* Which row is at which place; 0: none. */
enum row {
	ROW_NONE,
#define COMMAND(a, b, z, name, kind, second, value) ROW_##name,
#include "commands.def"
	ROW_COUNT
};
_Static_assert(ROW_COUNT <= UINT8_MAX, "a place is a byte");

static const uint8_t places[1u << PLACE_BITS] = {
#define COMMAND(a, b, z, name, kind, second, value)                            \
	[PLACE(NAME_LEN(name), TWO(a, b), (uint32_t)z)] = ROW_##name,
#include "commands.def"
};

/* The kinds of commands.def: what the name says, look, subcommand and unit. A tag has
 * its row above the kind. */
#define SAYS(row, flags, tag)                                                  \
	{                                                                      \
		flags, (uint16_t)((tag) | (row) << 8), false                   \
	}
#define ASKS(row, flags, tag)                                                  \
	{                                                                      \
		flags, (uint16_t)((tag) | (row) << 8), true                    \
	}
#define MS(value)                                                              \
	{                                                                      \
		.ms = value                                                    \
	}
#define WHY(value)                                                             \
	{                                                                      \
		.why = value                                                   \
	}
#define REJECTION(name, why, instead)                                          \
	name " is rejected: " why ". In its place: " instead
#define REJECT(row, second, value) ASKS(row, 0, 0), reject, second, WHY(value)
#define REJECT_IF(row, second, value)                                          \
	ASKS(row, 0, 0), reject, NAME(second), WHY(value)
#define CLIENTS(row, second, value)                                            \
	ASKS(row, 0, 0), look_at_client, NAME(second), WHY(value)
#define TAG(row, second, value)    SAYS(row, 0, value), NULL, second, MS(0)
#define NAMED(row, second, value)  SAYS(row, 0, 0), NULL, second, MS(0)
#define BLOCK(row, look, value)    ASKS(row, 0, 0), look, NULL, MS(value)
#define FIRST(row, second, value)  BLOCK(row, block_first, value)
#define LAST(row, second, value)   BLOCK(row, block_last, value)
#define OPTION(row, second, value) BLOCK(row, block_option, value)
#define READ(row, second, value)                                               \
	SAYS(row, STAY_READ_ONLY, STAY_REDIS__TAG_READS), NULL, second, MS(0)
#define READ_IF(row, second, value)                                            \
	ASKS(row, STAY_READ_ONLY, STAY_REDIS__TAG_READS), read_if,             \
	    NAME(second), MS(0)
#define READ_TAG(row, second, value)                                           \
	SAYS(row, STAY_READ_ONLY, value), NULL, second, MS(0)
#define READ_STREAMS(row, second, value)                                       \
	ASKS(row, STAY_READ_ONLY, STAY_REDIS__TAG_READS), read_streams,        \
	    second, MS(value)

static const struct command commands[] = {
	[ROW_NONE] = { SAYS(ROW_NONE, 0, 0), NULL, NULL, MS(0) },
#define COMMAND(a, b, z, name, kind, second, value)                            \
	{ kind(ROW_##name, second, value) },
#include "commands.def"
};

/* What they are called: NAMEs. */
static const struct word names[] = {
	[ROW_NONE] = { NAME(""), 0 },
#define COMMAND(a, b, z, name, kind, second, value)                            \
	{ NAME(#name), NAME_LEN(name) },
#include "commands.def"
};

/* Two letters as TWO has them, and one: small, whatever they are. */
static inline uint32_t
two_of(const char *letters)
{
	return TWO((unsigned char)letters[0], (unsigned char)letters[1]) |
	       TWO(SMALL, SMALL);
}

static inline uint32_t
one_of(const char *letter)
{
	return (unsigned char)*letter | SMALL;
}

static inline const struct command *
command_called(const struct word *name)
{
	size_t row;

	if (name->len < NAME_MIN)
		return &commands[ROW_NONE];
	row = places[PLACE(
	    name->len, two_of(name->text), one_of(name->text + name->len - 1))];
	return is_word(name, names[row].text, names[row].len)
		   ? &commands[row]
		   : &commands[ROW_NONE];
}

/* The first word of a command, which has one at least. */
static __attribute__((noinline)) struct word
any_name_of(const char *bytes)
{
	struct words words = { bytes, NULL };
	struct word name = { bytes, 0 };

	while (*words.at++ != '\n')
		continue;
	(void)next(&words, &name);
	return name;
}

/* The same. Mostly the number of words and the length of the first have one digit:
 * `*2\r\n$3\r\n`. */
static inline struct word
name_of(const char *bytes)
{
	return bytes[2] == '\r' && bytes[6] == '\r'
		   ? (struct word){ bytes + 8, (size_t)(bytes[5] - '0') }
		   : any_name_of(bytes);
}

enum stay_status
stay_redis__classify(
    struct stay_request *request, const char *bytes, size_t len)
{
	const struct word name = name_of(bytes);
	const struct command *command = command_called(&name);
	struct words behind;

	request->flags |= command->sense.flags;
	request->tag = command->sense.tag;
	if (command->look == NULL)
		return STAY_OK;
	behind = (struct words){ name.text + name.len + 2, bytes + len };
	return command->look(request, command, &behind);
}

struct stay_redis__sense
stay_redis__sense_of(const char *bytes)
{
	const struct word name = name_of(bytes);

	return command_called(&name)->sense;
}

/* ---- its name in its tag ---- */

/* A command of no row has its first letters there, above the row and the kind. */
#define LETTERS 6u

static unsigned
row_of(uint64_t tag)
{
	return (unsigned)(tag >> 8 & 0xff);
}

static char
letter_of(const struct word *name, size_t i)
{
	if (i == LETTERS - 1 && name->len > LETTERS)
		return '*';
	return i < name->len ? name->text[i] : '\0';
}

uint64_t
stay_redis__name_tag(const char *bytes)
{
	const struct word name = name_of(bytes);
	uint64_t tag = 0;

	for (size_t i = 0; i < LETTERS; i++)
		tag = tag << 8 | (unsigned char)letter_of(&name, i);
	return tag << 16;
}

int
stay_redis__name_call(uint64_t tag, char *text, size_t len)
{
	char letters[LETTERS + 1] = "";

	if (row_of(tag) != ROW_NONE)
		return snprintf(text, len, "%s", names[row_of(tag)].text);
	for (size_t i = 0; i < LETTERS; i++)
		letters[i] = (char)(tag >> 8 * (LETTERS + 1 - i) & 0xff);
	return snprintf(text, len, "%s", letters);
}

const char *
stay_redis__operation(uint64_t tag)
{
	return row_of(tag) == ROW_NONE ? NULL : names[row_of(tag)].text;
}
