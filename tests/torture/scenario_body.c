/*
 * Scenarios with bodies: whole, put off, failing, given up, cut off. Whatever fails,
 * each is over once, also if its call is refused, and nothing is asked of it then.
 */
#include <stay/body.h>

#include "fault.h"
#include "scenario.h"

#define LONG_MS 1500
#define PIECES  3

struct body {
	struct rig_member *member;
	struct stay_feed *feed; /* that waits; NULL: none */
	unsigned pieces, over;
	bool waits, fails; /* at the second piece */
};

static char bytes[STAY_BODY_PIECE];

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct body *body = arg;

	rig_called_back(body->member, "more");
	if (body->over > 0)
		fault_violation("more of what is over");
	if (body->pieces == 1 && body->fails)
		return stay_fed_failed(STAY_E_IO, "the source is gone");
	if (body->pieces == 1 && body->waits) {
		body->waits = false;
		body->feed = feed;
		return stay_fed_wait();
	}
	if (stay_buf_append(out, bytes,
		max < sizeof(bytes) ? max : sizeof(bytes)) != STAY_OK)
		return stay_fed_failed(STAY_E_NOMEM, "no room for a piece");
	body->pieces++;
	return stay_fed_more();
}

static enum stay_status
rewind_body(void *arg)
{
	((struct body *)arg)->pieces = 0;
	return STAY_OK;
}

static void
over(void *arg)
{
	struct body *body = arg;

	body->over++;
	body->feed = NULL;
}

static struct rig_call *
send_body(struct rig_member *redis, struct body *body, bool again)
{
	const struct stay_body ours = { STAY_BODY,
		.len = PIECES * sizeof(bytes), .more = more,
		.rewind = again ? rewind_body : NULL, .over = over,
		.arg = body };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = again ? STAY_IDEMPOTENT : 0, .body = &ours };

	body->member = redis;
	if (redis->redis == NULL) {
		body->over = 1;
		return NULL;
	}
	return rig_command(redis, &options, NULL, "SET %s", "key");
}

static void
go_on(struct body *body)
{
	if (body->feed != NULL)
		stay_feed_go_on(body->feed);
	body->feed = NULL;
}

static void
finish(struct rig *rig, const struct body *bodies, int count)
{
	rig_finish(rig);
	for (int i = 0; i < count; i++)
		if (bodies[i].over != 1)
			fault_violation(
			    "body %d is over %u times", i, bodies[i].over);
}

void
scenario_bodies(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct body bodies[2] = { { 0 }, { .waits = true } };
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);

	send_body(redis, &bodies[0], false);
	send_body(redis, &bodies[1], true);
	rig_ask(redis, server, NULL);
	rig_run(rig, 30);
	go_on(&bodies[1]);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	finish(rig, bodies, 2);
}

/* Each of them ends its session, but for the last, which begins anew in the next. */
void
scenario_bodies_cut(struct rig *rig)
{
	struct server *server = server_listen(SERVER_REDIS, true);
	struct body bodies[3] = { { .fails = true }, { .waits = true },
		{ .waits = true } };
	struct rig_member *redis =
	    rig_redis(rig, door_url(&server->door, "redis"), NULL);
	struct rig_call *call;

	send_body(redis, &bodies[0], false);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_IO, STAY_NOT_SENT);
	call = send_body(redis, &bodies[1], false);
	rig_run(rig, 100);
	rig_cancel(call);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_E_CANCELLED, STAY_NOT_SENT);
	send_body(redis, &bodies[2], true);
	rig_run(rig, 100);
	server_hang_up(server, true);
	rig_run(rig, 100);
	go_on(&bodies[2]);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	finish(rig, bodies, 3);
}
