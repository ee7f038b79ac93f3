/*
 * Makes a config from a URL and options. Everything is checked and copied here, so
 * that nothing of it can be wrong later. The client checks whether the URL names a
 * place to connect to.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <stay/redis_script.h>

#include "moving.h"
#include "number.h"

#define DB_MAX INT32_MAX

struct bound {
	uint64_t fallback, least, most;
};

#define REDIS(field, unit, fallback, least, most, promise, text)               \
	static const struct bound field##_bound = { fallback, least, most };
#define REDIS_AS_CLIENT(field, fallback)                                       \
	static const uint64_t field##_default = (fallback);
#include "options.def"

/* Where the copy begins in config->text; *at is what is free of it. */
static size_t
keep(struct stay_redis__config *config, char **at, const char *text)
{
	size_t size = strlen(text) + 1, begin = (size_t)(*at - config->text);

	memcpy(*at, text, size);
	*at += size;
	return begin;
}

/* Redis accepts the printable characters of ASCII, but no space. */
static bool
is_name(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name < '!' || *name > '~')
			return false;
	return true;
}

/* The value of `key`, "" without one; it lies at *at until the next call. */
static const char *
query(const struct stay_url *url, const char *key, char **at)
{
	if (stay_url_query(url, key, *at, strlen(url->query) + 1) < 0)
		return "";
	return *at;
}

/* The last few are the filter's (<stay/tls.h>), if the scheme asks for one. */
static bool
is_known_key(const char *key, size_t len, bool secure)
{
	static const char *const keys[] = { "db", "protocol", "client_name",
		"role", "resend_reads", "moving", "cafile", "cadir", "cert",
		"key", "servername" };
	size_t count = sizeof(keys) / sizeof(keys[0]) - (secure ? 0 : 5);

	for (size_t i = 0; i < count; i++)
		if (strlen(keys[i]) == len && memcmp(keys[i], key, len) == 0)
			return true;
	return false;
}

static bool
is_secure(const char *scheme)
{
	return strcmp(scheme, "rediss") == 0 || strcmp(scheme, "valkeys") == 0;
}

/* A key that this adapter does not know is an error, or a misspelt key would go
 * unnoticed. */
static enum stay_status
reject_key(struct stay_loop *loop, const char *key, size_t len, bool secure)
{
	stay_loop_set_rejection(loop,
	    "the query of the URL has the key '%.*s', which is none of db, "
	    "protocol, client_name, role, resend_reads, moving%s",
	    len < 64 ? (int)len : 64, key,
	    secure ? ", cafile, cadir, cert, key, servername" : "");
	return STAY_E_URL;
}

/* Whether the query has the key again behind this one. */
static bool
is_repeated(const char *key, size_t len)
{
	const char *other = key + strcspn(key, "&");

	while (*other != '\0') {
		other++;
		if (strcspn(other, "=&") == len && memcmp(other, key, len) == 0)
			return true;
		other += strcspn(other, "&");
	}
	return false;
}

/* One setting: key, '=' and a value, and nowhere another. */
static enum stay_status
check_key(struct stay_loop *loop, const char *key, bool secure)
{
	size_t len = strcspn(key, "=&");
	bool is_empty =
	    key[len] != '=' || key[len + 1] == '&' || key[len + 1] == '\0';

	if (!is_known_key(key, len, secure))
		return reject_key(loop, key, len, secure);
	if (!is_empty && !is_repeated(key, len))
		return STAY_OK;
	stay_loop_set_rejection(loop,
	    is_empty ? "the key '%.*s' of the URL has no value"
		     : "the URL has the key '%.*s' twice",
	    (int)len, key);
	return STAY_E_URL;
}

/* Nothing between two '&' is no setting. */
static enum stay_status
check_keys(struct stay_loop *loop, const struct stay_url *url)
{
	bool secure = is_secure(url->scheme);
	const char *key = url->query;
	enum stay_status status = STAY_OK;

	while (status == STAY_OK && *key != '\0') {
		if (*key != '&')
			status = check_key(loop, key, secure);
		key += strcspn(key, "&");
		key += strspn(key, "&");
	}
	return status;
}

/* Whether the path of the URL is a db: not that of a socket. */
static bool
has_path(const struct stay_url *url)
{
	return is_secure(url->scheme) || strcmp(url->scheme, "redis") == 0 ||
	       strcmp(url->scheme, "valkey") == 0;
}

static enum stay_status
take_db(struct stay_loop *loop, uint32_t *to, const char *text)
{
	uint64_t db;

	if (!stay_redis__to_count(text, strlen(text), &db) || db > DB_MAX) {
		stay_loop_set_rejection(loop,
		    "the db of the URL is '%s', and may be 0 to %d", text,
		    DB_MAX);
		return STAY_E_URL;
	}
	*to = (uint32_t)db;
	return STAY_OK;
}

static enum stay_status
read_db(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, char **at)
{
	const char *text = query(url, "db", at);
	enum stay_status status = STAY_OK;
	uint32_t other;

	if (text[0] != '\0')
		status = take_db(loop, &config->db, text);
	if (status != STAY_OK || !has_path(url) || strlen(url->path) < 2)
		return status;
	other = config->db;
	status = take_db(loop, &config->db, url->path + 1);
	if (status != STAY_OK || text[0] == '\0' || config->db == other)
		return status;
	stay_loop_set_rejection(loop,
	    "the path of the URL says db %u, and its query db %u",
	    (unsigned)config->db, (unsigned)other);
	return STAY_E_URL;
}

/* Zero means the default. False: out of bounds. */
static bool
take(struct stay_loop *loop, const char *name, uint32_t *to, uint64_t given,
    struct bound bound)
{
	if (given == 0)
		given = bound.fallback;
	*to = (uint32_t)given;
	if (given >= bound.least && given <= bound.most)
		return true;
	stay_loop_set_rejection(loop, "%s is %llu, and may be %llu to %llu",
	    name, (unsigned long long)given, (unsigned long long)bound.least,
	    (unsigned long long)bound.most);
	return false;
}

/* The option takes precedence over the URL. */
static enum stay_status
read_protocol(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, unsigned option, char **at)
{
	const char *text = query(url, "protocol", at);

	if (text[0] != '\0' && strcmp(text, "2") != 0 &&
	    strcmp(text, "3") != 0) {
		stay_loop_set_rejection(loop,
		    "the protocol of the URL is '%s', and may be 2 or 3", text);
		return STAY_E_URL;
	}
	if (option == 0 && text[0] != '\0')
		option = (unsigned)(text[0] - '0');
	config->protocol = option;
	if (option != 1 && option <= protocol_bound.most)
		return STAY_OK;
	stay_loop_set_rejection(
	    loop, "protocol is %u, and may be 0, 2 or 3", option);
	return STAY_E_ARG;
}

/* One word of a few, at the place of its number. */
struct choice {
	const char *key;
	unsigned count;
	const char *const *names;
	const char *all; /* the same, for a sentence */
};

/* The option takes precedence over the URL. */
static enum stay_status
read_choice(struct stay_loop *loop, const struct choice *choice, unsigned *to,
    unsigned option, const char *text)
{
	unsigned i = 0;

	while (i < choice->count && strcmp(text, choice->names[i]) != 0)
		i++;
	if (text[0] != '\0' && i == choice->count) {
		stay_loop_set_rejection(loop,
		    "%s of the URL is '%s', and may be %s", choice->key, text,
		    choice->all);
		return STAY_E_URL;
	}
	*to = option == 0 && text[0] != '\0' ? i : option;
	if (option < choice->count)
		return STAY_OK;
	stay_loop_set_rejection(loop, "%s is %u, and may be 0 to %u",
	    choice->key, option, choice->count - 1);
	return STAY_E_ARG;
}

static enum stay_status
read_choices(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, const struct stay_redis_options *options,
    char **at)
{
	static const char *const roles[] = {
		[STAY_REDIS_WANT_AS_FIRST] = "first",
		[STAY_REDIS_WANT_PRIMARY] = "primary",
		[STAY_REDIS_WANT_ANY] = "any",
	};
	static const char *const answers[] = {
		[STAY_REDIS_DEFAULT] = "",
		[STAY_REDIS_YES] = "yes",
		[STAY_REDIS_NO] = "no",
	};
	static const struct choice role = { "role", 3, roles,
		"primary, any or first" };
	static const struct choice resend = { "resend_reads", 3, answers,
		"yes or no" };
	unsigned chosen;
	enum stay_status status = read_choice(
	    loop, &role, &chosen, options->role, query(url, "role", at));

	if (status != STAY_OK)
		return status;
	config->role = (uint8_t)chosen;
	status = read_choice(loop, &resend, &chosen, options->resend_reads,
	    query(url, "resend_reads", at));
	config->resend_reads = chosen != STAY_REDIS_NO;
	return status;
}

/* Their names are what the server is told. */
static enum stay_status
read_moving(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, unsigned option, char **at)
{
	const char *names[STAY_REDIS_MOVING_EXTERNAL_NAME + 1] = { "" };
	const struct choice moving = { "moving",
		sizeof(names) / sizeof(names[0]), names,
		"none, internal-ip, internal-fqdn, external-ip or "
		"external-fqdn" };
	unsigned chosen;
	enum stay_status status;

	for (unsigned i = 1; i < moving.count; i++)
		names[i] = stay_redis__moving_word((enum stay_redis_moving)i);
	status = read_choice(
	    loop, &moving, &chosen, option, query(url, "moving", at));
	config->moving = (uint8_t)chosen;
	return status;
}

static enum stay_status
read_name(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, const char *option, char **at)
{
	const char *name = option;

	config->name = (size_t)(*at - config->text);
	if (option != NULL)
		keep(config, at, option);
	else
		name = query(url, "client_name", at);
	if (is_name(name))
		return STAY_OK;
	stay_loop_set_rejection(loop,
	    "client_name is '%s', and may have printable characters and no "
	    "space",
	    name);
	return option != NULL ? STAY_E_ARG : STAY_E_URL;
}

static enum stay_status
read_bounds(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_redis_options *options)
{
	uint64_t text_max = options->client.reply_bytes_max;

#define TAKE(field)                                                            \
	take(loop, #field, &config->field, options->field, field##_bound)
	if (!TAKE(depth_max) || !TAKE(elements_max) ||
	    !TAKE(subscriptions_max) || !TAKE(subscription_bytes_max))
		return STAY_E_ARG;
	if (text_max == 0)
		text_max = reply_bytes_max_default;
	config->text_max =
	    text_max > SIZE_MAX / 4 ? SIZE_MAX / 4 : (size_t)text_max;
	return STAY_OK;
}

static enum stay_status
read_scripts(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_redis_script *const *scripts)
{
	config->scripts = scripts;
	for (size_t i = 0; scripts != NULL && scripts[i] != NULL; i++) {
		if (scripts[i]->digest[0] != '\0')
			continue;
		stay_loop_set_rejection(loop,
		    "scripts[%zu] was not made by stay_redis_script_init", i);
		return STAY_E_ARG;
	}
	return STAY_OK;
}

static enum stay_status
read_all(struct stay_loop *loop, struct stay_redis__config *config,
    const struct stay_url *url, const struct stay_redis_options *options)
{
	char *at = config->text;
	enum stay_status status;

	config->on_push = options->on_push;
	config->on_push_arg = options->on_push_arg;
	config->credentials = options->credentials;
	config->credentials_arg = options->credentials_arg;
	config->on_orphan = options->on_orphan;
	config->on_orphan_arg = options->on_orphan_arg;
	keep(config, &at, url->user);
	config->password = keep(config, &at, url->password);
	status = check_keys(loop, url);
	if (status == STAY_OK)
		status = read_bounds(loop, config, options);
	if (status == STAY_OK)
		status = read_scripts(loop, config, options->scripts);
	if (status == STAY_OK)
		status = read_db(loop, config, url, &at);
	if (status == STAY_OK)
		status =
		    read_protocol(loop, config, url, options->protocol, &at);
	if (status == STAY_OK)
		status = read_choices(loop, config, url, options, &at);
	if (status == STAY_OK)
		status = read_moving(loop, config, url, options->moving, &at);
	if (status == STAY_OK)
		status =
		    read_name(loop, config, url, options->client_name, &at);
	return status;
}

static enum stay_status
new_config(struct stay_loop *loop, struct stay_redis__config **config,
    const struct stay_url *url, const struct stay_redis_options *options)
{
	size_t size = sizeof(**config) + strlen(url->user) +
		      strlen(url->password) + strlen(url->query) + 4;
	enum stay_status status;

	if (options->client_name != NULL)
		size += strlen(options->client_name);
	*config = calloc(1, size);
	if (*config == NULL)
		return STAY_E_NOMEM;
	(*config)->size = size;
	status = read_all(loop, *config, url, options);
	if (status != STAY_OK) {
		stay_redis__config_free(*config);
		*config = NULL;
	}
	return status;
}

/* A URL with another scheme, such as fd:3, has no settings for Redis. */
static enum stay_status
parse_url(struct stay_loop *loop, struct stay_url **parsed, const char *url)
{
	enum stay_status status;
	const char *why;

	if (url == NULL)
		return STAY_E_ARG;
	if (strncmp(url, "fd:", 3) == 0)
		url = "fd://";
	status = stay_url_parse(parsed, url, &why);
	if (status == STAY_E_URL)
		stay_loop_set_rejection(loop, "%s", why);
	return status;
}

/* A further place is a place and a login: the rest is the first URL's. */
static enum stay_status
check_place(struct stay_loop *loop, const char *text)
{
	struct stay_url *url;
	char place[256];
	enum stay_status status = parse_url(loop, &url, text);
	bool has_more;

	if (status != STAY_OK)
		return status;
	has_more =
	    url->query[0] != '\0' || (has_path(url) && strlen(url->path) > 1);
	if (has_more) {
		stay_url_describe(url, place, sizeof(place));
		stay_loop_set_rejection(loop,
		    "%s of urls has a db or a query, which only the first URL "
		    "may have",
		    place);
	}
	stay_url_free(url);
	return has_more ? STAY_E_URL : STAY_OK;
}

static enum stay_status
check_places(struct stay_loop *loop, const char *const *urls)
{
	enum stay_status status = STAY_OK;

	for (; urls != NULL && *urls != NULL && status == STAY_OK; urls++)
		status = check_place(loop, *urls);
	return status;
}

enum stay_status
stay_redis__config_new(struct stay_loop *loop,
    struct stay_redis__config **config, const char *url,
    const struct stay_redis_options *options)
{
	struct stay_url *parsed;
	enum stay_status status = parse_url(loop, &parsed, url);

	*config = NULL;
	if (status != STAY_OK)
		return status;
	status = check_places(loop, options->client.urls);
	if (status == STAY_OK)
		status = new_config(loop, config, parsed, options);
	stay_url_free(parsed);
	return status;
}

struct stay_redis__config *
stay_redis__config_copy(const void *config)
{
	const struct stay_redis__config *from = config;
	struct stay_redis__config *copy = malloc(from->size);

	if (copy != NULL)
		memcpy(copy, from, from->size);
	return copy;
}

enum stay_status
stay_redis__config_add(
    struct stay_redis__config **config, struct stay_bytes words)
{
	struct stay_redis__config *old = *config;
	struct stay_redis__config *made = calloc(1, old->size + words.len);

	if (made == NULL)
		return STAY_E_NOMEM;
	memcpy(made, old, old->size);
	memcpy((char *)made + old->size, words.data, words.len);
	made->sentinels = old->size - offsetof(struct stay_redis__config, text);
	made->size += words.len;
	stay_redis__config_free(old);
	*config = made;
	return STAY_OK;
}

void
stay_redis__config_free(struct stay_redis__config *config)
{
	if (config == NULL)
		return;
	explicit_bzero(config, config->size);
	free(config);
}
