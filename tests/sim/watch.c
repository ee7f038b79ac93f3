/*
 * The observer of a run: every turn of every machine must be a row of its table
 * and begin where the last one ended. What it tells is all that is known here.
 */
#include <inttypes.h>
#include <string.h>

#include "machine/machine.h"
#include "run.h"
#include "support/counts.h"
#include "support/inside.h"

enum { CONN, LINK, SESSION };

static const struct stay_machine *
machine_named(const char *name, unsigned *which)
{
	static const struct stay_machine *(*const machines[])(void) = {
		[CONN] = stay_machine_conn,
		[LINK] = stay_machine_link,
		[SESSION] = stay_machine_session,
	};

	for (*which = 0; *which < 3; ++*which)
		if (strcmp(machines[*which]()->name, name) == 0)
			return machines[*which]();
	broken(4, "a transition of a machine %s that nobody knows", name);
}

/* ---- the backoff ---- */

/* The smallest that many failures in a row allow. */
static uint64_t
grown(const struct user *user)
{
	const struct setbacks *past =
	    user->planned ? &user->ending : &user->failing;
	const struct stay_backoff_policy *policy = &user->options.backoff;
	uint64_t factor = policy->factor == 0 ? 2 : policy->factor;
	uint64_t ms = policy->initial_ms;

	if (policy->kind == STAY_BACKOFF_PROPORTIONAL &&
	    past->away_ms / policy->divisor > ms)
		ms = past->away_ms / policy->divisor;
	if (policy->kind != STAY_BACKOFF_EXPONENTIAL)
		return ms < policy->cap_ms ? ms : policy->cap_ms;
	for (unsigned i = 1; i < past->count && ms < policy->cap_ms; i++)
		ms *= factor;
	return ms < policy->cap_ms ? ms : policy->cap_ms;
}

static void
bounds_of(const struct user *user, uint64_t *least, uint64_t *most)
{
	const struct stay_backoff_policy *policy = &user->options.backoff;
	uint64_t fatal = user->options.fatal_backoff_ms;

	*least = user->fatal ? fatal : grown(user);
	/* Another place may be free at once, but for the first delay; and who is
	 * denied at one place comes back to it as slowly as is said for that. */
	if (user->roams || user->strays)
		*least =
		    fatal < policy->initial_ms ? fatal : policy->initial_ms;
	if (policy->jitter == STAY_JITTER_FULL)
		*least = 0;
	*least = *least / 2;
	*most = policy->cap_ms > fatal ? policy->cap_ms : fatal;
	if (user->throttled) {
		*least = 0;
		*most = 101;
	}
}

static void
check_backoff(struct user *user)
{
	const struct run *run = user->run;
	uint64_t waited = (run->sim->now - user->backing_since) / SIM_MS;
	uint64_t slept = (run->slept - user->slept) / SIM_MS;
	uint64_t least, most;

	if (user->kind == KIND_RAW)
		return;
	bounds_of(user, &least, &most);
	run->figures->reconnects++;
	if (waited < least || waited > most + slept + 2)
		broken(13,
		    "user %u backed off for %" PRIu64 " ms, not %" PRIu64
		    " to %" PRIu64,
		    user->index, waited, least, most + slept);
}

/* At least so long nobody was there, since the first of them: without the time in
 * which sessions were up, or nobody turned the loop. */
static void
count_away(const struct user *user, struct setbacks *past)
{
	uint64_t now = user->run->sim->now;
	uint64_t not_away = user->run->slept - past->slept;

	if (past->count == 0) {
		past->since = now;
		past->slept = user->run->slept;
		past->away_ms = 0;
		return;
	}
	not_away += past->since;
	past->away_ms = now > not_away ? (now - not_away) / SIM_MS : 0;
}

/* A session just short of stable may count as such. */
static void
leave_session_out(const struct user *user, struct setbacks *past)
{
	if (user->up_ms + 2 >= user->options.backoff.stable_ms)
		past->count = 0;
	past->since += (user->up_ms + 2) * SIM_MS;
}

/* Its stream may end meanwhile by itself, which is a failure: only the client knows
 * which of them it was. */
static bool
has_ended_more(struct user *user)
{
	uint32_t since_ms;
	uint16_t ended = inside_ended(user->client, &since_ms);
	bool more = ended != user->ended || since_ms != user->ended_since_ms;

	user->ended = ended;
	user->ended_since_ms = since_ms;
	return more;
}

/* As the client counts them. */
static void
count_setback(struct user *user, unsigned from, unsigned event, unsigned to)
{
	uint64_t now = user->run->sim->now;
	struct setbacks *past;

	if (to == STAY_CONNECTED)
		user->up_at = now;
	if (from == STAY_CONNECTED || from == STAY_DISCONNECTING)
		user->up_ms = (now - user->up_at) / SIM_MS;
	if (to != STAY_BACKING_OFF || user->client == NULL)
		return;
	user->fatal = inside_rejects(user->client) != STAY_OK;
	if (event != STAY__CONN_BACKOFF || user->fatal)
		return;
	user->planned = has_ended_more(user);
	past = user->planned ? &user->ending : &user->failing;
	leave_session_out(user, past);
	if (user->planned)
		leave_session_out(user, &user->failing);
	count_away(user, past);
	past->count++;
}

static void
follow_backoff(struct user *user, unsigned from, unsigned event, unsigned to)
{
	count_setback(user, from, event, to);
	if (from == STAY_BACKING_OFF && event == STAY__CONN_EXPIRED)
		check_backoff(user);
	if (to != STAY_BACKING_OFF)
		return;
	user->backing_since = user->run->sim->now - user->run->dozed;
	user->slept = user->run->slept - user->run->dozed;
	user->throttled = event == STAY__CONN_THROTTLED;
	if (!user->throttled)
		user->up_ms = 0;
}

/* Nothing but a session that was up ends so that the next attempt waits for nothing. */
static void
check_failed(struct user *user, unsigned from, unsigned event, unsigned to)
{
	if (to == STAY_CONNECTED)
		user->came_up = true;
	if (from == STAY_DISCONNECTING && !user->came_up && !user->wanted &&
	    (event == STAY__CONN_CONNECT || event == STAY__CONN_THROTTLED) &&
	    !user->leaving && user->kind != KIND_RAW)
		broken(13,
		    "user %u has no backoff behind an attempt that failed",
		    user->index);
	if (to == STAY_CONNECTING && from != STAY_CONNECTING)
		user->came_up = false;
}

static void
follow_connect(struct user *user)
{
	user->connects++;
	leave_attempt(user);
	user->granted_at = 0;
}

/* ---- dials ---- */

/* Whether a dial of his has to wait for the one before: not once one was accepted
 * or won, until one fails for certain. A dial that was given up may have failed;
 * one that failed may have reached its target, if the world lets operations fail;
 * a raw user dials several targets, and one that has moved two. */
static void
follow_reached(struct user *user, unsigned from, unsigned event)
{
	bool is_certain = user->kind != KIND_RAW && !user->moved &&
			  !user->run->ops_failed && memory.failed == 0;

	if (event == STAY__LINK_EV_WON || event == STAY__LINK_EV_SECURE)
		user->reached = true;
	else if (event == STAY__LINK_EV_DOWN &&
		 (from == STAY__LINK_RESOLVING || from == STAY__LINK_DIALING))
		user->reached = !is_certain;
}

static void
follow_link(struct user *user, unsigned from, unsigned event, unsigned to)
{
	follow_reached(user, from, event);
	if (to != STAY__LINK_RESOLVING)
		return;
	user->granted_at = user->run->sim->now - user->run->dozed;
	user->granted_slept = user->run->slept - user->run->dozed;
}

/* ---- sessions ---- */

/* Nobody has asked for it: then its age has. */
static void
check_reason(const struct user *user)
{
	uint64_t age = (user->run->sim->now - user->ready_at) / SIM_MS;
	uint64_t max = user->options.max_age_ms;

	if (user->wanted || user->leaving)
		return;
	if (max == 0 || age + 1 < max - max / 4)
		broken(13,
		    "user %u changes a session of %" PRIu64
		    " ms, and nobody has asked for it",
		    user->index, age);
}

/* Only where no fault has struck yet, and the server has not said its last, nothing else
 * can have ended it. A queue that is not kept may hold what an earlier session has sent. */
static bool
is_changed(const struct user *user, unsigned from)
{
	const struct run *run = user->run;
	uint64_t budget = user->options.leave_budget_ms * SIM_MS;

	return from == STAY__SESSION_LEAVING && !user->leaving &&
	       run->struck == 0 && user->host.ended != user->connects &&
	       user->options.offline == STAY_OFFLINE_QUEUE &&
	       inside_condemned(user->client) == STAY_OK &&
	       run->sim->now < user->left_at + budget;
}

/* What a session leaves behind that was stable is sent again for free. */
static void
allow_resends(struct user *user)
{
	uint64_t up_ms = (user->run->sim->now - user->ready_at) / SIM_MS;

	if (up_ms >= user->options.backoff.stable_ms)
		user->resends_allowed +=
		    100 * counts_of(user->client).in_flight;
}

static void
follow_session(struct user *user, unsigned from, unsigned to)
{
	struct run *run = user->run;

	if (to == STAY__SESSION_READY) {
		user->ready_at = run->sim->now;
		user->leave.by = SIM_NEVER;
		user->wanted = inside_is_to_reconnect(user_conn(user));
	} else if (to == STAY__SESSION_LEAVING) {
		check_reason(user);
		leave_begins(user);
		user->left_at = run->sim->now - run->dozed;
		user->left_slept = run->slept - run->dozed;
	} else if (to == STAY__SESSION_DOWN) {
		/* A group that is told later has its early answers. */
		if (user_is_lied_to(user))
			ledger_doubt(run, user->index);
		user->believes = false;
		user->changed = is_changed(user, from);
		if (inside_is_content(user->client))
			user->failing.count = 0;
		if (from != STAY__SESSION_GREETING &&
		    from != STAY__SESSION_RESTORING)
			allow_resends(user);
		check_silent(user);
	}
}

/* ---- the governor ---- */

/* The gap to the grant before. Grants of one moment may be told in another order than they
 * were made in: only two that had to wait may not be told together. */
static uint64_t
gap_of_grant(struct run *run, bool doubtful)
{
	struct grants *granted = &run->granted;
	uint64_t at = run->sim->now - run->dozed;
	uint64_t before;

	if (at != granted->at) {
		granted->before = granted->at;
		granted->at = at;
		granted->doubtful = false;
	}
	before = granted->doubtful ? granted->at : granted->before;
	granted->doubtful = granted->doubtful || doubtful;
	return before == 0 ? UINT64_MAX : run->sim->now - before;
}

static void
follow_grants(struct run *run, const struct user *user, unsigned event)
{
	bool doubtful = user != NULL && !user->reached && !user->moved;
	uint64_t gap;

	if (event != STAY__LINK_EV_GRANTED)
		return;
	gap = gap_of_grant(run, doubtful);
	/* A grant that is told late, as whoever was asleep does, may be told
	 * together with the next. */
	if (doubtful && run->plan.per_slow == 0 &&
	    run->granted.before > run->excused &&
	    gap < run->plan.stagger_ms * SIM_MS)
		broken(13, "a dial %" PRIu64 " us after the one before",
		    gap / 1000);
}

/* ---- a turn ---- */

static struct user *
user_of(struct run *run, uint64_t number)
{
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].number == number &&
		    user_conn(&run->users[i]) != NULL)
			return &run->users[i];
	return NULL;
}

static void
check_row(const struct stay_machine *machine, unsigned from, unsigned event,
    const struct stay_transition *turn)
{
	const struct stay_machine_row *row =
	    stay_machine_find_row(machine, from, event);

	if (row == NULL || row->verb == STAY_NEVER ||
	    strcmp(machine->states[row->next].label, turn->to) != 0 ||
	    (row->verb == STAY_KEEP) != turn->kept)
		broken(4, "%s: %s --%s--> %s is no row of the table",
		    machine->name, turn->from, turn->event, turn->to);
}

/* Turns of a link are noted first, which takes memory. */
static void
check_from(const struct user *user, const struct stay_machine *machine,
    unsigned which, unsigned from)
{
	if (user->state[which] != from && !(which == LINK && memory.failed > 0))
		broken(4, "%s of user %u was in %s, not in %s", machine->name,
		    user->index, machine->states[user->state[which]].label,
		    machine->states[from].label);
}

/* What was there before the turn is seen before it is gone. */
static void
look(struct user *user)
{
	if (user == NULL || user->client == NULL)
		return;
	change_follow(user);
	water_look(user);
}

void
watch_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *turn)
{
	struct run *run = arg;
	struct user *user = user_of(run, who->number);
	unsigned which, from, event, to;
	const struct stay_machine *machine =
	    machine_named(turn->machine, &which);

	called_back(run);
	tale_transition(who, turn);
	look(user);
	from = (unsigned)stay_machine_find_state(machine, turn->from);
	event = (unsigned)stay_machine_find_event(machine, turn->event);
	to = (unsigned)stay_machine_find_state(machine, turn->to);
	sim_note(run->sim, turn->event, (int64_t)who->number,
	    which * 100 + from * 10 + to);
	check_row(machine, from, event, turn);
	if (which == CONN && !turn->kept)
		meter_step(who->number, from, to,
		    strcmp(turn->action, "connect") == 0);
	if (which == LINK)
		follow_grants(run, user, event);
	if (user != NULL) {
		check_from(user, machine, which, from);
		user->state[which] = to;
		if (which == CONN) {
			check_failed(user, from, event, to);
			follow_backoff(user, from, event, to);
		} else if (which == LINK)
			follow_link(user, from, event, to);
		else if (user->client != NULL)
			follow_session(user, from, to);
		if (which == CONN && strcmp(turn->action, "connect") == 0)
			follow_connect(user);
	}
	call_is_back(run);
}

/* ---- the rest ---- */

void
watch_failure(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	called_back(arg);
	tale_failure(who, status, text);
	meter_failure(status);
	call_is_back(arg);
}

void
watch_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	called_back(arg);
	tale_up(who, up);
	meter_up(up);
	call_is_back(arg);
}

void
watch_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	called_back(arg);
	tale_closed(who, status, text);
	meter_closed(who->number);
	call_is_back(arg);
}
