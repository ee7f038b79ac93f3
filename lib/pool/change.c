/*
 * Another URL and other options for a pool that runs. They are checked whole before
 * anything is changed. What nobody has is changed at once, by its client; what is lent,
 * when it comes back.
 */
#include "base/text.h"
#include "client/trial.h"
#include "pool/pool.h"

/* What a pool is for is decided when it starts; so is who hears of its end. */
static enum stay_status
choose_options(const struct stay_pool *pool, struct stay_pool_options *chosen,
    const struct stay_pool_options *options)
{
	enum stay_status status;

	*chosen = pool->options;
	if (options == NULL)
		return STAY_OK;
	status = stay__pool_fill_options(pool->loop, chosen, options);
	if (status != STAY_OK)
		return status;
	chosen->on_closed = pool->options.on_closed;
	chosen->arg = pool->options.arg;
	if (chosen->use == pool->options.use)
		return STAY_OK;
	stay_loop_set_rejection(
	    pool->loop, "a pool stays shared, or exclusive, as it was started");
	return STAY_E_ARG;
}

static enum stay_status
make(const struct stay_pool *pool, struct stay__template **made,
    const char *url, const struct stay_pool_options *options)
{
	const struct stay__template *old = pool->template;

	if (url == NULL && options->client != NULL &&
	    options->client->urls != NULL) {
		stay_loop_set_rejection(pool->loop,
		    "urls are given without the url that they follow");
		return STAY_E_ARG;
	}
	return stay__template_new(
	    made, old->protocol, url != NULL ? url : old->url, options);
}

static enum stay_status
copy(
    const struct stay_pool *pool, struct stay__template **made, const char *url)
{
	*made = stay__template_copy(pool->template, url);
	return *made != NULL ? STAY_OK : STAY_E_NOMEM;
}

/* A label that is not given stays. */
static enum stay_status
keep_label(const struct stay_pool *pool, struct stay__template *made)
{
	const struct stay__template *old = pool->template;

	if (made->label != NULL || old->label == NULL)
		return STAY_OK;
	made->label = stay__text_copy(old->label);
	made->options.label = made->label;
	return made->label != NULL ? STAY_OK : STAY_E_NOMEM;
}

/* A client that would be started with it says what is wrong. */
static enum stay_status
prepare(const struct stay_pool *pool, struct stay__template **made,
    const char *url, const struct stay_pool_options *options)
{
	struct stay_client_options filled;
	enum stay_status status = options != NULL
				      ? make(pool, made, url, options)
				      : copy(pool, made, url);

	if (status != STAY_OK)
		return status;
	status = keep_label(pool, *made);
	if (status == STAY_OK)
		status = stay__client_try(&filled, pool->loop,
		    (*made)->protocol, (*made)->url, &(*made)->options);
	if (status == STAY_OK)
		stay__template_learn(*made, &filled);
	else
		stay__template_free(*made);
	return status;
}

static bool
is_in_use(const struct stay__pooled *member)
{
	return member->state == STAY__MEMBER_LENT ||
	       member->state == STAY__MEMBER_LOST ||
	       member->state == STAY__MEMBER_ENDING;
}

/* What was wrong before may be right now: it is tried at once. */
static void
begin_anew(struct stay_pool *pool)
{
	pool->backoff.policy = pool->template->backoff;
	pool->backoff.attempt = 0;
	pool->open_at = 0;
	pool->fatal = STAY_OK;
	pool->overloaded = false;
	for (size_t i = 0; i < pool->count; i++)
		if (!is_in_use(pool->members[i]))
			stay__member_change(pool->members[i]);
	stay__pool_wake(pool);
}

enum stay_status
stay_pool_reconfigure(struct stay_pool *pool, const char *url,
    const struct stay_pool_options *options)
{
	struct stay_pool_options chosen;
	struct stay__template *next;
	enum stay_status status;

	assert(pool != NULL);
	stay__loop_forget_rejection(pool->loop);
	if (pool->ending)
		return STAY_E_STOPPED;
	if (pool->spent_count >= STAY__SPENT_MAX)
		return STAY_E_FULL;
	status = choose_options(pool, &chosen, options);
	if (status == STAY_OK)
		status =
		    prepare(pool, &next, url, options != NULL ? &chosen : NULL);
	if (status != STAY_OK)
		return status;
	pool->options = chosen;
	stay__template_take(pool, next);
	begin_anew(pool);
	return STAY_OK;
}
