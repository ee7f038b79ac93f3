/*
 * The lesson: what a program's connections do is a page of numbers.
 *
 * A client of Redis asks something ten times a second, and Prometheus, or a browser, may
 * look at http://127.0.0.1:port/metrics. Nothing is counted twice: latencies with each
 * call, all else when somebody looks. Stop the server and look again: the failures have
 * a phase and a reason, the calls an outcome.
 *
 *	metrics [redis://[user:password@]host[:port][/db] [port [seconds]]]
 */
#include <stdio.h>
#include <stdlib.h>

#include <ev.h>

#include <stay/observe.h>
#include <stay/redis.h>

#include "adapters/metrics_page.h"

static void
ask(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct stay_redis *redis = timer->data;

	(void)ev;
	(void)events;
	/* Nobody waits for an answer: what fails is counted. */
	(void)stay_redis_command(redis, NULL, NULL, "INCR visits");
	(void)stay_redis_command(redis, NULL, NULL, "GET visits");
}

static void
end(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(ev, EVBREAK_ALL);
}

static void
run(struct ev_loop *ev, struct stay_redis *redis, double seconds)
{
	ev_timer asking, ending;

	ev_timer_init(&asking, ask, 0., 0.1);
	asking.data = redis;
	ev_timer_start(ev, &asking);
	ev_timer_init(&ending, end, seconds, 0.);
	if (seconds > 0)
		ev_timer_start(ev, &ending);
	ev_run(ev, 0);
	ev_timer_stop(ev, &asking);
}

/* The number in argv[at]; else `usual`. */
static long
number(char **argv, int argc, int at, long usual)
{
	return argc > at ? strtol(argv[at], NULL, 10) : usual;
}

static int
serve(struct ev_loop *ev, struct stay_loop *loop, struct stay_metrics *metrics,
    char **argv, int argc)
{
	struct metrics_page *page =
	    metrics_page_open(ev, metrics, (int)number(argv, argc, 2, 9464));
	struct stay_redis *redis;

	if (page == NULL ||
	    stay_redis_start(&redis, loop,
		argc > 1 ? argv[1] : "redis://localhost", NULL) != STAY_OK) {
		fputs("the port is taken, or the URL is wrong\n", stderr);
		metrics_page_close(page);
		return EXIT_FAILURE;
	}
	printf("http://127.0.0.1:%d/metrics\n", metrics_page_port(page));
	fflush(stdout);
	run(ev, redis, (double)number(argv, argc, 3, 0));
	metrics_page_close(page);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct ev_loop *ev = EV_DEFAULT;
	struct stay_loop *loop = stay_loop_ev(ev);
	struct stay_metrics *metrics = stay_metrics_new();
	int status = EXIT_FAILURE;

	if (loop != NULL && metrics != NULL) {
		stay_loop_set_metrics(loop, metrics);
		status = serve(ev, loop, metrics, argv, argc);
		stay_loop_stop(loop, STAY_OK);
		ev_run(ev, 0);
	}
	stay_loop_free(loop);
	stay_metrics_free(metrics);
	return status;
}
