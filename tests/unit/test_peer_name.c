/* Names of peers: who is named as the last one was has the same name. */
#include "stream/peer_name.h"
#include "suites.h"
#include "support/scarce.h"

TEST(peer_name_is_shared_by_neighbours)
{
	struct stay__peer_name *last = NULL;
	struct stay__peer_name *a = stay__peer_name_take(&last, "10.0.0.1:1");
	struct stay__peer_name *b = stay__peer_name_take(&last, "10.0.0.1:1");
	struct stay__peer_name *c = stay__peer_name_take(&last, "10.0.0.1:2");

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_eq(last, c);
	ck_assert_uint_eq(a->users, 2);
	stay__peer_name_drop(b);
	ck_assert_str_eq(a->text, "10.0.0.1:1");
	ck_assert_str_eq(c->text, "10.0.0.1:2");
	stay__peer_name_drop(a);
	stay__peer_name_drop(c);
	ck_assert_uint_eq(last->users, 1);
	stay__peer_name_drop(last);
	stay__peer_name_drop(NULL);
}

TEST(peer_name_needs_memory_once)
{
	struct stay__peer_name *last = NULL, *a, *b;

	scarce_arm(1);
	a = stay__peer_name_take(&last, "a");
	ck_assert(scarce_disarm());
	ck_assert_ptr_null(a);
	ck_assert_ptr_null(last);
	a = stay__peer_name_take(&last, "a");
	scarce_drought();
	b = stay__peer_name_take(&last, "a");
	(void)scarce_disarm();
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(a, b);
	stay__peer_name_drop(a);
	stay__peer_name_drop(b);
	stay__peer_name_drop(last);
}

TEST_SUITE(peer_name)
