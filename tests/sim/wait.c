/*
 * Who stands in line for room in a queue: served in order, told exactly once,
 * before `closed`, and not before its time.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "client/client.h"

struct waiting {
	struct user *user;
	uint64_t life;
	uint64_t number; /* in the line of its client */
	uint64_t deadline;
	uint64_t bytes; /* of room that it needs */
	struct stay_call_id id;
};

static bool
may_be_told(const struct waiting *waiting, enum stay_status status)
{
	const struct user *user = waiting->user;
	static const enum stay_status words[] = { STAY_OK, STAY_E_TIMEOUT,
		STAY_E_CANCELLED, STAY_E_DENIED, STAY_E_DRAINING,
		STAY_E_STOPPED };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i] == status)
			return true;
	if (status == STAY_E_FORKED)
		return user->run->sim->forked;
	if (status == STAY_E_TOO_BIG)
		return waiting->bytes > user->client->options.queue_bytes_max;
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

static bool
may_be_refused(const struct user *user, enum stay_status status)
{
	return status == STAY_E_FULL || status == STAY_E_TOO_BIG ||
	       status == STAY_E_DENIED || status == STAY_E_DRAINING ||
	       (status == STAY_E_FORKED && user->run->sim->forked) ||
	       (status == STAY_E_OFFLINE &&
		   user->options.offline == STAY_OFFLINE_FAIL) ||
	       (status == STAY_E_NOMEM && memory.failed > 0);
}

/* Some are given up at once. */
static void
give_up(const struct waiting *waiting)
{
	struct run *run = waiting->user->run;
	enum stay_status status;

	if (!draw_mille(run, 200))
		return;
	calling(run, true);
	status = stay_client_cancel(waiting->user->client, waiting->id);
	calling(run, false);
	if (status != STAY_OK)
		broken(1, "who waits can't be given up: %s",
		    stay_status_name(status));
}

void
wait_in_line(struct user *user)
{
	struct run *run = user->run;
	struct waiting *waiting;
	struct stay_room_options options = { STAY_ROOM_OPTIONS };
	enum stay_status status;

	if (user->client == NULL)
		return;
	waiting = sim_alloc(sizeof(*waiting));
	*waiting = (struct waiting){
		.user = user, .life = user->life, .number = ++user->lined_up
	};
	options.timeout_ms = draw_between(run, 1, 1000);
	options.bytes = draw_between(run, 0, 8192);
	options.id = &waiting->id;
	waiting->bytes = options.bytes;
	waiting->deadline = sim_after(run->sim, options.timeout_ms);
	calling(run, true);
	status = stay_client_wait_room(user->client, &options, ready, waiting);
	calling(run, false);
	sim_note(run->sim, "wait", user->index, status);
	if (status != STAY_OK) {
		if (!may_be_refused(user, status))
			broken(
			    1, "nobody may wait: %s", stay_status_name(status));
		free(waiting);
		return;
	}
	user->waiting++;
	run->figures->waited++;
	give_up(waiting);
}
