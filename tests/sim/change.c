/*
 * Planned changes: another URL, other options, asked for at any time. They take
 * effect between two sessions; what our checks go by follows at that moment, so
 * a change that is early, late or forgotten is seen. And the configs that come
 * with options: each released exactly once.
 */
#include "run.h"

#include <stdlib.h>

#include "client/reconfigure.h"
#include "support/inside.h"

/* Timers have a grain, and what is over is told in its turn. */
#define LATE_MS 5

/* ---- configs ---- */

static struct config *
config_at(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct config, node);
}

static void
on_release(const void *arg)
{
	struct stay__list *node = the_run->configs.next;

	while (node != &the_run->configs && config_at(node) != arg)
		node = node->next;
	if (node == &the_run->configs || !config_at(node)->held ||
	    config_at(node)->released)
		broken(10, "a config is released twice, or is not its own");
	config_at(node)->released = true;
	meter_ask();
}

struct config *
config_new(struct user *user)
{
	struct config *config = sim_alloc(sizeof(*config));

	config->user = user;
	stay__list_init(&config->node);
	stay__list_push(&user->run->configs, &config->node);
	return config;
}

void
config_give(struct config *config, struct stay_client_options *options)
{
	if (config->user->kind == KIND_REDIS)
		return; /* it brings its own */
	config->held = true;
	options->config = config;
	options->config_release = on_release;
}

void
config_keep(struct config *config)
{
	if (config->released)
		broken(10, "a config that was refused is released");
	config->held = false;
}

static void
config_check(const struct config *config, bool released)
{
	if (config->held && config->released != released)
		broken(10, "a config is %s",
		    released ? "not released" : "released too early");
}

void
configs_close(struct run *run)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&run->configs)) != NULL) {
		config_check(config_at(node), true);
		free(config_at(node));
	}
}

/* ---- asking ---- */

/* Another config at times; the notices are not looked at. */
static void
plan(struct user *user, struct change *change)
{
	struct run *run = user->run;
	const struct host *host = &user->host;
	unsigned where = draw_below(run, 3);

	if (user->kind == KIND_REDIS && where == 0)
		where = user->elsewhere ? 2 : 1;
	if (where > 0)
		change->url = where == 1 ? host->url : host->other_url;
	change->has_options = user->kind == KIND_REDIS || draw_mille(run, 700);
	if (!change->has_options)
		return;
	plan_options(run, &change->options);
	if (draw_mille(run, 700))
		change->config = config_new(user);
	config_give(change->config != NULL ? change->config : user->config,
	    &change->options);
}

enum stay_status
change_client(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	return stay_client_reconfigure(user->client, url, options);
}

static void
refused(const struct user *user, const struct change *change,
    enum stay_status status)
{
	if (status != STAY_E_STOPPED &&
	    !(status == STAY_E_FULL &&
		inside_replaced_changes(user->client) == STAY__DROPPED_MAX) &&
	    !(status == STAY_E_NOMEM && memory.failed > 0))
		broken(1, "user %u cannot be reconfigured: %s", user->index,
		    stay_status_name(status));
	if (change->config != NULL)
		config_keep(change->config);
}

/* With or without options as chance has it; the last of several stands. */
void
books_reconfigure(const struct deed_at *at, bool options)
{
	struct user *user = at->user;
	struct change change = { .asked = true };
	enum stay_status status;

	(void)options;
	change_follow(user);
	change.connects = user->connects;
	plan(user, &change);
	STATUS_OF(status,
	    user->host.trade->reconfigure(
		user, change.has_options ? &change.options : NULL, change.url));
	sim_note(user->run->sim, "change", user->index, status);
	if (status != STAY_OK) {
		refused(user, &change, status);
		return;
	}
	if (user->change.config != NULL)
		user->released = user->change.config;
	user->change = change;
	user->wanted = true;
	user->run->figures->changes++;
}

/* ---- taking effect ---- */

/* What was submitted before is sent again as the new options say. */
static void
allow_sendings(struct user *user)
{
	struct ledger *ledger = &user->run->ledger;

	for (size_t i = 0; i < ledger->count; i++) {
		struct call *call = &ledger->calls[i];

		if (call->user == user->index && !call->told &&
		    call->sendings_max < user->options.resends_max + 1)
			call->sendings_max = user->options.resends_max + 1;
	}
}

static void
take_options(struct user *user, const struct change *change)
{
	struct stay_client_options old = user->options;

	user->options = change->options;
	user->may_retry |= user->options.on_refused == STAY_REFUSED_RESEND;
	user->options.arg = old.arg;
	if (change->config != NULL) {
		user->released = user->config;
		user->config = change->config;
	}
	allow_sendings(user);
	user->resends_allowed += user->options.resend_burst * 100;
	if (user->leave_by != SIM_NEVER && !user->stopped &&
	    user->options.stop_budget_ms > old.stop_budget_ms)
		user->leave_by +=
		    (user->options.stop_budget_ms - old.stop_budget_ms) *
		    SIM_MS;
}

/* Neither under a session nor under an attempt. */
void
change_follow(struct user *user)
{
	struct change change = user->change;

	if (!change.asked || inside_change_waits(user->client))
		return;
	user->change = (struct change){ 0 };
	if (user->state[0] != STAY_CONNECTING ||
	    user->state[2] != STAY__SESSION_DOWN)
		broken(13, "a change takes effect while user %u is %s",
		    user->index,
		    stay_state_name((enum stay_state)user->state[0]));
	leave_overridden(user);
	if (change.url != NULL) {
		user->moved = true;
		user->elsewhere = change.url == user->host.other_url;
	}
	if (change.has_options)
		take_options(user, &change);
}

/* ---- in time ---- */

static void
check_age(const struct user *user)
{
	uint64_t max = user->options.max_age_ms;

	if (max != 0 && user->state[2] == STAY__SESSION_READY &&
	    user->run->sim->now >
		user->ready_at + user->run->dozed + (max + LATE_MS) * SIM_MS)
		broken(
		    13, "user %u has a session that is too old", user->index);
}

static void
check_budget(const struct user *user)
{
	const struct run *run = user->run;
	uint64_t slept = run->slept - user->left_slept;
	uint64_t ms = user->options.leave_budget_ms + LATE_MS;

	if (user->state[2] == STAY__SESSION_LEAVING && !user->leaving &&
	    run->sim->now > user->left_at + slept + ms * SIM_MS)
		broken(13, "user %u takes too long to change a session",
		    user->index);
}

void
change_check(struct user *user)
{
	if (user->change.asked && user->connects > user->change.connects)
		broken(13, "a change is forgotten by user %u", user->index);
	config_check(user->config, false);
	if (user->released != NULL)
		config_check(user->released, true);
	user->released = NULL;
	check_age(user);
	check_budget(user);
}
