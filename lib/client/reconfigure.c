/*
 * Another URL and other options for a client that runs. They are checked and
 * allocated at once, so that nothing can fail when they take effect, between
 * two sessions.
 */
#include "base/mem.h"
#include "base/text.h"
#include "client/client.h"
#include "client/settings.h"

/* A change that was asked for. A NULL member leaves the value as it is. */
struct stay__change {
	struct stay__change *older; /* in client->dropped */
	struct stay__target target; /* without a URL: unchanged */
	char *label;
	bool named;
	bool has_options;
	struct stay_client_options options;
	struct stay_socket_options socket;
};

static void
release_config(const struct stay_client_options *options)
{
	if (options->config_release != NULL)
		options->config_release(options->config);
}

static void
free_change(struct stay__change *change)
{
	stay__target_fini(&change->target);
	stay__free(change->label);
	stay__free(change);
}

/* ---- changes that never take effect ---- */

static void
drop_all(struct stay_client *client)
{
	struct stay__change *change;

	while ((change = client->dropped) != NULL) {
		client->dropped = change->older;
		client->dropped_count--;
		release_config(&change->options);
		free_change(change);
	}
}

static void
drop_soon(struct stay__task *task)
{
	drop_all(STAY__CONTAINER(task, struct stay_client, dropper));
}

/* A config that was passed in more than once is released once, when the last
 * change that has it is done. */
static void
hold_on_to(struct stay_client *client, const void *config)
{
	struct stay__change **at = &client->dropped, *change;

	while ((change = *at) != NULL) {
		if (change->options.config != config) {
			at = &change->older;
			continue;
		}
		*at = change->older;
		client->dropped_count--;
		free_change(change);
	}
}

/* Release the config in the loop's turn, because that runs the program's
 * code. */
static void
release_soon(struct stay_client *client, struct stay__change *change)
{
	change->older = client->dropped;
	client->dropped = change;
	client->dropped_count++;
	stay__loop_run_soon(client->loop, &client->dropper);
}

static void
drop_change(struct stay_client *client, struct stay__change *change)
{
	if (change == NULL)
		return;
	if (change->has_options && change->options.config_release != NULL)
		release_soon(client, change);
	else
		free_change(change);
	hold_on_to(client, client->options.config);
}

void
stay__reconfigure_init(struct stay_client *client)
{
	stay__task_init(&client->dropper, drop_soon);
}

void
stay__reconfigure_fini(struct stay_client *client)
{
	drop_change(client, client->change);
	drop_all(client);
	stay__task_cancel(&client->dropper);
}

/* ---- taking effect ---- */

static void
take_options(struct stay_client *client, struct stay__change *change)
{
	struct stay_client_options old = client->options;

	client->options = change->options;
	client->options.on_started = old.on_started;
	client->options.on_closed = old.on_closed;
	client->options.on_high_water = old.on_high_water;
	client->options.on_low_water = old.on_low_water;
	client->options.arg = old.arg;
	stay__settings_apply(client);
	stay__conn_retune(client->conn, &change->socket,
	    client->options.stop_budget_ms, &client->options.backoff);
	if (old.config != client->options.config)
		release_config(&old);
}

static void
take_target(struct stay_client *client, struct stay__change *change)
{
	struct stay__target old = client->target;

	client->target = change->target;
	change->target = old;
}

static void
take_label(struct stay_client *client, struct stay__change *change)
{
	client->named = change->named;
	change->label = stay__conn_relabel(client->conn, change->label);
}

void
stay__reconfigure_take(struct stay_client *client)
{
	struct stay__change *change = client->change;

	if (change == NULL)
		return;
	client->change = NULL;
	stay__doubt_end(&client->session);
	if (change->target.url != NULL)
		take_target(client, change);
	if (change->label != NULL)
		take_label(client, change);
	if (change->has_options)
		take_options(client, change);
	free_change(change);
}

/* ---- asking for it ---- */

static enum stay_status
prepare_options(const struct stay_client *client, struct stay__change *change,
    const struct stay_client_options *options)
{
	enum stay_status status;

	if (options == NULL)
		return STAY_OK;
	status = stay__settings_fill(client->loop, &change->options, options);
	if (status != STAY_OK)
		return status;
	change->has_options = true;
	change->socket = stay__settings_socket(&change->options);
	change->options.socket = NULL;
	return STAY_OK;
}

static enum stay_status
prepare_label(const struct stay_client *client, struct stay__change *change,
    const char *url)
{
	const char *given = change->options.label;

	change->options.label = NULL;
	change->named = client->named || given != NULL;
	if (given != NULL)
		change->label = stay__text_copy(given);
	else if (url != NULL && !client->named)
		change->label = stay__settings_label(&change->target, url);
	else
		return STAY_OK;
	return change->label == NULL ? STAY_E_NOMEM : STAY_OK;
}

static enum stay_status
prepare_change(const struct stay_client *client, struct stay__change *change,
    const char *url, const struct stay_client_options *options)
{
	enum stay_status status = STAY_OK;

	if (url != NULL)
		status = stay__target_parse(client, &change->target, url);
	if (status == STAY_OK)
		status = prepare_options(client, change, options);
	if (status == STAY_OK)
		status = prepare_label(client, change, url);
	return status;
}

enum stay_status
stay_client_reconfigure(struct stay_client *client, const char *url,
    const struct stay_client_options *options)
{
	struct stay__change *change;
	enum stay_status status;

	assert(client != NULL);
	stay__loop_forget_rejection(client->loop);
	if (*client->admission == STAY__ADMIT_CLOSED)
		return STAY_E_STOPPED;
	if (client->dropped_count >= STAY__DROPPED_MAX)
		return STAY_E_FULL;
	change = stay__zalloc(sizeof(*change));
	if (change == NULL)
		return STAY_E_NOMEM;
	status = prepare_change(client, change, url, options);
	if (status != STAY_OK) {
		free_change(change);
		return status;
	}
	drop_change(client, client->change);
	if (change->has_options)
		hold_on_to(client, change->options.config);
	client->change = change;
	stay_conn_reconnect(client->conn, STAY_E_RECONNECT);
	return STAY_OK;
}
