/*
 * Step 8, the same as a behaviour: what the steps before got from a client, written as
 * callbacks that return verdicts.
 *
 * A call in handle_call is written, and its `from` is kept in a queue; handle_info finds
 * the replies in the bytes that arrive, and answers the oldest `from`. disconnect is the
 * one place that says what a closed connection means: whoever waits is told, and the
 * backoff begins. docs/story.md has the Elixir beside it, callback by callback.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <stay/conn.h>
#include <stay/stream.h>

#include "story.h"

/* Whoever waits for a reply, in the order of the requests. */
struct redis {
	char url[40];
	struct stay_backoff backoff;
	struct stay_from waiting[STORY_CALLERS];
	size_t first, count;
};

static struct stay_from
next_waiting(struct redis *redis)
{
	struct stay_from from = redis->waiting[redis->first];

	redis->first = (redis->first + 1) % STORY_CALLERS;
	redis->count--;
	return from;
}

static struct stay_verdict
redis_init(struct stay_conn *conn, void *state, void *arg)
{
	struct redis *redis = state;

	(void)conn;
	(void)arg;
	snprintf(
	    redis->url, sizeof(redis->url), "tcp://127.0.0.1:%d", story_port());
	redis->backoff.policy.cap_ms = 200;
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

static struct stay_verdict
redis_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct redis *redis = state;

	(void)info;
	if (stay_stream_dial(conn, redis->url) != STAY_OK)
		return stay_verdict_stop(STAY_E_URL);
	return stay_verdict_pending(5000);
}

static struct stay_verdict
redis_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct redis *redis = state;

	while (redis->count > 0)
		stay_from_answer(stay_conn_loop(conn), next_waiting(redis),
		    stay_reply_status(STAY_E_LOST));
	if (info.tag == STAY_INFO_STOPPING)
		return stay_verdict_noconnect();
	return stay_verdict_backoff(stay_backoff_next(conn, &redis->backoff));
}

/* Without a connection the call waits in the mailbox. */
static struct stay_verdict
redis_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	const struct caller *caller = request->data;
	struct redis *redis = state;
	char line[64];
	int len = snprintf(line, sizeof(line), "%s\r\n", caller->command);

	if (stay_conn_state(conn) != STAY_CONNECTED)
		return stay_verdict_postpone();
	if (stay_stream_send(conn, line, (size_t)len) != STAY_OK)
		return stay_verdict_reply(stay_reply_status(STAY_E_OFFLINE));
	redis->waiting[(redis->first + redis->count++) % STORY_CALLERS] = from;
	return stay_verdict_noreply();
}

/* The length of the first reply: ":7", "$1" and a line of so many bytes, or "$-1". 0: it
 * is not whole. */
static size_t
reply_len(struct stay_bytes in)
{
	const char *end = memchr(in.data, '\n', in.len);
	long more;
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - in.data) + 1;
	if (in.data[0] == '$' && (more = strtol(in.data + 1, NULL, 10)) >= 0)
		len += (size_t)more + 2;
	return len <= in.len ? len : 0;
}

static struct stay_verdict
redis_data(struct stay_conn *conn, struct redis *redis, struct stay_bytes in)
{
	size_t len;

	while (redis->count > 0 && (len = reply_len(in)) > 0) {
		stay_from_answer(stay_conn_loop(conn), next_waiting(redis),
		    stay_reply_status(STAY_OK));
		in.data += len;
		in.len -= len;
	}
	if (in.len > 0 &&
	    (redis->count == 0 || stay_stream_keep(conn, in.len, 0) != STAY_OK))
		return stay_verdict_disconnect(
		    stay_info_status(STAY_E_PROTOCOL));
	return stay_verdict_noreply();
}

static struct stay_verdict
redis_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct redis *redis = state;

	switch ((int)event->type) {
	case STAY_STREAM_UP:
		return stay_verdict_ok();
	case STAY_STREAM_DATA:
		return redis_data(conn, redis, event->bytes);
	case STAY_STREAM_DOWN:
		if (stay_conn_state(conn) == STAY_CONNECTING)
			return stay_verdict_backoff(
			    stay_backoff_next(conn, &redis->backoff));
		return stay_verdict_noreply(); /* which means: disconnect */
	default:
		return stay_verdict_noreply();
	}
}

static const struct stay_behaviour redis_behaviour = {
	STAY_BEHAVIOUR,
	.name = "redis",
	.state_size = sizeof(struct redis),
	.init = redis_init,
	.connect = redis_connect,
	.disconnect = redis_disconnect,
	.handle_call = redis_call,
	.handle_info = redis_info,
};

/* ---- the callers ---- */

static struct stay_conn *conn;

static void go_on(struct caller *caller);

static void
on_reply(void *caller, const struct stay_reply *reply)
{
	story_done(caller, reply->status == STAY_OK ? STAY_REPLIED
			   : reply->status == STAY_E_OFFLINE
			       ? STAY_NOT_SENT
			       : STAY_MAYBE_EXECUTED);
	go_on(caller);
}

static void
go_on(struct caller *caller)
{
	while (story_next(caller)) {
		if (stay_conn_call(conn, stay_message_make(0, caller), 0,
			on_reply, caller, NULL) == STAY_OK)
			return;
		story_done(caller, STAY_NOT_SENT);
	}
	if (story_callers_left() == 0)
		stay_conn_stop(conn, STAY_OK);
}

static void
work(struct caller callers[STORY_CALLERS])
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (stay_conn_start(&conn, loop, &redis_behaviour, NULL, NULL) !=
	    STAY_OK)
		return;
	for (int i = 0; i < STORY_CALLERS; i++)
		go_on(&callers[i]);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
}

static const struct story behaviour = {
	.name = "8 as a behaviour",
	.codes = "the loop's thread",
	.start = "the manager is available",
	.work = work,
};

int
main(int argc, char **argv)
{
	return story_tell(&behaviour, argc, argv);
}
