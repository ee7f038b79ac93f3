/*
 * stay/tls.h - TLS on OpenSSL, as a filter. Link libstay-tls.
 * NOT YET STABLE, as <stay/filter.h>.
 *
 * Once a loop, and every URL whose scheme ends in "s" works:
 *
 *	if (stay_tls_add(loop, NULL) != STAY_OK)
 *		fail(stay_loop_rejection(loop));
 *	stay_redis_start(&redis, loop, "rediss://db.example", NULL);
 *
 * What one client needs stands in its URL, and takes precedence over the options:
 *
 *	rediss://db.example?cafile=/etc/db/ca.pem&cert=/etc/db/me.pem
 *	         &key=/etc/db/me.key&servername=db.internal
 *
 * A filter of its own (stay_tls_new) goes into the option `filter` of any number
 * of clients, on any number of loops.
 *
 * The certificate of the server is verified, and so is its name or address, by
 * the subject's alternative names. The version is TLS 1.2 or later. A failure
 * that trying again does not mend is STAY_E_INSECURE, with a sentence that names
 * the cause. Files are looked at when a connection begins, and read anew if they
 * have changed; if they can't be, what was read before stays in force. A session
 * is resumed by the server's last ticket, until the files change or a stream could
 * not be secured. No request is sent before the handshake is over (no 0-RTT).
 *
 * OpenSSL may keep a lack of memory to itself, and find a certificate wrong for it. So
 * after a stream that could not be secured the next one reads all files anew.
 *
 * Nothing of the process is changed. OpenSSL's queue of errors of the loop's
 * thread is empty afterwards.
 */
#ifndef STAY_TLS_H
#define STAY_TLS_H

#include <stay/filter.h>

STAY_BEGIN

enum stay_tls_verify {
	STAY_TLS_VERIFY,    /* the certificate, and the name in it */
	STAY_TLS_VERIFY_NOT /* anybody will do: for tests */
};

/* All strings are copied; NULL: as it says. */
struct stay_tls_options {
	size_t size; /* STAY_TLS_OPTIONS sets it */
	/* PEM files of the authorities, and a folder of them as c_rehash makes
	 * it. NULL both: those of the system. */
	const char *ca_file;
	const char *ca_dir;
	/* Who we are: a PEM file with the certificate and its chain, and one with
	 * the key. NULL both: nobody. The key must not be encrypted. */
	const char *cert_file;
	const char *key_file; /* NULL: it is in cert_file */
	/* Whom the server must prove to be, and what it is asked for (SNI).
	 * NULL: the host of the URL. */
	const char *server_name;
	const char *alpn; /* names, parted by commas; NULL: none is offered */
	enum stay_tls_verify verify;
	uintptr_t reserved[4];
};

#define STAY_TLS_OPTIONS .size = sizeof(struct stay_tls_options)

/*
 * Make a filter. *filter belongs to the caller, who frees it with stay_tls_free;
 * clients hold it by themselves as long as they need it. `options` may be NULL. On
 * failure `why` gets a sentence of `len` bytes at most; it may be NULL if `len` is
 * 0. In any thread.
 * Returns: STAY_OK; STAY_E_ABI; STAY_E_ARG (a file can't be read, or does not fit);
 * STAY_E_NOMEM. Unless it is STAY_OK, *filter is NULL.
 */
STAY_API STAY_USE enum stay_status stay_tls_new(struct stay_filter **filter,
    const struct stay_tls_options *options, char *why, size_t len);

/* The caller needs it no more; NULL is fine. In any thread. */
STAY_API void stay_tls_free(struct stay_filter *filter);

/*
 * Make a filter and give it to the loop (stay_loop_set_filter). On the loop's
 * thread. Returns as stay_tls_new; stay_loop_rejection has the sentence.
 */
STAY_API STAY_USE enum stay_status stay_tls_add(
    struct stay_loop *loop, const struct stay_tls_options *options);

/* Of all streams of a filter, and of those that URLs have made of it. */
struct stay_tls_counts {
	size_t size;         /* STAY_TLS_COUNTS sets it */
	uint64_t handshakes; /* that were completed... */
	uint64_t resumed;    /* ...of them by a ticket */
	uint64_t failed;     /* streams that ended before they were secure */
	uint64_t reloads;    /* times that changed files were read */
	uint64_t reload_failures; /* and were not fit for use */
};

#define STAY_TLS_COUNTS .size = sizeof(struct stay_tls_counts)

/* Fill `counts`, as far as its size says. In any thread. */
STAY_API void stay_tls_get_counts(
    const struct stay_filter *filter, struct stay_tls_counts *counts);

STAY_END

#endif
