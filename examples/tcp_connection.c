/*
 * The lesson: a connection is a few callbacks that return verdicts.
 *
 * This is the first example of the Connection pattern, in C: a TCP connection
 * with send, recv and close. Nothing in here changes a state, sets a timer or
 * closes a socket. A callback returns a verdict ("pending", "back off for 200
 * ms", "reply", "disconnect"), and the library carries it out. One function
 * cleans up after a connection, whatever ended it: tcp_disconnect.
 *
 * The peer is a small echo server. "hang up" makes it close the connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <stay/buf.h>
#include <stay/conn.h>
#include <stay/stream.h>

#include "support/peer.h"

/* ---- the behaviour ---- */

/* The requests that it takes. Each comes with a step of the story below. */
enum { TCP_SEND, TCP_RECV, TCP_CLOSE, TCP_READY };

struct step {
	int request;
	const char *text;
	enum stay_status expected;
};

struct tcp {
	const char *url;
	struct stay_backoff backoff;
	struct stay_buf input; /* received, and not asked for yet */
	size_t wanted;         /* bytes that the receiver waits for; 0: none */
	struct stay_from receiver;
	struct stay_from closer;
};

static struct stay_verdict
tcp_init(struct stay_conn *conn, void *state, void *arg)
{
	struct tcp *tcp = state;

	(void)conn;
	tcp->url = arg;
	tcp->backoff.policy = stay_backoff_constant(200);
	stay_buf_init(&tcp->input, 1 << 16);
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

/* A callback in C cannot wait for the network. So this one returns "pending".
 * tcp_info gets the result, or after 5 s the news that there is none. */
static struct stay_verdict
tcp_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct tcp *tcp = state;

	printf("    connect: %s\n",
	    info.tag == STAY_INFO_BACKOFF ? "the backoff has passed" : "now");
	if (stay_stream_dial(conn, tcp->url) != STAY_OK)
		return stay_verdict_stop(STAY_E_URL);
	return stay_verdict_pending(5000);
}

/* A receiver that waits learns that the connection is gone. A caller of "close"
 * learns that it is done. The library closes the stream, on the way to the next
 * state. */
static struct stay_verdict
tcp_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct tcp *tcp = state;
	struct stay_loop *loop = stay_conn_loop(conn);
	bool asked = info.tag == TCP_CLOSE;

	printf("    disconnect: %s\n",
	    asked ? "as asked" : stay_strerror(info.status));
	if (tcp->wanted > 0)
		stay_from_answer(
		    loop, tcp->receiver, stay_reply_status(info.status));
	tcp->wanted = 0;
	stay_buf_fini(&tcp->input);
	if (!asked)
		return stay_verdict_backoff(
		    stay_backoff_next(conn, &tcp->backoff));
	stay_from_answer(loop, tcp->closer, stay_reply_status(STAY_OK));
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

/* Give the receiver its bytes, once they are all there. If it has given up, its
 * token is stale, and the bytes stay for the next one. */
static void
tcp_deliver(struct stay_conn *conn, struct tcp *tcp)
{
	struct stay_bytes in = stay_buf_bytes(&tcp->input);
	struct stay_reply reply = { .status = STAY_OK, .release = free };

	if (tcp->wanted == 0 || in.len < tcp->wanted)
		return;
	reply.data = strndup(in.data, tcp->wanted);
	if (stay_from_answer(stay_conn_loop(conn), tcp->receiver, reply) ==
	    STAY_OK)
		stay_buf_take(&tcp->input, tcp->wanted);
	else
		free(reply.data);
	tcp->wanted = 0;
}

static struct stay_verdict
tcp_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct tcp *tcp = state;
	enum stay_status status;

	switch ((int)event->type) {
	case STAY_STREAM_UP:
		return stay_verdict_ok();
	case STAY_STREAM_DATA:
		status = stay_buf_append(
		    &tcp->input, event->bytes.data, event->bytes.len);
		if (status != STAY_OK)
			return stay_verdict_disconnect(
			    stay_info_status(status));
		tcp_deliver(conn, tcp);
		return stay_verdict_noreply();
	case STAY_STREAM_DOWN:
		/* An attempt that failed has nothing to disconnect. */
		if (stay_conn_state(conn) == STAY_CONNECTING)
			return stay_verdict_backoff(
			    stay_backoff_next(conn, &tcp->backoff));
		return stay_verdict_noreply(); /* which means: disconnect */
	default:
		return stay_verdict_noreply();
	}
}

/* A call while connected. The receiver's `from` is kept for the function that
 * will have the reply: this one, tcp_info, or tcp_disconnect. */
static struct stay_verdict
tcp_serve(struct stay_conn *conn, struct tcp *tcp, struct stay_from from,
    const struct stay_message *request)
{
	const struct step *step = request->data;

	switch (request->tag) {
	case TCP_SEND:
		return stay_verdict_reply(stay_reply_status(
		    stay_stream_send(conn, step->text, strlen(step->text))));
	case TCP_RECV:
		tcp->receiver = from;
		tcp->wanted = strlen(step->text);
		tcp_deliver(conn, tcp);
		return stay_verdict_noreply();
	case TCP_CLOSE:
		tcp->closer = from;
		return stay_verdict_disconnect(stay_info_tag(TCP_CLOSE, NULL));
	default: /* TCP_READY */
		return stay_verdict_reply(stay_reply_status(STAY_OK));
	}
}

/* Calls are answered also while there is no connection. TCP_READY waits for
 * one: it is postponed until the state has changed. */
static struct stay_verdict
tcp_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	if (stay_conn_state(conn) == STAY_CONNECTED)
		return tcp_serve(conn, state, from, request);
	if (request->tag == TCP_READY)
		return stay_verdict_postpone();
	return stay_verdict_reply(stay_reply_status(STAY_E_OFFLINE));
}

static void
tcp_terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct tcp *tcp = state;

	(void)conn;
	(void)reason;
	stay_buf_fini(&tcp->input);
}

static const struct stay_behaviour tcp_behaviour = {
	STAY_BEHAVIOUR,
	.name = "tcp",
	.state_size = sizeof(struct tcp),
	.init = tcp_init,
	.connect = tcp_connect,
	.disconnect = tcp_disconnect,
	.handle_call = tcp_call,
	.handle_info = tcp_info,
	.terminate = tcp_terminate,
};

/* ---- the story ---- */

/* clang-format off */
static struct step steps[] = {
	{ TCP_SEND,  "hello",          STAY_OK },
	{ TCP_RECV,  "hello",          STAY_OK },
	{ TCP_SEND,  "hang up",        STAY_OK },
	{ TCP_RECV,  "silence",        STAY_E_CLOSED },  /* from disconnect */
	{ TCP_SEND,  "anybody there?", STAY_E_OFFLINE }, /* while backing off */
	{ TCP_READY, "",               STAY_OK },        /* postponed */
	{ TCP_SEND,  "here I am",      STAY_OK },
	{ TCP_RECV,  "here I am",      STAY_OK },
	{ TCP_CLOSE, "",               STAY_OK },        /* from disconnect */
	{ TCP_READY, "",               STAY_OK },        /* waits while pending */
	{ TCP_SEND,  "and again",      STAY_OK },
	{ TCP_RECV,  "and again",      STAY_OK },
};
/* clang-format on */

static const char *const names[] = { "send", "recv", "close", "ready" };

struct story {
	struct stay_conn *conn;
	size_t next;
	bool ended_well;
};

static void on_reply(void *arg, const struct stay_reply *reply);

/* One step after the other; the last one stops the connection. */
static void
take_step(struct story *story)
{
	struct step *step = &steps[story->next];
	enum stay_status status;

	if (story->next == sizeof(steps) / sizeof(steps[0])) {
		story->ended_well = true;
		stay_conn_stop(story->conn, STAY_OK);
		return;
	}
	status = stay_conn_call(story->conn,
	    stay_message_make(step->request, step), 0, on_reply, story, NULL);
	if (status != STAY_OK)
		stay_conn_stop(story->conn, status);
}

static void
on_reply(void *arg, const struct stay_reply *reply)
{
	struct story *story = arg;
	const struct step *step = &steps[story->next++];
	bool right =
	    reply->status == step->expected &&
	    (reply->data == NULL || strcmp(reply->data, step->text) == 0);

	printf("%-5s %-14s  %s\n", names[step->request], step->text,
	    reply->data != NULL ? (char *)reply->data
				: stay_strerror(reply->status));
	if (right)
		take_step(story);
	else
		stay_conn_stop(story->conn, STAY_E_PROTOCOL);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	printf("closed: %s\n", stay_strerror(reason));
}

/* There are two ways to start. When stay_conn_await returns STAY_OK, the
 * connection is up. Without it the program goes on at once, and its calls wait
 * for the connection, or are answered without one. */
static bool
tell_story(struct stay_loop *loop, char *url)
{
	struct story story = { .next = 0 };
	struct stay_conn_options options = {
		STAY_CONN_OPTIONS,
		.label = url,
		.on_closed = on_closed,
	};

	if (stay_conn_start(&story.conn, loop, &tcp_behaviour, url, &options) !=
	    STAY_OK)
		return false;
	if (stay_conn_await(story.conn, 5000) == STAY_OK)
		take_step(&story);
	else
		stay_loop_stop(loop, STAY_E_NO_LISTENER);
	ev_run(EV_DEFAULT, 0);
	return story.ended_well;
}

int
main(void)
{
	struct peer peer = { 0 };
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	char url[64];
	bool well = false;

	if (loop != NULL && peer_port(&peer) && peer_serve(&peer, peer_echo)) {
		snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", peer.port);
		well = tell_story(loop, url);
	}
	peer_kill(&peer);
	stay_loop_free(loop);
	return well ? 0 : 1;
}
