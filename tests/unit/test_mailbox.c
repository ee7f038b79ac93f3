/* The mailbox and the callers, with a loop and a task but without a connection.
 */
#include <stdio.h>
#include <string.h>

#include "conn/callers.h"
#include "sim/world_sim.h"
#include "suites.h"

#define MAX 3

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay__mailbox box;
static struct stay__callers *callers;
static unsigned wakes;
static char story[256];

static void
woken(struct stay__task *which)
{
	ck_assert_ptr_eq(which, &box.task);
	wakes++;
}

static void
begin(void)
{
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	ck_assert_ptr_nonnull(loop);
	memset(&box, 0, sizeof(box));
	stay__mailbox_init(&box, loop, woken);
	stay__callers_init(&callers);
	ck_assert(stay__callers_begin(&callers, &box));
	wakes = 0;
	story[0] = '\0';
}

static void
end(void)
{
	stay__callers_fail(callers);
	stay__mailbox_fini(&box);
	stay__callers_rest(&callers);
	ck_assert_ptr_eq(callers, &stay__no_callers);
	ck_assert(stay__mailbox_rests(&box));
	ck_assert_uint_eq(box.shelf->messages, 0);
	ck_assert_uint_eq(box.shelf->drops, 0);
	EXPECT_OK(stay_loop_free(loop));
}

static void
tell(const char *word)
{
	size_t len = strlen(story);

	snprintf(
	    story + len, sizeof(story) - len, "%s%s", len > 0 ? " " : "", word);
}

/* What has been told since this was last asked for. */
static void
expect(const char *words)
{
	ck_assert_str_eq(story, words);
	story[0] = '\0';
}

static void
released(void *data)
{
	tell(data);
}

/* As data. */
static void *
word(const char *text)
{
	return (void *)(uintptr_t)text;
}

static struct stay_message
message(const char *name)
{
	struct stay_message made = stay_message_make(0, word(name));

	made.release = released;
	return made;
}

static enum stay_status
post(enum stay__mail_kind kind, const char *name)
{
	const struct stay_from nobody = { { 0, 0 } };
	struct stay_message made = message(name);

	return stay__mailbox_post(&box, MAX, kind, &made, nobody, NULL);
}

/* The next piece of mail is a message of this name: free it. */
static void
comes(unsigned pass, const char *name)
{
	struct stay__mail *mail = stay__mailbox_next(&box, pass);

	ck_assert_ptr_nonnull(mail);
	ck_assert(!stay__mail_is_note(mail));
	stay__mailbox_free(&box, mail);
	expect(name);
}

static void
note_comes(enum stay__mail_kind kind)
{
	struct stay__mail *mail = stay__mailbox_next(&box, STAY__EVERY_KIND);

	ck_assert_ptr_nonnull(mail);
	ck_assert_int_eq(mail->kind, kind);
	ck_assert(!stay__mailbox_is_noted(&box, kind));
}

static void
nothing_comes(void)
{
	ck_assert(!stay__mailbox_has_mail(&box));
	ck_assert_ptr_null(stay__mailbox_next(&box, STAY__EVERY_KIND));
}

TEST(mailbox_keeps_the_order_and_wakes_its_task)
{
	nothing_comes();
	EXPECT_OK(post(STAY__MAIL_CAST, "a"));
	EXPECT_OK(post(STAY__MAIL_MESSAGE, "b"));
	stay_loop_turn(loop);
	ck_assert_uint_eq(wakes, 1);
	ck_assert(stay__mailbox_has_mail(&box));
	comes(STAY__EVERY_KIND, "a");
	comes(STAY__EVERY_KIND, "b");
	nothing_comes();
	stay_loop_turn(loop);
	ck_assert_uint_eq(wakes, 1);
}

TEST(mailbox_has_next_events_before_the_rest)
{
	post(STAY__MAIL_CAST, "a");
	post(STAY__MAIL_NEXT_EVENT, "x");
	post(STAY__MAIL_NEXT_EVENT, "y");
	comes(STAY__EVERY_KIND, "x");
	comes(STAY__EVERY_KIND, "y");
	comes(STAY__EVERY_KIND, "a");
}

TEST(mailbox_what_may_not_pass_waits_until_it_is_recalled)
{
	const unsigned casts = STAY__KIND(STAY__MAIL_CAST);

	post(STAY__MAIL_MESSAGE, "a");
	post(STAY__MAIL_CAST, "b");
	post(STAY__MAIL_MESSAGE, "c");
	comes(casts, "b");
	ck_assert_ptr_null(stay__mailbox_next(&box, casts));
	nothing_comes();
	ck_assert_uint_eq(box.shelf->messages, 2);
	post(STAY__MAIL_CAST, "d");
	stay__mailbox_recall(&box);
	comes(STAY__EVERY_KIND, "a");
	comes(STAY__EVERY_KIND, "c");
	comes(STAY__EVERY_KIND, "d");
	stay__mailbox_recall(&box);
	nothing_comes();
}

/* The one that is being delivered counts: it may be postponed yet. */
TEST(mailbox_is_bounded)
{
	struct stay__mail *mail;

	for (int i = 0; i < MAX; i++)
		EXPECT_OK(post(STAY__MAIL_CAST, "a"));
	ck_assert_int_eq(post(STAY__MAIL_CAST, "b"), STAY_E_FULL);
	ck_assert_int_eq(post(STAY__MAIL_NEXT_EVENT, "b"), STAY_E_FULL);
	mail = stay__mailbox_next(&box, STAY__EVERY_KIND);
	ck_assert_int_eq(post(STAY__MAIL_CAST, "b"), STAY_E_FULL);
	stay__mailbox_free(&box, mail);
	expect("a");
	EXPECT_OK(post(STAY__MAIL_CAST, "b"));
	stay__mailbox_note(&box, STAY__NOTE_TIMEOUT);
	ck_assert_uint_eq(box.shelf->messages, MAX);
}

TEST(mailbox_has_a_note_of_each_kind_once)
{
	post(STAY__MAIL_CAST, "a");
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	stay__mailbox_note(&box, STAY__NOTE_TIMEOUT);
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	stay__mailbox_note_first(&box, STAY__NOTE_TIMEOUT);
	stay__mailbox_note(&box, STAY__NOTE_STREAM_DOWN);
	stay__mailbox_unnote(&box, STAY__NOTE_STREAM_DOWN);
	ck_assert(stay__mailbox_is_noted(&box, STAY__NOTE_STREAM_UP));
	ck_assert(!stay__mailbox_is_noted(&box, STAY__NOTE_STREAM_DOWN));
	note_comes(STAY__NOTE_TIMEOUT);
	comes(STAY__EVERY_KIND, "a");
	note_comes(STAY__NOTE_STREAM_UP);
	nothing_comes();
}

/* A note stays where it is among messages, whatever becomes of the one behind it. */
TEST(mailbox_keeps_notes_in_their_places)
{
	const struct stay_from nobody = { { 0, 0 } };
	struct stay_message made = message("b");
	struct stay__mail *taken;

	post(STAY__MAIL_CAST, "a");
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	stay__mailbox_note(&box, STAY__NOTE_STREAM_READABLE);
	stay__mailbox_post(&box, MAX, STAY__MAIL_CAST, &made, nobody, &taken);
	stay__mailbox_note(&box, STAY__NOTE_STREAM_DOWN);
	post(STAY__MAIL_CAST, "c");
	stay__mailbox_note(&box, STAY__NOTE_TIMEOUT);
	stay__mailbox_take_back(&box, taken);
	stay__mailbox_unnote(&box, STAY__NOTE_STREAM_READABLE);
	stay__mailbox_note_first(&box, STAY__NOTE_EXPIRED);
	note_comes(STAY__NOTE_EXPIRED);
	comes(STAY__EVERY_KIND, "a");
	note_comes(STAY__NOTE_STREAM_UP);
	note_comes(STAY__NOTE_STREAM_DOWN);
	comes(STAY__EVERY_KIND, "c");
	note_comes(STAY__NOTE_TIMEOUT);
	nothing_comes();
	stay__mailbox_settle(&box);
	expect("b");
}

/* A note stays, too, when the last of its line goes. */
TEST(mailbox_keeps_a_note_in_front_of_the_last)
{
	const struct stay_from nobody = { { 0, 0 } };
	struct stay__mail upgrade = { .kind = STAY__MAIL_UPGRADE };
	struct stay_message made = message("a");
	struct stay__mail *taken;

	stay__mailbox_note_urgent(&box, STAY__NOTE_INTERRUPT);
	stay__mailbox_add_upgrade(&box, MAX, &upgrade);
	ck_assert_ptr_eq(stay__mailbox_take_upgrade(&box), &upgrade);
	stay__mailbox_end_upgrade(&box);
	note_comes(STAY__NOTE_INTERRUPT);
	for (int postponed = 0; postponed < 2; postponed++) {
		stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
		stay__mailbox_post(
		    &box, MAX, STAY__MAIL_CALL, &made, nobody, &taken);
		if (postponed)
			ck_assert_ptr_null(stay__mailbox_next(&box, 0));
		stay__mailbox_take_back(&box, taken);
		stay__mailbox_recall(&box);
		note_comes(STAY__NOTE_STREAM_UP);
	}
	nothing_comes();
	stay__mailbox_settle(&box);
	expect("a a");
}

/* Wherever it is: in front of all, or among what waits. */
TEST(mailbox_takes_back_a_note)
{
	stay__mailbox_note_urgent(&box, STAY__NOTE_INTERRUPT);
	stay__mailbox_unnote(&box, STAY__NOTE_INTERRUPT);
	nothing_comes();
	post(STAY__MAIL_CAST, "a");
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	ck_assert_ptr_null(stay__mailbox_next(&box, 0));
	stay__mailbox_unnote(&box, STAY__NOTE_STREAM_UP);
	stay__mailbox_recall(&box);
	comes(STAY__EVERY_KIND, "a");
	nothing_comes();
}

/* The others keep their order. */
TEST_ROWS(mailbox_takes_back_one_of_all_notes, STAY__NOTE_COUNT)
{
	const unsigned end = STAY__MAIL_KIND_COUNT;

	for (unsigned kind = STAY__NOTE_FIRST; kind < end; kind++)
		stay__mailbox_note(&box, kind);
	stay__mailbox_unnote(&box, STAY__NOTE_FIRST + (unsigned)_i);
	for (unsigned kind = STAY__NOTE_FIRST; kind < end; kind++)
		if (kind != STAY__NOTE_FIRST + (unsigned)_i)
			note_comes(kind);
	nothing_comes();
}

/* Notes that wait are recalled among the messages that wait, in front of all. */
TEST(mailbox_recalls_notes_in_their_places)
{
	post(STAY__MAIL_CAST, "a");
	stay__mailbox_note_urgent(&box, STAY__NOTE_INTERRUPT);
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	ck_assert_ptr_null(stay__mailbox_next(&box, 0));
	ck_assert(stay__mailbox_is_noted(&box, STAY__NOTE_INTERRUPT));
	stay__mailbox_note(&box, STAY__NOTE_STREAM_DOWN);
	post(STAY__MAIL_CAST, "b");
	stay__mailbox_recall(&box);
	note_comes(STAY__NOTE_INTERRUPT);
	comes(STAY__EVERY_KIND, "a");
	note_comes(STAY__NOTE_STREAM_UP);
	note_comes(STAY__NOTE_STREAM_DOWN);
	comes(STAY__EVERY_KIND, "b");
	nothing_comes();
}

/* A note stays where it waits. */
TEST(mailbox_recalls_messages_of_a_kind_alone)
{
	stay__mailbox_recall_kinds(&box, STAY__EVERY_KIND);
	nothing_comes();
	post(STAY__MAIL_CAST, "a");
	stay__mailbox_note(&box, STAY__NOTE_STREAM_UP);
	post(STAY__MAIL_CALL, "b");
	post(STAY__MAIL_CALL, "c");
	ck_assert_ptr_null(stay__mailbox_next(&box, 0));
	stay__mailbox_note(&box, STAY__NOTE_STREAM_DOWN);
	stay__mailbox_recall_kinds(&box, STAY__KIND(STAY__MAIL_CALL));
	comes(STAY__EVERY_KIND, "b");
	comes(STAY__EVERY_KIND, "c");
	note_comes(STAY__NOTE_STREAM_DOWN);
	nothing_comes();
	stay__mailbox_recall(&box);
	comes(STAY__EVERY_KIND, "a");
	note_comes(STAY__NOTE_STREAM_UP);
	nothing_comes();
}

TEST(mailbox_releases_what_was_dropped_later)
{
	const struct stay_from nobody = { { 0, 0 } };
	struct stay_message posted = message("posted");
	struct stay_message other = message("other");
	struct stay__mail *mail;

	stay__mailbox_post(&box, MAX, STAY__MAIL_CALL, &posted, nobody, &mail);
	stay__mailbox_take_back(&box, mail);
	ck_assert_uint_eq(box.shelf->messages, 0);
	nothing_comes();
	EXPECT_OK(stay__mailbox_drop(&box, MAX, &other));
	expect("");
	stay_loop_turn(loop);
	ck_assert_uint_eq(wakes, 1);
	stay__mailbox_settle(&box);
	expect("posted other");
	stay__mailbox_settle(&box);
	expect("");
}

TEST(mailbox_bounds_what_is_dropped)
{
	const struct stay_message bare = stay_message_make(0, NULL);
	struct stay_message other = message("x");

	for (int i = 0; i < MAX; i++)
		EXPECT_OK(stay__mailbox_drop(&box, MAX, &other));
	ck_assert_int_eq(stay__mailbox_drop(&box, MAX, &other), STAY_E_FULL);
	EXPECT_OK(stay__mailbox_drop(&box, MAX, &bare));
	stay__mailbox_settle(&box);
	expect("x x x");
	EXPECT_OK(stay__mailbox_drop(&box, MAX, &other));
}

TEST(mailbox_takes_an_upgrade_when_it_is_full)
{
	struct stay__mail upgrades[MAX + 1] = { 0 };

	for (int i = 0; i < MAX; i++)
		post(STAY__MAIL_CAST, "a");
	post(STAY__MAIL_CAST, "a");
	for (int i = 0; i <= MAX; i++) {
		upgrades[i].kind = STAY__MAIL_UPGRADE;
		ck_assert_int_eq(
		    stay__mailbox_add_upgrade(&box, MAX, &upgrades[i]),
		    i < MAX ? STAY_OK : STAY_E_FULL);
	}
	ck_assert_ptr_eq(
	    stay__mailbox_next(&box, STAY__EVERY_KIND), &upgrades[0]);
	ck_assert_int_eq(
	    stay__mailbox_add_upgrade(&box, MAX, &upgrades[MAX]), STAY_E_FULL);
	stay__mailbox_end_upgrade(&box);
	EXPECT_OK(stay__mailbox_add_upgrade(&box, MAX, &upgrades[MAX]));
	for (int i = 1; i <= MAX; i++) {
		ck_assert_ptr_eq(
		    stay__mailbox_take_upgrade(&box), &upgrades[i]);
		stay__mailbox_end_upgrade(&box);
	}
	ck_assert_ptr_null(stay__mailbox_take_upgrade(&box));
	comes(STAY__EVERY_KIND, "a");
}

TEST(mailbox_finds_upgrades_among_next_events)
{
	struct stay__mail upgrade = { .kind = STAY__MAIL_UPGRADE };

	post(STAY__MAIL_NEXT_EVENT, "x");
	stay__mailbox_add_upgrade(&box, MAX, &upgrade);
	post(STAY__MAIL_NEXT_EVENT, "y");
	ck_assert_ptr_eq(stay__mailbox_take_upgrade(&box), &upgrade);
	stay__mailbox_end_upgrade(&box);
	comes(STAY__EVERY_KIND, "x");
	comes(STAY__EVERY_KIND, "y");
}

TEST(mailbox_releases_all_in_the_end)
{
	post(STAY__MAIL_MESSAGE, "postponed");
	ck_assert_ptr_null(stay__mailbox_next(&box, 0));
	post(STAY__MAIL_CAST, "queued");
	post(STAY__MAIL_NEXT_EVENT, "next");
	stay__mailbox_note(&box, STAY__NOTE_TIMEOUT);
	stay__mailbox_fini(&box);
	expect("next queued postponed");
	ck_assert(!stay__mailbox_is_noted(&box, STAY__NOTE_TIMEOUT));
	nothing_comes();
}

/* ---- callers ---- */

static void
answered(void *arg, const struct stay_reply *reply)
{
	tell(arg);
	tell(reply->status == STAY_OK ? reply->data
				      : stay_strerror(reply->status));
}

static struct stay_from
call(const char *name)
{
	struct stay_message made = message("request");
	struct stay__caller *caller =
	    stay__caller_new(callers, answered, word(name));
	struct stay_from from;
	struct stay__mail *mail;

	ck_assert_ptr_nonnull(caller);
	from = stay__caller_token(caller);
	EXPECT_OK(
	    stay__mailbox_post(&box, MAX, STAY__MAIL_CALL, &made, from, &mail));
	stay__caller_await(caller, mail, 100);
	return from;
}

static void
deliver_request(struct stay_from from)
{
	struct stay__mail *mail = stay__mailbox_next(&box, STAY__EVERY_KIND);

	ck_assert_ptr_nonnull(mail);
	ck_assert_uint_eq(
	    stay__mail_posted(mail)->from.token.index, from.token.index);
	stay__callers_delivered(callers, from);
	stay__mailbox_free(&box, mail);
	expect("request");
}

TEST(callers_are_answered_once)
{
	struct stay_from from = call("a");

	ck_assert_uint_eq(callers->count, 1);
	ck_assert_uint_eq(stay__callers_waiting(callers), 1);
	deliver_request(from);
	stay__callers_reply(callers, from, stay_reply_data(word("yes")));
	expect("a yes");
	ck_assert_uint_eq(callers->count, 0);
	ck_assert_int_eq(
	    stay_from_answer(loop, from, stay_reply_data(word("no"))),
	    STAY_E_STALE);
	stay__callers_reply(callers, from,
	    (struct stay_reply){ .data = word("stale"), .release = released });
	expect("stale");
}

/* What a public call answers is completed later, and its request with it. */
TEST(callers_answered_from_outside_are_completed_later)
{
	struct stay_from from = call("a");

	EXPECT_OK(stay_from_answer(loop, from, stay_reply_data(word("yes"))));
	ck_assert_uint_eq(stay__callers_waiting(callers), 0);
	ck_assert_uint_eq(callers->count, 1);
	ck_assert_uint_eq(box.shelf->messages, 0);
	ck_assert_int_eq(stay_from_cancel(loop, from), STAY_E_STALE);
	expect("");
	stay__callers_settle(callers);
	expect("a yes");
	ck_assert_uint_eq(callers->count, 0);
	stay__mailbox_settle(&box);
	expect("request");
}

TEST(callers_have_a_deadline)
{
	struct stay_from from = call("a");
	char words[64];

	deliver_request(from);
	sim_run_ms(world, 99);
	stay__callers_settle(callers);
	expect("");
	sim_run_ms(world, 2);
	stay__callers_settle(callers);
	snprintf(words, sizeof(words), "a %s", stay_strerror(STAY_E_TIMEOUT));
	expect(words);
}

/* A request that is postponed is its caller's again: who gives it up takes it
 * back; it was given up in the callback: it is freed. */
TEST(callers_take_back_a_request_that_was_postponed)
{
	struct stay_from from = call("a");
	struct stay__mail *mail = stay__mailbox_next(&box, STAY__EVERY_KIND);

	stay__callers_delivered(callers, from);
	stay__callers_postpone(callers, mail);
	stay_from_cancel(loop, from);
	stay__mailbox_recall(&box);
	nothing_comes();
	from = call("b");
	mail = stay__mailbox_next(&box, STAY__EVERY_KIND);
	stay__callers_delivered(callers, from);
	stay_from_cancel(loop, from);
	stay__mailbox_settle(&box);
	expect("request");
	ck_assert_uint_eq(box.shelf->messages, 1);
	stay__callers_postpone(callers, mail);
	expect("request");
	ck_assert_uint_eq(box.shelf->messages, 0);
}

TEST(callers_all_fail_in_the_end)
{
	const char *stopped = stay_strerror(STAY_E_STOPPED);
	char words[128];

	call("a");
	call("b");
	stay__callers_fail(callers);
	snprintf(words, sizeof(words), "a %s b %s", stopped, stopped);
	expect(words);
	ck_assert_uint_eq(callers->count, 0);
}

TEST(callers_that_never_waited_are_undone)
{
	struct stay__caller *caller =
	    stay__caller_new(callers, answered, word("a"));
	struct stay_from from = stay__caller_token(caller);

	stay__caller_undo(caller);
	ck_assert_uint_eq(callers->count, 0);
	ck_assert_int_eq(stay_from_cancel(loop, from), STAY_E_STALE);
	expect("");
}

TEST_SUITE_WITH(mailbox, .before = begin, .after = end)
