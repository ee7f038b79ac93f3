/*
 * The other end of the wire: a server that an example starts for itself.
 *
 * Nothing of stay is in here. A peer is a child process on a free port of the
 * loopback interface; it dies with its parent, and no other process is ever
 * signalled.
 */
#ifndef EXAMPLES_PEER_H
#define EXAMPLES_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	pid_t pid; /* 0: not running */
	int port;  /* 0 until peer_port has chosen one */
};

/* Run in a child of its own, with a listening socket; never returns to main. */
typedef void peer_serve_fn(int listener);

/* Choose a port that nobody listens on. False: there is none to be had. */
bool peer_port(struct peer *peer);

/* Whether `program` is an executable somewhere in PATH. */
bool peer_exists(const char *program);

/* Start a program, or a function, as the peer. Its port must be chosen. The
 * command is split at spaces; "" stands for an empty word. */
bool peer_exec(struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool peer_serve(struct peer *peer, peer_serve_fn *serve);

/* SIGSTOP and SIGCONT: it holds its connections and says nothing. */
void peer_freeze(const struct peer *peer);
void peer_thaw(const struct peer *peer);

/* SIGKILL, and wait until it is gone. Harmless if it is not running. */
void peer_kill(struct peer *peer);

/* Returns bytes as they came; closes a connection on which "hang up" came. */
void peer_echo(int listener);

/* A Redis of a few commands, for machines without one: small_redis.c. */
void peer_redis(int listener);

#endif
