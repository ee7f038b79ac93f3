/*
 * The other end: servers inside the process that do what they are told, by
 * calls that are never counted and never fail. They move when the loop waits.
 */
#ifndef STAY_TESTS_TORTURE_SERVER_H
#define STAY_TESTS_TORTURE_SERVER_H

#include "support/peer_loopback.h"

enum server_style {
	SERVER_ECHO,   /* says what it hears */
	SERVER_REDIS,  /* a few commands, see server.c */
	SERVER_CLOSES, /* accepts, and closes at once */
	SERVER_CLOGGED /* its backlog is full: dials hang */
};

/* Before the usual rows of a Redis: what becomes of HELLO. */
extern const struct peer_row greets_resp2[];   /* it knows no HELLO */
extern const struct peer_row greets_denying[]; /* wrong password */
extern const struct peer_row greets_loading[]; /* the first time only */
extern const struct peer_row greets_mute[];    /* no answer */

#define SERVER_NUMBERS 512

struct server {
	struct peer peer;
	struct door door;
	unsigned executed[SERVER_NUMBERS]; /* how often TAKE n was */
};

/* Listen: on a unix socket, or at 127.0.0.1. */
struct server *server_listen(enum server_style style, bool is_unix);
/* End all that it has accepted, gently or not. */
void server_hang_up(struct server *server, bool resets);
/* It answers nothing as long as it is mute, and then all. */
void server_mute(struct server *server, bool mute);
/* Gone for good: dials are refused. */
void server_unlisten(struct server *server);
/* Serve one end of a pair of descriptors; they may be the same. */
struct server *server_adopt(enum server_style style, int read_fd, int write_fd);

/* Do what can be done now; false: nothing. */
bool servers_step(void);
/* Everything is closed and forgotten. */
void servers_end(void);

#endif
