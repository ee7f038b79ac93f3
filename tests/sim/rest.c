/*
 * A client at rest: an idle one holds no buffers, and whatever it does it says
 * truly what it is.
 */
#include <inttypes.h>
#include <string.h>

#include "run.h"
#include "support/counts.h"
#include "support/inside.h"

/* As health.c has it: so long after the last byte buffers are given back. */
#define QUIET_MS 1000

#define LATE_MS 5

/* What an idle connection may hold of the heap, all in all. */
#define IDLE_BYTES 7000

/* One in so many looks asks for the sentence. */
#define EXPLAIN_EVERY 64

/* ---- buffers ---- */

static bool
is_idle(const struct user *user)
{
	return (user->state[2] == STAY__SESSION_READY ||
		   user->state[2] == STAY__SESSION_DOWN) &&
	       inside_is_at_rest(user->client);
}

/* It looks when it is to probe at the latest; without a session, at once. */
static uint64_t
patience_ms(const struct user *user)
{
	uint64_t probe = user->options.probe_ms;

	if (user->state[2] == STAY__SESSION_DOWN)
		return 0;
	if (probe < QUIET_MS)
		return 4 * probe;
	return 2 * QUIET_MS + (probe == STAY_FOREVER ? 0 : probe);
}

/* Since when it has been idle, and long enough. */
static bool
is_quiet(const struct user *user)
{
	uint64_t since = inside_heard_at(user->client);
	uint64_t ms = patience_ms(user);

	if (user->run->excused > since)
		since = user->run->excused;
	if (user->touched_at > since)
		since = user->touched_at;
	return is_idle(user) && ms != STAY_FOREVER &&
	       user->run->sim->now >
		   since + user->run->dozed + (ms + LATE_MS) * SIM_MS;
}

/* Also when it has come to rest since the last look. */
static void
touch(struct user *user)
{
	uint64_t asked = user->accepted + user->rejected;
	bool rests = is_idle(user);

	if (asked != user->asked || !rests || !user->rests)
		user->touched_at = user->run->sim->now;
	user->asked = asked;
	user->rests = rests;
}

/* What was read before a pause waits for its end. */
static void
check_buffers(const struct user *user)
{
	unsigned buffers = inside_buffers(user->client);

	if (stay_client_is_paused(user->client))
		buffers &= ~(unsigned)INSIDE_INPUT;
	if (buffers != 0)
		broken(7, "user %u is idle and holds the buffers %u",
		    user->index, buffers);
}

/* ---- the sentence ---- */

/* "3 calls queued" or "3 queued", or nothing of it if there are none. */
static bool
says(const char *text, uint64_t count, const char *where)
{
	static const char *const nouns[] = { "calls ", "call ", "" };
	char words[64];

	if (count == 0)
		return strstr(text, where) == NULL;
	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
		snprintf(words, sizeof(words), " %" PRIu64 " %s%s", count,
		    nouns[i], where);
		if (strstr(text, words) != NULL)
			return true;
	}
	return false;
}

static void
check_words(const struct user *user, const char *text)
{
	struct stay_client_counts c = counts_of(user->client);

	if (!says(text, c.queued, "queued") ||
	    (!says(text, c.in_flight, "in flight") &&
		strstr(text, "finishing what is in flight") == NULL) ||
	    !says(text, c.tombstones, "given up and still to be answered"))
		broken(1,
		    "user %u has %" PRIu64 " calls queued, %" PRIu64
		    " in flight, %" PRIu64 " given up, and says: %s",
		    user->index, c.queued, c.in_flight, c.tombstones, text);
}

/* As it is said: without underscores. */
static const char *
state_words(const struct user *user, char *words, size_t size)
{
	snprintf(words, size, "%s",
	    stay_state_name((enum stay_state)user->state[0]));
	for (char *at = words; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return words;
}

/* A label that nobody has given follows the URL. */
static void
check_label(const struct user *user, const char *label)
{
	const char *other = user->host.names[user->host.name_count - 1];

	if (!user->roams && (strstr(label, other) != NULL) != user->elsewhere)
		broken(
		    13, "user %u goes by the name of %s", user->index, label);
}

static void
check_sentence(const struct user *user)
{
	const struct stay_conn *conn = user_conn(user);
	char text[2048], begin[256], state[32];
	int len = snprintf(begin, sizeof(begin), "conn %" PRIu64 " %s: %s for ",
	    user->number, stay_conn_label(conn),
	    state_words(user, state, sizeof(state)));

	stay_conn_explain(conn, text, sizeof(text));
	tale_words(text);
	if (strncmp(text, begin, (size_t)len) != 0)
		broken(1, "user %u should say %s..., and says: %s", user->index,
		    begin, text);
	if (user->client == NULL)
		return;
	check_words(user, text);
	check_label(user, stay_conn_label(conn));
}

/* ---- all of it ---- */

void
rest_check(struct user *user)
{
	if (user->run->checks++ % EXPLAIN_EVERY == 0)
		check_sentence(user);
	if (user->client == NULL)
		return;
	touch(user);
	if (is_quiet(user))
		check_buffers(user);
}

/* Everybody has been idle for long; what the loop keeps for all is not theirs.
 */
void
rest_check_memory(const struct run *run)
{
	uint64_t common = inside_loop_bytes(run->loop) + 1024;
	uint64_t count = 2 * pool_width(run);

	for (unsigned i = 0; i < run->plan.user_count; i++) {
		const struct user *user = &run->users[i];

		if (user->client != NULL && !is_quiet(user))
			return;
		count += user_conn(user) != NULL;
	}
	if (memory.bytes > common + count * IDLE_BYTES)
		broken(7, "%" PRIu64 " idle connections hold %" PRIu64 " bytes",
		    count, memory.bytes - common);
}
