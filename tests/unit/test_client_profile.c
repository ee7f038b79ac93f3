/* What equal clients have once, and which clients are equal. */
#include <stdio.h>
#include <string.h>

#include "sim/world_sim.h"
#include "suites.h"
#include "support/inside.h"
#include "support/line_protocol.h"

#define URL "line://10.0.0.1:7777"

static struct stay_world *world;
static struct stay_loop *loop;
static struct line_notes notes;
static unsigned finis;
static struct line_config config;
static struct stay_socket_options socket_options;
static struct stay_client_options options;

static void
prepare(void)
{
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	memset(&notes, 0, sizeof(notes));
	config = (struct line_config){ .notes = &notes, .finis = &finis };
	socket_options = (struct stay_socket_options){ .nodelay = true };
	options = (struct stay_client_options){ STAY_CLIENT_OPTIONS,
		.config = &config, .config_size = sizeof(config) };
}

static struct stay_client *
start(const struct stay_protocol *protocol, const char *url)
{
	struct stay_client *client;

	EXPECT_OK(stay_client_start(&client, loop, protocol, url, &options));
	return client;
}

static void
end(void)
{
	stay_loop_stop(loop, STAY_OK);
	ck_assert(sim_run(world, 60000));
	ck_assert_uint_eq(inside_profiles(loop), 0);
	EXPECT_OK(stay_loop_free(loop));
}

/* ---- which clients are equal ---- */

static void
same(void)
{
}

static void
other_label(void)
{
	options.label = "x";
}

static void
other_arg(void)
{
	options.arg = &config;
}

static void
dirty_padding(void)
{
	struct stay_backoff_policy policy;

	memset(&policy, 0xff, sizeof(policy));
	policy.kind = options.backoff.kind;
	policy.jitter = options.backoff.jitter;
	policy.initial_ms = policy.cap_ms = policy.stable_ms = 0;
	policy.factor = policy.divisor = policy.attempts_max = 0;
	policy.delay = NULL;
	policy.delay_arg = NULL;
	options.backoff = policy;
}

static void
other_number(void)
{
	options.probe_ms = 4999;
}

static uint64_t
no_delay(const struct stay_backoff_policy *policy, uint32_t attempt,
    uint64_t elapsed_ms)
{
	(void)policy;
	(void)attempt;
	(void)elapsed_ms;
	return 0;
}

#define OTHER(field, value)                                                    \
	static void other_##field(void)                                        \
	{                                                                      \
		options.backoff.field = (value);                               \
	}
OTHER(kind, STAY_BACKOFF_CONSTANT)
OTHER(jitter, STAY_JITTER_NONE)
OTHER(initial_ms, 7)
OTHER(cap_ms, 7)
OTHER(factor, 7)
OTHER(divisor, 7)
OTHER(attempts_max, 7)
OTHER(stable_ms, 7)
OTHER(delay, no_delay)
OTHER(delay_arg, &config)

static void
other_config(void)
{
	config.mumbles = true;
}

static void
config_of_its_own(void)
{
	options.config_size = 0;
}

static void
other_socket(void)
{
	options.socket = &socket_options;
}

static void
other_source(void)
{
	other_socket();
	socket_options.source.len = 8;
}

static const struct difference {
	void (*make)(void);
	const struct stay_protocol *protocol;
	const char *url;
	unsigned profiles;
} differences[] = {
	{ same, &line_protocol, URL, 1 },
	{ other_label, &line_protocol, URL, 1 },
	{ other_arg, &line_protocol, URL, 1 },
	{ dirty_padding, &line_protocol, URL, 1 },
	{ other_number, &line_protocol, URL, 2 },
	{ other_kind, &line_protocol, URL, 2 },
	{ other_jitter, &line_protocol, URL, 2 },
	{ other_initial_ms, &line_protocol, URL, 2 },
	{ other_cap_ms, &line_protocol, URL, 2 },
	{ other_factor, &line_protocol, URL, 2 },
	{ other_divisor, &line_protocol, URL, 2 },
	{ other_attempts_max, &line_protocol, URL, 2 },
	{ other_stable_ms, &line_protocol, URL, 2 },
	{ other_delay, &line_protocol, URL, 2 },
	{ other_delay_arg, &line_protocol, URL, 2 },
	{ other_config, &line_protocol, URL, 2 },
	{ config_of_its_own, &line_protocol, URL, 2 },
	{ other_socket, &line_protocol, URL, 2 },
	{ other_source, &line_protocol, URL, 2 },
	{ same, &line_parts_protocol, URL, 2 },
	{ same, &line_protocol, URL "/", 2 },
};

TEST_ROWS(client_profile_of_equal_clients_is_one, LEN(differences))
{
	const struct difference *difference = &differences[_i];

	prepare();
	start(&line_protocol, URL);
	difference->make();
	start(difference->protocol, difference->url);
	ck_assert_uint_eq(inside_profiles(loop), difference->profiles);
}

/* So many are not compared with all of them; none gets another's. Where they are fewer,
 * each is found again. */
TEST(client_profiles_are_many)
{
	enum { FEW = 100, MANY = 1000 };
	static struct stay_client *clients[MANY];
	char url[64];

	prepare();
	for (unsigned i = 0; i < MANY + FEW; i++) {
		unsigned at = i < FEW ? i : i - FEW;

		snprintf(url, sizeof(url), "line://10.0.0.1:%u", at + 1);
		clients[at] = start(&line_bare_protocol, url);
	}
	ck_assert_uint_eq(inside_profiles(loop), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(url, sizeof(url), "line://10.0.0.1:%u", i + 1);
		ck_assert_str_eq(
		    stay_conn_label(stay_client_conn(clients[i])), url);
	}
}

/* ---- a config that is copied ---- */

TEST(client_profile_has_a_copy_of_the_config)
{
	struct stay_client *first, *second;
	const struct line_config *copy;

	prepare();
	first = start(&line_protocol, URL);
	second = start(&line_protocol, URL);
	copy = stay_client_config(first);
	ck_assert_ptr_eq(stay_client_config(second), copy);
	ck_assert_ptr_ne(copy, &config);
	config.notes = NULL;
	ck_assert_ptr_eq(copy->notes, &notes);
}

static void
release_nothing(const void *given)
{
	(void)given;
}

TEST(client_profile_copies_no_config_that_somebody_releases)
{
	struct stay_client *client;

	prepare();
	options.config_release = release_nothing;
	ck_assert_int_eq(
	    stay_client_start(&client, loop, &line_protocol, URL, &options),
	    STAY_E_ARG);
	options.config_release = NULL;
	options.config = NULL;
	ck_assert_int_eq(
	    stay_client_start(&client, loop, &line_protocol, URL, &options),
	    STAY_E_ARG);
}

/* ---- a client that changes ---- */

/* The old one stays with who has it, and the new one is gone with who had it. */
TEST(client_profile_is_another_one_after_a_change)
{
	struct stay_client *changes, *stays;

	prepare();
	changes = start(&line_protocol, URL);
	stays = start(&line_protocol, URL);
	options.probe_ms = 1234;
	EXPECT_OK(stay_client_reconfigure(changes, NULL, &options));
	sim_run(world, 10);
	ck_assert_uint_eq(inside_profiles(loop), 2);
	ck_assert_uint_eq(inside_options(changes)->probe_ms, 1234);
	ck_assert_uint_eq(inside_options(stays)->probe_ms, 5000);
	options.probe_ms = 0;
	EXPECT_OK(stay_client_reconfigure(changes, NULL, &options));
	sim_run(world, 10);
	ck_assert_uint_eq(inside_profiles(loop), 1);
}

/* Options alone keep the URL, a URL alone the options. */
TEST(client_profile_after_half_a_change)
{
	struct stay_client *client;

	prepare();
	client = start(&line_protocol, URL);
	options.probe_ms = 1234;
	EXPECT_OK(stay_client_reconfigure(client, NULL, &options));
	sim_run(world, 10);
	EXPECT_OK(stay_client_reconfigure(client, "line://10.0.0.2:1", NULL));
	sim_run(world, 10);
	ck_assert_uint_eq(inside_options(client)->probe_ms, 1234);
	ck_assert_str_eq(
	    stay_conn_label(stay_client_conn(client)), "line://10.0.0.2:1");
	start(&line_protocol, "line://10.0.0.2:1");
	ck_assert_uint_eq(inside_profiles(loop), 1);
}

TEST_SUITE_WITH(client_profile, .after = end)
