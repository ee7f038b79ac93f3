/* Subscriptions against a server that is scripted: what is asked, what is told. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/redis_subscriber.h"

/* ---- the usual ---- */

TEST(redis_subscribe_begins_delivers_and_ends)
{
	subscriber_join(&a, "news");
	ck_assert_str_eq(subscriber_told(), "");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE news;");
	subscriber_say(MESSAGE("news", "1") MESSAGE("news", "2"));
	ck_assert_str_eq(subscriber_told(), "a 1;a 2;");
	subscriber_leave(&a);
	subscriber_leave(&a);
	ck_assert_str_eq(subscriber_told(), "");
	subscriber_say(MESSAGE("news", "3"));
	ck_assert_str_eq(subscriber_told(), "a ended;");
	ck_assert_str_eq(subscriber_got(), "UNSUBSCRIBE news;");
	ck_assert_uint_eq(subscriber_counts().channels, 0);
	ck_assert_uint_eq(subscriber_counts().bytes, 0);
}

/* The longest frame of a subscription has as many values as every config allows. */
TEST(redis_subscribe_with_the_fewest_values)
{
	const struct stay_redis_options fewer = { STAY_REDIS_OPTIONS,
		.elements_max = 4 };

	subscriber_begin(subscriber_rows, REDIS(.elements_max = 5));
	EXPECT_OK(subscriber_try(&a, STAY_REDIS_PATTERN, "x*"));
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_say(">4\r\n+pmessage\r\n+x*\r\n+xy\r\n+1\r\n");
	ck_assert_str_eq(subscriber_told(), "a 1;");
	ck_assert_int_eq(stay_redis_reconfigure(
			     subscriber.redis, "redis://10.0.0.1", &fewer),
	    STAY_E_ARG);
	ck_assert_str_eq(stay_loop_rejection(subscriber.loop),
	    "elements_max is 4, and may be 5 to 2147483647");
}

/* Nothing else is taken for the answer. */
TEST(redis_subscribe_waits_for_its_own_answer)
{
	subscriber_begin(subscriber_silent, NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "");
	subscriber_say(ACK("subscribe", "y") ACK("subscribe", "xy")
		ACK("psubscribe", "x") ACK("unsubscribe", "x"));
	ck_assert_str_eq(subscriber_told(), "");
	subscriber_say(ACK("subscribe", "x"));
	ck_assert_str_eq(subscriber_told(), "a subscribed;");
	ck_assert_uint_eq(subscriber.server.accepted, 1);
}

/* Nor is anything an answer to what was not asked. */
TEST(redis_subscribe_has_asked_for_nothing)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_say("+OK\r\n");
	ck_assert_str_eq(subscriber_told(), "a lost E_UNASKED;");
	ck_assert_ptr_null(strstr(
	    stay_conn_failure(stay_redis_conn(subscriber.redis)), "SUBSCRIBE"));
}

static struct subscriber *leaver;

static void
leave_one(struct subscriber *owner)
{
	owner->then = NULL;
	subscriber_leave(leaver);
}

/* Whoever the first one sends away, all the others get the message. */
static const struct {
	struct subscriber *leaver;
	const char *told;
} leavers[] = {
	{ &a, "a 1;b 1;c 1;a ended;" },
	{ &b, "a 1;c 1;b ended;" },
	{ &c, "a 1;b 1;c ended;" },
};

TEST_ROWS(redis_subscribe_one_leaves_while_a_message_is_told, 3)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	subscriber_join(&c, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;c subscribed;");
	leaver = leavers[_i].leaver;
	a.then = leave_one;
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), leavers[_i].told);
}

/* Nobody wants it any more, so it is not waited for. */
TEST(redis_subscribe_ends_with_the_session)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber.server.rows = subscriber_silent;
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a ended;");
	ck_assert_uint_eq(subscriber_counts().channels, 1);
	subscriber_kill();
	ck_assert_uint_eq(subscriber_counts().channels, 0);
}

/* The end of another one's gap is none of a gap that is over, and not told yet. */
TEST(redis_subscribe_a_gap_ends_once)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	stay_redis_subscription_pause(a.subscription);
	subscriber_kill();
	SUBSCRIBER_TELLS(2000, "b lost E_CLOSED;b restored;");
	subscriber_say(MESSAGE("x", "1") ACK("unsubscribe", "y"));
	SUBSCRIBER_TELLS(100, "b lost E_LOST;b restored;");
	stay_redis_subscription_resume(a.subscription);
	SUBSCRIBER_TELLS(10, "a lost E_CLOSED;a restored;a 1;");
}

/* Who has much to be told does not keep the others waiting. */
TEST(redis_subscribe_owners_take_turns)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	stay_redis_subscription_pause(a.subscription);
	stay_redis_subscription_pause(b.subscription);
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2"));
	stay_redis_subscription_resume(a.subscription);
	stay_redis_subscription_resume(b.subscription);
	SUBSCRIBER_TELLS(10, "a 1;b 1;a 2;b 2;");
}

/* One on the wire, however many subscribe; the order is that of subscribing. */
TEST(redis_subscribe_many_share_a_channel)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	subscriber_join(&c, "x");
	ck_assert_str_eq(subscriber_told(), "");
	SUBSCRIBER_TELLS(10, "c subscribed;");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;");
	ck_assert_uint_eq(subscriber_counts().subscriptions, 3);
	ck_assert_uint_eq(subscriber_counts().channels, 1);
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;b 1;c 1;");
	subscriber_leave(&a);
	subscriber_leave(&c);
	SUBSCRIBER_TELLS(10, "a ended;c ended;");
	ck_assert_str_eq(subscriber_got(), "");
	subscriber_say(MESSAGE("x", "2"));
	ck_assert_str_eq(subscriber_told(), "b 2;");
	subscriber_leave(&b);
	SUBSCRIBER_TELLS(10, "b ended;");
	ck_assert_str_eq(subscriber_got(), "UNSUBSCRIBE x;");
}

/* Nothing is missed, and so the server hears nothing of it. */
TEST(redis_subscribe_again_in_the_same_turn)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_got();
	subscriber_leave(&a);
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a ended;b subscribed;");
	ck_assert_str_eq(subscriber_got(), "");
	subscriber_join(&c, "y");
	subscriber_leave(&c);
	SUBSCRIBER_TELLS(10, "c ended;");
	ck_assert_str_eq(subscriber_got(), "");
}

/* One question at a time: the answer decides what is asked next. */
TEST(redis_subscribe_ends_while_it_is_on_its_way)
{
	subscriber.server.mute = true;
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "");
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a ended;");
	subscriber_join(&b, "x");
	subscriber_leave(&b);
	SUBSCRIBER_TELLS(10, "b ended;");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;");
	peer_unmute(&subscriber.server);
	subscriber.server.mute = true;
	sim_run_ms(subscriber.world, 10);
	ck_assert_str_eq(subscriber_got(), "UNSUBSCRIBE x;");
	subscriber_join(&c, "x");
	SUBSCRIBER_TELLS(10, "");
	ck_assert_str_eq(subscriber_got(), "");
	peer_unmute(&subscriber.server);
	SUBSCRIBER_TELLS(10, "c subscribed;");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;");
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "c 1;");
}

/* What comes for somebody who has left is not for who comes behind. */
TEST(redis_subscribe_gets_nothing_before_it_is_acknowledged)
{
	subscriber_begin(subscriber_silent, NULL);
	subscriber_join(&a, "x");
	sim_run_ms(subscriber.world, 10);
	subscriber_say(ACK("subscribe", "x"));
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a subscribed;a ended;");
	subscriber_join(&b, "x");
	subscriber_say(
	    MESSAGE("x", "1") ACK("unsubscribe", "x") MESSAGE("x", "2"));
	ck_assert_str_eq(subscriber_told(), "");
	subscriber_say(ACK("subscribe", "x") MESSAGE("x", "3"));
	ck_assert_str_eq(subscriber_told(), "b subscribed;b 3;");
	ck_assert_str_eq(
	    subscriber_got(), "SUBSCRIBE x;UNSUBSCRIBE x;SUBSCRIBE x;");
}

/* ---- other kinds ---- */

TEST(redis_subscribe_to_patterns_and_shards)
{
	EXPECT_OK(subscriber_try(&a, STAY_REDIS_PATTERN, "n*"));
	EXPECT_OK(subscriber_try(&b, STAY_REDIS_SHARD, "n*"));
	EXPECT_OK(subscriber_try(&c, STAY_REDIS_CHANNEL, "n*"));
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;c subscribed;");
	ck_assert_str_eq(
	    subscriber_got(), "PSUBSCRIBE n*;SSUBSCRIBE n*;SUBSCRIBE n*;");
	subscriber_say(">4\r\n+pmessage\r\n+n*\r\n+nx\r\n+1\r\n"
		       ">3\r\n+smessage\r\n+n*\r\n+2\r\n" MESSAGE("n*", "3"));
	ck_assert_str_eq(subscriber_told(), "a 1;b 2;c 3;");
	subscriber_leave(&a);
	subscriber_leave(&b);
	subscriber_leave(&c);
	SUBSCRIBER_TELLS(10, "a ended;b ended;c ended;");
	ck_assert_str_eq(subscriber_got(),
	    "PUNSUBSCRIBE n*;SUNSUBSCRIBE n*;UNSUBSCRIBE n*;");
}

static struct stay_redis_message last;
static char channel[32];

static void
look(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)arg;
	(void)subscription;
	last = *message;
	memcpy(channel, message->channel.data, message->channel.len);
}

/* A name may have any bytes, and tells itself apart by each. */
TEST(redis_subscribe_to_any_bytes)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "x\0\r\ny",
		.name_len = 5, .on_message = look
	};
	static const char all[] =
	    ">3\r\n$7\r\nmessage\r\n$5\r\nx\0\r\nz\r\n$1\r\n1\r\n"
	    ">3\r\n$7\r\nmessage\r\n$5\r\nx\0\r\ny\r\n$2\r\n\0\n\r\n";
	struct stay_redis_subscription *of;
	struct stay_bytes name;

	EXPECT_OK(stay_redis_subscribe(subscriber.redis, &options, &of));
	name = stay_redis_subscription_name(of);
	ck_assert_uint_eq(name.len, 5);
	ck_assert_mem_eq(name.data, "x\0\r\ny", 5);
	ck_assert_ptr_eq(stay_redis_subscription_redis(of), subscriber.redis);
	ck_assert_int_eq(
	    stay_redis_subscription_kind_of(of), STAY_REDIS_CHANNEL);
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(subscriber_counts().channels, 1);
	peer_send(subscriber.server.ends, 0, 0, all, sizeof(all) - 1);
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(last.payload.len, 2);
	ck_assert_mem_eq(channel, "x\0\r\ny", 5);
	ck_assert_uint_eq(subscriber_counts().delivered, 1);
}

/* ---- frames of all sorts ---- */

static void
done(void *arg, const struct stay_result *result)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %s", (const char *)arg,
	    stay_redis_str(result->reply));
	subscriber_note(&(const struct subscriber){ .name = "call" }, text);
}

static void
call(const char *command)
{
	EXPECT_OK(stay_redis_command(
	    subscriber.redis, done, (void *)(uintptr_t)command, command));
}

/* Acknowledgements and messages come between the replies of calls. */
TEST(redis_subscribe_beside_calls_cut_at_every_byte)
{
	static const char all[] = "$1\r\n1\r\n" ACK("subscribe", "x")
	    MESSAGE("x", "m") "$1\r\n2\r\n" MESSAGE("x", "n");

	for (size_t cut = 1; cut < sizeof(all) - 1; cut++) {
		subscriber_begin((const struct peer_row[]){ ON("SUBSCRIBE", ""),
				     ON("GET", ""), NO_MORE },
		    NULL);
		call("GET 1");
		sim_run_ms(subscriber.world, 10);
		subscriber_join(&a, "x");
		sim_run_ms(subscriber.world, 10);
		call("GET 2");
		sim_run_ms(subscriber.world, 10);
		ck_assert_str_eq(subscriber_got(), "GET 1;SUBSCRIBE x;GET 2;");
		peer_send(subscriber.server.ends, 0, 0, all, cut);
		peer_send(subscriber.server.ends, 5, 0, all + cut,
		    sizeof(all) - 1 - cut);
		SUBSCRIBER_TELLS(
		    20, "call GET 1 1;a subscribed;a m;call GET 2 2;a n;");
	}
}

/* A probe that was under way before there were subscriptions is none of theirs. */
TEST(redis_subscribe_behind_a_probe)
{
	subscriber_begin(
	    (const struct peer_row[]){ ON_FIRST(1, "PING", "+PONG\r\n"),
		ON("PING", ""), ON("SUBSCRIBE", ""), NO_MORE },
	    NULL);
	sim_run_ms(subscriber.world, 5500);
	ck_assert_str_eq(subscriber_got(), "PING;");
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "");
	subscriber_say("+PONG\r\n");
	ck_assert_str_eq(subscriber_told(), "");
	subscriber_say(ACK("subscribe", "x"));
	ck_assert_str_eq(subscriber_told(), "a subscribed;");
	ck_assert_uint_eq(subscriber.server.accepted, 1);
}

static unsigned pushes;

static void
on_push(void *arg, struct stay_redis *of, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)of;
	(void)push;
	pushes++;
}

/* Other pushes are the program's. */
TEST(redis_subscribe_leaves_other_pushes_alone)
{
	pushes = 0;
	subscriber_begin(subscriber_rows, REDIS(.on_push = on_push));
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_uint_eq(pushes, 1);
	subscriber_join(&a, "x");
	sim_run_ms(subscriber.world, 10);
	subscriber_say(MESSAGE("x", "1") MESSAGE("y", "2"));
	ck_assert_uint_eq(pushes, 1);
	subscriber_say(
	    ">2\r\n+invalidate\r\n*1\r\n+k\r\n>2\r\n+message\r\n+x\r\n");
	ck_assert_uint_eq(pushes, 3);
	ck_assert_str_eq(subscriber_told(), "a subscribed;a 1;");
}

/* The server is asked for a bounded number at once, and as many owners are told in a round:
 * a step is two turns, each of four rounds. */
TEST(redis_subscribe_to_many_channels)
{
	enum { MANY = 3000 };
	uint64_t left = MANY, before;
	static struct subscriber many[MANY];
	char name[16];

	subscriber.server.mute = true;
	subscriber.server.log = NULL;
	for (int i = 0; i < MANY; i++) {
		many[i].name = "m";
		snprintf(name, sizeof(name), "%d", i);
		subscriber_join(&many[i], name);
	}
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(subscriber_counts().channels, MANY);
	ck_assert_uint_eq(subscriber.server.used[0], 256);
	peer_unmute(&subscriber.server);
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(subscriber.server.used[0], MANY);
	ck_assert_uint_eq(subscriber_counts().acknowledged, MANY);
	subscriber_told();
	subscriber_say(MESSAGE("1234", "1"));
	ck_assert_str_eq(subscriber_told(), "m 1;");
	for (int i = 0; i < MANY; i++)
		subscriber_leave(&many[i]);
	while ((before = left) > 0) {
		sim_step(subscriber.world);
		left = subscriber_counts().subscriptions;
		ck_assert_uint_le(before - left, 2 * 4 * 256);
	}
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(subscriber.server.used[3], MANY);
	ck_assert_uint_eq(subscriber_counts().channels, 0);
	ck_assert_uint_eq(subscriber_counts().bytes, 0);
}

/* What the last session was asked, and has not answered, is not due in this one. */
TEST(redis_subscribe_asks_the_next_session_as_many)
{
	enum { MANY = 300 };
	static struct subscriber many[MANY];
	char name[16];

	subscriber_begin(subscriber_silent, NULL);
	subscriber.server.log = NULL;
	for (int i = 0; i < MANY; i++) {
		many[i].name = "m";
		snprintf(name, sizeof(name), "%d", i);
		subscriber_join(&many[i], name);
	}
	sim_run_ms(subscriber.world, 10);
	ck_assert_uint_eq(subscriber.server.used[0], 256);
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(subscriber.server.used[0], 256 + 256);
}

/* ---- sessions ---- */

TEST(redis_subscribe_is_restored)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(100, "a subscribed;");
	subscriber_kill();
	ck_assert_str_eq(subscriber_told(), "a lost E_CLOSED;");
	SUBSCRIBER_TELLS(1000, "a restored;");
	ck_assert_uint_gt(noticed.until_ms, noticed.since_ms);
	ck_assert_uint_eq(subscriber.server.accepted, 2);
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;");
	ck_assert_uint_eq(subscriber_counts().lost, 1);
}

/* Before it has ever been acknowledged nothing can have been missed. */
TEST(redis_subscribe_that_was_never_acknowledged_loses_nothing)
{
	subscriber_begin(subscriber_silent, NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "");
	subscriber.server.rows = subscriber_rows;
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a subscribed;");
}

/* RESTORED is for all of them. What comes before it comes. */
TEST(redis_subscribe_is_restored_with_the_last_acknowledgement)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(100, "a subscribed;b subscribed;");
	subscriber.server.rows = subscriber_silent;
	subscriber_kill();
	ck_assert_str_eq(subscriber_told(), "a lost E_CLOSED;b lost E_CLOSED;");
	SUBSCRIBER_TELLS(1000, "");
	subscriber_say(ACK("subscribe", "x"));
	ck_assert_str_eq(subscriber_told(), "");
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a 1;");
	subscriber_say(ACK("subscribe", "y"));
	ck_assert_str_eq(subscriber_told(), "a restored;b restored;");
}

/* Who leaves is not waited for. */
TEST(redis_subscribe_is_restored_without_who_left)
{
	subscriber_join(&a, "x");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(100, "a subscribed;b subscribed;");
	subscriber.server.rows = subscriber_silent;
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a lost E_CLOSED;b lost E_CLOSED;");
	subscriber_say(ACK("subscribe", "x"));
	subscriber_leave(&b);
	subscriber_say("-NOPERM no\r\n");
	ck_assert_str_eq(subscriber_told(), "b ended;a restored;");
}

/* One gap after the other is one, if nobody was told between them. */
TEST(redis_subscribe_is_lost_again_before_it_is_restored)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(100, "a subscribed;");
	subscriber.server.rows = subscriber_silent;
	subscriber_kill();
	ck_assert_str_eq(subscriber_told(), "a lost E_CLOSED;");
	sim_run_ms(subscriber.world, 1000);
	subscriber.server.rows = subscriber_rows;
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a restored;");
	ck_assert_uint_eq(subscriber.server.accepted, 3);
}

/* What the last session was asked is not answered in the next one. */
TEST(redis_subscribe_is_lost_with_a_proof_under_way)
{
	static const struct peer_row mute[] = { DO("SUBSCRIBE",
						    subscriber_acknowledges),
		ON_FIRST(1, "PING", ""), NO_MORE };

	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(1500, "a subscribed;");
	subscriber.server.rows = mute;
	subscriber_say(MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;PING;");
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a 1;a lost E_CLOSED;a restored;");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
}

/* What is told of the beginning of a gap is true: a reply has come to what was sent
 * then. */
TEST(redis_subscribe_knows_since_when_nothing_is_missing)
{
	uint64_t begun;

	subscriber_join(&a, "x");
	sim_run_ms(subscriber.world, 10);
	begun = stay_loop_now_ms(subscriber.loop);
	for (int i = 0; i < 20; i++) {
		sim_run_ms(subscriber.world, 200);
		subscriber_say(MESSAGE("x", "1"));
	}
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;PING;PING;PING;PING;");
	subscriber_kill();
	ck_assert_uint_ge(noticed.since_ms, begun + 3000);
	ck_assert_uint_le(noticed.since_ms, begun + 4210);
}

/* ...and not when the reply came. */
TEST(redis_subscribe_knows_that_a_proof_is_as_old_as_its_question)
{
	static const struct peer_row mute[] = { ON("PING", ""), NO_MORE };
	uint64_t asked;

	subscriber_join(&a, "x");
	sim_run_ms(subscriber.world, 1500);
	subscriber.server.rows = mute;
	subscriber_say(MESSAGE("x", "1"));
	asked = stay_loop_now_ms(subscriber.loop);
	sim_run_ms(subscriber.world, 500);
	subscriber_say("+PONG\r\n");
	subscriber_kill();
	ck_assert_str_eq(
	    subscriber_told(), "a subscribed;a 1;a lost E_CLOSED;");
	ck_assert_uint_le(noticed.since_ms, asked);
	ck_assert_uint_ge(noticed.since_ms, asked - 20);
}

TEST(redis_subscribe_counts_what_is_not_over)
{
	subscriber_join(&a, "x");
	sim_run_ms(subscriber.world, 100);
	ck_assert_uint_eq(subscriber_counts().acknowledged, 1);
	subscriber_leave(&a);
	sim_run_ms(subscriber.world, 100);
	ck_assert_uint_eq(subscriber_counts().acknowledged, 0);
	subscriber_kill();
	sim_run_ms(subscriber.world, 1000);
	ck_assert_uint_eq(subscriber_counts().lost, 0);
}

/* ---- refused ---- */

TEST(redis_subscribe_is_refused)
{
	subscriber_begin(
	    (const struct peer_row[]){ ON("SUBSCRIBE x", "-NOPERM not you\r\n"),
		ON("SSUBSCRIBE", "-MOVED 7 10.0.0.9:1\r\n"), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a ended E_DENIED;b ended E_DENIED;");
	ck_assert_str_eq(noticed_words, "NOPERM not you");
	EXPECT_OK(subscriber_try(&a, STAY_REDIS_SHARD, "s"));
	SUBSCRIBER_TELLS(10, "a ended E_SERVER;");
	ck_assert_str_eq(noticed_words, "MOVED 7 10.0.0.9:1");
	ck_assert_uint_eq(subscriber_counts().refused, 3);
	ck_assert_uint_eq(subscriber_counts().bytes, 0);
	ck_assert_uint_eq(subscriber.server.accepted, 1);
}

static void
again(struct subscriber *owner, const struct stay_redis_notice *notice)
{
	if (notice->kind != STAY_REDIS_ENDED)
		return;
	owner->notes = NULL;
	subscriber_leave(&c);
	subscriber_join(&b, "x");
}

/* In its ENDED an owner asks once more, and another one leaves. */
TEST(redis_subscribe_asks_again_when_it_is_refused)
{
	subscriber_begin(
	    (const struct peer_row[]){
		ON_FIRST(1, "SUBSCRIBE x", "-NOPERM not you\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	subscriber_join(&c, "x");
	a.notes = again;
	SUBSCRIBER_TELLS(10, "a ended E_DENIED;c ended;b subscribed;");
}

static void
insist(struct subscriber *owner, const struct stay_redis_notice *notice)
{
	if (notice->kind != STAY_REDIS_ENDED)
		return;
	owner->notes = NULL;
	subscriber.server.rows = subscriber_silent;
	subscriber_join(&c, "y");
}

/* Who asks once more has not lost anything, and is not waited for. */
TEST(redis_subscribe_is_restored_without_who_asks_again)
{
	static const struct peer_row denying[] = {
		ON("SUBSCRIBE y", "-NOPERM not any more\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE
	};

	subscriber_join(&a, "x");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(100, "a subscribed;b subscribed;");
	b.notes = insist;
	subscriber.server.rows = denying;
	subscriber_kill();
	SUBSCRIBER_TELLS(1000,
	    "a lost E_CLOSED;b lost E_CLOSED;b ended E_DENIED;a restored;");
	subscriber_say(ACK("subscribe", "y"));
	ck_assert_str_eq(subscriber_told(), "c subscribed;");
}

static void
resume(struct subscriber *owner, const struct stay_redis_notice *notice)
{
	if (notice->kind == STAY_REDIS_ENDED)
		stay_redis_subscription_resume(owner->subscription);
}

/* Whoever resumes what has ended is told nothing more, and it is freed all the same. */
TEST(redis_subscribe_is_resumed_as_it_ends)
{
	subscriber_join(&a, "x");
	a.notes = resume;
	SUBSCRIBER_TELLS(10, "a subscribed;");
	stay_redis_subscription_pause(a.subscription);
	subscriber_leave(&a);
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a ended;b subscribed;");
	subscriber_leave(&b);
	SUBSCRIBER_TELLS(10, "b ended;");
}

/* A server that can't now is asked a little later, and not in a hurry. */
TEST(redis_subscribe_is_refused_for_now)
{
	subscriber_begin(
	    (const struct peer_row[]){
		ON_FIRST(2, "SUBSCRIBE", "-CLUSTERDOWN\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(900, "");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(50, "");
	ck_assert_str_eq(subscriber_got(), "SUBSCRIBE x;");
	SUBSCRIBER_TELLS(2100, "b subscribed;a subscribed;");
}

/* Another one, which comes meanwhile, may well be able to. */
TEST(redis_subscribe_that_is_refused_for_now_asks_the_next_session_at_once)
{
	subscriber_begin(
	    (const struct peer_row[]){
		ON_FIRST(1, "SUBSCRIBE", "-CLUSTERDOWN\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(100, "");
	stay_client_reconnect(stay_redis_client(subscriber.redis), STAY_OK);
	SUBSCRIBER_TELLS(100, "a subscribed;");
}

/* Its gap is nobody's any more, and keeps no other one open. */
TEST(redis_subscribe_that_is_given_up_in_a_gap_restores_nothing)
{
	subscriber_begin(
	    (const struct peer_row[]){
		ON_FIRST(1, "SUBSCRIBE", ACK("subscribe", "x")),
		ON_FIRST(1, "SUBSCRIBE", ACK("subscribe", "y")),
		ON_FIRST(2, "SUBSCRIBE", ""),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	subscriber_join(&b, "y");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	subscriber_kill();
	SUBSCRIBER_TELLS(1000, "a lost E_CLOSED;b lost E_CLOSED;");
	subscriber_kill();
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(2000, "a ended;b restored;");
}

/* Somebody has sent a MULTI that nobody here knows of: another session will do. */
TEST(redis_subscribe_that_is_put_into_a_transaction)
{
	subscriber_begin(
	    (const struct peer_row[]){ ON_FIRST(1, "SUBSCRIBE", "+QUEUED\r\n"),
		DO("SUBSCRIBE", subscriber_acknowledges), NO_MORE },
	    NULL);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(2000, "a subscribed;");
	EXPECT_IN(stay_conn_failure(
		      stay_client_conn(stay_redis_client(subscriber.redis))),
	    "put a SUBSCRIBE into a transaction");
}

/* Between the two there is no message. */
TEST(redis_subscribe_gets_nothing_while_it_is_taken_away)
{
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_say(ACK("unsubscribe", "x") MESSAGE("x", "1"));
	ck_assert_str_eq(subscriber_told(), "a lost E_LOST;a restored;");
}

/* A slot moves away: what is published there meanwhile is missed. */
TEST(redis_subscribe_is_taken_away_by_the_server)
{
	EXPECT_OK(subscriber_try(&a, STAY_REDIS_SHARD, "s"));
	subscriber_join(&b, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;");
	subscriber_say(">3\r\n+sunsubscribe\r\n+s\r\n:0\r\n");
	ck_assert_str_eq(subscriber_told(), "a lost E_LOST;a restored;");
	ck_assert_str_eq(
	    subscriber_got(), "SSUBSCRIBE s;SUBSCRIBE x;SSUBSCRIBE s;");
	subscriber_say(">3\r\n+sunsubscribe\r\n+nobody's\r\n:0\r\n");
	ck_assert_str_eq(subscriber_told(), "");
	ck_assert_uint_eq(subscriber_counts().acknowledged, 2);
	ck_assert_uint_eq(subscriber.server.accepted, 1);
}

/* ...also if it is asked to do so in the same moment, and calls are under way. */
TEST(redis_subscribe_is_taken_away_while_it_is_given_up)
{
	subscriber_begin(
	    (const struct peer_row[]){
		DO("SSUBSCRIBE", subscriber_acknowledges),
		ON("SUNSUBSCRIBE", ""), ON("GET", ""), NO_MORE },
	    NULL);
	EXPECT_OK(subscriber_try(&a, STAY_REDIS_SHARD, "s"));
	SUBSCRIBER_TELLS(10, "a subscribed;");
	call("GET 1");
	sim_run_ms(subscriber.world, 10);
	subscriber_leave(&a);
	SUBSCRIBER_TELLS(10, "a ended;");
	call("GET 2");
	sim_run_ms(subscriber.world, 10);
	subscriber_say(">3\r\n+sunsubscribe\r\n+s\r\n:0\r\n$1\r\n1\r\n"
		       ">3\r\n+sunsubscribe\r\n+s\r\n:0\r\n$1\r\n2\r\n");
	ck_assert_str_eq(subscriber_told(), "call GET 1 1;call GET 2 2;");
	ck_assert_uint_eq(subscriber_counts().channels, 0);
}

/* ---- in the middle of a delivery ---- */

static void
end_all(struct subscriber *owner)
{
	owner->then = NULL;
	subscriber_leave(&a);
	subscriber_leave(&b);
	subscriber_leave(&c);
}

/* Behind its end nobody is given a message any more, whoever has ended it. */
TEST(redis_subscribe_ends_in_the_middle_of_a_delivery)
{
	struct subscriber *const all[] = { &a, &b, &c };
	static const char *const expected[] = { "a 1;a ended;b ended;c ended;",
		"a 1;b 1;a ended;b ended;c ended;",
		"a 1;b 1;c 1;a ended;b ended;c ended;" };

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++)
			subscriber_join(all[j], "x");
		SUBSCRIBER_TELLS(10, "a subscribed;b subscribed;c subscribed;");
		all[i]->then = end_all;
		subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2"));
		ck_assert_str_eq(subscriber_told(), expected[i]);
	}
}

static void
join(struct subscriber *owner)
{
	owner->then = NULL;
	subscriber_join(&b, "x");
}

/* Who comes in the middle of it gets the next one. */
TEST(redis_subscribe_begins_in_the_middle_of_a_delivery)
{
	subscriber_join(&a, "x");
	subscriber_join(&c, "x");
	sim_run_ms(subscriber.world, 10);
	subscriber_told();
	a.then = join;
	subscriber_say(MESSAGE("x", "1") MESSAGE("x", "2"));
	ck_assert_str_eq(
	    subscriber_told(), "a 1;c 1;a 2;c 2;b subscribed;b 2;");
}

static void
stop(struct subscriber *owner)
{
	(void)owner;
	stay_redis_stop(subscriber.redis);
}

/* What is told at the end is told before on_closed. */
TEST(promise_3_redis_subscribe_ends_with_its_client)
{
	struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = "y", .on_message = look
	};

	subscriber_join(&a, "x");
	EXPECT_OK(stay_redis_subscribe(subscriber.redis, &options, NULL));
	subscriber_join(&b, "z");
	sim_run_ms(subscriber.world, 10);
	subscriber_told();
	a.then = stop;
	peer_say(subscriber.server.ends, MESSAGE("x", "1"));
	ck_assert(sim_run(subscriber.world, 60000));
	ck_assert_str_eq(
	    subscriber_told(), "a 1;a ended E_STOPPED;b ended E_STOPPED;");
	EXPECT_OK(stay_loop_free(subscriber.loop));
	subscriber.redis = NULL;
}

static void
refuse_more(struct subscriber *owner, const struct stay_redis_notice *notice)
{
	(void)owner;
	if (notice->kind == STAY_REDIS_ENDED)
		ck_assert_int_eq(subscriber_try(&b, STAY_REDIS_CHANNEL, "y"),
		    STAY_E_DRAINING);
}

TEST(redis_subscribe_is_rejected_when_its_client_ends)
{
	subscriber_join(&a, "x");
	a.notes = refuse_more;
	stay_redis_stop(subscriber.redis);
	ck_assert_int_eq(
	    subscriber_try(&b, STAY_REDIS_CHANNEL, "y"), STAY_E_DRAINING);
	ck_assert_ptr_null(b.subscription);
	ck_assert(sim_run(subscriber.world, 60000));
	ck_assert_str_eq(subscriber_told(), "a subscribed;a ended E_STOPPED;");
	EXPECT_OK(stay_loop_free(subscriber.loop));
	subscriber.redis = NULL;
}

TEST_SUITE_WITH(
    redis_subscribe, .before = subscriber_begin_usual, .after = subscriber_end)
