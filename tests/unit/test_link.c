/* A stream from its dial to its end, and what its owner is told of it. */
#include <errno.h>
#include <string.h>

#include "stream/transport.h"
#include "suites.h"
#include "support/link_rig.h"
#include "support/peer_virtual.h"

static const struct peer_row greeting[] = { ON(PEER_ACCEPTS, "hello"),
	NO_MORE };

static struct peer greeter = { .rows = greeting };
static struct peer silent;

static void
rig_open(struct rig *rig, struct peer *server)
{
	peer_listen(server, rig->world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(rig, 1000));
	sim_run_ms(rig->world, 10);
}

static struct rig rig;

static void
begin(void)
{
	rig_init(&rig);
}

static void
end(void)
{
	rig_fini(&rig);
}

/* ---- in a callback that waits by itself ---- */

static struct {
	struct stay__task task;
	uint64_t took_ms;
} nested;

static void
wait_inside(struct stay__task *task)
{
	uint64_t before = sim_now_ms(rig.world);

	(void)task;
	peer_say(silent.ends, "hello");
	stay__link_want_write(&rig.link);
	sim_run_ms(rig.world, 50);
	nested.took_ms = sim_now_ms(rig.world) - before;
}

/* What is ready then is told once, and does not keep it from sleeping. */
TEST(link_lets_a_nested_wait_sleep)
{
	rig_open(&rig, &silent);
	stay__task_init(&nested.task, wait_inside);
	stay__loop_run_soon(rig.loop, &nested.task);
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(nested.took_ms, 50);
	ck_assert_str_eq(rig.news, "granted up readable writable");
	ck_assert_mem_eq(rig.got, "hello", 5);
}

static void
just_wait(struct stay__task *task)
{
	(void)task;
	peer_say(silent.ends, "hello");
	sim_run_ms(rig.world, 50);
}

/* What comes afterwards is told, too. */
TEST(link_reads_on_behind_a_nested_wait)
{
	rig_open(&rig, &silent);
	stay__task_init(&nested.task, just_wait);
	stay__loop_run_soon(rig.loop, &nested.task);
	sim_run_ms(rig.world, 10);
	peer_say(silent.ends, " again");
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(rig.got_len, 11);
	ck_assert_mem_eq(rig.got, "hello again", 11);
}

static void
fail_inside(struct stay__task *task)
{
	stay__link_fail(&rig.link, STAY_E_SILENT, 0);
	just_wait(task);
}

/* Whose stream has failed is told of nothing else. */
TEST(link_that_has_failed_is_not_read)
{
	rig_open(&rig, &silent);
	stay__task_init(&nested.task, fail_inside);
	stay__loop_run_soon(rig.loop, &nested.task);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up down");
}

static void
begin_anew_inside(struct stay__task *task)
{
	wait_inside(task);
	stay__link_close(&rig.link);
	rig.news[0] = '\0';
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
}

/* What was ready there is not the next stream's. */
TEST(link_begins_anew_in_a_nested_wait)
{
	rig_open(&rig, &silent);
	stay__task_init(&nested.task, begin_anew_inside);
	stay__loop_run_soon(rig.loop, &nested.task);
	sim_run_ms(rig.world, 10);
	ck_assert(rig_settle(&rig, 100));
	rig.got_len = 0;
	sim_run_ms(rig.world, 10);
	peer_say(silent.ends, "more");
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(rig.got_len, 4);
}

/* It cannot be watched again. */
TEST(link_ends_behind_a_nested_wait)
{
	rig_open(&rig, &silent);
	stay__task_init(&nested.task, wait_inside);
	stay__loop_run_soon(rig.loop, &nested.task);
	sim_fail(rig.world, SIM_WATCH, 2, -ENOMEM);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable down");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
}

/* ---- how it ends ---- */

TEST(link_reads_to_the_end)
{
	rig_open(&rig, &greeter);
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.1:7");
	ck_assert(stay__link_is_open(&rig.link));
	peer_do(greeter.ends, 0, PEER_CLOSE);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable readable down");
	ck_assert_uint_eq(rig.got_len, 5);
	ck_assert_mem_eq(rig.got, "hello", 5);
	ck_assert_int_eq(rig.link.failure.status, STAY_E_CLOSED);
	ck_assert_str_eq(rig_failure(&rig), "10.0.0.1:7 closed by the peer");
	ck_assert(!stay__link_is_open(&rig.link));
	ck_assert_uint_eq(sim_open_fds(rig.world), 0);
}

TEST(link_tells_a_reset)
{
	rig_open(&rig, &silent);
	peer_do(silent.ends, 0, PEER_RESET);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable down");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_RESET);
	ck_assert_int_eq(rig.link.failure.system, -ECONNRESET);
	ck_assert_str_eq(
	    rig_failure(&rig), "10.0.0.1:7 reset by the peer (ECONNRESET)");
}

TEST_ROWS(link_remembers_the_error_of_a_read, 2)
{
	static const struct {
		int error;
		enum stay_status status;
		const char *says;
	} rows[] = {
		{ ETIMEDOUT, STAY_E_TIMEOUT,
		    "10.0.0.1:7 timed out (ETIMEDOUT)" },
		{ EPERM, STAY_E_UNREACHABLE,
		    "10.0.0.1:7 not permitted (EPERM)" },
	};
	char bytes[8];

	rig_open(&rig, &silent);
	sim_fail(rig.world, SIM_READ, 1, -rows[_i].error);
	ck_assert_int_eq(stay__link_read(&rig.link, bytes, 8), -rows[_i].error);
	stay__link_fail(&rig.link, rows[_i].status, 0);
	ck_assert_str_eq(rig_failure(&rig), rows[_i].says);
	ck_assert_int_eq(stay__link_read(&rig.link, bytes, 8), -ECANCELED);
	/* and forgets it with its stream */
	stay__link_close(&rig.link);
	rig.news[0] = '\0';
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&rig, 1000));
	stay__link_fail(&rig.link, rows[_i].status, 0);
	ck_assert_int_eq(rig.link.failure.system, 0);
	ck_assert_str_ne(rig_failure(&rig), "");
	ck_assert_ptr_null(strchr(rig_failure(&rig), '('));
}

TEST(link_fails_for_reasons_of_its_owner)
{
	rig_open(&rig, &silent);
	stay__link_fail(&rig.link, STAY_E_SILENT, 0);
	stay__link_fail(&rig.link, STAY_E_IO, 0); /* the first reason stands */
	ck_assert_str_eq(rig.news, "granted up");
	ck_assert(!stay__link_is_open(&rig.link));
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up down");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_SILENT);
	ck_assert_str_eq(rig_failure(&rig), "10.0.0.1:7: the peer went silent");
}

TEST(link_that_cannot_write_is_down)
{
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	rig_open(&rig, &silent);
	sim_fail(rig.world, SIM_WRITE, 1, -EPIPE);
	ck_assert_int_eq(
	    stay__link_write(&rig.link, &part, 1, &taken), STAY_E_RESET);
	ck_assert_uint_eq(taken, 0);
	ck_assert_int_eq(
	    stay__link_write(&rig.link, &part, 1, &taken), STAY_E_STATE);
	ck_assert_str_eq(rig.news, "granted up");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up down");
	ck_assert_str_eq(
	    rig_failure(&rig), "10.0.0.1:7 reset by the peer (EPIPE)");
}

TEST(link_that_cannot_be_watched_is_down)
{
	peer_listen(&silent, rig.world, "/x", 0);
	sim_fail(rig.world, SIM_WATCH, 1, -ENOMEM);
	EXPECT_OK(rig_dial(&rig, "unix /x"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_str_eq(rig.news, "granted down");
	ck_assert_str_eq(rig_failure(&rig), "unix:/x out of memory (ENOMEM)");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
}

TEST(link_explains_a_stream_that_is_not_ready)
{
	rig_open(&rig, &silent);
	stay__link_explain(&rig.link, 1500);
	ck_assert_str_eq(
	    rig_failure(&rig), "10.0.0.1:7 open, but not ready after 1.5 s");
	ck_assert_int_eq(rig.link.failure.system, 0);
	/* Its owner may go on with it: nothing has failed. */
	ck_assert(stay__link_is_open(&rig.link));
	stay__link_close(&rig.link);
}

/* ---- no news inside calls ---- */

TEST(promise_5_news_wait_for_the_turn)
{
	peer_listen(&greeter, rig.world, "/x", 0);
	EXPECT_OK(rig_dial(&rig, "unix /x"));
	ck_assert_str_eq(rig.news, "");
	ck_assert(rig_settle(&rig, 0));
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable");
	ck_assert_str_eq(rig.link.peer->text, "unix:/x");
}

TEST(link_closes_silently)
{
	rig_open(&rig, &greeter);
	stay__link_want_write(&rig.link);
	peer_say(greeter.ends, "more");
	stay__link_close(&rig.link);
	sim_run_ms(rig.world, 100);
	ck_assert_str_eq(rig.news, "granted up readable");
}

TEST(link_shows_every_turn_of_its_machine)
{
	rig_open(&rig, &silent);
	stay__link_close(&rig.link);
	stay__link_close(&rig.link); /* it is */
	ck_assert_str_eq(
	    rig.turns, "closed>queued>resolving>dialing>open>closed");
}

/* ---- anything may be done in news ---- */

static enum stay__link_news closing_news;

static void
close_then(struct rig *one, enum stay__link_news news)
{
	if (news != closing_news)
		return;
	stay__link_close(&one->link);
	stay__link_fini(&one->link);
	stay__task_cancel(&one->run);
	memset(&one->link, 0xff, sizeof(one->link));
}

static void
write_until_full(struct rig *one)
{
	static char much[4096];
	struct iovec part = { much, sizeof(much) };
	size_t taken;

	do
		EXPECT_OK(stay__link_write(&one->link, &part, 1, &taken));
	while (taken > 0);
	stay__link_want_write(&one->link);
}

TEST_ROWS(
    link_may_be_gone_after_any_news, STAY__NEWS_DOWN + 1 - STAY__NEWS_GRANTED)
{
	struct sim_limits tight = { .send_buffer = 100 };
	struct rig one, other;

	closing_news = (enum stay__link_news)(STAY__NEWS_GRANTED + _i);
	rig_init(&other);
	sim_limits_set(other.world, &tight);
	peer_listen(&greeter, other.world, "10.0.0.1", 7);
	rig_join(&one, &other);
	one.hook = close_then;
	EXPECT_OK(rig_dial(&one, "tcp 10.0.0.1 7"));
	if (closing_news >= STAY__NEWS_WRITABLE) {
		rig_settle(&one, 1000);
		write_until_full(&one);
	}
	if (closing_news == STAY__NEWS_DOWN) {
		sim_run_ms(one.world, 10);
		peer_do(greeter.ends, 0, PEER_CLOSE);
	}
	sim_run_ms(one.world, 1000);
	ck_assert_uint_eq(sim_open_fds(one.world), 0);
	rig_fini(&other);
}

TEST(link_may_be_gone_when_it_has_won_unheard)
{
	struct rig one, other;

	closing_news = STAY__NEWS_GRANTED;
	rig_init(&other);
	peer_listen(&silent, other.world, "/x", 0);
	rig_join(&one, &other);
	one.hook = close_then;
	EXPECT_OK(rig_dial(&one, "unix /x"));
	sim_run_ms(one.world, 10);
	ck_assert_uint_eq(sim_calls(one.world, SIM_CONNECT), 1);
	ck_assert_uint_eq(sim_open_fds(one.world), 0);
	rig_fini(&other);
}

static void
dial_again(struct rig *one, enum stay__link_news news)
{
	if (news != STAY__NEWS_DOWN)
		return;
	peer_listen(&silent, one->world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(one, "tcp 10.0.0.1 7"));
}

TEST(link_may_dial_again_when_it_is_down)
{
	rig.hook = dial_again;
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	sim_run_ms(rig.world, 100);
	ck_assert_str_eq(rig.news, "granted down granted up");
	ck_assert_str_eq(rig_failure(&rig), "");
}

/* Of a stream that has ended nothing is left in the next. */
TEST(link_begins_each_stream_anew)
{
	rig_open(&rig, &silent);
	ck_assert(stay__link_shutdown(&rig.link));
	peer_do(silent.ends, 0, PEER_CLOSE);
	sim_run_ms(rig.world, 10);
	ck_assert(rig_is_down(&rig));
	ck_assert(rig.link.has_ended && rig.link.is_shut);
	stay__link_pause(&rig.link, true);
	rig.news[0] = '\0';
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	ck_assert_ptr_null(rig.link.peer);
	ck_assert(rig_settle(&rig, 100));
	ck_assert(!rig.link.has_ended && !rig.link.is_shut);
	sim_run_ms(rig.world, 10);
	peer_say(silent.ends, "x");
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(rig.got_len, 1);
}

/* ---- bytes ---- */

static size_t received;
static bool in_order;

static void
count(struct peer_end *end, const struct peer_request *request)
{
	const struct peer_word *word = &request->words[0];

	(void)end;
	for (size_t i = 0; i < word->len; i++)
		in_order = in_order &&
			   (unsigned char)word->text[i] == (received + i) % 251;
	received += word->len;
}

static const struct peer_row counting[] = { ON(PEER_ACCEPTS, "hello"),
	DO(PEER_ANYTHING, count), NO_MORE };
static struct peer counter = { .rows = counting };

TEST(link_writes_piecemeal)
{
	struct sim_limits tight = {
		.send_buffer = 1000, .write_max = 97, .ragged = true
	};
	char bytes[20000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i % 251);
	received = 0;
	in_order = true;
	sim_limits_set(rig.world, &tight);
	peer_listen(&counter, rig.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&rig, 1000));
	rig_send(&rig, bytes, sizeof(bytes));
	sim_run_ms(rig.world, 100);
	ck_assert_uint_eq(received, sizeof(bytes));
	ck_assert(in_order);
}

TEST(link_tells_room_once_a_wish)
{
	rig_open(&rig, &silent);
	stay__link_want_write(&rig.link);
	stay__link_want_write(&rig.link);
	ck_assert_str_eq(rig.news, "granted up");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up writable");
}

TEST(link_reads_before_it_writes)
{
	rig_open(&rig, &silent);
	peer_say(silent.ends, "x");
	stay__link_want_write(&rig.link);
	sim_sleep_ms(rig.world, 10);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable writable");
}

/* ---- descriptors of others ---- */

TEST(link_adopts_one_descriptor)
{
	int fd;

	received = 0;
	in_order = true;
	fd = peer_adopted(&counter, rig.world);
	sim_run_ms(rig.world, 1);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	ck_assert_str_eq(rig.news, "");
	ck_assert_int_eq(strncmp(rig.link.peer->text, "fd:", 3), 0);
	stay__link_want_write(&rig.link);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up readable writable");
	rig_send(&rig, "\0\1\2", 3);
	sim_run_ms(rig.world, 10);
	ck_assert_uint_eq(received, 3);
}

TEST(link_adopts_a_reader_and_a_writer)
{
	int in[2], out[2];
	char byte;

	sim_pair(rig.world, in);
	sim_pair(rig.world, out);
	EXPECT_OK(stay__link_adopt(&rig.link, in[0], out[0]));
	stay__link_want_write(&rig.link);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up writable");
	rig_send(&rig, "x", 1);
	sim_run_ms(rig.world, 10);
	ck_assert_int_eq(rig.loop->ops->read(rig.world, out[1], &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	rig.loop->ops->close(rig.world, in[1]);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up writable readable down");
	rig.loop->ops->close(rig.world, out[1]);
}

/* Also when both are waited for; and then it may have one descriptor. */
TEST(link_lets_go_of_a_reader_and_a_writer)
{
	int in[2], out[2], fd;

	sim_pair(rig.world, in);
	sim_pair(rig.world, out);
	EXPECT_OK(stay__link_adopt(&rig.link, in[0], out[0]));
	sim_run_ms(rig.world, 10);
	stay__link_want_write(&rig.link);
	stay__link_close(&rig.link);
	ck_assert_ptr_null(rig.link.writer);
	sim_adopted(rig.world, NULL, NULL, &fd);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up up");
	rig.loop->ops->close(rig.world, in[1]);
	rig.loop->ops->close(rig.world, out[1]);
}

/* Of two descriptors, too: only what can be read waits. */
TEST(link_that_is_paused_tells_of_room)
{
	int in[2], out[2];

	sim_pair(rig.world, in);
	sim_pair(rig.world, out);
	EXPECT_OK(stay__link_adopt(&rig.link, in[0], out[0]));
	sim_run_ms(rig.world, 10);
	stay__link_pause(&rig.link, true);
	rig.loop->ops->close(rig.world, in[1]);
	stay__link_want_write(&rig.link);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up writable");
	stay__link_pause(&rig.link, false);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up writable readable down");
	stay__link_pause(&rig.link, false); /* there is none any more */
	rig.loop->ops->close(rig.world, out[1]);
}

/* Room is there, and its news cannot be stopped. */
TEST(link_that_cannot_be_watched_for_less_ends)
{
	rig_open(&rig, &silent);
	stay__link_want_write(&rig.link);
	rig_watch_for_no_less(&rig);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up down");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
}

static const struct {
	bool later;
	uint64_t ms;
	unsigned calls;
} alive[] = { { true, 1, 1 }, { true, 0, 0 }, { false, 1, 0 } };

/* Only what was left for later, if it is wanted and the stream is there. */
TEST_ROWS(link_is_kept_alive_later, LEN(alive))
{
	const struct stay_socket_options options = {
		.keepalive_later = alive[_i].later, .keepalive_ms = alive[_i].ms
	};

	rig_open(&rig, &silent);
	stay__link_keep_alive(&rig.link, &options);
	ck_assert_uint_eq(
	    sim_calls(rig.world, SIM_KEEP_ALIVE), alive[_i].calls);
	stay__link_close(&rig.link);
	stay__link_keep_alive(&rig.link, &options);
	ck_assert_uint_eq(
	    sim_calls(rig.world, SIM_KEEP_ALIVE), alive[_i].calls);
}

TEST(link_that_cannot_be_kept_alive_ends)
{
	const struct stay_socket_options options = { .keepalive_later = true,
		.keepalive_ms = 1 };

	rig_open(&rig, &silent);
	sim_fail(rig.world, SIM_KEEP_ALIVE, 1, -EBADF);
	stay__link_keep_alive(&rig.link, &options);
	ck_assert_str_eq(rig.news, "granted up");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up down");
}

TEST(link_that_cannot_go_on_ends)
{
	int fd;

	sim_adopted(rig.world, NULL, NULL, &fd);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	sim_run_ms(rig.world, 10);
	stay__link_pause(&rig.link, true);
	sim_fail(rig.world, SIM_WATCH, 1, -ENOMEM);
	stay__link_pause(&rig.link, false);
	ck_assert_str_eq(rig.news, "up");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "up down");
}

TEST(link_dials_a_descriptor)
{
	char target[32];
	int fd;

	sim_adopted(rig.world, NULL, NULL, &fd);
	snprintf(target, sizeof(target), "fd %d", fd);
	EXPECT_OK(rig_dial(&rig, target));
	ck_assert(rig_settle(&rig, 10));
	ck_assert_int_eq(strncmp(rig.link.peer->text, "fd:", 3), 0);
}

TEST(link_that_adopts_forgets_an_earlier_failure)
{
	int fd;

	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.7 7"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_str_ne(rig_failure(&rig), "");
	stay__link_close(&rig.link);
	sim_adopted(rig.world, NULL, NULL, &fd);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted down up");
	ck_assert_str_eq(rig_failure(&rig), "");
}

TEST(link_that_adopts_what_it_cannot_watch_is_down)
{
	int fd;

	sim_adopted(rig.world, NULL, NULL, &fd);
	sim_fail(rig.world, SIM_WATCH, 1, -ENOMEM);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	ck_assert_str_eq(rig.news, "");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "down");
	ck_assert_str_eq(rig.turns, "closed>open>closed");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
	EXPECT_IN(rig_failure(&rig), "out of memory");
	ck_assert_uint_eq(sim_open_fds(rig.world), 0);
}

TEST(link_leaves_what_it_cannot_adopt)
{
	int fd;

	sim_adopted(rig.world, NULL, NULL, &fd);
	ck_assert_int_eq(stay__link_adopt(&rig.link, -1, fd), STAY_E_ARG);
	sim_fail(rig.world, SIM_ADOPT, 1, -EBADF);
	ck_assert_int_eq(stay__link_adopt(&rig.link, fd, fd), STAY_E_IO);
	sim_fail(rig.world, SIM_ADOPT, 1, -EBADF);
	ck_assert_int_eq(stay__link_adopt(&rig.link, fd, fd + 1), STAY_E_IO);
	ck_assert_ptr_null(rig.link.writer);
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
	EXPECT_OK(rig_dial(&rig, "fd x"));
	ck_assert(!rig_settle(&rig, 10));
	ck_assert_str_eq(
	    rig_failure(&rig), "fd:x not a usable address (EINVAL)");
	rig.loop->ops->close(rig.world, fd);
}

/* ---- transports of users ---- */

static int
open_echo(void *state, struct stay_world *world,
    const struct stay_target *target, const struct stay_address *address,
    const struct stay_socket_options *options, int fds[2])
{
	int *fd = state;

	(void)options;
	ck_assert_ptr_null(address);
	ck_assert_mem_eq(target->path, "there", 5);
	*fd = peer_adopted(&greeter, world);
	fds[0] = fds[1] = *fd;
	return -EINPROGRESS;
}

static ssize_t
read_echo(void *state, struct stay_world *world, void *bytes, size_t len)
{
	return world->ops->read(world, *(int *)state, bytes, len);
}

static ssize_t
write_echo(void *state, struct stay_world *world, const struct iovec *parts,
    int count_of)
{
	return world->ops->write(world, *(int *)state, parts, count_of);
}

static void
close_echo(void *state, struct stay_world *world)
{
	world->ops->close(world, *(int *)state);
}

static const struct stay_transport echo = {
	STAY_TRANSPORT,
	.scheme = "echo",
	.state_size = sizeof(int),
	.open = open_echo,
	.read = read_echo,
	.write = write_echo,
	.close = close_echo,
};

TEST(link_uses_a_transport_of_the_user)
{
	ck_assert_int_eq(rig_dial(&rig, "echo there"), STAY_E_UNSUPPORTED);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &echo));
	EXPECT_OK(rig_dial(&rig, "echo there"));
	ck_assert(rig_settle(&rig, 10));
	ck_assert_str_eq(rig.link.peer->text, "echo:there");
	peer_say(greeter.ends, "x");
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted up readable");
}

/* Its path may be of any length. */
TEST(link_tells_that_the_name_of_its_peer_is_cut)
{
	char target[500];
	const char *peer;

	snprintf(target, sizeof(target), "echo there%0450d", 0);
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &echo), STAY_OK);
	ck_assert_int_eq(rig_dial(&rig, target), STAY_OK);
	ck_assert(rig_settle(&rig, 10));
	peer = rig.link.peer->text;
	ck_assert_uint_gt(strlen(peer), 300);
	ck_assert_str_eq(peer + strlen(peer) - 4, "0...");
}

TEST(transport_of_another_make_is_refused)
{
	struct stay_transport other = echo;

	ck_assert_int_eq(stay_loop_add_transport(rig.loop, NULL), STAY_E_ARG);
	EXPECT_OK(stay_loop_add_transport(rig.loop, &echo));
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &echo), STAY_E_ARG);
	other.scheme = "tcp";
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &other), STAY_E_ARG);
	other.scheme = "other";
	other.flags = 1;
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &other), STAY_E_ABI);
	other.flags = 0;
	other.size++;
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &other), STAY_E_ABI);
	other.size--;
	other.read = NULL;
	ck_assert_int_eq(stay_loop_add_transport(rig.loop, &other), STAY_E_ARG);
}

TEST(transports_of_a_loop_are_bounded)
{
	static char schemes[STAY__TRANSPORTS_MAX + 1][16];
	static struct stay_transport many[STAY__TRANSPORTS_MAX + 1];

	for (int i = 0; i <= STAY__TRANSPORTS_MAX; i++) {
		snprintf(schemes[i], sizeof(schemes[i]), "echo%d", i);
		many[i] = echo;
		many[i].scheme = schemes[i];
		ck_assert_int_eq(stay_loop_add_transport(rig.loop, &many[i]),
		    i < STAY__TRANSPORTS_MAX ? STAY_OK : STAY_E_FULL);
	}
}

/* ---- promise 12: in a child it is the parent's ---- */

static void
fork_away(struct rig *one)
{
	sim_fork(one->world);
	stay__link_orphan(&one->link);
}

static void
fork_when_granted(struct rig *one, enum stay__link_news news)
{
	if (news == STAY__NEWS_GRANTED)
		fork_away(one);
}

/* A fork finds it queued, resolving, dialing, won and not yet taken, open. */
TEST_ROWS(promise_12_a_child_fails_a_stream_in_any_state, 5)
{
	static const uint64_t after_ms[] = { 0, 20, 60, 0, 200 };
	bool won = _i == 3;

	sim_name_set(rig.world, "db", "10.0.0.1", 50, 0);
	peer_listen(&silent, rig.world, "10.0.0.1", 7);
	sim_address_set(rig.world, "10.0.0.1", 7, SIM_ACCEPT, 50);
	peer_listen(&silent, rig.world, "/x", 0);
	rig.hook = won ? fork_when_granted : NULL;
	EXPECT_OK(rig_dial(&rig, won ? "unix /x" : "tcp db 7"));
	sim_run_ms(rig.world, after_ms[_i]);
	if (!won)
		fork_away(&rig);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(
	    rig.news, _i == 4 ? "granted up down" : "granted down");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_FORKED);
	ck_assert(strstr(rig_failure(&rig), "belongs to the parent process"));
	ck_assert_uint_eq(sim_open_fds(rig.world), 0);
	ck_assert_uint_eq(sim_leaked(rig.world), 0);
	ck_assert_int_eq(rig_dial(&rig, "unix /x"), STAY_E_FORKED);
	ck_assert_int_eq(stay__link_adopt(&rig.link, 0, 1), STAY_E_FORKED);
	ck_assert_int_eq(stay__link_adopt(&rig.link, 1, 0), STAY_E_FORKED);
}

/* Who waits for the governor is granted when the others have failed, and fails. */
TEST(promise_12_a_child_fails_a_stream_that_waits_for_its_turn)
{
	struct rig other;

	rig_join(&other, &rig);
	EXPECT_OK(stay_loop_set_dials_max(rig.loop, 1));
	sim_address_set(rig.world, "10.0.0.1", 7, SIM_BLACK_HOLE, 0);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.9 7, tcp 10.0.0.1 7"));
	EXPECT_OK(rig_dial(&other, "tcp 10.0.0.1 7"));
	sim_run_ms(rig.world, 10);
	sim_fork(rig.world);
	stay__link_orphan(&other.link);
	stay__link_orphan(&rig.link);
	sim_run_ms(rig.world, 10);
	ck_assert_str_eq(rig.news, "granted down");
	ck_assert_str_eq(other.news, "granted down");
	ck_assert_str_eq(
	    rig_failure(&rig), "the loop belongs to the parent process");
	ck_assert_int_eq(rig.link.failure.system, 0);
	stay__link_fini(&other.link);
}

/* ---- promise 10: whatever operation fails, nothing is left behind ---- */

static void
live_a_life(struct rig *one)
{
	sim_name_set(one->world, "db", "10.0.0.1 ::1", 1, 0);
	sim_address_set(one->world, "::1", 7, SIM_UNREACHABLE, 400);
	peer_listen(&greeter, one->world, "10.0.0.1", 7);
	if (rig_dial(one, "tcp db 7, tcp 10.0.0.2 7") != STAY_OK)
		return;
	sim_run_ms(one->world, 1000);
	stay__link_want_write(&one->link);
	sim_run_ms(one->world, 10);
	rig_send(one, "bye", 3);
	sim_run_ms(one->world, 10);
}

TEST(promise_10_any_operation_may_fail)
{
	struct rig one;
	uint64_t calls, n = 0;

	do {
		n++;
		rig_init(&one);
		sim_fail(one.world, SIM_OP_COUNT, n, -ENOMEM);
		live_a_life(&one);
		ck_assert(rig_is_up(&one) || rig_is_down(&one));
		if (rig_is_down(&one))
			ck_assert_int_ne(one.link.failure.status, STAY_OK);
		calls = sim_calls_fallible(one.world);
		rig_fini(&one);
	} while (n <= calls);
	ck_assert_uint_gt(n, 8);
}

TEST_SUITE_WITH(link, .before = begin, .after = end)
