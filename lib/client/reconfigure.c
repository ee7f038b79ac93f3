/*
 * Another URL and other options for a client that runs. They are checked and
 * allocated at once, so that nothing can fail when they take effect, between
 * two sessions.
 */
#include "base/mem.h"
#include "base/text.h"
#include "client/client.h"
#include "client/settings.h"

/* A change that was asked for. */
struct stay__change {
	struct stay__change *older; /* in client->dropped */
	struct stay__profile *profile;
	char *label;      /* NULL: it stays */
	bool moves;       /* there is another URL */
	bool has_options; /* there are others, and so another config */
};

static void
release_config(const struct stay__profile *profile)
{
	if (profile->options.config_release != NULL)
		profile->options.config_release(profile->config);
}

static void
free_change(struct stay__change *change)
{
	stay__profile_drop(change->profile);
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
		release_config(change->profile);
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
		if (change->profile->config != config) {
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
	if (change->has_options &&
	    change->profile->options.config_release != NULL)
		release_soon(client, change);
	else
		free_change(change);
	hold_on_to(client, client->profile->config);
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

/* What follows from options and URL. */
static void
take_profile(struct stay_client *client, struct stay__change *change)
{
	struct stay__profile *old = client->profile;

	client->profile = stay__profile_share(change->profile);
	stay__settings_apply(client);
	stay__conn_retune(client->conn, &client->profile->conn);
	if (old->config != client->profile->config && change->has_options)
		release_config(old);
	stay__profile_drop(old);
}

/* A label that was set stays, until another one is. */
static void
take_label(struct stay_client *client, struct stay__change *change)
{
	char *old = client->label;

	if (change->label != NULL) {
		client->label = change->label;
		change->label = old;
	}
	stay__conn_relabel(client->conn, stay__client_label(client));
}

void
stay__reconfigure_take(struct stay_client *client)
{
	struct stay__change *change = client->change;

	if (change == NULL)
		return;
	client->change = NULL;
	stay__doubt_end(&client->session);
	take_profile(client, change);
	take_label(client, change);
	if (change->moves)
		client->consumed = false;
	free_change(change);
}

/* ---- asking for it ---- */

/* The options that there were; the notices stay in any case. */
static enum stay_status
choose_options(const struct stay_client *client,
    struct stay_client_options *chosen,
    const struct stay_client_options *options)
{
	const struct stay_client_options *old = &client->profile->options;
	enum stay_status status = STAY_OK;

	if (options != NULL) {
		status = stay__settings_fill(client->loop, chosen, options);
	} else {
		*chosen = *old;
		chosen->config = client->profile->config;
		chosen->socket = &client->profile->conn.socket;
	}
	chosen->on_started = old->on_started;
	chosen->on_closed = old->on_closed;
	chosen->on_high_water = old->on_high_water;
	chosen->on_low_water = old->on_low_water;
	return status;
}

static enum stay_status
prepare_change(const struct stay_client *client, struct stay__change *change,
    const char *url, const struct stay_client_options *options)
{
	const struct stay__profile *old = client->profile;
	struct stay_client_options chosen;
	enum stay_status status = choose_options(client, &chosen, options);

	change->moves = url != NULL;
	change->has_options = options != NULL;
	if (status == STAY_OK)
		status = stay__profile_get(&change->profile, client->loop,
		    &old->protocol.top,
		    url != NULL ? url : stay__profile_url(old), &chosen,
		    &old->conn.notices);
	if (status != STAY_OK || options == NULL || options->label == NULL)
		return status;
	change->label = stay__text_copy(options->label);
	return change->label == NULL ? STAY_E_NOMEM : STAY_OK;
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
		hold_on_to(client, change->profile->config);
	client->change = change;
	stay_conn_reconnect(client->conn, STAY_E_RECONNECT);
	return STAY_OK;
}
