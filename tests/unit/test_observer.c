/* What an observer of a loop may ask for: a time to be told at, and a word of
 * its own for each connection. */
#include <stdio.h>
#include <string.h>

#include <stay/observer.h>

#include "base/text.h"
#include "suites.h"
#include "support/line_rig.h"

static struct line_rig rig;
static uint64_t name_at;  /* what the next transition names; 0: nothing */
static uint64_t again_ms; /* what on_wake names anew, so much later; 0: not */
static uint64_t woken[8]; /* when */
static unsigned wakes;
static void *words[2]; /* its own, at the first transitions */
static unsigned transitions;

static uint64_t first; /* the loop's clock when the world began */

static uint64_t
now(void)
{
	return first + sim_now_ms(rig.world);
}

static void
on_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)transition;
	ck_assert_uint_le(who->now_ms - now(), 1); /* both are cut */
	if (transitions < 2)
		words[transitions++] = *who->own;
	*who->own = &rig;
	if (name_at != 0)
		*who->wake_ms = name_at;
	name_at = 0;
}

static void
on_wake(void *arg, const struct stay_subject *who)
{
	ck_assert_ptr_eq(arg, &rig);
	ck_assert_uint_lt(wakes, 8);
	ck_assert_uint_eq(*who->wake_ms, STAY_FOREVER);
	ck_assert_uint_eq(who->number, 1);
	woken[wakes++] = who->now_ms;
	if (again_ms != 0)
		*who->wake_ms = who->now_ms + again_ms;
	again_ms = 0;
}

static void
begin(size_t size)
{
	wakes = 0;
	name_at = again_ms = 0;
	transitions = 0;
	line_prepare(&rig);
	first = stay_loop_now_ms(rig.loop);
	rig.observer.size = size;
	rig.observer.on_transition = on_transition;
	rig.observer.on_wake = on_wake;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_uint_eq(wakes, 0);
}

/* At the next transition, which is now. */
static void
name_now(uint64_t at)
{
	name_at = at;
	stay_conn_reconnect(stay_client_conn(rig.client), STAY_E_RECONNECT);
	line_run(&rig, 1);
	ck_assert_uint_eq(name_at, 0);
}

TEST(observer_is_woken_when_it_wished)
{
	uint64_t at;

	begin(sizeof(rig.observer));
	at = now() + 100;
	name_now(at);
	again_ms = 50;
	line_run(&rig, 97);
	ck_assert_uint_eq(wakes, 0);
	line_run(&rig, 3);
	ck_assert_uint_eq(wakes, 1);
	ck_assert_uint_eq(woken[0], at);
	line_run(&rig, 10000);
	ck_assert_uint_eq(wakes, 2);
	ck_assert_uint_eq(woken[1], at + 50);
	line_end(&rig);
	ck_assert_uint_eq(wakes, 2);
}

/* The last word stands, whether it is earlier or later. */
TEST(observer_may_change_its_mind)
{
	uint64_t then;

	begin(sizeof(rig.observer));
	then = now();
	name_now(then + 100);
	name_now(then + 300);
	line_run(&rig, 250);
	ck_assert_uint_eq(wakes, 0);
	name_now(then + 1000);
	name_now(then + 400);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	ck_assert_uint_eq(woken[0], then + 400);
	name_now(now() + 100);
	name_now(STAY_FOREVER);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	name_now(UINT64_MAX - 1);
	line_run(&rig, 5000);
	ck_assert_uint_eq(wakes, 1);
	name_now(1); /* long ago */
	line_run(&rig, 1);
	ck_assert_uint_eq(wakes, 2);
}

TEST(observer_of_a_closed_connection_sleeps)
{
	begin(sizeof(rig.observer));
	name_now(now() + 100);
	line_end(&rig);
	ck_assert_uint_eq(wakes, 0);
}

/* One that was compiled when there was no such slot. */
TEST(observer_that_is_older_is_not_woken)
{
	begin(offsetof(struct stay_observer, on_wake));
	name_now(now() + 100);
	line_run(&rig, 1000);
	ck_assert_uint_eq(wakes, 0);
}

/* Whoever is told goes on being told. */
TEST(observer_of_another_version_is_rejected)
{
	struct stay_observer other;

	begin(sizeof(rig.observer));
	other = rig.observer;
	other.size = sizeof(other) + sizeof(void *);
	ck_assert_int_eq(stay_loop_set_observer(rig.loop, &other), STAY_E_ABI);
	other.size = offsetof(struct stay_observer, on_up);
	ck_assert_int_eq(stay_loop_set_observer(rig.loop, &other), STAY_OK);
	ck_assert_int_eq(
	    stay_loop_set_observer(rig.loop, &rig.observer), STAY_OK);
	other.size--;
	ck_assert_int_eq(stay_loop_set_observer(rig.loop, &other), STAY_E_ABI);
	other = rig.observer;
	other.abi++;
	ck_assert_int_eq(stay_loop_set_observer(rig.loop, &other), STAY_E_ABI);
	other.arg = NULL; /* it would crash */
	name_now(now() + 100);
	line_run(&rig, 1000);
	ck_assert_uint_eq(wakes, 1);
	ck_assert_int_eq(stay_loop_set_observer(rig.loop, NULL), STAY_OK);
	line_end(&rig);
}

TEST(observer_has_a_word_of_its_own)
{
	struct stay_observer other;

	begin(sizeof(rig.observer));
	ck_assert_uint_eq(transitions, 2);
	ck_assert_ptr_null(words[0]);
	ck_assert_ptr_eq(words[1], &rig);
	other = rig.observer;
	stay_loop_set_observer(rig.loop, &other);
	transitions = 0;
	name_now(STAY_FOREVER);
	ck_assert_ptr_null(words[0]);
	ck_assert_ptr_eq(words[1], &rig);
	line_end(&rig);
}

static char up_text[256];
static struct stay_up last_up;

static void
on_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	(void)arg;
	(void)who;
	snprintf(up_text, sizeof(up_text), "%s", up->text);
	last_up = *up;
}

/* One call is given up in good times, `sent` are in flight when the session ends,
 * and `queued` end offline. */
static const char *
up_after(unsigned sent, unsigned queued)
{
	begin(sizeof(rig.observer));
	rig.observer.on_up = on_up;
	line_call_with(&rig, "z", LINE("z"), WITHIN(5));
	line_run(&rig, 10);
	for (unsigned i = 0; i < sent; i++)
		line_call(&rig, "a", LINE("a"));
	line_run(&rig, 1);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 1);
	for (unsigned i = 0; i < queued; i++)
		line_call_with(&rig, "b", LINE("b"), WITHIN(5));
	line_run(&rig, 10);
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 60000);
	line_end(&rig);
	return up_text;
}

TEST_ROWS(observer_is_told_what_was_lost, 6)
{
	static const struct {
		unsigned sent, queued;
		const char *words;
	} rows[] = {
		{ 1, 0, "; 1 call maybe executed" },
		{ 2, 0, "; 2 calls maybe executed" },
		{ 0, 1, "; 1 call not sent" },
		{ 0, 3, "; 3 calls not sent" },
		{ 1, 1, "; 1 call maybe executed, 1 not sent" },
		{ 2, 3, "; 2 calls maybe executed, 3 not sent" },
	};
	const char *text = up_after(rows[_i].sent, rows[_i].queued);
	const char *lost = strchr(text, ';');

	ck_assert_ptr_nonnull(lost);
	ck_assert_str_eq(lost, rows[_i].words);
	ck_assert_ptr_eq(strstr(text, "up again after "), text);
	ck_assert_ptr_null(strchr(up_after(0, 0), ';'));
}

/* Nobody listens for so long, from the start or when it was up. */
static void
come_up(unsigned down_ms, bool was_up)
{
	if (was_up)
		line_run(&rig, 10000);
	if (was_up || down_ms > 0)
		sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	if (was_up)
		sim_peer_reset(rig.peer);
	line_run(&rig, down_ms);
	if (was_up || down_ms > 0)
		peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
	line_run(&rig, 60000);
}

/* The whole sentence, and how long it was down. */
TEST_ROWS(observer_is_told_of_the_way_up, 5)
{
	static const struct {
		unsigned down_ms;
		bool was_up;
		const char *after;
		const char *agreed;
	} rows[] = {
		{ 0, false, "", "" },
		{ 0, false, "", ", L1" },
		{ 5000, false, " after ", "" },
		{ 0, true, " again after ", ", L1" },
		{ 5000, true, " again after ", "" },
	};
	bool late = rows[_i].down_ms > 0;
	char says[256], attempt[32] = "";

	line_prepare(&rig);
	rig.observer.on_up = on_up;
	rig.config.agreed = rows[_i].agreed + strspn(rows[_i].agreed, ", ");
	line_start(&rig, NULL);
	come_up(rows[_i].down_ms, rows[_i].was_up);
	if (late)
		snprintf(
		    attempt, sizeof(attempt), ", attempt %u", last_up.attempts);
	snprintf(says, sizeof(says), "up%s%s%s, with 10.0.0.1:7777%s",
	    rows[_i].after,
	    late || rows[_i].was_up ? stay__duration_of(last_up.down_ms).text
				    : "",
	    attempt, rows[_i].agreed);
	ck_assert_str_eq(up_text, says);
	ck_assert_uint_ge(last_up.down_ms, rows[_i].down_ms);
	ck_assert_uint_le(last_up.down_ms, rows[_i].down_ms + 2000);
	ck_assert((last_up.attempts > 1) == late);
}

/* ---- a time named in one slot alone ---- */

static const char *named_in; /* the slot */
static uint64_t named;       /* what it has named last */

static void
name_next(const char *slot, const struct stay_subject *who)
{
	if (strcmp(slot, named_in) == 0)
		named = *who->wake_ms = who->now_ms + 1;
}

static void
name_in_transition(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)transition;
	name_next("transition", who);
}

static void
name_in_failure(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	name_next("failure", who);
}

static void
name_in_lost_call(void *arg, const struct stay_subject *who,
    enum stay_status status, const char *text)
{
	(void)arg;
	(void)status;
	(void)text;
	name_next("lost call", who);
}

static void
name_in_up(void *arg, const struct stay_subject *who, const struct stay_up *up)
{
	(void)arg;
	(void)up;
	name_next("up", who);
}

/* No later slot makes up for one whose word was not heard. */
TEST_ROWS(observer_is_heard_in_each_slot, 4)
{
	static const char *const slots[] = { "transition", "failure",
		"lost call", "up" };
	const struct stay_call_options hasty = { STAY_CALL_OPTIONS,
		.timeout_ms = 5 };

	begin(sizeof(rig.observer));
	named_in = slots[_i];
	named = 0;
	rig.observer.on_transition = name_in_transition;
	rig.observer.on_failure = name_in_failure;
	rig.observer.on_lost_call = name_in_lost_call;
	rig.observer.on_up = strcmp(named_in, "up") == 0 ? name_in_up : NULL;
	sim_peer_reset(rig.peer);
	if (strcmp(named_in, "failure") == 0) /* nothing comes up behind it */
		sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	EXPECT_OK(
	    stay_client_call_with(rig.client, LINE("a"), &hasty, NULL, NULL));
	line_run(&rig, 200);
	ck_assert_uint_gt(wakes, 0);
	ck_assert_uint_eq(woken[wakes - 1], named);
}

static char failure_text[768];

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	(void)status;
	snprintf(failure_text, sizeof(failure_text), "%s", text);
}

/* Trying again is no help against some failures. */
TEST_ROWS(observer_is_told_who_has_to_act, 2)
{
	static const struct {
		const char *hello;
		bool mend;
	} rows[] = { { "say -wrong password", true }, { "close", false } };

	line_prepare(&rig);
	rig.observer.on_failure = on_failure;
	rig.config.hello = rows[_i].hello;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	EXPECT_IN(failure_text, "; attempt 1, next in ");
	ck_assert_int_eq(
	    strstr(failure_text, ", but somebody has to mend this") != NULL,
	    rows[_i].mend);
}

/* One call given up is one too many, and at the same time another one has been so
 * for too long: the session ends by the first of the two, and that is told. */
TEST(observer_is_told_the_first_of_two_reasons)
{
	const struct stay_call_options soon = { STAY_CALL_OPTIONS,
		.timeout_ms = 100 },
				       later = { STAY_CALL_OPTIONS,
					       .timeout_ms = 400 };

	line_prepare(&rig);
	rig.observer.on_failure = on_failure;
	line_start(&rig, OPTIONS(.tombstones_max = 1, .tombstone_age_ms = 300));
	line_run(&rig, 10);
	failure_text[0] = '\0';
	line_call_with(&rig, "a", LINE("hold"), soon);
	line_call_with(&rig, "b", LINE("x"), later);
	line_run(&rig, 399);
	ck_assert_str_eq(failure_text, "");
	line_run(&rig, 5);
	EXPECT_IN(failure_text, ": too many calls were given up and never ");
}

/* ---- the end of the last disconnect ---- */

static char last_event[32];

static void
note_end(void *arg, const struct stay_subject *who,
    const struct stay_transition *transition)
{
	(void)arg;
	(void)who;
	if (strcmp(transition->from, "stopping") == 0)
		snprintf(
		    last_event, sizeof(last_event), "%s", transition->event);
}

static void
stay_open(struct peer_end *end)
{
	(void)end;
}

/* The peer has gone, and there is nothing left to end; or it says nothing. */
TEST_ROWS(observer_hears_how_a_stop_ended, 2)
{
	line_prepare(&rig);
	rig.observer.on_transition = note_end;
	rig.server.on_end = stay_open;
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
	if (_i == 0)
		sim_peer_close(rig.peer);
	line_run(&rig, 100000);
	ck_assert_str_eq(last_event, _i == 0 ? "noconnect" : "expired");
	line_end(&rig);
}

/* ---- an attempt without a next one ---- */

static uint64_t due_in_connect;

static struct stay_verdict
give_up(struct stay_conn *conn, void *data, struct stay_info info)
{
	(void)data;
	(void)info;
	due_in_connect = stay_conn_due_ms(conn);
	return stay_verdict_backoff(STAY_FOREVER);
}

TEST(observer_is_told_that_nothing_comes_next)
{
	static const struct stay_behaviour hopeless = { STAY_BEHAVIOUR,
		.connect = give_up };
	static const struct stay_observer observer = { STAY_OBSERVER,
		.on_failure = on_failure };
	struct stay_world *world = sim_world_new(1);
	struct stay_loop *loop = stay_loop_new(world);
	struct stay_conn *conn;

	stay_loop_set_observer(loop, &observer);
	EXPECT_OK(stay_conn_start(&conn, loop, &hopeless, NULL, NULL));
	sim_run_ms(world, 10);
	EXPECT_IN(failure_text, "; attempt 1, no next one by itself");
	ck_assert_uint_eq(due_in_connect, STAY_FOREVER);
	stay_conn_stop(conn, STAY_OK);
	sim_run_ms(world, 10);
	EXPECT_OK(stay_loop_free(loop));
}

TEST_SUITE_WITH(observer, .after = line_after)
