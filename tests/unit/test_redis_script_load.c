/* Scripts that each session begins with: in front of all calls, whatever the answer. */
#include <stay/redis_script.h>

#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/redis_subscriber.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))
#define URL         "redis://10.0.0.1"
#define GREETING    "|HELLO 3;PING;"
#define LOADS       "SCRIPT LOAD return-1;SCRIPT LOAD return-2;"
#define TWO                                                                    \
	{                                                                      \
		STAY_REDIS_OPTIONS, .scripts = two                             \
	}

static struct redis_virtual here;
static struct stay_redis_script scripts[2];
static const struct stay_redis_script *const two[] = { &scripts[0], &scripts[1],
	NULL };
static unsigned told;

static void
make(void)
{
	ck_assert_int_eq(
	    stay_redis_script_init(&scripts[0], "return-1", 0), STAY_OK);
	ck_assert_int_eq(
	    stay_redis_script_init(&scripts[1], "return-2", 0), STAY_OK);
}

static void
begin(const struct peer_row *rows, struct stay_redis_options options)
{
	told = 0;
	make();
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, URL, &options);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	(void)arg;
	ck_assert_int_eq(result->status, STAY_OK);
	told++;
}

static void
get(void)
{
	ck_assert_int_eq(
	    stay_redis_command(here.redis, on_done, NULL, "GET a"), STAY_OK);
}

TEST(redis_script_load_comes_first_in_each_session)
{
	begin(NULL, (struct stay_redis_options)TWO);
	get();
	sim_run_ms(here.world, 10);
	sim_peer_reset(here.server.ends->wire);
	get();
	sim_run_ms(here.world, 2000);
	ck_assert_uint_eq(told, 2);
	ck_assert_str_eq(
	    here.log.text, GREETING LOADS "GET a;" GREETING LOADS "GET a;");
	redis_virtual_end(&here);
}

static const char *const answers[] = { "$3\r\nabc\r\n", "+OK\r\n",
	"-NOPERM no\r\n", "-ERR unknown command\r\n", "*0\r\n" };

/* They are not those of the probes, which follow. */
TEST_ROWS(redis_script_load_is_answered, ROWS(answers))
{
	const struct peer_row rows[] = { ON("SCRIPT", answers[_i]), NO_MORE };

	begin(rows, (struct stay_redis_options)TWO);
	get();
	sim_run_ms(here.world, 17000);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(here.server.accepted, 1);
	ck_assert_str_eq(here.log.text, GREETING LOADS "GET a;PING;PING;PING;");
	redis_virtual_end(&here);
}

/* Where no answer has room. */
TEST_ROWS(redis_script_load_needs_room_for_its_answer, 2)
{
	struct stay_redis_options options = TWO;

	options.client.reply_bytes_max = _i == 0 ? 63 : 64;
	begin(NULL, options);
	ck_assert_str_eq(here.log.text, _i == 0 ? GREETING : GREETING LOADS);
	redis_virtual_end(&here);
}

static const struct peer_row each[] = {
	ON("SCRIPT LOAD return-1", "+OK\r\n"),
	ON("SCRIPT LOAD", "+OK\r\n"),
	NO_MORE,
};

/* A script of so many bytes, and one of few; what is said is too long to be logged. */
static void
begin_large(int which, size_t len)
{
	static char source[18 << 20];

	make();
	memset(source, '-', len);
	source[len] = '\0';
	ck_assert_int_eq(
	    stay_redis_script_init(&scripts[which], source, 0), STAY_OK);
	told = 0;
	redis_virtual_open(&here, each);
	here.server.log = NULL;
	ck_assert_int_eq(stay_redis_start(&here.redis, here.loop, URL,
			     &(struct stay_redis_options)TWO),
	    STAY_OK);
}

static const struct {
	int which;
	size_t len;
	unsigned first, second; /* how often they are loaded */
} large[] = {
	{ 0, 2 << 20, 0, 1 }, /* then the lane is full */
	{ 1, 2 << 20, 1, 1 },
	{ 0, 17 << 20, 0, 0 }, /* more than it ever takes */
	{ 1, 17 << 20, 1, 0 },
};

/* Past what the lane takes nothing more is loaded, and nothing of it in half. */
TEST_ROWS(redis_script_load_is_bounded, ROWS(large))
{
	begin_large(large[_i].which, large[_i].len);
	get();
	sim_run_ms(here.world, 3000);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_eq(here.server.used[0], large[_i].first);
	ck_assert_uint_eq(here.server.used[1], large[_i].second);
	ck_assert_uint_eq(here.server.accepted, 1);
	redis_virtual_end(&here);
}

#define MANY 70000

/* The lane is full before they can't be counted, however short they are. */
TEST(redis_script_load_of_many)
{
	static const struct stay_redis_script *many[MANY + 1];
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.scripts = many };

	make();
	ck_assert_int_eq(stay_redis_script_init(&scripts[0], "", 0), STAY_OK);
	for (int i = 0; i < MANY; i++)
		many[i] = &scripts[0];
	told = 0;
	redis_virtual_open(&here, each);
	here.server.log = NULL;
	redis_virtual_start(&here, URL, &options);
	get();
	sim_run_ms(here.world, 20000);
	ck_assert_uint_eq(told, 1);
	ck_assert_uint_gt(here.server.used[1], 20000);
	ck_assert_uint_lt(here.server.used[1], UINT16_MAX);
	ck_assert_uint_eq(here.server.accepted, 1);
	redis_virtual_end(&here);
}

/* Where there is none, the session is another one, or goes without. */
TEST(promise_10_redis_script_load_without_memory)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		long before = scarce_blocks();

		begin_large(1, 70000);
		get();
		scarce_arm(nth);
		sim_run_ms(here.world, 3000);
		failed = scarce_disarm();
		sim_run_ms(here.world, 3000);
		ck_assert_uint_eq(told, 1);
		redis_virtual_end(&here);
		ck_assert_int_eq(scarce_blocks(), before);
		ck_assert_uint_le(nth, 60);
	}
}

/* Subscriptions are restored behind them. */
TEST(redis_script_load_beside_subscriptions)
{
	const struct stay_redis_options options = TWO;

	make();
	subscriber_begin(subscriber_rows, &options);
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(10, "a subscribed;");
	subscriber_got();
	subscriber_kill();
	SUBSCRIBER_TELLS(2000, "a lost E_CLOSED;a restored;");
	ck_assert_str_eq(subscriber_got(), GREETING LOADS "SUBSCRIBE x;");
	ck_assert_uint_eq(subscriber.server.accepted, 2);
	subscriber_end();
}

/* In RESP2 these have a connection of their own, which calls nothing. */
TEST(redis_script_load_is_for_calls)
{
	struct stay_redis_options options = TWO;

	options.protocol = 2;
	make();
	subscriber_begin(subscriber_rows, &options);
	subscriber.server.arg = &subscriber;
	subscriber_got();
	subscriber_join(&a, "x");
	SUBSCRIBER_TELLS(20, "a subscribed;");
	ck_assert_str_eq(subscriber_got(), "|PING;SUBSCRIBE x;");
	subscriber_end();
}

TEST_SUITE(redis_script_load)
