/* Servers that speak TLS, by calls that are never counted and never fail. */
#include "seal.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"
#include "support/tls_bed.h"

static SSL_CTX *context;
static struct tls_id authority, server, client;
static char paths[3][128];

/* ---- one end ---- */

static void *
seal_open(int fd)
{
	SSL *ssl = SSL_new(context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		abort();
	SSL_set_accept_state(ssl);
	return ssl;
}

/* As read and write: the end is 0, and what is no end is an error. */
static ssize_t
as_of_system(SSL *ssl, int result)
{
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	if (result > 0)
		return result;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE
		    ? EAGAIN
		    : ECONNRESET;
	return -1;
}

static ssize_t
seal_read(void *sealed, void *bytes, size_t len)
{
	return as_of_system(sealed, SSL_read(sealed, bytes, (int)len));
}

static ssize_t
seal_write(void *sealed, const void *bytes, size_t len)
{
	if (len == 0)
		return 0;
	return as_of_system(sealed, SSL_write(sealed, bytes, (int)len));
}

static void
seal_shut(void *sealed)
{
	(void)SSL_shutdown(sealed);
	ERR_clear_error();
}

static void
seal_close(void *sealed)
{
	SSL_free(sealed);
	ERR_clear_error();
}

const struct wire_seal seal = { seal_open, seal_read, seal_write, seal_shut,
	seal_close };

/* ---- certificates ---- */

static void
make_ids(void)
{
	const struct tls_terms as = { .name = "a", .authority = true };
	const struct tls_terms usual = { .san = "IP:127.0.0.1",
		.purpose = "serverAuth,clientAuth" };

	authority = tls_id_new(&as, NULL);
	server = tls_id_new(&usual, &authority);
	client = tls_id_new(&usual, &authority);
}

static void
make_context(void)
{
	context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"t", 1);
	if (SSL_CTX_use_certificate(context, server.cert) != 1 ||
	    SSL_CTX_use_PrivateKey(context, server.key) != 1)
		abort();
}

/* Beside the old ones, and then in their place, as it has to be done. */
void
seal_renew_files(void)
{
	static const char *const ends[] = { ".pem", ".key" };
	char from[160], to[160];

	fault_spare(true);
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s/%s", tls_folder(),
		    i == 0 ? "new-a" : "new-c");
		tls_id_save(i == 0 ? &authority : &client, from, NULL);
		for (int j = 0; j < 2; j++) {
			snprintf(from, sizeof(from), "%s/new-%c%s",
			    tls_folder(), i == 0 ? 'a' : 'c', ends[j]);
			snprintf(to, sizeof(to), "%s/%c%s", tls_folder(),
			    i == 0 ? 'a' : 'c', ends[j]);
			if (rename(from, to) != 0)
				abort();
		}
	}
	fault_spare(false);
}

void
seal_prepare(void)
{
	if (context != NULL)
		return;
	fault_spare(true);
	make_ids();
	make_context();
	seal_renew_files();
	snprintf(paths[0], sizeof(paths[0]), "%s/a.pem", tls_folder());
	snprintf(paths[1], sizeof(paths[1]), "%s/c.pem", tls_folder());
	snprintf(paths[2], sizeof(paths[2]), "%s/c.key", tls_folder());
	fault_spare(false);
}

const char *
seal_authority(void)
{
	return paths[0];
}

const char *
seal_client(void)
{
	return paths[1];
}

const char *
seal_client_key(void)
{
	return paths[2];
}
