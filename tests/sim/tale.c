/*
 * What is told of a run in words. The story of a call ends as the call did; and no word
 * of a login is in any line: of stories, of metrics, of sentences, and of a log, which
 * every eighth seed has. It changes nothing of what a run does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <stay/observe.h>

#include "run.h"

/* One in so many calls is asked for its story; one in so many turns everybody. */
#define CALL_EVERY 128
#define TURN_EVERY 2000

/* What the recorder keeps. */
#define RECORDS 2048

/* So many events are looked at together, none of them cut. */
#define FLUSH_EVERY 32
#define LOG_ROOM    (FLUSH_EVERY * 2048)

static struct tale {
	uint64_t calls, turns, events;
	bool has_told;        /* a secret */
	struct stay_log *log; /* NULL: this seed has none */
	FILE *stream;
	char room[LOG_ROOM];
	struct stay_buf words;
} tale;

/* ---- no word of a login ---- */

static bool
has(const char *bytes, size_t len, const char *word)
{
	return memmem(bytes, len, word, strlen(word)) != NULL;
}

/* Once: what is broken flushes every stream, the log's too. */
static void
check_words(const char *bytes, size_t len)
{
	if (tale.has_told ||
	    (!has(bytes, len, LOGIN_NAME) && !has(bytes, len, LOGIN_PASSWORD)))
		return;
	tale.has_told = true;
	broken(
	    14, "a secret is told: %.*s", (int)(len < 300 ? len : 300), bytes);
}

void
tale_words(const char *text)
{
	check_words(text, strlen(text));
}

/* ---- stories ---- */

static void
begin(void)
{
	sim_sparing++;
	stay_buf_fini(&tale.words);
	stay_buf_init(&tale.words, 0);
}

static const char *
end(void)
{
	if (stay_buf_append(&tale.words, "", 1) != STAY_OK)
		sim_die("no memory for a story");
	sim_sparing--;
	tale_words(tale.words.data);
	return tale.words.data;
}

static unsigned
lines_of(const char *text)
{
	unsigned lines = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		lines++;
	}
	return lines;
}

/* Of all connections; it may be that there is nothing to tell. */
static const char *
story_of_all(const struct run *run)
{
	begin();
	if (stay_loop_story(run->loop, 0, &tale.words) == STAY_E_NOMEM)
		sim_die("no memory for a story");
	return end();
}

/* "call 3.1: replied", or "call 3.1: maybe executed: timed out" */
static void
check_end(const char *story, const struct call *call,
    const struct stay_result *result)
{
	bool good = result->status == STAY_OK;
	char last[256];
	int len = snprintf(last, sizeof(last), "  call %u.%u: %s%s%s\n",
	    call->id.token.index, call->id.token.generation,
	    stay_outcome_name(result->outcome), good ? "" : ": ",
	    good ? "" : stay_strerror(result->status));
	size_t whole = strlen(story);

	if (whole < (size_t)len ||
	    strcmp(story + whole - (size_t)len, last) != 0)
		broken(14,
		    "the story of call %" PRIu64 " should end with%.*s, "
		    "and ends with %s",
		    call->number, len - 1, last,
		    story + (whole > 200 ? whole - 200 : 0));
}

/* What has come in between may be more than is kept. */
void
tale_call(const struct run *run, const struct call *call,
    const struct stay_result *result)
{
	enum stay_status status;
	const char *story;

	if (call->id.token.generation == 0 || tale.calls++ % CALL_EVERY > 0)
		return;
	run->figures->stories++;
	begin();
	status = stay_loop_call_story(run->loop, call->id, &tale.words);
	story = end();
	if (status == STAY_OK)
		check_end(story, call, result);
	else if (status != STAY_E_STALE ||
		 lines_of(story_of_all(run)) < RECORDS)
		broken(14, "call %" PRIu64 " has no story: %s", call->number,
		    stay_status_name(status));
}

void
tale_turn(const struct run *run)
{
	struct stay_metrics *metrics = stay_loop_metrics(run->loop);

	if (tale.turns++ % TURN_EVERY > 0)
		return;
	(void)story_of_all(run);
	begin();
	if (metrics != NULL &&
	    stay_metrics_prometheus(metrics, &tale.words) != STAY_OK)
		broken(14, "metrics are not told");
	(void)end();
}

/* ---- a log ---- */

static ssize_t
on_write(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	check_words(bytes, len);
	return (ssize_t)len;
}

/* An observer that keeps nothing and names no time is given each event. A log looks at
 * the wall clock. */
static struct stay_subject
without_words(const struct stay_subject *who)
{
	struct stay_subject alone = *who;

	alone.own = NULL;
	alone.wake_ms = NULL;
	return alone;
}

#define TELL(slot, ...)                                                        \
	do {                                                                   \
		const struct stay_observer *to;                                \
		const struct memory before = memory;                           \
		struct stay_subject alone = without_words(who);                \
                                                                               \
		if (tale.log == NULL)                                          \
			break;                                                 \
		to = stay_log_observer(tale.log);                              \
		to->slot(to->arg, &alone, __VA_ARGS__);                        \
		if (++tale.events % FLUSH_EVERY == 0)                          \
			fflush(tale.stream);                                   \
		memory = before;                                               \
	} while (0)

void
tale_transition(
    const struct stay_subject *who, const struct stay_transition *turn)
{
	TELL(on_transition, turn);
}

void
tale_failure(
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	TELL(on_failure, status, text);
}

void
tale_closed(
    const struct stay_subject *who, enum stay_status status, const char *text)
{
	TELL(on_closed, status, text);
}

void
tale_up(const struct stay_subject *who, const struct stay_up *up)
{
	TELL(on_up, up);
}

static void
on_note(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	TELL(on_note, status, text);
}

static void
on_wire(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	TELL(on_wire, status, text);
}

/* Not drawn, so that the other runs are what they were. */
void
tale_open(struct run *run)
{
	static const cookie_io_functions_t functions = { .write = on_write };
	uint64_t number = (run->seed + 3) * UINT64_C(0xd6e8feb86659fd93) >> 32;
	unsigned json = number % 16 == 0 ? STAY_LOG_JSON : 0;

	if (number % 8 != 0)
		return;
	sim_sparing++;
	tale.stream = fopencookie(NULL, "w", functions);
	if (tale.stream == NULL)
		sim_die("no stream for a log");
	setvbuf(tale.stream, tale.room, _IOFBF, sizeof(tale.room));
	tale.log = stay_log_new(tale.stream, STAY_LOG_CONN | STAY_LOG_LINK |
						 STAY_LOG_SESSION |
						 STAY_LOG_WIRE | json);
	sim_sparing--;
	run->observer.on_note = on_note;
	run->observer.on_wire = on_wire;
}

/* The loop is gone. */
void
tale_close(void)
{
	sim_sparing++;
	stay_log_free(tale.log);
	if (tale.stream != NULL)
		fclose(tale.stream);
	stay_buf_fini(&tale.words);
	sim_sparing--;
}
