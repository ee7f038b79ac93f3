/* URLs: what is accepted, what is refused and why, what is told about them. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <stay/url.h>

#include "expect.h"
#include "suites.h"
#include "support/secret.h"

/* Parsed from a copy of exactly its size, so that a sanitizer sees overreads.
 */
static enum stay_status
parse(struct stay_url **url, const char *text, const char **why)
{
	char *copy = strdup(text);
	enum stay_status status;

	EXPECT(copy != NULL);
	status = stay_url_parse(url, copy, why);
	free(copy);
	return status;
}

struct good {
	const char *text;
	struct stay_url parts;
	const char *described;
};

/* clang-format off */
static const struct good goods[] = {
	/*  scheme, user, password, host, port, path, query  */
	{ "redis://localhost",
	  { "redis", "", "", "localhost", "", "", "" },
	  "redis://localhost" },
	{ "tcp://host:7777",
	  { "tcp", "", "", "host", "7777", "", "" },
	  "tcp://host:7777" },
	{ "REDIS://Host",
	  { "redis", "", "", "Host", "", "", "" },
	  "redis://Host" },
	{ "redis://user:secret@db.example:6380/3?timeout=5&x=y",
	  { "redis", "user", "secret", "db.example", "6380", "/3", "timeout=5&x=y" },
	  "redis://db.example:6380/3" },
	{ "redis://:secret@db",
	  { "redis", "", "secret", "db", "", "", "" },
	  "redis://db" },
	{ "redis://user@db",
	  { "redis", "user", "", "db", "", "", "" },
	  "redis://db" },
	{ "redis://user:@db",
	  { "redis", "user", "", "db", "", "", "" },
	  "redis://db" },
	{ "redis://@db",
	  { "redis", "", "", "db", "", "", "" },
	  "redis://db" },
	{ "redis://u%3As%40r:p%2F%3F%23%25@db",
	  { "redis", "u:s@r", "p/?#%", "db", "", "", "" },
	  "redis://db" },
	{ "redis://u:a:b@db",
	  { "redis", "u", "a:b", "db", "", "", "" },
	  "redis://db" },
	{ "redis://u:p@ss@db:1",
	  { "redis", "u", "p@ss", "db", "1", "", "" },
	  "redis://db:1" },
	{ "redis://u%C3%A9:%e2%82%ac@db",
	  { "redis", "u\xc3\xa9", "\xe2\x82\xac", "db", "", "", "" },
	  "redis://db" },
	{ "redis://[::1]",
	  { "redis", "", "", "::1", "", "", "" },
	  "redis://[::1]" },
	{ "redis://u:p@[2001:db8::7]:6379/0",
	  { "redis", "u", "p", "2001:db8::7", "6379", "/0", "" },
	  "redis://[2001:db8::7]:6379/0" },
	{ "redis://[::ffff:10.0.0.7]:",
	  { "redis", "", "", "::ffff:10.0.0.7", "", "", "" },
	  "redis://[::ffff:10.0.0.7]" },
	{ "redis://[0000:0000:0000:0000:0000:ffff:255.255.255.255]",
	  { "redis", "", "", "0000:0000:0000:0000:0000:ffff:255.255.255.255", "",
	    "", "" },
	  "redis://[0000:0000:0000:0000:0000:ffff:255.255.255.255]" },
	{ "redis://[fe80::1%25eth0]:1",
	  { "redis", "", "", "fe80::1%eth0", "1", "", "" },
	  "redis://[fe80::1%25eth0]:1" },
	{ "redis://[fe80::1%251]:1",
	  { "redis", "", "", "fe80::1%1", "1", "", "" },
	  "redis://[fe80::1%251]:1" },
	/* what was decoded is described as a URL again, not as an address */
	{ "redis://no%0Aconn%3A%209.invalid:1",
	  { "redis", "", "", "no\nconn: 9.invalid", "1", "", "" },
	  "redis://no%0Aconn%3A%209.invalid:1" },
	{ "redis+unix:///run/redis/redis.sock?db=2",
	  { "redis+unix", "", "", "", "", "/run/redis/redis.sock", "db=2" },
	  "redis+unix:///run/redis/redis.sock" },
	{ "redis+unix://:secret@/tmp/s",
	  { "redis+unix", "", "secret", "", "", "/tmp/s", "" },
	  "redis+unix:///tmp/s" },
	/* all that may stand unescaped, and what may not */
	{ "tcp://-._~!$&'()*+,;=:-._~!$&'()*+,;=:@-._~!$&'()*+,;=/"
	  "-._~!$&'()*+,;=:@?-._~!$&'()*+,;=:@/?",
	  { "tcp", "-._~!$&'()*+,;=", "-._~!$&'()*+,;=:", "-._~!$&'()*+,;=", "",
	    "/-._~!$&'()*+,;=:@", "-._~!$&'()*+,;=:@/?" },
	  "tcp://-._~!$&'()*+,;=/-._~!$&'()*+,;=:@" },
	{ "tcp://%2F%40%5B/%3F%23%5B",
	  { "tcp", "", "", "/@[", "", "/?#[", "" },
	  "tcp://%2F%40%5B/%3F%23%5B" },
	{ "unix:///tmp/a%20b",
	  { "unix", "", "", "", "", "/tmp/a b", "" },
	  "unix:///tmp/a%20b" },
	{ "unix://%2Ftmp%2Fs",
	  { "unix", "", "", "/tmp/s", "", "", "" },
	  "unix://%2Ftmp%2Fs" },
	{ "x1.2-3+4://h",
	  { "x1.2-3+4", "", "", "h", "", "", "" },
	  "x1.2-3+4://h" },
	{ "tcp://h:65535",
	  { "tcp", "", "", "h", "65535", "", "" },
	  "tcp://h:65535" },
	{ "tcp://h:000080",
	  { "tcp", "", "", "h", "80", "", "" },
	  "tcp://h:80" },
	{ "tcp://[::1]:00000",
	  { "tcp", "", "", "::1", "0", "", "" },
	  "tcp://[::1]:0" },
	{ "tcp://h:",
	  { "tcp", "", "", "h", "", "", "" },
	  "tcp://h" },
	{ "tcp://:80",
	  { "tcp", "", "", "", "80", "", "" },
	  "tcp://:80" },
	{ "tcp://",
	  { "tcp", "", "", "", "", "", "" },
	  "tcp://" },
	{ "tcp://h/",
	  { "tcp", "", "", "h", "", "/", "" },
	  "tcp://h/" },
	{ "tcp://h?",
	  { "tcp", "", "", "h", "", "", "" },
	  "tcp://h" },
	{ "tcp://h?a@b:c/d?e",
	  { "tcp", "", "", "h", "", "", "a@b:c/d?e" },
	  "tcp://h" },
	{ "tcp://h?a=%2f",
	  { "tcp", "", "", "h", "", "", "a=%2f" },
	  "tcp://h" },
	{ "tcp://h/a@b:c//d",
	  { "tcp", "", "", "h", "", "/a@b:c//d", "" },
	  "tcp://h/a@b:c//d" },
	{ "redis+sentinel://a,b,c:26379/primary",
	  { "redis+sentinel", "", "", "a,b,c", "26379", "/primary", "" },
	  "redis+sentinel://a,b,c:26379/primary" },
	{ "tcp://%0Aforged",
	  { "tcp", "", "", "\nforged", "", "", "" },
	  "tcp://%0Aforged" },
};

/* A word that must stand in the reason. */
static const struct bad {
	const char *text;
	const char *why;
} bads[] = {
	{ "", "empty" },
	{ "://host", "begin with a letter" },
	{ "1tcp://host", "begin with a letter" },
	{ "+x://host", "begin with a letter" },
	{ "/tmp/socket", "begin with a letter" },
	{ "[::1]:6379", "begin with a letter" },
	{ "%74cp://host", "begin with a letter" },
	{ "t_p://host", "scheme contains" },
	{ "t%63p://host", "scheme contains" },
	{ "t p://host", "scheme contains" },
	{ "localhost", "\"://\"" },
	{ "localhost:6379", "\"://\"" },
	{ "tcp:", "\"://\"" },
	{ "tcp:/", "\"://\"" },
	{ "tcp:host", "\"://\"" },
	{ "tcp/://host", "\"://\"" },
	{ "tcp://host#top", "'#'" },
	{ "tcp://host/path#", "'#'" },
	{ "tcp://host?query#x", "'#'" },
	{ "redis://:pa#ss@host", "'#'" },
	{ "redis://:pa/ss@host", "'/' must be written as %2F, '?' as %3F" },
	{ "redis://:pa?ss@host", "'/' must be written as %2F, '?' as %3F" },
	{ "redis://u r@host", "user contains a character" },
	{ "redis://u\xc3\xa9@host", "user contains a character" },
	{ "redis://u\tr@host", "user contains a control" },
	{ "redis://u%@host", "user contains a bad" },
	{ "redis://u%00@host", "user contains an escaped NUL" },
	{ "redis://:p^s@host", "password contains a character" },
	{ "redis://:p\ns@host", "password contains a control" },
	{ "redis://:p%4@host", "password contains a bad" },
	{ "redis://:p%%40@host", "password contains a bad" },
	{ "redis://:p%00@host", "password contains an escaped NUL" },
	{ "redis://:p[@host", "password contains a character" },
	{ "tcp://ho st", "host contains a character" },
	{ "tcp://ho\x7fst", "host contains a control" },
	{ "tcp://ho\rst", "host contains a control" },
	{ "tcp://h%zz", "host contains a bad" },
	{ "tcp://h%", "host contains a bad" },
	{ "tcp://h%4", "host contains a bad" },
	{ "tcp://h%00", "host contains an escaped NUL" },
	{ "tcp://h<x>", "host contains a character" },
	{ "tcp://h[::1]", "colon" },
	{ "tcp://h]", "host contains a character" },
	{ "tcp://::1", "colon" },
	{ "tcp://::1:6379", "colon" },
	{ "tcp://2001:db8::7", "colon" },
	{ "tcp://a:1,b:2", "colon" },
	{ "tcp://[::1", "not closed" },
	{ "tcp://[", "not closed" },
	{ "tcp://[::1/x]", "not closed" },
	{ "tcp://[]", "not an IPv6" },
	{ "tcp://[host]", "not an IPv6" },
	{ "tcp://[1.2.3.4]", "not an IPv6" },
	{ "tcp://[:::]", "not an IPv6" },
	{ "tcp://[1::2::3]", "not an IPv6" },
	{ "tcp://[12345::]", "not an IPv6" },
	{ "tcp://[1:2:3:4:5:6:7:8:9]", "not an IPv6" },
	{ "tcp://[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]",
	  "not an IPv6" },
	{ "tcp://[v1.x]", "not an IPv6" },
	{ "tcp://[::1%25]", "not an IPv6" },
	{ "tcp://[%25eth0]", "not an IPv6" },
	{ "tcp://[::1%2eth]", "not an IPv6" },
	{ "tcp://[::1%eth0]", "IPv6 address contains a bad" },
	{ "tcp://[::1%25a%00]", "IPv6 address contains an escaped NUL" },
	{ "tcp://[::1%25a b]", "IPv6 address contains a character" },
	{ "tcp://[::1%25a!b]", "IPv6 address contains a character" },
	{ "tcp://[::1%25a;b]", "IPv6 address contains a character" },
	{ "tcp://[::1]x", "goes on" },
	{ "tcp://[::1]6379", "goes on" },
	{ "tcp://[::1]]", "goes on" },
	{ "tcp://[::1]:x", "port is not a number" },
	{ "tcp://[::1]:1:2", "port is not a number" },
	{ "tcp://h:x", "port is not a number" },
	{ "tcp://h:80x", "port is not a number" },
	{ "tcp://h:-1", "port is not a number" },
	{ "tcp://h:+1", "port is not a number" },
	{ "tcp://h: 1", "port is not a number" },
	{ "tcp://h:%38", "port is not a number" },
	{ "tcp://h:65536", "past 65535" },
	{ "tcp://h:99999999999999999999999999", "past 65535" },
	{ "tcp://h/a b", "path contains a character" },
	{ "tcp://h/a\nb", "path contains a control" },
	{ "tcp://h/%g0", "path contains a bad" },
	{ "tcp://h/%0", "path contains a bad" },
	{ "tcp://h/%00", "path contains an escaped NUL" },
	{ "tcp://h/\"", "path contains a character" },
	{ "tcp://h/\\", "path contains a character" },
	{ "tcp://h?a b", "query contains a character" },
	{ "tcp://h?a\x01", "query contains a control" },
	{ "tcp://h?a=%", "query contains a bad" },
	{ "tcp://h?a=%00", "query contains an escaped NUL" },
	{ "tcp://h?a[]=1", "query contains a character" },
};
/* clang-format on */

TEST_ROWS(url_good_ones_are_taken_apart, LEN(goods))
{
	const struct good *good = &goods[_i];
	const char *why = "set";
	struct stay_url *url;
	char text[128];
	int len;

	EXPECT_OK(parse(&url, good->text, &why));
	ck_assert_ptr_null(why);
	ck_assert_str_eq(url->scheme, good->parts.scheme);
	ck_assert_str_eq(url->user, good->parts.user);
	ck_assert_str_eq(url->password, good->parts.password);
	ck_assert_str_eq(url->host, good->parts.host);
	ck_assert_str_eq(url->port, good->parts.port);
	ck_assert_str_eq(url->path, good->parts.path);
	ck_assert_str_eq(url->query, good->parts.query);
	len = stay_url_describe(url, text, sizeof(text));
	ck_assert_str_eq(text, good->described);
	ck_assert_int_eq(len, (int)strlen(text));
	stay_url_free(url);
}

TEST_ROWS(url_bad_ones_are_refused_with_a_reason, LEN(bads))
{
	const struct bad *bad = &bads[_i];
	struct stay_url *url = (struct stay_url *)(void *)&url;
	const char *why = NULL;

	ck_assert_int_eq(parse(&url, bad->text, &why), STAY_E_URL);
	ck_assert_ptr_null(url);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, bad->why) != NULL, "%s: %s", bad->text, why);
	ck_assert_int_eq(parse(&url, bad->text, NULL), STAY_E_URL);
}

TEST(url_none_is_refused)
{
	struct stay_url *url;

	ck_assert_int_eq(stay_url_parse(&url, NULL, NULL), STAY_E_URL);
	ck_assert_ptr_null(url);
	stay_url_free(NULL);
}

TEST(url_has_a_longest)
{
	enum { MOST = 65535 };
	char *text = malloc(MOST + 2);
	struct stay_url *url;
	const char *why;

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', MOST + 1);
	memcpy(text, "tcp://h/", 8);
	text[MOST] = '\0';
	EXPECT_OK(stay_url_parse(&url, text, NULL));
	ck_assert_uint_eq(strlen(url->path), MOST - 7);
	stay_url_free(url);
	text[MOST] = 'a';
	text[MOST + 1] = '\0';
	ck_assert_int_eq(stay_url_parse(&url, text, &why), STAY_E_URL);
	EXPECT_IN(why, "65535 bytes");
	free(text);
}

/* ---- describe ------------------------------------------------------- */

TEST(url_describe_leaks_no_secret)
{
	char text[128];
	struct stay_url *url;

	EXPECT_OK(
	    parse(&url, "redis://UUUU:PPPP@P@host:1/path?auth=QQQQ", NULL));
	stay_url_describe(url, text, sizeof(text));
	ck_assert_str_eq(text, "redis://host:1/path");
	stay_url_free(url);
}

TEST(url_describe_fits_any_space)
{
	static const char whole[] = "redis://[::1]:6379/%0A";
	struct stay_url *url;
	char text[64];

	EXPECT_OK(parse(&url, "redis://u:p@[::1]:6379/%0a?q", NULL));
	for (size_t len = 0; len < sizeof(text); len++) {
		size_t fits = len < sizeof(whole) ? len : sizeof(whole);

		memset(text, '*', sizeof(text));
		ck_assert_int_eq(
		    stay_url_describe(url, text, len), sizeof(whole) - 1);
		ck_assert_int_eq(text[len], '*');
		if (len == 0)
			continue;
		ck_assert_uint_eq(strlen(text), fits - 1);
		ck_assert_int_eq(strncmp(text, whole, fits - 1), 0);
	}
	ck_assert_int_eq(stay_url_describe(url, NULL, 0), sizeof(whole) - 1);
	stay_url_free(url);
}

/* Of a URL that is refused behind it, too. */
TEST_ROWS(url_leaves_no_secret_in_its_memory, 4)
{
	static const char *const texts[] = { "redis://u:s3cr3t@h",
		"redis://u:s%33cr3t@h/%zz", "redis://u:s3cr3t@h:x",
		"redis://h?auth=s3cr3t" };
	struct stay_url *url;

	secret_watch("s3cr3t");
	ck_assert_int_eq(stay_url_parse(&url, texts[_i], NULL) == STAY_OK,
	    _i == 0 || _i == 3);
	stay_url_free(url);
	ck_assert_uint_eq(secret_freed(), 0);
}

/* ---- query ---------------------------------------------------------- */

static void
assert_query(
    const struct stay_url *url, const char *key, const char *value, size_t size)
{
	char text[64] = "before";
	int len = stay_url_query(url, key, text, size);

	ck_assert_int_eq(len, value == NULL ? -1 : (int)strlen(value));
	ck_assert_str_eq(text, value == NULL ? "" : value);
}

TEST(url_query_finds_decoded_values)
{
	struct stay_url *url;
	char none = '*';

	EXPECT_OK(parse(&url,
	    "tcp://h?a=1&bb=x%20y+z&flag&e=&%63=%3d%26&a=2&"
	    "=anon&&last=%C3%A9=",
	    NULL));
	assert_query(url, "a", "1", 64);
	assert_query(url, "bb", "x y+z", 64);
	assert_query(url, "flag", "", 64);
	assert_query(url, "e", "", 64);
	assert_query(url, "c", "=&", 64);
	assert_query(url, "", "anon", 64);
	assert_query(url, "last", "\xc3\xa9=", 64);
	assert_query(url, "b", NULL, 64);
	assert_query(url, "bbb", NULL, 64);
	assert_query(url, "A", NULL, 64);
	assert_query(url, "bb", "x y+z", 6);
	assert_query(url, "bb", NULL, 5);
	assert_query(url, "e", "", 1);
	assert_query(url, "a", NULL, 1);
	ck_assert_int_eq(stay_url_query(url, "a", &none, 0), -1);
	ck_assert_int_eq(none, '*');
	stay_url_free(url);
}

TEST(url_query_of_none_finds_nothing)
{
	struct stay_url *url;

	EXPECT_OK(parse(&url, "tcp://h", NULL));
	assert_query(url, "a", NULL, 64);
	assert_query(url, "", NULL, 64);
	stay_url_free(url);
}

/* ---- anything at all ------------------------------------------------ */

/* What it says about itself, read again, is the same place. */
static void
assert_consistent(const struct stay_url *url)
{
	char text[2048];
	struct stay_url *again;
	int len = stay_url_describe(url, text, sizeof(text));

	EXPECT(len < (int)sizeof(text));
	for (const char *c = text; *c != '\0'; c++)
		EXPECT(*c > 0x20 && *c < 0x7f && *c != '?');
	if (strchr(url->host, ':') != NULL)
		return; /* an escaped colon: may be no IPv6 address */
	EXPECT(parse(&again, text, NULL) == STAY_OK);
	EXPECT(strcmp(again->scheme, url->scheme) == 0);
	EXPECT(strcmp(again->host, url->host) == 0);
	EXPECT(strcmp(again->port, url->port) == 0);
	EXPECT(strcmp(again->path, url->path) == 0);
	EXPECT(strcmp(again->user, "") == 0);
	EXPECT(strcmp(again->password, "") == 0);
	stay_url_free(again);
}

static bool
try(const char *text)
{
	const char *why = NULL;
	struct stay_url *url;
	char value[8];

	if (parse(&url, text, &why) != STAY_OK) {
		EXPECT(url == NULL);
		EXPECT(why != NULL);
		return false;
	}
	assert_consistent(url);
	stay_url_query(url, "a", value, sizeof(value));
	stay_url_free(url);
	return true;
}

TEST(url_random_texts_never_crash)
{
	static const char *const pieces[] = { "tcp", "://", ":", "/", "@", "[",
		"]", "%", "%4", "%41", "%00", "%25", "?", "&", "a=", "#", "::1",
		"127.0.0.1", "6379", "65536", "host", "\x01", "\xff", " ", ".",
		"+", "-", "redis+unix", "p", "0" };
	char text[1024];
	int accepted = 0;

	srand(5);
	for (int i = 0; i < 50000; i++) {
		text[0] = '\0';
		if (i % 2 == 0)
			strcat(text, "tcp://");
		for (int n = rand() % 9; n > 0; n--)
			strcat(text, pieces[(size_t)rand() % (LEN(pieces))]);
		accepted += try(text);
	}
	ck_assert_int_gt(accepted, 1000);
}

TEST(url_damaged_ones_never_crash)
{
	int accepted = 0;

	srand(6);
	for (int i = 0; i < 50000; i++) {
		const char *from = goods[(size_t)rand() % (LEN(goods))].text;
		size_t len = strlen(from);
		char text[128];

		memcpy(text, from, len + 1);
		for (int n = 1 + rand() % 3; n > 0; n--)
			text[(size_t)rand() % len] = (char)rand();
		if (rand() % 4 == 0)
			text[(size_t)rand() % len] = '\0';
		accepted += try(text);
	}
	ck_assert_int_gt(accepted, 1000);
}

TEST_SUITE(url)
