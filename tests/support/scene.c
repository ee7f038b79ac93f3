/*
 * The playing of scenes: who may run when, which deed at which visit, and the
 * end of a scene. It knows neither stories nor deeds. Its books are in
 * scene_books.c.
 */
#include "scene.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MS   10
#define BUDGET_MS 100000

struct scene scene;

static const char *const labels[] = {
#define SLOT(name, label) [SCENE_##name] = (label),
	SCENE_SLOTS(SLOT)
#undef SLOT
};

void
books_fail(const char *file, int line, const char *what)
{
	ck_abort_msg("%s:%d: not so: %s\n  story  %s\n  deed   %s\n"
		     "  in     %s, visit %u%s",
	    file, line, what, scene.story->name,
	    scene.deed == NULL ? "none" : scene.deed->name, labels[scene.slot],
	    scene.visit, scene.done ? "" : ", not yet made");
}

/* ---- callbacks ---- */

/* A config is the caller's again when all else is gone. */
static bool
may_run(enum scene_slot slot)
{
	return !scene.closed || slot == SCENE_CONFIG_RELEASE;
}

static bool
is_for_now(const struct deed *deed)
{
	return scene.conn != NULL || (deed->needs == NEEDS_LOOP &&
					 scene.slot == SCENE_CONFIG_RELEASE);
}

const struct deed_at *
scene_at(void)
{
	scene.at = (struct deed_at){ .world = scene.rig.world,
		.loop = scene.rig.loop,
		.conn = scene.conn,
		.client = scene.client,
		.inside = scene.inside > 0 };
	return &scene.at;
}

void
scene_visit(enum scene_slot slot)
{
	HOLDS(scene.calling == 0);
	HOLDS(scene.inside == 0);
	HOLDS(may_run(slot));
	if (slot != scene.slot || ++scene.visits[slot] != scene.visit ||
	    scene.deed == NULL || !is_for_now(scene.deed))
		return;
	scene.inside++;
	scene.deed->make(scene_at());
	scene.inside--;
	HOLDS(scene.calling == 0);
	scene.done = true;
}

/* ---- notices ---- */

void
scene_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	(void)arg;
	(void)status;
	HOLDS(conn == scene.conn);
	scene_visit(SCENE_ON_STARTED);
}

void
scene_conn_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)reason;
	HOLDS(conn == scene.conn);
	scene_visit(SCENE_ON_CLOSED);
	scene.closed = true;
	scene.conn = NULL;
	scene.client = NULL;
}

/* Of others, too, which are not in the story. */
static void
observe(const struct stay_subject *who, enum scene_slot slot)
{
	HOLDS(scene.calling == 0);
	if (scene.conn != NULL && who->number == stay_conn_number(scene.conn))
		scene_visit(slot);
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)transition;
	observe(who, SCENE_ON_TRANSITION);
}

/* The last is of what was submitted without a completion. */
#define NOTICE(name, slot)                                                     \
	static void name(void *arg, const struct stay_subject *who,            \
	    enum stay_status status, const char *text)                         \
	{                                                                      \
		(void)arg;                                                     \
		(void)status;                                                  \
		(void)text;                                                    \
		observe(who, slot);                                            \
	}

NOTICE(on_closed, SCENE_OBSERVED_CLOSED)
NOTICE(on_failure, SCENE_ON_FAILURE)
NOTICE(on_lost_call, SCENE_ON_LOST_CALL)

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_transition = on_transition, .on_failure = on_failure,
	.on_lost_call = on_lost_call, .on_closed = on_closed };

/* ---- a play ---- */

static void
pass(void)
{
	sim_run_ms(scene.rig.world, STEP_MS);
	line_told(&scene.rig);
}

static void
finish(void)
{
	if (scene.conn != NULL)
		stay_conn_stop(scene.conn, STAY_OK);
	HOLDS(sim_run(scene.rig.world, BUDGET_MS));
	HOLDS(scene.closed);
	deeds_close();
	HOLDS(stay_loop_live(scene.rig.loop) == 0);
	HOLDS(stay_loop_free(scene.rig.loop) == STAY_OK);
}

bool
scene_play(const struct scene_story *story, const struct deed *deed,
    enum scene_slot slot, unsigned visit)
{
	memset(&scene, 0, sizeof(scene));
	deeds_open();
	scene.story = story;
	scene.deed = deed;
	scene.slot = slot;
	scene.visit = visit;
	line_prepare(&scene.rig);
	stay_loop_set_observer(scene.rig.loop, &observer);
	story->begin();
	pass();
	for (size_t i = 0; i < story->count && !scene.closed; i++) {
		story->steps[i]();
		pass();
	}
	finish();
	return scene.done;
}

/* ---- all of them ---- */

/*
 * Every visit, unless STAY_SCENE_STRIDE is n: then, behind the first four, every
 * n-th, of each deed another one.
 */
static unsigned
next_visit(unsigned visit, const struct deed *deed)
{
	const char *text = getenv("STAY_SCENE_STRIDE");
	const unsigned stride = text == NULL ? 1 : (unsigned)atoi(text);

	if (visit < 4 || stride < 2)
		return visit + 1;
	return visit +
	       (visit == 4 ? 1 + (unsigned)(deed - deeds) % stride : stride);
}

/* Until the story ends before there is one visit more. */
static unsigned
play_at_each(const struct scene_story *story, const struct deed *deed,
    enum scene_slot slot)
{
	unsigned made = 0, visit = 0;

	do {
		visit = next_visit(visit, deed);
		made += scene_play(story, deed, slot, visit);
	} while (scene.visits[slot] >= visit);
	return made;
}

static bool
is_for(const struct deed *deed, enum scene_slot slot, bool raw)
{
	switch (deed->needs) {
	case NEEDS_CLIENT:
		return !raw;
	case NEEDS_BEHAVIOUR:
		return raw;
	case NEEDS_ROOM:
		return slot == SCENE_STREAM_WRITABLE;
	case NEEDS_BYTES:
		return slot == SCENE_STREAM_DATA;
	case NEEDS_LOOP:
	case NEEDS_CONN:
		break;
	}
	return true;
}

void
scene_exhaust(
    const struct scene_story *stories, size_t count, enum scene_slot slot)
{
	for (size_t i = 0; i < deed_count; i++) {
		const struct deed *deed = &deeds[i];
		unsigned made = 0;

		if (!is_for(deed, slot, stories[0].raw))
			continue;
		for (size_t s = 0; s < count; s++)
			made += play_at_each(&stories[s], deed, slot);
		ck_assert_msg(made > 0, "%s was never made in %s", deed->name,
		    labels[slot]);
	}
}
