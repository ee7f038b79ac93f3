/*
 * Every call of a run: when it was promised, what the server did and what the
 * client was told. It does not know how a request looks.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct call *
ledger_find(struct run *run, uint64_t number)
{
	if (number == 0 || number > run->ledger.count)
		return NULL;
	return &run->ledger.calls[number - 1];
}

struct call *
ledger_new(struct run *run, unsigned user)
{
	struct ledger *ledger = &run->ledger;
	struct call *call;

	if (ledger->count == ledger->cap) {
		ledger->cap = ledger->cap == 0 ? 256 : 2 * ledger->cap;
		ledger->calls = sim_realloc(
		    ledger->calls, ledger->cap * sizeof(*ledger->calls));
	}
	call = &ledger->calls[ledger->count++];
	memset(call, 0, sizeof(*call));
	call->number = ledger->count;
	call->user = user;
	call->life = run->users[user].life;
	call->due = 1;
	call->deadline = SIM_NEVER;
	return call;
}

void
ledger_flags(struct call *call, uint32_t flags)
{
	call->idempotent = (flags & STAY_IDEMPOTENT) != 0;
	call->read_only = (flags & STAY_READ_ONLY) == STAY_READ_ONLY;
}

uint32_t
ledger_draw_flags(struct run *run, struct call *call)
{
	static const uint32_t flags[] = { STAY_IDEMPOTENT, STAY_IDEMPOTENT,
		STAY_READ_ONLY, 0, 0, 0, 0 };

	ledger_flags(
	    call, flags[draw_below(run, sizeof(flags) / sizeof(flags[0]))]);
	return call->read_only    ? STAY_READ_ONLY
	       : call->idempotent ? STAY_IDEMPOTENT
				  : 0;
}

void
ledger_forget(struct run *run, struct call *call)
{
	if (call->number != run->ledger.count)
		broken(
		    5, "a call was submitted inside of another's submission");
	run->ledger.count--;
}

/* The session has ended at this call, and it is plain why: its neighbours are
 * sent once more for free, those whose bytes are on their way among them. */
void
ledger_forgive(struct run *run, const struct call *culprit)
{
	for (size_t i = 0; i < run->ledger.count; i++) {
		struct call *call = &run->ledger.calls[i];

		if (call->user == culprit->user && !call->told)
			call->sendings_max++;
	}
}

/* ---- the heap of deadlines ---- */

static uint64_t
deadline_of(const struct run *run, uint64_t number)
{
	return run->ledger.calls[number - 1].deadline;
}

static bool
is_before(const struct run *run, uint64_t a, uint64_t b)
{
	uint64_t at_a = deadline_of(run, a), at_b = deadline_of(run, b);

	return at_a != at_b ? at_a < at_b : a < b;
}

static void
swap(uint64_t *a, uint64_t *b)
{
	uint64_t kept = *a;

	*a = *b;
	*b = kept;
}

static void
push_deadline(struct run *run, uint64_t number)
{
	struct ledger *ledger = &run->ledger;
	size_t at = ++ledger->due_count;

	if (at >= ledger->due_cap) {
		ledger->due_cap = 2 * at + 64;
		ledger->due = sim_realloc(
		    ledger->due, ledger->due_cap * sizeof(*ledger->due));
	}
	ledger->due[at] = number;
	for (; at > 1; at /= 2) {
		if (!is_before(run, ledger->due[at], ledger->due[at / 2]))
			return;
		swap(&ledger->due[at], &ledger->due[at / 2]);
	}
}

static void
pop_deadline(struct run *run)
{
	struct ledger *ledger = &run->ledger;
	uint64_t *due = ledger->due;
	size_t at = 1, child, count = --ledger->due_count;

	due[1] = due[count + 1];
	while ((child = 2 * at) <= count) {
		if (child < count && is_before(run, due[child + 1], due[child]))
			child++;
		if (!is_before(run, due[child], due[at]))
			return;
		swap(&due[child], &due[at]);
		at = child;
	}
}

void
ledger_doubt(struct run *run, unsigned user)
{
	for (size_t i = 0; i < run->ledger.count; i++)
		if (run->ledger.calls[i].user == user &&
		    !run->ledger.calls[i].told)
			run->ledger.calls[i].doubtful = true;
}

void
ledger_dawdle(struct run *run, uint64_t ns)
{
	for (size_t i = run->settled; i < run->ledger.count; i++)
		run->ledger.calls[i].late += ns;
}

uint64_t
ledger_next_deadline(struct run *run)
{
	struct ledger *ledger = &run->ledger;

	while (ledger->due_count > 0) {
		struct call *call = ledger_find(run, ledger->due[1]);

		if (!call->told)
			return call->deadline + call->late;
		pop_deadline(run);
	}
	return SIM_NEVER;
}

/* The library's clock stands still while it runs, and so does the world's. */
void
ledger_accepted(struct run *run, struct call *call, uint64_t timeout_ms)
{
	call->deadline = sim_after(run->sim, timeout_ms);
	if (call->deadline != SIM_NEVER)
		push_deadline(run, call->number);
}

/* ---- the end ---- */

static void
close_call(const struct run *run, const struct call *call)
{
	if (run->users[call->user].kind == KIND_TAG)
		tag_close(call);
	body_close(call);
	if (!call->told)
		broken(1, "call %" PRIu64 " was accepted and never told",
		    call->number);
	if (call->doubtful)
		return;
	if (call->outcome == STAY_REPLIED && call->executed == 0)
		broken(2, "call %" PRIu64 " was answered and never executed",
		    call->number);
	if ((call->outcome == STAY_NOT_SENT || call->outcome == STAY_REFUSED) &&
	    call->executed > 0)
		broken(3, "call %" PRIu64 " was told %s and was executed",
		    call->number, stay_outcome_name(call->outcome));
}

void
ledger_close(struct run *run)
{
	for (size_t i = 0; i < run->ledger.count; i++)
		close_call(run, &run->ledger.calls[i]);
}

void
ledger_free(struct run *run)
{
	free(run->ledger.calls);
	free(run->ledger.due);
}
