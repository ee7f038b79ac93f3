/*
 * A real redis-server killed, frozen and restarted under load at random
 * moments: no call loses its count, no reply reaches another call, and the
 * server's own counter agrees with the outcomes. STAY_FAULT_SECONDS says how
 * long (60), STAY_FAULT_SEED replays the moments.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ev.h>

#include <stay/redis.h>

#include "suites.h"
#include "support/redis_server.h"

#define OUTSTANDING 64

/* What became of the calls, as their completions told it. */
struct tally {
	uint64_t submitted;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
	uint64_t wrong_replies;
};

struct load {
	struct redis_server server;
	struct stay_redis *redis;
	struct tally echoes;
	struct tally incrs;
	uint64_t next_nonce;
	uint64_t outstanding;
	bool over;
	ev_timer fault;
	ev_timer heal;
	ev_timer end;
	int faults;
	unsigned seed;
};

struct nonce {
	struct load *load;
	uint64_t value;
};

static double
a_moment(struct load *load, double least, double most)
{
	return least +
	       (most - least) * (rand_r(&load->seed) / (double)RAND_MAX);
}

static void submit(struct load *load);

/* One ends, the next begins: OUTSTANDING are always under way. */
static void
count(struct load *load, struct tally *tally, const struct stay_result *result)
{
	tally->outcomes[result->outcome]++;
	load->outstanding--;
	if (!load->over)
		submit(load);
}

static void
on_echo(void *arg, const struct stay_result *result)
{
	struct nonce *nonce = arg;
	char expected[32];

	snprintf(expected, sizeof(expected), "%" PRIu64, nonce->value);
	if (result->status == STAY_OK &&
	    strcmp(stay_redis_str(result->reply), expected) != 0)
		nonce->load->echoes.wrong_replies++;
	count(nonce->load, &nonce->load->echoes, result);
	free(nonce);
}

static void
on_incr(void *arg, const struct stay_result *result)
{
	struct load *load = arg;

	count(load, &load->incrs, result);
}

static enum stay_status
submit_echo(struct load *load)
{
	struct nonce *nonce = malloc(sizeof(*nonce));
	enum stay_status status;

	ck_assert_ptr_nonnull(nonce);
	*nonce = (struct nonce){ load, load->next_nonce++ };
	status = stay_redis_command(
	    load->redis, on_echo, nonce, "ECHO %" PRIu64, nonce->value);
	if (status != STAY_OK)
		free(nonce);
	return status;
}

static void
submit(struct load *load)
{
	bool echo = load->next_nonce % 2 == 0;
	struct tally *tally = echo ? &load->echoes : &load->incrs;
	enum stay_status status;

	if (echo) {
		status = submit_echo(load);
	} else {
		load->next_nonce++;
		status = stay_redis_command(
		    load->redis, on_incr, load, "INCR counter");
	}
	EXPECT_OK(status);
	tally->submitted++;
	load->outstanding++;
}

static void
heal(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct load *load = timer->data;

	(void)events;
	if (load->server.pid == 0)
		redis_server_restart(&load->server);
	else
		redis_server_thaw(&load->server);
	if (load->over)
		return;
	load->fault.repeat = a_moment(load, 0.05, 0.8);
	ev_timer_again(ev, &load->fault);
}

static void
strike(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct load *load = timer->data;

	(void)events;
	ev_timer_stop(ev, timer);
	load->faults++;
	if (rand_r(&load->seed) % 3 == 0)
		redis_server_freeze(&load->server);
	else
		redis_server_kill(&load->server);
	ev_timer_set(&load->heal, a_moment(load, 0.0, 0.4), 0.);
	ev_timer_start(ev, &load->heal);
}

static void
finish(struct ev_loop *ev, ev_timer *timer, int events)
{
	struct load *load = timer->data;

	(void)events;
	load->over = true;
	ev_timer_stop(ev, &load->fault);
	stay_redis_drain(load->redis, 20000);
}

/* A value of the server, asked over a connection of its own. */
static void
on_value(void *arg, const struct stay_result *result)
{
	*(int64_t *)arg = stay_redis_integer(result->reply, NULL);
}

static int64_t
counter_of(struct load *load, struct ev_loop *ev, struct stay_loop *loop)
{
	struct stay_redis *asker;
	int64_t value = -1;

	EXPECT_OK(stay_redis_start(&asker, loop, load->server.url, NULL));
	EXPECT_OK(stay_redis_command(asker, on_value, &value, "GET counter"));
	stay_redis_drain(asker, 5000);
	ev_run(ev, 0);
	return value;
}

static void
check_tally(const struct tally *tally)
{
	uint64_t accounted = 0;

	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		accounted += tally->outcomes[i];
	ck_assert_uint_eq(tally->submitted, accounted);
	ck_assert_uint_eq(tally->wrong_replies, 0);
	ck_assert_uint_gt(tally->outcomes[STAY_REPLIED], 0);
}

static void
start_timers(struct load *load, struct ev_loop *ev, double seconds)
{
	ev_timer_init(&load->fault, strike, 0.3, 0.);
	ev_timer_init(&load->heal, heal, 0., 0.);
	ev_timer_init(&load->end, finish, seconds, 0.);
	load->fault.data = load->heal.data = load->end.data = load;
	ev_timer_start(ev, &load->fault);
	ev_timer_start(ev, &load->end);
}

static double
seconds_of_faults(void)
{
	const char *text = getenv("STAY_FAULT_SECONDS");

	return text != NULL ? atof(text) : 60.;
}

static unsigned
seed_of_faults(void)
{
	const char *text = getenv("STAY_FAULT_SEED");

	return text != NULL ? (unsigned)atoi(text) : (unsigned)time(NULL);
}

static void
print_tally(const char *name, const struct tally *tally)
{
	printf("%s: submitted %" PRIu64, name, tally->submitted);
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		printf(", %s %" PRIu64, stay_outcome_name((enum stay_outcome)i),
		    tally->outcomes[i]);
	printf("\n");
}

/* Killed, frozen and restarted: exactly once (1), the right caller (2), true
 * outcomes (3). */
TEST(promise_1_2_3_no_call_is_lost_over_kills_and_freezes)
{
	struct ev_loop *ev = ev_loop_new(EVFLAG_AUTO);
	struct stay_loop *loop = stay_loop_ev(ev);
	struct load load = { .seed = seed_of_faults() };
	uint64_t replied, maybe;
	int64_t counter;

	printf("seed %u\n", load.seed);
	ck_assert(redis_server_start(&load.server, NULL));
	EXPECT_OK(stay_redis_start(&load.redis, loop, load.server.url, NULL));
	while (load.outstanding < OUTSTANDING)
		submit(&load);
	start_timers(&load, ev, seconds_of_faults());
	ev_run(ev, 0);
	ck_assert_uint_eq(load.outstanding, 0);
	print_tally("echo", &load.echoes);
	print_tally("incr", &load.incrs);
	check_tally(&load.echoes);
	check_tally(&load.incrs);

	counter = counter_of(&load, ev, loop);
	replied = load.incrs.outcomes[STAY_REPLIED];
	maybe = load.incrs.outcomes[STAY_MAYBE_EXECUTED];
	printf("%d faults; counter %" PRId64 "\n", load.faults, counter);
	ck_assert_int_ge(counter, (int64_t)replied);
	ck_assert_int_le(counter, (int64_t)(replied + maybe));
	EXPECT_OK(stay_loop_free(loop));
	redis_server_end(&load.server);
	ev_loop_destroy(ev);
}

TEST_SUITE_WITH(redis_faults, .seconds = seconds_of_faults() + 60.)
