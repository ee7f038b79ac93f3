/*
 * Encodes a command from a format or from words, straight into the output. Only
 * spaces of the format itself separate words; a space behind a percent sign is
 * a flag, as in printf. This file does not know what a command means.
 */
#include "format.h"

#include <string.h>

#include "format_writer.h"

/* Fewer words are few: their number has a header of the kind that is copied. */
#define FEW_MAX 64u

/* Compiled into the front's way and into that of a buffer, which are both short. */
#define TWICE static inline __attribute__((always_inline))

/* What ends a literal text. */
static const bool ends[256] = { ['\0'] = true, [' '] = true, ['%'] = true };

static inline const char *
literal_end(const char *at)
{
	while (!ends[(unsigned char)*at])
		at++;
	return at;
}

static inline const char *
skip_spaces(const char *at)
{
	while (*at == ' ')
		at++;
	return at;
}

/* Whether the word at `at`, which is a literal up to `end`, is "%s" or "%b" and nothing
 * else. */
static inline bool
is_alone(const char *at, const char *end)
{
	return at == end && (at[1] == 's' || at[1] == 'b') &&
	       (at[2] == ' ' || at[2] == '\0');
}

static const char *
put_literal(struct stay_redis__writer *writer, const char *at)
{
	const char *from = at;

	if (*at == '%')
		from = ++at;
	at = literal_end(at + 1);
	return stay_redis__put_bytes(writer, from, (size_t)(at - from)) ? at
									: NULL;
}

/* Write a word of several parts: its length is known only behind it. */
static const char *
put_mixed(struct stay_redis__writer *writer, const char *at,
    struct stay_redis__arguments *arguments)
{
	size_t place, text;

	if (!stay_redis__gap(writer, '$', &place))
		return NULL;
	text = stay_redis__writer_tell(writer);
	while (at != NULL && *at != ' ' && *at != '\0') {
		if (*at == '%' && at[1] != '%')
			at = stay_redis__put_field(writer, at + 1, arguments);
		else
			at = put_literal(writer, at);
	}
	if (at == NULL ||
	    !stay_redis__fill_gap(
		writer, place, stay_redis__writer_tell(writer) - text) ||
	    !stay_redis__put_bytes(writer, "\r\n", 2))
		return NULL;
	return at;
}

/* Write such a word. */
static const char *
put_alone(struct stay_redis__writer *writer, const char *at,
    struct stay_redis__arguments *arguments)
{
	const char *text = va_arg(arguments->list, const char *);
	size_t len = 0;

	if (at[1] == 'b')
		len = va_arg(arguments->list, size_t);
	else if (text != NULL)
		len = strlen(text);
	if (text == NULL && (at[1] == 's' || len > 0)) {
		writer->status = STAY_E_FORMAT;
		return NULL;
	}
	return stay_redis__put_word(writer, text, len) ? at + 2 : NULL;
}

/* Write one word; most are one literal or one string. Returns the end of the word in
 * the format, or NULL. */
static const char *
put_word(struct stay_redis__writer *writer, const char *at,
    struct stay_redis__arguments *arguments)
{
	const char *end = literal_end(at);

	if (*end != '%')
		return stay_redis__put_word(writer, at, (size_t)(end - at))
			   ? end
			   : NULL;
	if (is_alone(at, end))
		return put_alone(writer, at, arguments);
	return put_mixed(writer, at, arguments);
}

/* A function of its own, so that the short way does not pay for its writer. */
static __attribute__((noinline)) enum stay_status
write_any_format(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_redis__writer writer;
	size_t place, words = 0;

	stay_redis__writer_init(&writer, out);
	if (!stay_redis__gap(&writer, '*', &place))
		return writer.status;
	for (; *(format = skip_spaces(format)) != '\0'; words++) {
		format = put_word(&writer, format, arguments);
		if (format == NULL)
			return stay_redis__writer_cancel(
			    &writer, writer.status);
	}
	if (words == 0)
		return stay_redis__writer_cancel(&writer, STAY_E_FORMAT);
	if (!stay_redis__fill_gap(&writer, place, words))
		return stay_redis__writer_cancel(&writer, writer.status);
	return stay_redis__writer_commit(&writer);
}

/* No word is as long: it is neither one literal nor one string. */
#define UNUSUAL SIZE_MAX

/* Find a word, and return its end in the format. */
static inline const char *
find_usual(const char *at, struct stay_redis__arguments *arguments,
    struct stay_bytes *word)
{
	const char *end = *at == '%' ? at : literal_end(at + 1);

	*word = (struct stay_bytes){ at, (size_t)(end - at) };
	if (*end != '%')
		return end;
	word->len = UNUSUAL;
	if (!is_alone(at, end))
		return end;
	word->data = va_arg(arguments->list, const char *);
	if (word->data == NULL)
		return end;
	word->len = end[1] == 'b' ? va_arg(arguments->list, size_t)
				  : strlen(word->data);
	return end + 2;
}

/* Each word is a literal or a string; where the next byte goes is in a register. */
TWICE char *
put_usual(char *start, size_t room, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_bytes word;
	const char *last;
	size_t words = 0;
	char *at;

	if (room < 2 * STAY_REDIS__SHORT_ROOM)
		return NULL;
	at = start + STAY_REDIS__GAP;
	last = start + room - STAY_REDIS__SHORT_ROOM;
	while (*(format = skip_spaces(format)) != '\0') {
		format = find_usual(format, arguments, &word);
		if (word.len >= STAY_REDIS__SHORT_MAX || at > last)
			return NULL;
		at = stay_redis__put_short_argument(at, word.data, word.len);
		words++;
	}
	if (words == 0 || words > 9)
		return NULL;
	memcpy(start, "*0\r\n", STAY_REDIS__GAP);
	start[1] = (char)('0' + words);
	return at;
}

char *
stay_redis__put_usual(char *start, size_t room, const char *format,
    struct stay_redis__arguments *arguments)
{
	return put_usual(start, room, format, arguments);
}

/* False: nothing was added. */
static bool
write_usual(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	char *start = stay_redis__room_at(out);
	char *end =
	    put_usual(start, stay_redis__room_there(out), format, arguments);

	if (end != NULL)
		stay_buf_commit(out, (size_t)(end - start));
	return end != NULL;
}

enum stay_status
stay_redis__write_format(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_redis__arguments copy;
	bool is_usual;

	if (format == NULL)
		return STAY_E_FORMAT;
	va_copy(copy.list, arguments->list);
	is_usual = write_usual(out, format, &copy);
	va_end(copy.list);
	return is_usual ? STAY_OK : write_any_format(out, format, arguments);
}

/* Room is asked for once, and nothing is called: all that it needs is in registers. */
TWICE char *
put_few(char *start, size_t room, size_t argc, const char *const *argv,
    const size_t *lens)
{
	const char *last;
	char *at;

	if (argc >= FEW_MAX || room < 2 * STAY_REDIS__SHORT_ROOM)
		return NULL;
	last = start + room - STAY_REDIS__SHORT_ROOM;
	at = stay_redis__put_short_header(start, argc);
	*start = '*';
	for (size_t i = 0; i < argc; i++) {
		if (lens[i] >= STAY_REDIS__SHORT_MAX || argv[i] == NULL ||
		    at > last)
			return NULL;
		at = stay_redis__put_short_argument(at, argv[i], lens[i]);
	}
	return at;
}

char *
stay_redis__put_few(char *start, size_t room, size_t argc,
    const char *const *argv, const size_t *lens)
{
	return put_few(start, room, argc, argv, lens);
}

/* False: nothing was added. */
static bool
write_few(struct stay_buf *out, size_t argc, const char *const *argv,
    const size_t *lens)
{
	char *start = stay_redis__room_at(out);
	char *end =
	    put_few(start, stay_redis__room_there(out), argc, argv, lens);

	if (end != NULL)
		stay_buf_commit(out, (size_t)(end - start));
	return end != NULL;
}

/* A function of its own, so that the short way does not pay for its writer. */
static __attribute__((noinline)) enum stay_status
write_any(struct stay_buf *out, size_t argc, const char *const *argv,
    const size_t *lens)
{
	struct stay_redis__writer writer;

	stay_redis__writer_init(&writer, out);
	if (!stay_redis__room(&writer, STAY_REDIS__HEADER_MAX))
		return writer.status;
	writer.at = stay_redis__put_header(writer.at, '*', argc);
	for (size_t i = 0; i < argc; i++) {
		if (argv[i] == NULL && (lens == NULL || lens[i] > 0))
			return stay_redis__writer_cancel(&writer, STAY_E_ARG);
		if (!stay_redis__put_word(&writer, argv[i],
			lens == NULL ? strlen(argv[i]) : lens[i]))
			return stay_redis__writer_cancel(
			    &writer, writer.status);
	}
	return stay_redis__writer_commit(&writer);
}

/* An empty command is an error of the format: a server would not answer it. */
enum stay_status
stay_redis__write_argv(struct stay_buf *out, size_t argc,
    const char *const *argv, const size_t *lens)
{
	if (argc == 0)
		return STAY_E_FORMAT;
	if (argv == NULL)
		return STAY_E_ARG;
	if (lens != NULL && write_few(out, argc, argv, lens))
		return STAY_OK;
	return write_any(out, argc, argv, lens);
}
