/*
 * Another URL and other options for a client that runs. They are checked and
 * allocated at once, so that nothing can fail when they take effect, between
 * two sessions.
 */
#include "base/mem.h"
#include "base/text.h"
#include "client/client.h"
#include "client/settings.h"
#include "client/trial.h"

/* A change that was asked for. */
struct stay__change {
	struct stay__change *older; /* in client->dropped */
	struct stay__profile *profile;
	struct stay__endpoints *endpoints;
	void *trial;      /* the keep block for it; NULL: not yet, or taken */
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

/* The protocol may have the config in what it made of it: that goes first. */
static void
drop_trial(struct stay__change *change)
{
	stay__trial_free(change->trial, change->profile);
	change->trial = NULL;
}

static void
free_change(struct stay__change *change)
{
	drop_trial(change);
	stay__endpoints_free(change->endpoints);
	stay__profile_drop(change->profile);
	stay__free(change->label);
	stay__free(change);
}

/* ---- changes that never take effect ---- */

static void
drop_all(struct stay__changes *changes)
{
	struct stay__change *change;

	while ((change = changes->dropped) != NULL) {
		changes->dropped = change->older;
		changes->dropped_count--;
		drop_trial(change);
		release_config(change->profile);
		free_change(change);
	}
}

/* Nothing is left to be done. */
static void
conclude(struct stay__changes *changes)
{
	if (changes->next != NULL || changes->dropped != NULL)
		return;
	changes->client->rare->changes = NULL;
	stay__task_cancel(&changes->dropper);
	stay__free(changes);
}

static void
drop_soon(struct stay__task *task)
{
	struct stay__changes *changes =
	    STAY__CONTAINER(task, struct stay__changes, dropper);

	drop_all(changes);
	conclude(changes);
}

/* A config that was passed in more than once is released once, when the last
 * change that has it is done. */
static void
hold_on_to(struct stay__changes *changes, const void *config)
{
	struct stay__change **at = &changes->dropped, *change;

	while ((change = *at) != NULL) {
		if (change->profile->config != config) {
			at = &change->older;
			continue;
		}
		*at = change->older;
		changes->dropped_count--;
		free_change(change);
	}
}

/* Release the config in the loop's turn, because that runs the program's
 * code. */
static void
release_soon(struct stay__changes *changes, struct stay__change *change)
{
	change->older = changes->dropped;
	changes->dropped = change;
	changes->dropped_count++;
	stay__loop_run_soon(changes->client->loop, &changes->dropper);
}

/* It never takes effect. */
static void
drop_next(struct stay__changes *changes)
{
	struct stay__change *change = changes->next;

	changes->next = NULL;
	if (change == NULL)
		return;
	if (change->has_options &&
	    change->profile->options.config_release != NULL)
		release_soon(changes, change);
	else
		free_change(change);
	hold_on_to(changes, changes->client->profile->config);
}

void
stay__reconfigure_fini(struct stay_client *client)
{
	if (client->rare->changes == NULL)
		return;
	drop_next(client->rare->changes);
	drop_all(client->rare->changes);
	conclude(client->rare->changes);
}

/* ---- taking effect ---- */

/* What follows from options and URL. */
static void
take_profile(struct stay_client *client, struct stay__change *change)
{
	struct stay__profile *old = client->profile;

	client->profile = stay__profile_share(change->profile);
	if (!stay__calls_are_at_rest(client))
		client->calls->bounds = &client->profile->calls;
	if (change->has_options)
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
	char *old = client->rare->label;

	if (change->label != NULL) {
		client->rare->label = change->label;
		change->label = old;
	}
}

bool
stay__reconfigure_is_due(const struct stay_client *client)
{
	return client->rare->changes != NULL &&
	       client->rare->changes->next != NULL;
}

void
stay__reconfigure_take(struct stay_client *client)
{
	struct stay__changes *changes = client->rare->changes;
	struct stay__change *change = changes == NULL ? NULL : changes->next;

	if (change == NULL)
		return;
	changes->next = NULL;
	stay__detour_drop(client);
	stay__doubt_end(&client->session);
	stay__trial_adopt(
	    change->trial, change->profile, stay__client_keep(client));
	change->trial = NULL;
	take_profile(client, change);
	take_label(client, change);
	if (change->moves)
		client->consumed = false;
	if (change->moves || change->endpoints != NULL)
		stay__endpoints_take(client, &change->endpoints);
	stay__endpoints_adapt(client);
	free_change(change);
	conclude(changes);
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
	chosen->on_session = old->on_session;
	chosen->on_high_water = old->on_high_water;
	chosen->on_low_water = old->on_low_water;
	return status;
}

/* The places are those of the URL; who is asked for them now needs a list. */
static enum stay_status
prepare_endpoints(const struct stay_client *client, struct stay__change *change,
    const char *url, const struct stay_client_options *chosen)
{
	const struct stay_protocol *protocol = &client->profile->protocol.top;

	if (url == NULL && chosen->urls != NULL) {
		stay_loop_set_rejection(client->loop,
		    "urls are given without the url that they follow");
		return STAY_E_ARG;
	}
	if (url == NULL && client->rare->endpoints != NULL)
		return STAY_OK;
	return stay__endpoints_new(&change->endpoints, client->loop, protocol,
	    url != NULL ? url : stay__endpoints_url(client), chosen);
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
		    old->hooks);
	if (status == STAY_OK)
		status = prepare_endpoints(client, change, url, &chosen);
	if (status == STAY_OK)
		status = stay__trial_new(&change->trial, change->profile);
	if (status != STAY_OK || options == NULL || options->label == NULL)
		return status;
	change->label = stay__text_copy(options->label);
	return change->label == NULL ? STAY_E_NOMEM : STAY_OK;
}

static enum stay_status
new_change(const struct stay_client *client, struct stay__change **made,
    const char *url, const struct stay_client_options *options)
{
	struct stay__change *change = stay__zalloc(sizeof(*change));
	enum stay_status status;

	if (change == NULL)
		return STAY_E_NOMEM;
	status = prepare_change(client, change, url, options);
	if (status == STAY_OK)
		*made = change;
	else
		free_change(change);
	return status;
}

static struct stay__changes *
changes_of(struct stay_client *client)
{
	struct stay__changes *changes = client->rare->changes;

	if (changes != NULL)
		return changes;
	if (!stay__rare_begin(client))
		return NULL;
	changes = client->rare->changes = stay__zalloc(sizeof(*changes));
	if (changes == NULL)
		return NULL;
	changes->client = client;
	stay__task_init(&changes->dropper, drop_soon);
	return changes;
}

enum stay_status
stay_client_reconfigure(struct stay_client *client, const char *url,
    const struct stay_client_options *options)
{
	struct stay__changes *changes;
	struct stay__change *change;
	enum stay_status status;

	assert(client != NULL);
	stay__loop_forget_rejection(client->loop);
	if (*client->admission == STAY__ADMIT_CLOSED)
		return STAY_E_STOPPED;
	changes = changes_of(client);
	if (changes == NULL)
		return STAY_E_NOMEM;
	if (changes->dropped_count >= STAY__DROPPED_MAX)
		return STAY_E_FULL;
	status = new_change(client, &change, url, options);
	if (status != STAY_OK) {
		conclude(changes);
		return status;
	}
	drop_next(changes);
	if (change->has_options)
		hold_on_to(changes, change->profile->config);
	changes->next = change;
	stay_conn_reconnect(client->conn, STAY_E_RECONNECT);
	return STAY_OK;
}
