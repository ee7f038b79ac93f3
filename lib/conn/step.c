/*
 * Turns a verdict or a request into the event that the machine takes next.
 * Conditions are evaluated here, so that no row of the machine needs one.
 */
#include "conn/step.h"

#include "conn/conn.h"

static uint64_t
window_of(const struct stay_conn *conn)
{
	return conn->settings->throttle_ms * STAY__TICK_NS;
}

static bool
has_ring(struct stay_conn *conn)
{
	struct stay__throttle *of = &conn->throttle;

	if (of->connects == NULL)
		of->connects = stay__zalloc(
		    sizeof(*of->connects) +
		    (size_t)conn->settings->throttle_burst * sizeof(uint64_t));
	return of->connects != NULL;
}

/* The first connect cannot wait, for init's verdict is carried out at once. */
enum stay_status
stay__step_init(struct stay_conn *conn)
{
	return has_ring(conn) ? STAY_OK : STAY_E_NOMEM;
}

/* Too many connects in a row wait, so that no cycle of verdicts can starve the
 * loop: 0, or the time in ns until this one may run. One that cannot be counted
 * waits, too. */
static uint64_t
throttle(struct stay_conn *conn)
{
	unsigned burst = (unsigned)conn->settings->throttle_burst;
	struct stay__connects *of;
	uint64_t now = stay__loop_now(conn->loop), window = window_of(conn);
	uint64_t *slot;

	if (!has_ring(conn))
		return window;
	of = conn->throttle.connects;
	slot = &of->at[of->count % burst];
	if (of->count >= burst && now - *slot < window)
		return window - (now - *slot);
	*slot = now;
	of->count++;
	if (of->count == 2 * burst)
		of->count = burst;
	return 0;
}

static void
forget_connects(struct stay_conn *conn)
{
	stay__free(conn->throttle.connects);
	conn->throttle = (struct stay__throttle){ 0 };
}

void
stay__step_rest(struct stay_conn *conn)
{
	const struct stay__connects *of = conn->throttle.connects;
	unsigned burst = (unsigned)conn->settings->throttle_burst;

	if (of != NULL && of->first == NULL && of->count > 0 &&
	    stay__loop_now(conn->loop) - of->at[(of->count - 1) % burst] >=
		window_of(conn))
		forget_connects(conn);
}

void
stay__step_fini(struct stay_conn *conn)
{
	forget_connects(conn);
}

struct stay__step
stay__step_connect(struct stay_conn *conn, struct stay_info info)
{
	struct stay__step step = { .due = true, .info = info };
	uint64_t wait = throttle(conn);

	step.event = wait == 0 ? STAY__CONN_CONNECT : STAY__CONN_THROTTLED;
	step.ms = (wait + STAY__TICK_NS - 1) / STAY__TICK_NS;
	return step;
}

struct stay__step
stay__step_disconnect(struct stay_info info)
{
	return (struct stay__step){
		.due = true, .event = STAY__CONN_DISCONNECT, .info = info
	};
}

struct stay__step
stay__step_stop(enum stay_status reason)
{
	return (struct stay__step){
		.due = true, .event = STAY__CONN_STOP, .reason = reason
	};
}

struct stay__step
stay__step_expired(struct stay_info info)
{
	return (struct stay__step){
		.due = true, .event = STAY__CONN_EXPIRED, .info = info
	};
}

/* A callback that speaks for the attempt under way stops it with QUIT. */
static bool
speaks_for_attempt(enum stay__situation in)
{
	return in == STAY__IN_INIT || in == STAY__IN_CONNECT ||
	       in == STAY__IN_DISCONNECT || in == STAY__IN_INFO_CONNECTING ||
	       in == STAY__IN_INFO_DISCONNECTING;
}

static struct stay__step
bad_return(struct stay_conn *conn, enum stay__situation in,
    const struct stay_verdict *verdict)
{
	struct stay__step step = stay__step_stop(STAY_E_BAD_RETURN);

	if (speaks_for_attempt(in))
		step.event = STAY__CONN_QUIT;
	if ((verdict->with & STAY__WITH_REPLY) != 0 &&
	    verdict->reply.release != NULL)
		verdict->reply.release(verdict->reply.data);
	stay__conn_fail(conn, STAY_E_BAD_RETURN, STAY__PHASE_CALLBACK,
	    stay_strerror(STAY_E_BAD_RETURN));
	return step;
}

/* While a stop waits, a verdict's connect or disconnect does not run. */
static struct stay__step
step_under_stop(enum stay__situation in, enum stay__conn_event event)
{
	struct stay__step step = { .due = true };

	if (in == STAY__IN_INIT)
		step.event = STAY__CONN_OK;
	else if (event == STAY__CONN_CONNECT &&
		 (in == STAY__IN_DISCONNECT ||
		     in == STAY__IN_INFO_DISCONNECTING))
		step.event = STAY__CONN_NOCONNECT;
	else
		step.due = false;
	return step;
}

static struct stay__step
step_of(struct stay_conn *conn, const struct stay_verdict *verdict,
    enum stay__conn_event event)
{
	if (event == STAY__CONN_CONNECT)
		return stay__step_connect(conn, verdict->info);
	return (struct stay__step){ .due = true,
		.event = event,
		.info = verdict->info,
		.ms = verdict->wait_ms,
		.reason = verdict->reason,
		.with = verdict->with,
		.timeout_ms = verdict->timeout_ms };
}

struct stay__step
stay__step_judge(struct stay_conn *conn, enum stay__situation in,
    const struct stay_verdict *verdict)
{
	struct stay__ruling ruling = stay__verdict_rule(in, verdict);
	bool moves = ruling.event == STAY__CONN_CONNECT ||
		     ruling.event == STAY__CONN_DISCONNECT;

	if (ruling.kind == STAY__BAD || ruling.kind == STAY__WAITS)
		return bad_return(conn, in, verdict);
	if (ruling.kind == STAY__NOTHING)
		return (struct stay__step){ .with = verdict->with,
			.timeout_ms = verdict->timeout_ms };
	if (moves && (conn->requests.asked & STAY__ASKED_STOP) != 0)
		return step_under_stop(in, ruling.event);
	return step_of(conn, verdict, ruling.event);
}
