/*
 * The chapters of a client that must leave others in peace: a server that can't keep a
 * session must not be stormed, and a forked child must leave its parent's connection
 * alone. Here the dials and writes of the client are counted; this file reads nothing
 * of what is said.
 */
#include <string.h>

#include "contract/kit.h"

#define STORM_MS    60000
#define ASK_MS      1000 /* between two calls in a storm */
#define DIALS_MAX   64   /* whose times are kept */
#define SPREAD_MIN  3    /* dials that must not all be at the same times */
#define DIALS_SLACK 16
#define FAIL_MS     60000

/* ---- storms ---- */

/* When the client has dialled, the first time left out. */
struct dials {
	uint64_t count;
	uint64_t at[DIALS_MAX];
};

/* What each connection comes to: none begins; it ends before its first answer, which
 * may be that of the greeting; it ends when the first call is to be answered. */
static void
let_none_last(struct kit_run *run, uint64_t how)
{
	if (how == 0)
		kit_server_open(run, false);
	else if (how == 1)
		run->server.plan.each_ends_at = 1;
	else
		run->server.plan.each_ends_at = run->known->greeting + 1;
}

static void
note_dials(struct kit_run *run, struct dials *dials, uint64_t since_ms)
{
	uint64_t count = sim_calls(run->world, SIM_CONNECT);

	if (count > dials->count + 1) {
		dials->at[dials->count % DIALS_MAX] = kit_now() - since_ms;
		dials->count = count - 1;
	}
}

/* A minute of a client whose sessions all end, with a call now and then. */
static void
storm(struct kit_run *run, uint64_t how, struct dials *dials)
{
	uint64_t since_ms, ask_at = 0;

	kit_run_begin(run);
	let_none_last(run, how);
	since_ms = kit_now();
	while (kit_now() - since_ms < STORM_MS) {
		if (kit_now() - since_ms >= ask_at) {
			ask_at += ASK_MS;
			kit_ask(run,
			    &(struct kit_asked){ 0, KIT_MAY_FAIL, ASK_MS });
		}
		(void)sim_step_ms(run->world, 1);
		kit_guard_retire();
		note_dials(run, dials, since_ms);
	}
	kit_settle(run);
}

/* A session that is up until the next call, and that is long enough, begins the delays
 * anew; so may each session in which the call is sent again. */
static uint64_t
dials_of_calls(const struct stay_client_options *options)
{
	uint64_t stable_ms = options->backoff.stable_ms;

	if (stable_ms == 0 || stable_ms > ASK_MS)
		return 0;
	return STORM_MS / ASK_MS * (1 + options->resends_max);
}

/* As many as there are if chance makes nearly every delay the shortest. */
static uint64_t
dials_allowed(const struct kit_run *run)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	uint64_t at = 0, count = 0, delay = 0;

	stay_client_get_options(run->client, &options);
	while (at < STORM_MS) {
		delay = stay_backoff_delay(
		    &options.backoff, (uint32_t)count + 1, at, UINT64_MAX / 8);
		if (delay == STAY_FOREVER)
			break;
		at += delay + 1;
		count++;
	}
	return count + dials_of_calls(&options) + DIALS_SLACK;
}

static void
check_bounded(const struct kit_run *run, const struct dials *dials)
{
	uint64_t allowed = dials_allowed(run);

	if (dials->count > allowed)
		kit_broken(KIT_STORM,
		    "a server that keeps no session is dialled %llu times in "
		    "%d s, which its backoff allows %llu times",
		    (unsigned long long)dials->count, STORM_MS / 1000,
		    (unsigned long long)allowed);
}

/* Two clients that lose their server together don't come back together. */
static void
check_spread(const struct dials *one, const struct dials *other)
{
	uint64_t count = one->count < other->count ? one->count : other->count;

	if (count > DIALS_MAX)
		count = DIALS_MAX;
	if (count >= SPREAD_MIN && one->count == other->count &&
	    memcmp(one->at, other->at, (size_t)count * sizeof(one->at[0])) == 0)
		kit_broken(KIT_STORM,
		    "two clients that have lost their server dial it again "
		    "%llu "
		    "times, all at the same moments",
		    (unsigned long long)count);
}

enum kit_more
kit_chapter_storms(struct kit_run *run, uint64_t number)
{
	struct dials one = { 0 }, other = { 0 };

	storm(run, number % 3, &one);
	check_bounded(run, &one);
	kit_run_end(run);
	kit_run_anew(run);
	storm(run, number % 3, &other);
	check_spread(&one, &other);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* ---- a fork ---- */

/* Of what would touch a descriptor that parent and child share. */
static uint64_t
touches(struct kit_run *run)
{
	return sim_calls(run->world, SIM_WRITE) +
	       sim_calls(run->world, SIM_SHUTDOWN) +
	       sim_calls(run->world, SIM_READ);
}

static void
check_apart(struct kit_run *run, uint64_t touched)
{
	uint64_t now = touches(run);

	if (now > touched || sim_leaked(run->world) > 0)
		kit_broken(KIT_FORKED,
		    "the child of a fork reads or writes %llu times on the "
		    "connection of its parent",
		    (unsigned long long)(now - touched));
}

/* The run is that of the child: its calls fail, once each, and it ends. */
enum kit_more
kit_chapter_forked(struct kit_run *run, uint64_t number)
{
	uint64_t touched;

	kit_run_begin(run);
	run->server.plan.latency_ms = kit_draw(run, 10);
	kit_ask_some(run, kit_draw(run, 8), KIT_MAY_FAIL, FAIL_MS, false);
	kit_pass(run, kit_draw(run, 20));
	kit_ask_some(run, kit_draw(run, 3), KIT_MAY_FAIL, FAIL_MS, false);
	kit_note("the process forks, and this is the child");
	sim_fork(run->world);
	touched = touches(run);
	if (number % 2 == 0) {
		kit_ask_some(
		    run, kit_draw(run, 3), KIT_MAY_FAIL, FAIL_MS, false);
		kit_settle(run);
	}
	kit_stop(run);
	check_apart(run, touched);
	kit_run_end(run);
	return KIT_MORE;
}
