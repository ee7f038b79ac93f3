/* What was read and not yet consumed: in one piece, in place, bounded. */
#include "suites.h"
#include "support/link_rig.h"

static struct rig rig;
static struct sim_peer *peer;
static struct stay__input input;
static unsigned char sent, expected;

static void
begin(void)
{
	int fd;

	rig_init(&rig);
	peer = sim_adopted(rig.world, NULL, NULL, &fd);
	EXPECT_OK(stay__link_adopt(&rig.link, fd, fd));
	sim_run_ms(rig.world, 1);
	/* These tests read when they please. */
	rig.loop->ops->watch(rig.world, &rig.link.reader, 0);
	stay__input_init(&input, (size_t)1 << 20);
	sent = expected = 0;
}

static void
end(void)
{
	stay__input_reset(&input, rig.loop);
	rig_fini(&rig);
}

/* Bytes that count up. */
static void
arrive(size_t len)
{
	char *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)sent++;
	sim_peer_send(peer, bytes, len);
	free(bytes);
	sim_run_ms(rig.world, 1);
}

static size_t
fill(void)
{
	size_t got;

	EXPECT_OK(stay__input_fill(&input, &rig.link, &got));
	return got;
}

/* All live bytes but the last `len` are consumed, and were the right ones. */
static void
keep(size_t len, size_t hope)
{
	struct stay_bytes view = stay__input_view(&input);
	bool right = true;

	ck_assert_uint_ge(view.len, len);
	ck_assert_ptr_eq(view.data, stay__input_bytes(&input));
	for (size_t i = 0; i < view.len - len; i++)
		right = right && (unsigned char)view.data[i] == expected++;
	ck_assert(right);
	stay__input_keep(&input, len, hope);
	stay__input_end(&input, rig.loop);
	ck_assert_uint_eq(stay__input_view(&input).len, len);
}

TEST(input_gives_the_slab_back_when_nothing_is_kept)
{
	ck_assert_uint_eq(fill(), 0);
	ck_assert_ptr_null(input.slab);
	ck_assert_uint_eq(stay__input_view(&input).len, 0);
	arrive(100);
	ck_assert_uint_eq(fill(), 100);
	ck_assert_ptr_nonnull(input.slab);
	keep(0, 0);
	ck_assert_ptr_null(input.slab);
	ck_assert_uint_eq(rig.loop->slabs.count, 1);
}

TEST(input_comes_again_in_one_piece)
{
	arrive(100);
	fill();
	keep(30, 0);
	arrive(50);
	ck_assert_uint_eq(fill(), 50);
	ck_assert_uint_eq(stay__input_view(&input).len, 80);
	keep(0, 0);
}

TEST(input_needs_no_memory_for_cut_frames)
{
	struct stay__slab *slab = NULL;

	for (int i = 0; i < 200; i++) {
		arrive(20000);
		while (fill() > 0)
			keep(777, 2000);
		if (i == 0)
			slab = input.slab;
		ck_assert_ptr_eq(input.slab, slab);
		ck_assert_uint_eq(rig.loop->slabs.count, 0);
	}
}

TEST(input_takes_turns_on_one_slab)
{
	struct stay__slab *slab;

	arrive(10);
	fill();
	slab = input.slab;
	keep(0, 0);
	for (int i = 0; i < 10; i++) {
		arrive(10);
		fill();
		ck_assert_ptr_eq(input.slab, slab);
		keep(0, 0);
	}
}

TEST(input_grows_with_what_really_comes)
{
	size_t all = 0;

	while (all < ((size_t)1 << 20)) {
		arrive(STAY__SLAB_SIZE);
		all += fill();
		keep(all, 0);
		ck_assert_uint_le(
		    input.slab->cap, 2 * all + 2 * STAY__SLAB_SIZE);
	}
	ck_assert_uint_le(input.slab->cap, input.max + STAY__SLAB_SIZE);
	keep(0, 0);
	ck_assert_uint_eq(rig.loop->slabs.count, 1);
}

TEST(promise_7_input_is_bounded)
{
	size_t all = 0, got;

	input.max = 100000;
	while (all <= input.max) {
		arrive(STAY__SLAB_SIZE);
		all += fill();
		keep(all, SIZE_MAX);
		ck_assert_uint_le(input.slab->cap, input.max + STAY__SLAB_SIZE);
	}
	ck_assert_int_eq(
	    stay__input_fill(&input, &rig.link, &got), STAY_E_TOO_BIG);
	ck_assert_uint_eq(got, 0);
}

TEST(input_believes_a_hope_only_so_far)
{
	input.max = (size_t)512 << 20;
	arrive(STAY__SLAB_SIZE);
	fill();
	keep(STAY__SLAB_SIZE, (size_t)512 << 20);
	arrive(1);
	fill();
	ck_assert_uint_eq(input.slab->cap, (size_t)1 << 20);
	keep(0, 0);
}

#define SLAB ((size_t)STAY__SLAB_SIZE)
#define ROOM (SLAB / 4) /* as much is worth a read */

/* With `end` bytes in a slab, of which `kept` are live, for a frame of `wanted`: what
 * the next read does to them. */
enum room { STAYS, DOWN, GROWS };

TEST_ROWS(input_moves_only_what_has_no_room, 9)
{
	static const struct {
		size_t end, kept, wanted;
		enum room room;
	} rows[] = {
		{ SLAB - ROOM, 10, 0, STAYS },
		{ SLAB - ROOM + 1, 10, 0, DOWN },
		{ SLAB - 100, 10, 110, STAYS },
		{ SLAB - 100, 10, 111, DOWN },
		{ SLAB - 100, 10, 11, STAYS },
		{ SLAB - 100, 10, 10, DOWN },
		{ SLAB, 10, 10, DOWN },
		{ SLAB, SLAB - ROOM, 0, DOWN },
		{ SLAB, SLAB - ROOM + 1, 0, GROWS },
	};
	size_t start = rows[_i].end - rows[_i].kept;

	arrive(rows[_i].end);
	ck_assert_uint_eq(fill(), rows[_i].end);
	keep(rows[_i].kept, rows[_i].wanted);
	ck_assert_uint_eq(input.slab->place.start, start);
	arrive(1);
	ck_assert_uint_eq(fill(), 1);
	ck_assert_uint_eq(
	    input.slab->place.start, rows[_i].room == STAYS ? start : 0);
	ck_assert_uint_eq(
	    input.slab->cap, rows[_i].room == GROWS ? 2 * SLAB : SLAB);
	keep(0, 0);
}

/* And when a large one is left for one of the usual size. */
TEST_ROWS(input_leaves_a_slab_that_is_too_large, 4)
{
	static const struct {
		size_t kept, wanted;
		bool leaves;
	} rows[] = {
		{ SLAB - ROOM, 0, true },
		{ SLAB - ROOM + 1, 0, false },
		{ 10, SLAB, true },
		{ 10, SLAB + 1, false },
	};
	size_t all = 0;

	while (all < 3 * SLAB) {
		arrive(SLAB - 1);
		all += fill();
		keep(all, 4 * SLAB);
	}
	ck_assert_uint_gt(input.slab->cap, SLAB);
	keep(rows[_i].kept, rows[_i].wanted);
	arrive(1);
	ck_assert_uint_eq(fill(), 1);
	ck_assert((input.slab->cap == SLAB) == rows[_i].leaves);
	keep(0, 0);
}

TEST(input_leaves_a_large_slab_behind)
{
	size_t all = 0;

	while (all < 300000) {
		arrive(60000);
		all += fill();
		keep(all, 300000);
	}
	ck_assert_uint_gt(input.slab->cap, STAY__SLAB_SIZE);
	keep(100, 200);
	arrive(100);
	fill();
	ck_assert_uint_eq(input.slab->cap, STAY__SLAB_SIZE);
	keep(0, 0);
}

TEST(input_leaves_held_bytes_alone)
{
	struct stay__slab *held;
	struct stay_bytes view;
	bool intact = true;

	arrive(60000);
	fill();
	view = stay__input_view(&input);
	held = input.slab;
	stay__slab_hold(held);
	keep(10, 0);
	arrive(60000);
	while (fill() > 0)
		keep(10, 0);
	ck_assert_ptr_ne(input.slab, held);
	for (size_t i = 0; i < 60000; i++)
		intact = intact && (unsigned char)view.data[i] == (i & 0xff);
	ck_assert(intact);
	stay__slab_drop(&rig.loop->slabs, held);
}

TEST(input_tells_the_end)
{
	size_t got;

	arrive(10);
	sim_peer_close(peer);
	sim_run_ms(rig.world, 1);
	ck_assert_uint_eq(fill(), 10);
	keep(5, 0);
	ck_assert_int_eq(
	    stay__input_fill(&input, &rig.link, &got), STAY_E_CLOSED);
	ck_assert_uint_eq(stay__input_view(&input).len, 5);
}

TEST(input_tells_an_error_once_and_the_link_keeps_it)
{
	size_t got;

	sim_peer_reset(peer);
	sim_run_ms(rig.world, 1);
	ck_assert_int_eq(
	    stay__input_fill(&input, &rig.link, &got), STAY_E_RESET);
	ck_assert_ptr_null(input.slab);
	stay__link_fail(&rig.link, STAY_E_RESET, 0);
	EXPECT_IN(rig_failure(&rig), "ECONNRESET");
}

TEST(slabs_that_are_spare_are_few)
{
	struct stay__slab *slabs[10];

	for (int i = 0; i < 10; i++)
		slabs[i] = stay__slab_take(&rig.loop->slabs, 1);
	for (int i = 0; i < 10; i++)
		stay__slab_drop(&rig.loop->slabs, slabs[i]);
	ck_assert_uint_le(rig.loop->slabs.count, 4);
	stay__slab_drop(&rig.loop->slabs,
	    stay__slab_take(&rig.loop->slabs, STAY__SLAB_SIZE + 1));
	ck_assert_uint_le(rig.loop->slabs.count, 4);
	stay__slabs_trim(&rig.loop->slabs);
	ck_assert_uint_eq(rig.loop->slabs.count, 0);
}

TEST_SUITE_WITH(input, .before = begin, .after = end)
