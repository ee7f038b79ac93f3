/*
 * The life of a probe: its world and loop, what it writes down, and the ledger
 * of what was handed over and given back. It knows no script and no callback.
 */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char last_fault[256];

/* A state block that no init has seen cannot lead to its probe. */
static struct probe *the_probe;

struct probe *
probe_now(void)
{
	return the_probe;
}

/* ---- what is written down ---- */

static void append(struct probe *probe, const char *format, va_list args)
    STAY_PRINTF(2, 0);

static void
append(struct probe *probe, const char *format, va_list args)
{
	size_t room = sizeof(probe->trace) - probe->trace_len;
	int len =
	    vsnprintf(probe->trace + probe->trace_len, room, format, args);

	if (len < 0 || (size_t)len >= room)
		probe_fault(probe, "the trace is too long");
	else
		probe->trace_len += (size_t)len;
}

static void append_word(struct probe *probe, const char *format, ...)
    STAY_PRINTF(2, 3);

static void
append_word(struct probe *probe, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(probe, format, args);
	va_end(args);
}

void
probe_note(struct probe *probe, const char *format, ...)
{
	uint64_t now = sim_now_ms(probe->world);
	va_list args;

	if (probe->quiet)
		return;
	if (probe->trace_len > 0)
		append_word(probe, " ");
	if (now != probe->trace_ms)
		append_word(probe, "@%llu ", (unsigned long long)now);
	probe->trace_ms = now;
	va_start(args, format);
	append(probe, format, args);
	va_end(args);
}

void
probe_fault(struct probe *probe, const char *format, ...)
{
	va_list args;

	if (probe->fault[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(probe->fault, sizeof(probe->fault), format, args);
	va_end(args);
}

const char *
probe_status_name(enum stay_status status)
{
	const char *name = stay_status_name(status);

	if (status == STAY_OK)
		return "OK";
	return strncmp(name, "STAY_E_", 7) == 0 ? name + 7 : name;
}

/* ---- the ledger ---- */

static struct probe_token *
token_new(struct probe *probe, int tag)
{
	struct probe_token *token = calloc(1, sizeof(*token));

	if (token == NULL)
		abort();
	token->tag = tag;
	token->older = probe->tokens;
	probe->tokens = token;
	return token;
}

static void
token_release(void *data)
{
	struct probe_token *token = data;

	token->released++;
}

struct stay_message
probe_message(struct probe *probe, int tag)
{
	struct stay_message message =
	    stay_message_make(tag, token_new(probe, tag));

	message.release = token_release;
	return message;
}

struct stay_reply
probe_reply(struct probe *probe, int tag)
{
	struct stay_reply reply = stay_reply_data(token_new(probe, tag));

	reply.release = token_release;
	return reply;
}

void
probe_refused(void *data)
{
	struct probe_token *token = data;

	token->refused = true;
}

int
probe_tag(const void *data)
{
	const struct probe_token *token = data;

	return token->tag;
}

static void
audit_tokens(struct probe *probe)
{
	for (struct probe_token *token = probe->tokens; token != NULL;
	     token = token->older)
		if (token->released != (token->refused ? 0 : 1))
			probe_fault(probe, "%s %d was released %u times",
			    token->refused ? "refused" : "accepted", token->tag,
			    token->released);
}

static void
audit_calls(struct probe *probe)
{
	for (int tag = 0; tag < PROBE_TAGS; tag++)
		if (probe->calls[tag].done != probe->calls[tag].accepted)
			probe_fault(probe, "call %d: %u accepted, %u completed",
			    tag, probe->calls[tag].accepted,
			    probe->calls[tag].done);
}

static void
audit_notices(struct probe *probe)
{
	unsigned due = probe->starts ? 1 : 0;
	unsigned started = probe->options.on_started != NULL ? due : 0;

	if (probe->closed != due)
		probe_fault(probe, "on_closed came %u times", probe->closed);
	if (probe->started != started)
		probe_fault(probe, "on_started came %u times", probe->started);
	if (probe->loop != NULL && stay_loop_live(probe->loop) != 0)
		probe_fault(probe, "the connection is still alive");
}

/* ---- life ---- */

struct probe *
probe_new(void)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL)
		abort();
	probe->world = sim_world_new(1);
	probe->loop = stay_loop_new(probe->world);
	if (probe->loop == NULL)
		abort();
	probe->behaviour = probe_behaviour;
	probe->options = (struct stay_conn_options){ STAY_CONN_OPTIONS,
		.on_started = probe_started, .on_closed = probe_closed,
		.arg = probe };
	probe->state = STAY_STARTING;
	the_probe = probe;
	return probe;
}

static void
stop(struct probe *probe)
{
	if (probe->conn != NULL)
		stay_conn_stop(probe->conn, STAY_OK);
	if (!sim_run(probe->world, 100000))
		probe_fault(probe, "it does not stop");
}

const char *
probe_end(struct probe *probe)
{
	enum stay_status freed;

	if (probe->loop != NULL)
		stop(probe);
	audit_notices(probe);
	audit_calls(probe);
	audit_tokens(probe);
	freed = probe->loop == NULL ? STAY_OK : stay_loop_free(probe->loop);
	if (freed != STAY_OK)
		probe_fault(probe, "the loop is not freed: %s",
		    probe_status_name(freed));
	while (probe->tokens != NULL) {
		struct probe_token *token = probe->tokens;

		probe->tokens = token->older;
		free(token);
	}
	snprintf(last_fault, sizeof(last_fault), "%s", probe->fault);
	free(probe);
	return last_fault[0] == '\0' ? NULL : last_fault;
}
