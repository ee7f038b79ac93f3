/*
 * Scenarios about what is bounded and what is planned: replies that are kept,
 * callers in line, shares of a turn, refusals, sessions that are changed.
 */
#include <string.h>

#include "fault.h"
#include "scenario.h"

#define LONG_MS 3000

static struct rig_member *
redis_with(
    struct rig *rig, struct server *server, struct stay_client_options client)
{
	struct stay_redis_options options = rig_redis_options();
	struct stay_client_options ours = options.client;

	ours.turn_calls_max = client.turn_calls_max;
	ours.queue_calls_max = client.queue_calls_max;
	ours.inflight_calls_max = client.inflight_calls_max;
	ours.on_refused = client.on_refused;
	if (client.call_timeout_ms != 0)
		ours.call_timeout_ms = client.call_timeout_ms;
	ours.max_age_ms = client.max_age_ms;
	options.client = ours;
	return rig_redis(rig, door_url(&server->door, "redis"), &options);
}

/* ---- replies that are kept ---- */

/* One call, and its reply. */
struct keeper {
	struct rig_member *member;
	size_t len; /* of the reply */
	unsigned told;
	struct stay_held *held;
};

static void
keep(void *arg, const struct stay_result *result)
{
	struct keeper *keeper = arg;

	rig_called_back(keeper->member, "done");
	keeper->told++;
	if (result->status != STAY_OK)
		return;
	if (stay_held_new(keeper->member->client, result->reply,
		&keeper->held) != STAY_OK)
		rig_expect(false, "a reply can be held");
}

static bool
ask_and_keep(struct keeper *keeper)
{
	enum stay_status status;

	if (keeper->member->redis == NULL)
		return false;
	rig_enter(keeper->member->rig);
	status = stay_redis_command(
	    keeper->member->redis, keep, keeper, "BIG %zu", keeper->len);
	rig_leave(keeper->member->rig);
	return status == STAY_OK;
}

static void
check_kept(struct keeper *keeper, bool accepted)
{
	const char *text;

	if (keeper->told != (accepted ? 1 : 0))
		fault_violation("a call is told %u times", keeper->told);
	if (keeper->held == NULL)
		return;
	text = stay_redis_str(stay_held_reply(keeper->held));
	if (strlen(text) != keeper->len || text[0] != 'x')
		fault_violation("a held reply has changed");
	stay_held_free(keeper->held);
}

/* They outlive their connection. */
void
scenario_held_replies(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis =
	    redis_with(rig, server, (struct stay_client_options){ 0 });
	struct keeper small = { .member = redis, .len = 100 };
	struct keeper large = { .member = redis, .len = 100000 };
	bool is_small = ask_and_keep(&small), is_large = ask_and_keep(&large);

	rig_run_told(rig, LONG_MS);
	rig_ask_many(redis, server, 3);
	rig_run_told(rig, LONG_MS);
	rig_finish(rig);
	check_kept(&small, is_small);
	check_kept(&large, is_large);
}

/* ---- in line ---- */

struct waiting {
	struct rig_member *member;
	struct server *server;
	bool is_accepted;
	unsigned told;
	struct stay_call_id id;
};

static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	struct waiting *waiting = arg;

	(void)client;
	rig_called_back(waiting->member, "ready");
	waiting->told++;
	if (status == STAY_OK)
		rig_ask(waiting->member, waiting->server, NULL);
}

static void
step_in(struct waiting *waiting)
{
	struct stay_room_options options = { STAY_ROOM_OPTIONS,
		.id = &waiting->id };

	if (waiting->member->client == NULL)
		return;
	rig_enter(waiting->member->rig);
	waiting->is_accepted = stay_client_wait_room(waiting->member->client,
				   &options, ready, waiting) == STAY_OK;
	rig_leave(waiting->member->rig);
}

void
scenario_callers_in_line(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, false);
	struct rig_member *redis = redis_with(rig, server,
	    (struct stay_client_options){
		.queue_calls_max = 1, .inflight_calls_max = 1 });
	struct waiting line[4];

	rig_run_up(redis);
	rig_ask(redis, server, NULL);
	for (int i = 0; i < 4; i++) {
		line[i] = (struct waiting){ .member = redis, .server = server };
		step_in(&line[i]);
	}
	if (line[1].is_accepted && redis->client != NULL)
		(void)stay_client_cancel(redis->client, line[1].id);
	rig_run_told(rig, LONG_MS);
	step_in(&line[3]);
	rig_finish(rig);
	for (int i = 0; i < 3; i++)
		if (line[i].told != (line[i].is_accepted ? 1 : 0))
			fault_violation(
			    "who waits is told %u times", line[i].told);
}

/* ---- shares of a turn ---- */

void
scenario_replies_put_off(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_with(
	    rig, server, (struct stay_client_options){ .turn_calls_max = 2 });

	rig_run_up(redis);
	rig_ask_many(redis, server, 15);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 15, STAY_OK, STAY_REPLIED);
}

/* ---- refusals ---- */

void
scenario_refused_and_sent_again(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_with(rig, server,
	    (struct stay_client_options){
		.on_refused = STAY_REFUSED_RESEND, .call_timeout_ms = 300 });

	rig_run_up(redis);
	/* Whether one is under way at its deadline, or waits, is open. */
	rig_command(redis, NULL, NULL, "BUSY");
	rig_command(redis, NULL, NULL, "BUSY");
	rig_run_told(rig, LONG_MS);
	rig_expect(
	    server->peer.accepted >= 3, "each time in a session of its own");
	/* An answer ends it. */
	rig_ask(redis, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
}

/* ---- planned changes ---- */

void
scenario_another_server(struct rig *rig)
{
	struct server *from = server_listen(SERVER_REDIS, true);
	struct server *to = server_listen(SERVER_REDIS, false);
	struct stay_redis_options options = rig_redis_options();
	struct rig_member *redis =
	    redis_with(rig, from, (struct stay_client_options){ 0 });
	enum stay_status status = STAY_OK;

	rig_run_up(redis);
	/* Whichever of the two is to execute them. */
	for (int i = 0; i < 3; i++)
		rig_command(redis, NULL, NULL, "ANY");
	rig_run(rig, 1);
	if (redis->redis != NULL) {
		rig_enter(rig);
		status = stay_redis_reconfigure(
		    redis->redis, door_url(&to->door, "redis"), &options);
		rig_leave(rig);
	}
	rig_expect(status == STAY_OK, "it can be sent elsewhere");
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	rig_ask(redis, status == STAY_OK ? to : from, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(to->peer.accepted == 1, "it is there");
}

void
scenario_sessions_that_age(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct rig_member *redis = redis_with(
	    rig, server, (struct stay_client_options){ .max_age_ms = 40 });

	rig_run_up(redis);
	for (int i = 0; i < 6; i++) {
		rig_ask(redis, server, NULL);
		rig_run(rig, 20);
	}
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 6, STAY_OK, STAY_REPLIED);
	rig_expect(server->peer.accepted >= 2, "old sessions are replaced");
}
