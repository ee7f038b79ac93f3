/* postgres_scram.h - SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). */
#ifndef POSTGRES_SCRAM_H
#define POSTGRES_SCRAM_H

#include <stay/status.h>
#include <stdbool.h>

#define PG_SCRAM_TEXT 256

/* One login. It may be copied, and holds no pointer. */
struct pg_scram {
	char nonce[32];                /* ours, as text */
	char challenge[PG_SCRAM_TEXT]; /* the server's first message */
	unsigned char salt[64];
	int salt_len;
	int rounds;
	unsigned char salted[32]; /* of the password: pg_scram_derive */
	unsigned char server[32]; /* the signature that the server must have */
	bool is_signed;           /* it is known: pg_scram_proof */
};

/* Each returns false if the server's message makes no sense, or there is no memory or
 * no entropy. Texts are NUL-terminated, in `text`. */
bool pg_scram_first(struct pg_scram *scram, char text[PG_SCRAM_TEXT]);
bool pg_scram_challenge(struct pg_scram *scram, struct stay_bytes challenge);
/* Takes its time: `rounds` times a hash. In any thread. */
bool pg_scram_derive(struct pg_scram *scram, const char *password);
bool pg_scram_proof(struct pg_scram *scram, char text[2 * PG_SCRAM_TEXT]);
/* Whether the server knows the password, too. Not before we have proved it. */
bool pg_scram_verify(const struct pg_scram *scram, struct stay_bytes final);

#endif
