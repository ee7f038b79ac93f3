/*
 * The books of a scene: what is begun there by a deed or by its story, and whose
 * callbacks run when it is over.
 */
#include <stay/group.h>
#include <stay/protocol.h>
#include <stay/stream.h>

#include <string.h>

#include "scene.h"
#include "support/inside.h"

void
books_calling(bool now)
{
	scene.calling += now ? 1 : -1u;
}

/* Its world is kind. */
bool
books_excuse(enum stay_status status)
{
	(void)status;
	return false;
}

uint64_t
books_ms(uint64_t least, uint64_t most)
{
	(void)most;
	return least;
}

struct deed_entry *
scene_accept(const char *what)
{
	return deed_accept(scene_at(), DEED_OTHER, what);
}

/* ---- completions ---- */

static void
complete(struct deed_entry *entry, enum scene_slot slot)
{
	deed_told(entry, STAY_OK);
	scene_visit(slot);
}

void
books_told(struct deed_entry *entry, enum stay_status status)
{
	static const enum scene_slot slots[] = {
		[DEED_LETTER] = SCENE_RELEASE,
		[DEED_TIMER] = SCENE_RELEASE,
		[DEED_REPLY] = SCENE_REPLY_RELEASE,
		[DEED_CALL] = SCENE_CALLED,
		[DEED_UPGRADE] = SCENE_UPGRADED,
	};

	(void)status;
	HOLDS(scene.calling == 0);
	if (entry->kind != DEED_OTHER)
		scene_visit(slots[entry->kind]);
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
	struct deed_entry *entry = arg;

	(void)result;
	HOLDS(entry->told == 0);
	scene_visit(SCENE_PART);
}

static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)status;
	HOLDS(client == scene.client);
	complete(arg, SCENE_READY);
}

/* ---- calls of the client ---- */

static struct deed_call
submitted(struct deed_entry *entry, enum stay_status status)
{
	bool admits = stay_conn_admits(scene.conn);

	if (status == STAY_OK)
		return (struct deed_call){ .id = entry->id };
	HOLDS(admits ? status == STAY_E_FULL ||
			   status == inside_rejects(scene.client)
		     : status == STAY_E_DRAINING);
	deed_refuse(entry);
	return (struct deed_call){ 0 };
}

struct deed_call
books_submit(const struct deed_at *at, uint64_t timeout_ms, uint32_t flags)
{
	struct deed_entry *entry = scene_accept("a call");
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = timeout_ms, .flags = flags, .id = &entry->id,
		.part = scene_part };
	enum stay_status status;

	if (timeout_ms == 0 && flags == 0)
		STATUS_OF(status, stay_client_call(at->client, LINE("say +1"),
				      scene_done, entry));
	else
		STATUS_OF(
		    status, stay_client_call_with(at->client, LINE("say *1|+1"),
				&options, scene_done, entry));
	return submitted(entry, status);
}

/* ---- bodies ---- */

/* "+1", a letter at a time. */
static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct deed_entry *entry = arg;
	enum stay_status status;

	HOLDS(entry->told == 0);
	stay_feed_go_on(feed);
	STATUS_OF(status, stay_buf_puts(out, max == 2 ? "+" : "1"));
	SAYS(status, STAY_OK);
	scene_visit(SCENE_MORE);
	return max == 2 ? stay_fed_more() : stay_fed_end();
}

static enum stay_status
begin_anew(void *arg)
{
	HOLDS(((struct deed_entry *)arg)->told == 0);
	scene_visit(SCENE_REWIND);
	return STAY_OK;
}

/* Inside of a public call, if that rejects its call. */
static void
body_over(void *arg)
{
	if (scene.calling > 0) {
		deed_refuse(arg);
		return;
	}
	complete(arg, SCENE_BODY_OVER);
}

struct deed_call
books_body(const struct deed_at *at, uint64_t timeout_ms)
{
	struct deed_entry *entry = scene_accept("a call");
	const struct stay_body body = { STAY_BODY, .len = 2, .more = more,
		.rewind = begin_anew, .over = body_over,
		.arg = scene_accept("a body") };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = timeout_ms, .id = &entry->id, .body = &body,
		.flags = STAY_IDEMPOTENT };
	enum stay_status status;

	STATUS_OF(status, stay_client_call_with(at->client, LINE("say "),
			      &options, scene_done, entry));
	return submitted(entry, status);
}

static void
group_done(void *arg, const struct stay_group_result *result)
{
	const struct stay_result whole = { .status = result->status,
		.outcome = result->outcome,
		.why = result->why };

	HOLDS(result->count == 2);
	scene_done(arg, &whole);
}

struct deed_call
books_group(const struct deed_at *at)
{
	struct deed_entry *entry = scene_accept("a group");
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.id = &entry->id, .part = scene_part };
	struct stay_group *group;
	enum stay_status status;

	INSIDE(group = stay_group_new(at->client));
	INSIDE(stay_group_add(group, LINE("say *1|+1")));
	INSIDE(stay_group_add(group, LINE("say +2")));
	STATUS_OF(status, stay_group_send(group, &options, group_done, entry));
	return submitted(entry, status);
}

struct deed_call
books_line_up(const struct deed_at *at, uint64_t timeout_ms)
{
	struct deed_entry *entry = scene_accept("who waits for room");
	const struct stay_room_options options = { STAY_ROOM_OPTIONS,
		.timeout_ms = timeout_ms, .id = &entry->id };
	enum stay_status status;

	STATUS_OF(
	    status, stay_client_wait_room(at->client, &options, ready, entry));
	return submitted(entry, status);
}

size_t
books_calls(const struct deed_at *at, struct deed_call *calls)
{
	size_t count = 0;

	(void)at;
	for (struct stay__list *node = deed_entries.next; node != &deed_entries;
	     node = node->next) {
		const struct deed_entry *entry = deed_entry_at(node);

		if (entry->id.token.generation == 0)
			continue;
		HOLDS(count < DEED_CALLS_MAX);
		calls[count++] = (struct deed_call){ .id = entry->id,
			.over = entry->told > 0 };
	}
	return count;
}

void
books_cancelled(
    const struct deed_at *at, const struct deed_call *call, uint64_t in_flight)
{
	(void)at;
	(void)in_flight;
	(void)call;
}

/* ---- its change ---- */

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
			deed_told(scene.configs[i].entry, STAY_OK);
	scene_visit(SCENE_CONFIG_RELEASE);
}

void
books_reconfigure(const struct deed_at *at, bool options)
{
	const struct stay_client_options with = { STAY_CLIENT_OPTIONS,
		.config = options ? scene_config_new() : NULL,
		.config_release = scene_config_release };
	bool closed = inside_admission(at->conn) == STAY__ADMIT_CLOSED;
	enum stay_status status;

	STATUS_OF(
	    status, stay_client_reconfigure(at->client,
			options ? NULL : LINE_URL, options ? &with : NULL));
	HOLDS(status == (closed ? STAY_E_STOPPED : STAY_OK));
	if (options && status != STAY_OK)
		deed_refuse(scene.configs[scene.config_count - 1].entry);
}

/* The earlier of two times counts, and the place stands. */
void
books_leave(const struct deed_at *at, struct stay_session *session, uint64_t ms)
{
	(void)at;
	GIVES(STAY_OK,
	    stay_session_leave(session, LINE_PLACE, strlen(LINE_PLACE), ms));
	GIVES(STAY_OK, stay_session_leave(session, NULL, 0, ms / 2));
}

void
books_say(const struct deed_at *at, struct stay_session *session)
{
	enum stay_status status;

	(void)at;
	STATUS_OF(
	    status, stay_buf_puts(stay_session_control(session), "note\n"));
	HOLDS(status == STAY_OK);
	GIVES(STAY_OK, stay_session_expect(session, 0));
}

/* ---- a connection ---- */

const struct stay_behaviour *
books_next(struct deed_entry *upgrade)
{
	(void)upgrade;
	return &scene_raw_behaviour;
}

void
books_stream_send(const struct deed_at *at)
{
	GIVES(stay_stream_is_open(at->conn) ? STAY_OK : STAY_E_STATE,
	    stay_stream_send(at->conn, "say hi\n", 7));
}

/* Whatever becomes of a connection is all that a scene is about. */
void
books_will(const struct deed_at *at, enum deed_will will, uint64_t ms)
{
	(void)at;
	(void)will;
	(void)ms;
}

void
books_sent(const struct deed_at *at, const struct deed_entry *entry,
    enum stay_status status)
{
	(void)at;
	(void)entry;
	(void)status;
}
