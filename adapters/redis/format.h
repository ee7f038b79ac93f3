/* A command from a printf-like format, or from words: see <stay/redis.h>. */
#ifndef STAY_REDIS__FORMAT_H
#define STAY_REDIS__FORMAT_H

#include <stdarg.h>

#include <stay/buf.h>

/* A va_list that can be passed on by address everywhere. */
struct stay_redis__arguments {
	va_list list;
	const char *why; /* after STAY_E_FORMAT: what is wrong; static */
};

struct stay_redis__writer;

/*
 * Write one conversion into the open word; `at` is behind its '%'. Returns where the
 * format goes on, or NULL: writer->status says why.
 */
const char *stay_redis__put_field(struct stay_redis__writer *writer,
    const char *at, struct stay_redis__arguments *arguments);

/*
 * Append one command. Returns STAY_OK; or STAY_E_FORMAT, STAY_E_ARG (a word of argv
 * is NULL), STAY_E_TOO_BIG or STAY_E_NOMEM, and then nothing is appended.
 * The arguments may not be used again.
 */
enum stay_status stay_redis__write_format(struct stay_buf *out,
    const char *format, struct stay_redis__arguments *arguments);
enum stay_status stay_redis__write_argv(struct stay_buf *out, size_t argc,
    const char *const *argv, const size_t *lens);

#endif
