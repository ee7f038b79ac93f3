/*
 * Gives a connection a block of its own for what few connections have, and takes it
 * back. What is in it is not known here.
 */
#include "conn/rare.h"

#include "base/mem.h"
#include "conn/conn.h"

static const struct stay__conn_rare nothing = {
	.callers = (struct stay__callers *)(uintptr_t)&stay__no_callers
};

static void
share(struct stay_conn *conn)
{
	conn->rare = (struct stay__conn_rare *)(uintptr_t)&nothing;
}

void
stay__conn_rare_init(struct stay_conn *conn)
{
	if (conn->rare == NULL)
		share(conn);
	else
		stay__callers_init(&conn->rare->callers);
}

bool
stay__conn_rare_begin(struct stay_conn *conn)
{
	struct stay__conn_rare *rare;

	if (conn->rare != &nothing)
		return true;
	rare = stay__zalloc(sizeof(*rare));
	if (rare == NULL)
		return false;
	*rare = nothing;
	conn->rare = rare;
	return true;
}

/* That of a program's connection is in one piece with it. */
void
stay__conn_rare_fini(struct stay_conn *conn)
{
	if (stay__conn_client(conn) != NULL && conn->rare != &nothing)
		stay__free(conn->rare);
	share(conn);
}
