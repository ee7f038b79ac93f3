/*
 * Certificates made when they are needed, and a TLS server in memory: what the
 * filter of libstay-tls is tried against. Nothing touches a socket.
 */
#ifndef STAY_TESTS_TLS_BED_H
#define STAY_TESTS_TLS_BED_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stay/tls.h>

/* A certificate and its key. */
struct tls_id {
	X509 *cert;
	EVP_PKEY *key;
	X509 *chain; /* sent behind it; NULL: none */
};

/* What is to be in one; zero: the usual. */
struct tls_terms {
	const char *name; /* "localhost" */
	const char *san;  /* as openssl writes it; NULL: of no name at all */
	const char *constraints; /* of names, for an authority */
	const char *purpose;     /* "serverAuth" */
	int from_days, to_days;  /* 0: from -1 to +30 */
	bool authority;
	const char *basic; /* "critical,CA:TRUE" for an authority */
	int rsa_bits;      /* 0: a curve */
	bool sha1;
	bool forged; /* its signature is wrong */
};

/* Signed by `by`; NULL: by itself. */
struct tls_id tls_id_new(
    const struct tls_terms *terms, const struct tls_id *by);
void tls_id_free(struct tls_id *id);
/* Write it as PEM: path.pem has the certificate, path.key the key, encrypted by
 * the password if there is one. */
void tls_id_save(
    const struct tls_id *id, const char *path, const char *password);

/* A folder of this process, made at the first call and removed at the end. */
const char *tls_folder(void);

/* How the server is; zero: the usual. */
struct tls_server {
	const struct tls_id *id;
	int min, max;        /* versions */
	const char *ciphers; /* of TLS 1.2 */
	const struct tls_id
	    *client_ca;   /* it wants a certificate signed by it */
	const char *alpn; /* the one it speaks; NULL: whatever */
	const char *says; /* once it is secure */
};

/* One stream of a filter, and the server that it leads to. */
struct tls_pair {
	struct stay_filter *filter;
	struct stay_filter_io io;
	struct stay_buf out;
	void *state; /* NULL: it could not be opened */
	SSL_CTX *context;
	SSL *server;
	size_t heard;     /* bytes, by the server */
	bool greeted;     /* the server has said what it says */
	char room[65536]; /* on its way to the client */
	char got[65536];
	size_t got_len;
	/* Bytes on their way may be changed; NULL: they are not. */
	void (*to_server)(unsigned char *bytes, size_t len);
	void (*to_client)(unsigned char *bytes, size_t len);
	size_t cut_at; /* so many to the client, and then the end; 0: all */
	size_t sent;
};

/* The same filter and server may be tried again. */
void tls_pair_begin(struct tls_pair *pair, struct stay_filter *filter,
    const char *peer, const struct tls_server *server);
void tls_pair_end(struct tls_pair *pair);
/* Move bytes until nothing moves: 1: secure; 0: not yet; -1: failed. */
int tls_pair_shake(struct tls_pair *pair);
/* Read what there is into `got`; as the filter's read says in the end. */
ssize_t tls_pair_read(struct tls_pair *pair);
/* Hand the client bytes as they are, and then their end if `ends`. */
int tls_pair_hand(
    struct tls_pair *pair, const char *bytes, size_t len, bool ends);

#endif
