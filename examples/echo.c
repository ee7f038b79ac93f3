/*
 * The lesson: calls on a connection that breaks, each completing exactly once.
 *
 * A client of the echo adapter, which is the one to learn from
 * (adapters/echo/echo.c). Three calls are submitted before there is a
 * connection, and are sent together. The next call makes the server hang up.
 * The server may have acted on it, and nobody will ever know: the outcome says
 * just that, "maybe executed". The last call is accepted at once, waits for the
 * reconnect, and gets its reply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>
#include <stay/echo.h>

#include "support/peer.h"

struct step {
	const char *text;
	enum stay_outcome expected;
	bool and_next; /* submit the next step without waiting for this one */
};

/* clang-format off */
static const struct step steps[] = {
	{ "three of them",          STAY_REPLIED,        true },
	{ "are sent together",      STAY_REPLIED,        true },
	{ "and come back in order", STAY_REPLIED,        false },
	{ "hang up",                STAY_MAYBE_EXECUTED, false },
	{ "still there?",           STAY_REPLIED,        false },
};
/* clang-format on */

#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

struct story {
	struct stay_client *client;
	size_t submitted;
	size_t completed;
	size_t as_expected;
};

static void on_echo(void *arg, const struct stay_result *result);

/* Submit the next step, and those that are sent with it. */
static void
go_on(struct story *story)
{
	const struct step *step;
	enum stay_status status;

	do {
		step = &steps[story->submitted++];
		status = stay_echo_call(story->client, step->text,
		    strlen(step->text), on_echo, story);
		if (status != STAY_OK) /* rejected: on_echo will not run */
			stay_client_stop(story->client, status);
	} while (status == STAY_OK && step->and_next);
}

static void
on_echo(void *arg, const struct stay_result *result)
{
	struct story *story = arg;
	const struct step *step = &steps[story->completed++];
	const struct stay_bytes *reply = result->reply;

	if (reply != NULL)
		printf("%-24s -> %.*s\n", step->text, (int)reply->len,
		    reply->data);
	else
		printf("%-24s -> %s: %s\n", step->text,
		    stay_outcome_name(result->outcome), result->why);
	story->as_expected += result->outcome == step->expected;
	if (story->completed == STEP_COUNT)
		stay_client_stop(story->client, STAY_OK);
	else if (story->completed == story->submitted)
		go_on(story);
}

static bool
tell_story(struct stay_loop *loop, const char *url)
{
	struct story story = { .completed = 0 };

	if (stay_echo_start(&story.client, loop, url, NULL) != STAY_OK)
		return false;
	go_on(&story);
	ev_run(EV_DEFAULT, 0);
	return story.as_expected == STEP_COUNT;
}

int
main(void)
{
	struct peer peer = { 0 };
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	char url[64];
	bool well = false;

	if (loop != NULL && peer_port(&peer) && peer_serve(&peer, peer_echo)) {
		snprintf(url, sizeof(url), "echo://127.0.0.1:%d", peer.port);
		well = tell_story(loop, url);
	}
	peer_kill(&peer);
	stay_loop_free(loop);
	return well ? 0 : 1;
}
