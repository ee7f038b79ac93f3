/*
 * stay/redis_script.h - scripts that Redis runs, sent by their digest.
 *
 * A server keeps the scripts that it has seen. So a script is called by its digest of 40
 * digits (EVALSHA), and only if the server says that it does not have it (-NOSCRIPT) by
 * its whole source (EVAL), which the server then keeps:
 *
 *	static struct stay_redis_script take;
 *
 *	if (stay_redis_script_init(&take, "return redis.call('DECRBY', "
 *		"KEYS[1], ARGV[1])", 0) != STAY_OK)
 *		return 1;
 *	...
 *	stay_redis_script_command(
 *	    redis, &take, NULL, on_left, job, "1 stock:%s %d", name, amount);
 *
 * It is one call: `done` runs once, the timeout is for both, and the outcome is true of
 * both together. A server says NOSCRIPT before it does anything, so nothing is executed
 * twice; a script of your own must not answer with that word.
 *
 * Order: commands of one caller are executed in the order given, but a script that the
 * server does not have goes behind all that was submitted before its NOSCRIPT came. Where
 * that matters, have the scripts loaded before calls flow, in each session, by the option
 * `scripts` of struct stay_redis_options:
 *
 *	static const struct stay_redis_script *const scripts[] = { &take, NULL };
 *	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
 *		.scripts = scripts };
 *
 * Then NOSCRIPT comes only after a SCRIPT FLUSH in the middle of a session. (A server of
 * Redis 7.4 or later also forgets scripts that came by EVAL, the oldest of more than 500,
 * and none that were loaded.)
 *
 * In a pipeline, in a multi, and between MULTI and EXEC, an answer that comes with all
 * others comes too late to send something else. Send the source there:
 *
 *	stay_redis_group_add(group, "EVAL %s 1 %s", take.source, key);
 *
 * docs/redis.md has all outcomes. Functions (FCALL, FCALL_RO) are commands as any other.
 * From other threads: stay_redis_remote_script_wait of <stay/redis_remote.h>; and to wait
 * without threads, stay_redis_script_wait of <stay/redis_future.h>.
 */
#ifndef STAY_REDIS_SCRIPT_H
#define STAY_REDIS_SCRIPT_H

#include <stay/redis.h>

STAY_BEGIN

/*
 * A script. It is only read once it is made, by any client in any thread; it may be static,
 * and may be copied. It and its source must live as long as calls of it are under way, and
 * as long as a client has it among its `scripts`.
 */
struct stay_redis_script {
	const char *source; /* as it was given */
	char digest[41];    /* of its source; "": it was not made */
	bool only_reads;    /* private */
	uintptr_t reserved[2];
};

/*
 * Make a script of its source in Lua, which is not copied. `flags` is 0, or STAY_READ_ONLY
 * for one that changes nothing: the server then holds it to that (EVALSHA_RO and EVAL_RO,
 * Redis 7), a replica runs it, and it is sent again after a loss as other commands that
 * only read. May be called in any thread.
 * Returns: STAY_OK; STAY_E_ARG: `source` is NULL, or there are other flags. The script is
 * then as if it were zeroed, and calls of it are rejected.
 */
STAY_API enum stay_status stay_redis_script_init(
    struct stay_redis_script *script, const char *source, uint32_t flags);

/*
 * Call a script. The format has what is behind the digest in an EVALSHA: how many keys
 * follow, the keys, and the arguments. It is written as that of stay_redis_command. What
 * it says is copied, and kept until the server has answered.
 *
 * `options` may be NULL, as for stay_redis_command_with. `timeout_ms` is for both requests:
 * the second has what the first has left. `id` is for stay_redis_script_cancel. With
 * STAY_THIS_SESSION or `session` both are sent in that session or not at all. A body is
 * rejected.
 *
 * `done` gets what the script returned. If the second request can't be sent, because the
 * queue is full, the client drains or stops, or its time is over, `done` gets that
 * status with STAY_REFUSED: the server said that it did not act. With `done` NULL nobody
 * is told of a NOSCRIPT in time, so the source is sent at once.
 * Returns: as stay_redis_command_with; STAY_E_ARG if the script was not made.
 */
STAY_API enum stay_status stay_redis_script_command(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...);
STAY_API enum stay_status stay_redis_script_vcommand(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list arguments);

/* The same from `count` words, of which the first `keys` are keys and the others arguments.
 * Returns also STAY_E_ARG (more keys than words; a word of more than 0 bytes is NULL). */
STAY_API enum stay_status stay_redis_script_call(struct stay_redis *redis,
    const struct stay_redis_script *script,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t keys, size_t count, const struct stay_bytes *words);

/*
 * Give up the call of a script, by the id that its options have filled in, whichever
 * request is under way: as stay_client_cancel, which finds only the first one. Other calls
 * it gives up just as that does.
 */
STAY_API enum stay_status stay_redis_script_cancel(
    struct stay_redis *redis, struct stay_call_id id);

STAY_END

#endif
