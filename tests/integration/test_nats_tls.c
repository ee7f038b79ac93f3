/*
 * NATS (examples/adapters/) behind TLS, which begins in the middle of the greeting:
 * whoever wants it gets it or nothing, and the server dies meanwhile.
 */
#include <stay/tls.h>
#include <stdio.h>

#include "suites.h"
#include "support/nats_bed.h"
#include "support/tls_bed.h"

#define PATIENCE_S 20.

static struct stay_filter *filter;
static struct nats_told told;

static void
make_files(void)
{
	const struct tls_terms as = { .name = "a", .authority = true };
	const struct tls_terms usual = { .san = "IP:127.0.0.1" };
	struct tls_id authority = tls_id_new(&as, NULL);
	struct tls_id me = tls_id_new(&usual, &authority);
	char path[128];

	snprintf(path, sizeof(path), "%s/ca", tls_folder());
	tls_id_save(&authority, path, NULL);
	snprintf(path, sizeof(path), "%s/me", tls_folder());
	tls_id_save(&me, path, NULL);
	tls_id_free(&me);
	tls_id_free(&authority);
}

static void
begin(void)
{
	make_files();
	EXPECT_OK(stay_tls_new(&filter, NULL, NULL, 0));
	nats_bed_open();
}

static void
end(void)
{
	nats_bed_close();
	stay_tls_free(filter);
}

static void
say(struct stay_client *client)
{
	nats_submit(client, "a", "b", false, &told);
	rig_until(&rig, nats_is_told, &told, PATIENCE_S);
}

static const struct {
	bool server; /* wants TLS */
	bool client;
	bool filter;
	bool trusts;
	enum stay_status status;
	const char *why;
} rows[] = {
	{ true, false, true, true, STAY_OK, "" },
	{ true, true, true, true, STAY_OK, "" },
	{ false, false, true, true, STAY_OK, "" },
	{ false, true, true, true, STAY_E_DENIED, "the server has no TLS" },
	{ true, false, false, true, STAY_E_INSECURE, "filter" },
	{ true, false, true, false, STAY_E_INSECURE, "certificate" },
};

static struct stay_client *
start(int row)
{
	static struct nats_config config;
	const struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config, .filter = rows[row].filter ? filter : NULL };
	struct stay_client *client;
	char text[512];

	config =
	    (struct nats_config){ .verbose = true, .secure = rows[row].client };
	snprintf(text, sizeof(text),
	    rows[row].server
		? "tls { cert_file: \"%s/me.pem\", key_file: \"%s/me.key\" }"
		: "# %s %s",
	    tls_folder(), tls_folder());
	nats_configure(&nats, text);
	peer_kill(&nats.peer);
	nats_start(&nats);
	snprintf(text, sizeof(text), "%s?cafile=%s/%s.pem", nats.url,
	    tls_folder(), rows[row].trusts ? "ca" : "me");
	EXPECT_OK(stay_client_start(
	    &client, rig.loop, &nats_protocol, text, &options));
	return client;
}

TEST_ROWS(nats_tls_behind_info, 6)
{
	struct stay_client *client = start(_i);
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	say(client);
	ck_assert_msg(told.status == rows[_i].status, "%s", told.why);
	EXPECT_IN(told.why, rows[_i].why);
	stay_tls_get_counts(filter, &counts);
	ck_assert_uint_eq(counts.handshakes,
	    rows[_i].status == STAY_OK && rows[_i].server ? 1 : 0);
}

static uint64_t number;

static bool
is_later(void *client)
{
	return stay_client_session_number(client) > number;
}

/* Each session is secured anew. */
TEST(nats_tls_comes_back)
{
	struct stay_client *client = start(1);
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	for (int i = 0; i < 3; i++) {
		say(client);
		ck_assert_msg(told.status == STAY_OK, "%s", told.why);
		number = stay_client_session_number(client);
		peer_kill(&nats.peer);
		nats_start(&nats);
		rig_until(&rig, is_later, client, PATIENCE_S);
	}
	stay_tls_get_counts(filter, &counts);
	ck_assert_uint_eq(counts.handshakes, 4);
}

TEST_SUITE_WITH(nats_tls, .before = begin, .after = end, .seconds = 60)
