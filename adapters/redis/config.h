/* The settings of a Redis client, taken once from the URL and the options. */
#ifndef STAY_REDIS__CONFIG_H
#define STAY_REDIS__CONFIG_H

#include <stay/redis.h>

/* Flat: it has no pointer into itself, so that equal clients can have one. */
struct stay_redis__config {
	size_t size; /* with its strings */
	uint32_t db;
	unsigned protocol; /* 3 or 2; 0: the best that the server knows */
	uint8_t role;      /* enum stay_redis_wanted */
	bool resend_reads; /* what only reads is sent again */
	uint8_t moving;    /* enum stay_redis_moving */
	uint32_t depth_max;
	uint32_t elements_max;
	size_t text_max;
	uint32_t subscriptions_max;
	uint32_t subscription_bytes_max;
	stay_redis_push_fn *on_push; /* may be NULL */
	void *on_push_arg;
	stay_redis_credentials_fn *credentials; /* may be NULL */
	void *credentials_arg;
	stay_redis_orphan_fn *on_orphan; /* may be NULL */
	void *on_orphan_arg;
	const struct stay_redis_script *const *scripts; /* may be NULL */
	/* Where these begin in `text`. */
	size_t password;  /* "", and the user, too: no login */
	size_t name;      /* "": none */
	size_t sentinels; /* as sentinel_url.h has it; 0: there are none */
	char text[];      /* from its beginning on the user; "": the default */
};

static inline const char *
stay_redis__config_user(const struct stay_redis__config *config)
{
	return config->text;
}

static inline const char *
stay_redis__config_password(const struct stay_redis__config *config)
{
	return config->text + config->password;
}

static inline const char *
stay_redis__config_name(const struct stay_redis__config *config)
{
	return config->text + config->name;
}

/*
 * Make a config of `url` and `options`, a struct of this version's size. Returns
 * STAY_OK; or STAY_E_URL, STAY_E_ARG or STAY_E_NOMEM, and then *config is NULL.
 * What is wrong of URL and options is told to the loop.
 */
enum stay_status stay_redis__config_new(struct stay_loop *loop,
    struct stay_redis__config **config, const char *url,
    const struct stay_redis_options *options);

/* The same once more, to be changed. NULL: no memory. */
struct stay_redis__config *stay_redis__config_copy(const void *config);

/* Append the words of Sentinels (sentinel_url.h). Returns: STAY_OK; STAY_E_NOMEM, and
 * then *config is as it was. */
enum stay_status stay_redis__config_add(
    struct stay_redis__config **config, struct stay_bytes words);

/* Overwrites the secrets. NULL is fine. */
void stay_redis__config_free(struct stay_redis__config *config);

#endif
