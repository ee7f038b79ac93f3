/*
 * Step 2, a blocking client with check-out: one connection that stays, lent to one caller
 * at a time.
 *
 * Who asks while it is lent is told so at once (`checked_out`), and may go and do
 * something else; here it stands in the queue. The caller itself writes and reads: no
 * other thread touches its bytes. But all the others wait for one round trip after the
 * other.
 */
#include <ev.h>
#include <stay/redis_pool.h>

#include "story.h"

static const struct stay_redis_options redis = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .backoff = { .cap_ms = 200 } } };
static const struct stay_pool_options one = { STAY_POOL_OPTIONS,
	.connections_max = 1 };

static struct stay_pool *pool;
static struct stay_lease *leases[STORY_CALLERS]; /* a caller's; NULL: none */

static void go_on(struct caller *caller);

static void
give_back(struct caller *caller)
{
	stay_pool_check_in(leases[caller->number]);
	leases[caller->number] = NULL;
}

static void
finish(struct caller *caller, enum stay_outcome outcome)
{
	story_done(caller, outcome);
	give_back(caller);
}

static void
on_reply(void *caller, const struct stay_result *result)
{
	finish(caller, result->outcome);
	go_on(caller);
}

static bool
ask(struct caller *caller, struct stay_lease *lease)
{
	leases[caller->number] = lease;
	return stay_redis_command(stay_redis_lent(lease), on_reply, caller,
		   caller->command) == STAY_OK;
}

static void
on_lease(void *caller, struct stay_lease *lease, enum stay_status status)
{
	if (status == STAY_OK && ask(caller, lease))
		return;
	finish(caller, STAY_NOT_SENT);
	go_on(caller);
}

/* At once, or in the queue. */
static bool
check_out(struct caller *caller)
{
	struct stay_lease *lease;
	enum stay_status status = stay_pool_try(pool, &lease);

	if (status != STAY_E_CHECKED_OUT)
		return status == STAY_OK && ask(caller, lease);
	caller->checked_out++;
	return stay_pool_check_out(pool, NULL, on_lease, caller) == STAY_OK;
}

static void
go_on(struct caller *caller)
{
	while (story_next(caller)) {
		if (check_out(caller))
			return;
		finish(caller, STAY_NOT_SENT);
	}
	if (story_callers_left() == 0)
		stay_pool_stop(pool, STAY_OK);
}

static void
work(struct caller callers[STORY_CALLERS])
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (stay_redis_pool_start(&pool, loop, story_url(), &redis, &one) !=
	    STAY_OK)
		return;
	for (int i = 0; i < STORY_CALLERS; i++)
		go_on(&callers[i]);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
}

static const struct story checkout = {
	.name = "2 check-out",
	.codes = "the caller, in its turn",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&checkout, argc, argv);
}
