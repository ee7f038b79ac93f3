/*
 * A session: the protocol's life on one stream, from the greeting to the end,
 * and when to connect again after it. resend.c decides which calls survive it.
 * Why a session ends is decided elsewhere.
 */
#include "base/backoff.h"
#include "client/client.h"
#include "client/pause.h"
#include "client/resend.h"
#include "client/secure.h"
#include "client/swallow.h"

const struct stay__reading stay__no_reading;

void
stay__session_init(struct stay_session *session, struct stay_client *client)
{
	session->client = client;
	stay__output_init(session);
	session->reading = (struct stay__reading *)(uintptr_t)&stay__no_reading;
}

void
stay__session_fini(struct stay_session *session)
{
	stay__output_fini(session);
	stay__tick_fini(session);
}

static void
step_machine(struct stay_session *session, enum stay__session_event event)
{
	struct stay__transition transition = stay__machine_take(
	    &session->machine, stay_machine_session(), event);

	stay__conn_tell_transition(
	    session->client->conn, stay_machine_session(), &transition);
}

/* ---- the beginning ---- */

/* Sessions that began together must not all end together. */
static void
begin_age(struct stay_session *session)
{
	const struct stay_client *client = session->client;
	uint64_t max = client->profile->options.max_age_ms;

	if (max == 0 || max == STAY_FOREVER)
		return;
	max -= stay__loop_random(client->loop) % (max / 4 + 1);
	stay__conn_renew_after(client->conn, max);
}

static void
end_age(struct stay_session *session)
{
	stay__conn_renew_after(session->client->conn, STAY_FOREVER);
}

static enum stay__flow
come_up(struct stay_session *session)
{
	struct stay_client *client = session->client;

	step_machine(session, STAY__SESSION_EV_UP);
	stay__later_end(session);
	client->traffic.sessions++;
	stay__endpoints_came_up(client);
	session->up_since = stay__loop_now(client->loop);
	stay__health_begin(session);
	begin_age(session);
	stay__pause_begin(session);
	stay__output_ask(client);
	return STAY__COME_UP;
}

static struct stay_hello
ask(struct stay_session *session, stay_hello_fn *slot,
    const struct stay_frame *frame)
{
	struct stay_hello hello = slot(session, frame);

	stay__output_forget(session);
	return hello;
}

/* First hello, and on_up in the same breath as soon as that is content. */
static struct stay_hello
ask_both(struct stay_session *session, const struct stay_frame *frame)
{
	const struct stay__protocol *protocol =
	    &session->client->profile->protocol;
	bool greeting = stay__session_state(session) == STAY__SESSION_GREETING;
	struct stay_hello hello;

	if (!greeting)
		return ask(session, protocol->session.on_up, frame);
	hello = ask(session, protocol->top.hello, frame);
	if (hello.kind != STAY_HELLO_UP || session->cut_off)
		return hello;
	hello = ask(session, protocol->session.on_up, NULL);
	if (hello.kind != STAY_HELLO_UP)
		step_machine(session, STAY__SESSION_EV_GREETED);
	return hello;
}

static enum stay__flow
wait_for(struct stay_session *session, const struct stay_later *later)
{
	if (later == NULL)
		return stay__session_break(session, STAY_E_NOMEM, NULL);
	if (!stay__later_wait(session, later))
		return stay__session_break(
		    session, STAY_E_NOT_READY, "hello waits for what is over");
	stay__output_ask(session->client);
	return STAY__GO_ON;
}

enum stay__flow
stay__session_greet(
    struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_hello hello = ask_both(session, frame);

	if (session->cut_off)
		return STAY__END;
	switch (hello.kind) {
	case STAY_HELLO_UP:
		return come_up(session);
	case STAY_HELLO_WAIT:
		stay__output_ask(session->client);
		return STAY__GO_ON;
	case STAY_HELLO_LATER:
		return wait_for(session, hello.later);
	case STAY_HELLO_SECURE:
		return stay__secure_want(session);
	case STAY_HELLO_RETRY:
		return stay__session_break(
		    session, STAY_E_NOT_READY, hello.text);
	case STAY_HELLO_BAD:
		return stay__session_break(
		    session, STAY_E_PROTOCOL, hello.text);
	case STAY_HELLO_DENIED:
		return stay__session_break(session, STAY_E_DENIED, hello.text);
	}
	return stay__session_break(
	    session, STAY_E_PROTOCOL, "hello says what nobody knows");
}

static enum stay__flow
drained(struct stay_session *session)
{
	stay__output_forget(session);
	session->client->profile->protocol.session.on_drained(session);
	stay__output_forget(session);
	stay__remark_tell(session);
	stay__renew_ask(session);
	stay__output_ask(session->client);
	if (session->cut_off)
		return STAY__END;
	return stay__session_is_greeting(session) &&
		       session->pause == STAY__PAUSE_NONE
		   ? stay__session_greet(session, NULL)
		   : STAY__GO_ON;
}

/* Frames have waited, too. */
static enum stay__flow
resumed(struct stay_session *session)
{
	stay__stream_redeliver(session->client->conn);
	return stay__session_greet(session, NULL);
}

enum stay__flow
stay__session_go_on(struct stay_session *session)
{
	if (stay__later_has_come(session))
		return resumed(session);
	if (stay__secure_is_on(session))
		return stay__secure_go_on(session);
	if (stay__output_drained(session) &&
	    session->farewell.stage == STAY__FAREWELL_NONE)
		return drained(session);
	return STAY__GO_ON;
}

struct stay_verdict
stay__session_open(struct stay_session *session)
{
	struct stay_client *client = session->client;

	step_machine(session, STAY__SESSION_EV_OPENED);
	session->generation++;
	if (!stay__calls_are_at_rest(client))
		client->calls->session = session->generation;
	stay__farewell_begin(session);
	session->up_since = 0;
	stay__session_acquit(session);
	stay__health_open(session);
	stay__output_begin(session);
	memset(stay__client_data(client), 0,
	    client->profile->protocol.top.session_size);
	stay_stream_set_keep_max(
	    client->conn, (size_t)client->profile->options.reply_bytes_max);
	return stay__session_verdict(
	    session, stay__session_greet(session, NULL));
}

/* ---- the end ---- */

bool
stay__session_leave(struct stay_session *session)
{
	if (stay__session_state(session) != STAY__SESSION_READY ||
	    session->condemned != STAY_OK)
		return false;
	step_machine(session, STAY__SESSION_EV_LEAVE);
	return true;
}

/* In the queue there are calls for one session only if there was one. */
static void
end_calls(struct stay__calls *calls, bool was_up, const struct stay__loss *loss)
{
	stay__calls_session_over(calls, loss);
	if (was_up)
		stay__calls_drop_queue(calls,
		    calls->bounds->waits_offline ? STAY_THIS_SESSION : 0,
		    loss->status);
}

static uint64_t
up_ms(const struct stay_session *session)
{
	uint64_t now = stay__loop_now(session->client->loop);

	return session->up_since == 0
		   ? 0
		   : (now - session->up_since) / STAY__TICK_NS;
}

/* Whether what it was sent has never been lost, but for one bad moment. */
bool
stay__session_was_stable(const struct stay_session *session)
{
	return stay__backoff_is_stable(
	    &session->client->profile->options.backoff, up_ms(session));
}

static void
end_session(struct stay_session *session, const struct stay__loss *loss)
{
	bool was_up = !stay__session_is_greeting(session);
	struct stay_client *client = session->client;

	if (stay__session_state(session) == STAY__SESSION_DOWN)
		return;
	stay__output_unseal(client);
	step_machine(session, STAY__SESSION_EV_LOST);
	stay__health_end(session);
	stay__tick_stop(session);
	stay__later_end(session);
	stay__swallow_end(session);
	stay__secure_end(session);
	end_age(session);
	client->profile->protocol.session.on_down(session, loss->why);
	if (!stay__calls_are_at_rest(client))
		end_calls(client->calls, was_up, loss);
	client->profile->protocol.keep.rest(stay__client_keep(client));
	stay__lend_session_over(client);
	stay__health_rest(session);
}

void
stay__session_over(
    struct stay_session *session, enum stay_status why, enum stay_status status)
{
	const struct stay__loss loss = { .status = status,
		.why = why,
		.is_first = stay__session_was_stable(session),
		.unacted = session->unacted };

	end_session(session, &loss);
}

/* A session that is left because it is worth no call ends as it was to. */
static enum stay__blame
blame_of(enum stay_status why)
{
	if (why == STAY_E_NOT_READY || why == STAY_E_RECONNECT)
		return STAY__BLAME_NOBODY;
	if (why == STAY_E_SILENT)
		return STAY__BLAME_SILENCE;
	if (why == STAY_E_PROTOCOL || why == STAY_E_TOO_BIG)
		return STAY__BLAME_ANSWER;
	return STAY__BLAME_END;
}

/* ---- coming back ---- */

/* No attempts are left: complete the calls, since no session will come. */
struct stay_verdict
stay__session_give_up(struct stay_client *client, enum stay_status why)
{
	stay__calls_drop_queue(client->calls, 0, why);
	return stay_verdict_stop(why);
}

/* One session after the other that is left in doubt counts as one outage. */
static uint64_t
next_delay(struct stay_client *client)
{
	struct stay__pace *pace = stay__endpoints_pace(client);

	if (!stay__doubt_goes_on(&client->session))
		return stay__conn_pace(
		    client->conn, pace, &client->profile->options.backoff);
	return stay__pace_step(pace, &client->profile->options.backoff,
	    stay__loop_now(client->loop) / STAY__TICK_NS, 0,
	    stay__loop_random(client->loop));
}

static struct stay_verdict
come_back(struct stay_client *client)
{
	uint64_t ms = stay__endpoints_fail(client, next_delay(client));

	if (ms == STAY_FOREVER)
		return stay__session_give_up(client, STAY_E_ATTEMPTS);
	return stay_verdict_backoff(ms);
}

/* Every further attempt will fail alike until the program or the operator acts.
 * So the calls fail at once; but attempts go on, and changed credentials are
 * found without help. */
static struct stay_verdict
come_back_slowly(struct stay_client *client, enum stay_status why)
{
	struct stay_backoff_policy policy =
	    stay_backoff_constant(client->profile->options.fatal_backoff_ms);

	uint64_t ms =
	    stay_backoff_delay(&policy, 1, 0, stay__loop_random(client->loop));
	bool all;

	ms = stay__endpoints_deny(client, ms, &all);
	if (!all)
		return stay_verdict_backoff(ms);
	if (client->profile->options.on_fatal == STAY_FATAL_STOP)
		return stay__session_give_up(client, why);
	stay__calls_drop_queue(client->calls, 0, why);
	client->rejecting = why;
	stay__waiters_move_on(client);
	return stay_verdict_backoff(ms);
}

/*
 * Nothing has failed: a policy that gives up is not asked for that, and this has a
 * sequence of its own. But who gives up again and again waits longer each time, and
 * a crowd that gives up together does not come back together.
 */
static uint64_t
planned_wait_ms(struct stay_client *client)
{
	struct stay_session *session = &client->session;
	uint64_t now_ms = stay_loop_now_ms(client->loop), ms;
	uint32_t away_ms = (uint32_t)now_ms - session->ended_since_ms;
	struct stay_backoff wait = { .policy = client->profile->options.backoff,
		.attempt = session->ended,
		.since_ms = now_ms - away_ms };

	wait.policy.attempts_max = 0;
	ms = stay_backoff_next(client->conn, &wait);
	session->ended =
	    wait.attempt < UINT16_MAX ? (uint16_t)wait.attempt : UINT16_MAX;
	session->ended_since_ms = (uint32_t)wait.since_ms;
	if (ms < STAY_FOREVER)
		return ms;
	wait.policy = stay_backoff_default();
	return stay_backoff_delay(
	    &wait.policy, wait.attempt, 0, stay__loop_random(client->loop));
}

/* The client has ended it. For what fails next it was a session like others: stable,
 * or its time left out. */
struct stay_verdict
stay__session_come_back(struct stay_client *client)
{
	struct stay__pace *pace = stay__endpoints_pace(client);

	if (stay__session_was_stable(&client->session))
		pace->attempt = 0;
	pace->since_ms += up_ms(&client->session);
	return stay_verdict_backoff(planned_wait_ms(client));
}

struct stay_verdict
stay__session_lost(struct stay_client *client, enum stay_status why)
{
	struct stay_session *session = &client->session;
	const struct stay__loss loss = { .status = STAY_E_LOST,
		.why = why,
		.blame = blame_of(why),
		.is_first = stay__session_was_stable(session),
		.unacted = session->unacted };
	/* An attempt that fails behind it is a failure. */
	bool is_content = session->is_content &&
			  stay__session_state(session) != STAY__SESSION_DOWN;

	end_session(session, &loss);
	if (is_content)
		return stay_verdict_connect(stay_info_status(why));
	if (stay__detour_now(client->rare->detour) != NULL)
		return stay_verdict_backoff(
		    stay__endpoints_first_delay(client));
	if (stay_status_class(why) == STAY_CLASS_FATAL)
		return come_back_slowly(client, why);
	if (why == STAY_E_RECONNECT)
		return stay__session_come_back(client);
	return come_back(client);
}
