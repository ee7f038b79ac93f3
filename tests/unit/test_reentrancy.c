/*
 * Promise 5, exhaustively: every public call from every callback, at each time
 * that it comes, in stories that lead through every state.
 */
#include "suites.h"
#include "support/scene.h"

/* clang-format off */
static const enum scene_slot of_clients[] = {
	SCENE_DONE_REPLIED, SCENE_DONE_FAILED, SCENE_DONE_CANCELLED,
	SCENE_DONE_TIMED_OUT, SCENE_PART, SCENE_HELLO, SCENE_ON_UP,
	SCENE_ON_DOWN, SCENE_ON_PUSH, SCENE_ON_CONTROL, SCENE_ON_ORPHAN,
	SCENE_PING, SCENE_BYE, SCENE_HIGH_WATER, SCENE_LOW_WATER, SCENE_READY,
	SCENE_CONFIG_RELEASE, SCENE_ON_STARTED, SCENE_ON_CLOSED,
	SCENE_ON_TRANSITION, SCENE_ON_FAILURE, SCENE_ON_LOST_CALL,
	SCENE_OBSERVED_CLOSED,
};

static const enum scene_slot of_behaviours[] = {
	SCENE_INIT, SCENE_CONNECT, SCENE_DISCONNECT, SCENE_HANDLE_CALL,
	SCENE_HANDLE_CAST, SCENE_MESSAGE, SCENE_NEXT_EVENT,
	SCENE_STATE_TIMEOUT, SCENE_TIMEOUT, SCENE_PENDING_EXPIRED,
	SCENE_STREAM_UP, SCENE_STREAM_DATA, SCENE_STREAM_WRITABLE,
	SCENE_STREAM_DOWN, SCENE_CODE_CHANGE, SCENE_TERMINATE, SCENE_ENTERED,
	SCENE_CALLED, SCENE_UPGRADED, SCENE_RELEASE, SCENE_REPLY_RELEASE,
	SCENE_ON_STARTED, SCENE_ON_CLOSED, SCENE_ON_TRANSITION,
	SCENE_ON_FAILURE, SCENE_OBSERVED_CLOSED,
};
/* clang-format on */

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

START_TEST(test_promise_5_a_client_takes_every_call_in_every_callback)
{
	scene_exhaust(
	    scene_client_stories, scene_client_story_count, of_clients[_i]);
}
END_TEST

START_TEST(test_promise_5_a_connection_takes_every_call_in_every_callback)
{
	scene_exhaust(
	    scene_raw_stories, scene_raw_story_count, of_behaviours[_i]);
}
END_TEST

Suite *
suite_reentrancy(void)
{
	Suite *suite = suite_create("reentrancy");
	TCase *tcase = tcase_create("reentrancy");

	tcase_set_timeout(tcase, 400);
	tcase_add_loop_test(tcase,
	    test_promise_5_a_client_takes_every_call_in_every_callback, 0,
	    COUNT(of_clients));
	tcase_add_loop_test(tcase,
	    test_promise_5_a_connection_takes_every_call_in_every_callback, 0,
	    COUNT(of_behaviours));
	suite_add_tcase(suite, tcase);
	return suite;
}
