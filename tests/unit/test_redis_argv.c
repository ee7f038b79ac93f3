/*
 * Commands of words against an encoder that prints them one after the other: few and
 * short words go a way of their own, whatever room the buffer has.
 */
#include <string.h>

#include "../../adapters/redis/format.h"
#include "expect.h"
#include "suites.h"
#include "support/resp_maker.h"

#define SEEDS     4000
#define WORDS_MAX 80
#define LONG_MAX  300

struct words {
	const char *argv[WORDS_MAX];
	size_t lens[WORDS_MAX];
	size_t argc;
	char text[LONG_MAX];
};

/* Mostly few and short; each ends elsewhere in the same text. */
static void
draw_words(struct maker *maker, struct words *words)
{
	static const size_t most[] = { 5, 5, 5, 18, 65, LONG_MAX };

	words->argc = 1 + maker_draw(maker, maker_draw(maker, 4) == 0 ? 80 : 9);
	for (size_t i = 0; i < LONG_MAX; i++)
		words->text[i] = (char)maker_draw(maker, 256);
	for (size_t i = 0; i < words->argc; i++) {
		words->lens[i] = maker_draw(maker, most[maker_draw(maker, 6)]);
		words->argv[i] = words->text + LONG_MAX - words->lens[i];
	}
}

static void
print_words(struct stay_buf *out, const struct words *words)
{
	EXPECT(stay_buf_printf(out, "*%zu\r\n", words->argc) == STAY_OK);
	for (size_t i = 0; i < words->argc; i++) {
		EXPECT(stay_buf_printf(out, "$%zu\r\n", words->lens[i]) ==
		       STAY_OK);
		EXPECT(stay_buf_append(out, words->argv[i], words->lens[i]) ==
		       STAY_OK);
		EXPECT(stay_buf_puts(out, "\r\n") == STAY_OK);
	}
}

static void
assert_same_bytes(
    const struct stay_buf *have, const struct stay_buf *want, int seed)
{
	size_t len = stay_buf_len(want);

	ck_assert_msg(
	    stay_buf_len(have) == len &&
		(len == 0 || memcmp(stay_buf_bytes(have).data,
				 stay_buf_bytes(want).data, len) == 0),
	    "seed %d is written as something else", seed);
}

static enum stay_status
write_words(struct stay_buf *out, const struct words *words)
{
	return stay_redis__write_argv(
	    out, words->argc, words->argv, words->lens);
}

/* One behind the other, so the room that is there is ever different. */
TEST(redis_argv_in_any_room)
{
	struct stay_buf have, want;
	struct words words;
	struct maker maker;

	stay_buf_init(&have, 0);
	stay_buf_init(&want, 0);
	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		draw_words(&maker, &words);
		EXPECT_OK(write_words(&have, &words));
		print_words(&want, &words);
		assert_same_bytes(&have, &want, seed);
		if (maker_draw(&maker, 8) == 0) {
			stay_buf_fini(&have);
			stay_buf_fini(&want);
		} else if (maker_draw(&maker, 2) == 0) {
			stay_buf_take(&have, stay_buf_len(&have) / 2);
			stay_buf_take(&want, stay_buf_len(&want) / 2);
		}
		maker_fini(&maker);
	}
	stay_buf_fini(&have);
	stay_buf_fini(&want);
}

/* With room for all it is written; without room for the bytes alone it is not, and
 * the buffer is as before. */
TEST(redis_argv_up_to_the_limit)
{
	struct stay_buf have, want;
	enum stay_status status;
	struct words words;
	struct maker maker;

	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		draw_words(&maker, &words);
		stay_buf_init(&want, 0);
		EXPECT(stay_buf_puts(&want, "before") == STAY_OK);
		stay_buf_init(&have, 1 + maker_draw(&maker, 700));
		if (stay_buf_puts(&have, "before") == STAY_OK) {
			status = write_words(&have, &words);
			if (status == STAY_OK)
				print_words(&want, &words);
			else
				ck_assert_int_eq(status, STAY_E_TOO_BIG);
			assert_same_bytes(&have, &want, seed);
		}
		stay_buf_fini(&have);
		stay_buf_fini(&want);
		maker_fini(&maker);
	}
}

TEST(redis_argv_a_word_is_missing)
{
	const char *argv[] = { "SET", NULL, "value" };
	size_t lens[] = { 3, 1, 5 };
	struct stay_buf out;

	stay_buf_init(&out, 0);
	EXPECT_OK(stay_redis__write_argv(&out, 1, argv, lens));
	ck_assert_int_eq(
	    stay_redis__write_argv(&out, 3, argv, lens), STAY_E_ARG);
	ck_assert_uint_eq(stay_buf_len(&out), strlen("*1\r\n$3\r\nSET\r\n"));
	lens[1] = 0;
	EXPECT_OK(stay_redis__write_argv(&out, 3, argv, lens));
	stay_buf_fini(&out);
}

TEST_SUITE(redis_argv)
