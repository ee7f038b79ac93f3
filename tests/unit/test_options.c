/*
 * Defaults, bounds and structs of other versions; and the rows of options.def,
 * each tried from outside.
 */
#include <limits.h>
#include <string.h>

#include <stay/pool.h>
#include <stay/redis.h>

#include "base/options.h"
#include "client/settings.h"
#include "stream/dialing.h"
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

struct today {
	size_t size;
	const char *label;
	uint64_t timeout_ms;
	uint64_t queue_max;
	uint64_t added_later;
};

/* What a program built with an older header has. */
struct yesterday {
	size_t size;
	const char *label;
	uint64_t timeout_ms;
};

/* clang-format off */
static const struct stay__option rows[] = {
	{ "timeout_ms", offsetof(struct today, timeout_ms), 5000, 1, UINT64_MAX },
	{ "queue_max", offsetof(struct today, queue_max), 1024, 2, 4096 },
	{ "added_later", offsetof(struct today, added_later), 7, 1, 10 },
};
/* clang-format on */

#define ROWS LEN(rows)

static enum stay_status
fill(struct today *to, const void *from, const struct stay__option **culprit)
{
	memset(to, 0xa5, sizeof(*to));
	return stay__options_fill(to, sizeof(*to), from, rows, ROWS, culprit);
}

TEST(options_without_a_struct_are_the_defaults)
{
	struct today options;

	EXPECT_OK(fill(&options, NULL, NULL));
	ck_assert_uint_eq(options.size, sizeof(options));
	ck_assert_ptr_null(options.label);
	ck_assert_uint_eq(options.timeout_ms, 5000);
	ck_assert_uint_eq(options.queue_max, 1024);
	ck_assert_uint_eq(options.added_later, 7);
}

TEST(options_given_ones_are_kept)
{
	struct today given = { .size = sizeof(given),
		.label = "mine",
		.timeout_ms = UINT64_MAX,
		.queue_max = 2 };
	struct today options;
	const struct stay__option *culprit = rows;

	EXPECT_OK(fill(&options, &given, &culprit));
	ck_assert_str_eq(options.label, "mine");
	ck_assert_uint_eq(options.timeout_ms, UINT64_MAX);
	ck_assert_uint_eq(options.queue_max, 2);
	ck_assert_uint_eq(options.added_later, 7);
	ck_assert_ptr_null(culprit);
}

TEST(options_an_older_struct_lacks_the_new_fields)
{
	struct yesterday given = { .size = sizeof(given), .timeout_ms = 9 };
	struct today options;

	EXPECT_OK(fill(&options, &given, NULL));
	ck_assert_uint_eq(options.size, sizeof(options));
	ck_assert_uint_eq(options.timeout_ms, 9);
	ck_assert_uint_eq(options.queue_max, 1024);
	ck_assert_uint_eq(options.added_later, 7);
}

TEST(options_half_a_field_is_none)
{
	struct today given = { .queue_max = UINT64_MAX };
	struct today options;

	given.size = offsetof(struct today, queue_max) + 4;
	EXPECT_OK(fill(&options, &given, NULL));
	ck_assert_uint_eq(options.queue_max, 1024);
}

TEST(options_of_unknown_size_are_refused)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t) - 1,
		sizeof(struct today) + 1, SIZE_MAX };
	struct today given = { 0 }, options;

	for (size_t i = 0; i < LEN(sizes); i++) {
		given.size = sizes[i];
		ck_assert_int_eq(fill(&options, &given, NULL), STAY_E_ABI);
	}
	given.size = sizeof(size_t);
	EXPECT_OK(fill(&options, &given, NULL));
}

TEST(options_out_of_bounds_are_named)
{
	struct today given = { .size = sizeof(given), .queue_max = 1 };
	struct today options;
	const struct stay__option *culprit = NULL;

	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_E_ARG);
	ck_assert_str_eq(culprit->name, "queue_max");
	given.queue_max = 4097;
	ck_assert_int_eq(fill(&options, &given, NULL), STAY_E_ARG);
	given.queue_max = 4096;
	given.added_later = 11;
	ck_assert_int_eq(fill(&options, &given, &culprit), STAY_E_ARG);
	ck_assert_str_eq(culprit->name, "added_later");
	given.added_later = 10;
	EXPECT_OK(fill(&options, &given, &culprit));
}

/* ---- the table ---- */

static const struct stay__option client_rows[] = {
#define CLIENT(field, unit, fallback, least, most, promise, text)              \
	STAY__OPTION(struct stay_client_options, field, fallback, least, most),
#include "base/options.def"
};

static const struct stay__option conn_rows[] = {
#define CONN(field, unit, fallback, least, most, promise, text)                \
	STAY__OPTION(struct stay_conn_options, field, fallback, least, most),
#include "base/options.def"
};

static uint64_t *
number(const void *options, const struct stay__option *row)
{
	return (uint64_t *)(uintptr_t)((const char *)options + row->offset);
}

/* What starting a client with this value gives; *became is what it runs with.
 */
static enum stay_status
start_client(const struct stay__option *row, uint64_t value, uint64_t *became)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.queue_high_percent = 100, .queue_low_percent = 1 };
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	struct line_notes notes = { .len = 0 };
	unsigned finis = 0;
	struct line_config config = { .notes = &notes, .finis = &finis };
	struct stay_client *client;
	enum stay_status status;

	options.config = &config;
	*number(&options, row) = value;
	status = stay_client_start(
	    &client, loop, &line_protocol, LINE_URL, &options);
	if (status == STAY_OK) {
		*became = *number(inside_options(client), row);
		stay_client_stop(client, STAY_OK);
		while (stay_loop_live(loop) > 0)
			stay_loop_turn(loop);
	}
	EXPECT_OK(stay_loop_free(loop));
	return status;
}

static enum stay_status
start_conn(const struct stay__option *row, uint64_t value, uint64_t *became)
{
	struct stay_conn_options options = { STAY_CONN_OPTIONS };
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	struct stay_behaviour behaviour = { STAY_BEHAVIOUR, .name = "bare" };
	struct stay_conn *conn;
	const uint64_t *kept;
	enum stay_status status;

	*number(&options, row) = value;
	status = stay_conn_start(&conn, loop, &behaviour, NULL, &options);
	if (status == STAY_OK) {
		kept = inside_setting(conn, row->name);
		ck_assert_msg(kept != NULL, "where is %s kept?", row->name);
		*became = *kept;
		stay_conn_stop(conn, STAY_OK);
		while (stay_loop_live(loop) > 0)
			stay_loop_turn(loop);
	}
	EXPECT_OK(stay_loop_free(loop));
	return status;
}

typedef enum stay_status start_fn(
    const struct stay__option *row, uint64_t value, uint64_t *became);

static void
check_value(const struct stay__option *row, start_fn *start, uint64_t value,
    uint64_t expected)
{
	uint64_t became = 0;
	enum stay_status status = start(row, value, &became);

	ck_assert_msg(status == STAY_OK, "%s", row->name);
	ck_assert_msg(became == expected, "%s", row->name);
}

/* One less and one more are other values, or there is none. */
static void
check_row(const struct stay__option *row, start_fn *start)
{
	uint64_t became;

	check_value(row, start, 0, row->fallback);
	check_value(row, start, row->min, row->min);
	check_value(row, start, row->max, row->max);
	ck_assert_msg(
	    row->min <= 1 || start(row, row->min - 1, &became) == STAY_E_ARG,
	    "%s", row->name);
	ck_assert_msg(row->max == UINT64_MAX ||
			  start(row, row->max + 1, &became) == STAY_E_ARG,
	    "%s", row->name);
	ck_assert_msg(row->fallback == 0 || (row->fallback >= row->min &&
						row->fallback <= row->max),
	    "%s", row->name);
}

TEST_ROWS(promise_7_options_of_a_client_are_as_the_table_says, LEN(client_rows))
{
	check_row(&client_rows[_i], start_client);
}

TEST_ROWS(
    promise_7_options_of_a_connection_are_as_the_table_says, LEN(conn_rows))
{
	check_row(&conn_rows[_i], start_conn);
}

TEST(options_of_backoff_are_as_the_table_says)
{
	const struct stay_backoff_policy policy = stay_backoff_default();

	ck_assert_int_eq(policy.kind, 0);
	ck_assert_int_eq(policy.jitter, 0);
#define BACKOFF(field, unit, fallback, least, most, promise, text)             \
	ck_assert_uint_eq(policy.field, fallback);
#include "base/options.def"
}

/* One less than the least and one more than the most are refused. */
static void
check_setting(uint64_t least, uint64_t most, uint64_t type_max,
    enum stay_status (*set)(struct stay_loop *loop, uint64_t value))
{
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));

	EXPECT_OK(set(loop, least));
	EXPECT_OK(set(loop, most));
	ck_assert(least == 0 || set(loop, least - 1) == STAY_E_ARG);
	ck_assert(most == type_max || set(loop, most + 1) == STAY_E_ARG);
	EXPECT_OK(stay_loop_free(loop));
}

static enum stay_status
set_dials(struct stay_loop *loop, uint64_t value)
{
	return stay_loop_set_dials_max(loop, (unsigned)value);
}

TEST(options_settings_are_as_the_table_says)
{
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	uint64_t stay_loop_set_dials_max_is = loop->dialing->governor.max;
	uint64_t stay_loop_set_dials_stagger_ms_is =
	    loop->dialing->governor.stagger_ms;
	uint64_t stay_stream_set_keep_max_is = STAY_STREAM_KEEP_MAX;

#define SETTING(function, unit, fallback, least, most, promise, text)          \
	ck_assert_uint_eq(function##_is, fallback);
#include "base/options.def"
#define stay_loop_set_dials_max_check(least, most)                             \
	check_setting(least, most, UINT_MAX, set_dials)
#define stay_loop_set_dials_stagger_ms_check(least, most)                      \
	check_setting(least, most, UINT64_MAX, stay_loop_set_dials_stagger_ms)
#define stay_stream_set_keep_max_check(least, most)                            \
	ck_assert((least) == 0 && (most) == SIZE_MAX)
#define SETTING(function, unit, fallback, least, most, promise, text)          \
	function##_check(least, most);
#include "base/options.def"
	EXPECT_OK(stay_loop_free(loop));
}

/* What an adapter can't see it knows by heart. */
TEST(options_of_redis_are_those_of_its_client)
{
	struct stay_client_options filled;
	struct stay_loop loop = { 0 };

	EXPECT_OK(stay__settings_fill(&loop, &filled, NULL));
#define REDIS_AS_CLIENT(field, fallback)                                       \
	ck_assert_uint_eq(filled.field, fallback);
#include "../../adapters/redis/options.def"
}

TEST(options_choices_are_checked)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS }, filled;
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));

#define CLIENT_CHOICE(field, value, text)                                      \
	options.field = value;                                                 \
	EXPECT_OK(stay__settings_fill(loop, &filled, &options));               \
	ck_assert_int_eq(filled.field, value);                                 \
	memset(&options.field, 0x7f, sizeof(options.field));                   \
	ck_assert_int_eq(                                                      \
	    stay__settings_fill(loop, &filled, &options), STAY_E_ARG);         \
	options.field = value;
#include "base/options.def"
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- a field without a row ---- */

/* A gap as wide as a number is a field that nobody has told of; a narrower one is
 * padding. */
static void
check_seen(const unsigned char *seen, size_t size)
{
	size_t gap = 0;

	for (size_t i = 0; i < size; i++) {
		gap = seen[i] == 0 ? gap + 1 : 0;
		ck_assert_msg(gap < sizeof(uint64_t),
		    "the field that ends at %zu has no row", i + 1);
	}
}

#define SEE(field)                                                             \
	memset(seen + offsetof(struct OF, field), 1,                           \
	    sizeof(((struct OF *)NULL)->field));

TEST(options_of_a_client_all_have_rows)
{
#define OF stay_client_options
	unsigned char seen[sizeof(struct OF)] = { 0 };

#define CLIENT(field, unit, ...)         SEE(field)
#define CLIENT_CHOICE(field, value, ...) SEE(field)
#include "base/options.def"
	/* clang-format off */
	SEE(size) SEE(label) SEE(config) SEE(config_release) SEE(config_size) SEE(on_started)
	SEE(on_closed) SEE(arg) SEE(backoff) SEE(socket) SEE(on_high_water)
	SEE(on_low_water) SEE(on_session) SEE(urls) SEE(endpoints) SEE(filter)
	SEE(reserved)
	    /* clang-format on */
	    check_seen(seen, sizeof(seen));
#undef OF
}

TEST(options_of_a_connection_all_have_rows)
{
#define OF stay_conn_options
	unsigned char seen[sizeof(struct OF)] = { 0 };

#define CONN(field, unit, ...) SEE(field)
#include "base/options.def"
	/* clang-format off */
	SEE(size) SEE(label) SEE(on_started) SEE(on_closed) SEE(arg)
	SEE(backoff) SEE(socket) SEE(reserved)
	    /* clang-format on */
	    check_seen(seen, sizeof(seen));
#undef OF
}

TEST(options_of_a_pool_all_have_rows)
{
#define OF stay_pool_options
	unsigned char seen[sizeof(struct OF)] = { 0 };

#define POOL(field, unit, ...) SEE(field)
#include "base/options.def"
	/* clang-format off */
	SEE(size) SEE(client) SEE(use) SEE(on_closed) SEE(arg) SEE(reserved)
	    /* clang-format on */
	    check_seen(seen, sizeof(seen));
#undef OF
}

TEST(options_of_backoff_all_have_rows)
{
#define OF stay_backoff_policy
	unsigned char seen[sizeof(struct OF)] = { 0 };

#define BACKOFF(field, unit, ...)         SEE(field)
#define BACKOFF_CHOICE(field, value, ...) SEE(field)
#include "base/options.def"
	/* clang-format off */
	SEE(delay) SEE(delay_arg) SEE(reserved)
	    /* clang-format on */
	    check_seen(seen, sizeof(seen));
#undef OF
}

TEST(options_of_redis_all_have_rows)
{
#define OF stay_redis_options
	unsigned char seen[sizeof(struct OF)] = { 0 };

#define REDIS(field, unit, ...)         SEE(field)
#define REDIS_CHOICE(field, value, ...) SEE(field)
#include "../../adapters/redis/options.def"
	/* clang-format off */
	SEE(size) SEE(client) SEE(client_name) SEE(on_push) SEE(on_push_arg)
	SEE(credentials) SEE(credentials_arg) SEE(on_orphan) SEE(scripts)
	SEE(on_orphan_arg) SEE(reserved)
	    /* clang-format on */
	    check_seen(seen, sizeof(seen));
#undef OF
}

TEST_SUITE(options)
