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
typedef enum stay_status classify_fn(struct stay_request *request,
    const struct command *command, struct words *words);

struct command {
	const char *name;
	size_t len;
	classify_fn *classify;
	const char *second; /* only if this word comes next; NULL: always */
	unsigned value;     /* the tag, or the ms of a unit of its timeout */
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

/* Case does not matter to Redis; `name` has capitals, and '_' at most. (For that one
 * a DEL would do as well; no server knows such a command.) */
static bool
is_word(const struct word *word, const char *name, size_t len)
{
	unsigned differ = 0;

	if (word->len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)word->text[i] ^ (unsigned char)name[i];
	return (differ & ~SMALL) == 0;
}

static enum stay_status
reject(struct stay_request *request, const struct command *command,
    struct words *words)
{
	struct word word;

	(void)request;
	if (command->second == NULL)
		return STAY_E_UNSUPPORTED;
	if (!next(words, &word))
		return STAY_OK;
	return is_word(&word, command->second, strlen(command->second))
		   ? STAY_E_UNSUPPORTED
		   : STAY_OK;
}

static enum stay_status
set_tag(struct stay_request *request, const struct command *command,
    struct words *words)
{
	(void)words;
	request->tag = command->value;
	return STAY_OK;
}

/* The tag is of use where a session has to know who writes. */
static enum stay_status
set_read(struct stay_request *request, const struct command *command,
    struct words *words)
{
	struct word word;

	if (command->second != NULL &&
	    !(next(words, &word) &&
		is_word(&word, command->second, strlen(command->second))))
		return STAY_OK;
	request->flags |= STAY_READ_ONLY;
	request->tag = STAY_REDIS__TAG_READS;
	return STAY_OK;
}

static enum stay_status
set_read_tag(struct stay_request *request, const struct command *command,
    struct words *words)
{
	request->flags |= STAY_READ_ONLY;
	return set_tag(request, command, words);
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
	ms = ceil(ms * command->value);
	request->tag = STAY_REDIS__TAG_WAITS;
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

	while (next(words, &word) && !is_word(&word, "STREAMS", 7)) {
		if (is_word(&word, "GROUP", 5)) {
			if (!next(words, &word) || !next(words, &word))
				break;
		} else if (is_word(&word, "BLOCK", 5) && next(words, &word))
			set_timeout(request, command, &word);
	}
	return STAY_OK;
}

static enum stay_status
read_option(struct stay_request *request, const struct command *command,
    struct words *words)
{
	(void)set_read(request, command, words);
	return block_option(request, command, words);
}

/* The length of the shortest name in the table. */
#define NAME_MIN 3u

/*
 * The place of a name comes from its length, and its first, second and last letter.
 * The factors were found by search. The compiler warns of two names in one place.
 */
#define PLACES 1024u
#define PLACE(len, a, b, z)                                                    \
	(((len)*100u + (a)*219u + (b)*49u + (z)*160u) % PLACES)

/* Which row is at which place; 0: none. */
enum row {
	ROW_NONE,
#define COMMAND(a, b, z, name, kind, second, value) ROW_##name,
#include "commands.def"
	ROW_COUNT
};
_Static_assert(ROW_COUNT <= UINT8_MAX, "a place is a byte");

static const uint8_t places[PLACES] = {
#define COMMAND(a, b, z, name, kind, second, value)                            \
	[PLACE(sizeof(#name) - 1, (unsigned)a, (unsigned)b, (unsigned)z)] =    \
	    ROW_##name,
#include "commands.def"
};

/* The kinds of commands.def. */
#define REJECT      reject
#define TAG         set_tag
#define FIRST       block_first
#define LAST        block_last
#define OPTION      block_option
#define READ        set_read
#define READ_TAG    set_read_tag
#define READ_OPTION read_option

static const struct command commands[] = {
	[ROW_NONE] = { "", 0, NULL, NULL, 0 },
#define COMMAND(a, b, z, name, kind, second, value)                            \
	{ #name, sizeof(#name) - 1, kind, second, value },
#include "commands.def"
};

static unsigned
lower(char letter)
{
	return (unsigned char)letter | SMALL;
}

/* `*n\r\n`: n has one digit at least, and seldom more. */
static struct words
words_of(const char *bytes, size_t len)
{
	struct words words = { bytes, bytes + len };

	for (words.at += 2; *words.at != '\r'; words.at++)
		continue;
	words.at += 2;
	return words;
}

enum stay_status
stay_redis__classify(
    struct stay_request *request, const char *bytes, size_t len)
{
	struct words words = words_of(bytes, len);
	struct word name;
	const struct command *command;

	if (!next(&words, &name) || name.len < NAME_MIN)
		return STAY_OK;
	command = &commands[places[PLACE(name.len, lower(name.text[0]),
	    lower(name.text[1]), lower(name.text[name.len - 1]))]];
	if (!is_word(&name, command->name, command->len))
		return STAY_OK;
	return command->classify(request, command, &words);
}

/* ---- its name in its tag ---- */

#define LETTERS 7u /* beside the kind, which is the lowest byte */

uint64_t
stay_redis__name_tag(const char *bytes, size_t len)
{
	struct words words = words_of(bytes, len);
	struct word name;
	uint64_t tag = 0;
	char letter;

	if (!next(&words, &name))
		return 0;
	for (size_t i = 0; i < LETTERS; i++) {
		letter = i < name.len ? name.text[i] : '\0';
		if (i == LETTERS - 1 && name.len > LETTERS)
			letter = '*';
		tag = tag << 8 | (unsigned char)letter;
	}
	return tag << 8;
}

int
stay_redis__name_call(uint64_t tag, char *text, size_t len)
{
	char letters[LETTERS + 1] = "";

	for (size_t i = 0; i < LETTERS; i++)
		letters[i] = (char)(tag >> 8 * (LETTERS - i) & 0xff);
	return snprintf(text, len, "%s", letters);
}
