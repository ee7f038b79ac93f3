/*
 * One stream: OpenSSL reads sealed bytes from the filter's `in` and writes them to
 * its `out`. It never touches a descriptor. OpenSSL's queue of errors is empty
 * before and after each of its calls, because it takes an old error for a new one.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* The most bytes that wait for the rest of a message of the peer. */
#define HELD_MAX ((size_t)256 * 1024)

/* ---- what OpenSSL reads and writes ---- */

static int
take_sealed(BIO *bio, char *to, int len)
{
	struct stay_filter_io *io = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (io->in.len == 0) {
		if (io->in_ended)
			return 0;
		BIO_set_retry_read(bio);
		return -1;
	}
	if ((size_t)len > io->in.len)
		len = (int)io->in.len;
	memcpy(to, io->in.data, (size_t)len);
	io->in.data += len;
	io->in.len -= (size_t)len;
	return len;
}

static int
give_sealed(BIO *bio, const char *from, int len)
{
	struct stay_filter_io *io = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (stay_buf_append(io->out, from, (size_t)len) == STAY_OK)
		return len;
	ERR_raise(ERR_LIB_BIO, ERR_R_MALLOC_FAILURE);
	return -1;
}

static long
control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
stay_tls__method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "stay");

	if (method == NULL)
		return NULL;
	BIO_meth_set_read(method, take_sealed);
	BIO_meth_set_write(method, give_sealed);
	BIO_meth_set_ctrl(method, control);
	return method;
}

/* ---- the beginning ---- */

/* No name of a host looks like this. */
static bool
is_address(const char *name)
{
	return strchr(name, ':') != NULL ||
	       name[strspn(name, "0123456789.")] == '\0';
}

/* Why no certificate can be of that name; NULL: one can. */
static const char *
unprovable(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (name[0] == '\0')
		return "there is no name that the peer must prove to have: set "
		       "servername";
	if (is_address(name) && inet_pton(AF_INET, name, address) != 1 &&
	    inet_pton(AF_INET6, name, address) != 1)
		return "what the peer must prove to be is no whole address: "
		       "set "
		       "servername";
	return NULL;
}

/* An address is in the certificate as an address, and is no name to ask for. */
static bool
expect_peer(struct stay_tls__stream *stream)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(stream->ssl);
	const char *name = stream->name;

	if (unprovable(name) != NULL)
		return true; /* and it is not asked to */
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	/* SSL_set_tlsext_host_name is this, with a cast that drops const. */
	return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
	       SSL_ctrl(stream->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		   TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)name) == 1;
}

static void
resume(struct stay_tls__stream *stream)
{
	struct stay_tls *tls = stream->tls;
	SSL_SESSION *session;

	pthread_mutex_lock(&tls->lock);
	session = stay_tls__ticket_find(tls, stream->name);
	if (session != NULL && SSL_get_SSL_CTX(stream->ssl) == tls->context)
		SSL_set_session(stream->ssl, session);
	pthread_mutex_unlock(&tls->lock);
}

static bool
attach(struct stay_tls__stream *stream)
{
	SSL_CTX *context = stay_tls__context(stream->tls);
	BIO *bio = BIO_new(stream->tls->method);

	stream->ssl = SSL_new(context);
	SSL_CTX_free(context);
	if (stream->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return false;
	}
	BIO_set_data(bio, stream->io);
	BIO_set_init(bio, 1);
	SSL_set_bio(stream->ssl, bio, bio);
	SSL_set_connect_state(stream->ssl);
	return SSL_set_app_data(stream->ssl, stream) == 1;
}

/* A name may end in a dot, and an address in a zone of this host: no certificate has
 * them so. */
static void
take_name(struct stay_tls__stream *stream, const char *peer)
{
	const char *own = stream->tls->settings[STAY_TLS__SERVER_NAME];
	size_t len;

	snprintf(
	    stream->name, sizeof(stream->name), "%s", own != NULL ? own : peer);
	len = strlen(stream->name);
	if (len > 1 && stream->name[len - 1] == '.')
		stream->name[len - 1] = '\0';
	stream->name[strcspn(stream->name, "%")] = '\0';
}

static bool
refuse(
    struct stay_tls__stream *stream, enum stay_status status, const char *text)
{
	stream->tls->root->failed++;
	stream->io->status = status;
	snprintf(stream->io->why, sizeof(stream->io->why), "%s", text);
	return false;
}

static bool
open_stream(void *state, struct stay_filter *filter, const char *peer,
    struct stay_filter_io *io)
{
	struct stay_tls__stream *stream = state;
	const char *why;

	stream->tls = (struct stay_tls *)(void *)filter;
	stream->io = io;
	stay_buf_init(&stream->held, HELD_MAX);
	take_name(stream, peer);
	why = unprovable(stream->name);
	if (why != NULL && stream->tls->verify == STAY_TLS_VERIFY)
		return refuse(stream, STAY_E_INSECURE, why);
	ERR_clear_error();
	if (attach(stream) && expect_peer(stream)) {
		resume(stream);
		return true;
	}
	SSL_free(stream->ssl);
	ERR_clear_error();
	return refuse(stream, STAY_E_NOMEM, "no memory for TLS");
}

/* ---- bytes ---- */

static int
fail(struct stay_tls__stream *stream, int error)
{
	stay_tls__blame(stream, error);
	ERR_clear_error();
	return -1;
}

/* 0: more sealed bytes are needed; else it has failed, and -1. Without memory OpenSSL
 * says that it needs more, and has not used what there is. */
static int
failed(struct stay_tls__stream *stream, int result)
{
	int error = SSL_get_error(stream->ssl, result);

	return error == SSL_ERROR_WANT_READ && stream->io->in.len == 0
		   ? 0
		   : fail(stream, error);
}

/* It has begun, and will not be secured. A ticket may be to blame, whoever says so, and
 * how. */
static void
give_up(struct stay_tls__stream *stream)
{
	if (stream->secured || stream->has_failed || SSL_in_before(stream->ssl))
		return;
	stream->has_failed = true;
	stream->tls->root->failed++;
	stay_tls__ticket_forget(stream->tls, stream->name);
}

static int
secure(void *state, struct stay_filter_io *io)
{
	struct stay_tls__stream *stream = state;
	struct stay_tls *root = stream->tls->root;
	int result;

	(void)io;
	ERR_clear_error();
	result = SSL_do_handshake(stream->ssl);
	if (result == 1) {
		stream->secured = true;
		root->handshakes++;
		root->resumed += SSL_session_reused(stream->ssl) == 1;
		return 1;
	}
	result = failed(stream, result);
	if (result < 0)
		give_up(stream);
	if (result < 0 && stream->io->status != STAY_E_CLOSED)
		stay_tls__doubt(stream->tls);
	return result;
}

/* 1: sealed. 0: not now: of a message of the peer, as of a ticket in several records,
 * only the first are there. Else it has failed, and -1. */
static int
seal(struct stay_tls__stream *stream, const void *bytes, size_t len)
{
	int result, error;

	ERR_clear_error();
	result = SSL_write(stream->ssl, bytes, (int)len);
	if (result == (int)len)
		return 1;
	error = SSL_get_error(stream->ssl, result);
	return error == SSL_ERROR_WANT_READ && SSL_in_init(stream->ssl)
		   ? 0
		   : fail(stream, error);
}

/* What was written while nothing could be sealed. False: it failed. */
static bool
seal_held(struct stay_tls__stream *stream)
{
	struct stay_bytes held = stay_buf_bytes(&stream->held);
	int result = 0;

	if (held.len > 0)
		result = seal(stream, held.data, held.len);
	if (result > 0)
		stay_buf_fini(&stream->held);
	return result >= 0;
}

static ssize_t
open_some(struct stay_tls__stream *stream, void *bytes, size_t len)
{
	int result;

	ERR_clear_error();
	result =
	    SSL_read(stream->ssl, bytes, len < INT_MAX ? (int)len : INT_MAX);
	if (result > 0)
		return result;
	if (SSL_get_error(stream->ssl, result) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failed(stream, result) == 0 ? -EAGAIN : -EPROTO;
}

static ssize_t
read_opened(void *state, struct stay_filter_io *io, void *bytes, size_t len)
{
	struct stay_tls__stream *stream = state;
	ssize_t got = open_some(stream, bytes, len);

	(void)io;
	return got == -EPROTO || seal_held(stream) ? got : -EPROTO;
}

/* As if it were sent. */
static bool
hold_back(struct stay_tls__stream *stream, const void *bytes, size_t len)
{
	struct stay_filter_io *io = stream->io;
	enum stay_status status = stay_buf_append(&stream->held, bytes, len);

	if (status == STAY_OK)
		return true;
	io->status = status == STAY_E_NOMEM ? status : STAY_E_PROTOCOL;
	snprintf(io->why, sizeof(io->why),
	    "the peer does not go on with a message that it has begun");
	return false;
}

static bool
write_sealed(
    void *state, struct stay_filter_io *io, const void *bytes, size_t len)
{
	struct stay_tls__stream *stream = state;
	int result = 0;

	(void)io;
	if (!seal_held(stream))
		return false;
	if (stay_buf_len(&stream->held) == 0)
		result = seal(stream, bytes, len);
	return result == 0 ? hold_back(stream, bytes, len) : result > 0;
}

/* close_notify; reading goes on. */
static void
say_end(void *state, struct stay_filter_io *io)
{
	struct stay_tls__stream *stream = state;

	(void)io;
	ERR_clear_error();
	(void)SSL_shutdown(stream->ssl);
	ERR_clear_error();
}

/* A session that was not shut down would lose its ticket. It may have been waited for in
 * vain, or the transport has failed. */
static void
close_stream(void *state)
{
	struct stay_tls__stream *stream = state;

	give_up(stream);
	SSL_set_shutdown(
	    stream->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(stream->ssl);
	stay_buf_fini(&stream->held);
	ERR_clear_error();
}

static void
hold(struct stay_filter *filter)
{
	((struct stay_tls *)(void *)filter)->refs++;
}

const struct stay_filter_ops stay_tls__ops = {
	STAY_FILTER_OPS,
	.name = "TLS",
	.state_size = sizeof(struct stay_tls__stream),
	.hold = hold,
	.drop = stay_tls_free,
	.adapt = stay_tls__adapt,
	.open = open_stream,
	.secure = secure,
	.read = read_opened,
	.write = write_sealed,
	.shutdown = say_end,
	.close = close_stream,
};
