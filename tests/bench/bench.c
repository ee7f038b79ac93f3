/* The stopwatch, the samples and a socket; what is measured it doesn't know. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

const struct bench_units bench_calls = { "calls/s", "CPU ns/call" };
const struct bench_units bench_replies = { "replies/s", "CPU ns/reply" };
const struct bench_units bench_connects = { "connects/s", "CPU ns/connect" };

static struct bench_time started, passed;

static struct bench_time
now(void)
{
	struct timespec wall;
	struct rusage usage;
	uint64_t cpu_us;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	getrusage(RUSAGE_SELF, &usage);
	cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		     1000000 +
		 (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	return (struct bench_time){ (uint64_t)wall.tv_sec * 1000000000 +
					(uint64_t)wall.tv_nsec,
		cpu_us * 1000 };
}

void
bench_watch_start(void)
{
	started = now();
}

void
bench_watch_stop(void)
{
	struct bench_time stopped = now();

	passed.wall_ns += stopped.wall_ns - started.wall_ns;
	passed.cpu_ns += stopped.cpu_ns - started.cpu_ns;
}

struct bench_time
bench_watch_read(void)
{
	return passed;
}

void
bench_sample(const char *name, const char *unit, const char *who, double value)
{
	printf("%s\t%s\t%s\t%.3f\n", name, unit, who, value);
}

void
bench_samples_of(const char *name, const struct bench_units *units,
    const char *who, uint64_t count)
{
	struct bench_time time = bench_watch_read();
	double per = (double)count;

	bench_sample(name, units->speed, who, per * 1e9 / (double)time.wall_ns);
	bench_sample(name, units->cost, who, (double)time.cpu_ns / per);
}

size_t
bench_feed_read(struct bench_feed *feed, void *to, size_t room)
{
	size_t len = feed->len - feed->pos;

	if (len > room)
		len = room;
	if (len > feed->left)
		len = (size_t)feed->left;
	memcpy(to, feed->block + feed->pos, len);
	feed->pos = (feed->pos + len) % feed->len;
	feed->left -= len;
	return len;
}

int
bench_connect(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bench_need(fd >= 0 && connect(fd, (struct sockaddr *)&address,
				  sizeof(address)) == 0,
	    "cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

_Noreturn void
bench_give_up(const char *message)
{
	fprintf(stderr, "bench: %s\n", message);
	exit(1);
}
