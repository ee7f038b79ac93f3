/* Ends, from every situation. */
#include "scenario.h"

#include <stdio.h>

#include "fault.h"

#define LONG_MS 3000

/* ---- stopped, with one call that was not sent ---- */

struct situation {
	const char *url; /* NULL: that of a server */
	enum server_style style;
	bool is_tcp;
	bool is_mute;
	bool is_refused;
	bool is_ready; /* with calls in flight */
	bool at_once;  /* before the first turn, and twice */
};

static struct rig_member *
enter(struct rig *rig, struct server *server, const struct situation *in)
{
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis;

	options.client.backoff = stay_backoff_constant(500);
	if (in->is_mute)
		server->peer.rows = greets_mute;
	if (in->is_refused)
		server_unlisten(server);
	redis = rig_redis(rig,
	    in->url != NULL ? in->url : door_url(&server->door, "redis"),
	    in->is_refused ? &options : NULL);
	if (in->is_ready) {
		rig_run_up(redis);
		rig_explain(redis);
		server_mute(server, true);
		rig_ask_many(redis, server, 3);
		rig_run(rig, 5);
	}
	return redis;
}

static void
stop_in(struct rig *rig, const struct situation *in)
{
	struct server *server = server_listen(in->style, !in->is_tcp);
	struct rig_member *redis = enter(rig, server, in);

	rig_ask(redis, server, NULL);
	if (in->at_once) {
		rig_stop(redis);
	} else if (!in->is_ready) {
		rig_run(rig, 20);
		rig_explain(redis);
	}
	rig_stop(redis);
	rig_run(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_STOPPED, STAY_NOT_SENT);
	rig_expect(
	    !in->is_ready || rig->calls[0].outcome == STAY_MAYBE_EXECUTED,
	    "the first was sent");
}

#define STOP(name, ...)                                                        \
	void scenario_stop_##name(struct rig *rig)                             \
	{                                                                      \
		stop_in(rig, &(struct situation){ __VA_ARGS__ });              \
	}

STOP(at_once, .style = SERVER_REDIS, .at_once = true)
STOP(resolving, .style = SERVER_REDIS, .url = "redis://slow.test:7")
STOP(dialing, .style = SERVER_CLOGGED, .is_tcp = true)
STOP(greeting, .style = SERVER_REDIS, .is_mute = true)
STOP(ready, .style = SERVER_REDIS, .is_ready = true)
STOP(backing_off, .style = SERVER_REDIS, .is_refused = true)

/* ---- other ends ---- */

static void
stop(struct rig_call *call)
{
	rig_ask(call->member, call->server, NULL);
	rig_stop(call->member);
	rig_ask(call->member, call->server, NULL);
}

void
scenario_stop_in_done(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);

	rig_run_up(redis);
	rig_ask(redis, server, stop);
	rig_ask_many(redis, server, 3);
	rig_run(rig, LONG_MS);
	rig_expect(rig->calls[0].status == STAY_OK, "the first is answered");
	rig_expect(!rig->calls[5].is_accepted, "after stop none is accepted");
}

void
scenario_drain(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);

	rig_ask_many(redis, server, 10);
	rig_drain(redis, LONG_MS);
	rig_run(rig, LONG_MS);
	rig_expect_calls(rig, 10, STAY_OK, STAY_REPLIED);
	rig_expect(redis->closed == 1, "it ends by itself");
}

void
scenario_drain_in_vain(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);

	rig_run_up(redis);
	server_mute(server, true);
	rig_ask_many(redis, server, 10);
	rig_drain(redis, 50);
	rig_run(rig, 350);
	rig_expect(redis->closed == 1, "its budget ends it");
}

void
scenario_reconnect(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);

	rig_run_up(redis);
	rig_ask_many(redis, server, 3);
	rig_reconnect(redis);
	rig_run_told(rig, LONG_MS);
	rig_ask_many(redis, server, 3);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	rig_expect(server->peer.accepted == 2, "there were two sessions");
}

/* It drives the loop: no public call is under way as far as others can see. */
void
scenario_await(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);
	struct rig_member *other = rig_redis(rig, "redis://127.0.0.1:1", NULL);
	enum stay_status status;

	if (redis->conn != NULL) {
		status = stay_conn_await(redis->conn, 1000);
		rig_expect(status == STAY_OK, "it comes up");
	}
	if (other->conn != NULL) {
		status = stay_conn_await(other->conn, 1000);
		rig_expect(status == STAY_E_NO_LISTENER, "it is refused");
	}
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

/* ---- a log, and a file that is full now and then ---- */

static ssize_t
log_write(void *cookie, const char *bytes, size_t len)
{
	size_t *written = cookie;

	(void)bytes;
	if (fault_log())
		return 0;
	*written += len;
	return (ssize_t)len;
}

void
scenario_observed(struct rig *rig)
{
	const cookie_io_functions_t functions = { .write = log_write };
	size_t written = 0;
	FILE *stream = fopencookie(&written, "w", functions);
	struct server *server = server_listen(SERVER_REDIS, true);
	struct stay_log *log;
	struct rig_member *redis;

	setvbuf(stream, NULL, _IONBF, 0);
	log = stay_log_new(
	    stream, STAY_LOG_CONN | STAY_LOG_LINK | STAY_LOG_SESSION);
	if (log != NULL)
		stay_loop_set_observer(rig->loop, stay_log_observer(log));
	redis = rig_redis(rig, door_url(&server->door, "redis"), NULL);
	rig_ask(redis, server, NULL);
	if (redis->redis != NULL)
		(void)stay_redis_command(redis->redis, NULL, NULL, "ERROR");
	rig_run_told(rig, LONG_MS);
	server_hang_up(server, false);
	rig_run(rig, 50);
	rig_finish(rig);
	rig_expect(written > 100, "something is written");
	stay_loop_set_observer(rig->loop, NULL);
	stay_log_free(log);
	fclose(stream);
}
