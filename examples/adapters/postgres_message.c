/*
 * Messages of PostgreSQL: how they are written, and what those that come have in them.
 * This file does not know when which of them is due.
 */
#include "postgres_inside.h"

#include <stdio.h>
#include <string.h>

#define ABOUT_COLUMN 18 /* bytes behind the name of a column */

/* ---- out ---- */

enum stay_status
pg_make_room(struct stay_buf *out, size_t len)
{
	if (len > INT32_MAX || stay_buf_room(out) < len)
		return STAY_E_TOO_BIG;
	return stay_buf_reserve(out, len) != NULL ? STAY_OK : STAY_E_NOMEM;
}

size_t
pg_start(struct stay_buf *out, char type)
{
	if (type != 0)
		stay_buf_u8(out, (uint8_t)type);
	stay_buf_u32(out, 0);
	return stay_buf_len(out) - 4;
}

void
pg_finish(struct stay_buf *out, size_t at)
{
	stay_buf_set_u32(out, at, (uint32_t)(stay_buf_len(out) - at));
}

void
pg_put(struct stay_buf *out, char type, const void *body, size_t len)
{
	size_t at = pg_start(out, type);

	stay_buf_append(out, body, len);
	pg_finish(out, at);
}

struct stay_hello
pg_say(struct stay_session *session, char type, const void *body, size_t len,
    unsigned replies)
{
	struct stay_buf *out = stay_session_control(session);
	enum stay_status status = pg_make_room(out, len + 5);

	if (status == STAY_OK) {
		pg_put(out, type, body, len);
		status = stay_session_expect(session, replies);
	}
	return status == STAY_OK
		   ? stay_hello_wait()
		   : stay_hello_retry("no memory for what is to be said");
}

/* ---- out: a query with parameters ---- */

static void
put_param(struct stay_buf *out, struct stay_bytes param)
{
	stay_buf_u32(
	    out, param.data != NULL ? (uint32_t)param.len : UINT32_MAX);
	stay_buf_append(out, param.data, param.data != NULL ? param.len : 0);
}

void
pg_put_extended(struct stay_buf *out, const struct pg_request *pg)
{
	size_t at = pg_start(out, 'P');

	stay_buf_u8(out, 0);
	stay_buf_append(out, pg->sql, strlen(pg->sql) + 1);
	stay_buf_u16(out, 0);
	pg_finish(out, at);
	at = pg_start(out, 'B');
	stay_buf_u32(out, 0);
	stay_buf_u16(out, (uint16_t)pg->param_count);
	for (size_t i = 0; i < pg->param_count; i++)
		put_param(out, pg->params[i]);
	stay_buf_u16(out, 0);
	pg_finish(out, at);
	pg_put(out, 'D', "P", 2);
	pg_put(out, 'E', "\0\0\0\0", 5);
	pg_put(out, 'S', "", 0);
}

/* ---- in: fields ---- */

static struct stay_bytes
next_column(struct stay_reader *rest)
{
	struct stay_bytes name = stay_reader_string(rest);

	(void)stay_reader_bytes(rest, ABOUT_COLUMN);
	return name;
}

static struct stay_bytes
next_cell(struct stay_reader *rest)
{
	uint32_t len = stay_reader_u32(rest);

	return len == UINT32_MAX ? (struct stay_bytes){ NULL, 0 }
				 : stay_reader_bytes(rest, len);
}

/* Read so many fields. The last one is returned; `rest` is what stands behind it. */
static struct stay_bytes
read_fields(
    const struct pg_reply *reply, struct stay_reader *rest, size_t count)
{
	struct stay_bytes field = { NULL, 0 };

	*rest = stay_reader_of(reply->text);
	for (size_t i = 0; i < count && !rest->failed; i++)
		field =
		    reply->kind == PG_ROW ? next_cell(rest) : next_column(rest);
	return field;
}

struct stay_bytes
pg_field(const struct pg_reply *reply, size_t i)
{
	struct stay_reader rest;

	return read_fields(reply, &rest, i < reply->count ? i + 1 : 0);
}

bool
pg_fields_fit(const struct pg_reply *reply)
{
	struct stay_reader rest;

	(void)read_fields(reply, &rest, reply->count);
	return stay_reader_is_done(&rest);
}

/* ---- in: words ---- */

/* Fields in any order, each with a letter in front: C is the SQLSTATE, M the message, V
 * the severity. */
struct pg_words
pg_read_words(struct stay_reader body, enum pg_kind kind)
{
	struct pg_words words = { .reply = { .kind = kind,
				      .text = stay_bytes_of("") } };

	while (body.rest.len > 1) {
		char what = (char)stay_reader_u8(&body);
		struct stay_bytes text = stay_reader_string(&body);

		if (what == 'C')
			snprintf(words.reply.sqlstate,
			    sizeof(words.reply.sqlstate), "%s", text.data);
		else if (what == 'M')
			words.reply.text = text;
		else if (what == 'V')
			words.is_fatal = stay_bytes_is(text, "FATAL") ||
					 stay_bytes_is(text, "PANIC");
	}
	return words;
}

struct pg_reply
pg_read_notify(struct stay_reader *body)
{
	struct pg_reply reply = { .kind = PG_NOTIFY };

	reply.pid = stay_reader_u32(body);
	reply.name = stay_reader_string(body);
	reply.text = stay_reader_string(body);
	return reply;
}

/* ---- a copy of a reply ---- */

static const char *
move(char **to, struct stay_bytes text)
{
	char *copy = *to;

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	*to += text.len;
	return copy;
}

size_t
pg_retain(struct stay_session *session, struct stay_retain *keep)
{
	const struct pg_session *pg = stay_session_data(session);
	struct pg_reply *copy = keep->to;
	char *texts;

	if (keep->reply != &pg->reply)
		return 0;
	if (copy != NULL) {
		*copy = pg->reply;
		texts = (char *)(copy + 1);
		copy->text.data = move(&texts, pg->reply.text);
		copy->name.data = move(&texts, pg->reply.name);
		keep->kept = copy;
	}
	return sizeof(*copy) + pg->reply.text.len + pg->reply.name.len;
}
