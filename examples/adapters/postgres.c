/*
 * PostgreSQL, protocol 3.0, as an adapter:
 * https://www.postgresql.org/docs/current/protocol.html
 *
 * A message is a type, a length and a body. A query is answered by any number of them,
 * and ReadyForQuery is the last: that is the reply, which says what those before it have
 * shown. The messages that carry data are parts of it.
 */
#include "postgres_inside.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEAD_LEN    5
#define SSL_REQUEST "\x04\xd2\x16\x2f"

/* ---- out ---- */

/* What the answer will be read by, and what may be done with the call. A statement that
 * ends a transaction is done before the Sync behind it: so the server acts on parts. In
 * a group that is the COMMIT, which is a simple query. */
static void
describe(struct stay_request *request, const struct pg_request *pg)
{
	bool is_extended = pg->params != NULL;

	request->tag = pg->id << PG_ID_SHIFT;
	request->tag |= is_extended ? PG_EXTENDED : 0;
	request->tag |= strcasecmp(pg->sql, "COMMIT") == 0 ? PG_COMMIT : 0;
	if (is_extended && pg->id != 0)
		request->flags = STAY_ACTS_ON_PARTS;
	if (request->body != NULL && !is_extended) {
		request->tag |= PG_BODY;
		request->body->follows = request->body->stops = true;
		request->body->closing = (struct stay_bytes){ "c\0\0\0\4", 5 };
	}
}

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct pg_request *pg = request->data;
	size_t len = strlen(pg->sql) + 64;
	enum stay_status status;

	if (pg->param_count > UINT16_MAX)
		return STAY_E_ARG;
	for (size_t i = 0; i < pg->param_count && len <= INT32_MAX; i++)
		len += 4 + (pg->params[i].data != NULL ? pg->params[i].len : 0);
	status = pg_make_room(out, len);
	if (status != STAY_OK)
		return status;
	describe(request, pg);
	if (pg->params != NULL)
		pg_put_extended(out, pg);
	else
		pg_put(out, 'Q', pg->sql, strlen(pg->sql) + 1);
	return STAY_OK;
}

/* ---- in: data ---- */

/* A piece of the answer of a call; what we asked ourselves has none. */
static struct stay_frame
take_part(const struct pg_message *in, enum pg_kind kind)
{
	in->pg->reply =
	    (struct pg_reply){ .kind = kind, .text = in->body.rest };
	if (stay_session_awaits(in->session) == STAY_AWAITS_NOTHING)
		return stay_frame_bad("an answer to no query");
	if (stay_session_awaits(in->session) == STAY_AWAITS_CONTROL)
		return stay_frame_skip(in->len);
	return stay_frame_part(in->len, &in->pg->reply);
}

static struct stay_frame
take_fields(struct pg_message *in)
{
	uint16_t count = stay_reader_u16(&in->body);
	struct stay_frame frame =
	    take_part(in, in->type == 'D' ? PG_ROW : PG_COLUMNS);

	in->pg->reply.count = count;
	if (in->body.failed || !pg_fields_fit(&in->pg->reply))
		return stay_frame_bad("a row that is longer than its message");
	return frame;
}

static struct stay_frame
take_copy(struct pg_message *in)
{
	return take_part(in, PG_COPY);
}

static bool
is_rolled_back(const struct pg_session *pg, uint64_t tag)
{
	return (tag & PG_COMMIT) != 0 && strcmp(pg->tag, "ROLLBACK") == 0;
}

/* The server answers the COMMIT of what has failed with "ROLLBACK": that is no part, but
 * a refusal. */
static struct stay_frame
take_complete(struct pg_message *in)
{
	struct stay_frame frame = take_part(in, PG_COMPLETE);
	const uint64_t *tag = stay_session_oldest(in->session);

	in->pg->reply.text = stay_reader_string(&in->body);
	if (in->body.failed)
		return stay_frame_bad("a command tag without an end");
	snprintf(
	    in->pg->tag, sizeof(in->pg->tag), "%s", in->pg->reply.text.data);
	return tag != NULL && is_rolled_back(in->pg, *tag)
		   ? stay_frame_skip(in->len)
		   : frame;
}

static struct stay_frame
take_bound(struct pg_message *in)
{
	in->pg->is_bound = true;
	return stay_frame_skip(in->len);
}

/* ---- in: errors, and the end of an answer ---- */

static bool
is_class(const char *sqlstate, const char *class)
{
	return strncmp(sqlstate, class, strlen(class)) == 0;
}

/* The session ends with the server's words. To come back is of no use if they are about
 * the login (28), a database that is not there (3D), or a right (42). */
static struct stay_frame
end_session(const struct pg_message *in)
{
	const char *sqlstate = in->pg->sqlstate;
	bool for_good = is_class(sqlstate, "28") || is_class(sqlstate, "3D") ||
			is_class(sqlstate, "42");

	(void)stay_session_end(in->session,
	    for_good ? STAY_E_DENIED : STAY_E_NOT_READY, in->pg->error,
	    strlen(in->pg->error));
	return stay_frame_skip(in->len);
}

/* The words are kept until ReadyForQuery, unless the server ends the session: while it
 * greets every error does that. */
static struct stay_frame
take_error(struct pg_message *in)
{
	struct pg_session *pg = in->pg;
	struct pg_words words = pg_read_words(in->body, PG_ERROR);

	memcpy(pg->sqlstate, words.reply.sqlstate, sizeof(pg->sqlstate));
	snprintf(pg->error, sizeof(pg->error), "%.400s (%s)",
	    words.reply.text.data, pg->sqlstate);
	if (!pg->is_in || words.is_fatal)
		return end_session(in);
	if (stay_session_awaits(in->session) == STAY_AWAITS_NOTHING)
		return stay_frame_bad("an error of no query");
	pg->has_failed = true;
	return stay_frame_skip(in->len);
}

/* Whether the error proves that nothing of the call was executed, and if so, whether
 * another session would say the same. What failed in a transaction of this session must
 * not be done outside of it. If a part has come, of a statement before, the engine takes
 * no refusal for one. */
static enum stay_frame_kind
kind_of_error(const struct pg_session *pg, uint64_t tag)
{
	if (is_class(pg->sqlstate, "25006")) /* the server only reads */
		return STAY_FRAME_REFUSED;
	if (is_class(pg->sqlstate, "25P02") || /* the transaction has failed */
	    ((tag & PG_EXTENDED) != 0 && !pg->is_bound))
		return STAY_FRAME_REFUSED_FOR_GOOD;
	return STAY_FRAME_ERROR;
}

/* What became of a call. */
static struct stay_frame
result(struct pg_session *pg, size_t len, uint64_t tag)
{
	enum stay_frame_kind kind = STAY_FRAME_REPLY;
	const char *text = pg->tag;

	if (pg->has_failed) {
		kind = kind_of_error(pg, tag);
		text = pg->error;
	} else if (is_rolled_back(pg, tag)) {
		kind = STAY_FRAME_REFUSED_FOR_GOOD;
		text = "the transaction was rolled back";
	}
	pg->reply.text = stay_bytes_of(text);
	if (kind == STAY_FRAME_REPLY)
		return stay_frame_reply(len, &pg->reply);
	pg->reply.kind = PG_ERROR;
	memcpy(pg->reply.sqlstate, pg->sqlstate, sizeof(pg->sqlstate));
	return stay_frame_with_text(
	    stay_frame_of(kind, len, &pg->reply), text, strlen(text));
}

static struct stay_frame
take_ready(struct pg_message *in)
{
	struct pg_session *pg = in->pg;
	const uint64_t *tag = stay_session_oldest(in->session);
	bool is_probe = pg->is_over;
	char transaction = (char)stay_reader_u8(&in->body);

	if (!stay_reader_is_done(&in->body) || (!pg->is_in && pg->proves))
		return stay_frame_bad("ready, and no reason for it");
	pg->reply =
	    (struct pg_reply){ .kind = PG_DONE, .transaction = transaction };
	pg->is_over = true;
	if (tag != NULL)
		return result(pg, in->len, *tag);
	pg->is_in = true;
	return stay_frame_of(
	    pg->has_failed && !is_probe ? STAY_FRAME_ERROR : STAY_FRAME_REPLY,
	    in->len, NULL);
}

/* ---- in: the greeting, and what comes by itself ---- */

/* AuthenticationOk (0) asks for nothing. */
static struct stay_frame
take_login(struct pg_message *in)
{
	uint32_t wants = stay_reader_u32(&in->body);

	if (in->pg->is_in || in->body.failed)
		return stay_frame_bad("a login that nobody asked for");
	in->pg->wants = wants;
	in->pg->reply.text = in->body.rest;
	return wants == 0 ? stay_frame_skip(in->len)
			  : stay_frame_reply(in->len, NULL);
}

static struct stay_frame
take_key(struct pg_message *in)
{
	in->pg->pid = stay_reader_u32(&in->body);
	in->pg->secret = stay_reader_u32(&in->body);
	return in->body.failed ? stay_frame_bad("a key that is too short")
			       : stay_frame_skip(in->len);
}

static struct stay_frame
take_notify(struct pg_message *in)
{
	in->pg->reply = pg_read_notify(&in->body);
	return in->body.failed ? stay_frame_bad("a notification without an end")
			       : stay_frame_push(in->len, &in->pg->reply);
}

static struct stay_frame
take_notice(struct pg_message *in)
{
	in->pg->reply = pg_read_words(in->body, PG_NOTICE).reply;
	return stay_frame_push(in->len, &in->pg->reply);
}

static struct stay_frame
take_nothing(struct pg_message *in)
{
	return stay_frame_skip(in->len);
}

static const struct {
	const char *types;
	struct stay_frame (*take)(struct pg_message *in);
} takers[] = {
	{ "DT", take_fields },    /* DataRow, RowDescription */
	{ "Z", take_ready },      /* ReadyForQuery */
	{ "C", take_complete },   /* CommandComplete */
	{ "E", take_error },      /* ErrorResponse */
	{ "2", take_bound },      /* BindComplete */
	{ "d", take_copy },       /* CopyData */
	{ "G", pg_take_copy_in }, /* CopyInResponse */
	{ "A", take_notify },     /* NotificationResponse */
	{ "N", take_notice },     /* NoticeResponse */
	{ "R", take_login },      /* Authentication... */
	{ "K", take_key },        /* BackendKeyData */
	/* ParameterStatus, ParseComplete, NoData, EmptyQueryResponse, CopyOutResponse,
	 * CopyDone */
	{ "S1nIHc", take_nothing },
};

/* The answer to an SSLRequest is one byte. */
static struct stay_frame
take_tls(struct pg_session *pg, char answer)
{
	pg->wants = (uint32_t)answer;
	return answer == 'S' || answer == 'N'
		   ? stay_frame_reply(1, NULL)
		   : stay_frame_bad("no answer about TLS");
}

/* What is remembered of one answer is no matter of the next. */
static void
forget(struct pg_session *pg)
{
	pg->is_over = pg->is_bound = false;
	pg->has_asked = pg->has_failed = false;
	pg->tag[0] = pg->sqlstate[0] = '\0';
}

static struct stay_frame
take(struct pg_message *message)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (message->type != '\0' &&
		    strchr(takers[i].types, message->type) != NULL)
			return takers[i].take(message);
	return stay_frame_bad("a message of an unknown type");
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct pg_session *pg = stay_session_data(session);
	struct pg_message message = { session, pg, .type = in.data[0] };
	uint32_t len;

	if (pg->asks_tls)
		return take_tls(pg, message.type);
	if (in.len < HEAD_LEN)
		return stay_frame_more_of(HEAD_LEN);
	len = stay_bytes_u32(in.data + 1);
	if (len < 4 || len > INT32_MAX)
		return stay_frame_bad("a message of an impossible length");
	message.len = (size_t)len + 1;
	if (in.len < message.len)
		return stay_frame_more_of(message.len);
	message.body.rest = (struct stay_bytes){ in.data + HEAD_LEN, len - 4 };
	if (pg->is_over && message.type != 'Z')
		forget(pg);
	return take(&message);
}

/* ---- the session ---- */

/* The path of a URL without a host is that of a socket. */
static struct stay_hello
say_startup(struct stay_session *session)
{
	const struct stay_url *url = stay_session_url(session);
	char base[64], text[512];
	int len;

	if (stay_url_query(url, "database", base, sizeof(base)) < 0)
		snprintf(base, sizeof(base), "%s",
		    url->host[0] != '\0' && url->path[0] != '\0' ? url->path + 1
								 : "");
	len = snprintf(text, sizeof(text),
	    "%c%c%c%cuser%c%s%cdatabase%c%s%cclient_encoding%cUTF8%c", 0, 3, 0,
	    0, 0, url->user, 0, 0, base[0] != '\0' ? base : url->user, 0, 0, 0);
	if (url->user[0] == '\0')
		return stay_hello_denied("the URL names no user");
	if (len < 0 || (size_t)len >= sizeof(text))
		return stay_hello_denied("the URL has a name that is too long");
	return pg_say(session, 0, text, (size_t)len + 1, 1);
}

/* A stream opens, or has become TLS. With sslmode=require, nothing is said before the
 * server has agreed to TLS. */
static struct stay_hello
begin(struct stay_session *session, struct pg_session *pg)
{
	char mode[16];
	int len = stay_url_query(
	    stay_session_url(session), "sslmode", mode, sizeof(mode));

	if (len < 0 || strcmp(mode, "disable") == 0 ||
	    stay_session_is_secure(session))
		return say_startup(session);
	if (strcmp(mode, "require") != 0 && strcmp(mode, "verify-full") != 0)
		return stay_hello_denied("sslmode is none of disable, require "
					 "and verify-full");
	pg->asks_tls = true;
	return pg_say(session, 0, SSL_REQUEST, 4, 1);
}

static struct stay_hello
go_on_with_tls(struct pg_session *pg)
{
	pg->asks_tls = false;
	return pg->wants == 'S' ? stay_hello_secure()
				: stay_hello_denied("the server has no TLS");
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct pg_session *pg = stay_session_data(session);

	if (pg->is_in)
		return stay_hello_up();
	if (frame != NULL && pg->asks_tls)
		return go_on_with_tls(pg);
	if (frame != NULL || pg->later != NULL)
		return pg_log_in(session, frame);
	return begin(session, pg);
}

static void
ping(struct stay_session *session)
{
	(void)pg_say(session, 'S', "", 0, 1);
}

static void
bye(struct stay_session *session)
{
	(void)pg_say(session, 'X', "", 0, 0);
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.on_given_up = pg_on_given_up };

static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.on_up = pg_on_up, .ping = ping, .bye = bye };

static const struct stay_keep_ops keep_ops = { STAY_KEEP_OPS, .init = pg_init,
	.fini = pg_fini };

const struct stay_protocol pg_protocol = {
	STAY_PROTOCOL,
	.name = "postgres",
	.alias = "postgresql",
	.port = "5432",
	.session_size = sizeof(struct pg_session),
	.keep_size = sizeof(struct pg_keep),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = pg_on_push,
	.retain = pg_retain,
	.call = &call_ops,
	.session = &session_ops,
	.keep = &keep_ops,
};
