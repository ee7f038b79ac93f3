/*
 * A pool in a run, of every third seed: those who check out, what they do with what they
 * are lent, and what must hold of it.
 *
 *	pool.c       a pool: its options, its life
 *	pool_user.c  who checks out, waits, has a connection and gives it back
 *	pool_call.c  calls on what is lent, and on what is shared
 *	pool_line.c  its protocol, which makes a session as new, or cannot
 *	pool_desk.c  its server, which sees whose calls a session carries
 *	pool_check.c what holds after every event
 *	pool_heal.c  what must come to be once all is well
 *	pool_act.c   what the program does
 */
#ifndef STAY_TESTS_POOL_SIM_H
#define STAY_TESTS_POOL_SIM_H

#include <stay/pool.h>

#include "run.h"

#define BORROWERS_MAX  24
#define POOL_CALLS_MAX (1u << 15)
#define LOANS_MAX      (1u << 16) /* whose connection is remembered */
#define LIARS_MAX      64

/* What becomes of a session that is given back. */
enum pool_reset {
	POOL_IS_CLEAN, /* calls leave nothing behind */
	POOL_CLEANS,   /* its protocol undoes it */
	POOL_REPLACES, /* its protocol cannot */
	POOL_RESETS
};

enum borrower_state { AWAY, WAITS, HAS };

/* Somebody who checks out, again and again. */
struct borrower {
	enum borrower_state state;
	uint64_t number;      /* of this check-out: the place in the line */
	uint64_t since;       /* ns: in line */
	uint64_t until;       /* ns; SIM_NEVER */
	uint64_t ticket;      /* 0: none */
	uint64_t given_up_at; /* ns; SIM_NEVER: it did not give up */
	uint64_t passed_at;   /* ns: one behind was served; SIM_NEVER */
	struct stay_lease *lease;
	struct stay_client *client;
	uint64_t session;
	bool listens;     /* it will be told that the lease is lost, */
	bool lost;        /* and was */
	uint64_t lost_at; /* ns: as was seen; SIM_NEVER */
	bool leaves;      /* with the next answer */
	bool blocks; /* it drives the loop, and is told behind all others */
};

/* A call; its number is its place. */
struct lent_call {
	uint64_t
	    lease; /* the number of its borrower's check-out; 0: it is shared */
	unsigned shape;
	unsigned executed;
	bool told;
	bool cancelled;
	bool doubtful; /* a liar may have answered it */
	enum stay_outcome outcome;
	struct stay_client *client;
	struct stay_call_id id;
};

/* As the program knows them. */
struct pool_told {
	uint64_t check_outs, timed_out, given_up, shed;
};

/* Of all pools of a run. */
struct pool_life {
	uint64_t told_as[STAY_OUTCOME_COUNT], rejected; /* calls */
	uint64_t check_outs, timed_out, shed, lost;
};

/* Its options may have changed, and what began under the old ones goes on. */
struct pool_ever {
	uint64_t width, dial_ms, stop_ms, return_ms, bytes;
	uint64_t shed_target_ms; /* the least; 0: it never shed */
	bool stops;              /* after a fatal failure */
};

struct pool_sim {
	struct run *run;
	struct user user;       /* nobody: whose host it is */
	struct stay_pool *pool; /* NULL: none is alive */
	struct stay_pool_options options;
	struct stay_client_options client;
	struct pool_ever ever;
	uint64_t width, line; /* above the bounds, if they were lowered */
	enum pool_reset reset;
	bool leaving;      /* a stop or a drain was asked */
	bool stopped;      /* a stop */
	uint64_t leave_by; /* ns */
	struct pool_told told;
	struct pool_life
	    life; /* calls; and the rest of those that have closed */
	uint64_t started, closed, released; /* pools */
	uint64_t clients;                   /* that are alive: keep blocks */
	uint64_t idle_at;    /* ns: somebody waits, one is idle; SIM_NEVER */
	uint64_t idle_after; /* so many check-outs */
	uint64_t awake_at;   /* ns: the machine was asleep until then */
	uint64_t numbers;    /* check-outs */
	uint64_t desks;
	struct borrower borrowers[BORROWERS_MAX];
	uint32_t desk_of[LOANS_MAX]; /* by the number of a check-out; 0: none */
	struct lent_call calls[POOL_CALLS_MAX];
	uint64_t call_count;
	uint64_t open_calls;
	uint64_t forked_at; /* calls, then; SIM_NEVER: not yet */
	struct sim_peer *liars[LIARS_MAX];
	unsigned liar_count;
	bool serves; /* all is well: each call must go well */
};

/* What a request is made of. */
struct lent_request {
	const struct lent_call *call;
	uint64_t number;
};

/* "VERB LEASE NUMBER": what the server does. */
struct pool_shape {
	const char *verb;
	uint32_t replies;
	unsigned slow_ms; /* at most */
	bool leaves;      /* something in its session */
};

enum { POOL_DO, POOL_SET, POOL_QUIET, POOL_SLOW, POOL_SHAPES };
extern const struct pool_shape pool_shapes[POOL_SHAPES];

/* A reply: to which call, and whose traces the session has; 0: nobody's. */
struct pool_frame {
	uint64_t number;
	uint64_t traces;
	char text[16];
};

extern const struct stay_protocol *const pool_protocols[POOL_RESETS];
extern const struct trade pool_trade;

/* ---- pool_user.c ---- */
void borrower_asks(struct pool_sim *pool, struct borrower *borrower);
void borrower_waits(struct pool_sim *pool, struct borrower *borrower);
void borrower_tries(struct pool_sim *pool, struct borrower *borrower);
void borrower_gives_up(struct pool_sim *pool, struct borrower *borrower);
void borrower_listens(struct pool_sim *pool, struct borrower *borrower);
void borrower_leaves(struct pool_sim *pool, struct borrower *borrower);
/* Somebody in this state, drawn; NULL. */
struct borrower *borrower_any(struct pool_sim *pool, enum borrower_state state);
/* The session that it was lent is there. */
bool borrower_is_served(const struct borrower *borrower);

/* ---- pool_call.c ---- */
void pool_call(struct pool_sim *pool, struct borrower *borrower);
void pool_cancel_some(struct pool_sim *pool);
bool pool_is_lied_to(const struct pool_sim *pool);
void pool_doubt(struct pool_sim *pool, struct sim_peer *liar);

/* ---- pool.c ---- */
void pool_start(struct pool_sim *pool);
/* Another URL, other options, or both. */
void pool_change(struct pool_sim *pool);
/* A stop; a drain within so long was asked. */
void pool_stops(struct pool_sim *pool);
void pool_drains(struct pool_sim *pool, uint64_t ms);
struct stay_pool_counts pool_counts(const struct pool_sim *pool);
/* As of now. */
struct pool_life pool_life(const struct run *run);

/* ---- pool_act.c ---- */
/* From inside a callback: sometimes, something. */
void pool_acts_inside(struct pool_sim *pool);

/* ---- pool_check.c ---- */
/* Before its bounds change: how many there are. */
void pool_check_size(struct pool_sim *pool);
/* Before anything else: what somebody who waits is told, and what he is lent. */
void pool_check_told(struct pool_sim *pool, const struct borrower *borrower,
    enum stay_status status);
void pool_check_lent(
    const struct pool_sim *pool, const struct borrower *borrower);

#endif
