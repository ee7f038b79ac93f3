/*
 * Subscriptions against a real server that is killed, frozen and out of patience.
 * Numbered messages go to 10,000 channels; each is delivered once, in order, or lies
 * in a gap that was told: by its place, and by its time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/redis_subscribe.h>

#include "suites.h"
#include "support/redis_bed.h"

#define CHANNELS   10000
#define PUBLISHED  20000
#define GAPS       8
#define PATIENCE_S 20.
#define BIG        (1u << 20)

struct gap {
	uint64_t since_ms, until_ms;
};

/* A channel and who subscribes to it. */
struct ear {
	struct stay_redis_subscription *subscription;
	int32_t last; /* the message that came last; -1: none */
	bool gap;     /* LOST was told since then */
	unsigned count;
	struct gap gaps[GAPS];
};

struct published {
	int32_t ear;
	uint64_t begun_ms, done_ms;
	bool acted;     /* the server says that it has published it */
	bool delivered; /* once */
};

static struct ear ears[CHANNELS];
static struct published all[PUBLISHED];
static int32_t published, answered;
static unsigned subscribed, lost, restored, ended;
static struct stay_redis *redis;

/* ---- what is told ---- */

/* Of the messages up to `to`: one that neither came nor lies in a gap, and was published;
 * -1: none. */
static int32_t
missing(const struct ear *ear, int32_t to)
{
	for (int32_t i = ear->last + 1; i < to && !ear->gap; i++)
		if (all[i].ear == ear - ears && all[i].acted)
			return i;
	return -1;
}

static void
check_missing(const struct ear *ear, int32_t to)
{
	int32_t number = missing(ear, to);

	ck_assert_msg(number < 0, "%d is missing", (int)number);
}

static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct ear *ear = arg;
	int32_t number = atoi(message->payload.data);

	ck_assert_ptr_eq(subscription, ear->subscription);
	if (message->payload.len == BIG)
		return;
	ck_assert_int_eq(all[number].ear, ear - ears);
	ck_assert_int_gt(number, ear->last);
	ck_assert(!all[number].delivered);
	all[number].delivered = true;
	check_missing(ear, number);
	ear->last = number;
	ear->gap = false;
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct ear *ear = arg;

	ck_assert_ptr_eq(subscription, ear->subscription);
	subscribed += notice->kind == STAY_REDIS_SUBSCRIBED;
	lost += notice->kind == STAY_REDIS_LOST;
	restored += notice->kind == STAY_REDIS_RESTORED;
	ended += notice->kind == STAY_REDIS_ENDED;
	if (notice->kind == STAY_REDIS_LOST)
		ear->gap = true;
	if (notice->kind != STAY_REDIS_RESTORED)
		return;
	ck_assert_uint_lt(ear->count, GAPS);
	ear->gaps[ear->count++] =
	    (struct gap){ notice->since_ms, notice->until_ms };
}

static void
on_published(void *arg, const struct stay_result *result)
{
	struct published *one = arg;

	answered++;
	one->acted = result->outcome == STAY_REPLIED;
	one->done_ms = stay_loop_now_ms(rig.loop);
}

/* ---- what is done ---- */

static void
publish(int count)
{
	struct published *one;

	for (; count > 0; count--) {
		ck_assert_int_lt(published, PUBLISHED);
		one = &all[published];
		one->ear = (int32_t)((unsigned)rand() % CHANNELS);
		one->begun_ms = stay_loop_now_ms(rig.loop);
		EXPECT_OK(stay_redis_command(admin, on_published, one,
		    "PUBLISH channel:%d %d", (int)one->ear, (int)published));
		published++;
	}
}

static bool
all_subscribed(void *arg)
{
	(void)arg;
	return subscribed == CHANNELS;
}

static bool
all_restored(void *arg)
{
	return restored >= *(unsigned *)arg && restored == lost;
}

static bool
all_answered(void *arg)
{
	(void)arg;
	return answered == published;
}

static void
begin(const char *query)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { .silence_ms = 300,
		    .probe_ms = 100,
		    .connect_budget_ms = 500 } };
	struct stay_redis_subscription_options to = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .on_message = on_message,
		.on_notice = on_notice
	};
	char url[128], name[32];

	srand(1);
	snprintf(url, sizeof(url), "%s%s", server.url, query);
	redis = rig_connect(&rig, url, &options);
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(name, sizeof(name), "channel:%d", i);
		to.name = name;
		to.arg = &ears[i];
		ears[i].last = -1;
		EXPECT_OK(
		    stay_redis_subscribe(redis, &to, &ears[i].subscription));
	}
	rig_until(&rig, all_subscribed, NULL, PATIENCE_S);
}

/* A disturbance, with messages before, in and behind it. */
static void
disturb(void (*strike)(void))
{
	unsigned wanted = restored + CHANNELS;

	publish(1000);
	rig_run(&rig, 0.02);
	publish(500);
	strike();
	publish(500);
	rig_until(&rig, all_restored, &wanted, PATIENCE_S);
	publish(500);
	rig_until(&rig, all_answered, NULL, PATIENCE_S);
}

static void
kill_client(void)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, "CLIENT KILL TYPE pubsub");
	ck_assert_int_eq(answer.integer, 1);
}

static void
kill_server(void)
{
	redis_server_kill(&server);
	rig_run(&rig, 0.02);
	redis_server_restart(&server);
}

static bool
are_lost(void *before)
{
	return lost > *(const unsigned *)before;
}

/* Until its silence is noticed. */
static void
freeze_server(void)
{
	unsigned before = lost;

	redis_server_freeze(&server);
	publish(500);
	rig_until(&rig, are_lost, &before, PATIENCE_S);
	redis_server_thaw(&server);
}

/* A client that is given more than it may be owed is killed by the server. */
static void
overrun_client(void)
{
	static char big[BIG];
	struct answer answer;

	ask_now(&rig, admin, &answer,
	    "CONFIG SET client-output-buffer-limit %s", "pubsub 65536 65536 1");
	ck_assert_str_eq(answer.text, "OK");
	ask_now(&rig, admin, &answer, "PUBLISH channel:0 %b", big, sizeof(big));
}

/* What was not delivered was published in a gap, as the clock of all of us has it. */
static void
check_times(void)
{
	for (int32_t i = 0; i < published; i++) {
		const struct published *one = &all[i];
		const struct ear *ear = &ears[one->ear];
		bool missed = one->delivered || !one->acted;

		for (unsigned j = 0; j < ear->count && !missed; j++)
			missed = ear->gaps[j].since_ms <= one->done_ms &&
				 ear->gaps[j].until_ms >= one->begun_ms;
		ck_assert_msg(missed, "%d is in no gap", (int)i);
	}
}

static bool
all_ended(void *arg)
{
	(void)arg;
	return ended == CHANNELS;
}

static struct stay_redis_subscription_counts
counts(void)
{
	struct stay_redis_subscription_counts now = {
		STAY_REDIS_SUBSCRIPTION_COUNTS
	};

	stay_redis_get_subscription_counts(redis, &now);
	return now;
}

/* The admin is left, and the second client of RESP2 is gone, too. */
static bool
is_alone(void *arg)
{
	(void)arg;
	return stay_loop_live(rig.loop) == 1;
}

/* Nothing is published any more: who misses nothing now never will. */
static bool
are_all_well(void *arg)
{
	int *well = arg;

	while (*well < CHANNELS && missing(&ears[*well], published) < 0)
		++*well;
	return *well == CHANNELS;
}

static void
finish(void)
{
	int well = 0;

	rig_until(&rig, all_answered, NULL, PATIENCE_S);
	(void)rig_within(&rig, are_all_well, &well, PATIENCE_S);
	for (int i = 0; i < CHANNELS; i++)
		check_missing(&ears[i], published);
	check_times();
	for (int i = 0; i < CHANNELS; i++)
		stay_redis_unsubscribe(ears[i].subscription);
	rig_until(&rig, all_ended, NULL, PATIENCE_S);
	ck_assert_uint_eq(counts().subscriptions, 0);
	stay_redis_stop(redis);
	rig_until(&rig, is_alone, NULL, PATIENCE_S);
}

/* ---- the tests ---- */

static const char *const queries[] = { "?protocol=3", "?protocol=2" };

TEST_ROWS(promise_2_redis_subscribe_in_a_storm, 2)
{
	begin(queries[_i]);
	disturb(kill_client);
	disturb(kill_server);
	disturb(freeze_server);
	disturb(overrun_client);
	publish(500);
	finish();
	ck_assert_uint_ge(lost, 4 * CHANNELS);
}

/* ---- rights, and shards ---- */

static char text[256];

static void
note_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	(void)subscription;
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s;",
	    (const char *)arg, message->payload.data);
}

static void
note_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	static const char *const names[] = { "subscribed", "lost", "restored",
		"dropped", "ended" };

	(void)subscription;
	snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    "%s %s %.6s;", (const char *)arg, names[notice->kind],
	    stay_redis_str(notice->reply));
}

static bool
has_told(void *arg)
{
	return strstr(text, arg) != NULL;
}

static void
await(const char *what)
{
	rig_until(&rig, has_told, (void *)(uintptr_t)what, PATIENCE_S);
}

static void
join(const char *who, enum stay_redis_subscription_kind kind, const char *name)
{
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .kind = kind, .name = name,
		.on_message = note_message, .on_notice = note_notice,
		.arg = (void *)(uintptr_t)who
	};

	EXPECT_OK(stay_redis_subscribe(redis, &options, NULL));
}

static void
order(const char *command)
{
	struct answer answer;

	ask_now(&rig, admin, &answer, command);
	EXPECT_OK(answer.status);
}

/* A right that is taken away is told when the server has hung up for it. */
TEST_ROWS(redis_subscribe_without_the_right, 2)
{
	char url[128];

	text[0] = '\0';
	order("ACL SETUSER ear on >pw +@all ~* &open:*");
	snprintf(url, sizeof(url), "redis://ear:pw@127.0.0.1:%d%s", server.port,
	    queries[_i]);
	redis = rig_connect(&rig, url, NULL);
	join("a", STAY_REDIS_CHANNEL, "open:1");
	await("a subscribed ;");
	join("b", STAY_REDIS_CHANNEL, "secret");
	await("b ended NOPERM;");
	order("PUBLISH open:1 hello");
	await("a hello;");
	order("ACL SETUSER ear resetchannels &other:*");
	await("a lost ;a ended NOPERM;");
}

TEST_ROWS(redis_subscribe_to_patterns_and_shards, 2)
{
	char url[128];

	text[0] = '\0';
	snprintf(url, sizeof(url), "%s%s", server.url, queries[_i]);
	redis = rig_connect(&rig, url, NULL);
	join("p", STAY_REDIS_PATTERN, "n?ws");
	join("s", STAY_REDIS_SHARD, "news");
	await("p subscribed ;");
	await("s subscribed ;");
	order("PUBLISH news 1");
	order("SPUBLISH news 2");
	order("PUBLISH nws 3");
	await("p 1;");
	await("s 2;");
	kill_client();
	await("p lost ;");
	await("p restored ;");
	order("PUBLISH nxws 4");
	await("p 4;");
	ck_assert_ptr_null(strstr(text, "3;"));
}

TEST_SUITE_WITH(redis_subscribe, .before = bed_open_with_admin,
    .after = bed_close, .seconds = 60)
