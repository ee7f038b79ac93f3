/* The server at the other end of a probe's stream, and what a story makes it
 * do. */
#include <string.h>

#include "probe.h"

#define HOST "10.0.0.1"
#define PORT 7777

static void
on_accept(struct peer_end *end)
{
	struct probe *probe = end->peer->arg;

	probe->peer = end->wire;
	if (probe->shows_peer)
		probe_note(probe, "[accepted]");
}

static void
on_close(struct peer_end *end, int error)
{
	struct probe *probe = end->peer->arg;

	(void)error;
	if (probe->shows_peer)
		probe_note(probe, "[closed]");
}

static void
got(struct peer_end *end, const struct peer_request *request)
{
	struct probe *probe = end->peer->arg;
	const struct peer_word *word = &request->words[0];

	if (probe->shows_peer)
		probe_note(probe, "[got %.*s]", (int)word->len, word->text);
}

static const struct peer_row rows[] = { DO(PEER_ANYTHING, got), NO_MORE };

static struct peer *
server_of(struct probe *probe)
{
	if (probe->server.rows == NULL)
		probe->server = (struct peer){ .rows = rows,
			.arg = probe,
			.on_accept = on_accept,
			.on_close = on_close };
	return &probe->server;
}

static void
act_listen(struct probe *probe, const struct probe_word *word)
{
	(void)word;
	peer_listen(server_of(probe), probe->world, HOST, PORT);
}

/* Nobody answers there, nor refuses. */
static void
act_black_hole(struct probe *probe, const struct probe_word *word)
{
	(void)word;
	sim_address_set(probe->world, HOST, PORT, SIM_BLACK_HOLE, 0);
}

/* It answers, but takes its time. */
static void
act_slow(struct probe *probe, const struct probe_word *word)
{
	sim_address_set(
	    probe->world, HOST, PORT, SIM_ACCEPT, probe_number(word->arg[0]));
}

static void
act_refuse(struct probe *probe, const struct probe_word *word)
{
	sim_address_set(
	    probe->world, HOST, PORT, SIM_REFUSE, probe_number(word->arg[0]));
}

/* So many bytes fit on the way, which takes 10 ms. */
static void
act_narrow(struct probe *probe, const struct probe_word *word)
{
	struct sim_limits limits = { .send_buffer =
					 (size_t)probe_number(word->arg[0]),
		.latency_ms = 10 };

	sim_limits_set(probe->world, &limits);
}

/* Descriptors that are refused stay ours. */
static void
act_adopt(struct probe *probe, const struct probe_word *word)
{
	enum stay_status status;
	int fd;

	fd = peer_adopted(server_of(probe), probe->world);
	probe->calling++;
	status = stay_stream_adopt(probe->conn, fd, fd);
	probe->calling--;
	if (status == STAY_OK)
		return;
	probe->world->ops->close(probe->world, fd);
	probe_note(probe, "%s()!%s", word->name, probe_status_name(status));
}

static void
act_peer(struct probe *probe, const struct probe_word *word)
{
	if (probe->peer == NULL)
		probe_note(probe, "%s!nobody", word->name);
	else if (strcmp(word->name, "peer_close") == 0)
		sim_peer_close(probe->peer);
	else if (strcmp(word->name, "peer_reset") == 0)
		sim_peer_reset(probe->peer);
	else
		sim_peer_print(probe->peer, word->args);
}

/* ---- the table ---- */

typedef void set_fn(struct probe *probe, const struct probe_word *word);

static const struct {
	const char *name;
	set_fn *set;
} sets[] = {
	{ "adopt", act_adopt },
	{ "black_hole", act_black_hole },
	{ "listen", act_listen },
	{ "narrow", act_narrow },
	{ "peer_close", act_peer },
	{ "peer_reset", act_peer },
	{ "peer_send", act_peer },
	{ "refuse", act_refuse },
	{ "slow", act_slow },
};

bool
probe_server(struct probe *probe, const struct probe_word *word)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (strcmp(sets[i].name, word->name) != 0)
			continue;
		sets[i].set(probe, word);
		return true;
	}
	return false;
}
