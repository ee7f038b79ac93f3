/*
 * SCRAM-SHA-256, the client's side: both sides prove that they know the password, and
 * neither says it. This file knows no messages but those of SCRAM. Passwords are taken
 * as they are: one that SASLprep (RFC 4013) would change is not normalized.
 */
#include "postgres_scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN   32
#define ROUNDS_MAX 1000000
/* "n,,": no channel binding; "biws" is that in base64. */
#define HEADER     "n,,"
#define BARE       "n=,r=%s"

static bool
hmac(const unsigned char key[HASH_LEN], const char *text,
    unsigned char out[HASH_LEN])
{
	return HMAC(EVP_sha256(), key, HASH_LEN, (const unsigned char *)text,
		   strlen(text), out, NULL) != NULL;
}

bool
pg_scram_first(struct pg_scram *scram, char text[PG_SCRAM_TEXT])
{
	unsigned char random[18];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)scram->nonce, random, sizeof(random));
	snprintf(text, PG_SCRAM_TEXT, HEADER BARE, scram->nonce);
	return true;
}

/* The value of "x=VALUE" in a message: its end is a comma, or the text's. */
static struct stay_bytes
attribute(const char *text, char name)
{
	while (text != NULL && text[0] != name) {
		text = strchr(text, ',');
		text = text != NULL ? text + 1 : NULL;
	}
	if (text == NULL || text[1] != '=')
		return (struct stay_bytes){ NULL, 0 };
	return (struct stay_bytes){ text + 2, strcspn(text + 2, ",") };
}

/* How many bytes `text` stands for, in base64; -1: it is none, or is longer than len. */
static int
decode_base64(struct stay_bytes text, unsigned char *out, size_t len)
{
	unsigned char whole[PG_SCRAM_TEXT];
	int got = -1;

	if (text.len > 0 && text.len % 4 == 0 && text.len < sizeof(whole))
		got = EVP_DecodeBlock(
		    whole, (const unsigned char *)text.data, (int)text.len);
	for (size_t i = text.len; got > 0 && text.data[--i] == '=';)
		got--;
	if (got < 0 || (size_t)got > len)
		return -1;
	memcpy(out, whole, (size_t)got);
	return got;
}

bool
pg_scram_challenge(struct pg_scram *scram, struct stay_bytes challenge)
{
	const size_t ours = strlen(scram->nonce);
	struct stay_bytes nonce, rounds;
	long count;

	if (challenge.len >= sizeof(scram->challenge) ||
	    memchr(challenge.data, '\0', challenge.len) != NULL)
		return false;
	memcpy(scram->challenge, challenge.data, challenge.len);
	scram->challenge[challenge.len] = '\0';
	nonce = attribute(scram->challenge, 'r');
	rounds = attribute(scram->challenge, 'i');
	count = rounds.data != NULL ? strtol(rounds.data, NULL, 10) : 0;
	scram->rounds = count > 0 && count <= ROUNDS_MAX ? (int)count : 0;
	scram->salt_len = decode_base64(
	    attribute(scram->challenge, 's'), scram->salt, sizeof(scram->salt));
	return nonce.len > ours &&
	       memcmp(nonce.data, scram->nonce, ours) == 0 &&
	       scram->salt_len > 0 && scram->rounds > 0;
}

bool
pg_scram_derive(struct pg_scram *scram, const char *password)
{
	return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), scram->salt,
		   scram->salt_len, scram->rounds, EVP_sha256(), HASH_LEN,
		   scram->salted) == 1;
}

/* What both sides sign: all that was said, but the proof. */
static void
said(const struct pg_scram *scram, char *final, size_t final_len, char *text,
    size_t len)
{
	struct stay_bytes nonce = attribute(scram->challenge, 'r');

	snprintf(final, final_len, "c=biws,r=%.*s", (int)nonce.len, nonce.data);
	snprintf(
	    text, len, BARE ",%s,%s", scram->nonce, scram->challenge, final);
}

bool
pg_scram_proof(struct pg_scram *scram, char text[2 * PG_SCRAM_TEXT])
{
	char all[3 * PG_SCRAM_TEXT], final[PG_SCRAM_TEXT], proof[48];
	unsigned char key[HASH_LEN] = { 0 }, mine[HASH_LEN] = { 0 };
	unsigned char stored[HASH_LEN];
	bool well;

	said(scram, final, sizeof(final), all, sizeof(all));
	well =
	    hmac(scram->salted, "Client Key", key) &&
	    EVP_Digest(key, HASH_LEN, stored, NULL, EVP_sha256(), NULL) == 1 &&
	    hmac(stored, all, mine) &&
	    hmac(scram->salted, "Server Key", scram->server) &&
	    hmac(scram->server, all, scram->server);
	for (size_t i = 0; i < HASH_LEN; i++)
		mine[i] ^= key[i];
	EVP_EncodeBlock((unsigned char *)proof, mine, HASH_LEN);
	OPENSSL_cleanse(scram->salted, HASH_LEN);
	OPENSSL_cleanse(key, HASH_LEN);
	scram->is_signed = well;
	snprintf(text, 2 * PG_SCRAM_TEXT, "%s,p=%s", final, proof);
	return well;
}

bool
pg_scram_verify(const struct pg_scram *scram, struct stay_bytes final)
{
	unsigned char server[HASH_LEN];
	char text[PG_SCRAM_TEXT];

	if (!scram->is_signed || final.len >= sizeof(text))
		return false;
	memcpy(text, final.data, final.len);
	text[final.len] = '\0';
	return decode_base64(attribute(text, 'v'), server, HASH_LEN) ==
		   HASH_LEN &&
	       CRYPTO_memcmp(server, scram->server, HASH_LEN) == 0;
}
