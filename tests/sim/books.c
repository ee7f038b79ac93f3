/*
 * The books of the program: each call of its clients, who is told of it and
 * what, each cancelled one; what it does to their connections; and what forces
 * the library to refuse something.
 */
#include "run.h"

#include <inttypes.h>

#include "support/counts.h"
#include "support/inside.h"

void
books_calling(bool now)
{
	the_run->calling = now;
}

void
books_fail(const char *file, int line, const char *what)
{
	broken(5, "%s, %s:%d: not so: %s",
	    the_run->deed == NULL ? "" : the_run->deed->name, file, line, what);
}

bool
books_excuse(enum stay_status status)
{
	return status == STAY_E_FULL ||
	       (status == STAY_E_NOMEM && memory.failed > 0);
}

uint64_t
books_ms(uint64_t least, uint64_t most)
{
	return draw_between(the_run, least, most);
}

/* ---- told ---- */

/* The adapter could not prepare it, or its body could not begin anew. It is told so in the
 * turn of the new session in which it is about to be sent. */
static bool
is_unprepared(const struct call *call)
{
	return call->status == STAY_E_ARG || call->status == STAY_E_FORMAT ||
	       call->body.stays_over;
}

/* Only what is given up while it waits to be sent again holds back nothing. */
static bool
is_done_with(const struct user *user, const struct call *call)
{
	if (call->read_only || call->doubtful || call->executed == 0)
		return false;
	if (is_unprepared(call))
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
	if (call->body.is_there || (result->outcome == STAY_MAYBE_EXECUTED &&
				       (result->status == STAY_E_TIMEOUT ||
					   result->status == STAY_E_CANCELLED)))
		user->given_up++;
	call->overtakes = is_done_with(user, call);
}

static void
check_time(const struct run *run, const struct call *call)
{
	uint64_t now = run->sim->now;

	/* Who has just woken up reads what came in time, however late it is. */
	if (call->status == STAY_OK && call->deadline != SIM_NEVER &&
	    !run_catches_up(run) && now > run->excused + SIM_MS &&
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
	if (call->any_order)
		return;
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
 * was refused may run out of time before it is sent again; and of a group that was, there
 * may be no memory for the words. */
static bool
fits(const struct user *user, enum stay_outcome outcome, bool good,
    enum stay_status status)
{
	switch (outcome) {
	case STAY_REPLIED:
	case STAY_SENT:
		return good;
	case STAY_REFUSED:
		return good || user->may_retry || user->host.ends ||
		       (status == STAY_E_NOMEM && memory.failed > 0);
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

/* What is in flight when a session is changed is answered first, unless the program forks
 * meanwhile. */
static void
check_change(const struct user *user, const struct call *call)
{
	if (user->changed && !user->run->sim->forked &&
	    call->outcome == STAY_MAYBE_EXECUTED && call->status == STAY_E_LOST)
		broken(3, "a planned change alone has ended call %" PRIu64,
		    call->number);
}

/* All is well: only its own deadline, a session that gets too old under it or
 * one with a liar may keep it from going well, or a refusal for which there is
 * no attempt left; or, before it is sent, a session without a tag that is left, or one
 * with a body that does not end, or too few tags for its group. */
static void
check_service(const struct user *user, const struct call *call)
{
	if (call->number < user->run->served_from || call->status == STAY_OK ||
	    call->status == STAY_E_SERVER || call->status == STAY_E_TIMEOUT ||
	    user->options.max_age_ms > 0 || call->doubtful ||
	    user_is_lied_to(user) ||
	    (call->status == STAY_E_ATTEMPTS && user->may_retry) ||
	    (call->outcome == STAY_NOT_SENT &&
		(user->wanted || user->given_up > 0)) ||
	    (call->group != 0 && call->status == STAY_E_TOO_BIG &&
		call->group_last - call->group >= user->tag_max) ||
	    (call->outcome == STAY_REFUSED && user->host.ends))
		return;
	broken(1, "call %" PRIu64 " to a healthy server ends with %s",
	    call->number, stay_status_name(call->status));
}

void
books_enter(
    struct user *user, struct call *call, const struct stay_result *result)
{
	count_outcome(user, call, result);
	check_time(user->run, call);
	check_outcome(user, call, result);
	check_change(user, call);
	check_service(user, call);
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
	if (result->status == STAY_E_PROTOCOL ||
	    result->status == STAY_E_TOO_BIG || result->status == STAY_E_SILENT)
		ledger_forgive(run, call);
	books_enter(user, call, result);
	tale_call(run, call, result);
	if (result->status == STAY_OK && result->outcome == STAY_REPLIED)
		pause_frame(user);
	water_look(user);
	keep_reply(user, call, result);
	check_counts(user);
	if (draw_mille(run, run->plan.per_slow))
		act_sleep(run, draw_between(run, 1, 100));
	act_inside(run, user);
	call_is_back(run);
}

/* ---- submitting ---- */

bool
user_may_be_refused(const struct user *user, enum stay_status status)
{
	if (status == STAY_E_NOMEM)
		return memory.failed > 0;
	if (status == STAY_E_OFFLINE)
		return user->options.offline == STAY_OFFLINE_FAIL ||
		       user->kind == KIND_LINE || user->kind == KIND_TAG;
	if (status == STAY_E_DRAINING)
		return user->leaving ||
		       user->options.backoff.attempts_max > 0 ||
		       user->options.on_fatal == STAY_FATAL_STOP;
	if (status == STAY_E_FORMAT)
		return user->kind == KIND_LINE || user->kind == KIND_TAG;
	if (status == STAY_E_DENIED)
		return inside_rejects(user->client) == status &&
		       user->run->struck > 0;
	if (status == STAY_E_FORKED)
		return inside_rejects(user->client) == status &&
		       user->run->sim->forked;
	return status == STAY_E_FULL || status == STAY_E_TOO_BIG;
}

static void
refused(struct user *user, struct call *call, enum stay_status status)
{
	if (!user_may_be_refused(user, status))
		broken(
		    1, "a call is refused with %s", stay_status_name(status));
	body_close(call);
	user->rejected++;
	user->run->figures->refused++;
	ledger_forget(user->run, call);
}

/* For so long; 0: as its options say. */
static uint64_t
time_of(const struct user *user, const struct call *call, uint64_t asked)
{
	if (asked != 0)
		return asked;
	return call->blocks_ms != 0
		   ? call->blocks_ms + user->options.block_margin_ms
		   : user->options.call_timeout_ms;
}

/* Its flags are its trade's, which may submit it in a way that gives no id. */
static struct deed_call
submit(const struct deed_at *at, uint64_t timeout_ms, bool with_body)
{
	struct user *user = at->user;
	struct run *run = user->run;
	struct call *call = ledger_new(run, user->index);
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = timeout_ms, .id = &call->id };
	uint64_t number = call->number;
	struct stay_body body;
	enum stay_status status;

	water_before(user);
	if (with_body) {
		body = body_make(call);
		options.body = &body;
	}
	call->sendings_max = user->options.resends_max + 1;
	call->pad = (size_t)draw_between(run, 0, run->plan.pad_max);
	STATUS_OF(
	    status, user->host.trade->submit(user, call, &options, on_done));
	sim_note(run->sim, "submit", (int64_t)number, status);
	water_after(user, call, status);
	if (status != STAY_OK) {
		refused(user, call, status);
		return (struct deed_call){ 0 };
	}
	user->accepted++;
	run->figures->calls++;
	ledger_accepted(run, call, time_of(user, call, options.timeout_ms));
	check_counts(user);
	return (struct deed_call){ .id = call->id, .number = number };
}

struct deed_call
books_submit(const struct deed_at *at, uint64_t timeout_ms, uint32_t flags)
{
	(void)flags;
	return submit(at, timeout_ms, false);
}

/* Only requests of the line protocol have bodies here. */
struct deed_call
books_body(const struct deed_at *at, uint64_t timeout_ms)
{
	return submit(at, timeout_ms, at->user->kind == KIND_LINE);
}

/* ---- cancelling ---- */

/* One of the last, of whomever. */
size_t
books_calls(const struct deed_at *at, struct deed_call *calls)
{
	const struct user *user = at->user;
	const struct ledger *ledger = &user->run->ledger;
	size_t back = draw_below(user->run, 64);
	const struct call *call;

	if (back >= ledger->count)
		return 0;
	call = &ledger->calls[ledger->count - 1 - back];
	calls[0] = (struct deed_call){ .id = call->id,
		.over = call->told || call->cancelled ||
			call->user != user->index || call->life != user->life,
		.number = call->number };
	return 1;
}

/* It was the only one in flight, blocked, and none is now. A session that has just ended
 * ends no more. */
static void
check_end(const struct deed_at *at, const struct call *call, uint64_t in_flight)
{
	if (call->blocks_ms == 0 || in_flight != 1 ||
	    at->user->state[2] == STAY__SESSION_DOWN ||
	    counts_of(at->client).in_flight != 0 ||
	    inside_options(at->client)->on_given_up != STAY_GIVEN_UP_END)
		return;
	if (inside_condemned(at->client) == STAY_OK)
		broken(2,
		    "call %" PRIu64 " is given up, and the server may give it "
		    "what is lost then",
		    call->number);
}

/* Who waits for room has no number. */
void
books_cancelled(
    const struct deed_at *at, const struct deed_call *mine, uint64_t in_flight)
{
	struct call *call = ledger_find(the_run, mine->number);

	sim_note(the_run->sim, "cancel", (int64_t)mine->number, mine->over);
	if (mine->over)
		broken(1, "call %" PRIu64 " is cancelled and was over",
		    mine->number);
	if (call == NULL)
		return;
	if (call->group != 0)
		group_cancelled(the_run, call);
	call->cancelled = true;
	check_end(at, call, in_flight);
}

/* ---- the control lane ---- */

/* Others have none, or keep it for their front. */
void
books_say(const struct deed_at *at, struct stay_session *session)
{
	if (at->user->kind == KIND_TAG)
		tag_speak(session);
	else if (at->user->kind == KIND_LINE)
		line_speak(session);
}

/* ---- connections ---- */

void
books_will(const struct deed_at *at, enum deed_will will, uint64_t ms)
{
	struct run *run = at->user->run;

	if (will == WILL_STOP)
		user_stops(at->user);
	else if (will == WILL_DRAIN)
		user_drains(at->user, ms);
	else if (will == WILL_RECONNECT)
		at->user->wanted = true;
	else if (will == WILL_REJECT)
		at->user->rejected++;
	if (will == WILL_STOP_ALL)
		pool_stop_all(run);
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (will == WILL_STOP_ALL && user_conn(&run->users[i]) != NULL)
			user_stops(&run->users[i]);
}
