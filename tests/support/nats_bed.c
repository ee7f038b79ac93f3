/* Real servers, and clients of the adapter in examples/adapters/. */
#include "nats_bed.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "free_port.h"
#include "support/expect.h"

#define PATIENCE_S 20.

struct nats_server nats, other;

void
nats_configure(struct nats_server *server, const char *lines)
{
	FILE *file;

	if (server->config[0] == '\0') {
		strcpy(server->config, "/tmp/stay-nats-XXXXXX");
		close(mkstemp(server->config));
		server->peer.port = free_port();
		snprintf(server->url, sizeof(server->url),
		    "nats://127.0.0.1:%d", server->peer.port);
	}
	file = fopen(server->config, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(
	    file, "listen: \"127.0.0.1:%d\"\n%s\n", server->peer.port, lines);
	ck_assert_int_eq(fclose(file), 0);
	if (server->peer.pid != 0)
		kill(server->peer.pid, SIGHUP);
}

void
nats_start(struct nats_server *server)
{
	ck_assert(peer_exists("nats-server"));
	ck_assert(
	    peer_exec(&server->peer, "nats-server -c %s", server->config));
}

static void
end(struct nats_server *server)
{
	peer_kill(&server->peer);
	if (server->config[0] != '\0')
		unlink(server->config);
	memset(server, 0, sizeof(*server));
}

void
nats_bed_open(void)
{
	rig_open(&rig);
	nats_configure(&nats, "");
	nats_start(&nats);
}

void
nats_bed_close(void)
{
	peer_thaw(&nats.peer);
	rig_close(&rig);
	end(&nats);
	end(&other);
}

static bool
is_up(void *client)
{
	return stay_client_session(client) != NULL;
}

void
nats_await_up(struct stay_client *client)
{
	rig_until(&rig, is_up, client, PATIENCE_S);
}

struct stay_client *
nats_client(const struct nats_server *server, const char *login,
    const struct stay_client_options *options)
{
	struct stay_client *client;
	char url[128];

	snprintf(url, sizeof(url), "nats://%s127.0.0.1:%d", login,
	    server->peer.port);
	EXPECT_OK(
	    stay_client_start(&client, rig.loop, &nats_protocol, url, options));
	return client;
}

/* ---- calls ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	const struct nats_message *answer = result->reply;
	struct nats_told *told = arg;

	told->count++;
	told->status = result->status;
	told->outcome = result->outcome;
	snprintf(told->why, sizeof(told->why), "%s", result->why);
	if (answer != NULL)
		snprintf(told->text, sizeof(told->text), "%.*s",
		    (int)answer->payload.len, answer->payload.data);
}

bool
nats_is_told(void *told)
{
	return ((const struct nats_told *)told)->count > 0;
}

void
nats_submit(struct stay_client *client, const char *subject, const char *text,
    bool asks, struct nats_told *told)
{
	struct nats_request request = { subject, { text, strlen(text) }, asks };

	memset(told, 0, sizeof(*told));
	EXPECT_OK(stay_client_call(client, &request, on_done, told));
}

static struct nats_told
wait_for(struct stay_client *client, const char *subject, const char *text,
    bool asks)
{
	static struct nats_told told;

	nats_submit(client, subject, text, asks, &told);
	rig_until(&rig, nats_is_told, &told, PATIENCE_S);
	return told;
}

struct nats_told
nats_say(struct stay_client *client, const char *subject, const char *text)
{
	return wait_for(client, subject, text, false);
}

struct nats_told
nats_question(struct stay_client *client, const char *subject, const char *text)
{
	return wait_for(client, subject, text, true);
}
