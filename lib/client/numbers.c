/*
 * What a client adds to the numbers of its loop. It counts all this anyway, and it is
 * added up when somebody asks.
 */
#include "client/numbers.h"

#include "client/client.h"
#include "loop/meter.h"

void
stay__numbers_past(const struct stay_client *client, struct stay__numbers *to)
{
	const struct stay__traffic *traffic = &client->traffic;
	const struct stay__tally tally = stay__calls_tally(client);

	for (size_t i = 0; i < STAY_OUTCOME_COUNT; i++)
		to->CALLS[i] += tally.outcomes[i];
	to->REJECTED[0] += traffic->rejected;
	to->RESENT[0] += tally.resent;
	to->LATE[0] += traffic->orphans;
	to->PUSHES[0] += traffic->pushes;
	to->IO[0] += traffic->bytes_out;
	to->IO[1] += traffic->bytes_in;
}

void
stay__numbers_live(const struct stay_client *client, struct stay__numbers *to)
{
	struct stay_client_counts counts = { STAY_CLIENT_COUNTS };

	stay_client_get_counts(client, &counts);
	to->QUEUED[0] += counts.queued;
	to->IN_FLIGHT[0] += counts.in_flight;
	to->GIVEN_UP[0] += counts.tombstones;
	to->QUEUED_BYTES[0] += counts.queued_bytes;
	to->SENT_BYTES[0] += counts.in_flight_bytes;
	to->WAITING[0] += counts.waiting;
	to->HELD[0] += counts.held_bytes;
}

void
stay__numbers_gone(const struct stay_client *client)
{
	struct stay__meter *meter = client->loop->meter;

	if (meter != NULL)
		stay__numbers_past(
		    client, &stay__meter_system(
				meter, client->profile->protocol.top.name)
				 ->past);
}
