/*
 * Replies that are kept for a while, over the end of their session and of their
 * client: each must still be what it was when it is let go.
 */
#include "run.h"

#include <inttypes.h>

/* What one of them says, and will say for ever: other calls have no part in it.
 */
static bool
is_lasting(const struct user *user, const struct call *call,
    const struct stay_result *result)
{
	return result->status == STAY_OK && result->outcome == STAY_REPLIED &&
	       result->reply != NULL && call->about == 0 &&
	       !user_is_lied_to(user);
}

static struct kept *
free_place(struct run *run)
{
	for (unsigned i = 0; i < KEPT_MAX; i++)
		if (run->kept[i].held == NULL)
			return &run->kept[i];
	return NULL;
}

void
keep_reply(struct user *user, const struct call *call,
    const struct stay_result *result)
{
	struct run *run = user->run;
	struct kept *place = free_place(run);
	enum stay_status status;

	if (run->healing || place == NULL || !draw_mille(run, 20) ||
	    !is_lasting(user, call, result))
		return;
	status = stay_held_new(user->client, result->reply, &place->held);
	sim_note(run->sim, "hold", (int64_t)call->number, status);
	if (status == STAY_OK) {
		place->number = call->number;
		place->user = user;
		place->life = user->life;
		run->figures->held++;
	} else if (status != STAY_E_FULL && status != STAY_E_TOO_BIG &&
		   !(status == STAY_E_NOMEM && memory.failed > 0)) {
		broken(
		    7, "a reply cannot be held: %s", stay_status_name(status));
	}
}

static void
let_go(struct run *run, struct kept *kept)
{
	const struct call *call = ledger_find(run, kept->number);
	const struct user *user = &run->users[call->user];
	struct stay_result result = { .status = STAY_OK,
		.outcome = STAY_REPLIED,
		.reply = stay_held_reply(kept->held) };

	sim_note(run->sim, "release", (int64_t)kept->number, 0);
	if (!user->host.trade->answers(call, &result))
		broken(2, "the held reply of call %" PRIu64 " has changed",
		    kept->number);
	stay_held_free(kept->held);
	kept->held = NULL;
}

/* Of its client of now. */
unsigned
keep_count(const struct user *user)
{
	unsigned count = 0;

	for (unsigned i = 0; i < KEPT_MAX; i++) {
		const struct kept *kept = &user->run->kept[i];

		count += kept->held != NULL && kept->user == user &&
			 kept->life == user->life;
	}
	return count;
}

void
keep_release_some(struct run *run)
{
	struct kept *kept = &run->kept[draw_below(run, KEPT_MAX)];

	if (kept->held != NULL)
		let_go(run, kept);
}

void
keep_release_all(struct run *run)
{
	for (unsigned i = 0; i < KEPT_MAX; i++)
		if (run->kept[i].held != NULL)
			let_go(run, &run->kept[i]);
}
