/* A turn of a protocol's own, also without a session. */
#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;
static unsigned wakes;

static void
begin(unsigned many)
{
	wakes = many;
	line_prepare(&rig);
	rig.config.wakes = &wakes;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
}

static void
wake(void)
{
	EXPECT_OK(stay_client_wake(rig.client));
}

/* Asked twice, it comes once; and never inside of the asking. */
TEST(client_wake_comes_in_a_turn)
{
	begin(0);
	wake();
	wake();
	ck_assert_str_eq(line_told(&rig), "");
	LINE_TELLS(&rig, 1, "wake;");
	LINE_TELLS(&rig, 100, "");
	wake();
	LINE_TELLS(&rig, 1, "wake;");
}

TEST(client_wake_has_more_to_do)
{
	begin(3);
	wake();
	LINE_TELLS(&rig, 100, "wake;wake;wake;");
}

TEST(client_wake_needs_no_session)
{
	begin(0);
	sim_peer_close(rig.peer);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 100);
	line_told(&rig);
	wake();
	LINE_TELLS(&rig, 1, "wake;");
}

static bool
finish(void *keep)
{
	struct stay_session *session = stay_client_session(rig.client);
	struct stay_buf *control = stay_session_control(session);

	(void)keep;
	(void)stay_buf_puts(control, "whole\n");
	EXPECT_OK(stay_session_expect(session, 0));
	(void)stay_buf_puts(control, "half ");
	stay_session_renew(session, "all is said");
	return false;
}

/* Half a message of it is nobody's; and it may be the session's last turn. */
TEST(client_wake_may_end_the_session)
{
	struct stay_protocol protocol = line_protocol;
	struct stay_keep_ops keep = *line_protocol.keep;

	keep.wake = finish;
	protocol.keep = &keep;
	line_prepare(&rig);
	rig.protocol = &protocol;
	rig.config.bye = "bye";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	line_told(&rig);
	wake();
	LINE_TELLS(&rig, 1, "bye;down E_NOT_READY;");
	ck_assert_str_eq(line_got(&rig), "whole;bye;");
}

TEST(client_wake_without_memory)
{
	enum stay_status status;

	begin(0);
	scarce_drought();
	status = stay_client_wake(rig.client);
	scarce_disarm();
	ck_assert_int_eq(status, STAY_E_NOMEM);
	wake();
	scarce_drought();
	status = stay_client_wake(rig.client);
	scarce_disarm();
	EXPECT_OK(status);
	LINE_TELLS(&rig, 1, "wake;");
}

/* What is to be told at the end is told before on_closed. */
TEST(promise_3_client_wake_is_waited_for_at_the_end)
{
	const char *told;

	begin(0);
	wakes = 40;
	wake();
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 2000);
	ck_assert_uint_eq(wakes, 0);
	told = line_told(&rig);
	EXPECT_IN(told, "end OK;wake;");
	EXPECT_IN(told, "wake;closed OK;");
}

TEST_SUITE_WITH(client_wake, .after = line_after)
