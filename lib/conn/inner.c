/*
 * What a client reads from its connection, and what it may change while the
 * connection runs. This file does not know the client.
 */
#include "conn/inner.h"

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
stay__conn_retune(struct stay_conn *conn,
    const struct stay_socket_options *socket, uint64_t stop_budget_ms,
    const struct stay_backoff_policy *backoff)
{
	stay__timing_retune(conn, stop_budget_ms, backoff);
	stay__stream_set_socket(conn, socket);
}

const struct stay_socket_options *
stay__conn_socket(const struct stay_conn *conn)
{
	return stay__stream_socket(conn);
}

char *
stay__conn_relabel(struct stay_conn *conn, char *label)
{
	char *old = conn->label;

	conn->label = label;
	return old;
}

void
stay__conn_set_client(
    struct stay_conn *conn, const struct stay__client_ops *ops)
{
	conn->client = ops;
}

struct stay__slab *
stay__stream_slab(const struct stay_conn *conn)
{
	return conn->stream.input.slab;
}

char *
stay__stream_bytes(struct stay_conn *conn)
{
	return stay__input_bytes(&conn->stream.input);
}
