/*
 * stay/redis.h - a Redis connection that stays.
 *
 * RESP2 and RESP3 (https://redis.io/docs/reference/protocol-spec/), one
 * multiplexed connection: commands that are submitted together leave together
 * (pipelining), and every one completes exactly once, whatever happens to the
 * server.
 *
 *	struct stay_redis *redis;
 *
 *	if (stay_redis_start(&redis, loop, "redis://localhost", NULL))
 *		return 1;
 *	stay_redis_command(redis, NULL, NULL, "SET greeting %s", "hello");
 *	stay_redis_command(redis, on_greeting, redis, "GET greeting");
 *
 * URLs: redis://[user:password@]host[:6379][/db][?client_name=NAME&protocol=2]
 *       redis+unix://[user:password@]/path/of.sock[?db=N]
 * Each session begins with HELLO 3 (or AUTH, for servers that only know RESP2),
 * SELECT and CLIENT SETNAME; a wrong password is fatal (STAY_E_DENIED).
 *
 * An error reply is status STAY_E_SERVER, outcome REPLIED, with the reply there
 * to read; -LOADING, -READONLY, -MASTERDOWN and -TRYAGAIN are outcome REFUSED,
 * unless a script was called, which may have acted before it failed. With
 * client.on_refused = STAY_REFUSED_RESEND what was refused is not told at once,
 * but sent again in another session.
 *
 * What to know of one connection that many share, and that breaks:
 *  - no command is sent again after a loss, a GET neither, unless the flags of
 *    its call say STAY_READ_ONLY or STAY_IDEMPOTENT (stay_redis_command_with;
 *    <stay/protocol.h> has the difference).
 *  - a command that blocks holds up all that is sent behind it: have a client
 *    of its own for those.
 *  - a command that was given up in flight is executed all the same: what a
 *    cancelled BLPOP pops is lost, unless on_orphan takes its late reply.
 *  - MULTI to EXEC are many calls, and each can fail alone: a script (EVAL) is
 *    one. If it must be MULTI, submit all of it without returning to the loop,
 *    each call with STAY_THIS_SESSION, so that none runs in another session.
 *    WATCH needs a client of its own. An open transaction is not probed.
 *  - what else a command sets up in the session (CLIENT TRACKING) ends with it.
 */
#ifndef STAY_REDIS_H
#define STAY_REDIS_H

#include <stdarg.h>
#include <stdbool.h>

#include <stay/client.h>

STAY_BEGIN

struct stay_redis;
struct stay_redis_reply;

/* ---- the connection -------------------------------------------------- */

/* An out-of-band message of the server: a push of RESP3, as those of CLIENT
 * TRACKING. */
typedef void stay_redis_push_fn(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push);

/*
 * The late reply, or error, of a command that was sent and then given up
 * (cancelled, timed out): what it brings, as the value that a BLPOP popped, is
 * nobody's now. It comes after the `done` of its command, in the order of the
 * replies, and not at all if the session ends first, as it does when an answer
 * is tombstone_age_ms late. To be told from others by
 * what it says, as the key in BLPOP's, for who gave the call up may be gone.
 * `orphan` lives until this returns; stay_held_new keeps it. On the loop's thread;
 * as in `done`, it may submit commands, cancel and stop.
 */
typedef void stay_redis_orphan_fn(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *orphan);

/* Who logs in. The strings must live until it is asked again. */
struct stay_redis_login {
	const char *user; /* NULL or "": the default user */
	const char *password;
	uintptr_t reserved[2];
};

/* Asked anew whenever a session begins, so that a password that was changed is
 * found by itself. `login` is as the URL says on entry. Must not call the
 * library. */
typedef void stay_redis_credentials_fn(
    void *arg, struct stay_redis_login *login);

/* Zero means the default, with which a comment ends; see docs/options.md. */
struct stay_redis_options {
	size_t size; /* STAY_REDIS_OPTIONS sets it */
	/* Bounds, deadlines, backoff, notices; its config is ours, and its size
	 * may stay 0. */
	struct stay_client_options client;
	const char *client_name; /* CLIENT SETNAME; copied; NULL: the URL's */
	unsigned protocol;       /* 2: RESP2; 3: RESP3, falling back to 2: 3 */
	uint64_t depth_max;      /* nesting of one reply: 64 */
	uint64_t elements_max;   /* nodes of one reply: 4194304 */
	stay_redis_push_fn *on_push; /* NULL: pushes are dropped */
	void *on_push_arg;
	stay_redis_credentials_fn *credentials; /* NULL: the URL's */
	void *credentials_arg;
	stay_redis_orphan_fn *on_orphan; /* NULL: late replies are dropped */
	void *on_orphan_arg;
	uintptr_t reserved[2];
};

#define STAY_REDIS_OPTIONS .size = sizeof(struct stay_redis_options)

/* *redis is valid until on_closed has returned. Returns as stay_client_start;
 * STAY_E_URL also for a db that is no number. */
STAY_API STAY_USE enum stay_status stay_redis_start(struct stay_redis **redis,
    struct stay_loop *loop, const char *url,
    const struct stay_redis_options *options);

/* As stay_client_reconfigure, but that `url` must be there; the options replace
 * the old ones, NULL: all defaults. */
STAY_API STAY_USE enum stay_status stay_redis_reconfigure(
    struct stay_redis *redis, const char *url,
    const struct stay_redis_options *options);

/* As stay_client_stop with STAY_OK, which fails what is not answered yet, and
 * stay_client_drain, which waits for it: for a program that ends. */
STAY_API void stay_redis_stop(struct stay_redis *redis);
STAY_API void stay_redis_drain(struct stay_redis *redis, uint64_t budget_ms);

/* The same connection as a client, for everything of <stay/client.h>. */
STAY_API struct stay_client *stay_redis_client(struct stay_redis *redis);
STAY_API struct stay_conn *stay_redis_conn(struct stay_redis *redis);

/* ---- commands -------------------------------------------------------- */

/*
 * Submit a command. `done` (may be NULL) gets the reply: see stay_redis_reply.
 *
 * The format is split at spaces *before* anything is put in: an argument can
 * neither end its word nor begin another, whatever bytes it holds.
 *   %s          const char *         %b   const void *, size_t
 *   %d %i %u    int, unsigned; with hh h l ll z j t
 *   %c          a byte               %f %g %e  double; with precision: "%.17g"
 *   %%          a percent sign
 * Flags and width are as printf's. "SET key:%d %b" has three words. A double is
 * written with a point, whatever the locale.
 *
 * Commands that may block for a time (BLPOP, XREAD BLOCK, WAIT, ...) have until
 * that time and block_margin_ms after their submission, in place of
 * call_timeout_ms; BLPOP with 0 has no deadline. A timeout of the call's own
 * (stay_redis_command_with) is taken as it is.
 *
 * Returns STAY_OK: accepted, `done` runs exactly once; otherwise it never runs:
 * STAY_E_FORMAT, all of stay_client_call, and STAY_E_UNSUPPORTED for commands
 * that do not have one answer (SUBSCRIBE and its kin, MONITOR, CLIENT REPLY,
 * SCRIPT DEBUG, SYNC, PSYNC, REPLCONF) or would change the session behind our
 * back, and be undone by the next one (HELLO, AUTH, SELECT, RESET, QUIT).
 */
STAY_API enum stay_status stay_redis_command(struct stay_redis *redis,
    stay_done_fn *done, void *arg, const char *format, ...);
STAY_API enum stay_status stay_redis_vcommand(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list arguments);

/* The same with options of this one call: a deadline, an id for cancelling,
 * STAY_READ_ONLY or STAY_IDEMPOTENT. */
STAY_API enum stay_status stay_redis_command_with(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...);

/* The same from words; `lens` NULL: they are strings. Copied. */
STAY_API enum stay_status stay_redis_argv(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t argc, const char *const *argv, const size_t *lens);

/* ---- replies --------------------------------------------------------- */

/*
 * A reply is a node of a flat tape over the input bytes: nothing is copied and
 * nothing allocated per node. It lives until `done` (or on_push, on_orphan)
 * returns, or as long as stay_held_new keeps it, or any node of it.
 * result->reply can be given to all of these; NULL is a reply of type
 * STAY_REDIS_NIL.
 */
enum stay_redis_type {
	STAY_REDIS_NIL,        /* _  $-1  *-1 */
	STAY_REDIS_STATUS,     /* + */
	STAY_REDIS_ERROR,      /* -  ! */
	STAY_REDIS_INTEGER,    /* : */
	STAY_REDIS_STRING,     /* $ */
	STAY_REDIS_ARRAY,      /* * */
	STAY_REDIS_BOOL,       /* # */
	STAY_REDIS_DOUBLE,     /* , */
	STAY_REDIS_BIG_NUMBER, /* ( */
	STAY_REDIS_VERBATIM,   /* = */
	STAY_REDIS_MAP,        /* %: key, value, key, value, ... */
	STAY_REDIS_SET,        /* ~ */
	STAY_REDIS_PUSH,       /* > */
	STAY_REDIS_ATTRIBUTE   /* |: only through stay_redis_attribute */
};

STAY_API enum stay_redis_type stay_redis_type_of(
    const struct stay_redis_reply *reply);
STAY_API const char *stay_redis_type_name(enum stay_redis_type type);

/* The text of a scalar, NUL-terminated; "" for aggregates and nil. For VERBATIM
 * without its format. May hold NUL bytes: stay_redis_len says how long it is.
 */
STAY_API const char *stay_redis_str(const struct stay_redis_reply *reply);
STAY_API size_t stay_redis_len(const struct stay_redis_reply *reply);

/* The number in it, also when a string spells one whole; else 0, or `ok`
 * (may be NULL) tells. Integers do not wrap: out of range is not ok. */
STAY_API int64_t stay_redis_integer(
    const struct stay_redis_reply *reply, bool *ok);
STAY_API double stay_redis_double(
    const struct stay_redis_reply *reply, bool *ok);
/* Of BOOL, or whether stay_redis_integer is not 0, as RESP2 has it. */
STAY_API bool stay_redis_bool(const struct stay_redis_reply *reply);

/* "txt" or "mkd" of VERBATIM; else "". */
STAY_API const char *stay_redis_verbatim_format(
    const struct stay_redis_reply *reply);

/* Children of an aggregate: a map of n pairs has 2n. */
STAY_API size_t stay_redis_count(const struct stay_redis_reply *reply);
/* The i-th, or NULL. O(i); to walk all, take the first and then the next. */
STAY_API const struct stay_redis_reply *stay_redis_at(
    const struct stay_redis_reply *reply, size_t i);
STAY_API const struct stay_redis_reply *stay_redis_first(
    const struct stay_redis_reply *reply);
STAY_API const struct stay_redis_reply *stay_redis_next(
    const struct stay_redis_reply *reply);
/* The value of a map's (or of a flat array's) string key, or NULL. */
STAY_API const struct stay_redis_reply *stay_redis_map_get(
    const struct stay_redis_reply *reply, const char *key);
/* The attributes in front of it, as a map; or NULL. */
STAY_API const struct stay_redis_reply *stay_redis_attribute(
    const struct stay_redis_reply *reply);

STAY_END

#endif
