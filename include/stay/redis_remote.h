/*
 * stay/redis_remote.h - commands of Redis, from any thread. Many threads share one
 * connection, and each asks as if it were alone:
 *
 *	struct stay_runner *runner;
 *	struct stay_remote *redis;
 *
 *	if (stay_runner_start(&runner, NULL) != STAY_OK ||
 *	    stay_redis_remote_start(
 *		&redis, runner, "redis://localhost", NULL) != STAY_OK)
 *		return 1;
 *	...in any thread:
 *	struct stay_future *value;
 *
 *	if (stay_redis_remote_wait(redis, &value, "GET greeting") == STAY_OK)
 *		puts(stay_redis_str(stay_future_reply(value)));
 *	else
 *		puts(stay_future_why(value));
 *	stay_future_free(value);
 *	...in the end:
 *	stay_remote_free(redis);
 *	stay_runner_free(runner);
 *
 * It is <stay/redis_future.h> for programs with threads: the functions of that header
 * have `_remote` in their names here. What holds for runners, remotes and threads is in
 * <stay/runner.h>. To subscribe, or for anything else of <stay/redis.h>, there is
 * stay_remote_do:
 *
 *	static void
 *	subscribe(void *arg, struct stay_client *client)
 *	{
 *		struct news *news = arg;
 *
 *		news->status = client == NULL ? STAY_E_STOPPED
 *		    : stay_redis_subscribe(stay_redis_of(client),
 *			&news->options, &news->subscription);
 *	}
 */
#ifndef STAY_REDIS_REMOTE_H
#define STAY_REDIS_REMOTE_H

#include <stay/redis.h>
#include <stay/redis_prepared.h>
#include <stay/redis_script.h>
#include <stay/runner.h>

STAY_BEGIN

/* As stay_redis_start, on a loop of the runner; see stay_remote_start. */
STAY_API STAY_USE enum stay_status stay_redis_remote_start(
    struct stay_remote **remote, struct stay_runner *runner, const char *url,
    const struct stay_redis_options *options);

/*
 * Submit a command and wait until it has completed, as stay_redis_command_wait. The
 * remote is one of stay_redis_remote_start, here and below. *future is how it ended,
 * for stay_future_free, whatever is returned; NULL: the caller does not ask.
 * Returns the status of the result; STAY_E_REENTRANT on a thread of a runner: nothing
 * was submitted, and *future is NULL.
 */
STAY_API enum stay_status stay_redis_remote_wait(struct stay_remote *remote,
    struct stay_future **future, const char *format, ...);

/* Submit a command and do not wait: see stay_remote_future. */
STAY_API struct stay_future *stay_redis_remote_future(
    struct stay_remote *remote, const char *format, ...);
/* The same with options for this one call, which may be NULL. */
STAY_API struct stay_future *stay_redis_remote_vfuture(
    struct stay_remote *remote, const struct stay_call_options *options,
    const char *format, va_list arguments);
/* From words, as stay_redis_argv takes them; and prepared, as stay_redis_call. */
STAY_API struct stay_future *stay_redis_remote_argv(struct stay_remote *remote,
    const struct stay_call_options *options, size_t argc,
    const char *const *argv, const size_t *lens);
STAY_API struct stay_future *stay_redis_remote_prepared(
    struct stay_remote *remote, const struct stay_redis_prepared *prepared,
    const struct stay_call_options *options, size_t count,
    const struct stay_bytes *words);

/*
 * Call a script, as stay_redis_script_command, and wait until it has completed, as
 * stay_redis_remote_wait. Here each of its two requests has call_timeout_ms. To call one
 * with options, or without waiting, use stay_redis_script_command in a stay_remote_do.
 */
STAY_API enum stay_status stay_redis_remote_script_wait(
    struct stay_remote *remote, const struct stay_redis_script *script,
    struct stay_future **future, const char *format, ...);

/* The Redis of a client that stay_remote_do hands to a job. */
STAY_API struct stay_redis *stay_redis_of(struct stay_client *client);

STAY_END

#endif
