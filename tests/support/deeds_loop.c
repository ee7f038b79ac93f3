/* The deeds that need a loop and no more: itself, and others on it. */
#include <stay/echo.h>
#include <stay/redis.h>
#include <stay/stream.h>

#include "deeds.h"
#include "line_protocol.h"

#define NOWHERE "10.0.0.9"

void
do_loop_stop(const struct deed_at *at)
{
	books_will(at, WILL_STOP_ALL, 0);
	INSIDE(stay_loop_stop(at->loop, STAY_E_IO));
}

/* From outside only if that is refused, too. */
void
do_loop_free(const struct deed_at *at)
{
	if (at->inside)
		GIVES(STAY_E_REENTRANT, stay_loop_free(at->loop));
	else if (at->conn != NULL)
		GIVES(STAY_E_LIVE, stay_loop_free(at->loop));
}

/* From outside it is the program's turn to run it. */
void
do_loop_turn(const struct deed_at *at)
{
	if (at->conn != NULL)
		do_send(at);
	if (at->inside)
		INSIDE(stay_loop_turn(at->loop));
}

void
do_dials(const struct deed_at *at)
{
	GIVES(STAY_E_ARG, stay_loop_set_dials_max(at->loop, 0));
	GIVES(STAY_OK, stay_loop_set_dials_max(at->loop, 1));
	GIVES(STAY_E_ARG, stay_loop_set_dials_stagger_ms(at->loop, 60001));
	GIVES(STAY_OK, stay_loop_set_dials_stagger_ms(at->loop, 3));
}

void
do_ask_the_loop(const struct deed_at *at)
{
	static const struct stay_transport tcp = { STAY_TRANSPORT,
		.scheme = "tcp" };
	enum stay_status status;

	INSIDE(stay_loop_live(at->loop));
	INSIDE(stay_loop_now_ms(at->loop));
	STATUS_OF(status, stay_loop_add_transport(at->loop, &tcp));
	HOLDS(status != STAY_OK);
}

void
do_observe(const struct deed_at *at)
{
	INSIDE(stay_loop_set_observer(at->loop, NULL));
}

/* ---- others on the same loop ---- */

static void
other_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)conn;
	deed_told(arg, reason);
}

static void
other_done(void *arg, const struct stay_result *result)
{
	deed_told(arg, result->status);
}

static struct deed_entry *
other(const struct deed_at *at, const char *what)
{
	deeds_others++;
	return deed_accept(at, DEED_OTHER, what);
}

/* Whether it was started or submitted; else nobody is told. */
static bool
begun(void *entry, enum stay_status status)
{
	SAYS(status, STAY_OK);
	if (status != STAY_OK)
		deed_refuse(entry);
	return status == STAY_OK;
}

static struct stay_client_options
options_of(const struct deed_at *at)
{
	return (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.on_closed = other_closed, .arg = other(at, "another client") };
}

void
do_start_another(const struct deed_at *at)
{
	static struct line_notes notes;
	static struct line_config config = { .notes = &notes };
	struct stay_client_options options = options_of(at);
	struct deed_entry *entry;
	struct stay_client *client;
	enum stay_status status;

	notes.len = 0;
	options.config = &config;
	STATUS_OF(
	    status, stay_client_start(&client, at->loop, &line_bare_protocol,
			"line://10.0.0.1:7777", &options));
	if (!begun(options.arg, status))
		return;
	entry = other(at, "a call of another client");
	STATUS_OF(status,
	    stay_client_call(client, LINE("say +1"), other_done, entry));
	begun(entry, status);
	INSIDE(stay_client_drain(client, 50));
}

void
do_start_and_stop(const struct deed_at *at)
{
	static const struct stay_behaviour idle = { STAY_BEHAVIOUR,
		.name = "idle" };
	const struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.on_closed = other_closed,
		.arg = other(at, "another connection") };
	struct stay_conn *conn;
	enum stay_status status;

	STATUS_OF(
	    status, stay_conn_start(&conn, at->loop, &idle, NULL, &options));
	if (begun(options.arg, status))
		INSIDE(stay_conn_stop(conn, STAY_OK));
}

static struct stay_verdict
refuse_to_start(struct stay_conn *conn, void *state, void *arg)
{
	(void)conn;
	(void)state;
	(void)arg;
	return stay_verdict_ignore();
}

void
do_start_what_refuses(const struct deed_at *at)
{
	static const struct stay_behaviour refusing = { STAY_BEHAVIOUR,
		.name = "refusing", .init = refuse_to_start };
	struct stay_conn *conn;

	GIVES(STAY_E_IGNORED,
	    stay_conn_start(&conn, at->loop, &refusing, NULL, NULL));
}

static void
command(const struct deed_at *at, struct stay_redis *redis)
{
	static const char *const words[] = { "GET", "key" };
	struct deed_entry *entries[3];
	enum stay_status status;

	for (int i = 0; i < 3; i++)
		entries[i] = other(at, "a command");
	STATUS_OF(status,
	    stay_redis_command(redis, other_done, entries[0], "GET key"));
	begun(entries[0], status);
	STATUS_OF(status, stay_redis_command_with(redis, NULL, other_done,
			      entries[1], "GET %s", "key"));
	begun(entries[1], status);
	STATUS_OF(status, stay_redis_argv(redis, NULL, other_done, entries[2],
			      2, words, NULL));
	begun(entries[2], status);
}

void
do_start_redis(const struct deed_at *at)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = options_of(at) };
	struct stay_redis *redis;
	enum stay_status status;

	STATUS_OF(status,
	    stay_redis_start(&redis, at->loop, "redis://" NOWHERE, &options));
	if (!begun(options.client.arg, status))
		return;
	HOLDS(stay_redis_conn(redis) ==
	      stay_client_conn(stay_redis_client(redis)));
	command(at, redis);
	GIVES(STAY_OK,
	    stay_redis_reconfigure(redis, "redis://" NOWHERE "/1", &options));
	INSIDE(stay_redis_drain(redis, 50));
	INSIDE(stay_redis_stop(redis));
}

void
do_start_echo(const struct deed_at *at)
{
	struct stay_client_options options = options_of(at);
	struct deed_entry *entry;
	struct stay_client *echo;
	enum stay_status status;

	STATUS_OF(status,
	    stay_echo_start(&echo, at->loop, "echo://" NOWHERE ":7", &options));
	if (!begun(options.arg, status))
		return;
	entry = other(at, "an echo");
	STATUS_OF(status, stay_echo_call(echo, "hi", 2, other_done, entry));
	begun(entry, status);
	INSIDE(stay_client_stop(echo, STAY_OK));
}
