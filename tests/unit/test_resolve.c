/* Lookups: one a name, shared, and never waited for. */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "loop/loop.h"
#include "sim/world_sim.h"
#include "stream/dialing.h"
#include "stream/resolve.h"
#include "suites.h"

struct asker {
	struct stay__query query;
	int answers;
	int error;
	size_t count;
	struct asker *cancels; /* in its answer */
	bool again;            /* in its answer, once */
};

static struct stay_world *world;
static struct stay_loop *loop;

static void
on_answer(struct stay__query *query, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct asker *asker = STAY__CONTAINER(query, struct asker, query);

	(void)addresses;
	ck_assert(error == 0 || text != NULL);
	asker->answers++;
	asker->error = error;
	asker->count = count;
	if (asker->cancels != NULL)
		stay__query_cancel(&asker->cancels->query);
	if (asker->again) {
		asker->again = false;
		ck_assert_int_eq(stay__resolve(&loop->dialing->resolver,
				     &asker->query, "db", "7"),
		    0);
	}
}

static void
ask(struct asker *asker, const char *host)
{
	memset(asker, 0, sizeof(*asker));
	stay__query_init(&asker->query, on_answer);
	ck_assert_int_eq(
	    stay__resolve(&loop->dialing->resolver, &asker->query, host, "7"),
	    0);
	ck_assert_int_eq(asker->answers, 0);
}

static void
begin(void)
{
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	sim_name_set(world, "db", "10.0.0.1 10.0.0.2", 10, 0);
	sim_name_set(world, "slow", "10.0.0.3", SIM_FOREVER, 0);
}

static void
end(void)
{
	EXPECT_OK(stay_loop_free(loop));
}

TEST(resolve_shares_one_lookup_a_name)
{
	struct asker askers[4];

	for (int i = 0; i < 3; i++)
		ask(&askers[i], "db");
	ask(&askers[3], "nowhere");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 2);
	sim_run_ms(world, 20);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(askers[i].answers, 1);
		ck_assert_int_eq(askers[i].error, 0);
		ck_assert_uint_eq(askers[i].count, 2);
	}
	ck_assert_int_eq(askers[3].error, EAI_NONAME);
	ask(&askers[0], "db");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 3);
	stay__query_cancel(&askers[0].query);
}

TEST(resolve_goes_on_without_who_asked)
{
	struct asker first, second;

	ask(&first, "db");
	stay__query_cancel(&first.query);
	ck_assert_uint_eq(sim_lookups(world), 1);
	ask(&second, "db");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 1);
	sim_run_ms(world, 20);
	ck_assert_int_eq(first.answers, 0);
	ck_assert_int_eq(second.answers, 1);
	ck_assert_uint_eq(sim_lookups(world), 0);
}

TEST(resolve_lets_an_answer_cancel_the_others)
{
	struct asker first, second;

	ask(&first, "db");
	ask(&second, "db");
	first.cancels = &second;
	sim_run_ms(world, 20);
	ck_assert_int_eq(first.answers, 1);
	ck_assert_int_eq(second.answers, 0);
}

TEST(resolve_may_be_asked_again_in_an_answer)
{
	struct asker asker;

	ask(&asker, "db");
	asker.again = true;
	sim_run_ms(world, 15);
	ck_assert_int_eq(asker.answers, 1);
	sim_run_ms(world, 15);
	ck_assert_int_eq(asker.answers, 2);
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 2);
}

TEST(resolve_refused_by_the_world_never_answers)
{
	struct asker asker = { 0 };

	stay__query_init(&asker.query, on_answer);
	sim_fail(world, SIM_LOOKUP, 1, -EAGAIN);
	ck_assert_int_eq(
	    stay__resolve(&loop->dialing->resolver, &asker.query, "db", "7"),
	    -EAGAIN);
	sim_run_ms(world, 20);
	ck_assert_int_eq(asker.answers, 0);
	ask(&asker, "db");
	sim_run_ms(world, 20);
	ck_assert_int_eq(asker.answers, 1);
}

TEST(resolve_that_hangs_holds_nobody_up)
{
	struct asker slow, quick;

	ask(&slow, "slow");
	ask(&quick, "db");
	sim_run_ms(world, 20);
	ck_assert_int_eq(quick.answers, 1);
	stay__query_cancel(&slow.query);
	ck_assert_uint_eq(sim_lookups(world), 1);
	/* The loop is freed with it: end() */
}

/* It hangs since a time without name servers, and does so for ever. */
TEST(resolve_does_not_join_a_lookup_that_hangs)
{
	struct asker first, second, third;

	ask(&first, "slow");
	sim_run_ms(world, 1000);
	ask(&second, "slow");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 1);
	sim_run_ms(world, 1);
	sim_name_set(world, "slow", "10.0.0.3", 10, 0);
	ask(&third, "slow");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 2);
	sim_run_ms(world, 20);
	ck_assert_int_eq(third.answers, 1);
	ck_assert_int_eq(first.answers, 1); /* found is found */
	ck_assert_int_eq(second.answers, 1);
}

/* Attempt after attempt, of a name that never answers. */
TEST(resolve_keeps_few_lookups_that_nobody_waits_for)
{
	struct asker asker;

	for (int i = 0; i < 20; i++) {
		ask(&asker, "slow");
		sim_run_ms(world, 600);
		stay__query_cancel(&asker.query);
		sim_run_ms(world, 600);
		ck_assert_uint_le(sim_lookups(world), 2);
	}
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 20);
}

/* A name that takes longer than the budget of an attempt. */
TEST(resolve_of_an_old_lookup_serves_those_after_it)
{
	struct asker first, second;

	sim_name_set(world, "db", "10.0.0.1", 1500, 0);
	ask(&first, "db");
	sim_run_ms(world, 1100);
	stay__query_cancel(&first.query);
	ask(&second, "db");
	ck_assert_uint_eq(sim_calls(world, SIM_LOOKUP), 2);
	sim_run_ms(world, 500);
	ck_assert_int_eq(second.answers, 1);
	ck_assert_int_eq(second.error, 0);
	sim_run_ms(world, 1100);
	ck_assert_int_eq(second.answers, 1);
}

/* What failed then says nothing of those who asked later. */
TEST(resolve_of_an_old_lookup_fails_alone)
{
	struct asker first, second;

	sim_name_set(world, "db", NULL, 1500, EAI_AGAIN);
	ask(&first, "db");
	sim_run_ms(world, 1100);
	ask(&second, "db");
	sim_run_ms(world, 500);
	ck_assert_int_eq(first.error, EAI_AGAIN);
	ck_assert_int_eq(second.answers, 0);
	sim_name_set(world, "db", "10.0.0.1", 0, 0);
	sim_run_ms(world, 1100);
	ck_assert_int_eq(second.error, 0);
	ck_assert_int_eq(second.answers, 1);
}

TEST_SUITE_WITH(resolve, .before = begin, .after = end)
