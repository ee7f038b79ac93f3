/*
 * Passes on what a loop without connections needs of its world, and drops its
 * wishes. Knows nothing of the world behind it.
 */
#include "support/world_seam.h"
#include "support/expect.h"

#include <check.h>

#include <stay/loop.h>

static struct seam *
of(struct stay_world *world)
{
	return STAY__CONTAINER(world, struct seam, base);
}

static void
seam_attach(struct stay_world *world, struct stay_loop *loop)
{
	of(world)->ops->attach(of(world)->world, loop);
}

static void
seam_free(struct stay_world *world)
{
	of(world)->ops->free(of(world)->world);
}

static uint64_t
seam_now(struct stay_world *world)
{
	return of(world)->ops->now(of(world)->world);
}

static void
seam_entropy(struct stay_world *world, void *bytes, size_t len)
{
	of(world)->ops->entropy(of(world)->world, bytes, len);
}

static void
ignore_timer(struct stay_world *world, uint64_t at_ns)
{
	(void)world;
	(void)at_ns;
}

static void
seam_again(struct stay_world *world)
{
	if (of(world)->passes_again)
		of(world)->ops->again(of(world)->world);
}

static void
ignore_hold(struct stay_world *world, bool alive)
{
	(void)world;
	(void)alive;
}

static void
seam_stir(struct stay_world *world)
{
	if (of(world)->ops->stir != NULL)
		of(world)->ops->stir(of(world)->world);
}

/* No connection, no name: the loop needs nothing else. */
static const struct stay_world_ops seam_ops = {
	STAY_WORLD_OPS,
	.attach = seam_attach,
	.free = seam_free,
	.now = seam_now,
	.entropy = seam_entropy,
	.timer = ignore_timer,
	.again = seam_again,
	.hold = ignore_hold,
	.stir = seam_stir,
};

static void
on_turn(struct stay__task *task)
{
	STAY__CONTAINER(task, struct seam, task)->turned = true;
}

void
seam_init(struct seam *seam, struct stay_world *world)
{
	ck_assert_ptr_nonnull(world);
	seam->base.ops = &seam_ops;
	seam->world = world;
	seam->ops = world->ops;
	stay__task_init(&seam->task, on_turn);
	seam->loop = stay_loop_new(&seam->base);
	ck_assert_ptr_nonnull(seam->loop);
	seam->turned = seam->passes_again = false;
}

void
seam_fini(struct seam *seam)
{
	stay__task_cancel(&seam->task);
	EXPECT_OK(stay_loop_free(seam->loop));
}

void
seam_arm(struct seam *seam)
{
	seam->turned = false;
	stay__loop_run_soon(seam->loop, &seam->task);
}
