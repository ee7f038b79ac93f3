/*
 * PostgreSQL (examples/adapters/) with a server that says what a real one never does:
 * rows that do not fit into their message, and a login in which it has nothing to show
 * for the password.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../../examples/adapters/postgres.h"
#include "../../examples/adapters/postgres_scram.h"
#include "sim/world_sim.h"
#include "suites.h"

#define CANCEL 80877102
#define ZEROS  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct stay_world *world;
static struct stay_loop *loop;
static struct stay_client *client;
static char told[512];

/* ---- the server ---- */

/* What it does in the login, a letter each: L asks for one, C challenges, D has heard
 * nothing and challenges all the same, V proves that it knows the password, W another
 * one, N has nothing but zeros, K says what cancels a query, Z that it is ready. A space: it waits for what the
 * client says. */
static const char *script;
static struct stay_bytes rows; /* what it says to a query */
static struct pg_scram scram;
static char cancelled[64]; /* "pid/secret;" of each cancel */

static void
say(struct sim_peer *peer, char type, uint32_t code, const char *text,
    size_t len)
{
	struct stay_buf out;

	stay_buf_init(&out, 0);
	(void)stay_buf_u8(&out, (uint8_t)type);
	(void)stay_buf_u32(&out, (uint32_t)len + (type == 'R' ? 8 : 4));
	if (type == 'R')
		(void)stay_buf_u32(&out, code);
	(void)stay_buf_append(&out, text, len);
	sim_peer_send(peer, stay_buf_bytes(&out).data, stay_buf_len(&out));
	stay_buf_fini(&out);
}

static void
challenge(struct sim_peer *peer, struct stay_bytes heard)
{
	char text[128];

	memcpy(scram.nonce, heard.data + heard.len - 24, 24);
	snprintf(text, sizeof(text), "r=%sours,s=c2FsdA==,i=1", scram.nonce);
	ck_assert(pg_scram_challenge(
	    &scram, (struct stay_bytes){ text, strlen(text) }));
	say(peer, 'R', 11, text, strlen(text));
}

static void
prove(struct sim_peer *peer, const char *password)
{
	struct pg_scram own = scram;
	char proof[2 * PG_SCRAM_TEXT], text[64] = "v=";

	ck_assert(pg_scram_derive(&own, password));
	ck_assert(pg_scram_proof(&own, proof));
	EVP_EncodeBlock((unsigned char *)text + 2, own.server, 32);
	say(peer, 'R', 12, text, strlen(text));
}

static void
act(struct sim_peer *peer, char what, struct stay_bytes heard)
{
	if (what == 'L')
		say(peer, 'R', 10, "SCRAM-SHA-256\0", 15);
	else if (what == 'C')
		challenge(peer, heard);
	else if (what == 'V' || what == 'W')
		prove(peer, what == 'V' ? "secret" : "guess");
	else if (what == 'D')
		say(peer, 'R', 11, "r=ours,s=c2FsdA==,i=1", 21);
	else if (what == 'N')
		say(peer, 'R', 12, "v=" ZEROS, 2 + strlen(ZEROS));
	else if (what == 'K')
		say(peer, 'K', 0, "\0\0\0\7\0\0\0\x9", 8);
	else
		say(peer, 'Z', 0, "I", 1);
}

static void
on_bytes(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	(void)arg;
	if (len == 16 && stay_bytes_u32(bytes + 4) == CANCEL) {
		sprintf(cancelled + strlen(cancelled), "%u/%u;",
		    stay_bytes_u32(bytes + 8), stay_bytes_u32(bytes + 12));
		sim_peer_close(peer);
		return;
	}
	for (; *script != '\0'; script++) {
		if (*script == ' ') {
			script++;
			return;
		}
		act(peer, *script, (struct stay_bytes){ bytes, len });
	}
	if (bytes[0] == 'Q')
		sim_peer_send(peer, rows.data, rows.len);
}

static const struct sim_server server = { .on_bytes = on_bytes };

/* ---- the client ---- */

static void
begin(const char *login)
{
	script = login;
	told[0] = cancelled[0] = '\0';
	scram = (struct pg_scram){ 0 };
	world = sim_world_new(1);
	loop = stay_loop_new(world);
	sim_listen(world, "10.0.0.1", 5432, &server, NULL);
	EXPECT_OK(stay_client_start(&client, loop, &pg_protocol,
	    "postgres://anna:secret@10.0.0.1/db", NULL));
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
check_failure(const char *words)
{
	const char *failure = stay_conn_failure(stay_client_conn(client));

	EXPECT_IN(failure, words);
}

/* ---- the login ---- */

static const struct {
	const char *login;
	const char *failure; /* NULL: it comes up */
} logins[] = {
	{ "Z", NULL }, /* it trusts us */
	{ "L C VZ", NULL },
	{ "L C V Z", "" },
	{ "L C WZ", "the server does not know the password" },
	{ "L C NZ", "the server does not know the password" },
	{ "L NZ", "the server does not know the password" },
	{ "NZ", "the server does not know the password" },
	{ "DZ", "a challenge that makes no sense" },
	{ "L C Z", "ready, and no reason for it" },
	{ "L Z", "ready, and no reason for it" },
	{ "L C VNZ", "the server does not know the password" },
};

TEST_ROWS(postgres_server_must_know_the_password, LEN(logins))
{
	begin(logins[_i].login);
	ck_assert_int_eq(
	    stay_client_session(client) != NULL, logins[_i].failure == NULL);
	if (logins[_i].failure != NULL)
		check_failure(logins[_i].failure);
	end();
}

/* ---- rows ---- */

/* "one|(null)|;" */
static void
on_part(void *arg, const struct stay_result *result)
{
	const struct pg_reply *reply = result->reply;
	size_t len;

	(void)arg;
	for (size_t i = 0; i < reply->count; i++) {
		struct stay_bytes field = pg_field(reply, i);

		len = strlen(told);
		snprintf(told + len, sizeof(told) - len, "%.*s|",
		    field.data == NULL ? 6 : (int)field.len,
		    field.data == NULL ? "(null)" : field.data);
	}
	len = strlen(told);
	snprintf(told + len, sizeof(told) - len, ";");
}

#define SAID(text)     text, sizeof(text) - 1
#define ROW(len, body) SAID("D\0\0\0" len body)
#define LONGER         "a row that is longer than its message"

static const struct {
	const char *bytes;
	size_t len;
	const char *told;
	const char *failure; /* "": none */
} messages[] = {
	{ ROW("\x06", "\0\0"), ";", "" },
	{ ROW("\x0d", "\0\1\0\0\0\3one"), "one|;", "" },
	{ ROW("\x0a", "\0\1\0\0\0\0"), "|;", "" },
	{ ROW("\x0a", "\0\1\xff\xff\xff\xff"), "(null)|;", "" },
	{ ROW("\x13", "\0\3\0\0\0\1x\xff\xff\xff\xff\0\0\0\0"), "x|(null)||;",
	    "" },
	/* one byte more than there is, one less, none of the length, no count */
	{ ROW("\x0d", "\0\1\0\0\0\4one"), "", LONGER },
	{ ROW("\x0d", "\0\1\0\0\0\2one"), "", LONGER },
	{ ROW("\x09", "\0\1\0\0\0"), "", LONGER },
	{ ROW("\x06", "\0\1"), "", LONGER },
	{ ROW("\x05", "\0"), "", LONGER },
	{ ROW("\x0d", "\0\2\0\0\0\3one"), "", LONGER },
	{ ROW("\x0a", "\0\1\xff\xff\xff\xfe"), "", LONGER },
	{ ROW("\x0a", "\0\1\x80\0\0\0"), "", LONGER },
	{ ROW("\x0e", "\0\2\x7f\xff\xff\xff\0\0\0\0"), "", LONGER },
	{ ROW("\x0e", "\0\1\xff\xff\xff\xff...."), "", LONGER },
	{ SAID("T\0\0\0\x1a\0\1a\0"
	       "123456789012345678"),
	    "a|;", "" },
	{ SAID("T\0\0\0\x19\0\1a\0"
	       "12345678901234567"),
	    "", LONGER },
	{ SAID("T\0\0\0\x08\0\1ab"), "", LONGER },
};

TEST_ROWS(postgres_row_fits_into_its_message, LEN(messages))
{
	static const char done[] = "C\0\0\0\5\0Z\0\0\0\5I";
	const struct pg_request request = { .sql = "SELECT" };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.part = on_part };
	char said[256];

	memcpy(said, messages[_i].bytes, messages[_i].len);
	memcpy(said + messages[_i].len, done, sizeof(done) - 1);
	rows = (struct stay_bytes){ said, messages[_i].len + sizeof(done) - 1 };
	begin("Z");
	EXPECT_OK(pg_call(client, &request, &options, NULL, NULL));
	sim_run_ms(world, 10);
	if (messages[_i].failure[0] != '\0')
		check_failure(messages[_i].failure);
	else
		ck_assert_ptr_nonnull(stay_client_session(client));
	ck_assert_int_eq(
	    strncmp(told, messages[_i].told, strlen(messages[_i].told)), 0);
	end();
}

/* ---- what takes too long ---- */

static const struct {
	uint64_t
	    timeouts_ms[2]; /* of the first query, and of the one behind it */
	const char *cancelled;
} timeouts[] = {
	{ { 100, 1000 }, "7/9;" },
	{ { 1000, 100 }, "" }, /* the server is busy with the other one */
	{ { 100, 100 }, "7/9;" },
};

TEST_ROWS(postgres_query_that_times_out_is_cancelled, LEN(timeouts))
{
	const struct pg_request request = { .sql = "SELECT" };
	struct stay_call_options options = { STAY_CALL_OPTIONS };

	rows = (struct stay_bytes){ "", 0 };
	begin("KZ");
	for (int i = 0; i < 2; i++) {
		options.timeout_ms = timeouts[_i].timeouts_ms[i];
		EXPECT_OK(pg_call(client, &request, &options, NULL, NULL));
	}
	sim_run_ms(world, 500);
	ck_assert_str_eq(cancelled, timeouts[_i].cancelled);
	end();
}

TEST_SUITE(postgres)
