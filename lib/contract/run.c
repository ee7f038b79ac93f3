/*
 * One run: a world of its own, a client of the adapter in it, and calls. What goes
 * wrong is the chapter's; whether a call is well is the books'.
 */
#include <string.h>

#include "contract/kit.h"

#define LONG_MS       120000
#define UP_MS         300000
#define REPLY_MAX     ((uint64_t)256 << 10)
#define HEAL_TRIES    40
#define HEAL_PAUSE_MS 5000

struct kit_run *kit_run;

uint64_t
kit_now(void)
{
	return kit_run == NULL || kit_run->world == NULL
		   ? 0
		   : sim_now_ms(kit_run->world);
}

uint64_t
kit_draw(struct kit_run *run, uint64_t below)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (run->random >> 11) % below;
}

/* ---- beginning ---- */

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	kit_note("the client says: %s", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_failure = on_failure };

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct kit_run *run = arg;

	(void)conn;
	kit_note("the client has closed: %s", stay_strerror(reason));
	run->closed++;
}

/* The contract's own, but for what the kit has to decide. */
static struct stay_client_options
options_of(struct kit_run *run)
{
	const struct stay_contract *contract = run->contract;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	if (contract->options != NULL)
		memcpy(&options, contract->options, contract->options->size);
	options.size = sizeof(options);
	options.config = contract->start == NULL ? contract->config : NULL;
	options.config_release = NULL;
	options.on_started = NULL;
	options.on_closed = on_closed;
	options.arg = run;
	options.on_high_water = options.on_low_water = NULL;
	options.on_session = NULL;
	options.offline = STAY_OFFLINE_QUEUE;
	options.on_fatal = STAY_FATAL_RETRY;
	if (options.reply_bytes_max == 0)
		options.reply_bytes_max = REPLY_MAX;
	run->reply_bytes_max = options.reply_bytes_max;
	return options;
}

static enum stay_status
start(struct kit_run *run)
{
	const struct stay_contract *contract = run->contract;
	struct stay_client_options options = options_of(run);
	char url[128];

	if (contract->protocol != NULL)
		snprintf(url, sizeof(url), "%s://peer:7777",
		    contract->protocol->name);
	kit_shadow_begin();
	if (contract->start != NULL)
		return contract->start(contract->arg, &run->client, run->loop,
		    contract->url, &options);
	return kit_client_start(&run->client, run->loop, contract->protocol,
	    contract->url != NULL ? contract->url : url, &options);
}

static void
check_start(struct kit_run *run, enum stay_status status)
{
	if (status == STAY_OK)
		return;
	if (status != STAY_E_NOMEM || run->fail_at == 0)
		kit_broken(KIT_ONCE, "the client does not start: %s (%s)",
		    stay_strerror(status), stay_loop_rejection(run->loop));
	run->client = NULL;
}

bool
kit_run_begin(struct kit_run *run)
{
	run->world = sim_world_new(1 + kit_draw(run, UINT32_MAX));
	kit_run = run;
	kit_server_init(run);
	kit_memory_begin(run->fail_at);
	run->loop = stay_loop_new(run->world);
	if (run->loop == NULL) {
		run->world = NULL;
		return false;
	}
	(void)stay_loop_set_observer(run->loop, &observer);
	check_start(run, start(run));
	return run->client != NULL;
}

void
kit_run_anew(struct kit_run *run)
{
	const struct kit_run fresh = { .contract = run->contract,
		.known = run->known,
		.random = run->random,
		.stays = run->stays };

	*run = fresh;
}

/* ---- time ---- */

void
kit_pass(struct kit_run *run, uint64_t ms)
{
	uint64_t until = kit_now() + ms;

	while (kit_now() < until && sim_step_ms(run->world, until - kit_now()))
		kit_guard_retire();
}

static uint64_t
last_deadline(const struct kit_run *run)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < run->call_count; i++) {
		const struct kit_call *call = &run->calls[i];

		if (call->accepted && call->done == 0 &&
		    call->from_ms + call->timeout_ms > last)
			last = call->from_ms + call->timeout_ms;
	}
	return last;
}

void
kit_settle(struct kit_run *run)
{
	uint64_t until = last_deadline(run) + 1000;

	while (run->open > 0 && kit_now() < until) {
		(void)sim_step_ms(run->world, until - kit_now());
		kit_guard_retire();
	}
	kit_books_close(run);
}

bool
kit_comes_up(struct kit_run *run, uint64_t ms)
{
	uint64_t until = kit_now() + ms;

	while (stay_client_session(run->client) == NULL) {
		if (kit_now() >= until ||
		    !sim_step_ms(run->world, until - kit_now()))
			break;
		kit_guard_retire();
	}
	return stay_client_session(run->client) != NULL;
}

/* ---- calls ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	sim_sparing++;
	kit_books_done(arg, result);
	sim_sparing--;
}

static enum stay_status
submit(struct kit_run *run, struct kit_call *call)
{
	const struct stay_contract *contract = run->contract;
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = call->timeout_ms, .id = &call->id };
	const void *request = contract->samples[call->sample].request;
	struct stay_body body;

	kit_load(call, &options, &body);
	if (contract->submit != NULL)
		return contract->submit(contract->arg, run->client, request,
		    &options, on_done, call);
	return stay_client_call_with(
	    run->client, request, &options, on_done, call);
}

/* Behind 512 calls, the slots of those that are over are used again. */
static struct kit_call *
slot_of(struct kit_run *run)
{
	if (run->call_count == KIT_CALLS_MAX && run->open == 0)
		run->call_count = 0;
	if (run->call_count == KIT_CALLS_MAX)
		sim_die("more than %d calls at once", KIT_CALLS_MAX);
	return &run->calls[run->call_count++];
}

struct kit_call *
kit_ask(struct kit_run *run, const struct kit_asked *asked)
{
	struct kit_call *call = slot_of(run);
	enum stay_status status;

	*call = (struct kit_call){ .run = run,
		.sample = asked->sample,
		.number = run->call_count,
		.right = asked->right,
		.is_behind = run->has_last,
		.connections = run->server.accepted,
		.from_ms = kit_now(),
		.timeout_ms =
		    asked->timeout_ms == 0 ? LONG_MS : asked->timeout_ms };
	status = submit(run, call);
	kit_note("call %u, %s, %s%s", call->number,
	    run->contract->samples[call->sample].name,
	    status == STAY_OK ? "is submitted" : "is rejected: ",
	    status == STAY_OK ? "" : stay_strerror(status));
	call->accepted = status == STAY_OK;
	run->open += call->accepted;
	run->has_last |= call->accepted && run->known->leaves[call->sample];
	if (status != STAY_OK && asked->right == KIT_MUST_ANSWER)
		kit_broken(KIT_ONCE, "call %u, %s, is rejected: %s",
		    call->number, run->contract->samples[call->sample].name,
		    stay_strerror(status));
	return call->accepted ? call : NULL;
}

bool
kit_is_long(const struct kit_run *run, size_t sample)
{
	return run->contract->samples[sample].is_long;
}

static bool
may_ask(const struct kit_run *run, size_t sample, bool fleeting)
{
	return !kit_is_long(run, sample) &&
	       !(fleeting && run->known->lasts[sample]) &&
	       !(run->stays && run->known->leaves[sample]);
}

/* Drawn, with the same pause behind each. */
void
kit_ask_some(struct kit_run *run, uint64_t count, enum kit_right right,
    uint64_t timeout_ms, bool fleeting)
{
	uint64_t pause_ms = kit_draw(run, 3);

	while (count-- > 0) {
		size_t sample =
		    (size_t)kit_draw(run, run->contract->sample_count);

		if (may_ask(run, sample, fleeting))
			kit_ask(run,
			    &(struct kit_asked){ sample, right, timeout_ms });
		kit_pass(run, pause_ms);
	}
}

void
kit_ask_all(struct kit_run *run, enum kit_right right)
{
	for (size_t i = 0; i < run->contract->sample_count; i++)
		if (!kit_is_long(run, i))
			kit_ask(run, &(struct kit_asked){ i, right, 0 });
}

void
kit_cancel(struct kit_call *call)
{
	kit_note("call %u is cancelled", call->number);
	call->cancelled = true;
	(void)stay_client_cancel(call->run->client, call->id);
}

void
kit_cancel_any(struct kit_run *run)
{
	if (run->call_count > 0)
		kit_cancel(&run->calls[kit_draw(run, run->call_count)]);
}

/* ---- healing ---- */

static bool
is_well(struct kit_run *run, size_t sample)
{
	const struct kit_call *call =
	    kit_ask(run, &(struct kit_asked){ sample, KIT_MAY_FAIL, LONG_MS });

	kit_settle(run);
	return call != NULL &&
	       call->status == run->contract->samples[sample].status;
}

void
kit_heal(struct kit_run *run)
{
	kit_note("nothing is wrong from now on");
	run->fail_at = kit_memory.fail_at = 0;
	kit_server_heal(&run->server);
	kit_server_narrow(run, 0);
	kit_server_open(run, true);
	for (size_t i = 0; i < run->contract->sample_count; i++) {
		unsigned tries = 0;

		while (!kit_is_long(run, i) && !is_well(run, i)) {
			if (++tries == HEAL_TRIES)
				kit_broken(KIT_COMES_BACK,
				    "nothing has been wrong for %d s, and %s "
				    "still fails (%s)",
				    HEAL_TRIES * HEAL_PAUSE_MS / 1000,
				    run->contract->samples[i].name,
				    stay_conn_failure(
					stay_client_conn(run->client)));
			kit_pass(run, HEAL_PAUSE_MS);
		}
	}
}

/* ---- ending ---- */

void
kit_stop(struct kit_run *run)
{
	stay_client_stop(run->client, STAY_OK);
	while (run->closed == 0 && kit_now() < UINT64_MAX - UP_MS &&
	       sim_step_ms(run->world, UP_MS))
		kit_guard_retire();
	kit_books_close(run);
	if (run->closed != 1)
		kit_broken(KIT_CLOSED, "on_closed ran %u times, not once",
		    run->closed);
	for (unsigned i = 0; i < run->call_count; i++)
		kit_check_body(&run->calls[i]);
}

static void
balance(void)
{
	kit_memory_end();
	if (kit_memory.live > 0)
		kit_broken(KIT_BALANCE,
		    "%zu blocks of memory, %zu bytes, are left at the end",
		    kit_memory.live, kit_memory.bytes);
}

void
kit_run_end(struct kit_run *run)
{
	enum stay_status status = STAY_OK;

	if (run->client != NULL && run->closed == 0)
		kit_stop(run);
	if (run->loop != NULL)
		status = stay_loop_free(run->loop);
	run->world = NULL;
	if (status != STAY_OK)
		kit_broken(KIT_BALANCE, "the loop is not free at the end: %s",
		    stay_strerror(status));
	balance();
	kit_server_free(run);
}
