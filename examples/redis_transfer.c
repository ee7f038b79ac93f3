/*
 * The lesson: several commands as one.
 *
 * Money goes from one account to another in a transaction, which the server
 * executes as a whole or not at all. It completes once, with the reply of each
 * command, and its outcome says what may be done next: a transfer that was not
 * sent or was refused may be tried again; one that was maybe executed may not.
 * A pipeline is the same without the promise of all or nothing.
 *
 *	redis_transfer [redis://[user:password@]host[:port][/db]]
 */
#include <stdio.h>

#include <ev.h>
#include <stay/redis.h>

static int failures;

static void
fail(const char *what, const struct stay_group_result *result)
{
	failures++;
	printf("%s: %s, %s\n", what, stay_outcome_name(result->outcome),
	    result->why);
}

static void
on_transfer(void *arg, const struct stay_group_result *result)
{
	(void)arg;
	if (result->status != STAY_OK)
		fail("the transfer", result);
	else
		printf("transferred: %s and %s are left\n",
		    stay_redis_str(result->answers[0].reply),
		    stay_redis_str(result->answers[1].reply));
}

static void
on_balance(void *arg, const struct stay_group_result *result)
{
	if (result->status != STAY_OK)
		fail("the balance", result);
	else
		printf("alice has %s, bob has %s\n",
		    stay_redis_str(result->answers[0].reply),
		    stay_redis_str(result->answers[1].reply));
	stay_redis_stop(arg);
}

static enum stay_status
transfer(struct stay_redis *redis, int amount)
{
	struct stay_redis_group *multi = stay_redis_multi_new(redis);

	stay_redis_group_add(multi, "DECRBY {bank}:alice %d", amount);
	stay_redis_group_add(multi, "INCRBY {bank}:bob %d", amount);
	return stay_redis_group_send(multi, NULL, on_transfer, NULL);
}

static enum stay_status
show(struct stay_redis *redis)
{
	struct stay_redis_group *pipeline = stay_redis_pipeline_new(redis);

	stay_redis_group_add(pipeline, "GET {bank}:alice");
	stay_redis_group_add(pipeline, "GET {bank}:bob");
	return stay_redis_group_send(pipeline, NULL, on_balance, redis);
}

static const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 1000 } };

int
main(int argc, char **argv)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_redis *redis;
	enum stay_status status = stay_redis_start(
	    &redis, loop, argc > 1 ? argv[1] : "redis://localhost", &options);

	if (status != STAY_OK) {
		fprintf(stderr, "%s: %s\n", stay_strerror(status),
		    stay_loop_rejection(loop));
		return 1;
	}
	stay_redis_command(
	    redis, NULL, NULL, "MSET {bank}:alice 100 {bank}:bob 0");
	if (transfer(redis, 30) != STAY_OK || show(redis) != STAY_OK)
		stay_redis_stop(redis); /* out of memory */
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	return failures > 0 ? 1 : 0;
}
