/*
 * The front of the adapter: its vtable, and the functions of <stay/redis.h>
 * that wrap a client. The work is done by other files:
 *
 *	request     a call becomes bytes: format, format_field, format_writer
 *	commands    what a command means for the session that sends it
 *	group       several commands as one; multi, what EXEC makes of them
 *	session     frames that arrive, and which calls they answer
 *	greeting    how a session begins: greeting_steps, agreement
 *	subscriptions  channels over all reconnects; its head lists its files
 *	words       what a server's error words mean
 *	reply       the readers of a reply: reply_tape, which reply_parser and
 *	            reply_types make from bytes; what is usual is read by
 *	            reply_lone and reply_usual
 *	config      the URL and the options, checked once
 *	number      numbers as Redis writes them
 */
#include <stay/redis.h>

#include <string.h>

#include "commands.h"
#include "config.h"
#include "request.h"
#include "session.h"
#include "subscriptions.h"

static void
fini(void *keep)
{
	struct stay_redis *redis = keep;

	stay_redis__parser_fini(&redis->parser);
	if (!redis->is_apart)
		stay_redis__hub_free(redis->hub);
}

static void
rest(void *keep)
{
	struct stay_redis *redis = keep;

	stay_redis__parser_rest(&redis->parser);
}

static bool
wake(void *keep)
{
	struct stay_redis__hub *hub = ((struct stay_redis *)keep)->hub;

	if (hub == NULL)
		return false;
	if (hub->carrier == NULL)
		stay_redis__apart_choose(
		    hub, stay_client_session(hub->front->client));
	stay_redis__hub_pump(hub);
	return stay_redis__tell_due(hub);
}

static void
end(void *keep, enum stay_status reason)
{
	struct stay_redis *redis = keep;

	if (redis->hub == NULL || redis->is_apart)
		return;
	redis->hub->ended = true;
	stay_redis__apart_drop(redis->hub);
	stay_redis__end_all(redis->hub, reason);
}

static bool
lingers(const void *keep)
{
	const struct stay_redis *redis = keep;

	return redis->hub != NULL && !redis->is_apart &&
	       (redis->hub->aparts > 0 || redis->hub->counts.subscriptions > 0);
}

static const struct stay_call_ops call_ops = {
	STAY_CALL_OPS,
	.on_orphan = stay_redis__session_orphan,
	.name = stay_redis__name_call,
};

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = stay_redis__session_up,
	.on_down = stay_redis__session_down,
	.on_control = stay_redis__session_control,
	.tick = stay_redis__session_tick,
	.ping = stay_redis__session_ping,
	.describe = stay_redis__session_describe,
};

static const struct stay_keep_ops keep_ops = {
	STAY_KEEP_OPS,
	.fini = fini,
	.rest = rest,
	.wake = wake,
	.end = end,
	.lingers = lingers,
};

static const struct stay_protocol protocol = {
	STAY_PROTOCOL,
	.name = "redis",
	.alias = "valkey",
	.port = "6379",
	.session_size = sizeof(struct stay_redis__session),
	.keep_size = sizeof(struct stay_redis),
	.encode = stay_redis__request_encode,
	.decode = stay_redis__session_decode,
	.hello = stay_redis__session_hello,
	.on_push = stay_redis__session_push,
	.retain = stay_redis__session_retain,
	.call = &call_ops,
	.session = &session_ops,
	.keep = &keep_ops,
};

/* ---- the connection ---- */

/* The program's structs may be older, and so shorter, than the library's. */
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

/* Fill `own`: the program's options, complete, and a config of the adapter's, which
 * the client copies. */
static enum stay_status
prepare(struct stay_loop *loop, struct stay_redis_options *own,
    struct stay_redis__config **config, const char *url,
    const struct stay_redis_options *options, uint32_t change)
{
	enum stay_status status = take_options(own, options);

	*config = NULL;
	if (status == STAY_OK)
		status = stay_redis__config_new(loop, config, url, own, change);
	if (status != STAY_OK)
		return status;
	own->client.config = *config;
	own->client.config_size = (*config)->size;
	own->client.config_release = NULL;
	return STAY_OK;
}

enum stay_status
stay_redis_start(struct stay_redis **redis, struct stay_loop *loop,
    const char *url, const struct stay_redis_options *options)
{
	struct stay_redis_options own;
	struct stay_redis__config *config;
	struct stay_client *client;
	enum stay_status status = prepare(loop, &own, &config, url, options, 0);

	*redis = NULL;
	if (status == STAY_OK)
		status = stay_client_start(
		    &client, loop, &protocol, url, &own.client);
	stay_redis__config_free(config);
	if (status != STAY_OK)
		return status;
	*redis = stay_client_keep(client);
	(*redis)->client = client;
	return STAY_OK;
}

enum stay_status
stay_redis_reconfigure(struct stay_redis *redis, const char *url,
    const struct stay_redis_options *options)
{
	struct stay_loop *loop = stay_conn_loop(stay_redis_conn(redis));
	struct stay_redis_options own;
	struct stay_redis__config *config;
	enum stay_status status =
	    prepare(loop, &own, &config, url, options, ++redis->changes);

	if (status == STAY_OK)
		status =
		    stay_client_reconfigure(redis->client, url, &own.client);
	stay_redis__config_free(config);
	if (status == STAY_OK && redis->hub != NULL)
		stay_redis__apart_drop(redis->hub);
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

/* The program's struct may be older, and so shorter, than the library's; or newer. */
void
stay_redis_get_agreement(
    const struct stay_redis *redis, struct stay_redis_agreement *agreement)
{
	struct stay_redis_agreement all = { .size = agreement->size,
		.protocol = redis->agreed.protocol,
		.role = redis->agreed.role,
		.server = redis->agreed.server,
		.version = redis->agreed.version };
	size_t size = agreement->size;

	memcpy(agreement, &all, size < sizeof(all) ? size : sizeof(all));
}

/* ---- commands ---- */

static enum stay_status
submit(struct stay_redis *redis, const struct stay_redis__request *request,
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
	struct stay_redis__request request = { .format = format,
		.arguments = &arguments };
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
	struct stay_redis__request request = {
		.argc = argc, .argv = argv, .lens = lens
	};

	return submit(redis, &request, options, done, arg);
}
