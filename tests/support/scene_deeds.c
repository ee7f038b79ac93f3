/*
 * The public calls, each a row of the table at the end. A deed marks that it is
 * inside one, checks what its header says it returns there, and enters what was
 * accepted into the ledger.
 */
#include <stay/echo.h>
#include <stay/redis.h>
#include <stay/stream.h>

#include "client/client.h"
#include "conn/conn.h"
#include "scene.h"
#include "support/counts.h"

/* Whatever runs in between is inside a public call. */
#define INSIDE(call)            (scene.calling++, (call), scene.calling--)
#define STATUS_OF(status, call) INSIDE((status) = (call))

#define NOWHERE "10.0.0.9"

static enum stay_state
state(void)
{
	return stay_conn_state(scene.conn);
}

static bool
is_stopping(void)
{
	return scene.conn->requests.admission == STAY__ADMIT_CLOSED;
}

/* ---- calls of a client ---- */

static bool
is_rightly_refused(enum stay_status status)
{
	if (!stay_conn_admits(scene.conn))
		return status == STAY_E_DRAINING;
	return status == STAY_E_FULL || status == scene.client->rejecting;
}

static struct scene_entry *
call_with(struct stay_call_options options)
{
	struct scene_entry *entry = scene_accept("a call");
	enum stay_status status;

	options.size = sizeof(options);
	options.id = &entry->id;
	options.part = scene_part;
	STATUS_OF(status, stay_client_call_with(scene.client, LINE("say *1|+1"),
			      &options, scene_done, entry));
	if (status == STAY_OK)
		return entry;
	HOLDS(is_rightly_refused(status));
	scene_refuse(entry);
	return NULL;
}

static void
do_call(void)
{
	struct scene_entry *entry = scene_accept("a call");
	enum stay_status status;

	STATUS_OF(status,
	    stay_client_call(scene.client, LINE("say +1"), scene_done, entry));
	if (status == STAY_OK)
		return;
	HOLDS(is_rightly_refused(status));
	scene_refuse(entry);
}

static void
do_call_with(void)
{
	call_with((struct stay_call_options){ .flags = STAY_IDEMPOTENT });
}

static void
do_call_with_little_time(void)
{
	call_with((struct stay_call_options){ .timeout_ms = 1 });
}

static void
do_call_of_unknown_size(void)
{
	struct stay_call_options options = { .size = 1 };
	enum stay_status status;

	STATUS_OF(status, stay_client_call_with(scene.client, LINE("say +1"),
			      &options, NULL, NULL));
	HOLDS(status == STAY_E_ABI);
}

static void
do_call_without_done(void)
{
	enum stay_status status;

	STATUS_OF(
	    status, stay_client_call(scene.client, LINE("say +1"), NULL, NULL));
	HOLDS(status == STAY_OK || is_rightly_refused(status));
}

static enum stay_status
cancel(struct stay_call_id id)
{
	enum stay_status status;

	STATUS_OF(status, stay_client_cancel(scene.client, id));
	return status;
}

static void
do_cancel_all(void)
{
	for (size_t i = 0; i < scene.entries; i++) {
		struct stay_call_id id = scene.ledger[i].id;

		if (id.token.generation == 0)
			continue;
		if (scene.ledger[i].told == 0)
			cancel(id); /* it may be over and not yet told */
		HOLDS(cancel(id) == STAY_E_STALE);
	}
}

static void
do_cancel_what_is_over(void)
{
	HOLDS(cancel((struct stay_call_id){ { 0, 0 } }) == STAY_E_STALE);
	if (scene.current != NULL)
		HOLDS(cancel(scene.current->id) == STAY_E_STALE);
}

static void
do_call_and_cancel(void)
{
	struct scene_entry *entry =
	    call_with((struct stay_call_options){ .flags = STAY_IDEMPOTENT });

	if (entry == NULL)
		return;
	HOLDS(cancel(entry->id) == STAY_OK);
	HOLDS(cancel(entry->id) == STAY_E_STALE);
}

/* ---- room, and replies that are kept ---- */

static struct scene_entry *
wait_in_line(uint64_t timeout_ms)
{
	struct scene_entry *entry = scene_accept("who waits for room");
	struct stay_room_options options = { STAY_ROOM_OPTIONS,
		.timeout_ms = timeout_ms, .id = &entry->id };
	enum stay_status status;

	STATUS_OF(status,
	    stay_client_wait_room(scene.client, &options, scene_ready, entry));
	if (status == STAY_OK)
		return entry;
	HOLDS(is_rightly_refused(status));
	scene_refuse(entry);
	return NULL;
}

static void
do_wait(void)
{
	wait_in_line(0);
	do_call();
}

static void
do_wait_with_little_time(void)
{
	wait_in_line(1);
}

static void
do_wait_and_cancel(void)
{
	struct scene_entry *entry = wait_in_line(0);

	if (entry == NULL)
		return;
	HOLDS(cancel(entry->id) == STAY_OK);
	HOLDS(cancel(entry->id) == STAY_E_STALE);
}

/* The line protocol copies whatever text it is given. */
static void
do_hold(void)
{
	bool has_frame = scene.client->session.reading.frame.len > 0;
	struct stay_held *held;
	enum stay_status status;

	STATUS_OF(status, stay_held_new(scene.client, "text", &held));
	HOLDS(status == (has_frame ? STAY_OK : STAY_E_STATE));
	if (status == STAY_OK)
		HOLDS(strcmp(stay_held_reply(held), "text") == 0);
	INSIDE(stay_held_free(held));
}

/* ---- a client's end and change ---- */

static void
do_client_stop(void)
{
	INSIDE(stay_client_stop(scene.client, STAY_E_IO));
	do_call();
}

static void
do_client_drain_at_once(void)
{
	INSIDE(stay_client_drain(scene.client, 0));
	do_call();
}

static void
do_client_drain(void)
{
	INSIDE(stay_client_drain(scene.client, 30));
	do_call();
}

static void
do_client_reconnect(void)
{
	INSIDE(stay_client_reconnect(scene.client, STAY_OK));
	do_call();
}

static void
do_call_and_reconnect(void)
{
	do_call();
	do_client_reconnect();
}

static void
reconfigure(const char *url, const struct stay_client_options *options)
{
	enum stay_status status;

	STATUS_OF(status, stay_client_reconfigure(scene.client, url, options));
	HOLDS(status == (is_stopping() ? STAY_E_STOPPED : STAY_OK));
}

static void
do_reconfigure(void)
{
	reconfigure(LINE_URL, NULL);
	do_call();
}

/* The first one never takes effect, and its config is given back. */
static void
do_reconfigure_twice(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config_release = scene_config_release };

	if (is_stopping())
		return;
	options.config = scene_config_new();
	reconfigure(NULL, &options);
	options.config = scene_config_new();
	reconfigure(NULL, &options);
}

static void
do_ask_the_client(void)
{
	INSIDE(counts_of(scene.client));
	INSIDE(stay_client_keep(scene.client));
	INSIDE(stay_client_config(scene.client));
	HOLDS(stay_client_conn(scene.client) == scene.conn);
	HOLDS(stay_client_of(scene.conn) == scene.client);
}

/* ---- mail ---- */

static enum stay_status
expected_of_mail(bool draining_too)
{
	if (is_stopping() || (draining_too && !stay_conn_admits(scene.conn)))
		return STAY_E_DRAINING;
	return STAY_OK;
}

static void
mail(enum stay_status (*send)(struct stay_conn *, struct stay_message),
    enum stay_status expected)
{
	struct stay_message message = scene_message(1);
	enum stay_status status;

	STATUS_OF(status, send(scene.conn, message));
	HOLDS(status == expected);
	if (status != STAY_OK)
		scene_refuse(message.data);
}

static void
do_send(void)
{
	mail(stay_conn_send, expected_of_mail(false));
}

static void
do_next_event(void)
{
	mail(stay_conn_next_event, expected_of_mail(false));
}

static void
do_cast(void)
{
	mail(stay_conn_cast, expected_of_mail(true));
}

static struct scene_entry *
call_conn(uint64_t timeout_ms)
{
	struct stay_message message = scene_message(1);
	struct scene_entry *entry = scene_accept("a call of the connection");
	bool refused = !stay_conn_admits(scene.conn) ||
		       scene.conn->requests.admission == STAY__ADMIT_CASTS;
	enum stay_status status;

	STATUS_OF(status, stay_conn_call(scene.conn, message, timeout_ms,
			      scene_called, entry, &entry->from));
	HOLDS(status == (refused ? STAY_E_DRAINING : STAY_OK));
	if (status == STAY_OK)
		return entry;
	scene_refuse(message.data);
	scene_refuse(entry);
	return NULL;
}

static void
do_call_conn(void)
{
	call_conn(0);
}

static void
do_call_conn_with_little_time(void)
{
	call_conn(1);
}

static enum stay_status
cancel_from(struct stay_from from)
{
	enum stay_status status;

	STATUS_OF(status, stay_from_cancel(scene.rig.loop, from));
	return status;
}

static void
do_call_conn_and_cancel(void)
{
	struct scene_entry *entry = call_conn(0);

	if (entry == NULL)
		return;
	HOLDS(cancel_from(entry->from) == STAY_OK);
	HOLDS(cancel_from(entry->from) == STAY_E_STALE);
}

static void
do_call_cancel(void)
{
	for (size_t i = 0; i < scene.entries; i++) {
		struct stay_from from = scene.ledger[i].from;

		if (from.token.generation == 0)
			continue;
		if (scene.ledger[i].told == 0)
			cancel_from(from);
		HOLDS(cancel_from(from) == STAY_E_STALE);
	}
}

static enum stay_status
answer(struct stay_from from)
{
	struct stay_reply reply = scene_reply();
	enum stay_status status;

	STATUS_OF(status, stay_from_answer(scene.rig.loop, from, reply));
	if (status != STAY_OK)
		scene_refuse(reply.data);
	return status;
}

static void
do_answer(void)
{
	const struct stay_from nobody = { { 0, 0 } };

	for (size_t i = 0; i < scene.entries; i++) {
		struct stay_from from = scene.ledger[i].from;

		if (from.token.generation == 0)
			continue;
		if (scene.ledger[i].told == 0)
			answer(from);
		HOLDS(answer(from) == STAY_E_STALE);
	}
	HOLDS(answer(nobody) == STAY_E_STALE);
}

/* ---- the end and change of a connection ---- */

static void
do_stop(void)
{
	INSIDE(stay_conn_stop(scene.conn, STAY_E_IO));
	do_send();
}

static void
do_stop_twice(void)
{
	INSIDE(stay_conn_stop(scene.conn, STAY_OK));
	INSIDE(stay_conn_stop(scene.conn, STAY_E_IO));
}

static void
do_drain_at_once(void)
{
	INSIDE(stay_conn_drain(scene.conn, 0));
	do_cast();
}

static void
do_drain(void)
{
	INSIDE(stay_conn_drain(scene.conn, 30));
	INSIDE(stay_conn_drain(scene.conn, STAY_FOREVER));
	do_send();
	INSIDE(stay_conn_drain(scene.conn, 30));
}

static void
do_reconnect(void)
{
	INSIDE(stay_conn_reconnect(scene.conn, STAY_E_IO));
	do_send();
}

static void
do_reconnect_and_stop(void)
{
	INSIDE(stay_conn_reconnect(scene.conn, STAY_E_IO));
	INSIDE(stay_conn_stop(scene.conn, STAY_OK));
	INSIDE(stay_conn_reconnect(scene.conn, STAY_E_IO));
}

static void
upgrade(const struct stay_behaviour *next)
{
	struct scene_entry *entry = scene_accept("an upgrade");
	bool refused = state() == STAY_STARTING || state() >= STAY_STOPPING;
	enum stay_status status;

	STATUS_OF(status,
	    stay_conn_upgrade(scene.conn, next, NULL, scene_upgraded, entry));
	HOLDS(status == (refused ? STAY_E_STATE : STAY_OK));
	if (status != STAY_OK)
		scene_refuse(entry);
}

static void
do_upgrade(void)
{
	upgrade(&scene_raw_behaviour);
}

static void
do_upgrade_in_vain(void)
{
	static const struct stay_behaviour refusing = { STAY_BEHAVIOUR,
		.name = "refusing" };

	upgrade(&refusing);
}

/* ---- for use in callbacks ---- */

static void
state_timeout(uint64_t ms)
{
	struct stay_message message = scene_message(1);
	enum stay_status status;

	STATUS_OF(status, stay_conn_set_state_timeout(scene.conn, ms, message));
	HOLDS(status == (state() == STAY_STOPPED ? STAY_E_STATE : STAY_OK));
	if (status != STAY_OK)
		scene_refuse(message.data);
}

static void
do_state_timeout(void)
{
	state_timeout(5);
}

static void
do_state_timeout_thrice(void)
{
	state_timeout(1);
	state_timeout(5);
	state_timeout(STAY_FOREVER);
}

static void
do_ask_the_connection(void)
{
	struct stay_backoff backoff = { .policy = stay_backoff_default() };
	char text[512];

	HOLDS(stay_conn_explain(scene.conn, text, sizeof(text)) > 0);
	INSIDE(stay_conn_failure(scene.conn));
	INSIDE(stay_conn_due_ms(scene.conn));
	INSIDE(stay_conn_admits(scene.conn));
	INSIDE(stay_conn_data(scene.conn));
	INSIDE(stay_stream_is_open(scene.conn));
	INSIDE(stay_stream_describe(scene.conn, text, sizeof(text)));
	HOLDS(stay_conn_loop(scene.conn) == scene.rig.loop);
	HOLDS(stay_conn_number(scene.conn) == 1);
	HOLDS(stay_conn_label(scene.conn)[0] != '\0');
	HOLDS(stay_backoff_next(scene.conn, &backoff) > 0);
}

static void
do_await(void)
{
	enum stay_status status;

	STATUS_OF(status, stay_conn_await(scene.conn, 100));
	HOLDS(status == STAY_E_REENTRANT);
}

/* ---- the stream of a behaviour ---- */

static void
dial(enum stay_status status)
{
	HOLDS(status == (state() == STAY_CONNECTING ? STAY_OK : STAY_E_STATE));
}

static void
do_dial(void)
{
	enum stay_status status;

	STATUS_OF(
	    status, stay_stream_dial(scene.conn, "tcp://" LINE_HOST ":7777"));
	dial(status);
}

static void
do_dial_nowhere(void)
{
	const struct stay_target targets[] = { stay_target_make(
						   "tcp", NOWHERE, "7", ""),
		stay_target_make("unix", "", "", "/nowhere") };
	enum stay_status status;

	STATUS_OF(status, stay_stream_dial_to(scene.conn, targets, 2));
	dial(status);
	STATUS_OF(status, stay_stream_dial_to(scene.conn, targets, 1));
	dial(status);
}

/* Descriptors that are refused stay ours. */
static void
do_adopt(void)
{
	static const struct sim_server silent = { NULL, NULL, NULL };
	struct stay_world *world = scene.rig.world;
	enum stay_status status;
	int fd;

	sim_adopted(world, &silent, NULL, &fd);
	STATUS_OF(status, stay_stream_adopt(scene.conn, fd, fd));
	if (status != STAY_OK)
		world->ops->close(world, fd);
	dial(status);
}

static void
do_stream_send(void)
{
	bool open = stay_stream_is_open(scene.conn);
	enum stay_status status;

	STATUS_OF(status, stay_stream_send(scene.conn, "say hi\n", 7));
	HOLDS(status == (open ? STAY_OK : STAY_E_STATE));
}

static void
do_want_write(void)
{
	INSIDE(stay_stream_want_write(scene.conn));
}

static void
do_stream_write(void)
{
	char bytes[] = "say hi\n";
	const struct iovec part = { bytes, 7 };
	enum stay_status status;
	size_t taken;

	STATUS_OF(status, stay_stream_write(scene.conn, &part, 1, &taken));
	HOLDS(status == STAY_OK);
}

static void
do_keep(void)
{
	enum stay_status status;

	INSIDE(stay_stream_set_keep_max(scene.conn, 100));
	INSIDE(stay_stream_input(scene.conn));
	STATUS_OF(status, stay_stream_keep(scene.conn, 1, 200));
	HOLDS(status == STAY_E_TOO_BIG);
	STATUS_OF(status, stay_stream_keep(scene.conn, 1, 10));
	HOLDS(status == STAY_OK);
}

static void
do_again(void)
{
	enum stay_status status;

	STATUS_OF(status, stay_stream_again(scene.conn, 0));
	HOLDS(status == STAY_E_ARG);
	STATUS_OF(status, stay_stream_again(scene.conn, 1));
	HOLDS(status == STAY_OK);
}

/* ---- the loop ---- */

static void
do_loop_stop(void)
{
	INSIDE(stay_loop_stop(scene.rig.loop, STAY_E_IO));
}

static void
do_loop_free(void)
{
	enum stay_status status;

	STATUS_OF(status, stay_loop_free(scene.rig.loop));
	HOLDS(status == STAY_E_REENTRANT);
}

static void
do_loop_turn(void)
{
	if (scene.conn != NULL)
		do_send();
	INSIDE(stay_loop_turn(scene.rig.loop));
}

static void
do_dials(void)
{
	enum stay_status status;

	STATUS_OF(status, stay_loop_set_dials_max(scene.rig.loop, 0));
	HOLDS(status == STAY_E_ARG);
	STATUS_OF(status, stay_loop_set_dials_max(scene.rig.loop, 1));
	HOLDS(status == STAY_OK);
	STATUS_OF(
	    status, stay_loop_set_dials_stagger_ms(scene.rig.loop, 60001));
	HOLDS(status == STAY_E_ARG);
	STATUS_OF(status, stay_loop_set_dials_stagger_ms(scene.rig.loop, 3));
	HOLDS(status == STAY_OK);
}

static void
do_ask_the_loop(void)
{
	static const struct stay_transport tcp = { STAY_TRANSPORT,
		.scheme = "tcp" };
	enum stay_status status;

	INSIDE(stay_loop_live(scene.rig.loop));
	INSIDE(stay_loop_now_ms(scene.rig.loop));
	STATUS_OF(status, stay_loop_add_transport(scene.rig.loop, &tcp));
	HOLDS(status != STAY_OK);
}

static void
do_observe(void)
{
	INSIDE(stay_loop_set_observer(scene.rig.loop, NULL));
}

/* ---- others on the same loop ---- */

static void
other_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	(void)reason;
	HOLDS(scene.calling == 0);
	scene.others_closed++;
}

static void
other_done(void *arg, const struct stay_result *result)
{
	(void)result;
	HOLDS(scene.calling == 0);
	scene_told(arg);
}

static struct stay_client *
start_other(void)
{
	static struct line_config config;
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .on_closed = other_closed };
	struct scene_entry *entry = scene_accept("a call of another client");
	struct stay_client *other;
	enum stay_status status;

	config.notes = &scene.rig.notes;
	STATUS_OF(status, stay_client_start(&other, scene.rig.loop,
			      &line_bare_protocol, LINE_URL, &options));
	HOLDS(status == STAY_OK);
	scene.others_started++;
	STATUS_OF(
	    status, stay_client_call(other, LINE("say +1"), other_done, entry));
	HOLDS(status == STAY_OK);
	return other;
}

static void
do_start_another(void)
{
	struct stay_client *other = start_other();

	INSIDE(stay_client_drain(other, 50));
}

static void
do_start_another_and_stop_it(void)
{
	struct stay_client *other = start_other();

	INSIDE(stay_client_stop(other, STAY_E_IO));
}

static void
do_start_another_connection_and_stop_it(void)
{
	static const struct stay_behaviour idle = { STAY_BEHAVIOUR,
		.name = "idle" };
	const struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.on_closed = other_closed };
	struct stay_conn *other;
	enum stay_status status;

	STATUS_OF(status,
	    stay_conn_start(&other, scene.rig.loop, &idle, NULL, &options));
	HOLDS(status == STAY_OK);
	scene.others_started++;
	INSIDE(stay_conn_stop(other, STAY_OK));
}

static struct stay_verdict
refuse_to_start(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	(void)state;
	(void)arg;
	return stay_verdict_ignore();
}

static void
do_start_what_refuses(void)
{
	static const struct stay_behaviour refusing = { STAY_BEHAVIOUR,
		.name = "refusing", .init = refuse_to_start };
	struct stay_conn *other;
	enum stay_status status;

	STATUS_OF(status,
	    stay_conn_start(&other, scene.rig.loop, &refusing, NULL, NULL));
	HOLDS(status == STAY_E_IGNORED);
}

static struct stay_redis *
start_redis(const struct stay_redis_options *options)
{
	struct stay_redis *redis;
	enum stay_status status;

	STATUS_OF(status, stay_redis_start(&redis, scene.rig.loop,
			      "redis://" NOWHERE, options));
	HOLDS(status == STAY_OK);
	HOLDS(stay_redis_conn(redis) ==
	      stay_client_conn(stay_redis_client(redis)));
	scene.others_started++;
	return redis;
}

static void
command(struct stay_redis *redis)
{
	static const char *const words[] = { "GET", "key" };
	struct scene_entry *entries[3];
	enum stay_status status;

	for (int i = 0; i < 3; i++)
		entries[i] = scene_accept("a command");
	STATUS_OF(status,
	    stay_redis_command(redis, other_done, entries[0], "GET key"));
	HOLDS(status == STAY_OK);
	STATUS_OF(status, stay_redis_command_with(redis, NULL, other_done,
			      entries[1], "GET %s", "key"));
	HOLDS(status == STAY_OK);
	STATUS_OF(status, stay_redis_argv(redis, NULL, other_done, entries[2],
			      2, words, NULL));
	HOLDS(status == STAY_OK);
}

static void
do_start_redis(void)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS, .on_closed = other_closed } };
	struct stay_redis *redis = start_redis(&options);
	enum stay_status status;

	command(redis);
	STATUS_OF(status,
	    stay_redis_reconfigure(redis, "redis://" NOWHERE "/1", &options));
	HOLDS(status == STAY_OK);
	INSIDE(stay_redis_drain(redis, 50));
	INSIDE(stay_redis_stop(redis));
}

static void
do_start_echo(void)
{
	struct scene_entry *entry = scene_accept("an echo");
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.on_closed = other_closed };
	struct stay_client *echo;
	enum stay_status status;

	STATUS_OF(status, stay_echo_start(&echo, scene.rig.loop,
			      "echo://" NOWHERE ":7", &options));
	HOLDS(status == STAY_OK);
	scene.others_started++;
	STATUS_OF(status, stay_echo_call(echo, "hi", 2, other_done, entry));
	HOLDS(status == STAY_OK);
	INSIDE(stay_client_stop(echo, STAY_OK));
}

/* ---- the table ---- */

#define ANY SCENE_SLOT_COUNT

/* clang-format off */
#define DEED(name)          { #name, do_##name, false, false, false, ANY, ANY, "" }
#define OF_CLIENT(name)     { #name, do_##name, true,  false, false, ANY, ANY, "" }
#define OF_BEHAVIOUR(name)  { #name, do_##name, false, true,  false, ANY, ANY, "" }
#define OF_LOOP(name)       { #name, do_##name, false, false, true,  ANY, ANY, "" }
#define ONLY_IN(slot, name, why)                                               \
	{ #name, do_##name, false, true, false, SCENE_##slot, ANY, why }

const struct scene_deed scene_deeds[] = {
	OF_CLIENT(call),
	OF_CLIENT(call_with),
	OF_CLIENT(call_with_little_time),
	OF_CLIENT(call_of_unknown_size),
	OF_CLIENT(call_without_done),
	OF_CLIENT(call_and_cancel),
	OF_CLIENT(cancel_all),
	OF_CLIENT(cancel_what_is_over),
	OF_CLIENT(wait),
	OF_CLIENT(wait_with_little_time),
	OF_CLIENT(wait_and_cancel),
	OF_CLIENT(hold),
	OF_CLIENT(client_stop),
	OF_CLIENT(client_drain_at_once),
	OF_CLIENT(client_drain),
	OF_CLIENT(client_reconnect),
	OF_CLIENT(call_and_reconnect),
	OF_CLIENT(reconfigure),
	OF_CLIENT(reconfigure_twice),
	OF_CLIENT(ask_the_client),
	DEED(send),
	DEED(next_event),
	DEED(cast),
	DEED(call_conn),
	DEED(call_conn_with_little_time),
	DEED(call_conn_and_cancel),
	DEED(call_cancel),
	DEED(answer),
	DEED(stop),
	DEED(stop_twice),
	DEED(drain_at_once),
	DEED(drain),
	DEED(reconnect),
	DEED(reconnect_and_stop),
	OF_BEHAVIOUR(upgrade),
	DEED(upgrade_in_vain),
	DEED(state_timeout),
	DEED(state_timeout_thrice),
	DEED(ask_the_connection),
	DEED(await),
	OF_BEHAVIOUR(dial),
	OF_BEHAVIOUR(dial_nowhere),
	OF_BEHAVIOUR(adopt),
	OF_BEHAVIOUR(stream_send),
	OF_BEHAVIOUR(want_write),
	ONLY_IN(STREAM_WRITABLE, stream_write, "stay_stream_write: there is room"),
	ONLY_IN(STREAM_DATA, keep, "stay_stream_keep: of the event's bytes"),
	ONLY_IN(STREAM_DATA, again, "stay_stream_again: of the event's bytes"),
	OF_LOOP(loop_stop),
	OF_LOOP(loop_free),
	OF_LOOP(loop_turn),
	OF_LOOP(dials),
	OF_LOOP(ask_the_loop),
	OF_LOOP(observe),
	OF_LOOP(start_another),
	OF_LOOP(start_another_and_stop_it),
	OF_LOOP(start_another_connection_and_stop_it),
	OF_LOOP(start_what_refuses),
	OF_LOOP(start_redis),
	OF_LOOP(start_echo),
};
/* clang-format on */

const size_t scene_deed_count = sizeof(scene_deeds) / sizeof(scene_deeds[0]);
