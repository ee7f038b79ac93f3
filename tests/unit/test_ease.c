/* A buffer that one large message has grown, and what becomes of it. */
#include <string.h>

#include "base/ease.h"
#include "suites.h"

#define LARGE (1u << 20)

static struct stay_buf buf;
static uint8_t uses;

/* A message comes into the buffer and leaves it. */
static void
use(size_t len)
{
	char *room = stay_buf_reserve(&buf, len);

	ck_assert_ptr_nonnull(room);
	memset(room, 'x', len);
	stay_buf_commit(&buf, len);
	len = stay_buf_len(&buf);
	stay_buf_take(&buf, len);
	stay__ease(&buf, len, &uses);
}

static void
begin(void)
{
	uses = 0;
	stay_buf_init(&buf, 2 * LARGE);
	use(LARGE);
}

static void
end(void)
{
	stay_buf_fini(&buf);
}

TEST(ease_gives_back_what_is_not_used)
{
	for (unsigned i = 1; i < STAY__EASE_USES; i++)
		use(100);
	ck_assert_uint_ge(buf.cap, LARGE);
	use(100);
	ck_assert_uint_lt(buf.cap, STAY__EASE_CAP);
	ck_assert_uint_eq(buf.limit, 2 * LARGE);
	ck_assert_uint_eq(uses, 0);
	use(LARGE);
	ck_assert_uint_ge(buf.cap, LARGE);
	ck_assert_uint_eq(uses, 0);
}

/* One use of more than an eighth begins the count anew. */
TEST(ease_keeps_what_is_used)
{
	size_t cap = buf.cap, eighth = cap / 8;

	for (unsigned i = 0; i < 5; i++) {
		for (unsigned k = 1; k < STAY__EASE_USES; k++)
			use(eighth);
		use(eighth + 1);
	}
	ck_assert_uint_eq(buf.cap, cap);
}

TEST(ease_keeps_the_bytes)
{
	char text[] = "what is still to be sent";

	uses = STAY__EASE_USES - 1;
	EXPECT_OK(stay_buf_append(&buf, text, sizeof(text)));
	stay_buf_take(&buf, 5);
	stay__ease(&buf, sizeof(text), &uses);
	ck_assert_uint_lt(buf.cap, STAY__EASE_CAP);
	ck_assert_uint_eq(stay_buf_len(&buf), sizeof(text) - 5);
	ck_assert_str_eq(stay_buf_bytes(&buf).data, "is still to be sent");
}

TEST(ease_leaves_a_small_buffer_alone)
{
	size_t cap;

	stay_buf_fini(&buf);
	use(STAY__EASE_CAP / 2);
	cap = buf.cap;
	ck_assert_uint_eq(cap, STAY__EASE_CAP);
	for (unsigned i = 0; i < 3 * STAY__EASE_USES; i++)
		use(1);
	ck_assert_uint_eq(buf.cap, cap);
}

TEST_SUITE_WITH(ease, .before = begin, .after = end)
