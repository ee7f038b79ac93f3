/*
 * Starts a connection, and waits until that has succeeded or failed. Once init
 * has returned, run.c takes over.
 */
#include <assert.h>

#include "conn/conn.h"
#include "conn/deliver.h"
#include "conn/run.h"
#include "conn/settings.h"
#include "conn/upgrade.h"
#include "loop/waiting.h"

/* No callback runs yet. */
static void
init(struct stay_conn *conn, struct stay_loop *loop,
    const struct stay_behaviour *behaviour)
{
	conn->loop = loop;
	conn->behaviour = behaviour;
	conn->number = ++loop->numbers;
	stay__list_init(&conn->member.node);
	stay__mailbox_init(&conn->mail, loop, stay__conn_run);
	stay__conn_rare_init(conn);
	stay__timing_init(conn);
	stay__outage_init(conn);
	stay__stream_init(conn);
	stay__drive_init(conn);
	stay__deliver_init(conn);
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

/* One whose client is gone is none. */
static struct stay_conn *
conn_of_member(struct stay__member *member)
{
	struct stay_conn *conn =
	    STAY__CONTAINER(member, struct stay_conn, member);

	return conn->state != NULL ? conn : NULL;
}

static const struct stay__member_ops member_ops = {
	.stop = stop_member,
	.orphan = orphan_member,
	.conn = conn_of_member,
};

/* The connection is freed unless it starts. */
static enum stay_status
start(struct stay_conn *conn, struct stay_loop *loop,
    const struct stay_behaviour *behaviour, void *arg)
{
	enum stay_status status = stay__step_init(conn);

	if (status != STAY_OK) {
		stay__conn_free(conn);
		return status;
	}
	init(conn, loop, behaviour);
	loop->starting++;
	status = stay__drive_start(conn, arg);
	loop->starting--;
	if (stay__conn_state(conn) == STAY_STOPPED)
		return refuse(conn, status);
	stay__conn_admit(conn);
	stay__loop_join(loop, &conn->member, &member_ops);
	stay__conn_nudge(conn);
	return STAY_OK;
}

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
	status = stay__conn_new(&conn, loop, behaviour, options);
	if (status == STAY_OK)
		status = start(conn, loop, behaviour, arg);
	if (status == STAY_OK)
		*started = conn;
	return status;
}

enum stay_status
stay__conn_start_on_loan(struct stay_conn **started, struct stay_loop *loop,
    const struct stay_behaviour *behaviour, void *arg,
    const struct stay__loan *loan)
{
	struct stay_conn *conn;

	if (stay__loop_is_orphan(loop))
		return STAY_E_FORKED;
	conn = stay__conn_new_on_loan(loan);
	if (conn == NULL)
		return STAY_E_NOMEM;
	*started = conn;
	return start(conn, loop, behaviour, arg);
}

/* ---- waiting for it ---- */

static bool
is_settled(const void *arg)
{
	const struct stay__awaiter *awaiter = arg;

	return awaiter->decided || stay__conn_state(awaiter->conn) == STAY_IDLE;
}

static void
leave(struct stay_loop *loop, const struct stay__awaiter *awaiter)
{
	struct stay__awaiter **at = &loop->awaiters;

	while (*at != awaiter)
		at = &(*at)->next;
	*at = awaiter->next;
}

static enum stay_status
await(struct stay_conn *conn, uint64_t deadline)
{
	struct stay_loop *loop = conn->loop;
	struct stay__awaiter awaiter = { .next = loop->awaiters, .conn = conn };
	bool settled;

	loop->awaiters = &awaiter;
	settled = stay__loop_wait(loop, is_settled, &awaiter, deadline);
	leave(loop, &awaiter);
	if (awaiter.decided)
		return awaiter.status;
	return settled ? STAY_E_STATE : STAY_E_TIMEOUT;
}

enum stay_status
stay_conn_await(struct stay_conn *conn, uint64_t budget_ms)
{
	assert(conn != NULL);
	if (stay__loop_is_busy(conn->loop) || stay__awaiter_of(conn) != NULL)
		return STAY_E_REENTRANT;
	if (stay__conn_state(conn) == STAY_CONNECTED)
		return STAY_OK;
	return await(conn, stay__loop_after(conn->loop, budget_ms));
}
