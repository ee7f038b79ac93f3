/*
 * Promise 5, exhaustively: every public call from every callback, at each time
 * that it comes, in stories that lead through every state.
 */
#include "suites.h"
#include "support/scene.h"

START_TEST(test_promise_5_a_client_takes_every_call_in_every_callback)
{
	scene_exhaust(scene_client_stories, scene_client_story_count,
	    (enum scene_slot)_i);
}
END_TEST

START_TEST(test_promise_5_a_connection_takes_every_call_in_every_callback)
{
	scene_exhaust(
	    scene_raw_stories, scene_raw_story_count, (enum scene_slot)_i);
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
	    SCENE_INIT);
	tcase_add_loop_test(tcase,
	    test_promise_5_a_client_takes_every_call_in_every_callback,
	    SCENE_ON_STARTED, SCENE_SLOT_COUNT);
	tcase_add_loop_test(tcase,
	    test_promise_5_a_connection_takes_every_call_in_every_callback,
	    SCENE_INIT, SCENE_SLOT_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}
