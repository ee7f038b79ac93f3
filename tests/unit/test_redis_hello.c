/* The handshake as conversations: what the server says, what we answer. */
#include <string.h>

#include "../../adapters/redis/greeting.h"

#include "support/resp.h"

#include "expect.h"
#include "suites.h"

#define TURNS_MAX 8

/* Some replies of the server (NULL: none yet), and what comes of the last one;
 * the others are waited through in silence. */
struct turn {
	const char *reply;
	const char *sent; /* in words, one command a line; NULL: nothing */
	enum stay_hello_kind kind;
	const char *text; /* NULL: that of the reply */
};

struct conversation {
	const char *label;
	const char *url;
	struct turn turns[TURNS_MAX];
};

#define UP      STAY_HELLO_UP
#define WAIT    STAY_HELLO_WAIT
#define RETRY   STAY_HELLO_RETRY
#define DENIED  STAY_HELLO_DENIED
#define BAD     STAY_HELLO_BAD
#define MAP     "%1\r\n+proto\r\n:3\r\n"
#define OK      "+OK\r\n"
#define PONG    "+PONG\r\n"
#define VERSION "0.1.0"
#define INFO                                                                   \
	"CLIENT SETINFO LIB-NAME stay\nCLIENT SETINFO LIB-VER " VERSION "\n"
#define SET    OK OK /* what INFO is answered */
#define NOINFO "-ERR unknown subcommand\r\n-ERR unknown subcommand\r\n"
#define UNKNOWN                                                                \
	"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n"
#define NOAUTH  "-NOAUTH Authentication required.\r\n"
#define LOADING "-LOADING Redis is loading the dataset in memory\r\n"
#define STRANGE "a reply that is to nothing in the greeting"
#define NO3     "protocol 3 is asked for, and the server has no RESP3"

/* clang-format off */
static const struct conversation conversations[] = {
	{ "the least", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET PONG, NULL, UP, NULL } } },
	{ "everything", "redis://me:pw@h/2?client_name=n", {
		{ NULL, "HELLO 3 AUTH me pw SETNAME n\n" INFO "SELECT 2\nPING\n", WAIT, NULL },
		{ MAP SET OK PONG, NULL, UP, NULL } } },
	{ "the default user", "redis://:pw@h", {
		{ NULL, "HELLO 3 AUTH default pw\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET PONG, NULL, UP, NULL } } },
	{ "a user without a password", "redis://me@h", {
		{ NULL, "HELLO 3 AUTH me \n" INFO "PING\n", WAIT, NULL },
		{ MAP SET PONG, NULL, UP, NULL } } },
	{ "the default user without a password", "redis://default@h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET PONG, NULL, UP, NULL } } },
	{ "a server that does not know SETINFO", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP NOINFO PONG, NULL, UP, NULL } } },

	/* AUTH is never sent behind what is not answered yet */
	{ "an old server", "redis://:pw@h/2?client_name=n", {
		{ NULL, "HELLO 3 AUTH default pw SETNAME n\n" INFO "SELECT 2\nPING\n", WAIT, NULL },
		{ UNKNOWN NOAUTH NOAUTH NOAUTH, NULL, WAIT, NULL },
		{ NOAUTH, "AUTH pw\nCLIENT SETNAME n\n" INFO "SELECT 2\nPING\n", WAIT, NULL },
		{ OK OK NOINFO OK PONG, NULL, UP, NULL } } },
	{ "an old server and the user default", "redis://default:pw@h", {
		{ NULL, "HELLO 3 AUTH default pw\n" INFO "PING\n", WAIT, NULL },
		{ UNKNOWN NOAUTH NOAUTH NOAUTH, "AUTH pw\n" INFO "PING\n", WAIT, NULL },
		{ OK NOINFO PONG, NULL, UP, NULL } } },
	{ "an old server and another user", "redis://me:pw@h", {
		{ NULL, "HELLO 3 AUTH me pw\n" INFO "PING\n", WAIT, NULL },
		{ UNKNOWN NOAUTH NOAUTH NOAUTH, "AUTH me pw\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR wrong number of arguments for 'auth' command\r\n", NULL, DENIED,
		  "the server is older than ACLs and knows no users: log in without a user, or as default" } } },
	{ "an old server without a password", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ UNKNOWN NOINFO PONG, INFO "PING\n", WAIT, NULL },
		{ NOINFO PONG, NULL, UP, NULL } } },
	{ "a server that is told to speak RESP2 alone", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-NOPROTO unsupported protocol version\r\n" SET PONG, INFO "PING\n", WAIT, NULL },
		{ SET PONG, NULL, UP, NULL } } },
	{ "a server to which HELLO has no arguments", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR wrong number of arguments for 'hello' command\r\n" SET PONG, INFO "PING\n", WAIT, NULL },
		{ SET PONG, NULL, UP, NULL } } },
	{ "a proxy in its own words", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR Unknown Command 'HELLO'\r\n" SET PONG, INFO "PING\n", WAIT, NULL },
		{ SET PONG, NULL, UP, NULL } } },
	{ "an old server that loads answers so twice", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ UNKNOWN NOINFO LOADING, INFO "PING\n", WAIT, NULL },
		{ NOINFO LOADING, NULL, RETRY, NULL } } },
	{ "a HELLO that goes wrong in another way", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR something else\r\n", NULL, RETRY, NULL } } },

	{ "a proxy that wants AUTH first", "redis://:pw@h/1?client_name=n", {
		{ NULL, "HELLO 3 AUTH default pw SETNAME n\n" INFO "SELECT 1\nPING\n", WAIT, NULL },
		{ NOAUTH NOAUTH NOAUTH NOAUTH, NULL, WAIT, NULL },
		{ NOAUTH, "AUTH pw\nHELLO 3 SETNAME n\n" INFO "SELECT 1\nPING\n", WAIT, NULL },
		{ OK MAP SET OK PONG, NULL, UP, NULL } } },
	{ "a proxy that wants AUTH first, and knows no HELLO", "redis://me:pw@h", {
		{ NULL, "HELLO 3 AUTH me pw\n" INFO "PING\n", WAIT, NULL },
		{ NOAUTH NOAUTH NOAUTH NOAUTH, "AUTH me pw\nHELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ OK UNKNOWN SET PONG, INFO "PING\n", WAIT, NULL },
		{ SET PONG, NULL, UP, NULL } } },
	{ "a proxy that hears no AUTH at all", "redis://:pw@h", {
		{ NULL, "HELLO 3 AUTH default pw\n" INFO "PING\n", WAIT, NULL },
		{ NOAUTH NOAUTH NOAUTH NOAUTH, "AUTH pw\nHELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ OK NOAUTH, NULL, RETRY, NULL } } },

	{ "RESP2 as asked", "redis://h?protocol=2", {
		{ NULL, INFO "PING\n", WAIT, NULL },
		{ SET PONG, NULL, UP, NULL } } },
	{ "RESP2 with everything", "redis://me:pw@h/1?protocol=2&client_name=n", {
		{ NULL, "AUTH me pw\nCLIENT SETNAME n\n" INFO "SELECT 1\nPING\n", WAIT, NULL },
		{ OK "-ERR unknown command 'CLIENT'\r\n" NOINFO OK PONG, NULL, UP, NULL } } },
	{ "RESP3 or nothing", "redis://h?protocol=3", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ UNKNOWN, NULL, DENIED, NO3 } } },
	{ "RESP3 or nothing, and the server says 2", "redis://h?protocol=3", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "*2\r\n+proto\r\n:2\r\n", NULL, DENIED, NO3 } } },
	{ "RESP3 or nothing, and not now", "redis://h?protocol=3", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ LOADING, NULL, RETRY, NULL } } },
	{ "a server that answers HELLO in RESP2", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "*4\r\n+server\r\n+redis\r\n+proto\r\n:2\r\n" SET PONG, NULL, UP, NULL } } },

	{ "a user who may not ping", "redis://me:pw@h", {
		{ NULL, "HELLO 3 AUTH me pw\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET "-NOPERM this user has no permissions to run the 'ping' command\r\n", NULL, UP, NULL } } },
	{ "a server that can't write to its disk", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET "-MISCONF Errors writing to the AOF file\r\n", NULL, UP, NULL } } },
	{ "a user who may not select", "redis://me:pw@h/1", {
		{ NULL, "HELLO 3 AUTH me pw\n" INFO "SELECT 1\nPING\n", WAIT, NULL },
		{ MAP SET "-NOPERM this user has no permissions\r\n", NULL, DENIED, NULL } } },
	{ "a wrong password", "redis://:no@h", {
		{ NULL, "HELLO 3 AUTH default no\n" INFO "PING\n", WAIT, NULL },
		{ "-WRONGPASS invalid username-password pair or user is disabled.\r\n", NULL, DENIED, NULL } } },
	{ "a wrong password, RESP2", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR invalid password\r\n", NULL, DENIED, NULL } } },
	{ "a password that is not set yet", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR Client sent AUTH, but no password is set\r\n", NULL, RETRY, NULL } } },
	{ "a password that is not set yet, with ACLs", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR AUTH <password> called without any password configured for the default user.\r\n", NULL, RETRY, NULL } } },
	{ "a server without AUTH", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR unknown command 'AUTH', with args beginning with: 'no'\r\n", NULL, DENIED,
		  "the server lacks a command of the greeting (AUTH, SELECT)" } } },
	{ "a password that is missing", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-NOAUTH HELLO must be called with the client already authenticated\r\n", NULL, DENIED, NULL } } },
	{ "a password that is missing, RESP2", "redis://h?protocol=2", {
		{ NULL, INFO "PING\n", WAIT, NULL },
		{ NOAUTH NOAUTH NOAUTH, NULL, DENIED, NULL } } },
	{ "protected mode", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-DENIED Redis is running in protected mode\r\n", NULL, DENIED, NULL } } },
	{ "a db that is not there", "redis://h/99", {
		{ NULL, "HELLO 3\n" INFO "SELECT 99\nPING\n", WAIT, NULL },
		{ MAP SET "-ERR DB index is out of range\r\n", NULL, DENIED, NULL } } },
	{ "a db that can't be had now", "redis://h/9", {
		{ NULL, "HELLO 3\n" INFO "SELECT 9\nPING\n", WAIT, NULL },
		{ MAP SET "-ERR not just now\r\n", NULL, RETRY, NULL } } },
	{ "loading", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET LOADING, NULL, RETRY, NULL } } },
	{ "a replica that lost its master", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET "-MASTERDOWN Link with MASTER is down\r\n", NULL, RETRY, NULL } } },
	{ "busy", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ MAP SET "-BUSY Redis is busy running a script.\r\n", NULL, RETRY, NULL } } },
	{ "too many clients", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "-ERR max number of clients reached\r\n", NULL, RETRY, NULL } } },
	{ "an error by another name", "redis://h?protocol=2", {
		{ NULL, INFO "PING\n", WAIT, NULL },
		{ SET "-LOADINGS of them\r\n", NULL, RETRY, NULL } } },

	/* frames that are to nothing */
	{ "a banner before HELLO is answered", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "+welcome\r\n", NULL, BAD, STRANGE } } },
	{ "an array that is no answer to HELLO", "redis://h", {
		{ NULL, "HELLO 3\n" INFO "PING\n", WAIT, NULL },
		{ "*2\r\n+hello\r\n+world\r\n", NULL, BAD, STRANGE } } },
	{ "a banner before AUTH is answered", "redis://:pw@h?protocol=2", {
		{ NULL, "AUTH pw\n" INFO "PING\n", WAIT, NULL },
		{ "+OK, welcome\r\n", NULL, BAD, STRANGE } } },
	{ "a banner before PING is answered", "redis://h?protocol=2", {
		{ NULL, INFO "PING\n", WAIT, NULL },
		{ SET OK, NULL, BAD, STRANGE } } },
	{ "a pong that comes too soon", "redis://h/1", {
		{ NULL, "HELLO 3\n" INFO "SELECT 1\nPING\n", WAIT, NULL },
		{ MAP SET PONG, NULL, BAD, STRANGE } } },
	{ "a name that is answered by a number", "redis://h?protocol=2&client_name=n", {
		{ NULL, "CLIENT SETNAME n\n" INFO "PING\n", WAIT, NULL },
		{ ":1\r\n", NULL, BAD, STRANGE } } },
};
/* clang-format on */

/* What was sent, a line a command, its words apart by spaces. */
static void
read_commands(struct stay_bytes bytes, struct stay_buf *lines)
{
	struct stay_redis_reply const *word;
	struct resp resp;

	resp_init(&resp);
	resp_feed(&resp, bytes.data, bytes.len);
	while (resp.len > 0) {
		word = stay_redis_first(resp_reply(&resp));
		for (; word != NULL; word = stay_redis_next(word))
			EXPECT_OK(
			    stay_buf_printf(lines, "%s%c", stay_redis_str(word),
				stay_redis_next(word) == NULL ? '\n' : ' '));
		resp_next(&resp);
		if (resp.len > 0)
			ck_assert_int_eq(
			    resp_feed(&resp, NULL, 0), STAY_REDIS__WHOLE);
	}
	EXPECT_OK(stay_buf_append(lines, "", 1));
	resp_fini(&resp);
}

static void
assert_sent(const struct stay_buf *out, const char *sent, unsigned due)
{
	struct stay_buf lines;
	unsigned count = 0;

	stay_buf_init(&lines, 0);
	if (stay_buf_len(out) > 0)
		read_commands(stay_buf_bytes(out), &lines);
	ck_assert_str_eq(stay_buf_bytes(&lines).data, sent == NULL ? "" : sent);
	for (; sent != NULL && *sent != '\0'; sent++)
		count += *sent == '\n';
	ck_assert_uint_eq(due, count);
	stay_buf_fini(&lines);
}

static struct stay_redis__lessons lessons;
static uint64_t now_ms;

static struct stay_hello
answer(struct stay_redis__greeting *greeting, struct stay_redis__config *config,
    const struct stay_redis_reply *reply, struct stay_buf *out, unsigned *due)
{
	struct stay_redis__exchange exchange = { .config = config,
		.lessons = &lessons,
		.now_ms = now_ms,
		.reply = reply,
		.out = out };
	struct stay_hello hello =
	    stay_redis__greeting_answer(greeting, &exchange);

	*due = exchange.due;
	return hello;
}

static void
check_text(const struct turn *turn, const struct stay_hello *hello,
    const struct stay_redis_reply *reply)
{
	if (turn->kind != WAIT && turn->kind != UP)
		ck_assert_str_eq(hello->text,
		    turn->text != NULL ? turn->text : stay_redis_str(reply));
}

static void
take_turn(struct stay_redis__greeting *greeting,
    struct stay_redis__config *config, const struct turn *turn,
    const char *label)
{
	const struct stay_redis_reply *reply = NULL;
	struct stay_hello hello;
	struct stay_buf out;
	struct resp resp;
	unsigned due = 99;

	resp_init(&resp);
	stay_buf_init(&out, 0);
	if (turn->reply != NULL) {
		ck_assert_int_eq(
		    resp_feed(&resp, turn->reply, strlen(turn->reply)),
		    STAY_REDIS__WHOLE);
		reply = resp_reply(&resp);
	}
	for (;;) {
		hello = answer(greeting, config, reply, &out, &due);
		if (reply == NULL || resp.len == resp.parser.pos)
			break;
		ck_assert_msg(hello.kind == WAIT && due == 0,
		    "%s: too soon after %s", label, stay_redis_str(reply));
		resp_next(&resp);
		ck_assert_int_eq(resp_feed(&resp, NULL, 0), STAY_REDIS__WHOLE);
		reply = resp_reply(&resp);
	}
	ck_assert_msg(
	    hello.kind == turn->kind, "%s: not after %s", label, turn->reply);
	check_text(turn, &hello, reply);
	assert_sent(&out, turn->sent, due);
	stay_buf_fini(&out);
	resp_fini(&resp);
}

TEST_ROWS(redis_hello_conversations, LEN(conversations))
{
	static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };
	const struct conversation *conversation = &conversations[_i];
	struct stay_redis__config *config;
	struct stay_redis__greeting greeting = { 0 };
	const struct turn *turn = conversation->turns;

	lessons = (struct stay_redis__lessons){ 0 };
	now_ms = 0;
	EXPECT_OK(
	    stay_redis__config_new(NULL, &config, conversation->url, &none));
	do
		take_turn(&greeting, config, turn, conversation->label);
	while (turn++->kind == WAIT);
	stay_redis__config_free(config);
}

/* ---- up to which moment ---- */

/* What hello answers at this time to what the server says; NULL: it only begins. */
static enum stay_hello_kind
answer_at(
    uint64_t ms, const struct stay_redis_options *options, const char *says)
{
	struct stay_redis__config *config;
	struct stay_redis__greeting greeting = { 0 };
	struct stay_buf out;
	struct resp resp;
	struct stay_hello hello;
	unsigned due;

	now_ms = ms;
	resp_init(&resp);
	stay_buf_init(&out, 0);
	EXPECT_OK(stay_redis__config_new(NULL, &config, "redis://h", options));
	hello = answer(&greeting, config, NULL, &out, &due);
	ck_assert_int_eq(hello.kind, WAIT);
	ck_assert_int_eq(
	    resp_feed(&resp, says, strlen(says)), STAY_REDIS__WHOLE);
	hello = answer(&greeting, config, resp_reply(&resp), &out, &due);
	stay_redis__config_free(config);
	stay_buf_fini(&out);
	resp_fini(&resp);
	return hello.kind;
}

/* "OK" is no answer to HELLO, but one to CLIENT SETINFO, with which RESP2 begins. */
TEST_ROWS(redis_hello_is_left_out_for_a_time, 2)
{
	static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };

	lessons = (struct stay_redis__lessons){ .plain_until_ms = 1000 };
	ck_assert_int_eq(answer_at(999 + (uint64_t)_i, &none, "+OK\r\n"),
	    _i == 0 ? WAIT : BAD);
}

static void
give_login(void *arg, struct stay_redis_login *login)
{
	(void)arg;
	login->password = "p";
}

TEST_ROWS(redis_hello_is_patient_with_credentials_for_a_time, 2)
{
	static const struct stay_redis_options asked = { STAY_REDIS_OPTIONS,
		.credentials = give_login };

	lessons = (struct stay_redis__lessons){ .denied_ms = 1 };
	ck_assert_int_eq(
	    answer_at(4999 + (uint64_t)_i, &asked, "-WRONGPASS no\r\n"),
	    _i == 0 ? RETRY : DENIED);
}

TEST(redis_hello_without_room)
{
	static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };
	struct stay_redis__config *config;
	struct stay_redis__greeting greeting = { 0 };
	struct stay_buf out;
	unsigned due;

	EXPECT_OK(stay_redis__config_new(NULL, &config, "redis://h/1", &none));
	stay_buf_init(&out, 30);
	ck_assert_int_eq(
	    answer(&greeting, config, NULL, &out, &due).kind, RETRY);
	stay_buf_fini(&out);
	stay_redis__config_free(config);
}

TEST_SUITE(redis_hello)
