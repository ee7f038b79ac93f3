/*
 * A text log good enough to study with: one line an event, on a stdio stream.
 * Of what a connection says again and again it prints one line in a while, and
 * how many it has kept to itself.
 */
#include <stay/observer.h>

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "observe/heard.h"

/* A sentence may come again after so long. */
#define QUIET_MS 30000

/* Bytes of a sentence about a lost call; what is longer is cut. */
#define LOST_MAX 512

struct stay_log {
	struct stay_observer observer;
	FILE *stream;
	unsigned machines;
	struct stay__speakers speakers;
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

/* FNV-1a of all but the last clause, which says what comes next: how many
 * attempts, how long. */
static uint64_t
hash_of(const char *text)
{
	const char *end = strrchr(text, ';');
	uint64_t hash = UINT64_C(14695981039346656037);

	if (end == NULL)
		end = text + strlen(text);
	for (; text < end; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

static uint64_t
seconds_since(const struct stay__heard *heard, uint64_t now_ms)
{
	return (now_ms - heard->since_ms) / 1000;
}

static void
tell_rest(const struct stay_log *log, const struct stay__heard *heard,
    const struct stay_subject *who)
{
	if (heard->more > 0)
		fprintf(log->stream,
		    "conn %" PRIu64 ": %" PRIu64
		    " more like the last failure in %" PRIu64 " s\n",
		    who->number, heard->more,
		    seconds_since(heard, who->now_ms));
}

static void
print(const struct stay_log *log, const struct stay__heard *heard,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	fprintf(log->stream, "conn %" PRIu64 ": %s", who->number, text);
	if (heard->more > 0)
		fprintf(log->stream,
		    "; %" PRIu64 " more like it in %" PRIu64 " s", heard->more,
		    seconds_since(heard, who->now_ms));
	fprintf(
	    log->stream, " [%s]\n", stay_class_name(stay_status_class(status)));
}

static void
hear(const struct stay_log *log, struct stay__heard *heard,
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	uint64_t hash = hash_of(text);

	if (heard->hash != hash) {
		tell_rest(log, heard, who);
		heard->more = 0;
	} else if (who->now_ms - heard->since_ms < QUIET_MS) {
		heard->more++;
		return;
	}
	print(log, heard, who, status, text);
	*heard = (struct stay__heard){ hash, who->now_ms, 0 };
}

/* Whom there is no memory for is a stranger each time: too much is printed
 * rather than nothing. */
static struct stay__speaker *
speaker_of(struct stay_log *log, const struct stay_subject *who,
    struct stay__speaker *stranger)
{
	struct stay__speaker *speaker =
	    stay__speakers_meet(&log->speakers, who->number);

	return speaker == NULL ? stranger : speaker;
}

static void
log_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct stay_log *log = arg;
	struct stay__speaker stranger = { 0 };

	hear(log, &speaker_of(log, who, &stranger)->failure, who, status, text);
}

static void
log_lost_call(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	struct stay_log *log = arg;
	struct stay__speaker stranger = { 0 };
	char lost[LOST_MAX];

	snprintf(lost, sizeof(lost), "a call that nobody waits for: %s", text);
	hear(log, &speaker_of(log, who, &stranger)->lost_call, who, status,
	    lost);
}

static void
forget(struct stay_log *log, const struct stay_subject *who)
{
	struct stay__speaker *speaker =
	    stay__speakers_find(&log->speakers, who->number);

	if (speaker == NULL)
		return;
	tell_rest(log, &speaker->failure, who);
	tell_rest(log, &speaker->lost_call, who);
	stay__speakers_forget(&log->speakers, speaker);
}

static void
log_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct stay_log *log = arg;

	(void)status;
	forget(log, who);
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
	if (log == NULL)
		return;
	stay__speakers_fini(&log->speakers);
	stay__free(log);
}
