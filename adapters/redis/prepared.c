/*
 * Prepared commands: what never changes of one is encoded and judged when it is
 * prepared, and copied when it is sent. This file knows neither clients nor calls.
 */
#include "prepared.h"

#include <stay/protocol.h>

#include "commands.h"

/* ---- once ---- */

/* A word of the format. */
struct part {
	const char *text;
	size_t len;
};

/* What is fixed, as far as it is written. */
struct draft {
	/* The last header may be as long as any before it is found too long. */
	char text[STAY_REDIS_FIXED_MAX + STAY_REDIS__HEADER_MAX];
	char *at;
	char *piece; /* what is behind the last word that changes */
};

/* False: there is none left. */
static bool
next_part(const char **format, struct part *part)
{
	part->text = *format + strspn(*format, " ");
	part->len = strcspn(part->text, " ");
	*format = part->text + part->len;
	return part->len > 0;
}

static bool
changes(const struct part *part)
{
	return part->len == 2 && memcmp(part->text, "%b", 2) == 0;
}

static size_t
count_parts(const char *format)
{
	struct part part;
	size_t count = 0;

	while (next_part(&format, &part))
		count++;
	return count;
}

/* The piece ends here: next comes a word that changes, or the end. */
static void
end_piece(struct stay_redis_prepared *prepared, struct draft *draft)
{
	prepared->before[prepared->changing] =
	    (uint8_t)(draft->at - draft->piece);
	draft->piece = draft->at;
}

static enum stay_status
put_part(struct stay_redis_prepared *prepared, struct draft *draft,
    const struct part *part)
{
	if (changes(part)) {
		if (prepared->changing == STAY_REDIS_CHANGING_MAX)
			return STAY_E_TOO_BIG;
		end_piece(prepared, draft);
		prepared->changing++;
		return STAY_OK;
	}
	if (memchr(part->text, '%', part->len) != NULL)
		return STAY_E_FORMAT;
	if (part->len >
	    STAY_REDIS_FIXED_MAX - (size_t)(draft->at - draft->text))
		return STAY_E_TOO_BIG;
	draft->at = stay_redis__put_argument(draft->at, part->text, part->len);
	return draft->at - draft->text > STAY_REDIS_FIXED_MAX ? STAY_E_TOO_BIG
							      : STAY_OK;
}

static enum stay_status
write_fixed(struct stay_redis_prepared *prepared, const char *format)
{
	struct draft draft = { .piece = draft.text };
	enum stay_status status = STAY_OK;
	struct part part;

	draft.at = stay_redis__put_header(draft.text, '*', count_parts(format));
	while (status == STAY_OK && next_part(&format, &part))
		status = put_part(prepared, &draft, &part);
	if (status != STAY_OK)
		return status;
	end_piece(prepared, &draft);
	memcpy(prepared->fixed, draft.text, (size_t)(draft.at - draft.text));
	return STAY_OK;
}

static size_t
fixed_len(const struct stay_redis_prepared *prepared)
{
	size_t len = 0;

	for (size_t i = 0; i <= prepared->changing; i++)
		len += prepared->before[i];
	return len;
}

/* Of a command whose words matter more is known when they are there. */
static enum stay_status
judge(struct stay_redis_prepared *prepared)
{
	struct stay_request request = { .replies = 1 };
	size_t len = fixed_len(prepared);
	enum stay_status status =
	    stay_redis__classify(&request, prepared->fixed, len);

	prepared->flags = request.flags;
	prepared->tag = request.tag;
	prepared->is_judged = !stay_redis__sense_of(prepared->fixed).is_more;
	return status;
}

enum stay_status
stay_redis_prepare(struct stay_redis_prepared *prepared, const char *format)
{
	const char *rest = format;
	enum stay_status status;
	struct part name;

	memset(prepared, 0, sizeof(*prepared));
	if (format == NULL || !next_part(&rest, &name) || changes(&name))
		return STAY_E_FORMAT;
	status = write_fixed(prepared, format);
	if (status == STAY_OK)
		status = judge(prepared);
	if (status != STAY_OK)
		memset(prepared, 0, sizeof(*prepared));
	return status;
}

/* ---- often ---- */

/* False: nothing was added. */
static bool
write_short(struct stay_buf *out, const struct stay_redis_prepared *prepared,
    const struct stay_bytes *words)
{
	char *start = stay_redis__room_at(out);
	char *end = stay_redis__put_prepared(
	    start, stay_redis__room_there(out), prepared, words);

	if (end != NULL)
		stay_buf_commit(out, (size_t)(end - start));
	return end != NULL;
}

static bool
put_changing(struct stay_redis__writer *writer, const struct stay_bytes *word)
{
	if (word->data == NULL && word->len > 0) {
		writer->status = STAY_E_ARG;
		return false;
	}
	return stay_redis__put_word(writer, word->data, word->len);
}

/* A function of its own, so that the short way does not pay for its writer. */
static __attribute__((noinline)) enum stay_status
write_any(struct stay_buf *out, const struct stay_redis_prepared *prepared,
    const struct stay_bytes *words)
{
	struct stay_redis__writer writer;
	const char *fixed = prepared->fixed;

	stay_redis__writer_init(&writer, out);
	for (size_t i = 0; i <= prepared->changing; i++) {
		if (!stay_redis__put_bytes(
			&writer, fixed, prepared->before[i]) ||
		    (i < prepared->changing &&
			!put_changing(&writer, &words[i])))
			return stay_redis__writer_cancel(
			    &writer, writer.status);
		fixed += prepared->before[i];
	}
	return stay_redis__writer_commit(&writer);
}

enum stay_status
stay_redis__write_prepared(struct stay_buf *out,
    const struct stay_redis_prepared *prepared, size_t count,
    const struct stay_bytes *words)
{
	if (!stay_redis__is_prepared(prepared))
		return STAY_E_FORMAT;
	if (!stay_redis__has_its_words(prepared, count, words))
		return STAY_E_ARG;
	if (write_short(out, prepared, words))
		return STAY_OK;
	return write_any(out, prepared, words);
}
