/*
 * A text log good enough to work with: one line an event, on a stdio stream.
 * Of what a connection says again and again it prints one line in a while, and
 * how many it has kept to itself. It knows a connection by its subject alone.
 */
#include "observe/log.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

/* A repeated sentence is printed again after so long. */
#define QUIET_MS 30000

/* Bytes of a sentence about a lost call; what is longer is cut. */
#define LOST_MAX 512

/* The sentence printed last, and how often it came since. Zeroed: none yet. */
struct sentence {
	uint64_t hash;
	uint64_t since_ms;
	uint64_t more; /* times that it was not printed */
};

/* What the log keeps for a connection that has reported something. */
struct said {
	struct stay__list node; /* log->said */
	struct sentence failure;
	struct sentence lost_call;
	bool is_down; /* its failure was printed, and no recovery yet */
	bool was_up;
};

static void
say_when(char text[STAY__LOG_WHEN])
{
	struct timespec now = { 0 };
	struct tm utc = { 0 };
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, STAY__LOG_WHEN, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, STAY__LOG_WHEN - len, ".%03dZ",
	    (int)(now.tv_nsec / 1000000));
}

/* What each line begins with: when, and who. */
static void
begin_line(const struct stay_log *log, const char *machine,
    const struct stay_subject *who)
{
	char when[STAY__LOG_WHEN];

	say_when(when);
	fprintf(log->stream, "%s %s %" PRIu64 " %s: ", when, machine,
	    who->number, who->label);
}

static void
log_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *turn)
{
	struct stay_log *log = arg;
	const char *slash = turn->action[0] == '\0' ? "" : "/";

	if (!stay__log_wants(log, turn->machine))
		return;
	begin_line(log, turn->machine, who);
	fprintf(log->stream, "%s --%s%s%s--> %s\n", turn->from, turn->event,
	    slash, turn->action, turn->kept ? "(kept)" : turn->to);
}

/* ---- repeated sentences ---- */

/* Of all but the last clause, which says what comes next: how many attempts, how
 * long. */
static uint64_t
hash_of(const char *text)
{
	const char *end = strrchr(text, ';');

	return stay__hash(STAY__HASH_START, text,
	    end != NULL ? (size_t)(end - text) : strlen(text));
}

/* The sentence without the label, which the line begins with. */
static void
print_sentence(const struct stay_log *log, const struct stay_subject *who,
    const char *text)
{
	const char *label = strchr(text, ' ');
	size_t len = strlen(who->label);

	if (len == 0 || label == NULL ||
	    strncmp(label + 1, who->label, len) != 0 || label[1 + len] != ':') {
		fputs(text, log->stream);
		return;
	}
	fprintf(
	    log->stream, "%.*s%s", (int)(label - text), text, label + 1 + len);
}

static void
print(const struct stay_log *log, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	begin_line(log, "conn", who);
	print_sentence(log, who, text);
	fprintf(
	    log->stream, " [%s]\n", stay_class_name(stay_status_class(status)));
}

/* What it has kept to itself. */
static void
tell_rest(const struct stay_log *log, struct sentence *last, const char *what,
    const struct stay_subject *who)
{
	if (last->more > 0) {
		begin_line(log, "conn", who);
		fprintf(log->stream, "%" PRIu64 " more %s in %" PRIu64 " s\n",
		    last->more, what, (who->now_ms - last->since_ms) / 1000);
	}
	last->more = 0;
}

#define LIKE_FAILURE "like the last failure"
#define LIKE_LOST    "like the last lost call"

/* When the interval of a sentence is over, at the latest. */
static void
ask_wake(const struct sentence *last, const struct stay_subject *who)
{
	uint64_t at = last->since_ms + QUIET_MS;

	if (who->wake_ms != NULL)
		*who->wake_ms = *who->wake_ms < at ? *who->wake_ms : at;
}

/* Whether it was printed. */
static bool
say(const struct stay_log *log, struct sentence *last, const char *what,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	uint64_t hash = hash_of(text);
	bool quiet =
	    last->hash == hash && who->now_ms - last->since_ms < QUIET_MS;

	if (quiet) {
		last->more++;
		ask_wake(last, who);
		return false;
	}
	tell_rest(log, last, what, who);
	print(log, who, status, text);
	*last = (struct sentence){ hash, who->now_ms, 0 };
	return true;
}

/* Without memory for this, every sentence counts as new: too much is printed
 * rather than nothing. */
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
	struct said *said = said_by(log, who, &stranger);

	if (say(log, &said->failure, LIKE_FAILURE, who, status, text))
		said->is_down = true;
}

static void
log_lost_call(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	struct stay_log *log = arg;
	struct said stranger = { 0 };
	char lost[LOST_MAX];

	snprintf(lost, sizeof(lost), "a call that nobody waits for: %s", text);
	say(log, &said_by(log, who, &stranger)->lost_call, LIKE_LOST, who,
	    status, lost);
}

/* A recovery is told of if its failure was; the attempts are in its words. */
static void
log_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	struct stay_log *log = arg;
	struct said stranger = { 0 };
	struct said *said = said_by(log, who, &stranger);

	if (said->was_up && !said->is_down)
		return;
	begin_line(log, "conn", who);
	fprintf(log->stream, "%s\n", up->text);
	said->was_up = true;
	said->is_down = false;
}

static void
log_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	const struct stay_log *log = arg;

	(void)status;
	begin_line(log, "conn", who);
	fprintf(log->stream, "%s\n", text);
}

static void
log_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	const struct stay_log *log = arg;

	(void)status;
	begin_line(log, "wire", who);
	fprintf(log->stream, "%s\n", text);
}

/* The interval of a sentence is over, or another one's. */
static void
rest_of(const struct stay_log *log, struct sentence *last, const char *what,
    const struct stay_subject *who)
{
	if (last->more == 0)
		return;
	if (who->now_ms - last->since_ms >= QUIET_MS) {
		tell_rest(log, last, what, who);
		last->since_ms = who->now_ms;
	} else {
		ask_wake(last, who);
	}
}

static void
log_wake(void *arg, const struct stay_subject *who)
{
	struct stay_log *log = arg;
	struct said *said = who->own == NULL ? NULL : *who->own;

	if (said == NULL)
		return;
	rest_of(log, &said->failure, LIKE_FAILURE, who);
	rest_of(log, &said->lost_call, LIKE_LOST, who);
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
	tell_rest(log, &said->failure, LIKE_FAILURE, who);
	tell_rest(log, &said->lost_call, LIKE_LOST, who);
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
	begin_line(log, "conn", who);
	fprintf(log->stream, "closed, %s\n", text);
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
	log->when = say_when;
	if (wanted & STAY_LOG_JSON) {
		stay__json_log_init(log);
		return log;
	}
	log->observer = (struct stay_observer){ STAY_OBSERVER, log,
		log_transition, log_failure, log_lost_call, log_closed, log_up,
		log_wake, log_note, wanted & STAY_LOG_WIRE ? log_wire : NULL };
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
