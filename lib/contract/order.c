/*
 * The chapters of answers that name their call: they come in another order than they
 * were asked for, and some come again. Which ones may, the peer says. This file knows
 * no tag.
 */
#include "contract/kit.h"

#define OVERTAKEN_MS 60

/* Whether there is such an answer at all. */
static bool
has_any(const struct kit_run *run)
{
	if (!run->known->overtakes)
		snprintf(kit_told->detail, KIT_LINE_SIZE,
		    "nothing to try: the peer names no answer that may "
		    "overtake "
		    "another");
	return run->known->overtakes;
}

/* In every third run some calls are given up meanwhile. */
enum kit_more
kit_chapter_overtaken(struct kit_run *run, uint64_t number)
{
	bool cancels = number % 3 == 2;

	if (!has_any(run))
		return KIT_ALL;
	kit_run_begin(run);
	run->server.plan.overtaken_ms = 1 + kit_draw(run, OVERTAKEN_MS);
	for (uint64_t i = 0; i <= kit_draw(run, 8); i++) {
		kit_ask_some(
		    run, 1 + kit_draw(run, 5), KIT_MUST_ANSWER, 0, false);
		if (cancels)
			kit_cancel_any(run);
	}
	kit_settle(run);
	kit_pass(run, 2 * OVERTAKEN_MS);
	if (!cancels)
		kit_books_quiet(run);
	kit_run_end(run);
	return KIT_MORE;
}

/* The adapter may end the session for it, but no call may get what is another's. */
enum kit_more
kit_chapter_repeated(struct kit_run *run, uint64_t number)
{
	(void)number;
	if (!has_any(run))
		return KIT_ALL;
	kit_run_begin(run);
	run->server.plan.overtaken_ms = 1 + kit_draw(run, OVERTAKEN_MS);
	run->server.plan.repeats = true;
	for (uint64_t i = 0; i <= kit_draw(run, 16); i++)
		kit_ask_some(run, 1 + kit_draw(run, 3), KIT_MAY_FAIL, 0, false);
	kit_settle(run);
	kit_heal(run);
	kit_run_end(run);
	return KIT_MORE;
}
