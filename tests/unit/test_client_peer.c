/* The server that a session has, as a URL for a second connection to it. */
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/line_rig.h"
#include "support/scarce.h"

static struct line_rig rig;

static const char *
peer(void)
{
	static char url[128];
	int len = stay_session_peer(
	    stay_client_session(rig.client), url, sizeof(url));

	ck_assert_uint_eq((size_t)len, strlen(url));
	return url;
}

static const struct {
	const char *host; /* where the server is */
	int port;
	const char *url; /* what is dialled */
	const char *peer;
} places[] = {
	{ LINE_HOST, 7777, LINE_URL, LINE_URL },
	{ LINE_HOST, 7777, "line://10.0.0.1", LINE_URL },
	{ LINE_HOST, 7777, "tcp://10.0.0.1:7777", "tcp://10.0.0.1:7777" },
	{ LINE_HOST, 7777, "line://me:secret@db/a%20b?key=a%26b",
	    "line://10.0.0.1:7777/a%20b?key=a%26b" },
	{ "fd00::7", 7777, "line://[fd00::7]", "line://[fd00::7]:7777" },
	{ "fe80::1", 7777, "line://[fe80::1%252]",
	    "line://[fe80::1%252]:7777" },
	{ "/run/line.sock", 0, "line+unix://me:secret@/run/line.sock?x",
	    "line+unix:///run/line.sock?x" },
};

TEST_ROWS(peer_is_the_address_that_was_reached, LEN(places))
{
	line_prepare(&rig);
	sim_name_set(rig.world, "db", "10.0.0.9 10.0.0.1", 0, 0);
	if (places[_i].port == 0 || places[_i].host[0] == 'f')
		peer_listen(
		    &rig.server, rig.world, places[_i].host, places[_i].port);
	rig.url = places[_i].url;
	line_start(&rig, NULL);
	line_run(&rig, 1000);
	ck_assert_str_eq(peer(), places[_i].peer);
	line_end(&rig);
}

TEST(peer_is_cut_and_its_length_is_told)
{
	static const char most[] = LINE_URL "?k";
	static const char *const cut[] = { "xxxx", "", "l", "line://10.0.0.1",
		most };
	static const size_t rooms[] = { 0, 1, 2, 16, sizeof(LINE_URL) + 2 };
	char url[64];

	line_prepare(&rig);
	rig.url = LINE_URL "?key=value";
	line_start(&rig, NULL);
	line_run(&rig, 10);
	for (size_t i = 0; i < 5; i++) {
		memset(url, 'x', sizeof(url));
		url[4] = '\0';
		ck_assert_int_eq(
		    stay_session_peer(
			stay_client_session(rig.client), url, rooms[i]),
		    (int)strlen(LINE_URL "?key=value"));
		ck_assert_str_eq(url, cut[i]);
		ck_assert_int_eq(url[rooms[i] == 0 ? 5 : rooms[i]], 'x');
	}
}

static const struct stay_session *last;
static char seen[64];

static void
on_down(struct stay_session *session)
{
	last = session;
	(void)stay_session_peer(session, seen, sizeof(seen));
}

/* Also not while the next place is dialled. */
TEST(peer_of_no_stream_is_nobody)
{
	char url[8] = "before";

	line_prepare(&rig);
	rig.config.on_down = on_down;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	sim_unlisten(rig.world, LINE_HOST, LINE_PORT);
	sim_peer_reset(rig.peer);
	line_run(&rig, 10);
	ck_assert_str_eq(seen, "");
	ck_assert_int_eq(stay_session_peer(last, url, sizeof(url)), 0);
	ck_assert_str_eq(url, "");
}

/* Whatever found no memory while it was dialled: it is the peer, or nobody. */
TEST(peer_whose_address_found_no_memory_is_nobody)
{
	const struct stay_session *session;
	unsigned nobody = 0, nth = 0;
	char url[64];
	bool failed;

	do {
		line_prepare(&rig);
		line_start(&rig, NULL);
		scarce_arm(++nth);
		sim_run_ms(rig.world, 10);
		failed = scarce_disarm();
		session = stay_client_session(rig.client);
		if (session != NULL &&
		    stay_session_peer(session, url, sizeof(url)) == 0)
			nobody++;
		else if (session != NULL)
			ck_assert_str_eq(url, LINE_URL);
		line_end(&rig);
	} while (failed);
	ck_assert_uint_eq(nobody, 1);
}

/* They can be used once. */
TEST(peer_of_descriptors_has_no_url)
{
	char url[32];

	line_prepare(&rig);
	snprintf(
	    url, sizeof(url), "fd:%d", peer_adopted(&rig.server, rig.world));
	rig.url = url;
	line_start(&rig, NULL);
	line_run(&rig, 10);
	ck_assert_str_eq(peer(), "");
}

/* As a front cancels: a second connection, with another protocol, to this server. */
TEST(peer_is_dialled_by_another_client)
{
	struct stay_protocol cancel = line_bare_protocol;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &rig.config };
	struct stay_client *second;

	cancel.port = "1";
	line_prepare(&rig);
	sim_name_set(rig.world, "db", "10.0.0.9 10.0.0.1", 0, 0);
	rig.url = "line://db";
	line_start(&rig, NULL);
	line_run(&rig, 1000);
	ck_assert_uint_eq(rig.server.accepted, 1);
	EXPECT_OK(
	    stay_client_start(&second, rig.loop, &cancel, peer(), &options));
	line_run(&rig, 10);
	ck_assert_uint_eq(rig.server.accepted, 2);
	stay_client_stop(second, STAY_OK);
	line_run(&rig, 1000);
}

TEST_SUITE_WITH(client_peer, .after = line_after)
