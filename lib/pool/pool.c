/*
 * The pool as a behaviour that never dials: it is idle until it is stopped, and its state
 * timeout is when it has something to do. And from options to a pool.
 */
#include "pool/pool.h"
#include "base/options.h"
#include "conn/inner.h"

static const struct stay__option pool_options[] = {
#define POOL(field, unit, fallback, least, most, promise, text)                \
	STAY__OPTION(struct stay_pool_options, field, fallback, least, most),
#include "base/options.def"
};

static struct stay_pool *
pool_of(const void *state)
{
	return *(struct stay_pool *const *)state;
}

/* ---- the behaviour ---- */

/* What a client has for its defaults, the pool has, too; but it does not give up. */
static void
learn_defaults(struct stay_pool *pool)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };

	stay_client_get_options(pool->members[0]->client, &options);
	stay__template_learn(pool->template, &options);
	pool->backoff.policy = pool->template->backoff;
}

/* The first connection says what is wrong with URL and options. The timeout is set so that
 * there is memory for it from now on. */
static struct stay_verdict
run_init(struct stay_conn *conn, void *state, void *arg)
{
	const struct stay_message nothing = { 0 };
	struct stay_pool *pool = arg;
	enum stay_status status =
	    stay_conn_set_state_timeout(conn, STAY_FOREVER, nothing);

	*(struct stay_pool **)state = pool;
	pool->conn = conn;
	if (status == STAY_OK)
		status = stay__member_open(pool);
	if (status != STAY_OK)
		return stay_verdict_stop(status);
	learn_defaults(pool);
	return stay_verdict_ok();
}

static struct stay_verdict
handle_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)conn;
	if (event->type == STAY_STATE_TIMEOUT || event->type == STAY_NEXT_EVENT)
		stay__pool_serve(pool_of(state));
	return stay_verdict_noreply();
}

static void
lose_all(struct stay_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		if (pool->members[i]->lease != NULL)
			stay__lease_lose(
			    pool->members[i]->lease, STAY_E_STOPPED);
}

/* The connections end by themselves, each in its turn. */
static void
run_terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct stay_pool *pool = pool_of(state);

	(void)conn;
	pool->ending = true;
	pool->reason = reason;
	for (size_t i = 0; i < pool->count; i++)
		stay_client_stop(pool->members[i]->client, reason);
	lose_all(pool);
	stay__line_drop_all(pool, STAY_E_STOPPED);
	stay__pool_tell_lost(pool);
	stay__line_tell(pool);
}

static size_t
count_busy(const struct stay_conn *conn, const void *state)
{
	const struct stay_pool *pool = pool_of(state);

	(void)conn;
	return pool->options.use == STAY_POOL_SHARED
		   ? pool->count
		   : pool->waiting + pool->leases +
			 pool->in[STAY__MEMBER_RETURNING];
}

/* While none is up: what the last attempt has come to, of one that nobody has. */
static const char *
failure(const struct stay_pool *pool)
{
	const char *words = "";

	if (stay__pool_up(pool) > 0)
		return words;
	for (size_t i = 0; i < pool->count && words[0] == '\0'; i++)
		if (pool->members[i]->state == STAY__MEMBER_DOWN)
			words = stay_conn_failure(
			    stay_client_conn(pool->members[i]->client));
	return words;
}

static int
describe(
    const struct stay_conn *conn, const void *state, char *text, size_t len)
{
	const struct stay_pool *pool = pool_of(state);
	const char *why = failure(pool);

	(void)conn;
	return snprintf(text, len,
	    "%zu of %zu connections up, %zu lent, %zu wait%s%s",
	    stay__pool_up(pool), stay__pool_size(pool), pool->leases,
	    pool->waiting, why[0] != '\0' ? ", " : "", why);
}

static const struct stay_behaviour behaviour = {
	STAY_BEHAVIOUR,
	.name = "pool",
	.state_size = sizeof(struct stay_pool *),
	.init = run_init,
	.handle_info = handle_info,
	.terminate = run_terminate,
	.busy = count_busy,
	.describe = describe,
};

const struct stay_pool *
stay__pool_of(struct stay_conn *conn)
{
	return stay__conn_behaviour(conn) == &behaviour
		   ? pool_of(stay_conn_data(conn))
		   : NULL;
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct stay_pool *pool = arg;

	(void)conn;
	(void)reason;
	pool->conn = NULL;
	stay__pool_end_if_over(pool);
}

/* ---- from options to a pool ---- */

enum stay_status
stay__pool_fill_options(struct stay_loop *loop, struct stay_pool_options *to,
    const struct stay_pool_options *from)
{
	const struct stay__option *culprit;
	enum stay_status status =
	    stay__options_fill(to, sizeof(*to), from, pool_options,
		sizeof(pool_options) / sizeof(*pool_options), &culprit);

	if (culprit != NULL)
		stay__loop_reject_option(loop, culprit, to);
	if (status != STAY_OK)
		return status;
	if ((unsigned)to->use > STAY_POOL_SHARED) {
		stay_loop_set_rejection(loop,
		    "use is %u, which is none of its values",
		    (unsigned)to->use);
		return STAY_E_ARG;
	}
	if (to->use == STAY_POOL_SHARED)
		to->connections_min = to->connections_max;
	if (to->connections_min <= to->connections_max)
		return STAY_OK;
	stay_loop_set_rejection(loop,
	    "connections_min is %llu, above connections_max, %llu",
	    (unsigned long long)to->connections_min,
	    (unsigned long long)to->connections_max);
	return STAY_E_ARG;
}

static void
init_lists(struct stay_pool *pool)
{
	stay__list_init(&pool->idle);
	stay__list_init(&pool->line);
	stay__list_init(&pool->left);
	stay__list_init(&pool->lent);
	stay__list_init(&pool->bereaved);
	stay__list_init(&pool->templates);
	stay__list_init(&pool->spent);
	pool->slow_since = UINT64_MAX;
}

static enum stay_status
start(struct stay_pool *pool)
{
	struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.label = pool->template->label, .on_closed = on_closed,
		.arg = pool };
	struct stay_conn *conn;

	return stay_conn_start(&conn, pool->loop, &behaviour, pool, &options);
}

static struct stay_pool *
new_pool(struct stay_loop *loop, const struct stay_pool_options *options)
{
	struct stay_pool *pool = stay__zalloc(sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->loop = loop;
	pool->options = *options;
	init_lists(pool);
	return pool;
}

enum stay_status
stay_pool_start(struct stay_pool **started, struct stay_loop *loop,
    const struct stay_protocol *protocol, const char *url,
    const struct stay_pool_options *options)
{
	struct stay_pool_options filled;
	struct stay__template *template;
	struct stay_pool *pool;
	enum stay_status status;

	assert(loop != NULL && started != NULL);
	*started = NULL;
	stay__loop_forget_rejection(loop);
	status = stay__pool_fill_options(loop, &filled, options);
	if (status != STAY_OK)
		return status;
	pool = new_pool(loop, &filled);
	if (pool == NULL)
		return STAY_E_NOMEM;
	status = stay__template_new(&template, protocol, url, &filled);
	if (status == STAY_OK) {
		stay__template_take(pool, template);
		status = start(pool);
	}
	if (status == STAY_OK)
		*started = pool;
	else
		stay__pool_free(pool);
	return status;
}

void
stay_pool_stop(struct stay_pool *pool, enum stay_status reason)
{
	assert(pool != NULL);
	if (pool->conn != NULL)
		stay_conn_stop(pool->conn, reason);
}

void
stay_pool_drain(struct stay_pool *pool, uint64_t budget_ms)
{
	assert(pool != NULL);
	if (pool->conn == NULL)
		return;
	for (size_t i = 0;
	     i < pool->count && pool->options.use == STAY_POOL_SHARED; i++)
		stay_client_drain(pool->members[i]->client, budget_ms);
	stay_conn_drain(pool->conn, budget_ms);
}

struct stay_conn *
stay_pool_conn(struct stay_pool *pool)
{
	assert(pool != NULL);
	return pool->conn;
}

/* The program's struct may be older, and so shorter, than the library's. */
void
stay_pool_get_counts(
    const struct stay_pool *pool, struct stay_pool_counts *counts)
{
	struct stay_pool_counts all;
	size_t size;

	assert(pool != NULL && counts != NULL);
	size = counts->size < sizeof(all) ? counts->size : sizeof(all);
	all = pool->counts;
	all.size = counts->size;
	all.connections = stay__pool_size(pool);
	all.up = stay__pool_up(pool);
	all.idle = pool->in[STAY__MEMBER_IDLE];
	all.lent = pool->leases;
	all.returning = pool->in[STAY__MEMBER_RETURNING];
	all.waiting = pool->waiting;
	memcpy(counts, &all, size);
}
