/* A second client at the place of a first one, and with its options. */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;
static unsigned closed;

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)conn;
	(void)reason;
	ck_assert_ptr_eq(arg, &closed);
	closed++;
}

static struct stay_client_options
options_beside(void)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	stay_client_get_options(rig.client, &options);
	options.config_release = NULL;
	options.label = "second";
	options.on_started = NULL;
	options.on_closed = on_closed;
	options.arg = &closed;
	return options;
}

static struct stay_client *
start(void)
{
	const struct stay_client_options options = options_beside();
	struct stay_client *second;

	EXPECT_OK(stay_client_start_beside(&second, rig.client, &options));
	return second;
}

static void
end(struct stay_client *second)
{
	stay_client_stop(second, STAY_OK);
	line_run(&rig, 2000);
	ck_assert_uint_eq(closed, 1);
	/* Both have counted the end of their keep blocks. */
	ck_assert_uint_eq(rig.finis, 1);
	rig.finis = 0;
	rig.inits = 1;
	line_end(&rig);
}

TEST(client_beside_goes_to_the_same_place)
{
	struct stay_client *second;

	closed = 0;
	line_prepare(&rig);
	rig.url = "line://me:secret@10.0.0.1:7777/a?b=c";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
	second = start();
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 2);
	ck_assert_str_eq(line_told(&rig), "init 10.0.0.1;hello -;up;");
	ck_assert_str_eq(stay_conn_label(stay_client_conn(second)), "second");
	end(second);
}

static void
ask_nobody(void *arg, struct stay_client *client)
{
	(void)arg;
	(void)client;
}

/* As they are now, not as they were. */
TEST(client_beside_has_the_options_of_the_first)
{
	static const char *const nowhere[] = { "no URL", NULL };
	struct stay_socket_options socket = { .nodelay = true,
		.keepalive_later = true,
		.keepalive_ms = 4711,
		.source = { .len = 8 } };
	struct stay_client_options options;
	struct stay_client *second;

	closed = 0;
	memset(&socket.source.storage, 's', 8);
	line_begin(&rig,
	    OPTIONS(.silence_ms = 1234, .label = "first", .socket = &socket));
	options = (struct stay_client_options){ STAY_CLIENT_OPTIONS };
	stay_client_get_options(rig.client, &options);
	ck_assert_str_eq(options.label, "first");
	ck_assert_uint_eq(options.silence_ms, 1234);
	ck_assert_uint_eq(options.call_timeout_ms, 5000);
	ck_assert_uint_eq(options.socket->keepalive_ms, 4711);
	ck_assert_uint_eq(options.size, sizeof(options));
	ck_assert_ptr_eq(options.arg, &rig);
	/* but for where it is to go */
	options = options_beside();
	options.urls = nowhere;
	options.endpoints = ask_nobody;
	stay_loop_set_rejection(rig.loop, "of before");
	EXPECT_OK(stay_client_start_beside(&second, rig.client, &options));
	ck_assert_str_eq(stay_loop_rejection(rig.loop), "");
	options = (struct stay_client_options){ STAY_CLIENT_OPTIONS };
	stay_client_get_options(second, &options);
	ck_assert_str_eq(options.label, "second");
	ck_assert_uint_eq(options.silence_ms, 1234);
	ck_assert_ptr_eq(options.arg, &closed);
	ck_assert_uint_eq(options.socket->keepalive_ms, 4711);
	ck_assert(options.socket->keepalive_later);
	ck_assert_uint_eq(options.socket->source.len, 8);
	ck_assert_mem_eq(
	    &options.socket->source.storage, &socket.source.storage, 8);
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 2);
	end(second);
}

/* A program of an older version has a shorter struct. */
TEST(client_beside_fills_in_what_there_is_room_for)
{
	struct stay_client_options options = { .size = sizeof(size_t),
		.silence_ms = 99 };

	line_begin(&rig, NULL);
	stay_client_get_options(rig.client, &options);
	ck_assert_uint_eq(options.size, sizeof(size_t));
	ck_assert_uint_eq(options.silence_ms, 99);
}

TEST(client_beside_without_memory)
{
	const struct stay_client_options *options;
	struct stay_client_options all;
	struct stay_client *second;
	enum stay_status status;
	unsigned nth = 1;

	closed = 0;
	line_begin(&rig, NULL);
	all = options_beside();
	options = &all;
	do {
		scarce_arm(nth++);
		status = stay_client_start_beside(&second, rig.client, options);
		ck_assert_int_eq(
		    status, scarce_disarm() ? STAY_E_NOMEM : STAY_OK);
	} while (status == STAY_E_NOMEM);
	ck_assert_uint_ge(nth, 4);
	rig.finis = 0;
	end(second);
}

/* Descriptors are used once. */
TEST(client_beside_descriptors)
{
	struct stay_client_options options;
	struct stay_client *second;

	line_prepare(&rig);
	rig.url = "fd:4711";
	line_start(&rig, NULL);
	options = options_beside();
	ck_assert_int_eq(
	    stay_client_start_beside(&second, rig.client, &options),
	    STAY_E_UNSUPPORTED);
	ck_assert_ptr_null(second);
}

/* The server had named it when it went away. */
TEST(client_beside_goes_where_the_first_was_sent)
{
	struct stay_client *second;
	struct peer there;

	closed = 0;
	line_prepare(&rig);
	there = (struct peer){ .usual = rig.server.usual,
		.reads = peer_reads_lines };
	peer_listen(&there, rig.world, "10.0.0.3", 7777);
	rig.url = "line://me:secret@10.0.0.1:7777/a?b=c";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	EXPECT_OK(stay_session_leave(
	    stay_client_session(rig.client), "10.0.0.3", 8, 0));
	line_run(&rig, 1000);
	ck_assert_uint_eq(there.accepted, 1);
	second = start();
	line_run(&rig, 10);
	ck_assert_uint_eq(there.accepted, 2);
	ck_assert_uint_eq(rig.server.accepted, 1);
	end(second);
}

TEST(client_beside_is_rejected)
{
	struct stay_client_options options;
	struct stay_client *second;

	line_begin(&rig, NULL);
	options = options_beside();
	ck_assert_int_eq(
	    stay_client_start_beside(NULL, rig.client, &options), STAY_E_ARG);
	options.queue_high_percent = 101;
	ck_assert_int_eq(
	    stay_client_start_beside(&second, rig.client, &options),
	    STAY_E_ARG);
	ck_assert_ptr_null(second);
}

TEST_SUITE_WITH(client_beside, .after = line_after)
