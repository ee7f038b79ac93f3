/*
 * stay/url.h - where to connect, as people write it (RFC 3986).
 *
 *	scheme://[user[:password]@][host[:port]][/path][?query]
 *
 * Percent-escapes are decoded in user, password, host and path; an IPv6
 * address stands in brackets. Nothing is guessed: a part that is absent is an
 * empty string, and a URL with a control character, a bad escape, a decoded
 * NUL, a fragment, a port past 65535 or more than 65535 bytes is refused with a
 * sentence that says where. The last '@' ends user and password.
 */
#ifndef STAY_URL_H
#define STAY_URL_H

#include <stay/status.h>

STAY_BEGIN

/* One allocation; the strings live as long as it does. None of them is NULL. */
struct stay_url {
	const char *scheme; /* lower case */
	const char *user;
	const char *password;
	const char *host;  /* without brackets */
	const char *port;  /* digits, or empty */
	const char *path;  /* with its leading slash, or empty */
	const char *query; /* as written, without '?' */
};

/*
 * Parse `text`. On success *url is the caller's, to free with stay_url_free; on
 * failure *url is NULL and, if `why` is not NULL, *why is a static sentence.
 * Returns: STAY_OK, STAY_E_URL, STAY_E_NOMEM. Any thread.
 */
STAY_API STAY_USE enum stay_status stay_url_parse(
    struct stay_url **url, const char *text, const char **why);
STAY_API void stay_url_free(struct stay_url *url);

/*
 * Write the URL without user, password and query, fit for logs, always
 * NUL-terminated and at most `len` bytes. Returns what it would have needed
 * without the NUL, as snprintf does.
 */
STAY_API int stay_url_describe(
    const struct stay_url *url, char *text, size_t len);

/*
 * The decoded value of `key` in the query into `value`, NUL-terminated.
 * Returns its length, or -1: not there, or longer than `len` - 1.
 */
STAY_API int stay_url_query(
    const struct stay_url *url, const char *key, char *value, size_t len);

STAY_END

#endif
