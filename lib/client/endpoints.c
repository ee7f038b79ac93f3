/*
 * The places of a client: which of them is dialled next, how long each rests after
 * a failure, and the callback that names them. Where a URL points is target.c's;
 * when an attempt begins, and what a failure means for calls, is session.c's.
 */
#include "client/endpoints.h"

#include "client/client.h"
#include "client/settings.h"

#define LACK_MAX 255 /* bytes of a sentence why there is no place */

/* ---- the list ---- */

static size_t
count_urls(const char *const *urls)
{
	size_t count = 0;

	while (urls != NULL && urls[count] != NULL)
		count++;
	return count;
}

static enum stay_status
parse_one(struct stay__endpoint *place, struct stay_loop *loop,
    const struct stay_protocol *protocol, struct stay_filter *filter,
    const char *url)
{
	size_t size = strlen(url) + 1;
	enum stay_status status =
	    stay__target_parse(&place->target, loop, protocol, filter, url);

	if (status != STAY_OK)
		return status;
	place->url = stay__realloc(NULL, size);
	if (place->url == NULL)
		return STAY_E_NOMEM;
	memcpy(place->url, url, size);
	place->name = stay__settings_label(&place->target, url);
	return place->name == NULL ? STAY_E_NOMEM : STAY_OK;
}

static void
clear(struct stay__endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++) {
		struct stay__endpoint *place = &endpoints->all[i];

		stay__target_fini(&place->target);
		stay__free(place->name);
		stay__free_secret(place->url);
	}
	stay__free(endpoints->all);
	stay__free(endpoints->lack);
}

/* What was made is cleared in any case. */
static enum stay_status
parse(struct stay__endpoints *endpoints, struct stay_loop *loop,
    const struct stay_protocol *protocol, struct stay_filter *filter,
    const char *url, const char *const *more)
{
	size_t count = count_urls(more) + 1;
	enum stay_status status;

	if (count > STAY_ENDPOINTS_MAX)
		return STAY_E_TOO_BIG;
	endpoints->all = stay__calloc(count, sizeof(*endpoints->all));
	if (endpoints->all == NULL)
		return STAY_E_NOMEM;
	endpoints->now = endpoints->all;
	endpoints->count = (uint16_t)count;
	status = parse_one(endpoints->all, loop, protocol, filter, url);
	for (size_t i = 1; i < count && status == STAY_OK; i++)
		status = parse_one(
		    endpoints->all + i, loop, protocol, filter, more[i - 1]);
	return status;
}

enum stay_status
stay__endpoints_new(struct stay__endpoints **endpoints, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	struct stay__endpoints *made;
	enum stay_status status;

	*endpoints = NULL;
	if (options->endpoints == NULL && count_urls(options->urls) == 0)
		return STAY_OK;
	made = stay__zalloc(sizeof(*made));
	if (made == NULL)
		return STAY_E_NOMEM;
	status = parse(made, loop, protocol,
	    stay__target_filter(loop, options->filter), url, options->urls);
	if (status == STAY_OK)
		*endpoints = made;
	else
		stay__endpoints_free(made);
	return status;
}

void
stay__endpoints_free(struct stay__endpoints *endpoints)
{
	if (endpoints == NULL)
		return;
	clear(endpoints);
	stay__free(endpoints);
}

/* ---- another list ---- */

static bool
is_same(const struct stay__target *a, const struct stay__target *b)
{
	const struct stay_target *left = &a->dial, *right = &b->dial;

	return a->descriptors == NULL && b->descriptors == NULL &&
	       a->secure == b->secure &&
	       strcmp(left->scheme, right->scheme) == 0 &&
	       strcmp(left->host, right->host) == 0 &&
	       strcmp(left->port, right->port) == 0 &&
	       strcmp(left->path, right->path) == 0;
}

static void
learn(struct stay__endpoint *place, const struct stay__endpoints *old)
{
	for (size_t i = 0; i < old->count; i++) {
		const struct stay__endpoint *known = &old->all[i];

		if (!is_same(&place->target, &known->target))
			continue;
		place->pace = known->pace;
		place->rests_till_ms = known->rests_till_ms;
		place->is_denied = known->is_denied;
		place->is_latest = known->is_latest;
		return;
	}
}

static void
learn_all(struct stay__endpoints *endpoints, const struct stay__endpoints *old)
{
	for (size_t i = 0; i < endpoints->count; i++)
		learn(&endpoints->all[i], old);
}

void
stay__endpoints_take(
    struct stay_client *client, struct stay__endpoints **endpoints)
{
	struct stay__endpoints *old = client->rare->endpoints;

	if (*endpoints != NULL && old != NULL)
		learn_all(*endpoints, old);
	stay__rare_set_place(client, NULL);
	if (*endpoints != old)
		client->rare->endpoints =
		    *endpoints; /* the change is there, too */
	*endpoints = old;
}

/* ---- asking for it ---- */

bool
stay__endpoints_ask(struct stay_client *client)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;
	stay_endpoints_fn *ask = client->profile->options.endpoints;

	if (endpoints == NULL)
		return false;
	stay__free(endpoints->lack);
	endpoints->lack = NULL;
	endpoints->asking = STAY__ASKING_NOT;
	if (ask == NULL || stay__detour_is_next(client->rare->detour))
		return false;
	endpoints->asking = STAY__ASKING_INSIDE;
	ask(client->arg, client);
	if (endpoints->asking == STAY__ASKING_INSIDE)
		endpoints->asking = STAY__ASKING;
	return endpoints->asking == STAY__ASKING;
}

bool
stay__endpoints_are_answered(struct stay_client *client)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;

	if (endpoints == NULL || endpoints->asking != STAY__ASKED ||
	    stay_conn_state(client->conn) != STAY_CONNECTING)
		return false;
	endpoints->asking = STAY__ASKING_NOT;
	return true;
}

bool
stay__endpoints_are_awaited(const struct stay_client *client)
{
	const struct stay__endpoints *endpoints = client->rare->endpoints;

	return endpoints != NULL &&
	       (endpoints->asking == STAY__ASKING ||
		   endpoints->asking == STAY__ASKING_INSIDE) &&
	       stay_conn_state(client->conn) == STAY_CONNECTING;
}

static enum stay_status
take_urls(struct stay_client *client, const char *const *urls)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;
	struct stay__endpoints fresh = { .count = 0 }, old;
	enum stay_status status;

	if (count_urls(urls) == 0)
		return STAY_OK;
	status = parse(&fresh, client->loop, &client->profile->protocol.top,
	    client->profile->options.filter, urls[0], urls + 1);
	if (status != STAY_OK) {
		clear(&fresh);
		return status;
	}
	learn_all(&fresh, endpoints);
	stay__rare_set_place(client, NULL);
	old = *endpoints;
	*endpoints = fresh;
	clear(&old);
	return STAY_OK;
}

/* The attempt goes on: at once, or when `endpoints` has returned. */
static void
be_answered(struct stay_client *client)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;
	bool inside = endpoints->asking == STAY__ASKING_INSIDE;

	endpoints->asking = inside ? STAY__ASKING_NOT : STAY__ASKED;
	if (!inside)
		stay__conn_interrupt(client->conn);
}

enum stay_status
stay_client_endpoints(struct stay_client *client, const char *const *urls)
{
	enum stay_status status;

	assert(client != NULL);
	stay__loop_forget_rejection(client->loop);
	if (!stay__endpoints_are_awaited(client))
		return STAY_E_STATE;
	status = take_urls(client, urls);
	if (status == STAY_OK)
		be_answered(client);
	return status;
}

enum stay_status
stay_client_no_endpoints(struct stay_client *client, const char *why)
{
	size_t len;
	char *lack;

	assert(client != NULL && why != NULL);
	stay__loop_forget_rejection(client->loop);
	if (!stay__endpoints_are_awaited(client))
		return STAY_E_STATE;
	len = strnlen(why, LACK_MAX);
	lack = stay__zalloc(len + 1);
	if (lack == NULL)
		return STAY_E_NOMEM;
	memcpy(lack, why, len);
	client->rare->endpoints->lack = lack;
	stay__rare_set_place(client, NULL);
	be_answered(client);
	return STAY_OK;
}

/* ---- choosing ---- */

/* Whether an attempt to `a` is better than one to `b`, which stands before it: it has
 * rested, or longer; and what has just failed comes after all else that has. */
static bool
is_better(const struct stay__endpoint *a, const struct stay__endpoint *b,
    uint64_t now_ms)
{
	bool a_rests = a->rests_till_ms > now_ms;
	bool b_rests = b->rests_till_ms > now_ms;

	if (a_rests || b_rests)
		return a->rests_till_ms < b->rests_till_ms;
	return b->is_latest && !a->is_latest;
}

static struct stay__endpoint *
best_of(const struct stay__endpoints *endpoints, uint64_t now_ms)
{
	struct stay__endpoint *best = NULL;

	for (size_t i = 0; i < endpoints->count; i++) {
		struct stay__endpoint *place = &endpoints->all[i];

		if (!place->is_consumed &&
		    (best == NULL || is_better(place, best, now_ms)))
			best = place;
	}
	return best;
}

const struct stay__target *
stay__endpoints_choose(struct stay_client *client)
{
	const struct stay__target *detour = stay__detour_take(client);
	struct stay__endpoints *endpoints = client->rare->endpoints;
	struct stay__endpoint *best;

	if (detour != NULL)
		return detour;
	if (endpoints == NULL)
		return client->consumed ? NULL : &client->profile->target;
	if (endpoints->lack != NULL)
		return NULL;
	best = best_of(endpoints, stay_loop_now_ms(client->loop));
	if (best == NULL)
		return NULL;
	endpoints->now = best;
	stay__rare_set_place(client, best->name);
	return &best->target;
}

enum stay_status
stay__endpoints_lack(const struct stay_client *client, const char **why)
{
	const struct stay__endpoints *endpoints = client->rare->endpoints;

	if (endpoints == NULL || endpoints->lack == NULL) {
		*why = "the descriptors of the URL are used up";
		return STAY_E_STATE;
	}
	*why = endpoints->lack;
	return STAY_E_RESOLVE;
}

void
stay__endpoints_dialled(struct stay_client *client)
{
	bool consumed = stay__endpoints_now(client)->descriptors != NULL;

	if (client->rare->endpoints == NULL)
		client->consumed = consumed;
	else
		client->rare->endpoints->now->is_consumed = consumed;
}

struct stay__target *
stay__endpoints_now(const struct stay_client *client)
{
	struct stay__detour *detour = stay__detour_now(client->rare->detour);

	if (detour != NULL)
		return &detour->target;
	return client->rare->endpoints == NULL
		   ? &client->profile->target
		   : &client->rare->endpoints->now->target;
}

const char *
stay__endpoints_url(const struct stay_client *client)
{
	return client->rare->endpoints == NULL
		   ? stay__profile_url(client->profile)
		   : client->rare->endpoints->now->url;
}

struct stay__pace *
stay__endpoints_pace(struct stay_client *client)
{
	return client->rare->endpoints == NULL
		   ? stay__conn_own_pace(client->conn)
		   : &client->rare->endpoints->now->pace;
}

/* ---- what attempts come to ---- */

/* A crowd that has lost one place must not come to the next one in one moment. */
uint64_t
stay__endpoints_first_delay(struct stay_client *client)
{
	struct stay_backoff_policy policy = client->profile->options.backoff;
	uint64_t random = stay__loop_random(client->loop), ms;

	ms = stay_backoff_delay(&policy, 1, 0, random);
	if (ms < STAY_FOREVER)
		return ms;
	policy = stay_backoff_default();
	return stay_backoff_delay(&policy, 1, 0, random);
}

static uint64_t
wait_for(const struct stay__endpoint *place, uint64_t now_ms, uint64_t least)
{
	uint64_t till = place->rests_till_ms;

	if (place->is_consumed || till == STAY_FOREVER)
		return STAY_FOREVER;
	if (till <= now_ms || till - now_ms < least)
		return least;
	return till - now_ms;
}

/* Until the first of several places may be dialled. */
static uint64_t
wait_for_any(struct stay_client *client, uint64_t now_ms)
{
	const struct stay__endpoints *endpoints = client->rare->endpoints;
	uint64_t least = stay__endpoints_first_delay(client), ms = STAY_FOREVER,
		 one;

	for (size_t i = 0; i < endpoints->count; i++) {
		one = wait_for(&endpoints->all[i], now_ms,
		    &endpoints->all[i] == endpoints->now ? 0 : least);
		if (one < ms)
			ms = one;
	}
	return ms;
}

/* No place is left that could be dialled, and another may be named. */
static bool
must_ask(const struct stay_client *client, uint64_t now_ms)
{
	return client->profile->options.endpoints != NULL &&
	       best_of(client->rare->endpoints, now_ms) == NULL;
}

uint64_t
stay__endpoints_fail(struct stay_client *client, uint64_t ms)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;
	uint64_t now_ms = stay_loop_now_ms(client->loop);

	if (endpoints == NULL || endpoints->lack != NULL)
		return ms;
	for (size_t i = 0; i < endpoints->count; i++)
		endpoints->all[i].is_latest =
		    &endpoints->all[i] == endpoints->now;
	endpoints->now->is_denied = false;
	endpoints->now->rests_till_ms =
	    ms < STAY_FOREVER - now_ms ? now_ms + ms : STAY_FOREVER;
	return must_ask(client, now_ms) ? ms : wait_for_any(client, now_ms);
}

static bool
are_denied(const struct stay__endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->count; i++)
		if (!endpoints->all[i].is_denied &&
		    !endpoints->all[i].is_consumed)
			return false;
	return true;
}

uint64_t
stay__endpoints_deny(struct stay_client *client, uint64_t ms, bool *all)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;

	*all = true;
	if (endpoints == NULL)
		return ms;
	ms = stay__endpoints_fail(client, ms);
	endpoints->now->is_denied = true;
	*all = are_denied(endpoints);
	return ms;
}

/* A place that has given up rests for ever, unless it has attempts left now. */
static bool
gave_up(const struct stay__endpoint *place,
    const struct stay_backoff_policy *policy)
{
	return place->rests_till_ms == STAY_FOREVER &&
	       policy->attempts_max != 0 &&
	       place->pace.attempt > policy->attempts_max;
}

static uint64_t
longest_rest(
    const struct stay_client *client, const struct stay__endpoint *place)
{
	const struct stay_client_options *options = &client->profile->options;
	uint64_t cap = options->backoff.cap_ms;

	if (place->is_denied)
		return options->fatal_backoff_ms;
	return cap == 0 ? stay_backoff_default().cap_ms : cap;
}

void
stay__endpoints_adapt(struct stay_client *client)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;
	uint64_t now_ms = stay_loop_now_ms(client->loop), ms;
	struct stay__endpoint *place;

	for (size_t i = 0; endpoints != NULL && i < endpoints->count; i++) {
		place = &endpoints->all[i];
		ms = longest_rest(client, place);
		if (place->rests_till_ms > now_ms &&
		    place->rests_till_ms - now_ms > ms &&
		    !gave_up(place, &client->profile->options.backoff))
			place->rests_till_ms = now_ms + ms;
	}
}

void
stay__endpoints_came_up(struct stay_client *client)
{
	struct stay__endpoints *endpoints = client->rare->endpoints;

	if (endpoints == NULL)
		return;
	for (size_t i = 0; i < endpoints->count; i++)
		endpoints->all[i].is_latest = false;
	endpoints->now->rests_till_ms = 0;
	endpoints->now->is_denied = false;
}
