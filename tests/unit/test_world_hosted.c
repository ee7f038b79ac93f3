/*
 * The world that a host waits for, by what it tells a host that only takes notes: when
 * to come, and what to watch. What every world does is in test_world_contract.c.
 */
#include <errno.h>
#include <poll.h>

#include <stay/host.h>

#include "suites.h"
#include "support/child.h"
#include "support/world_seam.h"
#include "world/hosted.h"

#define MS    UINT64_C(1000000)
#define FAR   (20000 * MS)
#define NEVER UINT64_MAX

static struct notes {
	struct stay_host host;
	uint64_t in;     /* as it was told last */
	unsigned told;   /* how often */
	bool refuses;    /* to watch anything */
	bool may_wait;   /* as it was run last */
	unsigned during; /* how many it watched then */
	unsigned watched;
	struct stay_watch *wake;
	void (*meanwhile)(void); /* while it runs; NULL: nothing happens */
} notes;

static struct seam seam;

static int
note_watch(struct stay_host *host, struct stay_watch *watch, unsigned interest)
{
	(void)host;
	ck_assert_uint_ne(interest, watch->interest);
	if (notes.refuses && interest != 0)
		return -ENOMEM;
	notes.watched += interest != 0;
	notes.watched -= watch->interest != 0;
	notes.wake = watch;
	watch->interest = interest;
	return 0;
}

static void
note_timer(struct stay_host *host, uint64_t in_ns)
{
	(void)host;
	notes.in = in_ns;
	notes.told++;
}

static void
note_run(struct stay_host *host, bool may_wait)
{
	(void)host;
	notes.may_wait = may_wait;
	notes.during = notes.watched;
	if (notes.meanwhile != NULL)
		notes.meanwhile();
}

static void
note_free(struct stay_host *host)
{
	(void)host;
}

static const struct stay_host_ops ops = { STAY_HOST_OPS, .watch = note_watch,
	.timer = note_timer, .run = note_run, .free = note_free };

static void
begin(void)
{
	notes = (struct notes){ .host = { .ops = &ops }, .in = NEVER };
	seam_init(&seam, stay__world_hosted(&notes.host));
	seam.ops->hold(seam.world, true);
	ck_assert_uint_eq(notes.watched, 1);
}

/* The host is told that nobody comes any more. */
static void
end(void)
{
	seam.ops->timer(seam.world, seam.ops->now(seam.world) + FAR);
	seam_fini(&seam);
	ck_assert_uint_eq(notes.in, NEVER);
	ck_assert_uint_eq(notes.watched, 0);
}

static void
want_in(uint64_t ns)
{
	seam.ops->timer(
	    seam.world, ns == NEVER ? NEVER : seam.ops->now(seam.world) + ns);
}

/* What it was told is over then. */
static void
come(void)
{
	notes.in = NEVER;
	stay_host_due(&notes.host);
}

/* ---- when to come ---- */

/* Only what is earlier is news, or that there is nothing to come for. */
TEST(hosted_tells_what_is_earlier)
{
	uint64_t at = seam.ops->now(seam.world) + FAR;

	seam.ops->timer(seam.world, at);
	ck_assert_uint_eq(notes.told, 1);
	ck_assert(notes.in <= FAR && notes.in > FAR / 2);
	seam.ops->timer(seam.world, at);
	want_in(2 * FAR);
	ck_assert_uint_eq(notes.told, 1);
	want_in(FAR / 4);
	ck_assert_uint_eq(notes.told, 2);
	ck_assert(notes.in <= FAR / 4 && notes.in > FAR / 8);
	for (int i = 0; i < 2; i++) {
		want_in(NEVER);
		ck_assert_uint_eq(notes.told, 3);
		ck_assert_uint_eq(notes.in, NEVER);
	}
	seam.ops->timer(seam.world, 1);
	ck_assert_uint_eq(notes.told, 4);
	ck_assert_uint_eq(notes.in, 0);
}

/* A deadline that has passed is over behind the turn. */
TEST(hosted_comes_once_for_a_deadline)
{
	seam.ops->timer(seam.world, 1);
	come();
	ck_assert_uint_eq(notes.in, NEVER);
	want_in(FAR);
	come();
	ck_assert(notes.in <= FAR && notes.in > FAR / 2);
}

TEST(hosted_with_work_left_comes_at_once)
{
	want_in(FAR);
	seam.ops->again(seam.world);
	ck_assert_uint_eq(notes.in, 0);
	want_in(FAR);
	ck_assert_uint_eq(notes.in, 0);
	seam.ops->run(seam.world);
	ck_assert(!notes.may_wait);
	come();
	ck_assert_uint_gt(notes.in, 0);
	seam.ops->run(seam.world);
	ck_assert(notes.may_wait);
}

/* A turn that nobody asked the host for has done what it was to come for. */
TEST(hosted_need_not_come_behind_a_turn)
{
	seam_arm(&seam);
	ck_assert_uint_eq(notes.in, 0);
	want_in(FAR);
	ck_assert(notes.in <= FAR && notes.in > FAR / 2);
}

/* It comes back soon, or earlier. */
TEST(hosted_that_is_deaf_comes_soon)
{
	notes.refuses = true;
	seam.ops->hold(seam.world, false);
	seam.ops->hold(seam.world, true);
	ck_assert_uint_eq(notes.watched, 0);
	want_in(FAR);
	ck_assert(notes.in <= 20 * MS && notes.in > 10 * MS);
	want_in(5 * MS);
	ck_assert_uint_le(notes.in, 5 * MS);
	notes.refuses = false;
	want_in(FAR);
	ck_assert_uint_eq(notes.watched, 1);
	come();
	ck_assert(notes.in <= FAR && notes.in > FAR / 2);
}

/* Held while it runs, and no longer. */
TEST(hosted_runs_without_connections)
{
	seam.ops->hold(seam.world, false);
	ck_assert_uint_eq(notes.watched, 0);
	want_in(FAR);
	ck_assert_uint_eq(notes.in, NEVER);
	seam.ops->run(seam.world);
	ck_assert_uint_eq(notes.during, 1);
	ck_assert_uint_eq(notes.watched, 0);
	ck_assert_uint_eq(notes.in, NEVER);
}

static void
start_one(void)
{
	seam.ops->hold(seam.world, true);
}

/* The program waits, too: once, and as long as the first wait goes on. */
static void
wait_inside(void)
{
	notes.meanwhile = NULL;
	seam.ops->run(seam.world);
	ck_assert_uint_eq(notes.watched, 1);
}

/* What the program does meanwhile is not undone. */
TEST_ROWS(hosted_runs_the_program_without_connections, 2)
{
	seam.ops->hold(seam.world, false);
	notes.meanwhile = _i == 0 ? start_one : wait_inside;
	seam.ops->run(seam.world);
	ck_assert_uint_eq(notes.watched, _i == 0);
	want_in(FAR);
	ck_assert_int_eq(notes.in <= FAR, _i == 0);
}

/* Outside of a turn init runs the host's loop: whatever the host came for is not lost. */
TEST_ROWS(hosted_that_comes_inside_of_init_comes_again, 2)
{
	if (_i == 0)
		seam.ops->again(seam.world);
	else
		seam.ops->timer(seam.world, 1);
	seam_arm(&seam);
	seam.loop->starting++;
	come();
	ck_assert(!seam.turned);
	seam.loop->starting--;
	ck_assert(notes.in <= 20 * MS && notes.in > 10 * MS);
	come();
	ck_assert(seam.turned);
	ck_assert_uint_eq(notes.in, NEVER);
}

static bool
is_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

static void
wake_again(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	(void)lookup;
	(void)error;
	(void)text;
	(void)addresses;
	(void)count;
	seam.ops->wake(seam.world);
}

/* Who wakes the loop while it hands out what has come is heard, too. */
TEST(hosted_hears_who_wakes_it_meanwhile)
{
	struct stay_lookup lookup = {
		.host = "127.0.0.1", .port = "1", .done = wake_again
	};
	struct pollfd ready = { .fd = notes.wake->fd, .events = POLLIN };

	ck_assert_int_eq(seam.ops->lookup(seam.world, &lookup), 0);
	ck_assert_int_eq(poll(&ready, 1, 20000), 1);
	notes.wake->ready(notes.wake, STAY_READ);
	ck_assert(is_readable(notes.wake->fd));
}

/* ---- a forked child ---- */

static bool
hears_when_due(void *arg)
{
	(void)arg;
	come();
	return notes.watched == 0;
}

static bool
hears_when_run(void *arg)
{
	(void)arg;
	seam.ops->run(seam.world);
	return notes.during == 0;
}

/* Again and again, and its parent's wake-up stays where it is. */
static bool
hears_when_woken(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++)
		notes.wake->ready(notes.wake, STAY_READ);
	return notes.watched == 0 && is_readable(notes.wake->fd);
}

/* Nobody wakes it any more, and it does not come to see. */
static bool
is_not_deaf(void *arg)
{
	(void)arg;
	come();
	want_in(FAR);
	return notes.watched == 0 && notes.in > FAR / 2;
}

TEST_ROWS(promise_12_a_hosted_child_leaves_the_wake_up, 4)
{
	static bool (*const finds[])(void *arg) = { hears_when_due,
		hears_when_run, hears_when_woken, is_not_deaf };

	seam.ops->wake(seam.world);
	ck_assert(child_finds(finds[_i], NULL));
	ck_assert_uint_eq(notes.watched, 1);
	ck_assert(is_readable(notes.wake->fd));
	notes.wake->ready(notes.wake, STAY_READ);
	ck_assert(!is_readable(notes.wake->fd));
	ck_assert_uint_eq(notes.in, 0);
}

static bool
wakes(void *arg)
{
	(void)arg;
	seam.ops->wake(seam.world);
	return true;
}

TEST(promise_12_a_child_wakes_no_parent)
{
	ck_assert(child_finds(wakes, NULL));
	ck_assert(!is_readable(notes.wake->fd));
}

TEST_SUITE_WITH(world_hosted, .before = begin, .after = end)
