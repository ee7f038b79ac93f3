/* A URL of Sentinels: what is made of it, and what is refused. */
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/sentinel_url.h"

#include "sim/world_sim.h"
#include "suites.h"
#include "support/scarce.h"

static struct stay_loop *loop; /* is told what is wrong */
static struct stay_redis__sentinel_url made;

static long blocks;

static void
begin(void)
{
	blocks = scarce_blocks_here();
	loop = stay_loop_new(sim_world_new(1));
}

static void
end(void)
{
	stay_redis__sentinel_url_free(&made);
	ck_assert_int_eq(stay_loop_free(loop), STAY_OK);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

static enum stay_status
read(const char *url, const struct stay_redis_options *options)
{
	const struct stay_redis_options none = { STAY_REDIS_OPTIONS };

	stay_redis__sentinel_url_free(&made);
	return stay_redis__sentinel_url_read(
	    loop, &made, url, options == NULL ? &none : options);
}

/* The words with blanks for their ends. */
static const char *
words(void)
{
	static char text[1024];

	ck_assert_uint_lt(made.words.len, sizeof(text));
	memcpy(text, made.words.data, made.words.len);
	for (size_t i = 0; i < made.words.len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[made.words.len] = '\0';
	return text;
}

static const struct {
	const char *url;
	const char *front; /* NULL: it is another URL */
	const char *words; /* scheme name user password query urls */
} goods[] = {
	{ NULL, NULL, NULL },
	{ "redis://a:1/n", NULL, NULL },
	{ "redis://+sentinel://a/n", NULL, NULL },
	{ "redis+sentinels://a/n", NULL, NULL },
	{ "redis+sentinel://a/n", "redis://n", "redis n    redis://a:26379  " },
	{ "REDIS+Sentinel://a/n", "REDIS://n", "REDIS n    REDIS://a:26379  " },
	{ "valkeys+sentinel://a:1,b,[::1],[::2]:3/my-p.r_1/",
	    "valkeys://my-p.r_1/",
	    "valkeys my-p.r_1    valkeys://a:1 valkeys://b:26379 "
	    "valkeys://[::1]:26379 valkeys://[::2]:3  " },
	{ "redis+sentinel://u:p%40@a,b:2/n/3?role=primary&protocol=3",
	    "redis://u:p%40@n/3?role=primary&protocol=3",
	    "redis n    redis://a:26379 redis://b:2  " },
	{ "redis+sentinel://:x@y@a/n", "redis://:x@y@n",
	    "redis n    redis://a:26379  " },
	{ "redis+sentinel://a/n?sentinel_password=p%26w&db=1", "redis://n?db=1",
	    "redis n  p&w  redis://a:26379  " },
	{ "redis+sentinel://a/n?&db=1&sentinel_user=m%20e&&sentinel_password=p",
	    "redis://n?&db=1&", "redis n m e p  redis://a:26379  " },
	{ "rediss+sentinel://a,b/n?cafile=/"
	  "x&db=1&servername=s&cert=c&key=k&cadir=d",
	    "rediss://n?cafile=/x&db=1&servername=s&cert=c&key=k&cadir=d",
	    "rediss n   ?cafile=/x&servername=s&cert=c&key=k&cadir=d "
	    "rediss://a:26379?cafile=/x&servername=s&cert=c&key=k&cadir=d "
	    "rediss://b:26379?cafile=/x&servername=s&cert=c&key=k&cadir=d  " },
};

TEST_ROWS(redis_sentinel_url_is_taken_apart, LEN(goods))
{
	ck_assert_int_eq(read(goods[_i].url, NULL), STAY_OK);
	if (goods[_i].front == NULL) {
		ck_assert_ptr_null(made.front);
		return;
	}
	ck_assert_str_eq(made.front, goods[_i].front);
	ck_assert_str_eq(words(), goods[_i].words);
}

#define NO_NAME  "the URL does not name what the Sentinels watch"
#define NO_PLACE "the URL has a Sentinel without a host, or with an empty port"

static const struct {
	const char *url;
	const char *says;
} bads[] = {
	{ "redis+sentinel://", NO_NAME },
	{ "redis+sentinel://a", NO_NAME },
	{ "redis+sentinel://a/", NO_NAME },
	{ "redis+sentinel://a?db=1", NO_NAME },
	{ "redis+sentinel://a/n%20m", NO_NAME },
	{ "redis+sentinel://a/n:m", NO_NAME },
	{ "redis+sentinel:///n", NO_PLACE },
	{ "redis+sentinel://u@/n", NO_PLACE },
	{ "redis+sentinel://a,/n", NO_PLACE },
	{ "redis+sentinel://,a/n", NO_PLACE },
	{ "redis+sentinel://a,,b/n", NO_PLACE },
	{ "redis+sentinel://a:,b/n", NO_PLACE },
	{ "redis+sentinel://a:x/n",
	    "a Sentinel of the URL: the port is not a number" },
	{ "redis+sentinel://a,::1/n",
	    "a Sentinel of the URL: the host contains a colon" },
	{ "redis+sentinel://a/n#f", "a '#' must be percent-escaped" },
	{ "redis+sentinel://a/n?db=%zz", "%zz" },
	{ "redis+sentinel://a/n?role=any",
	    "role of the URL is 'any', and Sentinels lead to the primary" },
	{ "redis+sentinel://a/n?role=first", "role of the URL is 'first'" },
	{ "redis+sentinel://a/n?sentinel_user=u",
	    "the URL has a sentinel_user, and no sentinel_password" },
	{ "redis+sentinel://a/n?sentinel_password=",
	    "the key 'sentinel_password' of the URL has no value" },
	{ "redis+sentinel://a/n?sentinel_password",
	    "the key 'sentinel_password' of the URL has no value" },
	{ "redis+sentinel://a/n?sentinel_password=a&sentinel_password=b",
	    "the URL has the key 'sentinel_password' twice" },
};

TEST_ROWS(redis_sentinel_url_is_refused, LEN(bads))
{
	const char *says;

	ck_assert_int_eq(read(bads[_i].url, NULL), STAY_E_URL);
	says = stay_loop_rejection(loop);
	ck_assert_msg(strstr(says, bads[_i].says) != NULL ||
			  strstr(bads[_i].says, "%zz") != NULL,
	    "%s", says);
	ck_assert_str_ne(says, "");
}

static void
endpoints(void *arg, struct stay_client *client)
{
	(void)arg;
	(void)client;
}

static const char *const no_urls[] = { NULL };
static const char *const urls[] = { "redis://b", NULL };

/* What is said twice, or would be passed over. */
TEST(redis_sentinel_url_and_the_options)
{
	const struct {
		struct stay_redis_options options;
		enum stay_status status;
		const char *says;
	} rows[] = {
		{ { .client.endpoints = endpoints }, STAY_E_ARG,
		    "endpoints is set" },
		{ { .client.urls = urls }, STAY_E_ARG, "urls are given" },
		{ { .client.urls = no_urls }, STAY_OK, "" },
		{ { .role = STAY_REDIS_WANT_ANY }, STAY_E_ARG, "role is any" },
		{ { .role = STAY_REDIS_WANT_PRIMARY }, STAY_OK, "" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		stay_loop_set_rejection(loop, "%s", "");
		ck_assert_int_eq(read("redis+sentinel://a/n", &rows[i].options),
		    rows[i].status);
		ck_assert_ptr_nonnull(
		    strstr(stay_loop_rejection(loop), rows[i].says));
	}
	ck_assert_int_eq(read("redis://a", &rows[0].options), STAY_OK);
}

/* Of the Sentinels as of all a client's places. */
TEST_ROWS(redis_sentinel_url_has_bounds, 2)
{
	char url[1024] = "redis+sentinel://a";

	for (int i = 1; i < 256 + _i; i++)
		strcat(url, ",a");
	strcat(url, "/n");
	ck_assert_int_eq(read(url, NULL), _i == 0 ? STAY_OK : STAY_E_URL);
	if (_i == 1)
		ck_assert_str_eq(stay_loop_rejection(loop),
		    "the URL has more than 256 Sentinels");
}

/* The longest, and one that is longer. */
TEST_ROWS(redis_sentinel_url_has_a_length, 2)
{
	static const char head[] = "rediss+sentinel://a,b/n?cafile=";
	size_t len = 65535u + (size_t)_i;
	char *url = malloc(len + 1);

	memset(url, 'x', len);
	memcpy(url, head, sizeof(head) - 1);
	url[len] = '\0';
	ck_assert_int_eq(read(url, NULL), _i == 0 ? STAY_OK : STAY_E_URL);
	if (_i == 1)
		ck_assert_str_eq(stay_loop_rejection(loop),
		    "the URL is longer than 65535 bytes");
	free(url);
}

TEST(redis_sentinel_url_without_memory)
{
	bool failed = true;
	unsigned nth = 0;

	while (failed) {
		enum stay_status status;

		scarce_arm(++nth);
		status = read("redis+sentinel://a,b/n?db=1", NULL);
		failed = scarce_disarm();
		ck_assert_int_eq(status, failed ? STAY_E_NOMEM : STAY_OK);
	}
	ck_assert_uint_ge(nth, 4);
}

TEST_SUITE_WITH(redis_sentinel_url, .before = begin, .after = end)
