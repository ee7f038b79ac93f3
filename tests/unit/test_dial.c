/* One attempt: who is tried, when, in which order, and what is said of it. */
#include <netdb.h>
#include <string.h>

#include "stream/builtin.h"
#include "stream/dial.h"
#include "suites.h"
#include "support/link_rig.h"

static void
listen_at(struct rig *rig, const char *host)
{
	sim_listen(rig->world, host, 7, NULL, NULL);
}

static void
answer(struct rig *rig, const char *host, enum sim_fate fate, uint64_t after_ms)
{
	sim_address_set(rig->world, host, 7, fate, after_ms);
}

static void
name(
    struct rig *rig, const char *name, const char *addresses, uint64_t delay_ms)
{
	sim_name_set(rig->world, name, addresses, delay_ms, 0);
}

static struct rig rig;

static void
begin(void)
{
	rig_init(&rig);
}

static void
end(void)
{
	rig_fini(&rig);
}

/* ---- how many places ---- */

TEST(promise_7_a_list_of_targets_is_bounded)
{
	static struct stay_target many[1025];

	for (size_t i = 0; i < 1025; i++)
		many[i] = stay_target_make("tcp", "10.0.0.7", "7", NULL);
	ck_assert_int_eq(
	    stay__link_dial(&rig.link, &rig_usual, many, 1025), STAY_E_TOO_BIG);
	EXPECT_OK(stay__link_dial(&rig.link, &rig_usual, many, 1024));
}

/* ---- it fails ---- */

TEST(dial_that_fails_names_each_address_once)
{
	name(&rig, "db", "10.0.0.7 10.0.0.8 10.0.0.7", 5);
	answer(&rig, "10.0.0.8", SIM_UNREACHABLE, 3);
	EXPECT_OK(rig_dial(&rig, "tcp db 7"));
	ck_assert(!rig_settle(&rig, 10000));
	ck_assert_str_eq(rig.news, "granted down");
	ck_assert_str_eq(rig_failure(&rig),
	    "10.0.0.7:7 refused (ECONNREFUSED), "
	    "10.0.0.8:7 unreachable host (EHOSTUNREACH)");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NO_LISTENER);
	ck_assert_uint_eq(sim_open_fds(rig.world), 0);
}

TEST(dial_that_fails_at_once_is_told_later)
{
	answer(&rig, "10.0.0.7", SIM_NO_ROUTE, 0);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.7 7"));
	ck_assert_str_eq(rig.news, "");
	ck_assert(!rig_settle(&rig, 0));
	ck_assert_int_eq(rig.link.failure.status, STAY_E_UNREACHABLE);
	ck_assert_str_eq(rig.turns, "closed>queued>resolving>dialing>closed");
}

/* An address with a zone is a name, but shown as in its URL. */
TEST(dial_to_an_unknown_zone_shows_it_as_it_was_written)
{
	sim_name_set(rig.world, "::1%lo", "", 5, EAI_NONAME);
	EXPECT_OK(rig_dial(&rig, "tcp ::1%lo 7"));
	ck_assert(!rig_settle(&rig, 1000));
	EXPECT_IN(rig_failure(&rig), "resolve [::1%25lo]: ");
}

TEST(dial_without_any_address_says_why)
{
	sim_name_set(rig.world, "db", "", 5, EAI_NONAME);
	EXPECT_OK(rig_dial(&rig, "tcp db 7, tcp 10.0.0.7 7"));
	ck_assert(!rig_settle(&rig, 1000));
	EXPECT_IN(rig_failure(&rig), "resolve db: ");
	EXPECT_IN(rig_failure(&rig), "10.0.0.7:7 refused");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_RESOLVE);
	ck_assert_str_eq(rig.turns, "closed>queued>resolving>dialing>closed");
}

TEST(dial_of_names_only_ends_in_resolving)
{
	EXPECT_OK(rig_dial(&rig, "tcp nowhere 7"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_str_eq(rig.turns, "closed>queued>resolving>closed");
	ck_assert_int_eq(rig.link.failure.system, 0);
}

TEST(dial_of_a_name_for_which_there_was_no_memory)
{
	sim_name_set(rig.world, "db", "", 5, EAI_MEMORY);
	EXPECT_OK(rig_dial(&rig, "tcp db 7"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_str_eq(rig_failure(&rig), "resolve db: out of memory");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_NOMEM);
}

/* ---- the race ---- */

TEST(dial_tries_an_address_of_two_names_once)
{
	name(&rig, "db", "10.0.0.7 10.0.0.8", 0);
	name(&rig, "same", "10.0.0.8 10.0.0.7", 5);
	EXPECT_OK(rig_dial(&rig, "tcp db 7, tcp same 7"));
	ck_assert(!rig_settle(&rig, 10000));
	ck_assert_uint_eq(sim_calls(rig.world, SIM_CONNECT), 2);
}

TEST(dial_tries_an_address_by_each_transport)
{
	struct stay_transport again = stay__transport_tcp;

	again.scheme = "again";
	EXPECT_OK(stay_loop_add_transport(rig.loop, &again));
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7, again 10.0.0.1 7"));
	ck_assert(!rig_settle(&rig, 10000));
	ck_assert_uint_eq(sim_calls(rig.world, SIM_CONNECT), 2);
}

TEST(dial_of_two_ports_of_one_name_reaches_each)
{
	struct rig one, other;

	rig_init(&one);
	rig_join(&other, &one);
	name(&one, "db", "10.0.0.1", 5);
	sim_listen(one.world, "10.0.0.1", 7, NULL, NULL);
	sim_listen(one.world, "10.0.0.1", 8, NULL, NULL);
	EXPECT_OK(rig_dial(&one, "tcp db 7"));
	EXPECT_OK(rig_dial(&other, "tcp db 8"));
	ck_assert(rig_settle(&one, 1000));
	ck_assert(rig_settle(&other, 1000));
	ck_assert_str_eq(one.link.peer->text, "10.0.0.1:7");
	ck_assert_str_eq(other.link.peer->text, "10.0.0.1:8");
	stay__link_close(&other.link);
	stay__link_fini(&other.link);
	rig_fini(&one);
}

TEST_ROWS(dial_tries_the_families_in_turns, 2)
{
	name(&rig, "db",
	    _i == 0 ? "10.0.0.1 10.0.0.2 10.0.0.3 ::1 ::2"
		    : "10.0.0.1 ::1 10.0.0.2 ::2 10.0.0.3",
	    0);
	EXPECT_OK(rig_dial(&rig, "tcp db 7"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_str_eq(rig_failure(&rig),
	    "[::1]:7 refused (ECONNREFUSED), "
	    "10.0.0.1:7 refused (ECONNREFUSED), "
	    "[::2]:7 refused (ECONNREFUSED), "
	    "10.0.0.2:7 refused (ECONNREFUSED), "
	    "10.0.0.3:7 refused (ECONNREFUSED)");
}

TEST(dial_keeps_the_order_of_targets)
{
	name(&rig, "db", "10.0.0.1 ::1", 0);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.9 7, tcp db 7, unix /x"));
	ck_assert(!rig_settle(&rig, 1000));
	ck_assert_ptr_eq(
	    strstr(rig_failure(&rig), "10.0.0.9:7"), rig_failure(&rig));
	EXPECT_IN(
	    rig_failure(&rig), "[::1]:7 refused (ECONNREFUSED), 10.0.0.1:7");
	EXPECT_IN(rig_failure(&rig), ", unix:/x ");
}

TEST(dial_staggers_by_250_ms)
{
	uint64_t begin;

	answer(&rig, "::1", SIM_BLACK_HOLE, 0);
	answer(&rig, "::2", SIM_BLACK_HOLE, 0);
	listen_at(&rig, "10.0.0.1");
	name(&rig, "db", "::1 ::2", 0);
	begin = sim_now_ms(rig.world);
	EXPECT_OK(rig_dial(&rig, "tcp db 7, tcp 10.0.0.1 7"));
	sim_run_ms(rig.world, 249);
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
	sim_run_ms(rig.world, 2);
	ck_assert_uint_eq(sim_open_fds(rig.world), 2);
	ck_assert(rig_settle(&rig, 10000));
	ck_assert_uint_ge(sim_now_ms(rig.world) - begin, 500);
	ck_assert_uint_le(sim_now_ms(rig.world) - begin, 504);
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.1:7");
}

static void
dial_takes(struct rig *one, uint64_t min_ms, uint64_t max_ms)
{
	uint64_t begin = sim_now_ms(one->world);

	EXPECT_OK(rig_dial(one, "tcp db 7"));
	ck_assert(rig_settle(one, 10000));
	ck_assert_uint_ge(sim_now_ms(one->world) - begin, min_ms);
	ck_assert_uint_le(sim_now_ms(one->world) - begin, max_ms);
}

TEST(dial_does_not_wait_after_a_failure)
{
	answer(&rig, "::1", SIM_REFUSE, 10);
	listen_at(&rig, "10.0.0.1");
	name(&rig, "db", "10.0.0.1 ::1", 0);
	dial_takes(&rig, 10, 20);
	ck_assert_str_eq(rig_failure(&rig), "");
}

TEST(dial_does_not_wait_after_a_failure_in_a_race)
{
	answer(&rig, "10.0.0.1", SIM_BLACK_HOLE, 0);
	answer(&rig, "10.0.0.2", SIM_REFUSE, 10);
	listen_at(&rig, "10.0.0.3");
	name(&rig, "db", "10.0.0.1 10.0.0.2 10.0.0.3", 0);
	dial_takes(&rig, 260, 270);
}

TEST(dial_is_won_by_the_first_to_connect)
{
	listen_at(&rig, "::1");
	answer(&rig, "::1", SIM_ACCEPT, 1000);
	listen_at(&rig, "10.0.0.1");
	answer(&rig, "10.0.0.1", SIM_ACCEPT, 100);
	name(&rig, "db", "10.0.0.1 ::1", 0);
	EXPECT_OK(rig_dial(&rig, "tcp db 7"));
	ck_assert(rig_settle(&rig, 10000));
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.1:7");
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
	sim_run_ms(rig.world, 5000);
	ck_assert_str_eq(rig.news, "granted up");
}

TEST(dial_of_a_slow_first_is_still_won_by_it)
{
	listen_at(&rig, "::1");
	answer(&rig, "::1", SIM_ACCEPT, 400);
	answer(&rig, "10.0.0.1", SIM_BLACK_HOLE, 0);
	name(&rig, "db", "10.0.0.1 ::1", 0);
	EXPECT_OK(rig_dial(&rig, "tcp db 7"));
	ck_assert(rig_settle(&rig, 10000));
	ck_assert_str_eq(rig.link.peer->text, "[::1]:7");
	ck_assert_uint_eq(sim_open_fds(rig.world), 1);
}

/* ---- other options, while it is under way ---- */

static uint64_t keepalive_ms; /* of who was accepted last */

static void
note_options(struct sim_peer *peer, void *arg)
{
	(void)arg;
	keepalive_ms = sim_peer_options(peer)->keepalive_ms;
}

/* From its next socket on; what it dialled with before may go. */
TEST(dial_goes_on_with_other_options)
{
	static const struct sim_server server = { .on_accept = note_options };
	struct stay_socket_options before = { .keepalive_ms = 1000 };
	const struct stay_socket_options after = { .keepalive_ms = 2000 };
	struct stay_target targets[] = {
		stay_target_make("tcp", "10.0.0.1", "7", NULL),
		stay_target_make("tcp", "10.0.0.2", "7", NULL),
	};

	answer(&rig, "10.0.0.1", SIM_REFUSE, 10);
	sim_listen(rig.world, "10.0.0.2", 7, &server, NULL);
	EXPECT_OK(stay__link_dial(&rig.link, &before, targets, 2));
	sim_run_ms(rig.world, 5);
	stay__link_set_socket(&rig.link, &after);
	memset(&before, 0xff, sizeof(before));
	ck_assert(rig_settle(&rig, 100));
	sim_run_ms(rig.world, 1);
	ck_assert_uint_eq(keepalive_ms, 2000);
	stay__link_set_socket(&rig.link, &after); /* nothing is under way */
}

/* ---- answers that come when they like ---- */

TEST(dial_waits_50_ms_for_a_better_target)
{
	listen_at(&rig, "10.0.0.1");
	listen_at(&rig, "10.0.0.2");
	name(&rig, "first", "10.0.0.1", 40);
	EXPECT_OK(rig_dial(&rig, "tcp first 7, tcp 10.0.0.2 7"));
	ck_assert(rig_settle(&rig, 10000));
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.1:7");
}

TEST(dial_waits_no_longer_for_a_better_target)
{
	listen_at(&rig, "10.0.0.2");
	name(&rig, "first", "10.0.0.1", SIM_FOREVER);
	name(&rig, "last", "10.0.0.3", 40);
	EXPECT_OK(rig_dial(&rig, "tcp first 7, tcp 10.0.0.2 7, tcp last 7"));
	sim_run_ms(rig.world, 49);
	ck_assert_str_eq(rig.turns, "closed>queued>resolving");
	ck_assert(rig_settle(&rig, 10));
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.2:7");
}

/* Nor a second time. */
TEST(dial_waits_once_for_a_better_target)
{
	answer(&rig, "10.0.0.1", SIM_REFUSE, 5);
	listen_at(&rig, "10.0.0.2");
	name(&rig, "first", "10.0.0.9", SIM_FOREVER);
	name(&rig, "last", "10.0.0.2", 70);
	EXPECT_OK(rig_dial(&rig, "tcp first 7, tcp 10.0.0.1 7, tcp last 7"));
	ck_assert(rig_settle(&rig, 80));
}

/* Nor at all for one that stands behind. */
TEST(dial_waits_for_no_target_that_is_worse)
{
	listen_at(&rig, "10.0.0.1");
	name(&rig, "second", "10.0.0.2", 2000);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7, tcp second 7"));
	ck_assert(rig_settle(&rig, 1000));
	ck_assert_uint_lt(sim_now_ms(rig.world), 50);
}

TEST(dial_lets_a_late_answer_join_the_race)
{
	answer(&rig, "10.0.0.1", SIM_BLACK_HOLE, 0);
	listen_at(&rig, "10.0.0.2");
	name(&rig, "late", "10.0.0.2", 2000);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7, tcp late 7"));
	ck_assert(rig_settle(&rig, 2010));
	ck_assert_str_eq(rig.link.peer->text, "10.0.0.2:7");
	ck_assert_str_eq(
	    rig.turns, "closed>queued>resolving>dialing>dialing>open");
}

/* Nothing is waited for when nothing is under way (any more). */
TEST_ROWS(dial_tries_a_late_answer_at_once, 2)
{
	answer(&rig, "10.0.0.1", _i == 0 ? SIM_NO_ROUTE : SIM_REFUSE,
	    _i == 0 ? 0 : 5);
	listen_at(&rig, "10.0.0.2");
	name(&rig, "late", "10.0.0.2", 10);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7, tcp late 7"));
	ck_assert(rig_settle(&rig, 60000));
	ck_assert_uint_le(sim_now_ms(rig.world), 20);
}

TEST(dial_waits_for_a_late_answer_when_all_else_failed)
{
	listen_at(&rig, "10.0.0.2");
	name(&rig, "late", "10.0.0.2", 2000);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.1 7, tcp late 7"));
	ck_assert(rig_settle(&rig, 2010));
}

TEST(dial_of_literals_asks_nobody)
{
	listen_at(&rig, "::1");
	EXPECT_OK(rig_dial(&rig, "tcp ::1 7, tcp 10.0.0.1 7, unix /x"));
	ck_assert(rig_settle(&rig, 1000));
	ck_assert_uint_eq(sim_calls(rig.world, SIM_LOOKUP), 0);
}

/* ---- the budget ends ---- */

TEST(dial_explains_what_it_still_waits_for)
{
	answer(&rig, "10.0.0.8", SIM_BLACK_HOLE, 0);
	name(&rig, "db", "10.0.0.7", SIM_FOREVER);
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.7 7, tcp 10.0.0.8 7, tcp db 7"));
	sim_run_ms(rig.world, 5000);
	stay__link_explain(&rig.link, 5000);
	stay__link_close(&rig.link);
	ck_assert_str_eq(rig_failure(&rig),
	    "10.0.0.7:7 refused (ECONNREFUSED), "
	    "10.0.0.8:7 timed out after 5 s, db still resolving");
	ck_assert_int_eq(rig.link.failure.status, STAY_E_TIMEOUT);
	ck_assert_int_eq(rig.link.failure.system, 0);
	ck_assert_uint_eq(sim_open_fds(rig.world), 0);
	sim_run_ms(rig.world, 5000);
	ck_assert_str_eq(rig.news, "granted");
	EXPECT_OK(rig_dial(&rig, "tcp 10.0.0.8 7"));
	ck_assert_str_eq(rig_failure(&rig), "");
}

/* ---- what is refused ---- */

TEST(dial_refuses_what_makes_no_sense)
{
	ck_assert_int_eq(rig_dial(&rig, ""), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "tcp db x"), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "tcp ::1 65536"), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "tcp ::1 000007"), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "tcp ::1 7:"), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "tcp ::1 /7"), STAY_E_ARG);
	ck_assert_int_eq(rig_dial(&rig, "gopher db 70"), STAY_E_UNSUPPORTED);
	ck_assert_str_eq(rig.turns, "");
}

TEST_SUITE_WITH(dial, .before = begin, .after = end)
