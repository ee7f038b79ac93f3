/*
 * A whole session under libFuzzer, on the simulated world: a hostile server, and
 * a program that does anything at any moment, also inside of its callbacks. The
 * input says what both do, a deed after another. Whatever it is, each call that
 * was accepted completes once, the counts agree, and nothing is left behind.
 *
 * A deed is two bytes: which one, and a number. The bytes that the server says
 * follow theirs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <stay/redis_subscribe.h>

#include "support/peer_virtual.h"

#define CALLS_MAX 256
#define HELD_MAX  8
#define EARS_MAX  32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct call {
	struct stay_call_id id;
	bool accepted;
	unsigned told;
};

/* The owner of a subscription. */
struct ear {
	struct stay_redis_subscription *subscription; /* NULL: it has ended */
	bool subscribed, lost, paused;
};

static struct {
	const uint8_t *at;
	size_t left;
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay_redis *redis; /* NULL: closed */
	struct peer server;
	struct sim_peer *peer; /* the last that was accepted, or NULL */
	unsigned depth;        /* callbacks within which it is called */
	struct call calls[CALLS_MAX];
	size_t count;
	struct ear ears[EARS_MAX];
	size_t ear_count;
	struct stay_held *held[HELD_MAX];
	size_t held_count;
} it;

#define MUST(holds)                                                            \
	do {                                                                   \
		if (!(holds))                                                  \
			abort();                                               \
	} while (0)

static void deed_inside(void);

/* ---- the program's callbacks ---- */

static void
keep(const void *reply)
{
	if (it.redis == NULL || it.held_count == HELD_MAX)
		return;
	if (stay_held_new(stay_redis_client(it.redis), reply,
		&it.held[it.held_count]) == STAY_OK)
		it.held_count++;
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct call *call = arg;

	call->told++;
	MUST(call->accepted && call->told == 1 && result->why != NULL);
	(void)stay_redis_integer(result->reply, NULL);
	(void)stay_redis_map_get(result->reply, "key");
	if (it.count % 3 == 0)
		keep(result->reply);
	deed_inside();
}

static void
on_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	(void)arg;
	MUST(redis == it.redis);
	keep(push);
	deed_inside();
}

/* It has been subscribed, and is not paused; what is kept can be kept on. */
static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct ear *ear = arg;

	MUST(subscription == ear->subscription && ear->subscribed);
	MUST(!ear->paused && message->payload.data != NULL);
	if (it.held_count < HELD_MAX && message->payload.len % 2 == 0 &&
	    stay_redis_message_hold(subscription, &it.held[it.held_count]) ==
		STAY_OK)
		it.held_count++;
	deed_inside();
}

/* In their order, each as often as it may come. */
static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct ear *ear = arg;

	MUST(subscription == ear->subscription);
	MUST(!ear->paused || notice->kind == STAY_REDIS_ENDED);
	if (notice->kind == STAY_REDIS_SUBSCRIBED) {
		MUST(!ear->subscribed);
		ear->subscribed = true;
	} else if (notice->kind == STAY_REDIS_LOST) {
		MUST(ear->subscribed && !ear->lost);
		ear->lost = true;
	} else if (notice->kind == STAY_REDIS_RESTORED) {
		MUST(ear->lost && notice->since_ms <= notice->until_ms);
		ear->lost = false;
	} else if (notice->kind == STAY_REDIS_ENDED) {
		deed_inside();
		ear->subscription = NULL;
		return;
	}
	deed_inside();
}

static void
on_ready(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	(void)status;
	deed_inside();
}

static void
on_water(void *arg, struct stay_conn *conn)
{
	(void)arg;
	(void)conn;
	deed_inside();
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	(void)reason;
	deed_inside();
	it.redis = NULL;
}

/* ---- the server ---- */

#define GREETING                                                               \
	"%2\r\n+proto\r\n:3\r\n+version\r\n+7.2.4\r\n+OK\r\n+OK\r\n+PONG\r\n"

static const struct peer_row greets[] = { ON("HELLO", GREETING), NO_MORE };

/* One channel of each kind is acknowledged, in RESP3 and in RESP2. */
#define ACKNOWLEDGES(mark)                                                     \
	ON("SUBSCRIBE x", mark "3\r\n+subscribe\r\n+x\r\n:1\r\n"),             \
	    ON("UNSUBSCRIBE x", mark "3\r\n+unsubscribe\r\n+x\r\n:1\r\n"),     \
	    ON("SSUBSCRIBE y", mark "3\r\n+ssubscribe\r\n+y\r\n:1\r\n"),       \
	    ON("SUNSUBSCRIBE y", mark "3\r\n+sunsubscribe\r\n+y\r\n:1\r\n"),   \
	    ON("PING", "+PONG\r\n")

static const struct peer_row acknowledges[] = { ON("HELLO", GREETING),
	ACKNOWLEDGES(">"), NO_MORE };
static const struct peer_row acknowledges2[] = { ACKNOWLEDGES("*"), NO_MORE };

static void
on_accept(struct peer_end *end)
{
	it.peer = end->wire;
}

/* ---- deeds of the program ---- */

/* The bounds are low, so that they are met. */
static struct stay_redis_options
options_of(uint8_t how)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS };

	options.client.on_closed = on_closed;
	options.client.on_high_water = on_water;
	options.client.on_low_water = on_water;
	options.client.queue_calls_max = 8;
	options.client.inflight_calls_max = 6;
	options.client.tombstones_max = 4;
	options.client.reply_bytes_max = 1024;
	options.client.turn_calls_max = how & 1 ? 2 : 0;
	options.client.on_refused =
	    how & 2 ? STAY_REFUSED_RESEND : STAY_REFUSED_TELL;
	options.client.offline =
	    how & 4 ? STAY_OFFLINE_FAIL : STAY_OFFLINE_QUEUE;
	options.client.on_fatal = how & 8 ? STAY_FATAL_STOP : STAY_FATAL_RETRY;
	options.protocol = how & 16 ? 2 : 0;
	options.on_push = how & 32 ? on_push : NULL;
	options.on_orphan = how & 64 ? on_push : NULL;
	options.depth_max = 8;
	return options;
}

static void
submit(uint8_t how)
{
	static const char *const commands[] = { "GET k", "SET k v", "BLPOP q 1",
		"MULTI", "EXEC", "EVAL x 0", "BLPOP q 0", "PING" };
	struct call *call = &it.calls[it.count];
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = how & 8 ? 50 : 0, .id = &call->id };

	if (it.count == CALLS_MAX)
		return;
	if (how & 16)
		options.flags |= STAY_IDEMPOTENT;
	if (how & 32)
		options.flags |= STAY_THIS_SESSION;
	it.count++;
	call->accepted = stay_redis_command_with(it.redis, &options, on_done,
			     call, commands[how % 8]) == STAY_OK;
}

static void
subscribe(uint8_t how)
{
	static const char *const names[] = { "x", "y", "n*", "" };
	struct ear *ear = &it.ears[it.ear_count];
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = names[how % 4],
		.kind = (enum stay_redis_subscription_kind)(how / 4 % 3),
		.on_message = on_message, .on_notice = on_notice, .arg = ear,
		.slow = how & 64 ? STAY_REDIS_SLOW_END : STAY_REDIS_SLOW_DROP,
		.kept_max = 2
	};

	if (it.ear_count == EARS_MAX)
		return;
	it.ear_count += stay_redis_subscribe(
			    it.redis, &options, &ear->subscription) == STAY_OK;
}

static struct ear *
ear_of(uint8_t which)
{
	struct ear *ear =
	    it.ear_count > 0 ? &it.ears[which % it.ear_count] : NULL;

	return ear != NULL && ear->subscription != NULL ? ear : NULL;
}

static void
leave(uint8_t which)
{
	if (ear_of(which) != NULL)
		stay_redis_unsubscribe(ear_of(which)->subscription);
}

static void
hurry(uint8_t which)
{
	struct ear *ear = ear_of(which);

	if (ear == NULL)
		return;
	ear->paused = !ear->paused;
	if (ear->paused)
		stay_redis_subscription_pause(ear->subscription);
	else
		stay_redis_subscription_resume(ear->subscription);
}

static void
cancel(uint8_t which)
{
	if (it.count > 0 && it.calls[which % it.count].accepted)
		(void)stay_client_cancel(
		    stay_redis_client(it.redis), it.calls[which % it.count].id);
}

static void
wait_room(uint8_t how)
{
	struct stay_room_options options = { STAY_ROOM_OPTIONS,
		.bytes = how & 1 ? how * 8u : 0, .timeout_ms = how };

	(void)stay_client_wait_room(
	    stay_redis_client(it.redis), &options, on_ready, NULL);
}

static void
reconfigure(uint8_t how)
{
	struct stay_redis_options options = options_of(how);

	(void)stay_redis_reconfigure(it.redis,
	    how & 1 ? "redis://10.0.0.1" : "redis://u:p@10.0.0.1/3", &options);
}

static void
release(uint8_t how)
{
	(void)how;
	if (it.held_count > 0)
		stay_held_free(it.held[--it.held_count]);
}

static void
reconnect(uint8_t how)
{
	stay_client_reconnect(
	    stay_redis_client(it.redis), how & 1 ? STAY_OK : STAY_E_TIMEOUT);
}

static void
end(uint8_t how)
{
	if (how & 1)
		stay_redis_stop(it.redis);
	else
		stay_redis_drain(it.redis, how);
}

/* ---- deeds of the server and of the network ---- */

static void
say(uint8_t len)
{
	if (len > it.left)
		len = (uint8_t)it.left;
	if (it.peer != NULL)
		sim_peer_send(it.peer, it.at, len);
	it.at += len;
	it.left -= len;
}

/* What a server says often, and the input would have to guess. */
static void
say_word(uint8_t which)
{
	static const char *const words[] = { "+OK\r\n", "$-1\r\n", ":7\r\n",
		"-LOADING later\r\n", "-READONLY no\r\n", "-MOVED 1 a:1\r\n",
		"-NOAUTH who\r\n", "-WRONGPASS no\r\n",
		"*2\r\n$1\r\na\r\n:1\r\n",
		">3\r\n+invalidate\r\n*1\r\n+k\r\n+x\r\n", "$900\r\n",
		"-ERR unknown command 'HELLO'\r\n", "+QUEUED\r\n", "%1\r\n",
		"|1\r\n+a\r\n+b\r\n", "+PONG\r\n" };

	if (it.peer != NULL)
		sim_peer_print(it.peer, words[which % 16]);
}

/* What it says of subscriptions, in both protocols. */
static void
say_of_channel(uint8_t which)
{
	static const char *const words[] = {
		"3\r\n+subscribe\r\n+x\r\n:1\r\n",
		"3\r\n+subscribe\r\n+y\r\n:1\r\n",
		"3\r\n+psubscribe\r\n+n*\r\n:1\r\n",
		"3\r\n+ssubscribe\r\n+x\r\n:1\r\n",
		"3\r\n+unsubscribe\r\n+x\r\n:1\r\n",
		"3\r\n+sunsubscribe\r\n+x\r\n:0\r\n",
		"3\r\n+message\r\n+x\r\n+1\r\n",
		"3\r\n+message\r\n+y\r\n+22\r\n",
		"3\r\n+smessage\r\n+x\r\n+3\r\n",
		"4\r\n+pmessage\r\n+n*\r\n+nx\r\n+4\r\n",
		"2\r\n+pong\r\n+\r\n",
		"1\r\n+message\r\n",
		"3\r\n+subscribe\r\n+\r\n:1\r\n",
	};
	const size_t count = sizeof(words) / sizeof(words[0]);

	if (it.peer == NULL)
		return;
	sim_peer_print(it.peer, which & 128 ? "*" : ">");
	sim_peer_print(it.peer, words[which % 128 % count]);
	if (which % 128 >= 64)
		sim_peer_print(it.peer, "-NOPERM no\r\n");
}

/* From here on what is asked is answered as it should be. */
static void
acknowledge(uint8_t how)
{
	it.server.rows = how & 1 ? acknowledges : acknowledges2;
}

static void
break_off(uint8_t how)
{
	if (it.peer == NULL)
		return;
	if (how % 4 == 0)
		sim_peer_close(it.peer);
	else if (how % 4 == 1)
		sim_peer_reset(it.peer);
	else if (how % 4 == 2)
		sim_peer_shutdown(it.peer);
	else
		sim_peer_freeze(it.peer, (how & 4) != 0);
}

static void
greeting(uint8_t how)
{
	it.server.rows = how & 1 ? greets : NULL;
	if (how & 2 && it.server.ends != NULL)
		peer_say(it.server.ends, GREETING);
}

static void
fail(uint8_t how)
{
	sim_fail(it.world, SIM_OP_COUNT, 1u + how % 8u,
	    how & 8 ? -ENOMEM : -ECONNRESET);
}

static void
limit(uint8_t how)
{
	const struct sim_limits limits = { .send_buffer = how & 1 ? 64 : 0,
		.read_max = how & 2 ? 3 : 0,
		.write_max = how & 4 ? 5 : 0,
		.ragged = (how & 8) != 0,
		.latency_ms = how / 16 };

	if (it.peer != NULL)
		sim_peer_limits(it.peer, &limits);
}

/* ---- a deed after another ---- */

typedef void deed_fn(uint8_t number);

/* Those of the program are only done while there is a client. */
static deed_fn *const program[] = { submit, submit, cancel, wait_room,
	reconfigure, release, reconnect, end, subscribe, subscribe, leave,
	hurry, subscribe, leave, hurry, reconnect };
static deed_fn *const around[] = { say, say, say_word, say_word, break_off,
	greeting, fail, limit, say_of_channel, say_of_channel, acknowledge,
	say_of_channel, say_of_channel, break_off, say_word, say_of_channel };

/* Time passes only where nobody is inside of a callback. */
static bool
next_deed(void)
{
	uint8_t which, number;

	if (it.left < 2)
		return false;
	which = it.at[0];
	number = it.at[1];
	it.at += 2;
	it.left -= 2;
	if (which % 4 == 0 && it.redis != NULL)
		program[which / 4 % 16](number);
	else if (which % 4 == 1)
		around[which / 4 % 16](number);
	else if (it.depth == 0)
		sim_run_ms(it.world, which & 4 ? number * number : number % 8u);
	return true;
}

static void
deed_inside(void)
{
	it.depth++;
	(void)next_deed();
	it.depth--;
}

/* ---- what holds at the end ---- */

static void
check_counts(void)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	if (it.redis == NULL)
		return;
	stay_client_get_counts(stay_redis_client(it.redis), &counts);
	MUST(counts.submitted == counts.replied + counts.sent + counts.refused +
				     counts.not_sent + counts.maybe_executed +
				     counts.queued + counts.in_flight);
}

static void
finish(void)
{
	it.left = 0;
	if (it.redis != NULL)
		stay_redis_stop(it.redis);
	MUST(sim_run(it.world, 600000));
	MUST(it.redis == NULL && stay_loop_live(it.loop) == 0);
	for (size_t i = 0; i < it.count; i++)
		MUST(it.calls[i].told == it.calls[i].accepted);
	for (size_t i = 0; i < it.ear_count; i++)
		MUST(it.ears[i].subscription == NULL);
	while (it.held_count > 0)
		release(0);
	MUST(stay_loop_free(it.loop) == STAY_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stay_redis_options options;

	if (size < 2 || size > 2048)
		return 0;
	memset(&it, 0, sizeof(it));
	it.at = data + 1;
	it.left = size - 1;
	it.server = (struct peer){ .rows = data[0] & 128 ? NULL : greets,
		.reads = peer_reads_commands,
		.on_accept = on_accept };
	it.world = sim_world_new(1);
	it.loop = stay_loop_new(it.world);
	MUST(it.loop != NULL);
	peer_listen(&it.server, it.world, "10.0.0.1", 6379);
	options = options_of(data[0]);
	MUST(stay_redis_start(
		 &it.redis, it.loop, "redis://10.0.0.1", &options) == STAY_OK);
	while (next_deed())
		check_counts();
	finish();
	return 0;
}
