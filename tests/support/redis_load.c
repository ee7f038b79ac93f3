/* Knows nothing of what happens to the server. */
#include "redis_load.h"
#include "support/counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

static void submit(struct load_call *call);

static void
check_balance(struct redis_load *load)
{
	struct stay_client_counts counts =
	    counts_of(stay_redis_client(load->redis));

	if (counts.submitted != counts.replied + counts.sent + counts.refused +
				    counts.not_sent + counts.maybe_executed +
				    counts.queued + counts.in_flight)
		load->wrong++;
}

static void
check_echo(struct load_call *call, const struct stay_redis_reply *reply)
{
	char expected[24];

	snprintf(expected, sizeof(expected), "%" PRIu64, call->nonce);
	if (strcmp(stay_redis_str(reply), expected) == 0)
		call->load->echoed++;
	else
		call->load->wrong++;
}

/* Nobody else counts: what is answered goes up from answer to answer. */
static void
check_count(struct load_call *call, const struct stay_redis_reply *reply)
{
	int64_t counter = stay_redis_integer(reply, NULL);

	if (counter <= call->load->counter)
		call->load->wrong++;
	call->load->counter = counter;
	call->load->counted++;
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct load_call *call = arg;
	struct redis_load *load = call->load;
	bool good = result->status == STAY_OK;

	if (call->nonce == 0)
		load->wrong++; /* told twice */
	load->outcomes[result->outcome]++;
	load->under_way--;
	if (good && call->echoes)
		check_echo(call, result->reply);
	else if (good)
		check_count(call, result->reply);
	else if (!call->echoes && result->outcome == STAY_MAYBE_EXECUTED)
		load->unsure++;
	if (!good && result->outcome == STAY_REPLIED)
		load->wrong++; /* an error that no fault explains */
	call->nonce = 0;
	if (good && !load->over)
		submit(call);
}

static void
submit(struct load_call *call)
{
	static uint64_t nonce;
	struct redis_load *load = call->load;
	enum stay_status status;

	nonce++;
	call->echoes = nonce % 2 == 0;
	if (call->echoes)
		status = stay_redis_command(
		    load->redis, on_done, call, "ECHO %" PRIu64, nonce);
	else
		status = stay_redis_command(
		    load->redis, on_done, call, "INCR %s", load->key);
	if (status != STAY_OK) {
		load->wrong += status != STAY_E_DENIED;
		load->refused++;
		return;
	}
	call->nonce = nonce;
	load->submitted++;
	load->under_way++;
}

void
redis_load_begin(
    struct redis_load *load, struct stay_redis *redis, const char *name)
{
	memset(load, 0, sizeof(*load));
	load->redis = redis;
	snprintf(load->key, sizeof(load->key), "count:%s", name);
	for (int i = 0; i < LOAD_CALLS; i++)
		load->calls[i].load = load;
	redis_load_fill(load);
}

void
redis_load_fill(struct redis_load *load)
{
	if (load->over)
		return;
	for (int i = 0; i < LOAD_CALLS; i++)
		if (load->calls[i].nonce == 0)
			submit(&load->calls[i]);
	check_balance(load);
}

void
redis_load_end(struct redis_load *load, uint64_t budget_ms)
{
	load->over = true;
	stay_redis_drain(load->redis, budget_ms);
	load->redis = NULL;
}

void
redis_load_check(const struct redis_load *load, int64_t counter)
{
	uint64_t ended = 0;

	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		ended += load->outcomes[i];
	ck_assert_uint_eq(load->wrong, 0);
	ck_assert_uint_eq(load->under_way, 0);
	ck_assert_uint_eq(load->submitted, ended);
	ck_assert_uint_eq(
	    load->outcomes[STAY_REPLIED], load->echoed + load->counted);
	ck_assert_int_ge(counter, (int64_t)load->counted);
	ck_assert_int_le(counter, (int64_t)(load->counted + load->unsure));
}
