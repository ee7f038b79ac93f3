/*
 * What the programs of `make bench` share. One program a contender: main.c with
 * stay.c, limit.c or a peer behind it. Each runs one measurement and prints
 * what it saw, a sample a line: name, unit, contender, value, parted by tabs;
 * run.sh runs them in turns and report.awk takes the medians.
 */
#ifndef STAY_BENCH_H
#define STAY_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the work ---- */

#define BENCH_KEY     "key:00000000"
#define BENCH_VALUE   "sixteen bytes ok"
#define BENCH_GET     "*2\r\n$3\r\nGET\r\n$12\r\n" BENCH_KEY "\r\n"
#define BENCH_GET_LEN (sizeof(BENCH_GET) - 1)

/* More are never in flight. */
#define BENCH_IN_FLIGHT_MAX 1024

/* So many answers the server of with_canned.c gives at once: to GETs, and to lines
 * that it gives back. */
#define BENCH_BATCH      256
#define BENCH_ECHO_BATCH 64
#define BENCH_ECHO                                                             \
	"echo 64 bytes 64 bytes 64 bytes 64 bytes 64 bytes 64 bytes 64 .\n"

/* Replies as a socket would give them: `left` bytes of a block that begins
 * anew behind its end. */
struct bench_feed {
	const char *block;
	size_t len;
	size_t pos;
	uint64_t left;
	uint64_t replies; /* in `left`, when it is full */
};

/* Like read: at most `room` bytes; 0: there are no more. */
size_t bench_feed_read(struct bench_feed *feed, void *to, size_t room);

/* ---- the contenders ---- */

/* What is NULL the contender doesn't do. */
struct bench_contender {
	const char *name;
	/* Connect to a redis-server of this machine. */
	void (*open)(int port);
	/* Keep so many GETs in flight till `calls` of them are answered. */
	void (*get)(unsigned in_flight, uint64_t calls);
	/* Open so many connections more, all at once; each is answered once. */
	void (*crowd)(int port, unsigned count);
	/* Wait until they are as small as they will be. */
	void (*rest)(void);
	/* From here on don't limit how many are dialled at once. */
	void (*hurry)(void);
	/* Read the feed to its end, one reply after the other, between
	 * bench_watch_start and bench_watch_stop. */
	void (*parse)(struct bench_feed *feed);
};

/* NULL: this program was built without it. */
extern const struct bench_contender *const bench_contender;

/* ---- the stopwatch ---- */

struct bench_time {
	uint64_t wall_ns;
	uint64_t cpu_ns; /* of the process: user and system */
};

/* What passes between start and stop is added up. */
void bench_watch_start(void);
void bench_watch_stop(void);
struct bench_time bench_watch_read(void);

void bench_sample(
    const char *name, const char *unit, const char *who, double value);
struct bench_units {
	const char *speed;
	const char *cost;
};
extern const struct bench_units bench_calls, bench_replies, bench_connects;

/* Two samples: what was done a second, and the time of the CPU for each. */
void bench_samples_of(const char *name, const struct bench_units *units,
    const char *who, uint64_t count);

/* ---- odds and ends ---- */

/* A blocking socket, connected to a port of this machine. */
int bench_connect(int port);
_Noreturn void bench_give_up(const char *message);

static inline void
bench_need(bool condition, const char *message)
{
	if (!condition)
		bench_give_up(message);
}

#endif
