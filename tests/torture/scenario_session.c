/*
 * Scenarios about what becomes of a session: it turns to TLS in the middle, it is left
 * for another place, its frames are too big. Whatever fails, once nothing fails any
 * more the next call is answered.
 *
 *	secure       +0, and then TLS
 *	hello        +0
 *	q NUMBER     +NUMBER
 *	             ~HOST:PORT   go there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/protocol.h>
#include <stay/tls.h>

#include "fault.h"
#include "scenario.h"
#include "seal.h"

#define LONG_MS 1500

/* ---- the adapter ---- */

static bool secures;

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct rig_call *call = request->data;

	return stay_buf_printf(out, "q %u\n", call->number);
}

/* Where the server says to go, it goes at once. */
static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	const char *end = memchr(in.data, '\n', in.len);
	size_t len;

	if (end == NULL)
		return stay_frame_more();
	len = (size_t)(end - in.data) + 1;
	if (in.data[0] != '~')
		return stay_frame_reply(len, in.data + 1);
	(void)stay_session_leave(session, in.data + 1, len - 2, 0);
	return stay_frame_aside(len, NULL);
}

static struct stay_hello
say(struct stay_session *session, const char *text)
{
	if (stay_buf_puts(stay_session_control(session), text) != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return stay_hello_retry("no memory to greet");
	return stay_hello_wait();
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	rig_called_back(stay_session_config(session), "hello");
	if (frame == NULL)
		return say(session, secures && !stay_session_is_secure(session)
					? "secure\n"
					: "hello\n");
	if (secures && !stay_session_is_secure(session))
		return stay_hello_secure();
	return stay_hello_up();
}

static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "line",
	.encode = encode, .decode = decode, .hello = hello };

/* ---- the server ---- */

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	struct server *server = end->peer->arg;
	unsigned long number = strtoul(request->words[0].text + 2, NULL, 10);
	char line[32];

	server->executed[number]++;
	snprintf(line, sizeof(line), "+%lu\n", number);
	peer_say(end, line);
}

static const struct peer_row rows[] = { ON("secure", "+0\n" PEER_SECURES),
	ON("hello", "+0\n"), DO("q", answer), NO_MORE };

static struct server *
listen_to_lines(void)
{
	struct server *server = server_listen(SERVER_ECHO, false);

	server->peer.rows = rows;
	server->peer.reads = peer_reads_lines;
	return server;
}

/* ---- what they share ---- */

static void
ask(struct rig_member *client, struct server *server)
{
	rig_submit(client, server, NULL);
	rig_run_told(client->rig, LONG_MS);
	rig_expect_calls(client->rig, 1, STAY_OK, STAY_REPLIED);
}

/* Nothing fails any more. */
static void
recover(struct rig_member *client, struct server *server, const char *url,
    const struct stay_client_options *options)
{
	struct rig *rig = client->rig;
	struct rig_call *call;

	fault_heal();
	if (client->client == NULL)
		client = rig_client(rig, &protocol, url, options);
	rig_run_up(client);
	call = rig_submit(client, server, NULL);
	rig_run_told(rig, LONG_MS);
	if (call == NULL || call->told != 1 || call->status != STAY_OK)
		fault_violation("it does not recover: %s",
		    call == NULL ? "no call" : stay_status_name(call->status));
}

/* ---- the scenarios ---- */

void
scenario_secured_later(struct rig *rig)
{
	struct server *server = listen_to_lines();
	struct stay_client_options options = rig_client_options();
	struct stay_tls_options tls = { STAY_TLS_OPTIONS };
	struct rig_member *client;
	char url[128];

	secures = true;
	seal_prepare();
	tls.ca_file = seal_authority();
	server->peer.seal = &seal;
	server->peer.seals_later = true;
	fault_spare(true);
	if (stay_tls_new(&options.filter, &tls, NULL, 0) != STAY_OK)
		abort();
	fault_spare(false);
	snprintf(url, sizeof(url), "%s", door_url(&server->door, "line"));
	client = rig_client(rig, &protocol, url, &options);
	ask(client, server);
	server_hang_up(server, false);
	rig_run(rig, 50);
	ask(client, server);
	recover(client, server, url, &options);
	rig_finish(rig);
	stay_tls_free(options.filter);
	secures = false;
}

static void
send_away(struct server *from, const struct server *to)
{
	char line[64];

	snprintf(line, sizeof(line), "~127.0.0.1:%d\n", to->door.port);
	fault_spare(true);
	for (struct peer_end *end = from->peer.ends; end != NULL;
	     end = end->next)
		peer_say(end, line);
	fault_spare(false);
}

/* Away, and back to its own place when that session has ended. A call may be made at
 * either: its server is not known beforehand. */
void
scenario_left(struct rig *rig)
{
	struct server *own = listen_to_lines(), *other = listen_to_lines();
	struct rig_member *client;
	char url[128];

	snprintf(url, sizeof(url), "%s", door_url(&own->door, "line"));
	client = rig_client(rig, &protocol, url, NULL);
	ask(client, own);
	send_away(own, other);
	rig_submit(client, NULL, NULL);
	rig_run(rig, 300);
	ask(client, NULL);
	rig_expect(other->peer.accepted == 1, "it has gone there");
	server_hang_up(other, false);
	rig_run(rig, 50);
	ask(client, own);
	rig_expect(own->peer.accepted == 2, "it has come back");
	recover(client, own, url, NULL);
	rig_finish(rig);
}

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)who;
	(void)status;
	*(size_t *)arg += strlen(text);
}

/* Swallowed: the session goes on. All of it is traced. */
void
scenario_too_big(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	size_t traced = 0;
	const struct stay_observer observer = { STAY_OBSERVER, .arg = &traced,
		.on_wire = on_wire };
	struct rig_member *redis;

	stay_loop_set_observer(rig->loop, &observer);
	options.client.reply_bytes_max = 2000;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_command(redis, NULL, NULL, "BIG 300000");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_TOO_BIG, STAY_REPLIED);
	rig_command(redis, NULL, NULL, "MANY 1000");
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(server->peer.accepted == 1, "in one session");
	rig_finish(rig);
	rig_expect(traced > 200, "it is traced");
	stay_loop_set_observer(rig->loop, NULL);
}

#define VALUE     300000u
#define PIECES_MS 600

enum reader { READS, CANCELS, IS_CUT_OFF };

/* One call's pieces, until it is told. */
static struct {
	struct rig_call *call;
	size_t bytes;
	enum reader kind;
	struct server *server;
} pieces;

static void
on_piece(void *arg, struct stay_bytes piece)
{
	struct rig_call *call = arg;

	rig_called_back(call->member, "piece");
	if (call->told > 0)
		fault_violation("a piece of what is told");
	pieces.bytes += piece.len;
	if (pieces.kind == CANCELS)
		rig_cancel(call);
	else if (pieces.kind == IS_CUT_OFF)
		server_hang_up(pieces.server, true);
}

static void
ask_for_pieces(struct rig_member *redis, enum reader kind)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.piece = on_piece };

	pieces.kind = kind;
	pieces.bytes = 0;
	pieces.call = rig_command(redis, &options, NULL, "BIG %u", VALUE);
	rig_run_told(redis->rig, PIECES_MS);
	if (pieces.call != NULL && pieces.call->told > 0 &&
	    pieces.call->status == STAY_OK && pieces.bytes != VALUE)
		fault_violation("%zu bytes in pieces", pieces.bytes);
}

/* All, given up at the first, cut off at the first; and others behind them. */
void
scenario_pieces(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.reply_bytes_max = 2000;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	pieces.server = server;
	ask_for_pieces(redis, READS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	ask_for_pieces(redis, CANCELS);
	rig_expect_calls(rig, 1, STAY_E_CANCELLED, STAY_MAYBE_EXECUTED);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, PIECES_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(server->peer.accepted == 1, "in one session");
	ask_for_pieces(redis, IS_CUT_OFF);
	rig_expect_calls(rig, 1, STAY_E_LOST, STAY_MAYBE_EXECUTED);
	rig_finish(rig);
}
