/*
 * Groups of the program: several calls of the ledger that are submitted as one, and
 * of which one `done` tells. Half of those that are answered in order the server acts on
 * as a whole or not at all.
 */
#include "tag.h"

#include <inttypes.h>

#define GROUP_MAX 6

/* ---- told ---- */

/* It has all its answers, and each has an outcome of its own. What was refused without
 * one may run out of time before it is sent again. */
static bool
is_answered(const struct stay_group_result *result)
{
	if (result->outcome == STAY_REFUSED)
		return result->status == STAY_OK ||
		       result->status == STAY_E_SERVER;
	return result->outcome == STAY_REPLIED || result->outcome == STAY_SENT;
}

/* What its books are told of one of the calls. An answer that could not be kept is
 * good enough; so is a request without a reply, or let go of, that has left in part. */
static struct stay_result
result_of(struct call *call, const struct stay_group_result *all)
{
	struct stay_result result = all->answers[call->number - call->group];

	if (!is_answered(all))
		return (struct stay_result){ .status = all->status,
			.outcome = all->outcome,
			.why = all->why };
	if (call->due == 0 ||
	    (call->tagged.let_go && result.status == STAY_OK &&
		result.outcome == STAY_MAYBE_EXECUTED))
		result.outcome = STAY_SENT;
	if (result.status == STAY_E_TOO_BIG ||
	    (result.status == STAY_E_NOMEM && memory.failed > 0))
		call->doubtful = true;
	return result;
}

/* What came before the group was lost is all the same the answer to its request. */
static void
check_early(const struct user *user, const struct call *call,
    const struct stay_result *answer)
{
	if (user_is_lied_to(user) || call->doubtful ||
	    answer->status != STAY_OK || answer->reply == NULL)
		return;
	if (!user->host.trade->answers(call, answer))
		broken(2, "call %" PRIu64 " of a group has another's answer",
		    call->number);
}

/* An outcome is counted for the group as one. */
static void
enter(struct user *user, struct call *call, const struct stay_group_result *all)
{
	struct stay_result result = result_of(call, all);

	if (call->told)
		broken(1, "call %" PRIu64 " is told twice", call->number);
	if (user->kind == KIND_TAG)
		tag_check_told(call, &all->answers[call->number - call->group]);
	if (!is_answered(all))
		check_early(
		    user, call, &all->answers[call->number - call->group]);
	books_enter(user, call, &result);
	user->told_as[result.outcome]--;
	user->told_as[all->outcome]++;
}

/* More tags would not do. */
static void
check_lack(const struct user *user, const struct stay_group_result *all)
{
	if (user->kind == KIND_TAG && all->status == STAY_E_TOO_BIG &&
	    all->outcome == STAY_NOT_SENT && !user_is_lied_to(user) &&
	    all->count <= user->tag_max)
		broken(1, "a group of %zu calls lacks tags, of %" PRIu64,
		    all->count, (uint64_t)user->tag_max);
}

static void
on_done(void *arg, const struct stay_group_result *all)
{
	struct run *run = the_run;
	struct call *first = ledger_find(run, (uintptr_t)arg);
	struct user *user;

	called_back(run);
	if (first == NULL || first->group != first->number ||
	    all->count != first->group_last - first->group + 1)
		broken(1, "a group that was never accepted is told");
	user = &run->users[first->user];
	if (user->client == NULL || user->life != first->life)
		broken(
		    5, "group %" PRIu64 " is told after closed", first->number);
	sim_note(run->sim, "group", (int64_t)first->number, all->status);
	check_lack(user, all);
	if (!is_answered(all) &&
	    (all->status == STAY_E_PROTOCOL || all->status == STAY_E_TOO_BIG))
		ledger_forgive(run, first);
	for (uint64_t n = first->group; n <= first->group_last; n++)
		enter(user, ledger_find(run, n), all);
	meter_group(all);
	water_look(user);
	check_counts(user);
	act_inside(run, user);
	call_is_back(run);
}

void
group_cancelled(struct run *run, const struct call *call)
{
	for (uint64_t n = call->group; n <= call->group_last; n++)
		ledger_find(run, n)->cancelled = true;
}

/* ---- submitting ---- */

static uint64_t
open_calls(struct user *user, uint64_t count, bool atomic)
{
	struct run *run = user->run;
	uint64_t first = ledger_new(run, user->index)->number;

	for (uint64_t i = 1; i < count; i++)
		ledger_new(run, user->index);
	for (uint64_t n = first; n < first + count; n++) {
		struct call *call = ledger_find(run, n);

		call->group = first;
		call->group_last = first + count - 1;
		call->atomic = atomic;
		call->sendings_max = user->options.resends_max + 1;
		call->pad = (size_t)draw_between(run, 0, run->plan.pad_max);
	}
	return first;
}

static void
forget_calls(struct run *run, uint64_t first, uint64_t count)
{
	while (count-- > 0)
		ledger_forget(run, ledger_find(run, first + count));
}

/* All of them may be executed twice, or none. Returns how long they block. */
static uint64_t
add_calls(
    struct user *user, struct stay_group *group, uint64_t first, uint64_t count)
{
	struct run *run = user->run;
	uint32_t flags = STAY_READ_ONLY;
	uint64_t blocks_ms = 0;
	enum stay_status status;

	for (uint64_t n = first; n < first + count; n++) {
		struct call *call = ledger_find(run, n);

		STATUS_OF(
		    status, user->kind == KIND_TAG
				? tag_add(group, user, call)
				: line_add(group, user, call, blocks_ms == 0));
		(void)status; /* the group remembers it */
		blocks_ms += call->blocks_ms;
		if (!call->idempotent)
			flags = 0;
		else if (!call->read_only)
			flags &= STAY_IDEMPOTENT;
	}
	for (uint64_t n = first; n < first + count; n++)
		ledger_flags(ledger_find(run, n), flags);
	return blocks_ms;
}

static struct deed_call
accepted(struct user *user, uint64_t first, uint64_t count, uint64_t ms,
    struct stay_call_id id)
{
	struct run *run = user->run;

	if (user->water.calls + count > user->options.queue_calls_max)
		broken(7, "user %u may submit %" PRIu64 " calls too many",
		    user->index, count);
	user->accepted += count;
	if (count > user->largest_group)
		user->largest_group = count;
	run->figures->calls += count;
	run->figures->groups++;
	for (uint64_t n = first; n < first + count; n++) {
		struct call *call = ledger_find(run, n);

		call->id = id;
		ledger_accepted(run, call, ms);
	}
	check_counts(user);
	return (struct deed_call){ .id = id, .number = first };
}

static void
refused(struct user *user, bool is_counted, enum stay_status status)
{
	if (!user_may_be_refused(user, status))
		broken(
		    1, "a group is refused with %s", stay_status_name(status));
	user->rejected += is_counted;
	user->run->figures->refused++;
}

/* Only protocols of lines have groups here; others submit a call. */
struct deed_call
books_group(const struct deed_at *at)
{
	struct user *user = at->user;
	struct run *run = user->run;
	uint64_t count = draw_between(run, 1, GROUP_MAX), first, ms;
	bool atomic = draw_mille(run, 500), due = user->water.due;
	struct stay_call_id id = { 0 };
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = atomic ? STAY_GROUP_ATOMIC : 0, .id = &id,
		.part =
		    user->kind == KIND_TAG ? tag_group_part : line_group_part,
		.timeout_ms =
		    draw_mille(run, 300) ? draw_between(run, 1, 2000) : 0 };
	struct stay_group *group;
	enum stay_status status;

	if (user->kind != KIND_LINE && user->kind != KIND_TAG)
		return books_submit(at, 0, 0);
	if (user->kind == KIND_TAG) /* it acts on each by itself */
		options.flags = atomic = false;
	first = open_calls(user, count, atomic);
	INSIDE(group = stay_group_new(user->client));
	ms = add_calls(user, group, first, count);
	ms = ms > 0 ? ms + user->options.block_margin_ms
		    : user->options.call_timeout_ms;
	water_before(user);
	STATUS_OF(status, stay_group_send(group, &options, on_done,
			      (void *)(uintptr_t)first));
	sim_note(run->sim, "submit", (int64_t)first, status);
	/* What is refused for itself is so without a look at the queue. */
	if (status == STAY_E_TOO_BIG || status == STAY_E_NOMEM)
		user->water.due = due;
	water_look(user);
	if (status == STAY_OK)
		return accepted(user, first, count,
		    options.timeout_ms != 0 ? options.timeout_ms : ms, id);
	refused(user, group != NULL, status);
	forget_calls(run, first, count);
	return (struct deed_call){ 0 };
}
