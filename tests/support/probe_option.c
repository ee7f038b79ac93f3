/* What a story says before it starts: options, flags, callbacks left out. */
#include <string.h>

#include "probe.h"

/* ---- numbers ---- */

static const struct {
	const char *name;
	size_t offset;
} options[] = {
	{ "mailbox_max", offsetof(struct stay_conn_options, mailbox_max) },
	{ "callers_max", offsetof(struct stay_conn_options, callers_max) },
	{ "call_timeout", offsetof(struct stay_conn_options, call_timeout_ms) },
	{ "stop_budget", offsetof(struct stay_conn_options, stop_budget_ms) },
	{ "burst", offsetof(struct stay_conn_options, throttle_burst) },
	{ "throttle", offsetof(struct stay_conn_options, throttle_ms) },
	{ "turn_budget", offsetof(struct stay_conn_options, turn_budget) },
};

static bool
set_option(struct probe *probe, const struct probe_word *word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char *field = (char *)&probe->options + options[i].offset;
		uint64_t value;

		if (strcmp(options[i].name, word->name) != 0)
			continue;
		value = probe_number(word->arg[0]);
		memcpy(field, &value, sizeof(value));
		return true;
	}
	return false;
}

/* ---- other things ---- */

/* The backoff when no callback chooses one: constant, without jitter. */
static void
act_backoff(struct probe *probe, const struct probe_word *word)
{
	probe->options.backoff =
	    stay_backoff_constant(probe_number(word->arg[0]));
	probe->options.backoff.jitter = STAY_JITTER_NONE;
}

/* From this on, doubling. */
static void
act_growing(struct probe *probe, const struct probe_word *word)
{
	probe->options.backoff =
	    stay_backoff_exponential(probe_number(word->arg[0]), 10000);
	probe->options.backoff.jitter = STAY_JITTER_NONE;
}

bool
probe_let(struct stay_behaviour *behaviour, const char *what)
{
	if (strcmp(what, "calls") == 0)
		behaviour->flags |= STAY_CALLS_WHILE_PENDING;
	else if (strcmp(what, "casts") == 0)
		behaviour->flags |= STAY_CASTS_WHILE_PENDING;
	else
		return false;
	return true;
}

static void
act_let(struct probe *probe, const struct probe_word *word)
{
	if (!probe_let(&probe->behaviour, word->args))
		probe_fault(probe, "let(calls) or let(casts)");
}

void
probe_without(
    struct probe *probe, struct stay_behaviour *behaviour, const char *callback)
{
	switch (probe_callback_named(callback)) {
	case ON_INIT:
		behaviour->init = NULL;
		break;
	case ON_CONNECT:
		behaviour->connect = NULL;
		break;
	case ON_DISCONNECT:
		behaviour->disconnect = NULL;
		break;
	case ON_CALL:
		behaviour->handle_call = NULL;
		break;
	case ON_CAST:
		behaviour->handle_cast = NULL;
		break;
	case ON_INFO:
		behaviour->handle_info = NULL;
		break;
	case ON_CODE_CHANGE:
		behaviour->code_change = NULL;
		break;
	case ON_TERMINATE:
		behaviour->terminate = NULL;
		break;
	case ON_ENTERED:
		behaviour->entered = NULL;
		break;
	case ON_STARTED:
		probe->options.on_started = NULL;
		break;
	case ON_CLOSED:
		probe->options.on_closed = NULL;
		break;
	case ON_DONE:
	case ON_UPGRADED:
	case PROBE_CALLBACKS:
		break;
	}
}

static void
act_null(struct probe *probe, const struct probe_word *word)
{
	probe_without(probe, &probe->behaviour, word->args);
}

static void
act_show(struct probe *probe, const struct probe_word *word)
{
	probe->shows_entered |= strcmp(word->args, "entered") == 0;
	probe->shows_started |= strcmp(word->args, "started") == 0;
	probe->shows_peer |= strcmp(word->args, "peer") == 0;
}

static void
act_busy(struct probe *probe, const struct probe_word *word)
{
	probe->busy = (size_t)probe_number(word->arg[0]);
}

/* ---- the table ---- */

typedef void set_fn(struct probe *probe, const struct probe_word *word);

static const struct {
	const char *name;
	set_fn *set;
} sets[] = {
	{ "backoff", act_backoff },
	{ "busy", act_busy },
	{ "growing", act_growing },
	{ "let", act_let },
	{ "null", act_null },
	{ "show", act_show },
};

bool
probe_option(struct probe *probe, const struct probe_word *word)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (strcmp(sets[i].name, word->name) != 0)
			continue;
		sets[i].set(probe, word);
		return true;
	}
	return set_option(probe, word);
}
