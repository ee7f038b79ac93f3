/*
 * Starts a client from options, a protocol and a URL, and frees it; and the
 * public functions that are passed on to its connection. Everything is checked
 * and allocated before the connection starts.
 */
#include "base/text.h"
#include "client/behaviour.h"
#include "client/client.h"
#include "client/complete.h"
#include "client/numbers.h"
#include "client/over.h"
#include "client/settings.h"
#include "client/tagged.h"
#include "client/trial.h"
#include "loop/errands.h"

/* ---- the client ---- */

static void
free_client(struct stay_client *client)
{
	stay__wake_fini(client);
	stay__session_fini(&client->session);
	stay__calls_end(client);
	stay__reconfigure_fini(client);
	stay__waiters_fini(client);
	stay__holds_fini(client);
	stay__detour_drop(client);
	stay__endpoints_free(client->rare->endpoints);
	stay__profile_drop(client->profile);
	stay__free(client->rare->label);
	stay__rare_fini(client);
	stay__free(client);
}

/* False: no memory. */
static bool
prepare_tags(struct stay_client *client, const struct stay_protocol *protocol)
{
	const struct stay_call_ops ops = stay__protocol_call(protocol);

	if (!stay__tagged_are_needed(&ops))
		return true;
	if (!stay__calls_wake(client) ||
	    !stay__tagged_init(client->calls, &ops))
		return false;
	client->calls->tagged->buried = stay__over;
	return true;
}

/* Allocate one block: the client, the protocol's keep, its session. */
static struct stay_client *
new_client(struct stay__profile *profile)
{
	const struct stay_protocol *protocol = &profile->protocol.top;
	struct stay_client *client = stay__zalloc(
	    sizeof(*client) + stay__block_size(protocol->keep_size) +
	    stay__block_size(protocol->session_size));

	if (client == NULL)
		return NULL;
	client->loop = profile->loop;
	stay__rare_init(client);
	client->profile = stay__profile_share(profile);
	stay__calls_begin(client);
	stay__settings_apply(client);
	stay__session_init(&client->session, client);
	if (prepare_tags(client, protocol))
		return client;
	free_client(client);
	return NULL;
}

static void
tell_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct stay_client *client = arg;
	stay_started_fn *tell = client->profile->options.on_started;

	if (tell != NULL)
		tell(client->arg, conn, status);
}

/* Free the client. Its config is released last. */
static void
close_client(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_client *client = arg;
	const struct stay_client_options *options = &client->profile->options;
	stay_config_release_fn *release = options->config_release;
	const void *config = client->profile->config;
	const struct stay__errands *errands = client->loop->errands;

	if (options->on_closed != NULL)
		options->on_closed(client->arg, conn, reason);
	if (errands != NULL && errands->on_gone != NULL)
		errands->on_gone(errands->arg, client);
	client->profile->protocol.keep.fini(stay__client_keep(client));
	stay__numbers_gone(client);
	stay__conn_end_loan(conn);
	free_client(client);
	if (release != NULL)
		release(config);
}

static const struct stay__hooks hooks = {
	.notices = { tell_started, close_client, NULL },
	.calls = { .expire = stay__client_expire,
	    .tell = stay__client_tell_over,
	    .stand = stay__client_stand,
	    .told = stay__client_told },
	.conn = &stay__client_conn_ops,
};

static enum stay_status
start_conn(struct stay_client *client)
{
	const struct stay__loan loan = {
		.settings = &client->profile->conn,
		.state = client,
	};
	struct stay_conn *conn;

	return stay__conn_start_on_loan(
	    &conn, client->loop, &stay__client_behaviour, client, &loan);
}

static enum stay_status
start_client(struct stay_client *client)
{
	const struct stay__profile *profile = client->profile;
	enum stay_status status;

	client->loop->starting++;
	status = profile->protocol.keep.init(
	    stay__client_keep(client), profile->config, profile->target.url);
	client->loop->starting--;
	if (status != STAY_OK)
		return status;
	status = start_conn(client);
	if (status != STAY_OK)
		profile->protocol.keep.fini(stay__client_keep(client));
	return status;
}

/* What the client is to have beside the options that it shares. */
static enum stay_status
fill_rare(struct stay_client *client, const struct stay_client_options *options)
{
	const struct stay__profile *profile = client->profile;
	struct stay__endpoints *endpoints;
	enum stay_status status = stay__endpoints_new(&endpoints, client->loop,
	    &profile->protocol.top, stay__profile_url(profile), options);

	if (status != STAY_OK || (endpoints == NULL && options->label == NULL))
		return status;
	if (!stay__rare_begin(client)) {
		stay__endpoints_free(endpoints);
		return STAY_E_NOMEM;
	}
	client->rare->endpoints = endpoints;
	if (options->label == NULL)
		return STAY_OK;
	client->rare->label = stay__text_copy(options->label);
	return client->rare->label == NULL ? STAY_E_NOMEM : STAY_OK;
}

static enum stay_status
start_as(struct stay_client **started, struct stay__profile *profile,
    const struct stay_client_options *options)
{
	struct stay_client *client = new_client(profile);
	enum stay_status status;

	if (client == NULL)
		return STAY_E_NOMEM;
	client->arg = options->arg;
	status = fill_rare(client, options);
	if (status == STAY_OK)
		status = start_client(client);
	if (status != STAY_OK)
		free_client(client);
	else
		*started = client;
	return status;
}

static enum stay_status
start_at(struct stay_client **started, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	struct stay_client_options filled;
	struct stay__profile *profile;
	enum stay_status status = stay__settings_fill(loop, &filled, options);

	if (status == STAY_OK)
		status = stay__profile_get(
		    &profile, loop, protocol, url, &filled, &hooks);
	if (status != STAY_OK)
		return status;
	status = start_as(started, profile, &filled);
	stay__profile_drop(profile);
	return status;
}

enum stay_status
stay_client_start(struct stay_client **started, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	const char *words = "there is no protocol, or no URL";
	enum stay_status status = STAY_E_ARG;

	assert(loop != NULL);
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	stay__loop_forget_rejection(loop);
	if (protocol != NULL && url != NULL)
		status = stay__protocol_check(protocol, &words);
	if (status != STAY_OK) {
		stay_loop_set_rejection(loop, "%s", words);
		return status;
	}
	return start_at(started, loop, protocol, url, options);
}

static enum stay_status
try_as(const struct stay__profile *profile,
    const struct stay_client_options *options)
{
	struct stay__endpoints *endpoints;
	void *trial = NULL;
	enum stay_status status = stay__endpoints_new(&endpoints, profile->loop,
	    &profile->protocol.top, stay__profile_url(profile), options);

	if (status != STAY_OK)
		return status;
	status = stay__trial_new(&trial, profile);
	stay__trial_free(trial, profile);
	stay__endpoints_free(endpoints);
	return status;
}

enum stay_status
stay__client_try(struct stay_client_options *filled, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	struct stay__profile *profile;
	enum stay_status status = stay__settings_fill(loop, filled, options);

	if (status == STAY_OK)
		status = stay__profile_get(
		    &profile, loop, protocol, url, filled, &hooks);
	if (status != STAY_OK)
		return status;
	status = try_as(profile, filled);
	stay__profile_drop(profile);
	return status;
}

/* Where it is, or was last: at a place of its own, or at one that a server had named. */
static const char *
url_now(const struct stay_client *client)
{
	const struct stay__detour *detour =
	    stay__detour_now(client->rare->detour);

	return detour != NULL ? detour->url : stay__endpoints_url(client);
}

/* Descriptors can be used once. */
enum stay_status
stay_client_start_beside(struct stay_client **started,
    const struct stay_client *client, const struct stay_client_options *options)
{
	struct stay_client_options alone = { STAY_CLIENT_OPTIONS };
	enum stay_status status;

	assert(client != NULL);
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	stay__loop_forget_rejection(client->loop);
	if (stay__endpoints_now(client)->descriptors != NULL)
		return STAY_E_UNSUPPORTED;
	status = stay__settings_fill(client->loop, &alone, options);
	alone.urls = NULL;
	alone.endpoints = NULL;
	return status != STAY_OK ? status
				 : start_at(started, client->loop,
				       &client->profile->protocol.top,
				       url_now(client), &alone);
}

/* The program's struct may be older, and so shorter, than the library's. */
void
stay_client_get_options(
    const struct stay_client *client, struct stay_client_options *options)
{
	struct stay_client_options all;

	assert(client != NULL && options != NULL);
	all = client->profile->options;
	all.label = stay_conn_label(client->conn);
	all.arg = client->arg;
	all.config = client->profile->config;
	all.socket = &client->profile->conn.socket;
	all.size = options->size;
	memcpy(options, &all, all.size < sizeof(all) ? all.size : sizeof(all));
}

/* ---- passed on to its connection ---- */

void
stay_client_stop(struct stay_client *client, enum stay_status reason)
{
	assert(client != NULL);
	stay_conn_stop(client->conn, reason);
}

void
stay_client_drain(struct stay_client *client, uint64_t budget_ms)
{
	assert(client != NULL);
	stay_conn_drain(client->conn, budget_ms);
}

void
stay_client_reconnect(struct stay_client *client, enum stay_status why)
{
	assert(client != NULL);
	stay_conn_reconnect(client->conn, why);
}

struct stay_conn *
stay_client_conn(struct stay_client *client)
{
	assert(client != NULL);
	return client->conn;
}

void *
stay_client_keep(struct stay_client *client)
{
	assert(client != NULL);
	return stay__client_keep(client);
}

const void *
stay_client_config(const struct stay_client *client)
{
	assert(client != NULL);
	return client->profile->config;
}
