/*
 * Admission (promise 7): whether a call is accepted. There must be a session or
 * room to wait for one, and the queue must be within its bounds. A queue that
 * fills up is reported before it is full (high water), and once more when it
 * has emptied (low water). The two marks lie apart, so that a queue that hovers
 * about one of them is reported once. The report has a turn of its own and
 * never runs inside a public call.
 */
#include "client/client.h"

static uint64_t
share(uint64_t of, uint64_t percent)
{
	return of / 100 * percent + of % 100 * percent / 100;
}

/* The high mark of a queue with this bound. */
static uint64_t
high_mark(const struct stay_client_options *options, uint64_t bound)
{
	uint64_t mark = share(bound, options->queue_high_percent);

	return mark > 0 ? mark : 1;
}

static void
tell_mark(struct stay__task *task)
{
	struct stay__calls *calls =
	    STAY__CONTAINER(task, struct stay__calls, water.task);
	struct stay_client *client = calls->client;
	const struct stay_client_options *options = &client->profile->options;
	struct stay__water *water = &calls->water;
	stay_water_fn *notice =
	    water->high ? options->on_high_water : options->on_low_water;

	if (water->high == water->told)
		return;
	water->told = water->high;
	if (notice != NULL)
		notice(client->arg, client->conn);
}

void
stay__admission_begin(struct stay_client *client)
{
	stay__task_init(&client->calls->water.task, tell_mark);
	stay__admission_set_marks(client);
}

void
stay__admission_end(struct stay_client *client)
{
	stay__task_cancel(&client->calls->water.task);
}

bool
stay__admission_rests(const struct stay_client *client)
{
	return !client->calls->water.high && !client->calls->water.told;
}

/* While the queue is high only its bounds matter; what the send buffer refuses at its
 * own is not asked here. While callers stand in line every call is checked, and while
 * none is accepted; so is the first one at rest, when there is nobody to set a mark for. */
void
stay__admission_set_marks(struct stay_client *client)
{
	const struct stay_client_options *options = &client->profile->options;
	struct stay__water *water = &client->calls->water;

	if (client->calls->client == NULL)
		return;
	water->calls = options->queue_calls_max;
	water->bytes = options->queue_bytes_max;
	if (stay__waiters_are_ahead(client) || stay__lend_is_shut(client))
		water->calls = 0;
	if (water->high || water->calls == 0)
		return;
	water->calls = high_mark(options, options->queue_calls_max);
	water->bytes = high_mark(options, options->queue_bytes_max);
}

static void
pass_mark(struct stay_client *client, bool high)
{
	client->calls->water.high = high;
	stay__admission_set_marks(client);
	stay__loop_run_soon(client->loop, &client->calls->water.task);
}

static bool
is_high(const struct stay_client *client)
{
	const struct stay_client_options *options = &client->profile->options;

	return client->calls->counts.queued >=
		   high_mark(options, options->queue_calls_max) ||
	       client->calls->sendbuf.live >=
		   high_mark(options, options->queue_bytes_max);
}

static bool
is_low(const struct stay_client *client)
{
	const struct stay_client_options *options = &client->profile->options;
	uint64_t low = options->queue_low_percent;

	return client->calls->counts.queued <=
		   share(options->queue_calls_max, low) &&
	       client->calls->sendbuf.live <=
		   share(options->queue_bytes_max, low);
}

enum stay_status
stay__admission_rise(struct stay_client *client)
{
	if (stay__lend_is_shut(client))
		return STAY_E_OFFLINE;
	if (!client->calls->water.high && is_high(client))
		pass_mark(client, true);
	if (stay__waiters_are_ahead(client) &&
	    !stay__waiters_are_serving(client))
		return STAY_E_FULL;
	if (client->calls->untold >= client->profile->calls.untold_max)
		return STAY_E_FULL;
	return client->calls->counts.queued >=
		       client->profile->options.queue_calls_max
		   ? STAY_E_FULL
		   : STAY_OK;
}

void
stay__admission_fall(struct stay_client *client)
{
	stay__waiters_move_on(client);
	if (client->calls->water.high && is_low(client))
		pass_mark(client, false);
}

enum stay_status
stay__admission_offline(const struct stay_client *client)
{
	if (client->profile->options.offline == STAY_OFFLINE_FAIL)
		return STAY_E_OFFLINE;
	return client->rejecting;
}

enum stay_status
stay__admission_status(const struct stay_client *client)
{
	if (*client->admission > STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	if (stay__lend_is_shut(client))
		return STAY_E_OFFLINE;
	return stay__admission_session(client);
}
