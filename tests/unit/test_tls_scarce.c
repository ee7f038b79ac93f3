/*
 * TLS in a system that is short of memory, of which OpenSSL has its share: its
 * allocations go through the tests' own hands, and one of them fails.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "suites.h"
#include "support/expect.h"
#include "support/scarce.h"
#include "support/tls_bed.h"

#define ROWS   4
#define STRIDE 53 /* between two that fail */

static struct tls_id cert;
static struct tls_server server;
static struct tls_pair pair;
static struct stay_filter *filter;
static bool is_counted;

/* ---- OpenSSL's memory ---- */

static void *
take(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void *
change(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(old, size);
}

static void
give(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

/* Before anybody has used it. */
__attribute__((constructor)) static void
count_memory(void)
{
	is_counted = CRYPTO_set_mem_functions(take, change, give) == 1;
}

/* ---- the streams ---- */

static void
begin(void)
{
	const struct tls_terms terms = { .san = "DNS:localhost,IP:127.0.0.1" };
	char path[140];
	struct stay_tls_options options = { STAY_TLS_OPTIONS, .ca_file = path };

	cert = tls_id_new(&terms, NULL);
	snprintf(path, sizeof(path), "%s/scarce", tls_folder());
	tls_id_save(&cert, path, NULL);
	strcat(path, ".pem");
	server = (struct tls_server){ .id = &cert };
	pair = (struct tls_pair){ 0 };
	EXPECT_OK(stay_tls_new(&filter, &options, NULL, 0));
}

static void
end(void)
{
	SSL_CTX_free(pair.context);
	stay_tls_free(filter);
	tls_id_free(&cert);
}

/* The server's share is spared. */
static void
to_server(unsigned char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	sim_sparing = 1;
}

static void
to_client(unsigned char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	sim_sparing = 0;
}

/* Opened and secured, with the `nth` allocation of the filter failing; 0: none. */
static int
shake(unsigned nth, bool *struck)
{
	const struct stay_filter_ops *ops = filter->ops;
	int result = -1;

	tls_pair_begin(&pair, filter, "127.0.0.1", &server);
	ops->close(pair.state);
	stay_buf_take(&pair.out, stay_buf_len(&pair.out));
	memset(pair.state, 0, ops->state_size);
	pair.to_server = to_server;
	pair.to_client = to_client;
	scarce_arm(nth);
	if (ops->open(pair.state, filter, "127.0.0.1", &pair.io)) {
		result = tls_pair_shake(&pair);
	} else {
		free(pair.state);
		pair.state = NULL;
	}
	sim_sparing = 0;
	*struck = scarce_disarm();
	return result;
}

/* Whatever fails is told as what it is, but for what OpenSSL keeps to itself; and the
 * next stream is secured. */
TEST_ROWS(tls_scarce_memory_is_no_insecurity, ROWS)
{
	unsigned failed = 0, insecure = 0, nth = 1 + (unsigned)_i * 13;
	bool struck = true, again;

	ck_assert(is_counted);
	for (; struck; nth += STRIDE) {
		if (shake(nth, &struck) < 0) {
			failed++;
			insecure += pair.io.status == STAY_E_INSECURE;
			EXPECT(pair.io.why[0] != '\0');
			EXPECT(pair.io.status != STAY_OK);
			EXPECT(pair.io.status != STAY_E_CLOSED);
		}
		tls_pair_end(&pair);
		ck_assert_int_eq(shake(0, &again), 1);
		tls_pair_end(&pair);
	}
	ck_assert_uint_gt(failed, 10);
	ck_assert_uint_le(insecure * 5, failed);
}

/* Whatever of it fails, there is a filter that works, or none. */
TEST_ROWS(tls_scarce_is_made_whole, 8)
{
	char path[140];
	const struct stay_tls_options options = { STAY_TLS_OPTIONS,
		.ca_file = path };
	enum stay_status status;
	bool struck;

	snprintf(path, sizeof(path), "%s/scarce.pem", tls_folder());
	stay_tls_free(filter);
	scarce_arm((unsigned)_i + 1);
	status = stay_tls_new(&filter, &options, NULL, 0);
	ck_assert(scarce_disarm());
	ck_assert_uint_eq(ERR_peek_error(), 0);
	if (status != STAY_OK) {
		ck_assert_ptr_null(filter);
		EXPECT_OK(stay_tls_new(&filter, &options, NULL, 0));
	}
	ck_assert_int_eq(shake(0, &struck), 1);
	tls_pair_end(&pair);
}

/* It is sealed, or it fails: nothing waits for memory. */
TEST(tls_scarce_is_sealed_at_once)
{
	bool struck = true, again, sealed;

	for (unsigned nth = 1; struck; nth++) {
		ck_assert_int_eq(shake(0, &again), 1);
		(void)tls_pair_read(&pair);
		scarce_arm(nth);
		sealed = filter->ops->write(pair.state, &pair.io, "x", 1);
		struck = scarce_disarm();
		ck_assert_int_eq(
		    pair.io.status, sealed ? STAY_OK : STAY_E_NOMEM);
		(void)tls_pair_read(&pair);
		ck_assert_uint_eq(pair.heard, sealed);
		tls_pair_end(&pair);
	}
}

/* There is no room for what the stream has to send. */
TEST(tls_scarce_room_is_no_end)
{
	bool struck;

	ck_assert_int_eq(shake(0, &struck), 1);
	sim_sparing = 0;
	stay_buf_fini(&pair.out);
	stay_buf_init(&pair.out, 1);
	EXPECT(!filter->ops->write(pair.state, &pair.io, "hello", 5));
	ck_assert_int_eq(pair.io.status, STAY_E_NOMEM);
	ck_assert_str_eq(pair.io.why, "no memory for TLS");
	tls_pair_end(&pair);
}

/* A failure makes the next stream begin from the files: with no ticket of anybody, and
 * without a change having been seen. */
TEST(tls_scarce_doubts_what_has_failed)
{
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };
	bool struck;

	for (int i = 0; i < 4; i++) {
		if (i == 2) {
			tls_pair_begin(&pair, filter, "localhost", &server);
			ck_assert_int_eq(
			    tls_pair_hand(&pair, "-ERR\r\n", 6, false), -1);
			tls_pair_end(&pair);
		}
		ck_assert_int_eq(shake(0, &struck), 1);
		ck_assert_int_eq((int)tls_pair_read(&pair), -EAGAIN);
		tls_pair_end(&pair);
	}
	stay_tls_get_counts(filter, &counts);
	ck_assert_uint_eq(counts.resumed, 2);
	ck_assert_uint_eq(counts.reloads, 0);
	ck_assert_uint_eq(counts.reload_failures, 0);
}

TEST_SUITE_WITH(tls_scarce, .before = begin, .after = end)
