/*
 * The lesson: a worker for a queue of jobs, as one would run it in production.
 *
 * BLMOVE takes a job out of the list NAME and puts it into a list of this worker's own,
 * NAME:WORKER, in one step. So a job is always in a list: what a worker that was killed
 * has left in its own, it finds there at its next start. When the job is done, one
 * transaction takes it out, and puts it into NAME:done. If the connection breaks in any of
 * these moments, the worker asks the server where the job is, and goes on from there. So
 * no job is lost, and a job is done twice only if its worker dies before it could say so.
 *
 *	worker NAME WORKER [redis://[user:password@]host[:port][/db]]
 *
 * No two workers of a queue that run at a time may have the same name WORKER.
 *
 * A job is a text: how many ms it takes, and what it is about, as "20 mail to bob". One
 * without a number goes to NAME:failed.
 *
 * SIGTERM and SIGINT: finish the job, take no other, give back what was taken and not
 * begun, and end. Ten seconds are for that; a second signal ends it at once. What happens
 * is logged on stderr, and the status says how it ended:
 *
 *	0  asked to end, and nothing is left in its own list
 *	1  the arguments, or the URL, are wrong
 *	2  the server turns it away for good, as with a wrong password: somebody has to act
 *	3  asked to end, and a job is left in its own list, or may be, as the server is
 *	   away: start the same worker again
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <stay/redis.h>

#define TAKE_S     5    /* an idle worker asks again so often */
#define AGAIN_S    0.2  /* after a failure */
#define DRAIN_S    10.0 /* to end */
#define NAME_BYTES 256

/* What is worth counting, for whoever watches it. */
enum worker_event { TAKEN, FOUND, DONE, FAILED, GIVEN_BACK, EVENTS };

static struct worker {
	struct stay_loop *loop;
	struct stay_log *log;
	struct stay_redis *redis; /* NULL: it has closed */
	const char *queue;
	char own[NAME_BYTES], done[NAME_BYTES], failed[NAME_BYTES];
	char *job;        /* in the own list; NULL: none that is known of */
	bool finished;    /* it is done, and still in the own list */
	bool good;        /* and was no failure */
	bool ending;      /* asked to */
	bool clean;       /* nothing is left */
	bool turned_away; /* for good */
	struct stay_call_id taking;
	ev_timer work, again, drain;
	ev_signal term, interrupt;
	uint64_t counts[EVENTS];
} worker;

/* Metrics would read the counts, or count here themselves. */
static void
note(enum worker_event event, const char *word)
{
	worker.counts[event]++;
	fprintf(stderr, "worker %s: %s: %s\n", worker.own, word, worker.job);
}

static void look(void);
static void finish(void);

/* ---- when something fails ---- */

static void
on_again(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_stop(ev, timer);
	look();
}

/* The library has told the log why. Where the job is, only the server knows. */
static void
look_again(enum stay_status status)
{
	if (worker.redis != NULL && status != STAY_E_STOPPED &&
	    !ev_is_active(&worker.again)) {
		ev_timer_set(&worker.again, AGAIN_S, 0);
		ev_timer_start(EV_DEFAULT, &worker.again);
	}
}

static void
submitted(enum stay_status status)
{
	if (status != STAY_OK)
		look_again(status);
}

/* ---- a job ---- */

/* What it is to do: here it takes its time. */
static void
begin(const char *job)
{
	char *end;
	double ms = strtod(job, &end);

	worker.good = end != job;
	ev_timer_set(&worker.work, worker.good ? ms / 1000 : 0, 0);
	ev_timer_start(EV_DEFAULT, &worker.work);
}

static void
on_worked(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_stop(ev, timer);
	worker.finished = true;
	finish();
}

static bool
keep(const struct stay_redis_reply *reply)
{
	free(worker.job);
	worker.job = strdup(stay_redis_str(reply));
	worker.finished = false;
	return worker.job != NULL;
}

/* ---- out of the own list ---- */

static void
settle(void)
{
	note(worker.good ? DONE : FAILED, worker.good ? "done" : "failed");
	worker.finished = false;
	look();
}

static void
on_finished(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	if (result->status == STAY_OK)
		settle();
	else
		look_again(result->status);
}

static void
finish(void)
{
	struct stay_redis_group *multi;

	if (worker.redis == NULL)
		return;
	multi = stay_redis_multi_new(worker.redis);
	stay_redis_group_add(multi, "LREM %s 1 %s", worker.own, worker.job);
	stay_redis_group_add(multi, "LPUSH %s %s",
	    worker.good ? worker.done : worker.failed, worker.job);
	submitted(stay_redis_group_send(multi, NULL, on_finished, NULL));
}

/* ---- into the own list ---- */

static void
on_taken(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status != STAY_OK) {
		look_again(result->status);
	} else if (stay_redis_type_of(result->reply) == STAY_REDIS_NIL) {
		look();
	} else if (keep(result->reply)) {
		note(TAKEN, "taken");
		begin(worker.job);
	} else {
		look_again(STAY_E_NOMEM);
	}
}

static void
take(void)
{
	const struct stay_call_options call = { STAY_CALL_OPTIONS,
		.id = &worker.taking };

	submitted(stay_redis_command_with(worker.redis, &call, on_taken, NULL,
	    "BLMOVE %s %s RIGHT LEFT %d", worker.queue, worker.own, TAKE_S));
}

/* ---- what is in the own list ---- */

static void
on_given_back(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status == STAY_OK && keep(result->reply))
		note(GIVEN_BACK, "given back");
	look_again(result->status);
}

/* Nothing is in it: it may end, or take another job. */
static void
go_on(void)
{
	worker.clean = worker.ending;
	if (worker.ending)
		stay_redis_stop(worker.redis);
	else
		take();
}

/* There is a job: left behind, or taken by a call that had no answer. */
static void
on_job(const struct stay_redis_reply *reply)
{
	if (worker.ending) {
		submitted(stay_redis_command(worker.redis, on_given_back, NULL,
		    "LMOVE %s %s RIGHT RIGHT", worker.own, worker.queue));
	} else if (keep(reply)) {
		note(FOUND, "found");
		begin(worker.job);
	} else {
		look_again(STAY_E_NOMEM);
	}
}

static void
on_look(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status != STAY_OK)
		look_again(result->status);
	else if (stay_redis_type_of(result->reply) == STAY_REDIS_NIL)
		go_on();
	else
		on_job(result->reply);
}

/* Whether the transaction has been executed that takes a finished job out. */
static void
on_asked(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status != STAY_OK)
		look_again(result->status);
	else if (stay_redis_type_of(result->reply) == STAY_REDIS_NIL)
		settle();
	else
		finish();
}

static void
look(void)
{
	if (worker.redis == NULL)
		return;
	if (worker.finished)
		submitted(stay_redis_command(worker.redis, on_asked, NULL,
		    "LPOS %s %s", worker.own, worker.job));
	else
		submitted(stay_redis_command(
		    worker.redis, on_look, NULL, "LINDEX %s -1", worker.own));
}

/* ---- the end ---- */

static void
on_late(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev;
	(void)timer;
	(void)events;
	if (worker.redis != NULL)
		stay_redis_stop(worker.redis);
}

/* A BLMOVE that waits is given up, and its session with it, so that the server gives this
 * worker no other job. */
static void
on_signal(struct ev_loop *ev, ev_signal *signal, int events)
{
	(void)events;
	fprintf(stderr, "worker %s: signal %d\n", worker.own, signal->signum);
	if (worker.ending) {
		on_late(ev, &worker.drain, 0);
		return;
	}
	worker.ending = true;
	ev_timer_start(ev, &worker.drain);
	if (worker.redis != NULL)
		(void)stay_client_cancel(
		    stay_redis_client(worker.redis), worker.taking);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	worker.redis = NULL;
	worker.turned_away = reason != STAY_OK;
	ev_timer_stop(EV_DEFAULT, &worker.work);
	ev_timer_stop(EV_DEFAULT, &worker.again);
	ev_timer_stop(EV_DEFAULT, &worker.drain);
	ev_signal_stop(EV_DEFAULT, &worker.term);
	ev_signal_stop(EV_DEFAULT, &worker.interrupt);
}

static void
watch(void)
{
	ev_timer_init(&worker.work, on_worked, 0, 0);
	ev_timer_init(&worker.again, on_again, 0, 0);
	ev_timer_init(&worker.drain, on_late, DRAIN_S, 0);
	ev_signal_init(&worker.term, on_signal, SIGTERM);
	ev_signal_init(&worker.interrupt, on_signal, SIGINT);
	ev_signal_start(EV_DEFAULT, &worker.term);
	ev_signal_start(EV_DEFAULT, &worker.interrupt);
}

/* ---- the beginning ---- */

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .on_closed = on_closed,
	    .on_fatal = STAY_FATAL_STOP, .backoff = { .cap_ms = 5000 } },
	.role = STAY_REDIS_WANT_PRIMARY };

static void
name(const char *queue, const char *who)
{
	worker.queue = queue;
	snprintf(worker.own, sizeof(worker.own), "%s:%s", queue, who);
	snprintf(worker.done, sizeof(worker.done), "%s:done", queue);
	snprintf(worker.failed, sizeof(worker.failed), "%s:failed", queue);
}

static bool
start(const char *url)
{
	worker.loop = stay_loop_ev(EV_DEFAULT);
	worker.log = stay_log_new(stderr, 0);
	if (worker.loop == NULL || worker.log == NULL)
		return false;
	stay_loop_set_observer(worker.loop, stay_log_observer(worker.log));
	if (stay_redis_start(&worker.redis, worker.loop, url, &options) ==
	    STAY_OK)
		return true;
	fprintf(stderr, "%s\n", stay_loop_rejection(worker.loop));
	return false;
}

static void
clean_up(void)
{
	stay_loop_free(worker.loop);
	stay_log_free(worker.log);
	free(worker.job);
}

static int
status(void)
{
	if (worker.turned_away)
		return 2;
	return worker.clean ? 0 : 3;
}

int
main(int argc, char **argv)
{
	bool started;

	if (argc < 3) {
		fputs("worker NAME WORKER [redis://...]\n", stderr);
		return 1;
	}
	name(argv[1], argv[2]);
	started = start(argc > 3 ? argv[3] : "redis://localhost");
	if (started) {
		watch();
		look();
		ev_run(EV_DEFAULT, 0);
	}
	clean_up();
	return started ? status() : 1;
}
