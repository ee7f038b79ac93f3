/* Literal addresses, there and back. */
#include <string.h>

#include "base/address.h"
#include "suites.h"

static const struct {
	const char *host;
	const char *port;
	const char *text; /* NULL: not a literal */
} literals[] = {
	{ "10.0.0.7", "6379", "10.0.0.7:6379" },
	{ "::1", "6379", "[::1]:6379" },
	{ "fd00::0007", "0", "[fd00::7]:0" },
	{ "fe80::1%2", "6379", "[fe80::1%252]:6379" },
	{ "fe80::1%4294967295", "1", "[fe80::1%254294967295]:1" },
	{ "fe80::1%4294967296", "1", NULL },
	{ "fe80::1%0", "1", NULL },
	{ "fe80::1%", "1", NULL },
	{ "fe80::1%lo", "1", NULL },
	{ "fe80::1%-1", "1", NULL },
	{ "10.0.0.7%2", "1", NULL },
	{ "localhost", "6379", NULL },
	{ "10.0.0", "6379", NULL },
	{ "10.0.0.7", "65536", NULL },
	{ "10.0.0.7", "", NULL },
	{ "10.0.0.7", "+1", NULL },
	{ "", "6379", NULL },
};

TEST(address_of_a_literal_is_shown_as_it_was_written)
{
	struct stay_address address;
	char text[STAY__ADDRESS_TEXT];

	for (size_t i = 0; i < LEN(literals); i++) {
		bool is_literal = stay__address_parse(
		    &address, literals[i].host, literals[i].port);

		ck_assert_int_eq(is_literal, literals[i].text != NULL);
		if (!is_literal)
			continue;
		stay__address_describe(&address, text, sizeof(text));
		ck_assert_str_eq(text, literals[i].text);
	}
}

TEST(address_of_a_path_fits_or_is_refused)
{
	struct stay_address address;
	char text[STAY__ADDRESS_TEXT];
	char path[200];

	ck_assert(stay__address_of_path(&address, "/run/x.sock"));
	stay__address_describe(&address, text, sizeof(text));
	ck_assert_str_eq(text, "/run/x.sock");
	memset(path, 'x', sizeof(path));
	path[107] = '\0';
	ck_assert(stay__address_of_path(&address, path));
	path[107] = 'x';
	path[108] = '\0';
	ck_assert(!stay__address_of_path(&address, path));
	ck_assert(!stay__address_of_path(&address, ""));
	memset(path, ' ', 107);
	path[107] = '\0';
	ck_assert(stay__address_of_path(&address, path));
	stay__address_describe(&address, text, sizeof(text));
	ck_assert_uint_eq(strlen(text), 3 * 107);
}

/* One of another family; a path up to the end of its room, where there is no NUL. */
TEST(address_that_is_none_of_ours_is_shown_too)
{
	struct stay_address address = { .storage.ss_family = AF_PACKET };
	char text[STAY__ADDRESS_TEXT], path[109];

	stay__address_describe(&address, text, sizeof(text));
	ck_assert_str_eq(text, "address of family 17");
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	memset(&address.storage, 'x', sizeof(address.storage));
	address.storage.ss_family = AF_UNIX;
	stay__address_describe(&address, text, sizeof(text));
	ck_assert_str_eq(text, path);
}

TEST(address_is_equal_to_itself)
{
	struct stay_address one, other;

	ck_assert(stay__address_parse(&one, "10.0.0.7", "1"));
	ck_assert(stay__address_parse(&other, "10.0.0.7", "1"));
	ck_assert(stay__address_equal(&one, &other));
	ck_assert(stay__address_parse(&other, "10.0.0.8", "1"));
	ck_assert(!stay__address_equal(&one, &other));
	ck_assert(stay__address_parse(&other, "10.0.0.7", "2"));
	ck_assert(!stay__address_equal(&one, &other));
	ck_assert(stay__address_parse(&one, "fe80::1%1", "2"));
	ck_assert(stay__address_parse(&other, "fe80::1%2", "2"));
	ck_assert(!stay__address_equal(&one, &other));
}

static const struct {
	const char *host;
	const char *text;
} hosts[] = {
	{ "db.example", "db.example" },
	{ "10.0.0.7", "10.0.0.7" },
	{ "::1", "[::1]" },
	{ "::1%lo", "[::1%25lo]" },
	{ "::1%a\n", "[::1%25a%0A]" },
	{ "no\nconn: 9.invalid", "no%0Aconn%3A%209.invalid" },
};

TEST(address_of_a_host_is_shown_as_in_a_url)
{
	char text[64];

	for (size_t i = 0; i < LEN(hosts); i++) {
		stay__host_describe(hosts[i].host, text, sizeof(text));
		ck_assert_str_eq(text, hosts[i].text);
	}
	stay__host_describe("::1", text, 3);
	ck_assert_str_eq(text, "[]");
	stay__host_describe("db.example", text, 8);
	ck_assert_str_eq(text, "db.e...");
	stay__host_describe(
	    "a b c", text, 8); /* no half of an escape is kept whole */
	ck_assert_str_eq(text, "a%20...");
}

TEST_SUITE(address)
