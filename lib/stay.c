/*
 * The one place that assembles a loop from its world and what its dials share.
 * Every other file is given a loop.
 */
#include <assert.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/recorder.h"
#include "loop/waiting.h"
#include "runner/runner.h"
#include "stream/dialing.h"
#include "world/hosted.h"
#include "world/poll.h"

#define VERSION "0.1.0"

#define DIALS_STAGGER_MAX_MS 60000

const char *
stay_version(void)
{
	return VERSION;
}

/* A loop and what it holds by a pointer. */
struct whole {
	struct stay_loop loop;
	struct stay__dialing dialing;
	struct stay__recorder recorder;
};

static bool
is_known(const struct stay_world_ops *ops)
{
	return ops->size == sizeof(*ops) && ops->abi == STAY_ABI;
}

struct stay_loop *
stay_loop_new(struct stay_world *world)
{
	struct whole *whole;

	if (world == NULL)
		return NULL;
	whole = is_known(world->ops) ? stay__zalloc(sizeof(*whole)) : NULL;
	if (whole == NULL) {
		world->ops->free(world);
		return NULL;
	}
	whole->loop.dialing = &whole->dialing;
	whole->loop.recorder = &whole->recorder;
	stay__loop_init(&whole->loop, world);
	stay__dialing_init(&whole->dialing, &whole->loop);
	return &whole->loop;
}

struct stay_loop *
stay_loop_hosted(struct stay_host *host)
{
	return stay_loop_new(stay__world_hosted(host));
}

struct stay_loop *
stay_loop_poll(void)
{
	return stay_loop_hosted(stay__poll_new());
}

enum stay_status
stay_loop_free(struct stay_loop *loop)
{
	if (loop == NULL)
		return STAY_OK;
	if (stay__loop_is_busy(loop))
		return STAY_E_REENTRANT;
	if (loop->live > 0 || loop->held > 0)
		return STAY_E_LIVE;
	stay__dialing_fini(loop->dialing);
	stay__loop_fini(loop);
	stay__free(STAY__CONTAINER(loop, struct whole, loop));
	return STAY_OK;
}

static bool
is_empty(const void *loop)
{
	return stay_loop_live(loop) == 0;
}

enum stay_status
stay_loop_close(struct stay_loop *loop, uint64_t budget_ms)
{
	if (loop == NULL)
		return STAY_OK;
	if (stay__loop_is_busy(loop))
		return STAY_E_REENTRANT;
	stay_loop_stop(loop, STAY_OK);
	(void)stay__loop_wait(
	    loop, is_empty, loop, stay__loop_after(loop, budget_ms));
	return stay_loop_free(loop);
}

enum stay_status
stay_loop_run(struct stay_loop *loop)
{
	assert(loop != NULL);
	if (stay__loop_is_busy(loop))
		return STAY_E_REENTRANT;
	(void)stay__loop_wait(loop, is_empty, loop, UINT64_MAX);
	return STAY_OK;
}

enum stay_status
stay_runner_start_on(struct stay_runner **runner,
    const struct stay_runner_options *options, stay_make_loop_fn *make_loop)
{
	assert(make_loop != NULL);
	return stay__runner_start(runner, options, make_loop, stay_loop_free);
}

enum stay_status
stay_loop_set_filter(struct stay_loop *loop, struct stay_filter *filter)
{
	struct stay_filter *old;

	assert(loop != NULL);
	if (filter != NULL && !stay__filter_is_valid(filter))
		return STAY_E_ABI;
	old = loop->dialing->filter;
	if (filter != NULL)
		filter->ops->hold(filter);
	if (old != NULL)
		old->ops->drop(old);
	loop->dialing->filter = filter;
	return STAY_OK;
}

enum stay_status
stay_loop_set_dials_max(struct stay_loop *loop, unsigned max)
{
	assert(loop != NULL);
	if (max == 0)
		return STAY_E_ARG;
	stay__governor_set_max(&loop->dialing->governor, max);
	return STAY_OK;
}

enum stay_status
stay_loop_set_dials_stagger_ms(struct stay_loop *loop, uint64_t ms)
{
	assert(loop != NULL);
	if (ms > DIALS_STAGGER_MAX_MS)
		return STAY_E_ARG;
	stay__governor_set_stagger(&loop->dialing->governor, ms);
	return STAY_OK;
}
