/*
 * Names on the world on libev. getaddrinfo and pthread_create are the test's own:
 * some names answer only when the test lets them, everything else is asked of the
 * system.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>

#include "suites.h"
#include "support/world_seam.h"
#include "world/ev.h"
#include "world/ev_lookups.h"
#include "world/ev_resolve.h"
#include "world/ev_socket.h"

#define HANGING "hangs.test"
#define BROKEN  "broken.test" /* the system fails, as `broken` says */

/* ---- the system's side ---- */

static sem_t gate;         /* one post lets one hanging name answer */
static atomic_int inside;  /* threads that hang */
static atomic_int threads; /* different ones that hung */
static _Thread_local bool known;
static atomic_int left;       /* threads that hung */
static atomic_bool signal_ok; /* a thread took signals */

static void
hang(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	if (sigismember(&mask, SIGTERM) != 1)
		atomic_store(&signal_ok, true);
	if (!known)
		atomic_fetch_add(&threads, 1);
	known = true;
	atomic_fetch_add(&inside, 1);
	while (sem_wait(&gate) != 0)
		continue;
	atomic_fetch_sub(&inside, 1);
	atomic_fetch_add(&left, 1);
}

static atomic_int broken, broken_errno;

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **found)
{
	int (*system_s)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&system_s, &symbol, sizeof(symbol));
	if (host != NULL && strcmp(host, BROKEN) == 0) {
		errno = atomic_load(&broken_errno);
		return atomic_load(&broken);
	}
	if (host != NULL && strncmp(host, HANGING, strlen(HANGING)) == 0) {
		hang();
		host = "127.0.0.1";
	}
	return system_s(host, port, hints, found);
}

static atomic_bool no_threads; /* the system has none to give */

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *arg)
{
	int (*system_s)(
	    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *symbol = dlsym(RTLD_NEXT, "pthread_create");

	memcpy(&system_s, &symbol, sizeof(symbol));
	return atomic_load(&no_threads)
		   ? EAGAIN
		   : system_s(thread, attributes, run, arg);
}

static void
wait_for(atomic_int *counter, int value)
{
	while (atomic_load(counter) != value)
		sched_yield();
}

/* ---- the library's side ---- */

static struct ev_loop *ev;
static struct seam seam;

static void
setup(void)
{
	ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
	atomic_store(&inside, 0);
	atomic_store(&left, 0);
	atomic_store(&threads, 0);
	ev = ev_loop_new(EVFLAG_AUTO);
	ck_assert_ptr_nonnull(ev);
	seam_init(&seam, stay__world_ev_new(ev));
	seam.ops->hold(seam.world, true);
}

static void
teardown(void)
{
	seam_fini(&seam);
	ev_loop_destroy(ev);
}

struct asked {
	struct stay_lookup lookup;
	int times;
	int error;
	bool has_text;
	char text[128];
	size_t count;
	struct stay_address first;
};

static void
on_done(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct asked *asked = lookup->owner;

	asked->times++;
	asked->error = error;
	asked->has_text = text != NULL;
	snprintf(
	    asked->text, sizeof(asked->text), "%s", text != NULL ? text : "");
	asked->count = count;
	if (count > 0)
		asked->first = addresses[0];
}

static int
ask(struct asked *asked, const char *host, const char *port)
{
	*asked = (struct asked){ .lookup = { .host = host, .port = port } };
	asked->lookup.done = on_done;
	asked->lookup.owner = asked;
	return seam.ops->lookup(seam.world, &asked->lookup);
}

static void
wait_answer(struct asked *asked)
{
	while (asked->times == 0)
		seam.ops->run(seam.world);
}

/* A machine without a hosts file may know no name at all. */
static const char *
known_name(void)
{
	struct addrinfo *found;

	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		return "127.0.0.1";
	freeaddrinfo(found);
	return "localhost";
}

START_TEST(test_world_ev_lookup_finds_localhost)
{
	struct sockaddr_in to;
	struct asked asked;

	ck_assert_int_eq(ask(&asked, known_name(), "7777"), 0);
	ck_assert_int_eq(asked.times, 0);
	wait_answer(&asked);
	ck_assert_int_eq(asked.error, 0);
	ck_assert_uint_ge(asked.count, 1);
	/* The port is in the same place in both families. */
	memcpy(&to, &asked.first.storage, sizeof(to));
	ck_assert_int_eq(ntohs(to.sin_port), 7777);
	ck_assert(asked.first.len == sizeof(struct sockaddr_in) ||
		  asked.first.len == sizeof(struct sockaddr_in6));
}
END_TEST

START_TEST(test_world_ev_lookup_copies_what_it_is_asked)
{
	char host[] = "127.0.0.1", port[] = "1";
	struct asked asked;

	ck_assert_int_eq(ask(&asked, host, port), 0);
	memset(host, 'x', sizeof(host) - 1);
	memset(port, 'x', sizeof(port) - 1);
	wait_answer(&asked);
	ck_assert_int_eq(asked.error, 0);
	ck_assert_uint_eq(asked.count, 1);
}
END_TEST

START_TEST(test_world_ev_lookup_says_why_not)
{
	struct asked asked;

	ck_assert_int_eq(ask(&asked, "localhost", "no number"), 0);
	wait_answer(&asked);
	ck_assert_int_ne(asked.error, 0);
	ck_assert(asked.has_text);
	ck_assert_uint_eq(asked.count, 0);
}
END_TEST

/* The number of the system, if it is the system that failed and it says why. */
START_TEST(test_world_ev_lookup_tells_the_error_of_the_system)
{
	static const struct {
		int error;
		int system;
		int told;
	} rows[] = {
		{ EAI_SYSTEM, EMFILE, -EMFILE },
		{ EAI_SYSTEM, ENOENT, -ENOENT },
		{ EAI_SYSTEM, 0, EAI_SYSTEM },
		{ EAI_AGAIN, EMFILE, EAI_AGAIN },
		{ EAI_FAIL, 0, EAI_FAIL },
	};
	struct asked asked;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		atomic_store(&broken, rows[i].error);
		atomic_store(&broken_errno, rows[i].system);
		ck_assert_int_eq(ask(&asked, BROKEN, "7"), 0);
		wait_answer(&asked);
		ck_assert_int_eq(asked.error, rows[i].told);
		ck_assert_str_eq(asked.text, gai_strerror(rows[i].error));
		ck_assert_uint_eq(asked.count, 0);
		ck_assert_int_eq(asked.times, 1);
	}
}
END_TEST

START_TEST(test_world_ev_lookup_in_four_threads_at_most)
{
	struct asked asked[6];

	atomic_store(&signal_ok, false);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(ask(&asked[i], HANGING, "1"), 0);
	wait_for(&inside, STAY__RESOLVER_THREADS);
	for (int i = 0; i < 6; i++)
		sem_post(&gate);
	for (int i = 0; i < 6; i++)
		wait_answer(&asked[i]);
	ck_assert_int_eq(atomic_load(&threads), STAY__RESOLVER_THREADS);
	ck_assert(!atomic_load(&signal_ok));
}
END_TEST

START_TEST(test_world_ev_lookup_cancelled_while_waiting)
{
	struct asked hanging[STAY__RESOLVER_THREADS], waiting;

	for (int i = 0; i < STAY__RESOLVER_THREADS; i++)
		ck_assert_int_eq(ask(&hanging[i], HANGING, "1"), 0);
	wait_for(&inside, STAY__RESOLVER_THREADS);
	ck_assert_int_eq(ask(&waiting, "127.0.0.1", "1"), 0);
	seam.ops->lookup_cancel(seam.world, &waiting.lookup);
	seam.ops->lookup_cancel(seam.world, &waiting.lookup);
	for (int i = 0; i < STAY__RESOLVER_THREADS; i++)
		sem_post(&gate);
	for (int i = 0; i < STAY__RESOLVER_THREADS; i++)
		wait_answer(&hanging[i]);
	ck_assert_int_eq(waiting.times, 0);
}
END_TEST

START_TEST(test_world_ev_lookup_cancelled_while_under_way)
{
	struct asked cancelled, other;

	ck_assert_int_eq(ask(&cancelled, HANGING, "1"), 0);
	wait_for(&inside, 1);
	seam.ops->lookup_cancel(seam.world, &cancelled.lookup);
	seam.ops->lookup_cancel(seam.world, &cancelled.lookup);
	sem_post(&gate);
	wait_for(&left, 1);
	ck_assert_int_eq(ask(&other, "127.0.0.1", "1"), 0);
	wait_answer(&other);
	ck_assert_int_eq(cancelled.times, 0);
}
END_TEST

START_TEST(test_world_ev_lookup_cancelled_when_answered)
{
	struct asked cancelled;
	struct pollfd woken = { stay__wake_open(), POLLIN, 0 };
	struct stay__lookups *lookups = stay__lookups_new(woken.fd);

	cancelled = (struct asked){
		.lookup = { .host = "127.0.0.1", .port = "1", .done = on_done },
	};
	cancelled.lookup.owner = &cancelled;
	ck_assert_int_eq(stay__lookups_start(lookups, &cancelled.lookup), 0);
	ck_assert_int_eq(poll(&woken, 1, -1), 1);
	stay__lookups_cancel(lookups, &cancelled.lookup);
	stay__lookups_deliver(lookups);
	ck_assert_int_eq(cancelled.times, 0);
	stay__lookups_free(lookups);
	close(woken.fd);
}
END_TEST

START_TEST(test_world_ev_lookup_that_hangs_holds_up_no_end)
{
	struct seam second;
	struct asked asked = { .lookup = { .host = HANGING, .port = "1" } };

	asked.lookup.done = on_done;
	asked.lookup.owner = &asked;
	seam_init(&second, stay__world_ev_new(ev));
	ck_assert_int_eq(second.ops->lookup(second.world, &asked.lookup), 0);
	wait_for(&inside, 1);
	second.ops->lookup_cancel(second.world, &asked.lookup);
	seam_fini(&second);
	sem_post(&gate);
	wait_for(&left, 1);
	ck_assert_int_eq(asked.times, 0);
}
END_TEST

/* ---- names that hang ---- */

struct hangers {
	struct asked asked[STAY__RESOLVER_THREADS_MAX + 1];
	char names[STAY__RESOLVER_THREADS_MAX + 1][16];
	int count;
};

/* So many hang, each under a name of its own or all under one. */
static void
hang_all(struct hangers *hangers, int count, bool one_name)
{
	hangers->count = count;
	for (int i = 0; i < count; i++) {
		snprintf(hangers->names[i], sizeof(hangers->names[i]), "%s%d",
		    HANGING, one_name ? 0 : i);
		ck_assert_int_eq(
		    ask(&hangers->asked[i], hangers->names[i], "1"), 0);
	}
}

static void
let_go(struct hangers *hangers)
{
	for (int i = 0; i < hangers->count; i++)
		sem_post(&gate);
	for (int i = 0; i < hangers->count; i++)
		wait_answer(&hangers->asked[i]);
}

/* The loop's thread is not needed for it. */
START_TEST(test_world_ev_lookup_that_hangs_gives_its_place)
{
	struct hangers hangers;
	struct asked asked;

	hang_all(&hangers, STAY__RESOLVER_THREADS, false);
	ck_assert_int_eq(ask(&asked, "127.0.0.1", "1"), 0);
	wait_answer(&asked);
	ck_assert_int_eq(asked.error, 0);
	ck_assert_int_eq(atomic_load(&inside), STAY__RESOLVER_THREADS);
	let_go(&hangers);
}
END_TEST

/* With as many threads as there may be the next one waits for one to return. */
START_TEST(test_world_ev_lookup_has_threads_up_to_a_bound)
{
	struct hangers hangers;

	hang_all(&hangers, STAY__RESOLVER_THREADS_MAX + 1, false);
	wait_for(&inside, STAY__RESOLVER_THREADS_MAX);
	ck_assert_int_eq(atomic_load(&threads), STAY__RESOLVER_THREADS_MAX);
	let_go(&hangers);
	ck_assert_int_eq(atomic_load(&threads), STAY__RESOLVER_THREADS_MAX);
}
END_TEST

/* One name, asked time after time, leaves threads for others. */
START_TEST(test_world_ev_lookup_of_one_name_takes_not_all_threads)
{
	struct hangers hangers;
	struct asked asked;

	hang_all(&hangers, STAY__RESOLVER_THREADS_MAX + 1, true);
	wait_for(&inside, STAY__RESOLVER_REPEATS_MAX);
	ck_assert_int_eq(ask(&asked, "127.0.0.1", "1"), 0);
	wait_answer(&asked);
	ck_assert_int_eq(asked.error, 0);
	ck_assert_int_eq(atomic_load(&inside), STAY__RESOLVER_REPEATS_MAX);
	let_go(&hangers);
}
END_TEST

START_TEST(test_world_ev_lookup_needs_one_thread_only)
{
	struct asked first, second;

	ck_assert_int_eq(ask(&first, HANGING, "1"), 0);
	wait_for(&inside, 1);
	atomic_store(&no_threads, true);
	ck_assert_int_eq(ask(&second, "127.0.0.1", "1"), 0);
	sem_post(&gate);
	wait_answer(&first);
	wait_answer(&second);
	ck_assert_int_eq(second.error, 0);
	while (ask(&second, "127.0.0.1", "1") == 0) /* till the thread left */
		wait_answer(&second);
	atomic_store(&no_threads, false);
}
END_TEST

/* Who watches for a place is told that the world is gone. */
START_TEST(test_world_ev_lookup_that_waits_holds_up_no_end)
{
	struct hangers hangers;
	struct asked asked;

	hang_all(&hangers, STAY__RESOLVER_THREADS, false);
	wait_for(&inside, STAY__RESOLVER_THREADS);
	ck_assert_int_eq(ask(&asked, "127.0.0.1", "1"), 0);
	seam.ops->lookup_cancel(seam.world, &asked.lookup);
	let_go(&hangers);
	ck_assert_int_eq(asked.times, 0);
}
END_TEST

static struct asked next;

static void
ask_next(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	on_done(lookup, error, text, addresses, count);
	ck_assert_int_eq(ask(&next, "127.0.0.1", "2"), 0);
}

START_TEST(test_world_ev_lookup_asked_when_answered)
{
	struct asked asked = { .lookup = { .host = "127.0.0.1", .port = "1" } };

	asked.lookup.done = ask_next;
	asked.lookup.owner = &asked;
	ck_assert_int_eq(seam.ops->lookup(seam.world, &asked.lookup), 0);
	wait_answer(&asked);
	wait_answer(&next);
	ck_assert_int_eq(asked.times, 1);
	ck_assert_int_eq(next.times, 1);
}
END_TEST

Suite *
suite_world_ev_resolve(void)
{
	Suite *suite = suite_create("world_ev_resolve");
	TCase *tcase = tcase_create("world_ev_resolve");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_world_ev_lookup_finds_localhost);
	tcase_add_test(tcase, test_world_ev_lookup_copies_what_it_is_asked);
	tcase_add_test(tcase, test_world_ev_lookup_says_why_not);
	tcase_add_test(
	    tcase, test_world_ev_lookup_tells_the_error_of_the_system);
	tcase_add_test(tcase, test_world_ev_lookup_in_four_threads_at_most);
	tcase_add_test(tcase, test_world_ev_lookup_cancelled_while_waiting);
	tcase_add_test(tcase, test_world_ev_lookup_cancelled_while_under_way);
	tcase_add_test(tcase, test_world_ev_lookup_cancelled_when_answered);
	tcase_add_test(tcase, test_world_ev_lookup_that_hangs_holds_up_no_end);
	tcase_add_test(tcase, test_world_ev_lookup_asked_when_answered);
	tcase_add_test(tcase, test_world_ev_lookup_that_hangs_gives_its_place);
	tcase_add_test(tcase, test_world_ev_lookup_has_threads_up_to_a_bound);
	tcase_add_test(
	    tcase, test_world_ev_lookup_of_one_name_takes_not_all_threads);
	tcase_add_test(tcase, test_world_ev_lookup_needs_one_thread_only);
	tcase_add_test(tcase, test_world_ev_lookup_that_waits_holds_up_no_end);
	suite_add_tcase(suite, tcase);
	return suite;
}
