/*
 * The invariants that hold after every event, and what happens when one does
 * not. Cheap: a few comparisons for every client.
 */
#include "run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/counts.h"
#include "support/inside.h"

/* So many waits without an event, in a virtual second, are spinning. */
#define IDLE_WAITS_MAX 2000

#define TICK SIM_MS

/* What any request may block at a server. */
#define BLOCK_MS_MAX 80

/* Deadlines and probes have a grain; what has no memory is tried again. */
#define SLACK_MS 10

/* What one write may take, its last request whole. */
#define WRITE_MAX ((256u << 10) + PAD_MAX + 128)

void
broken(unsigned promise, const char *format, ...)
{
	struct verdict *verdict = the_run->verdict;
	size_t size = sizeof(verdict->text);
	int len = snprintf(verdict->text, size, "invariant %u: ", promise);
	va_list args;

	va_start(args, format);
	vsnprintf(verdict->text + len, size - (size_t)len, format, args);
	va_end(args);
	the_run->figures->events = the_run->sim->happened;
	if (the_run->sim->trace != NULL)
		fprintf(the_run->sim->trace, "%s\n", verdict->text);
	fflush(NULL);
	if (getenv("SIM_ABORT") != NULL)
		abort();
	_exit(3);
}

/* ---- callbacks ---- */

void
called_back(struct run *run)
{
	if (run->calling)
		broken(5, "a callback runs inside a public call");
	if (run->over)
		broken(5, "a callback runs after the end");
	run->inside++;
	meter_called_back(run);
}

void
call_is_back(struct run *run)
{
	run->inside--;
	for (unsigned i = 0; run->inside == 0 && i < run->plan.user_count; i++)
		pause_look_over(&run->users[i]);
}

/* ---- one client ---- */

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A bound that was lowered below what is there already lets nothing in. */
static uint64_t
lowered(uint64_t most, uint64_t now, uint64_t bound)
{
	if (most > now)
		most = now;
	return most > bound ? most : bound;
}

static void
check_bounds(struct user *user, const struct stay_client_counts *counts)
{
	const struct stay_client_options *options = &user->options;
	uint64_t calls = counts->queued + counts->in_flight;

	uint64_t sent = counts->in_flight + counts->tombstones;
	/* What is larger than a bound that was lowered is sent alone. */
	uint64_t bound =
	    options->queue_calls_max +
	    larger(options->inflight_calls_max, user->largest_group);
	if (sent > options->inflight_calls_max && sent > user->largest_group)
		broken(7,
		    "user %u has %" PRIu64 " calls in flight and %" PRIu64
		    " tombstones",
		    user->index, counts->in_flight, counts->tombstones);
	if (counts->in_flight_bytes > options->inflight_bytes_max &&
	    sent > larger(1, user->largest_group))
		broken(7, "user %u has %" PRIu64 " bytes in flight",
		    user->index, counts->in_flight_bytes);
	if (calls > user->calls_most && calls > bound)
		broken(7, "user %u has %" PRIu64 " calls queued", user->index,
		    counts->queued);
	user->calls_most = lowered(user->calls_most, calls, bound);
}

static void
check_held(struct user *user, const struct stay_client_counts *counts)
{
	const struct stay_client_options *options = &user->options;

	if (counts->held > user->held_most &&
	    counts->held > options->held_replies_max)
		broken(7, "user %u holds %" PRIu64 " replies", user->index,
		    counts->held);
	if (counts->held_bytes > user->held_bytes_most &&
	    counts->held_bytes > options->held_bytes_max)
		broken(7, "user %u holds %" PRIu64 " bytes of replies",
		    user->index, counts->held_bytes);
	if (counts->held < keep_count(user))
		broken(10, "user %u keeps more replies than are held",
		    user->index);
	user->held_most =
	    lowered(user->held_most, counts->held, options->held_replies_max);
	user->held_bytes_most = lowered(
	    user->held_bytes_most, counts->held_bytes, options->held_bytes_max);
}

/* Queued, in flight or back from there, and holes between them. */
static void
check_bytes(struct user *user)
{
	const struct stay_client_options *options = &user->options;
	uint64_t bytes = inside_request_bytes(user->client);

	user->bytes_bound = larger(user->bytes_bound, options->queue_bytes_max);
	user->flight_bound =
	    larger(user->flight_bound, options->inflight_bytes_max);
	if (bytes > 3 * user->bytes_bound + user->flight_bound + WRITE_MAX)
		broken(7, "user %u holds %" PRIu64 " bytes of requests",
		    user->index, bytes);
}

/* Saved up at first, and once more with every change of options. */
static void
check_resends(struct user *user, const struct stay_client_counts *counts)
{
	user->resends_allowed +=
	    (counts->submitted - user->earned) * user->options.resend_percent;
	user->earned = counts->submitted;
	if (user->repeated * 100 > user->resends_allowed)
		broken(13, "user %u has sent again %" PRIu64 " calls",
		    user->index, user->repeated);
}

/* What is kept of an answer that is not whole. */
static void
check_input(const struct user *user)
{
	size_t unread = inside_unread(user_conn(user));

	if (user->client != NULL && unread > user->options.reply_bytes_max)
		broken(7, "user %u keeps %zu bytes of an answer", user->index,
		    unread);
}

/* Over, and still to be told: as many as two bounds let be, when all that wait
 * join them at once. */
static void
check_untold(struct user *user, uint64_t untold)
{
	const struct stay_client_options *options = &user->options;
	uint64_t bound =
	    2 * (options->queue_calls_max + options->inflight_calls_max);

	if (bound > user->untold_bound)
		user->untold_bound = bound;
	if (untold > user->untold_bound)
		broken(7, "user %u has not been told of %" PRIu64 " calls",
		    user->index, untold);
}

/* Issued = completed + queued + in flight, and as many as we know of. */
void
check_counts(struct user *user)
{
	struct stay_client_counts c = counts_of(user->client);
	uint64_t over =
	    c.replied + c.sent + c.refused + c.not_sent + c.maybe_executed;

	user->run->figures->checks++;
	change_follow(user);
	if (c.submitted != over + c.queued + c.in_flight)
		broken(1,
		    "user %u: %" PRIu64 " submitted, %" PRIu64 " over, %" PRIu64
		    " queued, %" PRIu64 " in flight",
		    user->index, c.submitted, over, c.queued, c.in_flight);
	if (c.submitted != user->accepted || c.rejected != user->rejected)
		broken(1,
		    "user %u: it counts %" PRIu64 " accepted, we %" PRIu64,
		    user->index, c.submitted, user->accepted);
	if (user->told > over)
		broken(1,
		    "user %u: told %" PRIu64 " of %" PRIu64 " that are over",
		    user->index, user->told, over);
	check_bounds(user, &c);
	check_untold(user, over - user->told);
	check_held(user, &c);
	check_bytes(user);
	check_resends(user, &c);
}

/* Whoever stops is not asked to end a session as well. */
static void
check_tombstones(
    const struct user *user, const struct stay_client_counts *counts)
{
	if (counts->tombstones > user->given_up)
		broken(2,
		    "user %u has %" PRIu64 " tombstones of %" PRIu64
		    " calls given up",
		    user->index, counts->tombstones, user->given_up);
	if (counts->tombstones > user->options.tombstones_max &&
	    !user->leaving && memory.failed == 0)
		broken(7, "user %u has %" PRIu64 " tombstones", user->index,
		    counts->tombstones);
	if ((user->kind == KIND_LINE || user->kind == KIND_TAG) &&
	    user->orphans != counts->orphans)
		broken(2,
		    "user %u: %" PRIu64 " orphans counted, %" PRIu64 " handed",
		    user->index, counts->orphans, user->orphans);
}

/* Between turns all that is decided is told. */
static void
check_told(struct user *user)
{
	struct stay_client_counts c = counts_of(user->client);
	const uint64_t counted[STAY_OUTCOME_COUNT] = {
		[STAY_REPLIED] = c.replied,
		[STAY_SENT] = c.sent,
		[STAY_NOT_SENT] = c.not_sent,
		[STAY_REFUSED] = c.refused,
		[STAY_MAYBE_EXECUTED] = c.maybe_executed,
	};

	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		if (counted[i] != user->told_as[i])
			broken(1,
			    "user %u: %" PRIu64 " counted, %" PRIu64
			    " told as %s",
			    user->index, counted[i], user->told_as[i],
			    stay_outcome_name((enum stay_outcome)i));
	if (c.waiting != user->waiting)
		broken(1,
		    "user %u: %" PRIu64 " counted in line, %" PRIu64 " are",
		    user->index, c.waiting, user->waiting);
	check_tombstones(user, &c);
}

/* ---- streams ---- */

static unsigned
open_ends(const struct user *user)
{
	const struct sim *sim = user->run->sim;
	unsigned count = 0;

	for (size_t i = 0; i < sim->fd_count; i++) {
		const struct sim_end *end = sim->fds[i];

		count += end != NULL && end->peer->place != NULL &&
			 end->peer->place->arg == &user->host.server;
	}
	return count;
}

/* A server has sent it there, or else the URL that is in force leads there. */
static bool
may_be_at(const struct user *user, const struct sim_place *place)
{
	if (user->leave.place != NULL)
		return place == user->leave.place;
	return user->roams ||
	       (place == user->host.other_place) == user->elsewhere;
}

static void
check_places(const struct user *user)
{
	const struct sim *sim = user->run->sim;
	const struct host *host = &user->host;

	for (size_t i = 0; i < sim->fd_count; i++) {
		const struct sim_end *end = sim->fds[i];

		if (end == NULL || end->peer->place == NULL ||
		    end->peer->place->arg != &host->server)
			continue;
		if (!may_be_at(user, end->peer->place))
			broken(13, "user %u goes where its URL does not lead",
			    user->index);
	}
}

static void
check_stream(const struct user *user)
{
	static const unsigned most[STAY__LINK_STATE_COUNT] = {
		[STAY__LINK_DIALING] = PLACES_MAX,
		[STAY__LINK_SECURING] = 1,
		[STAY__LINK_OPEN] = 1,
		[STAY__LINK_CLOSING] = 1,
	};
	enum stay__link_state link = inside_link(user_conn(user));
	unsigned open = open_ends(user);

	if (open > most[link] || (link >= STAY__LINK_SECURING && open == 0))
		broken(10, "user %u has %u descriptors with its link %s",
		    user->index, open, stay_machine_link()->states[link].label);
	if (!stay_machine_conn()->states[user->state[0]].stream && open > 0)
		broken(10, "user %u has %u descriptors while %s", user->index,
		    open, stay_state_name((enum stay_state)user->state[0]));
}

/* ---- time ---- */

/* It has overslept, and reads what came meanwhile before it acts. */
bool
run_catches_up(const struct run *run)
{
	return run->sim->now < inside_excused(run->loop);
}

/* A deadline has passed, and a turn since: it must have been told. With an excuse it may
 * be told as soon as that is over. */
static void
check_deadlines(struct run *run)
{
	uint64_t due = ledger_next_deadline(run);
	uint64_t excused = inside_excused(run->loop);
	const struct sim *sim = run->sim;

	if (due == SIM_NEVER || sim->again || run_catches_up(run))
		return;
	if (due < excused)
		due = excused;
	if (due + TICK + run->dozed <= sim->now)
		broken(6, "a call's deadline passed %" PRIu64 " us ago",
		    (sim->now - due) / 1000);
	if (sim->timer > due + TICK)
		broken(6, "a deadline in %" PRIu64 " us and no timer for it",
		    (due - sim->now) / 1000);
}

static void
check_timer(const struct user *user)
{
	const struct sim *sim = user->run->sim;

	if (!sim->again && sim->timer == SIM_NEVER && user->kind != KIND_RAW &&
	    (user->state[0] == STAY_BACKING_OFF ||
		user->state[0] == STAY_CONNECTING ||
		user->state[0] == STAY_STOPPING))
		broken(6, "user %u is %s and no timer is armed", user->index,
		    stay_state_name((enum stay_state)user->state[0]));
}

/* A wait after which nothing had happened was for nothing; a few are fine. */
static void
check_spinning(struct run *run)
{
	const struct sim *sim = run->sim;
	uint64_t mark = sim->happened + sim->calls[SIM_READ] +
			sim->calls[SIM_WRITE] + sim->calls[SIM_CONNECT] +
			sim->calls[SIM_LOOKUP] + run->ledger.count +
			run->acted_at;

	if (mark != run->idle_mark ||
	    sim->now - run->idle_since > 1000 * SIM_MS) {
		run->idle_mark = mark;
		run->idle_since = sim->now;
		run->idle_waits = 0;
	} else if (++run->idle_waits > IDLE_WAITS_MAX) {
		broken(9, "%u turns and nothing to do", IDLE_WAITS_MAX);
	}
}

/* ---- silence ---- */

static const struct sim_peer *
peer_of(const struct user *user)
{
	const struct sim *sim = user->run->sim;

	for (size_t i = 0; i < sim->fd_count; i++)
		if (sim->fds[i] != NULL && sim->fds[i]->peer->place != NULL &&
		    sim->fds[i]->peer->place->arg == &user->host.server)
			return sim->fds[i]->peer;
	return NULL;
}

/* How long a peer may be silent; without a probe an idle one for ever. */
static uint64_t
silence_ms(const struct user *user, const struct stay_client_counts *counts)
{
	const struct stay_client_options *o = &user->options;
	uint64_t ms = BLOCK_MS_MAX + o->block_margin_ms;

	if (o->silence_ms > ms)
		ms = o->silence_ms;
	/* What is let go of may have been awaited until then, without a sound. */
	if (user->kind == KIND_TAG)
		ms += o->silence_ms;
	else if (counts->in_flight + counts->tombstones > 0)
		return ms + SLACK_MS;
	return user->kind == KIND_ECHO || o->probe_ms == STAY_FOREVER
		   ? STAY_FOREVER
		   : ms + o->probe_ms + SLACK_MS;
}

/* The session ends because its peer is silent, or owes too many answers, or one
 * for too long, as is said unless it says goodbye; what is read after that was found
 * comes too late, and without memory it ends later. */
void
check_silent(const struct user *user)
{
	const struct sim_peer *peer = peer_of(user);
	uint64_t ms = user->options.silence_ms;

	pause_silent(user);
	if (inside_condemned(user->client) == STAY_E_SILENT &&
	    user->state[0] != STAY_STOPPING &&
	    !inside_says_goodbye(user->client) &&
	    strstr(stay_conn_failure(user_conn(user)), "given up") == NULL &&
	    peer != NULL && memory.failed == 0 &&
	    peer->heard < user->run->sim->now &&
	    user->run->sim->now < peer->heard + ms * SIM_MS)
		broken(8,
		    "user %u takes a peer for silent after %" PRIu64 " ms",
		    user->index, (user->run->sim->now - peer->heard) / SIM_MS);
}

/* What is let go of ends an expectation without a sound, and the next call begins
 * another. */
static bool
has_changed(struct user *user, const struct stay_client_counts *counts)
{
	uint64_t before = user->counted;

	user->counted = counts->submitted + counts->tombstones +
			counts->replied + counts->sent + counts->maybe_executed;
	return user->counted != before;
}

/* Since when its answers are due, or a body has left. */
static void
note_busy(struct user *user, const struct stay_client_counts *counts)
{
	uint64_t now = user->run->sim->now;
	bool idle = counts->in_flight + counts->tombstones == 0;
	bool pours = inside_pours(user->client);
	bool by_tag = user->kind == KIND_TAG;

	if (by_tag ? has_changed(user, counts) : idle || user->idle)
		user->busy_since = now;
	/* Whoever is sent a body may take it as slowly as it likes. */
	if (pours || user->pours)
		user->poured_at = now;
	user->idle = idle && !by_tag;
	user->pours = pours;
}

/* The last sign of life, or what counts as one. */
static uint64_t
alive_at(const struct user *user, const struct sim_peer *peer)
{
	/* A greeting may end long after its last frame, when it is resumed. */
	const uint64_t signs[] = { user->run->excused, peer->heard,
		user->ready_at, user->resumed_at, user->poured_at,
		user->idle ? 0 : user->busy_since };
	uint64_t last = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (signs[i] > last)
			last = signs[i];
	return last;
}

static void
check_silence(struct user *user)
{
	struct stay_client_counts c = counts_of(user->client);
	const struct sim_peer *peer = peer_of(user);
	uint64_t ms = silence_ms(user, &c), now = user->run->sim->now, last;

	note_busy(user, &c);
	if (peer == NULL || user->state[2] != STAY__SESSION_READY ||
	    ms == STAY_FOREVER || user->paused)
		return;
	last = alive_at(user, peer);
	if (now > last + ms * SIM_MS)
		broken(8, "user %u has a peer silent for %" PRIu64 " ms",
		    user->index, (now - last) / SIM_MS);
}

/* From the grant of its dial, if that was told, to the end of its greeting. */
static void
check_attempt(const struct user *user)
{
	const struct run *run = user->run;
	uint64_t ms = user->options.connect_budget_ms + SLACK_MS;
	uint64_t slept = run->slept - user->granted_slept;

	if (user->state[0] == STAY_CONNECTING && user->granted_at > 0 &&
	    run->sim->now > user->granted_at + slept + ms * SIM_MS)
		broken(8, "user %u is still connecting after %" PRIu64 " ms",
		    user->index, (run->sim->now - user->granted_at) / SIM_MS);
}

/* ---- the rest ---- */

static void
check_leaving(const struct user *user)
{
	const struct run *run = user->run;

	if (user->leaving && user->leave_by != SIM_NEVER &&
	    run->sim->now > user->leave_by)
		broken(5, "user %u is still there and should be gone",
		    user->index);
}

/* Far more than the bounds of all clients together cannot be needed. */
static void
check_memory(const struct run *run)
{
	uint64_t most = (4u << 20) + pool_bytes_max(run);

	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct stay_client_options *o = &run->users[i].options;

		if (run->users[i].kind == KIND_TAG)
			most += 8u << 20; /* its control lane */
		most += 4 * (o->queue_bytes_max + o->reply_bytes_max) +
			o->held_bytes_max +
			512 * (o->queue_calls_max + o->inflight_calls_max);
	}
	if (memory.bytes > most)
		broken(7,
		    "the library holds %" PRIu64 " bytes, %" PRIu64
		    " would be much",
		    memory.bytes, most);
}

static void
check_dials(const struct run *run)
{
	unsigned dials = 0;

	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct stay_conn *conn = user_conn(&run->users[i]);

		if (conn == NULL)
			continue;
		dials += inside_link(conn) == STAY__LINK_RESOLVING ||
			 inside_link(conn) == STAY__LINK_DIALING;
	}
	if (dials > run->plan.dials_max)
		broken(13, "%u dials at once, and %u are allowed", dials,
		    run->plan.dials_max);
}

/* ---- all of it ---- */

static void
check_user(struct user *user)
{
	if (user_conn(user) == NULL)
		return;
	if (user->client != NULL)
		check_counts(user);
	if (user->run->sim->again)
		return;
	check_stream(user);
	check_timer(user);
	check_leaving(user);
	check_input(user);
	mail_check(user);
	rest_check(user);
	if (user->client == NULL) {
		raw_check(user);
		return;
	}
	check_told(user);
	check_silence(user);
	check_attempt(user);
	water_check(user);
	check_places(user);
	change_check(user);
	leave_check(user);
	if (user->kind == KIND_TAG)
		tag_lane_check(user);
}

/* The library is at rest: no turn is under way. */
void
check_restful(struct run *run)
{
	if (memory.per_10000 > 0)
		run->excused = run->sim->now;
	for (unsigned i = 0; i < run->plan.user_count; i++)
		check_user(&run->users[i]);
	pool_look_restful(run);
	meter_look(run);
	tale_turn(run);
	check_memory(run);
	if (!run->sim->again)
		check_dials(run);
}

/* After an event the library has marked it; after a turn it has acted. What a
 * callback made late may be told in the next turn, which follows at once. */
void
check_after(void *arg)
{
	struct run *run = arg;
	bool turned = run->sim->happened == run->turn_at;

	run->turn_at = run->sim->happened;
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (run->users[i].client != NULL) {
			check_counts(&run->users[i]);
			pause_look(&run->users[i]);
		}
	pool_look(run);
	if (!turned)
		return;
	check_restful(run);
	check_deadlines(run);
	check_spinning(run);
	if (!run->sim->again)
		run->dozed = 0;
	run->settled = run->ledger.count;
}
