/*
 * Gives the calls of a client a block when the first of them is submitted, and takes
 * it back when the client has been quiet for a second. Nobody else asks whether it is
 * there: at rest a client has the one block without calls, which nobody may write.
 * So a call that is submitted may fail for want of memory; what ends calls, or finds
 * none, needs none.
 */
#include "client/rest.h"

#include "client/client.h"
#include "client/tagged.h"
#include "client/timed.h"

#define NO_CALLS(list)                                                         \
	{                                                                      \
		(struct stay__list *)(uintptr_t)&stay__no_calls.list,          \
		    (struct stay__list *)(uintptr_t)&stay__no_calls.list       \
	}

const struct stay__calls stay__no_calls = {
	.sealed = UINT64_MAX,
	.queued = NO_CALLS(queued),
	.in_flight = NO_CALLS(in_flight),
	.refused = NO_CALLS(refused),
	.finished = NO_CALLS(finished),
};

bool
stay__calls_are_at_rest(const struct stay_client *client)
{
	return client->calls == &stay__no_calls;
}

static void
fall_asleep(struct stay_client *client)
{
	client->calls = (struct stay__calls *)(uintptr_t)&stay__no_calls;
}

void
stay__calls_begin(struct stay_client *client)
{
	fall_asleep(client);
	stay__calls_retune(client);
}

void
stay__calls_end(struct stay_client *client)
{
	if (stay__calls_are_at_rest(client))
		return;
	stay__admission_end(client);
	stay__calls_fini(client->calls);
	stay__tagged_fini(client->calls);
	stay__free(client->calls);
	fall_asleep(client);
}

/* ---- what is over ---- */

static uint64_t
submitted_in(const struct stay__past *past)
{
	uint64_t submitted = 0;

	for (size_t i = 0; i < STAY_OUTCOME_COUNT; i++)
		submitted += past->outcomes[i];
	return submitted;
}

struct stay__tally
stay__calls_tally(const struct stay_client *client)
{
	const struct stay__calls *calls = client->calls;
	struct stay__tally tally = { submitted_in(&client->past),
		client->past.resent, { 0 } };
	bool rests = stay__calls_are_at_rest(client);

	for (size_t i = 0; i < STAY_OUTCOME_COUNT; i++)
		tally.outcomes[i] =
		    rests ? client->past.outcomes[i] : calls->outcomes[i];
	if (!rests) {
		tally.submitted = calls->counts.submitted;
		tally.resent = calls->counts.resent;
	}
	return tally;
}

static void
remember(struct stay__calls *calls, const struct stay__past *past)
{
	calls->counts.submitted = calls->resend_seen = submitted_in(past);
	calls->counts.resent = past->resent;
	calls->resend_left = past->resend_left;
	for (size_t i = 0; i < STAY_OUTCOME_COUNT; i++)
		calls->outcomes[i] = past->outcomes[i];
}

/* Each outcome is of a call that was submitted, and so is what was sent again. */
static void
take_down(struct stay__past *past, struct stay__calls *calls)
{
	stay__calls_save(calls);
	past->resent = (uint32_t)calls->counts.resent;
	past->resend_left = calls->resend_left;
	for (size_t i = 0; i < STAY_OUTCOME_COUNT; i++)
		past->outcomes[i] = (uint32_t)calls->outcomes[i];
	assert(submitted_in(past) == calls->counts.submitted);
}

/* ---- a block, and none ---- */

bool
stay__calls_wake(struct stay_client *client)
{
	const struct stay__profile *profile = client->profile;
	struct stay__calls *calls;

	if (!stay__calls_are_at_rest(client))
		return true;
	calls = stay__zalloc(sizeof(*calls));
	if (calls == NULL)
		return false;
	stay__calls_init(calls, client->loop, &profile->hooks->calls,
	    &profile->calls, profile->options.queue_bytes_max);
	calls->client = client;
	calls->session = client->session.generation;
	remember(calls, &client->past);
	client->calls = calls;
	if (client->loop->meter != NULL)
		stay__timed_begin(calls);
	stay__admission_begin(client);
	return true;
}

/* Who has made four thousand million calls keeps the block. */
static bool
may_rest(const struct stay__calls *calls)
{
	return stay__calls_are_none(calls) && calls->tagged == NULL &&
	       calls->untold == 0 && calls->half == NULL &&
	       calls->spare == NULL && calls->sendbuf.buf.data == NULL &&
	       calls->sealed == UINT64_MAX && !calls->asks_first &&
	       calls->counts.submitted <= UINT32_MAX &&
	       calls->counts.resent <= UINT32_MAX;
}

void
stay__calls_rest(struct stay_client *client)
{
	if (stay__calls_are_at_rest(client) || !may_rest(client->calls) ||
	    !stay__admission_rests(client))
		return;
	take_down(&client->past, client->calls);
	stay__calls_end(client);
}

void
stay__calls_retune(struct stay_client *client)
{
	const struct stay__profile *profile = client->profile;

	client->past.resend_left = profile->calls.resend_cap;
	if (stay__calls_are_at_rest(client))
		return;
	client->calls->sendbuf.max = profile->options.queue_bytes_max;
	stay__calls_save_again(client->calls);
}
