/*
 * The life of a behaviour of one's own, in a few stories: between them they
 * come to each of its callbacks. What a callback returns depends on the message
 * it is given, and on how often connect has run.
 */
#include <stay/stream.h>

#include "scene.h"

/* What a message asks of the callback that gets it. */
enum { NOTHING, KEEP, ANSWER, POSTPONE, TIME_OUT, CONNECT, DISCONNECT };

static unsigned attempts;
static struct stay_from kept;

/* ---- the behaviour ---- */

static enum stay_state
state(void)
{
	return stay_conn_state(scene.conn);
}

static struct stay_verdict
init(struct stay_conn *conn, void *block, void *arg)
{
	(void)block;
	(void)arg;
	scene.conn = conn;
	scene_visit(SCENE_INIT);
	return stay_verdict_connect(stay_info_status(STAY_OK));
}

/* The third attempt dials nobody, and so takes too long. */
static struct stay_verdict
run_connect(struct stay_conn *conn, void *block, struct stay_info info)
{
	(void)block;
	(void)info;
	scene_visit(SCENE_CONNECT);
	if (++attempts == 3)
		return stay_verdict_pending(5);
	if (stay_stream_dial(conn, "tcp://" LINE_HOST ":7777") != STAY_OK)
		return stay_verdict_stop(STAY_E_URL);
	return stay_verdict_pending(30);
}

static struct stay_verdict
disconnect(struct stay_conn *conn, void *block, struct stay_info info)
{
	(void)block;
	scene_visit(SCENE_DISCONNECT);
	if (info.tag == STAY_INFO_STOPPING || info.tag == DISCONNECT)
		return stay_stream_is_open(conn) ? stay_verdict_pending(10)
						 : stay_verdict_noconnect();
	return info.tag == STAY_INFO_RECONNECT ? stay_verdict_connect(info)
					       : stay_verdict_backoff(10);
}

static struct stay_verdict
handle_call(struct stay_conn *conn, void *block, struct stay_from from,
    const struct stay_message *request)
{
	(void)conn;
	(void)block;
	scene_visit(SCENE_HANDLE_CALL);
	if (request->tag == ANSWER)
		return stay_verdict_reply(deed_reply(scene_at()));
	if (request->tag == POSTPONE)
		return stay_verdict_postpone();
	if (request->tag == KEEP)
		kept = from;
	return stay_verdict_noreply();
}

/* Only where nothing is under way. */
static struct stay_verdict
verdict_of(int tag)
{
	bool free = state() == STAY_CONNECTED || state() == STAY_IDLE ||
		    state() == STAY_BACKING_OFF;

	if (tag == POSTPONE && state() != STAY_STOPPING)
		return stay_verdict_postpone();
	if (tag == TIME_OUT && free)
		return stay_verdict_with_timeout(stay_verdict_noreply(), 3);
	if (tag == CONNECT && free)
		return stay_verdict_connect(stay_info_tag(CONNECT, NULL));
	if (tag == DISCONNECT && free)
		return stay_verdict_disconnect(stay_info_tag(DISCONNECT, NULL));
	return stay_verdict_noreply();
}

static struct stay_verdict
handle_cast(
    struct stay_conn *conn, void *block, const struct stay_message *message)
{
	(void)conn;
	(void)block;
	scene_visit(SCENE_HANDLE_CAST);
	return verdict_of(message->tag);
}

static struct stay_verdict
handle_info(struct stay_conn *conn, void *block, const struct stay_event *event)
{
	static const enum scene_slot slots[] = {
		[STAY_MESSAGE] = SCENE_MESSAGE,
		[STAY_NEXT_EVENT] = SCENE_NEXT_EVENT,
		[STAY_STATE_TIMEOUT] = SCENE_STATE_TIMEOUT,
		[STAY_TIMEOUT] = SCENE_TIMEOUT,
		[STAY_PENDING_EXPIRED] = SCENE_PENDING_EXPIRED,
		[STAY_STREAM_UP] = SCENE_STREAM_UP,
		[STAY_STREAM_DATA] = SCENE_STREAM_DATA,
		[STAY_STREAM_WRITABLE] = SCENE_STREAM_WRITABLE,
		[STAY_STREAM_DOWN] = SCENE_STREAM_DOWN,
	};

	(void)conn;
	(void)block;
	scene_visit(slots[event->type]);
	if (event->type == STAY_MESSAGE)
		return verdict_of(event->message.tag);
	if (event->type == STAY_STREAM_UP && state() == STAY_CONNECTING)
		return stay_verdict_ok();
	return stay_verdict_noreply();
}

static enum stay_status
code_change(struct stay_conn *conn, void *block, void *old, void *arg)
{
	(void)conn;
	(void)block;
	(void)old;
	(void)arg;
	scene_visit(SCENE_CODE_CHANGE);
	return STAY_OK;
}

static void
terminate(struct stay_conn *conn, void *block, enum stay_status reason)
{
	(void)conn;
	(void)block;
	(void)reason;
	scene_visit(SCENE_TERMINATE);
}

static void
entered(struct stay_conn *conn, void *block, enum stay_state from,
    enum stay_state to)
{
	(void)conn;
	(void)block;
	(void)from;
	HOLDS(to == state());
	scene_visit(SCENE_ENTERED);
}

const struct stay_behaviour scene_raw_behaviour = {
	STAY_BEHAVIOUR,
	.name = "scene",
	.state_size = 16,
	.init = init,
	.connect = run_connect,
	.disconnect = disconnect,
	.handle_call = handle_call,
	.handle_cast = handle_cast,
	.handle_info = handle_info,
	.code_change = code_change,
	.terminate = terminate,
	.entered = entered,
};

/* ---- what happens ---- */

static void
start(void)
{
	const struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.on_started = scene_started, .on_closed = scene_conn_closed,
		.stop_budget_ms = 30, .mailbox_max = 64 };
	struct stay_conn *conn;

	attempts = 0;
	kept = (struct stay_from){ { 0, 0 } };
	HOLDS(stay_conn_start(&conn, scene.rig.loop, &scene_raw_behaviour, NULL,
		  &options) == STAY_OK);
	HOLDS(conn == scene.conn);
}

static void
mail(deed_send_fn *send, int tag)
{
	deed_mail(scene_at(), send, tag);
}

static struct deed_entry *
call(int tag, uint64_t timeout_ms)
{
	return deed_call_conn(scene_at(), tag, timeout_ms);
}

static void
talk(void)
{
	struct deed_entry *given_up;

	call(KEEP, 0);
	call(ANSWER, 0);
	call(POSTPONE, 5);
	call(NOTHING, 5);
	given_up = call(ANSWER, 0);
	if (given_up != NULL)
		stay_from_cancel(scene.rig.loop, given_up->from);
	mail(stay_conn_cast, NOTHING);
	mail(stay_conn_send, POSTPONE);
	mail(stay_conn_next_event, NOTHING);
}

static void
answer(void)
{
	deed_answer(scene_at(), kept);
	mail(stay_conn_cast, TIME_OUT);
}

static void
await_a_timeout(void)
{
	deed_state_timeout(scene_at(), 3, NOTHING);
}

static void
exchange(void)
{
	do_stream_send(scene_at());
	do_want_write(scene_at());
}

static void
upgrade(void)
{
	do_upgrade(scene_at());
}

static void
lose(void)
{
	if (scene.rig.peer != NULL)
		sim_peer_reset(scene.rig.peer);
}

static void
reconnect(void)
{
	stay_conn_reconnect(scene.conn, STAY_E_RECONNECT);
	call(KEEP, 0);
}

static void
hang_up(void)
{
	mail(stay_conn_cast, DISCONNECT);
}

static void
come_back(void)
{
	mail(stay_conn_send, CONNECT);
}

/* A state timeout is asked for, a call is open, mail waits. */
static void
stop(void)
{
	call(NOTHING, 0);
	await_a_timeout();
	mail(stay_conn_cast, POSTPONE);
	stay_conn_stop(scene.conn, STAY_E_IO);
	upgrade();
}

static void
drain(void)
{
	call(KEEP, 0);
	mail(stay_conn_send, POSTPONE);
	stay_conn_drain(scene.conn, 20);
}

static void
be_idle(void)
{
	sim_run_ms(scene.rig.world, 40);
}

static void
begin_nowhere(void)
{
	sim_address_set(
	    scene.rig.world, LINE_HOST, LINE_PORT, SIM_BLACK_HOLE, 0);
	start();
}

static void (*const life[])(void) = { talk, answer, await_a_timeout, exchange,
	upgrade, lose, be_idle, lose, be_idle, be_idle, talk, reconnect, answer,
	hang_up, be_idle, come_back, exchange, stop };
static void (*const short_life[])(void) = { drain, talk, await_a_timeout };
static void (*const nowhere[])(
    void) = { talk, upgrade, await_a_timeout, be_idle, talk, reconnect, stop };

#define STEPS(steps) steps, sizeof(steps) / sizeof((steps)[0])

const struct scene_story scene_raw_stories[] = {
	{ "a life", true, start, STEPS(life) },
	{ "a short life", true, start, STEPS(short_life) },
	{ "nowhere", true, begin_nowhere, STEPS(nowhere) },
};

const size_t scene_raw_story_count =
    sizeof(scene_raw_stories) / sizeof(scene_raw_stories[0]);
