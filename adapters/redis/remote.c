/* Commands from any thread: each is a request that is encoded there. */
#include <stay/redis_remote.h>

#include "format.h"
#include "request.h"
#include "session.h"

struct start {
	const char *url;
	const struct stay_redis_options *options;
};

static enum stay_status
start(void *arg, struct stay_loop *loop, struct stay_client **client)
{
	const struct start *wish = arg;
	struct stay_redis *redis;
	enum stay_status status =
	    stay_redis_start(&redis, loop, wish->url, wish->options);

	if (status == STAY_OK)
		*client = redis->client;
	return status;
}

enum stay_status
stay_redis_remote_start(struct stay_remote **remote, struct stay_runner *runner,
    const char *url, const struct stay_redis_options *options)
{
	struct start wish = { url, options };

	return stay_remote_start_by(remote, runner, start, &wish);
}

/* Its own pointer is set when a session is greeted: this may be earlier. */
struct stay_redis *
stay_redis_of(struct stay_client *client)
{
	struct stay_redis *redis;

	if (client == NULL)
		return NULL;
	redis = stay_client_keep(client);
	redis->client = client;
	return redis;
}

struct stay_future *
stay_redis_remote_vfuture(struct stay_remote *remote,
    const struct stay_call_options *options, const char *format, va_list list)
{
	struct stay_redis__arguments arguments;
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_FORMAT,
		.format = format,
		.arguments = &arguments
	};
	struct stay_future *future;

	va_copy(arguments.list, list);
	future = stay_remote_future(remote, &request, options);
	va_end(arguments.list);
	return future;
}

struct stay_future *
stay_redis_remote_future(struct stay_remote *remote, const char *format, ...)
{
	struct stay_future *future;
	va_list list;

	va_start(list, format);
	future = stay_redis_remote_vfuture(remote, NULL, format, list);
	va_end(list);
	return future;
}

struct stay_future *
stay_redis_remote_argv(struct stay_remote *remote,
    const struct stay_call_options *options, size_t argc,
    const char *const *argv, const size_t *lens)
{
	const struct stay_redis__request request = {
		.count = argc, .argv = argv, .lens = lens
	};

	return stay_remote_future(remote, &request, options);
}

struct stay_future *
stay_redis_remote_prepared(struct stay_remote *remote,
    const struct stay_redis_prepared *prepared,
    const struct stay_call_options *options, size_t count,
    const struct stay_bytes *words)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_PREPARED,
		.count = count,
		.prepared = prepared,
		.words = words
	};

	return stay_remote_future(remote, &request, options);
}

static enum stay_status
status_of(struct stay_future *future)
{
	enum stay_status status = stay_future_wait(future, STAY_FOREVER);

	return status == STAY_OK ? stay_future_result(future)->status : status;
}

/* Wait for it, and hand it out if the caller asks. */
static enum stay_status
finish(struct stay_future *own, struct stay_future **future)
{
	enum stay_status status = status_of(own);

	if (future != NULL)
		*future = own;
	else
		stay_future_free(own);
	return status;
}

enum stay_status
stay_redis_remote_wait(struct stay_remote *remote, struct stay_future **future,
    const char *format, ...)
{
	struct stay_future *own;
	va_list list;

	if (future != NULL)
		*future = NULL;
	if (stay_runner_is_here())
		return STAY_E_REENTRANT;
	va_start(list, format);
	own = stay_redis_remote_vfuture(remote, NULL, format, list);
	va_end(list);
	return finish(own, future);
}

/* ---- scripts ---- */

static struct stay_future *
send_script(
    struct stay_remote *remote, const struct stay_redis__script_words *words)
{
	const struct stay_redis__request request = {
		.form = STAY_REDIS__FORM_SCRIPT, .script = words
	};

	return stay_remote_future(remote, &request, NULL);
}

/* By its digest, and once the server has said that it lacks it, by its source. */
static struct stay_future *
call_script(struct stay_remote *remote, struct stay_redis__script_words *words)
{
	struct stay_future *future = send_script(remote, words);

	if (stay_future_wait(future, STAY_FOREVER) != STAY_OK ||
	    !stay_redis__script_is_lacked(stay_future_reply(future)))
		return future;
	stay_future_free(future);
	words->is_whole = true;
	return send_script(remote, words);
}

enum stay_status
stay_redis_remote_script_wait(struct stay_remote *remote,
    const struct stay_redis_script *script, struct stay_future **future,
    const char *format, ...)
{
	struct stay_redis__script_words words;
	struct stay_redis__arguments arguments;
	struct stay_future *own;

	if (future != NULL)
		*future = NULL;
	if (stay_runner_is_here())
		return STAY_E_REENTRANT;
	va_start(arguments.list, format);
	stay_redis__script_from_format(&words, script, format, &arguments);
	va_end(arguments.list);
	own = call_script(remote, &words);
	stay_buf_fini(&words.words);
	return finish(own, future);
}
