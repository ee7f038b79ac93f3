/*
 * stay/redis_future.h - commands of Redis that are waited for, in a program without
 * callbacks of its own. All of it:
 *
 *	struct stay_loop *loop = stay_loop_alone();
 *	struct stay_redis *redis;
 *	struct stay_future *value;
 *
 *	if (stay_redis_start(&redis, loop, "redis://localhost", NULL) != STAY_OK)
 *		return 1;
 *	stay_redis_command_wait(redis, NULL, "SET greeting %s", "hello");
 *	if (stay_redis_command_wait(redis, &value, "GET greeting") == STAY_OK)
 *		puts(stay_redis_str(stay_future_reply(value)));
 *	else
 *		puts(stay_future_why(value));
 *	stay_future_free(value);
 *	stay_loop_close(loop, 1000);
 *
 * A program with threads has <stay/redis_remote.h>: the same, from any thread.
 *
 * What holds for waiting is in <stay/future.h>. In short: the connection is dialled,
 * probed and dialled again while the program waits for a command, and at no other time.
 * A session that the server ended meanwhile is noticed at the next wait, before the
 * command is sent; unless that comes within a millisecond of the last one.
 *
 * A command that is rejected is not waited for, but the connection is looked after once, so
 * that a later one is accepted. That is enough for a program that tries again soon. With
 * STAY_OFFLINE_FAIL and seconds between two commands the budget of an attempt passes
 * before its answer is looked for: after STAY_E_OFFLINE wait for the connection.
 *
 *	if (stay_redis_command_wait(redis, &value, "GET greeting") == STAY_E_OFFLINE)
 *		stay_conn_await(stay_redis_conn(redis), 100);
 *
 * A client can end by itself, inside a wait: after attempts_max of its backoff, by
 * STAY_FATAL_STOP, with its descriptor if the URL is fd:N. Then `redis` is freed when the
 * wait returns, and no status says so for sure. A program that asks for one of these sets
 * `on_closed`, which runs inside the wait, and notes there that it must start another one.
 */
#ifndef STAY_REDIS_FUTURE_H
#define STAY_REDIS_FUTURE_H

#include <stay/future.h>
#include <stay/redis.h>
#include <stay/redis_script.h>

STAY_BEGIN

/*
 * Submit a command, as stay_redis_command does, and wait until it has completed; its
 * timeout is an end of that in any case, unless it is a command that blocks without
 * one. *future is how it ended, for stay_future_free, whatever is returned; NULL: the
 * caller does not ask.
 * Returns the status of the result: STAY_OK, or why there is no good reply; what
 * stay_redis_command returns, if it was rejected; STAY_E_REENTRANT inside a callback:
 * nothing was submitted.
 */
STAY_API enum stay_status stay_redis_command_wait(struct stay_redis *redis,
    struct stay_future **future, const char *format, ...);

/*
 * Submit a command and do not wait: so several are under way together, and each is
 * waited for when it is needed. Never fails: a rejected command is a future that has
 * completed, and NULL is one without memory. May be called in every callback.
 *
 *	struct stay_future *name = stay_redis_command_future(redis, "GET name");
 *	struct stay_future *age = stay_redis_command_future(redis, "GET age");
 *
 *	if (stay_future_wait(name, 200) == STAY_OK &&
 *	    stay_future_wait(age, 200) == STAY_OK)
 *		show(stay_future_reply(name), stay_future_reply(age));
 *	stay_future_free(name);
 *	stay_future_free(age);
 */
STAY_API struct stay_future *stay_redis_command_future(
    struct stay_redis *redis, const char *format, ...);

/* The same with options for this one call, which may be NULL. */
STAY_API struct stay_future *stay_redis_vcommand_future(
    struct stay_redis *redis, const struct stay_call_options *options,
    const char *format, va_list arguments);

/* The same of a script, which is called as by stay_redis_script_command. */
STAY_API enum stay_status stay_redis_script_wait(struct stay_redis *redis,
    const struct stay_redis_script *script, struct stay_future **future,
    const char *format, ...);
STAY_API struct stay_future *stay_redis_script_future(struct stay_redis *redis,
    const struct stay_redis_script *script, const char *format, ...);
STAY_API struct stay_future *stay_redis_script_vfuture(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, const char *format,
    va_list arguments);

STAY_END

#endif
