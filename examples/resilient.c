/*
 * The lesson: a server dies, freezes and comes back under load, and every call
 * is accounted for.
 *
 * A Redis server of our own is killed twice and frozen once, while 200 calls at
 * a time are under way on one connection. Each completes exactly once, with an
 * outcome that is true. At the end the tally must balance, and must agree with
 * what the server has counted; support/load.h says how.
 *
 *	resilient [--small]     --small: with the small server of this example
 *	REDIS_URL=redis://...   your server instead, neither killed nor frozen
 *
 * Ends with status 0 if everything balances.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <stay/redis.h>

#include "support/load.h"
#include "support/peer.h"

#define TICK_S     0.1
#define LINE_TICKS 5 /* a line, and an INFO, every so many ticks */
#define TURNS_MAX  9 /* steps shown of each outage */
#define BAR_LEN    30

static struct {
	struct stay_loop *loop;
	struct stay_log *log;
	struct load load;
	bool balanced;

	struct peer peer;
	bool own;      /* the server is our own, and may be killed */
	bool small;    /* it is the small one of support/small_redis.c */
	char dir[32];  /* the working folder of the real one */
	unsigned life; /* how often it has been started again */
	double back;   /* when it last came back */

	ev_timer tick;
	unsigned ticks;
	size_t next_act;
	double begun;
	bool tty;
	uint64_t shown; /* replies at the last line */
	uint64_t most;  /* in one line */
	unsigned turns; /* steps of the connection since it was last up */
} demo;

/* ---- the display ---- */

static double
seconds(void)
{
	return ev_now(EV_DEFAULT) - demo.begun;
}

/* Begin a line in this style. */
static void
style(const char *code)
{
	if (demo.tty)
		printf("\r\033[K\033[%sm", code);
}

static void
unstyle(void)
{
	if (demo.tty)
		fputs("\033[0m", stdout);
}

static void
say(const char *code, const char *text)
{
	style(code);
	printf("%6.1f s  %s\n", seconds(), text);
	unstyle();
}

/* "next attempt in 0.4 s"; while connecting, how much time is left for it. */
static void
print_countdown(struct stay_conn *conn)
{
	bool waits = stay_conn_state(conn) == STAY_BACKING_OFF;
	uint64_t ms = stay_conn_due_ms(conn);

	if (ms != STAY_FOREVER)
		printf("%s in %u.%u s", waits ? "next attempt" : "gives up",
		    (unsigned)(ms / 1000), (unsigned)(ms % 1000 / 100));
}

static void
print_bar(uint64_t count)
{
	if (count > demo.most)
		demo.most = count;
	for (uint64_t i = 0; i * demo.most < count * BAR_LEN; i++)
		fputs(demo.tty ? "\u2587" : "#", stdout);
}

/* One line of the display. On a terminal it is written over until `stands`. */
static void
show(bool stands)
{
	struct stay_conn *conn = stay_redis_conn(demo.load.redis);
	enum stay_state state = stay_conn_state(conn);
	uint64_t count = demo.load.outcomes[STAY_REPLIED] - demo.shown;
	unsigned ticks = (demo.ticks - 1) % LINE_TICKS + 1;

	style(state == STAY_CONNECTED && count > 0 ? "32" : "33");
	printf("%6.1f s  %-13s %9s calls/s  ", seconds(),
	    stay_state_name(state),
	    grouped((uint64_t)((double)count / (ticks * TICK_S))));
	if (state == STAY_CONNECTED)
		print_bar(count * LINE_TICKS / ticks);
	else
		print_countdown(conn);
	if (stands)
		putchar('\n');
	unstyle();
	fflush(stdout);
	if (stands)
		demo.shown = demo.load.outcomes[STAY_REPLIED];
}

/* The library's log, except for the many attempts of a long outage. */
static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *turn)
{
	const struct stay_observer *log = stay_log_observer(arg);

	if (strcmp(turn->machine, "conn") != 0)
		return;
	if (strcmp(turn->to, "connected") == 0) {
		demo.load.life = demo.life;
		demo.turns = 0;
	}
	if (demo.turns++ > TURNS_MAX)
		return;
	style("2");
	fputs("          ", stdout);
	if (demo.turns > TURNS_MAX)
		puts("...and so on, attempt after attempt");
	else
		log->on_transition(log->arg, who, turn);
	unstyle();
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	const struct stay_observer *log = stay_log_observer(arg);

	if (demo.turns > TURNS_MAX)
		return;
	style("2");
	fputs("          ", stdout);
	log->on_failure(log->arg, who, status, text);
	unstyle();
}

static void
on_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	(void)arg;
	(void)who;
	style("2");
	printf("          %s\n", up->text);
	unstyle();
}

/* ---- what happens to the server, and when ---- */

static bool
start_server(void)
{
	if (demo.small)
		return peer_serve(&demo.peer, peer_redis);
	return peer_exec(&demo.peer,
	    "redis-server --port %d --bind 127.0.0.1 --dir %s"
	    " --save \"\" --appendonly no",
	    demo.peer.port, demo.dir);
}

static void
kill_server(void)
{
	peer_kill(&demo.peer);
}

static void
on_recovery(void)
{
	char text[80];

	snprintf(text, sizeof(text),
	    "the first reply, %.0f ms after the server came back",
	    (seconds() - demo.back) * 1000);
	say("1;32", text);
}

static void
await_recovery(void)
{
	demo.back = seconds();
	demo.load.on_answer = on_recovery;
}

static void
restart_server(void)
{
	demo.life++;
	await_recovery();
	if (!start_server())
		say("1;31", "the server cannot be started");
}

static void
freeze_server(void)
{
	peer_freeze(&demo.peer);
}

static void
thaw_server(void)
{
	await_recovery();
	peer_thaw(&demo.peer);
}

static void
end_load(void)
{
	load_end(&demo.load);
}

static const struct act {
	double at;
	void (*run)(void);
	const char *says;
} acts[] = {
	{ 2.5, kill_server, "SIGKILL: the server is dead" },
	{ 4.0, restart_server,
	    "the server is started again, and has lost its data" },
	{ 6.5, freeze_server,
	    "SIGSTOP: the server is frozen; its connections stay open" },
	{ 9.0, thaw_server, "SIGCONT: the server goes on" },
	{ 11.0, kill_server, "SIGKILL: the server is dead again" },
	{ 13.5, restart_server, "the server is started again" },
	{ 16.0, end_load, "no more calls are submitted" },
};

static const struct act guest_acts[] = {
	{ 5.0, end_load, "no more calls are submitted" },
};

/* Run the acts that are due. */
static void
act(void)
{
	const struct act *all = demo.own ? acts : guest_acts;
	size_t count = demo.own ? sizeof(acts) / sizeof(acts[0]) : 1;

	while (demo.next_act < count && all[demo.next_act].at <= seconds()) {
		const struct act *due = &all[demo.next_act++];

		say("1", due->says);
		due->run();
	}
}

static void
on_tick(struct ev_loop *ev, ev_timer *timer, int events)
{
	bool line = ++demo.ticks % LINE_TICKS == 0;

	(void)ev;
	(void)timer;
	(void)events;
	if (line || demo.tty)
		show(line);
	if (line && demo.own && !demo.load.ending &&
	    stay_conn_state(stay_redis_conn(demo.load.redis)) == STAY_CONNECTED)
		load_ask(&demo.load);
	act();
}

/* ---- all of it ---- */

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	(void)arg;
	(void)reason;
	stay_client_get_counts(stay_client_of(conn), &counts);
	ev_timer_stop(EV_DEFAULT, &demo.tick);
	style("0");
	demo.balanced = load_report(&demo.load, demo.life + 1, &counts);
}

static bool
run(const char *url)
{
	struct stay_redis_options options = {
		STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .on_closed = on_closed,
		    .call_timeout_ms = 1000, .silence_ms = 1500 },
	};
	const struct stay_observer observer = { STAY_OBSERVER, .arg = demo.log,
		.on_transition = on_transition, .on_failure = on_failure,
		.on_up = on_up };

	stay_loop_set_observer(demo.loop, &observer);
	if (stay_redis_start(&demo.load.redis, demo.loop, url, &options) !=
	    STAY_OK)
		return false;
	printf("%s%s, %d calls under way on one connection\n",
	    stay_conn_label(stay_redis_conn(demo.load.redis)),
	    demo.small ? " (the small server of this example)" : "",
	    LOAD_SLOTS);
	ev_timer_init(&demo.tick, on_tick, TICK_S, TICK_S);
	ev_timer_start(EV_DEFAULT, &demo.tick);
	load_begin(&demo.load);
	ev_run(EV_DEFAULT, 0);
	stay_loop_set_observer(demo.loop, NULL);
	return demo.balanced;
}

/* Run with a server of our own, in a folder of its own. */
static bool
run_own(void)
{
	char url[64];
	bool well = false;

	strcpy(demo.dir, "/tmp/stay-demo-XXXXXX");
	if (mkdtemp(demo.dir) == NULL)
		return false;
	if (peer_port(&demo.peer) && start_server() && peer_await(&demo.peer)) {
		snprintf(
		    url, sizeof(url), "redis://127.0.0.1:%d", demo.peer.port);
		well = run(url);
	}
	peer_kill(&demo.peer);
	rmdir(demo.dir);
	return well;
}

int
main(int argc, char **argv)
{
	const char *url = getenv("REDIS_URL");
	char key[64];
	bool well = false;

	demo.own = url == NULL || *url == '\0';
	demo.small =
	    demo.own && (!peer_exists("redis-server") ||
			    (argc > 1 && strcmp(argv[1], "--small") == 0));
	demo.tty = isatty(STDOUT_FILENO);
	demo.begun = ev_now(EV_DEFAULT);
	snprintf(
	    key, sizeof(key), "stay:demo:%d:%.0f", (int)getpid(), demo.begun);
	demo.load.key = key;
	demo.load.alone = demo.own;
	demo.loop = stay_loop_ev(EV_DEFAULT);
	demo.log = stay_log_new(stdout, STAY_LOG_CONN);
	if (demo.loop != NULL && demo.log != NULL)
		well = demo.own ? run_own() : run(url);
	stay_loop_free(demo.loop);
	stay_log_free(demo.log);
	return well ? 0 : 1;
}
