/*
 * A client at rest: an idle one holds no buffers.
 */
#include <inttypes.h>

#include "engine.h"
#include "run.h"
#include "slab.h"

/* As health.c has it: so long after the last byte buffers are given back. */
#define QUIET_MS 1000

#define LATE_MS 5

/* What an idle connection may hold of the heap, all in all. */
#define IDLE_BYTES 7000

/* ---- buffers ---- */

static bool
is_idle(const struct user *user)
{
	const struct stay__calls *calls = &user->client->calls;

	return user->state[2] == STAY__SESSION_READY &&
	       stay__list_is_empty(&calls->in_flight) &&
	       stay__list_is_empty(&calls->queued) &&
	       stay__list_is_empty(&calls->finished) &&
	       stay_buf_len(&user->client->session.control) == 0;
}

/* It looks when it is to probe at the latest; what was submitted and given up
 * at once, or refused, is no sign of life, and where nothing is probed nobody
 * looks again. */
static uint64_t
patience_ms(const struct user *user)
{
	uint64_t probe = user->options.probe_ms;
	bool probes = probe != STAY_FOREVER && user->kind != KIND_ECHO;

	if (!probes && user->touched_at > user->client->session.heard)
		return STAY_FOREVER;
	if (probe < QUIET_MS)
		return 4 * probe;
	return 2 * QUIET_MS + (probes ? probe : 0);
}

/* Since when it has been idle, and long enough. */
static bool
is_quiet(const struct user *user)
{
	uint64_t since = user->client->session.heard;
	uint64_t ms = patience_ms(user);

	if (user->run->excused > since)
		since = user->run->excused;
	if (user->touched_at > since)
		since = user->touched_at;
	return is_idle(user) && ms != STAY_FOREVER &&
	       user->run->sim->now > since + (ms + LATE_MS) * SIM_MS;
}

static void
touch(struct user *user)
{
	uint64_t asked = user->accepted + user->rejected;

	if (asked != user->asked || !is_idle(user))
		user->touched_at = user->run->sim->now;
	user->asked = asked;
}

static void
check_buffers(const struct user *user)
{
	const struct stay_client *client = user->client;

	if (client->calls.log.buf.cap > 0 || client->session.control.cap > 0 ||
	    client->calls.spare != NULL || client->conn->out.cap > 0 ||
	    client->conn->input.slab != NULL)
		broken(7, "user %u is idle and holds buffers", user->index);
}

/* ---- all of it ---- */

void
rest_check(struct user *user)
{
	if (user->client == NULL)
		return;
	touch(user);
	if (is_quiet(user))
		check_buffers(user);
}

/* Everybody has been idle for long; what the loop keeps for all is not theirs.
 */
void
rest_check_memory(const struct run *run)
{
	const struct stay_loop *loop = run->loop;
	uint64_t common =
	    sizeof(*loop) + 1024 +
	    loop->slab_count * (sizeof(struct stay__slab) + STAY__SLAB_SIZE) +
	    loop->ids.cap * sizeof(loop->ids.entries[0]);
	uint64_t count = 0;

	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct user *user = &run->users[i];

		if (user->client != NULL && !is_quiet(user))
			return;
		count += user_conn(user) != NULL;
	}
	if (memory.bytes > common + count * IDLE_BYTES)
		broken(7, "%" PRIu64 " idle connections hold %" PRIu64 " bytes",
		    count, memory.bytes - common);
}
