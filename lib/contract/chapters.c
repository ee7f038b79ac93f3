/*
 * The chapters: what goes wrong in a run, drawn by its seed and number, and what its
 * calls must come to all the same.
 */
#include <stdlib.h>
#include <string.h>

#include "contract/kit.h"

#define SPLITS_RANDOM 100
#define ENDLESS       4 /* times the bound of a reply */
#define MEMORY_SLACK  ((size_t)1 << 20)
#define RESTORE_MS    3000

/* The fault happens to one of the answers to so many calls, or of the greeting. */
static void
strike(struct kit_run *run, enum kit_fault fault, uint64_t calls)
{
	run->server.plan.fault = fault;
	run->server.plan.at = kit_draw(run, run->known->greeting + calls);
}

/* Any answer of the first connection but its greeting. */
static uint64_t
any_answer(struct kit_run *run)
{
	const struct kit_known *known = run->known;
	uint64_t count = known->answers - known->greeting;

	return known->greeting + (count == 0 ? 0 : kit_draw(run, count));
}

/* ---- what is known ---- */

/* Sample for sample, and then what nothing lasts of. */
static void
learn_replies(struct kit_run *run)
{
	if (!kit_run_begin(run) || !kit_comes_up(run, RESTORE_MS))
		kit_broken(KIT_COMES_BACK, "no session comes up: %s",
		    stay_conn_failure(stay_client_conn(run->client)));
	kit_pass(run, KIT_QUIET_MS);
	run->known->greeting = run->server.answers;
	for (size_t i = 0; i < run->contract->sample_count; i++) {
		unsigned left = run->server.left;
		uint64_t answers;

		if (kit_is_long(run, i))
			continue;
		(void)kit_comes_up(run, RESTORE_MS);
		answers = run->server.answers;
		run->server.lasts = false;
		kit_ask(run, &(struct kit_asked){ i, KIT_MUST_ANSWER, 0 });
		kit_settle(run);
		run->known->answered[i] = run->server.answers - answers;
		kit_pass(run, KIT_QUIET_MS);
		run->known->lasts[i] = run->server.lasts;
		run->known->leaves[i] = run->server.left > left;
		run->known->some_stay |= run->server.left == left;
	}
	run->known->answers = run->server.answers;
	run->known->said = run->server.said;
	run->known->overtakes = run->server.may_overtake;
	kit_books_quiet(run);
	kit_run_end(run);
	run->known->bytes_most = kit_memory.bytes_most;
	run->known->is_known = true;
}

void
kit_learn(struct kit_run *run)
{
	struct kit_known *known = run->known;

	known->wanted =
	    sim_alloc(run->contract->sample_count * sizeof(*known->wanted));
	known->lasts =
	    sim_alloc(run->contract->sample_count * sizeof(*known->lasts));
	known->leaves =
	    sim_alloc(run->contract->sample_count * sizeof(*known->leaves));
	known->answered =
	    sim_alloc(run->contract->sample_count * sizeof(*known->answered));
	learn_replies(run);
}

void
kit_forget(struct kit_run *run)
{
	struct kit_known *known = run->known;

	for (size_t i = 0; i < run->contract->sample_count; i++)
		stay_buf_fini(&known->wanted[i]);
	free(known->wanted);
	free(known->lasts);
	free(known->leaves);
	free(known->answered);
}

/* ---- nothing is wrong ---- */

enum kit_more
kit_chapter_plain(struct kit_run *run, uint64_t number)
{
	bool last = number == run->contract->sample_count;

	kit_run_begin(run);
	if (last)
		for (int i = 0; i < 3; i++)
			kit_ask_all(run, KIT_MUST_ANSWER);
	else if (!kit_is_long(run, (size_t)number))
		kit_ask(run,
		    &(struct kit_asked){ (size_t)number, KIT_MUST_ANSWER, 0 });
	kit_settle(run);
	kit_pass(run, KIT_QUIET_MS);
	kit_books_quiet(run);
	kit_run_end(run);
	return last ? KIT_ALL : KIT_MORE;
}

/* The first run has each byte alone; the next ones have one cut, at every place;
 * those behind them have several. */
static void
draw_cuts(struct kit_run *run, uint64_t number)
{
	struct kit_plan *plan = &run->server.plan;
	size_t said = run->known->said, at = 0;

	if (number == 0)
		plan->cut_each = 1;
	if (number > 0 && number < said)
		plan->cuts[plan->cut_count++] = (size_t)number;
	while (number >= said && plan->cut_count < 8) {
		at += 1 + (size_t)kit_draw(run, said / 4 + 1);
		plan->cuts[plan->cut_count++] = at;
	}
}

enum kit_more
kit_chapter_splits(struct kit_run *run, uint64_t number)
{
	snprintf(kit_told->detail, KIT_LINE_SIZE,
	    "%zu bytes of the peer, cut at every place, and in many pieces",
	    run->known->said);
	kit_run_begin(run);
	draw_cuts(run, number);
	kit_ask_all(run, KIT_MUST_ANSWER);
	kit_settle(run);
	kit_pass(run, KIT_QUIET_MS);
	kit_books_quiet(run);
	kit_run_end(run);
	return number < run->known->said + SPLITS_RANDOM ? KIT_MORE
							 : KIT_ENOUGH;
}

/* ---- answers ---- */

/* Calls that time out, and calls that have the time, in one session. */
enum kit_more
kit_chapter_late(struct kit_run *run, uint64_t number)
{
	(void)number;
	kit_run_begin(run);
	run->server.plan.fault = KIT_LATE;
	run->server.plan.at = any_answer(run);
	run->server.plan.late_ms = 300 + kit_draw(run, 500);
	for (uint64_t i = 0; i <= kit_draw(run, 6); i++) {
		kit_ask_some(run, kit_draw(run, 3), KIT_MAY_FAIL,
		    100 + kit_draw(run, 100), false);
		kit_ask_some(run, kit_draw(run, 3), KIT_MUST_ANSWER, 0, false);
	}
	kit_settle(run);
	kit_pass(run, 2000);
	kit_ask_some(run, 3, KIT_MUST_ANSWER, 0, false);
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

enum kit_more
kit_chapter_lost(struct kit_run *run, uint64_t number)
{
	uint64_t calls = 1 + kit_draw(run, 8);

	kit_run_begin(run);
	strike(run, KIT_RESETS + number % 3, calls);
	run->server.plan.latency_ms = kit_draw(run, 3);
	kit_ask_some(run, calls, KIT_MAY_FAIL, 0, false);
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* The last answer to a call that is asked next comes twice. One in the midst of a call,
 * which is several requests then, would be taken for what is still due. */
static void
repeat_last_of(struct kit_run *run, size_t sample)
{
	if (run->known->answered[sample] == 0 || !kit_comes_up(run, RESTORE_MS))
		return;
	kit_pass(run, KIT_QUIET_MS);
	run->server.plan.fault = KIT_TWICE;
	run->server.plan.at =
	    run->server.answers + run->known->answered[sample] - 1;
}

/* One call at a time, so that the second answer answers nothing. */
enum kit_more
kit_chapter_duplicated(struct kit_run *run, uint64_t number)
{
	uint64_t calls = 2 * run->contract->sample_count;
	uint64_t twice = kit_draw(run, calls);

	(void)number;
	kit_run_begin(run);
	for (uint64_t i = 0; i < calls; i++) {
		size_t sample =
		    (size_t)kit_draw(run, run->contract->sample_count);

		if (kit_is_long(run, sample))
			continue;
		if (i == twice)
			repeat_last_of(run, sample);
		kit_ask(run, &(struct kit_asked){ sample, KIT_MUST_ANSWER, 0 });
		kit_settle(run);
		kit_pass(run, KIT_QUIET_MS);
	}
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* ---- calls ---- */

enum kit_more
kit_chapter_deadlines(struct kit_run *run, uint64_t number)
{
	kit_run_begin(run);
	if (number % 3 == 1)
		kit_server_open(run, false);
	if (number % 3 == 2)
		sim_address_set(run->world, "10.0.0.1", 0, SIM_BLACK_HOLE, 0);
	run->server.plan.latency_ms = kit_draw(run, 20);
	for (uint64_t i = 0; i <= kit_draw(run, 16); i++) {
		kit_ask_some(
		    run, 1, KIT_MAY_FAIL, 1 + kit_draw(run, 80), false);
		kit_pass(run, kit_draw(run, 10));
	}
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

enum kit_more
kit_chapter_cancels(struct kit_run *run, uint64_t number)
{
	(void)number;
	kit_run_begin(run);
	run->server.plan.latency_ms = kit_draw(run, 10);
	for (uint64_t i = 0; i <= kit_draw(run, 20); i++) {
		kit_ask_some(
		    run, 1 + kit_draw(run, 2), KIT_MUST_ANSWER, 0, false);
		kit_pass(run, kit_draw(run, 4));
		if (kit_draw(run, 2) == 0)
			kit_cancel_any(run);
	}
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* So much is written that the stream takes a part of it, and some of the rest is given up
 * before it is taken: the peer never hears of that. */
static void
ask_in_vain(struct kit_run *run, enum kit_right right)
{
	kit_server_reads(run, false);
	for (uint64_t i = 0; i <= kit_draw(run, 4); i++) {
		kit_ask_some(run, 1 + kit_draw(run, 3), right, 0, false);
		kit_ask_some(run, kit_draw(run, 3), KIT_MAY_FAIL,
		    1 + kit_draw(run, 40), false);
		if (kit_draw(run, 2) == 0)
			kit_cancel_any(run);
		kit_pass(run, kit_draw(run, 10));
	}
	kit_server_reads(run, true);
}

/* In every fourth run connections break after some bytes. */
enum kit_more
kit_chapter_choked(struct kit_run *run, uint64_t number)
{
	bool breaks = number % 4 == 3;

	kit_run_begin(run);
	kit_server_narrow(run, 1 + (size_t)kit_draw(run, 64));
	if (breaks && kit_comes_up(run, RESTORE_MS)) {
		kit_pass(run, KIT_QUIET_MS);
		kit_server_break(&run->server, kit_draw(run, 256), UINT64_MAX);
	}
	for (uint64_t i = 0; i <= kit_draw(run, 3); i++) {
		ask_in_vain(run, breaks ? KIT_MAY_FAIL : KIT_MUST_ANSWER);
		kit_pass(run, kit_draw(run, 5));
	}
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* ---- sessions ---- */

static void
break_once(struct kit_run *run)
{
	uint64_t how = kit_draw(run, 5);

	if (how == 0) {
		kit_note("the client is told to reconnect");
		stay_client_reconnect(run->client, STAY_OK);
	} else if (how == 1) {
		kit_server_open(run, false);
		kit_server_break(&run->server, 0, 0);
		kit_pass(run, kit_draw(run, 2000));
		kit_server_open(run, true);
	} else if (how == 2) {
		kit_server_break(&run->server,
		    kit_draw(run, 1 + 2 * run->known->said), UINT64_MAX);
	} else {
		kit_server_break(&run->server, UINT64_MAX,
		    kit_draw(run, 1 + 2 * run->known->said));
	}
}

/* What lasted on the first connection must be back on the last one. */
static void
check_restored(struct kit_run *run, struct kit_words *lasting)
{
	const char *missing;

	kit_note("the connections do not break any more");
	kit_server_heal(&run->server);
	if (!kit_comes_up(run, 300000))
		kit_broken(KIT_COMES_BACK, "no session comes up: %s",
		    stay_conn_failure(stay_client_conn(run->client)));
	kit_pass(run, RESTORE_MS);
	missing = kit_server_misses(&run->server, lasting);
	if (missing != NULL)
		kit_broken(KIT_RESTORED,
		    "connection %u is up, and lacks what an earlier one had: "
		    "%s",
		    run->server.accepted, missing);
	kit_words_free(lasting);
}

/* All in one session. */
static void
ask_who_stays(struct kit_run *run)
{
	for (size_t i = 0; i < run->contract->sample_count; i++)
		if (!run->known->leaves[i] && !kit_is_long(run, i))
			kit_ask(
			    run, &(struct kit_asked){ i, KIT_MUST_ANSWER, 0 });
}

enum kit_more
kit_chapter_reconnects(struct kit_run *run, uint64_t number)
{
	struct kit_words *lasting;

	kit_run_begin(run);
	ask_who_stays(run);
	kit_settle(run);
	kit_pass(run, KIT_QUIET_MS);
	lasting = kit_server_lasting(&run->server);
	for (uint64_t i = 0; i <= kit_draw(run, 4); i++) {
		kit_ask_some(run, kit_draw(run, 5), KIT_MAY_FAIL, 0, true);
		break_once(run);
		kit_pass(run, kit_draw(run, 300));
	}
	if (number % 8 != 7) {
		kit_settle(run);
		check_restored(run, lasting);
		kit_heal(run);
	} else {
		kit_words_free(lasting);
	}
	kit_run_end(run);
	return KIT_MORE;
}

/* ---- a peer that lies ---- */

static void
check_bounded(const struct kit_run *run)
{
	size_t most = run->known->bytes_most +
		      ENDLESS * (size_t)run->reply_bytes_max + MEMORY_SLACK;

	if (kit_memory.bytes_most > most)
		kit_broken(KIT_BOUNDED,
		    "%zu bytes of memory were in use, with a bound of %llu "
		    "bytes for a reply",
		    kit_memory.bytes_most,
		    (unsigned long long)run->reply_bytes_max);
}

enum kit_more
kit_chapter_hostile(struct kit_run *run, uint64_t number)
{
	uint64_t calls = 1 + kit_draw(run, 8);

	kit_run_begin(run);
	strike(run, KIT_GARBAGE + number % 5, calls);
	run->server.plan.endless = ENDLESS * (size_t)run->reply_bytes_max;
	kit_ask_some(run, calls, KIT_MAY_ANY, 0, false);
	kit_settle(run);
	check_bounded(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* ---- memory ---- */

enum kit_more
kit_chapter_memory(struct kit_run *run, uint64_t number)
{
	if (!kit_memory_is_seen()) {
		snprintf(kit_told->detail, KIT_LINE_SIZE,
		    "skipped: link with `pkg-config --libs stay-contract`");
		return KIT_ALL;
	}
	run->fail_at = number + 1;
	if (kit_run_begin(run)) {
		kit_ask_all(run, KIT_MAY_FAIL);
		kit_settle(run);
		kit_heal(run);
	}
	kit_run_end(run);
	return kit_memory.has_failed ? KIT_MORE : KIT_ALL;
}

const struct kit_chapter kit_chapters[KIT_CHAPTER_COUNT] = {
#define CHAPTER(name, count, words) { #name, count, words, kit_chapter_##name },
#include "contract/chapters.def"
};
