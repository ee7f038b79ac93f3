/*
 * MOVING: the server that is behind this address will be another one soon. The push is
 * [MOVING, number, seconds, "host:port" or nil], as Redis Software and Redis Cloud send
 * it to clients that have asked for it (CLIENT MAINT_NOTIFICATIONS). This file only says
 * when the session is to be left, and for which place; the library does the rest.
 */
#include "moving.h"

#include <string.h>

#include "session.h"

/* A server that says more than an hour does not know when it moves. */
#define SECONDS_MAX 3600

/* What else has put something off to the tick waits no longer than this. */
#define LOOK_MS UINT64_C(400)

const char *
stay_redis__moving_word(enum stay_redis_moving moving)
{
	static const char *const words[] = {
		[STAY_REDIS_MOVING_UNASKED] = NULL,
		[STAY_REDIS_MOVING_SAME_NAME] = "none",
		[STAY_REDIS_MOVING_INTERNAL_IP] = "internal-ip",
		[STAY_REDIS_MOVING_INTERNAL_NAME] = "internal-fqdn",
		[STAY_REDIS_MOVING_EXTERNAL_IP] = "external-ip",
		[STAY_REDIS_MOVING_EXTERNAL_NAME] = "external-fqdn",
	};

	return words[moving];
}

static uint64_t
now_ms(struct stay_session *session)
{
	const struct stay_conn *conn =
	    stay_client_conn(stay_session_client(session));

	return stay_loop_now_ms(stay_conn_loop(conn));
}

/* False: this is no MOVING, or none that makes sense. */
static bool
read_ms(const struct stay_redis_reply *push, uint64_t *ms)
{
	bool ok;
	uint64_t seconds =
	    (uint64_t)stay_redis_integer(stay_redis_at(push, 2), &ok);

	if (!ok ||
	    strcmp(stay_redis_str(stay_redis_first(push)), "MOVING") != 0)
		return false;
	*ms = 1000 * (seconds < SECONDS_MAX ? seconds : SECONDS_MAX);
	return true;
}

/*
 * Without a place the name of this one will be another server's, and before half of
 * the time it may still be this one's.
 */
static void
leave_later(struct stay_session *session, uint64_t ms)
{
	struct stay_redis__session *own = stay_session_data(session);

	own->leave_at_ms = now_ms(session) + ms / 2;
	own->leave_within_ms = (uint32_t)(ms - ms / 2);
	stay_redis__moving_tick(session);
}

void
stay_redis__moving_hear(
    struct stay_session *session, const struct stay_redis_reply *push)
{
	const struct stay_redis_reply *place = stay_redis_at(push, 3);
	uint64_t ms;

	if (!read_ms(push, &ms))
		return;
	if (stay_redis_len(place) > 0)
		(void)stay_session_leave(
		    session, stay_redis_str(place), stay_redis_len(place), ms);
	else
		leave_later(session, ms);
}

void
stay_redis__moving_tick(struct stay_session *session)
{
	struct stay_redis__session *own = stay_session_data(session);
	uint64_t now = now_ms(session);

	if (own->leave_at_ms == 0)
		return;
	if (own->leave_at_ms > now) {
		uint64_t left = own->leave_at_ms - now;

		(void)stay_session_tick_after(
		    session, left < LOOK_MS ? left : LOOK_MS);
		return;
	}
	own->leave_at_ms = 0;
	(void)stay_session_leave(session, NULL, 0, own->leave_within_ms);
}
