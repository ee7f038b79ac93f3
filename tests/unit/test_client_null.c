/*
 * NULL for a client, a session, a loop or a held reply is a fault of the
 * program: it ends there and then. NULL for what is data is answered with
 * STAY_E_ARG.
 */
#include <stay/client.h>

#include "suites.h"
#include "support/aborts.h"
#include "support/line_rig.h"

static struct line_rig rig;

/* X: what returns something; V: what returns nothing. */
#define HANDLES(X, V)                                                          \
	X(start,                                                               \
	    stay_client_start(&started, NULL, &line_protocol, LINE_URL, NULL)) \
	X(call, stay_client_call(NULL, LINE("x"), NULL, NULL))                 \
	X(call_with, stay_client_call_with(NULL, LINE("x"), NULL, NULL, NULL)) \
	X(wait_room, stay_client_wait_room(NULL, NULL, ready, NULL))           \
	X(cancel, stay_client_cancel(NULL, nothing))                           \
	X(endpoints, stay_client_endpoints(NULL, NULL))                        \
	V(stop, stay_client_stop(NULL, STAY_OK))                               \
	V(drain, stay_client_drain(NULL, 1))                                   \
	V(reconnect, stay_client_reconnect(NULL, STAY_OK))                     \
	X(reconfigure, stay_client_reconfigure(NULL, LINE_URL, NULL))          \
	X(conn, stay_client_conn(NULL))                                        \
	X(of, stay_client_of(NULL))                                            \
	X(client_keep, stay_client_keep(NULL))                                 \
	X(client_config, stay_client_config(NULL))                             \
	X(wake, stay_client_wake(NULL))                                        \
	X(beside, stay_client_start_beside(&started, NULL, &options))          \
	V(options, stay_client_get_options(NULL, &options))                    \
	V(counts, stay_client_get_counts(NULL, &counts))                       \
	X(held_new, stay_held_new(NULL, text, &held))                          \
	X(held_reply, stay_held_reply(NULL))                                   \
	X(session_later, stay_session_later(NULL, 1))                          \
	X(later_data, stay_later_data(NULL))                                   \
	V(later_resume, stay_later_resume(NULL))                               \
	X(session_number, stay_client_session_number(NULL))                    \
	X(session_end, stay_session_end(NULL, STAY_E_DENIED, NULL, 0))         \
	X(data, stay_session_data(NULL))                                       \
	X(keep, stay_session_keep(NULL))                                       \
	X(config, stay_session_config(NULL))                                   \
	X(number_of_session, stay_session_number(NULL))                        \
	X(client, stay_session_client(NULL))                                   \
	X(url, stay_session_url(NULL))                                         \
	X(peer, stay_session_peer(NULL, NULL, 0))                              \
	X(leave, stay_session_leave(NULL, NULL, 0, 0))                         \
	X(input, stay_session_input(NULL))                                     \
	X(oldest, stay_session_oldest(NULL))                                   \
	X(awaits, stay_session_awaits(NULL))                                   \
	X(awaits_tag, stay_session_awaits_tag(NULL, 1))                        \
	X(takes_pieces, stay_session_takes_pieces(NULL))                       \
	X(tag_takes_pieces, stay_session_tag_takes_pieces(NULL, 1))            \
	X(tagged, stay_session_tagged(NULL, 1))                                \
	X(free_tag, stay_session_free_tag(NULL, 1))                            \
	X(let_go, stay_session_let_go(NULL, 1))                                \
	X(expect_tagged, stay_session_expect_tagged(NULL, 1, 1))               \
	X(control, stay_session_control(NULL))                                 \
	X(expect, stay_session_expect(NULL, 1))

static struct stay_client *started;
static const struct stay_call_id nothing;
static struct stay_client_counts counts = { STAY_CLIENT_COUNTS };
static struct stay_client_options options = { STAY_CLIENT_OPTIONS };
static struct stay_held *held;
static const char text[] = "x";

static void
ready(void *arg, struct stay_client *client, enum stay_status status)
{
	(void)arg;
	(void)client;
	(void)status;
}

#ifndef NDEBUG
NULL_CALLS(HANDLES)

TEST_ROWS(client_null_for_a_handle_aborts, NULL_CALL_COUNT)
{
	const struct null_call *call = &null_calls[_i];

	ck_assert_msg(aborts(call->run), "%s goes on without", call->name);
}
#endif

TEST(client_null_for_data_is_answered)
{
	line_begin(&rig, NULL);
	ck_assert_int_eq(
	    stay_client_start(NULL, rig.loop, &line_protocol, LINE_URL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_start(&started, rig.loop, NULL, LINE_URL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_start(&started, rig.loop, &line_protocol, NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    stay_client_wait_room(rig.client, NULL, NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_held_new(rig.client, text, NULL), STAY_E_ARG);
	stay_held_free(NULL);
	line_end(&rig);
}

TEST_SUITE(client_null)
