/*
 * Tells what the flight recorder has kept, in lines for people.
 */
#include <assert.h>
#include <inttypes.h>

#include <stay/observe.h>

#include "base/text.h"
#include "loop/recorder.h"

#define LINE_MAX 256

/* What is told: all there is of a connection, or of the time of a call. */
struct wish {
	uint64_t conn;  /* 0: any */
	uint64_t token; /* 0: not of a call */
	uint64_t from;  /* the first of these records, ... */
	uint64_t to;    /* ...and the first behind them */
};

/* ---- one line ---- */

typedef void tell_fn(
    struct stay__text *line, const struct stay__record *record);

static void
tell_step(struct stay__text *line, const struct stay__record *record)
{
	const struct stay_machine *machine =
	    (const struct stay_machine *)(uintptr_t)record->a;

	stay__text_add(line, "%s: %s --%s--> %s", machine->name,
	    machine->states[record->b >> 16 & 0xff].label,
	    machine->events[record->b >> 8 & 0xff],
	    machine->states[record->b & 0xff].label);
}

static void
tell_failure(struct stay__text *line, const struct stay__record *record)
{
	stay__text_add(line, "failed in %s: %s",
	    (const char *)(uintptr_t)record->a,
	    stay_strerror((enum stay_status)record->b));
}

static void
tell_write(struct stay__text *line, const struct stay__record *record)
{
	stay__text_add(line,
	    "wrote %" PRIu64 " bytes, calls in flight: %" PRIu64, record->a,
	    record->b);
}

static void
tell_read(struct stay__text *line, const struct stay__record *record)
{
	stay__text_add(line, "read %" PRIu64 " bytes, replies: %" PRIu64,
	    record->a, record->b);
}

static void
tell_closed(struct stay__text *line, const struct stay__record *record)
{
	stay__text_add(
	    line, "closed: %s", stay_strerror((enum stay_status)record->b));
}

static void
tell_lent(struct stay__text *line, const struct stay__record *record)
{
	(void)record;
	stay__text_put(line, "lent by its pool");
}

static void
tell_back(struct stay__text *line, const struct stay__record *record)
{
	(void)record;
	stay__text_put(line, "handed back to its pool");
}

static void
tell_call(struct stay__text *line, const struct stay__record *record)
{
	if (record->a == 0)
		stay__text_put(line, "a call: ");
	else
		stay__text_add(line, "call %" PRIu64 ".%" PRIu64 ": ",
		    record->a >> 32, record->a & UINT32_MAX);
}

static void
tell_begun(struct stay__text *line, const struct stay__record *record)
{
	tell_call(line, record);
	stay__text_put(line, "accepted");
}

static void
tell_sent(struct stay__text *line, const struct stay__record *record)
{
	tell_call(line, record);
	stay__text_put(line, record->b == 0 ? "sent" : "sent again");
}

static void
tell_over(struct stay__text *line, const struct stay__record *record)
{
	enum stay_status status = (enum stay_status)(record->b >> 32);

	tell_call(line, record);
	stay__text_put(line,
	    stay_outcome_name((enum stay_outcome)(record->b & UINT32_MAX)));
	if (status != STAY_OK)
		stay__text_add(line, ": %s", stay_strerror(status));
}

static tell_fn *const tellers[] = {
	[STAY__RECORD_STEP] = tell_step,
	[STAY__RECORD_FAILURE] = tell_failure,
	[STAY__RECORD_WROTE] = tell_write,
	[STAY__RECORD_READ] = tell_read,
	[STAY__RECORD_CLOSED] = tell_closed,
	[STAY__RECORD_LENT] = tell_lent,
	[STAY__RECORD_BACK] = tell_back,
	[STAY__RECORD_CALL_BEGUN] = tell_begun,
	[STAY__RECORD_CALL_SENT] = tell_sent,
	[STAY__RECORD_CALL_OVER] = tell_over,
	[STAY__RECORD_CALL_FAILED] = tell_over,
};

static enum stay_status
put_line(struct stay_loop *loop, const struct stay__record *record,
    struct stay_buf *to)
{
	uint64_t ms = (stay__loop_now(loop) - record->at) / STAY__TICK_NS;
	char words[LINE_MAX] = "";
	struct stay__text line = { words, sizeof(words), 0 };

	stay__text_add(&line,
	    "%" PRIu64 ".%03" PRIu64 " s ago  conn %" PRIu32 "  ", ms / 1000,
	    ms % 1000, record->conn);
	tellers[record->kind](&line, record);
	return stay_buf_printf(to, "%s\n", words);
}

/* ---- which of them ---- */

static const struct stay__record *
at(const struct stay__recorder *recorder, uint64_t i)
{
	return &recorder->ring[i % STAY__RECORDS];
}

static uint64_t
oldest(const struct stay__recorder *recorder)
{
	return recorder->count < STAY__RECORDS
		   ? 0
		   : recorder->count - STAY__RECORDS;
}

static bool
is_of_call(const struct stay__record *record)
{
	return record->kind >= STAY__RECORD_CALL_BEGUN;
}

/* Of other calls only when nobody asks for one. */
static bool
is_wanted(const struct wish *wish, const struct stay__record *record)
{
	if (wish->conn != 0 && record->conn != (uint32_t)wish->conn)
		return false;
	return wish->token == 0 || !is_of_call(record) ||
	       record->a == wish->token;
}

static enum stay_status
tell_all(struct stay_loop *loop, const struct wish *wish, struct stay_buf *to)
{
	size_t before = stay_buf_len(to);
	enum stay_status status = STAY_OK;

	for (uint64_t i = wish->from; i < wish->to && status == STAY_OK; i++)
		if (is_wanted(wish, at(loop->recorder, i)))
			status = put_line(loop, at(loop->recorder, i), to);
	if (status != STAY_OK)
		stay_buf_cut(to, before);
	else if (stay_buf_len(to) == before)
		status = STAY_E_STALE;
	return status;
}

enum stay_status
stay_loop_story(struct stay_loop *loop, uint64_t number, struct stay_buf *to)
{
	struct wish wish = { .conn = number };

	assert(loop != NULL && to != NULL);
	wish.from = oldest(loop->recorder);
	wish.to = loop->recorder->count;
	return tell_all(loop, &wish, to);
}

/* From its first record to its last, and on to the end if it is under way. */
static void
find_call(const struct stay__recorder *recorder, struct wish *wish)
{
	uint64_t i = oldest(recorder);

	wish->to = recorder->count;
	wish->from = recorder->count;
	for (; i < recorder->count; i++) {
		const struct stay__record *record = at(recorder, i);

		if (!is_of_call(record) || record->a != wish->token)
			continue;
		if (wish->from == recorder->count)
			wish->from = i;
		wish->conn = record->conn;
		if (record->kind == STAY__RECORD_CALL_OVER)
			wish->to = i + 1;
	}
}

enum stay_status
stay_loop_call_story(
    struct stay_loop *loop, struct stay_call_id id, struct stay_buf *to)
{
	struct wish wish = { .token = stay__record_token(id.token) };

	assert(loop != NULL && to != NULL);
	if (wish.token == 0)
		return STAY_E_STALE;
	find_call(loop->recorder, &wish);
	return tell_all(loop, &wish, to);
}
