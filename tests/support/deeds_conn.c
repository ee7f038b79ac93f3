/* The deeds that need a connection of whatever kind: its mail, its end. */
#include "deeds.h"
#include "support/inside.h"

/* So many entries back is far enough. */
#define BACK_MAX 64

static enum stay_state
state(const struct deed_at *at)
{
	return stay_conn_state(at->conn);
}

static bool
is_stopping(const struct deed_at *at)
{
	return inside_admission(at->conn) == STAY__ADMIT_CLOSED;
}

/* ---- messages ---- */

static void
release(void *data)
{
	deed_told(data, STAY_OK);
}

static struct stay_message
message_of(const struct deed_at *at, enum deed_kind kind, int tag)
{
	struct stay_message message =
	    stay_message_make(tag, deed_accept(at, kind, "a message"));

	message.release = release;
	return message;
}

struct stay_reply
deed_reply(const struct deed_at *at)
{
	struct stay_reply reply =
	    stay_reply_data(deed_accept(at, DEED_REPLY, "a reply"));

	reply.release = release;
	return reply;
}

static void
sent(const struct deed_at *at, struct deed_entry *entry,
    enum stay_status status, enum stay_status expected)
{
	books_sent(at, entry, status);
	SAYS(status, expected);
	if (status != STAY_OK)
		deed_refuse(entry);
}

enum stay_status
deed_mail(const struct deed_at *at, deed_send_fn *send, int tag)
{
	struct stay_message message = message_of(at, DEED_LETTER, tag);
	bool closed = send == stay_conn_cast ? !stay_conn_admits(at->conn)
					     : is_stopping(at);
	enum stay_status status;

	STATUS_OF(status, send(at->conn, message));
	sent(at, message.data, status, closed ? STAY_E_DRAINING : STAY_OK);
	return status;
}

void
do_send(const struct deed_at *at)
{
	deed_mail(at, stay_conn_send, 1);
}

void
do_next_event(const struct deed_at *at)
{
	deed_mail(at, stay_conn_next_event, 1);
}

void
do_cast(const struct deed_at *at)
{
	deed_mail(at, stay_conn_cast, 1);
}

/* ---- calls ---- */

static void
called(void *arg, const struct stay_reply *reply)
{
	deed_told(arg, reply->status);
}

struct deed_entry *
deed_call_conn(const struct deed_at *at, int tag, uint64_t timeout_ms)
{
	struct stay_message message = message_of(at, DEED_LETTER, tag);
	struct deed_entry *entry =
	    deed_accept(at, DEED_CALL, "a call of the connection");
	bool closed = !stay_conn_admits(at->conn) ||
		      inside_admission(at->conn) == STAY__ADMIT_CASTS;
	enum stay_status status;

	STATUS_OF(status, stay_conn_call(at->conn, message, timeout_ms, called,
			      entry, &entry->from));
	sent(at, entry, status, closed ? STAY_E_DRAINING : STAY_OK);
	if (status == STAY_OK)
		return entry;
	deed_refuse(message.data);
	return NULL;
}

void
do_call_conn(const struct deed_at *at)
{
	deed_call_conn(at, 1, 0);
	deed_call_conn(at, 1, books_ms(1, 1000));
}

/* A client takes neither, and stops when one is there. */
void
do_ask_in_vain(const struct deed_at *at)
{
	bool cast = deed_mail(at, stay_conn_cast, 1) == STAY_OK;
	bool call = deed_call_conn(at, 1, 0) != NULL;

	if (cast || call)
		books_will(at, WILL_DRAIN, STAY_FOREVER);
}

static enum stay_status
cancel_from(const struct deed_at *at, struct stay_from from)
{
	enum stay_status status;

	STATUS_OF(status, stay_from_cancel(at->loop, from));
	return status;
}

enum stay_status
deed_answer(const struct deed_at *at, struct stay_from from)
{
	struct stay_reply reply = deed_reply(at);
	enum stay_status status;

	STATUS_OF(status, stay_from_answer(at->loop, from, reply));
	if (status != STAY_OK)
		deed_refuse(reply.data);
	return status;
}

void
do_call_conn_and_cancel(const struct deed_at *at)
{
	struct deed_entry *entry = deed_call_conn(at, 1, 0);

	if (entry == NULL)
		return;
	HOLDS(cancel_from(at, entry->from) == STAY_OK);
	HOLDS(cancel_from(at, entry->from) == STAY_E_STALE);
}

/* Each of the last calls of its own; what is over stays so. */
static void
end_calls(const struct deed_at *at,
    enum stay_status (*end)(const struct deed_at *at, struct stay_from from))
{
	struct stay__list *node = deed_entries.prev;

	for (unsigned i = 0; i < BACK_MAX && node != &deed_entries; i++) {
		const struct deed_entry *entry = deed_entry_at(node);

		node = node->prev;
		if (entry->from.token.generation == 0 ||
		    entry->user != at->user)
			continue;
		if (entry->told == 0)
			end(at, entry->from);
		HOLDS(end(at, entry->from) == STAY_E_STALE);
	}
	HOLDS(end(at, (struct stay_from){ { 0, 0 } }) == STAY_E_STALE);
}

void
do_call_cancel(const struct deed_at *at)
{
	end_calls(at, cancel_from);
}

void
do_answer(const struct deed_at *at)
{
	end_calls(at, deed_answer);
}

/* ---- the end ---- */

static void
stop(const struct deed_at *at, enum stay_status reason)
{
	books_will(at, WILL_STOP, 0);
	INSIDE(stay_conn_stop(at->conn, reason));
}

void
do_stop(const struct deed_at *at)
{
	stop(at, STAY_E_IO);
	do_send(at);
	stop(at, STAY_OK);
}

static void
drain(const struct deed_at *at, uint64_t ms)
{
	books_will(at, WILL_DRAIN, ms);
	INSIDE(stay_conn_drain(at->conn, ms));
}

void
do_drain_at_once(const struct deed_at *at)
{
	drain(at, 0);
	do_cast(at);
}

void
do_drain(const struct deed_at *at)
{
	drain(at, 30);
	drain(at, STAY_FOREVER);
	do_send(at);
	drain(at, books_ms(30, 2000));
}

/* ---- the change ---- */

static void
reconnect(const struct deed_at *at)
{
	books_will(at, WILL_RECONNECT, 0);
	INSIDE(stay_conn_reconnect(at->conn, STAY_E_IO));
}

void
do_reconnect(const struct deed_at *at)
{
	reconnect(at);
	do_send(at);
}

void
do_reconnect_and_stop(const struct deed_at *at)
{
	reconnect(at);
	stop(at, STAY_OK);
	reconnect(at);
}

static void
upgraded(void *arg, enum stay_status status)
{
	deed_told(arg, status);
}

/* To `next`, or to what the books choose. */
static void
upgrade(const struct deed_at *at, const struct stay_behaviour *next)
{
	struct deed_entry *entry = deed_accept(at, DEED_UPGRADE, "an upgrade");
	bool may = state(at) != STAY_STARTING && state(at) < STAY_STOPPING;
	enum stay_status status;

	if (next == NULL)
		next = books_next(entry);
	STATUS_OF(
	    status, stay_conn_upgrade(at->conn, next, NULL, upgraded, entry));
	sent(at, entry, status, may ? STAY_OK : STAY_E_STATE);
}

void
do_upgrade(const struct deed_at *at)
{
	upgrade(at, NULL);
}

void
do_upgrade_in_vain(const struct deed_at *at)
{
	static const struct stay_behaviour refusing = { STAY_BEHAVIOUR,
		.name = "refusing" };

	upgrade(at, &refusing);
}

/* ---- what there is besides ---- */

void
deed_state_timeout(const struct deed_at *at, uint64_t ms, int tag)
{
	struct stay_message message = message_of(at, DEED_TIMER, tag);
	enum stay_status status;

	STATUS_OF(status, stay_conn_set_state_timeout(at->conn, ms, message));
	sent(at, message.data, status,
	    state(at) == STAY_STOPPED ? STAY_E_STATE : STAY_OK);
}

void
do_state_timeout(const struct deed_at *at)
{
	deed_state_timeout(at, books_ms(5, 1000), 1);
}

void
do_state_timeout_thrice(const struct deed_at *at)
{
	deed_state_timeout(at, 1, 1);
	deed_state_timeout(at, 5, 1);
	deed_state_timeout(at, STAY_FOREVER, 1);
}

void
do_ask_the_connection(const struct deed_at *at)
{
	struct stay_backoff backoff = { .policy = stay_backoff_default() };
	char text[512];

	HOLDS(stay_conn_explain(at->conn, text, sizeof(text)) > 0);
	INSIDE(stay_conn_failure(at->conn));
	INSIDE(stay_conn_due_ms(at->conn));
	INSIDE(stay_conn_admits(at->conn));
	INSIDE(stay_conn_data(at->conn));
	HOLDS(stay_conn_loop(at->conn) == at->loop);
	HOLDS(stay_conn_number(at->conn) > 0);
	HOLDS(stay_conn_label(at->conn)[0] != '\0');
	HOLDS(stay_backoff_next(at->conn, &backoff) > 0);
}

/* From outside it runs the loop, and with it callbacks. */
void
do_await(const struct deed_at *at)
{
	if (at->inside)
		GIVES(STAY_E_REENTRANT, stay_conn_await(at->conn, 100));
	else
		HOLDS(stay_conn_await(at->conn, books_ms(0, 500)) !=
		      STAY_E_REENTRANT);
}
