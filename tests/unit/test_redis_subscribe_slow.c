/* Owners that can't keep up, messages that are kept, and bounds. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/redis_subscriber.h"
#include "support/scarce.h"

static void
begin(void)
{
	c = (struct subscriber){ .name = "c" };
	subscriber_begin_usual();
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	stay_redis_subscription_pause(a.subscription);
}

static void
resume(void)
{
	stay_redis_subscription_resume(a.subscription);
}

/* Its neighbour is not kept waiting. */
TEST(redis_subscribe_slow_one_gets_its_messages_later)
{
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;");
	ck_assert_uint_eq(subscriber_counts().kept, 2);
	resume();
	ck_assert_str_eq(subscriber_told(), "");
	SUBSCRIBER_TELLS(10, "a 1;a 2;");
	ck_assert_uint_eq(subscriber_counts().kept, 0);
	subscriber_say(MESSAGE("x", "3"));
	ck_assert_str_eq(subscriber_told(), "a 3;b 3;");
}

static void
pause_again(struct subscriber *owner)
{
	stay_redis_subscription_pause(owner->subscription);
}

/* One message at a time, in its order. */
TEST(redis_subscribe_slow_one_pauses_again)
{
	a.then = pause_again;
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2"));
	subscriber_told();
	resume();
	SUBSCRIBER_TELLS(10, "a 1;");
	subscriber_say(MESSAGE("x", "3"));
	ck_assert_str_eq(subscriber_told(), "b 3;");
	resume();
	SUBSCRIBER_TELLS(10, "a 2;");
	resume();
	SUBSCRIBER_TELLS(10, "a 3;");
}

/* The bound is three. From the first one that is dropped on, all are, until the kept
 * ones are taken. */
TEST(redis_subscribe_slow_one_drops)
{
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2") MESSAGE("x", "3"));
	subscriber_say(MESSAGE("x", "4") MESSAGE("x", "5"));
	ck_assert_uint_eq(subscriber_counts().dropped, 2);
	subscriber_told();
	a.then = pause_again;
	resume();
	SUBSCRIBER_TELLS(10, "a 1;");
	subscriber_say(MESSAGE("x", "6"));
	a.then = NULL;
	subscriber_told();
	resume();
	SUBSCRIBER_TELLS(10, "a 2;a 3;a dropped;");
	ck_assert_uint_eq(noticed.dropped, 3);
	ck_assert_uint_gt(noticed.until_ms, noticed.since_ms);
	subscriber_say(MESSAGE("x", "7"));
	ck_assert_str_eq(subscriber_told(), "a 7;b 7;");
}

/* ---- the end of a slow one ---- */

static unsigned taken;
static struct stay_held *held;
static struct stay_redis_subscription *ended;
static enum stay_status ended_as;
static uint64_t lost;

static void
take(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)arg;
	(void)message;
	taken++;
	if (held == NULL)
		EXPECT_OK(stay_redis_message_hold(subscription, &held));
}

static void
note_end(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	ck_assert_ptr_eq(arg, &taken);
	if (notice->kind != STAY_REDIS_ENDED)
		return;
	ended_as = notice->status;
	ended = subscription;
	lost = notice->dropped;
}

static struct stay_redis_subscription *
slow(enum stay_redis_slow choice)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "y",
		.on_message = take, .on_notice = note_end, .arg = &taken,
		.slow = choice, .kept_bytes_max = 7
	};
	struct stay_redis_subscription *made;

	taken = 0;
	lost = 0;
	held = NULL;
	ended = NULL;
	EXPECT_OK(stay_redis_subscribe(subscriber.redis, &options, &made));
	sim_run_ms(subscriber.world, 10);
	stay_redis_subscription_pause(made);
	return made;
}

TEST(redis_subscribe_slow_one_is_ended)
{
	struct stay_redis_subscription *of = slow(STAY_REDIS_SLOW_END);

	subscriber_say(MESSAGE("y", "ab") MESSAGE("y", "abc"));
	ck_assert_ptr_null(ended);
	subscriber_say(MESSAGE("y", ""));
	ck_assert_ptr_eq(ended, of);
	ck_assert_int_eq(ended_as, STAY_E_FULL);
	ck_assert_uint_eq(lost, 3);
	ck_assert_uint_eq(taken, 0);
	ck_assert_uint_eq(subscriber_counts().kept, 0);
}

/* A message that was kept is the owner's own, if it likes. */
TEST(redis_subscribe_slow_one_holds_what_was_kept)
{
	struct stay_redis_subscription *of = slow(STAY_REDIS_SLOW_DROP);
	struct stay_redis_message message;

	subscriber_say(MESSAGE("y", "ab") MESSAGE("y", "c"));
	stay_redis_subscription_resume(of);
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(taken, 2);
	subscriber_say(MESSAGE("y", "overwritten"));
	message = stay_redis_message_of(stay_held_reply(held));
	ck_assert_mem_eq(message.channel.data, "y", 2);
	ck_assert_mem_eq(message.payload.data, "ab", 3);
	stay_held_free(held);
	stay_redis_unsubscribe(of);
}

/* The reply to a call may lie where the message lay. */
static void
hold_in_done(void *of, const struct stay_result *result)
{
	struct stay_held *none;

	EXPECT_OK(result->status);
	ck_assert_int_eq(stay_redis_message_hold(of, &none), STAY_E_STATE);
	c.name = "done";
}

TEST(redis_subscribe_message_is_held)
{
	struct stay_redis_subscription *of = slow(STAY_REDIS_SLOW_DROP);
	struct stay_held *none;

	stay_redis_subscription_resume(of);
	ck_assert_int_eq(stay_redis_message_hold(of, &none), STAY_E_STATE);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(stay_redis_message_hold(of, NULL), STAY_E_ARG);
	subscriber_say(MESSAGE("y", "1"));
	subscriber_say(MESSAGE("y", "2"));
	ck_assert_str_eq(
	    stay_redis_message_of(stay_held_reply(held)).payload.data, "1");
	ck_assert_int_eq(stay_redis_message_hold(of, &none), STAY_E_STATE);
	stay_held_free(held);
	EXPECT_OK(
	    stay_redis_command(subscriber.redis, hold_in_done, of, "CONFIG a"));
	sim_run_ms(subscriber.world, 10);
	ck_assert_str_eq(c.name, "done");
}

/* ---- gaps among kept messages ---- */

/* Each gap is told where it was. Two of them need no messages between them. */
TEST(redis_subscribe_slow_one_is_told_of_gaps_in_their_place)
{
	subscriber_say(MESSAGE("x", "1"));
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_say(MESSAGE("x", "2"));
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_say(MESSAGE("x", "3"));
	subscriber_told();
	resume();
	SUBSCRIBER_TELLS(10, "a 1;a lost E_CLOSED;a 2;a restored;a 3;");
}

TEST(redis_subscribe_slow_one_is_lost_after_it_has_dropped)
{
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2") MESSAGE("x", "3")
		MESSAGE("x", "4"));
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_say(MESSAGE("x", "5"));
	subscriber_told();
	resume();
	SUBSCRIBER_TELLS(
	    10, "a 1;a 2;a 3;a dropped;a lost E_CLOSED;a restored;");
	ck_assert_uint_eq(subscriber_counts().dropped, 2);
}

/* Who was paused before it was acknowledged. */
TEST(redis_subscribe_slow_from_the_beginning)
{
	subscriber_join(&c, "z");
	stay_redis_subscription_pause(c.subscription);
	sim_run_ms(subscriber.world, 10);
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_say(MESSAGE("z", "1"));
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_told();
	stay_redis_subscription_resume(c.subscription);
	SUBSCRIBER_TELLS(10, "c subscribed;c 1;c lost E_CLOSED;c restored;");
	stay_redis_subscription_pause(c.subscription);
	subscriber_say(MESSAGE("z", "2"));
	subscriber_leave(&c);
	SUBSCRIBER_TELLS(10, "c ended;");
	ck_assert_uint_eq(noticed.dropped, 1);
}

/* What it was not even told of the beginning of is missing all the same. */
TEST(redis_subscribe_slow_from_the_beginning_and_without_room)
{
	c.kept_bytes_max = 1;
	subscriber_join(&c, "z");
	stay_redis_subscription_pause(c.subscription);
	sim_run_ms(subscriber.world, 10);
	subscriber_say(MESSAGE("z", "1"));
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	subscriber_told();
	stay_redis_subscription_resume(c.subscription);
	SUBSCRIBER_TELLS(
	    10, "c subscribed;c dropped;c lost E_CLOSED;c restored;");
}

/* ---- bounds ---- */

TEST(redis_subscribe_rejects)
{
	static const struct {
		struct stay_redis_subscription_options options;
		enum stay_status status;
	} rejected[] = {
		{ { .size = 0 }, STAY_E_ABI },
		{ { .size = sizeof(rejected[0].options) + 1 }, STAY_E_ABI },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .on_message = take },
		    STAY_E_ARG },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x" },
		    STAY_E_ARG },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x",
		      .on_message = take,
		      .kind = (enum stay_redis_subscription_kind)3 },
		    STAY_E_ARG },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x",
		      .on_message = take, .slow = (enum stay_redis_slow)3 },
		    STAY_E_ARG },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x",
		      .on_message = take, .kept_max = UINT64_C(1) << 32 },
		    STAY_E_ARG },
		{ { STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x",
		      .name_len = (1u << 20) + 1, .on_message = take },
		    STAY_E_TOO_BIG },
	};
	struct stay_redis_subscription *made;

	for (size_t i = 0; i < LEN(rejected); i++) {
		ck_assert_int_eq(stay_redis_subscribe(subscriber.redis,
				     &rejected[i].options, &made),
		    rejected[i].status);
		ck_assert_ptr_null(made);
	}
	ck_assert_int_eq(
	    stay_redis_subscribe(subscriber.redis, NULL, NULL), STAY_E_ARG);
	ck_assert_uint_eq(subscriber_counts().subscriptions, 2);
}

TEST(promise_7_redis_subscribe_keeps_as_many_as_there_can_be)
{
	const struct stay_redis_subscription_options most = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x",
		.on_message = take, .kept_max = UINT32_MAX
	};

	EXPECT_OK(stay_redis_subscribe(subscriber.redis, &most, NULL));
}

TEST(promise_7_redis_subscribe_bounds)
{
	struct stay_redis_options bytes = { STAY_REDIS_OPTIONS };

	subscriber_begin(subscriber_rows, REDIS(.subscriptions_max = 2));
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	ck_assert_int_eq(
	    subscriber_try(&c, STAY_REDIS_CHANNEL, "y"), STAY_E_FULL);
	ck_assert_ptr_null(c.subscription);
	bytes.subscription_bytes_max = subscriber_counts().bytes;
	subscriber_leave(&a);
	sim_run_ms(subscriber.world, 10);
	subscriber_join(&c, "y");
	subscriber_begin(subscriber_rows, &bytes);
	subscriber_join(&a, "x");
	ck_assert_int_eq(
	    subscriber_try(&c, STAY_REDIS_CHANNEL, "y"), STAY_E_FULL);
	subscriber_join(&b, "x");
	ck_assert_int_eq(
	    subscriber_try(&c, STAY_REDIS_CHANNEL, "x"), STAY_E_FULL);
	ck_assert_uint_eq(
	    subscriber_counts().bytes, bytes.subscription_bytes_max);
}

/* Without memory nothing is begun, and nothing is lost. */
TEST(promise_9_redis_subscribe_without_memory)
{
	enum stay_status status;
	unsigned nth = 1;

	subscriber_begin_usual();
	do {
		scarce_arm(nth++);
		status = subscriber_try(&a, STAY_REDIS_CHANNEL, "x");
		ck_assert_int_eq(
		    status, scarce_disarm() ? STAY_E_NOMEM : STAY_OK);
	} while (status != STAY_OK);
	ck_assert_uint_ge(nth, 6);
	SUBSCRIBER_TELLS(10, "a subscribed;");
	ck_assert_uint_eq(subscriber_counts().subscriptions, 1);
	ck_assert_uint_eq(subscriber_counts().channels, 1);
	subscriber_leave(&a);
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(subscriber_counts().bytes, 0);
}

/* It is accepted, and there is no memory to ask the server. It is asked with the next
 * answer, and once. */
TEST(promise_9_redis_subscribe_asks_when_there_is_memory)
{
	char name[400], asked[450];

	subscriber_begin_usual();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(asked, sizeof(asked), "SUBSCRIBE %s;", name);
	subscriber_join(&a, name);
	scarce_drought();
	sim_run_ms(subscriber.world, 10);
	ck_assert(scarce_disarm());
	ck_assert_str_eq(subscriber_told(), "");
	ck_assert_str_eq(subscriber_got(), "");
	sim_run_ms(subscriber.world, 20000);
	EXPECT_IN(subscriber_got(), asked);
	ck_assert_str_eq(subscriber_told(), "a subscribed;");
}

TEST_SUITE_WITH(redis_subscribe_slow, .before = begin, .after = subscriber_end)
