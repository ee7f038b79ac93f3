/*
 * The playing of scenes: who may run when, the ledger of what was accepted, and
 * the end of a scene. It knows neither stories nor deeds.
 */
#include "scene.h"

#include <check.h>
#include <stdio.h>
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
scene_fail(const char *file, int line, const char *what)
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
is_for_now(const struct scene_deed *deed)
{
	return scene.conn != NULL ||
	       (deed->outlives && scene.slot == SCENE_CONFIG_RELEASE);
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
	scene.deed->make();
	scene.inside--;
	HOLDS(scene.calling == 0);
	scene.done = true;
}

/* ---- the ledger ---- */

struct scene_entry *
scene_accept(const char *what)
{
	struct scene_entry *entry = &scene.ledger[scene.entries];

	HOLDS(scene.entries < SCENE_LEDGER_MAX);
	scene.entries++;
	*entry = (struct scene_entry){ .what = what };
	return entry;
}

void
scene_refuse(struct scene_entry *entry)
{
	HOLDS(entry->told == 0);
	entry->told = 1;
}

void
scene_told(void *arg)
{
	struct scene_entry *entry = arg;

	HOLDS(entry->told == 0);
	entry->told++;
}

static void
release(void *data)
{
	scene_told(data);
	scene_visit(SCENE_RELEASE);
}

static void
release_reply(void *data)
{
	scene_told(data);
	scene_visit(SCENE_REPLY_RELEASE);
}

struct stay_message
scene_message(int tag)
{
	struct stay_message message =
	    stay_message_make(tag, scene_accept("a message"));

	message.release = release;
	return message;
}

struct stay_reply
scene_reply(void)
{
	struct stay_reply reply = stay_reply_data(scene_accept("a reply"));

	reply.release = release_reply;
	return reply;
}

struct line_config *
scene_config_new(void)
{
	struct scene_config *made = &scene.configs[scene.config_count];

	HOLDS(scene.config_count < SCENE_CONFIGS_MAX);
	scene.config_count++;
	made->config.notes = &scene.rig.notes;
	made->config.finis = &scene.rig.finis;
	made->entry = scene_accept("a config");
	return &made->config;
}

void
scene_config_release(const void *config)
{
	for (size_t i = 0; i < scene.config_count; i++)
		if (config == &scene.configs[i].config)
			scene_told(scene.configs[i].entry);
	scene_visit(SCENE_CONFIG_RELEASE);
}

static void
complete(struct scene_entry *entry, enum scene_slot slot)
{
	scene_told(entry);
	scene.current = entry;
	scene_visit(slot);
	scene.current = NULL;
}

void
scene_called(void *arg, const struct stay_reply *reply)
{
	(void)reply;
	complete(arg, SCENE_CALLED);
}

void
scene_upgraded(void *arg, enum stay_status status)
{
	(void)status;
	complete(arg, SCENE_UPGRADED);
}

static enum scene_slot
slot_of(const struct stay_result *result)
{
	switch ((int)result->status) {
	case STAY_OK:
		return SCENE_DONE_REPLIED;
	case STAY_E_CANCELLED:
		return SCENE_DONE_CANCELLED;
	case STAY_E_TIMEOUT:
		return SCENE_DONE_TIMED_OUT;
	default:
		return SCENE_DONE_FAILED;
	}
}

void
scene_done(void *arg, const struct stay_result *result)
{
	complete(arg, slot_of(result));
}

void
scene_part(void *arg, const struct stay_result *result)
{
	struct scene_entry *entry = arg;

	(void)result;
	HOLDS(entry->told == 0);
	scene_visit(SCENE_PART);
}

void
scene_ready(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)status;
	HOLDS(client == scene.client);
	complete(arg, SCENE_READY);
}

struct scene_entry *
scene_open_call(void)
{
	for (size_t i = 0; i < scene.entries; i++)
		if (scene.ledger[i].told == 0 &&
		    scene.ledger[i].id.token.generation != 0)
			return &scene.ledger[i];
	return NULL;
}

struct scene_entry *
scene_open_from(void)
{
	for (size_t i = 0; i < scene.entries; i++)
		if (scene.ledger[i].told == 0 &&
		    scene.ledger[i].from.token.generation != 0)
			return &scene.ledger[i];
	return NULL;
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

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	observe(who, SCENE_ON_FAILURE);
}

/* What was submitted without a completion. */
static void
on_lost_call(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	observe(who, SCENE_ON_LOST_CALL);
}

static void
on_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	observe(who, SCENE_OBSERVED_CLOSED);
}

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
	HOLDS(scene.others_closed == scene.others_started);
	for (size_t i = 0; i < scene.entries; i++)
		if (scene.ledger[i].told != 1)
			scene_fail(__FILE__, __LINE__, scene.ledger[i].what);
	HOLDS(stay_loop_live(scene.rig.loop) == 0);
	HOLDS(stay_loop_free(scene.rig.loop) == STAY_OK);
}

bool
scene_play(const struct scene_story *story, const struct scene_deed *deed,
    enum scene_slot slot, unsigned visit)
{
	memset(&scene, 0, sizeof(scene));
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
next_visit(unsigned visit, const struct scene_deed *deed)
{
	const char *text = getenv("STAY_SCENE_STRIDE");
	const unsigned stride = text == NULL ? 1 : (unsigned)atoi(text);

	if (visit < 4 || stride < 2)
		return visit + 1;
	return visit + (visit == 4 ? 1 + (unsigned)(deed - scene_deeds) % stride
				   : stride);
}

/* Until the story ends before there is one visit more. */
static unsigned
play_at_each(const struct scene_story *story, const struct scene_deed *deed,
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
is_for(const struct scene_deed *deed, enum scene_slot slot, bool raw)
{
	if (raw ? deed->needs_client : deed->needs_raw)
		return false;
	if (deed->only_in != SCENE_SLOT_COUNT && deed->only_in != slot)
		return false;
	return deed->not_in == SCENE_SLOT_COUNT || deed->not_in != slot;
}

void
scene_exhaust(
    const struct scene_story *stories, size_t count, enum scene_slot slot)
{
	for (size_t i = 0; i < scene_deed_count; i++) {
		const struct scene_deed *deed = &scene_deeds[i];
		unsigned made = 0;

		if (!is_for(deed, slot, stories[0].raw))
			continue;
		for (size_t s = 0; s < count; s++)
			made += play_at_each(&stories[s], deed, slot);
		ck_assert_msg(made > 0, "%s was never made in %s", deed->name,
		    labels[slot]);
	}
}
