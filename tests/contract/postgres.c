/* PostgreSQL: the adapter of examples/adapters/, with a login by password, queries of
 * both kinds, every kind of message in their answers, and channels. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../../examples/adapters/postgres.h"
#include "../../examples/adapters/postgres_scram.h"
#include "contracts.h"

#define CANCEL 80877102

/* ---- the server ---- */

struct server {
	unsigned said; /* messages of the login */
	struct pg_scram scram;
};

/* A message a word, its type first. In its body '_' is a NUL, and ^ a number of two
 * bytes, of four, or the length of a word, as the type has it. */
static const struct {
	const char *sql;
	const char *answer;
} lines[] = {
	{ "SELECT 1", "T:a,b D:1,- C:SELECT_1 Z:I" },
	{ "SELECT $1", "1: 2: T:a D:x D:yy C:SELECT_2 Z:I" },
	{ "INSERT", "N:hint C:INSERT_0_1 A:news Z:I" },
	{ "EMPTY", "I: Z:I" },
	{ "BAD", "E:42601 Z:I" },
	{ "BAD $1", "E:42601 Z:I" },
	{ "LATE $1", "1: 2: T:a D:1 E:22012 S:x Z:I" },
	{ "ABORTED", "E:25P02 Z:E" },
	{ "COMMIT", "C:ROLLBACK Z:I" },
	{ "COPY", "H: d:one d:two c: C:COPY_2 Z:I" },
};

static void
put_text(struct stay_buf *out, const char *text, size_t len)
{
	(void)stay_buf_append(out, text, len);
	(void)stay_buf_u8(out, 0);
}

/* What is between the commas, as cells or as columns. */
static void
put_fields(struct stay_buf *out, char type, const char *text, size_t len)
{
	size_t at = stay_buf_len(out);
	uint16_t count = 0;

	(void)stay_buf_u16(out, 0);
	for (size_t next; len > 0; text += next, len -= next, count++) {
		size_t field = strcspn(text, ", ");

		field = field < len ? field : len;
		if (type == 'T') {
			put_text(out, text, field);
			(void)stay_buf_append(out, "123456789012345678", 18);
		} else {
			(void)stay_buf_u32(
			    out, *text == '-' ? UINT32_MAX : (uint32_t)field);
			(void)stay_buf_append(
			    out, text, *text == '-' ? 0 : field);
		}
		next = field < len ? field + 1 : field;
	}
	stay_buf_set_u16(out, at, count);
}

static void
put_error(struct stay_buf *out, const char *code, size_t len)
{
	put_text(out, "VERROR", 6);
	(void)stay_buf_puts(out, "C");
	put_text(out, code, len);
	put_text(out, "Mof its own", 11);
	(void)stay_buf_u8(out, 0);
}

static void
put_tag(struct stay_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		(void)stay_buf_u8(
		    out, (uint8_t)(text[i] == '_' ? ' ' : text[i]));
	(void)stay_buf_u8(out, 0);
}

static void
put_body(struct stay_buf *out, char type, const char *text, size_t len)
{
	if (type == 'T' || type == 'D') {
		put_fields(out, type, text, len);
	} else if (type == 'E' || type == 'N') {
		put_error(out, text, len);
	} else if (type == 'C') {
		put_tag(out, text, len);
	} else if (type == 'A') {
		(void)stay_buf_u32(out, 7);
		put_text(out, text, len);
		put_text(out, "text", 4);
	} else {
		(void)stay_buf_append(out, text, len);
	}
}

static void
put(struct stay_buf *out, char type, const char *text, size_t len)
{
	size_t at;

	(void)stay_buf_u8(out, (uint8_t)type);
	at = stay_buf_len(out);
	(void)stay_buf_u32(out, 0);
	put_body(out, type, text, len);
	stay_buf_set_u32(out, at, (uint32_t)(stay_buf_len(out) - at));
}

static void
say(struct stay_buf *out, const char *words)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		put(out, words[0], words + 2, len - 2);
		words += words[len] == ' ' ? len + 1 : len;
	}
}

/* ---- its login ---- */

static void
put_login(struct stay_buf *out, uint32_t code, const char *text, size_t len)
{
	(void)stay_buf_u8(out, 'R');
	(void)stay_buf_u32(out, (uint32_t)len + 8);
	(void)stay_buf_u32(out, code);
	(void)stay_buf_append(out, text, len);
}

/* The challenge: their number and one of ours, salt, one round. */
static void
challenge(struct server *server, struct stay_buf *out, struct stay_bytes body)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "r=%.24sours,s=c2FsdA==,i=1",
	    body.data + body.len - 24);

	memcpy(server->scram.nonce, body.data + body.len - 24, 24);
	(void)pg_scram_challenge(
	    &server->scram, (struct stay_bytes){ text, (size_t)len });
	put_login(out, 11, text, (size_t)len);
}

/* It must be the proof that we would have made ourselves. */
static void
check_proof(struct server *server, struct stay_buf *out, struct stay_bytes body)
{
	char text[2 * PG_SCRAM_TEXT], final[64] = "v=";

	if (!pg_scram_derive(&server->scram, "secret") ||
	    !pg_scram_proof(&server->scram, text) || strlen(text) != body.len ||
	    memcmp(text, body.data, body.len) != 0) {
		say(out, "E:28P01");
		return;
	}
	EVP_EncodeBlock((unsigned char *) final + 2, server->scram.server, 32);
	put_login(out, 12, final, strlen(final));
	put_login(out, 0, "", 0);
	say(out, "S:v_15_ K:12345678 Z:I");
}

static void
log_in(struct stay_contract_peer *peer, struct stay_bytes body)
{
	struct server *server = peer->state;

	if (server->said++ == 0)
		put_login(peer->out, 10, "SCRAM-SHA-256\0", 15);
	else if (server->said == 2)
		challenge(server, peer->out, body);
	else
		check_proof(server, peer->out, body);
}

/* ---- its queries ---- */

/* LISTEN "a";LISTEN "b"; or one that lapses. */
static void
listen(struct stay_contract_peer *peer, const char *sql)
{
	while (*sql != '\0') {
		const char *name = strchr(sql, '"') + 1;
		struct stay_bytes what = { name, strcspn(name, "\"") };

		if (sql[0] == 'L')
			stay_contract_lasts(peer, what);
		else
			stay_contract_lapses(peer, what);
		say(peer->out, sql[0] == 'L' ? "C:LISTEN" : "C:UNLISTEN");
		sql = name + what.len + 2;
	}
	say(peer->out, "Z:I");
}

static void
answer(struct stay_contract_peer *peer, const char *sql)
{
	if (strstr(sql, "LISTEN") != NULL) {
		listen(peer, sql);
		return;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(lines[i].sql, sql) == 0)
			say(peer->out, lines[i].answer);
}

/* How long the message at `at` is; 0: it is not whole. The first has no type. */
static size_t
length_at(struct stay_bytes in, size_t at, size_t type)
{
	uint32_t len;

	if (in.len < at + type + 4)
		return 0;
	len = stay_bytes_u32(in.data + at + type);
	return in.len < at + type + len ? 0 : type + len;
}

/* An extended query is whole with its Sync. */
static size_t
extended(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t at = 0, len;

	do {
		len = length_at(in, at, 1);
		if (len == 0)
			return 0;
		at += len;
	} while (in.data[at - len] != 'S');
	answer(peer, in.data + 6);
	return at;
}

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	const struct server *server = peer->state;
	size_t type = server->said > 0, len = length_at(in, 0, type);

	if (len == 0)
		return 0;
	if (!type && stay_bytes_u32(in.data + 4) == CANCEL)
		peer->closes = true;
	else if (server->said < 3)
		log_in(peer,
		    (struct stay_bytes){ in.data + type + 4, len - type - 4 });
	else if (in.data[0] == 'P')
		return extended(peer, in);
	else if (in.data[0] == 'Q')
		answer(peer, in.data + 5);
	else if (in.data[0] == 'S')
		say(peer->out, "Z:I");
	else
		peer->closes = true;
	return len;
}

/* ---- what is asked ---- */

static void
show(const void *from, struct stay_buf *out)
{
	const struct pg_reply *reply = from;

	(void)stay_buf_printf(out, "%d %s %c ", (int)reply->kind,
	    reply->sqlstate, reply->transaction);
	(void)stay_buf_append(out, reply->text.data, reply->text.len);
}

struct asked {
	struct pg_request query;
	const char *listen; /* in its place */
	bool ends;
};

static enum stay_status
submit(void *arg, struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	const struct asked *asked = request;

	(void)arg;
	if (asked->listen == NULL)
		return pg_call(client, &asked->query, options, done, done_arg);
	return pg_listen(client, asked->listen, options, done, done_arg);
}

static const struct stay_bytes param = { "a", 1 };

#define SIMPLE(words)                                                          \
	&(const struct asked)                                                  \
	{                                                                      \
		.query = {.sql = words }                                       \
	}
#define EXTENDED(words)                                                        \
	&(const struct asked)                                                  \
	{                                                                      \
		.query = { words, &param, 1, 0 }                               \
	}
#define LISTEN(name)                                                           \
	&(const struct asked)                                                  \
	{                                                                      \
		.listen = name                                                 \
	}

static const struct stay_contract_sample samples[] = {
	{ .name = "SELECT", .request = SIMPLE("SELECT 1") },
	{ .name = "SELECT $1", .request = EXTENDED("SELECT $1") },
	{ .name = "INSERT",
	    .request = SIMPLE("INSERT"),
	    .reply = "4  I INSERT 0 1" },
	{ .name = "nothing", .request = SIMPLE("EMPTY"), .reply = "4  I " },
	{ .name = "BAD",
	    .request = SIMPLE("BAD"),
	    .status = STAY_E_SERVER,
	    .words = "of its own (42601)" },
	{ .name = "BAD $1",
	    .request = EXTENDED("BAD $1"),
	    .status = STAY_E_SERVER,
	    .is_refused = true,
	    .words = "of its own (42601)" },
	{ .name = "LATE $1",
	    .request = EXTENDED("LATE $1"),
	    .status = STAY_E_SERVER,
	    .reply = "5 22012 I of its own (22012)" },
	{ .name = "ABORTED",
	    .request = SIMPLE("ABORTED"),
	    .status = STAY_E_SERVER,
	    .is_refused = true },
	{ .name = "COMMIT",
	    .request = SIMPLE("COMMIT"),
	    .status = STAY_E_SERVER,
	    .is_refused = true },
	{ .name = "COPY", .request = SIMPLE("COPY"), .reply = "4  I COPY 2" },
	{ .name = "LISTEN", .request = LISTEN("news") },
	{ .name = "LISTEN more", .request = LISTEN("more") },
};

const struct stay_contract postgres_contract = { STAY_CONTRACT,
	.protocol = &pg_protocol, .url = "postgres://kit:secret@peer:7777/kit",
	.samples = samples,
	.sample_count = sizeof(samples) / sizeof(samples[0]), .peer = peer,
	.peer_size = sizeof(struct server), .show = show, .submit = submit };
