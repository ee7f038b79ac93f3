/* What is said about what went wrong. */
#include <errno.h>
#include <string.h>

#include "base/failure.h"
#include "base/text.h"
#include "suites.h"
#include "support/scarce.h"

TEST(failure_names_the_error_of_the_system)
{
	ck_assert_str_eq(stay__errno_name(-ECONNREFUSED), "ECONNREFUSED");
	ck_assert_ptr_null(stay__errno_name(-9999));
	ck_assert_int_eq(stay__status_of(-ECONNREFUSED), STAY_E_NO_LISTENER);
	ck_assert_int_eq(stay__status_of(-EPIPE), STAY_E_RESET);
	ck_assert_int_eq(stay__status_of(-9999), STAY_E_IO);
}

static const struct {
	int system;
	enum stay_status status;
} statuses[] = {
	{ EAGAIN, STAY_E_NO_LISTENER },
	{ EACCES, STAY_E_UNREACHABLE },
	{ ENOENT, STAY_E_UNREACHABLE },
	{ EHOSTDOWN, STAY_E_UNREACHABLE },
	{ ENETDOWN, STAY_E_UNREACHABLE },
	{ EADDRNOTAVAIL, STAY_E_UNREACHABLE },
	{ EAFNOSUPPORT, STAY_E_UNREACHABLE },
	{ ETIMEDOUT, STAY_E_TIMEOUT },
	{ ECONNRESET, STAY_E_RESET },
	{ ECONNABORTED, STAY_E_RESET },
	{ ENETRESET, STAY_E_RESET },
	{ ECANCELED, STAY_E_CANCELLED },
	{ ENOMEM, STAY_E_NOMEM },
	{ ENOBUFS, STAY_E_NOMEM },
	{ EMFILE, STAY_E_IO },
	{ EBADF, STAY_E_IO },
	{ EINVAL, STAY_E_IO },
};

TEST_ROWS(failure_tells_what_an_error_of_the_system_means, (int)(LEN(statuses)))
{
	ck_assert_int_eq(
	    stay__status_of(-statuses[_i].system), statuses[_i].status);
}

static const struct {
	size_t len;
	int system;
	const char *end;
} places[] = {
	{ 127, -ECONNREFUSED, "xx refused (ECONNREFUSED)" },
	{ 128, -ECONNREFUSED, "xx... refused (ECONNREFUSED)" },
	{ 500, -9999, "xx... failed (errno 9999)" },
};

/* What is wrong with it has room, however long it is. */
TEST_ROWS(failure_tells_so_much_of_a_place, LEN(places))
{
	struct stay__failure failure = { 0 };
	const size_t kept = 127 - strlen("xx");
	char place[512] = "";

	memset(place, 'x', places[_i].len);
	stay__failure_add(&failure, place, places[_i].system);
	ck_assert_uint_eq(strspn(failure.text, "x"), 127);
	ck_assert_str_eq(failure.text + kept, places[_i].end);
	stay__failure_clear(&failure);
}

TEST(failure_lists_each_place_once_with_its_error)
{
	struct stay__failure failure = { 0 };

	stay__failure_add(&failure, "10.0.0.7:6379", -ECONNREFUSED);
	stay__failure_add(&failure, "10.0.0.8:6379", -9999);
	ck_assert_str_eq(failure.text, "10.0.0.7:6379 refused (ECONNREFUSED), "
				       "10.0.0.8:6379 failed (errno 9999)");
	ck_assert_int_eq(failure.status, STAY_E_NO_LISTENER);
	ck_assert_int_eq(failure.system, -ECONNREFUSED);
	stay__failure_clear(&failure);
}

TEST(failure_blames_the_most_telling_error)
{
	struct stay__failure failure = { 0 };

	stay__failure_add(&failure, "a", -ENETUNREACH);
	ck_assert_int_eq(failure.status, STAY_E_UNREACHABLE);
	stay__failure_add(&failure, "b", -ECONNREFUSED);
	stay__failure_add(&failure, "c", -EHOSTUNREACH);
	ck_assert_int_eq(failure.status, STAY_E_NO_LISTENER);
	stay__failure_add(&failure, "d", -ETIMEDOUT);
	ck_assert_int_eq(failure.status, STAY_E_NO_LISTENER);
	stay__failure_add(&failure, "e", -ENOMEM);
	ck_assert_int_eq(failure.status, STAY_E_NOMEM);
	stay__failure_clear(&failure);
	stay__failure_add(&failure, "a", -ENETUNREACH);
	stay__failure_add(&failure, "b", -ETIMEDOUT);
	ck_assert_int_eq(failure.status, STAY_E_TIMEOUT);
	stay__failure_clear(&failure);
}

/* What was there before is freed, and what it was moved from says nothing more. */
TEST(failure_moves_with_its_text)
{
	struct stay__failure from = { 0 }, to = { 0 };
	long blocks = scarce_blocks_here();

	stay__failure_add(&to, "a", -ENETUNREACH);
	stay__failure_add(&from, "b", -ECONNREFUSED);
	stay__failure_move(&to, &from);
	ck_assert_str_eq(to.text, "b refused (ECONNREFUSED)");
	ck_assert_int_eq(to.status, STAY_E_NO_LISTENER);
	EXPECT_OK(from.status);
	ck_assert_int_eq(from.system, 0);
	ck_assert_str_eq(stay__failure_text(&from), "");
	stay__failure_clear(&to);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

TEST(failure_that_is_too_long_ends_in_dots)
{
	struct stay__failure failure = { 0 };

	for (int i = 0; i < 100; i++)
		stay__failure_add(&failure, "10.0.0.7:6379", -ECONNREFUSED);
	ck_assert_uint_eq(strlen(failure.text), STAY__FAILURE_TEXT - 1);
	ck_assert_str_eq(failure.text + STAY__FAILURE_TEXT - 4, "...");
	stay__failure_clear(&failure);
}

TEST(failure_tells_times_as_people_do)
{
	ck_assert_str_eq(stay__duration_of(999).text, "999 ms");
	ck_assert_str_eq(stay__duration_of(1000).text, "1 s");
	ck_assert_str_eq(stay__duration_of(1249).text, "1.2 s");
	ck_assert_str_eq(stay__duration_of(599999).text, "599.9 s");
	ck_assert_str_eq(stay__duration_of(600000).text, "10 min");
	ck_assert_str_eq(
	    stay__duration_of(UINT64_MAX).text, "307445734561825 min");
}

TEST_SUITE(failure)
