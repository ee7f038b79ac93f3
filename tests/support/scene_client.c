/*
 * The life of a client, in a few stories: between them they come to each of its
 * callbacks. Every slot of its protocol is that of the line protocol, with a
 * visit in front.
 */
#include "scene.h"

/* ---- the protocol ---- */

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	scene_visit(SCENE_HELLO);
	return line_protocol.hello(session, frame);
}

static void
on_down(struct stay_session *session, enum stay_status why)
{
	scene_visit(SCENE_ON_DOWN);
	line_protocol.session->on_down(session, why);
}

#define FOR_SESSION(name, slot)                                                \
	static void name(struct stay_session *session)                         \
	{                                                                      \
		scene_visit(slot);                                             \
		line_protocol.session->name(session);                          \
	}

#define OF_FRAME(name, of, slot)                                               \
	static void name(                                                      \
	    struct stay_session *session, const struct stay_frame *frame)      \
	{                                                                      \
		scene_visit(slot);                                             \
		line_protocol.of(session, frame);                              \
	}

static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	scene_visit(SCENE_ON_UP);
	return line_protocol.session->on_up(session, frame);
}

FOR_SESSION(ping, SCENE_PING)
FOR_SESSION(on_leaving, SCENE_ON_LEAVING)
FOR_SESSION(bye, SCENE_BYE)
OF_FRAME(on_push, on_push, SCENE_ON_PUSH)
OF_FRAME(on_control, session->on_control, SCENE_ON_CONTROL)
OF_FRAME(on_orphan, call->on_orphan, SCENE_ON_ORPHAN)

static const struct stay_protocol *
protocol(void)
{
	static struct stay_protocol ours;
	static struct stay_call_ops call;
	static struct stay_session_ops session;

	ours = line_protocol;
	call = *ours.call;
	session = *ours.session;
	ours.call = &call;
	ours.session = &session;
	ours.hello = hello;
	ours.on_push = on_push;
	call.on_orphan = on_orphan;
	session.on_up = on_up;
	session.on_down = on_down;
	session.on_control = on_control;
	session.ping = ping;
	session.on_leaving = on_leaving;
	session.bye = bye;
	return &ours;
}

/* ---- the client ---- */

static void
on_high_water(void *arg, struct stay_conn *conn)
{
	(void)arg;
	HOLDS(conn == scene.conn);
	scene_visit(SCENE_HIGH_WATER);
}

static void
on_low_water(void *arg, struct stay_conn *conn)
{
	(void)arg;
	HOLDS(conn == scene.conn);
	scene_visit(SCENE_LOW_WATER);
}

static struct stay_client_options
options_of(struct line_config *config)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_started = scene_started, .on_closed = scene_conn_closed,
		.on_high_water = on_high_water, .on_low_water = on_low_water,
		.queue_calls_max = 16, .queue_high_percent = 25,
		.queue_low_percent = 10, .inflight_calls_max = 8,
		.probe_ms = 40, .leave_budget_ms = 30, .stop_budget_ms = 30,
		.fatal_backoff_ms = 20, .connect_budget_ms = 50 };

	options.backoff = stay_backoff_constant(10);
	options.config = config;
	options.config_release = scene_config_release;
	config->hello = "say +hello";
	config->on_up = "say +up";
	config->ping = "say +pong";
	config->ends_long = "done";
	config->bye = "bye";
	return options;
}

/* A refused call is sent again so often. */
static void
start(struct line_config *config, unsigned resends_max)
{
	struct stay_client_options options = options_of(config);

	options.resends_max = resends_max;
	if (resends_max > 0)
		options.on_refused = STAY_REFUSED_RESEND;
	HOLDS(stay_client_start(&scene.client, scene.rig.loop, protocol(),
		  LINE_URL, &options) == STAY_OK);
	scene.conn = stay_client_conn(scene.client);
}

/* What is refused, because of the deed, is not missed. */
static struct deed_entry *
submit(const struct line_request *request, uint64_t timeout_ms)
{
	struct deed_entry *entry = scene_accept("a call");
	struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = timeout_ms, .part = scene_part,
		.id = &entry->id };

	if (stay_client_call_with(
		scene.client, request, &options, scene_done, entry) != STAY_OK)
		deed_refuse(entry);
	return entry;
}

static void
submit_for_nobody(const struct line_request *request)
{
	enum stay_status status =
	    stay_client_call(scene.client, request, NULL, NULL);

	(void)status;
}

/* ---- what happens ---- */

static void
begin_with_a_crowd(void)
{
	start(scene_config_new(), 0);
	for (int i = 0; i < 6; i++)
		submit(LINE("say +1"), 0);
}

static void
talk(void)
{
	submit(LINE("say *1|*2|+3"), 0);
	submit(LINE("say -wrong"), 0);
	submit(LINE("say !not now"), 0);
	submit(LINE("say >news|+4"), 0);
	submit(&(const struct line_request){ .text = "note" }, 0);
}

/* A body is lost in its middle, and begins anew. */
static void
upload(void)
{
	books_body(scene_at(), 0);
	books_body(scene_at(), 0);
	if (scene.rig.peer != NULL)
		sim_peer_die(scene.rig.peer, 5, UINT64_MAX);
}

/* Two are given up with their answers to come, one before it was sent. */
static void
give_up(void)
{
	struct deed_entry *entry = submit(LINE("quiet"), 5);

	entry = submit(LINE("quiet"), 0);
	sim_step_ms(scene.rig.world, 1);
	if (scene.client != NULL && entry->told == 0)
		stay_client_cancel(scene.client, entry->id);
	if (scene.client != NULL) {
		entry = submit(LINE("quiet"), 0);
		stay_client_cancel(scene.client, entry->id);
	}
}

/* Alone in flight, it ends its session. */
static void
give_up_what_blocks(void)
{
	struct deed_entry *entry =
	    submit(&(const struct line_request){ .text = "quiet",
		       .replies = 1,
		       .flags = STAY_BLOCKS,
		       .blocks_ms = STAY_FOREVER },
		0);

	sim_step_ms(scene.rig.world, 1);
	if (scene.client != NULL && entry->told == 0)
		stay_client_cancel(scene.client, entry->id);
}

static void
answer_late(void)
{
	sim_peer_print(scene.rig.peer, "+late\n+late\n");
}

static void
be_idle(void)
{
	sim_run_ms(scene.rig.world, 60);
}

static void
lose(void)
{
	submit(LINE("quiet"), 0);
	submit(
	    &(const struct line_request){
		.text = "again", .replies = 1, .flags = STAY_IDEMPOTENT },
	    0);
	submit_for_nobody(LINE("quiet"));
	sim_step_ms(scene.rig.world, 1);
	sim_crash(scene.rig.world, LINE_HOST, LINE_PORT);
}

/* Out of time while nobody answers. */
static void
wait_in_vain(void)
{
	submit(LINE("say +1"), 2);
}

static void
mend(void)
{
	peer_listen(&scene.rig.server, scene.rig.world, LINE_HOST, LINE_PORT);
}

static void
be_wrong(void)
{
	submit(LINE("say ?"), 0);
}

static void
reconnect(void)
{
	do_client_reconnect(scene_at());
}

/* The one in flight takes longer than a planned change waits. */
static void
reconfigure(void)
{
	struct line_config *config = scene_config_new();
	struct stay_client_options options = options_of(config);

	submit(LINE("quiet"), 0);
	if (stay_client_reconfigure(scene.client, NULL, &options) != STAY_OK)
		scene_config_release(config);
}

static void
fill(void)
{
	for (int i = 0; i < 20; i++)
		submit(LINE("quiet"), 0);
	submit_for_nobody(LINE("quiet"));
}

/* Somebody stands in line for room. */
static void
line_up(void)
{
	books_line_up(scene_at(), 10);
}

static void
stop(void)
{
	stay_client_stop(scene.client, STAY_OK);
}

static void
drain(void)
{
	submit(LINE("quiet"), 0);
	stay_client_drain(scene.client, 20);
}

/* ---- a server that wants nobody ---- */

static void
begin_unwelcome(void)
{
	struct line_config *config = scene_config_new();

	start(config, 0);
	config->hello = "say -no";
	for (int i = 0; i < 6; i++)
		submit(LINE("say +1"), 0);
	submit_for_nobody(LINE("say +1"));
}

static void
be_refused(void)
{
	scene.configs[0].config.hello = "say !busy";
	submit(LINE("say +1"), 15);
}

static void
be_welcome(void)
{
	scene.configs[0].config.hello = NULL;
	submit(LINE("say +1"), 0);
}

/* ---- a server that refuses, to who sends it again ---- */

static void
begin_again_and_again(void)
{
	start(scene_config_new(), 2);
	submit(LINE("say !no"), 0);
	submit(LINE("say !no"), 0);
}

static void
be_overtaken(void)
{
	submit(LINE("say !no"), 0);
	submit(LINE("say +1"), 0);
	submit(LINE("say !no"), 0);
	submit(LINE("quiet"), 5);
}

/* ---- a server that is silent, and a world that is not there ---- */

static void
begin_in_silence(void)
{
	start(scene_config_new(), 0);
	scene.configs[0].config.hello = "quiet";
	for (int i = 0; i < 6; i++)
		submit(LINE("say +1"), 0);
}

static void
begin_nowhere(void)
{
	sim_address_set(
	    scene.rig.world, LINE_HOST, LINE_PORT, SIM_BLACK_HOLE, 0);
	start(scene_config_new(), 0);
	submit(LINE("say +1"), 0);
	submit_for_nobody(LINE("say +1"));
}

/* ---- the stories ---- */

static void (*const life[])(void) = { talk, upload, be_idle, give_up,
	answer_late, be_idle, lose, wait_in_vain, be_idle, mend, be_idle,
	be_wrong, be_idle, reconnect, reconfigure, be_idle, give_up_what_blocks,
	be_idle, fill, line_up, stop };
static void (*const unwelcome[])(void) = { be_idle, be_refused, be_idle,
	be_welcome, be_idle, line_up, be_idle, fill, line_up, drain };
static void (*const again[])(void) = { be_idle, be_idle, be_overtaken, be_idle,
	be_idle, be_overtaken, stop };
static void (*const silence[])(void) = { be_idle, reconnect, be_idle, stop };
static void (*const nowhere[])(void) = { reconnect, be_idle, drain, mend };

#define STEPS(steps) steps, sizeof(steps) / sizeof((steps)[0])

const struct scene_story scene_client_stories[] = {
	{ "a life", false, begin_with_a_crowd, STEPS(life) },
	{ "unwelcome", false, begin_unwelcome, STEPS(unwelcome) },
	{ "refused", false, begin_again_and_again, STEPS(again) },
	{ "silence", false, begin_in_silence, STEPS(silence) },
	{ "nowhere", false, begin_nowhere, STEPS(nowhere) },
};

const size_t scene_client_story_count =
    sizeof(scene_client_stories) / sizeof(scene_client_stories[0]);
