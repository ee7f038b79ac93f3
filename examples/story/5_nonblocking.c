/*
 * Step 5, non-blocking: the owner does not wait for a reply, and everybody's calls are
 * under way at once on one socket.
 *
 * Each call is written as it comes, and answered later, in the order of the replies. Both
 * directions flow at the same time. What is still missing shows when the connection
 * closes: here nobody opens it again.
 */
#include <ev.h>
#include <stay/redis.h>

#include "story.h"

static struct stay_redis *redis; /* NULL: the connection has closed */

static void go_on(struct caller *caller);

static void
on_reply(void *caller, const struct stay_result *result)
{
	story_done(caller, result->outcome);
	go_on(caller);
}

static void
go_on(struct caller *caller)
{
	while (story_next(caller)) {
		if (redis != NULL && stay_redis_command(redis, on_reply, caller,
					 caller->command) == STAY_OK)
			return;
		story_done(caller, STAY_NOT_SENT);
	}
	if (story_callers_left() == 0 && redis != NULL)
		stay_redis_stop(redis);
}

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	if (status != STAY_OK)
		stay_client_stop(client, STAY_OK);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	(void)reason;
	redis = NULL;
}

/* One connection, and no second one. */
static const struct stay_redis_options once = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .on_session = on_session,
	    .on_closed = on_closed } };

static void
work(struct caller callers[STORY_CALLERS])
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (stay_redis_start(&redis, loop, story_url(), &once) != STAY_OK)
		return;
	for (int i = 0; i < STORY_CALLERS; i++)
		go_on(&callers[i]);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
}

static const struct story nonblocking = {
	.name = "5 non-blocking",
	.codes = "the loop's thread",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&nonblocking, argc, argv);
}
