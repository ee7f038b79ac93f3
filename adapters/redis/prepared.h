/* Commands that are written and judged once: see <stay/redis_prepared.h>. */
#ifndef STAY_REDIS__PREPARED_H
#define STAY_REDIS__PREPARED_H

#include <stay/redis_prepared.h>

#include "format_writer.h"

/* Append a prepared command with its words. Returns STAY_OK; or STAY_E_FORMAT,
 * STAY_E_ARG, STAY_E_TOO_BIG or STAY_E_NOMEM, and then nothing is appended. */
enum stay_status stay_redis__write_prepared(struct stay_buf *out,
    const struct stay_redis_prepared *prepared, size_t count,
    const struct stay_bytes *words);

static inline bool
stay_redis__is_prepared(const struct stay_redis_prepared *prepared)
{
	return prepared != NULL && prepared->before[0] > 0;
}

static inline bool
stay_redis__has_its_words(const struct stay_redis_prepared *prepared,
    size_t count, const struct stay_bytes *words)
{
	return count == prepared->changing && (count == 0 || words != NULL);
}

/* What is fixed is copied in blocks of so many bytes, the last one with what happens
 * to be behind it. */
#define STAY_REDIS__BLOCK 16u

static inline char *
stay_redis__put_fixed(char *at, const char *text, size_t len)
{
	size_t done = 0;

	do
		memcpy(at + done, text + done, STAY_REDIS__BLOCK);
	while ((done += STAY_REDIS__BLOCK) < len);
	return at + len;
}

/* All that is fixed, with one word that changes. */
#define STAY_REDIS__PREPARED_ROOM                                              \
	(STAY_REDIS_FIXED_MAX + STAY_REDIS__BLOCK +                            \
	    (size_t)STAY_REDIS__SHORT_ROOM)

/* As stay_redis__put_few: all words are short, and room for any such is there. What is
 * fixed behind the last one is no more than all that is fixed. The command is prepared,
 * and has its words. */
static inline __attribute__((always_inline)) char *
stay_redis__put_prepared(char *start, size_t room,
    const struct stay_redis_prepared *prepared, const struct stay_bytes *words)
{
	size_t count = prepared->changing;
	const char *fixed = prepared->fixed;
	const char *last;
	char *at = start;

	if (room < STAY_REDIS__PREPARED_ROOM)
		return NULL;
	last = start + room - STAY_REDIS__PREPARED_ROOM;
	for (size_t i = 0; i < count; i++) {
		if (words[i].len >= STAY_REDIS__SHORT_MAX ||
		    words[i].data == NULL || at > last)
			return NULL;
		at = stay_redis__put_fixed(at, fixed, prepared->before[i]);
		fixed += prepared->before[i];
		at = stay_redis__put_short_argument(
		    at, words[i].data, words[i].len);
	}
	return stay_redis__put_fixed(at, fixed, prepared->before[count]);
}

#endif
