/*
 * A fault at every byte: a small pipelined session through the fault proxy is
 * cut after each byte of each way, in each manner. What became of each call
 * must be exactly what follows from the bytes that got through, and the
 * server's own list must agree.
 */
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/fault_proxy.h"
#include "support/redis_bed.h"

#define CALLS 6

/* The bytes of a session as RESP2 has them, which no client id makes longer. */
#define HELLO_UP     120u       /* CLIENT SETINFO twice: 53 each; *1 $4 PING */
#define HELLO_DOWN   hello_down /* as the server answers them */
#define PUSH_UP      36u        /* *3 $5 RPUSH $3 log $6 000001 */
#define PUSH_DOWN    4u         /* :1 */
#define ECHO_UP      26u        /* *2 $4 ECHO $6 000001 */
#define ECHO_DOWN    12u        /* $6 000001 */
#define SESSION_UP   (HELLO_UP + CALLS / 2 * (PUSH_UP + ECHO_UP))
#define SESSION_DOWN (HELLO_DOWN + CALLS / 2 * (PUSH_DOWN + ECHO_DOWN))

/* Servers before 7.2 answer CLIENT SETINFO with an error. */
static unsigned hello_down;

/* ---- one session ---- */

/* Calls 0, 2, 4 add their nonce to the list, 1, 3, 5 have theirs echoed. */
struct round {
	struct fault_proxy proxy;
	struct stay_redis *redis;
	unsigned base; /* the nonce of the first call */
	struct answer calls[CALLS];
	double begun;
};

static bool
adds(int call)
{
	return call % 2 == 0;
}

static bool
all_told(void *arg)
{
	const struct round *round = arg;

	for (int i = 0; i < CALLS; i++)
		if (round->calls[i].told == 0)
			return false;
	return true;
}

static void
round_begin(struct round *round, const struct stay_redis_options *options,
    struct fault_plan plan, unsigned base)
{
	memset(round, 0, sizeof(*round));
	fault_proxy_open(&round->proxy, rig.ev, server.port);
	round->proxy.plan = plan;
	round->proxy.plan_once = true;
	round->base = base;
	round->begun = ev_time();
	round->redis = rig_start(&rig, round->proxy.url, options);
	for (int i = 0; i < CALLS; i++)
		ask(round->redis, &round->calls[i],
		    adds(i) ? "RPUSH log %06u" : "ECHO %06u",
		    base + (unsigned)i);
}

/* ---- what the server has executed ---- */

/* How often each nonce of a round is in the list; the list begins anew. */
struct executed {
	unsigned base;
	unsigned times[CALLS];
	bool told;
};

static void
on_list(void *arg, const struct stay_result *result)
{
	struct executed *executed = arg;
	const struct stay_redis_reply *element;

	executed->told = true;
	EXPECT_OK(result->status);
	for (element = stay_redis_first(result->reply); element != NULL;
	     element = stay_redis_next(element)) {
		unsigned i =
		    (unsigned)atoi(stay_redis_str(element)) - executed->base;

		if (i < CALLS)
			executed->times[i]++;
	}
}

static bool
is_listed(void *arg)
{
	return ((const struct executed *)arg)->told;
}

static void
ask_list(struct executed *executed)
{
	EXPECT_OK(
	    stay_redis_command(admin, on_list, executed, "LRANGE log 0 -1"));
	rig_until(&rig, is_listed, executed, 20);
}

/* ---- the truth of it ---- */

/* True for every session, whatever happened to it. */
static void
check_outcomes(struct round *round)
{
	struct executed executed = { .base = round->base };

	ask_list(&executed);
	for (int i = 0; i < CALLS; i++) {
		const struct answer *call = &round->calls[i];
		unsigned most = call->outcome != STAY_NOT_SENT;
		unsigned least = call->outcome == STAY_REPLIED;

		ck_assert_uint_eq(call->told, 1);
		if (!adds(i)) {
			if (least == 1)
				ck_assert_int_eq(
				    call->integer, (int)round->base + i);
			continue;
		}
		ck_assert_uint_ge(executed.times[i], least);
		ck_assert_uint_le(executed.times[i], most);
	}
	check_counts(round->redis);
}

static void
round_end(struct round *round)
{
	check_outcomes(round);
	rig_stop(&rig, round->redis);
	fault_proxy_close(&round->proxy);
}

static void
open_bed(void)
{
	struct answer info;

	bed_open_with_admin();
	ask_now(&rig, admin, &info, "CLIENT SETINFO LIB-NAME stay");
	hello_down = 2 * (3 + (unsigned)info.len) + strlen("+PONG\r\n");
}

/* How many calls are whole within so many bytes of a way. */
static int
whole(enum fault_way way, uint64_t bytes)
{
	const unsigned hello[] = { HELLO_UP, HELLO_DOWN };
	static const unsigned push[] = { PUSH_UP, PUSH_DOWN };
	static const unsigned echo[] = { ECHO_UP, ECHO_DOWN };
	uint64_t at = hello[way];
	int count;

	for (count = 0; count < CALLS; count++) {
		at += adds(count) ? push[way] : echo[way];
		if (at > bytes)
			break;
	}
	return count;
}

static int
count_of(const struct round *round, enum stay_outcome outcome)
{
	int count = 0;

	for (int i = 0; i < CALLS; i++)
		count += round->calls[i].outcome == outcome;
	return count;
}

/*
 * Nothing was committed before the greeting was over: then all of it was asked
 * on the second connection. Else all six left in one write, those with an
 * answer that got through are replied, in the order asked, and the others may
 * have been executed. In between, where the greeting has just ended, either.
 */
static void
check_exactly(const struct round *round, enum fault_way way, uint64_t bytes)
{
	const unsigned hello[] = { HELLO_UP, HELLO_DOWN };
	int replied = way == FAULT_DOWN || round->proxy.plan.kind == FAULT_HALF
			  ? whole(way, bytes)
			  : 0;

	if (bytes < hello[way]) {
		ck_assert_int_eq(count_of(round, STAY_REPLIED), CALLS);
		return;
	}
	if (bytes == hello[way])
		return;
	for (int i = 0; i < CALLS; i++)
		ck_assert_int_eq(round->calls[i].outcome,
		    i < replied ? STAY_REPLIED : STAY_MAYBE_EXECUTED);
}

/* A request that did not arrive whole was not executed. */
static void
check_executed(const struct round *round, uint64_t bytes_up)
{
	struct executed executed = { .base = round->base };
	int arrived = whole(FAULT_UP, bytes_up);

	if (bytes_up <= HELLO_UP)
		return;
	ask_list(&executed);
	for (int i = 0; i < CALLS; i += 2)
		ck_assert_uint_le(executed.times[i], i < arrived);
}

static const struct stay_redis_options brisk = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 1, .cap_ms = 5 } },
	.protocol = 2, .resend_reads = STAY_REDIS_NO };

/* Both ends of the session are cut after so many bytes of this way. */
static void
cut_after(enum fault_way way, enum fault_kind kind, uint64_t bytes)
{
	static unsigned base;
	struct fault_plan plan = fault_none();
	struct answer deleted;
	struct round round;

	base += CALLS;
	plan.after[way] = bytes;
	plan.kind = kind;
	round_begin(&round, &brisk, plan, base);
	rig_until(&rig, all_told, &round, 20);
	ck_assert_uint_eq(round.proxy.faults, 1);
	round.proxy.plan.kind = kind;
	check_exactly(&round, way, bytes);
	if (way == FAULT_UP)
		check_executed(&round, bytes);
	round_end(&round);
	ask_now(&rig, admin, &deleted, "DEL log");
}

#define KINDS 3 /* FAULT_RESET, FAULT_CLOSE, FAULT_HALF */

TEST_ROWS(promise_1_2_3_a_cut_after_every_byte_to_the_server, KINDS)
{
	for (uint64_t bytes = 0; bytes <= SESSION_UP; bytes++)
		cut_after(FAULT_UP, (enum fault_kind)_i, bytes);
}

TEST_ROWS(promise_1_2_3_a_cut_after_every_byte_to_the_client, KINDS)
{
	for (uint64_t bytes = 0; bytes <= SESSION_DOWN; bytes++)
		cut_after(FAULT_DOWN, (enum fault_kind)_i, bytes);
}

/* The lengths above are what they say. */
TEST(proxy_faults_a_clean_session_has_the_bytes_expected)
{
	struct round round;

	round_begin(&round, &brisk, fault_none(), 100000);
	rig_until(&rig, all_told, &round, 20);
	ck_assert_uint_eq(round.proxy.bytes[FAULT_UP], SESSION_UP);
	ck_assert_uint_eq(round.proxy.bytes[FAULT_DOWN], SESSION_DOWN);
	ck_assert_int_eq(count_of(&round, STAY_REPLIED), CALLS);
	round_end(&round);
}

/* ---- silence ---- */

#define HOLES      24
#define SILENCE_MS 1000 /* longer than this machine is away */

static const struct stay_redis_options wary = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS,
	    .backoff = { .initial_ms = 1, .cap_ms = 5 },
	    .connect_budget_ms = SILENCE_MS, .silence_ms = SILENCE_MS },
	.protocol = 2, .resend_reads = STAY_REDIS_NO };

static bool
all_rounds_told(void *arg)
{
	struct round *rounds = arg;

	for (int i = 0; i < HOLES; i++)
		if (!all_told(&rounds[i]))
			return false;
	return true;
}

/* All at once, spread over the bytes of a session. */
TEST_ROWS(promise_3_8_a_way_that_falls_silent_is_found_within_the_bound, 2)
{
	enum fault_way way = _i == 0 ? FAULT_UP : FAULT_DOWN;
	uint64_t session = way == FAULT_UP ? SESSION_UP : SESSION_DOWN;
	struct round *rounds = calloc(HOLES, sizeof(*rounds));

	ck_assert_ptr_nonnull(rounds);
	for (unsigned i = 0; i < HOLES; i++) {
		struct fault_plan plan = fault_none();

		plan.kind = FAULT_SILENCE;
		plan.after[way] = i * (session - 1) / (HOLES - 1);
		round_begin(&rounds[i], &wary, plan, 1000 * (i + 1));
	}
	rig_until(&rig, all_rounds_told, rounds, 10);
	for (int i = 0; i < HOLES; i++) {
		for (int call = 0; call < CALLS; call++)
			ck_assert_double_le(
			    rounds[i].calls[call].at - rounds[i].begun,
			    SILENCE_MS / 1000. + 0.7);
		ck_assert_uint_eq(rounds[i].proxy.faults, 1);
		round_end(&rounds[i]);
	}
	free(rounds);
}

/* ---- pieces and delays ---- */

static const struct {
	size_t piece;
	double delay;
	unsigned protocol;
} rates[] = {
	{ 1, 0, 2 },
	{ 1, 0, 3 },
	{ 2, 0, 3 },
	{ 3, 0, 3 },
	{ 7, 0, 3 },
	{ 1, 0.0005, 3 },
	{ 16, 0.005, 3 },
	{ 0, 0.05, 3 },
};

TEST_ROWS(
    promise_2_pieces_however_small_and_slow_make_whole_replies, LEN(rates))
{
	struct stay_redis_options options = brisk;
	struct fault_plan plan = fault_none();
	struct round round;

	options.protocol = rates[_i].protocol;
	plan.piece = rates[_i].piece;
	plan.delay = rates[_i].delay;
	round_begin(&round, &options, plan, 1000);
	rig_until(&rig, all_told, &round, 10);
	ck_assert_int_eq(count_of(&round, STAY_REPLIED), CALLS);
	ck_assert_uint_eq(round.proxy.accepted, 1);
	round_end(&round);
}

/* Longer than the bound in all, and never silent for so long. */
TEST(promise_8_a_slow_peer_is_no_silent_one)
{
	struct fault_plan plan = fault_none();
	struct answer set, get;
	struct round round;

	plan.piece = 100;
	plan.delay = 0.02;
	round_begin(&round, &wary, plan, 1000);
	rig_until(&rig, all_told, &round, 10);
	ask_now(&rig, admin, &set, "SETRANGE long 9999 x");
	ask_now(&rig, round.redis, &get, "GET long");
	EXPECT_OK(get.status);
	ck_assert_uint_eq(get.len, 10000);
	ck_assert_uint_eq(round.proxy.accepted, 1);
	round_end(&round);
}

TEST_SUITE_WITH(
    proxy_faults, .before = open_bed, .after = bed_close, .seconds = 120)
