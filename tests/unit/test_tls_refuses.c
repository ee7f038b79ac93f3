/* What TLS refuses, and in which words: a row a cause. */
#include <errno.h>
#include <openssl/ecerr.h>
#include <openssl/err.h>
#include <openssl/evperr.h>
#include <string.h>

#include "../../adapters/tls/tls.h"

#include "suites.h"
#include "support/tls_bed.h"

/* ---- how things are, unless a row says otherwise ---- */

struct row {
	const char *what;
	/* the server */
	struct tls_terms cert, authority,
	    between; /* between: if it has a name */
	bool self_signed, sends_authority, omits_between;
	struct tls_server server;
	/* the client */
	const char *peer;        /* "localhost" */
	const char *server_name; /* of the options */
	const char *alpn;
	bool trusts_nobody; /* but another authority of the same name */
	enum stay_tls_verify verify;
	/* the client's certificate */
	bool wants_client, has_client, client_unknown;
	struct tls_terms client;
	/* on the way */
	void (*to_server)(unsigned char *bytes, size_t len);
	void (*to_client)(unsigned char *bytes, size_t len);
	size_t cut_at;
	bool later; /* it is found once the client is secure */
	/* what comes of it */
	enum stay_status status; /* STAY_OK: STAY_E_INSECURE */
	const char *says; /* "..." at its end: and more; NULL: all is well */
};

#define SAN        .san = "DNS:localhost,IP:127.0.0.1"
#define USUAL      .cert = { SAN }
#define OLDER      STAY_OK
#define UNKNOWN_CA "the authority that has signed the certificate is not known"
#define NO_VERSION                                                             \
	"the server has no version of TLS that is allowed, from 1.2 on"

/* The client hello no longer says that it knows TLS 1.3. */
static void
downgrade(unsigned char *bytes, size_t len)
{
	static const unsigned char versions[] = { 0x00, 0x2b, 0x00, 0x05, 0x04,
		0x03, 0x04, 0x03, 0x03 };

	if (len < sizeof(versions) || bytes[0] != 22)
		return;
	for (size_t i = 0; i + sizeof(versions) <= len; i++)
		if (memcmp(bytes + i, versions, sizeof(versions)) == 0)
			bytes[i] = 0xfa;
}

/* The last byte of what is sealed. */
static void
spoil(unsigned char *bytes, size_t len)
{
	bytes[len - 1] ^= 1;
}

static bool
is_said(const char *why, const char *says)
{
	size_t len = strlen(says);

	if (len > 3 && strcmp(says + len - 3, "...") == 0)
		return strncmp(why, says, len - 3) == 0;
	return strcmp(why, says) == 0;
}

static const struct row rows[] = {
	{ "all is well", USUAL },
	{ "an address", USUAL, .peer = "127.0.0.1" },
	{ "a name with a dot at its end", USUAL, .peer = "localhost." },
	{ "a name of the options", USUAL, .peer = "10.1.2.3",
	    .server_name = "localhost" },
	{ "TLS 1.2", USUAL, .server.max = TLS1_2_VERSION },
	{ "a wildcard", .cert.san = "DNS:*.one.example",
	    .peer = "db.one.example" },
	{ "an authority between", USUAL,
	    .between = { .name = "between", .authority = true } },
	{ "a client certificate", USUAL, .wants_client = true,
	    .has_client = true },
	{ "the same protocol", USUAL, .alpn = "http/1.1,redis",
	    .server.alpn = "redis" },

	/* the name */
	{ "wrong host", .cert.san = "DNS:other.example",
	    .says = "the certificate is of another server than 'localhost'" },
	{ "wrong address", .cert.san = "IP:127.0.0.2", .peer = "127.0.0.1",
	    .says = "the certificate is of another address than '127.0.0.1'" },
	{ "an address that is written as a name", .cert.san = "DNS:127.0.0.1",
	    .peer = "127.0.0.1",
	    .says = "the certificate is of another address than '127.0.0.1'" },
	{ "a name, and only its address", .cert.san = "IP:127.0.0.1",
	    .says = "the certificate is of another server than 'localhost'" },
	{ "a common name counts nothing", .cert.name = "localhost",
	    .says = "the certificate is of another server than 'localhost'" },
	{ "a wildcard in part of a name", .cert.san = "DNS:loc*.one.example",
	    .peer = "localhost.one.example",
	    .says = "the certificate is of another server than "
		    "'localhost.one.example'" },
	{ "a wildcard of two names", .cert.san = "DNS:*.one.example",
	    .peer = "a.b.one.example",
	    .says = "the certificate is of another server than 'a.b.one."
		    "example'" },
	{ "a wildcard for all", .cert.san = "DNS:*",
	    .says = "the certificate is of another server than 'localhost'" },
	{ "a wildcard for an address", .cert.san = "DNS:*.0.0.1",
	    .peer = "127.0.0.1",
	    .says = "the certificate is of another address than '127.0.0.1'" },
	{ "wrong name of the options", USUAL, .server_name = "db.internal",
	    .says = "the certificate is of another server than 'db.internal'" },
	{ "no name at all", USUAL, .peer = "",
	    .says = "there is no name that the peer must prove to have: set "
		    "servername" },

	/* the time */
	{ "expired", .cert = { SAN, .from_days = -10, .to_days = -1 },
	    .says = "the certificate has expired" },
	{ "not yet valid", .cert = { SAN, .from_days = 1, .to_days = 9 },
	    .says = "the certificate is not yet valid: is the clock right?" },
	{ "an authority that has expired", USUAL,
	    .authority = { .from_days = -10, .to_days = -1 },
	    .says = "the certificate has expired" },
	{ "an authority between that is not yet valid", USUAL,
	    .between = { .name = "between", .authority = true, .from_days = 1 },
	    .says = "the certificate is not yet valid: is the clock right?" },

	/* who vouches for it */
	{ "unknown authority", USUAL, .trusts_nobody = true,
	    .says = "the signature of the certificate is wrong" },
	{ "unknown authority of another name", USUAL, .trusts_nobody = true,
	    .authority = { .name = "stranger" }, .says = UNKNOWN_CA },
	{ "unknown authority that is sent along", USUAL, .trusts_nobody = true,
	    .authority = { .name = "stranger" }, .sends_authority = true,
	    .says = "the certificate is signed by an authority that is not "
		    "trusted" },
	{ "self-signed", USUAL, .self_signed = true,
	    .says = "the certificate is signed by itself, and nobody vouches "
		    "for it" },
	{ "the authority between is missing", USUAL,
	    .between = { .name = "between", .authority = true },
	    .omits_between = true, .says = UNKNOWN_CA },
	{ "signed by one that is no authority", USUAL,
	    .between = { .name = "between",
		.basic = "critical,CA:FALSE",
		.purpose = "serverAuth" },
	    .says = "the certificate is signed by one that is no authority" },
	{ "a chain that is too long", USUAL,
	    .authority = { .basic = "critical,CA:TRUE,pathlen:0" },
	    .between = { .name = "between", .authority = true },
	    .says = "the chain of authorities is longer than one of them "
		    "allows" },
	{ "a forged signature", .cert = { SAN, .forged = true },
	    .says = "the signature of the certificate is wrong" },
	{ "a kind of name that no authority can be told of",
	    .cert.san = "DNS:localhost,RID:1.2.3.4",
	    .authority.constraints = "permitted;RID:1.2.3.4",
	    .says = "the certificate: unsupported name constraint type" },
	{ "an authority that may not", USUAL,
	    .authority = { .constraints = "permitted;DNS:example" },
	    .says = "the authority may not sign for this name" },
	{ "for clients alone", .cert = { SAN, .purpose = "clientAuth" },
	    .says = "the certificate is not one for servers" },
	{ "a short key", .cert = { SAN, .rsa_bits = 1024 },
	    .says = "the key of the certificate is too short" },
	{ "a short key of the authority", USUAL,
	    .authority = { .rsa_bits = 1024 },
	    .says = "the key of an authority is too short" },
	{ "a weak hash", .cert = { SAN, .sha1 = true },
	    .says = "the certificate is signed with a hash that is too weak" },

	/* versions and ciphers */
	{ "TLS 1.1", USUAL,
	    .server = { .min = TLS1_VERSION, .max = TLS1_1_VERSION },
	    .says = NO_VERSION },
	{ "TLS 1.0", USUAL,
	    .server = { .min = TLS1_VERSION, .max = TLS1_VERSION },
	    .says = NO_VERSION },
	{ "no cipher in common", USUAL,
	    .server = { .max = TLS1_2_VERSION, .ciphers = "AES256-SHA" },
	    .says = "the server agrees to no cipher that is offered, or wants "
		    "a certificate" },
	{ "a downgrade on the way", USUAL, .to_server = downgrade,
	    .says = "somebody has made the server choose an older version" },
	{ "no protocol in common", USUAL, .alpn = "http/1.1",
	    .server.alpn = "redis",
	    .says = "the server speaks none of the protocols offered (ALPN)" },

	/* our certificate */
	{ "no client certificate", USUAL, .wants_client = true, .later = true,
	    .says = "the server wants a client certificate, and there is "
		    "none" },
	{ "no client certificate, TLS 1.2", USUAL, .wants_client = true,
	    .server.max = TLS1_2_VERSION,
	    .says = "the server agrees to no cipher that is offered, or wants "
		    "a certificate" },
	{ "no client certificate, and any server will do", USUAL,
	    .trusts_nobody = true, .verify = STAY_TLS_VERIFY_NOT,
	    .wants_client = true, .server.max = TLS1_2_VERSION,
	    .says = "the server agrees to no cipher that is offered, or wants "
		    "a certificate" },
	{ "a client certificate of nobody", USUAL, .wants_client = true,
	    .has_client = true, .client_unknown = true, .later = true,
	    .says = "the server does not know the authority of our "
		    "certificate" },
	{ "a client certificate that has expired", USUAL, .wants_client = true,
	    .has_client = true, .client = { .from_days = -9, .to_days = -1 },
	    .later = true,
	    .says = "our certificate has expired, says the server" },
	{ "a client certificate for servers", USUAL, .wants_client = true,
	    .has_client = true, .client = { .purpose = "serverAuth" },
	    .later = true, .says = "the server cannot use our certificate" },
	{ "a forged client certificate", USUAL, .wants_client = true,
	    .has_client = true, .client = { .forged = true }, .later = true,
	    .says = "the server finds a signature of ours wrong" },

	/* bytes */
	{ "cut in the handshake", USUAL, .cut_at = 300, .status = STAY_E_CLOSED,
	    .says = "the peer has closed it in the middle of the handshake" },
	{ "cut in the session", USUAL, .cut_at = 100000, .later = true,
	    .status = STAY_E_CLOSED,
	    .says = "cut off: the peer has closed it without saying so (no "
		    "close_notify)" },
	{ "changed on the way", USUAL, .to_client = spoil, .later = true,
	    .status = STAY_E_PROTOCOL,
	    .says = "bytes were changed on their way" },
};

struct made {
	struct tls_id authority, between, cert, client, client_ca, stranger;
};

static struct tls_id
authority_of(const struct tls_terms *as)
{
	struct tls_terms terms = *as;

	terms.authority = true;
	if (terms.name == NULL)
		terms.name = "authority";
	return tls_id_new(&terms, NULL);
}

static void
make_server(struct made *made, const struct row *row)
{
	const struct tls_id *by = &made->authority;

	made->authority = authority_of(&row->authority);
	if (row->between.name != NULL) {
		made->between = tls_id_new(&row->between, by);
		by = &made->between;
	}
	made->cert = tls_id_new(&row->cert, row->self_signed ? NULL : by);
	if (row->between.name != NULL && !row->omits_between)
		made->cert.chain = made->between.cert;
	if (row->sends_authority)
		made->cert.chain = made->authority.cert;
}

static void
make_client(struct made *made, const struct row *row)
{
	struct tls_terms terms = row->client;

	made->stranger =
	    authority_of(&(struct tls_terms){ .name = "authority" });
	made->client_ca =
	    authority_of(&(struct tls_terms){ .name = "clients" });
	terms.name = "me";
	if (terms.purpose == NULL)
		terms.purpose = "clientAuth";
	made->client = tls_id_new(
	    &terms, row->client_unknown ? &made->stranger : &made->client_ca);
}

static void
unmake(struct made *made)
{
	tls_id_free(&made->authority);
	tls_id_free(&made->between);
	tls_id_free(&made->cert);
	tls_id_free(&made->client);
	tls_id_free(&made->client_ca);
	tls_id_free(&made->stranger);
}

static struct stay_filter *
filter_of(const struct made *made, const struct row *row)
{
	char ca[128], me[128], ca_file[140], cert[140], key[140], why[256];
	struct stay_tls_options options = { STAY_TLS_OPTIONS,
		.ca_file = ca_file, .server_name = row->server_name,
		.alpn = row->alpn, .verify = row->verify };
	struct stay_filter *filter;

	snprintf(ca, sizeof(ca), "%s/ca", tls_folder());
	snprintf(me, sizeof(me), "%s/me", tls_folder());
	snprintf(ca_file, sizeof(ca_file), "%s.pem", ca);
	snprintf(cert, sizeof(cert), "%s.pem", me);
	snprintf(key, sizeof(key), "%s.key", me);
	tls_id_save(
	    row->trusts_nobody ? &made->stranger : &made->authority, ca, NULL);
	tls_id_save(&made->client, me, NULL);
	if (row->has_client) {
		options.cert_file = cert;
		options.key_file = key;
	}
	ck_assert_msg(
	    stay_tls_new(&filter, &options, why, sizeof(why)) == STAY_OK,
	    "%s: %s", row->what, why);
	return filter;
}

/* Up to where it fails: in the handshake, or with the first bytes behind it. */
static bool
goes_well(struct tls_pair *pair, const struct row *row)
{
	if (pair->state == NULL || tls_pair_shake(pair) != 1)
		return false;
	pair->to_client = row->to_client;
	pair->io.in_ended = row->cut_at > 0;
	return tls_pair_read(pair) == -EAGAIN;
}

TEST_ROWS(tls_refuses_in_words, LEN(rows))
{
	const struct row *row = &rows[_i];
	struct tls_server server = row->server;
	struct tls_pair pair = { .to_server = row->to_server,
		.cut_at = row->cut_at == 100000 ? 0 : row->cut_at };
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };
	struct made made = { 0 };
	struct stay_filter *filter;
	bool well;

	make_server(&made, row);
	make_client(&made, row);
	server.id = &made.cert;
	server.says = row->to_client != NULL ? "" : "hello";
	server.client_ca = row->wants_client ? &made.client_ca : NULL;
	filter = filter_of(&made, row);
	tls_pair_begin(&pair, filter,
	    row->peer != NULL ? row->peer : "localhost", &server);
	well = goes_well(&pair, row);
	ck_assert_msg(
	    well == (row->says == NULL), "%s: %s", row->what, pair.io.why);
	if (row->says != NULL) {
		ck_assert_msg(is_said(pair.io.why, row->says), "%s: %s",
		    row->what, pair.io.why);
		ck_assert_int_eq(pair.io.status,
		    row->status != STAY_OK ? row->status : STAY_E_INSECURE);
	} else {
		ck_assert_mem_eq(pair.got, "hello", 5);
	}
	stay_tls_get_counts(filter, &counts);
	ck_assert_uint_eq(counts.failed, row->says != NULL && !row->later);
	tls_pair_end(&pair);
	SSL_CTX_free(pair.context);
	stay_tls_free(filter);
	unmake(&made);
}

/* ---- peers that are no servers of TLS, or only say that they will not ---- */

#define ALERT(level, code) "\x15\x03\x03\x00\x02" level code, 7

TEST_ROWS(tls_names_a_strange_peer, 18)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum stay_status status;
		const char *says;
	} peers[] = {
		{ "-ERR unknown command\r\n", 22, STAY_E_INSECURE,
		    "the peer does not speak TLS" },
		{ "HTTP/1.1 400 Bad Request\r\n", 26, STAY_E_INSECURE,
		    "the peer does not speak TLS" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", 21, STAY_E_INSECURE,
		    "the peer does not speak TLS" },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0", 12, STAY_E_INSECURE,
		    "the peer does not speak TLS" },
		{ "", 0, STAY_E_CLOSED,
		    "the peer has closed it in the middle of the handshake" },
		{ "\x16\x03\x03\x00", 4, STAY_E_CLOSED,
		    "the peer has closed it in the middle of the handshake" },
		{ ALERT("\x01", "\x00"), STAY_E_CLOSED,
		    "the peer has closed it in the middle of the handshake" },
		{ ALERT("\x02", "\x28"), STAY_E_INSECURE,
		    "the server agrees to no cipher..." },
		{ ALERT("\x02", "\x46"), STAY_E_INSECURE, NO_VERSION },
		{ ALERT("\x02", "\x47"), STAY_E_INSECURE,
		    "the server wants stronger ciphers than are offered" },
		{ ALERT("\x02", "\x31"), STAY_E_INSECURE,
		    "the server denies access" },
		{ ALERT("\x02", "\x70"), STAY_E_INSECURE,
		    "the server does not know the name it is asked for" },
		{ ALERT("\x02", "\x78"), STAY_E_INSECURE,
		    "the server speaks none of the protocols offered (ALPN)" },
		{ ALERT("\x02", "\x2a"), STAY_E_INSECURE,
		    "the server does not accept our certificate" },
		{ ALERT("\x02", "\x2c"), STAY_E_INSECURE,
		    "our certificate is revoked, says the server" },
		{ ALERT("\x02", "\x50"), STAY_E_NOT_READY,
		    "the server has failed inside of TLS" },
		{ ALERT("\x02", "\x5a"), STAY_E_NOT_READY,
		    "the server has cancelled the handshake" },
		{ ALERT("\x02", "\x0a"), STAY_E_INSECURE,
		    "TLS has failed: ..." },
	};
	struct tls_server server = { .says = "" };
	struct tls_pair pair = { .cut_at = 0 };
	struct stay_filter *filter;

	EXPECT_OK(stay_tls_new(&filter, NULL, NULL, 0));
	tls_pair_begin(&pair, filter, "localhost", &server);
	ck_assert_int_eq(tls_pair_hand(&pair, "", 0, false), 0);
	ck_assert_int_eq(
	    tls_pair_hand(&pair, peers[_i].bytes, peers[_i].len, true), -1);
	ck_assert_msg(is_said(pair.io.why, peers[_i].says), "%s, not %s",
	    pair.io.why, peers[_i].says);
	ck_assert_int_eq(pair.io.status, peers[_i].status);
	tls_pair_end(&pair);
	SSL_CTX_free(pair.context);
	stay_tls_free(filter);
}

/* The libraries of OpenSSL have the same numbers for other reasons. */
TEST_ROWS(tls_knows_whose_words_it_reads, 3)
{
	static const struct {
		int lib, reason;
		enum stay_status status;
		const char *says;
	} errors[] = {
		{ ERR_LIB_SSL, SSL_R_HTTP_REQUEST, STAY_E_INSECURE,
		    "the peer does not speak TLS" },
		{ ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM, STAY_E_NOT_READY,
		    "TLS has failed: unsupported algorithm" },
		{ ERR_LIB_EC, EC_R_BAD_SIGNATURE, STAY_E_PROTOCOL,
		    "TLS has failed: bad signature" },
	};
	struct stay_filter_io io = { .status = STAY_OK };
	struct stay_tls tls = { .verify = STAY_TLS_VERIFY_NOT };
	struct stay_tls__stream stream = {
		.tls = &tls, .io = &io, .secured = true
	};

	ERR_raise(errors[_i].lib, errors[_i].reason);
	stay_tls__blame(&stream, SSL_ERROR_SSL);
	ck_assert_str_eq(io.why, errors[_i].says);
	ck_assert_int_eq(io.status, errors[_i].status);
}

TEST_SUITE(tls_refuses)
