/*
 * The other end of the connection: a server that an example starts for itself.
 *
 * Nothing in here uses stay. A peer is a child process, on a free port of the
 * loopback interface. It dies with its parent. No other process is signalled.
 */
#ifndef EXAMPLES_PEER_H
#define EXAMPLES_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	pid_t pid; /* 0: not running */
	int port;  /* 0 until peer_port has chosen one */
};

/* What a peer runs in its process: it serves what connects to the listener. The
 * process ends when it returns. */
typedef void peer_serve_fn(int listener);

/* Choose a port that nobody listens on. Returns false if there is none. */
bool peer_port(struct peer *peer);

/* Whether PATH has an executable `program`. */
bool peer_exists(const char *program);

/* Start a program, or a function, as the peer. Choose its port before. The
 * command is split at spaces; "" means an empty word. Returns false if there is
 * no process to be had. */
bool peer_exec(struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool peer_serve(struct peer *peer, peer_serve_fn *serve);

/* Wait until it takes connections; false: it does not for five seconds. */
bool peer_await(const struct peer *peer);

/* Stop and continue it (SIGSTOP, SIGCONT). Stopped, it keeps its connections
 * and says nothing. */
void peer_freeze(const struct peer *peer);
void peer_thaw(const struct peer *peer);

/* End it with SIGKILL, and wait for that. Harmless if it is not running. */
void peer_kill(struct peer *peer);

/* A server that sends bytes back as they came. It closes a connection on which
 * "hang up" came. */
void peer_echo(int listener);

/* A Redis of a few commands, for machines without one: small_redis.c. */
void peer_redis(int listener);

#endif
