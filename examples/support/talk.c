/* Three words, and what becomes of them. This file knows no event loop. */
#include "talk.h"

#include <stdio.h>
#include <string.h>

static const struct word {
	const char *text;
	enum stay_outcome expected;
} words[] = {
	{ "ping", STAY_REPLIED },
	{ "hang up", STAY_MAYBE_EXECUTED },
	{ "still there?", STAY_REPLIED },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static void
on_echo(void *arg, const struct stay_result *result)
{
	struct talk *talk = arg;
	const struct word *word = &words[talk->heard++];

	printf("%-12s -> %s: %s\n", word->text,
	    stay_outcome_name(result->outcome), result->why);
	talk->as_expected += result->outcome == word->expected;
	if (talk->heard == WORDS)
		stay_client_stop(talk->client, STAY_OK);
}

bool
talk_say(struct talk *talk)
{
	const char *text = words[talk->said++].text;
	enum stay_status status =
	    stay_echo_call(talk->client, text, strlen(text), on_echo, talk);

	if (status != STAY_OK) /* rejected: on_echo will not run */
		stay_client_stop(talk->client, status);
	return status == STAY_OK && talk->said < WORDS;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct talk *talk = arg;

	(void)conn;
	(void)reason;
	if (talk->on_over != NULL)
		talk->on_over(talk->arg);
}

bool
talk_begin(struct talk *talk, struct stay_loop *loop)
{
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_closed = on_closed, .arg = talk };
	char url[64];

	if (loop == NULL || !peer_port(&talk->peer) ||
	    !peer_serve(&talk->peer, peer_echo))
		return false;
	snprintf(url, sizeof(url), "echo://127.0.0.1:%d", talk->peer.port);
	return stay_echo_start(&talk->client, loop, url, &options) == STAY_OK;
}

int
talk_end(struct talk *talk)
{
	peer_kill(&talk->peer);
	return talk->as_expected == WORDS ? 0 : 1;
}
