/*
 * What a client reads from its connection, and what it may change while the
 * connection runs. This file does not know the client.
 */
#include "conn/inner.h"

#include <assert.h>

#include "conn/conn.h"

const enum stay__admission *
stay__conn_admission(const struct stay_conn *conn)
{
	return &conn->requests.admission;
}

const struct stay_behaviour *
stay__conn_behaviour(const struct stay_conn *conn)
{
	return conn->behaviour;
}

enum stay_status
stay__conn_reason(const struct stay_conn *conn)
{
	return conn->requests.reason;
}

void
stay__conn_retune(
    struct stay_conn *conn, const struct stay__conn_settings *settings)
{
	assert(stay__conn_client(conn) != NULL);
	conn->settings = settings;
	stay__stream_set_socket(conn, &settings->socket);
}

void
stay__conn_state_timeout(struct stay_conn *conn, uint64_t ms)
{
	stay__timing_ask(conn, ms);
}

uint64_t
stay__conn_clock(const struct stay_conn *conn, enum stay__client_clock clock)
{
	return stay__timing_at(&conn->timers,
	    (enum stay__conn_clock)(STAY__CLOCK_CLIENT + (int)clock));
}

void
stay__conn_set_clock(
    struct stay_conn *conn, enum stay__client_clock clock, uint64_t at)
{
	stay__timing_set(conn->loop, &conn->timers,
	    (enum stay__conn_clock)(STAY__CLOCK_CLIENT + (int)clock), at);
}

void
stay__conn_rest(struct stay_conn *conn)
{
	stay__stream_hibernate(conn);
	stay__mailbox_rest(&conn->mail);
	stay__callers_rest(&conn->rare->callers);
	stay__step_rest(conn);
	stay__report_rest(conn);
}

struct stay__slab *
stay__stream_slab(const struct stay_conn *conn)
{
	return conn->stream.input.slab;
}

bool
stay__stream_ended_in_order(const struct stay_conn *conn)
{
	return conn->stream.link.has_ended;
}

char *
stay__stream_bytes(struct stay_conn *conn)
{
	return stay__input_bytes(&conn->stream.input);
}
