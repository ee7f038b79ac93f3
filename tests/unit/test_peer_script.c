/*
 * The servers that do as they are told: each word of their language, over both
 * carriers. A client of the line protocol asks twice, and says what it has seen.
 */
#include <string.h>

#include "suites.h"
#include "support/line_protocol.h"
#include "support/peer_loopback.h"
#include "support/peer_virtual.h"

#define UP          "hello -;up;"
#define PATIENCE_MS 200 /* with a peer that says nothing */

/* Everything of one test; `world` or `ev` is NULL. */
static struct {
	struct peer peer;
	struct peer_log log;
	struct stay_world *world;
	struct ev_loop *ev;
	struct door door;
	struct stay_loop *loop;
	struct stay_client *client;
	struct line_config config;
	struct line_notes notes;
	unsigned finis;
} it;

/* ---- two carriers ---- */

static const char *
open_virtual(void)
{
	it.world = sim_world_new(1);
	it.loop = stay_loop_new(it.world);
	peer_listen(&it.peer, it.world, "10.0.0.1", 7777);
	return "line://10.0.0.1:7777";
}

static const char *
open_loopback(void)
{
	it.ev = ev_loop_new(EVFLAG_AUTO);
	it.loop = stay_loop_ev(it.ev);
	door_open(&it.door, &it.peer, it.ev, DOOR_TCP);
	return door_url(&it.door, "line");
}

static const char *(*const open_it[])(void) = { open_virtual, open_loopback };
#define CARRIERS 2

static void
step(void)
{
	if (it.world != NULL)
		ck_assert(sim_step(it.world) || stay_loop_live(it.loop) == 0);
	else
		ev_run(it.ev, EVRUN_ONCE);
}

/* ---- the client ---- */

static void
on_done(void *arg, const struct stay_result *result)
{
	const char *reply = result->reply;

	line_note(&it.notes, "%s %s%s;", (const char *)arg,
	    stay_status_name(result->status) + 5, reply != NULL ? reply : "");
}

static void
ask(char *name)
{
	EXPECT_OK(stay_client_call(it.client, LINE("ask"), on_done, name));
}

static void
begin(int carrier, const struct peer_row *rows, uint64_t timeout_ms)
{
	struct stay_client_options options = { STAY_CLIENT_OPTIONS,
		.config = &it.config, .call_timeout_ms = timeout_ms };
	static char a[] = "a", b[] = "b";
	const char *url;

	memset(&it, 0, sizeof(it));
	it.config =
	    (struct line_config){ .notes = &it.notes, .finis = &it.finis };
	it.peer = (struct peer){
		.rows = rows, .reads = peer_reads_lines, .log = &it.log
	};
	url = open_it[carrier]();
	EXPECT_OK(stay_client_start(
	    &it.client, it.loop, &line_protocol, url, &options));
	it.notes.len = 0;
	ask(a);
	ask(b);
}

static void
see(const char *told, const char *log)
{
	while (it.notes.len < strlen(told) || it.log.len < strlen(log))
		step();
	ck_assert_str_eq(it.notes.text, told);
	ck_assert_str_eq(it.log.text, log);
}

static void
end(void)
{
	stay_client_stop(it.client, STAY_OK);
	while (stay_loop_live(it.loop) > 0)
		step();
	EXPECT_OK(stay_loop_free(it.loop));
	if (it.ev == NULL)
		return;
	door_close(&it.door);
	peer_fini(&it.peer);
	ev_loop_destroy(it.ev);
}

/* ---- the words ---- */

static void
act(struct peer_end *end, const struct peer_request *request)
{
	ck_assert_uint_eq(request->words[0].len, 3);
	peer_say(end, "+acted\n");
}

static void
never(struct peer_end *end, const struct peer_request *request)
{
	(void)end;
	(void)request;
	ck_abort_msg("it is closed");
}

static const struct {
	struct peer_row rows[4];
	const char *told;
	const char *log;
	unsigned ms; /* it takes at least */
} words[] = {
	{ { ON("ask", "+yes\n"), ON("ask", "+no\n"), NO_MORE },
	    UP "a OK+yes;b OK+yes;", "|ask;ask;", 0 },
	{ { ON("asking", "+no\n"), ON("as", "+yes\n"), NO_MORE },
	    UP "a OK+yes;b OK+yes;", "|ask;ask;", 0 },
	{ { ON_FIRST(1, "ask", "+one\n"), ON("ask", "+two\n"), NO_MORE },
	    UP "a OK+one;b OK+two;", "|ask;ask;", 0 },
	{ { ON(PEER_ACCEPTS, ">hi\n"), ON("ask", "+yes\n"), NO_MORE },
	    UP "push >hi;a OK+yes;b OK+yes;", "|ask;ask;", 0 },
	{ { DO("ask", act), NO_MORE }, UP "a OK+acted;b OK+acted;", "|ask;ask;",
	    0 },
	{ { ON("ask", "+last\n" PEER_CLOSES "+no\n"), NO_MORE },
	    UP "a OK+last;down E_CLOSED;b E_LOST;", "|ask;ask;", 0 },
	{ { ON_FIRST(1, "ask", PEER_CLOSES), DO("ask", never), NO_MORE },
	    UP "down E_CLOSED;a E_LOST;b E_LOST;", "|ask;ask;", 0 },
	{ { ON("ask", PEER_RESETS), NO_MORE },
	    UP "down E_RESET;a E_LOST;b E_LOST;", "|ask;ask;", 0 },
	{ { ON("ask", "+half\n" PEER_SHUTS), NO_MORE },
	    UP "a OK+half;down E_CLOSED;b E_LOST;", "|ask;ask;", 0 },
	{ { ON(PEER_ACCEPTS, PEER_STALLS), ON("ask", "+no\n"), NO_MORE },
	    UP "a E_TIMEOUT;b E_TIMEOUT;", "|", PATIENCE_MS },
	{ { ON("ask", "+once\n" PEER_DEAFENS), NO_MORE },
	    UP "a OK+once;b E_TIMEOUT;", "|ask;ask;", PATIENCE_MS },
	{ { ON(PEER_ANYTHING, "+" PEER_REPEATS "\n"), NO_MORE },
	    UP "a OK+ask;b OK+ask;", "|ask;ask;", 0 },
	{ { ON_FIRST(1, "ask", "+sl" PEER_LATE("20") "ow\n"),
	      ON("ask", "+next\n"), NO_MORE },
	    UP "a OK+slow;b OK+next;", "|ask;ask;", 20 },
	{ { ON("ask", PEER_LATE("20") PEER_CLOSES), NO_MORE },
	    UP "down E_CLOSED;a E_LOST;b E_LOST;", "|ask;ask;", 20 },
	{ { { .request = "ask", .answer = "+yes\n", .unlogged = true },
	      NO_MORE },
	    UP "a OK+yes;b OK+yes;", "|", 0 },
	{ { NO_MORE }, UP "a E_TIMEOUT;b E_TIMEOUT;", "|ask;ask;",
	    PATIENCE_MS },
};
#define WORDS ((int)(LEN(words)))

TEST_ROWS(peer_script_does_as_it_is_told, WORDS *CARRIERS)
{
	uint64_t begun;

	begin(_i % CARRIERS, words[_i / CARRIERS].rows,
	    words[_i / CARRIERS].ms == PATIENCE_MS ? PATIENCE_MS : 0);
	begun = stay_loop_now_ms(it.loop);
	see(words[_i / CARRIERS].told, words[_i / CARRIERS].log);
	ck_assert_uint_ge(
	    stay_loop_now_ms(it.loop) - begun + 1, words[_i / CARRIERS].ms);
	end();
}

/* What a mute peer has to say is said later, and in order. */
TEST_ROWS(peer_script_may_be_mute, CARRIERS)
{
	static const struct peer_row rows[] = { ON_FIRST(1, "ask", "+one\n"),
		ON("ask", "+two\n"), NO_MORE };

	begin(_i, rows, 0);
	it.peer.mute = true;
	see(UP, "|ask;ask;");
	peer_unmute(&it.peer);
	see(UP "a OK+one;b OK+two;", "|ask;ask;");
	end();
}

TEST_SUITE(peer_script)
