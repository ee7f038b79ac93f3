/*
 * A pool: connections, and who waits for one. It stands on the public interface of
 * clients; of the library's inside it uses the clock, chance and lists. Its files, from
 * the lowest to the highest:
 *
 *	template.c   what each connection is started with, and what it was
 *	books.c      which connection is in which state; when the pool is to act
 *	metered.c    what is added to the numbers of the loop
 *	members.c    connections begin, come up, change, fail and end
 *	line.c       who waits, for how long, and who is shed
 *	serve.c      what is due: told, lent, opened, retired
 *	lease.c      check-out and check-in
 *	share.c      one of two
 *	pool.c       the behaviour, and from options to a pool
 *	change.c     another URL, other options
 */
#ifndef STAY__POOL_H
#define STAY__POOL_H

#include <stay/pool.h>

#include <assert.h>
#include <stdio.h>

#include "base/list.h"
#include "loop/loop.h"
#include "loop/recorder.h"

enum stay__member_state {
	STAY__MEMBER_DOWN, /* without a session; its client tries */
	STAY__MEMBER_IDLE, /* in pool->idle */
	STAY__MEMBER_LENT,
	STAY__MEMBER_LOST,      /* lent, and its session has ended */
	STAY__MEMBER_RETURNING, /* its client is made as new */
	STAY__MEMBER_ENDING,    /* its client stops, as the pool wants it to */
	STAY__MEMBER_STATES
};

/* One connection of a pool. */
struct stay__pooled {
	struct stay__list node; /* while it is idle */
	struct stay_pool *pool;
	struct stay_client *client;
	struct stay_lease *lease; /* NULL: nobody has it */
	/* What its client was given last, and what it runs with. */
	struct stay__template *asked, *in_force;
	size_t place; /* in pool->members */
	enum stay__member_state state;
	uint64_t since;   /* ns: idle or returning since then */
	uint64_t session; /* the number of the last that was up */
	uint64_t old_at;  /* ns: that is replaced */
	bool was_up;      /* when it was changed last */
};

/* Somebody who wants a connection, and then has one. */
struct stay_lease {
	struct stay__list node; /* in one of the pool's lists */
	struct stay_pool *pool;
	struct stay__pooled *member; /* NULL: not yet, or no more */
	stay_checked_out_fn *done;
	void *arg;
	uint64_t ticket;
	uint64_t since; /* ns: it waits, or has a connection, since then */
	uint64_t until; /* ns; UINT64_MAX: no timeout */
	enum stay_status status;
	stay_lost_fn *on_lost;
	void *lost_arg;
};

/* What connections are started with: copies. It lives as long as one of them, or the
 * pool, has it; then it is spent, and its config is released in the loop's turn. */
struct stay__template {
	struct stay__list node; /* in pool->templates, or in pool->spent */
	size_t refs;
	const struct stay_protocol *protocol;
	struct stay_client_options options;
	struct stay_socket_options socket;
	stay_config_release_fn *release;
	char *url;
	char **urls; /* NULL: none; NULL ends it */
	char *label;
	void *config; /* the copy of one that has a size */
	bool stops;   /* the pool, after a fatal failure */
	uint64_t max_age_ms;
	uint64_t leave_budget_ms;
	uint64_t fatal_backoff_ms;
	struct stay_backoff_policy backoff;
};

struct stay_pool {
	struct stay_loop *loop;
	struct stay_conn *conn; /* NULL: it has closed */
	struct stay_pool_options options;
	struct stay__template *template; /* of those that begin */
	struct stay__list templates, spent;
	size_t spent_count;

	struct stay__pooled *
	    *members; /* connections_max of them, and those that end */
	size_t count;
	size_t room;
	size_t in[STAY__MEMBER_STATES]; /* how many are in each state */
	struct stay__list idle;         /* the last to come back is the first */

	struct stay__list line;     /* who waits: the oldest first */
	struct stay__list left;     /* who has left it, and is to be told */
	struct stay__list lent;     /* leases */
	struct stay__list bereaved; /* leases that are lost, and not told yet */
	size_t waiting;
	size_t leases;
	uint64_t tickets;
	uint64_t first_until; /* ns: nobody's time is up before */
	uint64_t slow_since;  /* ns: since then somebody has waited too long */
	bool overloaded;      /* line.c */

	struct stay_backoff
	    backoff;      /* of connections that ended by themselves */
	uint64_t open_at; /* ns: none is begun before */
	enum stay_status
	    fatal; /* why no session is up; STAY_OK: not for ever */
	enum stay_status reason; /* of its stop */
	bool woken;              /* it is to be served soon */
	bool ending;
	struct stay_pool_counts counts; /* what it has done */
};

static inline uint64_t
stay__pool_now(const struct stay_pool *pool)
{
	return stay__loop_now(pool->loop);
}

static inline uint64_t
stay__sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline struct stay_lease *
stay__lease_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay_lease, node);
}

static inline struct stay__pooled *
stay__pooled_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct stay__pooled, node);
}

/* ---- template.c ---- */
/* So many that are spent may wait for the loop's turn. */
#define STAY__SPENT_MAX 16

/* One of these options, and of this URL; NULL: no memory. It is the caller's, for
 * stay__template_drop, or for stay__template_free: then nothing of it is released. */
enum stay_status stay__template_new(struct stay__template **made,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_pool_options *options);
/* As an old one; a URL that is NULL stays, with the places that go with it. */
struct stay__template *stay__template_copy(
    const struct stay__template *old, const char *url);
/* What the client has for its defaults; `filled` are its options, complete. */
void stay__template_learn(
    struct stay__template *template, const struct stay_client_options *filled);
void stay__template_free(struct stay__template *template);
/* The caller's is the pool's now: new connections are started with it. */
void stay__template_take(
    struct stay_pool *pool, struct stay__template *template);
struct stay__template *stay__template_hold(struct stay__template *template);
void stay__template_drop(
    struct stay_pool *pool, struct stay__template *template);
/* Release the configs that nobody has any more, and free what was spent. Runs code of
 * the program. */
void stay__templates_sweep(struct stay_pool *pool);
/* The same in the end, of the last one, too; but that is freed with the pool. */
void stay__templates_end(struct stay_pool *pool);

/* ---- books.c ---- */
/* It has something to do: it is served in the loop's turn, and before `at` (ns). */
void stay__pool_wake(struct stay_pool *pool);
void stay__pool_wake_at(struct stay_pool *pool, uint64_t at);
/* The only writer of a member's state, and of the list of those that are idle. */
void stay__member_become(
    struct stay__pooled *member, enum stay__member_state state);
/* Connections that do not end. */
size_t stay__pool_size(const struct stay_pool *pool);
/* Of them, those with a session for somebody. */
size_t stay__pool_up(const struct stay_pool *pool);
/* Whether nobody may check out: STAY_OK, or why. */
enum stay_status stay__pool_closed_to_all(const struct stay_pool *pool);

/* ---- metered.c ---- */
/* These do nothing if nobody counts. Somebody is served; has left the line unserved; has
 * lost the connection; gives it back. And what there is now, if somebody counts. */
void stay__pool_metered_wait(const struct stay_lease *lease);
void stay__pool_metered_left(const struct stay_lease *lease);
void stay__pool_metered_lost(const struct stay_lease *lease);
void stay__pool_metered_back(const struct stay_lease *lease);
void stay__pool_metered_live(const struct stay_pool *pool);
/* For the story of its connection. */
void stay__pool_record(
    const struct stay__pooled *member, enum stay__record_kind kind);

/* ---- members.c ---- */
enum stay_status stay__member_open(struct stay_pool *pool);
/* The one that came back last, lent to whoever asks. NULL: its session is being left;
 * it is not idle any more. There is an idle one. */
struct stay__pooled *stay__member_take(struct stay_pool *pool);
/* A connection that was taken is somebody's. */
void stay__lease_begin(struct stay_lease *lease, struct stay__pooled *member);
/* End its client: the pool has no use for it. */
void stay__member_end(struct stay__pooled *member);
/* A session that nobody has is replaced. */
void stay__member_renew(struct stay__pooled *member);
/* Its client has something else, and is given what the pool has now; if that can't be, it
 * ends. */
void stay__member_change(struct stay__pooled *member);
/* End its client when what was begun is over: there are too many of them. */
void stay__member_retire(struct stay__pooled *member);
/* A change that has taken effect: what there was before is not needed any more. */
void stay__members_settle(struct stay_pool *pool);
/* Nothing is left: tell and free the pool, if it has closed. */
void stay__pool_end_if_over(struct stay_pool *pool);
/* Nothing of it runs. */
void stay__pool_free(struct stay_pool *pool);
/* A lease is lost, to be told in the pool's turn; the latter tells all who have lost
 * theirs. */
void stay__lease_lose(struct stay_lease *lease, enum stay_status why);
void stay__pool_tell_lost(struct stay_pool *pool);

/* ---- line.c ---- */
void stay__line_join(struct stay_pool *pool, struct stay_lease *lease);
/* Out of the line, to be told why: by stay__line_tell. */
void stay__line_leave(struct stay_lease *lease, enum stay_status why);
/* Out of the line, to be served. Somebody waits. */
struct stay_lease *stay__line_next(struct stay_pool *pool);
/* Whose time is up, and who is shed, leaves the line. */
void stay__line_look(struct stay_pool *pool);
void stay__line_drop_all(struct stay_pool *pool, enum stay_status why);
void stay__line_tell(struct stay_pool *pool);
/* When to look next, in ns. */
uint64_t stay__line_due(const struct stay_pool *pool);

/* ---- serve.c ---- */
void stay__pool_serve(struct stay_pool *pool);

/* ---- pool.c ---- */
/* The options, complete. STAY_E_ARG: the loop has been told which one is wrong. */
enum stay_status stay__pool_fill_options(struct stay_loop *loop,
    struct stay_pool_options *to, const struct stay_pool_options *from);
/* The pool that this connection is; NULL: it is none. */
const struct stay_pool *stay__pool_of(struct stay_conn *conn);

#endif
