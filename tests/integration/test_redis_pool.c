/*
 * A pool at a real redis-server that is killed in the middle: users count in
 * transactions (WATCH, GET, MULTI, SET, EXEC), each on a connection of his own, and
 * what the server has counted is what they were told.
 */
#include <stdlib.h>
#include <string.h>

#include <stay/redis_pool.h>

#include "suites.h"
#include "support/redis_bed.h"

#define USERS       16
#define CONNECTIONS 4
#define A_HALF      300

static struct stay_pool *pool;
static bool over;
static unsigned counted, in_doubt, conflicts, lost, under_way;
/* Who has which connection: nobody has one that another one has. */
static struct stay_redis *owned[USERS];

struct user {
	unsigned number;
	struct stay_lease *lease;
} users[USERS];

static void begin(struct user *user);

static struct stay_redis *
redis_of(const struct user *user)
{
	return stay_redis_lent(user->lease);
}

static void
take(const struct user *user)
{
	for (unsigned i = 0; i < USERS; i++)
		ck_assert_ptr_ne(owned[i], redis_of(user));
	owned[user->number] = redis_of(user);
}

static void
end(struct user *user)
{
	owned[user->number] = NULL;
	stay_pool_check_in(user->lease);
	user->lease = NULL;
	under_way--;
	if (!over)
		begin(user);
}

static void
on_exec(void *arg, const struct stay_group_result *result)
{
	counted += result->status == STAY_OK;
	conflicts += result->outcome == STAY_REFUSED;
	in_doubt += result->outcome == STAY_MAYBE_EXECUTED;
	end(arg);
}

static void
on_count(void *arg, const struct stay_result *result)
{
	struct user *user = arg;
	long count = strtol(stay_redis_str(result->reply), NULL, 10);
	struct stay_redis_group *multi;

	if (result->status != STAY_OK) {
		end(user);
		return;
	}
	multi = stay_redis_multi_new(redis_of(user));
	stay_redis_group_add(multi, "SET counter %ld", count + 1);
	if (stay_redis_group_send(multi, NULL, on_exec, user) != STAY_OK)
		end(user);
}

static void
on_lost(void *arg, struct stay_lease *lease, enum stay_status why)
{
	const struct user *user = arg;

	ck_assert_ptr_eq(user->lease, lease);
	ck_assert_int_eq(why, STAY_E_LOST);
	lost++;
}

static void
on_lease(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct user *user = arg;

	user->lease = lease;
	if (status != STAY_OK) {
		end(user);
		return;
	}
	take(user);
	stay_lease_on_lost(lease, on_lost, user);
	if (stay_redis_command(redis_of(user), NULL, NULL, "WATCH counter") !=
		STAY_OK ||
	    stay_redis_command(redis_of(user), on_count, user, "GET counter") !=
		STAY_OK)
		end(user);
}

static void
begin(struct user *user)
{
	under_way++;
	EXPECT_OK(stay_pool_check_out(pool, NULL, on_lease, user));
}

static bool
has_counted(void *arg)
{
	return counted >= *(const unsigned *)arg;
}

static bool
is_quiet(void *arg)
{
	(void)arg;
	return under_way == 0;
}

static void
count_to(unsigned goal)
{
	rig_until(&rig, has_counted, &goal, 20);
}

static const struct stay_pool_options few = { STAY_POOL_OPTIONS,
	.connections_max = CONNECTIONS };

TEST(redis_pool_counts_what_it_is_told)
{
	const struct stay_redis_options quick = { STAY_REDIS_OPTIONS,
		.client = { STAY_CLIENT_OPTIONS,
		    .backoff = { .initial_ms = 10, .cap_ms = 50 } } };
	struct stay_pool_counts counts = { STAY_POOL_COUNTS };
	struct answer answer;

	EXPECT_OK(
	    stay_redis_pool_start(&pool, rig.loop, server.url, &quick, &few));
	for (unsigned i = 0; i < USERS; i++) {
		users[i].number = i;
		begin(&users[i]);
	}
	count_to(A_HALF);
	redis_server_kill(&server);
	rig_run(&rig, 0.1);
	redis_server_restart(&server);
	count_to(2 * A_HALF);
	over = true;
	rig_until(&rig, is_quiet, NULL, 20);
	stay_pool_get_counts(pool, &counts);
	ck_assert_uint_eq(counts.lent, 0);
	ck_assert_uint_le(counts.connections, CONNECTIONS);
	ck_assert_uint_ge(counts.lost, 1);
	ck_assert_uint_gt(conflicts, 0);
	ask_now(
	    &rig, rig_connect(&rig, server.url, NULL), &answer, "GET counter");
	ck_assert_int_ge(atoi(answer.text), (int)counted);
	ck_assert_int_le(atoi(answer.text), (int)(counted + in_doubt));
}

/* One waits for what another one brings, and what is left open is undone. */
TEST(redis_pool_lets_one_wait)
{
	struct stay_lease *worker, *boss;
	struct answer job = { 0 }, answer;

	EXPECT_OK(
	    stay_redis_pool_start(&pool, rig.loop, server.url, NULL, &few));
	EXPECT_OK(stay_pool_check_out_wait(pool, 5000, &worker));
	EXPECT_OK(stay_pool_check_out_wait(pool, 5000, &boss));
	ask(stay_redis_lent(worker), &job, "BLPOP jobs 0");
	ask_now(&rig, stay_redis_lent(boss), &answer, "RPUSH jobs sweep");
	await_answer(&rig, &job, 20);
	ck_assert_uint_eq(job.count, 2);
	ask_now(&rig, stay_redis_lent(boss), &answer, "MULTI");
	stay_pool_check_in(boss);
	stay_pool_check_in(worker);
	EXPECT_OK(stay_pool_check_out_wait(pool, 5000, &boss));
	ask_now(&rig, stay_redis_lent(boss), &answer, "SET k 1");
	ck_assert_str_eq(answer.text, "OK");
	EXPECT_OK(stay_pool_check_out_wait(pool, 5000, &worker));
	ask_now(&rig, stay_redis_lent(worker), &answer, "SET k 1");
	ck_assert_str_eq(answer.text, "OK");
}

TEST_SUITE_WITH(
    redis_pool, .seconds = 60, .before = bed_open, .after = bed_close)
