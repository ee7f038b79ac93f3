/*
 * NATS (examples/adapters/) against a real server: what it acknowledges, refuses and
 * takes away, who is let in, and how it goes away.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "suites.h"
#include "support/free_port.h"
#include "support/nats_bed.h"

#define PATIENCE_S 20.
#define TOLD(told, status_, outcome_)                                          \
	do {                                                                   \
		struct nats_told is = (told);                                  \
                                                                               \
		ck_assert_msg(is.status == (status_), "%s", is.why);           \
		ck_assert_int_eq(is.outcome, (outcome_));                      \
	} while (0)

static const struct nats_config verbose = { .verbose = true };
static const struct stay_client_options talkative = { STAY_CLIENT_OPTIONS,
	.config = &verbose };

/* What subscriptions are told: "on a;a 1;lost a;". */
static char notes[4096];

static void
note(const char *what, const char *who, size_t len)
{
	size_t at = strlen(notes);

	snprintf(notes + at, sizeof(notes) - at, "%s%s%.*s;", what,
	    what[0] != '\0' ? " " : "", (int)len, who);
}

static void
on_message(
    struct nats_subscription *subscription, const struct nats_message *message)
{
	note(
	    subscription->subject, message->payload.data, message->payload.len);
}

static void
on_notice(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	static const char *const names[] = { "on", "lost", "ended" };

	note(names[notice], subscription->subject,
	    strlen(subscription->subject));
	if (notice == NATS_ENDED)
		note("", words.data, words.len);
}

static bool
is_noted(void *text)
{
	return strstr(notes, text) != NULL;
}

static void
await(const char *text)
{
	rig_until(&rig, is_noted, (void *)(uintptr_t)text, PATIENCE_S);
}

/* One more subscription, which outlives its client. */
static struct nats_subscription pool[8];
static int pooled;

static struct nats_subscription *
of(const char *subject)
{
	pool[pooled] =
	    (struct nats_subscription){ subject, NULL, on_message, on_notice };
	return &pool[pooled++];
}

static void
open_bed(void)
{
	notes[0] = '\0';
	pooled = 0;
	nats_bed_open();
}

/* ---- messages ---- */

TEST(nats_message_is_sent_or_acknowledged)
{
	struct stay_client *quiet = nats_client(&nats, "", NULL);
	struct stay_client *loud = nats_client(&nats, "", &talkative);
	struct nats_subscription *all = of("news.*");

	EXPECT_OK(nats_subscribe(quiet, all));
	await("on news.*;");
	TOLD(nats_say(quiet, "news.1", "a"), STAY_OK, STAY_SENT);
	await("news.* a;");
	TOLD(nats_say(loud, "news.2", "b"), STAY_OK, STAY_REPLIED);
	TOLD(nats_say(loud, "olds.1", "no"), STAY_OK, STAY_REPLIED);
	TOLD(nats_say(loud, "news.3", ""), STAY_OK, STAY_REPLIED);
	await("news.* ;");
	ck_assert_str_eq(notes, "on news.*;news.* a;news.* b;news.* ;");
	nats_unsubscribe(quiet, all);
	TOLD(nats_say(loud, "news.4", "c"), STAY_OK, STAY_REPLIED);
	TOLD(nats_question(quiet, "news.5", "c"), STAY_E_SERVER, STAY_REFUSED);
	ck_assert_ptr_null(strstr(notes, "c;"));
}

static const struct {
	const char *subject;
	enum stay_status status;
} subjects[] = { { "", STAY_E_ARG }, { "two words", STAY_E_ARG },
	{ "line\r\nPUB", STAY_E_ARG }, { "\x7f", STAY_E_ARG } };

TEST_ROWS(nats_subject_is_checked, 4)
{
	struct stay_client *client = nats_client(&nats, "", NULL);
	struct nats_request request = { subjects[_i].subject, { "", 0 },
		false };
	struct nats_subscription *subscription = of(subjects[_i].subject);

	ck_assert_int_eq(stay_client_call(client, &request, NULL, NULL),
	    subjects[_i].status);
	ck_assert_int_eq(
	    nats_subscribe(client, subscription), subjects[_i].status);
	subscription = of("well");
	subscription->queue = subjects[_i].subject;
	ck_assert_int_eq(
	    nats_subscribe(client, subscription), subjects[_i].status);
}

TEST(nats_verbose_client_does_not_ask)
{
	struct stay_client *client = nats_client(&nats, "", &talkative);
	struct nats_request request = { "a", { "", 0 }, true };

	ck_assert_int_eq(
	    stay_client_call(client, &request, NULL, NULL), STAY_E_UNSUPPORTED);
}

/* It is known by the session alone, and costs none. */
TEST(nats_message_is_too_big)
{
	static char big[1026];
	struct stay_client *client;

	nats_configure(&nats, "max_payload: 1024");
	peer_kill(&nats.peer);
	nats_start(&nats);
	client = nats_client(&nats, "", &talkative);
	memset(big, 'x', 1024);
	TOLD(nats_say(client, "a", big), STAY_OK, STAY_REPLIED);
	big[1024] = 'x';
	TOLD(nats_say(client, "a", big), STAY_E_TOO_BIG, STAY_NOT_SENT);
	ck_assert_uint_eq(stay_client_session_number(client), 1);
}

/* ---- questions ---- */

static struct stay_client *service;

/* Says what it was asked, and by which queue it was found. */
static void
serve(
    struct nats_subscription *subscription, const struct nats_message *question)
{
	char to[64], text[64];
	struct nats_request answer = { to, { text, 0 }, false };

	snprintf(to, sizeof(to), "%.*s", (int)question->reply_to.len,
	    question->reply_to.data);
	answer.payload.len =
	    (size_t)snprintf(text, sizeof(text), "%s %.*s", subscription->queue,
		(int)question->payload.len, question->payload.data);
	EXPECT_OK(stay_client_call(service, &answer, NULL, NULL));
	note("asked", subscription->queue, strlen(subscription->queue));
}

/* Of a queue one answers; of two queues both, and the second answer is for nobody. */
TEST(nats_question_is_answered_once)
{
	struct stay_client *client = nats_client(&nats, "", NULL);
	struct nats_subscription *one = of("q"), *two = of("q");
	struct nats_subscription *three = of("q");
	struct nats_told told;

	one->on_message = two->on_message = three->on_message = serve;
	one->queue = two->queue = "red";
	three->queue = "blue";
	service = nats_client(&nats, "", NULL);
	told = nats_question(client, "q", "nobody");
	ck_assert_int_eq(told.outcome, STAY_REFUSED);
	EXPECT_IN(told.why, "no responders");
	EXPECT_OK(nats_subscribe(service, one));
	EXPECT_OK(nats_subscribe(service, two));
	await("on q;on q;");
	told = nats_question(client, "q", "x");
	ck_assert_str_eq(told.text, "red x");
	ck_assert_str_eq(notes, "on q;on q;asked red;");
	EXPECT_OK(nats_subscribe(service, three));
	await("on q;on q;asked red;on q;");
	for (int i = 0; i < 20; i++)
		TOLD(nats_question(client, "q", "y"), STAY_OK, STAY_REPLIED);
	ck_assert_uint_eq(stay_client_session_number(client), 1);
}

static char places[2][64];
static int kept;

/* Answers nobody yet. */
static void
keep(
    struct nats_subscription *subscription, const struct nats_message *question)
{
	(void)subscription;
	snprintf(places[kept++], sizeof(places[0]), "%.*s",
	    (int)question->reply_to.len, question->reply_to.data);
}

static bool
are_kept(void *count)
{
	return kept == *(const int *)count;
}

/* Both questions have the first tag of their session. */
TEST(nats_answer_is_late_for_another_session)
{
	struct stay_client *client = nats_client(&nats, "", NULL);
	struct nats_subscription *slow = of("q");
	struct nats_told told[2];
	int wanted = 0;

	kept = 0;
	slow->on_message = keep;
	service = nats_client(&nats, "", &talkative);
	EXPECT_OK(nats_subscribe(service, slow));
	await("on q;");
	for (int i = 0; i < 2; i++) {
		nats_submit(client, "q", "", true, &told[i]);
		wanted++;
		rig_until(&rig, are_kept, &wanted, PATIENCE_S);
		if (i > 0)
			break;
		peer_kill(&nats.peer);
		nats_start(&nats);
		await("on q;lost q;on q;");
	}
	TOLD(nats_say(service, places[0], "old"), STAY_OK, STAY_REPLIED);
	TOLD(nats_say(service, places[1], "new"), STAY_OK, STAY_REPLIED);
	rig_until(&rig, nats_is_told, &told[1], PATIENCE_S);
	ck_assert_str_eq(told[1].text, "new");
	ck_assert_int_eq(told[0].outcome, STAY_MAYBE_EXECUTED);
}

/* ---- subscriptions ---- */

#define MANY 999

static unsigned ons, losses;

static void
count(struct nats_subscription *subscription, enum nats_notice notice,
    struct stay_bytes words)
{
	(void)subscription;
	(void)words;
	ons += notice == NATS_ON;
	losses += notice == NATS_LOST;
}

static bool
are_on(void *wanted)
{
	return ons == *(const unsigned *)wanted;
}

/* All there may be; one that was ended makes room for another. */
TEST(nats_subscriptions_are_restored)
{
	static struct nats_subscription all[MANY + 1];
	static char names[MANY + 1][8];
	struct stay_client *client = nats_client(&nats, "", NULL);
	unsigned wanted = MANY;

	ons = losses = 0;
	for (int i = 0; i <= MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		all[i] = (struct nats_subscription){ names[i], NULL, on_message,
			count };
		ck_assert_int_eq(nats_subscribe(client, &all[i]),
		    i < MANY ? STAY_OK : STAY_E_FULL);
	}
	rig_until(&rig, are_on, &wanted, PATIENCE_S);
	nats_unsubscribe(client, &all[0]);
	rig_run(&rig, 0.01);
	EXPECT_OK(nats_subscribe(client, &all[MANY]));
	wanted++;
	rig_until(&rig, are_on, &wanted, PATIENCE_S);
	peer_kill(&nats.peer);
	nats_start(&nats);
	wanted += MANY;
	rig_until(&rig, are_on, &wanted, PATIENCE_S);
	ck_assert_uint_eq(losses, MANY);
	TOLD(nats_say(client, "s999", "last"), STAY_OK, STAY_SENT);
	TOLD(nats_say(client, "s0", "none"), STAY_OK, STAY_SENT);
	await("s999 last;");
	TOLD(nats_question(client, "s0", "none"), STAY_E_SERVER, STAY_REFUSED);
}

/* ---- who is let in ---- */

static const struct {
	const char *config;
	const char *login;
	bool good;
} logins[] = {
	{ "authorization { user: me, password: \"se\\\"cret\" }",
	    "me:se%22cret@", true },
	{ "authorization { user: me, password: secret }", "me:wrong@", false },
	{ "authorization { user: me, password: secret }", "", false },
	{ "authorization { token: \"a b\" }", "a%20b@", true },
	{ "authorization { token: \"a b\" }", "ab@", false },
};

TEST_ROWS(nats_login, 5)
{
	struct stay_client *client;

	nats_configure(&nats, logins[_i].config);
	peer_kill(&nats.peer);
	nats_start(&nats);
	client = nats_client(&nats, logins[_i].login, &talkative);
	if (logins[_i].good) {
		TOLD(nats_say(client, "a", "b"), STAY_OK, STAY_REPLIED);
		return;
	}
	TOLD(nats_say(client, "a", "b"), STAY_E_DENIED, STAY_NOT_SENT);
	EXPECT_IN(stay_conn_failure(stay_client_conn(client)), "Authorization");
}

#define RIGHTS                                                                 \
	"authorization { users = [ { user: me, password: pw, permissions: { "  \
	"publish: { deny: [\"secret\"] }, subscribe: { deny: [%s] } } } ] }"

static void
objection(void *arg, struct stay_bytes words)
{
	note(arg, words.data, words.len);
}

static void
allow(const char *denied)
{
	char config[512];

	snprintf(config, sizeof(config), RIGHTS, denied);
	nats_configure(&nats, config);
}

/* What is not allowed is told, and costs no session; so is what is taken away. */
TEST_ROWS(nats_rights, 2)
{
	static char error[] = "error";
	static struct nats_config config;
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &config };
	struct nats_subscription *in = of("closed");
	struct stay_client *client;

	config = (struct nats_config){
		.verbose = _i == 1, .on_error = objection, .arg = error
	};
	allow("\"closed\"");
	peer_kill(&nats.peer);
	nats_start(&nats);
	client = nats_client(&nats, "me:pw@", &options);
	in->queue = "workers";
	EXPECT_OK(nats_subscribe(client, of("open")));
	EXPECT_OK(nats_subscribe(client, of("closed")));
	EXPECT_OK(nats_subscribe(client, in));
	EXPECT_OK(nats_subscribe(client, of("later")));
	await("on later;");
	ck_assert_str_eq(notes,
	    "ended closed;Permissions Violation for Subscription to \"closed\";"
	    "ended closed;Permissions Violation for Subscription to \"closed\" "
	    "using queue \"workers\";on open;on later;");
	if (_i == 1) {
		TOLD(nats_say(client, "secret", "a"), STAY_E_SERVER,
		    STAY_REFUSED);
	} else {
		TOLD(nats_say(client, "secret", "a"), STAY_OK, STAY_SENT);
		await("error Permissions Violation for Publish to \"secret\";");
	}
	allow("\"closed\", \"later\"");
	await("ended later;Permissions Violation for Subscription to "
	      "\"later\" (sid \"");
	(void)nats_say(client, "open", "still");
	await("open still;");
	ck_assert_uint_eq(stay_client_session_number(client), 1);
}

/* ---- the server goes away ---- */

static void
on_some(
    struct nats_subscription *subscription, const struct nats_message *message)
{
	if (message->payload.len > 1)
		on_message(subscription, message);
}

/* Alone, or as one of a cluster, whose servers know each other's places. */
static void
configure_duck(bool in_cluster)
{
	static const char format[] =
	    "lame_duck_grace_period: \"9s\"\nlame_duck_duration: \"30s\"\n";
	int ports[2] = { free_port(), free_port() };
	char config[512];

	for (int i = 0; i < 2; i++) {
		snprintf(config, sizeof(config),
		    in_cluster
			? "%scluster { name: c, listen: \"127.0.0.1:%d\", "
			  "routes: [\"nats://127.0.0.1:%d\"] }"
			: "%s# %d %d",
		    format, ports[i], ports[1 - i]);
		nats_configure(i == 0 ? &nats : &other, config);
	}
	peer_kill(&nats.peer);
	nats_start(&nats);
}

/* What is said at one of them is heard at the other one. */
static void
await_cluster(void)
{
	struct stay_client *speaker = nats_client(&nats, "", NULL);
	struct stay_client *listener = nats_client(&other, "", NULL);
	struct nats_subscription *route = of("route");

	EXPECT_OK(nats_subscribe(listener, route));
	for (int i = 0; i < 500 && strstr(notes, "route open;") == NULL; i++) {
		(void)nats_say(speaker, "route", "open");
		rig_run(&rig, 0.02);
	}
	await("route open;");
	nats_unsubscribe(listener, route);
}

/* It says so, and lives on for a while: the client is at the other one by then, which
 * it was told of by the program (0), or by the server (1). */
TEST_ROWS(nats_lame_duck_is_left, 2)
{
	const char *urls[] = { NULL, NULL };
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &verbose, .urls = urls };
	struct nats_subscription *news = of("news");
	static struct nats_told told[1000];
	struct stay_client *client;

	configure_duck(_i == 1);
	nats_start(&other);
	nats_await_up(nats_client(&nats, "", NULL));
	if (_i == 1)
		await_cluster();
	notes[0] = '\0';
	urls[0] = _i == 0 ? other.url : NULL;
	news->on_message = on_some;
	client = nats_client(&nats, "", &options);
	EXPECT_OK(nats_subscribe(client, news));
	await("on news;");
	kill(nats.peer.pid, SIGUSR2);
	for (int i = 0; i < 1000; i++) {
		nats_submit(client, "news", "a", false, &told[i]);
		if (i % 100 == 0)
			rig_run(&rig, 0.01);
	}
	await("lost news;on news;");
	TOLD(nats_say(client, "news", "last"), STAY_OK, STAY_REPLIED);
	for (int i = 0; i < 1000; i++)
		TOLD(told[i], STAY_OK, STAY_REPLIED);
	await("news last;");
	ck_assert_uint_eq(stay_client_session_number(client), 2);
	peer_kill(&nats.peer);
	TOLD(nats_say(client, "news", "more"), STAY_OK, STAY_REPLIED);
}

TEST_SUITE_WITH(
    nats, .before = open_bed, .after = nats_bed_close, .seconds = 60)
