/*
 * Who says where the primary is. Each attempt of the client (the *front*) begins with a
 * question to one of the Sentinels. The next one is asked if this one has no answer, or if
 * the place that it named did not come up: it may be cut off from the others and not know.
 * Whether the place is a primary, the greeting finds out (role=primary).
 *
 * The connection to the Sentinel stays, and is subscribed to +switch-master. When it hears
 * of that, and when it may have missed it, it asks again. If the answer is another place
 * than the front's, the front leaves: calls in flight finish, the others go on there.
 */
#include "sentinel.h"

#include <stay/redis_subscribe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sentinel_url.h"
#include "session.h"

#define HOST_MAX  255u
#define PORT_MAX  5u
#define LABEL_MAX 512u

/* What a Sentinel that hangs may hold up a change of it, or the end. */
#define LEAVE_MS UINT64_C(100)

/* A question waits so long at most; and its Sentinel is left if it is so late. */
#define PATIENCE_MS UINT64_C(2000)

struct stay_redis__sentinels {
	struct stay_redis *front;
	struct stay_redis *asked;          /* their client */
	struct stay_redis__config *config; /* a copy, which `words` lie in */
	struct stay_redis__sentinel_words words;
	struct stay_call_id question;
	bool is_asking;  /* `question` is under way */
	bool is_awaited; /* the front has asked, and was not given a place */
	bool is_doubted; /* the last answer has not led to a session */
	size_t clueless; /* Sentinels without an answer, in this attempt */
	uint64_t left; /* the session to a Sentinel that is left; 0: none yet */
	uint64_t patience_ms;
	char *named; /* the URL that the front was given last, or "" */
	char *heard; /* the URL of the last answer */
	size_t room; /* of these two */
	size_t count;
	const char *urls[]; /* of Sentinels, the next one to be asked first */
};

static bool
is_dropped(const struct stay_redis__sentinels *own)
{
	return own->front->sentinels != own;
}

/* ---- whom to ask ---- */

static void ask(struct stay_redis__sentinels *own);

/* The place of a session to a Sentinel. */
static void
name_sentinels(void *arg, struct stay_client *client)
{
	struct stay_redis__sentinels *own = arg;

	(void)stay_client_endpoints(client, own->urls);
}

/* One alone may be a name that leads to many: it is another one then, maybe. */
static void
turn_to_next(struct stay_redis__sentinels *own)
{
	const char *first = own->urls[0];

	memmove(
	    own->urls, own->urls + 1, (own->count - 1) * sizeof(own->urls[0]));
	own->urls[own->count - 1] = first;
	own->left = stay_client_session_number(own->asked->client);
	stay_client_reconnect(own->asked->client, STAY_OK);
}

/* The attempt of the front has failed. */
static void
lack(struct stay_redis__sentinels *own, const char *why)
{
	(void)stay_client_no_endpoints(own->front->client, why);
}

static void
be_clueless(struct stay_redis__sentinels *own, const char *why)
{
	if (!own->is_awaited)
		return;
	if (++own->clueless >= own->count) {
		own->is_doubted = true;
		lack(own, why);
		return;
	}
	turn_to_next(own);
	ask(own);
}

/* ---- the answer ---- */

static bool
is_host(const struct stay_redis_reply *reply)
{
	const char *host = stay_redis_str(reply);
	size_t len = stay_redis_len(reply);

	return len > 0 && len <= HOST_MAX &&
	       strspn(host,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "0123456789.:-_") == len;
}

static bool
is_port(const struct stay_redis_reply *reply)
{
	size_t len = stay_redis_len(reply);

	return len > 0 && len <= PORT_MAX &&
	       strspn(stay_redis_str(reply), "0123456789") == len;
}

/* False: it names no place. */
static bool
hear(struct stay_redis__sentinels *own, const struct stay_redis_reply *reply)
{
	const struct stay_redis_reply *host = stay_redis_at(reply, 0);
	const struct stay_redis_reply *port = stay_redis_at(reply, 1);

	if (!is_host(host) || !is_port(port))
		return false;
	snprintf(own->heard, own->room,
	    strchr(stay_redis_str(host), ':') == NULL ? "%s://%s:%s%s"
						      : "%s://[%s]:%s%s",
	    own->words.scheme, stay_redis_str(host), stay_redis_str(port),
	    own->words.query);
	return true;
}

/* The front waits for this, or is at another place, or on its way there. */
static void
tell(struct stay_redis__sentinels *own)
{
	char *heard = own->heard;
	const char *const urls[] = { heard, NULL };
	struct stay_client *client = own->front->client;
	enum stay_status status = stay_client_endpoints(client, urls);

	if (status == STAY_OK) {
		own->is_awaited = false;
		own->is_doubted = true;
		own->heard = own->named;
		own->named = heard;
	} else if (status != STAY_E_STATE) {
		be_clueless(own, "a Sentinel has named a place that is none");
	} else if (strcmp(own->named, heard) != 0) {
		own->is_doubted = false; /* this Sentinel is not behind */
		stay_client_reconnect(client, STAY_OK);
	}
}

static void
on_answer(void *arg, const struct stay_result *result)
{
	struct stay_redis__sentinels *own = arg;
	char why[HOST_MAX];

	if (result->status == STAY_E_CANCELLED || is_dropped(own))
		return;
	own->is_asking = false;
	if (own->left != 0 && result->session == own->left) {
		ask(own); /* it was sent before that session was left */
		return;
	}
	if (result->status == STAY_OK && hear(own, result->reply)) {
		tell(own);
		return;
	}
	if (result->status != STAY_OK)
		snprintf(
		    why, sizeof(why), "asking the Sentinels: %s", result->why);
	else if (stay_redis_count(result->reply) == 0)
		snprintf(why, sizeof(why), "no Sentinel knows %.200s",
		    own->words.name);
	else
		snprintf(why, sizeof(why),
		    "a Sentinel has named a place that is none");
	be_clueless(own, why);
}

/* All of them deny us; or there is no memory. */
static const char *
why_not(const struct stay_redis__sentinels *own)
{
	const char *why = stay_conn_failure(stay_redis_conn(own->asked));

	return *why == '\0' ? "no memory for asking the Sentinels" : why;
}

/* A question that is under way may be answered with what was before. */
static void
ask(struct stay_redis__sentinels *own)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = own->patience_ms, .flags = STAY_IDEMPOTENT,
		.id = &own->question };

	if (own->is_asking)
		(void)stay_client_cancel(own->asked->client, own->question);
	own->is_asking =
	    stay_redis_command_with(own->asked, &options, on_answer, own,
		"SENTINEL GET-MASTER-ADDR-BY-NAME %s",
		own->words.name) == STAY_OK;
	if (!own->is_asking && own->is_awaited)
		lack(own, why_not(own));
}

/* ---- what they say by themselves ---- */

/* "NAME old-host old-port new-host new-port" */
static void
on_switch(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct stay_redis__sentinels *own = arg;
	const char *name = own->words.name;
	size_t len = strlen(name);

	(void)subscription;
	if (!is_dropped(own) && message->payload.len > len &&
	    memcmp(message->payload.data, name, len) == 0 &&
	    message->payload.data[len] == ' ')
		ask(own);
}

/* From now on nothing is missed; before, something may have been. What is asked already is
 * answered behind this. */
static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct stay_redis__sentinels *own = arg;

	(void)subscription;
	if (!is_dropped(own) && !own->is_asking &&
	    (notice->kind == STAY_REDIS_SUBSCRIBED ||
		notice->kind == STAY_REDIS_RESTORED))
		ask(own);
}

/* ---- their client ---- */

static void
free_sentinels(struct stay_redis__sentinels *own)
{
	stay_redis__config_free(own->config);
	free(own->named);
	free(own->heard);
	free(own);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_redis__sentinels *own = arg;
	struct stay_redis *front = own->front;

	(void)conn;
	(void)reason;
	if (front->sentinels == own)
		front->sentinels = NULL;
	front->sentinels_left--;
	free_sentinels(own);
	(void)stay_client_wake(front->client);
}

static void
log_in(void *arg, struct stay_redis_login *login)
{
	const struct stay_redis__sentinels *own = arg;

	login->user = own->words.user;
	login->password = own->words.password;
}

/* So long that all of them can be asked while the front's attempt waits. */
static uint64_t
patience(const struct stay_redis__sentinels *own, uint64_t budget_ms)
{
	uint64_t ms = budget_ms / (own->count + 1);

	return ms < PATIENCE_MS ? ms : PATIENCE_MS;
}

static struct stay_client_options
options_for(struct stay_redis__sentinels *own,
    const struct stay_client_options *front, const char *label)
{
	own->patience_ms = patience(own, front->connect_budget_ms);
	return (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.label = label, .on_closed = on_closed, .arg = own,
		.endpoints = name_sentinels, .socket = front->socket,
		.filter = front->filter, .connect_budget_ms = own->patience_ms,
		.probe_ms = front->probe_ms, .silence_ms = front->silence_ms,
		.tombstone_age_ms = PATIENCE_MS, .stop_budget_ms = LEAVE_MS,
		.leave_budget_ms = LEAVE_MS };
}

static enum stay_status
start(struct stay_redis__sentinels *own, struct stay_client *client)
{
	struct stay_client_options front = { STAY_CLIENT_OPTIONS };
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.role = STAY_REDIS_WANT_ANY,
		.client_name = stay_redis__config_name(own->config),
		.credentials_arg = own };
	char label[LABEL_MAX];

	stay_client_get_options(client, &front);
	snprintf(label, sizeof(label), "%.480s (Sentinels)", front.label);
	options.client = options_for(own, &front, label);
	if (own->words.password[0] != '\0')
		options.credentials = log_in;
	return stay_redis_start(&own->asked,
	    stay_conn_loop(stay_client_conn(client)), own->urls[0], &options);
}

static enum stay_status
subscribe(struct stay_redis__sentinels *own)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "+switch-master",
		.on_message = on_switch, .on_notice = on_notice, .arg = own
	};

	return stay_redis_subscribe(own->asked, &options, NULL);
}

/* ---- the beginning, and the end ---- */

static size_t
count_of(const char *urls)
{
	size_t count = 0;

	for (; *urls != '\0'; urls += strlen(urls) + 1)
		count++;
	return count;
}

static bool
fill(struct stay_redis__sentinels *own, const struct stay_redis__config *config)
{
	const char *url;

	own->config = stay_redis__config_copy(config);
	if (own->config == NULL)
		return false;
	own->words = stay_redis__sentinel_words_of(own->config);
	url = own->words.urls;
	for (size_t i = 0; i < own->count; i++, url += strlen(url) + 1)
		own->urls[i] = url;
	own->room = strlen(own->words.scheme) + strlen(own->words.query) +
		    HOST_MAX + PORT_MAX + sizeof("://[]:");
	own->named = calloc(1, own->room);
	own->heard = calloc(1, own->room);
	return own->named != NULL && own->heard != NULL;
}

/* NULL: no memory. */
static struct stay_redis__sentinels *
new_sentinels(const struct stay_redis__config *config)
{
	size_t count = count_of(stay_redis__sentinel_words_of(config).urls);
	struct stay_redis__sentinels *own =
	    calloc(1, sizeof(*own) + (count + 1) * sizeof(own->urls[0]));

	if (own == NULL)
		return NULL;
	own->count = count;
	if (fill(own, config))
		return own;
	free_sentinels(own);
	return NULL;
}

/* The front is woken in the end: what that takes is made first. */
static enum stay_status
begin(struct stay_redis *front)
{
	struct stay_redis__sentinels *own;
	enum stay_status status = stay_client_wake(front->client);

	if (status != STAY_OK)
		return status;
	own = new_sentinels(stay_client_config(front->client));
	if (own == NULL)
		return STAY_E_NOMEM;
	own->front = front;
	status = start(own, front->client);
	if (status != STAY_OK) {
		free_sentinels(own);
		return status;
	}
	front->sentinels = own;
	front->sentinels_left++;
	front->sentinels_are_old = false;
	status = subscribe(own);
	if (status != STAY_OK)
		stay_redis__sentinel_drop(front);
	return status;
}

void
stay_redis__sentinel_find(void *arg, struct stay_client *client)
{
	struct stay_redis *front = stay_client_keep(client);
	struct stay_redis__sentinels *own;
	enum stay_status status = STAY_OK;

	(void)arg;
	front->client = client;
	if (front->sentinels_are_old)
		stay_redis__sentinel_drop(front);
	if (front->sentinels == NULL)
		status = begin(front);
	if (status != STAY_OK) {
		(void)stay_client_no_endpoints(client, stay_strerror(status));
		return;
	}
	own = front->sentinels;
	if (own->is_doubted)
		turn_to_next(own);
	own->is_awaited = true;
	own->clueless = 0;
	ask(own);
}

void
stay_redis__sentinel_found(struct stay_redis *redis)
{
	if (redis->sentinels != NULL)
		redis->sentinels->is_doubted = false;
}

void
stay_redis__sentinel_drop(struct stay_redis *redis)
{
	struct stay_redis__sentinels *own = redis->sentinels;

	if (own == NULL)
		return;
	redis->sentinels = NULL;
	stay_redis_stop(own->asked);
}
