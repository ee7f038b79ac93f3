/*
 * A reconnect, step by step: what each of the three machines does when a server hangs up.
 *
 * A client of the echo protocol talks to an echo server, which closes the connection at
 * the words "hang up". Each step of a machine is printed as a line, in the order in which
 * they happen: MACHINE, EVENT, ACTION, the state before and the state after, with tabs
 * between. What the program sees stands in lines of "program". docs/story.md has a chart
 * made of that by chart.awk.
 */
#include <stdio.h>
#include <string.h>

#include <ev.h>
#include <stay/echo.h>
#include <stay/observer.h>

#include "../support/peer.h"

static struct stay_client *client;

/* The first connection is another story. */
static bool told;

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *step)
{
	(void)arg;
	(void)who;
	if (told && !step->kept)
		printf("%s\t%s\t%s\t%s\t%s\n", step->machine, step->event,
		    step->action, step->from, step->to);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_transition = on_transition };

static void
say(const char *word, const char *of)
{
	if (told)
		printf("program\t%s\t\t%s\t\n", word, of);
}

static enum stay_status
ask(const char *text, stay_done_fn *done)
{
	say("call", text);
	return stay_echo_call(client, text, strlen(text), done, NULL);
}

static void
on_last(void *arg, const struct stay_result *result)
{
	(void)arg;
	say("reply", stay_outcome_name(result->outcome));
	told = false;
	stay_client_stop(client, STAY_OK);
}

/* Accepted at once, and answered in the next session. */
static void
on_lost(void *arg, const struct stay_result *result)
{
	(void)arg;
	say("reply", stay_outcome_name(result->outcome));
	if (ask("here again", on_last) != STAY_OK)
		stay_client_stop(client, STAY_OK);
}

static void
on_first(void *arg, const struct stay_result *result)
{
	(void)arg;
	(void)result;
	told = true;
	if (ask("hang up", on_lost) != STAY_OK)
		stay_client_stop(client, STAY_OK);
}

static bool
run(int port)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	char url[64];

	snprintf(url, sizeof(url), "echo://127.0.0.1:%d", port);
	stay_loop_set_observer(loop, &observer);
	if (stay_echo_start(&client, loop, url, NULL) != STAY_OK ||
	    ask("hello", on_first) != STAY_OK)
		return false;
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	return true;
}

int
main(void)
{
	struct peer peer = { 0 };
	bool well =
	    peer_port(&peer) && peer_serve(&peer, peer_echo) && run(peer.port);

	peer_kill(&peer);
	return well ? 0 : 1;
}
