/*
 * What the program does with its clients, from outside and from inside of
 * callbacks: whatever chance has it do, wherever it is.
 */
#include "run.h"

#include <inttypes.h>

#include "client/client.h"

static struct user *
any_user(struct run *run)
{
	return &run->users[draw_below(run, run->plan.user_count)];
}

void
act_sleep(struct run *run, uint64_t ms)
{
	sim_sleep_ms(run->world, ms);
	run->slept += ms * SIM_MS;
	run->excused = run->sim->now;
	if (run->inside > 0) {
		run->dozed += ms * SIM_MS;
		ledger_dawdle(run, ms * SIM_MS);
	}
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].leave_by != SIM_NEVER)
			run->users[i].leave_by += ms * SIM_MS;
}

/* ---- submitting ---- */

/* Only what is given up while it waits to be sent again holds back nothing. */
static bool
is_done_with(const struct user *user, const struct call *call)
{
	if (call->read_only || call->doubtful || call->executed == 0)
		return false;
	return (call->status != STAY_E_TIMEOUT &&
		   call->status != STAY_E_CANCELLED) ||
	       (call->attempt == user->connects &&
		   user->state[0] == STAY_CONNECTED);
}

static void
count_outcome(
    struct user *user, struct call *call, const struct stay_result *result)
{
	struct figures *figures = user->run->figures;

	call->told = true;
	call->status = result->status;
	call->outcome = result->outcome;
	user->told++;
	user->told_as[result->outcome]++;
	figures->outcomes[result->outcome]++;
	if (result->outcome == STAY_MAYBE_EXECUTED &&
	    (result->status == STAY_E_TIMEOUT ||
		result->status == STAY_E_CANCELLED))
		user->given_up++;
	call->overtakes = is_done_with(user, call);
}

static void
check_time(const struct run *run, const struct call *call)
{
	uint64_t now = run->sim->now;

	if (call->status == STAY_OK && call->deadline != SIM_NEVER &&
	    !run_catches_up(run) &&
	    now > call->deadline + call->late + SIM_MS + run->dozed)
		broken(6,
		    "call %" PRIu64 " is ok %" PRIu64 " us after its deadline",
		    call->number, (now - call->deadline) / 1000);
	if (call->status == STAY_E_TIMEOUT && now < call->deadline)
		broken(6, "call %" PRIu64 " timed out %" PRIu64 " us early",
		    call->number, (call->deadline - now) / 1000);
}

/* What only reads may be answered before what the server has refused so far. */
static void
check_order(struct user *user, const struct call *call)
{
	if (call->number <= user->last_replied)
		broken(4, "call %" PRIu64 " is answered after call %" PRIu64,
		    call->number, user->last_replied);
	if (!call->read_only || !user->may_retry)
		user->last_replied = call->number;
}

static void
check_reply(struct user *user, const struct call *call,
    const struct stay_result *result)
{
	check_order(user, call);
	if (call->executed == 0)
		broken(2, "call %" PRIu64 " is answered and was not executed",
		    call->number);
	if (!user->host.trade->answers(call, result))
		broken(2, "call %" PRIu64 " was given the answer of another",
		    call->number);
}

/* Whether an outcome goes with a status that is the server's word, or not. What
 * was refused may run out of time before it is sent again. */
static bool
fits(const struct user *user, enum stay_outcome outcome, bool good,
    enum stay_status status)
{
	switch (outcome) {
	case STAY_REPLIED:
	case STAY_SENT:
		return good;
	case STAY_REFUSED:
		return good || user->may_retry;
	case STAY_MAYBE_EXECUTED:
		return !good || status == STAY_E_SERVER;
	case STAY_NOT_SENT:
		break;
	}
	return !good;
}

static void
check_outcome(
    struct user *user, struct call *call, const struct stay_result *result)
{
	bool good =
	    result->status == STAY_OK || result->status == STAY_E_SERVER;

	if (call->doubtful || user_is_lied_to(user)) {
		call->doubtful = true;
		return;
	}
	if (result->outcome == STAY_REPLIED)
		check_reply(user, call, result);
	if ((result->outcome == STAY_NOT_SENT ||
		result->outcome == STAY_REFUSED) &&
	    call->executed > 0)
		broken(3, "call %" PRIu64 " is told %s and was executed",
		    call->number, stay_outcome_name(result->outcome));
	if (!fits(user, result->outcome, good, result->status))
		broken(3, "call %" PRIu64 " ends with %s and %s", call->number,
		    stay_status_name(result->status),
		    stay_outcome_name(result->outcome));
}

/* What is in flight when a session is changed is answered first. */
static void
check_change(const struct user *user, const struct call *call)
{
	if (user->changed && call->outcome == STAY_MAYBE_EXECUTED &&
	    call->status == STAY_E_LOST)
		broken(3, "a planned change alone has ended call %" PRIu64,
		    call->number);
}

/* All is well: only its own deadline, a session that gets too old under it or
 * one with a liar may keep it from going well, or a refusal for which there is
 * no attempt left. */
static void
check_service(const struct user *user, const struct call *call)
{
	if (call->number < user->run->served_from || call->status == STAY_OK ||
	    call->status == STAY_E_SERVER || call->status == STAY_E_TIMEOUT ||
	    user->options.max_age_ms > 0 || user_is_lied_to(user) ||
	    (call->status == STAY_E_ATTEMPTS && user->may_retry))
		return;
	broken(1, "call %" PRIu64 " to a healthy server ends with %s",
	    call->number, stay_status_name(call->status));
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct run *run = the_run;
	struct call *call = ledger_find(run, (uintptr_t)arg);
	struct user *user;

	called_back(run);
	if (call == NULL)
		broken(1, "a call that was never accepted is told");
	user = &run->users[call->user];
	if (call->told)
		broken(1, "call %" PRIu64 " is told twice", call->number);
	if (user->client == NULL || user->life != call->life)
		broken(
		    5, "call %" PRIu64 " is told after closed", call->number);
	sim_note(run->sim, stay_outcome_name(result->outcome),
	    (int64_t)call->number, result->status);
	count_outcome(user, call, result);
	if (result->status == STAY_E_PROTOCOL ||
	    result->status == STAY_E_TOO_BIG)
		ledger_forgive(run, call);
	check_time(run, call);
	check_outcome(user, call, result);
	water_look(user);
	keep_reply(user, call, result);
	check_change(user, call);
	check_service(user, call);
	check_counts(user);
	if (draw_mille(run, run->plan.per_slow))
		act_sleep(run, draw_between(run, 1, 100));
	act_inside(run, user);
	call_is_back(run);
}

static uint64_t
timeout_of(
    struct run *run, const struct user *user, struct stay_call_options *options)
{
	unsigned which = draw_below(run, 10);

	if (which == 0)
		options->timeout_ms = STAY_FOREVER;
	else if (which < 4)
		options->timeout_ms = draw_between(run, 1, 2000);
	return options->timeout_ms == 0 ? user->options.call_timeout_ms
					: options->timeout_ms;
}

static bool
may_be_refused(const struct user *user, enum stay_status status)
{
	if (status == STAY_E_NOMEM)
		return memory.failed > 0;
	if (status == STAY_E_OFFLINE)
		return user->options.offline == STAY_OFFLINE_FAIL ||
		       user->kind == KIND_LINE;
	if (status == STAY_E_DRAINING)
		return user->leaving ||
		       user->options.backoff.attempts_max > 0 ||
		       user->options.on_fatal == STAY_FATAL_STOP;
	if (status == STAY_E_FORMAT)
		return user->kind == KIND_LINE;
	if (status == STAY_E_DENIED)
		return user->client->rejecting == status &&
		       user->run->struck > 0;
	if (status == STAY_E_FORKED)
		return user->client->rejecting == status &&
		       user->run->sim->forked;
	return status == STAY_E_FULL || status == STAY_E_TOO_BIG;
}

static void
refused(struct user *user, struct call *call, enum stay_status status)
{
	if (!may_be_refused(user, status))
		broken(
		    1, "a call is refused with %s", stay_status_name(status));
	user->rejected++;
	user->run->figures->refused++;
	ledger_forget(user->run, call);
}

/* Whether it was accepted. */
static bool
submit_one(struct user *user)
{
	struct run *run = user->run;
	struct call *call = ledger_new(run, user->index);
	struct stay_call_options options = { STAY_CALL_OPTIONS };
	uint64_t number = call->number, timeout_ms;
	enum stay_status status;

	water_before(user);
	timeout_ms = timeout_of(run, user, &options);
	options.id = &call->id;
	call->sendings_max = user->options.resends_max + 1;
	call->pad = (size_t)draw_between(run, 0, run->plan.pad_max);
	calling(run, true);
	status = user->host.trade->submit(user, call, &options, on_done);
	calling(run, false);
	sim_note(run->sim, "submit", (int64_t)number, status);
	water_after(user, call, status);
	if (status != STAY_OK) {
		refused(user, call, status);
		return false;
	}
	user->accepted++;
	run->figures->calls++;
	if (options.timeout_ms != 0)
		timeout_ms = options.timeout_ms;
	else if (call->blocks_ms != 0)
		timeout_ms = call->blocks_ms + user->options.block_margin_ms;
	ledger_accepted(run, call, timeout_ms);
	check_counts(user);
	return true;
}

void
act_submit(struct user *user)
{
	if (user->client != NULL)
		submit_one(user);
}

static void
submit(struct user *user)
{
	unsigned count = 1 + draw_below(user->run, user->run->plan.burst);

	if (user->kind == KIND_RAW) {
		raw_act(user);
		return;
	}
	while (count-- > 0 && user->client != NULL)
		if (!submit_one(user))
			return;
}

/* ---- the other things one can do ---- */

static void
cancel(struct user *user)
{
	struct run *run = user->run;
	struct call *call;
	enum stay_status status;
	size_t back = draw_below(run, 64);

	if (user->client == NULL || back >= run->ledger.count)
		return;
	call = &run->ledger.calls[run->ledger.count - 1 - back];
	calling(run, true);
	status = stay_client_cancel(user->client, call->id);
	calling(run, false);
	sim_note(run->sim, "cancel", (int64_t)call->number, status);
	if (status != STAY_OK)
		return;
	if (call->told || call->cancelled || call->user != user->index)
		broken(1, "call %" PRIu64 " is cancelled and was over",
		    call->number);
	call->cancelled = true;
}

static void
reconnect(struct user *user)
{
	if (user_conn(user) == NULL)
		return;
	sim_note(user->run->sim, "reconnect", user->index, 0);
	user->wanted = true;
	calling(user->run, true);
	stay_conn_reconnect(user_conn(user), STAY_E_RECONNECT);
	calling(user->run, false);
}

static void
stop(struct user *user)
{
	if (user_conn(user) == NULL)
		return;
	sim_note(user->run->sim, "stop", user->index, 0);
	user_stops(user);
	calling(user->run, true);
	stay_conn_stop(user_conn(user), STAY_OK);
	calling(user->run, false);
}

static void
drain(struct user *user)
{
	uint64_t ms = draw_between(user->run, 0, 2000);

	if (user_conn(user) == NULL)
		return;
	sim_note(user->run->sim, "drain", user->index, (int64_t)ms);
	user_drains(user, ms);
	calling(user->run, true);
	stay_conn_drain(user_conn(user), ms);
	calling(user->run, false);
}

/* The loop runs inside; only from outside. */
static void
await(const struct user *user)
{
	uint64_t ms = draw_between(user->run, 0, 500);
	enum stay_status status;

	if (user_conn(user) == NULL)
		return;
	sim_note(user->run->sim, "await", user->index, (int64_t)ms);
	status = stay_conn_await(user_conn(user), ms);
	sim_note(user->run->sim, "awaited", user->index, status);
	if (status == STAY_E_REENTRANT)
		broken(5, "await outside of callbacks is refused");
}

/* What must be refused wherever it is asked. */
static void
misuse(struct run *run, const struct user *user)
{
	char text[512];
	enum stay_status status = stay_loop_free(run->loop);

	if (status != STAY_E_REENTRANT && status != STAY_E_LIVE)
		broken(5, "a loop is freed inside of a callback: %s",
		    stay_status_name(status));
	if (user_conn(user) == NULL)
		return;
	status = stay_conn_await(user_conn(user), 10);
	if (status != STAY_E_REENTRANT)
		broken(5, "await inside of a callback says %s",
		    stay_status_name(status));
	if (stay_conn_explain(user_conn(user), text, sizeof(text)) <= 0)
		broken(1, "explain has nothing to say");
}

/* ---- outside and inside ---- */

static void
act_on(struct run *run, struct user *user)
{
	unsigned which = draw_below(run, 1000);

	run->acted_at++;
	if (which < run->plan.per_end)
		stop(user);
	else if (which < 2 * run->plan.per_end)
		drain(user);
	else if (which < 2 * run->plan.per_end + 10)
		reconnect(user);
	else if (user_conn(user) == NULL)
		user_start(user);
	else if (which < 2 * run->plan.per_end + 20)
		change_ask(user);
	else if (which < 2 * run->plan.per_end + 40)
		wait_in_line(user);
	else if (which < 2 * run->plan.per_end + 60)
		keep_release_some(run);
	else if (which < 150)
		cancel(user);
	else
		submit(user);
}

void
act(struct run *run)
{
	if (draw_mille(run, run->plan.per_fault))
		fault_strike(run);
	else if (draw_mille(run, run->plan.per_fault / 2 + 5))
		fault_mend(run, false);
	else if (draw_mille(run, 15))
		host_push(&any_user(run)->host);
	else if (draw_mille(run, 5))
		await(any_user(run));
	else
		act_on(run, any_user(run));
	sim_happened(run->sim);
}

void
act_inside(struct run *run, struct user *user)
{
	if (run->healing || !draw_mille(run, run->plan.per_inside))
		return;
	run->figures->inside++;
	if (draw_mille(run, 300))
		user = any_user(run);
	if (draw_mille(run, 20))
		misuse(run, user);
	act_on(run, user);
}
