/* The line protocol, and notes of what the engine asks of it. */
#include "line_protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line_kind.h"

void
line_note(struct line_notes *notes, const char *format, ...)
{
	size_t room = sizeof(notes->text) - notes->len;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(notes->text + notes->len, room, format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= room)
		abort();
	notes->len += (size_t)len;
}

static const struct line_config *
config_of(struct stay_session *session)
{
	return stay_session_config(session);
}

/* ---- out ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct line_request *line = request->data;
	enum stay_status status;

	request->replies = line->replies;
	request->flags = line->flags;
	request->blocks_ms = line->blocks_ms;
	request->tag = line->tag;
	if (line->text[0] == '\0')
		return STAY_OK;
	status = stay_buf_printf(
	    out, request->body == NULL ? "%s\n" : "%s", line->text);
	if (request->body != NULL) {
		request->body->follows = true;
		request->body->closing = (struct stay_bytes){ "\n", 1 };
	}
	return line->refuse != STAY_OK ? line->refuse : status;
}

/* ---- in ---- */

static void
scribble(struct stay_session *session, const char *from, size_t len)
{
	char *bytes = stay_session_input(session);

	if (!config_of(session)->scribbles)
		return;
	if (bytes != from)
		line_note(config_of(session)->notes, "other bytes;");
	memset(bytes, 'X', len);
}

static void
tell_oldest(struct stay_session *session)
{
	const uint64_t *tag = stay_session_oldest(session);

	if (!config_of(session)->tells_oldest)
		return;
	line_note(config_of(session)->notes, "oldest %d;",
	    tag == NULL ? -1 : (int)*tag);
}

/* A line that ends with '$' is the last of its session. */
static struct stay_frame
as_last(struct stay_frame frame)
{
	const char *text = frame.reply;

	return text[strlen(text) - 1] == '$' ? stay_frame_last(frame) : frame;
}

/* What the server says of an error is the line behind its kind. */
static struct stay_frame
with_words(struct stay_session *session, struct stay_frame frame)
{
	const char *text = frame.reply;

	if (!config_of(session)->tells_words ||
	    (frame.kind != STAY_FRAME_ERROR &&
		frame.kind != STAY_FRAME_REFUSED))
		return frame;
	return stay_frame_with_text(frame, text + 1, strlen(text + 1));
}

/* "the session ends: go away", in decode. */
static void
end_itself(struct stay_session *session, const char *text)
{
	const char *words = strstr(text, "ends: ");

	if (words != NULL)
		(void)stay_session_end(session, config_of(session)->ends_with,
		    words + strlen("ends: "), strlen(words) - strlen("ends: "));
}

/* "leave PLACE MS", in decode; of the place '-' the session has none. */
static void
leave_itself(struct stay_session *session, const char *text)
{
	const char *words = strstr(text, "leave "), *place, *end;
	enum stay_status status;

	if (words == NULL)
		return;
	place = words + strlen("leave ");
	end = strrchr(place, ' ');
	status = stay_session_leave(session, *place == '-' ? NULL : place,
	    (size_t)(end - place), strtoull(end, NULL, 10));
	if (status != STAY_OK)
		line_note(config_of(session)->notes, "leave %s;",
		    stay_status_name(status) + strlen("STAY_"));
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct line_session *line = stay_session_data(session);
	const char *end =
	    memchr(in.data + line->seen, '\n', in.len - line->seen);
	enum stay_frame_kind kind = line_kind_of(in.data[0]);
	size_t len;

	if (end == NULL) {
		line->seen = in.len;
		return stay_frame_more();
	}
	len = (size_t)(end - in.data);
	snprintf(line->text, sizeof(line->text), "%.*s", (int)len, in.data);
	line->seen = 0;
	line->frames++;
	tell_oldest(session);
	if (strstr(line->text, "renew") != NULL)
		stay_session_renew(session, "worth no more");
	end_itself(session, line->text);
	leave_itself(session, line->text);
	if (kind == STAY_FRAME_MORE)
		return stay_frame_reply(0, line->text);
	if (in.data[0] == '9')
		return stay_frame_reply(in.len + 1, line->text);
	if (kind == STAY_FRAME_BAD)
		return stay_frame_bad("a line of no kind");
	scribble(session, in.data, len);
	return as_last(
	    with_words(session, stay_frame_of(kind, len + 1, line->text)));
}

/* ---- the session ---- */

static enum stay_status
ask(struct stay_session *session, const char *text, unsigned replies)
{
	enum stay_status status;

	status = stay_buf_printf(stay_session_control(session), "%s\n", text);
	if (status != STAY_OK)
		return status;
	return stay_session_expect(session, replies);
}

/* Half a line, which nothing commits. */
static void
mumble(struct stay_session *session)
{
	if (config_of(session)->mumbles)
		(void)stay_buf_puts(stay_session_control(session), "half a ");
}

static struct stay_hello
judge(const struct stay_frame *frame)
{
	const char *text = frame->reply;

	if (frame->kind == STAY_FRAME_ERROR)
		return stay_hello_denied(text);
	if (frame->kind == STAY_FRAME_REFUSED)
		return stay_hello_retry(text);
	if (strcmp(text, "+bad") == 0)
		return stay_hello_bad("not this protocol");
	return strcmp(text, "+wait") == 0 ? stay_hello_wait() : stay_hello_up();
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_config *config = config_of(session);

	line_note(config->notes, "hello %s;",
	    frame == NULL ? "-" : (const char *)frame->reply);
	if (frame == NULL && config->hello != NULL &&
	    ask(session, config->hello, 1) != STAY_OK)
		return stay_hello_retry("no memory");
	mumble(session);
	if (frame != NULL)
		return judge(frame);
	if (config->hello == NULL && !config->speaks_first)
		return stay_hello_up();
	return stay_hello_wait();
}

static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_config *config = config_of(session);

	line_note(config->notes, frame == NULL ? "up;" : "up %s;",
	    frame == NULL ? "" : (const char *)frame->reply);
	if (config->on_up != NULL && frame == NULL &&
	    ask(session, config->on_up, 1) != STAY_OK)
		line_note(config->notes, "no memory;");
	mumble(session);
	return config->restore != NULL ? config->restore(session, frame)
				       : stay_hello_up();
}

static struct stay_hello
reset(struct stay_session *session)
{
	const struct line_config *config = config_of(session);

	line_note(config->notes, "reset;");
	return config->reset != NULL ? config->reset(session) : stay_hello_up();
}

static void
on_drained(struct stay_session *session)
{
	const struct line_config *config = config_of(session);

	line_note(config->notes, "drained;");
	if (config->on_drained != NULL)
		config->on_drained(session);
	mumble(session);
}

static void
on_down(struct stay_session *session, enum stay_status why)
{
	const struct line_config *config = config_of(session);

	line_note(
	    config->notes, "down %s;", stay_status_name(why) + strlen("STAY_"));
	if (config->on_down != NULL)
		config->on_down(session);
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_config *config = config_of(session);
	const char *text = frame->reply;

	line_note(config->notes, "push %s;", text);
	if (config->on_push != NULL)
		config->on_push(session, text);
	mumble(session);
}

static const char *
text_of(const struct stay_frame *frame)
{
	return frame->kind == STAY_FRAME_TOO_BIG ? "too big" : frame->reply;
}

static void
on_control(struct stay_session *session, const struct stay_frame *frame)
{
	line_note(config_of(session)->notes, "control %s;", text_of(frame));
	mumble(session);
}

static void
on_aside(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_config *config = config_of(session);

	line_note(config->notes, "aside %s;", (const char *)frame->reply);
	if (config->pong != NULL)
		(void)ask(session, config->pong, 0);
	mumble(session);
}

static void
on_orphan(struct stay_session *session, const struct stay_frame *frame)
{
	line_note(config_of(session)->notes, "orphan %s;", text_of(frame));
	mumble(session);
}

static void
tick(struct stay_session *session)
{
	const struct line_config *config = stay_session_config(session);

	line_note(config->notes, "tick;");
	if (config->on_tick != NULL)
		config->on_tick(session);
}

static void
ping(struct stay_session *session)
{
	const struct line_config *config = config_of(session);

	if (config->ping != NULL && ask(session, config->ping, 1) == STAY_OK)
		line_note(config->notes, "ping;");
	if (config->on_ping != NULL)
		config->on_ping(session);
	mumble(session);
}

static void
on_leaving(struct stay_session *session)
{
	const struct line_config *config = config_of(session);

	if (config->ends_long != NULL &&
	    ask(session, config->ends_long, 0) == STAY_OK)
		line_note(config->notes, "leaving;");
	if (config->on_leaving != NULL)
		config->on_leaving(session);
	mumble(session);
}

static void
bye(struct stay_session *session)
{
	const struct line_config *config = config_of(session);

	if (config->bye != NULL &&
	    ask(session, config->bye, config->bye_replies) == STAY_OK)
		line_note(config->notes, "bye;");
	mumble(session);
}

static enum stay_status
keep_init(void *keep, const void *config, const struct stay_url *url)
{
	const struct line_config *line = config;
	struct line_keep *kept = keep;

	memset(kept->mark, 'k', sizeof(kept->mark));
	kept->finis = line->finis;
	kept->rests = line->rests;
	kept->wakes = line->wakes;
	kept->notes = line->notes;
	snprintf(kept->host, sizeof(kept->host), "%s", url->host);
	line_note(line->notes, "init %s;", url->host);
	if (strcmp(url->user, "bad") == 0)
		return STAY_E_URL;
	if (line->inits != NULL)
		++*line->inits;
	return STAY_OK;
}

static void
keep_fini(void *keep)
{
	struct line_keep *kept = keep;

	++*kept->finis;
}

/* A block for a change has nothing of its own but the host. */
static void
keep_adopt(void *keep, void *fresh)
{
	struct line_keep *kept = keep, *made = fresh;

	line_note(made->notes, "adopt %s for %s;", made->host, kept->host);
	memcpy(kept->host, made->host, sizeof(kept->host));
}

static void
keep_rest(void *keep)
{
	struct line_keep *kept = keep;

	if (kept->rests != NULL)
		++*kept->rests;
}

static bool
keep_wake(void *keep)
{
	struct line_keep *kept = keep;

	line_note(kept->notes, "wake;");
	return kept->wakes != NULL && *kept->wakes > 0 && --*kept->wakes > 0;
}

static void
keep_end(void *keep, enum stay_status reason)
{
	struct line_keep *kept = keep;

	if (kept->wakes != NULL)
		line_note(kept->notes, "end %s;",
		    stay_status_name(reason) + strlen("STAY_"));
}

static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	size_t size = strlen(keep->reply) + 1;

	(void)session;
	if (keep->to != NULL)
		keep->kept = memcpy(keep->to, keep->reply, size);
	return size;
}

static int
name_call(uint64_t tag, char *text, size_t len)
{
	if (tag == 0)
		return 0;
	return snprintf(text, len, "call\t%d", (int)tag);
}

static int
describe(struct stay_session *session, char *text, size_t len)
{
	const struct line_config *config = config_of(session);

	return snprintf(
	    text, len, "%s", config->agreed != NULL ? config->agreed : "");
}

/* ---- the vtables ---- */

static const struct stay_call_ops call_ops = {
	STAY_CALL_OPS,
	.on_orphan = on_orphan,
	.name = name_call,
};

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = on_up,
	.on_down = on_down,
	.on_control = on_control,
	.on_aside = on_aside,
	.on_drained = on_drained,
	.ping = ping,
	.tick = tick,
	.bye = bye,
	.describe = describe,
	.reset = reset,
	.on_leaving = on_leaving,
};

static const struct stay_keep_ops keep_ops = {
	STAY_KEEP_OPS,
	.init = keep_init,
	.fini = keep_fini,
	.adopt = keep_adopt,
	.rest = keep_rest,
	.wake = keep_wake,
	.end = keep_end,
};

const struct stay_protocol line_protocol = {
	STAY_PROTOCOL,
	.name = "line",
	.port = "7777",
	.session_size = sizeof(struct line_session),
	.keep_size = sizeof(struct line_keep),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &call_ops,
	.session = &session_ops,
	.keep = &keep_ops,
};

const struct stay_protocol line_last_protocol = {
	STAY_PROTOCOL,
	.flags = STAY_LAST_FRAMES,
	.name = "line",
	.port = "7777",
	.session_size = sizeof(struct line_session),
	.keep_size = sizeof(struct line_keep),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &call_ops,
	.session = &session_ops,
	.keep = &keep_ops,
};

const struct stay_protocol line_bare_protocol = {
	STAY_PROTOCOL,
	.name = "line",
	.session_size = sizeof(struct line_session),
	.encode = encode,
	.decode = decode,
};

const struct stay_protocol line_parts_protocol = {
	STAY_PROTOCOL,
	.flags = STAY_ACTS_ON_PARTS,
	.name = "line",
	.session_size = sizeof(struct line_session),
	.encode = encode,
	.decode = decode,
};
