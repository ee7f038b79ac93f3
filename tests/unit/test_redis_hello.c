/* The handshake as conversations: what the server says, what we answer. */
#include <stdlib.h>
#include <string.h>

#include "../../adapters/redis/greeting.h"

#include "support/resp.h"

#include "expect.h"
#include "suites.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TURNS_MAX    8

/* One reply of the server (NULL: none yet), and what comes of it. */
struct turn {
	const char *reply;
	const char *sent; /* in words, one command a line; NULL: nothing */
	enum stay_hello_kind kind;
};

struct conversation {
	const char *label;
	const char *url;
	struct turn turns[TURNS_MAX];
};

#define UP      STAY_HELLO_UP
#define WAIT    STAY_HELLO_WAIT
#define REFUSED STAY_HELLO_RETRY
#define DENIED  STAY_HELLO_DENIED
#define MAP     "%1\r\n+proto\r\n:3\r\n"
#define UNKNOWN                                                                \
	"-ERR unknown command `HELLO`, with args beginning with: `3`\r\n"

/* clang-format off */
static const struct conversation conversations[] = {
	{ "the least", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "everything", "redis://me:pw@h/2?client_name=n", {
		{ NULL, "HELLO 3 AUTH me pw SETNAME n\nSELECT 2\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "the default user", "redis://:pw@h", {
		{ NULL, "HELLO 3 AUTH default pw\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "an old server", "redis://:pw@h/2?client_name=n", {
		{ NULL, "HELLO 3 AUTH default pw SETNAME n\nSELECT 2\nPING\n", WAIT },
		{ UNKNOWN, "AUTH pw\nCLIENT SETNAME n\nSELECT 2\nPING\n", WAIT },
		{ "-NOAUTH Authentication required.\r\n", NULL, WAIT },
		{ "-NOAUTH Authentication required.\r\n", NULL, WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "an old server without a password", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ UNKNOWN, "PING\n", WAIT },
		{ "+PONG\r\n", NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "a server that is told to speak RESP2 alone", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ "-NOPROTO unsupported protocol version\r\n", "PING\n", WAIT },
		{ "+PONG\r\n", NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "an old server that loads answers so twice", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ UNKNOWN, "PING\n", WAIT },
		{ "-LOADING Redis is loading the dataset in memory\r\n", NULL, WAIT },
		{ "-LOADING Redis is loading the dataset in memory\r\n", NULL, REFUSED } } },
	{ "RESP2 as asked", "redis://h?protocol=2", {
		{ NULL, "PING\n", WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "RESP2 with everything", "redis://me:pw@h/1?protocol=2&client_name=n", {
		{ NULL, "AUTH me pw\nCLIENT SETNAME n\nSELECT 1\nPING\n", WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "-ERR unknown command 'CLIENT'\r\n", NULL, WAIT },
		{ "+OK\r\n", NULL, WAIT },
		{ "+PONG\r\n", NULL, UP } } },
	{ "a user who may not ping", "redis://me:pw@h", {
		{ NULL, "HELLO 3 AUTH me pw\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "-NOPERM this user has no permissions to run the 'ping' command\r\n", NULL, UP } } },
	{ "a wrong password", "redis://:no@h", {
		{ NULL, "HELLO 3 AUTH default no\nPING\n", WAIT },
		{ "-WRONGPASS invalid username-password pair or user is disabled.\r\n", NULL, DENIED } } },
	{ "a wrong password, RESP2", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\nPING\n", WAIT },
		{ "-ERR invalid password\r\n", NULL, DENIED } } },
	{ "a password that is not set", "redis://:no@h?protocol=2", {
		{ NULL, "AUTH no\nPING\n", WAIT },
		{ "-ERR Client sent AUTH, but no password is set\r\n", NULL, DENIED } } },
	{ "a password that is missing", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ "-NOAUTH HELLO must be called with the client already authenticated\r\n", NULL, DENIED } } },
	{ "a password that is missing, RESP2", "redis://h?protocol=2", {
		{ NULL, "PING\n", WAIT },
		{ "-NOAUTH Authentication required.\r\n", NULL, DENIED } } },
	{ "protected mode", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ "-DENIED Redis is running in protected mode\r\n", NULL, DENIED } } },
	{ "a db that is not there", "redis://h/99", {
		{ NULL, "HELLO 3\nSELECT 99\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "-ERR DB index is out of range\r\n", NULL, DENIED } } },
	{ "loading", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "-LOADING Redis is loading the dataset in memory\r\n", NULL, REFUSED } } },
	{ "a replica that lost its master", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "-MASTERDOWN Link with MASTER is down\r\n", NULL, REFUSED } } },
	{ "busy", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ MAP, NULL, WAIT },
		{ "-BUSY Redis is busy running a script.\r\n", NULL, REFUSED } } },
	{ "too many clients", "redis://h", {
		{ NULL, "HELLO 3\nPING\n", WAIT },
		{ "-ERR max number of clients reached\r\n", NULL, REFUSED } } },
	{ "an error by another name", "redis://h?protocol=2", {
		{ NULL, "PING\n", WAIT },
		{ "-LOADINGS of them\r\n", NULL, UP } } },
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
			ck_assert_int_eq(
			    stay_buf_printf(lines, "%s%c", stay_redis_str(word),
				stay_redis_next(word) == NULL ? '\n' : ' '),
			    STAY_OK);
		resp_next(&resp);
		if (resp.len > 0)
			ck_assert_int_eq(
			    resp_feed(&resp, NULL, 0), STAY_REDIS__WHOLE);
	}
	ck_assert_int_eq(stay_buf_append(lines, "", 1), STAY_OK);
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

static void
take_turn(struct stay_redis__greeting *greeting,
    const struct stay_redis__config *config, const struct turn *turn,
    const char *label)
{
	const struct stay_redis_reply *reply = NULL;
	struct stay_hello hello;
	struct stay_buf out;
	struct resp resp;
	unsigned due = 99;

	resp_init(&resp);
	stay_buf_init(&out, 0);
	if (turn->reply != NULL)
		reply = resp_parse(&resp, turn->reply);
	hello =
	    stay_redis__greeting_answer(greeting, config, reply, &out, &due);
	ck_assert_msg(
	    hello.kind == turn->kind, "%s: not after %s", label, turn->reply);
	if (turn->kind == REFUSED || turn->kind == DENIED)
		ck_assert_str_eq(hello.text, stay_redis_str(reply));
	assert_sent(&out, turn->sent, due);
	stay_buf_fini(&out);
	resp_fini(&resp);
}

START_TEST(test_redis_hello_conversations)
{
	static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };
	const struct conversation *conversation = &conversations[_i];
	const struct stay_redis__config *config;
	struct stay_redis__greeting greeting = { 0 };
	const struct turn *turn = conversation->turns;

	ck_assert_int_eq(
	    stay_redis__config_new(&config, conversation->url, &none), STAY_OK);
	do
		take_turn(&greeting, config, turn, conversation->label);
	while (turn++->kind == WAIT);
	stay_redis__config_free(config);
}
END_TEST

START_TEST(test_redis_hello_without_room)
{
	static const struct stay_redis_options none = { STAY_REDIS_OPTIONS };
	const struct stay_redis__config *config;
	struct stay_redis__greeting greeting = { 0 };
	struct stay_buf out;
	unsigned due;

	ck_assert_int_eq(
	    stay_redis__config_new(&config, "redis://h/1", &none), STAY_OK);
	stay_buf_init(&out, 30);
	ck_assert_int_eq(
	    stay_redis__greeting_answer(&greeting, config, NULL, &out, &due)
		.kind,
	    STAY_HELLO_RETRY);
	stay_buf_fini(&out);
	stay_redis__config_free(config);
}
END_TEST

Suite *
suite_redis_hello(void)
{
	Suite *suite = suite_create("redis_hello");
	TCase *tests = tcase_create("redis_hello");

	tcase_add_loop_test(tests, test_redis_hello_conversations, 0,
	    (int)COUNT(conversations));
	tcase_add_test(tests, test_redis_hello_without_room);
	suite_add_tcase(suite, tests);
	return suite;
}
