/*
 * What a connection adds to the numbers of its loop. It reads what the others have
 * noted, and nothing depends on it.
 */
#include "conn/metered.h"

#include "conn/conn.h"

const char *
stay__conn_system(const struct stay_conn *conn)
{
	if (stay__conn_client(conn) != NULL)
		return stay__conn_client(conn)->protocol(conn->state);
	return conn->behaviour->name != NULL ? conn->behaviour->name : "";
}

/* NULL: nobody counts. */
static struct stay__system *
system_of(const struct stay_conn *conn)
{
	struct stay__meter *meter = conn->loop->meter;

	return meter == NULL
		   ? NULL
		   : stay__meter_system(meter, stay__conn_system(conn));
}

void
stay__metered_dial(const struct stay_conn *conn)
{
	struct stay__system *system = system_of(conn);

	if (system != NULL)
		system->past.DIALS[0]++;
}

static void
count_up(struct stay_conn *conn, struct stay__system *system, uint64_t lasted)
{
	const struct stay__outage *outage = &conn->outage;

	stay__histogram_add(
	    system->durations.CREATE, stay__fast_bounds, lasted);
	system->past.UPS[0]++;
	system->past.RECONNECTS[0] += outage->was_up;
	if (outage->failed != STAY_OK)
		stay__histogram_add(system->durations.OUTAGE, stay__long_bounds,
		    stay__loop_now(conn->loop) - outage->down_since);
}

void
stay__metered_change(
    struct stay_conn *conn, enum stay_state from, enum stay_state to)
{
	struct stay__system *system = system_of(conn);
	uint64_t lasted;

	if (system == NULL)
		return;
	lasted = stay__loop_now(conn->loop) - conn->history.since;
	system->past.CHANGES[to]++;
	if (to == STAY_CONNECTED)
		count_up(conn, system, lasted);
	if (from == STAY_CONNECTED)
		stay__histogram_add(
		    system->durations.UPTIME, stay__long_bounds, lasted);
}

void
stay__metered_failure(const struct stay_conn *conn)
{
	struct stay__system *system = system_of(conn);
	const struct stay__outage *outage = &conn->outage;

	if (system != NULL)
		system->past.FAILURES[stay__meter_failure(conn->loop->meter,
		    stay__phase_name(outage->failed_in), outage->why)]++;
}

void
stay__metered_closed(const struct stay_conn *conn)
{
	struct stay__system *system = system_of(conn);

	if (system != NULL)
		system->past.CLOSED[0]++;
}
