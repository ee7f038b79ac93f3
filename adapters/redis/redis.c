/*
 * The adapter's front: its vtable, and the functions of <stay/redis.h> that
 * wrap a client. What is written and read is the other files' business; here it
 * is only passed on.
 */
#include <stay/redis.h>

#include <string.h>

#include "command.h"
#include "config.h"
#include "format.h"
#include "greeter.h"
#include "tape.h"

/* The block that survives reconnects, for the tape: it is kept from reply to
 * reply. */
struct stay_redis {
	struct stay_client *client;
	struct stay_redis__parser parser;
};

/* What the caller submits: a format with its arguments, or words. */
struct request {
	const char *format;
	struct stay_redis__arguments *arguments;
	size_t argc;
	const char *const *argv;
	const size_t *lens;
};

/* ---- out ---- */

static enum stay_status
write_format(const struct request *request, struct stay_buf *out)
{
	struct stay_redis__arguments arguments;
	enum stay_status status;

	va_copy(arguments.list, request->arguments->list);
	status = stay_redis__write_format(out, request->format, &arguments);
	va_end(arguments.list);
	return status;
}

static enum stay_status
encode(struct stay_request *call, struct stay_buf *out)
{
	const struct request *request = call->data;
	size_t before = stay_buf_len(out);
	struct stay_bytes bytes;
	enum stay_status status;

	if (request->arguments != NULL)
		status = write_format(request, out);
	else
		status = stay_redis__write_argv(
		    out, request->argc, request->argv, request->lens);
	if (status != STAY_OK)
		return status;
	bytes = stay_buf_bytes(out);
	status =
	    stay_redis__judge(call, bytes.data + before, bytes.len - before);
	if (status != STAY_OK)
		stay_buf_cut(out, before);
	return status;
}

/* ---- in ---- */

/* What a session knows. */
struct talk {
	struct stay_redis__greeter greeter;
	bool in_multi; /* what is sent is queued, not executed */
};

/* The server did not even try. An error with these words that comes out of a
 * script may follow what the script did before. */
static bool
is_refusal(const struct stay_session *session, const char *text)
{
	static const char *const words[] = { "LOADING ", "READONLY ",
		"MASTERDOWN ", "TRYAGAIN " };
	const uint64_t *tag = stay_session_oldest(session);

	if (tag != NULL && *tag == STAY_REDIS__TAG_SCRIPT)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* MULTI is answered by OK if it opens a transaction; whatever EXEC and DISCARD
 * are answered, there is none behind them. */
static void
follow_multi(struct stay_session *session, unsigned type)
{
	struct talk *talk = stay_session_data(session);
	const uint64_t *tag = stay_session_oldest(session);

	if (tag == NULL)
		return;
	if (*tag == STAY_REDIS__TAG_MULTI && type != STAY_REDIS_ERROR)
		talk->in_multi = true;
	else if (*tag == STAY_REDIS__TAG_EXEC)
		talk->in_multi = false;
}

static struct stay_frame
frame_of(struct stay_session *session, const struct stay_redis__parser *parser)
{
	const struct stay_redis_reply *reply = stay_redis__parser_reply(parser);
	unsigned type = reply->type;

	if (type == STAY_REDIS_PUSH)
		return stay_frame_push(parser->pos, reply);
	if (type != STAY_REDIS_STRING)
		follow_multi(session, type);
	if (type != STAY_REDIS_ERROR)
		return stay_frame_reply(parser->pos, reply);
	return is_refusal(session, stay_redis_str(reply))
		   ? stay_frame_refused(parser->pos, reply)
		   : stay_frame_error(parser->pos, reply);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct stay_redis__parser *parser = &redis->parser;

	switch (
	    stay_redis__parse(parser, stay_session_input(session), in.len)) {
	case STAY_REDIS__WHOLE:
		return frame_of(session, parser);
	case STAY_REDIS__MORE:
		return stay_frame_more_of(stay_redis__parser_hope(parser));
	case STAY_REDIS__BAD:
		break;
	}
	return stay_frame_bad(parser->why);
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay_redis__config *config = stay_session_config(session);

	if (config->on_push != NULL)
		config->on_push(config->on_push_arg, stay_session_keep(session),
		    frame->reply);
}

static void
on_orphan(struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay_redis__config *config = stay_session_config(session);

	if (config->on_orphan != NULL)
		config->on_orphan(config->on_orphan_arg,
		    stay_session_keep(session), frame->reply);
}

static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	const struct stay_redis *redis = stay_session_keep(session);
	const struct stay_redis_reply *kept = NULL;
	size_t size = stay_redis__parser_copy(
	    &redis->parser, keep->reply, keep->moved, keep->to, &kept);

	keep->kept = kept;
	return size;
}

/* ---- a session ---- */

static void
set_bounds(struct stay_redis *redis, const struct stay_redis__config *config)
{
	redis->parser.depth_max = config->depth_max;
	redis->parser.elements_max = config->elements_max;
	redis->parser.text_max = config->text_max;
}

/* A session may have another config than the one before. */
static void
begin(struct stay_session *session)
{
	struct stay_redis *redis = stay_session_keep(session);

	stay_redis__parser_reset(&redis->parser);
	set_bounds(redis, stay_session_config(session));
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_redis *redis = stay_session_keep(session);
	struct talk *talk = stay_session_data(session);
	struct stay_hello answer;
	unsigned due;

	if (frame == NULL)
		begin(session);
	answer = stay_redis__greet(&talk->greeter, stay_session_config(session),
	    frame == NULL ? NULL : frame->reply, stay_session_control(session),
	    &due);
	if (due > 0 && stay_session_expect(session, due) != STAY_OK)
		return stay_hello_retry("no memory for the handshake");
	/* Few replies are as large as the server's about itself. */
	if (answer.kind == STAY_HELLO_UP)
		stay_redis__parser_fini(&redis->parser);
	return answer;
}

/* In a transaction it would be one of its commands. */
static void
ping(struct stay_session *session)
{
	const struct talk *talk = stay_session_data(session);

	if (talk->in_multi)
		return;
	if (stay_buf_puts(stay_session_control(session),
		"*1\r\n$4\r\nPING\r\n") == STAY_OK)
		(void)stay_session_expect(session, 1);
}

static enum stay_status
init(void *keep, const void *options, const struct stay_url *url)
{
	const struct stay_redis__config *config = options;
	struct stay_redis *redis = keep;

	(void)url;
	set_bounds(redis, config);
	return STAY_OK;
}

static void
fini(void *keep)
{
	struct stay_redis *redis = keep;

	stay_redis__parser_fini(&redis->parser);
}

static const struct stay_protocol protocol = {
	STAY_PROTOCOL,
	.name = "redis",
	.port = "6379",
	.session_size = sizeof(struct talk),
	.keep_size = sizeof(struct stay_redis),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.on_orphan = on_orphan,
	.ping = ping,
	.init = init,
	.fini = fini,
	.retain = retain,
};

/* ---- the connection ---- */

/* The caller's structs may be older and shorter than ours. */
static enum stay_status
take_options(
    struct stay_redis_options *own, const struct stay_redis_options *options)
{
	size_t client;

	memset(own, 0, sizeof(*own));
	if (options != NULL) {
		if (options->size == 0 || options->size > sizeof(*own))
			return STAY_E_ABI;
		memcpy(own, options, options->size);
	}
	client = own->client.size;
	if (client > sizeof(own->client))
		return STAY_E_ABI;
	if (client > 0)
		memset((char *)&own->client + client, 0,
		    sizeof(own->client) - client);
	own->client.size = sizeof(own->client);
	return STAY_OK;
}

/* Complete, and with a config of ours. */
static enum stay_status
prepare(struct stay_redis_options *own, const char *url,
    const struct stay_redis_options *options)
{
	const struct stay_redis__config *config;
	enum stay_status status = take_options(own, options);

	if (status == STAY_OK)
		status = stay_redis__config_new(&config, url, own);
	if (status != STAY_OK)
		return status;
	own->client.config = config;
	own->client.config_release = stay_redis__config_free;
	return STAY_OK;
}

enum stay_status
stay_redis_start(struct stay_redis **redis, struct stay_loop *loop,
    const char *url, const struct stay_redis_options *options)
{
	struct stay_redis_options own;
	struct stay_client *client;
	enum stay_status status = prepare(&own, url, options);

	*redis = NULL;
	if (status != STAY_OK)
		return status;
	status = stay_client_start(&client, loop, &protocol, url, &own.client);
	if (status != STAY_OK) {
		stay_redis__config_free(own.client.config);
		return status;
	}
	*redis = stay_client_keep(client);
	(*redis)->client = client;
	return STAY_OK;
}

enum stay_status
stay_redis_reconfigure(struct stay_redis *redis, const char *url,
    const struct stay_redis_options *options)
{
	struct stay_redis_options own;
	enum stay_status status = prepare(&own, url, options);

	if (status != STAY_OK)
		return status;
	status = stay_client_reconfigure(redis->client, url, &own.client);
	if (status != STAY_OK)
		stay_redis__config_free(own.client.config);
	return status;
}

void
stay_redis_stop(struct stay_redis *redis)
{
	stay_client_stop(redis->client, STAY_OK);
}

void
stay_redis_drain(struct stay_redis *redis, uint64_t budget_ms)
{
	stay_client_drain(redis->client, budget_ms);
}

struct stay_client *
stay_redis_client(struct stay_redis *redis)
{
	return redis->client;
}

struct stay_conn *
stay_redis_conn(struct stay_redis *redis)
{
	return stay_client_conn(redis->client);
}

/* ---- commands ---- */

static enum stay_status
submit(struct stay_redis *redis, const struct request *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	if (options == NULL)
		return stay_client_call(redis->client, request, done, arg);
	return stay_client_call_with(
	    redis->client, request, options, done, arg);
}

enum stay_status
stay_redis_vcommand(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list list)
{
	struct stay_redis__arguments arguments;
	struct request request = { .format = format, .arguments = &arguments };
	enum stay_status status;

	va_copy(arguments.list, list);
	status = submit(redis, &request, options, done, arg);
	va_end(arguments.list);
	return status;
}

enum stay_status
stay_redis_command(struct stay_redis *redis, stay_done_fn *done, void *arg,
    const char *format, ...)
{
	enum stay_status status;
	va_list list;

	va_start(list, format);
	status = stay_redis_vcommand(redis, NULL, done, arg, format, list);
	va_end(list);
	return status;
}

enum stay_status
stay_redis_command_with(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...)
{
	enum stay_status status;
	va_list list;

	va_start(list, format);
	status = stay_redis_vcommand(redis, options, done, arg, format, list);
	va_end(list);
	return status;
}

enum stay_status
stay_redis_argv(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t argc, const char *const *argv, const size_t *lens)
{
	struct request request = { .argc = argc, .argv = argv, .lens = lens };

	return submit(redis, &request, options, done, arg);
}
