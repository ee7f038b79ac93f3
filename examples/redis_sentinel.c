/*
 * The lesson: somebody else says where the server is.
 *
 * Sentinels know which of several servers is the primary, and make another one the primary
 * when it dies. With their places in the URL the client asks them at the beginning of each
 * attempt, whichever of them is there; and it leaves when they say that they have chosen
 * another one. What was not sent yet waits for that. Meanwhile it counts, five times a
 * second, and prints what it came to.
 *
 *	redis_sentinel TIMES redis+sentinel://SENTINEL:PORT,SENTINEL:PORT/NAME
 */
#include <stdio.h>
#include <stdlib.h>

#include <ev.h>
#include <stay/redis.h>

static struct stay_redis *redis;
static unsigned long left;

static void
on_counted(void *arg, const struct stay_result *result)
{
	(void)arg;
	if (result->status == STAY_OK)
		printf("%s\n", stay_redis_str(result->reply));
	else
		printf("%s, %s\n", stay_outcome_name(result->outcome),
		    result->why);
	fflush(stdout);
	if (--left == 0)
		stay_redis_stop(redis);
}

static void
on_time(struct ev_loop *ev, ev_timer *timer, int events)
{
	unsigned long *unasked = timer->data;

	(void)events;
	if (stay_redis_command(redis, on_counted, NULL, "INCR count") !=
	    STAY_OK)
		exit(1);
	if (--*unasked == 0)
		ev_timer_stop(ev, timer);
}

int
main(int argc, char **argv)
{
	/* A server that is no primary any more refuses: that is sent again. */
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = {
		    STAY_CLIENT_OPTIONS, .on_refused = STAY_REFUSED_RESEND } };
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_log *log = stay_log_new(stderr, 0);
	unsigned long unasked;
	ev_timer timer;

	if (argc < 3)
		return 1;
	stay_loop_set_observer(loop, stay_log_observer(log));
	left = unasked = strtoul(argv[1], NULL, 10);
	if (stay_redis_start(&redis, loop, argv[2], &options) != STAY_OK) {
		fprintf(stderr, "%s\n", stay_loop_rejection(loop));
		return 1;
	}
	ev_timer_init(&timer, on_time, 0, 0.2);
	timer.data = &unasked;
	ev_timer_start(EV_DEFAULT, &timer);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	stay_log_free(log);
	return 0;
}
