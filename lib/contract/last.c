/*
 * The chapter of answers that are the last of their session, for adapters that say so:
 * the peer closes behind them, and has not read what came behind. Which ones they are is
 * learnt from the peer. This file knows no frame.
 */
#include "contract/kit.h"

static bool
has_any(const struct kit_run *run)
{
	for (size_t i = 0; i < run->contract->sample_count; i++)
		if (run->known->leaves[i])
			return true;
	return false;
}

static void
say_why_not(const char *words)
{
	snprintf(kit_told->detail, KIT_LINE_SIZE, "nothing to try: %s", words);
}

/* All at once, so that nobody writes any more when the peer closes. */
static void
ask_at_once(struct kit_run *run)
{
	uint64_t count = 2 + kit_draw(run, 8);

	run->has_last = false; /* all that were asked before are over */
	while (count-- > 0) {
		size_t sample =
		    (size_t)kit_draw(run, run->contract->sample_count);

		if (!kit_is_long(run, sample))
			kit_ask(run,
			    &(struct kit_asked){ sample, KIT_MUST_GO_ON, 0 });
	}
}

enum kit_more
kit_chapter_last(struct kit_run *run, uint64_t number)
{
	enum kit_more more = KIT_ALL;

	(void)number;
	kit_run_begin(run);
	if (!kit_shadow_has_last_frames()) {
		say_why_not("the adapter has no last frames");
	} else if (!has_any(run)) {
		say_why_not("the peer closes behind no answer");
	} else {
		for (uint64_t i = 0; i <= kit_draw(run, 4); i++) {
			ask_at_once(run);
			kit_settle(run);
			kit_pass(run, kit_draw(run, 200));
		}
		kit_books_quiet(run);
		more = KIT_MORE;
	}
	kit_run_end(run);
	return more;
}
