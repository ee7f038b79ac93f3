/* The deeds that need the stream of a behaviour of the program's own. */
#include <stay/stream.h>

#include "deeds.h"
#include "sim/world_sim.h"

#define NOWHERE "10.0.0.9"

/* What a dial says here. */
static enum stay_status
of_dial(const struct deed_at *at)
{
	return stay_conn_state(at->conn) == STAY_CONNECTING ? STAY_OK
							    : STAY_E_STATE;
}

void
do_dial(const struct deed_at *at)
{
	GIVES(of_dial(at), stay_stream_dial(at->conn, "tcp://10.0.0.1:7777"));
}

void
do_dial_nowhere(const struct deed_at *at)
{
	const struct stay_target targets[] = { stay_target_make(
						   "tcp", NOWHERE, "7", ""),
		stay_target_make("unix", "", "", "/nowhere") };

	GIVES(of_dial(at), stay_stream_dial_to(at->conn, targets, 2));
	GIVES(of_dial(at), stay_stream_dial_to(at->conn, targets, 1));
}

/* Descriptors that are refused stay ours. */
void
do_adopt(const struct deed_at *at)
{
	enum stay_status status;
	int fd;

	sim_adopted(at->world, NULL, NULL, &fd);
	STATUS_OF(status, stay_stream_adopt(at->conn, fd, fd));
	if (status != STAY_OK)
		at->world->ops->close(at->world, fd);
	SAYS(status, of_dial(at));
}

void
do_stream_send(const struct deed_at *at)
{
	books_stream_send(at);
}

void
do_want_write(const struct deed_at *at)
{
	char text[64];

	INSIDE(stay_stream_is_open(at->conn));
	INSIDE(stay_stream_describe(at->conn, text, sizeof(text)));
	INSIDE(stay_stream_want_write(at->conn));
}

void
do_stream_write(const struct deed_at *at)
{
	char bytes[] = "say hi\n";
	const struct iovec part = { bytes, 7 };
	size_t taken;

	GIVES(STAY_OK, stay_stream_write(at->conn, &part, 1, &taken));
}

void
do_keep(const struct deed_at *at)
{
	INSIDE(stay_stream_set_keep_max(at->conn, 100));
	INSIDE(stay_stream_input(at->conn));
	GIVES(STAY_E_TOO_BIG, stay_stream_keep(at->conn, 1, 200));
	GIVES(STAY_OK, stay_stream_keep(at->conn, 1, 10));
}

void
do_again(const struct deed_at *at)
{
	GIVES(STAY_E_ARG, stay_stream_again(at->conn, 0));
	GIVES(STAY_OK, stay_stream_again(at->conn, 1));
}
