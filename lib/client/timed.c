/*
 * How long calls take, counted in the numbers of their loop, by what they are called.
 * It is the only thing that is counted with each call for who watches: see numbers.c.
 */
#include "client/timed.h"

#include "client/client.h"
#include "loop/meter.h"

/* What several requests in one call are called, as OpenTelemetry has it. */
static const char batch[] = "BATCH";

void
stay__timed_begin(struct stay__calls *calls)
{
	struct stay__meter *meter = calls->loop->meter;

	calls->begin_with &= ~STAY__HISTORY_TIMED;
	calls->timed_from = UINT64_MAX;
	if (meter == NULL)
		return;
	calls->begin_with |= STAY__HISTORY_TIMED;
	calls->timed_from = stay__loop_now(calls->loop);
	calls->system = stay__meter_system(
	    meter, calls->client->profile->protocol.top.name);
}

/* What a call is called in its system. */
static uint8_t
row_of(const struct stay__calls *calls, struct stay__timed timed)
{
	stay_operation_fn *name =
	    calls->client->profile->protocol.call.operation;

	if (timed.is_group)
		return stay__system_row(calls->system, batch);
	return stay__system_row(
	    calls->system, name == NULL ? NULL : name(timed.tag));
}

/* What was accepted before somebody counted may have begun in another meter. */
void
stay__timed_end(const struct stay__calls *calls, struct stay__timed timed,
    enum stay_outcome outcome, uint64_t count)
{
	size_t series;

	if (timed.since < calls->timed_from)
		return;
	series = row_of(calls, timed) * (size_t)STAY_OUTCOME_COUNT + outcome;
	stay__histogram_add_many(&calls->system->durations.LATENCY[series],
	    stay__fast_bounds, stay__loop_now(calls->loop) - timed.since,
	    count);
}
