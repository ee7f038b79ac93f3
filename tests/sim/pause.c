/*
 * Reading that is paused for a while, by the program or by an owner of subscriptions:
 * no frame is handed out meanwhile, and nobody is taken for silent. What is paused
 * inside of a callback is looked at when that is over.
 */
#include "run.h"
#include "support/counts.h"
#include "support/inside.h"

#include <string.h>

/* It may have been paused within the same callback. */
void
pause_note_over(struct user *user)
{
	if (!stay_client_is_paused(user->client))
		user->resumed_at = user->run->sim->now;
}

void
pause_act(struct user *user)
{
	if (user->client == NULL)
		return;
	if (user->pauses)
		stay_client_resume(user->client);
	else
		stay_client_pause(user->client);
	user->pauses = !user->pauses;
	pause_note_over(user);
}

void
pause_maybe_over(struct user *user)
{
	if (user->pauses && draw_mille(user->run, 100))
		pause_act(user);
}

/* What was found before is no matter of the pause. */
void
pause_look(struct user *user)
{
	bool paused = stay_client_is_paused(user->client);

	if (user->run->inside > 0 || paused == user->paused)
		return;
	user->paused = paused;
	user->paused_condemned = inside_condemned(user->client) != STAY_OK;
	if (!paused)
		user->resumed_at = user->run->sim->now;
}

void
pause_look_over(struct user *user)
{
	if (user->client != NULL && !stay_client_is_paused(user->client))
		pause_look(user);
}

void
pause_frame(const struct user *user)
{
	if (user->paused && stay_client_is_paused(user->client) &&
	    (user->state[2] == STAY__SESSION_READY ||
		user->state[2] == STAY__SESSION_LEAVING))
		broken(8, "user %u is handed a frame while it is paused",
		    user->index);
}

/* It owes too many answers: so it is said, unless there is no memory for that. */
static bool
owes_too_many(const struct user *user)
{
	return strstr(stay_conn_failure(user_conn(user)), "too many") != NULL ||
	       counts_of(user->client).tombstones >
		   user->options.tombstones_max;
}

void
pause_silent(const struct user *user)
{
	if (user->paused && !user->paused_condemned &&
	    user->state[2] != STAY__SESSION_DOWN && !owes_too_many(user) &&
	    inside_condemned(user->client) == STAY_E_SILENT)
		broken(8, "user %u takes a peer for silent while it is paused",
		    user->index);
}

void
pause_end(struct run *run)
{
	for (unsigned i = 0; i < run->plan.user_count; i++) {
		struct user *user = &run->users[i];

		if (user->client != NULL && user->pauses)
			pause_act(user);
		for (unsigned k = 0; user->redis != NULL && k < EARS_MAX; k++)
			if (user->ears[k].paused)
				ear_pause(user, &user->ears[k], false);
	}
}
