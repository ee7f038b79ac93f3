/*
 * What is counted, and comes out the same every time:
 *
 *	argv CALLS         GETs from words, BENCH_BATCH in flight
 *	format CALLS       the same from a format
 *	prepared CALLS     the same prepared
 *	metered CALLS      as argv, on a loop with metrics
 *	echo CALLS         64 bytes and back, BENCH_ECHO_BATCH in flight
 *	stream TURNS       a few bytes to and fro on a raw stream
 *	connect COUNT      connections to Redis, one after the other
 *	idle COUNT         as many, and what each keeps of the heap
 *	queue COUNT        commands that wait for a connection
 *
 * Beside the server of with_canned.c, at BENCH_PORT. Instructions and system
 * calls are counted from outside, by what bounds.sh runs it under; of what is
 * counted in here it prints value and name, parted by a tab.
 */
#include <stay/redis.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include <stay/loop.h>
#include <stay/observe.h>
#include <stay/redis_prepared.h>
#include <stay/stream.h>

#include "bench.h"
#include "meter.h"

/* Who is idle keeps what it has used for a second. */
#define QUIET_MS   2500
#define WARM_CALLS (40 * BENCH_BATCH)

/* Connections that pay for what the others share. */
#define FIRST_IDLE 100

static struct stay_loop *loop;
static char port[16];

static void
print(const char *name, double value)
{
	printf("%.6g\t%s\n", value, name);
}

static struct stay_redis *
start(void)
{
	struct stay_redis *redis;
	char url[64];

	snprintf(url, sizeof(url), "redis://127.0.0.1:%s", port);
	bench_need(stay_redis_start(&redis, loop, url, NULL) == STAY_OK,
	    "stay does not start");
	return redis;
}

static void
await(struct stay_redis *redis)
{
	while (stay_conn_state(stay_redis_conn(redis)) != STAY_CONNECTED)
		ev_run(EV_DEFAULT, EVRUN_ONCE);
}

static void
count_connect(unsigned count)
{
	while (count-- > 0)
		await(start());
}

/* ---- calls ---- */

static struct {
	struct stay_redis *redis;
	void (*ask)(void);
	uint64_t unasked;
	uint64_t unanswered;
} client;

static void
on_reply(void *arg, const struct stay_result *result)
{
	(void)arg;
	bench_need(result->status == STAY_OK &&
		       stay_redis_len(result->reply) == sizeof(BENCH_VALUE) - 1,
	    "a wrong reply");
	client.unanswered--;
	if (client.unasked > 0)
		client.ask();
	else if (client.unanswered == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
ask_argv(void)
{
	static const char *const words[] = { "GET", BENCH_KEY };
	static const size_t lens[] = { 3, sizeof(BENCH_KEY) - 1 };

	client.unasked--;
	bench_need(stay_redis_argv(client.redis, NULL, on_reply, &client, 2,
		       words, lens) == STAY_OK,
	    "stay takes no command");
}

static void
ask_format(void)
{
	client.unasked--;
	bench_need(stay_redis_command(client.redis, on_reply, &client, "GET %s",
		       BENCH_KEY) == STAY_OK,
	    "stay takes no command");
}

static struct stay_redis_prepared get;

static void
ask_prepared(void)
{
	static const struct stay_bytes key = { BENCH_KEY,
		sizeof(BENCH_KEY) - 1 };

	client.unasked--;
	bench_need(stay_redis_call(client.redis, &get, NULL, on_reply, &client,
		       1, &key) == STAY_OK,
	    "stay takes no command");
}

static void
run_calls(uint64_t calls)
{
	client.unasked = client.unanswered = calls;
	for (unsigned i = 0; i < BENCH_BATCH; i++)
		client.ask();
	ev_run(EV_DEFAULT, 0);
}

static void
count_calls(void (*ask)(void), unsigned calls)
{
	uint64_t before;

	bench_need(calls % BENCH_BATCH == 0, "a multiple of what is in flight");
	client.redis = start();
	await(client.redis);
	client.ask = ask;
	run_calls(WARM_CALLS);
	before = meter_allocations();
	run_calls(calls);
	print("allocations", (double)(meter_allocations() - before) / calls);
}

static void
count_argv(unsigned calls)
{
	count_calls(ask_argv, calls);
}

static void
count_metered(unsigned calls)
{
	struct stay_metrics *metrics = stay_metrics_new();

	bench_need(metrics != NULL, "no memory for metrics");
	stay_loop_set_metrics(loop, metrics);
	count_calls(ask_argv, calls);
}

static void
count_format(unsigned calls)
{
	count_calls(ask_format, calls);
}

static void
count_prepared(unsigned calls)
{
	bench_need(stay_redis_prepare(&get, "GET %b") == STAY_OK,
	    "stay prepares no command");
	count_calls(ask_prepared, calls);
}

/* ---- the engine alone ---- */

#define ECHO_LEN (sizeof(BENCH_ECHO) - 1)

static struct stay_client *echo;

static enum stay_status
encode_echo(struct stay_request *request, struct stay_buf *out)
{
	return stay_buf_append(out, request->data, ECHO_LEN);
}

static struct stay_frame
decode_echo(struct stay_session *session, struct stay_bytes in)
{
	(void)session;
	return in.len < ECHO_LEN ? stay_frame_more_of(ECHO_LEN)
				 : stay_frame_reply(ECHO_LEN, in.data);
}

static const struct stay_protocol echo_protocol = {
	STAY_PROTOCOL,
	.name = "echo",
	.encode = encode_echo,
	.decode = decode_echo,
};

static void ask_echo(void);

static void
on_echo(void *arg, const struct stay_result *result)
{
	(void)arg;
	bench_need(result->status == STAY_OK, "a wrong echo");
	client.unanswered--;
	if (client.unasked > 0)
		ask_echo();
	else if (client.unanswered == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
ask_echo(void)
{
	client.unasked--;
	bench_need(stay_client_call(echo, BENCH_ECHO, on_echo, NULL) == STAY_OK,
	    "stay takes no echo");
}

static void
count_echo(unsigned calls)
{
	char url[64];

	snprintf(url, sizeof(url), "echo://127.0.0.1:%s", port);
	bench_need(stay_client_start(&echo, loop, &echo_protocol, url, NULL) ==
		       STAY_OK,
	    "stay does not start");
	while (stay_conn_state(stay_client_conn(echo)) != STAY_CONNECTED)
		ev_run(EV_DEFAULT, EVRUN_ONCE);
	client.unasked = client.unanswered = calls;
	for (unsigned i = 0; i < BENCH_ECHO_BATCH; i++)
		ask_echo();
	ev_run(EV_DEFAULT, 0);
}

/* ---- a raw stream ---- */

static struct stay_verdict
init(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	(void)state;
	(void)arg;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
dial(struct stay_conn *conn, void *state, struct stay_info info)
{
	char url[64];

	(void)state;
	(void)info;
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%s", port);
	bench_need(stay_stream_dial(conn, url) == STAY_OK, "cannot dial");
	return stay_verdict_pending(5000);
}

static struct stay_verdict
leave(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_noconnect();
}

static struct stay_verdict
hear(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)state;
	bench_need(event->type != STAY_STREAM_DOWN, "the stream broke");
	if (event->type == STAY_STREAM_DATA && client.unanswered-- == 0) {
		ev_break(EV_DEFAULT, EVBREAK_ONE);
		return stay_verdict_noreply();
	}
	bench_need(stay_stream_send(conn, "x\n", 2) == STAY_OK, "cannot send");
	return event->type == STAY_STREAM_UP ? stay_verdict_ok()
					     : stay_verdict_noreply();
}

static void
count_stream(unsigned turns)
{
	static const struct stay_behaviour behaviour = {
		STAY_BEHAVIOUR,
		.name = "raw",
		.init = init,
		.connect = dial,
		.disconnect = leave,
		.handle_info = hear,
	};
	struct stay_conn *conn;

	client.unanswered = turns;
	bench_need(
	    stay_conn_start(&conn, loop, &behaviour, NULL, NULL) == STAY_OK,
	    "stay does not start");
	ev_run(EV_DEFAULT, 0);
}

/* ---- memory ---- */

/* Let time pass, and all that comes due by it. */
static void
rest(void)
{
	for (unsigned ms = 0; ms < QUIET_MS; ms += 10) {
		meter_pass_ms(10);
		ev_run(EV_DEFAULT, EVRUN_NOWAIT);
	}
}

static void
on_pong(void *arg, const struct stay_result *result)
{
	unsigned *missing = arg;

	bench_need(result->status == STAY_OK, "no pong");
	if (--*missing == 0)
		ev_break(EV_DEFAULT, EVBREAK_ONE);
}

static void
count_idle(unsigned count)
{
	struct stay_redis **all = calloc(count, sizeof(struct stay_redis *));
	unsigned missing = count;
	size_t before;

	count_connect(FIRST_IDLE);
	rest();
	before = meter_bytes();
	for (unsigned i = 0; i < count; i++)
		all[i] = start();
	for (unsigned i = 0; i < count; i++)
		await(all[i]);
	rest();
	print("rested", (double)(meter_bytes() - before) / count);
	for (unsigned i = 0; i < count; i++)
		bench_need(stay_redis_command(
			       all[i], on_pong, &missing, "PING") == STAY_OK,
		    "stay takes no command");
	ev_run(EV_DEFAULT, 0);
	rest();
	print("asked", (double)(meter_bytes() - before) / count);
	free(all);
}

/* No turn of the loop is taken: nobody is connected to anything. */
static void
count_queue(unsigned count)
{
	size_t before;

	client.redis = start();
	client.unasked = count;
	before = meter_bytes();
	while (client.unasked > 0)
		ask_argv();
	print("queued", (double)(meter_bytes() - before) / count);
}

/* ---- the command line ---- */

static const struct action {
	const char *name;
	void (*count)(unsigned count);
} actions[] = {
	{ "argv", count_argv },
	{ "format", count_format },
	{ "prepared", count_prepared },
	{ "metered", count_metered },
	{ "echo", count_echo },
	{ "stream", count_stream },
	{ "connect", count_connect },
	{ "idle", count_idle },
	{ "queue", count_queue },
};

int
main(int argc, char **argv)
{
	const char *said = getenv("BENCH_PORT");

	bench_need(argc == 3 && said != NULL, "see counted.c for what to ask");
	snprintf(port, sizeof(port), "%s", said);
	loop = stay_loop_ev(EV_DEFAULT);
	/* All dial at once: a turn for each would be the clock's to allow. */
	bench_need(
	    loop != NULL && stay_loop_set_dials_stagger_ms(loop, 0) == STAY_OK,
	    "no loop");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(argv[1], actions[i].name) == 0)
			actions[i].count((unsigned)strtoul(argv[2], NULL, 10));
	return 0;
}
