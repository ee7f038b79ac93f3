/*
 * The words of a script's call, as Redis wants them, behind a name and a digest or
 * source; and the answer that asks for the latter. This file knows neither clients nor calls.
 */
#include "script_words.h"

#include <stdio.h>

#include "format_writer.h"
#include "words.h"

static void
begin(struct stay_redis__script_words *words,
    const struct stay_redis_script *script)
{
	*words = (struct stay_redis__script_words){ .script = script };
	stay_buf_init(&words->words, 0);
	if (script != NULL && script->digest[0] != '\0')
		return;
	words->status = STAY_E_ARG;
	words->why = "the script was not made: stay_redis_script_init has "
		     "failed, or was not called";
}

/* Its header has the number of words. */
static void
take_header(struct stay_redis__script_words *words)
{
	struct stay_bytes all = stay_buf_bytes(&words->words);
	size_t at = 1;

	for (; all.data[at] != '\r'; at++)
		words->count = words->count * 10 + (size_t)(all.data[at] - '0');
	stay_buf_take(&words->words, at + 2);
}

void
stay_redis__script_from_format(struct stay_redis__script_words *words,
    const struct stay_redis_script *script, const char *format,
    struct stay_redis__arguments *arguments)
{
	begin(words, script);
	if (words->status != STAY_OK)
		return;
	arguments->why = NULL;
	words->status =
	    stay_redis__write_format(&words->words, format, arguments);
	words->why = arguments->why;
	if (words->status == STAY_OK)
		take_header(words);
}

static bool
put_number(struct stay_redis__writer *writer, size_t number)
{
	char text[STAY_REDIS__HEADER_MAX];
	int len = snprintf(text, sizeof(text), "%zu", number);

	return stay_redis__put_word(writer, text, (size_t)len);
}

static bool
put_word(struct stay_redis__writer *writer, const struct stay_bytes *word)
{
	if (word->data != NULL || word->len == 0)
		return stay_redis__put_word(writer, word->data, word->len);
	writer->status = STAY_E_ARG;
	writer->why = stay_redis__word_is_null;
	return false;
}

static bool
put_all(struct stay_redis__writer *writer, size_t keys, size_t count,
    const struct stay_bytes *list)
{
	if (!put_number(writer, keys))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!put_word(writer, &list[i]))
			return false;
	return true;
}

void
stay_redis__script_from_words(struct stay_redis__script_words *words,
    const struct stay_redis_script *script, size_t keys, size_t count,
    const struct stay_bytes *list)
{
	struct stay_redis__writer writer;

	begin(words, script);
	if (words->status == STAY_OK &&
	    (keys > count || (count > 0 && list == NULL))) {
		words->status = STAY_E_ARG;
		words->why = "a script is called with more keys than words";
	}
	if (words->status != STAY_OK)
		return;
	words->count = count + 1;
	stay_redis__writer_init(&writer, &words->words);
	words->status = put_all(&writer, keys, count, list)
			    ? stay_redis__writer_commit(&writer)
			    : writer.status;
	words->why = writer.why;
}

bool
stay_redis__script_is_lacked(const struct stay_redis_reply *reply)
{
	return stay_redis_type_of(reply) == STAY_REDIS_ERROR &&
	       stay_redis__word_of(stay_redis_str(reply))->meaning ==
		   STAY_REDIS__WORD_NO_SCRIPT;
}

/* ---- as a command ---- */

static const char *
name_of(const struct stay_redis__script_words *words)
{
	static const char *const names[2][2] = { { "EVALSHA", "EVAL" },
		{ "EVALSHA_RO", "EVAL_RO" } };

	return names[words->script->only_reads][words->is_whole];
}

static bool
put_text(struct stay_redis__writer *writer, const char *text)
{
	return stay_redis__put_word(writer, text, strlen(text));
}

enum stay_status
stay_redis__script_write(
    struct stay_buf *out, const struct stay_redis__script_words *words)
{
	struct stay_bytes rest = stay_buf_bytes(&words->words);
	struct stay_redis__writer writer;

	if (words->status != STAY_OK)
		return words->status;
	stay_redis__writer_init(&writer, out);
	if (!stay_redis__room(&writer, STAY_REDIS__HEADER_MAX))
		return stay_redis__writer_cancel(&writer, writer.status);
	writer.at = stay_redis__put_header(writer.at, '*', words->count + 2);
	if (!put_text(&writer, name_of(words)) ||
	    !put_text(&writer, words->is_whole ? words->script->source
					       : words->script->digest) ||
	    !stay_redis__put_bytes(&writer, rest.data, rest.len))
		return stay_redis__writer_cancel(&writer, writer.status);
	return stay_redis__writer_commit(&writer);
}
