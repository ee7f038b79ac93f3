/*
 * The lesson: a subscription outlives its connection.
 *
 * It is made before there is a connection. When the server has acknowledged it, a
 * message is published; when that has come, the connection is replaced. The
 * subscription is told where the gap is, and is restored, before the command that was
 * queued meanwhile. (With ?protocol=2 it is on a connection of its own, which is not
 * replaced, and so there is no gap.)
 *
 *	redis_subscribe [redis://[user:password@]host[:port][/db][?protocol=2]]
 */
#include <stdio.h>
#include <string.h>

#include <ev.h>
#include <stay/redis_subscribe.h>

static struct stay_redis *redis;
static int failures;

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)arg;
	printf("%s\n", message->payload.data);
	if (strcmp(message->payload.data, "goodbye") == 0) {
		stay_redis_unsubscribe(subscription);
		return;
	}
	stay_client_reconnect(stay_redis_client(redis), STAY_OK);
	stay_redis_command(redis, NULL, NULL, "PUBLISH news %s", "goodbye");
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	(void)arg;
	(void)subscription;
	switch (notice->kind) {
	case STAY_REDIS_SUBSCRIBED:
		stay_redis_command(
		    redis, NULL, NULL, "PUBLISH news %s", "hello, world");
		break;
	case STAY_REDIS_LOST:
		printf("(a gap begins: %s)\n", stay_strerror(notice->status));
		break;
	case STAY_REDIS_RESTORED:
		printf("(it is over)\n");
		break;
	case STAY_REDIS_DROPPED:
		break;
	case STAY_REDIS_ENDED:
		failures += notice->status != STAY_OK;
		stay_redis_stop(redis);
		break;
	}
}

int
main(int argc, char **argv)
{
	static const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "news",
		.on_message = on_message, .on_notice = on_notice
	};
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (stay_redis_start(&redis, loop,
		argc > 1 ? argv[1] : "redis://localhost", NULL) != STAY_OK ||
	    stay_redis_subscribe(redis, &options, NULL) != STAY_OK) {
		fprintf(stderr, "%s\n", stay_loop_rejection(loop));
		return 1;
	}
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	return failures > 0 ? 1 : 0;
}
