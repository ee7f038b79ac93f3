/*
 * What the flight recorder keeps of a call and of a session. A call without a token is
 * one of those that a write or a read is about; one with a token has a story of its own.
 */
#include "client/recorded.h"

#include "client/client.h"
#include "loop/recorder.h"

static void
record(
    const struct stay__call *call, enum stay__record_kind kind, uint64_t what)
{
	const struct stay_client *client = call->owner->client;

	stay__record(client->loop, stay_conn_number(client->conn), kind,
	    stay__record_token(stay__call_extras(call)->id), what);
}

void
stay__recorded_call(const struct stay__call *call)
{
	record(call, STAY__RECORD_CALL_BEGUN, 0);
}

void
stay__recorded_sent(const struct stay__call *call)
{
	record(call, STAY__RECORD_CALL_SENT, call->resends);
}

void
stay__recorded_over(const struct stay__call *call, enum stay_status status,
    enum stay_outcome outcome)
{
	record(call, STAY__RECORD_CALL_OVER,
	    (uint64_t)status << 32 | (uint64_t)outcome);
}

void
stay__recorded_failed(const struct stay__call *call)
{
	if (call->status != STAY_OK && !(call->history & STAY__HISTORY_NAMED))
		record(call, STAY__RECORD_CALL_FAILED,
		    (uint64_t)call->status << 32 | (uint64_t)call->outcome);
}

void
stay__recorded_write(const struct stay_client *client, size_t len)
{
	stay__record(client->loop, stay_conn_number(client->conn),
	    STAY__RECORD_WROTE, len, client->calls->counts.in_flight);
}

void
stay__recorded_read(
    const struct stay_client *client, size_t len, uint64_t replies)
{
	stay__record(client->loop, stay_conn_number(client->conn),
	    STAY__RECORD_READ, len, replies);
}
