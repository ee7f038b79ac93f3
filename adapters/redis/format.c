/*
 * Encodes a command from a format or from words, straight into the output. Only
 * spaces of the format itself separate words; a space behind a percent sign is
 * a flag, as in printf. This file does not know what a command means.
 */
#include "format.h"

#include <string.h>

#include "format_writer.h"

/* Words of fewer bytes, and fewer words, are few and short: a power of two. */
#define FEW_MAX 64u

/* What ends a literal text. */
static const bool ends[256] = { ['\0'] = true, [' '] = true, ['%'] = true };

static const char *
literal_end(const char *at)
{
	while (!ends[(unsigned char)*at])
		at++;
	return at;
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

/* Write a word that is "%s" or "%b" and nothing else. */
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
	if (end == at && (at[1] == 's' || at[1] == 'b') &&
	    (at[2] == ' ' || at[2] == '\0'))
		return put_alone(writer, at, arguments);
	return put_mixed(writer, at, arguments);
}

enum stay_status
stay_redis__write_format(struct stay_buf *out, const char *format,
    struct stay_redis__arguments *arguments)
{
	struct stay_redis__writer writer;
	size_t place, words = 0;

	if (format == NULL)
		return STAY_E_FORMAT;
	stay_redis__writer_init(&writer, out);
	if (!stay_redis__gap(&writer, '*', &place))
		return writer.status;
	for (;; words++) {
		while (*format == ' ')
			format++;
		if (*format == '\0')
			break;
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

/*
 * The short way of most commands: words so few and short that all headers are of the
 * kind that is copied, and room for them that is there. The sum of the lengths is
 * known before the first byte is written, so no word has to ask for room. False:
 * nothing was written.
 */
static bool
write_few(struct stay_buf *out, size_t argc, const char *const *argv,
    const size_t *lens)
{
	size_t sum = 0, any = 0;
	char *start, *at;

	if (argc >= FEW_MAX)
		return false;
	for (size_t i = 0; i < argc; i++) {
		if (argv[i] == NULL)
			return false;
		any |= lens[i];
		sum += lens[i];
	}
	if (any >= FEW_MAX || sum + (argc + 1) * STAY_REDIS__HEADER_MAX >
				  stay_redis__room_there(out))
		return false;
	start = out->data + out->tail;
	at = stay_redis__put_short_header(start, argc);
	*start = '*';
	for (size_t i = 0; i < argc; i++) {
		at = stay_redis__put_short_header(at, lens[i]);
		at = stay_redis__put_text(at, argv[i], lens[i]);
		at = stay_redis__put_crlf(at);
	}
	stay_buf_commit(out, (size_t)(at - start));
	return true;
}

/* An empty command is an error of the format: a server would not answer it. */
enum stay_status
stay_redis__write_argv(struct stay_buf *out, size_t argc,
    const char *const *argv, const size_t *lens)
{
	struct stay_redis__writer writer;

	if (argc == 0)
		return STAY_E_FORMAT;
	if (argv == NULL)
		return STAY_E_ARG;
	if (lens != NULL && write_few(out, argc, argv, lens))
		return STAY_OK;
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
