/*
 * Starts a client from options, a protocol and a URL, and frees it; and the
 * public functions that are passed on to its connection. Everything is checked
 * and allocated before the connection starts.
 */
#include "client/behaviour.h"
#include "client/client.h"
#include "client/complete.h"
#include "client/settings.h"

/* ---- the client ---- */

static size_t
aligned(size_t size)
{
	size_t step = _Alignof(max_align_t);

	return (size + step - 1) / step * step;
}

static void
free_client(struct stay_client *client)
{
	stay__wake_fini(client);
	stay__session_fini(&client->session);
	stay__calls_fini(&client->calls);
	stay__reconfigure_fini(client);
	stay__admission_fini(client);
	stay__waiters_fini(client);
	stay__holds_fini(&client->holds);
	stay__target_fini(&client->target);
	stay__free(client);
}

static void
prepare_calls(struct stay_client *client)
{
	struct stay__calls *calls = &client->calls;

	stay__calls_init(calls, client->loop, client->options.queue_bytes_max);
	calls->expire = stay__client_expire;
	calls->tell = stay__client_tell_over;
	calls->told = stay__client_told;
	calls->acts_on_parts =
	    (client->protocol.top.flags & STAY_ACTS_ON_PARTS) != 0;
	stay__settings_apply(client);
}

/* Allocate one block: the client, the protocol's keep, its session. */
static struct stay_client *
new_client(struct stay_loop *loop, const struct stay_protocol *protocol,
    const struct stay_client_options *options)
{
	size_t keep = aligned(protocol->keep_size);
	struct stay_client *client = stay__zalloc(
	    sizeof(*client) + keep + aligned(protocol->session_size));

	if (client == NULL)
		return NULL;
	client->loop = loop;
	client->options = *options;
	client->keep = client->blocks;
	stay__protocol_fill(&client->protocol, protocol);
	stay__admission_init(client);
	stay__waiters_init(client);
	stay__holds_init(&client->holds);
	stay__reconfigure_init(client);
	prepare_calls(client);
	stay__session_init(&client->session, client, client->blocks + keep);
	return client;
}

static void
tell_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct stay_client *client = arg;

	if (client->options.on_started != NULL)
		client->options.on_started(client->options.arg, conn, status);
}

/* Free the client. Its config is released last. */
static void
close_client(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_client *client = arg;
	void (*release)(const void *) = client->options.config_release;
	const void *config = client->options.config;

	if (client->options.on_closed != NULL)
		client->options.on_closed(client->options.arg, conn, reason);
	client->protocol.keep.fini(client->keep);
	free_client(client);
	if (release != NULL)
		release(config);
}

static enum stay_status
start_conn(struct stay_client *client, const char *label)
{
	const struct stay_client_options *options = &client->options;
	const struct stay_socket_options socket =
	    stay__settings_socket(options);
	const struct stay_conn_options conn_options = { STAY_CONN_OPTIONS,
		.label = label, .on_started = tell_started,
		.on_closed = close_client, .arg = client,
		.stop_budget_ms = options->stop_budget_ms,
		.backoff = options->backoff, .socket = &socket };
	struct stay_conn *conn;

	return stay_conn_start(&conn, client->loop, &stay__client_behaviour,
	    client, &conn_options);
}

/* A label of its own, or the URL's. */
static enum stay_status
label_and_start(struct stay_client *client, const char *url)
{
	const char *given = client->options.label;
	enum stay_status status;
	char *label;

	client->options.label = NULL;
	client->named = given != NULL;
	if (given != NULL)
		return start_conn(client, given);
	label = stay__settings_label(&client->target, url);
	if (label == NULL)
		return STAY_E_NOMEM;
	status = start_conn(client, label);
	stay__free(label);
	return status;
}

/* Its target is known. `url` is for the label, and may be NULL. */
static enum stay_status
start_client(struct stay_client *client, const char *url)
{
	enum stay_status status;

	client->loop->starting++;
	status = client->protocol.keep.init(
	    client->keep, client->options.config, client->target.url);
	client->loop->starting--;
	if (status != STAY_OK)
		return status;
	status = label_and_start(client, url);
	client->options.socket = NULL;
	if (status != STAY_OK)
		client->protocol.keep.fini(client->keep);
	return status;
}

/* A client that is to go where `url` says, or, if it is NULL, to the same place as
 * `model`. */
static enum stay_status
make_client(struct stay_client **made, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client *model, const struct stay_client_options *options)
{
	struct stay_client_options filled;
	struct stay_client *client;
	enum stay_status status = stay__settings_fill(loop, &filled, options);

	if (status != STAY_OK)
		return status;
	client = new_client(loop, protocol, &filled);
	if (client == NULL)
		return STAY_E_NOMEM;
	status = url != NULL ? stay__target_parse(client, &client->target, url)
			     : stay__target_copy(
				   client, &client->target, &model->target);
	if (status == STAY_OK)
		status = start_client(client, url);
	if (status == STAY_OK)
		*made = client;
	else
		free_client(client);
	return status;
}

enum stay_status
stay_client_start(struct stay_client **started, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	enum stay_status status;

	assert(loop != NULL);
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	stay__loop_forget_rejection(loop);
	if (protocol == NULL || url == NULL)
		return STAY_E_ARG;
	status = stay__protocol_check(protocol);
	if (status != STAY_OK)
		return status;
	return make_client(started, loop, protocol, url, NULL, options);
}

enum stay_status
stay_client_start_beside(struct stay_client **started,
    const struct stay_client *client, const struct stay_client_options *options)
{
	assert(client != NULL);
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	stay__loop_forget_rejection(client->loop);
	return make_client(started, client->loop, &client->protocol.top, NULL,
	    client, options);
}

/* The program's struct may be older, and so shorter, than the library's. */
void
stay_client_get_options(
    const struct stay_client *client, struct stay_client_options *options)
{
	struct stay_client_options all;

	assert(client != NULL && options != NULL);
	all = client->options;
	all.label = stay_conn_label(client->conn);
	all.socket = stay__conn_socket(client->conn);
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
	return client->keep;
}

const void *
stay_client_config(const struct stay_client *client)
{
	assert(client != NULL);
	return client->options.config;
}
