/* A pool on a virtual world, and notes of what its users are told. */
#include "pool_rig.h"
#include "support/expect.h"

#include <check.h>
#include <string.h>

static void
on_closed(void *arg, struct stay_pool *pool, enum stay_status reason)
{
	struct pool_rig *rig = arg;

	ck_assert_ptr_eq(pool, rig->pool);
	ck_assert(!rig->closed);
	rig->closed = true;
	line_note(&rig->told, "closed %s;", stay_status_name(reason) + 5);
}

static struct pool_rig *begun; /* and not ended; NULL: none */

void
pool_prepare(struct pool_rig *rig)
{
	begun = rig;
	memset(rig, 0, sizeof(*rig));
	line_prepare(&rig->line);
	rig->line.config.notes = &rig->slots;
}

void
pool_start(struct pool_rig *rig, const struct stay_pool_options *options)
{
	struct stay_pool_options ours = *options;
	struct stay_client_options client = { STAY_CLIENT_OPTIONS,
		.backoff = { .initial_ms = 100,
		    .cap_ms = 100,
		    .jitter = STAY_JITTER_NONE } };

	if (options->client != NULL)
		client = *options->client;
	client.config = &rig->line.config;
	ours.client = &client;
	ours.on_closed = on_closed;
	ours.arg = rig;
	rig->is_ours = true;
	EXPECT_OK(stay_pool_start(&rig->pool, rig->line.loop,
	    rig->line.protocol, rig->line.url, &ours));
}

void
pool_begin(struct pool_rig *rig, const struct stay_pool_options *options)
{
	pool_prepare(rig);
	pool_start(rig, options);
	sim_run_ms(rig->line.world, 20);
}

static void
end_pool(struct pool_rig *rig)
{
	if (!rig->closed)
		stay_pool_stop(rig->pool, STAY_OK);
	ck_assert(sim_run(rig->line.world, 60000));
	ck_assert(rig->closed == rig->is_ours);
	ck_assert_uint_eq(rig->line.finis, rig->line.inits);
}

void
pool_end(struct pool_rig *rig)
{
	begun = NULL;
	if (rig->pool != NULL)
		end_pool(rig);
	line_end(&rig->line);
}

void
pool_after(void)
{
	if (begun != NULL)
		pool_end(begun);
}

/* ---- users ---- */

static void
on_lost(void *arg, struct stay_lease *lease, enum stay_status why)
{
	struct pool_user *user = arg;

	ck_assert_ptr_eq(lease, user->lease);
	ck_assert_int_eq(stay_lease_status(lease), why);
	line_note(&user->rig->told, "%s lost %s;", user->name,
	    stay_status_name(why) + 5);
}

static void
on_lease(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct pool_user *user = arg;

	ck_assert((lease != NULL) == (status == STAY_OK));
	ck_assert_ptr_null(user->lease);
	user->lease = lease;
	line_note(&user->rig->told, "%s %s;", user->name,
	    status == STAY_OK ? "OK" : stay_status_name(status) + 5);
	if (lease != NULL)
		stay_lease_on_lost(lease, on_lost, user);
	if (user->then != NULL)
		user->then(user);
}

struct pool_user *
pool_want_within(struct pool_rig *rig, const char *name, uint64_t timeout_ms)
{
	struct pool_user *user = &rig->users[rig->count++];
	struct stay_check_out_options options = { STAY_CHECK_OUT_OPTIONS,
		.timeout_ms = timeout_ms, .ticket = &user->ticket };

	ck_assert_uint_le(rig->count, USERS_MAX);
	user->rig = rig;
	user->name = name;
	EXPECT_OK(stay_pool_check_out(rig->pool, &options, on_lease, user));
	return user;
}

struct pool_user *
pool_want(struct pool_rig *rig, const char *name)
{
	return pool_want_within(rig, name, 0);
}

struct pool_user *
pool_have(struct pool_rig *rig, const char *name)
{
	struct pool_user *user = pool_want(rig, name);

	sim_run_ms(rig->line.world, 20);
	ck_assert_ptr_nonnull(user->lease);
	pool_told(rig);
	return user;
}

void
pool_give(struct pool_user *user)
{
	struct stay_lease *lease = user->lease;

	user->lease = NULL;
	stay_pool_check_in(lease);
}

struct stay_conn *
pool_conn(const struct pool_user *user)
{
	return stay_client_conn(stay_lease_client(user->lease));
}

/* ---- time, notes and counts ---- */

void
pool_run(struct pool_rig *rig, uint64_t ms)
{
	sim_run_ms(rig->line.world, ms);
}

const char *
pool_told(struct pool_rig *rig)
{
	static char told[LINE_NOTES_MAX];

	memcpy(told, rig->told.text, rig->told.len);
	told[rig->told.len] = '\0';
	rig->told.len = 0;
	rig->slots.len = 0;
	return told;
}

unsigned
pool_steps(struct pool_rig *rig, uint64_t ms)
{
	const uint64_t end = sim_now_ms(rig->line.world) + ms;
	unsigned steps = 0;

	while (sim_step_ms(rig->line.world, end - sim_now_ms(rig->line.world)))
		steps++;
	return steps;
}

struct stay_pool_counts
pool_counts(const struct pool_rig *rig)
{
	struct stay_pool_counts counts = { STAY_POOL_COUNTS };

	stay_pool_get_counts(rig->pool, &counts);
	return counts;
}
