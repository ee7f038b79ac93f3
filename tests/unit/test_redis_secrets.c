/*
 * Nothing of a login in any text, and nothing of a peer's raw: a server repeats
 * the whole greeting, in several spellings, in each of its errors.
 */
#include <stdlib.h>
#include <string.h>

#include <stay/observe.h>
#include <stay/redis.h>

#include "suites.h"
#include "support/redis_virtual.h"

#define CANARY "s3cr3t"

static const struct {
	const char *in_url;
	const char *word;
} passwords[] = {
	{ CANARY, CANARY },
	{ "%0D%0A" CANARY "%20x", "\r\n" CANARY " x" },
	{ "%22" CANARY "%5C", "\"" CANARY "\\" },
	{ "%C3%A9%01" CANARY "%25", "\303\251\001" CANARY "%" },
	{ "%60" CANARY "%27", "`" CANARY "'" },
};

static const char *const leads[] = { "ERR unknown command `AUTH`, args:",
	"WRONGPASS", "NOAUTH", "LOADING", "" };

enum spelling { RAW, BACKSLASHES, PERCENTS, BLANKS, SPELLINGS };

#define CASES                                                                  \
	((int)(LEN(passwords) * sizeof(leads) / sizeof(leads[0]) * SPELLINGS * \
	       2))

struct scene {
	const char *lead;
	enum spelling spelling;
	const char *password;
};

static char why[1024];

/* One byte of what the server was sent, as it says it. */
static void
spell(char to[8], enum spelling spelling, unsigned char byte)
{
	bool printable = byte > ' ' && byte <= '~';

	snprintf(to, 8, "%c", byte);
	if (spelling == BACKSLASHES && (byte == '"' || byte == '\\'))
		snprintf(to, 8, "\\%c", byte);
	else if (spelling == BACKSLASHES && !printable)
		snprintf(to, 8, "\\x%02x", byte);
	else if (spelling == PERCENTS && (!printable || byte == '%'))
		snprintf(to, 8, "%%%02X", byte);
	else if (spelling == BLANKS && !printable)
		snprintf(to, 8, " ");
}

static void
repeat(struct peer_end *end, const struct scene *scene, const char *bytes,
    size_t len)
{
	static char said[8192], error[9000];
	size_t used = 0;
	char piece[8];
	int size;

	for (size_t i = 0; i < len && used < sizeof(said) - 8; i++) {
		spell(piece, scene->spelling, (unsigned char)bytes[i]);
		used += (size_t)snprintf(
		    said + used, sizeof(said) - used, "%s", piece);
	}
	said[used] = '\0';
	size = (int)(strlen(scene->lead) + 1 + used);
	size = snprintf(
	    error, sizeof(error), "!%d\r\n%s %s\r\n", size, scene->lead, said);
	peer_send(end, 0, 0, error, (size_t)size);
}

/* Each command is answered with what came from the login on. */
static void
complain(struct peer_end *end, const struct peer_request *request)
{
	const struct scene *scene = end->peer->arg;
	const char *bytes = request->words[0].text;
	size_t len = request->words[0].len;
	const char *login =
	    memmem(bytes, len, scene->password, strlen(scene->password));
	size_t from = login == NULL ? 0 : (size_t)(login - bytes);

	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '*' && (i == 0 || bytes[i - 1] == '\n'))
			repeat(end, scene, bytes + from, len - from);
}

static const struct peer_row rows[] = { DO(PEER_ANYTHING, complain), NO_MORE };

static void
note_why(void *arg, const struct stay_result *result)
{
	(void)arg;
	snprintf(why, sizeof(why), "%s", result->why);
}

static void
tell_login(void *arg, struct stay_redis_login *login)
{
	login->password = arg;
}

static void
check(const char *text)
{
	ck_assert_msg(strstr(text, CANARY) == NULL, "%s", text);
	for (const char *at = text; *at != '\0'; at++)
		ck_assert_msg(
		    *at == '\n' || (*at >= ' ' && *at <= '~'), "%s", text);
}

/* All that is said for a second. */
static void
watch(struct stay_world *world, struct stay_redis *redis)
{
	char explained[2000];

	(void)stay_redis_command(redis, note_why, NULL, "GET a");
	for (int i = 0; i < 20; i++) {
		sim_run_ms(world, 50);
		(void)stay_conn_explain(
		    stay_redis_conn(redis), explained, sizeof(explained));
		check(explained);
		check(stay_conn_failure(stay_redis_conn(redis)));
		(void)stay_redis_command(redis, NULL, NULL, "GET b");
	}
}

/* What was counted and kept. */
static void
check_numbers(struct stay_loop *loop)
{
	struct stay_metrics *metrics = stay_loop_metrics(loop);
	struct stay_buf text;

	stay_buf_init(&text, 0);
	EXPECT_OK(stay_metrics_prometheus(metrics, &text));
	EXPECT_OK(stay_loop_story(loop, 0, &text));
	EXPECT_OK(stay_buf_append(&text, "", 1));
	check(text.data);
	EXPECT_IN(text.data, "stay_phase=\"hello\"");
	EXPECT_IN(text.data, "failed in hello: ");
	stay_buf_fini(&text);
	stay_loop_set_metrics(loop, NULL);
	stay_metrics_free(metrics);
}

static void
play(const struct scene *scene, const char *url,
    const struct stay_redis_options *options, unsigned form)
{
	struct redis_virtual here;
	char *text;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	struct stay_log *log =
	    stay_log_new(stream, (~0u & ~STAY_LOG_JSON) | form);

	redis_virtual_open(&here, rows);
	here.server.reads = peer_reads_bytes;
	here.server.arg = (void *)(uintptr_t)scene;
	here.server.log = NULL;
	stay_loop_set_observer(here.loop, stay_log_observer(log));
	stay_loop_set_metrics(here.loop, stay_metrics_new());
	redis_virtual_start(&here, url, options);
	watch(here.world, here.redis);
	check_numbers(here.loop);
	redis_virtual_end(&here);
	stay_log_free(log);
	fclose(stream);
	check(why);
	check(text);
	EXPECT_IN(text, form == 0 ? "conn 1 redis://10.0.0.1: hello: "
				  : "\"event\":\"stay.failure\",\"conn\":1,");
	free(text);
}

TEST_ROWS(redis_secrets_are_in_no_text, CASES)
{
	unsigned number = (unsigned)_i;
	bool asked = number % 2 == 1;
	struct scene scene = { .spelling = number / 2 % SPELLINGS };
	struct stay_redis_options options = { STAY_REDIS_OPTIONS };
	char url[128];

	number /= 2 * SPELLINGS;
	scene.lead = leads[number % (LEN(leads))];
	number /= LEN(leads);
	scene.password = passwords[number].word;
	snprintf(url, sizeof(url), "redis://:%s@10.0.0.1",
	    asked ? "other" : passwords[number].in_url);
	if (asked) {
		options.credentials = tell_login;
		options.credentials_arg = (void *)(uintptr_t)scene.password;
	}
	play(&scene, url, &options, 0);
	play(&scene, url, &options, STAY_LOG_JSON);
}

/* A password that may be a word of any sentence. */
static const struct {
	const char *word, *said, *shown;
} words_alone[] = {
	{ "pass",
	    "ERR unknown command 'AUTH', with args beginning with: 'pass' ",
	    "ERR unknown command 'AUTH', with args beginning with: '***' " },
	{ "pass",
	    "ERR unknown command `AUTH`, with args beginning with: `pass`, ",
	    "ERR unknown command `AUTH`, with args beginning with: `***`, " },
	{ "pass",
	    "WRONGPASS invalid username-password pair or user is disabled.",
	    "WRONGPASS invalid username-password pair or user is disabled." },
	{ "in", "ERR syntax error in line 1 near 'in in1 ain'",
	    "ERR syntax error *** line 1 near '*** in1 ain'" },
	{ "hunter", "ERR $6 hunter$6hunter6hunter_x hunters",
	    "ERR $6 ***$6***6***_x hunters" },
};

TEST_ROWS(redis_secrets_of_letters_alone, LEN(words_alone))
{
	char says[128];
	const struct peer_row rows_of[] = { ON("GET a", says), NO_MORE };
	struct redis_virtual here;

	snprintf(says, sizeof(says), "-%s\r\n", words_alone[_i].said);
	redis_virtual_open(&here, rows_of);
	redis_virtual_start(&here, "redis://10.0.0.1",
	    REDIS(.credentials = tell_login,
		.credentials_arg = (void *)(uintptr_t)words_alone[_i].word));
	(void)stay_redis_command(here.redis, note_why, NULL, "GET a");
	sim_run_ms(here.world, 50);
	redis_virtual_end(&here);
	EXPECT_IN(why, words_alone[_i].shown);
}

static void
log_in_as_default(void *arg, struct stay_redis_login *login)
{
	(void)arg;
	login->user = "default";
	login->password = CANARY;
}

/* That user everybody has. */
TEST(redis_secrets_are_not_the_word_default)
{
	static const struct peer_row says[] = {
		ON("GET a", "-ERR no default for " CANARY "\r\n"), NO_MORE
	};
	struct redis_virtual here;

	redis_virtual_open(&here, says);
	redis_virtual_start(
	    &here, "redis://10.0.0.1", REDIS(.credentials = log_in_as_default));
	(void)stay_redis_command(here.redis, note_why, NULL, "GET a");
	sim_run_ms(here.world, 50);
	redis_virtual_end(&here);
	check(why);
	EXPECT_IN(why, "ERR no default for ");
}

TEST_SUITE(redis_secrets)
