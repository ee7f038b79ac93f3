/* What a client of Redis is started with, wherever it is started. */
#ifndef STAY_REDIS__START_H
#define STAY_REDIS__START_H

#include <stay/redis.h>

#include "config.h"
#include "sentinel_url.h"

extern const struct stay_protocol stay_redis__protocol;

/* What the library is given: a URL, the program's options, complete, and a config of the
 * adapter's, which the client copies. */
struct stay_redis__start {
	const char *url; /* as given, or that of `sentinels` */
	struct stay_redis_options options;
	struct stay_redis__config *config;
	struct stay_redis__sentinel_url sentinels;
};

/* Fill `start`, which is for stay_redis__prepared in any case. */
enum stay_status stay_redis__prepare(struct stay_loop *loop,
    struct stay_redis__start *start, const char *url,
    const struct stay_redis_options *options);

/* It was given to the library, or not: free what is left. */
void stay_redis__prepared(struct stay_redis__start *start);

#endif
