/* The send buffer: positions that outlive the bytes, holes, and what is kept. */
#include <string.h>

#include "client/sendbuf.h"
#include "suites.h"

static struct stay__sendbuf rig;

static void
end(void)
{
	stay__sendbuf_fini(&rig);
}

static struct stay__span
add(const char *text)
{
	struct stay_buf *out = stay__sendbuf_open(&rig);
	struct stay__span span = { stay__sendbuf_end(&rig), 0 };

	ck_assert_ptr_nonnull(out);
	EXPECT_OK(stay_buf_puts(out, text));
	span.end = stay__sendbuf_end(&rig);
	stay__sendbuf_close(&rig, span);
	return span;
}

static void
expect(struct stay__span span, const char *text)
{
	struct iovec view = stay__sendbuf_view(&rig, span.begin, span.end);

	ck_assert_uint_eq(view.iov_len, strlen(text));
	ck_assert_mem_eq(view.iov_base, text, view.iov_len);
}

/* Begin on it and let the stream take all of it. */
static void
send(struct stay__span span)
{
	stay__sendbuf_commit(&rig, span);
	stay__sendbuf_wrote(&rig, (size_t)stay__span_len(span));
}

TEST(log_positions_go_on_for_ever)
{
	struct stay__span a, b;

	stay__sendbuf_init(&rig, 100);
	a = add("first");
	b = add("second");
	expect(a, "first");
	expect(b, "second");
	send(a);
	stay__sendbuf_release(&rig, rig.wire);
	ck_assert_uint_eq(rig.base, 5);
	expect(b, "second");
	send(b);
	stay__sendbuf_release(&rig, rig.wire);
	ck_assert_uint_eq(stay_buf_len(&rig.buf), 0);
	stay__sendbuf_trim(&rig);
	ck_assert_ptr_null(rig.buf.data);
	a = add("third");
	ck_assert_uint_eq(a.begin, 11);
	expect(a, "third");
}

TEST(log_rest_of_a_request)
{
	struct stay__span a;

	stay__sendbuf_init(&rig, 100);
	a = add("request");
	ck_assert_uint_eq(stay__sendbuf_rest(&rig), 0);
	stay__sendbuf_commit(&rig, a);
	stay__sendbuf_wrote(&rig, 3);
	ck_assert_uint_eq(stay__sendbuf_rest(&rig), 4);
	stay__sendbuf_wrote(&rig, 4);
	ck_assert_uint_eq(stay__sendbuf_rest(&rig), 0);
}

/* The bound is on what is not committed; holes do not count. */
TEST(log_room)
{
	struct stay__span a, b;

	stay__sendbuf_init(&rig, 10);
	a = add("12345");
	b = add("12345");
	ck_assert_ptr_null(stay__sendbuf_open(&rig));
	stay__sendbuf_forget(&rig, a);
	ck_assert_uint_eq(stay_buf_room(stay__sendbuf_open(&rig)), 5);
	send(b);
	ck_assert_uint_eq(stay_buf_room(stay__sendbuf_open(&rig)), 10);
	ck_assert_int_eq(stay_buf_puts(stay__sendbuf_open(&rig), "12345678901"),
	    STAY_E_TOO_BIG);
}

TEST(log_holes_at_the_end_are_cut_off)
{
	struct stay__span a, b, c;

	stay__sendbuf_init(&rig, 100);
	a = add("aa");
	b = add("bb");
	c = add("cc");
	stay__sendbuf_forget(&rig, c);
	ck_assert_uint_eq(stay__sendbuf_end(&rig), 4);
	stay__sendbuf_forget(&rig, a);
	ck_assert_uint_eq(stay__sendbuf_end(&rig), 4);
	expect(b, "bb");
	stay__sendbuf_forget(&rig, b);
	ck_assert_uint_eq(stay__sendbuf_end(&rig), 0);
	ck_assert_uint_eq(rig.live, 0);
}

TEST(log_squeezes_its_holes)
{
	static char big[5001];
	struct stay__span a, b, c;

	stay__sendbuf_init(&rig, 100000);
	memset(big, 'x', sizeof(big) - 1);
	send(add("sent"));
	a = add(big);
	b = add("bb");
	c = add("cc");
	ck_assert(!stay__sendbuf_is_sparse(&rig));
	stay__sendbuf_forget(&rig, a);
	ck_assert(stay__sendbuf_is_sparse(&rig));
	stay__sendbuf_move(&rig, b, rig.committed);
	b = (struct stay__span){ 4, 6 };
	stay__sendbuf_move(&rig, c, b.end);
	c = (struct stay__span){ 6, 8 };
	stay__sendbuf_cut(&rig, c.end);
	ck_assert(!stay__sendbuf_is_sparse(&rig));
	ck_assert_uint_eq(stay__sendbuf_end(&rig), 8);
	expect(b, "bb");
	expect(c, "cc");
}

/* However many bytes all may have, one request has no more than its record counts. */
TEST(log_has_no_room_for_more_than_a_record_counts)
{
	stay__sendbuf_init(&rig, SIZE_MAX / 8);
	ck_assert_uint_eq(stay__sendbuf_room(&rig), UINT32_MAX);
	(void)add("four");
	ck_assert_uint_eq(
	    stay__sendbuf_open(&rig)->limit, (size_t)UINT32_MAX + 4);
	stay__sendbuf_fini(&rig);
	stay__sendbuf_init(&rig, 6);
	(void)add("four");
	ck_assert_uint_eq(stay__sendbuf_room(&rig), 2);
}

/* Memory for a usual request is there whatever a request may have, and what is there
 * stays as it is. */
TEST(log_is_widened_beyond_its_bound)
{
	char text[] = "some of a hundred bytes, which leave no memory for a "
		      "usual request, as it were, behind";
	struct stay__span some;

	stay__sendbuf_init(&rig, 100);
	stay__sendbuf_widen(&rig);
	ck_assert(!stay__sendbuf_is_short(&rig));
	some = add(text);
	ck_assert(stay__sendbuf_is_short(&rig));
	stay__sendbuf_widen(&rig);
	ck_assert(!stay__sendbuf_is_short(&rig));
	expect(some, text);
	ck_assert_uint_eq(stay__sendbuf_open(&rig)->limit, 100);
}

/* A new stream: what is kept counts as queued again. */
TEST(log_rewinds)
{
	struct stay__span a, b, c;

	stay__sendbuf_init(&rig, 8);
	a = add("aa");
	b = add("bb");
	c = add("cc");
	send(a);
	send(b);
	stay__sendbuf_commit(&rig, c);
	stay__sendbuf_wrote(&rig, 1);
	ck_assert_uint_eq(rig.live, 0);
	stay__sendbuf_return(&rig, b);
	stay__sendbuf_return(&rig, c);
	stay__sendbuf_rewind(&rig, b.begin);
	ck_assert_uint_eq(rig.base, 2);
	ck_assert_uint_eq(stay__sendbuf_rest(&rig), 0);
	ck_assert_uint_eq(stay_buf_room(stay__sendbuf_open(&rig)), 4);
	expect(b, "bb");
	expect(c, "cc");
	send(b);
	send(c);
}

TEST_SUITE_WITH(sendbuf, .after = end)
