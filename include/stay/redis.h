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
 * URLs: redis://[user:password@]host[:6379][/db][?key=value&...]
 *       rediss:// and valkeys:// likewise, with TLS (<stay/tls.h>)
 *       redis+unix://[user:password@]/path/of.sock[?db=N]
 *       redis+sentinel://[user:password@]host[:26379],host,.../NAME[/db]: the
 *       primary that Sentinels know as NAME; rediss+sentinel:// with TLS
 *       keys: client_name=NAME, protocol=2 or 3, role=primary, any or first,
 *       resend_reads=no, moving=none, internal-ip, internal-fqdn, external-ip
 *       or external-fqdn; for Sentinels sentinel_user=NAME and
 *       sentinel_password=WORD; each once, and with a value
 *
 * Each session begins with a greeting in one write: HELLO 3 with AUTH and
 * SETNAME, CLIENT SETINFO, SELECT, PING. A server that does not know HELLO is
 * greeted in RESP2, and so is a server that hung up at HELLO twice in a row.
 * An error that is known to stay (a wrong password, no such db) is fatal
 * (STAY_E_DENIED); after any other error the client tries again. A server older
 * than ACLs (Redis 6) knows the default user only: another one is fatal there.
 *
 * With a URL of Sentinels each attempt begins with a question to one of them, and the
 * next one is asked if it does not know, or if the place that it named does not come up
 * as a primary. When they say that another server is the primary now, the session is left
 * as by stay_client_reconnect: calls in flight finish, the others go on at the new one.
 * The client that asks is started with the first attempt, is named like the first one,
 * with " (Sentinels)" behind it, counts in stay_loop_live, and ends before on_closed.
 * `role` is STAY_REDIS_WANT_PRIMARY; any other, client.endpoints and client.urls are
 * rejected. docs/redis.md has the details.
 *
 * An error reply is status STAY_E_SERVER, outcome REPLIED, and can be read.
 * Where the server certainly did not act (-LOADING, -READONLY, -BUSY, ...) the
 * outcome is REFUSED; except from a script, which may have acted before it
 * failed. With client.on_refused = STAY_REFUSED_RESEND such a command is sent
 * again in another session (see <stay/client.h>). docs/redis.md has the greeting
 * in detail and a table of all these errors.
 *
 * All commands share one connection, and it may break:
 *  - After a loss no command is sent again that may change something, unless the
 *    flags of its call say STAY_IDEMPOTENT (stay_redis_command_with). Those that
 *    the adapter knows to change nothing are STAY_READ_ONLY by themselves
 *    (<stay/protocol.h> has the difference); resend_reads = no stops that.
 *  - A command that blocks delays all that is sent behind it. Use a client of
 *    its own for such commands.
 *  - A command that is cancelled or times out while in flight is executed all
 *    the same, and on_orphan takes its late reply; except for one that blocks,
 *    as BLPOP, with no other command in flight: its session ends at once, so that
 *    the server keeps the value, unless that was on its way already. See
 *    client.on_given_up in <stay/client.h>.
 *  - MULTI to EXEC, as commands, are several calls, and each can fail alone. A
 *    stay_redis_multi_new is one, and so is a script (<stay/redis_script.h>). If it
 *    must be commands, as with WATCH, submit all of it without returning to the loop,
 *    each call with STAY_THIS_SESSION, so that none runs in another session. WATCH
 *    needs a client of its own. While a transaction is open, the session is not
 *    probed.
 *  - A reply that is too big (client.reply_bytes_max, elements_max) completes its
 *    command with STAY_E_TOO_BIG, as STAY_REPLIED: the server has executed it.
 *    Nothing of it is kept, and the others get their replies. One nested deeper
 *    than depth_max ends the session.
 *  - The server checks no number that a script returns as { big_number = "..." }:
 *    one that is none breaks the protocol, and so ends the session for all.
 *  - What else a command sets up in the session, as CLIENT TRACKING, ends with
 *    the session: client.on_session is where to send it again.
 *  - SHUTDOWN has no reply when it succeeds: it completes with STAY_E_LOST, as maybe
 *    executed, and so may others that were in flight.
 *
 * All functions are for the loop's thread, and may be called in every callback; those
 * that read a reply, for any thread that has it. <stay/redis_remote.h> is for threads.
 */
#ifndef STAY_REDIS_H
#define STAY_REDIS_H

#include <stdarg.h>
#include <stdbool.h>

#include <stay/group.h>

STAY_BEGIN

struct stay_redis;
struct stay_redis_reply;
struct stay_redis_script;

/* ---- the connection -------------------------------------------------- */

/* A push of RESP3: a message that is no reply, as those of CLIENT TRACKING.
 * `push` lives until this returns, or as long as stay_held_new keeps it. NULL: there
 * was one that is too big. */
typedef void stay_redis_push_fn(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push);

/*
 * The late reply, or error, to a command that was cancelled or has timed out in
 * flight. What it brings, as the value that a BLPOP popped, has no owner. (A BLPOP
 * that was alone in flight has ended its session instead: client.on_given_up.) There
 * is no pointer to the call: recognise it by its contents (BLPOP's reply names
 * the key). It comes after the `done` of its command, in the order of the
 * replies. It does not come if the session ends first, as it does when a reply
 * is tombstone_age_ms late.
 * `orphan` lives until this returns, or as long as stay_held_new keeps it. NULL: it was
 * too big, or a string for a call with a `piece`, and what it brought is gone.
 */
typedef void stay_redis_orphan_fn(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *orphan);

/* Who logs in. The strings must live until `credentials` runs again. */
struct stay_redis_login {
	const char *user;     /* NULL, "" or "default": the default user */
	const char *password; /* NULL: nobody logs in, no AUTH is sent */
	uintptr_t reserved[2];
};

/*
 * Fill in who logs in. Runs once whenever a session begins, so that a changed
 * password is found. On entry `login` is what the URL says. A server that denies
 * this login may only be a moment behind: for five seconds the client tries
 * again at the ordinary backoff, and calls wait. Then the denial is fatal, and
 * the next attempt follows after fatal_backoff_ms. Must not call the library.
 * `login` is the library's, and lives until this returns.
 */
typedef void stay_redis_credentials_fn(
    void *arg, struct stay_redis_login *login);

/* What the server says that it is: in RESP3, and in RESP2 with role=primary. */
enum stay_redis_role {
	STAY_REDIS_ROLE_UNKNOWN, /* the server did not say */
	STAY_REDIS_PRIMARY,
	STAY_REDIS_REPLICA
};

/* Which servers will do. What a server is it says in its answer to HELLO, and in RESP2
 * to ROLE, which is asked if it has to be a primary; one that does not say will do. A
 * server that will not do is "not now": the attempt fails with STAY_E_NOT_READY, and
 * the next one follows after the backoff. */
enum stay_redis_wanted {
	/* As the first one: a client that had a primary looks for a primary from
	 * then on, also to read; one that was given a replica takes any. */
	STAY_REDIS_WANT_AS_FIRST,
	STAY_REDIS_WANT_PRIMARY, /* role=primary: a primary alone */
	STAY_REDIS_WANT_ANY      /* role=any: a replica will do as well */
};

/* A choice that the URL may make as well. */
enum stay_redis_choice { STAY_REDIS_DEFAULT, STAY_REDIS_YES, STAY_REDIS_NO };

/*
 * Whether a server that others maintain (Redis Software, Redis Cloud) is asked to tell
 * that it moves, and how it is to name the place: CLIENT MAINT_NOTIFICATIONS ON, in
 * RESP3. One that does not know the command is a server like any other. When it says
 * MOVING, the session is left in time, for the place that it names, as
 * stay_session_leave does (<stay/session.h>): calls in flight finish, and no other is
 * lost. With TLS ask for a name, since the certificate must have it.
 */
enum stay_redis_moving {
	STAY_REDIS_MOVING_UNASKED,       /* it is not asked */
	STAY_REDIS_MOVING_SAME_NAME,     /* moving=none: our own name again */
	STAY_REDIS_MOVING_INTERNAL_IP,   /* moving=internal-ip */
	STAY_REDIS_MOVING_INTERNAL_NAME, /* moving=internal-fqdn */
	STAY_REDIS_MOVING_EXTERNAL_IP,   /* moving=external-ip */
	STAY_REDIS_MOVING_EXTERNAL_NAME  /* moving=external-fqdn */
};

/* What the greeting of the session agreed on. */
struct stay_redis_agreement {
	size_t size;       /* STAY_REDIS_AGREEMENT sets it */
	unsigned protocol; /* 3 or 2; 0: no session is up */
	enum stay_redis_role role;
	/* Cut at 15 bytes each; "": unknown. */
	const char *server;  /* "redis", "valkey" */
	const char *version; /* "7.2.4" */
};

#define STAY_REDIS_AGREEMENT .size = sizeof(struct stay_redis_agreement)

/* Zero means the default, which each comment ends with; docs/options.md has the
 * bounds. All of it is copied. */
struct stay_redis_options {
	size_t size; /* STAY_REDIS_OPTIONS sets it */
	/* Bounds, timeouts, backoff, notices. Its `config` is not used, and its
	 * `size` may stay 0. Of its `urls` host, port, user and password count; one
	 * without a login has that of the first URL, and all have its db and query. */
	struct stay_client_options client;
	const char *client_name; /* for CLIENT SETNAME; NULL: the URL's */
	/* 2: RESP2, without HELLO; 3: RESP3, or a fatal failure (STAY_E_DENIED)
	 * where there is none. The best that the server knows: 0 */
	unsigned protocol;
	/* If it is set, it replaces the URL's: STAY_REDIS_WANT_AS_FIRST */
	enum stay_redis_wanted role;
	/* Whether commands that are known to change nothing (GET, MGET, LRANGE,
	 * ...: docs/redis.md) have the flag STAY_READ_ONLY, and so are sent again
	 * after a loss. If it is set, it replaces the URL's: STAY_REDIS_YES */
	enum stay_redis_choice resend_reads;
	/* If it is set, it replaces the URL's: STAY_REDIS_MOVING_UNASKED */
	enum stay_redis_moving moving;
	uint64_t depth_max; /* nesting of one reply: 1024 */
	/* Values of one reply, 5 at least, as a message of a pattern has; the
	 * answers of a greeting may have 1024 and 16 KiB in any case. The call that a
	 * larger one answers, or one longer than client.reply_bytes_max, completes with
	 * STAY_E_TOO_BIG: 4194304 */
	uint64_t elements_max;
	/* <stay/redis_subscribe.h>: subscriptions that have not ended: 262144 */
	uint64_t subscriptions_max;
	uint64_t subscription_bytes_max; /* and their memory: 64 MiB */
	/* Each callback gets its own arg. NULL: pushes are dropped. */
	stay_redis_push_fn *on_push;
	void *on_push_arg;
	stay_redis_credentials_fn *credentials; /* NULL: the URL's */
	void *credentials_arg;
	stay_redis_orphan_fn *on_orphan; /* NULL: late replies are dropped */
	void *on_orphan_arg;
	/* Loaded in each session before calls flow: <stay/redis_script.h>. NULL ends
	 * the list, which must live until on_closed, as these scripts: none */
	const struct stay_redis_script *const *scripts;
	uintptr_t reserved[1];
};

#define STAY_REDIS_OPTIONS .size = sizeof(struct stay_redis_options)

/*
 * Start a client of Redis. `url` is copied; `options` may be NULL. *redis is
 * valid until on_closed returns.
 * Returns as stay_client_start; STAY_E_URL also if the db is no number.
 */
STAY_API STAY_USE enum stay_status stay_redis_start(struct stay_redis **redis,
    struct stay_loop *loop, const char *url,
    const struct stay_redis_options *options);

/*
 * Change to another URL and other options, as stay_client_reconfigure does.
 * Here `url` must be given, and `options` NULL means all defaults.
 */
STAY_API STAY_USE enum stay_status stay_redis_reconfigure(
    struct stay_redis *redis, const char *url,
    const struct stay_redis_options *options);

/* End the client. stay_redis_stop fails the commands that have not completed, as
 * stay_client_stop with STAY_OK does. stay_redis_drain waits for them, `budget_ms`
 * at most, as stay_client_drain does. */
STAY_API void stay_redis_stop(struct stay_redis *redis);
STAY_API void stay_redis_drain(struct stay_redis *redis, uint64_t budget_ms);

/* Fill `agreement`, as far as its size says. Its texts live until the session
 * ends. */
STAY_API void stay_redis_get_agreement(
    const struct stay_redis *redis, struct stay_redis_agreement *agreement);

/* The same connection, for the functions of <stay/client.h> and of
 * <stay/conn.h>. Both live until on_closed returns. Another URL or other options it gets
 * by stay_redis_reconfigure: stay_client_reconfigure knows nothing of a db, or of a
 * query, and without the `config` of stay_client_get_options it is STAY_E_ARG, as is
 * stay_client_start_beside. A client takes no messages: stay_conn_call and stay_conn_cast
 * stop it. */
STAY_API struct stay_client *stay_redis_client(struct stay_redis *redis);
STAY_API struct stay_conn *stay_redis_conn(struct stay_redis *redis);

/* ---- commands -------------------------------------------------------- */

/*
 * Submit a command. `done` runs exactly once, with `arg`; result->reply is a
 * const struct stay_redis_reply *. `done` may be NULL. The arguments are
 * copied.
 *
 * The format is split at its spaces *before* anything is put in. So an argument
 * can neither end its word nor begin another, whatever bytes it holds:
 * "SET key:%d %b" has three words.
 *   %s          const char *         %b   const void *, size_t
 *   %d %i %u    int, unsigned        %x %X %o     unsigned; all with hh h l ll
 *   %c          a byte                             z j t
 *   %%          a percent sign       %f %e %g %a  double; also %F %E %G %A
 * Flags (- + 0 # and space), width and precision are printf's, each where it
 * means something: "%.17g", "%08x", "% d"; they are 4096 at most, but for the
 * precision of %s. NULL for a %s, or for a %b with a length, is STAY_E_FORMAT
 * (stay_loop_rejection says what of the format is wrong). A double is written with a
 * point, whatever the locale.
 *
 * A command that may block for a time (BLPOP, XREAD BLOCK, WAIT, ...) has that
 * time and block_margin_ms, in place of call_timeout_ms; BLPOP with 0 has no
 * timeout. If the call has a timeout of its own (stay_redis_command_with), only that
 * counts. If it is given up, by its timeout or stay_client_cancel, and no other
 * command is in flight, the session ends, and another one follows after a short
 * backoff: the value stays with the server (client.on_given_up).
 *
 * Returns: STAY_OK: accepted. Or the call is rejected, and `done` never runs:
 * STAY_E_FORMAT; STAY_E_UNSUPPORTED; and all of stay_client_call_with, such as
 * STAY_E_TOO_BIG for a command larger than client.queue_bytes_max.
 * Unsupported are commands that do not have one reply (SUBSCRIBE and the like,
 * MONITOR, CLIENT REPLY, SCRIPT DEBUG, SYNC, PSYNC, REPLCONF), and those that
 * change what the beginning of each session sets (HELLO, AUTH, SELECT, RESET,
 * QUIT): the next session would undo it. stay_loop_rejection, stay_future_why, and the
 * log once, say why, and what is in its place, as docs/redis.md does for all of them:
 *
 *	SELECT is rejected: the next session would be in the db of the URL. In its
 *	place: a client for each db, as redis://host/1
 */
STAY_API enum stay_status stay_redis_command(struct stay_redis *redis,
    stay_done_fn *done, void *arg, const char *format, ...);
STAY_API enum stay_status stay_redis_vcommand(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, va_list arguments);

/* The same with options for this one call: a timeout, a token to cancel it,
 * STAY_IDEMPOTENT, STAY_THIS_SESSION:
 *
 *	struct stay_call_options options = { STAY_CALL_OPTIONS,
 *		.timeout_ms = 200, .flags = STAY_IDEMPOTENT };
 *
 *	stay_redis_command_with(redis, &options, done, arg, "SET %s 1", key);
 *
 * A body (<stay/body.h>) is the last word of the command, and its length must be
 * known: with options.body = &file it is "SET %s". So a value need not fit into
 * memory. Redis takes none that is longer than its proto-max-bulk-len (512 MiB) or its
 * client-query-buffer-limit (1 GiB): it answers with an error, or just hangs up.
 * STAY_E_UNSUPPORTED also for a body of open length, and for commands that are judged
 * by their last words: those that may block, and those of which only some subcommands
 * are supported or change nothing.
 *
 * With a `piece` a string comes in pieces, of whatever length: a value of 1 GiB through a
 * process of a few MiB. No bound of replies counts for it. `done` gets "" then, behind
 * the last piece, since the text was in the pieces:
 *
 *	static void
 *	write_piece(void *arg, struct stay_bytes piece)
 *	{
 *		struct download *own = arg;
 *
 *		if (fwrite(piece.data, 1, piece.len, own->file) != piece.len)
 *			(void)stay_client_cancel(own->client, own->id);
 *	}
 *
 *	struct stay_call_options options = { STAY_CALL_OPTIONS,
 *		.piece = write_piece, .id = &own->id,
 *		.timeout_ms = STAY_FOREVER };
 *
 *	stay_redis_command_with(redis, &options, written, own, "GET %s", key);
 *
 * This is of a reply that is itself a string, `$` or `=` of RESP2 and RESP3 (the latter
 * without its format). Any other comes whole, as it does without a `piece`: nil, an
 * error, strings in an array, a streamed string, and one with attributes.
 */
STAY_API enum stay_status stay_redis_command_with(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    const char *format, ...);

/* The same from `argc` words, which are copied. `lens` are their lengths; NULL:
 * they are strings. Returns also STAY_E_ARG (a word is NULL). */
STAY_API enum stay_status stay_redis_argv(struct stay_redis *redis,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t argc, const char *const *argv, const size_t *lens);

/* <stay/redis_prepared.h>: a command that is sent often is encoded and judged once.
 * <stay/redis_script.h>: a script is sent by its digest. */

/* ---- several commands as one ----------------------------------------- */

/*
 * Commands that leave as one, and complete once, with all their answers:
 *
 *	struct stay_redis_group *group = stay_redis_multi_new(redis);
 *
 *	stay_redis_group_add(group, "DECRBY %s %d", from, amount);
 *	stay_redis_group_add(group, "INCRBY %s %d", to, amount);
 *	if (stay_redis_group_send(group, NULL, done, job) != STAY_OK)
 *		give_up(job);
 *
 * A pipeline is a group of commands that the server executes one after the other,
 * maybe with others' in between. A multi is a transaction: MULTI and EXEC are put
 * around its commands, and the server executes all of them or none. What `done` gets
 * is the same of both: answers[i].reply is the reply of command i, and of a multi it
 * comes out of EXEC's array.
 *
 * The outcome of a multi that has completed, whose status is not STAY_OK then:
 *   STAY_REPLIED   EXEC was executed, and a command failed inside of it; or a
 *                  command was an error before EXEC, and nothing was executed
 *   STAY_REFUSED   nothing was executed: all that was wrong is a refusal, as
 *                  -READONLY or -LOADING; or EXEC's reply is nil, because a key was
 *                  watched (WATCH) in this session
 * A user without the right to MULTI has no transactions: the commands are executed
 * by themselves, and the status says that MULTI was an error.
 *
 * See <stay/group.h> for what groups have in common: bounds, timeouts, what is sent
 * again. docs/redis.md has all outcomes.
 */
struct stay_redis_group;

/* A new group without commands. NULL: out of memory, which the functions below then
 * tell. It must be sent or freed before the client's on_closed returns. */
STAY_API struct stay_redis_group *stay_redis_pipeline_new(
    struct stay_redis *redis);
STAY_API struct stay_redis_group *stay_redis_multi_new(
    struct stay_redis *redis);

/*
 * Add a command, as stay_redis_command and stay_redis_argv take it. It is encoded at
 * once. Returns as these, and STAY_E_TOO_BIG if the group is larger than
 * client.queue_bytes_max; of a multi STAY_E_UNSUPPORTED also for MULTI, EXEC and
 * DISCARD. After a failure the group cannot be sent: so only
 * stay_redis_group_send need be checked. A command that blocks does not in a multi.
 */
STAY_API enum stay_status stay_redis_group_add(
    struct stay_redis_group *group, const char *format, ...);
STAY_API enum stay_status stay_redis_group_vadd(
    struct stay_redis_group *group, const char *format, va_list arguments);
STAY_API enum stay_status stay_redis_group_argv(struct stay_redis_group *group,
    size_t argc, const char *const *argv, const size_t *lens);

/* Submit the group, as stay_group_send does: whatever this returns, the group is not
 * the caller's any more. In bounds and counts a multi is two calls more than it has
 * commands. */
STAY_API STAY_USE enum stay_status stay_redis_group_send(
    struct stay_redis_group *group, const struct stay_call_options *options,
    stay_group_done_fn *done, void *arg);

/* Free a group that was not sent; NULL is fine. */
STAY_API void stay_redis_group_free(struct stay_redis_group *group);

/* ---- replies --------------------------------------------------------- */

/*
 * A reply is a tree of nodes: an aggregate has children. These functions take
 * result->reply, and any node of it. NULL is a reply of type STAY_REDIS_NIL.
 * A reply lives until `done` (or on_push, on_orphan) returns, or as long as
 * stay_held_new keeps it or any node of it. The nodes are one flat array over
 * the input bytes: nothing is copied, and nothing is allocated for a node.
 *
 * The types, and how RESP marks them
 * (https://redis.io/docs/reference/protocol-spec/):
 */
enum stay_redis_type {
	/* Streamed types ($? *? %? ~?) are read as the type they stream. */
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

/* The type of a reply, and the name of a type: "string"; static. */
STAY_API enum stay_redis_type stay_redis_type_of(
    const struct stay_redis_reply *reply);
STAY_API const char *stay_redis_type_name(enum stay_redis_type type);

/* The text of a scalar, NUL-terminated, and its length; "" for aggregates and
 * nil. The text may hold NUL bytes itself. Of VERBATIM without its format. It
 * lives as long as the reply. */
STAY_API const char *stay_redis_str(const struct stay_redis_reply *reply);
STAY_API size_t stay_redis_len(const struct stay_redis_reply *reply);

/* The number of a reply, also of a string that is a number and nothing else.
 * Else 0, and *ok is false; `ok` may be NULL. An integer that is out of range
 * is not ok. */
STAY_API int64_t stay_redis_integer(
    const struct stay_redis_reply *reply, bool *ok);
STAY_API double stay_redis_double(
    const struct stay_redis_reply *reply, bool *ok);

/* The value of a BOOL. Of another type: whether stay_redis_integer is not 0, because
 * RESP2 has no BOOL. */
STAY_API bool stay_redis_bool(const struct stay_redis_reply *reply);

/* The format of a VERBATIM, as "txt" or "mkd"; "" for other types. */
STAY_API const char *stay_redis_verbatim_format(
    const struct stay_redis_reply *reply);

/* How many children an aggregate has: a map of n pairs has 2n. 0 for
 * scalars. */
STAY_API size_t stay_redis_count(const struct stay_redis_reply *reply);

/* The child number i, counted from 0; NULL if there is none. stay_redis_at takes i
 * steps: to walk through all children, take the first and then always the next. */
STAY_API const struct stay_redis_reply *stay_redis_at(
    const struct stay_redis_reply *reply, size_t i);
STAY_API const struct stay_redis_reply *stay_redis_first(
    const struct stay_redis_reply *reply);
STAY_API const struct stay_redis_reply *stay_redis_next(
    const struct stay_redis_reply *reply);

/* The value of a string key, in a map or in a flat array of keys and values;
 * NULL if there is none. */
STAY_API const struct stay_redis_reply *stay_redis_map_get(
    const struct stay_redis_reply *reply, const char *key);

/* The attributes in front of a reply, as a map; NULL if there are none. */
STAY_API const struct stay_redis_reply *stay_redis_attribute(
    const struct stay_redis_reply *reply);

STAY_END

#endif
