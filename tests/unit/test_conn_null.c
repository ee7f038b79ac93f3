/*
 * NULL for a connection or a loop is a fault of the program: it ends there and
 * then. NULL for what is data is answered with STAY_E_ARG.
 */
#include <stay/conn.h>
#include <stay/stream.h>

#include "probe.h"
#include "suites.h"
#include "support/aborts.h"

static const struct stay_behaviour empty = { STAY_BEHAVIOUR };
static struct stay_conn *started;

/* X: what returns something; V: what returns nothing. */
#define HANDLES(X, V)                                                          \
	X(start, stay_conn_start(&started, NULL, &empty, NULL, NULL))          \
	X(await, stay_conn_await(NULL, 0))                                     \
	X(call, stay_conn_call(                                                \
		    NULL, stay_message_make(0, NULL), 0, told, NULL, NULL))    \
	X(cast, stay_conn_cast(NULL, stay_message_make(0, NULL)))              \
	X(sending, stay_conn_send(NULL, stay_message_make(0, NULL)))           \
	X(next_event, stay_conn_next_event(NULL, stay_message_make(0, NULL)))  \
	X(state_timeout,                                                       \
	    stay_conn_set_state_timeout(NULL, 1, stay_message_make(0, NULL)))  \
	V(stop, stay_conn_stop(NULL, STAY_OK))                                 \
	V(drain, stay_conn_drain(NULL, 1))                                     \
	V(reconnect, stay_conn_reconnect(NULL, STAY_OK))                       \
	X(upgrade, stay_conn_upgrade(NULL, &empty, NULL, NULL, NULL))          \
	X(state, stay_conn_state(NULL))                                        \
	X(loop, stay_conn_loop(NULL))                                          \
	X(number, stay_conn_number(NULL))                                      \
	X(label, stay_conn_label(NULL))                                        \
	X(data, stay_conn_data(NULL))                                          \
	X(admits, stay_conn_admits(NULL))                                      \
	X(due, stay_conn_due_ms(NULL))                                         \
	X(failure, stay_conn_failure(NULL))                                    \
	X(explain, stay_conn_explain(NULL, text, sizeof(text)))                \
	X(backoff_next, stay_backoff_next(NULL, &backoff))                     \
	X(answer, stay_from_answer(NULL, nobody, stay_reply_data(NULL)))       \
	X(cancel, stay_from_cancel(NULL, nobody))                              \
	X(dial, stay_stream_dial(NULL, "tcp://10.0.0.1:1"))                    \
	X(dial_to, stay_stream_dial_to(NULL, &target, 1))                      \
	X(adopt, stay_stream_adopt(NULL, 0, 1))                                \
	X(stream_send, stay_stream_send(NULL, "x", 1))                         \
	X(stream_write, stay_stream_write(NULL, NULL, 0, &taken))              \
	V(want_write, stay_stream_want_write(NULL))                            \
	X(keep, stay_stream_keep(NULL, 0, 0))                                  \
	X(again, stay_stream_again(NULL, 1))                                   \
	V(set_keep_max, stay_stream_set_keep_max(NULL, 1))                     \
	X(input, stay_stream_input(NULL))                                      \
	X(is_open, stay_stream_is_open(NULL))                                  \
	X(describe, stay_stream_describe(NULL, text, sizeof(text)))

static const struct stay_from nobody;
static struct stay_backoff backoff;
static const struct stay_target target = { .scheme = "tcp" };
static char text[64];
static size_t taken;

static void
told(void *arg, const struct stay_reply *reply)
{
	(void)arg;
	(void)reply;
}

#ifndef NDEBUG
NULL_CALLS(HANDLES)

TEST_ROWS(conn_null_for_a_handle_aborts, NULL_CALL_COUNT)
{
	const struct null_call *call = &null_calls[_i];

	ck_assert_msg(aborts(call->run), "%s goes on without", call->name);
}
#endif

TEST(conn_null_for_data_is_answered)
{
	struct probe *probe = probe_new();
	struct stay_conn *conn;
	const char *fault;

	probe_drive(probe, "start");
	conn = probe->conn;
	ck_assert_ptr_nonnull(conn);
	ck_assert_int_eq(
	    stay_conn_start(NULL, probe->loop, &empty, NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_conn_start(&started, probe->loop, NULL, NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(stay_conn_call(conn, stay_message_make(0, NULL), 0,
			     NULL, NULL, NULL),
	    STAY_E_ARG);
	ck_assert_int_eq(
	    stay_conn_upgrade(conn, NULL, NULL, NULL, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_dial(conn, NULL), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_dial(conn, "nonsense"), STAY_E_URL);
	ck_assert_int_eq(stay_stream_dial_to(conn, NULL, 1), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_adopt(conn, -1, 0), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_adopt(conn, 0, -1), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_adopt(conn, 0, 0), STAY_E_STATE);
	ck_assert_int_eq(stay_stream_send(conn, NULL, 1), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_write(conn, NULL, 1, &taken), STAY_E_ARG);
	ck_assert_int_eq(stay_stream_write(conn, NULL, 0, NULL), STAY_E_ARG);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "%s", fault);
}

TEST_SUITE(conn_null)
