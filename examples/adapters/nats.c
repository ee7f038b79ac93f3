/*
 * NATS (https://docs.nats.io/reference/reference-protocols/nats-protocol), as a stranger
 * to the library would write it.
 *
 * A question is a message whose answer goes to a subject of ours, an inbox. The end of
 * that subject is the tag of the call, so answers come in any order. Its front is the
 * session's own: an answer that is late is for no later session.
 */
#include "nats_inside.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX    65536
#define SUBJECT_MAX 1024
#define LEAVE_MS    2000 /* a lame duck lives for 10 s at least */
#define INBOX       "_INBOX.%016" PRIx64 /* a number of the session */
#define TAG         ".%08" PRIx32
#define TAG_LEN     9

/* ---- out ---- */

bool
nats_is_subject(const char *text)
{
	size_t len = 0;

	while ((unsigned char)text[len] > ' ' && text[len] != 0x7f)
		len++;
	return text[len] == '\0' && len > 0 && len <= SUBJECT_MAX;
}

/* A question has spaces where prepare will write its inbox. Until then the tag is the
 * length of the payload. */
static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct nats_request *nats = request->data;
	size_t len = nats->payload.len;

	if (!nats_is_subject(nats->subject))
		return STAY_E_ARG;
	if (nats->asks && nats_is_verbose(request->config))
		return STAY_E_UNSUPPORTED;
	if (nats->asks)
		request->flags = STAY_BY_TAG | STAY_MAY_GO_UNANSWERED;
	request->replies = nats->asks || nats_is_verbose(request->config);
	request->tag = len;
	if (stay_buf_printf(out, "PUB %s %*s %zu\r\n", nats->subject,
		nats->asks ? NATS_INBOX_LEN + TAG_LEN : 0, "",
		len) != STAY_OK ||
	    stay_buf_append(out, nats->payload.data, len) != STAY_OK)
		return STAY_E_TOO_BIG;
	return stay_buf_puts(out, "\r\n");
}

/* Only a session knows what its server takes, and where its inbox is. */
static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *call)
{
	const struct nats_session *nats = stay_session_data(session);
	char *inbox = strchr(call->bytes + strlen("PUB "), ' ') + 1;

	if (call->tag > nats->max_payload)
		return STAY_E_TOO_BIG;
	if ((call->flags & STAY_BY_TAG) == 0)
		return STAY_OK;
	call->tag = stay_session_free_tag(session, UINT32_MAX);
	if (call->tag == 0)
		return STAY_E_FULL;
	sprintf(inbox, "%s" TAG, nats->inbox, (uint32_t)call->tag);
	inbox[NATS_INBOX_LEN + TAG_LEN] = ' ';
	return STAY_OK;
}

/* ---- in ---- */

/* A lame duck is a server that will stop soon. It names the others of its cluster. */
static void
leave(struct stay_session *session, struct stay_bytes line)
{
	struct stay_bytes place = stay_bytes_until(
	    stay_bytes_behind(line, "\"connect_urls\":[\""), "\"");

	(void)stay_session_leave(session, place.data, place.len, LEAVE_MS);
}

/* Each session has an INFO of its own, since that names the client; so its hash (FNV-1a)
 * makes a name for the session. */
static void
name_inbox(struct nats_session *nats, struct stay_bytes line)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < line.len; i++)
		hash = (hash ^ (unsigned char)line.data[i]) * 1099511628211u;
	snprintf(nats->inbox, sizeof(nats->inbox), INBOX, hash);
}

/* hello waits for the first INFO. A later one says what has changed. */
static struct stay_frame
take_info(struct stay_session *session, struct stay_bytes in, size_t len)
{
	struct nats_session *nats = stay_session_data(session);
	const struct nats_config *config = stay_session_config(session);
	struct stay_bytes line = { in.data, len };
	struct stay_bytes max = stay_bytes_behind(line, "\"max_payload\":");

	if (!stay_bytes_number(stay_bytes_until(max, ",}"), 10, UINT64_MAX,
		&nats->max_payload) ||
	    !stay_bytes_has(line, "\"client_id\":") ||
	    !stay_bytes_has(line, "\"headers\":true"))
		return stay_frame_bad("a server that is older than 2.2");
	nats->wants_tls = stay_bytes_has(line, "\"tls_required\":true") ||
			  (config != NULL && config->secure &&
			      stay_bytes_has(line, "\"tls_available\":true"));
	if (!nats->greeted) {
		name_inbox(nats, line);
		return stay_frame_reply(len, NULL);
	}
	if (stay_bytes_has(line, "\"ldm\":true"))
		leave(session, line);
	return stay_frame_skip(len);
}

/* What to make of an error, whose words begin so. OK: the server goes on. Behind the
 * others it closes; of those, some would be the same in the next session. */
static const struct {
	const char *text;
	enum stay_status status;
} errors[] = {
	{ "permissions violation", STAY_OK },
	{ "invalid subject", STAY_OK },
	{ "maximum subscriptions", STAY_OK },
	{ "authorization violation", STAY_E_DENIED },
	{ "user authentication", STAY_E_DENIED },
	{ "account authentication", STAY_E_DENIED },
	{ "", STAY_E_NOT_READY },
};

/* To a verbose client an error is the reply, in place of +OK. But the loss of a right is
 * told unasked, and names the sid of a subscription. */
static struct stay_frame
take_error(struct stay_session *session, struct stay_bytes in, size_t len)
{
	struct nats_session *nats = stay_session_data(session);
	struct stay_bytes words = { in.data + 6, len - 9 };
	size_t i = 0;

	if (len < 9 || in.data[len - 3] != '\'')
		return stay_frame_bad("an error without an end");
	nats->message = (struct nats_message){ .payload = words };
	while (strncasecmp(
		   words.data, errors[i].text, strlen(errors[i].text)) != 0)
		i++;
	if (errors[i].status != STAY_OK)
		(void)stay_session_end(
		    session, errors[i].status, words.data, words.len);
	if (errors[i].status != STAY_OK || stay_bytes_has(words, "(sid") ||
	    !nats_is_verbose(stay_session_config(session)) ||
	    stay_session_awaits(session) == STAY_AWAITS_NOTHING)
		return stay_frame_aside(len, &nats->message);
	return stay_frame_with_text(
	    stay_frame_refused_for_good(len, &nats->message), words.data,
	    words.len);
}

static struct stay_frame
take_ping(struct stay_session *session, struct stay_bytes in, size_t len)
{
	(void)session;
	(void)in;
	return stay_frame_aside(len, NULL);
}

/* To answer our PING twice does no harm. */
static struct stay_frame
take_pong(struct stay_session *session, struct stay_bytes in, size_t len)
{
	const struct nats_session *nats = stay_session_data(session);

	(void)in;
	return nats->pings > 0 &&
		       stay_session_awaits(session) == STAY_AWAITS_CONTROL
		   ? stay_frame_reply(len, "PONG")
		   : stay_frame_skip(len);
}

static struct stay_frame
take_ok(struct stay_session *session, struct stay_bytes in, size_t len)
{
	(void)in;
	return stay_session_awaits(session) == STAY_AWAITS_NOTHING
		   ? stay_frame_bad("+OK to nothing")
		   : stay_frame_reply(len, NULL);
}

/* A message to the inbox. It may be late, or one of several: then its tag is not in use,
 * and it is skipped. */
static struct stay_frame
take_answer(struct stay_session *session, size_t len)
{
	const struct nats_session *nats = stay_session_data(session);
	const struct nats_message *answer = &nats->message;
	static const char nobody[] = "no responders";
	struct stay_frame frame = stay_frame_reply(len, answer);
	struct stay_bytes to = stay_bytes_behind(answer->subject, nats->inbox);
	struct stay_bytes tail = stay_bytes_behind(to, ".");
	uint64_t tag;

	if (answer->subject.len != NATS_INBOX_LEN + TAG_LEN ||
	    !stay_bytes_number(tail, 16, UINT32_MAX, &tag) ||
	    stay_session_tagged(session, tag) == NULL)
		return stay_frame_skip(len);
	if (answer->payload.len == 0 &&
	    stay_bytes_has(answer->headers, "NATS/1.0 503"))
		frame = stay_frame_with_text(
		    stay_frame_refused_for_good(len, answer), nobody,
		    strlen(nobody));
	return stay_frame_with_tag(frame, tag);
}

/* "MSG subject sid [reply-to] bytes", "HMSG subject sid [reply-to] headers bytes". */
static struct stay_frame
take_message(struct stay_session *session, struct stay_bytes in, size_t len)
{
	struct nats_session *nats = stay_session_data(session);
	struct nats_keep *keep = stay_session_keep(session);
	struct stay_bytes words[6], line = { in.data, len };
	size_t count = stay_bytes_words(line, words, 6);
	const size_t fixed = in.data[0] == 'H' ? 5 : 4;
	const char *body = in.data + len;
	uint64_t sid, all, headers = 0;

	if (count < fixed || count > fixed + 1 ||
	    !stay_bytes_number(words[2], 10, UINT64_MAX, &sid) ||
	    !stay_bytes_number(words[count - 1], 10, UINT32_MAX, &all) ||
	    (fixed == 5 &&
		!stay_bytes_number(words[count - 2], 10, all, &headers)))
		return stay_frame_bad("a message that makes no sense");
	len += all + 2;
	if (in.len < len)
		return stay_frame_more_of(len);
	if (memcmp(body + all, "\r\n", 2) != 0)
		return stay_frame_bad("a message that is longer than it says");
	nats->message = (struct nats_message){ .subject = words[1],
		.reply_to = count > fixed ? words[3] : stay_bytes_of(""),
		.headers = { body, headers },
		.payload = { body + headers, all - headers } };
	if (sid == 0)
		return take_answer(session, len);
	nats->slot = &keep->slots[sid % NATS_SLOTS];
	if (nats->slot->sid != sid || nats->slot->owner == NULL)
		return stay_frame_skip(len);
	return stay_frame_push(len, &nats->message);
}

/* What a line begins with, and who takes it, with `len` bytes of it. */
static const struct {
	const char *text;
	bool greets; /* it may come before we have said CONNECT */
	struct stay_frame (*take)(
	    struct stay_session *session, struct stay_bytes in, size_t len);
} verbs[] = {
	{ "MSG ", false, take_message },
	{ "HMSG ", false, take_message },
	{ "+OK\r", false, take_ok },
	{ "PING\r", false, take_ping },
	{ "PONG\r", false, take_pong },
	{ "INFO ", true, take_info },
	{ "-ERR '", true, take_error },
};

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct nats_session *nats = stay_session_data(session);
	size_t len = stay_bytes_line(in, &nats->seen);

	if (len > LINE_MAX || (len == 0 && in.len > LINE_MAX))
		return stay_frame_bad("a line that is too long");
	if (len == 0)
		return stay_frame_more();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (stay_bytes_begin(in, verbs[i].text) &&
		    in.data[len - 2] == '\r' &&
		    (nats->greeted || verbs[i].greets))
			return verbs[i].take(session, in, len);
	return stay_frame_bad("a line that is none of a NATS server");
}

/* ---- the control lane ---- */

static void
ping(struct stay_session *session)
{
	nats_say_all(session);
	nats_say_ping(session);
}

/* A member of a JSON object, if there is something to say. */
static bool
add_text(struct stay_buf *out, const char *key, const char *text)
{
	bool well = true;

	if (text[0] == '\0')
		return true;
	well = stay_buf_printf(out, ",\"%s\":\"", key) == STAY_OK;
	for (; well && *text != '\0'; text++)
		well = stay_buf_printf(out,
			   strchr("\"\\", *text) != NULL ||
				   iscntrl((unsigned char)*text)
			       ? "\\u%04x"
			       : "%c",
			   *text) == STAY_OK;
	return well && stay_buf_puts(out, "\"") == STAY_OK;
}

static struct stay_hello
say_hello(struct stay_session *session)
{
	const struct stay_url *url = stay_session_url(session);
	const bool verbose = nats_is_verbose(stay_session_config(session));
	struct nats_session *nats = stay_session_data(session);
	struct nats_keep *keep = stay_session_keep(session);
	struct stay_buf *out = stay_session_control(session);

	if (stay_buf_printf(out,
		"CONNECT {\"verbose\":%s,\"pedantic\":false,\"lang\":\"C\","
		"\"version\":\"%s\",\"protocol\":1,\"headers\":true,"
		"\"no_responders\":true",
		verbose ? "true" : "false", stay_version()) != STAY_OK ||
	    !add_text(out, url->password[0] != '\0' ? "user" : "auth_token",
		url->user) ||
	    !add_text(out, "pass", url->password) ||
	    stay_buf_printf(out, "}\r\nSUB %s.* 0\r\n", nats->inbox) !=
		STAY_OK ||
	    stay_session_expect(session, verbose ? 2 : 0) != STAY_OK)
		return stay_hello_retry("no memory for the greeting");
	nats->greeted = true;
	nats->owes_ping = true;
	keep->session = session;
	return stay_hello_up();
}

/* Asked when the stream is open, when INFO has come, and when the stream is TLS. */
static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	const struct nats_config *config = stay_session_config(session);
	const struct nats_session *nats = stay_session_data(session);
	bool in_clear = !stay_session_is_secure(session);

	(void)frame;
	if (nats->max_payload == 0)
		return stay_hello_wait();
	if (in_clear && nats->wants_tls)
		return stay_hello_secure();
	if (in_clear && config != NULL && config->secure)
		return stay_hello_denied("the server has no TLS");
	return say_hello(session);
}

/* A frame that is neither a message nor the reply to a call: PING, PONG, +OK, -ERR. */
static void
on_word(struct stay_session *session, const struct stay_frame *frame)
{
	struct nats_session *nats = stay_session_data(session);

	if (frame->reply == &nats->message)
		nats_take_error(session, nats->message.payload);
	else if (frame->reply != NULL)
		nats_take_pong(session);
	else if (frame->kind == STAY_FRAME_ASIDE &&
		 stay_buf_puts(stay_session_control(session), "PONG\r\n") ==
		     STAY_OK)
		(void)stay_session_expect(session, 0);
}

/* Calls flow when the server has all subscriptions. */
static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	const struct nats_session *nats = stay_session_data(session);

	if (frame != NULL)
		on_word(session, frame);
	nats_say_all(session);
	return nats->owes_ping || nats->pings > 0 ? stay_hello_wait()
						  : stay_hello_up();
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct nats_session *nats = stay_session_data(session);

	nats->slot->owner->on_message(nats->slot->owner, frame->reply);
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.prepare = prepare };

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = on_up,
	.on_down = nats_on_down,
	.on_control = on_word,
	.on_aside = on_word,
	.on_drained = nats_say_all,
	.ping = ping,
};

static const struct stay_keep_ops keep_ops = { STAY_KEEP_OPS,
	.wake = nats_wake };

const struct stay_protocol nats_protocol = {
	STAY_PROTOCOL,
	.name = "nats",
	.port = "4222",
	.session_size = sizeof(struct nats_session),
	.keep_size = sizeof(struct nats_keep),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.call = &call_ops,
	.session = &session_ops,
	.keep = &keep_ops,
};
