/*
 * Encodes a command from a format or from words, straight into the output. Only
 * spaces of the format itself separate words; a space behind a percent sign is
 * a flag, as in printf. This file does not know what a command means.
 */
#include "format.h"

#include <string.h>

#include "format_usual.h"

const bool stay_redis__ends[256] = {
	['\0'] = true, [' '] = true, ['%'] = true
};

const char stay_redis__word_is_null[] =
    "a word of the command is NULL (%s, or %b with a length)";

static const char *
put_literal(struct stay_redis__writer *writer, const char *at)
{
	const char *from = at;

	if (*at == '%')
		from = ++at;
	at = stay_redis__literal_end(at + 1);
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
		writer->why = stay_redis__word_is_null;
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
	const char *end = stay_redis__literal_end(at);

	if (*end != '%')
		return stay_redis__put_word(writer, at, (size_t)(end - at))
			   ? end
			   : NULL;
	if (stay_redis__is_alone(at, end))
		return put_alone(writer, at, arguments);
	return put_mixed(writer, at, arguments);
}

/* A function of its own, so that the short way does not pay for its writer. */
static __attribute__((noinline)) enum stay_status
write_any_format(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	static const char no_word[] = "the format of the command has no word";
	struct stay_redis__writer writer;
	size_t place, words = 0;

	stay_redis__writer_init(&writer, out);
	if (!stay_redis__gap(&writer, '*', &place))
		return writer.status;
	for (; *(format = stay_redis__skip_spaces(format)) != '\0'; words++) {
		format = put_word(&writer, format, arguments);
		if (format == NULL) {
			arguments->why = writer.why;
			return stay_redis__writer_cancel(
			    &writer, writer.status);
		}
	}
	if (words == 0) {
		arguments->why = no_word;
		return stay_redis__writer_cancel(&writer, STAY_E_FORMAT);
	}
	if (!stay_redis__fill_gap(&writer, place, words))
		return stay_redis__writer_cancel(&writer, writer.status);
	return stay_redis__writer_commit(&writer);
}

/* False: nothing was added. */
static bool
write_usual(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	char *start = stay_redis__room_at(out);
	char *end = stay_redis__put_usual(
	    start, stay_redis__room_there(out), format, arguments);

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

	if (format == NULL) {
		arguments->why = "the format of the command is NULL";
		return STAY_E_FORMAT;
	}
	va_copy(copy.list, arguments->list);
	is_usual = write_usual(out, format, &copy);
	va_end(copy.list);
	return is_usual ? STAY_OK : write_any_format(out, format, arguments);
}

/* False: nothing was added. */
static bool
write_few(struct stay_buf *out, size_t argc, const char *const *argv,
    const size_t *lens)
{
	char *start = stay_redis__room_at(out);
	char *end = stay_redis__put_few(
	    start, stay_redis__room_there(out), argc, argv, lens);

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
