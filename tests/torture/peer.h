/*
 * The other end: servers inside the process that do what they are told, by
 * calls that are never counted and never fail. They move when the loop waits.
 */
#ifndef STAY_TESTS_TORTURE_PEER_H
#define STAY_TESTS_TORTURE_PEER_H

#include <stdbool.h>
#include <stddef.h>

enum peer_style {
	PEER_ECHO,   /* says what it hears */
	PEER_REDIS,  /* a few commands, see peer_redis.c */
	PEER_CLOSES, /* accepts, and closes at once */
	PEER_CLOGGED /* its backlog is full: dials hang */
};

enum peer_greeting {
	PEER_RESP3,
	PEER_RESP2,   /* knows no HELLO */
	PEER_DENIES,  /* wrong password */
	PEER_LOADING, /* the first time only */
	PEER_MUTE     /* answers no HELLO */
};

#define PEER_NUMBERS 512

struct peer {
	enum peer_style style;
	enum peer_greeting greeting;
	bool holds;       /* answers nothing as long as it is set */
	size_t cut_after; /* ends the first connection after so many bytes; 0:
			     no */
	bool resets;      /* not by closing, but by a reset */

	int fd;
	bool is_unix;
	int port;
	char path[108];
	unsigned accepted;
	unsigned executed[PEER_NUMBERS]; /* how often ECHO n was */
};

/* Listen: on a unix socket, or at 127.0.0.1. */
struct peer *peer_listen(enum peer_style style, bool is_unix);
/* "<scheme>://127.0.0.1:port" or "<scheme>+unix:///path"; the second with
 * another host. Valid till the next call. */
const char *peer_url(const struct peer *peer, const char *scheme);
const char *peer_url_at(
    const struct peer *peer, const char *scheme, const char *host);
/* As servers: end all that it has accepted, gently or not. */
void peer_hang_up(struct peer *peer, bool resets);
/* Gone for good: dials are refused. */
void peer_unlisten(struct peer *peer);
/* Serve one end of a pair of descriptors; they may be the same. */
struct peer *peer_adopt(enum peer_style style, int read_fd, int write_fd);

/* Do what can be done now; false: nothing. */
bool peer_step(void);
/* Inside it: a signal is the peer's own. */
bool peer_is_stepping(void);
/* Everything is closed and forgotten. */
void peer_end_all(void);

#endif
