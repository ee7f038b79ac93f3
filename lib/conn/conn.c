/*
 * Connections: starting them, and what may be asked of them from outside. A
 * request only leaves a mark; `run` carries it out, in the loop's turn.
 */
#include "conn/conn.h"

#include "base/options.h"

static const struct stay__option conn_options[] = {
#define CONN(field, unit, fallback, least, most, promise, text)                \
	STAY__OPTION(struct stay_conn_options, field, fallback, least, most),
#include "base/options.def"
};

void
stay__conn_nudge(struct stay_conn *conn)
{
	stay__loop_run_soon(conn->loop, &conn->task);
}

/* ---- the end ---- */

static void
tell_closed(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (observer->on_closed != NULL)
		observer->on_closed(observer->arg, &who, conn->reason,
		    stay_strerror(conn->reason));
	if (conn->options.on_closed != NULL)
		conn->options.on_closed(conn->options.arg, conn, conn->reason);
}

static void
deallocate(struct stay_conn *conn)
{
	stay__free(conn->state);
	stay__free(conn->label);
	stay__free(conn->asked_at);
	stay__free(conn->failure);
	stay__free(conn->turns);
	stay__free(conn);
}

static void
release(struct stay_conn *conn)
{
	stay__stream_fini(conn);
	stay__loop_timer_stop(conn->loop, &conn->drain);
	stay__loop_timer_stop(conn->loop, &conn->renewal);
	stay__timing_fini(conn);
	stay__mail_fini(conn);
	stay__task_cancel(&conn->task);
	deallocate(conn);
}

static void
let_awaiter_go(struct stay_conn *conn)
{
	if (conn->awaiter == NULL)
		return;
	conn->awaiter->gone = true;
	if (!conn->awaiter->decided)
		conn->awaiter->status =
		    conn->reason == STAY_OK ? STAY_E_STOPPED : conn->reason;
	conn->awaiter->decided = true;
}

static void
close_conn(struct stay_conn *conn)
{
	struct stay_loop *loop = conn->loop;

	stay__callers_fail(conn);
	stay__mail_fini(conn);
	stay__drive_tell_started(
	    conn, conn->reason == STAY_OK ? STAY_E_STOPPED : conn->reason);
	let_awaiter_go(conn);
	stay__conn_tell_turns(conn);
	tell_closed(conn);
	stay__list_remove(&conn->node);
	release(conn);
	if (--loop->live == 0)
		loop->ops->hold(loop->world, false);
}

/* ---- running ---- */

static struct stay__step
step_reconnect(struct stay_conn *conn)
{
	struct stay_info info = stay_info_status(conn->reconnect_why);

	info.tag = STAY_INFO_RECONNECT;
	switch (stay__conn_state(conn)) {
	case STAY_CONNECTED:
		return stay__step_disconnect(info);
	case STAY_IDLE:
	case STAY_CONNECTING:
	case STAY_BACKING_OFF:
		return stay__step_connect(conn, info);
	case STAY_STARTING:
	case STAY_DISCONNECTING:
	case STAY_STOPPING:
	case STAY_STOPPED:
		break;
	}
	return (struct stay__step){ 0 };
}

/* What was asked for comes before any mail. */
static bool
serve_request(struct stay_conn *conn)
{
	if (conn->stop_asked) {
		conn->stop_asked = false;
		stay__drive(conn, stay__step_stop(conn->reason));
		return true;
	}
	if (conn->reconnect_asked) {
		struct stay__step step = step_reconnect(conn);

		conn->reconnect_asked = false;
		conn->reconnects = conn->reconnects || step.due;
		stay__drive(conn, step);
		return true;
	}
	return false;
}

static bool
is_drained(const struct stay_conn *conn)
{
	stay_busy_fn *busy = conn->behaviour->busy;

	return conn->letters == 0 && conn->upgrades == 0 &&
	       conn->caller_count == 0 &&
	       (busy == NULL || busy(conn, conn->state) == 0);
}

static void
check_drained(struct stay_conn *conn)
{
	if (conn->admission != STAY__ADMIT_DRAINING || !is_drained(conn))
		return;
	stay_conn_stop(conn, STAY_OK);
}

static bool
run_once(struct stay_conn *conn)
{
	struct stay__mail *mail;

	if (serve_request(conn))
		return true;
	mail = stay__mail_next(conn);
	if (mail == NULL)
		return false;
	stay__deliver(conn, mail);
	stay__callers_settle(conn);
	stay__mail_settle(conn);
	stay__timing_take_asked(conn);
	return true;
}

static void
run(struct stay__task *task)
{
	struct stay_conn *conn = STAY__CONTAINER(task, struct stay_conn, task);
	uint64_t budget = conn->options.turn_budget;

	stay__callers_settle(conn);
	stay__mail_settle(conn);
	if (!conn->init.due)
		stay__timing_take_asked(conn);
	if (conn->init.due) {
		struct stay__step step = conn->init;

		conn->init.due = false;
		if (conn->stop_asked && step.event != STAY__CONN_BACKOFF)
			step.event = STAY__CONN_OK;
		stay__drive(conn, step);
	}
	while (budget-- > 0 && stay__conn_state(conn) != STAY_STOPPED)
		if (!run_once(conn))
			break;
	stay__conn_tell_turns(conn);
	check_drained(conn);
	if (stay__conn_state(conn) == STAY_STOPPED)
		close_conn(conn);
	else if (stay__mail_waits(conn) || conn->stop_asked)
		stay__conn_nudge(conn);
}

/* ---- starting ---- */

static bool
is_usable(const struct stay_behaviour *behaviour)
{
	const unsigned known =
	    STAY_CALLS_WHILE_PENDING | STAY_CASTS_WHILE_PENDING;

	return behaviour->size == sizeof(*behaviour) &&
	       behaviour->abi == STAY_ABI && (behaviour->flags & ~known) == 0;
}

static void
drain_over(struct stay__timer *timer)
{
	stay_conn_stop(
	    STAY__CONTAINER(timer, struct stay_conn, drain), STAY_OK);
}

static void
renewal_due(struct stay__timer *timer)
{
	stay_conn_reconnect(STAY__CONTAINER(timer, struct stay_conn, renewal),
	    STAY_E_RECONNECT);
}

static enum stay_status
fill_options(struct stay_conn *conn, const struct stay_conn_options *options)
{
	return stay__options_fill(&conn->options, sizeof(conn->options),
	    options, conn_options,
	    sizeof(conn_options) / sizeof(conn_options[0]), NULL);
}

static enum stay_status
allocate(struct stay_conn *conn)
{
	const char *label = conn->options.label;
	size_t size = conn->behaviour->state_size;

	if (label == NULL)
		label = conn->behaviour->name;
	conn->label = stay__copy_text(label != NULL ? label : "");
	conn->options.label = NULL;
	conn->state = stay__zalloc(size > 0 ? size : 1);
	conn->asked_at = stay__zalloc(
	    (size_t)conn->options.throttle_burst * sizeof(*conn->asked_at));
	return conn->label == NULL || conn->state == NULL ||
		       conn->asked_at == NULL
		   ? STAY_E_NOMEM
		   : STAY_OK;
}

static void
init_parts(struct stay_conn *conn)
{
	stay__list_init(&conn->node);
	stay__list_init(&conn->callers);
	stay__list_init(&conn->answered);
	stay__task_init(&conn->task, run);
	stay__timer_init(&conn->drain, drain_over);
	stay__timer_init(&conn->renewal, renewal_due);
	stay__machine_init(&conn->machine, stay_machine_conn());
	stay__mail_init(conn);
	stay__timing_init(conn);
	stay__stream_init(conn);
}

/* Allocated and wired up, but nobody has been called yet. */
static enum stay_status
make(struct stay_conn **made, struct stay_loop *loop,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct stay_conn *conn = stay__zalloc(sizeof(*conn));
	enum stay_status status;

	if (conn == NULL)
		return STAY_E_NOMEM;
	conn->loop = loop;
	conn->behaviour = behaviour;
	status = fill_options(conn, options);
	if (status == STAY_OK)
		status = allocate(conn);
	if (status != STAY_OK) {
		deallocate(conn);
		return status;
	}
	init_parts(conn);
	conn->number = ++loop->numbers;
	*made = conn;
	return STAY_OK;
}

/* init has refused: no notice comes. */
static enum stay_status
refuse(struct stay_conn *conn, enum stay_status reason)
{
	release(conn);
	return reason == STAY_OK ? STAY_E_STOPPED : reason;
}

enum stay_status
stay_conn_start(struct stay_conn **started, struct stay_loop *loop,
    const struct stay_behaviour *behaviour, void *arg,
    const struct stay_conn_options *options)
{
	struct stay_conn *conn;
	enum stay_status status;

	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	if (loop == NULL || behaviour == NULL)
		return STAY_E_ARG;
	if (!is_usable(behaviour))
		return STAY_E_ABI;
	if (stay__loop_is_orphan(loop))
		return STAY_E_FORKED;
	status = make(&conn, loop, behaviour, options);
	if (status != STAY_OK)
		return status;
	loop->starting++;
	conn->init = stay__drive_start(conn, arg);
	loop->starting--;
	if (stay__conn_state(conn) == STAY_STOPPED)
		return refuse(conn, conn->init.reason);
	if (conn->admission == STAY__ADMIT_CASTS)
		conn->admission = STAY__ADMIT_OPEN;
	stay__list_push(&loop->conns, &conn->node);
	if (loop->live++ == 0)
		loop->ops->hold(loop->world, true);
	stay__conn_nudge(conn);
	*started = conn;
	return STAY_OK;
}

/* ---- waiting for it ---- */

static void
await_over(struct stay__timer *timer)
{
	(void)timer; /* the loop only had to wake up */
}

static enum stay_status
drive_until_decided(struct stay_conn *conn, uint64_t deadline)
{
	struct stay_loop *loop = conn->loop;
	struct stay__awaiter awaiter = { false, false, STAY_OK };
	struct stay__timer timer;

	stay__timer_init(&timer, await_over);
	stay__loop_timer(loop, &timer, deadline);
	conn->awaiter = &awaiter;
	stay_loop_turn(loop); /* what is due already needs no wait */
	while (!awaiter.decided && stay__conn_state(conn) != STAY_IDLE &&
	       stay__loop_now(loop) < deadline)
		loop->ops->run(loop->world);
	stay__loop_timer_stop(loop, &timer);
	if (!awaiter.gone)
		conn->awaiter = NULL;
	if (awaiter.decided)
		return awaiter.status;
	return stay__conn_state(conn) == STAY_IDLE ? STAY_E_STATE
						   : STAY_E_TIMEOUT;
}

enum stay_status
stay_conn_await(struct stay_conn *conn, uint64_t budget_ms)
{
	if (conn == NULL)
		return STAY_E_ARG;
	if (stay__loop_is_busy(conn->loop) || conn->awaiter != NULL)
		return STAY_E_REENTRANT;
	if (stay__conn_state(conn) == STAY_CONNECTED)
		return STAY_OK;
	return drive_until_decided(
	    conn, stay__loop_after(conn->loop, budget_ms));
}

/* ---- what may be asked of it ---- */

enum stay_status
stay_conn_cast(struct stay_conn *conn, struct stay_message message)
{
	const struct stay_from nobody = { { 0, 0 } };

	if (conn == NULL)
		return STAY_E_ARG;
	if (conn->admission > STAY__ADMIT_OPEN)
		return STAY_E_DRAINING;
	return stay__mail_post(conn, STAY__MAIL_CAST, &message, nobody, NULL);
}

enum stay_status
stay_conn_send(struct stay_conn *conn, struct stay_message message)
{
	const struct stay_from nobody = { { 0, 0 } };

	if (conn == NULL)
		return STAY_E_ARG;
	if (conn->admission == STAY__ADMIT_CLOSED)
		return STAY_E_DRAINING;
	return stay__mail_post(
	    conn, STAY__MAIL_MESSAGE, &message, nobody, NULL);
}

enum stay_status
stay_conn_next_event(struct stay_conn *conn, struct stay_message message)
{
	const struct stay_from nobody = { { 0, 0 } };

	if (conn == NULL)
		return STAY_E_ARG;
	if (conn->admission == STAY__ADMIT_CLOSED)
		return STAY_E_DRAINING;
	return stay__mail_post(
	    conn, STAY__MAIL_NEXT_EVENT, &message, nobody, NULL);
}

void
stay_conn_stop(struct stay_conn *conn, enum stay_status reason)
{
	if (conn->admission == STAY__ADMIT_CLOSED)
		return; /* the first reason stands */
	conn->admission = STAY__ADMIT_CLOSED;
	conn->reason = reason;
	conn->stop_asked = true;
	stay__conn_nudge(conn);
}

void
stay_conn_drain(struct stay_conn *conn, uint64_t budget_ms)
{
	if (conn->admission == STAY__ADMIT_CLOSED)
		return;
	conn->admission = STAY__ADMIT_DRAINING;
	stay__loop_timer(
	    conn->loop, &conn->drain, stay__loop_after(conn->loop, budget_ms));
	stay__conn_nudge(conn);
}

void
stay_conn_reconnect(struct stay_conn *conn, enum stay_status why)
{
	enum stay_state state = stay__conn_state(conn);

	if (state == STAY_DISCONNECTING || state >= STAY_STOPPING)
		return;
	conn->reconnect_asked = true;
	conn->reconnect_why = why;
	stay__conn_nudge(conn);
}

void
stay__conn_renew_after(struct stay_conn *conn, uint64_t ms)
{
	stay__loop_timer(
	    conn->loop, &conn->renewal, stay__loop_after(conn->loop, ms));
}

/* ---- another behaviour ---- */

enum stay_status
stay_conn_upgrade(struct stay_conn *conn, const struct stay_behaviour *next,
    void *arg, stay_upgraded_fn *done, void *done_arg)
{
	struct stay__upgrade *upgrade;
	enum stay_status status;
	enum stay_state state;

	if (conn == NULL || next == NULL)
		return STAY_E_ARG;
	if (!is_usable(next))
		return STAY_E_ABI;
	state = stay__conn_state(conn);
	if (state == STAY_STARTING || state >= STAY_STOPPING)
		return STAY_E_STATE;
	upgrade = stay__zalloc(sizeof(*upgrade));
	if (upgrade == NULL)
		return STAY_E_NOMEM;
	*upgrade = (struct stay__upgrade){ .mail.kind = STAY__MAIL_UPGRADE,
		.next = next,
		.arg = arg,
		.done = done,
		.done_arg = done_arg };
	status = stay__mail_upgrade(conn, upgrade);
	if (status != STAY_OK)
		stay__free(upgrade);
	return status;
}

static enum stay_status
change_code(struct stay_conn *conn, const struct stay__upgrade *upgrade)
{
	const struct stay_behaviour *next = upgrade->next;
	size_t size = next->state_size > 0 ? next->state_size : 1;
	enum stay_status status;
	void *state;

	if (next->code_change == NULL)
		return STAY_E_UNSUPPORTED;
	state = stay__zalloc(size);
	if (state == NULL)
		return STAY_E_NOMEM;
	status = next->code_change(conn, state, conn->state, upgrade->arg);
	if (status != STAY_OK) {
		stay__free(state);
		return status;
	}
	stay__free(conn->state);
	conn->state = state;
	conn->behaviour = next;
	return STAY_OK;
}

void
stay__conn_upgrade(struct stay_conn *conn, struct stay__upgrade *upgrade)
{
	enum stay_status status = STAY_E_STATE;
	stay_upgraded_fn *done = upgrade->done;
	void *arg = upgrade->done_arg;

	if (stay__conn_state(conn) < STAY_STOPPING) {
		status = change_code(conn, upgrade);
		stay__timing_timeout_restart(conn);
	}
	conn->upgrades--;
	stay__free(upgrade);
	if (done != NULL)
		done(arg, status);
}

/* ---- asking about it ---- */

uint64_t
stay_backoff_next(struct stay_conn *conn, struct stay_backoff *backoff)
{
	return stay_backoff_step(backoff,
	    stay__loop_now(conn->loop) / STAY__TICK_NS, conn->up_ms,
	    stay__loop_random(conn->loop));
}

enum stay_state
stay_conn_state(const struct stay_conn *conn)
{
	return stay__conn_state(conn);
}

struct stay_loop *
stay_conn_loop(const struct stay_conn *conn)
{
	return conn->loop;
}

uint64_t
stay_conn_number(const struct stay_conn *conn)
{
	return conn->number;
}

const char *
stay_conn_label(const struct stay_conn *conn)
{
	return conn->label;
}

void *
stay_conn_data(struct stay_conn *conn)
{
	return conn->state;
}

bool
stay_conn_admits(const struct stay_conn *conn)
{
	return stay__conn_admits(conn);
}
