/*
 * What a client asks about its connection, and may change of it while it runs.
 * It knows no client.
 */
#include "conn/inner.h"

#include "conn/conn.h"

const enum stay__admission *
stay__conn_admission(const struct stay_conn *conn)
{
	return &conn->admission;
}

const struct stay_behaviour *
stay__conn_behaviour(const struct stay_conn *conn)
{
	return conn->behaviour;
}

enum stay_status
stay__conn_reason(const struct stay_conn *conn)
{
	return conn->reason;
}

void
stay__conn_retune(struct stay_conn *conn,
    const struct stay_socket_options *socket, uint64_t stop_budget_ms,
    const struct stay_backoff_policy *backoff)
{
	conn->options.stop_budget_ms = stop_budget_ms;
	conn->backoff.policy = *backoff;
	conn->link.socket = *socket;
}

char *
stay__conn_relabel(struct stay_conn *conn, char *label)
{
	char *old = conn->label;

	conn->label = label;
	return old;
}

struct stay__slab *
stay__stream_slab(const struct stay_conn *conn)
{
	return conn->input.slab;
}

char *
stay__stream_bytes(struct stay_conn *conn)
{
	return stay__input_bytes(&conn->input);
}
