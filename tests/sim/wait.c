/*
 * Who stands in line for room in a queue: served in order, told exactly once,
 * before `closed`, and not before its time.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "support/inside.h"

struct waiting {
	struct user *user;
	uint64_t life;
	uint64_t number; /* in the line of its client */
	uint64_t deadline;
	uint64_t bytes; /* of room that it needs */
};

static bool
may_be_told(const struct waiting *waiting, enum stay_status status)
{
	const struct user *user = waiting->user;

	if (status == STAY_OK || status == STAY_E_TIMEOUT ||
	    status == STAY_E_CANCELLED || status == STAY_E_DENIED ||
	    status == STAY_E_DRAINING || status == STAY_E_STOPPED)
		return true;
	if (status == STAY_E_FORKED)
		return user->run->sim->forked;
	if (status == STAY_E_TOO_BIG)
		return waiting->bytes >
		       inside_options(user->client)->queue_bytes_max;
	return status == STAY_E_OFFLINE &&
	       user->options.offline == STAY_OFFLINE_FAIL;
}

static void
check_told(const struct waiting *waiting, enum stay_status status)
{
	const struct user *user = waiting->user;

	if (user->client == NULL || user->life != waiting->life)
		broken(5, "who waits is told after closed");
	if (!may_be_told(waiting, status))
		broken(1, "who waits is told %s", stay_status_name(status));
	if (status == STAY_E_TIMEOUT && user->run->sim->now < waiting->deadline)
		broken(6, "who waits is told too early that it is late");
}

static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	struct waiting *waiting = arg;
	struct user *user = waiting->user;
	struct run *run = user->run;

	called_back(run);
	sim_note(run->sim, "ready", user->index, status);
	check_told(waiting, status);
	if (client != user->client)
		broken(1, "who waits is told by another client");
	if (status == STAY_OK) {
		if (waiting->number < user->last_served)
			broken(
			    4, "who came later to the line was served first");
		user->last_served = waiting->number;
		water_look(user);
		user->serving = true;
		act_submit(user);
		user->serving = false;
	}
	user->waiting--;
	free(waiting);
	act_inside(run, user);
	call_is_back(run);
}

struct deed_call
books_line_up(const struct deed_at *at, uint64_t timeout_ms)
{
	struct deed_call mine = { 0 };
	struct user *user = at->user;
	struct run *run = user->run;
	struct waiting *waiting = sim_alloc(sizeof(*waiting));
	struct stay_room_options options = { STAY_ROOM_OPTIONS,
		.timeout_ms = timeout_ms, .bytes = draw_between(run, 0, 8192),
		.id = &mine.id };
	enum stay_status status;

	*waiting = (struct waiting){ .user = user,
		.life = user->life,
		.number = ++user->lined_up,
		.bytes = options.bytes };
	waiting->deadline = sim_after(run->sim,
	    timeout_ms == 0 ? user->options.call_timeout_ms : timeout_ms);
	STATUS_OF(status,
	    stay_client_wait_room(at->client, &options, ready, waiting));
	sim_note(run->sim, "wait", user->index, status);
	if (status != STAY_OK) {
		if (!user_may_be_refused(user, status))
			broken(
			    1, "nobody may wait: %s", stay_status_name(status));
		free(waiting);
		return (struct deed_call){ 0 };
	}
	user->waiting++;
	run->figures->waited++;
	return mine;
}
