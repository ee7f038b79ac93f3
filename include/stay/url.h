/*
 * stay/url.h - where to connect, as people write it (RFC 3986).
 *
 *	scheme://[user[:password]@][host[:port]][/path][?query]
 *
 * Percent-escapes are decoded in user, password, host and path. An IPv6 address
 * is written in brackets. The last '@' ends user and password. Nothing is
 * guessed: a part that is absent is an empty string.
 *
 * A URL is rejected, with a sentence that says where, if it has a control
 * character, a bad escape, an escaped NUL, a fragment, a port past 65535, or
 * more than 65535 bytes.
 *
 * These functions may be called in any thread, and run no callback.
 */
#ifndef STAY_URL_H
#define STAY_URL_H

#include <stay/status.h>

STAY_BEGIN

/* One allocation; the strings live as long as it. None of them is NULL. A URL that a
 * slot is given is the library's, and is only read. */
struct stay_url {
	const char *scheme; /* lower case */
	const char *user;
	const char *password;
	const char *host;  /* without brackets */
	const char *port;  /* digits without leading zeros, or empty */
	const char *path;  /* with its leading slash, or empty */
	const char *query; /* as written, without '?' */
};

/*
 * Parse `text`. On success *url belongs to the caller, who frees it with
 * stay_url_free. On failure *url is NULL, and *why is a static sentence that
 * says what is wrong; `why` may be NULL.
 * Returns: STAY_OK, STAY_E_URL, STAY_E_NOMEM.
 */
STAY_API STAY_USE enum stay_status stay_url_parse(
    struct stay_url **url, const char *text, const char **why);

/* Free a URL; NULL is fine. */
STAY_API void stay_url_free(struct stay_url *url);

/*
 * Write the URL for a log: without user, password and query. `text` is always
 * NUL-terminated, and gets at most `len` bytes; it may be NULL if `len` is 0.
 * Returns the length of the whole text without its NUL, as snprintf does.
 */
STAY_API int stay_url_describe(
    const struct stay_url *url, char *text, size_t len);

/*
 * Write the decoded value of `key` in the query into `value`, NUL-terminated.
 * `len` is the size of `value`.
 * Returns the length of the value; -1 if it is not there or does not fit.
 */
STAY_API int stay_url_query(
    const struct stay_url *url, const char *key, char *value, size_t len);

STAY_END

#endif
