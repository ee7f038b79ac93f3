/*
 * Names on the world on libev: its threads. getaddrinfo and pthread_create are the
 * test's own: some names answer only when the test lets them, everything else is
 * asked of the system.
 */
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "suites.h"
#include "support/child.h"
#include "support/failing.h"
#include "support/heap.h"
#include "support/scarce.h"
#include "support/world_bed.h"
#include "world/ev_clock.h"
#include "world/ev_lookups.h"
#include "world/ev_places.h"
#include "world/ev_resolve.h"
#include "world/ev_socket.h"
#include "world/ev_threads.h"

#define HANGING "hangs.test"
#define BROKEN  "broken.test" /* the system fails, as `broken` says */
#define MANY    "many.test"   /* has many addresses */

#define OTHERS (STAY__RESOLVER_THREADS_MAX - STAY__RESOLVER_REPEATS_MAX - 1)

/* ---- the system's side ---- */

static sem_t gate;         /* one post lets one hanging name answer */
static atomic_int inside;  /* threads that hang */
static atomic_int left;    /* threads that hung */
static atomic_int threads; /* different ones that hung */
static atomic_int alive;   /* threads that have not ended */
static long blocks;        /* in use before the test... */
static int made;           /* ...and locks, and conditions */
static _Thread_local bool known;
static atomic_bool signal_ok; /* a thread took signals */
static atomic_bool
    joinable; /* a thread has ended, and somebody has to join it */
static atomic_int broken, broken_errno;
static atomic_bool no_threads; /* the system has none to give */

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

/* More addresses than anybody dials, the last of them another. */
static struct addrinfo *
crowd(void)
{
	static struct addrinfo infos[STAY__ADDRESSES_MAX + 1];
	static struct sockaddr_in address = { .sin_family = AF_INET };

	for (size_t i = 0; i <= STAY__ADDRESSES_MAX; i++)
		infos[i] = (struct addrinfo){
			.ai_addr = (struct sockaddr *)&address,
			.ai_addrlen = sizeof(address),
			.ai_next =
			    i < STAY__ADDRESSES_MAX ? &infos[i + 1] : NULL,
		};
	return infos;
}

static atomic_int crowds_freed;

void
freeaddrinfo(struct addrinfo *found)
{
	void (*system_s)(struct addrinfo *);
	void *symbol = dlsym(RTLD_NEXT, "freeaddrinfo");

	memcpy(&system_s, &symbol, sizeof(symbol));
	if (found == crowd())
		atomic_fetch_add(&crowds_freed, 1);
	else
		system_s(found);
}

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **found)
{
	int (*system_s)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&system_s, &symbol, sizeof(symbol));
	if (port != NULL && port[0] == '\0')
		return EAI_SERVICE; /* as some systems say */
	if (host != NULL && strcmp(host, MANY) == 0) {
		*found = crowd();
		return 0;
	}
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

struct life {
	void *(*run)(void *);
	void *arg;
};

static void
note_joinable(void)
{
	pthread_attr_t attributes;
	int state = PTHREAD_CREATE_DETACHED;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	pthread_attr_getdetachstate(&attributes, &state);
	pthread_attr_destroy(&attributes);
	if (state == PTHREAD_CREATE_JOINABLE)
		atomic_store(&joinable, true);
}

static void *
live(void *arg)
{
	struct life life = *(struct life *)arg;

	free(arg);
	arg = life.run(life.arg);
	note_joinable();
	atomic_fetch_sub(&alive, 1);
	return arg;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *), void *arg)
{
	int (*system_s)(
	    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *symbol = dlsym(RTLD_NEXT, "pthread_create");
	struct life *life = malloc(sizeof(*life));

	if (life == NULL)
		return EAGAIN;
	memcpy(&system_s, &symbol, sizeof(symbol));
	atomic_fetch_add(&alive, 1);
	*life = (struct life){ run, arg };
	if (atomic_load(&no_threads) ||
	    system_s(thread, attributes, live, life) != 0) {
		free(life);
		atomic_fetch_sub(&alive, 1);
		return EAGAIN;
	}
	return 0;
}

static void
wait_for(atomic_int *counter, int value)
{
	while (atomic_load(counter) != value)
		sched_yield();
}

/* ---- the library's side ---- */

/* Where the tests share a process, threads of those before have to end first: they free
 * what they have. */
static void
setup(void)
{
	wait_for(&alive, 0);
	ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
	atomic_store(&inside, 0);
	atomic_store(&left, 0);
	atomic_store(&threads, 0);
	atomic_store(&signal_ok, false);
	atomic_store(&joinable, false);
	blocks = scarce_blocks();
	made = failing_made();
	bed_begin_ev();
}

/* What a thread has of the world is freed when it ends. */
static void
teardown(void)
{
	bed_end();
	wait_for(&alive, 0);
	ck_assert_int_eq(scarce_blocks(), blocks);
	ck_assert_int_eq(failing_made(), made);
	ck_assert(!atomic_load(&joinable));
}

static void
ask(struct asked *asked, const char *host)
{
	ck_assert_int_eq(bed_ask(asked, host, "1"), 0);
}

/* Asked for something that the system knows at once. */
static void
is_answered(struct asked *asked)
{
	ck_assert_str_eq(bed_answer(asked), "127.0.0.1:1");
	ck_assert_ptr_null(asked->lookup.world);
}

/* To do so again does no harm. */
static void
cancel(struct asked *asked)
{
	here.ops->lookup_cancel(here.world, &asked->lookup);
	ck_assert_ptr_null(asked->lookup.world);
}

TEST(world_ev_lookup_needs_no_port)
{
	struct asked asked;

	ck_assert_int_eq(bed_ask(&asked, "127.0.0.1", ""), 0);
	ck_assert_str_eq(bed_answer(&asked), "127.0.0.1:0");
}

TEST(world_ev_lookup_copies_what_it_is_asked)
{
	char host[] = "127.0.0.1", port[] = "1";
	struct asked asked;

	ck_assert_int_eq(bed_ask(&asked, host, port), 0);
	memset(host, 'x', sizeof(host) - 1);
	memset(port, 'x', sizeof(port) - 1);
	is_answered(&asked);
}

/* The number of the system, if it is the system that failed and it says why. */
static const struct {
	int error;
	int system;
	int told;
} errors[] = {
	{ EAI_SYSTEM, EMFILE, -EMFILE },
	{ EAI_SYSTEM, ENOENT, -ENOENT },
	{ EAI_SYSTEM, 0, EAI_SYSTEM },
	{ EAI_AGAIN, EMFILE, EAI_AGAIN },
	{ EAI_FAIL, 0, EAI_FAIL },
};

TEST_ROWS(world_ev_lookup_tells_the_error_of_the_system, 5)
{
	struct asked asked;

	atomic_store(&broken, errors[_i].error);
	atomic_store(&broken_errno, errors[_i].system);
	ask(&asked, BROKEN);
	ck_assert_str_eq(bed_answer(&asked), gai_strerror(errors[_i].error));
	ck_assert_int_eq(asked.error, errors[_i].told);
}

/* As many as are dialled, or a lack of memory; nothing is left of either. */
TEST_ROWS(world_ev_job_takes_what_there_is_room_for, 2)
{
	struct stay_lookup lookup = { .host = MANY, .port = "1" };
	long before = scarce_blocks();
	struct stay__job *job = stay__job_new(&lookup);

	atomic_store(&crowds_freed, 0);
	if (_i == 1)
		scarce_arm(1);
	stay__job_resolve(job);
	ck_assert_int_eq(scarce_disarm(), _i == 1);
	ck_assert_int_eq(job->error, _i == 1 ? EAI_MEMORY : 0);
	ck_assert_uint_eq(job->count, _i == 1 ? 0 : STAY__ADDRESSES_MAX);
	ck_assert_pstr_eq(job->text, _i == 1 ? gai_strerror(EAI_MEMORY) : NULL);
	ck_assert_int_eq(atomic_load(&crowds_freed), 1);
	stay__job_free(job);
	ck_assert_int_eq(scarce_blocks(), before);
}

TEST(world_ev_lookup_without_memory_is_refused)
{
	struct asked asked;
	int error;

	scarce_arm(1);
	error = bed_ask(&asked, "127.0.0.1", "1");
	ck_assert(scarce_disarm());
	ck_assert_int_eq(error, -ENOMEM);
	ask(&asked, "127.0.0.1");
	is_answered(&asked);
}

TEST(world_ev_lookup_cancelled_while_under_way)
{
	struct asked cancelled, other;

	ask(&cancelled, HANGING);
	wait_for(&inside, 1);
	cancel(&cancelled);
	cancel(&cancelled);
	sem_post(&gate);
	wait_for(&left, 1);
	ask(&other, "127.0.0.1");
	is_answered(&other);
	ck_assert_int_eq(cancelled.times, 0);
}

static bool
cancels_nothing(void *asked)
{
	here.ops->lookup_cancel(here.world, &((struct asked *)asked)->lookup);
	return ((struct asked *)asked)->lookup.world != NULL;
}

/* A thread that it lacks may hold the lock. */
TEST(promise_12_a_child_cancels_no_lookup)
{
	struct asked asked;

	ask(&asked, HANGING);
	wait_for(&inside, 1);
	ck_assert(child_finds(cancels_nothing, &asked));
	sem_post(&gate);
	is_answered(&asked);
}

TEST(world_ev_lookup_cancelled_when_answered)
{
	struct pollfd woken = { stay__wake_open(), POLLIN, 0 };
	struct stay__lookups *lookups = stay__lookups_new(woken.fd);
	struct asked cancelled;

	ask(&cancelled, "127.0.0.1"); /* makes it, and no more */
	cancel(&cancelled);
	ck_assert_int_eq(stay__lookups_start(lookups, &cancelled.lookup), 0);
	ck_assert_int_eq(poll(&woken, 1, -1), 1);
	stay__lookups_cancel(lookups, &cancelled.lookup);
	stay__lookups_deliver(lookups);
	ck_assert_int_eq(cancelled.times, 0);
	stay__lookups_free(lookups);
	close(woken.fd);
}

TEST(world_ev_lookup_that_hangs_holds_up_no_end)
{
	struct asked asked;

	ask(&asked, HANGING);
	wait_for(&inside, 1);
	cancel(&asked);
	bed_end();
	sem_post(&gate);
	wait_for(&left, 1);
	ck_assert_int_eq(asked.times, 0);
	bed_begin_ev();
}

TEST(world_ev_lookup_needs_one_thread_only)
{
	struct asked first, second;

	ask(&first, HANGING);
	wait_for(&inside, 1);
	atomic_store(&no_threads, true);
	ask(&second, "127.0.0.1");
	sem_post(&gate);
	is_answered(&first);
	is_answered(&second);
	while (bed_ask(&second, "127.0.0.1", "1") == 0)
		is_answered(&second); /* till the thread has left */
	atomic_store(&no_threads, false);
	ask(&second, "127.0.0.1");
	is_answered(&second);
	wait_for(&alive, 0); /* that was all */
}

/* Of a program without standard input it may be 0. */
TEST(world_ev_lookup_wakes_by_any_descriptor)
{
	struct pollfd woken = { 0, POLLIN, 0 };
	int input = dup(0), fd = stay__wake_open();
	struct stay_lookup lookup = { .host = "127.0.0.1", .port = "1" };
	struct stay__lookups *lookups;

	ck_assert_int_eq(dup2(fd, 0), 0);
	lookups = stay__lookups_new(0);
	ck_assert_int_eq(stay__lookups_start(lookups, &lookup), 0);
	ck_assert_int_eq(poll(&woken, 1, 20000), 1);
	stay__lookups_free(lookups);
	if (input >= 0)
		dup2(input, 0);
	close(input);
	close(fd);
}

/* ---- names that nobody waits for any more ---- */

/* So long that one job more is seen in what is in use. */
static char long_name[(size_t)1 << 20];

static void
begin_long(struct stay_lookup *lookup, struct stay__lookups *lookups)
{
	memset(long_name, 'x', sizeof(long_name) - 1);
	memcpy(long_name, HANGING, strlen(HANGING));
	*lookup = (struct stay_lookup){ .host = long_name, .port = "1" };
	ck_assert_int_eq(stay__lookups_start(lookups, lookup), 0);
}

/* One that has no thread is not looked up, and its memory goes at once. */
TEST(world_ev_lookup_that_waits_ends_with_all)
{
	struct stay__lookups *lookups = stay__lookups_new(-1);
	struct stay_lookup hanging[STAY__RESOLVER_THREADS], waiting;
	size_t before;

	for (int i = 0; i < STAY__RESOLVER_THREADS; i++) {
		hanging[i] =
		    (struct stay_lookup){ .host = HANGING, .port = "1" };
		ck_assert_int_eq(stay__lookups_start(lookups, &hanging[i]), 0);
	}
	wait_for(&inside, STAY__RESOLVER_THREADS);
	before = heap_in_use();
	begin_long(&waiting, lookups);
	ck_assert(before == 0 || heap_in_use() > before + sizeof(long_name));
	stay__lookups_free(lookups);
	ck_assert(
	    !heap_is_exact() || heap_in_use() < before + sizeof(long_name) / 2);
	for (int i = 0; i < STAY__RESOLVER_THREADS; i++)
		sem_post(&gate);
	wait_for(&left, STAY__RESOLVER_THREADS);
}

/* Whether its answer is there, and nobody has taken it, or comes too late. */
TEST_ROWS(world_ev_lookup_leaves_nothing_behind, 2)
{
	struct pollfd woken = { stay__wake_open(), POLLIN, 0 };
	size_t before = heap_in_use();
	struct stay__lookups *lookups = stay__lookups_new(woken.fd);
	struct stay_lookup lookup;

	begin_long(&lookup, lookups);
	wait_for(&inside, 1);
	if (_i == 1)
		stay__lookups_free(lookups);
	sem_post(&gate);
	if (_i == 0) {
		ck_assert_int_eq(poll(&woken, 1, -1), 1);
		stay__lookups_free(lookups);
	}
	wait_for(&alive, 0);
	ck_assert(
	    !heap_is_exact() || heap_in_use() < before + sizeof(long_name) / 2);
	close(woken.fd);
}

/* ---- names that hang ---- */

/* So many names hang, and so many of them in a thread; then one more is asked for,
 * which takes no longer than it must, or is cancelled. */
enum more { NO_MORE, ANSWERED, CANCELLED, CROWDED };

static const struct {
	int count;
	bool one_name;
	int inside;
	enum more more;
} crowds[] = {
	/* a fifth has to wait for one that becomes slow, or returns */
	{ 6, true, STAY__RESOLVER_THREADS, NO_MORE },
	{ STAY__RESOLVER_THREADS, true, STAY__RESOLVER_THREADS, CANCELLED },
	{ STAY__RESOLVER_THREADS, false, STAY__RESOLVER_THREADS, ANSWERED },
	{ STAY__RESOLVER_THREADS_MAX + 1, false, STAY__RESOLVER_THREADS_MAX,
	    NO_MORE },
	/* one name leaves threads for others */
	{ STAY__RESOLVER_THREADS_MAX + 1, true, STAY__RESOLVER_REPEATS_MAX,
	    CROWDED },
};

/* If we were held up for so long, a fifth has waited enough. */
static bool
has_become_slow(uint64_t began)
{
	return stay__clock_ns(CLOCK_MONOTONIC) - began >=
	       STAY__RESOLVER_SLOW_MS * (uint64_t)1000000;
}

/* All threads but one hang in other names, and that one waits with a name that has threads
 * already. What has a place is not kept waiting with it: one second, each time. */
static void
crowd_in(struct asked others[OTHERS])
{
	static const char *const names[OTHERS] = { HANGING "a", HANGING "b",
		HANGING "c" };
	uint64_t begin = here.ops->now(here.world);
	int before = atomic_load(&inside);
	struct asked more;

	for (int i = 0; i < OTHERS; i++)
		ask(&others[i], names[i]);
	wait_for(&inside, before + OTHERS);
	for (int i = 0; i < 5; i++) {
		ask(&more, "127.0.0.1");
		is_answered(&more);
	}
	ck_assert_uint_lt(
	    here.ops->now(here.world) - begin, UINT64_C(2500000000));
	for (int i = 0; i < OTHERS; i++)
		sem_post(&gate);
}

TEST_ROWS(world_ev_lookups_that_hang, 5)
{
	struct asked asked[STAY__RESOLVER_THREADS_MAX + 1], more;
	struct asked others[OTHERS];
	char names[STAY__RESOLVER_THREADS_MAX + 1][24];
	const uint64_t began = stay__clock_ns(CLOCK_MONOTONIC);
	int most = crowds[_i].inside, seen;

	for (int i = 0; i < crowds[_i].count; i++) {
		snprintf(names[i], sizeof(names[i]), HANGING "%d",
		    crowds[_i].one_name ? 0 : i);
		ask(&asked[i], names[i]);
	}
	wait_for(&inside, crowds[_i].inside);
	if (crowds[_i].more != NO_MORE)
		ask(&more, "127.0.0.1");
	if (crowds[_i].more == CANCELLED)
		cancel(&more);
	if (crowds[_i].more == ANSWERED || crowds[_i].more == CROWDED) {
		is_answered(&more);
		/* while names wait, one thread waits with them */
		wait_for(&alive,
		    crowds[_i].inside + (crowds[_i].count > crowds[_i].inside));
	}
	seen = atomic_load(&inside);
	if (_i == 0 && has_become_slow(began))
		most = crowds[_i].count;
	ck_assert_int_ge(seen, crowds[_i].inside);
	ck_assert_int_le(seen, most);
	if (crowds[_i].more == CROWDED)
		crowd_in(others);
	for (int i = 0; i < crowds[_i].count; i++)
		sem_post(&gate);
	for (int i = 0; i < crowds[_i].count; i++)
		is_answered(&asked[i]);
	if (_i == 0 && has_become_slow(began))
		most = crowds[_i].count;
	for (int i = 0; crowds[_i].more == CROWDED && i < OTHERS; i++)
		is_answered(&others[i]);
	if (crowds[_i].more == NO_MORE)
		ck_assert_int_le(atomic_load(&threads), most);
	ck_assert(crowds[_i].more != CANCELLED || more.times == 0);
	ck_assert(!atomic_load(&signal_ok));
	if (crowds[_i].more == CANCELLED)
		wait_for(&alive, 0);
}

#define MS UINT64_C(1000000)

/* A slow one has none; the next place is that of the oldest of the others. */
TEST(world_ev_lookups_have_places)
{
	static const uint64_t begun_ms[] = { 100, 200, 500, 700 };
	struct stay__lookups lookups;
	struct stay__places places;
	struct stay_lookup lookup = { .host = "a", .port = "1" };
	struct stay__job *jobs[4];

	stay__list_init(&lookups.running);
	places = stay__places_now(&lookups, 1200 * MS);
	ck_assert_uint_eq(places.running + places.taken, 0);
	ck_assert_uint_eq(places.free_at, 2200 * MS);
	for (int i = 0; i < 4; i++) {
		jobs[i] = stay__job_new(&lookup);
		jobs[i]->begun_at = begun_ms[i] * MS;
		stay__list_push(&lookups.running, &jobs[i]->node);
	}
	places = stay__places_now(&lookups, 1200 * MS);
	ck_assert_uint_eq(places.running, 4);
	ck_assert_uint_eq(places.taken, 2);
	ck_assert_uint_eq(places.free_at, 1500 * MS);
	for (int i = 0; i < 4; i++)
		stay__job_free(jobs[i]);
}

/* One more is begun while there may be one more. */
TEST_ROWS(world_ev_lookups_have_so_many_threads, 2)
{
	struct stay__lookups *lookups = stay__lookups_new(-1);

	pthread_mutex_lock(&lookups->monitor.lock);
	lookups->threads = STAY__RESOLVER_THREADS_MAX - (unsigned)_i;
	lookups->waiting_count = 1;
	ck_assert_int_eq(stay__threads_fill(lookups), 0);
	ck_assert_uint_eq(lookups->threads, STAY__RESOLVER_THREADS_MAX);
	lookups->waiting_count = 0;
	pthread_mutex_unlock(&lookups->monitor.lock);
	stay__lookups_free(lookups);
}

TEST_SUITE_WITH(world_ev_resolve, .before = setup, .after = teardown)
