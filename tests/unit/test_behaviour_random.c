/*
 * Stories that nobody has thought of: random verdicts, a few of them out of
 * place, random actions inside callbacks and outside. What happens is not told;
 * what every story checks must hold: nothing completes twice or never, nothing
 * is released twice or never, no callback runs where none may, and it ends.
 */
#include <stdint.h>
#include <string.h>

#include <check.h>

#include "probe.h"
#include "suites.h"

#define BATCHES         10
#define STORIES_A_BATCH 50
#define STEPS           16
#define ACTIONS         60

struct text {
	char bytes[16384];
	size_t len;
};

static uint64_t
draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static void
put(struct text *text, const char *word)
{
	size_t len = strlen(word);

	ck_assert_uint_lt(text->len + len + 1, sizeof(text->bytes));
	memcpy(text->bytes + text->len, word, len + 1);
	text->len += len;
}

/* A word of the list; "N" in it becomes a small number. */
static void
put_one_of(
    struct text *text, uint64_t *seed, const char *const *words, size_t count)
{
	const char *word = words[draw(seed, count)];
	char one[2] = { 0 };

	for (; *word != '\0'; word++) {
		one[0] = *word == 'N' ? (char)('1' + draw(seed, 9)) : *word;
		put(text, one);
	}
	put(text, " ");
}

#define ONE_OF(text, seed, words) put_one_of(text, seed, words, LEN(words))

/* clang-format off */
static const char *const inside[] = { "cast(N)", "send(N)", "call(N)", "call(N,N0)",
	"next(N)", "statetimeout(N,N)", "statetimeout(N,inf)", "answer(N,N)",
	"answer(N,N)", "cancel(N)", "reconnect(IO)", "upgrade", "dial", "dial",
	"write(hello)", "keep(N)", "want", "await(5)", "admits", "stream" };
static const char *const outside[] = { "cast(N)", "send(N)", "call(N)", "call(N,N0)",
	"answer(N,N)", "cancel(N)", "reconnect(IO)", "upgrade", "dial", "write(hello)",
	"run(N)", "run(N)", "run(N0)", "run(N00)", "skip(N0)", "peer_send(hi)",
	"peer_send(ho)", "peer_close", "peer_reset", "await(N)" };
static const char *const last[] = { "stop(IO)", "stop(OK)", "drain(N0)",
	"loopstop(LOST)" };

static const char *const of_connect[] = { "ok", "ok/N", "ok/h", "backoff(N)",
	"backoff(N0)/N", "pending(N0)", "pending(N)", "pending(N00)" };
static const char *const of_disconnect[] = { "connect(N)", "backoff(N0)",
	"backoff(N)/N", "noconnect", "noconnect/N", "pending(N0)" };
static const char *const of_call[] = { "reply(N)", "reply(N)", "reply(N)/N",
	"noreply", "noreply", "connect(N)+reply(N)", "disconnect(N)", "postpone" };
static const char *const of_mail[] = { "noreply", "noreply", "noreply/N", "noreply/0",
	"connect(N)", "disconnect(N)", "postpone" };
static const char *const of_info[] = { "noreply", "noreply", "noreply", "ok",
	"pending(N0)", "backoff(N)", "connect(N)", "disconnect(N)", "noconnect" };
static const char *const of_change[] = { "accept", "accept", "refuse(IO)" };

static const struct {
	const char *name;
	const char *const *verdicts;
	size_t count;
} speakers[] = {
#define SPEAKER(name, list) { name, list, LEN(list) }
	SPEAKER("connect: ", of_connect),
	SPEAKER("disconnect: ", of_disconnect),
	SPEAKER("call: ", of_call),
	SPEAKER("cast: ", of_mail),
	SPEAKER("info: ", of_info),
	SPEAKER("code_change: ", of_change),
#undef SPEAKER
};
static const char *const silent[] = { "entered: ", "done: ", "started: ",
	"upgraded: ", "terminate: ", "closed: " };
/* clang-format on */

/* Now and then something is done inside; seldom it is a stop. */
static void
put_inside(struct text *text, uint64_t *seed)
{
	put(text, "{");
	while (draw(seed, 3) == 0)
		ONE_OF(text, seed, inside);
	if (draw(seed, 100) == 0)
		ONE_OF(text, seed, last);
	put(text, "} ");
}

static void
put_script(struct text *text, uint64_t *seed)
{
	static const char *const init[] = { "ok", "ok/N", "connect(N)",
		"connect(N)", "backoff(N0)" };

	put(text, "init: ");
	ONE_OF(text, seed, init);
	for (size_t i = 0; i < LEN(speakers); i++) {
		put(text, speakers[i].name);
		for (int step = 0; step < STEPS; step++) {
			put_inside(text, seed);
			put_one_of(text, seed, speakers[i].verdicts,
			    speakers[i].count);
		}
	}
	for (size_t i = 0; i < LEN(silent); i++) {
		put(text, silent[i]);
		for (int step = 0; step < STEPS; step++)
			put_inside(text, seed);
	}
}

static void
put_drive(struct text *text, uint64_t *seed)
{
	static const char *const options[] = { "let(calls)", "let(casts)",
		"mailbox_max(N)", "callers_max(N)", "turn_budget(N)",
		"burst(N)", "stop_budget(N0)", "call_timeout(N0)",
		"null(disconnect)", "listen", "listen", "listen",
		"black_hole" };

	for (int i = 0; i < 4; i++)
		ONE_OF(text, seed, options);
	put(text, "start ");
	for (int i = 0; i < ACTIONS; i++)
		ONE_OF(text, seed, outside);
	if (draw(seed, 2) == 0)
		ONE_OF(text, seed, last);
	put(text, "run(5)");
}

static void
play(uint64_t number)
{
	static struct text script, drive;
	uint64_t seed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct probe *probe = probe_new();
	const char *fault;

	script.len = drive.len = 0;
	put_script(&script, &seed);
	put_drive(&drive, &seed);
	probe->quiet = true;
	probe_script(probe, script.bytes);
	probe_drive(probe, drive.bytes);
	fault = probe_end(probe);
	ck_assert_msg(fault == NULL, "story %llu: %s\nscript %s\ndrive %s",
	    (unsigned long long)number, fault, script.bytes, drive.bytes);
}

TEST_ROWS(behaviour_random_stories_keep_what_all_must, BATCHES)
{
	for (uint64_t i = 0; i < STORIES_A_BATCH; i++)
		play((uint64_t)_i * STORIES_A_BATCH + i);
}

TEST_SUITE_WITH(behaviour_random, .seconds = 60)
