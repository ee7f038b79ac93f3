/*
 * NATS (examples/adapters/) with a scripted server: what a real one says seldom, or
 * never. In which words a session ends, what is no message, who is meant.
 */
#include <stdio.h>
#include <string.h>

#include "../../examples/adapters/nats.h"
#include "suites.h"
#include "support/peer_virtual.h"

#define INFO                                                                   \
	"INFO {\"server_id\":\"N\",\"headers\":true,\"max_payload\":64,"       \
	"\"client_id\":1}\r\n"

static const struct peer_row quiet[] = {
	ON(PEER_ACCEPTS, INFO),
	ON("PING", "PONG\r\n"),
	NO_MORE,
};

static const struct peer_row talkative[] = {
	ON(PEER_ACCEPTS, INFO),
	ON("PING", "PONG\r\n"),
	ON("CONNECT", "+OK\r\n"),
	ON("SUB", "+OK\r\n"),
	ON("UNSUB", "+OK\r\n"),
	NO_MORE,
};

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_client *client;
static struct peer server;
static struct peer_log server_log;
static char notes[1024];
static struct nats_config config;

static void
note(const char *what, struct stay_bytes words)
{
	snprintf(notes + strlen(notes), sizeof(notes) - strlen(notes),
	    "%s %.*s;", what, (int)words.len, words.data);
}

static void
on_error(void *arg, struct stay_bytes words)
{
	note(arg, words);
}

static void
on_message(
    struct nats_subscription *subscription, const struct nats_message *message)
{
	note(subscription->subject, message->payload);
}

static void
on_notice(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	(void)subscription;
	note(notice == NATS_ON     ? "on"
	     : notice == NATS_LOST ? "lost"
				   : "ended",
	    words);
}

static void
on_done(void *arg, const struct stay_result *result)
{
	note(arg, (struct stay_bytes){ stay_outcome_name(result->outcome),
		      strlen(stay_outcome_name(result->outcome)) });
}

static struct nats_subscription mail = { "mail", NULL, on_message, on_notice };

/* A client at a server of these rows, with a subscription. */
static void
begin(const struct peer_row *rows, const char *url)
{
	static char error[] = "error";
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };

	config = (struct nats_config){
		.verbose = rows == talkative, .on_error = on_error, .arg = error
	};
	notes[0] = '\0';
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	server = (struct peer){
		.rows = rows, .reads = peer_reads_lines, .log = &server_log
	};
	peer_log_clear(&server);
	peer_listen(&server, world, "10.0.0.1", 4222);
	EXPECT_OK(
	    stay_client_start(&client, loop, &nats_protocol, url, &options));
	EXPECT_OK(nats_subscribe(client, &mail));
	sim_run_ms(world, 10);
}

static void
end(void)
{
	stay_client_stop(client, STAY_OK);
	ck_assert(sim_run(world, 60000));
	EXPECT_OK(stay_loop_free(loop));
}

static void
say(const char *text)
{
	peer_say(server.ends, text);
	sim_run_ms(world, 10);
}

/* ---- errors ---- */

static const struct {
	const char *words;
	unsigned accepted; /* connections in a second, this one included */
	const char *failure;
} errors[] = {
	{ "Permissions Violation for Publish to \"x\"", 1, "" },
	{ "Invalid Subject", 1, "" },
	{ "maximum subscriptions exceeded", 1, "" },
	{ "Stale Connection", 2, "Stale Connection" },
	{ "Slow Consumer", 2, "Slow Consumer" },
	{ "", 2, "" },
	{ "Authorization Violation", 1, "Authorization Violation" },
	{ "User Authentication Expired", 1, "User Authentication Expired" },
	{ "Account Authentication Expired", 1, "Account Authentication" },
};

TEST_ROWS(nats_error_ends_a_session_or_not, LEN(errors))
{
	char line[128], told[128];
	const char *failure;

	begin(quiet, "nats://10.0.0.1");
	snprintf(line, sizeof(line), "-ERR '%s'\r\n", errors[_i].words);
	say(line);
	failure = stay_conn_failure(stay_client_conn(client));
	EXPECT_IN(failure, errors[_i].failure);
	sim_run_ms(world, 1000);
	ck_assert_uint_eq(server.accepted, errors[_i].accepted);
	snprintf(told, sizeof(told), "on ;error %s;%s", errors[_i].words,
	    _i < 3                    ? ""
	    : errors[_i].accepted > 1 ? "lost ;on ;"
				      : "lost ;");
	ck_assert_str_eq(notes, told);
}

/* What is taken away later is no answer to the message in flight. */
TEST(nats_right_taken_away_is_no_answer)
{
	static char first[] = "first", second[] = "second";
	struct nats_request request = { "news", { "text", 4 }, false };

	begin(talkative, "nats://10.0.0.1");
	EXPECT_OK(stay_client_call(client, &request, on_done, first));
	EXPECT_OK(stay_client_call(client, &request, on_done, second));
	say("-ERR 'Permissions Violation for Subscription to \"mail\" (sid "
	    "\"1001\")'\r\n");
	EXPECT_IN(notes, "on ;ended ");
	ck_assert_ptr_null(strstr(notes, "first"));
	say("+OK\r\n-ERR 'Permissions Violation for Publish to \"news\"'\r\n");
	EXPECT_IN(notes, ";first replied;second refused;");
	ck_assert_uint_eq(server.accepted, 1);
}

/* ---- what is said, and who is meant ---- */

static const struct {
	const char *url;
	const char *login;
} logins[] = {
	{ "nats://10.0.0.1", "\"no_responders\":true}" },
	{ "nats://me:pw@10.0.0.1", "true,\"user\":\"me\",\"pass\":\"pw\"}" },
	{ "nats://t%22%5c%0a@10.0.0.1",
	    "true,\"auth_token\":\"t\\u0022\\u005c\\u000a\"}" },
};

TEST_ROWS(nats_login_is_said, LEN(logins))
{
	begin(quiet, logins[_i].url);
	EXPECT_IN(server_log.text, logins[_i].login);
}

/* A PING, an old number, another inbox, a second answer: none of them costs the
 * session. */
TEST(nats_word_for_nobody_is_dropped)
{
	begin(quiet, "nats://10.0.0.1");
	peer_log_clear(&server);
	say("PING\r\n");
	ck_assert_str_eq(server_log.text, "PONG\r;");
	say("PONG\r\nMSG mail 1 2\r\nno\r\nMSG mail 2001 2\r\nno\r\n"
	    "MSG _INBOX.0000000000000000.00000001 0 2\r\nno\r\n"
	    "MSG _INBOX.x 0 2\r\nno\r\nMSG mail 1001 a.b 3\r\nyes\r\n");
	ck_assert_str_eq(notes, "on ;mail yes;");
	nats_unsubscribe(client, &mail);
	say("MSG mail 1001 2\r\nno\r\n");
	ck_assert_str_eq(notes, "on ;mail yes;");
	ck_assert_uint_eq(server.accepted, 1);
}

static struct nats_subscription more;

static void
on_loss(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	on_notice(subscription, notice, words);
	if (notice == NATS_LOST)
		nats_unsubscribe(client, &more);
}

/* One more while all is well; and it ends while the session does. */
TEST(nats_subscription_comes_and_goes)
{
	begin(quiet, "nats://10.0.0.1");
	peer_log_clear(&server);
	mail.on_notice = on_loss;
	more = (struct nats_subscription){ "more", "q", on_message, on_notice };
	EXPECT_OK(nats_subscribe(client, &more));
	sim_run_ms(world, 10);
	ck_assert_str_eq(server_log.text, "SUB more q 2002\r;PING\r;");
	ck_assert_str_eq(notes, "on ;on ;");
	peer_do(server.ends, 0, PEER_CLOSE);
	sim_run_ms(world, 1000);
	ck_assert_str_eq(notes, "on ;on ;lost ;on ;");
	mail.on_notice = on_notice;
	nats_unsubscribe(client, &mail);
	peer_log_clear(&server);
	sim_run_ms(world, 10);
	ck_assert_str_eq(server_log.text, "UNSUB 1001\r;PING\r;");
}

/* ---- what makes no sense ---- */

static const char *const nonsense[] = {
	"HELLO\r\n",
	"MSG mail 1001\r\n",
	"MSG mail 1001 a b 3\r\n",
	"MSG mail x 3\r\nabc\r\n",
	"MSG mail 1001 -3\r\nabc\r\n",
	"MSG mail 1001 3\r\nabcd\r\n",
	"MSG mail 1001 99999999999\r\n",
	"MSG mail 1001 3x\r\nabc\r\n",
	"HMSG mail 1001 4 3\r\nabc\r\n",
	"HMSG mail 1001 3\r\nabc\r\n",
	"+OK\r\n",
	"PING\n",
	"-ERR '\r\n",
	"-ERR 'x\r\n",
	"INFO {\"max_payload\":x}\r\n",
};

TEST_ROWS(nats_nonsense_ends_a_session, LEN(nonsense))
{
	begin(quiet, "nats://10.0.0.1");
	say(nonsense[_i]);
	ck_assert_int_ne(
	    (int)strlen(stay_conn_failure(stay_client_conn(client))), 0);
	sim_run_ms(world, 1000);
	ck_assert_uint_eq(server.accepted, 2);
}

static const char *const greetings[] = { "PING\r\n",
	"INFO {\"max_payload\":64,\"client_id\":1}\r\n",
	"INFO {\"headers\":true,\"client_id\":1}\r\n",
	"INFO {\"headers\":true,\"max_payload\":64}\r\n" };

TEST_ROWS(nats_server_is_too_old_or_none, LEN(greetings))
{
	struct peer_row rows[] = { ON(PEER_ACCEPTS, greetings[_i]), NO_MORE };

	begin(rows, "nats://10.0.0.1");
	ck_assert_ptr_null(stay_client_session(client));
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)),
	    _i == 0 ? "none of a NATS server" : "older than 2.2");
}

TEST(nats_line_without_an_end)
{
	static char endless[65538];

	begin(quiet, "nats://10.0.0.1");
	memset(endless, 'x', sizeof(endless) - 1);
	say(endless);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)), "too long");
}

TEST_SUITE_WITH(nats, .after = end)
