/* Strings of Redis in pieces: of any length, wherever their bytes come apart. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/expect.h"
#include "support/redis_virtual.h"
#include "support/scarce.h"

#define ROWS(table) (int)(LEN(table))
#define TEN         "0123456789"
#define FIFTY       TEN TEN TEN TEN TEN

static struct redis_virtual here;
static char told[512];
static char got[512]; /* the pieces, one behind the other */
static struct stay_held *held;

static void
on_piece(void *arg, struct stay_bytes piece)
{
	(void)arg;
	EXPECT(strlen(got) + piece.len < sizeof(got));
	strncat(got, piece.data, piece.len);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s/%s %s %s;",
	    (const char *)arg, stay_status_name(result->status) + 5,
	    stay_outcome_name(result->outcome),
	    stay_redis_type_name(stay_redis_type_of(result->reply)),
	    stay_redis_str(result->reply));
}

static void
on_push(void *arg, struct stay_redis *of, const struct stay_redis_reply *push)
{
	(void)arg;
	(void)of;
	(void)push;
	strcat(told, "push;");
}

static const struct peer_row silent[] = { ON("GET", ""), NO_MORE };

/* Replies may have 40 bytes. */
static void
begin_with(const char *url, struct stay_redis_options options)
{
	told[0] = got[0] = '\0';
	options.elements_max = 5;
	options.client.reply_bytes_max = 40;
	options.on_push = on_push;
	redis_virtual_open(&here, silent);
	redis_virtual_start(&here, url, &options);
}

static void
begin(void)
{
	begin_with("redis://10.0.0.1?protocol=2",
	    (struct stay_redis_options){ STAY_REDIS_OPTIONS });
}

static struct stay_call_id
command(const char *name, stay_piece_fn *piece)
{
	struct stay_call_id id;
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.piece = piece, .id = &id };

	EXPECT_OK(stay_redis_command_with(here.redis, &options, on_done,
	    (void *)(uintptr_t)name, "GET %s", name));
	return id;
}

/* The answer to "a", then those to "b", in pieces as well, and "c". */
static const struct {
	const char *text;
	const char *got;
	const char *told;
} replies[] = {
	{ "$50\r\n" FIFTY "\r\n", FIFTY, "a OK/replied string ;" },
	{ "$5\r\nhello\r\n", "hello", "a OK/replied string ;" },
	{ "$0\r\n\r\n", "", "a OK/replied string ;" },
	{ "$000000000000000005\r\n\r\n\r\n.\r\n", "\r\n\r\n.",
	    "a OK/replied string ;" },
	{ "=54\r\ntxt:" FIFTY "\r\n", FIFTY, "a OK/replied string ;" },
	{ "=4\r\nmkd:\r\n", "", "a OK/replied string ;" },
	/* whole: */
	{ "$-1\r\n", "", "a OK/replied nil ;" },
	{ "_\r\n", "", "a OK/replied nil ;" },
	{ "+fine\r\n", "", "a OK/replied status fine;" },
	{ ":17\r\n", "", "a OK/replied integer 17;" },
	{ "-ERR no\r\n", "", "a E_SERVER/replied error ERR no;" },
	{ "!6\r\nERR no\r\n", "", "a E_SERVER/replied error ERR no;" },
	{ "*1\r\n$5\r\nhello\r\n", "", "a OK/replied array ;" },
	{ "*3\r\n+1\r\n+2\r\n+3\r\n", "", "a OK/replied array ;" },
	{ "$?\r\n;5\r\nhello\r\n;0\r\n", "", "a OK/replied string hello;" },
	{ "|1\r\n+k\r\n+v\r\n$5\r\nhello\r\n", "",
	    "a OK/replied string hello;" },
	{ "+" FIFTY "\r\n", "", "a E_TOO_BIG/replied nil ;" },
	{ "*1\r\n$50\r\n" FIFTY "\r\n", "", "a E_TOO_BIG/replied nil ;" },
	/* a push comes in between */
	{ ">1\r\n$1\r\nx\r\n$5\r\nhello\r\n", "hello",
	    "push;a OK/replied string ;" },
	{ ">1\r\n$50\r\n" FIFTY "\r\n$5\r\nhello\r\n", "hello",
	    "push;a OK/replied string ;" },
};

TEST_ROWS(redis_pieces_of_a_reply, ROWS(replies))
{
	size_t len = strlen(replies[_i].text);
	char want[512], text[512];

	snprintf(want, sizeof(want),
	    "%sb OK/replied string ;c OK/replied string c;", replies[_i].told);
	snprintf(text, sizeof(text), "%s/b/", replies[_i].got);
	for (size_t split = 0; split <= len; split++) {
		begin();
		command("a", on_piece);
		command("b", on_piece);
		command("c", NULL);
		sim_run_ms(here.world, 1);
		peer_send(here.server.ends, 0, 0, replies[_i].text, split);
		sim_run_ms(here.world, 1);
		redis_virtual_say(&here, replies[_i].text + split);
		redis_virtual_say(&here, "$3\r\n/b");
		redis_virtual_say(&here, "/\r\n$1\r\nc\r\n");
		ck_assert_str_eq(told, want);
		ck_assert_str_eq(got, text);
		ck_assert_uint_eq(here.server.accepted, 1);
		redis_virtual_end(&here);
	}
}

/* And byte by byte. */
TEST_ROWS(redis_pieces_byte_by_byte, ROWS(replies))
{
	begin();
	command("a", on_piece);
	sim_run_ms(here.world, 1);
	for (const char *at = replies[_i].text; *at != '\0'; at++) {
		peer_send(here.server.ends, 0, 0, at, 1);
		sim_run_ms(here.world, 1);
	}
	ck_assert_str_eq(told, replies[_i].told);
	ck_assert_str_eq(got, replies[_i].got);
}

static const char *const bad[] = {
	"$5\r\nhello\n\n",
	"$5\r\nhello..",
	"=5\r\ntxt.x\r\n",
	"=3\r\ntxt\r\n",
	"=3\r\ntxt:more\r\n",
	"$15\nh\r\n",
	"$5x\r\n",
	"$5\n",
	"$\r\n\r\n",
	"$1234567890123456789\r\n",
	"$0000000000000000000000000000000000000",
};

TEST_ROWS(redis_pieces_that_are_none, ROWS(bad))
{
	for (int step = 0; step < 2; step++) {
		begin_with("redis://10.0.0.1?protocol=2",
		    (struct stay_redis_options){
			STAY_REDIS_OPTIONS, .resend_reads = STAY_REDIS_NO });
		command("a", on_piece);
		sim_run_ms(here.world, 1);
		peer_send(here.server.ends, 0, 0, bad[_i], (size_t)step);
		sim_run_ms(here.world, 1);
		redis_virtual_say(&here, bad[_i] + step);
		ck_assert_str_eq(told, "a E_PROTOCOL/maybe executed nil ;");
		redis_virtual_end(&here);
	}
}

/* The next session begins with a frame of its own. */
TEST(redis_pieces_end_with_the_session)
{
	begin();
	command("a", on_piece);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$99\r\n" TEN);
	sim_peer_reset(here.server.ends->wire);
	sim_run_ms(here.world, 1000);
	ck_assert_str_eq(told, "a E_LOST/maybe executed nil ;");
	ck_assert_str_eq(got, TEN);
	command("b", on_piece);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$1\r\nb\r\n");
	EXPECT_IN(told, "b OK/replied string ;");
}

static void
on_orphan(
    void *arg, struct stay_redis *of, const struct stay_redis_reply *orphan)
{
	(void)arg;
	(void)of;
	strcat(told, orphan == NULL ? "gone;" : stay_redis_str(orphan));
}

TEST(redis_pieces_of_who_has_cancelled)
{
	struct stay_call_id id;

	begin_with("redis://10.0.0.1?protocol=2",
	    (struct stay_redis_options){
		STAY_REDIS_OPTIONS, .on_orphan = on_orphan });
	id = command("a", on_piece);
	command("b", NULL);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$50\r\n" TEN);
	EXPECT_OK(stay_client_cancel(stay_redis_client(here.redis), id));
	redis_virtual_say(&here, TEN TEN TEN TEN "\r\n$1\r\nb\r\n");
	ck_assert_str_eq(told,
	    "a E_CANCELLED/maybe executed nil ;gone;b OK/replied string b;");
	ck_assert_str_eq(got, TEN);
}

/* What is no string comes whole. */
TEST(redis_pieces_that_are_none_are_an_orphan)
{
	struct stay_call_id id;

	begin_with("redis://10.0.0.1?protocol=2",
	    (struct stay_redis_options){
		STAY_REDIS_OPTIONS, .on_orphan = on_orphan });
	id = command("a", on_piece);
	sim_run_ms(here.world, 1);
	EXPECT_OK(stay_client_cancel(stay_redis_client(here.redis), id));
	redis_virtual_say(&here, "-ERR no\r\n");
	ck_assert_str_eq(told, "a E_CANCELLED/maybe executed nil ;ERR no");
}

/* In a pause the parser rests, and goes on all the same. */
static void
pause_there(void *arg, struct stay_bytes piece)
{
	on_piece(arg, piece);
	stay_client_pause(stay_redis_client(here.redis));
}

TEST(redis_pieces_in_a_pause)
{
	begin();
	command("a", pause_there);
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$15\r\n" TEN);
	peer_say(here.server.ends, "12345\r\n");
	sim_run_ms(here.world, 2000);
	ck_assert_str_eq(got, TEN);
	for (int i = 0; i < 2; i++) {
		stay_client_resume(stay_redis_client(here.redis));
		sim_run_ms(here.world, 1);
	}
	ck_assert_str_eq(got, TEN "12345");
	ck_assert_str_eq(told, "a OK/replied string ;");
}

/* What `done` gets may be kept; a piece may not. */
static void
keep(void *arg, const struct stay_result *result)
{
	(void)arg;
	EXPECT_OK(
	    stay_held_new(stay_redis_client(here.redis), result->reply, &held));
}

static void
try_to_keep(void *arg, struct stay_bytes piece)
{
	(void)arg;
	ck_assert_int_eq(
	    stay_held_new(stay_redis_client(here.redis), piece.data, &held),
	    STAY_E_STATE);
}

TEST(redis_pieces_and_what_may_be_kept)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.piece = try_to_keep };

	begin();
	EXPECT_OK(
	    stay_redis_command_with(here.redis, &options, keep, NULL, "GET a"));
	sim_run_ms(here.world, 1);
	redis_virtual_say(&here, "$1\r\na\r\n");
	ck_assert_int_eq(
	    stay_redis_type_of(stay_held_reply(held)), STAY_REDIS_STRING);
	ck_assert_str_eq(stay_redis_str(stay_held_reply(held)), "");
	stay_held_free(held);
}

TEST(promise_9_redis_pieces_without_memory)
{
	bool failed = true;

	for (unsigned nth = 1; failed; nth++) {
		begin();
		command("a", on_piece);
		sim_run_ms(here.world, 2000);
		peer_say(here.server.ends, "$1\r\na\r\n");
		scarce_arm(nth);
		sim_run_ms(here.world, 1);
		failed = scarce_disarm();
		ck_assert(failed || strcmp(told, "a OK/replied string ;") == 0);
		ck_assert_uint_le(nth, 8);
		redis_virtual_end(&here);
	}
}

TEST_SUITE_WITH(redis_pieces, .after = redis_virtual_after)
