/*
 * A greeting that waits for what is no frame: resumed after a while, twice, or never;
 * before hello has returned, or behind the end of its session, its client and its
 * loop. This file does not know what the greeting says.
 */
#include "run.h"

#include <stdlib.h>

/* Whoever is to go on with it. */
struct errand {
	struct stay__list node;
	struct stay_later *later;
	bool resumes;
};

/* What both sides know. */
struct shared {
	bool resumed;
};

static void
resume(struct errand *errand)
{
	struct shared *shared = stay_later_data(errand->later);

	shared->resumed = true;
	stay_later_resume(errand->later);
	if (draw_mille(the_run, 300))
		stay_later_resume(errand->later);
}

static void
finish(void *arg)
{
	struct errand *errand = arg;

	stay__list_remove(&errand->node);
	if (errand->resumes)
		resume(errand);
	stay_later_free(errand->later);
	free(errand);
}

static void
send_away(struct stay_later *later)
{
	struct errand *errand = sim_alloc(sizeof(*errand));

	errand->later = later;
	errand->resumes = the_run->healing || !draw_mille(the_run, 100);
	stay__list_push(&the_run->errands, &errand->node);
	if (draw_mille(the_run, 100))
		finish(errand);
	else
		sim_at(
		    the_run->world, draw_below(the_run, 200), finish, errand);
}

void
later_check(struct stay_later *later)
{
	const struct shared *shared;

	if (later == NULL)
		return;
	shared = stay_later_data(later);
	if (!shared->resumed)
		broken(5, "a greeting goes on that was not resumed");
}

/* Once for each wait: who is resumed goes on. */
bool
later_hello(struct stay_session *session, struct stay_later **later,
    struct stay_hello *hello)
{
	later_check(*later);
	if (*later != NULL || !draw_mille(the_run, 300)) {
		*later = NULL;
		return false;
	}
	*later = stay_session_later(session, sizeof(struct shared));
	if (*later != NULL)
		send_away(*later);
	else if (memory.failed == 0)
		broken(5, "a greeting cannot wait");
	*hello = stay_hello_later(*later);
	return true;
}

/* Some are still on their way when all is over. */
void
later_close(struct run *run)
{
	while (!stay__list_is_empty(&run->errands))
		finish(STAY__CONTAINER(run->errands.next, struct errand, node));
}
