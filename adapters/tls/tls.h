/* What the files of libstay-tls share. */
#ifndef STAY_TLS__TLS_H
#define STAY_TLS__TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <stay/tls.h>

/* The settings, in the order of the strings of struct stay_tls_options. */
enum stay_tls__setting {
	STAY_TLS__CA_FILE,
	STAY_TLS__CA_DIR,
	STAY_TLS__CERT_FILE,
	STAY_TLS__KEY_FILE,
	STAY_TLS__FILES, /* those before it are paths */
	STAY_TLS__SERVER_NAME = STAY_TLS__FILES,
	STAY_TLS__ALPN,
	STAY_TLS__SETTINGS
};

/* A file as it was when it was read. */
struct stay_tls__stamp {
	struct timespec changed;
	off_t size;
	ino_t inode;
};

struct stay_tls__ticket;

struct stay_tls {
	struct stay_filter filter;
	atomic_uint refs;
	struct stay_tls *root; /* whose counts they are; itself or held */
	char *settings[STAY_TLS__SETTINGS]; /* NULL: not set */
	enum stay_tls_verify verify;
	BIO_METHOD *method;

	pthread_mutex_t lock; /* of what follows */
	SSL_CTX *context;
	bool in_doubt; /* the context may lack something */
	struct stay_tls__stamp stamps[STAY_TLS__FILES];
	struct stay_tls__ticket *tickets;

	atomic_uint_least64_t handshakes, resumed, failed, reloads,
	    reload_failures;
};

/* One stream. */
struct stay_tls__stream {
	struct stay_tls *tls;
	SSL *ssl;
	struct stay_filter_io *io;
	struct stay_buf held; /* to be sealed behind a message that is cut */
	bool secured;
	bool has_failed; /* and is counted */
	char name[256];  /* whom the peer must prove to be */
};

extern const struct stay_filter_ops stay_tls__ops;

/* ---- tls.c, stream.c: for that table ---- */
enum stay_status stay_tls__adapt(struct stay_filter *filter,
    const struct stay_url *url, struct stay_filter **adapted, char *why,
    size_t len);
BIO_METHOD *stay_tls__method(void);

/* ---- context.c ---- */
/* Read the files. On failure `why` has a sentence. */
SSL_CTX *stay_tls__context_new(
    const struct stay_tls *tls, char *why, size_t len);
void stay_tls__stamp(
    const struct stay_tls *tls, struct stay_tls__stamp stamps[STAY_TLS__FILES]);
/* The context for a new stream, held for the caller: of the files as they are. */
SSL_CTX *stay_tls__context(struct stay_tls *tls);
/* A stream could not be secured: the next one has another context. */
void stay_tls__doubt(struct stay_tls *tls);

/* ---- tickets.c: with the lock of `tls` held, but for the first and the last ---- */
int stay_tls__ticket_came(SSL *ssl, SSL_SESSION *session);
SSL_SESSION *stay_tls__ticket_find(struct stay_tls *tls, const char *name);
void stay_tls__tickets_free(struct stay_tls *tls);
/* A stream that may have offered this one could not be secured. */
void stay_tls__ticket_forget(struct stay_tls *tls, const char *name);

/* ---- why.c ---- */
/* An operation on the stream has failed: fill in io->status and io->why. */
void stay_tls__blame(struct stay_tls__stream *stream, int error);
/* The oldest error of OpenSSL's queue in words. */
const char *stay_tls__words(void);

#endif
