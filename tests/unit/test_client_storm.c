/*
 * The promises under a storm: calls of all kinds at random, while connections
 * break, stall and come back at random. What the server has seen and what the
 * client was told are compared afterwards. A seed that fails fails again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "suites.h"
#include "support/inside.h"
#include "support/line_rig.h"

#define SEEDS        40
#define STEPS        250
#define SESSIONS_MAX 1000
#define LATE_MS      2 /* a timer's tick, and a turn */

/* What is known of a call besides what was told. */
struct fate {
	char name[16];
	char text[32];
	struct line_request request;
	uint64_t deadline_ms;
	unsigned received; /* whole, by the server */
};

/* A connection, as the server sees it. */
struct session {
	size_t last; /* the number of the last call received, from 1 */
};

static struct line_rig rig;
static struct fate fates[LINE_CALLS_MAX];
static struct session sessions[SESSIONS_MAX];
static size_t session_count;
static uint64_t seed;

static uint64_t
draw(uint64_t below)
{
	return sim_random(rig.world) % below;
}

/* ---- the server ---- */

static bool
is_single(const struct fate *fate)
{
	return (fate->request.flags & STAY_IDEMPOTENT) == 0;
}

/* Ascending in each session, and whole. */
static void
receive(struct session *session, const char *line)
{
	size_t i = strtoul(line + strcspn(line, "0123456789"), NULL, 10);

	EXPECT(i < rig.call_count);
	EXPECT(strcmp(line, fates[i].text) == 0);
	EXPECT(i + 1 > session->last);
	session->last = i + 1;
	fates[i].received++;
}

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	const struct peer_word *word = &request->words[0];
	char line[64];

	EXPECT(word->len < sizeof(line));
	snprintf(line, sizeof(line), "%.*s", (int)word->len, word->text);
	receive(end->data, line);
	if (strncmp(line, "say ", 4) == 0)
		line_say(end, request);
}

static void
on_accept(struct peer_end *end)
{
	EXPECT(session_count < SESSIONS_MAX);
	sessions[session_count] = (struct session){ .last = 0 };
	end->data = &sessions[session_count++];
	rig.peer = end->wire;
}

static const struct peer_row rows[] = { DO(PEER_ANYTHING, answer), NO_MORE };

/* ---- what happens ---- */

static void
submit(void)
{
	/* clang-format off */
	static const struct {
		const char *verb;
		uint32_t replies;
		uint32_t flags;
	} kinds[] = {
		{ "say +", 1, 0 },
		{ "say +", 1, 0 },
		{ "say +", 1, STAY_IDEMPOTENT },
		{ "say +", 1, STAY_THIS_SESSION },
		{ "say +x|+", 2, 0 },
		{ "say *x|+", 1, STAY_IDEMPOTENT },
		{ "say !", 1, 0 },
		{ "say !", 1, STAY_IDEMPOTENT },
		{ "note ", 0, 0 },
		{ "note ", 0, STAY_IDEMPOTENT },
	};
	/* clang-format on */
	size_t kind = draw(LEN(kinds));
	struct fate *fate = &fates[rig.call_count];
	struct stay_call_options options = { STAY_CALL_OPTIONS };

	if (rig.call_count == LINE_CALLS_MAX)
		return;
	memset(fate, 0, sizeof(*fate));
	snprintf(fate->name, sizeof(fate->name), "%zu", rig.call_count);
	snprintf(fate->text, sizeof(fate->text), "%s%zu", kinds[kind].verb,
	    rig.call_count);
	fate->request = (struct line_request){ .text = fate->text,
		.replies = kinds[kind].replies,
		.flags = kinds[kind].flags };
	if ((fate->request.flags & STAY_THIS_SESSION) != 0 &&
	    !inside_session_is_ready(rig.client)) {
		ck_assert_int_eq(
		    line_try(&rig, fate->name, &fate->request), STAY_E_OFFLINE);
		return;
	}
	options.timeout_ms = 1 + draw(400);
	fate->deadline_ms = sim_now_ms(rig.world) + options.timeout_ms;
	line_call_with(&rig, fate->name, &fate->request, options);
}

static void
submit_many(void)
{
	for (uint64_t n = draw(8); n > 0; n--)
		submit();
}

static void
cancel(void)
{
	if (rig.call_count > 0)
		stay_client_cancel(rig.client,
		    rig.calls[rig.call_count - 1 - draw(rig.call_count) / 8]
			.id);
}

static void
freeze(void)
{
	if (rig.peer != NULL)
		sim_peer_freeze(rig.peer, draw(2) == 0);
}

static void
reset(void)
{
	if (rig.peer != NULL)
		sim_peer_reset(rig.peer);
}

static void
die(void)
{
	if (rig.peer != NULL)
		sim_peer_die(rig.peer, draw(100), UINT64_MAX);
}

static void
hang_up(void)
{
	if (rig.peer != NULL)
		sim_peer_close(rig.peer);
}

static void
go_away(void)
{
	sim_crash(rig.world, LINE_HOST, LINE_PORT);
}

static void
come_back(void)
{
	peer_listen(&rig.server, rig.world, LINE_HOST, LINE_PORT);
}

static void
reconnect(void)
{
	stay_client_reconnect(rig.client, STAY_E_RECONNECT);
}

static void
push(void)
{
	if (rig.peer != NULL)
		sim_peer_print(rig.peer, ">news\n#noise\n");
}

static void (*const happenings[])(void) = { submit_many, submit_many,
	submit_many, submit_many, submit_many, submit_many, cancel, cancel,
	freeze, freeze, reset, die, hang_up, go_away, come_back, come_back,
	reconnect, push };

/* ---- what was told ---- */

static void
judge(const struct line_call *call, const struct fate *fate)
{
	enum stay_outcome outcome = call->result.outcome;

	EXPECT(call->told == 1);
	EXPECT(call->told_ms <= fate->deadline_ms + LATE_MS);
	if (call->result.status == STAY_E_TIMEOUT)
		EXPECT(call->told_ms >= fate->deadline_ms);
	if (outcome == STAY_REPLIED)
		EXPECT(strcmp(call->reply + 1, fate->name) == 0);
	if (outcome == STAY_REPLIED || outcome == STAY_REFUSED)
		EXPECT(fate->received > 0);
	if (outcome == STAY_NOT_SENT)
		EXPECT(fate->received == 0);
	if (is_single(fate))
		EXPECT(fate->received <= 1);
}

static void
begin(void)
{
	struct sim_limits limits = { .ragged = true,
		.read_max = 40,
		.write_max = 60,
		.send_buffer = 100,
		.latency_ms = 1,
		.jitter_ms = 3 };

	line_prepare(&rig);
	while (sim_random(rig.world) % 1000 != seed % 1000)
		continue;
	session_count = 0;
	rig.server.on_accept = on_accept;
	rig.server.rows = rows;
	rig.server.log = NULL;
	sim_limits_set(rig.world, &limits);
	line_start(&rig,
	    OPTIONS(.silence_ms = 300, .probe_ms = 200, .tombstone_age_ms = 500,
		.backoff.cap_ms = 50, .inflight_calls_max = 20));
}

static void
weather(void)
{
	begin();
	for (int step = 0; step < STEPS; step++) {
		happenings[draw(LEN(happenings))]();
		line_run(&rig, draw(15));
		line_told(&rig);
	}
	stay_client_drain(rig.client, draw(500));
	line_run(&rig, 600);
	line_end(&rig);
	for (size_t i = 0; i < rig.call_count; i++)
		judge(&rig.calls[i], &fates[i]);
}

TEST_ROWS(promises_hold_in_a_storm, SEEDS)
{
	seed = (uint64_t)_i;
	weather();
}

TEST_SUITE(client_storm)
