/* What a client of Redis is started with, wherever it is started. */
#ifndef STAY_REDIS__START_H
#define STAY_REDIS__START_H

#include <stay/redis.h>

#include "config.h"

extern const struct stay_protocol stay_redis__protocol;

/*
 * Fill `own`: the program's options, complete, and a config of the adapter's, which the
 * client copies. *config is for stay_redis__config_free in any case.
 */
enum stay_status stay_redis__prepare(struct stay_loop *loop,
    struct stay_redis_options *own, struct stay_redis__config **config,
    const char *url, const struct stay_redis_options *options);

#endif
