/*
 * A real redis-server of a test's own: on a free loopback port and a unix
 * socket in a folder of its own, stopped by its own process id, and gone with
 * the test even if that crashes. Its data survives a kill: the append-only file
 * is on.
 */
#ifndef STAY_TESTS_REDIS_SERVER_H
#define STAY_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
	pid_t pid; /* 0: not running */
	int port;
	char dir[32];
	char url[64];
	char unix_url[96];
	const char *const *extra; /* more arguments; NULL-terminated, or NULL */
};

/* Make the folder and start it; false if there is no redis-server to be had.
 * Returns when it accepts connections. */
bool redis_server_start(struct redis_server *server, const char *const *extra);

/* Start it again on the same port with the same data. */
void redis_server_restart(struct redis_server *server);

/* SIGKILL and reap; SIGSTOP, seen to have stopped; SIGCONT. */
void redis_server_kill(struct redis_server *server);
void redis_server_freeze(struct redis_server *server);
void redis_server_thaw(struct redis_server *server);

/* Kill it if it runs, and remove the folder. */
void redis_server_end(struct redis_server *server);

#endif
