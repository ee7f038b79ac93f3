/* The work of the story, and what is measured of it; see story.h. */
#include "story.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MEASURED_CALLS 1250 /* of a caller */
#define KILLED_CALLS   250

static struct {
	const char *url;
	int killer;  /* a socket to the one who kills the server; -1: nobody */
	size_t each; /* calls of a caller in this round */
	bool kills;
	atomic_size_t done;
	atomic_size_t left; /* callers that have not done their part */
	uint64_t began_ns;
	atomic_uint_fast64_t first_ns; /* the first call */
	struct caller callers[STORY_CALLERS];
} round_of;

/* ---- clocks ---- */

static uint64_t
now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

static double
cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* ---- the work ---- */

const char *
story_url(void)
{
	return round_of.url;
}

int
story_port(void)
{
	const char *colon = strrchr(round_of.url, ':');
	int port = colon == NULL ? 0 : (int)strtol(colon + 1, NULL, 10);

	return port > 0 ? port : 6379;
}

bool
story_next(struct caller *caller)
{
	uint64_t none = 0;

	assert(!caller->waits);
	if (caller->calls == round_of.each) {
		atomic_fetch_sub(&round_of.left, 1);
		return false;
	}
	snprintf(caller->command, sizeof(caller->command), "%s story:%d",
	    ((int)caller->calls + caller->number) % 2 == 0 ? "INCR" : "GET",
	    caller->number);
	caller->waits = true;
	caller->calls++;
	caller->began_ns = now_ns();
	atomic_compare_exchange_strong(
	    &round_of.first_ns, &none, caller->began_ns);
	return true;
}

size_t
story_callers_left(void)
{
	return round_of.left;
}

/* Whoever completes the call in the middle has the server killed, and waits until it is
 * dead: so the kill finds calls under way, however fast they are. */
static void
kill_server(void)
{
	char word = 'k';

	if (round_of.killer >= 0 && write(round_of.killer, &word, 1) == 1 &&
	    read(round_of.killer, &word, 1) != 1)
		fputs("nobody has killed the server\n", stderr);
}

void
story_done(struct caller *caller, enum stay_outcome outcome)
{
	assert(caller->waits);
	caller->waits = false;
	caller->took_ns[caller->calls - 1] = now_ns() - caller->began_ns;
	caller->outcomes[outcome]++;
	if (atomic_fetch_add(&round_of.done, 1) + 1 ==
		STORY_CALLERS * round_of.each / 2 &&
	    round_of.kills)
		kill_server();
}

void
story_threads(struct caller callers[STORY_CALLERS], void *(*run)(void *caller))
{
	pthread_t threads[STORY_CALLERS];

	for (int i = 0; i < STORY_CALLERS; i++)
		if (pthread_create(&threads[i], NULL, run, &callers[i]) != 0)
			abort();
	for (int i = 0; i < STORY_CALLERS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- a round, and what it came to ---- */

static void
do_round(const struct story *story, size_t each, bool kills)
{
	round_of.each = each;
	round_of.kills = kills;
	round_of.done = 0;
	round_of.left = STORY_CALLERS;
	round_of.first_ns = 0;
	for (int i = 0; i < STORY_CALLERS; i++)
		round_of.callers[i] = (struct caller){ .number = i,
			.took_ns = calloc(each, sizeof(uint64_t)) };
	story_count_begin();
	round_of.began_ns = now_ns();
	story->work(round_of.callers);
	assert(round_of.left == 0);
}

static int
by_time(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* All times of the round in order; the callers' own are freed. */
static uint64_t *
take_times(void)
{
	size_t each = round_of.each;
	uint64_t *times = calloc(STORY_CALLERS * each, sizeof(*times));

	for (size_t i = 0; i < STORY_CALLERS; i++) {
		memcpy(times + i * each, round_of.callers[i].took_ns,
		    each * sizeof(*times));
		free(round_of.callers[i].took_ns);
	}
	qsort(times, STORY_CALLERS * each, sizeof(*times), by_time);
	return times;
}

static uint64_t
outcomes(enum stay_outcome outcome)
{
	uint64_t sum = 0;

	for (int i = 0; i < STORY_CALLERS; i++)
		sum += round_of.callers[i].outcomes[outcome];
	return sum;
}

static uint64_t
checked_out(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < STORY_CALLERS; i++)
		sum += round_of.callers[i].checked_out;
	return sum;
}

static void
print_number(const char *name, double value, int digits)
{
	printf("%s\t%.*f\n", name, digits, value);
}

static void
print_costs(const struct story_counts *counts, double seconds, double cpu)
{
	double calls = STORY_CALLERS * MEASURED_CALLS;

	print_number("calls/s", calls / seconds, 0);
	print_number("cpu us", cpu / calls, 1);
	print_number("copied B", (double)counts->copied_bytes / calls, 0);
	print_number("kernel B", (double)counts->wire_bytes / calls, 0);
	print_number("syscalls", (double)counts->system_calls / calls, 2);
	print_number("sockets", (double)counts->most_sockets, 0);
	print_number("dials", (double)counts->sockets, 0);
	print_number("checked out", (double)checked_out(), 0);
}

static void
print_times(void)
{
	static const struct {
		const char *name;
		size_t in_1000;
	} at[] = { { "p50 us", 500 }, { "p99 us", 990 }, { "p99.9 us", 999 } };
	size_t count = STORY_CALLERS * MEASURED_CALLS;
	uint64_t *times = take_times();

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		size_t place = count * at[i].in_1000 / 1000;

		print_number(at[i].name, (double)times[place] / 1e3, 0);
	}
	free(times);
}

static void
measure(const struct story *story)
{
	struct story_counts counts;
	double cpu = cpu_us(), seconds;

	do_round(story, MEASURED_CALLS, false);
	seconds = (double)(now_ns() - round_of.began_ns) / 1e9;
	cpu = cpu_us() - cpu;
	story_count(&counts);
	print_costs(&counts, seconds, cpu);
	printf("codes\t%s\nstart\t%s\n", story->codes, story->start);
	print_number("start us",
	    (double)(round_of.first_ns - round_of.began_ns) / 1e3, 0);
	print_times();
}

static void
suffer(const struct story *story)
{
	struct story_counts counts;
	uint64_t *times;
	size_t all = STORY_CALLERS * KILLED_CALLS;

	do_round(story, KILLED_CALLS, true);
	story_count(&counts);
	print_number("kill: calls", (double)all, 0);
	for (int i = 0; i < STAY_OUTCOME_COUNT; i++)
		printf("kill: %s\t%llu\n",
		    stay_outcome_name((enum stay_outcome)i),
		    (unsigned long long)outcomes((enum stay_outcome)i));
	print_number("kill: dials", (double)counts.sockets, 0);
	times = take_times();
	print_number("kill: longest ms", (double)times[all - 1] / 1e6, 0);
	free(times);
}

int
story_tell(const struct story *story, int argc, char **argv)
{
	const char *killer = getenv("STORY_KILLER");

	round_of.url = argc > 1 ? argv[1] : "redis://127.0.0.1:6379";
	round_of.killer = killer == NULL ? -1 : (int)strtol(killer, NULL, 10);
	printf("step\t%s\n", story->name);
	measure(story);
	suffer(story);
	return 0;
}
