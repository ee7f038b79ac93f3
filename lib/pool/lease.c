/*
 * Check-out and check-in. Who asks is a lease from the beginning, first without a
 * connection: so nothing is missing when one is free.
 */
#include "loop/waiting.h"
#include "pool/pool.h"

/* ---- check-out ---- */

static enum stay_status
new_lease(struct stay_pool *pool, struct stay_lease **lease)
{
	enum stay_status status = stay__pool_closed_to_all(pool);

	*lease = NULL;
	if (pool->options.use == STAY_POOL_SHARED)
		return STAY_E_UNSUPPORTED;
	if (status != STAY_OK)
		return status;
	*lease = stay__zalloc(sizeof(**lease));
	if (*lease == NULL)
		return STAY_E_NOMEM;
	(*lease)->pool = pool;
	(*lease)->ticket = ++pool->tickets;
	(*lease)->since = stay__pool_now(pool);
	return STAY_OK;
}

/* The program's struct may be older, and so shorter, than the library's. */
static enum stay_status
take_options(struct stay_check_out_options *ours,
    const struct stay_check_out_options *options)
{
	if (options == NULL)
		return STAY_OK;
	if (options->size < sizeof(options->size) ||
	    options->size > sizeof(*ours))
		return STAY_E_ABI;
	memcpy(ours, options, options->size);
	return STAY_OK;
}

enum stay_status
stay_pool_check_out(struct stay_pool *pool,
    const struct stay_check_out_options *options, stay_checked_out_fn *done,
    void *arg)
{
	struct stay_check_out_options ours = { STAY_CHECK_OUT_OPTIONS };
	struct stay_lease *lease;
	enum stay_status status = take_options(&ours, options);

	assert(pool != NULL);
	if (done == NULL)
		return STAY_E_ARG;
	if (status == STAY_OK && pool->waiting >= pool->options.waiters_max)
		status = STAY_E_FULL;
	if (status == STAY_OK)
		status = new_lease(pool, &lease);
	if (status != STAY_OK)
		return status;
	if (ours.timeout_ms == 0)
		ours.timeout_ms = pool->options.wait_timeout_ms;
	if (ours.ticket != NULL)
		*ours.ticket = lease->ticket;
	lease->done = done;
	lease->arg = arg;
	lease->until = stay__later(lease->since, ours.timeout_ms);
	stay__line_join(pool, lease);
	return STAY_OK;
}

enum stay_status
stay_pool_try(struct stay_pool *pool, struct stay_lease **lease)
{
	struct stay__pooled *member = NULL;
	enum stay_status status;

	assert(pool != NULL);
	if (lease == NULL)
		return STAY_E_ARG;
	status = new_lease(pool, lease);
	if (status != STAY_OK)
		return status;
	while (member == NULL && pool->waiting == 0 &&
	       !stay__list_is_empty(&pool->idle))
		member = stay__member_take(pool);
	if (member != NULL) {
		stay__lease_begin(*lease, member);
		return STAY_OK;
	}
	stay__free(*lease);
	*lease = NULL;
	return STAY_E_CHECKED_OUT;
}

enum stay_status
stay_pool_give_up(struct stay_pool *pool, uint64_t ticket)
{
	struct stay__list *node;

	assert(pool != NULL);
	for (node = pool->line.next; node != &pool->line; node = node->next)
		if (stay__lease_of(node)->ticket == ticket) {
			stay__line_leave(
			    stay__lease_of(node), STAY_E_CANCELLED);
			return STAY_OK;
		}
	return STAY_E_STALE;
}

/* ---- waiting ---- */

struct awaited {
	struct stay_lease *lease;
	enum stay_status status;
	bool over;
};

static void
take(void *arg, struct stay_lease *lease, enum stay_status status)
{
	struct awaited *awaited = arg;

	*awaited = (struct awaited){ lease, status, true };
}

static bool
is_over(const void *arg)
{
	return ((const struct awaited *)arg)->over;
}

enum stay_status
stay_pool_check_out_wait(
    struct stay_pool *pool, uint64_t timeout_ms, struct stay_lease **lease)
{
	struct stay_check_out_options options = { STAY_CHECK_OUT_OPTIONS,
		.timeout_ms = timeout_ms };
	struct awaited awaited = { NULL, STAY_OK, false };
	enum stay_status status;

	assert(pool != NULL && lease != NULL);
	*lease = NULL;
	if (stay_loop_is_busy(pool->loop))
		return STAY_E_REENTRANT;
	status = stay_pool_check_out(pool, &options, take, &awaited);
	if (status != STAY_OK) {
		stay__loop_look(pool->loop);
		return status;
	}
	(void)stay__loop_wait(pool->loop, is_over, &awaited, UINT64_MAX);
	*lease = awaited.lease;
	return awaited.status;
}

/* ---- check-in ---- */

/* One whose session is too old, or is not as it is to be now, is replaced, when what was
 * begun is over. */
static void
take_back(struct stay__pooled *member)
{
	enum stay_status status = stay_client_take_back(member->client);

	stay__pool_record(member, STAY__RECORD_BACK);
	member->lease = NULL;
	stay__member_become(member,
	    status == STAY_OK ? STAY__MEMBER_RETURNING : STAY__MEMBER_DOWN);
	if (member->asked != member->pool->template) {
		stay__member_change(member);
		return;
	}
	if (status != STAY_OK || member->old_at > stay__pool_now(member->pool))
		return;
	member->pool->counts.aged++;
	stay_client_reconnect(member->client, STAY_OK);
}

void
stay_pool_check_in(struct stay_lease *lease)
{
	if (lease == NULL)
		return;
	stay__pool_metered_back(lease);
	if (lease->member != NULL && lease->pool->ending)
		lease->member->lease = NULL;
	else if (lease->member != NULL)
		take_back(lease->member);
	lease->pool->leases--;
	stay__pool_wake(lease->pool);
	stay__list_remove(&lease->node);
	stay__free(lease);
}

/* ---- a lease ---- */

struct stay_client *
stay_lease_client(const struct stay_lease *lease)
{
	assert(lease != NULL);
	return lease->member != NULL ? lease->member->client : NULL;
}

enum stay_status
stay_lease_status(const struct stay_lease *lease)
{
	assert(lease != NULL);
	return lease->status;
}

void
stay_lease_on_lost(struct stay_lease *lease, stay_lost_fn *on_lost, void *arg)
{
	assert(lease != NULL);
	lease->on_lost = on_lost;
	lease->lost_arg = arg;
	if (lease->status == STAY_OK)
		return;
	stay__list_remove(&lease->node);
	stay__list_push(&lease->pool->bereaved, &lease->node);
	stay__pool_wake(lease->pool);
}
