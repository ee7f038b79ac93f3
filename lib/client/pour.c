/*
 * A body is asked for, one piece after the other, when the stream has taken the last
 * one. One that does not come to its end ends its session, because the peer waits
 * for the rest. What is written when is output.c's.
 */
#include "client/pour.h"

#include "base/text.h"
#include "client/client.h"
#include "client/resend.h"

/* Bytes of the sentence about a session that ends for it. */
#define WHY_MAX 512

/* ---- it does not come to its end ---- */

bool
stay__pour_is_open(const struct stay__call *call)
{
	const struct stay_feed *feed = stay__poured(call->owner);

	return feed != NULL && call->owner->half == call && !feed->ended;
}

bool
stay__pour_is_rest(const struct stay__call *call)
{
	const struct stay_feed *feed = stay__poured(call->owner);

	return feed != NULL && call == &feed->rest;
}

/* No further byte of it leaves, so that the peer cannot have all of it. */
static void
break_off(struct stay_feed *feed, const char *why)
{
	feed->ended = feed->broken = true;
	feed->waits = false;
	stay_buf_cut(&feed->piece, 0);
	stay__session_condemn(&feed->client->session, STAY_E_RECONNECT, why);
}

void
stay__pour_is_late(struct stay__call *rest)
{
	break_off(rest->arg,
	    "the body of a call that was answered did not end in time");
}

static void
bury(struct stay__call *call, enum stay_status status)
{
	stay__call_bury(call, status,
	    stay__call_is_unsent(call) ? stay__call_unsent(call)
				       : STAY_MAYBE_EXECUTED);
}

void
stay__pour_give_up(struct stay__call *call, enum stay_status status)
{
	bury(call, status);
	break_off(call->arg, "a call was given up in the midst of its body");
}

static void
fail(struct stay_feed *feed, enum stay_status status, const char *text)
{
	struct stay__call *call = feed->client->calls->half;
	char why[WHY_MAX];
	struct stay__text sentence = { why, sizeof(why), 0 };

	if (status == STAY_OK)
		status = STAY_E_ARG;
	feed->why = text != NULL ? text : stay_strerror(status);
	stay__text_add(
	    &sentence, "the body of a call has failed: %s", feed->why);
	if (call->stage == STAY__CALL_COMMITTED)
		bury(call, status);
	break_off(feed, why);
}

/* ---- it is asked ---- */

/* If that was all of it, nothing is written that would say so. */
static void
end(struct stay_feed *feed)
{
	struct stay_client *client = feed->client;

	feed->ended = true;
	feed->waits = false;
	feed->piece.limit = 0;
	if (stay_buf_append(&feed->piece, feed->closing.data,
		feed->closing.len) != STAY_OK) {
		fail(feed, STAY_E_NOMEM, NULL);
	} else if (stay__feed_is_whole(feed)) {
		stay__call_whole(client->calls);
		stay__health_watch(&client->session, true);
	}
}

/* `more` has appended `len` bytes and said this. */
static void
take(struct stay_feed *feed, struct stay_fed fed, size_t len)
{
	bool is_open = feed->body.len == STAY_BODY_OPEN;

	if (!is_open)
		feed->left -= len;
	if (fed.kind != STAY_FED_WAIT)
		feed->waits = false;
	if (fed.kind == STAY_FED_FAILED)
		fail(feed, fed.status, fed.text);
	else if (fed.kind > STAY_FED_FAILED)
		fail(feed, STAY_E_ARG, "it says what nobody knows");
	else if (fed.kind == STAY_FED_END && !is_open && feed->left > 0)
		fail(feed, STAY_E_ARG, "it is shorter than its length");
	else if (fed.kind == STAY_FED_END || feed->left == 0)
		end(feed);
	else if (fed.kind == STAY_FED_MORE && len == 0)
		fail(feed, STAY_E_ARG, "there is more, and no byte of it");
}

/* It may be given up meanwhile, and it may go on before it waits. */
static void
ask(struct stay_feed *feed)
{
	size_t max =
	    feed->left < STAY_BODY_PIECE ? (size_t)feed->left : STAY_BODY_PIECE;
	struct stay_fed fed;

	feed->begun = feed->waits = true;
	feed->piece.limit = max;
	fed = feed->body.more(feed->body.arg, feed, &feed->piece, max);
	if (feed->ended)
		stay_buf_cut(&feed->piece, 0);
	else
		take(feed, fed, stay_buf_len(&feed->piece));
}

static void
go_on(struct stay_feed *feed)
{
	const struct stay_client *client = feed->client;

	if (feed->ended || feed->waits || stay_buf_len(&feed->piece) > 0 ||
	    stay__sendbuf_rest(&client->calls->sendbuf) > 0 ||
	    client->session.condemned != STAY_OK)
		return;
	if (feed->left > 0)
		ask(feed);
	else
		end(feed);
}

/* The next call is to be sent once more. It may be given up meanwhile. */
static void
rewind_next(struct stay__calls *calls)
{
	struct stay__call *call =
	    stay__call_of(stay__list_first(&calls->queued));
	struct stay_feed *feed;
	enum stay_status status;

	if (call == NULL || !stay__call_has_body(call))
		return;
	feed = call->arg;
	if (!feed->begun)
		return;
	status = feed->body.rewind(feed->body.arg);
	if (status == STAY_OK)
		feed->begun = false;
	else if (call->stage == STAY__CALL_QUEUED)
		stay__call_drop(call, status);
}

void
stay__pour(struct stay_client *client)
{
	struct stay_feed *feed = stay__poured(client->calls);

	if (feed != NULL)
		go_on(feed);
	else
		rewind_next(client->calls);
}

void
stay_feed_go_on(struct stay_feed *feed)
{
	assert(feed != NULL);
	feed->waits = false;
	stay__output_ask(feed->client);
}
