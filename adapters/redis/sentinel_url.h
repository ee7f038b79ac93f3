/* A URL of Sentinels, taken apart: what is any client's of Redis, and what is theirs. */
#ifndef STAY_REDIS__SENTINEL_URL_H
#define STAY_REDIS__SENTINEL_URL_H

#include <stay/redis.h>

#include "config.h"

/* One block, with secrets. */
struct stay_redis__sentinel_url {
	char *front; /* redis://login@NAME/db?query; NULL: it is no such URL */
	size_t size; /* of the block, which begins there */
	struct stay_bytes words; /* for stay_redis__config_add */
};

/*
 * Read `url`, which may be NULL, or another one. `made` is for
 * stay_redis__sentinel_url_free in any case.
 * Returns: STAY_OK; STAY_E_URL, STAY_E_ARG (an option that does not go with it),
 * STAY_E_NOMEM. What is wrong is told to the loop.
 */
enum stay_status stay_redis__sentinel_url_read(struct stay_loop *loop,
    struct stay_redis__sentinel_url *made, const char *url,
    const struct stay_redis_options *options);

/* Overwrites the secrets. */
void stay_redis__sentinel_url_free(struct stay_redis__sentinel_url *made);

/* What `words` are; they live as long as the config. */
struct stay_redis__sentinel_words {
	const char *scheme; /* of the servers: "redis" */
	const char *name;
	const char *user; /* at the Sentinels */
	const char *password;
	const char *query; /* for TLS: "?cafile=..." or "" */
	const char *urls; /* of Sentinels, one behind the other; "" ends them */
};

struct stay_redis__sentinel_words stay_redis__sentinel_words_of(
    const struct stay_redis__config *config);

#endif
