/*
 * Delivery: takes a piece of mail and runs the callback it is for. Each kind of
 * mail has its own function. step.c turns the verdict into a step, and drive.c
 * carries the step out.
 */
#include "conn/deliver.h"

#include "conn/conn.h"
#include "conn/upgrade.h"

/* Which verdicts a callback may return differs while a connect or a disconnect
 * is pending. */
struct situations {
	enum stay__situation settled;
	enum stay__situation connecting;
	enum stay__situation disconnecting;
};

static const struct situations call_situations = { STAY__IN_CALL,
	STAY__IN_CALL_CONNECTING, STAY__IN_CALL_DISCONNECTING };
static const struct situations cast_situations = { STAY__IN_CAST,
	STAY__IN_CAST_CONNECTING, STAY__IN_CAST_DISCONNECTING };
static const struct situations info_situations = { STAY__IN_INFO,
	STAY__IN_INFO_CONNECTING, STAY__IN_INFO_DISCONNECTING };

static enum stay__situation
situation(const struct stay_conn *conn, const struct situations *of)
{
	enum stay_state state = stay__conn_state(conn);

	if (state == STAY_CONNECTING)
		return of->connecting;
	if (state == STAY_DISCONNECTING || state == STAY_STOPPING)
		return of->disconnecting;
	return of->settled;
}

static bool
is_postponed(enum stay__situation in, const struct stay_verdict *verdict)
{
	return stay__verdict_rule(in, verdict).kind == STAY__WAITS;
}

static void
judge_and_drive(struct stay_conn *conn, enum stay__situation in,
    const struct stay_verdict *verdict)
{
	stay__drive(conn, stay__step_judge(conn, in, verdict));
}

/* ---- calls and casts ---- */

static struct stay_verdict
ask_call(struct stay_conn *conn, const struct stay__posted *call)
{
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->handle_call == NULL)
		return stay_verdict_stop(STAY_E_BAD_CALL);
	return conn->behaviour->handle_call(
	    conn, conn->state, call->from, &call->message);
}

static void
deliver_call(struct stay_conn *conn, struct stay__mail *mail)
{
	enum stay__situation in = situation(conn, &call_situations);
	struct stay__posted *call = stay__mail_posted(mail);
	struct stay_from from = call->from;
	struct stay_verdict verdict;

	stay__callers_delivered(conn->rare->callers, from);
	verdict = ask_call(conn, call);
	stay__callers_settle(conn->rare->callers);
	if (is_postponed(in, &verdict)) {
		stay__callers_postpone(conn->rare->callers, mail);
		return;
	}
	stay__mailbox_free(&conn->mail, mail);
	if ((verdict.with & STAY__WITH_REPLY) != 0 &&
	    stay__verdict_rule(in, &verdict).kind != STAY__BAD)
		stay__callers_reply(conn->rare->callers, from, verdict.reply);
	judge_and_drive(conn, in, &verdict);
}

static struct stay_verdict
ask_cast(struct stay_conn *conn, const struct stay__posted *cast)
{
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->handle_cast == NULL)
		return stay_verdict_stop(STAY_E_BAD_CAST);
	return conn->behaviour->handle_cast(conn, conn->state, &cast->message);
}

/* A message that has no caller: postpone it, or free it and go on. */
static void
conclude(struct stay_conn *conn, struct stay__mail *mail,
    enum stay__situation in, const struct stay_verdict *verdict)
{
	stay__callers_settle(conn->rare->callers);
	if (is_postponed(in, verdict)) {
		stay__mailbox_postpone(&conn->mail, mail);
		return;
	}
	stay__mailbox_free(&conn->mail, mail);
	judge_and_drive(conn, in, verdict);
}

static void
deliver_cast(struct stay_conn *conn, struct stay__mail *mail)
{
	enum stay__situation in = situation(conn, &cast_situations);
	struct stay_verdict verdict = ask_cast(conn, stay__mail_posted(mail));

	conclude(conn, mail, in, &verdict);
}

/* ---- events ---- */

static struct stay_verdict
ask_info(struct stay_conn *conn, const struct stay_event *event)
{
	stay__timing_timeout_stop(conn);
	if (conn->behaviour->handle_info == NULL)
		return stay_verdict_noreply();
	return conn->behaviour->handle_info(conn, conn->state, event);
}

static void
deliver_info(
    struct stay_conn *conn, struct stay__mail *mail, enum stay_event_type type)
{
	enum stay__situation in = situation(conn, &info_situations);
	struct stay_event event = { .type = type,
		.message = stay__mail_posted(mail)->message };
	struct stay_verdict verdict = ask_info(conn, &event);

	conclude(conn, mail, in, &verdict);
}

static void
deliver_message(struct stay_conn *conn, struct stay__mail *mail)
{
	deliver_info(conn, mail, STAY_MESSAGE);
}

static void
deliver_next_event(struct stay_conn *conn, struct stay__mail *mail)
{
	deliver_info(conn, mail, STAY_NEXT_EVENT);
}

/* What noreply means for the two events that decide: the stream is down, and
 * the time budget is spent. */
static struct stay__step
step_of_silence(struct stay_conn *conn, const struct stay_event *event)
{
	enum stay_state state = stay__conn_state(conn);
	struct stay_info info = stay_info_status(event->status);

	if (state == STAY_STOPPING) /* its own timer asks nobody */
		return (struct stay__step){ .due = true,
			.event = STAY__CONN_NOCONNECT };
	if (state == STAY_DISCONNECTING)
		return stay__step_expired(info);
	if (event->type == STAY_PENDING_EXPIRED) {
		info.tag = STAY_INFO_EXPIRED;
		return stay__step_expired(info);
	}
	info.tag = STAY_INFO_LOST;
	if ((conn->requests.asked & STAY__ASKED_STOP) != 0)
		return (struct stay__step){ 0 };
	return stay__step_disconnect(info);
}

/* Whether something happens, unless the callback says what. */
static bool
decides(const struct stay_event *event)
{
	return event->type == STAY_STREAM_DOWN ||
	       event->type == STAY_PENDING_EXPIRED;
}

/* Whether the callback left an event that decides to its default: it returned
 * noreply, and has not begun another dial. While a disconnect is pending, the
 * verdict disconnect counts as noreply. */
static bool
is_silence(const struct stay_conn *conn, const struct stay_event *event,
    const struct stay_verdict *verdict)
{
	if (event->type == STAY_STREAM_DOWN &&
	    conn->stream.link.machine.now != STAY__LINK_CLOSED)
		return false;
	if (verdict->kind == STAY__VERDICT_DISCONNECT)
		return stay__conn_state(conn) == STAY_DISCONNECTING ||
		       stay__conn_state(conn) == STAY_STOPPING;
	return verdict->kind == STAY__VERDICT_NOREPLY;
}

/* Events are never postponed: to postpone one is STAY_E_BAD_RETURN. Mostly there is
 * nothing to be carried out. */
static void
deliver_event(struct stay_conn *conn, const struct stay_event *event)
{
	enum stay__situation in = situation(conn, &info_situations);
	struct stay_verdict verdict = ask_info(conn, event);
	enum stay__ruling_kind rule = stay__verdict_rule(in, &verdict).kind;

	stay__callers_settle(conn->rare->callers);
	if (decides(event) && rule != STAY__BAD &&
	    is_silence(conn, event, &verdict))
		stay__drive(conn, step_of_silence(conn, event));
	else if (rule != STAY__NOTHING || verdict.with != 0)
		judge_and_drive(conn, in, &verdict);
}

static void
deliver_timeout(struct stay_conn *conn, struct stay__mail *mail)
{
	const struct stay_event event = { .type = STAY_TIMEOUT };

	(void)mail;
	deliver_event(conn, &event);
}

static void
deliver_state_timeout(struct stay_conn *conn, struct stay__mail *mail)
{
	struct stay_event event = { .type = STAY_STATE_TIMEOUT };

	(void)mail;
	event.message = stay__timing_take_message(conn);
	deliver_event(conn, &event);
	if (event.message.release != NULL)
		event.message.release(event.message.data);
}

static void
deliver_interrupt(struct stay_conn *conn, struct stay__mail *mail)
{
	const struct stay_event event = { .type = STAY_NEXT_EVENT };

	(void)mail;
	deliver_event(conn, &event);
}

/* ---- the state's own timer ---- */

static void
backoff_passed(struct stay_conn *conn)
{
	struct stay_info info = stay_info_status(conn->outage.why);

	info.tag = STAY_INFO_BACKOFF;
	stay__drive(conn,
	    stay__step_expired(
		conn->timing.throttled ? stay__timing_throttled(conn) : info));
}

static void
budget_spent(struct stay_conn *conn)
{
	const struct stay_event event = { .type = STAY_PENDING_EXPIRED,
		.status = STAY_E_TIMEOUT };

	if (stay__conn_state(conn) == STAY_CONNECTING)
		stay__stream_explain(conn);
	deliver_event(conn, &event);
}

static void
stop_budget_spent(struct stay_conn *conn)
{
	stay__drive(conn, stay__step_expired(stay_info_status(STAY_E_TIMEOUT)));
}

static void
deliver_expired(struct stay_conn *conn, struct stay__mail *mail)
{
	static void (*const passed[])(struct stay_conn *) = {
		[STAY__TIMER_PENDING] = budget_spent,
		[STAY__TIMER_BACKOFF] = backoff_passed,
		[STAY__TIMER_STOP] = stop_budget_spent,
	};

	(void)mail;
	passed[stay__conn_row(conn->machine.now)->timer](conn);
}

/* ---- news of the stream ---- */

static void
deliver_stream_up(struct stay_conn *conn, struct stay__mail *mail)
{
	const struct stay_event event = { .type = STAY_STREAM_UP };

	(void)mail;
	deliver_event(conn, &event);
}

static void
deliver_stream_readable(struct stay_conn *conn, struct stay__mail *mail)
{
	struct stay_event event;
	struct stay__slab *slab;

	(void)mail;
	if (!stay__stream_read(conn, &event))
		return;
	slab = stay__stream_slab(conn);
	stay__slab_hold(slab); /* the callback may close the stream */
	deliver_event(conn, &event);
	stay__stream_consumed(conn);
	stay__slab_drop(&conn->loop->slabs, slab);
}

static void
deliver_stream_down(struct stay_conn *conn, struct stay__mail *mail)
{
	const struct stay_event event = { .type = STAY_STREAM_DOWN,
		.status = conn->stream.link.failure.status };

	(void)mail;
	deliver_event(conn, &event);
}

/* ---- another behaviour ---- */

static void
deliver_upgrade(struct stay_conn *conn, struct stay__mail *mail)
{
	stay__upgrade_run(conn, mail);
}

void
stay__deliver(struct stay_conn *conn, struct stay__mail *mail)
{
	static void (*const deliver[STAY__MAIL_KIND_COUNT])(
	    struct stay_conn *, struct stay__mail *) = {
		[STAY__MAIL_CALL] = deliver_call,
		[STAY__MAIL_CAST] = deliver_cast,
		[STAY__MAIL_MESSAGE] = deliver_message,
		[STAY__MAIL_NEXT_EVENT] = deliver_next_event,
		[STAY__MAIL_UPGRADE] = deliver_upgrade,
		[STAY__NOTE_EXPIRED] = deliver_expired,
		[STAY__NOTE_TIMEOUT] = deliver_timeout,
		[STAY__NOTE_STATE_TIMEOUT] = deliver_state_timeout,
		[STAY__NOTE_STREAM_UP] = deliver_stream_up,
		[STAY__NOTE_STREAM_READABLE] = deliver_stream_readable,
		[STAY__NOTE_STREAM_DOWN] = deliver_stream_down,
		[STAY__NOTE_INTERRUPT] = deliver_interrupt,
	};

	deliver[mail->kind](conn, mail);
}

/* ---- the end of a turn, or room again ---- */

static void
flush(struct stay__task *task)
{
	struct stay_conn *conn = STAY__CONTAINER(task, struct stay_conn, flush);

	if (!stay__stream_flush(conn))
		return;
	deliver_event(
	    conn, &(const struct stay_event){ .type = STAY_STREAM_WRITABLE });
	if (conn->requests.admission == STAY__ADMIT_DRAINING)
		stay__conn_nudge(conn); /* it may have written the last of it */
}

void
stay__deliver_init(struct stay_conn *conn)
{
	stay__task_init(&conn->flush, flush);
}
