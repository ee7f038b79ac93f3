/*
 * stay/redis_prepared.h - commands of Redis that are written once and sent often.
 *
 * What never changes of a command (how many words it has, its name, other words that
 * are always the same) is encoded and judged once; a call adds the words that change:
 *
 *	static struct stay_redis_prepared get, cache;
 *
 *	if (stay_redis_prepare(&get, "GET %b") != STAY_OK ||
 *	    stay_redis_prepare(&cache, "SET %b %b EX 60") != STAY_OK)
 *		return 1;
 *	...
 *	const struct stay_bytes words[] = { { key, key_len }, { text, len } };
 *
 *	stay_redis_call(redis, &cache, NULL, NULL, NULL, 2, words);
 *	stay_redis_call(redis, &get, NULL, on_value, request, 1, words);
 *
 * It is the same call as with stay_redis_command, and costs less.
 */
#ifndef STAY_REDIS_PREPARED_H
#define STAY_REDIS_PREPARED_H

#include <stay/redis.h>

STAY_BEGIN

/* How many words of one may change, and how many bytes all others may have, encoded
 * as Redis wants them: "$3\r\nSET\r\n". */
#define STAY_REDIS_CHANGING_MAX 8
#define STAY_REDIS_FIXED_MAX    112

/*
 * A prepared command; all of it is private. There is no pointer in it and nothing to
 * free: it may be copied, and be static. Once it is prepared it is only read, by any
 * client in any thread.
 */
struct stay_redis_prepared {
	uint64_t tag;
	uint32_t flags;
	bool is_judged;   /* tag and flags are what they are in every call */
	uint8_t changing; /* how many words change */
	uint8_t before[STAY_REDIS_CHANGING_MAX + 1]; /* each, fixed bytes */
	char fixed[STAY_REDIS_FIXED_MAX + 16];       /* copied 16 at a time */
};

/*
 * Prepare a command. The format is words, parted by spaces: "%b" stands for one that
 * changes, any other is sent as it is. The first is the name of the command.
 * Returns: STAY_OK; STAY_E_FORMAT (it is NULL or has no name, or there is a percent
 * sign but that of a "%b" that is a word); STAY_E_UNSUPPORTED, as
 * stay_redis_command (docs/redis.md says what is in its place); STAY_E_TOO_BIG: more
 * than the bounds above. After a failure `prepared` is as if it were zeroed, and
 * stay_redis_call returns STAY_E_FORMAT.
 */
STAY_API enum stay_status stay_redis_prepare(
    struct stay_redis_prepared *prepared, const char *format);

/*
 * Submit a prepared command with the `count` words that change, in the order of its
 * format. They are copied. Whether a command blocks or only reads, what `done` gets
 * and what `options` may say is as with stay_redis_command_with.
 * Returns: as stay_redis_command_with; STAY_E_ARG: `count` is not how many words
 * change, or a word of more than 0 bytes is NULL.
 */
STAY_API enum stay_status stay_redis_call(struct stay_redis *redis,
    const struct stay_redis_prepared *prepared,
    const struct stay_call_options *options, stay_done_fn *done, void *arg,
    size_t count, const struct stay_bytes *words);

/* Add one to a pipeline or a multi. Returns as stay_redis_group_add and
 * stay_redis_call. */
STAY_API enum stay_status stay_redis_group_call(struct stay_redis_group *group,
    const struct stay_redis_prepared *prepared, size_t count,
    const struct stay_bytes *words);

STAY_END

#endif
