/* Calls of the adapters, and what can become of them. */
#include "scenario.h"

#include <string.h>

#include "fault.h"

#define LONG_MS 3000

/* ---- echo ---- */

void
scenario_echo_call(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, true);
	struct rig_member *echo =
	    rig_echo(rig, door_url(&server->door, "echo"), NULL);

	rig_send(echo, 10, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_echo_pipeline(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, true);
	struct rig_member *echo =
	    rig_echo(rig, door_url(&server->door, "echo"), NULL);

	for (size_t len = 1; len <= 100; len++)
		rig_send(echo, len, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 100, STAY_OK, STAY_REPLIED);
}

void
scenario_echo_large(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, true);
	struct rig_member *echo =
	    rig_echo(rig, door_url(&server->door, "echo"), NULL);

	rig_send(echo, 1 << 20, NULL);
	rig_send(echo, 3, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
}

/* ---- redis: sessions ---- */

static struct rig_member *
redis_of(struct rig *rig, const struct server *server)
{
	return rig_redis(rig, door_url(&server->door, "redis"), NULL);
}

void
scenario_redis_resp3(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_resp2(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	server->peer.rows = greets_resp2;
	options.client_name = "torture";
	redis = rig_redis(rig,
	    door_url_at(&server->door, "redis", "me:secret@127.0.0.1"),
	    &options);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_denied(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	server->peer.rows = greets_denying;
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_DENIED, STAY_NOT_SENT);
	server->peer.rows = NULL;
	rig_run_up(redis);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_denied_stops(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	server->peer.rows = greets_denying;
	options.client.on_fatal = STAY_FATAL_STOP;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_ask(redis, server, NULL);
	rig_run(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_DENIED, STAY_NOT_SENT);
	rig_expect(redis->reason == STAY_E_DENIED, "it stops as denied");
}

void
scenario_redis_loading(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	server->peer.rows = greets_loading;
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

/* ---- redis: calls ---- */

void
scenario_redis_pipeline(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_run_up(redis);
	rig_ask_many(redis, server, 100);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 100, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_large_reply(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_command(redis, NULL, NULL, "BIG %d", 1 << 20);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_large_request(struct rig *rig)
{
	static char bytes[1 << 20];
	struct server *server = server_listen(SERVER_REDIS, false);
	struct rig_member *redis = redis_of(rig, server);

	memset(bytes, 'y', sizeof(bytes));
	if (redis->redis != NULL)
		(void)stay_redis_command(redis->redis, NULL, NULL, "SET key %b",
		    bytes, sizeof(bytes));
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_redis_nested_reply(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_command(redis, NULL, NULL, "MANY 2000");
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
}

static void
on_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	unsigned *pushes = arg;

	(void)redis;
	(void)push;
	++*pushes;
}

void
scenario_redis_kinds(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	unsigned pushes = 0;
	struct rig_member *redis;

	options.on_push = on_push;
	options.on_push_arg = &pushes;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_command(redis, NULL, NULL, "ERROR");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_SERVER, STAY_REPLIED);
	rig_command(redis, NULL, NULL, "BUSY");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_SERVER, STAY_REFUSED);
	rig_command(redis, NULL, NULL, "TELL");
	rig_command(redis, NULL, NULL, "NOTE");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
	rig_expect(pushes == 1, "a push came");
	rig_finish(rig);
}

void
scenario_redis_groups(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_group(redis, server, "NOTE");
	rig_group(redis, NULL, "STEP 2");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
	rig_group(redis, server, "ERROR");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_SERVER, STAY_REPLIED);
	rig_group(redis, server, "DIE");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_LOST, STAY_MAYBE_EXECUTED);
	rig_cancel(rig_group(redis, server, "NOTE"));
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_CANCELLED, STAY_NOT_SENT);
}

void
scenario_redis_nonsense(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_command(redis, NULL, NULL, "NONSENSE");
	rig_run_told(rig, LONG_MS);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

/* ---- calls that are not answered ---- */

static const struct stay_call_options hasty = { STAY_CALL_OPTIONS,
	.timeout_ms = 20 };

void
scenario_timeout_queued(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	server_unlisten(server);
	for (int i = 0; i < 5; i++)
		rig_ask_with(redis, server, &hasty, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 5, STAY_E_TIMEOUT, STAY_NOT_SENT);
}

void
scenario_timeout_in_flight(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_run_up(redis);
	server_mute(server, true);
	rig_ask_with(redis, server, &hasty, NULL);
	rig_ask_with(redis, server, &hasty, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	server_mute(server, false);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_cancel_queued(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);
	struct rig_call *first = rig_ask(redis, server, NULL);

	rig_ask(redis, server, NULL);
	rig_cancel(first);
	rig_cancel(first);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(first != NULL && first->outcome == STAY_NOT_SENT,
	    "it was never sent");
}

void
scenario_cancel_in_flight(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);
	struct rig_call *first;

	rig_run_up(redis);
	server_mute(server, true);
	first = rig_ask(redis, server, NULL);
	rig_ask(redis, server, NULL);
	rig_run(rig, 10);
	rig_cancel(first);
	rig_run(rig, 10);
	server_mute(server, false);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(first != NULL && first->outcome == STAY_MAYBE_EXECUTED,
	    "it was sent");
}

/* It ends its session; the next one is as good as the last. */
void
scenario_given_up(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);
	struct rig_call *first;

	rig_run_up(redis);
	server_mute(server, true);
	first = rig_command(redis, NULL, NULL, "BLPOP jobs 0");
	rig_run(rig, 10);
	rig_cancel(first);
	server_mute(server, false);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(first != NULL && first->outcome == STAY_MAYBE_EXECUTED,
	    "it was sent");
}

void
scenario_offline_refused(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.offline = STAY_OFFLINE_FAIL;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_ask(redis, server, NULL);
	rig_run_up(redis);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_queue_full(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.queue_calls_max = 3;
	options.client.inflight_calls_max = 1;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_ask_many(redis, server, 5);
	rig_run_told(rig, LONG_MS);
	rig_expect(rig->calls[2].status == STAY_OK && rig->calls[2].told == 1,
	    "three are accepted");
	rig_expect(!rig->calls[3].is_accepted, "the fourth is refused");
}

/* ---- sessions that end ---- */

static struct rig_member *
lose_session(struct rig *rig, struct server *server, uint32_t flags)
{
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = flags };
	struct rig_member *redis = redis_of(rig, server);

	rig_run_up(redis);
	server_mute(server, true);
	for (int i = 0; i < 10; i++)
		rig_ask_with(redis, server, &options, NULL);
	rig_run(rig, 50);
	server_hang_up(server, false);
	server_mute(server, false);
	rig_run_told(rig, LONG_MS);
	return redis;
}

void
scenario_lost_calls(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = lose_session(rig, server, 0);

	rig_expect_calls(rig, 10, STAY_E_LOST, STAY_MAYBE_EXECUTED);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_resent_calls(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);

	lose_session(rig, server, STAY_IDEMPOTENT);
	rig_expect_calls(rig, 10, STAY_OK, STAY_REPLIED);
}

void
scenario_reset_by_peer(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct rig_member *redis = redis_of(rig, server);

	rig_run_up(redis);
	server_hang_up(server, true);
	rig_run(rig, 3);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect(rig->calls[0].told == 1, "it is told");
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_server_restarts(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_ask_many(redis, server, 3);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	for (int i = 0; i < 2; i++) {
		server->peer.rows = greets_mute;
		server_hang_up(server, false);
		rig_run(rig, 50);
		rig_ask_many(redis, server, 3);
		server->peer.rows = NULL;
		server_hang_up(server, false);
		rig_run_told(rig, LONG_MS);
		rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	}
}

void
scenario_silent_server(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.silence_ms = 50;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_run_up(redis);
	server_mute(server, true);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect(rig->calls[0].outcome == STAY_MAYBE_EXECUTED, "it is lost");
	server_hang_up(server, false);
	server_mute(server, false);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

void
scenario_probe(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.probe_ms = 20;
	options.client.silence_ms = 50;
	redis = rig_redis(rig, door_url(&server->door, "redis"), &options);
	rig_run_up(redis);
	rig_run(rig, 100);
	rig_expect(server->peer.accepted == 1, "the session stays");
	server_mute(server, true);
	rig_run(rig, 150);
	server_hang_up(server, false);
	server_mute(server, false);
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

/* ---- more than one ---- */

static void
ask_next(struct rig_call *call)
{
	if (call->rig->call_count < 20)
		rig_ask(call->member, call->server, ask_next);
}

void
scenario_call_in_done(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_of(rig, server);

	rig_ask(redis, server, ask_next);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 20, STAY_OK, STAY_REPLIED);
}

void
scenario_two_connections(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct server *mirror = server_listen(SERVER_ECHO, false);
	struct rig_member *redis = redis_of(rig, server);
	struct rig_member *echo =
	    rig_echo(rig, door_url(&mirror->door, "echo"), NULL);

	for (int i = 0; i < 5; i++) {
		rig_ask(redis, server, NULL);
		rig_send(echo, 5, NULL);
	}
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 10, STAY_OK, STAY_REPLIED);
	rig_stop(redis);
	rig_send(echo, 5, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}
