/* Commands that are waited for: each is a call whose `done` is a future's. */
#include <stay/redis_future.h>

struct stay_future *
stay_redis_vcommand_future(struct stay_redis *redis,
    const struct stay_call_options *options, const char *format, va_list list)
{
	struct stay_future *future = stay_future_new(stay_redis_client(redis));

	if (future != NULL)
		stay_future_begin(
		    future, stay_redis_vcommand(redis, options,
				stay_future_done, future, format, list));
	return future;
}

struct stay_future *
stay_redis_command_future(struct stay_redis *redis, const char *format, ...)
{
	struct stay_future *future;
	va_list list;

	va_start(list, format);
	future = stay_redis_vcommand_future(redis, NULL, format, list);
	va_end(list);
	return future;
}

/* Inside a callback it would have to be taken back. */
static struct stay_future *
reentrant(struct stay_redis *redis)
{
	struct stay_future *future = stay_future_new(stay_redis_client(redis));

	stay_future_begin(future, STAY_E_REENTRANT);
	return future;
}

static enum stay_status
status_of(struct stay_future *future)
{
	enum stay_status status = stay_future_wait(future, STAY_FOREVER);

	return status == STAY_OK ? stay_future_result(future)->status : status;
}

static bool
is_busy(struct stay_redis *redis)
{
	return stay_loop_is_busy(stay_conn_loop(stay_redis_conn(redis)));
}

/* Wait for it, and hand it out if the caller asks. */
static enum stay_status
finish(struct stay_redis *redis, struct stay_future *own,
    struct stay_future **future)
{
	enum stay_status status =
	    is_busy(redis) ? STAY_E_REENTRANT : status_of(own);

	if (future != NULL)
		*future = own;
	else
		stay_future_free(own);
	return status;
}

enum stay_status
stay_redis_command_wait(struct stay_redis *redis, struct stay_future **future,
    const char *format, ...)
{
	struct stay_future *own;
	va_list list;

	va_start(list, format);
	own = is_busy(redis)
		  ? reentrant(redis)
		  : stay_redis_vcommand_future(redis, NULL, format, list);
	va_end(list);
	return finish(redis, own, future);
}

/* ---- scripts ---- */

struct stay_future *
stay_redis_script_vfuture(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, const char *format, va_list list)
{
	struct stay_future *future = stay_future_new(stay_redis_client(redis));

	if (future != NULL)
		stay_future_begin(
		    future, stay_redis_script_vcommand(redis, script, options,
				stay_future_done, future, format, list));
	return future;
}

struct stay_future *
stay_redis_script_future(struct stay_redis *redis,
    const struct stay_redis_script *script, const char *format, ...)
{
	struct stay_future *future;
	va_list list;

	va_start(list, format);
	future = stay_redis_script_vfuture(redis, script, NULL, format, list);
	va_end(list);
	return future;
}

enum stay_status
stay_redis_script_wait(struct stay_redis *redis,
    const struct stay_redis_script *script, struct stay_future **future,
    const char *format, ...)
{
	struct stay_future *own;
	va_list list;

	va_start(list, format);
	own = is_busy(redis) ? reentrant(redis)
			     : stay_redis_script_vfuture(
				   redis, script, NULL, format, list);
	va_end(list);
	return finish(redis, own, future);
}
