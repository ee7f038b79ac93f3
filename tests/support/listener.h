/*
 * A socket that listens on the test's own loop: what a server sees of its
 * clients before they have said a word. It never answers.
 */
#ifndef STAY_TESTS_LISTENER_H
#define STAY_TESTS_LISTENER_H

#include <stdbool.h>

#include <ev.h>

#define LISTENER_PEERS_MAX 256

struct listener {
	struct ev_loop *ev;
	ev_io io;
	int port;
	char url[64];
	bool closes;       /* at once what it accepts */
	unsigned accepted; /* so far */
	int peers[LISTENER_PEERS_MAX];
	unsigned peer_count; /* open ones */
	int stuffing;        /* what keeps its backlog full; -1: nothing */
};

/* On a free port of 127.0.0.1; `ev` NULL: it does not accept. */
void listener_open(struct listener *listener, struct ev_loop *ev);
/* It does not accept, and no dial gets through to it: its backlog is full. */
void listener_open_stuffed(struct listener *listener);
void listener_close(struct listener *listener);

#endif
