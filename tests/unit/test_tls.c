/* TLS as a filter: options, tickets, files that change, and how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/stat.h>

#include "line_rig.h"
#include "suites.h"
#include "support/scarce.h"
#include "support/tls_bed.h"

static struct tls_id authority, other, cert;
static char ca[140], pem[140], key[140];

static void
save(const struct tls_id *id, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", tls_folder(), name);
	tls_id_save(id, path, NULL);
}

static void
begin(void)
{
	const struct tls_terms as = { .name = "a", .authority = true };
	const struct tls_terms usual = { .san = "DNS:localhost" };

	authority = tls_id_new(&as, NULL);
	other = tls_id_new(&as, NULL);
	cert = tls_id_new(&usual, &authority);
	save(&authority, "ca");
	save(&cert, "me");
	snprintf(ca, sizeof(ca), "%s/ca.pem", tls_folder());
	snprintf(pem, sizeof(pem), "%s/me.pem", tls_folder());
	snprintf(key, sizeof(key), "%s/me.key", tls_folder());
}

static void
end(void)
{
	tls_id_free(&authority);
	tls_id_free(&other);
	tls_id_free(&cert);
}

static struct stay_filter *
filter_new(void)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = ca };
	struct stay_filter *filter;

	EXPECT_OK(stay_tls_new(&filter, &options, NULL, 0));
	return filter;
}

static struct stay_tls_counts
counts_of(const struct stay_filter *filter)
{
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	stay_tls_get_counts(filter, &counts);
	return counts;
}

/* ---- options ---- */

TEST_ROWS(tls_options_are_checked, 10)
{
	const struct {
		struct stay_tls_options options;
		enum stay_status status;
		const char *says;
	} rows[] = {
		{ { .ca_file = "/none.pem" }, STAY_E_ARG,
		    "the file of authorities '/none.pem' cannot be used: " },
		{ { .ca_file = key }, STAY_E_ARG, "the file of authorities" },
		{ { .cert_file = "/none.pem" }, STAY_E_ARG,
		    "the certificate '/none.pem' cannot be used: " },
		{ { .cert_file = pem }, STAY_E_ARG, "the key '" },
		{ { .cert_file = pem, .key_file = "/none" }, STAY_E_ARG,
		    "the key '/none' cannot be used: " },
		{ { .key_file = key }, STAY_E_ARG,
		    "there is a key, and no certificate" },
		{ { .cert_file = ca, .key_file = key }, STAY_E_ARG,
		    "the key '" },
		{ { .alpn = "redis,,x" }, STAY_E_ARG,
		    "alpn has a name that is empty or too long" },
		{ { .verify = (enum stay_tls_verify)7 }, STAY_E_ARG,
		    "an argument is missing or out of range" },
		{ { .size = 100000 }, STAY_E_ABI, "a table or options" },
	};
	struct stay_tls_options options = rows[_i].options;
	struct stay_filter *filter = (struct stay_filter *)&options;
	struct stay_loop *loop = stay_loop_new(sim_world_new(1));
	char why[256] = "";

	if (options.size == 0)
		options.size = sizeof(options);
	ck_assert_int_eq(
	    stay_tls_new(&filter, &options, why, sizeof(why)), rows[_i].status);
	ck_assert_ptr_null(filter);
	ck_assert_msg(strstr(why, rows[_i].says) == why, "%s", why);
	ck_assert_int_eq(stay_tls_add(loop, &options), rows[_i].status);
	ck_assert_str_eq(stay_loop_rejection(loop), why);
	ck_assert_uint_eq(ERR_peek_error(), 0);
	EXPECT_OK(stay_loop_free(loop));
}

/* A client that has none of its own uses it. */
TEST(tls_is_added_to_a_loop)
{
	static struct line_rig rig;
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = ca };

	line_prepare(&rig);
	rig.url = "lines://10.0.0.1:7777?servername=localhost";
	EXPECT_OK(stay_tls_add(rig.loop, &options));
	line_start(&rig, NULL);
	ck_assert_str_eq(stay_loop_rejection(rig.loop), "");
	line_end(&rig);
}

/* Nobody is asked for a password. */
TEST(tls_key_that_is_encrypted_is_rejected)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .cert_file = pem,
		.key_file = key };
	struct stay_filter *filter;
	char path[128];

	snprintf(path, sizeof(path), "%s/me", tls_folder());
	tls_id_save(&cert, path, "secret");
	ck_assert_int_eq(stay_tls_new(&filter, &options, NULL, 0), STAY_E_ARG);
}

/* A setting makes a filter of its own, be it a letter. */
TEST_ROWS(tls_url_is_read, 7)
{
	static const struct {
		const char *query;
		bool own;
		enum stay_status status;
	} rows[] = {
		{ "", false, STAY_OK },
		{ "alpn=x&db=1", false, STAY_OK },
		{ "servername=x", true, STAY_OK },
		{ "servername=", false, STAY_OK },
		{ "db=1&servername=x&servername=y", true, STAY_OK },
		{ "cert=x", false, STAY_E_URL },
		{ "cadir=x&key=x", false, STAY_E_URL },
	};
	struct stay_filter *filter = filter_new(), *adapted = NULL;
	struct stay_url *url;
	char text[64], why[256];

	snprintf(text, sizeof(text), "x://h?%s", rows[_i].query);
	EXPECT_OK(stay_url_parse(&url, text, NULL));
	ck_assert_int_eq(filter->ops->adapt(filter, url, &adapted, why, 256),
	    rows[_i].status);
	ck_assert((adapted != NULL && adapted != filter) == rows[_i].own);
	if (rows[_i].status == STAY_OK)
		stay_tls_free(adapted);
	stay_url_free(url);
	stay_tls_free(filter);
}

TEST(tls_url_takes_precedence)
{
	struct stay_filter *filter = filter_new(), *adapted;
	struct stay_url *url;
	char text[512], why[256];

	snprintf(text, sizeof(text),
	    "x://h?cert=%s&key=%s&servername=localhost", pem, key);
	EXPECT_OK(stay_url_parse(&url, text, NULL));
	EXPECT_OK(filter->ops->adapt(filter, url, &adapted, why, 256));
	ck_assert_ptr_ne(filter, adapted);
	stay_tls_free(adapted);
	stay_url_free(url);
	EXPECT_OK(stay_url_parse(&url, "x://h?cafile=/none", NULL));
	ck_assert_int_eq(
	    filter->ops->adapt(filter, url, &adapted, why, 256), STAY_E_URL);
	ck_assert_ptr_eq(strstr(why, "the file of authorities '/none'"), why);
	stay_url_free(url);
	EXPECT_OK(stay_url_parse(&url, "x://h?db=1", NULL));
	EXPECT_OK(filter->ops->adapt(filter, url, &adapted, why, 256));
	ck_assert_ptr_eq(filter, adapted);
	stay_tls_free(adapted);
	stay_url_free(url);
	stay_tls_free(filter);
}

/* ---- one stream after the other ---- */

static struct tls_server usual_server;
static struct tls_pair pair;

static int
shake_as(struct stay_filter *filter, const char *name)
{
	int result;

	usual_server = (struct tls_server){ .id = &cert, .says = "hello" };
	tls_pair_begin(&pair, filter, name, &usual_server);
	ck_assert_ptr_nonnull(pair.state);
	result = tls_pair_shake(&pair);
	if (result == 1)
		ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	return result;
}

static int
shake(struct stay_filter *filter)
{
	return shake_as(filter, "localhost");
}

static void
hang_up(void)
{
	tls_pair_end(&pair);
}

static void
forget_server(void)
{
	SSL_CTX_free(pair.context);
	pair.context = NULL;
}

TEST(tls_resumes_by_ticket)
{
	struct stay_filter *filter = filter_new();
	struct stay_tls_counts counts,
	    older = { .size = offsetof(struct stay_tls_counts, failed) };

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(shake(filter), 1);
		hang_up();
	}
	counts = counts_of(filter);
	older.failed = 7;
	stay_tls_get_counts(filter, &older);
	ck_assert_uint_eq(older.resumed, 2);
	ck_assert_uint_eq(older.failed, 7);
	ck_assert_uint_eq(counts.handshakes, 3);
	ck_assert_uint_eq(counts.resumed, 2);
	ck_assert_uint_eq(counts.failed, 0);
	forget_server();
	stay_tls_free(filter);
}

/* The server, or who is between, may end what begins with a ticket; also without a word
 * that comes to the filter. */
TEST_ROWS(tls_resumes_by_no_ticket_that_has_failed, 2)
{
	struct stay_filter *filter = filter_new();

	ck_assert_int_eq(shake(filter), 1);
	hang_up();
	tls_pair_begin(&pair, filter, "localhost", &usual_server);
	ck_assert_int_eq(
	    tls_pair_hand(&pair, "", 0, _i == 0), _i == 0 ? -1 : 0);
	hang_up();
	ck_assert_uint_eq(counts_of(filter).failed, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(shake(filter), 1);
		hang_up();
		ck_assert_uint_eq(counts_of(filter).resumed, (unsigned)i);
	}
	ck_assert_uint_eq(counts_of(filter).failed, 1);
	forget_server();
	stay_tls_free(filter);
}

/* Whether the stream to that server, number `i`, is resumed. */
static bool
resumes(struct stay_filter *filter, int i)
{
	uint64_t before = counts_of(filter).resumed;
	char name[32];

	snprintf(name, sizeof(name), "server%d", i);
	ck_assert_int_eq(shake_as(filter, name), 1);
	hang_up();
	return counts_of(filter).resumed > before;
}

/* Each server has its own; the one that was heard of least recently goes. */
TEST(tls_has_tickets_of_64_servers)
{
	struct stay_tls_options options = { STAY_TLS_OPTIONS,
		.verify = STAY_TLS_VERIFY_NOT };
	struct stay_filter *filter;

	EXPECT_OK(stay_tls_new(&filter, &options, NULL, 0));
	for (int i = 0; i < 64; i++)
		ck_assert(!resumes(filter, i));
	ck_assert(resumes(filter, 0));
	ck_assert(!resumes(filter, 64));
	ck_assert(resumes(filter, 0));
	ck_assert(resumes(filter, 63));
	ck_assert(resumes(filter, 2));
	ck_assert(!resumes(filter, 1));
	/* and the one whose stream has failed, alone */
	tls_pair_begin(&pair, filter, "a stranger", &usual_server);
	ck_assert_int_eq(tls_pair_hand(&pair, "", 0, true), -1);
	hang_up();
	ck_assert(resumes(filter, 4));
	ck_assert(resumes(filter, 0));
	forget_server();
	stay_tls_free(filter);
}

/* Save it in a file of so many bytes. */
static void
save_padded(const struct tls_id *id, const char *name, long size)
{
	char path[140];
	FILE *file;

	save(id, name);
	snprintf(path, sizeof(path), "%s/%s.pem", tls_folder(), name);
	file = fopen(path, "a");
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	while (ftell(file) < size)
		fputc('\n', file);
	fclose(file);
}

static void
set_time(const struct stat *as)
{
	const struct timespec times[2] = { as->st_mtim, as->st_mtim };

	ck_assert_int_eq(utimensat(AT_FDCWD, ca, times, 0), 0);
}

/* As `cp -p` may leave them: written over, with another size; or moved there, with the
 * same. */
TEST(tls_reads_files_anew_that_keep_their_time)
{
	struct stay_filter *filter;
	struct stat first;
	char path[140];

	save_padded(&authority, "ca", 8000);
	ck_assert_int_eq(stat(ca, &first), 0);
	filter = filter_new();
	save_padded(&other, "ca", 9000);
	set_time(&first);
	ck_assert_int_eq(shake(filter), -1);
	ck_assert_uint_eq(counts_of(filter).reloads, 1);
	hang_up();
	save_padded(&authority, "new", 9000);
	snprintf(path, sizeof(path), "%s/new.pem", tls_folder());
	ck_assert_int_eq(rename(path, ca), 0);
	set_time(&first);
	ck_assert_int_eq(shake(filter), 1);
	ck_assert_uint_eq(counts_of(filter).reloads, 2);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

/* Another authority: who was trusted is not any more, ticket or not. Then again. */
TEST(tls_reads_changed_files_anew)
{
	struct stay_filter *filter = filter_new();
	FILE *file;

	ck_assert_int_eq(shake(filter), 1);
	hang_up();
	save(&other, "ca");
	ck_assert_int_eq(shake(filter), -1);
	hang_up();
	file = fopen(ca, "w");
	fputs("half a fi", file);
	fclose(file);
	ck_assert_int_eq(shake(filter), -1);
	hang_up();
	ck_assert_uint_eq(counts_of(filter).reload_failures, 1);
	save(&authority, "ca");
	ck_assert_int_eq(shake(filter), 1);
	hang_up();
	ck_assert_uint_eq(counts_of(filter).reloads, 2);
	ck_assert_uint_eq(counts_of(filter).resumed, 0);
	ck_assert_uint_eq(counts_of(filter).failed, 2);
	forget_server();
	stay_tls_free(filter);
}

/* A ticket that comes to a stream of before vouches for nothing. */
TEST(tls_resumes_by_no_ticket_of_old_files)
{
	struct stay_filter *filter = filter_new();
	struct tls_pair next = { 0 };

	usual_server = (struct tls_server){ .id = &cert };
	tls_pair_begin(&pair, filter, "localhost", &usual_server);
	ck_assert_int_eq(tls_pair_shake(&pair), 1);
	save(&other, "ca");
	tls_pair_begin(&next, filter, "localhost", &usual_server);
	tls_pair_end(&next);
	SSL_CTX_free(next.context);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	hang_up();
	ck_assert_int_eq(shake(filter), -1);
	ck_assert_uint_eq(counts_of(filter).resumed, 0);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

/* What a URL makes of a filter verifies as that does, and is counted there. */
TEST_ROWS(tls_url_makes_no_other_of_it, 2)
{
	static const enum stay_tls_verify rows[] = { STAY_TLS_VERIFY,
		STAY_TLS_VERIFY_NOT };
	struct stay_tls_options options = { STAY_TLS_OPTIONS,
		.verify = rows[_i] };
	struct stay_filter *filter, *adapted;
	struct stay_url *url;
	char why[256];

	save(&other, "ca");
	options.ca_file = ca;
	EXPECT_OK(stay_tls_new(&filter, &options, NULL, 0));
	EXPECT_OK(stay_url_parse(&url, "x://h?servername=localhost", NULL));
	EXPECT_OK(filter->ops->adapt(filter, url, &adapted, why, 256));
	ck_assert_int_eq(shake_as(adapted, "h"), _i == 0 ? -1 : 1);
	hang_up();
	ck_assert_uint_eq(counts_of(filter).failed, _i == 0);
	ck_assert_uint_eq(counts_of(filter).handshakes, _i == 1);
	forget_server();
	stay_url_free(url);
	stay_tls_free(adapted);
	stay_tls_free(filter);
}

/* ---- inside of a stream ---- */

TEST(tls_updates_its_keys)
{
	struct stay_filter *filter = filter_new();

	ck_assert_int_eq(shake(filter), 1);
	ck_assert_int_eq(
	    SSL_key_update(pair.server, SSL_KEY_UPDATE_REQUESTED), 1);
	SSL_write(pair.server, "more", 4);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	ck_assert_mem_eq(pair.got, "hellomore", 9);
	ck_assert(filter->ops->write(pair.state, &pair.io, "x", 1));
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	ck_assert_uint_eq(pair.heard, 1);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

/* Who wants to shake hands again is told that nobody does, in an alert. */
TEST(tls_shakes_hands_once)
{
	struct stay_filter *filter = filter_new();

	usual_server =
	    (struct tls_server){ .id = &cert, .max = TLS1_2_VERSION };
	tls_pair_begin(&pair, filter, "localhost", &usual_server);
	ck_assert_int_eq(tls_pair_shake(&pair), 1);
	ck_assert_int_eq(SSL_renegotiate(pair.server), 1);
	(void)SSL_do_handshake(pair.server);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	ck_assert_int_eq(stay_buf_bytes(&pair.out).data[0], SSL3_RT_ALERT);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

TEST(tls_tells_an_end_from_a_cut)
{
	struct stay_filter *filter = filter_new();

	ck_assert_int_eq(shake(filter), 1);
	filter->ops->shutdown(pair.state, &pair.io);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	ck_assert_int_eq(SSL_get_shutdown(pair.server) & SSL_RECEIVED_SHUTDOWN,
	    SSL_RECEIVED_SHUTDOWN);
	SSL_write(pair.server, "late", 4);
	SSL_shutdown(pair.server);
	ck_assert_int_eq((int)tls_pair_read(&pair), 0);
	ck_assert_mem_eq(pair.got, "hellolate", 9);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

static int
make_large(SSL *ssl, void *arg)
{
	static const char large[1000];

	(void)arg;
	return SSL_SESSION_set1_ticket_appdata(
	    SSL_get_session(ssl), large, sizeof(large));
}

/* How many bytes the server has sent: more than one record, of a ticket. */
static size_t
begin_ticket(struct stay_filter *filter)
{
	usual_server = (struct tls_server){ .id = &cert };
	tls_pair_begin(&pair, filter, "localhost", &usual_server);
	SSL_CTX_set_session_ticket_cb(pair.context, make_large, NULL, NULL);
	ck_assert_int_eq(SSL_set_max_send_fragment(pair.server, 512), 1);
	ck_assert_int_eq(tls_pair_shake(&pair), 1);
	return (size_t)BIO_read(
	    SSL_get_wbio(pair.server), pair.room, sizeof(pair.room));
}

static ssize_t
read_sealed(const char *from, const char *to)
{
	char bytes[16];

	pair.io.in = (struct stay_bytes){ from, (size_t)(to - from) };
	return pair.filter->ops->read(
	    pair.state, &pair.io, bytes, sizeof(bytes));
}

static bool
write_opened(const char *bytes, size_t len)
{
	return pair.filter->ops->write(pair.state, &pair.io, bytes, len);
}

static size_t
record_len(const char *record)
{
	return stay_bytes_u16(record + 3) + 5u;
}

/* A ticket that is cut into records comes in two pieces; what is written between them
 * is sent behind them. */
TEST(tls_writes_while_a_ticket_comes)
{
	static char bytes[STAY_FILTER_RECORD_MAX];
	struct stay_filter *filter = filter_new();
	const char *end = pair.room + begin_ticket(filter);
	const char *cut = pair.room + record_len(pair.room);

	ck_assert_int_eq((int)read_sealed(pair.room, cut), -EAGAIN);
	for (int i = 0; i < 16; i++)
		ck_assert(write_opened(bytes, sizeof(bytes)));
	ck_assert(!write_opened(bytes, 1));
	ck_assert_int_eq(pair.io.status, STAY_E_PROTOCOL);
	ck_assert_uint_eq(stay_buf_len(&pair.out), 0);
	ck_assert_int_eq((int)read_sealed(cut, end), -EAGAIN);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	ck_assert_uint_eq(pair.heard, 16 * sizeof(bytes));
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

/* In order, be it that a write finds the rest. Or it ends before, and leaves nothing. */
TEST_ROWS(tls_writes_in_order_while_a_ticket_comes, 2)
{
	struct stay_filter *filter = filter_new();
	long blocks[2];

	for (int i = 0; i < 4; i++) {
		const char *end = pair.room + begin_ticket(filter);
		const char *cut = pair.room + record_len(pair.room);

		ck_assert_int_eq((int)read_sealed(pair.room, cut), -EAGAIN);
		ck_assert(write_opened("a", 1));
		if (_i == 0) {
			pair.io.in =
			    (struct stay_bytes){ cut, (size_t)(end - cut) };
			ck_assert(write_opened("bbb", 3));
			end = stay_buf_bytes(&pair.out).data;
			ck_assert_uint_eq(record_len(end) + 2,
			    record_len(end + record_len(end)));
		}
		hang_up();
		blocks[i % 2] = scarce_blocks_here();
	}
	ck_assert_int_eq(blocks[0], blocks[1]);
	forget_server();
	stay_tls_free(filter);
}

/* One record is one record: nobody can read a part of it. */
TEST(tls_seals_as_one_record)
{
	static char bytes[STAY_FILTER_RECORD_MAX];
	struct stay_filter *filter = filter_new();
	struct stay_bytes out;

	ck_assert_int_eq(shake(filter), 1);
	stay_buf_take(&pair.out, stay_buf_len(&pair.out));
	ck_assert(
	    filter->ops->write(pair.state, &pair.io, bytes, sizeof(bytes)));
	out = stay_buf_bytes(&pair.out);
	ck_assert_int_eq(out.data[0], 23);
	ck_assert_uint_eq(stay_bytes_u16(out.data + 3) + 5u, out.len);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

/* What the program has left in OpenSSL's queue is no error of ours. */
TEST(tls_minds_no_old_errors)
{
	struct stay_filter *filter = filter_new();

	ERR_raise(ERR_LIB_USER, 1);
	ck_assert_int_eq(shake(filter), 1);
	ERR_raise(ERR_LIB_USER, 1);
	ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
	hang_up();
	forget_server();
	stay_tls_free(filter);
}

TEST_SUITE_WITH(tls, .before = begin, .after = end)
