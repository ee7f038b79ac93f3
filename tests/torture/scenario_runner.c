/*
 * Scenarios of runners: loops in threads, which start all or not at all; remotes on
 * them; and how both end. Whatever fails, no thread and no descriptor is left, and each
 * call that was accepted is told once.
 */
#include <stdatomic.h>

#include <stay/loop.h>
#include <stay/runner.h>

#include "fault.h"
#include "scenario.h"

#define LOOPS 3
#define CALLS 4

/* So many jobs on each loop, and what stops has stopped. */
#define PATIENCE 5000

/* What its threads have done, and this one asks when they have ended. */
struct crew {
	struct rig *rig;
	struct stay_runner *runner; /* NULL: it has not started */
	struct stay_remote *remote; /* likewise */
	atomic_uint jobs;
	bool connects; /* the remote's client was started */
	unsigned accepted;
	atomic_uint told;
	atomic_uint closed;
};

/* ---- beginning and end ---- */

static void
start_on(struct crew *crew, stay_make_loop_fn *make_loop)
{
	struct stay_runner_options options = { STAY_RUNNER_OPTIONS,
		.loops = LOOPS, .inbox_max = 8 };
	enum stay_status status;

	rig_enter(crew->rig);
	status = make_loop == NULL
		     ? stay_runner_start(&crew->runner, &options)
		     : stay_runner_start_on(&crew->runner, &options, make_loop);
	rig_leave(crew->rig);
	rig_expect(status == STAY_OK, "a runner starts");
	if ((status == STAY_OK) != (crew->runner != NULL) ||
	    (status != STAY_OK && status != STAY_E_NOMEM))
		fault_violation(
		    "a runner starts with %s", stay_status_name(status));
	if (fault_threads() != (status == STAY_OK ? LOOPS : 0))
		fault_violation("%d threads run", fault_threads());
}

static void
end(struct crew *crew)
{
	unsigned closed;

	stay_remote_free(crew->remote);
	if (crew->runner != NULL && stay_runner_free(crew->runner) != STAY_OK)
		fault_violation("a runner is not freed");
	if (fault_threads() > 0)
		fault_violation("%d threads are left", fault_threads());
	if (atomic_load(&crew->told) != crew->accepted)
		fault_violation("of %u calls %u were told", crew->accepted,
		    atomic_load(&crew->told));
	closed = atomic_load(&crew->closed);
	if (closed > 1 || (crew->connects && closed == 0))
		fault_violation("it closed %u times", closed);
}

/* ---- jobs ---- */

static void
job(void *arg, struct stay_loop *loop)
{
	struct crew *crew = arg;

	if (stay_loop_live(loop) > 0 || !stay_runner_is_here())
		fault_violation("a job is elsewhere");
	atomic_fetch_add(&crew->jobs, 1);
}

/* Each runs before it is said that it has, and only then. */
static void
do_jobs(struct crew *crew)
{
	unsigned done = 0;

	for (size_t i = 0; i < LOOPS && crew->runner != NULL; i++) {
		enum stay_status status =
		    stay_runner_do(crew->runner, i, job, crew);

		done += status == STAY_OK;
		if (status != STAY_OK && status != STAY_E_NOMEM)
			fault_violation("a job: %s", stay_status_name(status));
		rig_expect(status == STAY_OK, "there is room for a job");
	}
	if (atomic_load(&crew->jobs) != done)
		fault_violation(
		    "%u jobs, and %u have run", done, atomic_load(&crew->jobs));
}

void
scenario_runner(struct rig *rig)
{
	struct crew crew = { .rig = rig };

	start_on(&crew, NULL);
	do_jobs(&crew);
	end(&crew);
}

void
scenario_runner_polled(struct rig *rig)
{
	struct crew crew = { .rig = rig };

	start_on(&crew, stay_loop_poll);
	do_jobs(&crew);
	end(&crew);
}

/* ---- a remote ---- */

/* What is sent; it serves as a config, too, which is copied. */
static const struct stay_bytes word = { "hello", 5 };

static void
on_remote_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct crew *crew = arg;

	(void)conn;
	(void)reason;
	atomic_fetch_add(&crew->closed, 1);
}

static void
count_live(void *arg, struct stay_loop *loop)
{
	*(size_t *)arg += stay_loop_live(loop);
}

/* False: what lives is known, and something does. */
static bool
is_empty(struct crew *crew)
{
	size_t live = 0;

	for (size_t i = 0; i < LOOPS; i++)
		if (stay_runner_do(crew->runner, i, count_live, &live) !=
		    STAY_OK)
			return true;
	return live == 0;
}

/* A client that no remote has is stopped again. */
static void
check_empty(struct crew *crew)
{
	for (int tries = 0; tries < PATIENCE; tries++)
		if (is_empty(crew))
			return;
	fault_violation("a remote has not started, and its client lives");
}

static void
connect_to(struct crew *crew, struct server *server)
{
	struct stay_client_options options = rig_client_options();
	enum stay_status status;

	options.on_closed = on_remote_closed;
	options.arg = crew;
	options.config = &word;
	options.config_size = sizeof(word);
	if (crew->runner == NULL)
		return;
	status = stay_remote_start(&crew->remote, crew->runner,
	    &stay_echo_protocol, door_url(&server->door, "echo"), &options);
	rig_expect(status == STAY_OK, "a remote starts");
	crew->connects = status == STAY_OK;
	if (crew->connects != (crew->remote != NULL))
		fault_violation(
		    "a remote starts with %s", stay_status_name(status));
	if (!crew->connects)
		check_empty(crew);
}

/* One that is waited for: it completes, whatever fails. */
static void
ask(struct crew *crew)
{
	struct stay_future *future;
	enum stay_status status;

	if (crew->remote == NULL)
		return;
	future = stay_remote_future(crew->remote, &word, NULL);
	status = stay_future_wait(future, STAY_FOREVER);
	rig_expect(status == STAY_OK, "a call is answered");
	stay_future_free(future);
}

static void
on_told(void *arg, const struct stay_result *result)
{
	struct crew *crew = arg;

	(void)result;
	atomic_fetch_add(&crew->told, 1);
}

/* Some that nobody waits for. */
static void
ask_on(struct crew *crew)
{
	for (int i = 0; i < CALLS && crew->remote != NULL; i++)
		crew->accepted += stay_remote_call(crew->remote, &word, NULL,
				      on_told, crew) == STAY_OK;
}

void
scenario_runner_remote(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);
	struct crew crew = { .rig = rig };

	start_on(&crew, NULL);
	connect_to(&crew, server);
	ask(&crew);
	ask_on(&crew);
	ask(&crew);
	rig_expect(atomic_load(&crew.told) == CALLS, "calls are told in order");
	end(&crew);
}

/* Nobody waits for anything: it stops with all under way, and is stopped again. */
void
scenario_runner_stops(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);
	struct crew crew = { .rig = rig };

	start_on(&crew, stay_loop_poll);
	connect_to(&crew, server);
	ask_on(&crew);
	if (crew.runner != NULL)
		stay_runner_stop(crew.runner);
	ask_on(&crew);
	if (crew.remote != NULL && stay_runner_free(crew.runner) != STAY_E_LIVE)
		fault_violation("a runner is freed under its remote");
	end(&crew);
}
