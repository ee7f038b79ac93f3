/*
 * The record of a body, and who is told when nothing more is asked of it. It outlives
 * its call when that is answered too early. This file asks for no piece.
 */
#include "client/feed.h"

#include "base/mem.h"
#include "client/client.h"

static void
run_last(struct stay__task *task)
{
	struct stay_feed *feed = STAY__CONTAINER(task, struct stay_feed, last);
	struct stay_client *client = feed->client;

	client->calls->untold--;
	stay__feed_free(feed);
	stay__conn_nudge(client->conn);
}

struct stay_feed *
stay__feed_new(struct stay_client *client, const struct stay_body *body,
    stay_done_fn *done, const struct stay_call_options *options, void *arg)
{
	struct stay_feed *feed = stay__zalloc(sizeof(*feed));

	if (feed == NULL)
		return NULL;
	feed->client = client;
	feed->body = *body;
	feed->left = body->len;
	feed->done = done;
	feed->part = options->part;
	feed->on_piece = options->piece;
	feed->arg = arg;
	stay_buf_init(&feed->piece, 0);
	stay__task_init(&feed->last, run_last);
	stay__list_init(&feed->rest.node);
	stay__timer_init(
	    &feed->rest.timer, client->profile->hooks->calls.expire);
	return feed;
}

void
stay__feed_take(struct stay_feed *feed, const struct stay_request_body *request)
{
	feed->stops = request->stops;
	feed->closing = request->closing;
}

/* A tombstone may outlive it. */
void
stay__feed_free(struct stay_feed *feed)
{
	if (feed->call != NULL)
		feed->call->history &= ~STAY__HISTORY_BODY;
	if (feed->body.over != NULL)
		feed->body.over(feed->body.arg);
	stay_buf_fini(&feed->piece);
	stay__free(feed);
}

/* What is still to be told keeps the client. */
void
stay__feed_free_soon(struct stay_feed *feed)
{
	feed->client->calls->untold++;
	stay__loop_run_soon(feed->client->loop, &feed->last);
}

void
stay__feed_part(void *arg, const struct stay_result *result)
{
	const struct stay_feed *feed = arg;

	feed->part(feed->arg, result);
}

void
stay__feed_piece(void *arg, struct stay_bytes piece)
{
	const struct stay_feed *feed = arg;

	feed->on_piece(feed->arg, piece);
}

/* ---- the call goes before its body ---- */

static void
stand_in(struct stay_feed *feed, const struct stay__call *call)
{
	feed->rest.owner = call->owner;
	feed->rest.arg = feed;
	stay__call_place(&feed->rest, stay__call_span(call));
	feed->rest.history = STAY__HISTORY_BODY;
	feed->rest.stage = STAY__CALL_OVER;
	feed->rest.due = 1; /* it is no request without a reply */
	if (!feed->ended && !stay__call_is_untold(call) &&
	    stay__timer_is_set(&call->timer))
		stay__loop_timer(
		    call->owner->loop, &feed->rest.timer, call->timer.at);
}

struct stay__call *
stay__feed_stay(struct stay__call *call)
{
	struct stay_feed *feed = call->arg;

	if (feed->told)
		feed->call = NULL;
	if (feed->stops)
		feed->ended = true;
	if (stay__sendbuf_rest(&call->owner->sendbuf) == 0 &&
	    stay__feed_is_whole(feed)) {
		stay__feed_leave(call);
		return NULL;
	}
	stand_in(feed, call);
	return &feed->rest;
}

void
stay__feed_leave(struct stay__call *rest)
{
	struct stay_feed *feed = rest->arg;

	stay__timer_stop(&feed->rest.timer);
	if (feed->told)
		stay__feed_free_soon(feed);
}

void
stay__feed_requeue(struct stay_feed *feed)
{
	feed->left = feed->body.len;
	feed->ended = feed->waits = false;
	stay_buf_cut(&feed->piece, 0);
}
