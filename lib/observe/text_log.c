/*
 * A text log good enough to study with: one line an event, on a stdio stream.
 * Of what a connection says again and again it prints one line in a while, and
 * how many it has kept to itself. It knows a connection by its subject alone.
 */
#include <stay/observer.h>

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"

/* A sentence may come again after so long. */
#define QUIET_MS 30000

/* Bytes of a sentence about a lost call; what is longer is cut. */
#define LOST_MAX 512

/* What was said last, and how often since. Zeroed: nothing yet. */
struct sentence {
	uint64_t hash;
	uint64_t since_ms;
	uint64_t more; /* times that it was not printed */
};

/* The log's own word of a connection that has said something. */
struct said {
	struct stay__list node; /* log->said */
	struct sentence failure;
	struct sentence lost_call;
};

struct stay_log {
	struct stay_observer observer;
	FILE *stream;
	unsigned machines;
	struct stay__list said; /* struct said, of connections not yet closed */
};

static const struct {
	const char *name;
	unsigned flag;
} machines[] = {
	{ "conn", STAY_LOG_CONN },
	{ "link", STAY_LOG_LINK },
	{ "session", STAY_LOG_SESSION },
};

static bool
is_wanted(const struct stay_log *log, const char *machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].name, machine) == 0)
			return (log->machines & machines[i].flag) != 0;
	return false;
}

static void
log_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *turn)
{
	struct stay_log *log = arg;
	const char *slash = turn->action[0] == '\0' ? "" : "/";

	if (!is_wanted(log, turn->machine))
		return;
	fprintf(log->stream, "%s %" PRIu64 " %s: %s --%s%s%s--> %s\n",
	    turn->machine, who->number, who->label, turn->from, turn->event,
	    slash, turn->action, turn->kept ? "(kept)" : turn->to);
}

/* ---- what comes again and again ---- */

/* Of all but the last clause, which says what comes next: how many attempts, how
 * long. */
static uint64_t
hash_of(const char *text)
{
	const char *end = strrchr(text, ';');

	return stay__hash(STAY__HASH_START, text,
	    end != NULL ? (size_t)(end - text) : strlen(text));
}

static uint64_t
seconds_since(const struct sentence *last, uint64_t now_ms)
{
	return (now_ms - last->since_ms) / 1000;
}

static void
tell_rest(const struct stay_log *log, const struct sentence *last,
    const struct stay_subject *who)
{
	if (last->more > 0)
		fprintf(log->stream,
		    "conn %" PRIu64 ": %" PRIu64
		    " more like the last failure in %" PRIu64 " s\n",
		    who->number, last->more, seconds_since(last, who->now_ms));
}

static void
print(const struct stay_log *log, const struct sentence *last,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	fprintf(log->stream, "conn %" PRIu64 ": %s", who->number, text);
	if (last->more > 0)
		fprintf(log->stream,
		    "; %" PRIu64 " more like it in %" PRIu64 " s", last->more,
		    seconds_since(last, who->now_ms));
	fprintf(
	    log->stream, " [%s]\n", stay_class_name(stay_status_class(status)));
}

static void
say(const struct stay_log *log, struct sentence *last,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	uint64_t hash = hash_of(text);

	if (last->hash != hash) {
		tell_rest(log, last, who);
		last->more = 0;
	} else if (who->now_ms - last->since_ms < QUIET_MS) {
		last->more++;
		return;
	}
	print(log, last, who, status, text);
	*last = (struct sentence){ hash, who->now_ms, 0 };
}

/* Without memory it is a stranger each time: too much is printed rather than
 * nothing. */
static struct said *
said_by(
    struct stay_log *log, const struct stay_subject *who, struct said *stranger)
{
	struct said *said;

	if (who->own == NULL)
		return stranger;
	if (*who->own != NULL)
		return *who->own;
	said = stay__zalloc(sizeof(*said));
	if (said == NULL)
		return stranger;
	stay__list_push(&log->said, &said->node);
	*who->own = said;
	return said;
}

static void
log_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct stay_log *log = arg;
	struct said stranger = { 0 };

	say(log, &said_by(log, who, &stranger)->failure, who, status, text);
}

static void
log_lost_call(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	struct stay_log *log = arg;
	struct said stranger = { 0 };
	char lost[LOST_MAX];

	snprintf(lost, sizeof(lost), "a call that nobody waits for: %s", text);
	say(log, &said_by(log, who, &stranger)->lost_call, who, status, lost);
}

static void
forget(struct said *said)
{
	stay__list_remove(&said->node);
	stay__free(said);
}

static void
tell_all_rest(const struct stay_log *log, const struct stay_subject *who)
{
	struct said *said = who->own == NULL ? NULL : *who->own;

	if (said == NULL)
		return;
	tell_rest(log, &said->failure, who);
	tell_rest(log, &said->lost_call, who);
	forget(said);
	*who->own = NULL;
}

static void
log_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct stay_log *log = arg;

	(void)status;
	tell_all_rest(log, who);
	fprintf(log->stream, "conn %" PRIu64 " %s: closed, %s\n", who->number,
	    who->label, text);
}

struct stay_log *
stay_log_new(FILE *stream, unsigned wanted)
{
	struct stay_log *log = stay__zalloc(sizeof(*log));

	if (log == NULL)
		return NULL;
	log->stream = stream;
	log->machines = wanted;
	stay__list_init(&log->said);
	log->observer = (struct stay_observer){ STAY_OBSERVER, log,
		log_transition, log_failure, log_lost_call, log_closed };
	return log;
}

const struct stay_observer *
stay_log_observer(const struct stay_log *log)
{
	return &log->observer;
}

void
stay_log_free(struct stay_log *log)
{
	struct stay__list *node;

	if (log == NULL)
		return;
	while ((node = stay__list_first(&log->said)) != NULL)
		forget(STAY__CONTAINER(node, struct said, node));
	stay__free(log);
}
