/*
 * Makes profiles, and finds the equal one for a client that starts or changes. A
 * thousand clients with the same URL and the same options have one.
 */
#include "client/profile.h"

#include "base/bar.h"
#include "base/hash.h"
#include "base/text.h"
#include "client/settings.h"
#include "loop/loop.h"
#include "stream/dialing.h"

/* Sharing saves memory and must not cost time: so many of a bucket are compared. */
#define COMPARED_MAX 8

/* Padding of the program's structs may be anything, and would make a difference. */
static void
clean_policy(
    struct stay_backoff_policy *to, const struct stay_backoff_policy *from)
{
	memset(to, 0, sizeof(*to));
	to->kind = from->kind;
	to->jitter = from->jitter;
	to->initial_ms = from->initial_ms;
	to->cap_ms = from->cap_ms;
	to->factor = from->factor;
	to->divisor = from->divisor;
	to->attempts_max = from->attempts_max;
	to->stable_ms = from->stable_ms;
	to->delay = from->delay;
	to->delay_arg = from->delay_arg;
}

static void
clean_socket(
    struct stay_socket_options *to, const struct stay_socket_options *from)
{
	memset(to, 0, sizeof(*to));
	to->nodelay = from->nodelay;
	to->keepalive_later = from->keepalive_later;
	to->keepalive_ms = from->keepalive_ms;
	to->user_timeout_ms = from->user_timeout_ms;
	to->source.len = from->source.len;
	memcpy(&to->source.storage, &from->source.storage, from->source.len);
}

/* ---- what makes two profiles equal ---- */

struct wish {
	struct stay__protocol protocol;
	struct stay_client_options
	    options; /* with a config that is not copied */
	struct stay_socket_options socket;
	const void *config;
	size_t config_len; /* of one that is copied */
	const char *url;
	size_t url_len;
	const struct stay__hooks *hooks;
};

static void
wish_for(struct wish *wish, const struct stay_protocol *protocol,
    const char *url, const struct stay_client_options *options)
{
	struct stay_socket_options socket;

	stay__protocol_fill(&wish->protocol, protocol);
	socket =
	    stay__settings_socket(options, wish->protocol.session.ping != NULL);
	memcpy(&wish->options, options, sizeof(*options));
	wish->options.label = NULL;
	wish->options.arg = NULL;
	wish->options.urls = NULL;
	wish->options.socket = NULL;
	clean_policy(&wish->options.backoff, &options->backoff);
	clean_socket(&wish->socket, &socket);
	wish->config = options->config;
	wish->config_len = options->config_size;
	if (wish->config_len > 0)
		wish->options.config = NULL;
	wish->url = url;
	wish->url_len = strlen(url);
}

static uint64_t
number_of(const struct wish *wish)
{
	uint64_t number = STAY__HASH_START;
	uint64_t word;

	number = stay__hash(number, wish->url, wish->url_len);
	for (size_t at = 0; at < sizeof(wish->options); at += sizeof(word)) {
		memcpy(&word, (const char *)&wish->options + at, sizeof(word));
		number = (number ^ word) * UINT64_C(1099511628211);
	}
	return number ^ number >> 32;
}

static const char *
url_of(const struct stay__profile *profile)
{
	return profile->bytes + profile->options.config_size;
}

/* Byte by byte: what differs in its padding alone has a profile of its own. */
static bool
is_same(const void *a, const void *b, size_t size)
{
	return memcmp(a, b, size) == 0;
}

static bool
fulfils(const struct stay__profile *profile, const struct wish *wish)
{
	return is_same(
		   &profile->options, &wish->options, sizeof(wish->options)) &&
	       is_same(&profile->protocol, &wish->protocol,
		   sizeof(wish->protocol)) &&
	       is_same(&profile->conn.socket, &wish->socket,
		   sizeof(wish->socket)) &&
	       profile->url_len == wish->url_len &&
	       is_same(url_of(profile), wish->url, wish->url_len) &&
	       (wish->config_len == 0 ||
		   is_same(profile->bytes, wish->config, wish->config_len));
}

static struct stay__profile **
bucket_of(struct stay_loop *loop, uint64_t number)
{
	return &loop->profiles[number % STAY__PROFILE_BUCKETS];
}

static struct stay__profile *
find(struct stay_loop *loop, const struct wish *wish, uint64_t number)
{
	struct stay__profile *profile = *bucket_of(loop, number);

	for (unsigned i = 0; i < COMPARED_MAX && profile != NULL; i++) {
		if (profile->number == number && fulfils(profile, wish))
			return profile;
		profile = profile->next;
	}
	return NULL;
}

/* ---- making one ---- */

/* With the password of its URL, and the config, which may have one, too. */
static void
free_profile(struct stay__profile *profile)
{
	stay__target_fini(&profile->target);
	if (profile->options.filter != NULL)
		profile->options.filter->ops->drop(profile->options.filter);
	stay__free(profile->label);
	stay__wipe(profile, profile->size);
	stay__free(profile);
}

static struct stay__profile *
new_profile(struct stay_loop *loop, const struct wish *wish)
{
	size_t size =
	    sizeof(struct stay__profile) + wish->config_len + wish->url_len + 1;
	struct stay__profile *profile = stay__zalloc(size);

	if (profile == NULL)
		return NULL;
	profile->loop = loop;
	stay__buf_bar(&profile->no_lane);
	profile->hooks = wish->hooks;
	profile->size = size;
	memcpy(&profile->protocol, &wish->protocol, sizeof(wish->protocol));
	memcpy(&profile->options, &wish->options, sizeof(wish->options));
	if (wish->options.filter != NULL)
		wish->options.filter->ops->hold(wish->options.filter);
	profile->config = wish->config;
	if (wish->config_len > 0)
		profile->config =
		    memcpy(profile->bytes, wish->config, wish->config_len);
	memcpy(profile->bytes + wish->config_len, wish->url, wish->url_len);
	profile->url_len = wish->url_len;
	profile->calls = stay__settings_bounds(&wish->options);
	profile->calls.acts_on_parts =
	    (wish->protocol.top.flags & STAY_ACTS_ON_PARTS) != 0;
	profile->calls.ends_sessions =
	    (wish->protocol.top.flags & STAY_LAST_FRAMES) != 0 ||
	    wish->protocol.session.at_end != NULL;
	profile->calls.keeps_unacted =
	    profile->calls.retries_refused || profile->calls.ends_sessions;
	return profile;
}

static enum stay_status
fill_settings(struct stay__profile *profile, const struct wish *wish)
{
	const struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.on_started = wish->hooks->notices.on_started,
		.on_closed = wish->hooks->notices.on_closed,
		.stop_budget_ms = wish->options.stop_budget_ms,
		.backoff = wish->options.backoff };
	enum stay_status status =
	    stay__conn_settings_fill(profile->loop, &profile->conn, &options);

	profile->conn.client = wish->hooks->conn;
	memcpy(&profile->conn.socket, &wish->socket, sizeof(wish->socket));
	return status;
}

static enum stay_status
complete(struct stay__profile *profile, const struct wish *wish)
{
	enum stay_status status = stay__target_parse(&profile->target,
	    profile->loop, &profile->protocol.top, profile->options.filter,
	    url_of(profile));

	if (status == STAY_OK)
		status = fill_settings(profile, wish);
	if (status != STAY_OK)
		return status;
	profile->label =
	    stay__settings_label(&profile->target, url_of(profile));
	return profile->label == NULL ? STAY_E_NOMEM : STAY_OK;
}

static enum stay_status
make(struct stay__profile **made, struct stay_loop *loop,
    const struct wish *wish, uint64_t number)
{
	struct stay__profile *profile = new_profile(loop, wish);
	struct stay__profile **bucket = bucket_of(loop, number);
	enum stay_status status;

	if (profile == NULL)
		return STAY_E_NOMEM;
	status = complete(profile, wish);
	if (status != STAY_OK) {
		free_profile(profile);
		return status;
	}
	profile->number = number;
	profile->next = *bucket;
	*bucket = *made = profile;
	return STAY_OK;
}

/* ---- for clients ---- */

enum stay_status
stay__profile_get(struct stay__profile **profile, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options, const struct stay__hooks *hooks)
{
	enum stay_status status = STAY_OK;
	struct wish wish = { .hooks = hooks };
	uint64_t number;

	wish_for(&wish, protocol, url, options);
	wish.options.filter = stay__target_filter(loop, wish.options.filter);
	number = number_of(&wish);
	*profile = find(loop, &wish, number);
	if (*profile == NULL)
		status = make(profile, loop, &wish, number);
	if (status == STAY_OK)
		(*profile)->clients++;
	return status;
}

struct stay__profile *
stay__profile_share(struct stay__profile *profile)
{
	profile->clients++;
	return profile;
}

void
stay__profile_drop(struct stay__profile *profile)
{
	struct stay__profile **at;

	if (profile == NULL || --profile->clients > 0)
		return;
	at = bucket_of(profile->loop, profile->number);
	while (*at != profile)
		at = &(*at)->next;
	*at = profile->next;
	free_profile(profile);
}

const char *
stay__profile_url(const struct stay__profile *profile)
{
	return url_of(profile);
}
