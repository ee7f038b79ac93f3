/* The deeds that need a client: its calls, its line, its end and its change. */
#include <string.h>

#include "deeds.h"
#include "line_protocol.h"
#include "support/counts.h"
#include "support/inside.h"

/* ---- calls ---- */

void
do_call(const struct deed_at *at)
{
	books_submit(at, 0, 0);
}

void
do_call_with_all_time(const struct deed_at *at)
{
	books_submit(at, STAY_FOREVER, STAY_IDEMPOTENT);
}

void
do_call_with_little_time(const struct deed_at *at)
{
	books_submit(at, books_ms(1, 2000), 0);
}

void
do_call_with_a_body(const struct deed_at *at)
{
	books_body(at, books_ms(30, 3000));
}

void
do_call_as_a_group(const struct deed_at *at)
{
	books_group(at);
}

void
do_call_of_unknown_size(const struct deed_at *at)
{
	struct stay_call_options options = { .size = 1 };

	books_will(at, WILL_REJECT, 0);
	GIVES(STAY_E_ABI, stay_client_call_with(at->client, LINE("say +1"),
			      &options, NULL, NULL));
}

void
do_call_without_done(const struct deed_at *at)
{
	bool admits = stay_conn_admits(at->conn);
	enum stay_status status;

	STATUS_OF(
	    status, stay_client_call(at->client, LINE("say +1"), NULL, NULL));
	HOLDS(admits ? status == STAY_OK || status == STAY_E_FULL ||
			   status == inside_rejects(at->client)
		     : status == STAY_E_DRAINING);
}

static enum stay_status
cancel(const struct deed_at *at, const struct deed_call *call)
{
	uint64_t in_flight = counts_of(at->client).in_flight;
	enum stay_status status;

	STATUS_OF(status, stay_client_cancel(at->client, call->id));
	if (status == STAY_OK)
		books_cancelled(at, call, in_flight);
	return status;
}

static void
cancel_twice(const struct deed_at *at, struct deed_call call)
{
	if (call.id.token.generation == 0)
		return;
	HOLDS(cancel(at, &call) == STAY_OK);
	HOLDS(cancel(at, &call) == STAY_E_STALE);
}

void
do_call_and_cancel(const struct deed_at *at)
{
	cancel_twice(at, books_submit(at, 0, STAY_IDEMPOTENT));
}

/* What is not yet told may be over all the same. */
void
do_cancel(const struct deed_at *at)
{
	struct deed_call calls[DEED_CALLS_MAX];
	size_t count = books_calls(at, calls);

	for (size_t i = 0; i < count; i++) {
		if (!calls[i].over)
			cancel(at, &calls[i]);
		HOLDS(cancel(at, &calls[i]) == STAY_E_STALE);
	}
	HOLDS(cancel(at, &(struct deed_call){ 0 }) == STAY_E_STALE);
}

/* ---- room, and replies that are kept ---- */

void
do_wait(const struct deed_at *at)
{
	books_line_up(at, 0);
	do_call(at);
}

void
do_wait_with_little_time(const struct deed_at *at)
{
	books_line_up(at, books_ms(1, 1000));
}

void
do_wait_and_cancel(const struct deed_at *at)
{
	cancel_twice(at, books_line_up(at, 0));
}

/* The line protocol copies whatever text it is given. */
void
do_hold(const struct deed_at *at)
{
	bool has_frame = inside_has_frame(at->client);
	struct stay_held *held;
	enum stay_status status;

	STATUS_OF(status, stay_held_new(at->client, "text", &held));
	HOLDS(status == (has_frame ? STAY_OK : STAY_E_STATE));
	if (status == STAY_OK)
		HOLDS(strcmp(stay_held_reply(held), "text") == 0);
	INSIDE(stay_held_free(held));
}

/* ---- its end and change ---- */

void
do_client_stop(const struct deed_at *at)
{
	books_will(at, WILL_STOP, 0);
	INSIDE(stay_client_stop(at->client, STAY_E_IO));
	do_call(at);
}

void
do_client_drain(const struct deed_at *at)
{
	uint64_t ms = books_ms(30, 2000);

	books_will(at, WILL_DRAIN, ms);
	INSIDE(stay_client_drain(at->client, ms));
	do_call(at);
}

void
do_client_reconnect(const struct deed_at *at)
{
	do_call(at);
	books_will(at, WILL_RECONNECT, 0);
	INSIDE(stay_client_reconnect(at->client, STAY_OK));
	do_call(at);
}

/* As whoever is told of it beside the stream. */
void
do_leave(const struct deed_at *at)
{
	struct stay_session *session = stay_client_session(at->client);

	if (session == NULL)
		return;
	books_leave(at, session, books_ms(20, 2000));
	do_call(at);
}

/* As a front does, from wherever it is. */
void
do_say(const struct deed_at *at)
{
	struct stay_session *session = stay_client_session(at->client);

	if (session == NULL)
		return;
	books_say(at, session);
	do_call(at);
}

void
do_reconfigure(const struct deed_at *at)
{
	books_reconfigure(at, false);
	do_call(at);
}

/* The first one never takes effect, and its config is given back. */
void
do_reconfigure_twice(const struct deed_at *at)
{
	books_reconfigure(at, true);
	books_reconfigure(at, true);
}

void
do_ask_the_client(const struct deed_at *at)
{
	INSIDE(counts_of(at->client));
	INSIDE(stay_client_keep(at->client));
	INSIDE(stay_client_config(at->client));
	HOLDS(stay_client_conn(at->client) == at->conn);
	HOLDS(stay_client_of(at->conn) == at->client);
}
