/*
 * A server that goes away, as it says itself or as the program says for it: by when
 * its session is left, that no call is sent any more while it is, and that the client
 * comes to the place that was named. How that is said is a trade's.
 */
#include "run.h"

#include <stay/protocol.h>

#include <inttypes.h>
#include <string.h>

#include "support/counts.h"
#include "support/inside.h"

/* Timers have a grain, and what is over is told in its turn. */
#define LATE_MS 5

/* ---- what is said ---- */

/* In the first half of the time; the earliest of several counts. */
void
leave_asked(struct user *user, uint64_t ms)
{
	struct run *run = user->run;
	uint64_t by = sim_after(run->sim, ms / 2 + LATE_MS);
	uint64_t before = user->leave.by;

	user->wanted = true;
	if (before != SIM_NEVER)
		before += run->slept - user->leave.slept;
	user->leave.by = by < before ? by : before;
	user->leave.slept = run->slept;
	run->figures->leaves++;
}

/* A server has said "host:port", or words that are none. */
void
leave_named(struct user *user, const char *words, enum stay_status status)
{
	const struct host *host = &user->host;
	bool good = words[0] != '/' && host->port != 0;

	sim_note(user->run->sim, "named", user->index, status);
	if (status != (good ? STAY_OK : STAY_E_URL) &&
	    !(status == STAY_E_NOMEM && books_excuse(status)))
		broken(5, "user %u is sent to %s: %s", user->index, words,
		    stay_status_name(status));
	for (unsigned i = 0; status == STAY_OK && i < host->name_count; i++)
		if (strstr(words, host->names[i]) != NULL)
			user->leave.named = sim_place(
			    user->run->sim, host->names[i], host->port);
}

/* One of its places, at times one that is no place of anybody's; "": none. */
const char *
leave_words(struct user *user, char *words, size_t size)
{
	const struct host *host = &user->host;
	const char *name = host->names[draw_below(user->run, host->name_count)];
	unsigned which = draw_below(user->run, 8);

	words[0] = '\0';
	if (which < 2 || (name[0] == '/' && which < 4))
		return words;
	snprintf(words, size,
	    which == 2          ? "/%s:%d"
	    : strchr(name, ':') ? "[%s]:%d"
				: "%s:%d",
	    name, host->port);
	return words;
}

/* By the program. */
void
books_leave(const struct deed_at *at, struct stay_session *session, uint64_t ms)
{
	struct user *user = at->user;
	char words[80];
	enum stay_status status;

	(void)leave_words(user, words, sizeof(words));
	STATUS_OF(
	    status, stay_session_leave(session, words[0] == '\0' ? NULL : words,
			strlen(words), ms));
	if (words[0] != '\0')
		leave_named(user, words, status);
	leave_asked(user, ms);
}

/* ---- what comes of it ---- */

/* An attempt begins: to the place that was named last, unless a change takes effect
 * right now. */
void
leave_attempt(struct user *user)
{
	struct leave *leave = &user->leave;

	leave->place = leave->named;
	leave->named = NULL;
	if (leave->place != NULL)
		user->strays = user->moved = true;
}

void
leave_overridden(struct user *user)
{
	user->leave.named = user->leave.place = NULL;
}

void
leave_begins(struct user *user)
{
	user->leave.in_flight = counts_of(user->client).in_flight;
}

static void
check_time(const struct user *user)
{
	const struct run *run = user->run;
	uint64_t slept = run->slept - user->leave.slept;

	if (user->leave.by == SIM_NEVER || user->leaving ||
	    user->state[2] != STAY__SESSION_READY)
		return;
	if (run->sim->now > user->leave.by + slept)
		broken(13, "user %u stays with a server that goes away",
		    user->index);
}

void
leave_check(const struct user *user)
{
	uint64_t in_flight = counts_of(user->client).in_flight;

	check_time(user);
	if (user->state[2] == STAY__SESSION_LEAVING &&
	    in_flight > user->leave.in_flight)
		broken(13,
		    "user %u has %" PRIu64 " calls in flight in a session "
		    "that it leaves, and had %" PRIu64,
		    user->index, in_flight, user->leave.in_flight);
}
