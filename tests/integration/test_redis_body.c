/*
 * Values from a callback at a real redis-server, and to one: large ones through a small
 * process, compared byte by byte, and ones that are cut off in the middle. STAY_BODY_MIB
 * is how large the first of them is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "support/expect.h"
#include "support/heap.h"
#include "support/redis_bed.h"

#define MIB   (1u << 20)
#define CHUNK MIB

/* No two places of the value look the same. */
static void
put_bytes(char *to, uint64_t from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = from + i;
		uint64_t mixed = (at >> 3) * 0x9e3779b97f4a7c15u;

		to[i] = (char)((mixed ^ mixed >> 31) >> 8 * (at & 7));
	}
}

static struct upload {
	uint64_t at;
	uint64_t waits_at; /* and is not told to go on */
	size_t heap;       /* the most in use while it was sent */
	unsigned over;
} upload;

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct upload *own = arg;
	char *to = stay_buf_reserve(out, max);
	size_t heap = heap_in_use();

	(void)feed;
	EXPECT(to != NULL);
	if (own->heap < heap)
		own->heap = heap;
	put_bytes(to, own->at, max);
	stay_buf_commit(out, max);
	own->at += max;
	return own->at >= own->waits_at ? stay_fed_wait() : stay_fed_more();
}

static void
note_over(void *arg)
{
	struct upload *own = arg;

	own->over++;
}

static struct stay_call_id id;

static void
set_value(struct stay_redis *redis, uint64_t len, struct answer *answer)
{
	const struct stay_body body = { STAY_BODY, .len = len, .more = more,
		.over = note_over, .arg = &upload };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 600000, .body = &body, .id = &id };

	memset(answer, 0, sizeof(*answer));
	EXPECT_OK(stay_redis_command_with(
	    redis, &options, note_answer, answer, "SET %s", "value"));
}

/* ---- whole ---- */

static const char *const roomy[] = { "--proto-max-bulk-len", "4gb",
	"--client-query-buffer-limit", "4gb", NULL };

static void
open_roomy(void)
{
	bed_open_as(roomy);
}

struct compared {
	uint64_t at;
	unsigned told;
};

static void
compare(void *arg, const struct stay_result *result)
{
	static char want[CHUNK];
	struct compared *compared = arg;

	compared->told++;
	EXPECT_OK(result->status);
	ck_assert_uint_eq(stay_redis_len(result->reply), CHUNK);
	put_bytes(want, compared->at, CHUNK);
	ck_assert(memcmp(stay_redis_str(result->reply), want, CHUNK) == 0);
}

static bool
is_compared(void *arg)
{
	return ((const struct compared *)arg)->told > 0;
}

static void
compare_value(struct stay_redis *redis, uint64_t len)
{
	for (uint64_t at = 0; at < len; at += CHUNK) {
		struct compared compared = { .at = at };

		EXPECT_OK(stay_redis_command(redis, compare, &compared,
		    "GETRANGE value %llu %llu", (unsigned long long)at,
		    (unsigned long long)(at + CHUNK - 1)));
		rig_until(&rig, is_compared, &compared, 30);
	}
}

TEST(redis_body_is_larger_than_the_process)
{
	const char *mib = getenv("STAY_BODY_MIB");
	const uint64_t len = (mib != NULL ? strtoull(mib, NULL, 10) : 64) * MIB;
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer, length;

	ask_now(&rig, redis, &answer, "CONFIG SET appendonly no");
	upload = (struct upload){ .waits_at = UINT64_MAX };
	set_value(redis, len, &answer);
	await_answer(&rig, &answer, 600);
	EXPECT_OK(answer.status);
	ck_assert_str_eq(answer.text, "OK");
	ck_assert_uint_eq(upload.over, 1);
	ck_assert_uint_eq(upload.at, len);
	ck_assert_msg(
	    upload.heap < 16 * MIB, "%zu bytes of the heap", upload.heap);
	ask_now(&rig, redis, &length, "STRLEN value");
	ck_assert_int_eq(length.integer, (int64_t)len);
	compare_value(redis, len);
	check_counts(redis);
}

/* ---- and back, in pieces ---- */

#define HEAP_MAX ((size_t)4 * MIB)

static struct download {
	struct answer answer; /* the first, for note_answer */
	struct stay_redis *redis;
	uint64_t at;
	uint64_t pauses_at;
	bool pauses;
	size_t heap; /* the most in use while it came */
} download;

static void
pause_once(struct download *own)
{
	own->pauses_at = UINT64_MAX;
	own->pauses = true;
	stay_client_pause(stay_redis_client(own->redis));
}

static void
compare_piece(void *arg, struct stay_bytes piece)
{
	static char want[CHUNK];
	struct download *own = arg;
	size_t heap = heap_in_use();

	ck_assert_uint_le(piece.len, CHUNK);
	put_bytes(want, own->at, piece.len);
	ck_assert(memcmp(piece.data, want, piece.len) == 0);
	own->at += piece.len;
	if (own->heap < heap)
		own->heap = heap;
	if (own->at >= own->pauses_at)
		pause_once(own);
}

static bool
pauses(void *arg)
{
	return ((const struct download *)arg)->pauses;
}

/* Until it pauses. */
static void
begin_download(struct stay_redis *redis, uint64_t pauses_at)
{
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = STAY_FOREVER, .piece = compare_piece, .id = &id };

	download = (struct download){ .redis = redis, .pauses_at = pauses_at };
	EXPECT_OK(stay_redis_command_with(
	    redis, &options, note_answer, &download, "GET value"));
	rig_until(&rig, pauses, &download, 60);
}

/* While it pauses nothing comes, and nothing is kept; others have their answers. */
TEST_ROWS(redis_pieces_are_larger_than_the_process, 2)
{
	const uint64_t len = (uint64_t)256 * MIB;
	char url[256];
	struct stay_redis *redis, *other;
	struct answer answer;
	size_t heap;
	uint64_t at;

	snprintf(url, sizeof(url), "%s?protocol=%d", server.url, _i + 2);
	redis = rig_connect(&rig, url, NULL);
	other = rig_connect(&rig, url, NULL);
	upload = (struct upload){ .waits_at = UINT64_MAX };
	ask_now(&rig, redis, &answer, "CONFIG SET appendonly no");
	set_value(redis, len, &answer);
	await_answer(&rig, &answer, 600);
	heap = heap_in_use();
	begin_download(redis, len / 2);
	at = download.at;
	ask_now(&rig, other, &answer, "PING");
	ck_assert_uint_eq(download.at, at);
	stay_client_resume(stay_redis_client(redis));
	await_answer(&rig, &download.answer, 600);
	EXPECT_OK(download.answer.status);
	ck_assert_int_eq(download.answer.type, STAY_REDIS_STRING);
	ck_assert_uint_eq(download.answer.len, 0);
	ck_assert_uint_eq(download.at, len);
	ck_assert_msg(download.heap < heap + HEAP_MAX, "%zu bytes of the heap",
	    download.heap - heap);
	ck_assert_uint_eq(sessions_of(redis), 1);
	check_counts(redis);
}

/* ---- cut off ---- */

static const struct {
	bool kills;
	enum stay_status status;
} cuts[] = { { true, STAY_E_LOST }, { false, STAY_E_CANCELLED } };

static bool
has_sent(void *arg)
{
	return upload.at >= *(const uint64_t *)arg;
}

/* What is told as not sent is not there, and the key is as it was. */
TEST_ROWS(redis_body_that_is_cut_off_is_not_there, LEN(cuts))
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer, before, there;
	uint64_t half = 4 * MIB;

	ask_now(&rig, redis, &before, "SET value old");
	upload = (struct upload){ .waits_at = half };
	set_value(redis, 2 * half, &answer);
	rig_until(&rig, has_sent, &half, 30);
	if (cuts[_i].kills) {
		redis_server_kill(&server);
		redis_server_restart(&server);
	} else {
		EXPECT_OK(stay_client_cancel(stay_redis_client(redis), id));
	}
	await_answer(&rig, &answer, 30);
	ck_assert_int_eq(answer.status, cuts[_i].status);
	ck_assert_int_eq(answer.outcome, STAY_NOT_SENT);
	ask_now(&rig, redis, &there, "GET value");
	ck_assert_str_eq(there.text, "old");
	ck_assert_uint_eq(upload.over, 1);
	check_counts(redis);
}

/* Half a value is no reply, and is not asked for again; one that is given up is read
 * past, and costs no session. */
TEST_ROWS(redis_pieces_that_are_cut_off, LEN(cuts))
{
	struct stay_redis *redis = rig_connect(&rig, server.url, NULL);
	struct answer answer;
	uint64_t half = 16 * MIB, sessions = sessions_of(redis);

	upload = (struct upload){ .waits_at = UINT64_MAX };
	set_value(redis, 2 * half, &answer);
	await_answer(&rig, &answer, 60);
	begin_download(redis, half);
	if (cuts[_i].kills) {
		redis_server_kill(&server);
		redis_server_restart(&server);
	} else {
		EXPECT_OK(stay_client_cancel(stay_redis_client(redis), id));
	}
	stay_client_resume(stay_redis_client(redis));
	await_answer(&rig, &download.answer, 30);
	ck_assert_int_eq(download.answer.status, cuts[_i].status);
	ck_assert_int_eq(download.answer.outcome, STAY_MAYBE_EXECUTED);
	ck_assert_uint_lt(download.at, 2 * half);
	ask_now(&rig, redis, &answer, "ECHO here");
	ck_assert_str_eq(answer.text, "here");
	ck_assert_uint_eq(sessions_of(redis) - sessions, cuts[_i].kills);
	check_counts(redis);
}

TEST_SUITE_WITH(
    redis_body, .before = open_roomy, .after = bed_close, .seconds = 1200)
