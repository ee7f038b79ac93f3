/* Owners that can't keep up, and for whom the reading waits: nothing is dropped. */
#include "suites.h"
#include "support/redis_subscriber.h"

#define X(text) MESSAGE("x", text)

static void
begin_with(const struct stay_redis_options *options)
{
	subscriber_begin(subscriber_rows, options);
	a.slow = STAY_REDIS_SLOW_PAUSE;
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	stay_redis_subscription_pause(a.subscription);
}

static void
begin(void)
{
	begin_with(NULL);
}

static void
resume(void)
{
	stay_redis_subscription_resume(a.subscription);
}

static void
pause_again(struct subscriber *owner)
{
	stay_redis_subscription_pause(owner->subscription);
}

static bool
waits(void)
{
	return stay_client_is_paused(stay_redis_client(subscriber.redis));
}

/* The bound is three. All wait, till half of them are taken. */
TEST(redis_subscribe_pause_keeps_all_waiting)
{
	subscriber_say(X("1") X("2"));
	ck_assert(!waits());
	subscriber_say(X("3") X("4") X("5"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;b 3;");
	ck_assert_uint_eq(subscriber_counts().kept, 3);
	a.then = pause_again;
	resume();
	SUBSCRIBER_TELLS(100, "a 1;");
	resume();
	SUBSCRIBER_TELLS(100, "a 2;b 4;b 5;");
	ck_assert(waits());
	a.then = NULL;
	resume();
	SUBSCRIBER_TELLS(100, "a 3;a 4;a 5;");
	ck_assert(!waits());
	ck_assert_uint_eq(subscriber_counts().dropped, 0);
}

/* The last one passes the bound, which one more than half of is not enough to go on. */
TEST(redis_subscribe_pause_by_bytes)
{
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a ended;");
	a.kept_bytes_max = 7;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	stay_redis_subscription_pause(a.subscription);
	subscriber_say(X("1") X("2345") X("6"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2345;");
	a.then = pause_again;
	resume();
	SUBSCRIBER_TELLS(100, "a 1;");
	resume();
	SUBSCRIBER_TELLS(100, "a 2345;b 6;");
	subscriber_say(X("an endless one") X("7"));
	ck_assert_str_eq(subscriber_told(), "b an endless one;");
	resume();
	resume();
	a.then = NULL;
	SUBSCRIBER_TELLS(100, "a 6;a an endless one;b 7;a 7;");
}

TEST(redis_subscribe_pause_ends_with_its_owner)
{
	subscriber_say(X("1") X("2") X("3") X("4"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;b 3;");
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "b 4;a ended;");
	ck_assert_uint_eq(noticed.dropped, 3);
}

/* Reading waits for the slowest one. */
TEST(redis_subscribe_pause_for_two)
{
	c.slow = STAY_REDIS_SLOW_PAUSE;
	subscriber_join(&c, "x");
	SUBSCRIBER_TELLS(10, "c subscribed;");
	stay_redis_subscription_pause(c.subscription);
	subscriber_say(X("1") X("2") X("3") X("4"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;b 3;");
	resume();
	SUBSCRIBER_TELLS(10, "a 1;a 2;a 3;");
	stay_redis_subscription_resume(c.subscription);
	SUBSCRIBER_TELLS(10, "c 1;c 2;c 3;a 4;b 4;c 4;");
}

/* The next session waits as well. */
TEST(redis_subscribe_pause_goes_on_over_reconnects)
{
	subscriber_say(X("1") X("2") X("3") X("4"));
	subscriber_kill();
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;b 3;");
	stay_client_reconnect(stay_redis_client(subscriber.redis), STAY_OK);
	SUBSCRIBER_TELLS(6000, "b lost E_RECONNECT;");
	ck_assert(waits());
	subscriber_say(X("5"));
	ck_assert_str_eq(subscriber_told(), "");
	resume();
	SUBSCRIBER_TELLS(10,
	    "a 1;a 2;a 3;a lost E_RECONNECT;a restored;a 5;b restored;"
	    "b 5;");
	ck_assert(!waits());
}

/* ...but no longer than it has to. What the program itself pauses is not its business. */
TEST(redis_subscribe_pause_takes_back_only_its_own)
{
	struct stay_client *client = stay_redis_client(subscriber.redis);

	subscriber_say(X("1") X("2") X("3"));
	ck_assert(waits());
	resume();
	SUBSCRIBER_TELLS(10, "b 1;b 2;b 3;a 1;a 2;a 3;");
	ck_assert(!waits());
	stay_client_pause(client);
	stay_client_reconnect(client, STAY_OK);
	sim_run_ms(subscriber.world, 6000);
	ck_assert(waits());
	stay_client_resume(client);
	ck_assert(!waits());
}

/* What the client may not hold is dropped, and that is told. */
TEST(redis_subscribe_pause_within_what_the_client_may_hold)
{
	begin_with(REDIS(.client.held_replies_max = 2));
	subscriber_say(X("1") X("2") X("3"));
	ck_assert_str_eq(subscriber_told(), "b 1;b 2;b 3;");
	resume();
	SUBSCRIBER_TELLS(10, "a 1;a 2;a dropped;");
	ck_assert_uint_eq(noticed.dropped, 1);
}

/* Calls do not wait in RESP2. */
TEST(redis_subscribe_pause_of_the_connection_apart)
{
	subscriber_begin(subscriber_rows, REDIS(.protocol = 2));
	subscriber.server.arg = &subscriber;
	a.slow = STAY_REDIS_SLOW_PAUSE;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	stay_redis_subscription_pause(a.subscription);
	subscriber_say(MESSAGE2("x", "1") MESSAGE2("x", "2") MESSAGE2("x", "3")
		MESSAGE2("x", "4"));
	ck_assert_uint_eq(subscriber_counts().kept, 3);
	ck_assert(!waits());
	resume();
	SUBSCRIBER_TELLS(10, "a 1;a 2;a 3;a 4;");
	stay_redis_subscription_pause(a.subscription);
	subscriber_say(MESSAGE2("x", "1") MESSAGE2("x", "2") MESSAGE2("x", "3")
		MESSAGE2("x", "4"));
}

TEST_SUITE_WITH(redis_subscribe_pause, .before = begin, .after = subscriber_end)
