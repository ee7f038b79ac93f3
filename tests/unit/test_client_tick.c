/* The time that a protocol keeps: its tick, and when bytes last went and came. */
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;
static struct stay_session *session; /* of the last slot that ran */

static void
remember(struct stay_session *of, const char *text)
{
	(void)text;
	session = of;
}

/* The session is up, and we have got hold of it. */
static void
begin(void (*on_tick)(struct stay_session *session))
{
	line_prepare(&rig);
	rig.config.on_push = remember;
	rig.config.on_tick = on_tick;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_peer_print(rig.peer, ">hello\n");
	line_run(&rig, 10);
	line_told(&rig);
	line_got(&rig);
}

static void
tick_after(uint64_t ms)
{
	EXPECT_OK(stay_session_tick_after(session, ms));
}

TEST(promise_6_client_tick_comes_once_and_not_too_early)
{
	begin(NULL);
	tick_after(100);
	line_run(&rig, 99);
	ck_assert_str_eq(line_told(&rig), "");
	line_run(&rig, 2);
	ck_assert_str_eq(line_told(&rig), "tick;");
	line_run(&rig, 1000);
	ck_assert_str_eq(line_told(&rig), "");
}

/* The last one to ask is the one that counts. */
TEST(client_tick_is_moved_and_taken_back)
{
	begin(NULL);
	tick_after(100);
	tick_after(300);
	line_run(&rig, 200);
	ck_assert_str_eq(line_told(&rig), "");
	tick_after(20);
	line_run(&rig, 30);
	ck_assert_str_eq(line_told(&rig), "tick;");
	tick_after(20);
	tick_after(STAY_FOREVER);
	line_run(&rig, 1000);
	ck_assert_str_eq(line_told(&rig), "");
}

static void
say_ping(struct stay_session *of)
{
	EXPECT_OK(stay_buf_puts(stay_session_control(of), "say +pong\n"));
	EXPECT_OK(stay_session_expect(of, 1));
	EXPECT_OK(stay_buf_puts(stay_session_control(of), "mumble"));
	EXPECT_OK(stay_session_tick_after(of, 100));
}

/* What it says is sent, what it does not expect is not; and so on, by itself. */
TEST(client_tick_says_something_and_comes_again)
{
	begin(say_ping);
	tick_after(100);
	line_run(&rig, 350);
	ck_assert_str_eq(line_got(&rig), "say +pong;say +pong;say +pong;");
}

static void
leave(struct stay_session *of)
{
	stay_session_renew(of, "it is time");
}

TEST(client_tick_may_leave_the_session)
{
	begin(leave);
	tick_after(100);
	line_run(&rig, 500);
	ck_assert_uint_eq(line_counts(&rig).sessions, 2);
}

static void
remark(struct stay_session *of)
{
	stay_session_note(of, "so it is");
}

/* Nobody waits for a frame to hear it. */
TEST(client_tick_may_have_something_to_say)
{
	begin(remark);
	tick_after(100);
	line_run(&rig, 110);
	ck_assert_str_eq(line_told(&rig), "tick;note so it is;");
}

/* It belongs to its session: none comes after the end of it, nor in the next. */
TEST(client_tick_ends_with_its_session)
{
	begin(NULL);
	tick_after(100);
	sim_peer_close(rig.peer);
	line_run(&rig, 1000);
	ck_assert_uint_eq(line_counts(&rig).sessions, 2);
	ck_assert_ptr_null(strstr(line_told(&rig), "tick"));
	tick_after(100);
	line_run(&rig, 200);
	ck_assert_str_eq(line_told(&rig), "tick;");
}

/* Due and not run so far when the session ends. */
static void
stop(struct stay_session *of)
{
	(void)of;
	stay_conn_stop(stay_client_conn(rig.client), STAY_E_IO);
}

TEST(client_tick_may_stop_the_client)
{
	begin(stop);
	tick_after(10);
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), "tick;");
}

TEST(client_tick_without_a_session_or_memory)
{
	enum stay_status status;

	begin(NULL);
	scarce_drought();
	status = stay_session_tick_after(session, 10);
	scarce_disarm();
	ck_assert_int_eq(status, STAY_E_NOMEM);
	tick_after(10);
	sim_peer_close(rig.peer);
	sim_unlisten(rig.world, "10.0.0.1", 7777);
	line_run(&rig, 100);
	ck_assert_int_eq(stay_session_tick_after(session, 10), STAY_E_STATE);
}

/* When bytes went is told apart from when they came. */
TEST(client_tick_knows_when_bytes_went_and_came)
{
	begin(NULL);
	line_run(&rig, 500);
	sim_peer_print(rig.peer, ">news\n");
	line_run(&rig, 200);
	ck_assert_uint_ge(stay_session_sent_ms(session), 700);
	ck_assert_uint_le(stay_session_heard_ms(session), 210);
	ck_assert_uint_ge(stay_session_heard_ms(session), 190);
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 50);
	ck_assert_uint_le(stay_session_sent_ms(session), 60);
	ck_assert_uint_ge(stay_session_heard_ms(session), 240);
	sim_peer_close(rig.peer);
	line_run(&rig, 100);
	ck_assert_uint_eq(stay_session_sent_ms(session), STAY_FOREVER);
	ck_assert_uint_le(stay_session_heard_ms(session), 100);
	sim_peer_close(rig.peer);
	sim_unlisten(rig.world, "10.0.0.1", 7777);
	line_run(&rig, 100);
	ck_assert_uint_eq(stay_session_sent_ms(session), STAY_FOREVER);
	ck_assert_uint_eq(stay_session_heard_ms(session), STAY_FOREVER);
}

TEST_SUITE_WITH(client_tick, .after = line_after)
