/* A transaction: what became of it, as the replies to MULTI, its commands and EXEC
 * say. */
#ifndef STAY_REDIS__MULTI_H
#define STAY_REDIS__MULTI_H

#include <stay/redis.h>

/*
 * `all` has the answers to MULTI, to each command and to EXEC. Fill in `answers`, one
 * a command; returns what the transaction has come to, with these answers. They live
 * as long as `all`.
 */
struct stay_group_result stay_redis__multi_result(
    const struct stay_group_result *all, struct stay_result *answers);

#endif
