/* What is taken from URLs and options, and what is refused. */
#include "../../adapters/redis/config.h"

#include "expect.h"
#include "sim/world_sim.h"
#include "suites.h"

static struct stay_loop *loop; /* is told what is wrong */

static void
begin(void)
{
	loop = stay_loop_new(sim_world_new(1));
}

static void
end(void)
{
	EXPECT_OK(stay_loop_free(loop));
}

static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };

struct good {
	const char *url;
	const char *user;
	const char *password;
	const char *name;
	uint32_t db;
	unsigned protocol;
};

/* clang-format off */
static const struct good goods[] = {
	/* URL                                   user     password  name    db  protocol */
	{ "redis://localhost",                   "",      "",       "",      0, 0 },
	{ "redis://localhost/",                  "",      "",       "",      0, 0 },
	{ "redis://localhost/7",                 "",      "",       "",      7, 0 },
	{ "redis://localhost/2147483647",        "",      "",       "", 2147483647, 0 },
	{ "redis://:pw@localhost:1/0",           "",      "pw",     "",      0, 0 },
	{ "redis://me:p%40w@localhost",          "me",    "p@w",    "",      0, 0 },
	{ "redis://me@localhost",                "me",    "",       "",      0, 0 },
	{ "rediss://localhost/2",                "",      "",       "",      2, 0 },
	{ "redis://h/1?db=1",                    "",      "",       "",      1, 0 },
	{ "redis://h?db=2",                      "",      "",       "",      2, 0 },
	{ "redis://h?protocol=2",                "",      "",       "",      0, 2 },
	{ "redis://h?protocol=3&client_name=me", "",      "",       "me",    0, 3 },
	{ "redis://h?client_name=a~%21b&db=3",   "",      "",       "a~!b",  3, 0 },
	{ "valkey://:pw@h/7?protocol=3",         "",      "pw",     "",      7, 3 },
	{ "valkey+unix:///7?db=2",               "",      "",       "",      2, 0 },
	{ "redis://h?&db=1&",                    "",      "",       "",      1, 0 },
	{ "redis+unix://:pw@/run/redis.sock?db=4", "",    "pw",     "",      4, 0 },
	{ "redis+unix:///7",                     "",      "",       "",      0, 0 },
	{ "fd:3",                                "",      "",       "",      0, 0 },
};

static const char *const bads[] = {
	"", "localhost", "redis:/localhost", "redis://h/x", "redis://h/-1",
	"redis://h/1/2", "redis://h/1.5", "redis://h/2147483648",
	"redis://h/99999999999999999999", "redis://h/%30x",
	"redis://h?db=x", "redis+unix:///s?db=-1", "redis://h?protocol=4",
	"redis://h?protocol=33", "redis://h?client_name=a%20b",
	"redis://h?client_name=a%0Ab", "redis://h?other=thing",
	"redis://h?db=1&databse=2", "redis://h?db2=1", "redis://h?d",
	"redis://h?DB=1", "redis://h?role=replica",
	"redis://h?role=Primary", "redis://h?resend_reads=no+",
	"redis://h?resend_reads=0", "redis://h?rol=any",
	"redis://h?db=00000000000000000000000000000000000000000000000000001",
};
/* clang-format on */

TEST_ROWS(redis_config_of_a_url, LEN(goods))
{
	const struct good *good = &goods[_i];
	struct stay_redis__config *config;

	EXPECT_OK(stay_redis__config_new(loop, &config, good->url, &none));
	ck_assert_str_eq(stay_redis__config_user(config), good->user);
	ck_assert_str_eq(stay_redis__config_password(config), good->password);
	ck_assert_str_eq(stay_redis__config_name(config), good->name);
	ck_assert_uint_eq(config->db, good->db);
	ck_assert_uint_eq(config->protocol, good->protocol);
	stay_redis__config_free(config);
}

TEST_ROWS(redis_config_of_no_url, LEN(bads))
{
	struct stay_redis__config *config;

	ck_assert_int_eq(
	    stay_redis__config_new(loop, &config, bads[_i], &none), STAY_E_URL);
	ck_assert_ptr_null(config);
}

#define NOT_THE_FIRST                                                          \
	" of urls has a db or a query, which only the first URL may have"

static const struct {
	const char *url;
	enum stay_status status;
	const char *says;
} places[] = {
	{ "redis://b", STAY_OK, "" },
	{ "redis://u:p@b:1/", STAY_OK, "" },
	{ "redis+unix:///s", STAY_OK, "" },
	{ "fd:3", STAY_OK, "" },
	{ "redis://b/3", STAY_E_URL, "redis://b/3" NOT_THE_FIRST },
	{ "valkey://b/3", STAY_E_URL, "valkey://b/3" NOT_THE_FIRST },
	{ "redis+unix:///s?db=3", STAY_E_URL, "redis+unix:///s" NOT_THE_FIRST },
	{ "redis://:x", STAY_E_URL, "the port is not a number" },
	{ "redis://:p/w@h", STAY_E_URL,
	    "the port is not a number: in a password '/' must be written as "
	    "%2F, '?' as %3F and '@' as %40" },
};

/* What is no place and no login would be passed over in silence. */
TEST_ROWS(redis_config_of_further_places, LEN(places))
{
	const char *const urls[] = { "redis://a", places[_i].url, NULL };
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client.urls = urls };
	struct stay_redis__config *config;

	ck_assert_int_eq(
	    stay_redis__config_new(loop, &config, "redis://x/1", &options),
	    places[_i].status);
	ck_assert_str_eq(stay_loop_rejection(loop), places[_i].says);
	stay_redis__config_free(config);
}

TEST(redis_config_without_a_url)
{
	struct stay_redis__config *config;

	ck_assert_int_eq(
	    stay_redis__config_new(loop, &config, NULL, &none), STAY_E_ARG);
	ck_assert_ptr_null(config);
	stay_redis__config_free(config);
}

TEST(redis_config_options_go_before_the_url)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client_name = "option", .protocol = 3 };
	struct stay_redis__config *config;

	EXPECT_OK(stay_redis__config_new(
	    loop, &config, "redis://h?client_name=url&protocol=2", &options));
	ck_assert_str_eq(stay_redis__config_name(config), "option");
	ck_assert_uint_eq(config->protocol, 3);
	stay_redis__config_free(config);
}

TEST(redis_config_bounds)
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.client = { .reply_bytes_max = 100 }, .depth_max = 3,
		.elements_max = 5 };
	struct stay_redis__config *config;

	EXPECT_OK(stay_redis__config_new(loop, &config, "redis://h", &none));
	ck_assert_uint_eq(config->depth_max, 1024);
	ck_assert_uint_eq(config->elements_max, 4194304);
	ck_assert_uint_eq(config->text_max, 512u << 20);
	stay_redis__config_free(config);
	EXPECT_OK(stay_redis__config_new(loop, &config, "redis://h", &options));
	ck_assert_uint_eq(config->depth_max, 3);
	ck_assert_uint_eq(config->elements_max, 5);
	ck_assert_uint_eq(config->text_max, 100);
	stay_redis__config_free(config);
}

/* Each row of the table: its default, its least and its most are taken, what is
 * beyond is not. */
static void
check_bound(const struct stay_redis_options *options, enum stay_status status,
    size_t at, uint32_t expected)
{
	struct stay_redis__config *config;

	ck_assert_int_eq(
	    stay_redis__config_new(loop, &config, "redis://h", options),
	    status);
	if (status == STAY_OK)
		ck_assert_uint_eq(
		    *(const uint32_t *)(const void *)((const char *)config +
						      at),
		    expected);
	stay_redis__config_free(config);
}

TEST(redis_config_options_are_as_the_table_says)
{
	struct stay_redis_options options = none;

#define AT(field) offsetof(struct stay_redis__config, field)
#define REDIS(field, unit, fallback, least, most, promise, text)               \
	check_bound(&options, STAY_OK, AT(field), fallback);                   \
	options.field = least;                                                 \
	check_bound(&options, STAY_OK, AT(field), least);                      \
	options.field = most;                                                  \
	check_bound(&options, STAY_OK, AT(field), most);                       \
	options.field = (most) + 1u;                                           \
	check_bound(&options, STAY_E_ARG, AT(field), 0);                       \
	options.field = (least) == 0 ? (most) + 1u : (least)-1u;               \
	check_bound(&options, (least) == 1 ? STAY_OK : STAY_E_ARG, AT(field),  \
	    fallback);                                                         \
	options.field = 0;
#include "../../adapters/redis/options.def"
}

TEST(redis_config_options_out_of_range)
{
	const struct stay_redis_options options[] = {
		{ STAY_REDIS_OPTIONS, .protocol = 1 },
		{ STAY_REDIS_OPTIONS, .protocol = 4 },
		{ STAY_REDIS_OPTIONS, .client_name = "a b" },
		{ STAY_REDIS_OPTIONS, .client_name = "a\n" },
		{ STAY_REDIS_OPTIONS, .client_name = "\xc3\xa4" },
		{ STAY_REDIS_OPTIONS, .depth_max = UINT32_MAX },
		{ STAY_REDIS_OPTIONS, .elements_max = UINT32_MAX },
		{ STAY_REDIS_OPTIONS, .role = (enum stay_redis_wanted)3 },
		{ STAY_REDIS_OPTIONS,
		    .resend_reads = (enum stay_redis_choice)3 },
	};
	struct stay_redis__config *config;

	for (size_t i = 0; i < LEN(options); i++) {
		ck_assert_int_eq(stay_redis__config_new(
				     loop, &config, "redis://h", &options[i]),
		    STAY_E_ARG);
		ck_assert_ptr_null(config);
	}
}

/* Of the URL, of the option, and the option before the URL. */
static const struct {
	const char *url;
	enum stay_redis_wanted role;
	enum stay_redis_choice reads;
	unsigned wants;
	bool resends;
} chosen[] = {
	{ "redis://h", 0, 0, STAY_REDIS_WANT_AS_FIRST, true },
	{ "redis://h?role=first", 0, 0, STAY_REDIS_WANT_AS_FIRST, true },
	{ "redis://h?role=primary", 0, 0, STAY_REDIS_WANT_PRIMARY, true },
	{ "redis://h?role=any&resend_reads=no", 0, 0, STAY_REDIS_WANT_ANY,
	    false },
	{ "redis://h?role=any", STAY_REDIS_WANT_PRIMARY, STAY_REDIS_NO,
	    STAY_REDIS_WANT_PRIMARY, false },
	{ "redis://h?resend_reads=no", STAY_REDIS_WANT_ANY, STAY_REDIS_YES,
	    STAY_REDIS_WANT_ANY, true },
	{ "redis://h?resend_reads=yes", 0, 0, STAY_REDIS_WANT_AS_FIRST, true },
};

TEST_ROWS(redis_config_choices, LEN(chosen))
{
	const struct stay_redis_options options = { STAY_REDIS_OPTIONS,
		.role = chosen[_i].role, .resend_reads = chosen[_i].reads };
	struct stay_redis__config *config;

	EXPECT_OK(
	    stay_redis__config_new(loop, &config, chosen[_i].url, &options));
	ck_assert_uint_eq(config->role, chosen[_i].wants);
	ck_assert(config->resend_reads == chosen[_i].resends);
	stay_redis__config_free(config);
}

TEST_SUITE_WITH(redis_config, .before = begin, .after = end)
