/* A filter between a client and its transport: the toy, and what it can do. */
#include <stay/filter.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "line_rig.h"
#include "sim/world_sim.h"
#include "suites.h"
#include "support/link_rig.h"
#include "support/scarce.h"
#include "support/toy_filter.h"

#define LINES_URL "lines://10.0.0.1:7777"

static struct line_rig rig;
static struct rig ends_rig;
static struct toy_filter toy;
static struct toy_terms terms;
static char long_line[100001];

static void
prepare(void)
{
	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refused = 0 };
	memset(long_line, 'x', sizeof(long_line) - 1);
	line_prepare(&rig);
	rig.url = LINES_URL;
	rig.server.toy = &terms;
}

static void
begin(void)
{
	prepare();
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	(void)line_told(&rig);
}

/* Everybody has let go of it. */
static void
end(void)
{
	line_after();
	if (ends_rig.loop != NULL)
		rig_fini(&ends_rig);
	ck_assert_uint_eq(toy.held, 0);
	ck_assert_uint_eq(toy.opened, toy.closed);
}

TEST(filter_seals_both_ways)
{
	begin();
	ck_assert_str_eq(toy.last_peer, "10.0.0.1");
	line_call(&rig, "a", LINE("say +a"));
	LINE_TELLS(&rig, 10, "a OK/replied +a;");
	ck_assert_str_eq(line_got(&rig), "say +a;");
	stay_client_stop(rig.client, STAY_OK);
	line_run(&rig, 10);
	ck_assert_uint_eq(toy.said_end, 1);
	ck_assert_uint_eq(terms.ended, 1);
}

static unsigned reads;
static struct stay_filter_ops counting;

static ssize_t
counted_read(void *state, struct stay_filter_io *io, void *bytes, size_t len)
{
	static struct toy_filter plain;

	toy_filter_init(&plain);
	reads++;
	return plain.filter.ops->read(state, io, bytes, len);
}

/* A record that was read to its end is not asked for more: the kernel says when there
 * is some. */
TEST(filter_is_not_read_in_vain)
{
	prepare();
	counting = *toy.filter.ops;
	counting.read = counted_read;
	toy.filter.ops = &counting;
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	reads = 0;
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 10);
	ck_assert_uint_eq(reads, 2);
}

static void
wait_inside(struct stay__task *task)
{
	(void)task;
	sim_run_ms(rig.world, 20);
}

/* At each step of the way a callback runs the loop around this one, and it can sleep. */
TEST_ROWS(filter_goes_on_behind_a_nested_wait, 12)
{
	struct stay__task task;

	prepare();
	stay__task_init(&task, wait_inside);
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_call(&rig, "a", LINE("say +a"));
	for (int step = 0; step < _i; step++)
		(void)sim_step(rig.world);
	stay__loop_run_soon(rig.loop, &task);
	line_run(&rig, 20);
	EXPECT_IN(line_told(&rig), "a OK/replied +a;");
}

TEST(filter_of_the_loop_serves_who_has_none)
{
	static const struct stay_filter_ops wrong;
	struct stay_filter broken = { &wrong };

	prepare();
	ck_assert_int_eq(stay_loop_set_filter(rig.loop, &broken), STAY_E_ABI);
	EXPECT_OK(stay_loop_set_filter(rig.loop, &toy.filter));
	EXPECT_OK(stay_loop_set_filter(rig.loop, &toy.filter));
	ck_assert_uint_eq(toy.held, 1);
	ck_assert_uint_eq(toy.let_go, 0); /* not even in between */
	line_start(&rig, NULL);
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 10);
	EXPECT_IN(line_told(&rig), "a OK/replied +a;");
}

/* What has no word for it that it may be left out is there. */
static const size_t needed[] = {
	offsetof(struct stay_filter_ops, hold),
	offsetof(struct stay_filter_ops, drop),
	offsetof(struct stay_filter_ops, open),
	offsetof(struct stay_filter_ops, secure),
	offsetof(struct stay_filter_ops, read),
	offsetof(struct stay_filter_ops, write),
	offsetof(struct stay_filter_ops, close),
};

TEST_ROWS(filter_lacks_a_function, LEN(needed))
{
	struct stay_filter_ops ops;
	struct stay_filter broken = { &ops };

	prepare();
	ops = *toy.filter.ops;
	memset((char *)&ops + needed[_i], 0, sizeof(ops.hold));
	ck_assert_int_eq(stay_loop_set_filter(rig.loop, &broken), STAY_E_ABI);
	line_start(&rig, OPTIONS(.filter = &toy.filter));
}

TEST(filter_of_the_loop_serves_several_places)
{
	static const char *const urls[] = { LINES_URL, NULL };

	prepare();
	rig.url = "lines://10.0.0.9:7777";
	EXPECT_OK(stay_loop_set_filter(rig.loop, &toy.filter));
	line_start(&rig, OPTIONS(.urls = urls));
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 100);
	EXPECT_IN(line_told(&rig), "a OK/replied +a;");
}

TEST(filter_that_is_missing_or_wrong_is_rejected_at_once)
{
	static const struct stay_filter_ops wrong;
	struct stay_filter broken = { &wrong };
	struct stay_client *client;

	prepare();
	ck_assert_int_eq(stay_client_start(&client, rig.loop, &line_protocol,
			     LINES_URL, NULL),
	    STAY_E_NO_TLS);
	ck_assert_str_eq(stay_loop_rejection(rig.loop),
	    "lines:// asks for TLS, and there is none: link libstay-tls and "
	    "call stay_tls_add for the loop, or set the option filter");
	ck_assert_int_eq(stay_client_start(&client, rig.loop, &line_protocol,
			     LINES_URL, OPTIONS(.filter = &broken)),
	    STAY_E_ABI);
	toy.rejects = STAY_E_URL;
	ck_assert_int_eq(stay_client_start(&client, rig.loop, &line_protocol,
			     LINES_URL "?a=b", OPTIONS(.filter = &toy.filter)),
	    STAY_E_URL);
	ck_assert_str_eq(
	    stay_loop_rejection(rig.loop), "the toy does not like a=b");
	ck_assert_uint_eq(toy.held, 0);
	toy.rejects = STAY_OK;
	rig.url = LINE_URL;
	rig.server.toy = NULL;
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_run(&rig, 10);
	ck_assert_uint_eq(toy.opened, 0);
}

static bool
yes(void *arg)
{
	(void)arg;
	return true;
}

static unsigned
late(void *arg)
{
	(void)arg;
	return 200;
}

TEST_ROWS(filter_that_fails_says_why, 5)
{
	static const struct peer_row greets[] = { ON(PEER_ACCEPTS, "+hello\n"),
		NO_MORE };
	static const struct peer_row hangs_up[] = {
		ON(PEER_ACCEPTS, PEER_SHUTS), NO_MORE
	};
	static const struct {
		const struct peer_row *rows; /* of a peer without a toy */
		enum stay_status refuses;
		enum stay_status status;
		const char *says;
	} rows[] = {
		{ NULL, STAY_OK, STAY_E_NOT_READY, "the toy is refused" },
		{ NULL, STAY_E_INSECURE, STAY_E_INSECURE, "the toy will not" },
		{ greets, STAY_OK, STAY_E_INSECURE, "the peer has no toy" },
		{ hangs_up, STAY_OK, STAY_E_CLOSED, "the toy was cut off" },
		{ NULL, STAY_E_NOMEM, STAY_E_NOMEM, "the toy will not" },
	};
	char says[256];

	prepare();
	terms.refuses = yes;
	toy.refuses = rows[_i].refuses;
	if (rows[_i].rows != NULL) {
		rig.server.toy = NULL;
		rig.server.rows = rows[_i].rows;
	}
	line_start(&rig, OPTIONS(.filter = &toy.filter));
	line_call(&rig, "a", LINE("say +a"));
	line_run(&rig, 10);
	snprintf(says, sizeof(says),
	    "connect lines://10.0.0.1:7777: 10.0.0.1:7777: %s", rows[_i].says);
	ck_assert_ptr_eq(strstr(line_failure(&rig), says), line_failure(&rig));
	ck_assert_int_eq(stay_status_class(rows[_i].status) == STAY_CLASS_FATAL,
	    strstr(line_told(&rig), "a E_INSECURE/not sent") != NULL);
	ck_assert_ptr_null(strstr(line_got(&rig), "say"));
	line_end(&rig);
	ck_assert_uint_eq(toy.held, 0);
}

TEST(filter_that_is_late_uses_up_the_budget)
{
	prepare();
	terms.late_ms = late;
	line_start(
	    &rig, OPTIONS(.filter = &toy.filter, .connect_budget_ms = 150));
	line_run(&rig, 100);
	ck_assert_str_eq(line_told(&rig), "init 10.0.0.1;");
	line_run(&rig, 60);
	EXPECT_IN(line_failure(&rig),
	    "10.0.0.1:7777 open, but not secure after 150 ms");
	terms.late_ms = NULL;
	line_run(&rig, 1000);
	EXPECT_IN(line_told(&rig), "up;");
}

/* Its owner may give it more time. */
TEST(filter_that_is_late_may_be_waited_for)
{
	struct peer server = { .toy = &terms };
	struct rig link;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .late_ms = late };
	rig_init(&link);
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, NULL));
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	sim_run_ms(link.world, 50);
	stay__link_explain(&link.link, 50);
	ck_assert_str_eq(
	    rig_failure(&link), "10.0.0.1:7 open, but not secure after 50 ms");
	ck_assert(rig_settle(&link, 1000));
	rig_fini(&link);
}

TEST(filter_knows_what_was_cut_off)
{
	begin();
	line_call(&rig, "a", LINE("hold"));
	line_run(&rig, 10);
	sim_peer_close(rig.peer);
	line_run(&rig, 10);
	EXPECT_IN(line_failure(&rig), "10.0.0.1:7777: cut off without an end");
	EXPECT_IN(line_told(&rig), "a E_LOST/maybe");
}

TEST(filter_ends_as_the_peer_says)
{
	begin();
	line_call(&rig, "a", LINE("close"));
	line_run(&rig, 10);
	EXPECT_IN(line_failure(&rig), "10.0.0.1:7777 closed by the peer");
}

/* ---- what is sealed and not sent ---- */

static void
block(size_t room)
{
	const struct sim_limits limits = { .send_buffer = room };

	sim_peer_limits(rig.peer, &limits);
	sim_peer_freeze(rig.peer, true);
}

static void
free_up(void)
{
	const struct sim_limits none = { 0 };

	sim_peer_limits(rig.peer, &none);
	sim_peer_freeze(rig.peer, false);
}

/* A peer that has a part of a record can read nothing of it. */
TEST(promise_3_part_of_a_record_is_not_sent)
{
	begin();
	block(20);
	line_call(&rig, "a", LINE("say +a"));
	line_call(&rig, "b", LINE("say +bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 200,
	    "down E_RESET;hello -;up;a OK/replied +a;"
	    "b OK/replied +bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;");
	ck_assert_str_eq(
	    line_got(&rig), "|say +a;say +bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;");
	/* Of the next session that says nothing. */
	line_call(&rig, "c", LINE("quiet"));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 10, "down E_RESET;c E_LOST/maybe executed;");
}

/* The same record, but all of it has left. */
TEST(promise_3_whole_record_may_be_executed)
{
	begin();
	block(60);
	line_call(&rig, "a", LINE("say +a"));
	line_call(&rig, "b", LINE("say +bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
	line_run(&rig, 10);
	sim_peer_reset(rig.peer);
	LINE_TELLS(&rig, 200,
	    "down E_RESET;a E_LOST/maybe executed;b E_LOST/maybe executed;"
	    "hello -;up;");
}

/* What needs no answer is over once its record has left, and not before. */
TEST(filter_tells_sent_when_it_is)
{
	begin();
	block(10);
	line_call(&rig, "a", LINE_NOTE("one"));
	line_call(&rig, "b", LINE_NOTE("two"));
	line_call(&rig, "c", LINE("say +c"));
	LINE_TELLS(&rig, 10, "");
	free_up();
	LINE_TELLS(&rig, 50, "a OK/sent;b OK/sent;c OK/replied +c;");
}

/* It is committed: given up, it leaves a tombstone, and its answer is late. */
TEST(promise_2_sealed_call_that_is_given_up_is_a_tombstone)
{
	begin();
	block(10);
	line_call_with(&rig, "a", LINE("say +a"), WITHIN(20));
	line_call(&rig, "b", LINE("say +b"));
	LINE_TELLS(&rig, 30, "a E_TIMEOUT/maybe executed;");
	free_up();
	LINE_TELLS(&rig, 50, "orphan +a;b OK/replied +b;");
}

TEST(filter_moves_what_is_larger_than_a_record)
{
	static char request[sizeof(long_line) + 8];

	begin();
	rig.server.log = NULL;
	snprintf(request, sizeof(request), "%s", long_line);
	line_call(&rig, "a", LINE(request));
	line_call(&rig, "b", LINE("say +b"));
	peer_send(rig.server.ends, 0, 0, "+", 1);
	line_run(&rig, 100);
	(void)line_told(&rig);
	ck_assert_uint_ge(sim_peer_got(rig.peer), 100000 + 7 * 4);
	stay_client_stop(rig.client, STAY_OK);
}

/* ---- records ---- */

#define MAX STAY_FILTER_RECORD_MAX

static char bytes_of_parts[2 * MAX];
static size_t sealed;     /* of these */
static char records[128]; /* "16384 12" and what of it is a copy: "12c" */

static bool
noted_write(
    void *state, struct stay_filter_io *io, const void *bytes, size_t len)
{
	static struct toy_filter plain;
	size_t used = strlen(records);
	const char *from = bytes;
	bool in_place = from >= bytes_of_parts &&
			from < bytes_of_parts + sizeof(bytes_of_parts);

	ck_assert_mem_eq(bytes, bytes_of_parts + sealed, len);
	sealed += len;
	toy_filter_init(&plain);
	snprintf(records + used, sizeof(records) - used, "%s%zu%s",
	    used > 0 ? " " : "", len, in_place ? "" : "c");
	return plain.filter.ops->write(state, io, bytes, len);
}

/* An open link with a toy that notes what it seals, to a server that logs. */
static void
open_noted(struct rig *link, struct peer *server)
{
	records[0] = '\0';
	sealed = 0;
	toy_filter_init(&toy);
	counting = *toy.filter.ops;
	counting.write = noted_write;
	toy.filter.ops = &counting;
	terms = (struct toy_terms){ .refused = 0 };
	rig_init(link);
	EXPECT_OK(stay__link_set_filter(&link->link, &toy.filter, NULL));
	peer_listen(server, link->world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(link, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(link, 1000));
}

/* As few as can be, and copied only where a record is of several parts. */
static const struct {
	int count;
	size_t lens[4];
	const char *records;
} sealed_as[] = {
	{ 1, { 100 }, "100" },
	{ 2, { 0, 100 }, "100" },
	{ 2, { 60, 40 }, "100c" },
	{ 4, { 5, 0, 5, 7 }, "17c" },
	{ 2, { 0, 0 }, "" },
	{ 1, { MAX }, "16384" },
	{ 2, { MAX, 1 }, "16384 1" },
	{ 2, { MAX - 1, 1 }, "16384c" },
	{ 2, { MAX - 1, 2 }, "16384c 1" },
	{ 2, { MAX + 5, 7 }, "16384 12c" },
};

TEST_ROWS(filter_seals_parts_as_records, 10)
{
	struct peer server = { .rows = NULL, .toy = &terms };
	struct iovec parts[4];
	size_t all = 0, taken;
	struct rig link;

	open_noted(&link, &server);
	for (int i = 0; i < 4; i++) {
		parts[i].iov_base = bytes_of_parts + all;
		parts[i].iov_len = sealed_as[_i].lens[i];
		all += sealed_as[_i].lens[i];
	}
	for (size_t i = 0; i < all; i++)
		bytes_of_parts[i] = (char)(i * 7 + i / 256);
	EXPECT_OK(
	    stay__link_write(&link.link, parts, sealed_as[_i].count, &taken));
	ck_assert_uint_eq(taken, all);
	ck_assert_str_eq(records, sealed_as[_i].records);
	rig_fini(&link);
}

/* ---- another one ---- */

TEST(filter_changes_with_the_options)
{
	struct toy_filter other;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.filter = &other.filter };

	toy_filter_init(&other);
	begin();
	options.config = &rig.config;
	EXPECT_OK(stay_client_reconfigure(rig.client, NULL, &options));
	line_run(&rig, 1000);
	ck_assert_uint_eq(toy.held, 0);
	ck_assert_uint_eq(other.opened, 1);
	other.rejects = STAY_E_URL;
	ck_assert_int_eq(
	    stay_client_reconfigure(rig.client, LINES_URL "/y", NULL),
	    STAY_E_URL);
	other.rejects = STAY_OK;
	EXPECT_OK(stay_client_reconfigure(
	    rig.client, "lines://10.0.0.1:7777/x", NULL));
	line_run(&rig, 1000);
	ck_assert_uint_eq(other.opened, 2);
	rig.released = true;
	line_end(&rig);
	ck_assert_uint_eq(other.held, 0);
}

/* ---- descriptors ---- */

TEST(filter_of_adopted_descriptors)
{
	static const struct peer_row greets[] = { ON(PEER_ACCEPTS, "hello"),
		NO_MORE };
	struct peer server = { .rows = greets, .toy = &terms };
	struct rig link;
	int fd;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refused = 0 };
	rig_init(&link);
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, "me"));
	fd = peer_adopted(&server, link.world);
	EXPECT_OK(stay__link_adopt(&link.link, fd, fd));
	ck_assert(!stay__link_is_open(&link.link)); /* nothing in clear */
	ck_assert(rig_settle(&link, 1000));
	sim_run_ms(link.world, 10);
	ck_assert_str_eq(toy.last_peer, "me");
	ck_assert_str_eq(link.turns, "closed>open>securing>open");
	ck_assert_str_eq(link.news, "up readable");
	ck_assert_uint_eq(link.got_len, 5);
	stay__link_close(&link.link);
	ck_assert_uint_eq(toy.said_end, 1);
	rig_fini(&link);
	ck_assert_uint_eq(toy.held, 0);
}

/* Without memory for it the stream must not be one in clear. */
TEST(promise_10_filter_that_there_is_no_memory_for)
{
	enum stay_status status;
	struct rig link;

	toy_filter_init(&toy);
	rig_init(&link);
	scarce_arm(1);
	status = stay__link_set_filter(&link.link, &toy.filter, NULL);
	ck_assert(scarce_disarm());
	ck_assert_int_eq(status, STAY_E_NOMEM);
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, NULL));
	rig_fini(&link);
}

/* ---- in the middle ---- */

/* Only what is open, both ways, and in clear. */
TEST(filter_begins_in_the_middle_of_an_open_stream)
{
	static const struct peer_row greets[] = { ON(PEER_ACCEPTS, "hello"),
		NO_MORE };
	struct peer server = { .rows = greets, .toy = &terms };
	struct rig link;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .in_the_middle = true };
	rig_init(&link);
	ck_assert_int_eq(
	    stay__link_secure_now(&link.link, &toy.filter, "me"), STAY_E_STATE);
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&link, 1000));
	sim_run_ms(link.world, 10);
	peer_do(server.ends, 0, PEER_SECURE);
	EXPECT_OK(stay__link_secure_now(&link.link, &toy.filter, "me"));
	ck_assert(!stay__link_is_open(&link.link));
	sim_run_ms(link.world, 10);
	ck_assert(stay__link_is_open(&link.link));
	ck_assert_str_eq(toy.last_peer, "me");
	ck_assert_int_eq(
	    stay__link_secure_now(&link.link, &toy.filter, "me"), STAY_E_STATE);
	rig_fini(&link);
	ck_assert_uint_eq(toy.held, 0);
}

/* Nor on a stream that has failed, also if that is still to be told. */
TEST_ROWS(filter_begins_not_behind_our_end, 2)
{
	struct rig link;
	struct peer server = { .rows = NULL };

	toy_filter_init(&toy);
	rig_init(&link);
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&link, 1000));
	if (_i == 0)
		ck_assert(stay__link_shutdown(&link.link));
	else
		stay__link_fail(&link.link, STAY_E_SILENT, 0);
	ck_assert_int_eq(
	    stay__link_secure_now(&link.link, &toy.filter, "me"), STAY_E_STATE);
	ck_assert_uint_eq(toy.held, 0);
	rig_fini(&link);
}

/* What the filter says is no error of the system. */
TEST(filter_that_fails_has_no_errno)
{
	struct peer server = { .toy = &terms };
	struct rig link;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refuses = yes };
	rig_init(&link);
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, NULL));
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	ck_assert(!rig_settle(&link, 1000));
	ck_assert_int_eq(link.link.failure.status, STAY_E_NOT_READY);
	ck_assert_int_eq(link.link.failure.system, 0);
	stay__link_fini(&link.link);
	ck_assert_uint_eq(toy.held, 0);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	rig_fini(&link);
}

static bool
fail_mutely(void *state, struct stay_filter *filter, const char *peer,
    struct stay_filter_io *io)
{
	(void)state;
	(void)filter;
	(void)peer;
	io->status = STAY_E_INSECURE;
	return false;
}

TEST(filter_that_says_nothing_has_the_words_of_its_status)
{
	static struct stay_filter_ops mute;
	struct peer server = { .toy = &terms };
	struct rig link;

	toy_filter_init(&toy);
	mute = *toy.filter.ops;
	mute.open = fail_mutely;
	toy.filter.ops = &mute;
	rig_init(&link);
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, NULL));
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	ck_assert(!rig_settle(&link, 1000));
	EXPECT_IN(rig_failure(&link), stay_strerror(STAY_E_INSECURE));
	rig_fini(&link);
}

/* ---- our end ---- */

static unsigned ends_heard;

static void
hear_end(struct peer_end *end)
{
	(void)end;
	ends_heard++;
}

static struct peer ends_server = { .toy = &terms, .on_end = hear_end };

/* Room for 96 bytes with their seal, and none more. */
static void
begin_tight(void)
{
	const struct sim_limits tight = { .send_buffer = 100, .latency_ms = 5 };

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refused = 0 };
	ends_heard = 0;
	rig_init(&ends_rig);
	sim_limits_set(ends_rig.world, &tight);
	EXPECT_OK(stay__link_set_filter(&ends_rig.link, &toy.filter, NULL));
	peer_listen(&ends_server, ends_rig.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&ends_rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&ends_rig, 1000));
	sim_run_ms(ends_rig.world, 10);
}

/* The kernel has no room for the sealed end: it goes later, and the stream's end with
 * it; or, row 1, the kernel will not say when. */
TEST_ROWS(filter_ends_when_there_is_room, 2)
{
	static const char bytes[96];

	begin_tight();
	rig_send(&ends_rig, bytes, sizeof(bytes));
	sim_fail(ends_rig.world, SIM_WATCH, _i == 1, -ENOMEM);
	ck_assert_int_eq(stay__link_shutdown(&ends_rig.link), _i == 0);
	sim_run_ms(ends_rig.world, 100);
	ck_assert_uint_eq(ends_heard, _i == 0);
	ck_assert_uint_eq(terms.ended, _i == 0);
	ck_assert(stay__link_is_open(&ends_rig.link));
}

/* Neither what was not sent of one stream nor its end is of the next. */
TEST(filter_begins_each_stream_anew)
{
	static const char bytes[150];

	begin_tight();
	rig_send(&ends_rig, bytes, sizeof(bytes));
	ck_assert(stay__link_shutdown(&ends_rig.link));
	ck_assert_uint_gt(stay__link_unsent(&ends_rig.link).bytes, 0);
	stay__link_close(&ends_rig.link);
	ends_rig.news[0] = '\0';
	EXPECT_OK(rig_dial(&ends_rig, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&ends_rig, 1000));
	ck_assert_uint_eq(stay__link_unsent(&ends_rig.link).bytes, 0);
	ck_assert_uint_eq(stay__link_unsent(&ends_rig.link).sealed, 0);
	rig_send(&ends_rig, bytes, sizeof(bytes));
	sim_run_ms(ends_rig.world, 100);
	ck_assert_uint_eq(ends_heard, 1); /* of the first */
}

/* One that has no word for the end: the stream ends all the same. */
TEST_ROWS(filter_without_a_goodbye, 2)
{
	static struct stay_filter_ops curt;

	begin_tight();
	curt = *toy.filter.ops;
	curt.shutdown = NULL;
	toy.filter.ops = &curt;
	if (_i == 0)
		ck_assert(stay__link_shutdown(&ends_rig.link));
	else
		stay__link_close(&ends_rig.link);
	sim_run_ms(ends_rig.world, 100);
	ck_assert_uint_eq(ends_heard, 1);
	ck_assert_uint_eq(terms.ended, 0);
}

TEST(filter_that_cannot_write_is_down)
{
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	begin_tight();
	sim_fail(ends_rig.world, SIM_WRITE, 1, -EPIPE);
	ck_assert_int_eq(
	    stay__link_write(&ends_rig.link, &part, 1, &taken), STAY_E_RESET);
	sim_run_ms(ends_rig.world, 10);
	ck_assert_str_eq(ends_rig.news, "granted up down");
}

static const struct {
	int error;
	enum stay_status status;
} last_words[] = { { -EPIPE, STAY_E_PROTOCOL },
	{ -ECONNRESET, STAY_E_PROTOCOL }, { -ENOBUFS, STAY_E_NOMEM } };

/* A peer that is gone may have said why: that is the reason then. */
TEST_ROWS(filter_hears_last_words, LEN(last_words))
{
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	begin_tight();
	stay__link_pause(&ends_rig.link, true);
	sim_peer_print(ends_server.ends->wire, "no toy");
	sim_run_ms(ends_rig.world, 10);
	sim_fail(ends_rig.world, SIM_WRITE, 1, last_words[_i].error);
	ck_assert_int_eq(stay__link_write(&ends_rig.link, &part, 1, &taken),
	    last_words[_i].status);
	ck_assert_int_eq(strstr(rig_failure(&ends_rig), "seal") != NULL,
	    last_words[_i].status == STAY_E_PROTOCOL);
}

/* More than is read at once, so that a record is cut. */
TEST(filter_hears_last_words_behind_much_else)
{
	struct iovec part = { (char[]){ "x" }, 1 };
	static char text[10001];
	size_t taken;

	memset(text, 'x', sizeof(text) - 1);
	begin_tight();
	stay__link_pause(&ends_rig.link, true);
	for (int i = 0; i < 7; i++)
		peer_say(ends_server.ends, text);
	sim_peer_print(ends_server.ends->wire, "no toy");
	sim_run_ms(ends_rig.world, 10);
	sim_fail(ends_rig.world, SIM_WRITE, 1, -EPIPE);
	ck_assert_int_eq(stay__link_write(&ends_rig.link, &part, 1, &taken),
	    STAY_E_PROTOCOL);
}

static ssize_t
read_nothing(void *state, struct stay_filter_io *io, void *bytes, size_t len)
{
	(void)state;
	(void)io;
	(void)bytes;
	(void)len;
	return -EAGAIN;
}

/* Nor is a filter asked for ever that uses nothing of what it is given. */
TEST(promise_9_filter_that_leaves_the_last_words)
{
	struct stay_filter_ops idle;
	struct iovec part = { (char[]){ "x" }, 1 };
	size_t taken;

	begin_tight();
	stay__link_pause(&ends_rig.link, true);
	peer_say(ends_server.ends, "hello");
	sim_run_ms(ends_rig.world, 10);
	idle = *toy.filter.ops;
	idle.read = read_nothing;
	toy.filter.ops = &idle;
	sim_fail(ends_rig.world, SIM_WRITE, 1, -EPIPE);
	ck_assert_int_ne(
	    stay__link_write(&ends_rig.link, &part, 1, &taken), STAY_OK);
	rig_fini(&ends_rig);
}

/* What it does not need it has not. */
TEST(filter_rests)
{
	static const char bytes[150];
	struct stay__filter *filter;

	begin_tight();
	filter = ends_rig.link.filter;
	ck_assert_ptr_null(filter->slab);
	rig_send(&ends_rig, bytes, sizeof(bytes));
	stay__link_rest(&ends_rig.link);
	ck_assert(stay__filter_is_blocked(filter));
	peer_say(ends_server.ends, "hello");
	sim_run_ms(ends_rig.world, 100);
	ck_assert_ptr_null(filter->slab);
	ck_assert_uint_gt(filter->out.cap, 0);
	stay__link_rest(&ends_rig.link);
	ck_assert_uint_eq(filter->out.cap, 0);
	stay__link_close(&ends_rig.link);
	sim_run_ms(ends_rig.world, 10);
	ck_assert_uint_eq(terms.ended, 1);
}

/* Byte by byte, from its greeting on. */
TEST(filter_takes_what_comes)
{
	struct peer server = { .toy = &terms };
	struct rig link;

	toy_filter_init(&toy);
	terms = (struct toy_terms){ .refused = 0 };
	rig_init(&link);
	sim_limits_set(link.world, LIMITS(.read_max = 1, .write_max = 1));
	EXPECT_OK(stay__link_set_filter(&link.link, &toy.filter, NULL));
	peer_listen(&server, link.world, "10.0.0.1", 7);
	EXPECT_OK(rig_dial(&link, "tcp 10.0.0.1 7"));
	ck_assert(rig_settle(&link, 1000));
	sim_run_ms(link.world, 10);
	peer_say(server.ends, "hello");
	sim_run_ms(link.world, 10);
	ck_assert_uint_eq(link.got_len, 5);
	rig_fini(&link);
}

/* What is sealed goes by itself when there is room, or the stream ends. */
TEST_ROWS(filter_sends_the_rest_by_itself, 2)
{
	static const char bytes[150];

	begin_tight();
	rig_send(&ends_rig, bytes, sizeof(bytes));
	ck_assert(stay__filter_is_blocked(ends_rig.link.filter));
	sim_fail(ends_rig.world, SIM_WRITE, _i == 1, -EPIPE);
	sim_run_ms(ends_rig.world, 100);
	ck_assert(!stay__filter_is_blocked(ends_rig.link.filter));
	ck_assert_str_eq(
	    ends_rig.news, _i == 0 ? "granted up" : "granted up down");
}

static void
close_behind_a_wait(struct stay__task *task)
{
	(void)task;
	peer_say(ends_server.ends, "hello");
	sim_run_ms(ends_rig.world, 20);
	stay__link_close(&ends_rig.link);
}

/* Nobody is to hear it of a stream that has failed, or that is the parent's. */
TEST_ROWS(promise_12_filter_says_no_goodbye, 2)
{
	begin_tight();
	if (_i == 0)
		stay__link_fail(&ends_rig.link, STAY_E_SILENT, 0);
	else
		sim_fork(ends_rig.world);
	stay__link_close(&ends_rig.link);
	ck_assert_uint_eq(toy.said_end, 0);
}

/* Something to read has come meanwhile, and waits for the end of the callback. */
TEST(filter_says_goodbye_behind_a_nested_wait)
{
	struct stay__task task;

	begin_tight();
	stay__task_init(&task, close_behind_a_wait);
	stay__loop_run_soon(ends_rig.loop, &task);
	sim_run_ms(ends_rig.world, 50);
	ck_assert_uint_eq(toy.said_end, 1);
}

/* ---- opened bytes that wait, and room ---- */

static struct stay__task waiting_task;
static unsigned reads_of_ten;

static void
wait_for_room(struct stay__task *task)
{
	(void)task;
	sim_run_ms(ends_rig.world, 20);
	ck_assert(stay__link_shutdown(&ends_rig.link));
}

static void
read_ten(struct rig *one, enum stay__link_news news)
{
	if (news != STAY__NEWS_READABLE)
		return;
	one->got_len = sizeof(one->got) - 10;
	if (++reads_of_ten != 2)
		return;
	stay__link_want_write(&one->link);
	stay__loop_run_soon(one->loop, &waiting_task);
}

/* There is room in a nested wait, and nobody wants it any more; and the kernel has
 * nothing to read, but the filter has. */
TEST(filter_is_read_on_behind_a_nested_wait_for_room)
{
	begin_tight();
	reads_of_ten = 0;
	stay__task_init(&waiting_task, wait_for_room);
	ends_rig.hook = read_ten;
	ends_rig.got_len = sizeof(ends_rig.got) - 10;
	peer_say(ends_server.ends,
	    "ten bytes ten bytes ten bytes ten bytes ten bytes ");
	sim_run_ms(ends_rig.world, 50);
	ck_assert_uint_ge(reads_of_ten, 5);
}

TEST_SUITE_WITH(filter, .after = end)
