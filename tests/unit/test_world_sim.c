/* The virtual world: its clock, its waiting, its names, and that it is one. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim.h"
#include "suites.h"
#include "support/world_seam.h"

#define MS UINT64_C(1000000)

static struct seam seam;
static struct stay_world *world;

static void
setup(void)
{
	world = sim_world_new(1);
	seam_init(&seam, world);
}

static void
teardown(void)
{
	seam_fini(&seam);
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

static bool
is_set(void *arg)
{
	return *(bool *)arg;
}

static void
set(void *arg)
{
	*(bool *)arg = true;
}

/* ---- time ---- */

START_TEST(test_world_sim_time_moves_from_event_to_event)
{
	bool first = false, second = false;

	sim_at(world, 50, set, &second);
	sim_at(world, 20, set, &first);
	ck_assert(sim_step(world));
	ck_assert(first && !second);
	ck_assert_uint_eq(sim_now_ms(world), 20);
	ck_assert(sim_step(world));
	ck_assert(second);
	ck_assert_uint_eq(sim_now_ms(world), 50);
	ck_assert(!sim_step(world));
	ck_assert_uint_eq(sim_now_ms(world), 50);
}
END_TEST

static void
append(void *arg)
{
	strcat(arg, "x");
}

/* Many, so that the heap has something to do. */
START_TEST(test_world_sim_events_come_in_order)
{
	static int order[500];
	char marks[600] = "";

	for (int i = 0; i < 500; i++)
		order[i] = (i * 179) % 500;
	for (int i = 0; i < 500; i++)
		sim_at(world, (uint64_t)order[i], append, marks);
	for (int ms = 0; ms < 500; ms++) {
		ck_assert(sim_step(world));
		ck_assert_uint_eq(sim_now_ms(world), (uint64_t)ms);
		ck_assert_uint_eq(strlen(marks), (size_t)ms + 1);
	}
}
END_TEST

static char told[8];

static void
tell_a(void *arg)
{
	(void)arg;
	strcat(told, "a");
}

static void
tell_b(void *arg)
{
	(void)arg;
	strcat(told, "b");
}

START_TEST(test_world_sim_events_of_one_time_come_as_they_were_set)
{
	told[0] = '\0';
	sim_at(world, 1, tell_b, NULL);
	sim_at(world, 1, tell_a, NULL);
	sim_at(world, 1, tell_a, NULL);
	sim_at(world, 0, tell_a, NULL);
	sim_run_ms(world, 1);
	ck_assert_str_eq(told, "abaa");
}
END_TEST

static uint64_t last_at;
static int fired;

static void
on_fire(struct sim_event *event)
{
	ck_assert_uint_ge(event->at, last_at);
	last_at = event->at;
	fired++;
}

/* Stopped from anywhere in the heap, the others keep their order. */
START_TEST(test_world_sim_events_stopped_do_not_come)
{
	static struct sim_event events[600];
	struct sim *sim = sim_of(world);

	last_at = 0;
	fired = 0;
	memset(events, 0, sizeof(events));
	for (int i = 0; i < 600; i++)
		sim_event_set(sim, &events[i],
		    sim_after(sim, sim_random(world) % 1000), on_fire);
	for (int i = 0; i < 600; i += 2)
		sim_event_stop(sim, &events[i]);
	for (int i = 0; i < 600; i += 3)
		sim_event_set(sim, &events[i],
		    sim_after(sim, sim_random(world) % 1000), on_fire);
	sim_run_ms(world, 1000);
	ck_assert_int_eq(fired, 400);
}
END_TEST

START_TEST(test_world_sim_run_ms_takes_just_that_long)
{
	bool early = false, late = false;

	sim_at(world, 100, set, &early);
	sim_at(world, 101, set, &late);
	sim_run_ms(world, 100);
	ck_assert(early && !late);
	ck_assert_uint_eq(sim_now_ms(world), 100);
	sim_run_ms(world, 0);
	ck_assert_uint_eq(sim_now_ms(world), 100);
}
END_TEST

START_TEST(test_world_sim_run_until_says_whether)
{
	bool done = false;

	sim_at(world, 30, set, &done);
	ck_assert(!sim_run_until(world, is_set, &done, 29));
	ck_assert_uint_eq(sim_now_ms(world), 29);
	ck_assert(sim_run_until(world, is_set, &done, 29));
	ck_assert_uint_eq(sim_now_ms(world), 30);
	ck_assert(!sim_run_until(world, never, NULL, SIM_FOREVER));
}
END_TEST

START_TEST(test_world_sim_timer_wakes_once_and_on_time)
{
	uint64_t at = seam.ops->now(world) + 7 * MS;

	seam.ops->timer(world, at + MS);
	seam.ops->timer(world, at);
	ck_assert(sim_step(world));
	ck_assert_uint_eq(seam.ops->now(world), at);
	ck_assert(!sim_step(world));
	seam.ops->timer(world, at + MS);
	seam.ops->timer(world, UINT64_MAX);
	ck_assert(!sim_step(world));
}
END_TEST

START_TEST(test_world_sim_operations_can_take_time)
{
	uint64_t first;

	sim_cost_ns(world, 5);
	first = seam.ops->now(world);
	ck_assert_uint_eq(seam.ops->now(world), first + 5);
	sim_sleep_ms(world, 3);
	ck_assert_uint_eq(seam.ops->now(world), first + 10 + 3 * MS);
}
END_TEST

/* ---- turns ---- */

START_TEST(test_world_sim_turns_in_every_wait)
{
	seam_arm(&seam);
	sim_step(world);
	ck_assert(seam.turned);
	seam_arm(&seam);
	seam.ops->run(world);
	ck_assert(seam.turned);
}
END_TEST

static void
arm(void *arg)
{
	seam_arm(arg);
}

START_TEST(test_world_sim_a_wait_ends_with_a_turn)
{
	sim_at(world, 1, arm, &seam);
	sim_step(world);
	ck_assert(seam.turned);
}
END_TEST

START_TEST(test_world_sim_again_and_wake_do_not_wait)
{
	bool done = false;

	sim_at(world, 10, set, &done);
	seam.ops->again(world);
	ck_assert(sim_step(world));
	seam.ops->wake(world);
	ck_assert(sim_step(world));
	ck_assert(!done);
	ck_assert_uint_eq(sim_now_ms(world), 0);
	ck_assert(sim_step(world));
	ck_assert(done);
}
END_TEST

static void
let_go(void *arg)
{
	seam.ops->hold(arg, false);
}

START_TEST(test_world_sim_runs_while_it_is_held)
{
	bool done = false;

	ck_assert(sim_run(world, 1000));
	seam.ops->hold(world, true);
	ck_assert(sim_is_held(world));
	sim_at(world, 10, let_go, world);
	sim_at(world, 20, set, &done);
	ck_assert(!sim_run(world, 9));
	ck_assert(sim_run(world, 1000));
	ck_assert_uint_eq(sim_now_ms(world), 10);
	ck_assert(!done);
}
END_TEST

/* ---- names ---- */

struct asked {
	struct stay_lookup lookup;
	int times;
	int error;
	bool has_text;
	size_t count;
	struct stay_address addresses[4];
};

static void
on_done(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct asked *asked = lookup->owner;

	asked->times++;
	asked->error = error;
	asked->has_text = text != NULL;
	asked->count = count;
	for (size_t i = 0; i < count && i < 4; i++)
		asked->addresses[i] = addresses[i];
}

static void
ask(struct asked *asked, const char *host)
{
	*asked = (struct asked){ .lookup = { .host = host, .port = "99" } };
	asked->lookup.done = on_done;
	asked->lookup.owner = asked;
	ck_assert_int_eq(seam.ops->lookup(world, &asked->lookup), 0);
	ck_assert_int_eq(asked->times, 0);
}

START_TEST(test_world_sim_a_name_has_addresses)
{
	struct asked asked;
	struct sockaddr_in6 v6;

	sim_name_set(world, "db", "10.0.0.1 ::1", 5, 0);
	ask(&asked, "db");
	ck_assert_uint_eq(sim_lookups(world), 1);
	sim_step(world);
	ck_assert_uint_eq(sim_now_ms(world), 5);
	ck_assert_int_eq(asked.times, 1);
	ck_assert_int_eq(asked.error, 0);
	ck_assert_uint_eq(asked.count, 2);
	ck_assert_int_eq(asked.addresses[0].storage.ss_family, AF_INET);
	memcpy(&v6, &asked.addresses[1].storage, sizeof(v6));
	ck_assert_int_eq(v6.sin6_family, AF_INET6);
	ck_assert_int_eq(ntohs(v6.sin6_port), 99);
	ck_assert_uint_eq(sim_lookups(world), 0);
}
END_TEST

START_TEST(test_world_sim_names_fail)
{
	struct asked unknown, broken, literal;

	sim_name_set(world, "db", NULL, 1, EAI_AGAIN);
	ask(&unknown, "nobody");
	ask(&broken, "db");
	ask(&literal, "10.0.0.1");
	sim_run_ms(world, 1);
	ck_assert_int_eq(unknown.error, EAI_NONAME);
	ck_assert(unknown.has_text);
	ck_assert_int_eq(broken.error, EAI_AGAIN);
	ck_assert_int_eq(literal.error, 0);
	ck_assert_uint_eq(literal.count, 1);
}
END_TEST

START_TEST(test_world_sim_a_lookup_hangs_and_is_cancelled)
{
	struct asked hangs, slow;

	sim_name_set(world, "never", "10.0.0.1", SIM_FOREVER, 0);
	sim_name_set(world, "slow", "10.0.0.1", 10, 0);
	ask(&hangs, "never");
	ask(&slow, "slow");
	sim_run_ms(world, 5);
	seam.ops->lookup_cancel(world, &slow.lookup);
	sim_run_ms(world, 100000);
	ck_assert_int_eq(hangs.times + slow.times, 0);
	seam.ops->lookup_cancel(world, &hangs.lookup);
	ck_assert_uint_eq(sim_lookups(world), 0);
}
END_TEST

/* ---- failing on purpose ---- */

START_TEST(test_world_sim_fails_the_nth_call)
{
	char byte;
	int fds[2];

	sim_pair(world, fds);
	sim_fail(world, SIM_READ, 2, -EIO);
	ck_assert_int_eq(seam.ops->read(world, fds[0], &byte, 1), -EAGAIN);
	ck_assert_int_eq(seam.ops->read(world, fds[0], &byte, 1), -EIO);
	ck_assert_int_eq(seam.ops->read(world, fds[0], &byte, 1), -EAGAIN);
	sim_fail(world, SIM_OP_COUNT, 2, -ENOMEM);
	ck_assert_int_eq(seam.ops->adopt(world, fds[0]), 0);
	ck_assert_int_eq(seam.ops->read(world, fds[0], &byte, 1), -ENOMEM);
	ck_assert_uint_eq(sim_calls(world, SIM_READ), 4);
	ck_assert_uint_eq(sim_calls_fallible(world), 5);
	seam.ops->close(world, fds[0]);
	seam.ops->close(world, fds[1]);
}
END_TEST

/* ---- the same again ---- */

static void
say(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	(void)arg;
	sim_peer_send(peer, bytes, len);
}

static uint64_t
story(uint64_t seed)
{
	static const struct sim_server echo = { .on_bytes = say };
	const struct sim_limits limits = { .ragged = true, .jitter_ms = 9 };
	struct iovec part = { .iov_base = &(char[32]){ "hello" },
		.iov_len = 32 };
	struct seam own;
	char bytes[64];
	uint64_t hash;
	int fd;

	seam_init(&own, sim_world_new(seed));
	sim_limits_set(own.world, &limits);
	(void)sim_adopted(own.world, &echo, NULL, &fd);
	for (int i = 0; i < 20; i++) {
		own.ops->write(own.world, fd, &part, 1);
		sim_run_ms(own.world, 5);
		own.ops->read(own.world, fd, bytes, sizeof(bytes));
	}
	own.ops->close(own.world, fd);
	sim_run_ms(own.world, 100);
	hash = sim_hash(own.world);
	seam_fini(&own);
	return hash;
}

START_TEST(test_world_sim_one_seed_is_one_story)
{
	ck_assert_uint_eq(story(7), story(7));
	ck_assert_uint_ne(story(7), story(8));
}
END_TEST

START_TEST(test_world_sim_traces)
{
	char text[4096] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");
	int fds[2];

	sim_trace_to(world, file);
	sim_pair(world, fds);
	sim_run_ms(world, 3);
	seam.ops->close(world, fds[0]);
	seam.ops->close(world, fds[1]);
	sim_trace_to(world, NULL);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(text, "3.000000 close"));
}
END_TEST

Suite *
suite_world_sim(void)
{
	Suite *suite = suite_create("world_sim");
	TCase *tcase = tcase_create("world_sim");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_world_sim_time_moves_from_event_to_event);
	tcase_add_test(tcase, test_world_sim_events_come_in_order);
	tcase_add_test(
	    tcase, test_world_sim_events_of_one_time_come_as_they_were_set);
	tcase_add_test(tcase, test_world_sim_events_stopped_do_not_come);
	tcase_add_test(tcase, test_world_sim_run_ms_takes_just_that_long);
	tcase_add_test(tcase, test_world_sim_run_until_says_whether);
	tcase_add_test(tcase, test_world_sim_timer_wakes_once_and_on_time);
	tcase_add_test(tcase, test_world_sim_operations_can_take_time);
	tcase_add_test(tcase, test_world_sim_turns_in_every_wait);
	tcase_add_test(tcase, test_world_sim_a_wait_ends_with_a_turn);
	tcase_add_test(tcase, test_world_sim_again_and_wake_do_not_wait);
	tcase_add_test(tcase, test_world_sim_runs_while_it_is_held);
	tcase_add_test(tcase, test_world_sim_a_name_has_addresses);
	tcase_add_test(tcase, test_world_sim_names_fail);
	tcase_add_test(tcase, test_world_sim_a_lookup_hangs_and_is_cancelled);
	tcase_add_test(tcase, test_world_sim_fails_the_nth_call);
	tcase_add_test(tcase, test_world_sim_one_seed_is_one_story);
	tcase_add_test(tcase, test_world_sim_traces);
	suite_add_tcase(suite, tcase);
	return suite;
}
