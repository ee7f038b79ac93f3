/*
 * Scenarios over TLS. OpenSSL's memory and files fail, too. Whatever fails, a lack
 * of something never passes for an insecure server, and once nothing fails any more
 * the next call is answered.
 */
#include <stdio.h>
#include <string.h>

#include <stay/body.h>
#include <stay/tls.h>

#include "fault.h"
#include "scenario.h"
#include "seal.h"

#define LONG_MS 3000

struct secret {
	struct rig *rig;
	struct server *server;
	struct stay_filter *filter;
	struct rig_member *redis;
	char url[512];
};

/* What OpenSSL 3.0 makes of a lack of memory that it keeps to itself. Here it only has
 * to recover. */
static const char *const swallowed[] = {
	"the authority that has signed the certificate is not known",
	"the signature of the certificate is wrong",
	"the server signs wrongly",
	"the key of the certificate is too short",
	"the key of an authority is too short",
	"the certificate: certificate chain too long",
	"the server agrees to no cipher that is offered",
	"TLS has failed: copy parameters failed",
};

static bool
is_swallowed(const char *text)
{
	for (size_t i = 0; i < sizeof(swallowed) / sizeof(swallowed[0]); i++)
		if (strstr(text, swallowed[i]) != NULL)
			return true;
	return false;
}

static void
on_failure(void *arg, const struct stay_subject *who, enum stay_status status,
    const char *text)
{
	(void)arg;
	(void)who;
	if (status == STAY_E_INSECURE && !is_swallowed(text))
		fault_violation("it passes for insecure: %s", text);
}

static const struct stay_observer observer = { STAY_OBSERVER,
	.on_failure = on_failure };

/* ---- what they share ---- */

static void
filter_new(struct secret *secret)
{
	const struct stay_tls_options options = { STAY_TLS_OPTIONS,
		.ca_file = seal_authority() };
	char why[256];

	if (secret->filter != NULL)
		return;
	rig_enter(secret->rig);
	if (stay_tls_new(&secret->filter, &options, why, sizeof(why)) ==
		STAY_OK &&
	    stay_loop_set_filter(secret->rig->loop, secret->filter) != STAY_OK)
		fault_violation("the loop does not take the filter");
	rig_leave(secret->rig);
	rig_expect(secret->filter != NULL, why);
}

/* `spares`: only what is asked of the filter later may fail. */
static void
begin(struct secret *secret, struct rig *rig, bool spares)
{
	*secret = (struct secret){ .rig = rig };
	seal_prepare();
	secret->server = server_listen(SERVER_REDIS, false);
	secret->server->peer.seal = &seal;
	stay_loop_set_observer(rig->loop, &observer);
	if (spares)
		fault_spare(true);
	filter_new(secret);
	if (spares)
		fault_spare(false);
}

static void
start(struct secret *secret, const char *query)
{
	snprintf(secret->url, sizeof(secret->url), "%s%s",
	    door_url(&secret->server->door, "rediss"), query);
	secret->redis = rig_redis(secret->rig, secret->url, NULL);
}

static void
ask(struct secret *secret)
{
	rig_ask(secret->redis, secret->server, NULL);
	rig_run_told(secret->rig, LONG_MS);
	rig_expect_calls(secret->rig, 1, STAY_OK, STAY_REPLIED);
}

/* Nothing fails from now on: the next call is answered, by a new client if there was
 * no memory for the first. */
static void
recover(struct secret *secret)
{
	struct rig_call *call;

	fault_heal();
	filter_new(secret);
	if (secret->redis->redis == NULL)
		secret->redis = rig_redis(secret->rig, secret->url, NULL);
	rig_run_up(secret->redis);
	call = rig_ask(secret->redis, secret->server, NULL);
	rig_run_told(secret->rig, LONG_MS);
	if (call == NULL || call->told != 1 || call->status != STAY_OK)
		fault_violation("it does not recover: %s",
		    call == NULL ? "no call" : stay_status_name(call->status));
}

static void
finish(struct secret *secret)
{
	recover(secret);
	rig_finish(secret->rig);
	stay_loop_set_observer(secret->rig->loop, NULL);
	if (secret->filter != NULL)
		stay_tls_free(secret->filter);
}

static struct stay_tls_counts
counts(const struct secret *secret)
{
	struct stay_tls_counts counts = { STAY_TLS_COUNTS };

	if (secret->filter != NULL)
		stay_tls_get_counts(secret->filter, &counts);
	return counts;
}

/* ---- the scenarios ---- */

void
scenario_tls_call(struct rig *rig)
{
	struct secret secret;

	begin(&secret, rig, false);
	start(&secret, "");
	ask(&secret);
	finish(&secret);
}

void
scenario_tls_ticket(struct rig *rig)
{
	struct secret secret;

	begin(&secret, rig, true);
	start(&secret, "");
	ask(&secret);
	server_hang_up(secret.server, false);
	rig_run(rig, 50);
	ask(&secret);
	rig_expect(counts(&secret).resumed == 1, "it is resumed");
	finish(&secret);
}

void
scenario_tls_files(struct rig *rig)
{
	struct secret secret;
	char query[400];

	begin(&secret, rig, true);
	snprintf(query, sizeof(query), "?cafile=%s&cert=%s&key=%s",
	    seal_authority(), seal_client(), seal_client_key());
	start(&secret, query);
	ask(&secret);
	seal_renew_files();
	rig_reconnect(secret.redis);
	rig_run(rig, 5);
	ask(&secret);
	rig_expect(counts(&secret).reloads == 1 && counts(&secret).resumed == 0,
	    "the files are read anew");
	finish(&secret);
}

void
scenario_tls_large(struct rig *rig)
{
	static char bytes[100000];
	struct secret secret;

	begin(&secret, rig, true);
	start(&secret, "");
	memset(bytes, 'y', sizeof(bytes));
	if (secret.redis->redis != NULL)
		(void)stay_redis_command(secret.redis->redis, NULL, NULL,
		    "SET key %b", bytes, sizeof(bytes));
	rig_command(secret.redis, NULL, NULL, "BIG %d", 100000);
	ask(&secret);
	server_hang_up(secret.server, true);
	rig_run(rig, 5);
	finish(&secret);
}

/* ---- a body ---- */

static char piece[STAY_BODY_PIECE];
static unsigned pieces, bodies_over;

static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	(void)feed;
	rig_called_back(arg, "more");
	pieces++;
	return stay_buf_append(out, piece, max) == STAY_OK
		   ? stay_fed_more()
		   : stay_fed_failed(STAY_E_NOMEM, NULL);
}

static enum stay_status
begin_anew(void *arg)
{
	rig_called_back(arg, "rewind");
	return STAY_OK;
}

static void
over(void *arg)
{
	(void)arg;
	bodies_over++;
}

static void
send_body(struct secret *secret)
{
	const struct stay_body body = { STAY_BODY, .len = 3 * sizeof(piece),
		.more = more, .rewind = begin_anew, .over = over,
		.arg = secret->redis };
	const struct stay_call_options options = { STAY_CALL_OPTIONS,
		.flags = STAY_IDEMPOTENT, .body = &body };

	if (secret->redis->redis == NULL)
		bodies_over++;
	else
		rig_command(secret->redis, &options, NULL, "SET %s", "key");
}

/* The second one is cut off in its middle, and sent anew. */
void
scenario_tls_bodies(struct rig *rig)
{
	struct secret secret;

	begin(&secret, rig, true);
	start(&secret, "");
	pieces = bodies_over = 0;
	send_body(&secret);
	ask(&secret);
	send_body(&secret);
	rig_run(rig, 1);
	server_hang_up(secret.server, true);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_expect(pieces >= 6, "two bodies of three pieces");
	finish(&secret);
	if (bodies_over != 2)
		fault_violation("%u of 2 bodies are over", bodies_over);
}

/* Stopped in the middle of a handshake that a deaf server does not answer, and with
 * calls under way. */
void
scenario_tls_stop(struct rig *rig)
{
	struct server *deaf = server_listen(SERVER_CLOGGED, false);
	struct secret secret;
	struct rig_member *early;

	begin(&secret, rig, true);
	early = rig_redis(rig, door_url(&deaf->door, "rediss"), NULL);
	rig_ask(early, deaf, NULL);
	start(&secret, "");
	rig_run(rig, 20);
	rig_ask_many(secret.redis, secret.server, 3);
	rig_stop(early);
	rig_stop(secret.redis);
	rig_run(rig, 400);
	finish(&secret);
}

/* What passes for TLS is none: here it *is* insecure. */
void
scenario_tls_stranger(struct rig *rig)
{
	struct secret secret;

	begin(&secret, rig, true);
	stay_loop_set_observer(rig->loop, NULL);
	secret.server->peer.seal = NULL;
	secret.server->peer.reads = peer_reads_bytes;
	secret.server->peer.usual = (const struct peer_row[]){
		ON(PEER_ACCEPTS, "-ERR who are you?\r\n"), NO_MORE
	};
	start(&secret, "");
	rig_run(rig, 50);
	rig_expect(secret.redis->conn != NULL &&
		       stay_conn_state(secret.redis->conn) == STAY_BACKING_OFF,
	    "it is not up");
	rig_stop(secret.redis);
	rig_run(rig, 400);
	rig_finish(rig);
	stay_tls_free(secret.filter);
}
