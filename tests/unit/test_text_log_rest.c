/* What the text log has kept to itself, and when it tells; and what it is not asked for. */
#include <stdlib.h>
#include <string.h>

#include <stay/conn.h>
#include <stay/observer.h>

#include "suites.h"
#include "support/scarce.h"

static struct stay_log *text_log;
static FILE *stream;
static char *printed;
static size_t printed_len;
static size_t seen;
static void *word;
static uint64_t wake;

static void
setup(void)
{
	stream = open_memstream(&printed, &printed_len);
	ck_assert_ptr_nonnull(stream);
	text_log = stay_log_new(stream, STAY_LOG_SESSION);
	ck_assert_ptr_nonnull(text_log);
	seen = 0;
	word = NULL;
	wake = STAY_FOREVER;
}

static void
teardown(void)
{
	stay_log_free(text_log);
	fclose(stream);
	free(printed);
}

/* At this time. */
static struct stay_subject
subject(uint64_t now_ms)
{
	return (struct stay_subject){ .number = 1,
		.label = "x",
		.now_ms = now_ms,
		.own = &word,
		.wake_ms = &wake };
}

static void
fails(uint64_t now_ms)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(now_ms);

	to->on_failure(to->arg, &who, STAY_E_NO_LISTENER, "connect x: no");
}

static void
loses(uint64_t now_ms)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(now_ms);

	to->on_lost_call(to->arg, &who, STAY_E_TIMEOUT, "no answer");
}

static void
wakes(uint64_t now_ms)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(now_ms);

	wake = STAY_FOREVER;
	to->on_wake(to->arg, &who);
}

/* The lines since the last time, without when and who: "2 more;". */
static void
expect(const char *text)
{
	static char plain[4096];
	size_t used = 0;

	fflush(stream);
	for (const char *at = printed + seen; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		const char *words = strstr(at, "x: ");

		ck_assert_ptr_nonnull(words);
		used += (size_t)snprintf(plain + used, sizeof(plain) - used,
		    "%.*s;", (int)(at + len - words - 3), words + 3);
		ck_assert_uint_lt(used, sizeof(plain));
		at += len + 1;
	}
	plain[used] = '\0';
	ck_assert_str_eq(plain, text);
	seen = printed_len;
}

#define FAILED "connect: no [transient];"
#define LOST   "a call that nobody waits for: no answer [transient];"

/* It asks to be woken by what it has kept to itself, not by what it has printed. */
TEST(text_log_rest_asks_to_be_woken)
{
	fails(1000);
	ck_assert_uint_eq(wake, STAY_FOREVER);
	fails(2000);
	ck_assert_uint_eq(wake, 31000);
	wake = 5000;
	fails(3000);
	ck_assert_uint_eq(wake, 5000);
	expect(FAILED);
}

/* Of two sentences each has its own time. */
TEST(text_log_rest_of_two_sentences)
{
	fails(1000);
	loses(11000);
	fails(12000);
	loses(13000);
	expect(FAILED LOST);
	wakes(20000);
	ck_assert_uint_eq(wake, 31000);
	wakes(31000);
	ck_assert_uint_eq(wake, 41000);
	expect("1 more like the last failure in 30 s;");
	wakes(41000);
	ck_assert_uint_eq(wake, STAY_FOREVER);
	expect("1 more like the last lost call in 30 s;");
}

/* Woken for nothing it does not begin the interval anew. */
TEST(text_log_rest_of_nothing)
{
	wakes(500);
	fails(1000);
	wakes(40000);
	fails(41000);
	expect(FAILED FAILED);
}

/* Both, in the end. */
TEST(text_log_rest_when_it_closes)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(999000);

	fails(0);
	fails(0);
	loses(0);
	loses(0);
	loses(0);
	expect(FAILED LOST);
	to->on_closed(to->arg, &who, STAY_OK, "ok");
	expect("1 more like the last failure in 999 s;"
	       "2 more like the last lost call in 999 s;"
	       "closed, ok;");
}

/* One that cannot be woken is told of later. */
TEST(text_log_rest_without_a_wake)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1000);

	who.wake_ms = NULL;
	for (int i = 0; i < 3; i++)
		to->on_failure(
		    to->arg, &who, STAY_E_NO_LISTENER, "connect x: no");
	to->on_wake(to->arg, &who);
	expect(FAILED);
	fails(40000);
	expect("2 more like the last failure in 39 s;" FAILED);
}

/* Too much rather than nothing. */
TEST(text_log_rest_without_memory)
{
	scarce_drought();
	fails(1000);
	fails(1000);
	scarce_disarm();
	expect(FAILED FAILED);
	ck_assert_ptr_null(word);
}

/* Of other machines nothing. */
TEST(text_log_rest_of_what_is_wanted)
{
	static const char *const machines[] = { "conn", "link", "session",
		"other" };
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1000);

	for (int i = 0; i < 4; i++) {
		const struct stay_transition step = { .machine = machines[i],
			.from = "a",
			.event = "b",
			.action = "",
			.to = "c" };

		to->on_transition(to->arg, &who, &step);
		expect(i == 2 ? "a --b--> c;" : "");
	}
}

TEST_SUITE_WITH(text_log_rest, .before = setup, .after = teardown)
