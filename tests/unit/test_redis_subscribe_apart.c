/* Subscriptions in RESP2, on a connection of their own; and what both kinds share
 * with calls: transactions, probes. */
#include <string.h>

#include "suites.h"
#include "support/redis_subscriber.h"
#include "support/scarce.h"

static const struct stay_redis_options resp2 = { STAY_REDIS_OPTIONS,
	.protocol = 2 };

/* Two connections to one peer: in RESP2 it acknowledges by arrays. */
static void
begin(void)
{
	subscriber_begin(subscriber_rows, &resp2);
	subscriber.server.arg = &subscriber;
}

static size_t
live(void)
{
	return stay_loop_live(subscriber.loop);
}

/* The second connection is there from the first subscription on. */
TEST(redis_subscribe_apart_has_a_connection_of_its_own)
{
	ck_assert_uint_eq(live(), 1);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
	ck_assert_uint_eq(live(), 2);
	ck_assert_str_eq(subscriber_got(), "|PING;SUBSCRIBE x;");
	subscriber_say(MESSAGE2("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(10, "b subscribed;");
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a ended;");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE y;UNSUBSCRIBE x;");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
}

static size_t live_at_the_end;

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	(void)arg;
	(void)conn;
	(void)reason;
	live_at_the_end = live();
}

/* The first one closes behind the second one. */
TEST(redis_subscribe_apart_ends_with_the_first)
{
	struct stay_redis_options options = resp2;

	options.client.on_closed = on_closed;
	live_at_the_end = 0;
	subscriber_begin(subscriber_rows, &options);
	subscriber.server.arg = &subscriber;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	stay_redis_stop(subscriber.redis);
	SUBSCRIBER_TELLS(2000, "a ended E_STOPPED;");
	ck_assert_uint_eq(live_at_the_end, 1);
	ck_assert_uint_eq(live(), 0);
	EXPECT_OK(stay_loop_free(subscriber.loop));
	subscriber.redis = NULL;
}

static unsigned up, strange;

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	up += status == STAY_OK;
	strange += arg != &up || client != stay_redis_client(subscriber.redis);
}

/* What becomes of its sessions is none of the program's: no notice of the first client
 * is told of the second one. */
TEST(redis_subscribe_apart_is_not_heard_of)
{
	struct stay_redis_options options = resp2;

	options.client.on_session = on_session;
	options.client.arg = &up;
	up = strange = 0;
	subscriber_begin(subscriber_rows, &options);
	subscriber.server.arg = &subscriber;
	strange = 0; /* the first news may come before there is a name for it */
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	subscriber_kill();
	sim_run_ms(subscriber.world, 2000);
	subscriber_told();
	ck_assert_uint_eq(up, 1);
	ck_assert_uint_eq(strange, 0);
}

/* All are stopped at once, whoever comes first. */
TEST(redis_subscribe_apart_ends_with_the_loop)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	stay_loop_stop(subscriber.loop, STAY_OK);
	SUBSCRIBER_TELLS(2000, "a ended E_STOPPED;");
	ck_assert_uint_eq(live(), 0);
	EXPECT_OK(stay_loop_free(subscriber.loop));
	subscriber.redis = NULL;
}

/* In RESP2 it answers a probe with an array. */
TEST(redis_subscribe_apart_is_probed_and_restored)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	subscriber_got();
	sim_run_ms(subscriber.world, 6000);
	ck_assert_str_eq(subscriber_got(), "PING;PING;");
	subscriber_say(MESSAGE2("x", "1") "*2\r\n+pong\r\n+\r\n");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
	subscriber_kill();
	EXPECT_IN(subscriber_told(), "a lost");
	SUBSCRIBER_TELLS(2000, "a restored;");
	ck_assert_uint_eq(subscriber.server.accepted, 3);
}

/* Another server behind the same address speaks RESP3, and then none again. */
TEST(redis_subscribe_apart_moves_to_the_first_and_back)
{
	static const struct peer_row old[] = {
		ON("HELLO", "-ERR unknown command 'HELLO'\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE
	};
	struct peer_end *front;

	subscriber_begin(old, NULL);
	subscriber.server.arg = &subscriber;
	front = subscriber.server.ends;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	ck_assert_uint_eq(live(), 2);
	subscriber.server.rows = subscriber_rows;
	subscriber.server.arg = NULL;
	peer_do(front, 0, PEER_CLOSE);
	SUBSCRIBER_TELLS(1000, "a lost E_RECONNECT;a restored;");
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(live(), 1);
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;");
	subscriber.server.rows = old;
	subscriber.server.arg = &subscriber;
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a lost E_CLOSED;a restored;");
	ck_assert_uint_eq(live(), 2);
}

static void
stay_open(struct peer_end *end)
{
	(void)end;
}

/* What the second connection still hears, while it says goodbye, is neither the answer
 * to what the first one has asked meanwhile, nor another message of the channel. */
TEST(redis_subscribe_apart_is_not_heard_behind_a_move)
{
	static const struct peer_row old[] = {
		ON("HELLO", "-ERR unknown command 'HELLO'\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE
	};
	struct peer_end *front, *apart;

	subscriber_end();
	subscriber_begin(old, NULL);
	subscriber.server.arg = &subscriber;
	subscriber.server.on_end = stay_open;
	front = subscriber.server.ends;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	apart = subscriber.server.ends;
	ck_assert_ptr_ne(apart, front);
	subscriber.server.rows = subscriber_silent;
	subscriber_got();
	peer_do(front, 0, PEER_CLOSE);
	while (strstr(subscriber.log.text, "SUBSCRIBE x") == NULL)
		sim_run_ms(subscriber.world, 1);
	ck_assert_str_eq(subscriber_told(), "a lost E_RECONNECT;");
	peer_say(apart, "*3\r\n+subscribe\r\n+x\r\n:1\r\n" MESSAGE2("x", "1"));
	SUBSCRIBER_TELLS(10, "");
	ck_assert_uint_eq(live(), 2);
	subscriber_say(ACK("subscribe", "x") MESSAGE("x", "2"));
	ck_assert_str_eq(subscriber_told(), "a restored;a 2;");
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(live(), 1);
}

/* It moves with the first one. */
TEST(redis_subscribe_apart_follows_another_url)
{
	struct peer other = { .rows = subscriber_rows,
		.usual = redis_usual,
		.reads = peer_reads_commands,
		.arg = &other };

	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	EXPECT_OK(stay_redis_reconfigure(
	    subscriber.redis, "redis://10.0.0.2", &resp2));
	SUBSCRIBER_TELLS(3000, "a lost E_RECONNECT;a restored;");
	ck_assert_uint_eq(other.accepted, 2);
	ck_assert_uint_eq(live(), 2);
	subscriber_end();
}

/* Another server, at 10.0.0.2. */
static struct peer other = { .rows = subscriber_rows,
	.usual = redis_usual,
	.reads = peer_reads_commands,
	.arg = &other };

/* Also if it is the client's own function that moves the first one, as a pool does. */
TEST(redis_subscribe_apart_follows_a_client_that_moves)
{
	other.accepted = 0;
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	EXPECT_OK(stay_client_reconfigure(
	    stay_redis_client(subscriber.redis), "redis://10.0.0.2", NULL));
	SUBSCRIBER_TELLS(3000, "a lost E_RECONNECT;a restored;");
	ck_assert_uint_eq(other.accepted, 2);
	ck_assert_uint_eq(live(), 2);
}

/* ---- it stays as long as nothing that concerns it changes ---- */

static void
ignore_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *reply)
{
	(void)arg;
	(void)redis;
	(void)reply;
}

static void
change(const char *url, const struct stay_redis_options *options)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	EXPECT_OK(stay_redis_reconfigure(subscriber.redis, url, options));
	sim_run_ms(subscriber.world, 100);
	ck_assert_uint_eq(live(), 2);
}

/* What is of calls, or the program's ears. */
TEST(redis_subscribe_apart_stays)
{
	struct stay_redis_options options = resp2;
	struct peer_end *apart;

	options.on_push = ignore_push;
	options.on_push_arg = &options;
	options.on_orphan = ignore_push;
	options.on_orphan_arg = &options;
	options.client.call_timeout_ms = 1;
	options.client.block_margin_ms = 2;
	options.client.queue_calls_max = 3;
	options.client.queue_bytes_max = 4;
	options.client.queue_high_percent = 90;
	options.client.queue_low_percent = 1;
	options.client.waiters_max = 2;
	options.client.resends_max = 5;
	options.client.resend_percent = 6;
	options.client.resend_burst = 7;
	options.client.on_fatal = STAY_FATAL_STOP;
	options.client.label = "redis://10.0.0.1";
	options.client.urls = (const char *const[]){ "redis://10.0.0.2", NULL };
	/* between two fields there is what was in memory */
	memset(&options.client.backoff.attempts_max + 1, 0xff,
	    sizeof(options.client.backoff.attempts_max));
	change("redis://10.0.0.1", &options);
	ck_assert_uint_eq(subscriber.server.accepted, 3);
	apart = subscriber.server.ends->next;
	peer_say(apart, MESSAGE2("x", "1"));
	SUBSCRIBER_TELLS(10, "a 1;");
}

static void
log_in(void *arg, struct stay_redis_login *login)
{
	(void)arg;
	(void)login;
}

static const struct stay_socket_options slow_socket = { .nodelay = false };

/* And nothing else, as what the second one is asked to be. */
static const struct concern {
	const char *url;
	struct stay_redis_options options;
} concerns[] = {
	{ "redis://:p@10.0.0.1", { STAY_REDIS_OPTIONS, .protocol = 2 } },
	{ "redis://u:@10.0.0.1", { STAY_REDIS_OPTIONS, .protocol = 2 } },
	{ "redis://10.0.0.1?client_name=n",
	    { STAY_REDIS_OPTIONS, .protocol = 2 } },
	{ "redis://10.0.0.1",
	    { STAY_REDIS_OPTIONS, .protocol = 2, .credentials = log_in } },
	{ "redis://10.0.0.1",
	    { STAY_REDIS_OPTIONS, .protocol = 2, .client.probe_ms = 9 } },
	{ "redis://10.0.0.1",
	    { STAY_REDIS_OPTIONS, .protocol = 2, .client.label = "other" } },
	{ "redis://10.0.0.1", { STAY_REDIS_OPTIONS, .protocol = 2,
				  .client.socket = &slow_socket } },
};

TEST_ROWS(redis_subscribe_apart_is_replaced, LEN(concerns))
{
	change(concerns[_i].url, &concerns[_i].options);
	SUBSCRIBER_TELLS(0, "a lost E_RECONNECT;a restored;");
	ck_assert_uint_eq(subscriber.server.accepted, 4);
}

/* A login of a place is its own. */
TEST_ROWS(redis_subscribe_apart_is_replaced_for_the_login_of_its_place, 2)
{
	static const char *const logins[] = { "redis://u:q@10.0.0.1",
		"redis://v:p@10.0.0.1" };
	const char *urls[] = { "redis://u:p@10.0.0.1", NULL };
	struct stay_redis_options options = resp2;

	options.client.urls = urls;
	subscriber_begin(subscriber_rows, NULL);
	subscriber.server.arg = &subscriber;
	EXPECT_OK(stay_redis_reconfigure(
	    subscriber.redis, "redis://10.0.0.2", &options));
	sim_run_ms(subscriber.world, 1000);
	urls[0] = logins[_i];
	change("redis://10.0.0.2", &options);
	SUBSCRIBER_TELLS(2000, "a lost E_RECONNECT;a restored;");
}

/* It hears all until the first one has moved. */
TEST(redis_subscribe_apart_waits_for_the_first)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	EXPECT_OK(stay_redis_reconfigure(
	    subscriber.redis, "redis://10.0.0.2", &resp2));
	sim_run_ms(subscriber.world, 3000);
	subscriber_say(MESSAGE2("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;");
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	SUBSCRIBER_TELLS(9000, "a lost E_RECONNECT;a restored;");
}

/* ---- a callback moves both ---- */

static void
move(struct subscriber *owner)
{
	owner->then = NULL;
	EXPECT_OK(stay_redis_reconfigure(
	    subscriber.redis, "redis://10.0.0.2", &resp2));
}

static void
move_when_it_ends(
    struct subscriber *owner, const struct stay_redis_notice *notice)
{
	if (notice->kind == STAY_REDIS_ENDED)
		move(owner);
}

/* Who is denied tries another place, or another user. */
TEST(redis_subscribe_apart_moves_when_it_is_denied)
{
	static const struct peer_row denying[] = { ON("SUBSCRIBE y",
						       "-NOPERM not you\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE };

	other.accepted = 0;
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	subscriber.server.rows = denying;
	subscriber_join(&b, "y");
	b.notes = move_when_it_ends;
	SUBSCRIBER_TELLS(
	    3000, "b ended E_DENIED;a lost E_RECONNECT;a restored;");
	ck_assert_uint_eq(other.accepted, 2);
	ck_assert_uint_eq(subscriber_counts().channels, 1);
}

/* The same message is kept for another owner. */
TEST(redis_subscribe_apart_moves_while_a_message_is_told)
{
	other.accepted = 0;
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;b subscribed;");
	stay_redis_subscription_pause(b.subscription);
	a.then = move;
	subscriber_say(MESSAGE2("x", "1"));
	SUBSCRIBER_TELLS(3000, "a 1;a lost E_RECONNECT;a restored;");
	stay_redis_subscription_resume(b.subscription);
	SUBSCRIBER_TELLS(10, "b 1;b lost E_RECONNECT;b restored;");
}

static struct stay_held *held;

static void
move_and_hold(struct subscriber *owner)
{
	move(owner);
	EXPECT_OK(stay_redis_message_hold(owner->subscription, &held));
}

TEST(redis_subscribe_apart_moves_and_holds_a_message)
{
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	a.then = move_and_hold;
	subscriber_say(MESSAGE2("x", "1"));
	SUBSCRIBER_TELLS(3000, "a 1;a lost E_RECONNECT;a restored;");
	ck_assert_str_eq(
	    stay_redis_message_of(stay_held_reply(held)).payload.data, "1");
	stay_held_free(held);
}

/* Its place has died, and the first one has another. */
TEST(redis_subscribe_apart_follows_to_the_next_place)
{
	static const char *const urls[] = { "redis://10.0.0.2", NULL };
	struct stay_redis_options options = resp2;
	struct peer_end *front;

	options.client.urls = urls;
	subscriber_end();
	other.accepted = 0;
	subscriber_begin(subscriber_rows, &options);
	subscriber.server.arg = &subscriber;
	front = subscriber.server.ends;
	peer_listen(&other, subscriber.world, "10.0.0.2", 6379);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	sim_unlisten(subscriber.world, "10.0.0.1", 6379);
	peer_do(front, 0, PEER_CLOSE);
	subscriber_kill();
	SUBSCRIBER_TELLS(3000, "a lost E_CLOSED;a restored;");
	ck_assert_uint_eq(other.accepted, 2);
	ck_assert_uint_eq(live(), 2);
}

/* Somebody stops the second one by itself: what was on it has ended. */
TEST(redis_subscribe_apart_gives_up)
{
	struct peer_end *front;

	subscriber_begin(subscriber_rows,
	    REDIS(.protocol = 2,
		.client.backoff = {
		    .initial_ms = 100, .cap_ms = 100, .attempts_max = 2 }));
	subscriber.server.arg = &subscriber;
	front = subscriber.server.ends;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	sim_unlisten(subscriber.world, "10.0.0.1", 6379);
	ck_assert_ptr_ne(subscriber.server.ends, front);
	subscriber_kill();
	subscriber_told();
	SUBSCRIBER_TELLS(2000, "a ended E_ATTEMPTS;");
	ck_assert_uint_eq(live(), 1);
	peer_listen(&subscriber.server, subscriber.world, "10.0.0.1", 6379);
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(100, "b subscribed;");
	ck_assert_uint_eq(live(), 2);
}

TEST(redis_subscribe_apart_without_memory)
{
	subscriber_join(&a, "x");
	scarce_drought();
	sim_run_ms(subscriber.world, 5);
	scarce_disarm();
	ck_assert_uint_eq(live(), 1);
	SUBSCRIBER_TELLS(6000, "a subscribed;");
	ck_assert_uint_eq(live(), 2);
}

/* Whichever of its allocations fails. */
TEST_ROWS(redis_subscribe_apart_without_a_part_of_its_memory, 20)
{
	subscriber_join(&a, "x");
	scarce_arm((unsigned)_i + 1);
	sim_run_ms(subscriber.world, 5);
	scarce_disarm();
	SUBSCRIBER_TELLS(6000, "a subscribed;");
	ck_assert_uint_eq(live(), 2);
}

/* Nobody knows then whether it is to be replaced. */
TEST_ROWS(redis_subscribe_apart_is_compared_without_a_part_of_its_memory, 20)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	EXPECT_OK(stay_redis_reconfigure(
	    subscriber.redis, "redis://10.0.0.1", &resp2));
	scarce_arm((unsigned)_i + 1);
	sim_run_ms(subscriber.world, 5);
	scarce_disarm();
	sim_run_ms(subscriber.world, 6000);
	subscriber_told();
	ck_assert_uint_eq(live(), 2);
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "b subscribed;");
}

/* ---- transactions ---- */

static void
call(const char *command)
{
	EXPECT_OK(stay_redis_command(subscriber.redis, NULL, NULL, command));
}

/* It waits for EXEC. */
TEST(redis_subscribe_waits_for_a_transaction)
{
	subscriber_begin_usual();
	call("MULTI");
	sim_run_ms(subscriber.world, 10);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(100, "");
	ck_assert_str_eq(subscriber_got(), "MULTI;");
	call("EXEC");
	SUBSCRIBER_TELLS(100, "a subscribed;");
	ck_assert_str_eq(subscriber_got(), "EXEC;SUBSCRIBE x;");
}

/* One that has got into it spoils it: the session is left. */
TEST(redis_subscribe_gets_into_a_transaction)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "SUBSCRIBE",
						    "+QUEUED\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE };

	subscriber_begin(rows, NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(2000, "a subscribed;");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
}

/* An answer that there is not would give every later one to the wrong caller. */
static const struct misled {
	unsigned protocol;
	const char *answer;
} misled[] = {
	{ 3, "+OK\r\n" },
	{ 3, ":1\r\n" },
	{ 3, "*3\r\n+subscribe\r\n+x\r\n:1\r\n" },
	{ 2, "+OK\r\n" },
	{ 2, "$1\r\n1\r\n" },
	{ 2, "*2\r\n+pong\r\n+\r\n" },
};

TEST_ROWS(redis_subscribe_is_answered_by_something_else, LEN(misled))
{
	const struct peer_row answers[] = { ON_FIRST(1, "SUBSCRIBE",
						misled[_i].answer),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE };
	bool is_apart = misled[_i].protocol == 2;

	subscriber_begin(answers, REDIS(.protocol = misled[_i].protocol));
	subscriber.server.arg = is_apart ? &subscriber : NULL;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(2000, "a subscribed;");
	ck_assert_uint_eq(subscriber.server.accepted, is_apart ? 3 : 2);
	subscriber_end();
}

TEST_SUITE_WITH(redis_subscribe_apart, .before = begin, .after = subscriber_end)
