/* The flight recorder: what it tells of a connection and of a call, and what not. */
#include <stdio.h>
#include <string.h>

#include <stay/observe.h>

#include "loop/recorder.h"
#include "suites.h"
#include "support/group_rig.h"
#include "support/pool_rig.h"

static struct line_rig rig;
static struct stay_buf story;

/* These words come in this order, and `not` nowhere. */
static void
expect(const char *const *words, const char * not )
{
	const char *at;

	EXPECT_OK(stay_buf_append(&story, "", 1));
	at = story.data;
	for (; *words != NULL; words++) {
		const char *found = strstr(at, *words);

		if (found == NULL)
			fprintf(stderr, "%s\n", story.data);
		ck_assert_msg(
		    found != NULL, "not there, or not in order: %s", *words);
		at = found;
	}
	ck_assert(not == NULL || strstr(story.data, not ) == NULL);
	stay_buf_fini(&story);
}

#define EXPECT_STORY(not, ...)                                                 \
	expect((const char *const[]){ __VA_ARGS__, NULL }, not )

TEST(story_of_a_connection)
{
	line_begin(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 1000);
	line_call(&rig, "b", LINE("reset"));
	line_run(&rig, 1000);
	EXPECT_OK(stay_loop_story(rig.loop, 1, &story));
	EXPECT_STORY("say", "conn 1  conn: starting --connect--> connecting",
	    "conn 1  conn: connecting --ok--> connected",
	    "wrote 7 bytes, calls in flight: 1", "read 3 bytes, replies: 1",
	    "wrote 6 bytes",
	    "conn 1  failed in session: connection reset by the peer",
	    "maybe executed: the session ended before the reply came",
	    "conn 1  conn: disconnecting --backoff--> backing_off",
	    "--ok--> connected");
	ck_assert_int_eq(stay_loop_story(rig.loop, 2, &story), STAY_E_STALE);
	EXPECT_OK(stay_loop_story(rig.loop, 0, &story));
	EXPECT_STORY(NULL, "conn 1");
}

/* What its connection did before and after is no part of it; nor are other calls. */
TEST(story_of_a_call)
{
	struct stay_call_id id;

	line_begin(&rig, NULL);
	line_run(&rig, 1000);
	line_call(&rig, "b", LINE("not answered"));
	id = line_call(&rig, "a", LINE("say +a"))->id;
	line_run(&rig, 1);
	EXPECT_OK(stay_loop_call_story(rig.loop, id, &story));
	EXPECT_STORY("connecting", "accepted", "sent", "wrote");
	line_run(&rig, 1000);
	line_call(&rig, "c", LINE("reset"));
	line_run(&rig, 1000);
	EXPECT_OK(stay_loop_call_story(rig.loop, id, &story));
	EXPECT_STORY("backing", ": accepted\n", ": sent\n", "wrote");
}

/* One without an id is told of when it fails. */
TEST(story_of_a_call_that_has_none)
{
	line_begin(&rig, NULL);
	EXPECT_OK(stay_client_call(rig.client, LINE("close"), NULL, NULL));
	line_run(&rig, 20);
	EXPECT_OK(stay_loop_story(rig.loop, 1, &story));
	EXPECT_STORY("accepted", "wrote",
	    "conn 1  a call: maybe executed: the session ended before");
}

/* A group's end is that of its first bad answer. */
TEST(story_of_a_group)
{
	group_begin();
	EXPECT_OK(group_try("ww", "say +a,say -b", 0));
	line_run(&groups, 10);
	EXPECT_OK(stay_loop_call_story(groups.loop, group_id, &story));
	EXPECT_STORY(NULL, ": accepted\n", ": sent\n",
	    ": replied: the server replied with an error\n");
	group_end();
}

/* Told by both ways that a reply can take. */
TEST_ROWS(story_of_a_call_ends_with_its_outcome, 5)
{
	static const struct {
		const char *request, *end;
	} rows[] = { { "say +a", ": replied\n" },
		{ "say -a", ": replied: the server replied with an error\n" },
		{ "say !a", ": refused: the server replied with an error\n" },
		{ "close", ": maybe executed: the session ended" },
		{ "not answered", ": maybe executed: timed out" } };
	struct stay_call_id id;

	line_begin(&rig, NULL);
	id = line_call_with(&rig, "a", LINE(rows[_i].request), WITHIN(50))->id;
	line_run(&rig, 200);
	EXPECT_OK(stay_loop_call_story(rig.loop, id, &story));
	EXPECT_STORY(NULL, ": accepted\n", ": sent\n", rows[_i].end);
}

TEST(story_of_what_a_pool_lends)
{
	static struct pool_rig pool;
	struct pool_user *user;

	pool_begin(&pool, POOL(.connections_max = 1));
	user = pool_have(&pool, "a");
	pool_give(user);
	sim_run_ms(pool.line.world, 20);
	EXPECT_OK(stay_loop_story(pool.line.loop, 0, &story));
	EXPECT_STORY(NULL, "lent by its pool", "handed back to its pool");
	pool_end(&pool);
}

/* Of what is too old nothing is left, and nothing is told twice. */
TEST(story_is_as_long_as_the_ring)
{
	size_t lines = 0;

	line_begin(&rig, NULL);
	for (unsigned i = 0; i < STAY__RECORDS + 10; i++)
		stay__record(rig.loop, 77, STAY__RECORD_WROTE, i, 0);
	ck_assert_int_eq(stay_loop_story(rig.loop, 1, &story), STAY_E_STALE);
	EXPECT_OK(stay_loop_story(rig.loop, 77, &story));
	for (size_t i = 0; i < stay_buf_len(&story); i++)
		lines += story.data[i] == '\n';
	ck_assert_uint_eq(lines, STAY__RECORDS);
	EXPECT_STORY("wrote 9 bytes", "wrote 10 bytes", "wrote 2057 bytes");
}

/* What the ring has of two calls on two connections, in order. The loop has looked at the
 * clock 10 ms ago, when it came up. */
static void
record_two_calls(uint64_t one, uint64_t other)
{
	stay__record(rig.loop, 5, STAY__RECORD_WROTE, 1, 0);
	stay__record(rig.loop, 5, STAY__RECORD_CALL_BEGUN, one, 0);
	stay__record(rig.loop, 6, STAY__RECORD_CALL_BEGUN, other, 0);
	stay__record(rig.loop, 5, STAY__RECORD_CALL_BEGUN, other + 1, 0);
	stay__record(rig.loop, 6, STAY__RECORD_WROTE, 2, 0);
	stay__record(rig.loop, 5, STAY__RECORD_WROTE, 3, 0);
	stay__record(rig.loop, 5, STAY__RECORD_CALL_OVER, one, STAY_REPLIED);
	stay__record(rig.loop, 5, STAY__RECORD_WROTE, 4, 0);
	stay__record(rig.loop, 6, STAY__RECORD_CALL_OVER, other, STAY_REPLIED);
	stay__record(rig.loop, 5, STAY__RECORD_CALL_FAILED, 0, 0);
}

/* From its beginning to its end, what its connection did, and no other call. */
TEST(story_of_a_call_among_others)
{
	const struct stay_call_id id = { { 7, 3 } }, none = { { 7, 0 } };

	line_begin(&rig, NULL);
	record_two_calls(stay__record_token(id.token), 99);
	line_run(&rig, 6990);
	EXPECT_OK(stay_loop_call_story(rig.loop, id, &story));
	EXPECT_OK(stay_buf_append(&story, "", 1));
	ck_assert_str_eq(story.data,
	    "7.000 s ago  conn 5  call 7.3: accepted\n"
	    "7.000 s ago  conn 5  wrote 3 bytes, calls in flight: 0\n"
	    "7.000 s ago  conn 5  call 7.3: replied\n");
	stay_buf_fini(&story);
	ck_assert_int_eq(
	    stay_loop_call_story(rig.loop, none, &story), STAY_E_STALE);
}

/* The oldest that there is: nothing stands behind the last. */
TEST(story_of_a_call_that_the_ring_forgets_next)
{
	const struct stay_call_id id = { { 7, 3 } };

	line_begin(&rig, NULL);
	stay__record(rig.loop, 5, STAY__RECORD_CALL_OVER,
	    stay__record_token(id.token), STAY_REPLIED);
	for (unsigned i = 1; i < STAY__RECORDS; i++)
		stay__record(rig.loop, 6, STAY__RECORD_WROTE, i, 0);
	EXPECT_OK(stay_loop_call_story(rig.loop, id, &story));
	ck_assert_uint_lt(stay_buf_len(&story), 80);
	EXPECT_STORY("wrote", "conn 5  call 7.3: replied\n");
}

TEST(story_says_when)
{
	line_begin(&rig, NULL);
	stay__record(rig.loop, 5, STAY__RECORD_CLOSED, 0, STAY_E_RESET);
	line_run(&rig, 5989);
	EXPECT_OK(stay_loop_story(rig.loop, 5, &story));
	EXPECT_STORY(NULL,
	    "5.999 s ago  conn 5  closed: connection reset by the peer\n");
}

TEST(story_is_told_whole_or_not_at_all)
{
	struct stay_call_id no_call = { { 0, 0 } };

	line_begin(&rig, NULL);
	stay_buf_init(&story, 100);
	ck_assert_int_eq(stay_loop_story(rig.loop, 1, &story), STAY_E_TOO_BIG);
	ck_assert_uint_eq(stay_buf_len(&story), 0);
	ck_assert_int_eq(
	    stay_loop_call_story(rig.loop, no_call, &story), STAY_E_STALE);
	stay_buf_fini(&story);
	stay_buf_init(&story, 0);
}

TEST_SUITE_WITH(story, .after = line_after)
