/*
 * Verdicts: their constructors, and the table of which callback may return
 * which. This file does not know connections: a verdict is a value, and so is
 * what the table says of it.
 */
#include "conn/verdict.h"

#include <string.h>

struct cell {
	unsigned char kind;
	unsigned char event;
	unsigned char may_come_with;
};

#define TIME            (STAY__WITH_TIMEOUT | STAY__WITH_HIBERNATE)
#define KIND_NOTHING    STAY__NOTHING, 0
#define KIND_OK         STAY__EVENT, STAY__CONN_OK
#define KIND_CONNECT    STAY__EVENT, STAY__CONN_CONNECT
#define KIND_DISCONNECT STAY__EVENT, STAY__CONN_DISCONNECT
#define KIND_BACKOFF    STAY__EVENT, STAY__CONN_BACKOFF
#define KIND_NOCONNECT  STAY__EVENT, STAY__CONN_NOCONNECT
#define KIND_PENDING    STAY__EVENT, STAY__CONN_PENDING
#define KIND_STOP       STAY__EVENT, STAY__CONN_STOP
#define KIND_QUIT       STAY__EVENT, STAY__CONN_QUIT

/* clang-format off */
#define BAD { STAY__BAD, 0, 0 }
#define WAITS { STAY__WAITS, 0, 0 }
#define PLAIN(event) { KIND_##event, 0 }
#define TIMED(event) { KIND_##event, TIME }
#define REPLY(event) { KIND_##event, STAY__WITH_REPLY }
/* clang-format on */

static const struct cell cells[][STAY__VERDICT_COUNT] = {
#define SITUATION(name, label, ...) [STAY__IN_##name] = { __VA_ARGS__ },
#include "conn/verdict.def"
};

static const char *const situations[] = {
#define SITUATION(name, label, ...) [STAY__IN_##name] = label,
#include "conn/verdict.def"
};

static const char *const kinds[] = {
	[STAY__VERDICT_OK] = "ok",
	[STAY__VERDICT_CONNECT] = "connect",
	[STAY__VERDICT_DISCONNECT] = "disconnect",
	[STAY__VERDICT_BACKOFF] = "backoff",
	[STAY__VERDICT_NOCONNECT] = "noconnect",
	[STAY__VERDICT_PENDING] = "pending",
	[STAY__VERDICT_IGNORE] = "ignore",
	[STAY__VERDICT_STOP] = "stop",
	[STAY__VERDICT_REPLY] = "reply",
	[STAY__VERDICT_NOREPLY] = "noreply",
	[STAY__VERDICT_POSTPONE] = "postpone",
};

struct stay__ruling
stay__verdict_rule(
    enum stay__situation situation, const struct stay_verdict *verdict)
{
	const struct stay__ruling bad = { STAY__BAD, STAY__CONN_QUIT };
	const struct cell *cell;
	unsigned with = verdict->with;

	if (verdict->kind >= STAY__VERDICT_COUNT)
		return bad;
	cell = &cells[situation][verdict->kind];
	if (verdict->kind == STAY__VERDICT_REPLY)
		with &= ~STAY__WITH_REPLY;
	if ((with & ~(unsigned)cell->may_come_with) != 0)
		return bad;
	return (struct stay__ruling){ (enum stay__ruling_kind)cell->kind,
		(enum stay__conn_event)cell->event };
}

/* ---- constructors ---- */

struct stay_verdict
stay_verdict_ok(void)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_OK };

	return made;
}

struct stay_verdict
stay_verdict_connect(struct stay_info info)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_CONNECT,
		.info = info };

	return made;
}

struct stay_verdict
stay_verdict_disconnect(struct stay_info info)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_DISCONNECT,
		.info = info };

	return made;
}

struct stay_verdict
stay_verdict_backoff(uint64_t ms)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_BACKOFF,
		.wait_ms = ms };

	return made;
}

struct stay_verdict
stay_verdict_noconnect(void)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_NOCONNECT };

	return made;
}

struct stay_verdict
stay_verdict_pending(uint64_t ms)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_PENDING,
		.wait_ms = ms };

	return made;
}

struct stay_verdict
stay_verdict_ignore(void)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_IGNORE,
		.reason = STAY_E_IGNORED };

	return made;
}

struct stay_verdict
stay_verdict_stop(enum stay_status reason)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_STOP,
		.reason = reason };

	return made;
}

struct stay_verdict
stay_verdict_reply(struct stay_reply reply)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_REPLY,
		.with = STAY__WITH_REPLY,
		.reply = reply };

	return made;
}

struct stay_verdict
stay_verdict_noreply(void)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_NOREPLY };

	return made;
}

struct stay_verdict
stay_verdict_postpone(void)
{
	struct stay_verdict made = { .kind = STAY__VERDICT_POSTPONE };

	return made;
}

struct stay_verdict
stay_verdict_with_timeout(struct stay_verdict made, uint64_t ms)
{
	made.with |= STAY__WITH_TIMEOUT;
	made.timeout_ms = ms;
	return made;
}

struct stay_verdict
stay_verdict_with_hibernate(struct stay_verdict made)
{
	made.with |= STAY__WITH_HIBERNATE;
	return made;
}

struct stay_verdict
stay_verdict_with_reply(struct stay_verdict made, struct stay_reply reply)
{
	made.with |= STAY__WITH_REPLY;
	made.reply = reply;
	return made;
}

struct stay_info
stay_info_status(enum stay_status status)
{
	struct stay_info info = { .status = status };

	return info;
}

struct stay_info
stay_info_tag(int tag, void *data)
{
	struct stay_info info = { .tag = tag, .data = data };

	return info;
}

struct stay_reply
stay_reply_data(void *data)
{
	struct stay_reply reply = { .data = data };

	return reply;
}

struct stay_reply
stay_reply_status(enum stay_status status)
{
	struct stay_reply reply = { .status = status };

	return reply;
}

struct stay_message
stay_message_make(int tag, void *data)
{
	struct stay_message message = { .tag = tag, .data = data };

	return message;
}

/* ---- the table printed ---- */

static void
print_cell(const struct cell *cell, FILE *out)
{
	static const char *const fixed[] = { [STAY__BAD] = "–",
		[STAY__NOTHING] = "stay",
		[STAY__WAITS] = "wait" };

	if (cell->kind == STAY__EVENT)
		fputs(stay_machine_conn()->events[cell->event], out);
	else
		fputs(fixed[cell->kind], out);
	if ((cell->may_come_with & TIME) != 0)
		fputs(" [T]", out);
	if ((cell->may_come_with & STAY__WITH_REPLY) != 0)
		fputs(" [reply]", out);
}

void
stay_machine_verdicts(FILE *out)
{
	fputs("| situation |", out);
	for (int kind = 0; kind < STAY__VERDICT_COUNT; kind++)
		fprintf(out, " %s |", kinds[kind]);
	fputs("\n|---|", out);
	for (int kind = 0; kind < STAY__VERDICT_COUNT; kind++)
		fputs("---|", out);
	fputc('\n', out);
	for (int row = 0; row < STAY__SITUATION_COUNT; row++) {
		fprintf(out, "| %s |", situations[row]);
		for (int kind = 0; kind < STAY__VERDICT_COUNT; kind++) {
			fputc(' ', out);
			print_cell(&cells[row][kind], out);
			fputs(" |", out);
		}
		fputc('\n', out);
	}
}
