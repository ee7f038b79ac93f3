/*
 * Real sockets carry a scripted peer, on a loop of libev: at a free port of
 * 127.0.0.1 or at a unix socket. The peer moves when that loop does.
 */
#ifndef STAY_TESTS_PEER_LOOPBACK_H
#define STAY_TESTS_PEER_LOOPBACK_H

#include <ev.h>
#include <sys/types.h>

#include "peer_script.h"

enum door_kind {
	DOOR_TCP,
	DOOR_UNIX,
	DOOR_STUFFED /* its backlog is full: dials hang, nobody accepts */
};

/* How the bytes of a peer are sealed, as TLS. It reads and writes the descriptor,
 * which stays the peer's. */
struct wire_seal {
	void *(*open)(int fd);
	/* As read(2) and write(2). */
	ssize_t (*read)(void *sealed, void *bytes, size_t len);
	ssize_t (*write)(void *sealed, const void *bytes, size_t len);
	void (*shut)(void *sealed); /* no more follows */
	void (*close)(void *sealed);
};

/* Where a peer listens. */
struct door {
	struct peer *peer; /* NULL if it is stuffed */
	struct ev_loop *ev;
	ev_io io;
	int port;
	char path[64];
	int stuffing; /* what keeps its backlog full; 0: nothing */
};

void door_open(struct door *door, struct peer *peer, struct ev_loop *ev,
    enum door_kind kind);
/* Dials are refused from now on; who is connected stays so. */
void door_close(struct door *door);
/* "<scheme>://host:port" or "<scheme>+unix://path"; valid till the next call. */
const char *door_url(const struct door *door, const char *scheme);
const char *door_url_at(
    const struct door *door, const char *scheme, const char *host);

/* One more connection, over descriptors that may be the same; they are its own
 * from now on. */
void peer_adopt(
    struct peer *peer, struct ev_loop *ev, int read_fd, int write_fd);
/* It ends all its connections. */
void peer_hang_up(struct peer *peer, bool resets);
/* The same, and forgets them. */
void peer_fini(struct peer *peer);

/* How often anything was moved, by any peer. */
unsigned long peer_moves(void);

#endif
