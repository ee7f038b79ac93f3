/*
 * What the files of the play share. play.c: its beginning and its end; deeds.c: what
 * a thread does; calls.c: the book of calls, and the promises about them; server.c: the
 * protocol and its server.
 */
#ifndef STAY_TESTS_PLAY_H
#define STAY_TESTS_PLAY_H

#include <stay/runner.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKERS_MAX 5
#define REMOTES_MAX 3
#define LOOPS_MAX   2
#define HANDS       4
#define CALLS_MAX   1024

#define TIMEOUT_MS 300

/* ---- calls.c ---- */

enum call_kind { CALL_CAST, CALL_TOLD, CALL_FUTURE };

struct call {
	enum call_kind kind;
	unsigned owner;  /* a worker */
	unsigned remote; /* by its place; REMOTES_MAX: another */
	unsigned size;   /* of the answer */
	unsigned delay_ms;
	/* A stop had returned when it was given: of its remote, of the runner. */
	bool is_behind_stop;
	bool is_behind_end;
	bool was_refused; /* it never was one */
	unsigned told;    /* how often its end was told */
	unsigned seen;    /* ...and how often the server has got it */
	enum stay_outcome outcome;
};

struct call *call_new(enum call_kind kind, unsigned owner, unsigned remote);
unsigned call_number(const struct call *call);
/* By their number, which may come from the wire. */
struct call *call_of(unsigned number);
/* Its end. */
void call_told(struct call *call, const struct stay_result *result);
/* What its submission returned. */
void call_given(struct call *call, enum stay_status status);
/* The server has got it. */
void call_seen(struct call *call);
/* Whether it is what it was, also while it is held. */
void call_check_reply(const struct call *call, const struct stay_bytes *reply);
/* All is over: each has had its end. */
void calls_check(void);

/* ---- server.c ---- */

extern const struct stay_protocol play_protocol;
struct stay_loop *server_make_loop(void);

/* ---- deeds.c ---- */

/* A call and its future. */
struct hand {
	struct stay_future *future;
	struct call *call; /* NULL: there is none */
	bool is_read;      /* its end is told */
};

struct worker {
	unsigned number;
	unsigned left; /* deeds */
	unsigned long thread;
	struct hand hands[HANDS];
};

void *worker_run(void *worker);
/* Look at it, if it has completed. */
void hand_read(struct hand *hand);
void hand_free(struct hand *hand);

/* ---- play.c ---- */

struct play {
	uint64_t seed;
	struct stay_runner *runner;
	struct stay_remote *remotes[REMOTES_MAX];
	unsigned remote_count;
	unsigned loop_count;
	unsigned threads_of[REMOTES_MAX]; /* that told a remote's calls */
	bool is_stopped[REMOTES_MAX + 1]; /* a stop has returned */
	bool is_over;                     /* ...of the runner */
	unsigned stopping;     /* that of this remote, + 1; 0: none */
	unsigned stops;        /* of the runner, that have begun */
	unsigned stops_inside; /* and not returned */
	struct worker workers[WORKERS_MAX];
	unsigned worker_count;
	struct hand shelf; /* for who takes it */
	struct call calls[CALLS_MAX];
	unsigned call_count;
	uint64_t outcomes[STAY_OUTCOME_COUNT];
};

extern struct play play;

/* From start to end; `seed` decides all. */
void play_seed(uint64_t seed);

#endif
