/* Commands that are written and judged once: see <stay/redis_prepared.h>. */
#ifndef STAY_REDIS__PREPARED_H
#define STAY_REDIS__PREPARED_H

#include <stay/redis_prepared.h>

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

/* As stay_redis__put_few. The command is prepared, and has its words. */
char *stay_redis__put_prepared(char *start, size_t room,
    const struct stay_redis_prepared *prepared, const struct stay_bytes *words);

#endif
