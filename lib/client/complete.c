/*
 * A call ends without an answer: its deadline has passed, or the program
 * cancels it. And for every call, however it ended, `done` is run here. This
 * file reads no reply.
 */
#include "client/complete.h"
#include "base/text.h"
#include "client/client.h"
#include "client/over.h"
#include "client/pause.h"
#include "client/pour.h"
#include "client/recorded.h"
#include "client/resend.h"
#include "client/tagged.h"

/* Bytes of a sentence about a call. */
#define WHY_MAX    1024
/* Bytes of what it is called. */
#define CALLED_MAX 64

/* ---- giving up ---- */

/*
 * The server would give it a value that then is nobody's: BLPOP. It sees the end of
 * the session, and keeps the value. With other calls in flight they would pay for
 * that. Tombstones and the control lane are nobody. A protocol that hears of it has
 * words for the server instead.
 */
static bool
ends_its_session(
    const struct stay_client *client, const struct stay__call *call)
{
	return (call->flags & STAY_BLOCKS) != 0 &&
	       (client->calls->tagged == NULL ||
		   client->calls->tagged->on_given_up == NULL) &&
	       client->calls->counts.in_flight == stay__call_weight(call) &&
	       client->profile->options.on_given_up == STAY_GIVEN_UP_END;
}

/* The outcome of a call that was already on the wire is not known. Its reply is
 * still to come, and must not reach another call. */
static void
bury(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	if (stay__pour_is_open(call)) {
		stay__pour_give_up(call, status);
		return;
	}
	if (call->flags & STAY_MAY_GO_UNANSWERED) {
		call->history |= STAY__HISTORY_GIVEN_UP;
		stay__call_let_go(call, status, STAY_MAYBE_EXECUTED);
		return;
	}
	if (ends_its_session(client, call))
		stay__leave_given_up(&client->session);
	stay__call_bury(call, status, STAY_MAYBE_EXECUTED);
	if ((call->history & STAY__HISTORY_SUSPECT) &&
	    !stay__pause_is_on(&client->session))
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "a call that had ended a session was given up");
	if (client->calls->counts.tombstones >
	    client->profile->options.tombstones_max)
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "too many calls were given up and never answered");
}

/* The call may have been what kept the others from being sent. */
static void
withdraw(struct stay_client *client, struct stay__call *call,
    enum stay_status status)
{
	stay__call_withdraw(call, status);
	stay__calls_release(client->calls);
	stay__output_ask(client);
}

void
stay__client_give_up(struct stay__call *call, enum stay_status status)
{
	if (call->stage == STAY__CALL_QUEUED)
		stay__call_drop(call, status);
	else if (call->stage == STAY__CALL_REFUSED)
		withdraw(call->owner->client, call, status);
	else
		bury(call->owner->client, call, status);
}

/* After oversleeping its answer may be among the bytes that are still unread. */
static bool
may_be_answered(const struct stay__call *call)
{
	const struct stay_client *client = call->owner->client;

	return (call->stage == STAY__CALL_COMMITTED ||
		   call->stage == STAY__CALL_OVER) &&
	       stay__loop_is_excused(client->loop) &&
	       stay__stream_is_unread(client->conn);
}

/* Its age begins when the program knows that it was given up. */
void
stay__client_stand(struct stay__call *tombstone)
{
	struct stay_client *client = tombstone->owner->client;

	stay__loop_timer(client->loop, &tombstone->timer,
	    stay__loop_after(
		client->loop, client->profile->options.tombstone_age_ms));
}

/* The time in which nothing was read is no part of its age. */
static void
expire_tombstone(struct stay_client *client, struct stay__timer *timer)
{
	uint64_t at = stay__later(stay__pause_over_at(&client->session),
	    client->profile->options.tombstone_age_ms);

	if (at > stay__loop_now(client->loop))
		stay__loop_timer(client->loop, timer, at);
	else
		stay__session_condemn(&client->session, STAY_E_SILENT,
		    "a call was given up and not answered for too long");
}

/* The deadline of a call, or the age of a tombstone. */
void
stay__client_expire(struct stay__timer *timer)
{
	struct stay__call *call =
	    STAY__CONTAINER(timer, struct stay__call, timer);
	struct stay_client *client = call->owner->client;

	if (may_be_answered(call))
		stay__loop_timer(client->loop, timer,
		    stay__later(stay__loop_now(client->loop), 1));
	else if (stay__pour_is_rest(call))
		stay__pour_is_late(call);
	else if (call->stage == STAY__CALL_OVER)
		expire_tombstone(client, timer);
	else
		stay__client_give_up(call, STAY_E_TIMEOUT);
}

/* The tokens of a loop name calls of all its clients. */
enum stay_status
stay_client_cancel(struct stay_client *client, struct stay_call_id id)
{
	struct stay__call *call;

	assert(client != NULL);
	call = stay__ids_find(&client->loop->ids, STAY__TOKEN_CALL, id.token);
	if (call != NULL && call->owner == client->calls) {
		stay__client_give_up(call, STAY_E_CANCELLED);
		return STAY_OK;
	}
	return stay__waiters_cancel(client, id.token) ? STAY_OK : STAY_E_STALE;
}

/* ---- running `done` ---- */

/* "SET: timed out after ...", if the protocol knows what it is called. */
static void
tell_nobody(const struct stay__call *call, const struct stay_result *result)
{
	const struct stay_client *client = call->owner->client;
	char name[CALLED_MAX], lost[CALLED_MAX + WHY_MAX];
	struct stay__text text = { lost, sizeof(lost), 0 };

	if (result->status == STAY_OK)
		return;
	if (client->profile->protocol.call.name != NULL &&
	    client->profile->protocol.call.name(
		stay__tagged_word(call), name, sizeof(name)) > 0) {
		stay__text_put(&text, name);
		stay__text_put(&text, ": ");
	}
	stay__text_put(&text, result->why);
	stay__conn_tell_lost_call(client->conn, result->status, lost);
}

void
stay__client_tell(
    const struct stay__call *call, const struct stay_result *result)
{
	if (call->done != NULL)
		call->done(call->arg, result);
	else
		tell_nobody(call, result);
}

/* From one time of a record to another. */
static void
add_between(struct stay__text *text, uint32_t from_ms, uint32_t to_ms)
{
	stay__text_add(text, "%s", stay__duration_of(to_ms - from_ms).text);
}

/* Where a call that has timed out was, and for how long. */
static void
add_where(struct stay__text *text, const struct stay__call *call)
{
	uint32_t now_ms = stay__call_clock(stay__loop_now(call->owner->loop));
	uint32_t since_ms = stay__call_clock(stay__call_since(call));

	stay__text_add(text, " after ");
	add_between(text, since_ms, now_ms);
	if (!(call->history & STAY__HISTORY_BEGUN)) {
		stay__text_add(text, " in the queue, never sent");
		return;
	}
	stay__text_add(text, ", of these ");
	add_between(text, since_ms, call->sent_ms);
	stay__text_add(text, " queued and ");
	add_between(text, call->sent_ms, now_ms);
	stay__text_add(text, " since it was sent");
}

/* Without a session its failure says more than the status. */
static const char *
reason_of(const struct stay_client *client, enum stay_status status)
{
	const char *failure = stay_conn_failure(client->conn);

	if (status == STAY_E_TIMEOUT &&
	    stay__session_is_greeting(&client->session))
		return "the greeting with the server is not over";
	if (status == STAY_OK || status == STAY_E_CANCELLED ||
	    status == STAY_E_STOPPED || status == STAY_E_SERVER ||
	    failure[0] == '\0' ||
	    stay__session_state(&client->session) != STAY__SESSION_DOWN)
		return stay_strerror(status);
	return failure;
}

const char *
stay__client_rejection(
    const struct stay_client *client, enum stay_status status)
{
	const char *said = stay__loop_said_of(client->loop, status);

	if (said != NULL)
		return said;
	return status == STAY_E_OFFLINE || status == client->rejecting
		   ? reason_of(client, status)
		   : stay_strerror(status);
}

static void
say_budget(struct stay__text *text, const char *reason)
{
	stay__text_add(text,
	    "not sent again, as the budget for that (resend_percent) is "
	    "used up: %s",
	    reason);
}

/* "timed out after 1.0 s in the queue, never sent; connect redis://db: ..." */
static void
say_timeout(
    struct stay__text *text, const struct stay__call *call, const char *reason)
{
	stay__text_add(text, "%s", stay_strerror(call->status));
	add_where(text, call);
	if (reason != stay_strerror(call->status)) {
		stay__text_put(text, "; ");
		stay__text_put(text, reason);
	}
}

void
stay__client_tell_over(struct stay__call *call)
{
	struct stay_client *client = call->owner->client;
	struct stay_held *refusal;
	char why[WHY_MAX];
	struct stay__text text = { why, sizeof(why), 0 };
	struct stay_result result = { .status = call->status,
		.outcome = call->outcome,
		.session = stay__call_session(call),
		.why = reason_of(client, call->status) };

	if (call->history & STAY__HISTORY_TOLD) {
		stay__over(call);
		return;
	}
	refusal = stay__extras_take_refusal(call);
	stay__recorded_failed(call);
	if (call->status == STAY_E_TIMEOUT)
		say_timeout(&text, call, result.why);
	else if (call->history & STAY__HISTORY_POOR)
		say_budget(&text, result.why);
	else if (call->status == STAY_E_SERVER && refusal != NULL)
		stay__session_quote(
		    &client->session, &text, stay__held_words(refusal));
	if (text.len > 0)
		result.why = why;
	stay__conn_call_over(client->conn, (enum stay_outcome)call->outcome);
	if (stay__call_is_watched(call))
		stay__over_told(call);
	if (refusal != NULL) {
		result.reply = stay_held_reply(refusal);
		stay__held_tell(&refusal);
	}
	stay__client_tell(call, &result);
	stay__held_told(client);
	stay_held_free(refusal);
	if (call->history & STAY__HISTORY_TOLD)
		stay__over(call);
}

/* ---- running the `done` of a call that has a body ---- */

static bool
is_half_sent(const struct stay_feed *feed)
{
	const struct stay__call *half = feed->client->calls->half;

	return half != NULL && stay__call_has_body(half) && half->arg == feed;
}

static void
tell_body(struct stay_feed *feed, const struct stay_result *result)
{
	if (feed->done != NULL)
		feed->done(feed->arg, result);
	else
		tell_nobody(feed->call, result);
}

static void
tell_why_broken(struct stay_feed *feed, struct stay_result result)
{
	char why[WHY_MAX];
	struct stay__text text = { why, sizeof(why), 0 };

	stay__text_add(&text, "the body has failed: %s", feed->why);
	result.why = why;
	tell_body(feed, &result);
}

void
stay__client_done_with_body(void *arg, const struct stay_result *result)
{
	struct stay_feed *feed = arg;

	if (feed->why != NULL)
		tell_why_broken(feed, *result);
	else
		tell_body(feed, result);
	feed->told = true;
	if (is_half_sent(feed)) {
		if (stay__list_is_empty(&feed->call->node))
			feed->call = NULL; /* no tombstone stands for it */
		return;
	}
	stay__feed_free(feed);
}

/* ---- a batch is told ---- */

/* A stop may be waiting for the last call, and so may who lends the client. And its
 * memory is to be given back, although not a byte was read or written. */
void
stay__client_told(struct stay__calls *calls)
{
	struct stay_client *client = calls->client;

	stay__health_rest(&client->session);
	stay__admission_fall(client);
	stay__lend_nudge(client);
	if (client->calls->tagged != NULL)
		stay__output_ask(client); /* a tag may be free */
	stay__conn_nudge(client->conn);
}
