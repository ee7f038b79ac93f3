/*
 * Promise 13 with real servers: a hundred clients that lose one server at the
 * same moment come back neither often nor together, and one whose server lets
 * it in and throws it out takes longer and longer. Bounds are those of the
 * policy, for the time that has passed by the loop's clock.
 */
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "suites.h"
#include "support/counts.h"
#include "support/descriptors.h"
#include "support/fault_proxy.h"
#include "support/peer_loopback.h"
#include "support/redis_bed.h"

static uint64_t
now_ms(void)
{
	return stay_loop_now_ms(rig.loop);
}

/* ---- many clients of one server ---- */

#define PATIENCE_S 40.
#define CLIENTS    120
#define DELAY_MS   200 /* before the jitter, which halves it at most */
#define ROUNDS     3   /* of re-attempts that are looked at */
#define BUCKETS    10  /* of the times that a jitter may choose from */

struct member {
	struct stay_redis *redis;
	unsigned attempts; /* since the server is gone */
	unsigned noted;    /* of the delays that the policy has chosen */
	uint64_t delays_ms[ROUNDS];
};

static struct member members[CLIENTS];
static uint64_t first_number;

/* NULL: of none of them. */
static struct member *
member_of(const struct stay_subject *who)
{
	uint64_t number = who->number - first_number;

	return number < CLIENTS ? &members[number] : NULL;
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	struct member *member = member_of(who);

	(void)arg;
	if (member != NULL && strcmp(transition->machine, "conn") == 0 &&
	    strcmp(transition->to, "connecting") == 0 &&
	    strcmp(transition->from, "connecting") != 0)
		member->attempts++;
}

/* What the policy has chosen, whenever this machine gets round to it. */
static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	static const char says[] = "next in ";
	struct member *member = member_of(who);
	const char *next = strstr(text, says);

	(void)arg;
	(void)status;
	if (member != NULL && next != NULL && member->noted < ROUNDS)
		member->delays_ms[member->noted++] =
		    strtoul(next + strlen(says), NULL, 10);
}

static const struct stay_observer observer = { STAY_OBSERVER, NULL,
	on_transition, on_failure, NULL, NULL };

static struct stay_conn *
conn_of(const struct member *member)
{
	return stay_redis_conn(member->redis);
}

static void
start_members(const char *url, const struct stay_redis_options *options)
{
	memset(members, 0, sizeof(members));
	for (int i = 0; i < CLIENTS; i++)
		members[i].redis = rig_start(&rig, url, options);
	first_number = stay_conn_number(conn_of(&members[0]));
	stay_loop_set_observer(rig.loop, &observer);
}

static bool
all_connected(void *arg)
{
	(void)arg;
	for (int i = 0; i < CLIENTS; i++)
		if (stay_conn_state(conn_of(&members[i])) != STAY_CONNECTED)
			return false;
	return true;
}

static bool
all_noted(void *arg)
{
	(void)arg;
	for (int i = 0; i < CLIENTS; i++)
		if (members[i].noted < ROUNDS)
			return false;
	return true;
}

/* No tenth of the times has more than a third of the clients. */
static void
check_spread(int round)
{
	unsigned buckets[BUCKETS + 1] = { 0 };

	for (int i = 0; i < CLIENTS; i++) {
		uint64_t delay = members[i].delays_ms[round];

		ck_assert_uint_ge(delay, DELAY_MS / 2);
		ck_assert_uint_le(delay, DELAY_MS);
		buckets[(delay - DELAY_MS / 2) * 2 * BUCKETS / DELAY_MS]++;
	}
	for (int i = 0; i <= BUCKETS; i++)
		ck_assert_uint_le(buckets[i], CLIENTS / 3);
}

static void
check_attempts(uint64_t away_ms)
{
	unsigned most = (unsigned)(away_ms / (DELAY_MS / 2)) + 1;

	for (int i = 0; i < CLIENTS; i++)
		ck_assert_uint_le(members[i].attempts, most);
}

TEST(promise_13_many_clients_come_back_seldom_and_spread)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .kind = STAY_BACKOFF_CONSTANT,
			.initial_ms = DELAY_MS } } };
	uint64_t gone;

	start_members(server.url, &options);
	rig_until(&rig, all_connected, NULL, PATIENCE_S);
	for (int i = 0; i < CLIENTS; i++)
		members[i].attempts = members[i].noted = 0;
	redis_server_kill(&server);
	gone = now_ms();
	rig_until(&rig, all_noted, NULL, PATIENCE_S);
	check_attempts(now_ms() - gone);
	for (int round = 0; round < ROUNDS; round++)
		check_spread(round);
	redis_server_restart(&server);
	rig_until(&rig, all_connected, NULL, PATIENCE_S);
	for (int i = 0; i < CLIENTS; i++)
		ck_assert_uint_eq(sessions_of(members[i].redis), 2);
}

/* ---- no more dials at once than may be ---- */

#define DIALS 8

static unsigned
dials_under_way(void)
{
	struct descriptors all;
	struct tcp_info info;
	unsigned dials = 0;

	descriptors_list(&all);
	for (size_t i = 0; i < all.count; i++) {
		socklen_t len = sizeof(info);

		dials += getsockopt(all.fds[i], IPPROTO_TCP, TCP_INFO, &info,
			     &len) == 0 &&
			 info.tcpi_state == TCP_SYN_SENT;
	}
	return dials;
}

/* Each has had its turn: its attempt has failed. */
static bool
all_have_tried(void *arg)
{
	unsigned *most = arg, dials = dials_under_way();

	if (dials > *most)
		*most = dials;
	for (int i = 0; i < CLIENTS; i++)
		if (stay_conn_failure(conn_of(&members[i]))[0] == '\0')
			return false;
	return true;
}

/* The door gives no answer to any of them: one target that was never reached
 * has a quarter of the places. */
TEST(promise_13_dials_under_way_at_once_are_bounded)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .kind = STAY_BACKOFF_CONSTANT,
			.initial_ms = 20 },
		    .connect_budget_ms = 200 } };
	struct door door;
	unsigned most = 0;

	door_open(&door, NULL, NULL, DOOR_STUFFED);
	EXPECT_OK(stay_loop_set_dials_max(rig.loop, 4 * DIALS));
	start_members(door_url(&door, "redis"), &options);
	rig_until(&rig, all_have_tried, &most, PATIENCE_S);
	ck_assert_uint_eq(most, DIALS);
	door_close(&door);
}

/* ---- let in, and thrown out ---- */

#define TIMES 6

static bool
has_accepted(void *arg)
{
	return ((const struct peer *)arg)->accepted >= TIMES;
}

/* With a default policy: 50 ms and more, halved at most by the jitter. */
TEST(promise_13_a_peer_that_accepts_and_closes_is_no_hot_loop)
{
	static const struct peer_row rows[] = { ON(PEER_ACCEPTS, PEER_CLOSES),
		NO_MORE };
	struct peer peer = { .rows = rows };
	uint64_t begun = now_ms();
	struct door door;

	door_open(&door, &peer, rig.ev, DOOR_TCP);
	rig_start(&rig, door_url(&door, "redis"), NULL);
	rig_until(&rig, has_accepted, &peer, 10);
	ck_assert_uint_le(peer.accepted, 1 + (now_ms() - begun) / 25);
	door_close(&door);
	peer_fini(&peer);
}

#define INITIAL_MS 4
#define EJECTIONS  8
#define STABLE_MS  300

struct ejected {
	struct stay_redis *redis;
	struct fault_proxy proxy;
};

/* As soon as it is in. */
static bool
was_thrown_out(void *arg)
{
	struct ejected *ejected = arg;

	if (stay_conn_state(stay_redis_conn(ejected->redis)) == STAY_CONNECTED)
		fault_proxy_cut(&ejected->proxy, FAULT_CLOSE);
	return sessions_of(ejected->redis) >= EJECTIONS;
}

/* The least that the policy has asked to wait before so many sessions. */
static double
least_ms(uint64_t count)
{
	double doubled = ldexp(1., (int)count - 1) - 1.;

	return doubled * INITIAL_MS / 2.;
}

/* A greeting is no reason to begin anew; a session that lasts is. */
TEST(promise_13_only_a_session_that_lasts_resets_the_backoff)
{
	struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS } };
	struct ejected ejected;
	uint64_t begun;

	options.client.backoff = stay_backoff_exponential(INITIAL_MS, 60000);
	options.client.backoff.stable_ms = STABLE_MS;
	fault_proxy_open(&ejected.proxy, rig.ev, server.port);
	ejected.redis = rig_start(&rig, ejected.proxy.url, &options);
	begun = now_ms();
	rig_until(&rig, was_thrown_out, &ejected, 10);
	ck_assert_double_le(least_ms(sessions_of(ejected.redis)),
	    (double)(now_ms() - begun + 1));
	rig_until_state(&rig, ejected.redis, STAY_BACKING_OFF, 20);
	rig_until_state(&rig, ejected.redis, STAY_CONNECTED, 10);
	rig_run(&rig, STABLE_MS / 1000. + 0.01);
	fault_proxy_cut(&ejected.proxy, FAULT_CLOSE);
	rig_until_state(&rig, ejected.redis, STAY_BACKING_OFF, 20);
	ck_assert_uint_le(
	    stay_conn_due_ms(stay_redis_conn(ejected.redis)), INITIAL_MS);
	rig_stop(&rig, ejected.redis);
	fault_proxy_close(&ejected.proxy);
}

/* ---- a budget for what is sent again ---- */

#define CALLS     100
#define BURST     10
#define SETNX_UP  34u /* *3 $5 SETNX $6 key:00 $1 1 */
#define WAITS_FOR 20  /* seconds */

static void
ask_idempotent(struct stay_redis *redis, struct answer *answer, int number)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_IDEMPOTENT };

	memset(answer, 0, sizeof(*answer));
	EXPECT_OK(stay_redis_command_with(
	    redis, &options, note_answer, answer, "SETNX key:%02d 1", number));
}

static bool
all_arrived(void *arg)
{
	struct stay_client_counts counts = counts_of(stay_redis_client(arg));

	return counts.in_flight == CALLS;
}

/* All might be sent again, and a server that has just come back is spared. */
TEST(promise_13_what_is_sent_again_has_a_budget)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .initial_ms = 5, .cap_ms = 10 },
		    .resend_percent = 1, .resend_burst = BURST } };
	struct answer answers[CALLS];
	struct fault_proxy proxy;
	struct stay_redis *redis;
	unsigned replied = 0;
	uint64_t greeting, before;

	fault_proxy_open(&proxy, rig.ev, server.port);
	redis = rig_connect(&rig, proxy.url, &options);
	greeting = proxy.bytes[FAULT_UP];
	redis_server_freeze(&server);
	for (int i = 0; i < CALLS; i++)
		ask_idempotent(redis, &answers[i], i);
	rig_until(&rig, all_arrived, redis, WAITS_FOR);
	fault_proxy_cut(&proxy, FAULT_RESET);
	before = proxy.bytes[FAULT_UP];
	redis_server_thaw(&server);
	for (int i = 0; i < CALLS; i++) {
		await_answer(&rig, &answers[i], WAITS_FOR);
		replied += answers[i].outcome == STAY_REPLIED;
		if (answers[i].outcome != STAY_REPLIED)
			ck_assert_int_eq(
			    answers[i].outcome, STAY_MAYBE_EXECUTED);
	}
	ck_assert_uint_ge(replied, 1);
	ck_assert_uint_le(replied, BURST);
	ck_assert_uint_eq(
	    proxy.bytes[FAULT_UP] - before, greeting + replied * SETNX_UP);
	rig_stop(&rig, redis);
	fault_proxy_close(&proxy);
}

TEST_SUITE_WITH(
    promises_storms, .before = bed_open, .after = bed_close, .seconds = 60)
