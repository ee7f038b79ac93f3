/*
 * The ways that the story of the library begins with, as it would be told with
 * plain blocking sockets and a number of callers:
 *
 *	NAME PORT WAY CALLERS CALLS
 *
 *	socket   each command opens a socket of its own and closes it
 *	shared   one socket for everybody, one command at a time
 *	pool     a socket and a thread a caller
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define CALLERS_MAX 64
#define REPLY_LEN   (sizeof("$16\r\n" BENCH_VALUE "\r\n") - 1)

static int port;
static int shared_fd;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static void
ask(int fd)
{
	char reply[64];
	size_t len = 0;
	ssize_t got;

	bench_need(write(fd, BENCH_GET, BENCH_GET_LEN) == BENCH_GET_LEN,
	    "cannot write");
	for (; len < REPLY_LEN; len += (size_t)got) {
		got = read(fd, reply + len, sizeof(reply) - len);
		bench_need(got > 0, "cannot read");
	}
}

static void *
by_socket(void *calls)
{
	for (size_t i = 0; i < *(size_t *)calls; i++) {
		int fd = bench_connect(port);

		ask(fd);
		close(fd);
	}
	return NULL;
}

static void *
by_shared(void *calls)
{
	for (size_t i = 0; i < *(size_t *)calls; i++) {
		pthread_mutex_lock(&shared_lock);
		ask(shared_fd);
		pthread_mutex_unlock(&shared_lock);
	}
	return NULL;
}

static void *
by_pool(void *calls)
{
	int fd = bench_connect(port);

	for (size_t i = 0; i < *(size_t *)calls; i++)
		ask(fd);
	close(fd);
	return NULL;
}

static const struct way {
	const char *word;
	const char *name;
	void *(*caller)(void *calls);
} ways[] = {
	{ "socket", "a socket a command", by_socket },
	{ "shared", "one blocking socket", by_shared },
	{ "pool", "a pool of sockets", by_pool },
};

static void
measure(const struct way *way, const char *name, size_t callers, size_t calls)
{
	pthread_t threads[CALLERS_MAX];
	size_t each = calls / callers;

	shared_fd = bench_connect(port);
	bench_watch_start();
	for (size_t i = 0; i < callers; i++)
		bench_need(
		    pthread_create(&threads[i], NULL, way->caller, &each) == 0,
		    "no thread");
	for (size_t i = 0; i < callers; i++)
		pthread_join(threads[i], NULL);
	bench_watch_stop();
	bench_samples_of(name, &bench_calls, way->name, each * callers);
}

int
main(int argc, char **argv)
{
	size_t callers;

	bench_need(argc == 6, "NAME PORT WAY CALLERS CALLS");
	port = (int)strtol(argv[2], NULL, 10);
	callers = strtoul(argv[4], NULL, 10);
	bench_need(callers > 0 && callers <= CALLERS_MAX, "too many callers");
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].word, argv[3]) == 0)
			measure(&ways[i], argv[1], callers,
			    strtoul(argv[5], NULL, 10));
	return 0;
}
