/*
 * What OpenSSL says of a failure, as a sentence that names the cause, and as a
 * status: whether somebody has to act, or trying again may help.
 */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <string.h>

struct cause {
	int code;
	enum stay_status status;
	const char *says;
};

#define INSECURE STAY_E_INSECURE

/* Of the verification; a name follows the first two. */
static const struct cause verdicts[] = {
	{ X509_V_ERR_HOSTNAME_MISMATCH, INSECURE,
	    "the certificate is of another server than" },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, INSECURE,
	    "the certificate is of another address than" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, INSECURE,
	    "the certificate has expired" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, INSECURE,
	    "the certificate is not yet valid: is the clock right?" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, INSECURE,
	    "the certificate is signed by itself, and nobody vouches for it" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, INSECURE,
	    "the certificate is signed by an authority that is not trusted" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, INSECURE,
	    "the authority that has signed the certificate is not known" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, INSECURE,
	    "the authority that has signed the certificate is not known" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, INSECURE,
	    "the authority that has signed the certificate is not known" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, INSECURE,
	    "the signature of the certificate is wrong" },
	{ X509_V_ERR_INVALID_PURPOSE, INSECURE,
	    "the certificate is not one for servers" },
	{ X509_V_ERR_INVALID_CA, INSECURE,
	    "the certificate is signed by one that is no authority" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, INSECURE,
	    "the chain of authorities is longer than one of them allows" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, INSECURE,
	    "the key of the certificate is too short" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, INSECURE,
	    "the key of an authority is too short" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, INSECURE,
	    "the certificate is signed with a hash that is too weak" },
	{ X509_V_ERR_PERMITTED_VIOLATION, INSECURE,
	    "the authority may not sign for this name" },
	{ X509_V_ERR_EXCLUDED_VIOLATION, INSECURE,
	    "the authority may not sign for this name" },
	{ X509_V_ERR_CERT_REVOKED, INSECURE, "the certificate is revoked" },
	{ X509_V_ERR_OUT_OF_MEM, STAY_E_NOMEM, "no memory for TLS" },
};

/* Alerts of the server. */
static const struct cause alerts[] = {
	{ SSL_AD_PROTOCOL_VERSION, INSECURE,
	    "the server has no version of TLS that is allowed, from 1.2 on" },
	{ SSL_AD_HANDSHAKE_FAILURE, INSECURE,
	    "the server agrees to no cipher that is offered, or wants a "
	    "certificate" },
	{ SSL_AD_INSUFFICIENT_SECURITY, INSECURE,
	    "the server wants stronger ciphers than are offered" },
	{ SSL_AD_CERTIFICATE_REQUIRED, INSECURE,
	    "the server wants a client certificate, and there is none" },
	{ SSL_AD_UNKNOWN_CA, INSECURE,
	    "the server does not know the authority of our certificate" },
	{ SSL_AD_BAD_CERTIFICATE, INSECURE,
	    "the server does not accept our certificate" },
	{ SSL_AD_CERTIFICATE_UNKNOWN, INSECURE,
	    "the server does not accept our certificate" },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE, INSECURE,
	    "the server cannot use our certificate" },
	{ SSL_AD_CERTIFICATE_EXPIRED, INSECURE,
	    "our certificate has expired, says the server" },
	{ SSL_AD_CERTIFICATE_REVOKED, INSECURE,
	    "our certificate is revoked, says the server" },
	{ SSL_AD_ACCESS_DENIED, INSECURE, "the server denies access" },
	{ SSL_AD_UNRECOGNIZED_NAME, INSECURE,
	    "the server does not know the name it is asked for" },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, INSECURE,
	    "the server speaks none of the protocols offered (ALPN)" },
	{ SSL_AD_DECRYPT_ERROR, INSECURE,
	    "the server finds a signature of ours wrong" },
	{ SSL_AD_INTERNAL_ERROR, STAY_E_NOT_READY,
	    "the server has failed inside of TLS" },
	{ SSL_AD_USER_CANCELLED, STAY_E_NOT_READY,
	    "the server has cancelled the handshake" },
	{ SSL_AD_BAD_RECORD_MAC, STAY_E_PROTOCOL,
	    "bytes to the server were changed on their way" },
};

/* What OpenSSL finds by itself. */
static const struct cause reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, INSECURE, "the peer does not speak TLS" },
	{ SSL_R_HTTP_REQUEST, INSECURE, "the peer does not speak TLS" },
	{ SSL_R_RECORD_LENGTH_MISMATCH, INSECURE,
	    "the peer does not speak TLS" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, INSECURE,
	    "the server has no version of TLS that is allowed, from 1.2 on" },
	{ SSL_R_VERSION_TOO_LOW, INSECURE,
	    "the server has no version of TLS that is allowed, from 1.2 on" },
	{ SSL_R_INAPPROPRIATE_FALLBACK, INSECURE,
	    "somebody has made the server choose an older version" },
	{ SSL_R_DH_KEY_TOO_SMALL, INSECURE,
	    "the key of the server is too short" },
	{ SSL_R_EE_KEY_TOO_SMALL, INSECURE,
	    "the key of the certificate is too short" },
	{ SSL_R_WRONG_SIGNATURE_TYPE, INSECURE,
	    "the server signs in a way that is not allowed" },
	{ SSL_R_BAD_SIGNATURE, INSECURE, "the server signs wrongly" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, STAY_E_PROTOCOL,
	    "bytes were changed on their way" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, STAY_E_CLOSED,
	    "cut off: the peer has closed it without saying so (no "
	    "close_notify)" },
};

static const struct cause *
find(const struct cause *rows, size_t count, long code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

#define FIND(rows, code) find(rows, sizeof(rows) / sizeof(rows[0]), code)

/* Of an error of the system OpenSSL has the number, and no words. */
static const char *
words_of(unsigned long code)
{
	const char *words = ERR_SYSTEM_ERROR(code)
				? strerror(ERR_GET_REASON(code))
				: ERR_reason_error_string(code);

	return words != NULL ? words : "no reason is given";
}

const char *
stay_tls__words(void)
{
	return words_of(ERR_peek_error());
}

static void
say(struct stay_filter_io *io, enum stay_status status, const char *text)
{
	io->status = status;
	snprintf(io->why, sizeof(io->why), "%s", text);
}

static bool
blame_certificate(struct stay_tls__stream *stream)
{
	long code = SSL_get_verify_result(stream->ssl);
	const struct cause *cause = FIND(verdicts, code);
	struct stay_filter_io *io = stream->io;

	if (code == X509_V_OK || stream->tls->verify != STAY_TLS_VERIFY)
		return false;
	if (cause == NULL) {
		io->status = INSECURE;
		snprintf(io->why, sizeof(io->why), "the certificate: %s",
		    X509_verify_cert_error_string(code));
	} else if (cause < verdicts + 2) {
		io->status = cause->status;
		snprintf(io->why, sizeof(io->why), "%s '%.100s'", cause->says,
		    stream->name);
	} else {
		say(io, cause->status, cause->says);
	}
	return true;
}

/* Not what the peer has sent is wrong: OpenSSL has failed by itself. */
static bool
is_own_failure(unsigned long code)
{
	return ERR_COMMON_ERROR(code) || ERR_GET_LIB(code) == ERR_LIB_EVP;
}

/* OpenSSL has no memory, and says so in any of its errors; in none if it has no memory
 * for one, or has not used what there was to read. A key that it had none for is
 * found to be wrong later. This takes the errors off the queue. */
static bool
blame_memory(struct stay_filter_io *io, int error)
{
	unsigned long code = ERR_get_error();
	bool lacks = code == 0 &&
		     (error == SSL_ERROR_SSL || error == SSL_ERROR_WANT_READ);
	bool undecoded = false;

	for (; code != 0; code = ERR_get_error()) {
		int reason = ERR_GET_REASON(code);

		lacks |=
		    reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INIT_FAIL;
		undecoded |= ERR_GET_LIB(code) == ERR_LIB_EVP &&
			     reason == EVP_R_DECODE_ERROR;
	}
	if (lacks)
		say(io, STAY_E_NOMEM, "no memory for TLS");
	else if (undecoded)
		say(io, STAY_E_NOT_READY,
		    "the key of a certificate can't be read");
	return lacks || undecoded;
}

/* The stream has ended in the middle of something. */
static bool
blame_end(struct stay_tls__stream *stream, int error, int reason)
{
	if (error != SSL_ERROR_SYSCALL && error != SSL_ERROR_ZERO_RETURN &&
	    reason != SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return false;
	if (stream->secured)
		say(stream->io, STAY_E_CLOSED,
		    FIND(reasons, SSL_R_UNEXPECTED_EOF_WHILE_READING)->says);
	else
		say(stream->io, STAY_E_CLOSED,
		    "the peer has closed it in the middle of the handshake");
	return true;
}

/* For what is not known: in the handshake the peer is to blame, unless OpenSSL is. */
static void
say_words(struct stay_tls__stream *stream, unsigned long first)
{
	struct stay_filter_io *io = stream->io;

	io->status = is_own_failure(first) ? STAY_E_NOT_READY
		     : stream->secured     ? STAY_E_PROTOCOL
					   : INSECURE;
	snprintf(
	    io->why, sizeof(io->why), "TLS has failed: %s", words_of(first));
}

/* Each of OpenSSL's libraries has reasons of its own, with the same numbers. */
static int
reason_of(unsigned long code)
{
	return ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
}

void
stay_tls__blame(struct stay_tls__stream *stream, int error)
{
	unsigned long first = ERR_peek_error();
	int reason = reason_of(first);
	struct stay_filter_io *io = stream->io;
	const struct cause *cause =
	    reason >= SSL_AD_REASON_OFFSET
		? FIND(alerts, reason - SSL_AD_REASON_OFFSET)
		: FIND(reasons, reason);

	if (blame_memory(io, error))
		return;
	if (!stream->secured && blame_certificate(stream))
		return;
	if (blame_end(stream, error, reason))
		return;
	if (cause != NULL)
		say(io, cause->status, cause->says);
	else
		say_words(stream, first);
}
