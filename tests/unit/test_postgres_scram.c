/* The password of the adapter for PostgreSQL: what a server says that makes no sense, and
 * one that does not know the password. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "../../examples/adapters/postgres_scram.h"
#include "suites.h"

static struct stay_bytes
bytes(const char *text)
{
	return (struct stay_bytes){ text, strlen(text) };
}

static const struct {
	const char *text; /* behind "r=" and our nonce */
	bool well;
} challenges[] = {
	{ "theirs,s=c2FsdA==,i=4096", true },
	{ "theirs,s=c2FsdA==,i=1", true },
	{ "theirs,s=c2FsdA==,i=1000000", true },
	{ ",s=c2FsdA==,i=4096", false },
	{ "theirs,s=c2FsdA==,i=0", false },
	{ "theirs,s=c2FsdA==,i=-1", false },
	{ "theirs,s=c2FsdA==,i=1000001", false },
	{ "theirs,s=c2FsdA==", false },
	{ "theirs,i=4096", false },
	{ "theirs,s=,i=4096", false },
	{ "theirs,s=c2F,i=4096", false },
	{ "theirs,s=!!!!,i=4096", false },
};

TEST_ROWS(postgres_scram_challenge, LEN(challenges))
{
	struct pg_scram scram = { 0 };
	char first[PG_SCRAM_TEXT], text[PG_SCRAM_TEXT];

	ck_assert(pg_scram_first(&scram, first));
	ck_assert_uint_eq(strlen(scram.nonce), 24);
	snprintf(
	    text, sizeof(text), "r=%s%s", scram.nonce, challenges[_i].text);
	ck_assert_int_eq(
	    pg_scram_challenge(&scram, bytes(text)), challenges[_i].well);
}

/* Another one's challenge, played to us. */
TEST(postgres_scram_of_another_login)
{
	struct pg_scram scram = { 0 };
	char first[PG_SCRAM_TEXT];

	ck_assert(pg_scram_first(&scram, first));
	ck_assert(!pg_scram_challenge(&scram,
	    bytes("r=AAAAAAAAAAAAAAAAAAAAAAAAtheirs,s=c2FsdA==,i=4096")));
}

/* The signature of who knows this password. */
static void
sign(struct pg_scram scram, const char *password, char final[64])
{
	char proof[2 * PG_SCRAM_TEXT];

	ck_assert(pg_scram_derive(&scram, password));
	ck_assert(pg_scram_proof(&scram, proof));
	memcpy(final, "v=", 2);
	EVP_EncodeBlock((unsigned char *) final + 2, scram.server, 32);
}

TEST(postgres_scram_server_must_know_the_password)
{
	struct pg_scram scram = { 0 };
	char first[PG_SCRAM_TEXT], text[PG_SCRAM_TEXT];
	char proof[2 * PG_SCRAM_TEXT], right[64], wrong[64];

	ck_assert(pg_scram_first(&scram, first));
	snprintf(text, sizeof(text), "r=%stheirs,s=c2FsdA==,i=16", scram.nonce);
	ck_assert(pg_scram_challenge(&scram, bytes(text)));
	sign(scram, "pencil", right);
	sign(scram, "eraser", wrong);
	ck_assert(pg_scram_derive(&scram, "pencil"));
	ck_assert(pg_scram_proof(&scram, proof));
	ck_assert(pg_scram_verify(&scram, bytes(right)));
	ck_assert(!pg_scram_verify(&scram, bytes(wrong)));
	ck_assert(!pg_scram_verify(&scram, bytes("v=")));
	ck_assert(!pg_scram_verify(&scram, bytes("e=other-error")));
}

TEST_SUITE(postgres_scram)
