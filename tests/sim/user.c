/*
 * A client of a run and its life: started with whatever options chance has
 * drawn, told that it is up or not, closed, and started anew. Raw behaviours
 * are raw.c's.
 */
#include "run.h"
#include "support/counts.h"

#include <inttypes.h>
#include <string.h>

/* Timers have a grain, and what is over is told in its turn. */
#define LATE_MS 5

struct stay_conn *
user_conn(const struct user *user)
{
	if (user->kind == KIND_RAW)
		return user->raw == NULL ? NULL : raw_conn(user->raw);
	return user->client == NULL ? NULL : stay_client_conn(user->client);
}

bool
user_is_lied_to(const struct user *user)
{
	return user->liar != NULL &&
	       (user->believes || !user->liar->ends[0].closed);
}

/* The last drain counts, and the first stop. */
void
user_drains(struct user *user, uint64_t ms)
{
	user->leaving = true;
	if (user->stopped)
		return;
	user->leave_by = SIM_NEVER;
	if (ms != STAY_FOREVER)
		user->leave_by = sim_after(user->run->sim,
		    ms + user->options.stop_budget_ms + LATE_MS);
}

void
user_stops(struct user *user)
{
	uint64_t by =
	    sim_after(user->run->sim, user->options.stop_budget_ms + LATE_MS);

	user->leaving = user->stopped = true;
	if (by < user->leave_by)
		user->leave_by = by;
}

/* ---- notices ---- */

/* Nobody asked for it: only what cannot be mended may have ended it. */
static bool
may_close(const struct user *user, enum stay_status reason)
{
	return user->leaving ||
	       ((reason == STAY_E_DENIED ||
		    (reason == STAY_E_FORKED && user->run->sim->forked)) &&
		   user->options.on_fatal == STAY_FATAL_STOP) ||
	       (reason == STAY_E_ATTEMPTS &&
		   user->options.backoff.attempts_max > 0);
}

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct user *user = arg;

	called_back(user->run);
	sim_note(user->run->sim, "started", user->index, status);
	if (user->notices++ > 0 || conn != user_conn(user))
		broken(5, "user %u: started is told twice, or of another",
		    user->index);
	act_inside(user->run, user);
	call_is_back(user->run);
}

void
user_gone(struct user *user)
{
	user->client = NULL;
	user->redis = NULL;
	user->raw = NULL;
	user->config = NULL;
	user->change = (struct change){ 0 };
	user->ended = 0;
	user->ended_since_ms = 0;
	user->failing = user->ending = (struct setbacks){ 0 };
	user->up_ms = user->resends_allowed = user->repeated = 0;
	user->leave = (struct leave){ .by = SIM_NEVER };
	user->strays = false;
	user->lane = (struct lane){ 0 };
	user->elsewhere = user->roams = user->wanted = user->changed = false;
	user->leaving = user->stopped = false;
	user->pauses = user->paused = false;
	user->leave_by = SIM_NEVER;
	user->notices = 0;
	user->accepted = user->told = user->rejected = user->asked = 0;
	user->calls_most = user->connects = user->largest_group = 0;
	user->bytes_bound = user->flight_bound = 0;
	user->untold_bound = 0;
	user->held_most = user->held_bytes_most = 0;
	user->water = (struct water){ 0 };
	user->last_replied = user->given_up = user->orphans = 0;
	user->lined_up = user->last_served = user->waiting = 0;
	user->released = NULL;
	user->mail = (struct mail){ 0 };
	memset(user->told_as, 0, sizeof(user->told_as));
	memset(user->state, 0, sizeof(user->state));
}

static void
add_figures(const struct user *user)
{
	struct stay_client_counts c = counts_of(user->client);
	struct figures *figures = user->run->figures;

	figures->orphans += c.orphans;
	figures->resent += c.resent;
	figures->sessions += c.sessions;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct user *user = arg;

	called_back(user->run);
	sim_note(user->run->sim, "closed", user->index, reason);
	if (user->client == NULL || conn != user_conn(user))
		broken(5, "user %u is closed twice", user->index);
	if (!may_close(user, reason))
		broken(5, "user %u closes with %s", user->index,
		    stay_status_name(reason));
	if (user->line_open &&
	    (user->kind == KIND_LINE || user->kind == KIND_TAG))
		broken(
		    5, "user %u is closed and on_down never came", user->index);
	if (user->told != user->accepted)
		broken(1,
		    "user %u: %" PRIu64 " accepted, %" PRIu64
		    " told at the end",
		    user->index, user->accepted, user->told);
	if (user->waiting != 0)
		broken(1, "user %u is closed and %" PRIu64 " stand in line",
		    user->index, user->waiting);
	if (user->notices != 1)
		broken(5, "user %u is closed and was not told of its start",
		    user->index);
	mail_close(user);
	check_counts(user);
	add_figures(user);
	meter_gone(user);
	user_gone(user);
	act_inside(user->run, user);
	call_is_back(user->run);
}

/* ---- starting ---- */

static void
choose_options(struct user *user)
{
	struct stay_client_options *options = &user->options;

	plan_options(user->run, options);
	user->may_retry = options->on_refused == STAY_REFUSED_RESEND;
	user->resends_allowed = options->resend_burst * 100;
	user->earned = 0;
	options->on_started = on_started;
	options->on_closed = on_closed;
	options->on_high_water = water_on_high;
	options->on_low_water = water_on_low;
	options->arg = user;
}

/* ---- several places ---- */

static const char *const *
both_urls(const struct user *user, bool other_first)
{
	static const char *urls[3];

	urls[0] = other_first ? user->host.other_url : user->host.url;
	urls[1] = other_first ? user->host.url : user->host.other_url;
	return urls;
}

/* It may have found out, or be another client, by the time that it is answered. */
static void
name_places(void *arg)
{
	struct user *user = arg;
	enum stay_status status;

	if (user->client == NULL)
		return;
	if (!user->run->healing && draw_mille(user->run, 100))
		STATUS_OF(status,
		    stay_client_no_endpoints(user->client, "there is none"));
	else
		STATUS_OF(status,
		    stay_client_endpoints(user->client,
			draw_mille(user->run, 500)
			    ? NULL
			    : both_urls(user, draw_mille(user->run, 500))));
	if (status != STAY_OK && status != STAY_E_STATE &&
	    !books_excuse(status))
		broken(1, "user %u is not told where to dial: %s", user->index,
		    stay_status_name(status));
}

static void
on_endpoints(void *arg, struct stay_client *client)
{
	struct user *user = arg;

	(void)client;
	called_back(user->run);
	if (user->client != NULL && draw_mille(user->run, 500))
		name_places(user);
	else
		sim_at(user->run->world, draw_below(user->run, 100),
		    name_places, user);
	act_inside(user->run, user);
	call_is_back(user->run);
}

/* A URL of Redis is also what it logs in with, which its other places lack. */
static void
choose_places(struct user *user)
{
	unsigned which = draw_below(user->run, 10);

	if (which > 3 || user->kind == KIND_REDIS)
		return;
	user->roams = user->moved = true;
	if (which < 2)
		user->options.endpoints = on_endpoints;
	if (which > 0)
		user->options.urls = both_urls(user, true);
}

static void
start_client(struct user *user)
{
	struct run *run = user->run;
	enum stay_status status;

	mail_open(user, 0, 0);
	choose_places(user);
	user->config = config_new(user);
	config_give(user->config, &user->options);
	STATUS_OF(status,
	    user->host.trade->start(user, &user->options, user->host.url));
	sim_note(run->sim, "start", user->index, status);
	if (status == STAY_OK) {
		run->figures->clients++;
		user->number = stay_conn_number(user_conn(user));
		return;
	}
	if (!books_excuse(status))
		broken(1, "user %u cannot start: %s", user->index,
		    stay_status_name(status));
	config_keep(user->config);
	user_gone(user);
}

void
user_start(struct user *user)
{
	if (user_conn(user) != NULL)
		return;
	user_gone(user);
	user->life++;
	choose_options(user);
	if (user->kind == KIND_RAW)
		raw_start(user);
	else
		start_client(user);
}

/* Every fifth, whatever was drawn. */
static enum kind
kind_of(struct run *run, unsigned index)
{
	uint64_t number = run->seed * USERS_MAX + index;
	enum kind drawn = (enum kind)draw_below(run, KIND_DRAWN);

	number = (number + 1) * UINT64_C(0xd6e8feb86659fd93) >> 32;
	return number % 5 == 0 ? KIND_TAG : drawn;
}

void
user_init(struct run *run, unsigned index)
{
	static const struct trade *const trades[KIND_COUNT] = {
		[KIND_LINE] = &line_trade,
		[KIND_ECHO] = &echo_trade,
		[KIND_REDIS] = &redis_trade,
		[KIND_RAW] = &raw_trade,
		[KIND_TAG] = &tag_trade,
	};
	struct user *user = &run->users[index];

	user->run = run;
	user->index = index;
	user->kind = kind_of(run, index);
	user->host.run = run;
	user->host.user = user;
	user->host.trade = trades[user->kind];
	user->host.port = 7000 + (int)index;
	host_open(&user->host);
}

/* ---- bytes that go with a call ---- */

static char
pad_at(const struct call *call, size_t i)
{
	uint64_t word = (call->number * 31 + i) * UINT64_C(0x9e3779b97f4a7c15);

	return (char)('a' + (word >> 40) % 26);
}

void
pad_write_from(const struct call *call, size_t at, char *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = pad_at(call, at + i);
}

void
pad_write(const struct call *call, char *to)
{
	pad_write_from(call, 0, to, call->pad);
}

bool
pad_is(const struct call *call, const char *from)
{
	size_t len = call->pad + (size_t)call->body.len;

	for (size_t i = 0; i < len; i++)
		if (from[i] != pad_at(call, i))
			return false;
	return true;
}
