/*
 * The protocol of a pool: lines, as line.c's, whose requests say who has the session.
 * The server tells with each reply whose traces the session has; so what is given back
 * is made as new, or its session is replaced.
 *
 *	hello PASSWORD       +hello, -denied or !later
 *	ping, clean, bye     +pong, +clean, nothing
 *	VERB LEASE NUMBER    +NUMBER TRACES
 */
#include "pool_sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "line_kind.h"

const struct pool_shape pool_shapes[POOL_SHAPES] = {
	[POOL_DO] = { "do", 1, 0, false },
	[POOL_SET] = { "set", 1, 0, true },
	[POOL_QUIET] = { "quiet", 0, 0, false },
	[POOL_SLOW] = { "slow", 1, 2000, false },
};

struct pool_session {
	bool dirty;
	bool cleaned;
	struct pool_frame frame;
};

/* ---- requests and replies ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct lent_request *lent = request->data;
	const struct pool_shape *shape = &pool_shapes[lent->call->shape];

	request->replies = shape->replies;
	request->tag = lent->number;
	return stay_buf_printf(out, "%s %" PRIu64 " %" PRIu64 "\n", shape->verb,
	    lent->call->lease, lent->number);
}

static void
read_frame(struct pool_session *session, const char *text, size_t len)
{
	struct pool_frame *frame = &session->frame;
	size_t some = len < sizeof(frame->text) ? len : sizeof(frame->text) - 1;
	char all[64] = "", *rest;

	memcpy(frame->text, text, some);
	frame->text[some] = '\0';
	memcpy(all, text, len < sizeof(all) ? len : sizeof(all) - 1);
	frame->number = strtoull(all, &rest, 10);
	frame->traces = strtoull(rest, NULL, 10);
	session->dirty |= frame->traces != 0;
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct pool_session *data = stay_session_data(session);
	const char *end = memchr(in.data, '\n', in.len);
	enum stay_frame_kind kind = line_kind_of(in.data[0]);

	if (kind == STAY_FRAME_BAD || kind == STAY_FRAME_MORE)
		return stay_frame_bad("a line of no kind");
	if (end == NULL)
		return stay_frame_more();
	read_frame(data, in.data + 1, (size_t)(end - in.data) - 1);
	return stay_frame_of(kind, (size_t)(end - in.data) + 1, &data->frame);
}

/* ---- a session ---- */

static enum stay_status
ask(struct stay_session *session, const char *text, unsigned replies)
{
	enum stay_status status =
	    stay_buf_puts(stay_session_control(session), text);

	return status == STAY_OK ? stay_session_expect(session, replies)
				 : status;
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	char text[64];

	if (frame == NULL) {
		snprintf(text, sizeof(text), "hello %s\n",
		    stay_session_url(session)->password);
		return ask(session, text, 1) == STAY_OK
			   ? stay_hello_wait()
			   : stay_hello_retry("no memory");
	}
	if (frame->kind == STAY_FRAME_ERROR)
		return stay_hello_denied("denied");
	if (frame->kind == STAY_FRAME_REFUSED)
		return stay_hello_retry("later");
	return stay_hello_up();
}

static void
on_control(struct stay_session *session, const struct stay_frame *frame)
{
	struct pool_session *data = stay_session_data(session);
	const struct pool_frame *line = frame->reply;

	if (strcmp(line->text, "clean") == 0)
		data->cleaned = true;
}

static void
ping(struct stay_session *session)
{
	(void)ask(session, "ping\n", 1);
}

static void
bye(struct stay_session *session)
{
	(void)ask(session, "bye\n", 0);
}

/* What the last one has left is gone, or the session is. */
static struct stay_hello
clean(struct stay_session *session)
{
	struct pool_session *data = stay_session_data(session);

	if (data->dirty && !data->cleaned)
		return ask(session, "clean\n", 1) == STAY_OK
			   ? stay_hello_wait()
			   : stay_hello_retry("no memory to clean");
	data->dirty = data->cleaned = false;
	return stay_hello_up();
}

/* The session is replaced, or even the client. */
static struct stay_hello
replace(struct stay_session *session)
{
	const struct pool_session *data = stay_session_data(session);

	if (!data->dirty)
		return stay_hello_up();
	return draw_mille(the_run, 300) ? stay_hello_denied("nobody can")
					: stay_hello_retry("somebody was here");
}

/* ---- clients are counted ---- */

static enum stay_status
keep_init(void *keep, const void *config, const struct stay_url *url)
{
	(void)keep;
	(void)config;
	(void)url;
	the_run->pool->clients++;
	return STAY_OK;
}

static void
keep_fini(void *keep)
{
	(void)keep;
	the_run->pool->clients--;
}

static const struct stay_keep_ops keep_ops = {
	STAY_KEEP_OPS,
	.init = keep_init,
	.fini = keep_fini,
};

/* ---- three of them ---- */

/* clang-format off */
#define PROTOCOL(which, undoes)                                                 \
	static const struct stay_session_ops which##_ops = {                    \
		STAY_SESSION_OPS,                                              \
		.on_control = on_control,                                      \
		.ping = ping,                                                  \
		.bye = bye,                                                    \
		.reset = (undoes),                                             \
	};                                                                     \
	static const struct stay_protocol which##_protocol = {                  \
		STAY_PROTOCOL,                                                 \
		.name = "line",                                                \
		.port = "7777",                                                \
		.session_size = sizeof(struct pool_session),                   \
		.keep_size = 8,                                                \
		.encode = encode,                                              \
		.decode = decode,                                              \
		.hello = hello,                                                \
		.session = &which##_ops,                                        \
		.keep = &keep_ops,                                             \
	}
/* clang-format on */

PROTOCOL(clean_already, NULL);
PROTOCOL(cleaning, clean);
PROTOCOL(replacing, replace);

const struct stay_protocol *const pool_protocols[POOL_RESETS] = {
	[POOL_IS_CLEAN] = &clean_already_protocol,
	[POOL_CLEANS] = &cleaning_protocol,
	[POOL_REPLACES] = &replacing_protocol,
};
