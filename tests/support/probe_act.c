/*
 * What a story can do with a connection, its loop and time. Each is a row of
 * the table at the end; options and the server have theirs elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

typedef void act_fn(struct probe *probe, const struct probe_word *word);

/* Between these two no callback may run. */
static void
calling(struct probe *probe)
{
	probe->calling++;
}

static void
called(
    struct probe *probe, const struct probe_word *word, enum stay_status status)
{
	probe->calling--;
	if (status == STAY_OK)
		return;
	probe_note(probe, "%s(%s)!%s", word->name, word->args,
	    probe_status_name(status));
}

static int
tag_of(const struct probe_word *word)
{
	return (int)(probe_number(word->arg[0]) % PROBE_TAGS);
}

/* ---- the connection ---- */

static void
act_start(struct probe *probe, const struct probe_word *word)
{
	struct stay_conn *conn = NULL;
	enum stay_status status;

	calling(probe);
	status = stay_conn_start(
	    &conn, probe->loop, &probe->behaviour, probe, &probe->options);
	called(probe, word, status);
	if ((status == STAY_OK) != (conn != NULL))
		probe_fault(probe, "start gave %s and a handle or none",
		    probe_status_name(status));
	probe->starts = status == STAY_OK;
	probe->conn = conn;
}

static void
act_cast(struct probe *probe, const struct probe_word *word)
{
	struct stay_message message = probe_message(probe, tag_of(word));
	enum stay_status status;

	calling(probe);
	status = strcmp(word->name, "cast") == 0
		     ? stay_conn_cast(probe->conn, message)
		     : stay_conn_send(probe->conn, message);
	if (status != STAY_OK)
		probe_refused(message.data);
	called(probe, word, status);
}

static void
act_call(struct probe *probe, const struct probe_word *word)
{
	struct probe_call *call = &probe->calls[tag_of(word)];
	struct stay_message message = probe_message(probe, tag_of(word));
	uint64_t timeout = word->count > 1 ? probe_number(word->arg[1]) : 0;
	enum stay_status status;

	calling(probe);
	status = stay_conn_call(
	    probe->conn, message, timeout, probe_done, call, &call->caller);
	if (status == STAY_OK)
		call->accepted++;
	else
		probe_refused(message.data);
	called(probe, word, status);
}

static void
act_answer(struct probe *probe, const struct probe_word *word)
{
	struct stay_reply reply =
	    probe_reply(probe, (int)probe_number(word->arg[1]));
	enum stay_status status;

	calling(probe);
	status = stay_from_answer(
	    probe->loop, probe->calls[tag_of(word)].from, reply);
	if (status != STAY_OK)
		probe_refused(reply.data);
	called(probe, word, status);
}

static void
act_cancel(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	called(probe, word,
	    stay_from_cancel(probe->loop, probe->calls[tag_of(word)].caller));
}

static void
act_next(struct probe *probe, const struct probe_word *word)
{
	struct stay_message message = probe_message(probe, tag_of(word));
	enum stay_status status;

	calling(probe);
	status = stay_conn_next_event(probe->conn, message);
	if (status != STAY_OK)
		probe_refused(message.data);
	called(probe, word, status);
}

static void
act_statetimeout(struct probe *probe, const struct probe_word *word)
{
	struct stay_message message = probe_message(probe, tag_of(word));
	enum stay_status status;

	calling(probe);
	status = stay_conn_set_state_timeout(
	    probe->conn, probe_number(word->arg[1]), message);
	if (status != STAY_OK)
		probe_refused(message.data);
	called(probe, word, status);
}

static void
act_stop(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	stay_conn_stop(probe->conn, probe_status(word->arg[0]));
	called(probe, word, STAY_OK);
}

static void
act_drain(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	stay_conn_drain(probe->conn, probe_number(word->arg[0]));
	called(probe, word, STAY_OK);
}

static void
act_reconnect(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	stay_conn_reconnect(probe->conn, probe_status(word->arg[0]));
	called(probe, word, STAY_OK);
}

static void
act_upgrade(struct probe *probe, const struct probe_word *word)
{
	probe->next = probe->behaviour;
	probe->next.name = "next";
	if (word->count > 0 && !probe_let(&probe->next, word->arg[0]))
		probe_without(probe, &probe->next, word->arg[0]);
	calling(probe);
	called(probe, word,
	    stay_conn_upgrade(
		probe->conn, &probe->next, probe, probe_upgraded, probe));
}

static void
act_state(struct probe *probe, const struct probe_word *word)
{
	(void)word;
	probe_note(probe, "=%s", stay_state_name(stay_conn_state(probe->conn)));
}

static void
act_admits(struct probe *probe, const struct probe_word *word)
{
	(void)word;
	probe_note(probe, stay_conn_admits(probe->conn) ? "open" : "shut");
}

/* It drives the loop: callbacks run during it, unless it is refused. */
static void
act_await(struct probe *probe, const struct probe_word *word)
{
	enum stay_status status =
	    stay_conn_await(probe->conn, probe_number(word->arg[0]));

	probe_note(probe, "await=%s", probe_status_name(status));
}

/* ---- the loop and time ---- */

static void
act_loopstop(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	stay_loop_stop(probe->loop, probe_status(word->arg[0]));
	called(probe, word, STAY_OK);
}

static void
act_loopfree(struct probe *probe, const struct probe_word *word)
{
	enum stay_status status;

	calling(probe);
	status = stay_loop_free(probe->loop);
	called(probe, word, status);
	if (status == STAY_OK)
		probe->loop = NULL;
}

static void
act_cost(struct probe *probe, const struct probe_word *word)
{
	sim_cost_ns(probe->world, probe_number(word->arg[0]));
}

static void
act_run(struct probe *probe, const struct probe_word *word)
{
	sim_run_ms(probe->world, probe_number(word->arg[0]));
}

/* Time passes and nobody has noticed. */
static void
act_skip(struct probe *probe, const struct probe_word *word)
{
	sim_sleep_ms(probe->world, probe_number(word->arg[0]));
}

/* ---- the stream ---- */

static void
act_dial(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	called(probe, word, stay_stream_dial(probe->conn, PROBE_SERVER));
}

static void
act_write(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	called(probe, word,
	    stay_stream_send(probe->conn, word->args, strlen(word->args)));
}

static void
act_keep(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	called(probe, word,
	    stay_stream_keep(
		probe->conn, (size_t)probe_number(word->arg[0]), 0));
}

static void
act_want(struct probe *probe, const struct probe_word *word)
{
	calling(probe);
	stay_stream_want_write(probe->conn);
	called(probe, word, STAY_OK);
}

static void
act_stream(struct probe *probe, const struct probe_word *word)
{
	(void)word;
	probe_note(probe, "stream=%s",
	    stay_stream_is_open(probe->conn) ? "open" : "none");
}

/* ---- the table ---- */

static const struct {
	const char *name;
	act_fn *act;
	bool needs_conn;
} acts[] = {
	{ "admits", act_admits, true },
	{ "answer", act_answer, false },
	{ "await", act_await, true },
	{ "call", act_call, true },
	{ "cancel", act_cancel, false },
	{ "cast", act_cast, true },
	{ "cost", act_cost, false },
	{ "dial", act_dial, true },
	{ "drain", act_drain, true },
	{ "keep", act_keep, true },
	{ "loopfree", act_loopfree, false },
	{ "loopstop", act_loopstop, false },
	{ "next", act_next, true },
	{ "reconnect", act_reconnect, true },
	{ "run", act_run, false },
	{ "send", act_cast, true },
	{ "skip", act_skip, false },
	{ "start", act_start, false },
	{ "state", act_state, true },
	{ "statetimeout", act_statetimeout, true },
	{ "stop", act_stop, true },
	{ "stream", act_stream, true },
	{ "upgrade", act_upgrade, true },
	{ "want", act_want, true },
	{ "write", act_write, true },
};

static void
act(struct probe *probe, const struct probe_word *word)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].name, word->name) != 0)
			continue;
		if (acts[i].needs_conn && probe->conn == NULL)
			probe_note(probe, "%s!nobody", word->name);
		else
			acts[i].act(probe, word);
		return;
	}
	if (!probe_option(probe, word) && !probe_server(probe, word)) {
		fprintf(stderr, "probe: no action %s\n", word->name);
		abort();
	}
}

void
probe_act(struct probe *probe, const char *actions, size_t len)
{
	const char *end;
	struct probe_word word;

	if (len == 0)
		return;
	end = actions + len;
	while ((actions += strspn(actions, " ")) < end) {
		actions = probe_word_next(actions, &word);
		act(probe, &word);
	}
}

void
probe_drive(struct probe *probe, const char *actions)
{
	probe_act(probe, actions, strlen(actions));
}
