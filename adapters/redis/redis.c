/*
 * The adapter: its vtable, and the functions of <stay/redis.h> that wrap a client. The
 * work is done by other files:
 *
 *	request     a call becomes bytes: prepared, or format, format_field,
 *	            format_writer
 *	front       how they are submitted: most of them in a shorter way
 *	commands    what a command means for the session that sends it
 *	body        a command whose last word comes from a callback
 *	group       several commands as one; multi, what EXEC makes of them
 *	script      a script by its digest, then by its source: script_words, sha1;
 *	            script_load, those that each session begins with
 *	session     frames that arrive, and which calls they answer
 *	replies     the same for most replies, shorter
 *	pieces      the same for a string that is taken in pieces
 *	reset       what calls leave behind in a session, and how it is undone
 *	greeting    how a session begins: greeting_steps, agreement
 *	subscriptions  channels over all reconnects; its head lists its files
 *	moving      a server that says that it moves
 *	sentinel    who says where the primary is; sentinel_url
 *	words       what a server's error words mean
 *	reply       the readers of a reply: reply_tape, which reply_parser and
 *	            reply_types make from bytes; what is usual is read by
 *	            reply_lone and reply_usual
 *	pool        how each connection of a pool is started
 *	config      the URL and the options, checked once
 *	number      numbers as Redis writes them
 */
#include <stay/redis.h>

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "request.h"
#include "reset.h"
#include "sentinel.h"
#include "session.h"
#include "start.h"
#include "subscriptions.h"

static void
fini(void *keep)
{
	struct stay_redis *redis = keep;

	stay_redis__session_fini(redis);
	free(redis->greeting);
	if (!redis->is_apart)
		stay_redis__hub_free(redis->hub);
}

static void
rest(void *keep)
{
	stay_redis__session_rest(keep);
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

	stay_redis__sentinel_drop(redis);
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

	if (redis->sentinels_left > 0)
		return true;
	return redis->hub != NULL && !redis->is_apart &&
	       (redis->hub->aparts > 0 || redis->hub->counts.subscriptions > 0);
}

/* What was learned was of before. */
static void
adopt(void *keep, void *fresh)
{
	struct stay_redis *redis = keep;

	(void)fresh;
	redis->lessons = (struct stay_redis__lessons){ 0 };
	redis->sentinels_are_old = true;
}

static const struct stay_call_ops call_ops = {
	STAY_CALL_OPS,
	.on_orphan = stay_redis__session_orphan,
	.name = stay_redis__name_call,
	.operation = stay_redis__operation,
};

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = stay_redis__session_up,
	.on_down = stay_redis__session_down,
	.on_control = stay_redis__session_control,
	.tick = stay_redis__session_tick,
	.ping = stay_redis__session_ping,
	.describe = stay_redis__session_describe,
	.replies = stay_redis__session_replies,
	.reset = stay_redis__session_reset,
};

/* Options of <stay/client.h> that were not taken from such a client have no config. */
static enum stay_status
need_config(void *keep, const void *config, const struct stay_url *url)
{
	(void)keep;
	(void)url;
	return config == NULL ? STAY_E_ARG : STAY_OK;
}

static const struct stay_keep_ops keep_ops = {
	STAY_KEEP_OPS,
	.init = need_config,
	.fini = fini,
	.rest = rest,
	.wake = wake,
	.end = end,
	.lingers = lingers,
	.adopt = adopt,
};

const struct stay_protocol stay_redis__protocol = {
	STAY_PROTOCOL,
	.flags = STAY_IN_PIECES,
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

/* The adapter reads replies under the program's bound, and the client those of the
 * greeting. Zero stands for the default, which is more. */
static void
leave_room_to_greet(struct stay_client_options *client)
{
	if (client->reply_bytes_max > 0 &&
	    client->reply_bytes_max < STAY_REDIS__GREETING_BYTES)
		client->reply_bytes_max = STAY_REDIS__GREETING_BYTES;
}

/* To the primary that the Sentinels name, and to no other server. */
static void
follow_sentinels(struct stay_redis__start *start)
{
	start->url = start->sentinels.front;
	start->options.role = STAY_REDIS_WANT_PRIMARY;
	start->options.client.endpoints = stay_redis__sentinel_find;
}

static enum stay_status
make_config(struct stay_loop *loop, struct stay_redis__start *start)
{
	struct stay_client_options *client = &start->options.client;
	enum stay_status status = stay_redis__config_new(
	    loop, &start->config, start->url, &start->options);

	if (status == STAY_OK && start->sentinels.front != NULL)
		status = stay_redis__config_add(
		    &start->config, start->sentinels.words);
	if (status != STAY_OK)
		return status;
	leave_room_to_greet(client);
	client->config = start->config;
	client->config_size = start->config->size;
	client->config_release = NULL;
	return STAY_OK;
}

enum stay_status
stay_redis__prepare(struct stay_loop *loop, struct stay_redis__start *start,
    const char *url, const struct stay_redis_options *options)
{
	enum stay_status status;

	memset(start, 0, sizeof(*start));
	start->url = url;
	status = take_options(&start->options, options);
	if (status == STAY_OK)
		status = stay_redis__sentinel_url_read(
		    loop, &start->sentinels, url, &start->options);
	if (status == STAY_OK && start->sentinels.front != NULL)
		follow_sentinels(start);
	return status == STAY_OK ? make_config(loop, start) : status;
}

void
stay_redis__prepared(struct stay_redis__start *start)
{
	stay_redis__config_free(start->config);
	stay_redis__sentinel_url_free(&start->sentinels);
}

enum stay_status
stay_redis_start(struct stay_redis **redis, struct stay_loop *loop,
    const char *url, const struct stay_redis_options *options)
{
	struct stay_redis__start start;
	struct stay_client *client;
	enum stay_status status =
	    stay_redis__prepare(loop, &start, url, options);

	*redis = NULL;
	if (status == STAY_OK)
		status = stay_client_start(&client, loop, &stay_redis__protocol,
		    start.url, &start.options.client);
	stay_redis__prepared(&start);
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
	struct stay_redis__start start;
	enum stay_status status =
	    stay_redis__prepare(loop, &start, url, options);

	if (status == STAY_OK)
		status = stay_client_reconfigure(
		    redis->client, start.url, &start.options.client);
	stay_redis__prepared(&start);
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
