/* A bell: who waits for it, how long, and what is left of it. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "suites.h"
#include "support/failing.h"
#include "world/bell.h"
#include "world/ev_clock.h"

#define MS UINT64_C(1000000)

static struct stay__bell bell;
static int made;

static void
begin(void)
{
	made = failing_made();
	memset(&bell, 0xff, sizeof(bell));
	ck_assert(stay__bell_init(&bell));
}

static void
end(void)
{
	stay__bell_fini(&bell);
	ck_assert_int_eq(failing_made(), made);
}

TEST(bell_counts)
{
	for (uint64_t rings = 0; rings < 3; rings++) {
		ck_assert_uint_eq(stay__bell_rings(&bell), rings);
		ck_assert(stay__bell_wait(&bell, rings, 0));
		ck_assert(!stay__bell_wait(&bell, rings + 1, 0));
		stay__bell_ring(&bell);
	}
}

/* Its time goes on, whoever sets the clock on the wall. */
TEST(bell_waits_till_then)
{
	uint64_t before = stay__clock_ns(CLOCK_MONOTONIC);

	ck_assert(!stay__bell_wait(&bell, 1, stay__bell_after(20)));
	ck_assert_uint_ge(stay__clock_ns(CLOCK_MONOTONIC), before + 20 * MS);
}

static atomic_bool within;

/* Gets the lock when the other gives it away, and that is to wait. */
static void *
ring(void *arg)
{
	(void)arg;
	while (!within)
		sched_yield();
	stay__bell_ring(&bell);
	return NULL;
}

TEST_ROWS(bell_is_heard_by_who_waits, 2)
{
	uint64_t deadline = _i == 0 ? UINT64_MAX : stay__bell_after(20000);
	pthread_t ringer;

	within = false;
	ck_assert_int_eq(pthread_create(&ringer, NULL, ring, NULL), 0);
	pthread_mutex_lock(&bell.monitor.lock);
	within = true;
	while (bell.rings == 0)
		ck_assert(stay__monitor_wait(&bell.monitor, deadline));
	pthread_mutex_unlock(&bell.monitor.lock);
	ck_assert(stay__bell_wait(&bell, 1, UINT64_MAX));
	pthread_join(ringer, NULL);
}

TEST(bell_time_has_no_end)
{
	const uint64_t most = UINT64_MAX / 4 / STAY__NS_PER_S;
	uint64_t before = stay__clock_ns(CLOCK_MONOTONIC);
	uint64_t most_at = stay__bell_after(most);
	uint64_t after = stay__clock_ns(CLOCK_MONOTONIC);

	ck_assert_uint_ge(most_at, before + most * MS);
	ck_assert_uint_le(most_at, after + most * MS);
	ck_assert_uint_eq(stay__bell_after(most + 1), UINT64_MAX);
	ck_assert_uint_eq(stay__bell_after(UINT64_MAX), UINT64_MAX);
}

/* What was made before is given back. */
TEST_ROWS(bell_that_the_system_has_not, 2)
{
	static const enum failing calls[] = { FAILING_pthread_cond_init,
		FAILING_pthread_mutex_init };
	struct stay__bell none;
	bool is_made;

	failing_arm(calls[_i], 1, ENOMEM);
	is_made = stay__bell_init(&none);
	ck_assert(failing_disarm());
	ck_assert(!is_made);
	ck_assert_int_eq(failing_made(), made + 2);
}

TEST_SUITE_WITH(bell, .before = begin, .after = end)
