/*
 * From options, a protocol and a URL to a running client, and back to nothing.
 * Everything is checked and allocated before the connection starts.
 */
#include <stdio.h>

#include "base/options.h"
#include "client/client.h"

static const struct stay__option client_options[] = {
#define CLIENT(field, unit, fallback, least, most, promise, text)              \
	STAY__OPTION(struct stay_client_options, field, fallback, least, most),
#include "base/options.def"
};

/* ---- the protocol: every slot filled in ---- */

static struct stay_hello
hello_up(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return stay_hello_up();
}

static void
no_notice(struct stay_session *session)
{
	(void)session;
}

static void
no_down(struct stay_session *session, enum stay_status why)
{
	(void)session;
	(void)why;
}

static void
drop_frame(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
}

static enum stay_status
keep_zeroed(void *keep, const void *config, const struct stay_url *url)
{
	(void)keep;
	(void)config;
	(void)url;
	return STAY_OK;
}

static void
nothing_to_undo(void *keep)
{
	(void)keep;
}

/* Only a protocol that has a probe is probed: `ping` may stay NULL. */
static void
fill_protocol(struct stay_protocol *to, const struct stay_protocol *from)
{
	*to = *from;
	if (to->hello == NULL)
		to->hello = hello_up;
	if (to->on_up == NULL)
		to->on_up = no_notice;
	if (to->on_down == NULL)
		to->on_down = no_down;
	if (to->on_push == NULL)
		to->on_push = drop_frame;
	if (to->on_control == NULL)
		to->on_control = drop_frame;
	if (to->on_orphan == NULL)
		to->on_orphan = drop_frame;
	if (to->bye == NULL)
		to->bye = no_notice;
	if (to->init == NULL)
		to->init = keep_zeroed;
	if (to->fini == NULL)
		to->fini = nothing_to_undo;
}

static enum stay_status
check_protocol(const struct stay_protocol *protocol)
{
	if (protocol->size != sizeof(*protocol) || protocol->abi != STAY_ABI ||
	    (protocol->flags & ~STAY_ACTS_ON_PARTS) != 0)
		return STAY_E_ABI;
	if (protocol->name == NULL || protocol->encode == NULL ||
	    protocol->decode == NULL)
		return STAY_E_ARG;
	return STAY_OK;
}

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
	stay__session_fini(&client->session);
	stay__calls_fini(&client->calls);
	stay__change_fini(client);
	stay__water_fini(client);
	stay__wait_fini(client);
	stay__holds_fini(&client->holds);
	stay__aim_fini(&client->aim);
	stay__free(client);
}

static void
init_calls(struct stay_client *client)
{
	struct stay__calls *calls = &client->calls;

	stay__calls_init(calls, client->loop, client->options.queue_bytes_max);
	calls->expire = stay__client_expire;
	calls->tell = stay__client_tell_over;
	calls->told = stay__client_told;
	calls->acts_on_parts =
	    (client->protocol.flags & STAY_ACTS_ON_PARTS) != 0;
	stay__client_obey(client);
}

void
stay__client_obey(struct stay_client *client)
{
	const struct stay_client_options *options = &client->options;
	struct stay__calls *calls = &client->calls;

	client->backoff.policy = options->backoff;
	calls->sendbuf.max = options->queue_bytes_max;
	calls->resends_max = options->resends_max;
	calls->retries_refused = options->on_refused == STAY_REFUSED_RESEND;
	calls->tell_max = options->turn_calls_max;
	calls->untold_max =
	    options->queue_calls_max + options->inflight_calls_max;
	calls->waits_offline = options->offline == STAY_OFFLINE_QUEUE;
	stay__calls_budget(
	    calls, options->resend_percent, options->resend_burst);
	stay__water_set(client);
	stay__water_fall(client);
}

/* One block: the client, the protocol's keep, its session. */
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
	fill_protocol(&client->protocol, protocol);
	stay__water_init(client);
	stay__wait_init(client);
	stay__holds_init(&client->holds);
	stay__change_init(client);
	init_calls(client);
	stay__session_init(&client->session, client);
	client->session.data = client->blocks + keep;
	return client;
}

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct stay_client *client = arg;

	if (client->options.on_started != NULL)
		client->options.on_started(client->options.arg, conn, status);
}

/* The last of everything; config is the caller's again when all else is gone.
 */
static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_client *client = arg;
	void (*release)(const void *) = client->options.config_release;
	const void *config = client->options.config;

	if (client->options.on_closed != NULL)
		client->options.on_closed(client->options.arg, conn, reason);
	client->protocol.fini(client->keep);
	free_client(client);
	if (release != NULL)
		release(config);
}

/*
 * The kernel looks after what the engine cannot judge, a call that blocks for
 * ever, and within the same bound: the first probe after two fifths of it, the
 * others a tenth apart.
 */
struct stay_socket_options
stay__client_socket(const struct stay_client_options *options)
{
	struct stay_socket_options socket = { .nodelay = true };
	uint64_t silence_ms = options->silence_ms;

	if (options->socket != NULL)
		return *options->socket;
	if (silence_ms == STAY_FOREVER)
		return socket;
	socket.keepalive_ms = silence_ms / 5 * 2 + silence_ms % 5 * 2 / 5;
	if (socket.keepalive_ms == 0)
		socket.keepalive_ms = 1;
	socket.user_timeout_ms = silence_ms;
	return socket;
}

static enum stay_status
start_conn(struct stay_client *client, const char *label)
{
	const struct stay_client_options *options = &client->options;
	const struct stay_socket_options socket = stay__client_socket(options);
	const struct stay_conn_options conn_options = { STAY_CONN_OPTIONS,
		.label = label, .on_started = on_started,
		.on_closed = on_closed, .arg = client,
		.stop_budget_ms = options->stop_budget_ms,
		.backoff = options->backoff, .socket = &socket };
	struct stay_conn *conn;

	return stay_conn_start(
	    &conn, client->loop, &stay__engine, client, &conn_options);
}

/* The URL without secrets. */
char *
stay__client_label(const struct stay__aim *aim, const char *url)
{
	bool is_url = aim->descriptors == NULL;
	size_t size = is_url ? (size_t)stay_url_describe(aim->url, NULL, 0) + 1
			     : strlen(url) + 1;
	char *label = stay__realloc(NULL, size);

	if (label != NULL && is_url)
		stay_url_describe(aim->url, label, size);
	else if (label != NULL)
		memcpy(label, url, size);
	return label;
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
	label = stay__client_label(&client->aim, url);
	if (label == NULL)
		return STAY_E_NOMEM;
	status = start_conn(client, label);
	stay__free(label);
	return status;
}

static enum stay_status
start(struct stay_client *client, const char *url)
{
	enum stay_status status = stay__client_aim(client, &client->aim, url);

	if (status != STAY_OK)
		return status;
	client->loop->starting++;
	status = client->protocol.init(
	    client->keep, client->options.config, client->aim.url);
	client->loop->starting--;
	if (status != STAY_OK)
		return status;
	status = label_and_start(client, url);
	client->options.socket = NULL;
	if (status != STAY_OK)
		client->protocol.fini(client->keep);
	return status;
}

/* Each choice has one of its values, so as many hits as there are zeroes. */
static bool
are_choices(const struct stay_client_options *options)
{
	int missing = 0;

#define CLIENT_CHOICE(field, value, text)                                      \
	missing += ((value) == 0) - (options->field == (value));
#include "base/options.def"
	return missing == 0;
}

enum stay_status
stay__client_fill(
    struct stay_client_options *to, const struct stay_client_options *from)
{
	enum stay_status status =
	    stay__options_fill(to, sizeof(*to), from, client_options,
		sizeof(client_options) / sizeof(client_options[0]), NULL);

	if (status != STAY_OK)
		return status;
	if (!are_choices(to) || to->queue_low_percent > to->queue_high_percent)
		return STAY_E_ARG;
	return STAY_OK;
}

enum stay_status
stay_client_start(struct stay_client **started, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_client_options *options)
{
	struct stay_client_options filled;
	struct stay_client *client;
	enum stay_status status;

	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	if (loop == NULL || protocol == NULL || url == NULL)
		return STAY_E_ARG;
	status = check_protocol(protocol);
	if (status == STAY_OK)
		status = stay__client_fill(&filled, options);
	if (status != STAY_OK)
		return status;
	client = new_client(loop, protocol, &filled);
	if (client == NULL)
		return STAY_E_NOMEM;
	status = start(client, url);
	if (status != STAY_OK) {
		free_client(client);
		return status;
	}
	*started = client;
	return STAY_OK;
}
