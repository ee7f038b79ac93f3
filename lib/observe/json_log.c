/*
 * A log for programs: one JSON object a line, with the names of <stay/observe.def>.
 * Nothing is kept back: who reads it can count.
 */
#include <inttypes.h>

#include "observe/log.h"

enum event {
#define EVENT(id, name, help) EVENT_##id,
#include <stay/observe.def>
};

static const char *const names[] = {
#define EVENT(id, name, help) [EVENT_##id] = name,
#include <stay/observe.def>
};

/* A string. Texts of the library are printable ASCII; what else there is, is escaped as
 * one byte, so that the line is JSON whatever a program has for a label. */
static void
put_string(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(to, "\\%c", byte);
		else if (byte < ' ' || byte > '~')
			fprintf(to, "\\u%04x", byte);
		else
			fputc(byte, to);
	}
	fputc('"', to);
}

static void
put_text(const struct stay_log *log, const char *name, const char *text)
{
	fprintf(log->stream, ",\"%s\":", name);
	put_string(log->stream, text);
}

static void
put_number(const struct stay_log *log, const char *name, uint64_t number)
{
	fprintf(log->stream, ",\"%s\":%" PRIu64, name, number);
}

static void
begin(const struct stay_log *log, enum event event,
    const struct stay_subject *who)
{
	char when[STAY__LOG_WHEN];

	log->when(when);
	fprintf(log->stream, "{\"time\":\"%s\"", when);
	put_text(log, "event", names[event]);
	put_number(log, "conn", who->number);
	put_text(log, "label", who->label);
}

static void
end(const struct stay_log *log)
{
	fputs("}\n", log->stream);
}

static void
put_event(const struct stay_log *log, enum event event,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	begin(log, event, who);
	if (status != STAY_OK) {
		put_text(log, "status", stay_status_name(status));
		put_text(
		    log, "class", stay_class_name(stay_status_class(status)));
	}
	put_text(log, "text", text);
	end(log);
}

/* ---- the slots ---- */

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *step)
{
	const struct stay_log *log = arg;

	if (!stay__log_wants(log, step->machine))
		return;
	begin(log, EVENT_TRANSITION, who);
	put_text(log, "machine", step->machine);
	put_text(log, "from", step->from);
	put_text(log, "on", step->event);
	put_text(log, "action", step->action);
	put_text(log, "to", step->kept ? step->from : step->to);
	end(log);
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	put_event(arg, EVENT_FAILURE, who, status, text);
}

static void
on_lost_call(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	put_event(arg, EVENT_LOST_CALL, who, status, text);
}

static void
on_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	put_event(arg, EVENT_CLOSED, who, status, text);
}

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	put_event(arg, EVENT_NOTE, who, status, text);
}

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	put_event(arg, EVENT_WIRE, who, status, text);
}

static void
on_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	const struct stay_log *log = arg;

	begin(log, EVENT_UP, who);
	put_number(log, "down_ms", up->down_ms);
	put_number(log, "attempts", up->attempts);
	put_number(log, "maybe_executed", up->maybe_executed);
	put_number(log, "not_sent", up->not_sent);
	put_text(log, "text", up->text);
	end(log);
}

void
stay__json_log_init(struct stay_log *log)
{
	log->observer = (struct stay_observer){ STAY_OBSERVER, .arg = log,
		.on_transition = on_transition, .on_failure = on_failure,
		.on_lost_call = on_lost_call, .on_closed = on_closed,
		.on_up = on_up, .on_note = on_note,
		.on_wire = log->machines & STAY_LOG_WIRE ? on_wire : NULL };
}
