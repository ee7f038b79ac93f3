/*
 * Starts a connection, and waits until that has succeeded or failed. Once init
 * has returned, run.c takes over.
 */
#include <assert.h>

#include "base/options.h"
#include "base/text.h"
#include "conn/conn.h"
#include "conn/deliver.h"
#include "conn/run.h"
#include "conn/upgrade.h"

static const struct stay__option conn_options[] = {
#define CONN(field, unit, fallback, least, most, promise, text)                \
	STAY__OPTION(struct stay_conn_options, field, fallback, least, most),
#include "base/options.def"
};

static enum stay_status
fill_options(struct stay_loop *loop, struct stay_conn_options *filled,
    const struct stay_conn_options *options)
{
	const struct stay__option *culprit;
	enum stay_status status =
	    stay__options_fill(filled, sizeof(*filled), options, conn_options,
		sizeof(conn_options) / sizeof(conn_options[0]), &culprit);

	if (culprit != NULL)
		stay__loop_reject_option(loop, culprit, filled);
	return status;
}

static enum stay_status
allocate(struct stay_conn *conn, const char *label)
{
	size_t size = conn->behaviour->state_size;
	enum stay_status status;

	if (label == NULL)
		label = conn->behaviour->name;
	conn->label = stay__text_copy(label != NULL ? label : "");
	conn->state = stay__zalloc(size > 0 ? size : 1);
	status = stay__step_init(conn);
	return conn->label == NULL || conn->state == NULL ? STAY_E_NOMEM
							  : status;
}

static struct stay__conn_settings
settings_of(const struct stay_conn_options *options)
{
	return (struct stay__conn_settings){
		.on_started = options->on_started,
		.on_closed = options->on_closed,
		.arg = options->arg,
		.call_timeout_ms = options->call_timeout_ms,
		.throttle_burst = options->throttle_burst,
		.throttle_ms = options->throttle_ms,
		.callers_max = options->callers_max,
		.turn_budget = options->turn_budget,
	};
}

static void
init_parts(struct stay_conn *conn, const struct stay_conn_options *options)
{
	stay__list_init(&conn->member.node);
	stay__machine_init(&conn->machine, stay_machine_conn());
	stay__mailbox_init(
	    &conn->mail, conn->loop, &conn->task, options->mailbox_max);
	stay__callers_init(&conn->callers, &conn->mail);
	stay__requests_init(conn);
	stay__timing_init(conn, options);
	stay__report_init(conn);
	stay__stream_init(conn, options->socket);
	stay__drive_init(conn);
	stay__deliver_init(conn);
	stay__run_init(conn);
}

/* Allocate a connection and its parts; no callback runs yet. */
static enum stay_status
make(struct stay_conn **made, struct stay_loop *loop,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options)
{
	struct stay_conn_options filled;
	enum stay_status status = fill_options(loop, &filled, options);
	struct stay_conn *conn;

	if (status != STAY_OK)
		return status;
	conn = stay__zalloc(sizeof(*conn));
	if (conn == NULL)
		return STAY_E_NOMEM;
	conn->loop = loop;
	conn->behaviour = behaviour;
	conn->settings = settings_of(&filled);
	status = allocate(conn, filled.label);
	if (status != STAY_OK) {
		stay__conn_deallocate(conn);
		return status;
	}
	init_parts(conn, &filled);
	conn->number = ++loop->numbers;
	*made = conn;
	return STAY_OK;
}

/* init has refused to start: on_closed does not run. */
static enum stay_status
refuse(struct stay_conn *conn, enum stay_status reason)
{
	stay__conn_release(conn);
	return reason == STAY_OK ? STAY_E_STOPPED : reason;
}

/* ---- as a member of the loop ---- */

static void
stop_member(struct stay__member *member, enum stay_status reason)
{
	stay_conn_stop(
	    STAY__CONTAINER(member, struct stay_conn, member), reason);
}

static void
orphan_member(struct stay__member *member)
{
	struct stay_conn *conn =
	    STAY__CONTAINER(member, struct stay_conn, member);

	stay__stream_orphan(conn);
}

static const struct stay__member_ops member_ops = {
	.stop = stop_member,
	.orphan = orphan_member,
};

enum stay_status
stay_conn_start(struct stay_conn **started, struct stay_loop *loop,
    const struct stay_behaviour *behaviour, void *arg,
    const struct stay_conn_options *options)
{
	struct stay_conn *conn;
	enum stay_status status;

	assert(loop != NULL);
	if (started == NULL)
		return STAY_E_ARG;
	*started = NULL;
	stay__loop_forget_rejection(loop);
	if (behaviour == NULL)
		return STAY_E_ARG;
	if (!stay__behaviour_is_usable(behaviour))
		return STAY_E_ABI;
	if (stay__loop_is_orphan(loop))
		return STAY_E_FORKED;
	status = make(&conn, loop, behaviour, options);
	if (status != STAY_OK)
		return status;
	loop->starting++;
	status = stay__drive_start(conn, arg);
	loop->starting--;
	if (stay__conn_state(conn) == STAY_STOPPED)
		return refuse(conn, status);
	stay__conn_admit(conn);
	stay__loop_join(loop, &conn->member, &member_ops);
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
	stay__timer_stop(&timer);
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
	assert(conn != NULL);
	if (stay__loop_is_busy(conn->loop) || conn->awaiter != NULL)
		return STAY_E_REENTRANT;
	if (stay__conn_state(conn) == STAY_CONNECTED)
		return STAY_OK;
	return drive_until_decided(
	    conn, stay__loop_after(conn->loop, budget_ms));
}
