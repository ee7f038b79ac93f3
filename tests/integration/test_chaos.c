/*
 * Everything at once: four clients under load over TCP, a unix socket and two
 * fault proxies, and a fault of a random kind every moment. No call is lost, no
 * reply is another's, no outcome is untrue, and all come up again.
 *
 *	STAY_CHAOS_SECONDS  at least so long (5)
 *	STAY_CHAOS_REPLIES  and until so many numbers have been echoed (20000)
 *	STAY_CHAOS_SEED     replays the order of the faults
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "suites.h"
#include "support/fault_proxy.h"
#include "support/redis_load.h"
#include "support/redis_rig.h"
#include "support/redis_server.h"

#define CLIENTS  4
#define FILL_S   0.005
#define MINUTE_S 60.

struct chaos {
	struct redis_rig rig;
	struct redis_server server;
	struct stay_redis *admin; /* over the unix socket */
	struct fault_proxy cutting, slow;
	struct redis_load loads[CLIENTS];
	ev_timer fill;
	ev_timer next; /* the next fault, or the end of this one */
	const struct fault *fault;
	unsigned faults;
	unsigned seed;
	double begun, seconds;
	uint64_t replies;
};

static struct chaos chaos;

static unsigned
number(const char *name, unsigned fallback)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)atoi(text) : fallback;
}

static double
between(double least, double most)
{
	return least +
	       (most - least) * (rand_r(&chaos.seed) / (double)RAND_MAX);
}

/* ---- the faults ---- */

/* Orders that are lost with the server need no other answer. */
static void
order(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	EXPECT_OK(
	    stay_redis_vcommand(chaos.admin, NULL, NULL, NULL, format, list));
	va_end(list);
}

static void
kill_server(void)
{
	redis_server_kill(&chaos.server);
}

static void
restart_server(void)
{
	redis_server_restart(&chaos.server);
}

static void
freeze_server(void)
{
	redis_server_freeze(&chaos.server);
}

static void
thaw_server(void)
{
	redis_server_thaw(&chaos.server);
}

static void
kill_clients(void)
{
	order("CLIENT KILL TYPE normal SKIPME yes");
}

static void
pause_clients(void)
{
	order("CLIENT PAUSE %d", (int)between(1, 500));
}

static void
close_the_doors(void)
{
	order("CONFIG SET maxclients 3");
	kill_clients();
}

static void
open_the_doors(void)
{
	order("CONFIG SET maxclients 10000");
}

static void
change_password(void)
{
	order("CONFIG SET requirepass other");
	kill_clients();
}

static void
change_password_back(void)
{
	order("CONFIG SET requirepass %s", "");
}

static void
become_replica(void)
{
	order("REPLICAOF 127.0.0.1 1");
}

static void
become_primary(void)
{
	order("REPLICAOF NO ONE");
}

static void
reload(void)
{
	order("DEBUG RELOAD");
}

static void
sleep_server(void)
{
	order("DEBUG SLEEP %f", between(0.0, 0.5));
}

static void
cut_proxies(void)
{
	enum fault_kind kind =
	    rand_r(&chaos.seed) % 2 == 0 ? FAULT_RESET : FAULT_CLOSE;

	fault_proxy_cut(&chaos.cutting, kind);
	fault_proxy_cut(&chaos.slow, kind);
}

static void
nothing(void)
{
}

static const struct fault {
	const char *name;
	void (*begin)(void);
	void (*end)(void);
	double longest;
} faults[] = {
	{ "kill", kill_server, restart_server, 0.3 },
	{ "freeze", freeze_server, thaw_server, 0.6 },
	{ "client kill", kill_clients, nothing, 0 },
	{ "client pause", pause_clients, nothing, 0.5 },
	{ "maxclients", close_the_doors, open_the_doors, 0.3 },
	{ "password", change_password, change_password_back, 0.3 },
	{ "replica", become_replica, become_primary, 0.2 },
	{ "reload", reload, nothing, 0 },
	{ "sleep", sleep_server, nothing, 0.5 },
	{ "proxy cut", cut_proxies, nothing, 0 },
};
#define FAULTS (LEN(faults))

static unsigned struck[FAULTS];

/* What is accepted by the cutting proxy comes to an end of its own, too. */
static void
plan_cuts(void)
{
	enum fault_way way =
	    rand_r(&chaos.seed) % 2 == 0 ? FAULT_UP : FAULT_DOWN;

	chaos.cutting.plan = fault_none();
	chaos.cutting.plan.after[way] = (uint64_t)between(0, 1000000);
	chaos.cutting.plan.kind =
	    (enum fault_kind)(rand_r(&chaos.seed) % (FAULT_SILENCE + 1));
}

static void
on_next(struct ev_loop *ev, ev_timer *timer, int events)
{
	double wait;

	(void)events;
	plan_cuts();
	if (chaos.fault != NULL) {
		chaos.fault->end();
		chaos.fault = NULL;
		wait = between(0.02, 0.3);
	} else {
		chaos.fault = &faults[(size_t)rand_r(&chaos.seed) % FAULTS];
		struck[chaos.fault - faults]++;
		chaos.faults++;
		chaos.fault->begin();
		wait = between(0, chaos.fault->longest);
	}
	ev_now_update(ev);
	ev_timer_set(timer, wait, 0.);
	ev_timer_start(ev, timer);
}

/* ---- the load ---- */

static void
on_fill(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events;
	for (int i = 0; i < CLIENTS; i++)
		redis_load_fill(&chaos.loads[i]);
}

static uint64_t
echoed(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < CLIENTS; i++)
		sum += chaos.loads[i].echoed;
	return sum;
}

static bool
is_enough(void *arg)
{
	(void)arg;
	return echoed() >= chaos.replies &&
	       ev_time() - chaos.begun >= chaos.seconds;
}

static bool
are_loads_gone(void *arg)
{
	(void)arg;
	return stay_loop_live(chaos.rig.loop) == 1; /* admin */
}

static void
start_loads(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .initial_ms = 5, .cap_ms = 50 },
		    .connect_budget_ms = 400, .call_timeout_ms = 3000,
		    .fatal_backoff_ms = 50, .probe_ms = 200,
		    .silence_ms = 300 } };
	const char *const urls[CLIENTS] = { chaos.server.url,
		chaos.server.unix_url, chaos.cutting.url, chaos.slow.url };
	static const char *const names[CLIENTS] = { "tcp", "unix", "cutting",
		"slow" };

	for (int i = 0; i < CLIENTS; i++)
		redis_load_begin(&chaos.loads[i],
		    rig_start(&chaos.rig, urls[i], &options), names[i]);
}

/* ---- the run ---- */

static void
begin(void)
{
	ck_assert(redis_server_start(&chaos.server, NULL));
	rig_open(&chaos.rig);
	chaos.admin = rig_connect(&chaos.rig, chaos.server.unix_url, NULL);
	fault_proxy_open(&chaos.cutting, chaos.rig.ev, chaos.server.port);
	fault_proxy_open(&chaos.slow, chaos.rig.ev, chaos.server.port);
	chaos.slow.plan.piece = 1000;
	chaos.seconds = number("STAY_CHAOS_SECONDS", 5);
	chaos.replies = number("STAY_CHAOS_REPLIES", 20000);
	chaos.seed = number("STAY_CHAOS_SEED", (unsigned)time(NULL));
	printf("chaos: seed %u\n", chaos.seed);
	plan_cuts();
	ev_timer_init(&chaos.fill, on_fill, FILL_S, FILL_S);
	ev_timer_init(&chaos.next, on_next, 0.1, 0.);
}

/* What is left of faults is taken back; then the last calls end. */
static void
calm_down(void)
{
	ev_timer_stop(chaos.rig.ev, &chaos.next);
	ev_timer_stop(chaos.rig.ev, &chaos.fill);
	if (chaos.fault != NULL)
		chaos.fault->end();
	chaos.cutting.plan = fault_none();
	fault_proxy_cut(&chaos.cutting, FAULT_RESET);
	for (int i = 0; i < CLIENTS; i++)
		redis_load_end(&chaos.loads[i], 20000);
	rig_until(&chaos.rig, are_loads_gone, NULL, 30);
}

static void
print_figures(double seconds)
{
	uint64_t outcomes[STAY_OUTCOME_COUNT] = { 0 }, submitted = 0;

	for (int i = 0; i < CLIENTS; i++) {
		submitted += chaos.loads[i].submitted;
		for (int j = 0; j < STAY_OUTCOME_COUNT; j++)
			outcomes[j] += chaos.loads[i].outcomes[j];
	}
	printf("chaos: %.1f s, %u faults:", seconds, chaos.faults);
	for (size_t i = 0; i < FAULTS; i++)
		printf(" %s %u%s", faults[i].name, struck[i],
		    i + 1 < FAULTS ? "," : "");
	printf("; %u cuts by plan\n", chaos.cutting.faults);
	printf("chaos: submitted %" PRIu64 " =", submitted);
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		printf("%s %s %" PRIu64, i > 0 ? " +" : "",
		    stay_outcome_name((enum stay_outcome)i), outcomes[i]);
	printf(
	    "; %" PRIu64 " numbers echoed, all to the right call\n", echoed());
}

TEST(promise_1_2_3_4_8_everything_at_once)
{
	struct answer counter;

	begin();
	start_loads();
	chaos.begun = ev_time();
	ev_timer_start(chaos.rig.ev, &chaos.fill);
	ev_timer_start(chaos.rig.ev, &chaos.next);
	rig_until(&chaos.rig, is_enough, NULL, chaos.seconds + MINUTE_S);
	calm_down();
	for (int i = 0; i < CLIENTS; i++) {
		ask_now(&chaos.rig, chaos.admin, &counter, "GET %s",
		    chaos.loads[i].key);
		redis_load_check(&chaos.loads[i], counter.integer);
	}
	print_figures(ev_time() - chaos.begun);
	fault_proxy_close(&chaos.cutting);
	fault_proxy_close(&chaos.slow);
	rig_close(&chaos.rig);
	redis_server_end(&chaos.server);
}

TEST_SUITE_WITH(
    chaos, .seconds = number("STAY_CHAOS_SECONDS", 5) + 2 * MINUTE_S)
