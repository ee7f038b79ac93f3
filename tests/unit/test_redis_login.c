/* A password that changes while the connection lives. */
#include "suites.h"
#include "support/counts.h"
#include "support/redis_virtual.h"

#define URL "redis://u:old@10.0.0.1"
#define NO  "-NOAUTH no\r\n"
#define BAD "-WRONGPASS invalid\r\n" NO NO NO PEER_DEAFENS

/* What the server wants. */
#define WANTS(password)                                                        \
	{                                                                      \
		ON("HELLO 3 AUTH u " password, REDIS_HELLO), ON("HELLO", BAD), \
		    NO_MORE                                                    \
	}
static const struct peer_row wants_old[] = WANTS("old ");
static const struct peer_row wants_new[] = WANTS("new ");
static const struct peer_row wants_newer[] = WANTS("newer ");
static const struct peer_row wants_none[] = WANTS(" ");

static struct redis_virtual here;
static const char *known; /* what we have been told */
static unsigned asked;

static void
credentials(void *arg, struct stay_redis_login *login)
{
	ck_assert_ptr_eq(arg, &asked);
	ck_assert_str_eq(login->user, "u");
	login->password = known;
	asked++;
}

static void
start(const struct peer_row *rows, const struct stay_redis_options *options)
{
	redis_virtual_open(&here, rows);
	asked = 0;
	redis_virtual_start(&here, URL, options);
}

static const struct stay_redis_options asking = { STAY_REDIS_OPTIONS,
	.client = { STAY_CLIENT_OPTIONS, .fatal_backoff_ms = 100000,
	    .call_timeout_ms = 600000 },
	.credentials = credentials, .credentials_arg = &asked };

/* The server, or who is asked, may be a moment behind. */
TEST(redis_login_that_is_late_is_waited_for)
{
	known = "wrong";
	start(wants_new, &asking);
	ck_assert_uint_eq(asked, 1);
	EXPECT_IN(here.log.text, "AUTH u wrong");
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, "PING"));
	sim_run_ms(here.world, 600);
	ck_assert_uint_ge(asked, 3);
	ck_assert_int_ne(redis_virtual_state(&here), STAY_CONNECTED);
	known = "new";
	sim_run_ms(here.world, 1000);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).replied, 1);
}

/* Each denial in a row counts, and none that came before a session. */
TEST(redis_login_that_stays_wrong_is_fatal)
{
	unsigned before;

	known = "wrong";
	start(wants_new, &asking);
	sim_run_ms(here.world, 20000);
	ck_assert_int_eq(
	    stay_redis_command(here.redis, NULL, NULL, "PING"), STAY_E_DENIED);
	before = asked;
	sim_run_ms(here.world, 20000);
	ck_assert_uint_eq(asked, before);
	known = "new";
	sim_run_ms(here.world, 100000);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	here.server.rows = wants_newer;
	stay_client_reconnect(stay_redis_client(here.redis), STAY_OK);
	sim_run_ms(here.world, 100);
	ck_assert_int_ne(redis_virtual_state(&here), STAY_CONNECTED);
	EXPECT_OK(stay_redis_command(here.redis, NULL, NULL, "PING"));
}

/* Nobody is asked for what the URL says, and a URL is not about to change. */
TEST(redis_login_of_a_url_is_denied_at_once)
{
	start(wants_new, NULL);
	ck_assert_int_eq(
	    stay_redis_command(here.redis, NULL, NULL, "PING"), STAY_E_DENIED);
}

TEST(redis_login_is_asked_anew_at_each_attempt)
{
	known = "wrong";
	start(wants_new,
	    REDIS(.credentials = credentials, .credentials_arg = &asked));
	ck_assert_uint_eq(asked, 1);
	EXPECT_IN(here.log.text, "AUTH u wrong");
	ck_assert_int_eq(redis_virtual_state(&here), STAY_BACKING_OFF);
	known = "new";
	sim_run_ms(here.world, 60);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_uint_eq(asked, 2);
}

/* A place that names no login has that of the first URL. */
static const struct {
	const char *url;
	const struct peer_row *rows;
} further[] = {
	{ "redis://u:new@10.0.0.2", wants_new },
	{ "redis://10.0.0.2", wants_old },
	{ "redis://u@10.0.0.2", wants_none },
};

TEST_ROWS(redis_login_of_a_further_place, 3)
{
	const char *const urls[] = { further[_i].url, NULL };
	struct peer second = { .rows = further[_i].rows,
		.usual = redis_usual,
		.reads = peer_reads_commands };

	redis_virtual_open(&here, wants_newer);
	peer_listen(&second, here.world, "10.0.0.2", 6379);
	redis_virtual_start(&here, URL,
	    &(struct stay_redis_options){
		STAY_REDIS_OPTIONS, .client.urls = urls });
	sim_run_ms(here.world, 60);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	ck_assert_uint_eq(second.accepted, 1);
	redis_virtual_end(&here);
}

TEST(redis_reconfigure_brings_another_password)
{
	start(wants_old, NULL);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	here.server.rows = wants_new;
	ck_assert_int_eq(
	    stay_redis_reconfigure(here.redis, "redis://h/x", NULL),
	    STAY_E_URL);
	ck_assert_int_eq(
	    stay_redis_reconfigure(here.redis, URL, REDIS(.protocol = 7)),
	    STAY_E_ARG);
	EXPECT_OK(
	    stay_redis_reconfigure(here.redis, "redis://u:new@10.0.0.1", NULL));
	sim_run_ms(here.world, 10);
	ck_assert_int_eq(redis_virtual_state(&here), STAY_CONNECTED);
	EXPECT_IN(here.log.text, "AUTH u new");
	ck_assert_uint_eq(counts_of(stay_redis_client(here.redis)).sessions, 2);
}

TEST_SUITE_WITH(redis_login, .after = redis_virtual_after)
