/*
 * The lesson: somebody else says where the server is.
 *
 * Sentinels know which of several servers is the primary, and make another one the primary
 * when it dies. The client asks them at the beginning of each attempt, whichever of them
 * is there; and it leaves when they say that they have chosen another one. So it finds the
 * new primary by itself, and what was not sent yet waits for that. Meanwhile it counts,
 * five times a second, and prints what it came to.
 *
 *	redis_sentinel NAME TIMES redis://SENTINEL:PORT [redis://SENTINEL:PORT ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <stay/redis_subscribe.h>

static struct stay_redis *redis; /* NULL: it is to end */
static struct stay_redis *sentinels;
static const char *name;
static unsigned long left;

/* ---- where the primary is ---- */

static void
go_to(struct stay_client *client, const char *host, const char *port)
{
	char url[256];
	const char *urls[] = { url, NULL };

	snprintf(url, sizeof(url),
	    strchr(host, ':') == NULL ? "redis://%s:%s" : "redis://[%s]:%s",
	    host, port);
	if (stay_client_endpoints(client, urls) != STAY_OK)
		stay_client_no_endpoints(
		    client, "a Sentinel has named a place that is none");
}

static void
on_address(void *arg, const struct stay_result *result)
{
	const struct stay_redis_reply *reply = result->reply;
	struct stay_client *client = arg;

	if (redis == NULL)
		return;
	if (result->status != STAY_OK)
		stay_client_no_endpoints(client, result->why);
	else if (stay_redis_count(reply) != 2)
		stay_client_no_endpoints(client, "no Sentinel knows this name");
	else
		go_to(client, stay_redis_str(stay_redis_at(reply, 0)),
		    stay_redis_str(stay_redis_at(reply, 1)));
}

static void
where(void *arg, struct stay_client *client)
{
	(void)arg;
	if (stay_redis_command(sentinels, on_address, client,
		"SENTINEL GET-MASTER-ADDR-BY-NAME %s", name) != STAY_OK)
		stay_client_no_endpoints(client, "no Sentinel can be asked");
}

/* "NAME old-host old-port new-host new-port" */
static void
on_switch(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	size_t len = strlen(name);

	(void)arg;
	(void)subscription;
	if (redis != NULL && message->payload.len > len &&
	    memcmp(message->payload.data, name, len) == 0 &&
	    message->payload.data[len] == ' ')
		stay_client_reconnect(stay_redis_client(redis), STAY_OK);
}

/* ---- what it is for ---- */

static void
end(void)
{
	stay_redis_stop(redis);
	stay_redis_stop(sentinels);
	redis = NULL;
}

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
	if (--left == 0 && redis != NULL)
		end();
}

static void
on_time(struct ev_loop *ev, ev_timer *timer, int events)
{
	unsigned long *unasked = timer->data;
	bool accepted = stay_redis_command(redis, on_counted, NULL,
			    "INCR %s:count", name) == STAY_OK;

	(void)events;
	if (!accepted)
		end();
	if (!accepted || --*unasked == 0)
		ev_timer_stop(ev, timer);
}

int
main(int argc, char **argv)
{
	struct stay_redis_options of_sentinels = { STAY_REDIS_OPTIONS,
		.role = STAY_REDIS_WANT_ANY,
		.client = { STAY_CLIENT_OPTIONS, .call_timeout_ms = 1000,
		    .probe_ms = 1000, .silence_ms = 2000 } };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.role = STAY_REDIS_WANT_PRIMARY,
		.client = { STAY_CLIENT_OPTIONS, .endpoints = where,
		    .on_refused = STAY_REFUSED_RESEND } };
	const struct stay_redis_subscription_options switches = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "+switch-master",
		.on_message = on_switch
	};
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_log *log = stay_log_new(stderr, 0);
	unsigned long unasked;
	ev_timer timer;

	if (argc < 4)
		return 1;
	stay_loop_set_observer(loop, stay_log_observer(log));
	name = argv[1];
	left = unasked = strtoul(argv[2], NULL, 10);
	of_sentinels.client.urls = (const char *const *)argv + 4;
	/* Nobody goes to "primary": only a login, a db and a query would count. */
	if (stay_redis_start(&sentinels, loop, argv[3], &of_sentinels) !=
		STAY_OK ||
	    stay_redis_subscribe(sentinels, &switches, NULL) != STAY_OK ||
	    stay_redis_start(&redis, loop, "redis://primary", &options) !=
		STAY_OK) {
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
