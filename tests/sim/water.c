/*
 * A queue that fills up and empties again: whether its client is told so, each
 * time and in turn. What is admitted to it is exact, to the call and the byte.
 */
#include "run.h"

#include <inttypes.h>

#include "support/counts.h"
#include "support/inside.h"

/* Of any request, besides its padding. */
#define HEAD_MAX 128

static uint64_t
mark(uint64_t of, uint64_t percent)
{
	return of * percent / 100;
}

static uint64_t
high_mark(uint64_t of, uint64_t percent)
{
	uint64_t least = mark(of, percent);

	return least == 0 ? 1 : least;
}

/* ---- looking ---- */

static bool
is_high(const struct user *user)
{
	const struct stay_client_options *o = &user->options;

	return counts_of(user->client).queued >=
		   high_mark(o->queue_calls_max, o->queue_high_percent) ||
	       inside_unsent_bytes(user->client) >=
		   high_mark(o->queue_bytes_max, o->queue_high_percent);
}

/* Or has been, before some came back. */
static bool
is_low(const struct user *user)
{
	const struct stay_client_options *o = &user->options;

	return counts_of(user->client).queued -
		       inside_set_aside(user->client) <=
		   mark(o->queue_calls_max, o->queue_low_percent) &&
	       inside_unsent_bytes(user->client) <=
		   mark(o->queue_bytes_max, o->queue_low_percent);
}

void
water_look(struct user *user)
{
	struct water *water = &user->water;

	water->was_high |= is_high(user);
	if (is_low(user)) {
		water->was_low = true;
		water->due = false;
	}
}

/* Between turns what is due is told. */
void
water_check(struct user *user)
{
	const struct water *water = &user->water;

	water_look(user);
	if (water->due && !water->high)
		broken(7, "user %u is not told that its queue is high",
		    user->index);
	if (water->high && counts_of(user->client).queued == 0)
		broken(7, "user %u is not told that its queue is low",
		    user->index);
}

/* ---- being told ---- */

static void
told(struct user *user, struct stay_conn *conn, bool high)
{
	struct water *water = &user->water;

	called_back(user->run);
	sim_note(user->run->sim, "water", user->index, high);
	if (user->client == NULL || conn != user_conn(user))
		broken(5, "user %u is told of another's queue", user->index);
	change_follow(user);
	water_look(user);
	if (water->high == high)
		broken(7, "user %u is told twice that its queue is %s",
		    user->index, high ? "high" : "low");
	if (high ? !water->was_high : !water->was_low)
		broken(7, "user %u is told that its queue is %s", user->index,
		    high ? "high" : "low");
	*water = (struct water){ .high = high };
	water_look(user);
	user->run->figures->marks++;
	act_inside(user->run, user);
	call_is_back(user->run);
}

void
water_on_high(void *arg, struct stay_conn *conn)
{
	told(arg, conn, true);
}

void
water_on_low(void *arg, struct stay_conn *conn)
{
	told(arg, conn, false);
}

/* ---- what is let in ---- */

/* A call is about to be submitted. */
void
water_before(struct user *user)
{
	change_follow(user);
	water_look(user);
	user->water.due |= is_high(user) && stay_conn_admits(user_conn(user));
	user->water.calls = counts_of(user->client).queued;
	user->water.bytes = inside_unsent_bytes(user->client);
	user->water.untold = inside_untold(user->client);
}

/* It was, and this came of it. */
void
water_after(struct user *user, const struct call *call, enum stay_status status)
{
	const struct stay_client_options *o = &user->options;
	const struct water *water = &user->water;
	/* Nobody pushes in front of who stands in line. */
	bool room =
	    (user->waiting == 0 || user->serving) &&
	    water->calls < o->queue_calls_max &&
	    water->untold < o->queue_calls_max + o->inflight_calls_max &&
	    water->bytes + call->pad + HEAD_MAX <= o->queue_bytes_max;

	water_look(user);
	if (status == STAY_OK &&
	    (water->calls >= o->queue_calls_max ||
		water->untold >= o->queue_calls_max + o->inflight_calls_max ||
		inside_unsent_bytes(user->client) > o->queue_bytes_max))
		broken(7,
		    "user %u has %" PRIu64 " calls and %" PRIu64
		    " bytes queued, %" PRIu64 " to be told, and may submit"
		    " another",
		    user->index, water->calls, water->bytes, water->untold);
	if ((status == STAY_E_FULL || status == STAY_E_TOO_BIG) && room)
		broken(7,
		    "user %u has %" PRIu64 " calls and %" PRIu64
		    " bytes queued, %" PRIu64 " to be told, and may not submit"
		    " another",
		    user->index, water->calls, water->bytes, water->untold);
}
