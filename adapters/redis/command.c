/*
 * The few commands that are more than a question with one answer: one perfect
 * table by name, so that all others pass after one look at their first word. It
 * reads what format.c wrote and needs no checks of it. Whether a command is
 * right is the server's to say.
 */
#include "command.h"

#include <math.h>
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
typedef enum stay_status judge_fn(struct stay_request *request,
    const struct command *command, struct words *words);

struct command {
	const char *name;
	size_t len;
	judge_fn *judge;
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

/* Case does not matter to Redis; `name` is upper case. */
static bool
is_word(const struct word *word, const char *name, size_t len)
{
	if (word->len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned byte = (unsigned char)word->text[i];

		if (byte - 'a' <= 'z' - 'a')
			byte -= 'a' - 'A';
		if (byte != (unsigned char)name[i])
			return false;
	}
	return true;
}

static enum stay_status
refuse(struct stay_request *request, const struct command *command,
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
mark(struct stay_request *request, const struct command *command,
    struct words *words)
{
	(void)words;
	request->tag = command->value;
	return STAY_OK;
}

/* A timeout of 0 means for ever; one that is none the server answers at once.
 */
static void
set_timeout(struct stay_request *request, const struct command *command,
    const struct word *word)
{
	double ms;

	if (!stay_redis__to_double(word->text, word->len, &ms) || !(ms >= 0))
		return;
	ms = ceil(ms * command->value);
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

/* BLOCK stands in front of STREAMS, behind which anything may be a key; the
 * names behind GROUP may be anything too. */
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

/* No name of the table is shorter. */
#define NAME_MIN 4u

/*
 * A place of its own for each name: by length, first, second and last letter.
 * The factors were searched for; two names in one place are warned of.
 */
#define PLACES              128u
#define PLACE(len, a, b, z) (((len)*41u + (a)*33u + (b)*15u + (z)*13u) % PLACES)
#define COMMAND(a, b, z, name, judge, second, value)                           \
	[PLACE(sizeof(name) - 1, (unsigned)a, (unsigned)b,                     \
	    (unsigned)z)] = { name, sizeof(name) - 1, judge, second, value }

/* clang-format off */
static const struct command commands[PLACES] = {
	/*       letters        name            judge         second   value */
	/* more answers than one, or none */
	COMMAND('s', 'u', 'e', "SUBSCRIBE",    refuse,       NULL,    0),
	COMMAND('p', 's', 'e', "PSUBSCRIBE",   refuse,       NULL,    0),
	COMMAND('s', 's', 'e', "SSUBSCRIBE",   refuse,       NULL,    0),
	COMMAND('u', 'n', 'e', "UNSUBSCRIBE",  refuse,       NULL,    0),
	COMMAND('p', 'u', 'e', "PUNSUBSCRIBE", refuse,       NULL,    0),
	COMMAND('s', 'u', 'e', "SUNSUBSCRIBE", refuse,       NULL,    0),
	COMMAND('m', 'o', 'r', "MONITOR",      refuse,       NULL,    0),
	COMMAND('s', 'y', 'c', "SYNC",         refuse,       NULL,    0),
	COMMAND('p', 's', 'c', "PSYNC",        refuse,       NULL,    0),
	COMMAND('r', 'e', 'f', "REPLCONF",     refuse,       NULL,    0),
	COMMAND('c', 'l', 't', "CLIENT",       refuse,       "REPLY", 0),
	COMMAND('s', 'c', 't', "SCRIPT",       refuse,       "DEBUG", 0),

	/* what hello has set up: gone, or undone by the next reconnect */
	COMMAND('h', 'e', 'o', "HELLO",        refuse,       NULL,    0),
	COMMAND('a', 'u', 'h', "AUTH",         refuse,       NULL,    0),
	COMMAND('s', 'e', 't', "SELECT",       refuse,       NULL,    0),
	COMMAND('r', 'e', 't', "RESET",        refuse,       NULL,    0),
	COMMAND('q', 'u', 't', "QUIT",         refuse,       NULL,    0),

	COMMAND('b', 'l', 'p', "BLPOP",        block_last,   NULL,    1000),
	COMMAND('b', 'r', 'p', "BRPOP",        block_last,   NULL,    1000),
	COMMAND('b', 'r', 'h', "BRPOPLPUSH",   block_last,   NULL,    1000),
	COMMAND('b', 'l', 'e', "BLMOVE",       block_last,   NULL,    1000),
	COMMAND('b', 'z', 'n', "BZPOPMIN",     block_last,   NULL,    1000),
	COMMAND('b', 'z', 'x', "BZPOPMAX",     block_last,   NULL,    1000),
	COMMAND('b', 'l', 'p', "BLMPOP",       block_first,  NULL,    1000),
	COMMAND('b', 'z', 'p', "BZMPOP",       block_first,  NULL,    1000),
	COMMAND('w', 'a', 't', "WAIT",         block_last,   NULL,    1),
	COMMAND('w', 'a', 'f', "WAITAOF",      block_last,   NULL,    1),
	COMMAND('x', 'r', 'd', "XREAD",        block_option, NULL,    1),
	COMMAND('x', 'r', 'p', "XREADGROUP",   block_option, NULL,    1),

	COMMAND('e', 'v', 'l', "EVAL",         mark,         NULL,    STAY_REDIS__TAG_SCRIPT),
	COMMAND('e', 'v', 'a', "EVALSHA",      mark,         NULL,    STAY_REDIS__TAG_SCRIPT),
	COMMAND('e', 'v', 'o', "EVAL_RO",      mark,         NULL,    STAY_REDIS__TAG_SCRIPT),
	COMMAND('e', 'v', 'o', "EVALSHA_RO",   mark,         NULL,    STAY_REDIS__TAG_SCRIPT),
	COMMAND('f', 'c', 'l', "FCALL",        mark,         NULL,    STAY_REDIS__TAG_SCRIPT),
	COMMAND('f', 'c', 'o', "FCALL_RO",     mark,         NULL,    STAY_REDIS__TAG_SCRIPT),

	COMMAND('m', 'u', 'i', "MULTI",        mark,         NULL,    STAY_REDIS__TAG_MULTI),
	COMMAND('e', 'x', 'c', "EXEC",         mark,         NULL,    STAY_REDIS__TAG_EXEC),
	COMMAND('d', 'i', 'd', "DISCARD",      mark,         NULL,    STAY_REDIS__TAG_EXEC),
};
/* clang-format on */

static unsigned
lower(char letter)
{
	return (unsigned char)letter | 0x20u;
}

enum stay_status
stay_redis__judge(struct stay_request *request, const char *bytes, size_t len)
{
	struct words words = { bytes, bytes + len };
	struct word name;
	const struct command *command;

	/* `*n\r\n`: n has one digit at least, and seldom more. */
	for (words.at += 2; *words.at != '\r'; words.at++)
		continue;
	words.at += 2;
	if (!next(&words, &name) || name.len < NAME_MIN)
		return STAY_OK;
	command = &commands[PLACE(name.len, lower(name.text[0]),
	    lower(name.text[1]), lower(name.text[name.len - 1]))];
	if (command->name == NULL ||
	    !is_word(&name, command->name, command->len))
		return STAY_OK;
	return command->judge(request, command, &words);
}
