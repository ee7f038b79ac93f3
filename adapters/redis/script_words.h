/* What a script is called with: written once, and sent by digest or with its source. */
#ifndef STAY_REDIS__SCRIPT_WORDS_H
#define STAY_REDIS__SCRIPT_WORDS_H

#include <stdbool.h>

#include <stay/redis_script.h>

#include "format.h"

struct stay_redis__script_words {
	const struct stay_redis_script *script;
	bool is_whole;           /* it is sent with its source */
	size_t count;            /* of the words */
	struct stay_buf words;   /* a number of keys, keys, arguments */
	enum stay_status status; /* not STAY_OK: they could not be written */
	const char *why;         /* then; static, or NULL */
};

/* Write them; stay_buf_fini frees them, whatever has failed. What has, is rejected when it
 * is sent. The arguments may not be used again. */
void stay_redis__script_from_format(struct stay_redis__script_words *words,
    const struct stay_redis_script *script, const char *format,
    struct stay_redis__arguments *arguments);
void stay_redis__script_from_words(struct stay_redis__script_words *words,
    const struct stay_redis_script *script, size_t keys, size_t count,
    const struct stay_bytes *list);

/* Whether this reply says that the server lacks the script. */
bool stay_redis__script_is_lacked(const struct stay_redis_reply *reply);

/* Append the command. Returns STAY_OK, or words->status; or STAY_E_TOO_BIG or
 * STAY_E_NOMEM, and then nothing is appended. */
enum stay_status stay_redis__script_write(
    struct stay_buf *out, const struct stay_redis__script_words *words);

#endif
