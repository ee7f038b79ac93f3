/*
 * Prepared commands against the same command as words: bytes, what they mean, and what
 * comes of them.
 */
#include <stdio.h>
#include <string.h>

#include "../../adapters/redis/config.h"
#include "../../adapters/redis/prepared.h"
#include "../../adapters/redis/request.h"
#include "suites.h"
#include "support/expect.h"
#include "support/redis_virtual.h"
#include "support/resp_maker.h"

#define SEEDS     4000
#define WORDS_MAX 16
#define LONG_MAX  300

/* ---- formats ---- */

#define EIGHT   "%b %b %b %b %b %b %b %b"
#define TEN     "0123456789"
/* With "*1\r\n$100\r\n" and CRLF it has 112 bytes. */
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *format;
	enum stay_status status;
} formats[] = {
	{ "GET %b", STAY_OK },
	{ "  GET   %b  ", STAY_OK },
	{ "PING", STAY_OK },
	{ "MSET " EIGHT, STAY_OK },
	{ "MSET " EIGHT " x", STAY_OK },
	{ "MSET " EIGHT " %b", STAY_E_TOO_BIG },
	{ HUNDRED, STAY_OK },
	{ HUNDRED "1", STAY_E_TOO_BIG },
	{ HUNDRED " %b", STAY_OK },
	{ HUNDRED " 1", STAY_E_TOO_BIG },
	{ HUNDRED TEN "12", STAY_E_TOO_BIG },
	{ HUNDRED TEN "123", STAY_E_TOO_BIG },
	{ NULL, STAY_E_FORMAT },
	{ "", STAY_E_FORMAT },
	{ " ", STAY_E_FORMAT },
	{ "%b", STAY_E_FORMAT },
	{ "%b x", STAY_E_FORMAT },
	{ "GET %s", STAY_E_FORMAT },
	{ "GET key:%b", STAY_E_FORMAT },
	{ "GET %bx", STAY_E_FORMAT },
	{ "GET %%", STAY_E_FORMAT },
	{ "SUBSCRIBE %b", STAY_E_UNSUPPORTED },
	{ "CLIENT REPLY %b", STAY_E_UNSUPPORTED },
	{ "CLIENT %b %b", STAY_OK },
};

TEST_ROWS(redis_prepared_formats, LEN(formats))
{
	static const struct stay_redis_prepared nothing;
	struct stay_redis_prepared prepared;
	struct stay_buf out;

	ck_assert_int_eq(stay_redis_prepare(&prepared, formats[_i].format),
	    formats[_i].status);
	if (formats[_i].status == STAY_OK)
		return;
	ck_assert_mem_eq(&prepared, &nothing, sizeof(prepared));
	stay_buf_init(&out, 0);
	ck_assert_int_eq(stay_redis__write_prepared(&out, &prepared, 0, NULL),
	    STAY_E_FORMAT);
	stay_buf_fini(&out);
}

/* ---- bytes ---- */

/* The same command as a format with its words, and as words alone. */
struct both {
	char format[WORDS_MAX * 16];
	struct stay_bytes words[WORDS_MAX];
	size_t changing;
	const char *argv[WORDS_MAX];
	size_t lens[WORDS_MAX];
	size_t argc;
	char text[LONG_MAX];
};

static void
add_word(struct both *both, const char *text, size_t len)
{
	both->argv[both->argc] = text;
	both->lens[both->argc++] = len;
}

static void
add_fixed(struct both *both, const char *word)
{
	strcat(strcat(both->format, " "), word);
	add_word(both, word, strlen(word));
}

static void
add_changing(struct both *both, const char *text, size_t len)
{
	strcat(both->format, " %b");
	both->words[both->changing++] = (struct stay_bytes){ text, len };
	add_word(both, text, len);
}

/* Each word ends elsewhere in the same text; what is fixed has room. */
static void
draw_both(struct maker *maker, struct both *both)
{
	static const char *const fixed[] = { "EX", "a-long-word", "1" };
	static const size_t most[] = { 5, 18, 65, LONG_MAX };
	size_t count = maker_draw(maker, 9), len;

	*both = (struct both){ .argc = 0 };
	for (size_t i = 0; i < LONG_MAX; i++)
		both->text[i] = (char)maker_draw(maker, 256);
	add_fixed(both, "HSET");
	for (size_t i = 0; i < count; i++) {
		len = maker_draw(maker, most[maker_draw(maker, 4)]);
		if (both->argc < 7 && maker_draw(maker, 3) == 0)
			add_fixed(both, fixed[maker_draw(maker, 3)]);
		else
			add_changing(both, both->text + LONG_MAX - len, len);
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

/* Both behind what is there, if there is room for it. */
static void
write_both(struct stay_buf *have, struct stay_buf *want,
    const struct both *both, int seed)
{
	struct stay_redis_prepared prepared;
	enum stay_status status;

	EXPECT_OK(stay_redis_prepare(&prepared, both->format));
	status = stay_redis__write_prepared(
	    have, &prepared, both->changing, both->words);
	if (status == STAY_OK)
		EXPECT_OK(stay_redis__write_argv(
		    want, both->argc, both->argv, both->lens));
	else
		ck_assert_int_eq(status, STAY_E_TOO_BIG);
	ck_assert(status == STAY_OK || have->limit > 0);
	assert_same_bytes(have, want, seed);
}

/* One behind the other, so the room that is there is ever different. */
TEST(redis_prepared_in_any_room)
{
	struct stay_buf have, want;
	struct maker maker;
	struct both both;

	stay_buf_init(&have, 0);
	stay_buf_init(&want, 0);
	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		draw_both(&maker, &both);
		write_both(&have, &want, &both, seed);
		if (maker_draw(&maker, 8) == 0) {
			stay_buf_fini(&have);
			stay_buf_fini(&want);
		}
		maker_fini(&maker);
	}
	stay_buf_fini(&have);
	stay_buf_fini(&want);
}

TEST(redis_prepared_up_to_the_limit)
{
	struct stay_buf have, want;
	struct maker maker;
	struct both both;

	for (int seed = 0; seed < SEEDS; seed++) {
		maker_init(&maker, seed);
		draw_both(&maker, &both);
		stay_buf_init(&want, 0);
		stay_buf_init(&have, 6 + maker_draw(&maker, 900));
		EXPECT_OK(stay_buf_puts(&want, "before"));
		EXPECT_OK(stay_buf_puts(&have, "before"));
		write_both(&have, &want, &both, seed);
		stay_buf_fini(&have);
		stay_buf_fini(&want);
		maker_fini(&maker);
	}
}

TEST(redis_prepared_words_are_missing)
{
	struct stay_bytes words[] = { { "key", 3 }, { NULL, 1 } };
	struct stay_redis_prepared set, ping;
	struct stay_buf out;

	EXPECT_OK(stay_redis_prepare(&set, "SET %b %b"));
	EXPECT_OK(stay_redis_prepare(&ping, "PING"));
	stay_buf_init(&out, 0);
	ck_assert_int_eq(
	    stay_redis__write_prepared(&out, NULL, 0, NULL), STAY_E_FORMAT);
	ck_assert_int_eq(
	    stay_redis__write_prepared(&out, &set, 1, words), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_prepared(&out, &set, 3, words), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_prepared(&out, &set, 2, NULL), STAY_E_ARG);
	ck_assert_int_eq(
	    stay_redis__write_prepared(&out, &set, 2, words), STAY_E_ARG);
	ck_assert_uint_eq(stay_buf_len(&out), 0);
	words[1].len = 0;
	EXPECT_OK(stay_redis__write_prepared(&out, &set, 2, words));
	ck_assert_uint_eq(stay_buf_len(&out),
	    strlen("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n"));
	EXPECT_OK(stay_redis__write_prepared(&out, &ping, 0, NULL));
	stay_buf_fini(&out);
}

/* ---- what it means ---- */

static const struct {
	const char *format;
	const char *words[3];
} meanings[] = {
	{ "GET %b", { "key" } },
	{ "SET %b %b", { "key", "value" } },
	{ "HGETALL %b", { "key" } },
	{ "BLPOP %b %b", { "key", "5" } },
	{ "BLPOP %b 5", { "key" } },
	{ "XREAD BLOCK %b STREAMS %b %b", { "100", "s", "$" } },
	{ "MEMORY %b %b", { "USAGE", "key" } },
	{ "MEMORY %b", { "PURGE" } },
	{ "MEMORY USAGE %b", { "key" } },
	{ "CLIENT %b %b", { "REPLY", "OFF" } },
	{ "CLIENT %b", { "INFO" } },
	{ "EVAL %b 0", { "return 1" } },
	{ "MULTI", { NULL } },
};

static void
assert_same_meaning(struct stay_redis__request *prepared,
    struct stay_redis__request *argv, enum stay_redis__place place,
    bool resend_reads)
{
	const struct stay_redis__config config = { .resend_reads =
						       resend_reads };
	struct stay_request have = { .data = prepared,
		.config = &config,
		.replies = 1,
		.is_untold = resend_reads };
	struct stay_request want = have;
	struct stay_buf out;

	stay_buf_init(&out, 0);
	prepared->place = argv->place = place;
	want.data = argv;
	ck_assert_int_eq(stay_redis__request_encode(&have, &out),
	    stay_redis__request_encode(&want, &out));
	ck_assert_uint_eq(have.flags, want.flags);
	ck_assert_uint_eq(have.tag, want.tag);
	ck_assert_uint_eq(have.blocks_ms, want.blocks_ms);
	stay_buf_fini(&out);
}

TEST_ROWS(redis_prepared_means_the_same, LEN(meanings))
{
	const char *const *words = meanings[_i].words;
	struct both both = { .argc = 0 };
	struct stay_redis_prepared prepared;
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", meanings[_i].format);
	for (char *word = strtok(copy, " "); word != NULL;
	     word = strtok(NULL, " ")) {
		if (strcmp(word, "%b") != 0) {
			add_fixed(&both, word);
			continue;
		}
		add_changing(&both, *words, strlen(*words));
		words++;
	}
	EXPECT_OK(stay_redis_prepare(&prepared, both.format));
	for (int i = 0; i < 6; i++)
		assert_same_meaning(
		    &(struct stay_redis__request){
			.form = STAY_REDIS__FORM_PREPARED,
			.count = both.changing,
			.prepared = &prepared,
			.words = both.words },
		    &(struct stay_redis__request){ .count = both.argc,
			.argv = both.argv,
			.lens = both.lens },
		    (enum stay_redis__place)(i / 2), i % 2 == 0);
}

/* ---- calls ---- */

static char said[64];

static void
on_value(void *arg, const struct stay_result *result)
{
	(void)arg;
	EXPECT_OK(result->status);
	strcat(said, stay_redis_str(result->reply));
}

static void
on_all(void *arg, const struct stay_group_result *all)
{
	(void)arg;
	EXPECT_OK(all->status);
	ck_assert_uint_eq(all->count, 1);
	strcat(said, stay_redis_str(all->answers[0].reply));
}

TEST(redis_prepared_is_called)
{
	static const struct peer_row rows[] = { ON("GET a key", "$2\r\nhi\r\n"),
		{ 0 } };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.timeout_ms = 100 };
	const struct stay_bytes key = { "a key", 5 };
	struct stay_redis_prepared get;
	struct redis_virtual here;
	struct stay_redis_group *group;

	said[0] = '\0';
	EXPECT_OK(stay_redis_prepare(&get, "GET %b"));
	redis_virtual_open(&here, rows);
	redis_virtual_start(&here, "redis://10.0.0.1", NULL);
	EXPECT_OK(
	    stay_redis_call(here.redis, &get, NULL, on_value, NULL, 1, &key));
	EXPECT_OK(stay_redis_call(
	    here.redis, &get, &options, on_value, NULL, 1, &key));
	ck_assert_int_eq(
	    stay_redis_call(here.redis, &get, NULL, on_value, NULL, 2, &key),
	    STAY_E_ARG);
	group = stay_redis_pipeline_new(here.redis);
	EXPECT_OK(stay_redis_group_call(group, &get, 1, &key));
	EXPECT_OK(stay_redis_group_send(group, NULL, on_all, NULL));
	redis_virtual_say(&here, "");
	ck_assert_str_eq(said, "hihihi");
	redis_virtual_end(&here);
}

TEST_SUITE(redis_prepared)
