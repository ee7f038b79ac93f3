/* Growing, giving back at both ends, limits, and nothing at all. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <stay/buf.h>

#include "base/bar.h"
#include "expect.h"
#include "suites.h"
#include "support/scarce.h"

static struct stay_buf buf;

static void
begin(void)
{
	stay_buf_init(&buf, 0);
}

static void
end(void)
{
	stay_buf_fini(&buf);
}

static void
assert_holds(const char *text)
{
	struct stay_bytes bytes = stay_buf_bytes(&buf);

	ck_assert_uint_eq(bytes.len, strlen(text));
	ck_assert_uint_eq(stay_buf_len(&buf), bytes.len);
	ck_assert_int_eq(memcmp(bytes.data, text, bytes.len), 0);
}

TEST(buf_an_empty_one_has_no_memory)
{
	ck_assert_ptr_null(buf.data);
	ck_assert_uint_eq(stay_buf_len(&buf), 0);
	ck_assert_ptr_nonnull(stay_buf_bytes(&buf).data);
	ck_assert_uint_eq(stay_buf_room(&buf), SIZE_MAX);
}

TEST(buf_zero_lengths_change_nothing)
{
	EXPECT_OK(stay_buf_append(&buf, NULL, 0));
	EXPECT_OK(stay_buf_puts(&buf, ""));
	stay_buf_commit(&buf, 0);
	stay_buf_take(&buf, 0);
	stay_buf_cut(&buf, 0);
	ck_assert_ptr_null(buf.data);
	EXPECT_OK(stay_buf_printf(&buf, "%s", ""));
	assert_holds("");
}

TEST(buf_reserve_of_nothing_is_no_failure)
{
	stay_buf_init(&buf, 4);
	ck_assert_ptr_nonnull(stay_buf_reserve(&buf, 0));
	EXPECT_OK(stay_buf_puts(&buf, "full"));
	ck_assert_ptr_nonnull(stay_buf_reserve(&buf, 0));
	assert_holds("full");
}

/* The room is there, and is not asked for again. It is more than a buffer begins with. */
TEST(buf_appends_without_fail_what_room_was_made_for)
{
	static const char much[280];
	bool well;

	stay_buf_init(&buf, sizeof(much) + 20);
	ck_assert_ptr_nonnull(stay_buf_reserve(&buf, sizeof(much) + 20));
	scarce_drought();
	well = stay_buf_append(&buf, much, sizeof(much)) == STAY_OK &&
	       stay_buf_u8(&buf, 1) == STAY_OK &&
	       stay_buf_u16(&buf, 2) == STAY_OK &&
	       stay_buf_u32(&buf, 3) == STAY_OK &&
	       stay_buf_u64(&buf, 4) == STAY_OK &&
	       stay_buf_puts(&buf, "ab") == STAY_OK &&
	       stay_buf_printf(&buf, "%d", 12) == STAY_OK &&
	       stay_buf_append(&buf, "c", 1) == STAY_OK;
	ck_assert(!scarce_disarm());
	ck_assert(well);
	ck_assert_uint_eq(stay_buf_len(&buf), sizeof(much) + 20);
}

TEST(buf_appends_in_order)
{
	char *room;

	EXPECT_OK(stay_buf_puts(&buf, "GET "));
	EXPECT_OK(stay_buf_append(&buf, "key", 3));
	EXPECT_OK(stay_buf_printf(&buf, " %d%s", 7, "\r"));
	room = stay_buf_reserve(&buf, 100);
	ck_assert_ptr_nonnull(room);
	memset(room, 'x', 100);
	room[0] = '\n';
	stay_buf_commit(&buf, 1);
	assert_holds("GET key 7\r\n");
	stay_buf_fini(&buf);
	ck_assert_ptr_null(buf.data);
}

TEST(buf_fini_keeps_the_limit_and_leaves_it_usable)
{
	stay_buf_init(&buf, 3);
	EXPECT_OK(stay_buf_puts(&buf, "abc"));
	stay_buf_fini(&buf);
	ck_assert_uint_eq(stay_buf_room(&buf), 3);
	EXPECT_OK(stay_buf_puts(&buf, "def"));
	assert_holds("def");
}

TEST(buf_grows_by_doubling)
{
	size_t cap = 0;
	int growths = 0;

	for (int i = 0; i < 1 << 20; i++) {
		EXPECT(stay_buf_append(&buf, "x", 1) == STAY_OK);
		if (buf.cap == cap)
			continue;
		EXPECT(cap == 0 ||
		       buf.cap == (cap < 256 << 10 ? 2 * cap : cap / 4 * 5));
		cap = buf.cap;
		growths++;
	}
	EXPECT(growths <= 20);
	EXPECT(stay_buf_len(&buf) == 1 << 20);
}

TEST(buf_takes_at_the_front_and_cuts_at_the_end)
{
	EXPECT_OK(stay_buf_puts(&buf, "0123456789"));
	stay_buf_take(&buf, 3);
	assert_holds("3456789");
	stay_buf_cut(&buf, 4);
	assert_holds("3456");
	stay_buf_take(&buf, 4);
	assert_holds("");
	ck_assert_uint_eq(buf.head, 0);
	EXPECT_OK(stay_buf_puts(&buf, "again"));
	stay_buf_take(&buf, 1);
	stay_buf_cut(&buf, 0);
	ck_assert_uint_eq(buf.head, 0);
	ck_assert_uint_eq(buf.tail, 0);
}

TEST(buf_compacts_before_it_grows)
{
	char bytes[64];
	size_t cap;

	memset(bytes, 'a', sizeof(bytes));
	EXPECT_OK(stay_buf_append(&buf, bytes, 64));
	cap = buf.cap;
	for (int i = 0; i < 1000; i++) {
		EXPECT_OK(stay_buf_append(&buf, bytes, 64));
		stay_buf_take(&buf, 64);
	}
	ck_assert_uint_eq(buf.cap, cap);
	ck_assert_uint_eq(stay_buf_len(&buf), 64);
}

/* It is worth it from where it wins as much as it moves; before, it grows. */
TEST(buf_compacts_only_what_is_worth_it)
{
	static const size_t takes[] = { 99, 100, 101 };
	char bytes[200];

	memset(bytes, 'a', sizeof(bytes));
	for (size_t i = 0; i < 3; i++) {
		stay_buf_init(&buf, 0);
		EXPECT_OK(stay_buf_append(&buf, bytes, 200));
		ck_assert_uint_eq(buf.cap, 256);
		stay_buf_take(&buf, takes[i]);
		EXPECT_OK(stay_buf_append(&buf, bytes, 60));
		ck_assert_uint_eq(buf.cap, takes[i] < 100 ? 512 : 256);
		ck_assert_uint_eq(buf.head, 0);
		ck_assert_uint_eq(stay_buf_len(&buf), 260 - takes[i]);
		stay_buf_fini(&buf);
	}
}

/* A byte behind the tail is always free; so 255 are the most that 256 hold. */
TEST(buf_grows_where_it_must_and_no_earlier)
{
	static const size_t lens[] = { 1, 255, 256, 257, 511, 512, 5000 };
	static const size_t caps[] = { 256, 256, 512, 512, 512, 1024, 8192 };

	for (size_t i = 0; i < LEN(lens); i++) {
		stay_buf_init(&buf, 0);
		ck_assert_ptr_nonnull(stay_buf_reserve(&buf, lens[i]));
		ck_assert_uint_eq(buf.cap, caps[i]);
		stay_buf_commit(&buf, lens[i]);
		ck_assert_uint_eq(stay_buf_len(&buf), lens[i]);
		stay_buf_fini(&buf);
	}
}

/* Counted, not timed: a byte that is moved for each that is taken, at most. */
TEST(buf_many_small_takes_move_little)
{
	size_t moved = 0, head;

	for (int i = 0; i < 10000; i++)
		EXPECT(stay_buf_append(&buf, "x", 1) == STAY_OK);
	for (int i = 0; i < 100000; i++) {
		stay_buf_take(&buf, 1);
		head = buf.head;
		EXPECT(stay_buf_append(&buf, "x", 1) == STAY_OK);
		if (buf.head < head)
			moved += stay_buf_len(&buf);
	}
	EXPECT(moved <= 100000 + 20000);
	EXPECT(buf.cap <= 4 * 10000);
}

TEST(buf_the_limit_counts_live_bytes)
{
	stay_buf_init(&buf, 10);
	EXPECT_OK(stay_buf_puts(&buf, "01234567"));
	ck_assert_uint_eq(stay_buf_room(&buf), 2);
	ck_assert_int_eq(stay_buf_puts(&buf, "abc"), STAY_E_TOO_BIG);
	ck_assert_ptr_null(stay_buf_reserve(&buf, 3));
	ck_assert_int_eq(stay_buf_printf(&buf, "%d", 123), STAY_E_TOO_BIG);
	assert_holds("01234567");
	stay_buf_take(&buf, 1);
	EXPECT_OK(stay_buf_printf(&buf, "%d", 123));
	assert_holds("1234567123");
	ck_assert_uint_eq(stay_buf_room(&buf), 0);
	EXPECT_OK(stay_buf_append(&buf, "", 0));
	ck_assert_int_eq(stay_buf_append(&buf, "x", 1), STAY_E_TOO_BIG);
}

TEST(buf_more_than_there_is_is_no_memory)
{
	EXPECT_OK(stay_buf_puts(&buf, "kept"));
	ck_assert_ptr_null(stay_buf_reserve(&buf, SIZE_MAX));
	ck_assert_ptr_null(stay_buf_reserve(&buf, SIZE_MAX - 4));
	ck_assert_ptr_null(stay_buf_reserve(&buf, SIZE_MAX / 4));
	ck_assert_int_eq(stay_buf_append(&buf, "", SIZE_MAX - 3), STAY_E_NOMEM);
	assert_holds("kept");
	stay_buf_fini(&buf);
	stay_buf_init(&buf, SIZE_MAX);
	ck_assert_ptr_null(stay_buf_reserve(&buf, SIZE_MAX));
}

/* To grow would spare moves to come; without memory it goes on in what it has. */
TEST(buf_that_need_not_grow_is_compacted_without_memory)
{
	char *end;

	ck_assert_ptr_nonnull(stay_buf_reserve(&buf, 200));
	stay_buf_commit(&buf, 200);
	stay_buf_take(&buf, 60);
	scarce_arm(1);
	end = stay_buf_reserve(&buf, 100);
	ck_assert(scarce_disarm());
	ck_assert_ptr_eq(end, buf.data + 140);
}

/* As if the system had no memory for it, and it stays as it is. */
TEST(buf_a_barred_one_takes_nothing)
{
	stay__buf_bar(&buf);
	ck_assert_int_eq(stay_buf_append(&buf, "x", 1), STAY_E_NOMEM);
	ck_assert_int_eq(stay_buf_printf(&buf, "%d", 5), STAY_E_NOMEM);
	ck_assert_int_eq(stay_buf_u32(&buf, 7), STAY_E_NOMEM);
	ck_assert_ptr_null(stay_buf_reserve(&buf, 1));
	EXPECT_OK(stay_buf_append(&buf, "", 0));
	stay_buf_cut(&buf, 0);
	assert_holds("");
	begin(); /* the bar is no memory of its own */
}

/* Each length once: where it just fits and where it just doesn't included. */
TEST(buf_printf_fits_at_every_length)
{
	static char text[2000];

	for (size_t len = 0; len < sizeof(text); len++) {
		text[len] = '\0';
		stay_buf_init(&buf, 0);
		EXPECT_OK(stay_buf_puts(&buf, "12345"));
		stay_buf_take(&buf, 5);
		EXPECT_OK(stay_buf_printf(&buf, "%s", text));
		assert_holds(text);
		stay_buf_fini(&buf);
		text[len] = (char)('a' + len % 26);
	}
}

TEST(buf_printf_reports_what_it_cannot_convert)
{
	static const wchar_t unfit[] = { 0x7ffffff0, 0 };

	EXPECT_OK(stay_buf_puts(&buf, "kept"));
	ck_assert_int_eq(stay_buf_printf(&buf, "%ls", unfit), STAY_E_FORMAT);
	assert_holds("kept");
}

/* Whatever is done, the live bytes are those of a plain array. */
TEST(buf_integers_are_big_endian)
{
	static const char expected[] = "\xfe\xdc\xba\x89\xab\xcd\xef"
				       "\xf1\x23\x45\x67\x89\xab\xcd\xef";
	const char *at;

	stay_buf_init(&buf, 15);
	EXPECT_OK(stay_buf_u8(&buf, 0xfe));
	EXPECT_OK(stay_buf_u16(&buf, 0xdcba));
	EXPECT_OK(stay_buf_u32(&buf, 0x89abcdef));
	EXPECT_OK(stay_buf_u64(&buf, 0xf123456789abcdef));
	ck_assert_int_eq(stay_buf_u8(&buf, 1), STAY_E_TOO_BIG);
	at = stay_buf_bytes(&buf).data;
	ck_assert_uint_eq(stay_buf_len(&buf), sizeof(expected) - 1);
	ck_assert_mem_eq(at, expected, sizeof(expected) - 1);
	ck_assert_uint_eq(stay_bytes_u8(at), 0xfe);
	ck_assert_uint_eq(stay_bytes_u16(at + 1), 0xdcba);
	ck_assert_uint_eq(stay_bytes_u32(at + 3), 0x89abcdef);
	ck_assert_uint_eq(stay_bytes_u64(at + 7), 0xf123456789abcdef);
}

/* Positions are counted from the first byte that is held. */
TEST(buf_integers_are_filled_in_afterwards)
{
	EXPECT_OK(stay_buf_puts(&buf, "xx.12345678abcdefg"));
	stay_buf_take(&buf, 2);
	stay_buf_set_u8(&buf, 0, 'A');
	stay_buf_set_u64(&buf, 1, 0x4243444546474849);
	stay_buf_set_u16(&buf, 9, 0x4a4b);
	stay_buf_set_u32(&buf, 12, 0x4d4e4f50);
	ck_assert_mem_eq(stay_buf_bytes(&buf).data, "ABCDEFGHIJKcMNOP", 16);
}

TEST(buf_random_walk_agrees_with_an_array)
{
	enum { LIMIT = 3000 };
	static char model[LIMIT], chunk[700];
	size_t live = 0, len;
	enum stay_status status;

	srand(20240607);
	stay_buf_init(&buf, LIMIT);
	for (int i = 0; i < 50000; i++) {
		len = (size_t)rand() % sizeof(chunk);
		memset(chunk, 'a' + rand() % 26, sizeof(chunk));
		switch (rand() % 4) {
		case 0:
			status = stay_buf_printf(&buf, "%.*s", (int)len, chunk);
			break;
		case 1:
			len = live == 0 ? 0 : len % live;
			stay_buf_take(&buf, len);
			memmove(model, model + len, live -= len);
			continue;
		case 2:
			len = live == 0 ? 0 : live - len % live;
			stay_buf_cut(&buf, len);
			live = len;
			continue;
		default:
			status = stay_buf_append(&buf, chunk, len);
		}
		EXPECT(
		    status == (live + len > LIMIT ? STAY_E_TOO_BIG : STAY_OK));
		if (status == STAY_OK) {
			memcpy(model + live, chunk, len);
			live += len;
		}
		EXPECT(stay_buf_len(&buf) == live);
		EXPECT(memcmp(stay_buf_bytes(&buf).data, model, live) == 0);
	}
}

TEST_SUITE_WITH(buf, .before = begin, .after = end)
