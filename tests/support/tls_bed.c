/* Certificates, and a TLS server in memory. */
#include "tls_bed.h"

#include <errno.h>
#include <ftw.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

#define DAY_S (24 * 60 * 60L)

/* ---- certificates ---- */

static void
extend(X509 *cert, X509 *by, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	if (value == NULL)
		return;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, by, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	EXPECT(extension != NULL);
	EXPECT(X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void
set_names(X509 *cert, const struct tls_terms *terms, X509 *by)
{
	X509_NAME *name = X509_get_subject_name(cert);
	const char *own = terms->name != NULL ? terms->name : "localhost";

	EXPECT(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		   (const unsigned char *)own, -1, -1, 0) == 1);
	X509_set_issuer_name(
	    cert, by != NULL ? X509_get_subject_name(by) : name);
}

static void
set_use(X509 *cert, const struct tls_terms *terms, X509 *by)
{
	const char *basic = terms->basic;

	if (basic == NULL)
		basic =
		    terms->authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
	extend(cert, by, NID_basic_constraints, basic);
	extend(cert, by, NID_subject_alt_name, terms->san);
	extend(cert, by, NID_name_constraints, terms->constraints);
	if (!terms->authority)
		extend(cert, by, NID_ext_key_usage,
		    terms->purpose != NULL ? terms->purpose : "serverAuth");
	extend(cert, by, NID_subject_key_identifier, "hash");
}

/* The last byte of the signature is another one. */
static X509 *
forge(X509 *cert)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(cert, &bytes);
	const unsigned char *at = bytes;
	X509 *forged;

	EXPECT(len > 0);
	bytes[len - 1] ^= 1;
	forged = d2i_X509(NULL, &at, len);
	EXPECT(forged != NULL);
	OPENSSL_free(bytes);
	X509_free(cert);
	return forged;
}

struct tls_id
tls_id_new(const struct tls_terms *terms, const struct tls_id *by)
{
	static long serial = 1;
	X509 *issuer = by != NULL ? by->cert : NULL;
	int from = terms->from_days != 0 ? terms->from_days : -1;
	int to = terms->to_days != 0 ? terms->to_days : 30;
	struct tls_id id = { X509_new(), NULL, NULL };

	id.key = terms->rsa_bits > 0 ? EVP_RSA_gen((unsigned)terms->rsa_bits)
				     : EVP_EC_gen("P-256");
	EXPECT(id.cert != NULL && id.key != NULL);
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), from * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), to * DAY_S);
	X509_set_pubkey(id.cert, id.key);
	set_names(id.cert, terms, issuer);
	set_use(id.cert, terms, issuer != NULL ? issuer : id.cert);
	EXPECT(X509_sign(id.cert, by != NULL ? by->key : id.key,
		   terms->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	if (terms->forged)
		id.cert = forge(id.cert);
	return id;
}

void
tls_id_free(struct tls_id *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
	*id = (struct tls_id){ 0 };
}

static FILE *
create(const char *path, const char *suffix)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	file = fopen(name, "w");
	EXPECT(file != NULL);
	return file;
}

void
tls_id_save(const struct tls_id *id, const char *path, const char *password)
{
	FILE *file = create(path, ".pem");

	EXPECT(PEM_write_X509(file, id->cert) == 1);
	fclose(file);
	file = create(path, ".key");
	EXPECT(PEM_write_PrivateKey(file, id->key,
		   password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
		   (void *)(uintptr_t)password) == 1);
	fclose(file);
}

static char folder[64];

static int
remove_entry(
    const char *path, const struct stat *entry, int kind, struct FTW *where)
{
	(void)entry;
	(void)kind;
	(void)where;
	return remove(path);
}

static void
remove_folder(void)
{
	if (nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "%s is left\n", folder);
}

const char *
tls_folder(void)
{
	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "/tmp/stay-tls-XXXXXX");
		EXPECT(mkdtemp(folder) != NULL);
		atexit(remove_folder);
	}
	return folder;
}

/* ---- the server ---- */

static int
choose(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	const char *own = arg;
	static unsigned char wire[64]; /* *out may point into it */

	(void)ssl;
	wire[0] = (unsigned char)strlen(own);
	memcpy(wire + 1, own, wire[0]);
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, len,
		   wire, wire[0] + 1u, in, in_len) == OPENSSL_NPN_NEGOTIATED
		   ? SSL_TLSEXT_ERR_OK
		   : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *
context_new(const struct tls_server *server)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"x", 1);
	if (server->min != 0)
		SSL_CTX_set_min_proto_version(context, server->min);
	if (server->max != 0)
		SSL_CTX_set_max_proto_version(context, server->max);
	if (server->ciphers != NULL)
		EXPECT(SSL_CTX_set_cipher_list(context, server->ciphers) == 1);
	if (server->id != NULL) {
		SSL_CTX_use_certificate(context, server->id->cert);
		EXPECT(SSL_CTX_use_PrivateKey(context, server->id->key) == 1);
		if (server->id->chain != NULL)
			SSL_CTX_add1_chain_cert(context, server->id->chain);
	}
	if (server->client_ca != NULL) {
		X509_STORE_add_cert(
		    SSL_CTX_get_cert_store(context), server->client_ca->cert);
		SSL_CTX_set_verify(context,
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	if (server->alpn != NULL)
		SSL_CTX_set_alpn_select_cb(
		    context, choose, (void *)(uintptr_t)server->alpn);
	return context;
}

void
tls_pair_begin(struct tls_pair *pair, struct stay_filter *filter,
    const char *peer, const struct tls_server *server)
{
	const struct stay_filter_ops *ops = filter->ops;

	pair->filter = filter;
	pair->got_len = pair->sent = pair->heard = 0;
	pair->greeted = server->says == NULL;
	stay_buf_init(&pair->out, 0);
	pair->io =
	    (struct stay_filter_io){ .in = { "", 0 }, .out = &pair->out };
	if (pair->context == NULL)
		pair->context = context_new(server);
	pair->server = SSL_new(pair->context);
	SSL_set_bio(pair->server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(pair->server);
	SSL_set_app_data(pair->server, (void *)(uintptr_t)server->says);
	pair->state = calloc(1, ops->state_size);
	if (!ops->open(pair->state, filter, peer, &pair->io)) {
		free(pair->state);
		pair->state = NULL;
	}
	ERR_clear_error();
}

void
tls_pair_end(struct tls_pair *pair)
{
	if (pair->state != NULL)
		pair->filter->ops->close(pair->state);
	free(pair->state);
	pair->state = NULL;
	stay_buf_fini(&pair->out);
	SSL_free(pair->server);
	pair->server = NULL;
}

/* To the server; what it makes of it. */
static void
serve(struct tls_pair *pair)
{
	struct stay_bytes out = stay_buf_bytes(&pair->out);
	const char *says = SSL_get_app_data(pair->server);
	char byte;

	if (out.len > 0 && pair->to_server != NULL)
		pair->to_server((unsigned char *)(uintptr_t)out.data, out.len);
	BIO_write(SSL_get_rbio(pair->server), out.data, (int)out.len);
	stay_buf_take(&pair->out, out.len);
	if (SSL_do_handshake(pair->server) == 1) {
		if (!pair->greeted && says[0] != '\0')
			SSL_write(pair->server, says, (int)strlen(says));
		pair->greeted = true;
		while (SSL_read(pair->server, &byte, 1) > 0)
			pair->heard++;
	}
	ERR_clear_error();
}

/* From the server, once what it has sent before is used up. */
static void
fetch(struct tls_pair *pair)
{
	size_t got = 0;
	int len;

	if (pair->io.in.len > 0)
		return;
	len = BIO_read(
	    SSL_get_wbio(pair->server), pair->room, sizeof(pair->room));
	got = len > 0 ? (size_t)len : 0;
	if (pair->cut_at > 0 && pair->sent + got >= pair->cut_at) {
		got = pair->cut_at - pair->sent;
		pair->io.in_ended = true;
	}
	pair->sent += got;
	if (got > 0 && pair->to_client != NULL)
		pair->to_client((unsigned char *)pair->room, got);
	pair->io.in = (struct stay_bytes){ pair->room, got };
}

int
tls_pair_shake(struct tls_pair *pair)
{
	int result = 0;

	for (int i = 0; i < 20 && result == 0; i++) {
		serve(pair);
		fetch(pair);
		result = pair->filter->ops->secure(pair->state, &pair->io);
	}
	serve(pair);
	EXPECT(ERR_peek_error() == 0);
	return result;
}

ssize_t
tls_pair_read(struct tls_pair *pair)
{
	ssize_t got;

	serve(pair);
	fetch(pair);
	do {
		got = pair->filter->ops->read(pair->state, &pair->io,
		    pair->got + pair->got_len,
		    sizeof(pair->got) - pair->got_len);
		pair->got_len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	EXPECT(ERR_peek_error() == 0);
	return got;
}

int
tls_pair_hand(struct tls_pair *pair, const char *bytes, size_t len, bool ends)
{
	pair->io.in = (struct stay_bytes){ bytes, len };
	pair->io.in_ended = ends;
	return pair->filter->ops->secure(pair->state, &pair->io);
}
