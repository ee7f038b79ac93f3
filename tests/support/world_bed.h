/*
 * A world under test, and what is around it: addresses, the other end of a
 * connection, the program. There is the kernel, around the world on libev and around
 * those that a host waits for, and the virtual network around the virtual world. A
 * script does the same on all:
 *
 *	dial tcp; put ping; hear = ping; say pong; get = pong; hang; hear = end
 *
 * Each part is a verb, perhaps a word, and what comes of it: bytes, "end", an error
 * by its name, or "ok", which is left out.
 *
 *	dial PLACE   tcp and unix; the same with -nobody; unix-nowhere, unix-full
 *	pair, swap   two descriptors of the library's, and which of them is meant
 *	put, fill    bytes; till it fails
 *	read, get    at most as many bytes as the word says, at once; when readable
 *	drain        all there is
 *	want, told   r, w, rw or 0; what was told since, after a look
 *	wait, hang   till it is readable (r) or writable (w); close
 *	shut         close the library's half
 *	say, end     the other end; "end", "end shut" or "end reset"
 *	heard, hear  what the other end has got; when it has got something
 */
#ifndef STAY_TESTS_WORLD_BED_H
#define STAY_TESTS_WORLD_BED_H

#include "support/world_seam.h"

struct verb {
	const char *name; /* NULL: behind the last one */
	const char *(*act)(const char *word);
};

/* A verb that is one expression. */
#define VERB(name, result)                                                     \
	static const char *name(const char *word)                              \
	{                                                                      \
		(void)word;                                                    \
		return result;                                                 \
	}

struct bed {
	struct stay_world *(*open)(void);
	void (*close)(void); /* after the world; NULL: nothing to do */
	/* As ev_run: till the world is held no more. `happen` runs in so many ms. NULL:
	 * nobody runs it but who waits. */
	void (*program)(unsigned ms, void (*happen)(void));
	/* As ev_run(EVRUN_NOWAIT); NULL: as above. */
	void (*look)(void);
	/* Whether `finds` returns true in a forked child. */
	bool (*child)(bool (*finds)(void *arg));
	void (*pair)(struct stay_world *world, int fds[2]);
	size_t (*open_fds)(struct stay_world *world);
	void (*place)(const char *place, struct stay_address *address);
	const struct verb *verbs; /* say, heard, hear, end */
};

/* All of a bed that is the kernel's, without a world and a program. */
extern const struct bed bed_kernel;
void bed_kernel_begin(void);
void bed_kernel_end(void);
/* A socket at an address, whose port is filled in. */
int bed_bound(struct stay_address *address);

/* On libev: its loop. */
extern struct ev_loop *bed_ev;

/* In the virtual world: where its server is, and what that was told. */
#define BED_HOST "10.0.0.1"
#define BED_PORT 7777
#define BED_PATH "/run/s"

extern const struct sim_server bed_server;
extern struct bed_seen {
	struct sim_peer *peer; /* NULL: nobody was accepted */
	int closed;
	int error;
	char got[64];
	size_t len;
} bed_seen;

/* A descriptor that counts what it is told. */
struct ear {
	struct stay_watch watch;
	unsigned heard;
	int times;
	struct ear *silences; /* stopped when this one hears */
};

/* Where the test is. */
extern struct here {
	const struct bed *bed;
	struct seam seam;
	struct stay_world *world;
	const struct stay_world_ops *ops;
	int fd;    /* -1: none */
	int other; /* of a pair */
	struct ear ear;
} here;

/* The fixtures. */
void bed_begin_ev(void);
void bed_begin_sim(void);
void bed_begin_poll(void);
/* NULL where that library is not. */
__attribute__((weak)) void bed_begin_uv(void);
__attribute__((weak)) void bed_begin_event(void);
__attribute__((weak)) void bed_begin_glib(void);
void bed_begin(const struct bed *bed);
void bed_end(void);

/* `more`: verbs of the test's own, or NULL. */
void bed_play(const char *script, const struct verb *more);

/* What comes of a call, as in a script; bytes, if it has moved any. */
const char *bed_result(ssize_t result);
const char *bed_bytes(const char *bytes, ssize_t result);

void ear_open(struct ear *ear, int fd, unsigned interest);
void ear_want(struct ear *ear, unsigned interest);
/* What is there already, without waiting. */
void bed_poll(void);

/* A name that is asked for. */
struct asked {
	struct stay_lookup lookup;
	int times;
	int error;
	size_t count;
	char text[128];     /* the first address, or why not */
	struct asked *next; /* asked for when this one is answered */
};

int bed_ask(struct asked *asked, const char *host, const char *port);
const char *bed_answer(struct asked *asked);

#endif
