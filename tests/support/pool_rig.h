/*
 * A pool of clients of the line protocol, on the world and the server of line_rig.h, and
 * those who check out. All that they are told is written down in one line: "a OK;" is a
 * check-out, "a E_TIMEOUT;" one that failed, "a lost E_LOST;" a lease, "closed OK;" the
 * end. What the protocol's slots are told is not.
 */
#ifndef STAY_TESTS_POOL_RIG_H
#define STAY_TESTS_POOL_RIG_H

#include <stay/pool.h>

#include "line_rig.h"

#define USERS_MAX 64

struct pool_rig;
struct pool_user;
typedef void pool_then_fn(struct pool_user *user);

/* One who checks out. */
struct pool_user {
	struct pool_rig *rig;
	const char *name;
	struct stay_lease *lease; /* NULL: not yet, or no more */
	uint64_t ticket;
	pool_then_fn *then; /* runs when he has it; NULL: nothing */
};

struct pool_rig {
	struct line_rig line; /* its client is none of the pool's */
	struct line_notes slots;
	struct line_notes told;
	struct stay_pool *pool;
	struct pool_user users[USERS_MAX];
	size_t count;
	bool is_ours; /* started by pool_start */
	bool closed;
};

#define POOL(...)                                                              \
	(&(const struct stay_pool_options){ STAY_POOL_OPTIONS, __VA_ARGS__ })

/* World and server; then the pool. */
void pool_prepare(struct pool_rig *rig);
void pool_start(struct pool_rig *rig, const struct stay_pool_options *options);
/* Both, and connections are up. */
void pool_begin(struct pool_rig *rig, const struct stay_pool_options *options);
/* Stop it if need be; nothing is left. */
void pool_end(struct pool_rig *rig);
/* So ends what a test has left, as the suite's `.after`. */
void pool_after(void);

/* He asks, and is accepted for sure; the first with the pool's own timeout. */
struct pool_user *pool_want(struct pool_rig *rig, const char *name);
struct pool_user *pool_want_within(
    struct pool_rig *rig, const char *name, uint64_t timeout_ms);
/* He asks, time passes, and he has it. */
struct pool_user *pool_have(struct pool_rig *rig, const char *name);
void pool_give(struct pool_user *user);
/* That of what he has. */
struct stay_conn *pool_conn(const struct pool_user *user);

void pool_run(struct pool_rig *rig, uint64_t ms);

/* How often something happens in so long. */
unsigned pool_steps(struct pool_rig *rig, uint64_t ms);
struct stay_pool_counts pool_counts(const struct pool_rig *rig);

/* After so long this was told. */
#define POOL_TELLS(rig, ms, text)                                              \
	do {                                                                   \
		sim_run_ms((rig)->line.world, ms);                             \
		ck_assert_str_eq(pool_told(rig), text);                        \
	} while (0)
const char *pool_told(struct pool_rig *rig);

#endif
