/*
 * The lesson: ask somebody who is not there yet, over a server that dies.
 *
 * The adapter is adapters/nats.c: all of NATS in one file, written against the public
 * headers. Here one client offers a service, and another one asks it. The first
 * question is refused, since nobody listens. Then ten are under way at once, and their
 * answers come by tag. Then the server dies. Both clients come back, the subscription
 * too, and ten more questions are answered.
 *
 *	nats_service [nats://[user:password@]host[:port]]     default: starts its own
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "adapters/nats.h"
#include "support/peer.h"

#define QUESTIONS 10

static struct stay_client *asker, *service;
static struct peer server;
static unsigned answered, rounds;

static void
serve(
    struct nats_subscription *subscription, const struct nats_message *question)
{
	char to[128], text[32];
	struct nats_request answer = { .subject = to };
	long number = strtol(question->payload.data, NULL, 10);

	(void)subscription;
	snprintf(to, sizeof(to), "%.*s", (int)question->reply_to.len,
	    question->reply_to.data);
	snprintf(text, sizeof(text), "%ld", number * number);
	answer.payload = (struct stay_bytes){ text, strlen(text) };
	if (stay_client_call(service, &answer, NULL, NULL) != STAY_OK)
		printf("an answer to %s is rejected\n", to);
}

static void
ask(const char *text, stay_done_fn *done)
{
	struct nats_request question = { "square", { text, strlen(text) },
		.asks = true };

	if (stay_client_call(asker, &question, done, NULL) != STAY_OK)
		exit(1);
}

static void
on_answer(void *arg, const struct stay_result *result)
{
	const struct nats_message *answer = result->reply;

	(void)arg;
	if (result->status != STAY_OK) {
		printf("%s: %s\n", stay_outcome_name(result->outcome),
		    result->why);
		return;
	}
	printf("%.*s ", (int)answer->payload.len, answer->payload.data);
	answered++;
	if (answered % QUESTIONS > 0)
		return;
	printf("\n");
	if (rounds == 1 && server.pid != 0) {
		printf("the server dies\n");
		peer_kill(&server);
		if (!peer_exec(
			&server, "nats-server -a 127.0.0.1 -p %d", server.port))
			exit(1);
	} else {
		stay_client_stop(asker, STAY_OK);
		stay_client_stop(service, STAY_OK);
	}
}

/* Whoever asks now is heard. */
static void
on_notice(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	char text[8];

	(void)subscription;
	if (notice == NATS_LOST)
		printf("the service is gone\n");
	if (notice == NATS_ENDED)
		printf("%.*s\n", (int)words.len, words.data);
	if (notice != NATS_ON)
		return;
	printf("the service is there\n");
	rounds++;
	for (int i = 1; i <= QUESTIONS; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ask(text, on_answer);
	}
}

static struct nats_subscription squares = { .subject = "square",
	.queue = "servers",
	.on_message = serve,
	.on_notice = on_notice };

static void
on_refusal(void *arg, const struct stay_result *result)
{
	on_answer(arg, result);
	if (nats_subscribe(service, &squares) != STAY_OK)
		exit(1);
}

static bool
run(const char *url)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);

	if (loop == NULL ||
	    stay_client_start(&asker, loop, &nats_protocol, url, NULL) !=
		STAY_OK ||
	    stay_client_start(&service, loop, &nats_protocol, url, NULL) !=
		STAY_OK)
		return false;
	ask("0", on_refusal);
	ev_run(EV_DEFAULT, 0);
	stay_loop_free(loop);
	return answered == rounds * QUESTIONS;
}

int
main(int argc, char **argv)
{
	char url[64];
	bool well;

	if (argc > 1)
		return run(argv[1]) ? 0 : 1;
	if (!peer_exists("nats-server") || !peer_port(&server)) {
		fputs("nats-server is not installed: give the URL of one, as "
		      "nats://host\n",
		    stderr);
		return 1;
	}
	snprintf(url, sizeof(url), "nats://127.0.0.1:%d", server.port);
	well =
	    peer_exec(&server, "nats-server -a 127.0.0.1 -p %d", server.port) &&
	    run(url);
	peer_kill(&server);
	return well ? 0 : 1;
}
