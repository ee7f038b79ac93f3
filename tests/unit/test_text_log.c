/* The text log: what it prints, and what it prints only once in a while. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stay/conn.h>
#include <stay/observer.h>

#include "sim/world_sim.h"
#include "suites.h"
#include "support/line_rig.h"

static struct stay_log *text_log;
static FILE *stream;
static char *printed;
static size_t printed_len;
static size_t seen;
static uint64_t now_ms;

/* What the log keeps of each connection, by its number. */
#define CROWD_MAX 1000
static void *words[CROWD_MAX + 1];
static uint64_t wakes[CROWD_MAX + 1];

static void
setup(void)
{
	stream = open_memstream(&printed, &printed_len);
	ck_assert_ptr_nonnull(stream);
	text_log = stay_log_new(stream, STAY_LOG_CONN);
	ck_assert_ptr_nonnull(text_log);
	now_ms = 1000000;
	seen = 0;
	memset(words, 0, sizeof(words));
	memset(wakes, 0xff, sizeof(wakes));
}

static void
teardown(void)
{
	stay_log_free(text_log);
	fclose(stream);
	free(printed);
}

static struct stay_subject
subject(uint64_t number)
{
	ck_assert_uint_le(number, CROWD_MAX);
	return (struct stay_subject){ .number = number,
		.label = "x",
		.now_ms = now_ms,
		.own = &words[number],
		.wake_ms = &wakes[number] };
}

static void
failed(uint64_t number, const char *text)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(number);

	to->on_failure(to->arg, &who, STAY_E_NO_LISTENER, text);
}

/* As a connection does when the time that was asked for has come. */
static void
pass(uint64_t ms)
{
	const struct stay_observer *to = stay_log_observer(text_log);

	for (now_ms += ms; wakes[1] <= now_ms;) {
		struct stay_subject who = subject(1);

		who.now_ms = wakes[1];
		wakes[1] = STAY_FOREVER;
		to->on_wake(to->arg, &who);
	}
}

/* "2026-11-29T03:07:11.042Z ", whatever its digits are. */
static const char *
behind_stamp(const char *line)
{
	static const char stamp[] = "0000-00-00T00:00:00.000Z ";

	for (size_t i = 0; i < sizeof(stamp) - 1; i++)
		if (stamp[i] == '0')
			ck_assert(line[i] >= '0' && line[i] <= '9');
		else
			ck_assert_int_eq(line[i], stamp[i]);
	return line + sizeof(stamp) - 1;
}

/* Each line with its time; `text` has none. */
static void
expect(const char *text)
{
	static char plain[4096];
	size_t used = 0;

	fflush(stream);
	for (const char *at = printed + seen; *at != '\0';) {
		size_t len;

		at = behind_stamp(at);
		len = strcspn(at, "\n") + 1;
		ck_assert_uint_lt(used + len, sizeof(plain));
		memcpy(plain + used, at, len);
		used += len;
		at += len;
	}
	plain[used] = '\0';
	ck_assert_str_eq(plain, text);
	seen = printed_len;
}

static void
turned(const char *action, bool kept)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	const struct stay_transition turn = { .machine = "conn",
		.from = "idle",
		.event = "connect",
		.action = action,
		.to = "connecting",
		.kept = kept };
	struct stay_subject who = subject(7);

	to->on_transition(to->arg, &who, &turn);
}

TEST(text_log_shows_whose_transition_it_is)
{
	turned("dial", false);
	expect("conn 7 x: idle --connect/dial--> connecting\n");
	turned("", false);
	expect("conn 7 x: idle --connect--> connecting\n");
	turned("", true);
	expect("conn 7 x: idle --connect--> (kept)\n");
}

static void
wall_clock(char *text, size_t size)
{
	struct timespec now;
	char seconds[24];

	ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
	strftime(
	    seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", gmtime(&now.tv_sec));
	snprintf(text, size, "%s.%03ldZ ", seconds, now.tv_nsec / 1000000);
}

TEST(text_log_says_when)
{
	char before[48], after[48];

	wall_clock(before, sizeof(before));
	failed(1, "connect x: refused; next");
	wall_clock(after, sizeof(after));
	fflush(stream);
	ck_assert_int_le(memcmp(before, printed, strlen(before)), 0);
	ck_assert_int_ge(memcmp(after, printed, strlen(after)), 0);
}

TEST(promise_13_a_failure_that_repeats_is_logged_once_in_a_while)
{
	failed(1, "connect x: refused; attempt 1, next in 20 ms");
	expect("conn 1 x: connect: refused; attempt 1, next in 20 ms "
	       "[transient]\n");
	for (unsigned i = 0; i < 12; i++) {
		pass(2000);
		failed(1, "connect x: refused; attempt 2, next in 40 ms");
	}
	expect("");
	pass(5999);
	expect("");
	pass(1);
	expect("conn 1 x: 12 more like the last failure in 30 s\n");
	failed(1, "connect x: refused; attempt 14, next in 1.2 s");
	expect("");
	pass(30000);
	expect("conn 1 x: 1 more like the last failure in 30 s\n");
	pass(30000);
	failed(1, "connect x: refused; attempt 15, next in 1.2 s");
	expect("conn 1 x: connect: refused; attempt 15, next in 1.2 s "
	       "[transient]\n");
	pass(90000);
	expect("");
}

TEST(text_log_another_failure_is_news)
{
	failed(1, "connect x: refused; next");
	failed(1, "connect x: refused; next");
	failed(2, "connect x: refused; next");
	expect("conn 1 x: connect: refused; next [transient]\n"
	       "conn 2 x: connect: refused; next [transient]\n");
	pass(5000);
	failed(1, "connect x: timed out; next");
	expect("conn 1 x: 1 more like the last failure in 5 s\n"
	       "conn 1 x: connect: timed out; next [transient]\n");
}

static unsigned
lines(void)
{
	unsigned count = 0;

	fflush(stream);
	for (; seen < printed_len; seen++)
		count += printed[seen] == '\n';
	return count;
}

static void
comes_up(const char *text)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	const struct stay_up up = { .text = text };
	struct stay_subject who = subject(1);

	to->on_up(to->arg, &who, &up);
}

/* The first time it is up, and whenever its failure was told of. */
TEST(text_log_tells_of_a_recovery)
{
	comes_up("up, with a");
	comes_up("up, with a");
	expect("conn 1 x: up, with a\n");
	failed(1, "session x: reset; next");
	comes_up("up again after 5 ms");
	expect("conn 1 x: session: reset; next [transient]\n"
	       "conn 1 x: up again after 5 ms\n");
	failed(1, "session x: reset; next");
	comes_up("up again after 5 ms");
	expect("");
	pass(30000);
	expect("conn 1 x: 1 more like the last failure in 30 s\n");
}

/* A connection that comes and goes does not flood the log. */
TEST(text_log_who_flaps_is_told_of_once_in_a_while)
{
	comes_up("up");
	for (unsigned i = 0; i < 10000; i++) {
		failed(1, "session x: reset; next");
		comes_up("up again");
		pass(100);
	}
	ck_assert_uint_le(lines(), 3 + 10000 * 100 / 30000);
}

/* Not all labels are in the sentences of their connections. */
TEST(text_log_takes_only_the_label_out)
{
	failed(1, "connect y: refused");
	failed(1, "connect xy: refused");
	failed(1, "x: refused");
	failed(1, "refused");
	expect("conn 1 x: connect y: refused [transient]\n"
	       "conn 1 x: connect xy: refused [transient]\n"
	       "conn 1 x: x: refused [transient]\n"
	       "conn 1 x: refused [transient]\n");
}

/* What was kept quiet is told at the end at the latest. */
TEST(text_log_tells_the_rest_when_it_closes)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1);

	failed(1, "connect x: refused");
	failed(1, "connect x: refused");
	failed(1, "connect x: refused");
	who.now_ms = now_ms + 1000;
	to->on_closed(to->arg, &who, STAY_OK, "ok");
	expect("conn 1 x: connect: refused [transient]\n"
	       "conn 1 x: 2 more like the last failure in 1 s\n"
	       "conn 1 x: closed, ok\n");
}

TEST(text_log_lost_calls_are_not_a_flood)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1);

	for (int i = 0; i < 1000; i++) {
		to->on_lost_call(to->arg, &who, STAY_E_TIMEOUT, "timed out");
		failed(1, "session x: reset");
	}
	expect("conn 1 x: a call that nobody waits for: timed out [transient]\n"
	       "conn 1 x: session: reset [transient]\n");
}

/* It is nobody's failure: no recovery follows it, and each is printed. */
TEST(text_log_notes)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1);

	to->on_note(to->arg, &who, STAY_OK, "a replica");
	to->on_note(to->arg, &who, STAY_OK, "a replica");
	expect("conn 1 x: a replica\nconn 1 x: a replica\n");
}

static void
closed(uint64_t number)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(number);

	to->on_closed(to->arg, &who, STAY_OK, "ok");
}

static const unsigned crowds[] = { 1, 64, 65, 128, 1000 };
#define CROWDS ((int)(LEN(crowds)))

static void
everybody_fails(unsigned crowd)
{
	const struct stay_observer *to = stay_log_observer(text_log);

	for (unsigned number = 1; number <= crowd; number++) {
		struct stay_subject who = subject(number);

		failed(number, "connect x: refused; next");
		to->on_lost_call(to->arg, &who, STAY_E_TIMEOUT, "timed out");
	}
}

/* However many there are, nobody's sentences are forgotten for another's. */
TEST_ROWS(promise_13_any_number_that_fail_are_each_logged_once, CROWDS)
{
	unsigned crowd = crowds[_i];

	everybody_fails(crowd);
	ck_assert_uint_eq(lines(), 2 * crowd);
	for (unsigned i = 0; i < 14; i++) {
		now_ms += 2000;
		everybody_fails(crowd);
	}
	ck_assert_uint_eq(lines(), 0);
	now_ms += 2000;
	everybody_fails(crowd);
	/* without on_wake it tells how many these were only now */
	ck_assert_uint_eq(lines(), 4 * crowd);
}

/* Who is closed is forgotten, and nobody else is for that. */
TEST(text_log_the_closed_make_nobody_talk)
{
	everybody_fails(1000);
	for (unsigned number = 1; number <= 1000; number += 3)
		closed(number);
	ck_assert_uint_eq(lines(), 2 * 1000 + 334);
	for (unsigned number = 1; number <= 1000; number++)
		failed(number, "connect x: refused; next");
	ck_assert_uint_eq(lines(), 334);
}

TEST(text_log_forgets_the_closed)
{
	failed(1, "connect x: refused");
	ck_assert_ptr_nonnull(words[1]);
	closed(1);
	ck_assert_ptr_null(words[1]);
	closed(2);
	ck_assert_uint_eq(lines(), 3);
}

/* As if there was no memory for it. */
TEST(text_log_prints_all_of_whom_it_cannot_remember)
{
	const struct stay_observer *to = stay_log_observer(text_log);
	struct stay_subject who = subject(1);

	who.own = NULL;
	for (int i = 0; i < 3; i++)
		to->on_failure(to->arg, &who, STAY_E_TIMEOUT, "timed out");
	to->on_closed(to->arg, &who, STAY_OK, "ok");
	ck_assert_uint_eq(lines(), 4);
}

/* ---- an observer's own word of a connection ---- */

struct ear {
	unsigned strange;  /* times that it met one for the first time */
	unsigned familiar; /* times that it found itself again */
	unsigned closed;
};

static void
listen_in(struct ear *ear, const struct stay_subject *who)
{
	if (*who->own == NULL) {
		ear->strange++;
		*who->own = ear;
		return;
	}
	ck_assert_ptr_eq(*who->own, ear);
	ear->familiar++;
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)transition;
	listen_in(arg, who);
}

static void
on_closed(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	struct ear *ear = arg;

	(void)status;
	(void)text;
	listen_in(ear, who);
	ear->closed++;
}

static struct stay_verdict
fail_again(struct stay_conn *conn, void *state, struct stay_info info)
{
	(void)conn;
	(void)state;
	(void)info;
	return stay_verdict_backoff(10);
}

static const struct stay_behaviour failing = {
	STAY_BEHAVIOUR,
	.connect = fail_again,
};

TEST(observer_has_a_word_of_its_own)
{
	struct ear first = { 0 }, second = { 0 };
	const struct stay_observer observers[] = {
		{ STAY_OBSERVER, .arg = &first, .on_transition = on_transition,
		    .on_closed = on_closed },
		{ STAY_OBSERVER, .arg = &second, .on_transition = on_transition,
		    .on_closed = on_closed },
	};
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *one, *two;

	stay_loop_set_observer(loop, &observers[0]);
	EXPECT_OK(stay_conn_start(&one, loop, &failing, NULL, NULL));
	EXPECT_OK(stay_conn_start(&two, loop, &failing, NULL, NULL));
	sim_run_ms(world, 100);
	ck_assert_uint_eq(first.strange, 2);
	ck_assert_uint_ge(first.familiar, 20);
	stay_loop_set_observer(loop, &observers[1]);
	sim_run_ms(world, 100);
	stay_conn_stop(one, STAY_OK);
	stay_conn_stop(two, STAY_OK);
	sim_run_ms(world, 100);
	ck_assert_uint_eq(first.closed, 0);
	ck_assert_uint_eq(second.strange, 2);
	ck_assert_uint_eq(second.closed, 2);
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- from a connection ---- */

static const char *const outage[] = {
	"up, with 10.0.0.1:7777",
	"session: 10.0.0.1:7777 reset by the peer (ECONNRESET); next in ",
	"connect: 10.0.0.1:7777 refused (ECONNREFUSED); attempt ",
	"more like the last failure in 30 s",
	"up again after 35",
};

/* An outage is a few lines, at the right times, from the first to the last. */
TEST(text_log_of_an_outage_is_short)
{
	static struct line_rig rig;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS };
	const char *at;

	options.backoff = stay_backoff_constant(1000);
	line_prepare(&rig);
	stay_loop_set_observer(rig.loop, stay_log_observer(text_log));
	line_start(&rig, &options);
	line_run(&rig, 20);
	line_call(&rig, "a", LINE("quiet"));
	line_run(&rig, 10);
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 35000);
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 2000);
	fflush(stream);
	at = printed;
	for (size_t i = 0; i < LEN(outage); i++) {
		at = strstr(at, outage[i]);
		ck_assert_msg(at != NULL, "%s in %s", outage[i], printed);
	}
	EXPECT_IN(at, "; 1 call maybe executed\n");
	line_end(&rig);
}

TEST_SUITE_WITH(text_log, .before = setup, .after = teardown)
