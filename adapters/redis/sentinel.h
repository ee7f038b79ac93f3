/*
 * The Sentinels of a client, which say where its primary is. They are asked by a client
 * of the adapter's own, which lives as long as the first one, in its keep block.
 */
#ifndef STAY_REDIS__SENTINEL_H
#define STAY_REDIS__SENTINEL_H

#include <stay/redis.h>

struct stay_redis;

/* The callback `endpoints` of a client whose config has Sentinels. */
void stay_redis__sentinel_find(void *arg, struct stay_client *client);

/* The place that was named is greeted: it was the right one. */
void stay_redis__sentinel_found(struct stay_redis *redis);

/* They are not asked any more. Until their client has ended, sentinels_left says so. */
void stay_redis__sentinel_drop(struct stay_redis *redis);

#endif
