/*
 * The lesson: a program without libev. stay_loop_poll makes a loop that waits in
 * poll(2), stay_loop_run runs it until its last connection has closed, and the static
 * library alone is linked:
 *
 *	cc loop_poll.c -l:libstay-echo.a $(pkg-config --cflags --libs stay-poll)
 *
 * A word is echoed, the server hangs up, and a word is echoed again.
 */
#include <stdio.h>
#include <string.h>

#include <stay/echo.h>

#include "support/peer.h"

static const char *const words[] = { "ping", "hang up", "pong" };

#define WORDS (sizeof(words) / sizeof(words[0]))

struct talk {
	struct stay_client *client;
	size_t at;
	size_t echoed;
};

static void on_echo(void *arg, const struct stay_result *result);

static void
say_next(struct talk *talk)
{
	const char *word = words[talk->at];

	if (stay_echo_call(talk->client, word, strlen(word), on_echo, talk) !=
	    STAY_OK)
		stay_client_stop(talk->client, STAY_OK);
}

static void
on_echo(void *arg, const struct stay_result *result)
{
	struct talk *talk = arg;

	printf("%-8s -> %s\n", words[talk->at],
	    stay_outcome_name(result->outcome));
	talk->echoed += result->outcome == STAY_REPLIED;
	if (++talk->at < WORDS)
		say_next(talk);
	else
		stay_client_stop(talk->client, STAY_OK);
}

static bool
hold_talk(struct stay_loop *loop, const char *url)
{
	struct talk talk = { .at = 0 };

	if (stay_echo_start(&talk.client, loop, url, NULL) != STAY_OK)
		return false;
	say_next(&talk);
	return stay_loop_run(loop) == STAY_OK && talk.echoed == WORDS - 1;
}

int
main(void)
{
	struct peer peer = { 0 };
	struct stay_loop *loop = stay_loop_poll();
	char url[64];
	bool well = false;

	if (loop != NULL && peer_port(&peer) && peer_serve(&peer, peer_echo)) {
		snprintf(url, sizeof(url), "echo://127.0.0.1:%d", peer.port);
		well = hold_talk(loop, url);
	}
	peer_kill(&peer);
	stay_loop_free(loop);
	return well ? 0 : 1;
}
