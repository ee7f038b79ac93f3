/*
 * Connections of a pool: they begin, come up, fail and end. Each is a client, which comes
 * back by itself; one that has ended is replaced when serve.c finds the pool too small.
 */
#include "client/reconfigure.h"
#include "pool/pool.h"

/* ---- leases ---- */

void
stay__lease_lose(struct stay_lease *lease, enum stay_status why)
{
	struct stay_pool *pool = lease->pool;

	if (lease->status != STAY_OK)
		return;
	lease->status = why;
	pool->counts.lost++;
	stay__pool_metered_lost(lease);
	stay__list_remove(&lease->node);
	stay__list_push(&pool->bereaved, &lease->node);
}

void
stay__lease_begin(struct stay_lease *lease, struct stay__pooled *member)
{
	struct stay_pool *pool = lease->pool;

	stay__pool_metered_wait(lease);
	stay__pool_record(member, STAY__RECORD_LENT);
	stay__member_become(member, STAY__MEMBER_LENT);
	lease->since = stay__pool_now(pool);
	lease->member = member;
	member->lease = lease;
	stay__list_push(&pool->lent, &lease->node);
	pool->leases++;
	pool->counts.check_outs++;
}

struct stay__pooled *
stay__member_take(struct stay_pool *pool)
{
	struct stay__pooled *member = stay__pooled_of(pool->idle.next);

	if (stay_client_lend(member->client) == STAY_OK)
		return member;
	stay__member_become(member, STAY__MEMBER_DOWN);
	return NULL;
}

void
stay__pool_tell_lost(struct stay_pool *pool)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&pool->bereaved)) != NULL) {
		struct stay_lease *lease = stay__lease_of(node);
		stay_lost_fn *on_lost = lease->on_lost;

		stay__list_push(&pool->lent, &lease->node);
		if (on_lost != NULL)
			on_lost(lease->lost_arg, lease, lease->status);
	}
}

/* ---- news of a session ---- */

/* Sessions that began together do not end together. */
static uint64_t
age_at(struct stay_pool *pool)
{
	uint64_t max = pool->template->max_age_ms;
	uint64_t early = max / 4;

	if (max == 0)
		return UINT64_MAX;
	return stay__later(stay__pool_now(pool),
	    max - stay__loop_random(pool->loop) % (early + 1));
}

static void
take_session(struct stay__pooled *member)
{
	uint64_t session = stay_client_session_number(member->client);

	if (session == member->session)
		return;
	member->session = session;
	member->old_at = age_at(member->pool);
}

/* What is lent while the pool is given other options says nothing of them: it is changed
 * when it comes back. */
static void
note_fatal(struct stay__pooled *member, enum stay_status fatal)
{
	if (member->asked == member->pool->template)
		member->pool->fatal = fatal;
}

static void
come_up(struct stay__pooled *member)
{
	member->pool->backoff.attempt = 0;
	note_fatal(member, STAY_OK);
	take_session(member);
	if (member->state == STAY__MEMBER_DOWN ||
	    member->state == STAY__MEMBER_RETURNING)
		stay__member_become(member, STAY__MEMBER_IDLE);
}

static void
go_down(struct stay__pooled *member, enum stay_status why)
{
	note_fatal(
	    member, stay_status_class(why) == STAY_CLASS_FATAL ? why : STAY_OK);
	if (member->state == STAY__MEMBER_LENT) {
		stay__member_become(member, STAY__MEMBER_LOST);
		stay__lease_lose(member->lease, STAY_E_LOST);
	} else if (member->state != STAY__MEMBER_LOST &&
		   member->state != STAY__MEMBER_ENDING) {
		stay__member_become(member, STAY__MEMBER_DOWN);
	}
}

static void
on_session(void *arg, struct stay_client *client, enum stay_status status)
{
	struct stay__pooled *member = arg;

	(void)client;
	if (status == STAY_OK)
		come_up(member);
	else
		go_down(member, status);
	stay__pool_wake(member->pool);
}

/* ---- the end ---- */

static void
leave_books(struct stay__pooled *member)
{
	struct stay_pool *pool = member->pool;
	struct stay__pooled *last = pool->members[--pool->count];

	stay__list_remove(&member->node);
	pool->in[member->state]--;
	pool->members[member->place] = last;
	last->place = member->place;
	stay__pool_wake(pool);
}

/* Its client has ended, and the pool did not ask it to. */
static void
put_off(struct stay_pool *pool, enum stay_status reason)
{
	struct stay_backoff slow = { .policy = stay_backoff_constant(
					 pool->template->fatal_backoff_ms) };
	bool slowly = pool->fatal != STAY_OK ||
		      stay_status_class(reason) == STAY_CLASS_FATAL;
	uint64_t ms;

	if (pool->conn == NULL)
		return;
	ms = stay_backoff_next(pool->conn, slowly ? &slow : &pool->backoff);
	pool->open_at = stay__later(stay__pool_now(pool), ms);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay__pooled *member = arg;
	struct stay_pool *pool = member->pool;

	(void)conn;
	if (member->lease != NULL) {
		member->lease->member = NULL;
		stay__lease_lose(member->lease, STAY_E_STOPPED);
	}
	if (member->state != STAY__MEMBER_ENDING)
		put_off(pool, reason);
	leave_books(member);
	stay__template_drop(pool, member->asked);
	stay__template_drop(pool, member->in_force);
	stay__free(member);
	stay__pool_end_if_over(pool);
}

static void
free_leases(struct stay__list *leases)
{
	struct stay__list *node;

	while ((node = stay__list_pop(leases)) != NULL)
		stay__free(stay__lease_of(node));
}

void
stay__pool_free(struct stay_pool *pool)
{
	free_leases(&pool->lent);
	free_leases(&pool->bereaved);
	stay__template_free(pool->template);
	stay__free(pool->members);
	stay__free(pool);
}

void
stay__pool_end_if_over(struct stay_pool *pool)
{
	if (pool->conn != NULL || pool->count > 0)
		return;
	stay__pool_tell_lost(pool);
	if (pool->options.on_closed != NULL)
		pool->options.on_closed(pool->options.arg, pool, pool->reason);
	stay__templates_end(pool);
	stay__pool_free(pool);
}

/* ---- the beginning ---- */

static bool
has_room(struct stay_pool *pool)
{
	size_t room = pool->room > 0 ? 2 * pool->room : 4;
	struct stay__pooled **members;

	if (pool->count < pool->room)
		return true;
	members = stay__realloc_many(
	    pool->members, room, sizeof(struct stay__pooled *));
	if (members == NULL)
		return false;
	pool->members = members;
	pool->room = room;
	return true;
}

static void
enter_books(struct stay_pool *pool, struct stay__pooled *member)
{
	member->place = pool->count;
	pool->members[pool->count++] = member;
	pool->in[STAY__MEMBER_DOWN]++;
	pool->counts.started++;
}

/* The program's own callback has its own word. */
static void
ask_endpoints(void *arg, struct stay_client *client)
{
	const struct stay__pooled *member = arg;
	const struct stay_client_options *options = &member->asked->options;

	options->endpoints(options->arg, client);
}

/* What a client is given of the pool's options. */
static struct stay_client_options
options_for(struct stay__pooled *member)
{
	struct stay_client_options options = member->pool->template->options;

	options.on_session = on_session;
	if (options.endpoints != NULL)
		options.endpoints = ask_endpoints;
	options.on_closed = on_closed;
	options.arg = member;
	return options;
}

static enum stay_status
start(struct stay__pooled *member)
{
	struct stay_pool *pool = member->pool;
	struct stay_client_options options = options_for(member);
	enum stay_status status;

	member->asked = stay__template_hold(pool->template);
	member->in_force = stay__template_hold(pool->template);
	status = stay_client_start(&member->client, pool->loop,
	    pool->template->protocol, pool->template->url, &options);
	if (status == STAY_OK)
		return STAY_OK;
	stay__template_drop(pool, member->asked);
	stay__template_drop(pool, member->in_force);
	return status;
}

enum stay_status
stay__member_open(struct stay_pool *pool)
{
	struct stay__pooled *member = stay__zalloc(sizeof(*member));
	enum stay_status status = STAY_E_NOMEM;

	if (member != NULL && has_room(pool)) {
		stay__list_init(&member->node);
		member->pool = pool;
		status = start(member);
	}
	if (status != STAY_OK) {
		stay__free(member);
		put_off(pool, status);
		return status;
	}
	enter_books(pool, member);
	return STAY_OK;
}

void
stay__member_end(struct stay__pooled *member)
{
	stay__member_become(member, STAY__MEMBER_ENDING);
	stay_client_stop(member->client, STAY_OK);
}

void
stay__member_renew(struct stay__pooled *member)
{
	stay__member_become(member, STAY__MEMBER_DOWN);
	stay_client_reconnect(member->client, STAY_OK);
}

/* ---- changes ---- */

void
stay__member_retire(struct stay__pooled *member)
{
	stay__member_become(member, STAY__MEMBER_ENDING);
	stay_client_drain(
	    member->client, member->pool->template->leave_budget_ms);
}

/* What it was given last may be in force by now. */
static void
settle(struct stay__pooled *member)
{
	if (member->in_force == member->asked ||
	    stay__reconfigure_is_due(member->client))
		return;
	stay__template_drop(member->pool, member->in_force);
	member->in_force = stay__template_hold(member->asked);
}

/* Between two turns of the pool a change may take effect: so it is settled before
 * the next one takes its place in `asked`. */
void
stay__member_change(struct stay__pooled *member)
{
	struct stay_pool *pool = member->pool;
	struct stay_client_options options = options_for(member);

	settle(member);
	member->was_up = member->state != STAY__MEMBER_DOWN;
	if (stay_client_reconfigure(
		member->client, pool->template->url, &options) != STAY_OK) {
		stay__member_retire(member);
		return;
	}
	stay__template_drop(pool, member->asked);
	member->asked = stay__template_hold(pool->template);
	stay__member_become(member, STAY__MEMBER_DOWN);
}

void
stay__members_settle(struct stay_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		settle(pool->members[i]);
}
