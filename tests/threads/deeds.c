/* What a thread does: of the public functions for threads, one after the other. */
#include "threads/play.h"

#include "threads/sched.h"

/* ---- waiting ---- */

struct patience {
	uint64_t began;
	uint64_t whims;
	uint64_t budget_ms;
};

static struct patience
begin_to_wait(void)
{
	static const uint64_t budgets[] = { 0, 1, 5, 50, STAY_FOREVER };

	return (struct patience){ sched_now(), sched_whims(),
		budgets[sched_draw(sizeof(budgets) / sizeof(budgets[0]))] };
}

/* What has passed on a whim is not the library's. A call without an end of its own has
 * one by its timeout, which counts from when the loop has it. */
static void
check_patience(const struct patience *it, enum stay_status status)
{
	uint64_t spent = sched_now() - it->began;
	uint64_t idle = spent - (sched_whims() - it->whims);
	uint64_t most =
	    it->budget_ms == STAY_FOREVER ? 2 * TIMEOUT_MS : it->budget_ms;

	sched_note("waited", it->budget_ms, status);
	if (idle > most * SCHED_MS)
		sched_broken("a wait for %u ms took %u ms", (unsigned)most,
		    (unsigned)(idle / SCHED_MS));
	if (status == STAY_E_TIMEOUT &&
	    (it->budget_ms == STAY_FOREVER || spent < it->budget_ms * SCHED_MS))
		sched_broken("a wait ends before its time");
}

/* ---- hands ---- */

static struct hand *
draw_hand(struct worker *worker)
{
	return &worker->hands[sched_draw(HANDS)];
}

void
hand_read(struct hand *hand)
{
	const struct stay_result *result = stay_future_result(hand->future);

	if (result == NULL)
		return;
	if (!hand->is_read)
		call_told(hand->call, result);
	else if (result->status == STAY_OK)
		call_check_reply(hand->call, result->reply);
	hand->is_read = true;
}

void
hand_free(struct hand *hand)
{
	if (hand->call == NULL)
		return;
	hand_read(hand);
	if (!hand->is_read)
		hand->call->kind = CALL_CAST; /* nobody asks any more */
	stay_future_free(hand->future);
	*hand = (struct hand){ .future = NULL };
}

/* ---- calls ---- */

static unsigned
draw_remote(void)
{
	return (unsigned)sched_draw(play.remote_count);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	struct call *call = arg;
	unsigned *thread = &play.threads_of[call->remote];

	if (!stay_runner_is_here())
		sched_broken("a call ends on no loop's thread");
	if (*thread != 0 && *thread != sched_self())
		sched_broken("a remote has two threads");
	*thread = sched_self();
	call_told(call, result);
}

static void
give(unsigned owner, enum call_kind kind)
{
	unsigned remote = draw_remote();
	struct call *call = call_new(kind, owner, remote);

	if (call == NULL)
		return;
	call_given(call, stay_remote_call(play.remotes[remote], call, NULL,
			     kind == CALL_CAST ? NULL : on_done, call));
}

static void
do_call(struct worker *worker)
{
	give(worker->number, CALL_TOLD);
}

static void
do_cast(struct worker *worker)
{
	give(worker->number, CALL_CAST);
}

static void
do_submit(struct worker *worker)
{
	struct hand *hand = draw_hand(worker);
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 1 + sched_draw(TIMEOUT_MS) };
	unsigned remote = draw_remote();

	hand_free(hand);
	hand->call = call_new(CALL_FUTURE, worker->number, remote);
	if (hand->call == NULL)
		return;
	hand->future = stay_remote_future(play.remotes[remote], hand->call,
	    sched_chance(2) ? &options : NULL);
	if (sched_chance(4))
		hand_read(hand);
}

static void
do_wait(struct worker *worker)
{
	struct hand *hand = draw_hand(worker);
	struct patience patience = begin_to_wait();
	enum stay_status status;

	if (hand->call == NULL)
		return;
	status = stay_future_wait(hand->future, patience.budget_ms);
	check_patience(&patience, status);
	hand_read(hand);
	if (hand->is_read != (status == STAY_OK) &&
	    (status != STAY_E_TIMEOUT || !hand->is_read))
		sched_broken("a wait ends with %s", stay_status_name(status));
}

static void
do_wait_any(struct worker *worker)
{
	struct stay_future *futures[HANDS];
	struct hand *hands[HANDS];
	struct patience patience = begin_to_wait();
	size_t count = 0, which = HANDS;
	enum stay_status status;

	for (size_t i = 0; i < HANDS; i++) {
		if (worker->hands[i].call == NULL)
			continue;
		hands[count] = &worker->hands[i];
		futures[count++] = worker->hands[i].future;
	}
	status =
	    stay_future_wait_any(futures, count, patience.budget_ms, &which);
	check_patience(&patience, status);
	if (status != STAY_OK)
		return;
	hand_read(hands[which]);
	if (!hands[which]->is_read)
		sched_broken("a wait ends before any call has");
}

static void
do_cancel(struct worker *worker)
{
	struct hand *hand = draw_hand(worker);
	enum stay_status status;

	if (hand->call == NULL)
		return;
	status =
	    stay_remote_cancel(play.remotes[hand->call->remote], hand->future);
	sched_note("cancel", call_number(hand->call), status);
	if (hand->is_read && status != STAY_E_STALE)
		sched_broken("call %u has ended, and is given up",
		    call_number(hand->call));
	if (sched_chance(2))
		hand_free(hand);
}

static void
do_let_go(struct worker *worker)
{
	hand_free(draw_hand(worker));
}

/* What one has put there, another takes. */
static void
do_pass_on(struct worker *worker)
{
	struct hand *hand = draw_hand(worker);
	struct hand mine = *hand;

	*hand = play.shelf;
	play.shelf = mine;
}

/* ---- how the connection is ---- */

static void
do_ask_state(struct worker *worker)
{
	struct stay_connectivity now = { STAY_CONNECTIVITY };

	(void)worker;
	stay_remote_get_connectivity(play.remotes[draw_remote()], &now);
	sched_note("state", now.changes, now.state);
}

static void
do_await_change(struct worker *worker)
{
	struct stay_connectivity now = { STAY_CONNECTIVITY };
	struct stay_remote *remote = play.remotes[draw_remote()];
	struct patience patience = begin_to_wait();
	uint64_t before;
	enum stay_status status;

	(void)worker;
	if (patience.budget_ms == STAY_FOREVER)
		patience.budget_ms = 20;
	stay_remote_get_connectivity(remote, &now);
	before = now.changes;
	status = stay_remote_await_change(remote, before, patience.budget_ms);
	check_patience(&patience, status);
	stay_remote_get_connectivity(remote, &now);
	if (status == STAY_OK && now.changes <= before)
		sched_broken("a change is told that there is none of");
	if (status == STAY_E_STOPPED && now.state != STAY_STOPPED)
		sched_broken("it has not stopped");
}

/* ---- on the loop's thread ---- */

/* What a program does there with its client: it calls it as without threads. A stop that
 * has been given may lie behind this job. */
static void
give_there(unsigned owner, unsigned remote, struct stay_client *client)
{
	struct call *call = call_new(CALL_TOLD, owner, remote);

	if (call == NULL)
		return;
	call->is_behind_stop = call->is_behind_end = false;
	call_given(call, stay_client_call(client, call, on_done, call));
}

struct inside {
	struct worker *worker;
	unsigned remote;
};

static void
inside(void *arg, struct stay_client *client)
{
	const struct inside *it = arg;
	struct hand *hand = draw_hand(it->worker);
	enum stay_status status;

	if (client != NULL && sched_chance(2))
		give_there(it->worker->number, it->remote, client);
	else
		give(it->worker->number,
		    sched_chance(2) ? CALL_TOLD : CALL_CAST);
	if (hand->call == NULL)
		return;
	status = stay_future_wait(hand->future, 1);
	if (status != STAY_OK && status != STAY_E_REENTRANT)
		sched_broken("a loop's thread has waited");
	hand_read(hand);
}

static void
do_work_inside(struct worker *worker)
{
	struct inside it = { worker, draw_remote() };
	enum stay_status status =
	    stay_remote_do(play.remotes[it.remote], inside, &it);

	if (status != STAY_OK && status != STAY_E_STOPPED)
		sched_broken("no job: %s", stay_status_name(status));
}

static void
count(void *arg, struct stay_loop *loop)
{
	unsigned *done = arg;

	(void)stay_loop_live(loop);
	++*done;
}

static void
do_run_job(struct worker *worker)
{
	unsigned done = 0;
	enum stay_status status = stay_runner_do(
	    play.runner, sched_draw(play.loop_count), count, &done);

	(void)worker;
	if (done != (status == STAY_OK))
		sched_broken("a job is done %u times", done);
}

/* ---- beginning and ending ---- */

/* A remote of its own, for one call that nobody waits for. */
static void
do_visit(struct worker *worker)
{
	struct stay_remote *remote;
	struct hand hand = { .future = NULL };
	enum stay_status status = stay_remote_start(
	    &remote, play.runner, &play_protocol, "play://10.0.0.1:7000", NULL);

	if (status != STAY_OK && status != STAY_E_STOPPED &&
	    status != STAY_E_NOMEM)
		sched_broken("no remote: %s", stay_status_name(status));
	if (status != STAY_OK)
		return;
	hand.call = call_new(CALL_FUTURE, worker->number, REMOTES_MAX);
	if (hand.call != NULL)
		hand.future = stay_remote_future(remote, hand.call, NULL);
	if (sched_chance(2) && hand.call != NULL &&
	    stay_future_wait(hand.future, 50) == STAY_OK)
		hand_read(&hand);
	stay_remote_free(remote);
	hand_free(&hand);
}

static void
do_rest(struct worker *worker)
{
	(void)sched_sleep(worker, sched_now() + sched_draw(60) * SCHED_MS);
}

static void
stop_remote(unsigned remote)
{
	play.stopping = remote + 1;
	sched_note("stop remote", remote, 0);
	stay_remote_stop(play.remotes[remote]);
	play.is_stopped[remote] = true;
}

/* One of those that stop it tells all; when they have all returned it has. */
static void
stop_runner(void)
{
	play.stops++;
	play.stops_inside++;
	sched_note("stop", 0, 0);
	stay_runner_stop(play.runner);
	if (--play.stops_inside == 0)
		play.is_over = true;
}

/* There is something to do first. */
static void
do_stop_remote(struct worker *worker)
{
	if (worker->left <= 10)
		stop_remote(draw_remote());
}

static void
do_stop_runner(struct worker *worker)
{
	if (worker->left <= 10)
		stop_runner();
}

/* What one stops, others stop at the same time. */
static void
join_in(void)
{
	if (play.stops > 0 && sched_chance(4))
		stop_runner();
	if (play.stopping > 0 && sched_chance(4))
		stop_remote(play.stopping - 1);
}

/* ---- a thread ---- */

static const struct deed {
	void (*does)(struct worker *worker);
	unsigned weight;
	const char *name;
} deeds[] = {
#define DEED(name, weight) { do_##name, weight, #name },
#include "threads/deeds.def"
#undef DEED
};

static const struct deed *
draw_deed(void)
{
	const struct deed *deed = deeds;
	unsigned all = 0;
	uint64_t at;

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		all += deeds[i].weight;
	for (at = sched_draw(all); at >= deed->weight; deed++)
		at -= deed->weight;
	return deed;
}

void *
worker_run(void *arg)
{
	struct worker *worker = arg;

	for (; worker->left > 0; worker->left--) {
		const struct deed *deed = draw_deed();

		sched_note(deed->name, worker->left, 0);
		deed->does(worker);
		join_in();
	}
	for (unsigned i = 0; i < HANDS; i++)
		if (sched_chance(2))
			hand_free(&worker->hands[i]);
	return NULL;
}
