/*
 * What TLS holds, and for how long: a filter, its streams, its files and its tickets
 * leave nothing behind, in memory or in OpenSSL's queue of errors. And what it says of
 * settings that only a few have.
 */
#include <fcntl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../adapters/tls/tls.h"

#include "suites.h"
#include "support/failing.h"
#include "support/scarce.h"
#include "support/tls_bed.h"

static struct tls_id cert;
static struct tls_server server;
static struct tls_pair pair;
static char me[140], pem[160], key[160];

static void
begin(void)
{
	const struct tls_terms terms = { .san = "DNS:localhost,IP:127.0.0.1,"
						"IP:fe80::1" };

	cert = tls_id_new(&terms, NULL);
	server = (struct tls_server){ .id = &cert, .says = "hello" };
	pair = (struct tls_pair){ 0 };
	snprintf(me, sizeof(me), "%s/life", tls_folder());
	snprintf(pem, sizeof(pem), "%s.pem", me);
	snprintf(key, sizeof(key), "%s.key", me);
	tls_id_save(&cert, me, NULL);
}

static void
end(void)
{
	SSL_CTX_free(pair.context);
	tls_id_free(&cert);
}

static struct stay_filter *
filter_of(struct stay_tls_options options)
{
	struct stay_filter *filter;
	char why[256];

	options.size = sizeof(options);
	ck_assert_msg(
	    stay_tls_new(&filter, &options, why, sizeof(why)) == STAY_OK, "%s",
	    why);
	return filter;
}

/* Secured and greeted, or the sentence why not. */
static const char *
shake_as(struct stay_filter *filter, const char *name)
{
	static char why[sizeof(pair.io.why)];

	snprintf(why, sizeof(why), "secure");
	tls_pair_begin(&pair, filter, name, &server);
	if (pair.state == NULL || tls_pair_shake(&pair) != 1)
		snprintf(why, sizeof(why), "%s", pair.io.why);
	else
		tls_pair_read(&pair);
	tls_pair_end(&pair);
	return why;
}

/* ---- nothing is left ---- */

static void
live_with_settings(int turn)
{
	(void)turn;
	stay_tls_free(filter_of((struct stay_tls_options){ .ca_file = pem,
	    .cert_file = pem,
	    .key_file = key,
	    .server_name = "localhost",
	    .alpn = "redis" }));
}

static void
be_refused(int turn)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = pem,
		.cert_file = turn % 2 == 0 ? "/none" : pem,
		.key_file = "/none" };
	struct stay_filter *filter;

	ck_assert_int_eq(stay_tls_new(&filter, &options, NULL, 0), STAY_E_ARG);
	ck_assert_ptr_null(filter);
}

/* The one that is adapted is let go first, and lives till the other does. */
static void
adapt(int turn)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });
	struct stay_filter *adapted;
	struct stay_url *url;
	char why[256];

	EXPECT_OK(stay_url_parse(&url,
	    turn % 2 == 0 ? "x://h?servername=localhost" : "x://h?db=1", NULL));
	EXPECT_OK(filter->ops->adapt(filter, url, &adapted, why, sizeof(why)));
	stay_url_free(url);
	stay_tls_free(filter);
	ck_assert_str_eq(shake_as(adapted, "localhost"), "secure");
	stay_tls_free(adapted);
}

static void
add_to_loop(int turn)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = pem };
	struct stay_loop *loop = stay_loop_poll();

	(void)turn;
	EXPECT_OK(stay_tls_add(loop, &options));
	EXPECT_OK(stay_loop_free(loop));
}

static void
resume(int turn)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });

	(void)turn;
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(shake_as(filter, "localhost"), "secure");
	ck_assert_str_ne(shake_as(filter, ""), "secure");
	/* OpenSSL would keep them all */
	ck_assert_int_eq((int)SSL_CTX_sess_number(
			     ((struct stay_tls *)(void *)filter)->context),
	    0);
	stay_tls_free(filter);
}

/* Each time it is another file. */
static void
read_anew(int turn)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });

	(void)turn;
	for (int i = 0; i < 3; i++) {
		tls_id_save(&cert, me, NULL);
		ck_assert_int_eq(truncate(pem, 10000 + i), 0);
		ck_assert_str_eq(shake_as(filter, "localhost"), "secure");
	}
	stay_tls_free(filter);
}

static void (*const lives[])(int turn) = { live_with_settings, be_refused,
	adapt, add_to_loop, resume, read_anew };

TEST_ROWS(tls_leaves_nothing, 6)
{
	int made = failing_made();
	long blocks = 0;

	for (int turn = 0; turn < 20; turn++) {
		lives[_i](turn);
		ck_assert_uint_eq(ERR_peek_error(), 0);
		if (turn == 9)
			blocks = scarce_blocks_here();
	}
	ck_assert_int_eq(failing_made(), made);
	ck_assert_int_eq(scarce_blocks_here(), blocks);
}

/* The lock is made for all that lives. */
TEST(tls_has_a_lock_of_its_own)
{
	int made = failing_made();
	struct stay_filter *filter = filter_of((struct stay_tls_options){ 0 });

	ck_assert_int_eq(failing_made(), made + 1);
	stay_tls_free(filter);
	ck_assert_int_eq(failing_made(), made);
}

/* ---- short of memory ---- */

TEST(tls_without_memory_is_not_made)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = pem };
	struct stay_filter *filter = filter_of(options), *none = filter;
	const char *says = stay_strerror(STAY_E_NOMEM);
	enum stay_status made, adapted;
	struct stay_url *url;
	char why[256] = "", adapts[256] = "";

	EXPECT_OK(stay_url_parse(&url, "x://h?servername=x", NULL));
	scarce_arm(1);
	made = stay_tls_new(&none, &options, why, sizeof(why));
	scarce_arm(1);
	adapted =
	    filter->ops->adapt(filter, url, &none, adapts, sizeof(adapts));
	ck_assert(scarce_disarm());
	ck_assert_int_eq(made, STAY_E_NOMEM);
	ck_assert_str_eq(why, says);
	ck_assert_int_eq(adapted, STAY_E_NOMEM);
	ck_assert_str_eq(adapts, says);
	stay_url_free(url);
	stay_tls_free(filter);
}

/* One allocation after the other, till the stream is open. */
TEST(tls_stream_without_memory_is_not_opened)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });
	const struct stay_filter_ops *ops = filter->ops;
	unsigned refused = 0;
	bool failed = true;
	long blocks = 0;

	for (unsigned nth = 1; failed; nth++) {
		bool opened;

		tls_pair_begin(&pair, filter, "localhost", &server);
		ops->close(pair.state);
		memset(pair.state, 0, ops->state_size);
		scarce_arm(nth);
		opened = ops->open(pair.state, filter, "localhost", &pair.io);
		failed = scarce_disarm();
		refused += !opened;
		if (!opened) {
			ck_assert_int_eq(pair.io.status, STAY_E_NOMEM);
			ck_assert_str_eq(pair.io.why, "no memory for TLS");
			free(pair.state);
			pair.state = NULL;
		}
		ck_assert_uint_eq(ERR_peek_error(), 0);
		tls_pair_end(&pair);
		ck_assert(nth == 1 || scarce_blocks_here() == blocks);
		blocks = scarce_blocks_here();
	}
	ck_assert_uint_gt(refused, 5);
	stay_tls_free(filter);
}

/* ---- OpenSSL's queue ---- */

static void
queue_is_empty(void)
{
	ck_assert_uint_eq(ERR_peek_error(), 0);
	ERR_raise(ERR_LIB_USER, 1);
}

/* What the program has left there is not read, and gone behind each call. */
TEST(tls_leaves_no_error_of_anybody)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });
	const struct stay_filter_ops *ops = filter->ops;
	char bytes[16];

	tls_pair_begin(&pair, filter, "localhost", &server);
	ops->close(pair.state);
	stay_buf_take(&pair.out, stay_buf_len(&pair.out));
	queue_is_empty();
	ck_assert(ops->open(pair.state, filter, "localhost", &pair.io));
	queue_is_empty();
	ck_assert_int_eq(ops->secure(pair.state, &pair.io), 0);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	ck_assert_int_eq(tls_pair_shake(&pair), 1);
	queue_is_empty();
	ck_assert(ops->write(pair.state, &pair.io, "x", 1));
	queue_is_empty();
	ck_assert_int_lt(
	    ops->read(pair.state, &pair.io, bytes, sizeof(bytes)), 0);
	queue_is_empty();
	ops->shutdown(pair.state, &pair.io);
	queue_is_empty();
	tls_pair_end(&pair);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	stay_tls_free(filter);
}

/* ---- who the peer is ---- */

static const struct {
	const char *name;
	bool is_verified;
	const char *says, *asked_for; /* NULL: for no name */
} peers[] = {
	{ "localhost", true, "secure", "localhost" },
	{ "localhost.", true, "secure", "localhost" },
	{ "127.0.0.1", true, "secure", NULL },
	{ "fe80::1%lo", true, "secure", NULL },
	{ ".", true,
	    "what the peer must prove to be is no whole address: set "
	    "servername",
	    NULL },
	{ "10.1", true,
	    "what the peer must prove to be is no whole address: set "
	    "servername",
	    NULL },
	{ "10.1", false, "secure", NULL },
	{ "", false, "secure", NULL },
	{ "x", true, "the certificate is of another server than 'x'", "x" },
};

TEST_ROWS(tls_peer_is_named, 9)
{
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem,
		.verify = peers[_i].is_verified ? STAY_TLS_VERIFY
						: STAY_TLS_VERIFY_NOT });
	const char *asked_for;

	ck_assert_str_eq(shake_as(filter, peers[_i].name), peers[_i].says);
	tls_pair_begin(&pair, filter, peers[_i].name, &server);
	if (pair.state != NULL)
		(void)tls_pair_shake(&pair);
	else
		ck_assert_int_eq(pair.io.status, STAY_E_INSECURE);
	asked_for = SSL_get_servername(pair.server, TLSEXT_NAMETYPE_host_name);
	ck_assert_pstr_eq(asked_for, peers[_i].asked_for);
	tls_pair_end(&pair);
	stay_tls_free(filter);
}

/* ---- files ---- */

/* As `openssl rehash` names them. */
TEST(tls_trusts_a_folder)
{
	char folder[150], path[180];
	struct stay_filter *filter;

	snprintf(folder, sizeof(folder), "%s/life.d", tls_folder());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	filter = filter_of((struct stay_tls_options){ .ca_dir = folder });
	ck_assert_str_ne(shake_as(filter, "localhost"), "secure");
	snprintf(path, sizeof(path), "%s/%08lx.0", folder,
	    X509_subject_name_hash(cert.cert));
	ck_assert_int_eq(link(pem, path), 0);
	ck_assert_str_eq(shake_as(filter, "localhost"), "secure");
	stay_tls_free(filter);
	unlink(path);
	rmdir(folder);
}

/* A certificate and its key in one file. */
TEST(tls_takes_the_key_from_the_certificate)
{
	char bytes[8192];
	FILE *from = fopen(key, "r"), *to = fopen(pem, "a");
	size_t len = fread(bytes, 1, sizeof(bytes), from);

	ck_assert_uint_eq(fwrite(bytes, 1, len, to), len);
	fclose(from);
	fclose(to);
	stay_tls_free(filter_of((struct stay_tls_options){ .cert_file = pem }));
}

/* A change is one, however many streams come behind it. */
TEST(tls_counts_a_file_that_was_touched_once)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	struct stay_filter *filter =
	    filter_of((struct stay_tls_options){ .ca_file = pem });
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	ck_assert_int_eq(utimensat(AT_FDCWD, pem, times, 0), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(shake_as(filter, "localhost"), "secure");
	stay_tls_get_counts(filter, &counts);
	ck_assert_uint_eq(counts.reloads, 1);
	stay_tls_free(filter);
}

/* In whole sentences, also for what the system says. */
TEST_ROWS(tls_says_why_a_file_cannot_be_used, 4)
{
	const struct {
		struct stay_tls_options options;
		const char *says;
	} rows[] = {
		{ { .ca_file = "/none" },
		    "the file of authorities '/none' cannot be used: No such "
		    "file or directory" },
		{ { .ca_dir = "" },
		    "the folder of authorities '' cannot be used: invalid "
		    "directory" },
		{ { .cert_file = pem, .key_file = "/none" },
		    "the key '/none' cannot be used: No such file or "
		    "directory" },
		{ { .cert_file = pem, .key_file = key }, "the key '" },
	};
	struct stay_tls_options options = rows[_i].options;
	struct stay_filter *filter;
	char why[256];

	if (_i == 3)
		tls_id_save(&cert, me, "secret");
	options.size = sizeof(options);
	ck_assert_int_eq(
	    stay_tls_new(&filter, &options, why, sizeof(why)), STAY_E_ARG);
	ck_assert_msg(strstr(why, rows[_i].says) == why, "%s", why);
	/* a terminal was not asked, nor an empty password tried */
	ck_assert_msg(_i < 3 || strstr(why, "interrupted") != NULL, "%s", why);
	why[0] = 'x';
	ck_assert_int_eq(stay_tls_new(&filter, &options, why, 1), STAY_E_ARG);
	ck_assert_str_eq(why, "");
}

/* So long that it just fits, and longer: one name, or two. */
TEST_ROWS(tls_alpn_has_room, 4)
{
	char name[257];
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .alpn = name };
	struct stay_filter *filter;

	memset(name, 'x', sizeof(name));
	name[255 + _i % 2] = '\0';
	if (_i >= 2)
		name[250] = ',';
	ck_assert_int_eq(stay_tls_new(&filter, &options, NULL, 0),
	    _i % 2 == 0 ? STAY_OK : STAY_E_ARG);
	stay_tls_free(filter);
}

TEST_SUITE_WITH(tls_life, .before = begin, .after = end)
