/* What the late reply of a command brings: its user may have it. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

static struct redis_virtual here;
static struct stay_held *held;
static char told[256];

static void
tell(const char *who, const char *what)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s;", who, what);
}

/* What else is answered, the test says. */
static const struct peer_row rows[] = { REDIS_GREETS, ON(PEER_ANYTHING, ""),
	NO_MORE };

static void
start(stay_redis_orphan_fn *on_orphan, void *arg)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.call_timeout_ms = 100, .on_orphan = on_orphan,
		.on_orphan_arg = arg };

	told[0] = '\0';
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1", &options);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	tell(arg, result->reply == NULL ? stay_status_name(result->status)
					: stay_redis_str(result->reply));
}

static void
command(const char *who, const char *text)
{
	EXPECT_OK(stay_redis_command(
	    here.redis, on_done, (void *)(uintptr_t)who, "%s", text));
}

static void
note_orphan(
    void *arg, struct stay_redis *of, const struct stay_redis_reply *orphan)
{
	ck_assert_ptr_eq(of, here.redis);
	tell(arg, stay_redis_str(orphan));
}

static char late[] = "late";

TEST(redis_orphan_is_told_of_its_reply)
{
	start(note_orphan, late);
	command("a", "GET");
	sim_run_ms(here.world, 110);
	command("b", "GET");
	sim_run_ms(here.world, 10);
	redis_virtual_say(&here, "$3\r\none\r\n$3\r\ntwo\r\n");
	ck_assert_str_eq(told, "a STAY_E_TIMEOUT;late one;b two;");
}

/* An error is an answer, too: the user knows that nothing was done. */
TEST(redis_orphan_may_be_an_error)
{
	start(note_orphan, late);
	command("a", "GET");
	sim_run_ms(here.world, 110);
	redis_virtual_say(&here, "-ERR no\r\n");
	ck_assert_str_eq(told, "a STAY_E_TIMEOUT;late ERR no;");
}

TEST(redis_orphan_is_dropped_where_nobody_wants_it)
{
	start(NULL, NULL);
	command("a", "GET");
	sim_run_ms(here.world, 110);
	redis_virtual_say(&here, "$3\r\none\r\n");
	ck_assert_str_eq(told, "a STAY_E_TIMEOUT;");
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).orphans, 1);
}

static void
keep(void *arg, struct stay_redis *of, const struct stay_redis_reply *orphan)
{
	(void)arg;
	EXPECT_OK(stay_held_new(
	    stay_redis_client(of), stay_redis_at(orphan, 1), &held));
}

TEST(redis_orphan_can_be_held)
{
	start(keep, NULL);
	command("a", "BLPOP");
	sim_run_ms(here.world, 110);
	redis_virtual_say(&here, "*2\r\n$4\r\njobs\r\n$8\r\nprecious\r\n");
	redis_virtual_say(&here, ">1\r\n$8\r\nsomewhat\r\n");
	ck_assert_str_eq(stay_redis_str(stay_held_reply(held)), "precious");
	stay_held_free(held);
}

/* What was popped for nobody goes back; and the client may be stopped. */
static void
put_back(
    void *arg, struct stay_redis *of, const struct stay_redis_reply *orphan)
{
	(void)arg;
	EXPECT_OK(stay_redis_command(of, on_done, (void *)(uintptr_t) "put",
	    "LPUSH %s %s", stay_redis_str(stay_redis_at(orphan, 0)),
	    stay_redis_str(stay_redis_at(orphan, 1))));
	stay_redis_drain(of, 1000);
}

TEST(redis_orphan_callback_may_command_and_drain)
{
	start(put_back, NULL);
	command("a", "BLPOP");
	sim_run_ms(here.world, 110);
	redis_virtual_say(&here, "*2\r\n$4\r\njobs\r\n$8\r\nprecious\r\n");
	ck_assert_str_eq(told, "a STAY_E_TIMEOUT;");
	redis_virtual_say(&here, ":1\r\n");
	ck_assert_str_eq(told, "a STAY_E_TIMEOUT;put 1;");
	ck_assert(sim_run(here.world, 60000));
	here.redis = NULL; /* it has ended */
}

TEST_SUITE_WITH(redis_orphan, .after = redis_virtual_after)
