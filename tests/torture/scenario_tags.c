/*
 * Scenarios about answers by tag, a greeting that is put off, and a frame that is
 * for the protocol alone. Whatever fails, a call is over as often as it was accepted.
 *
 *	hello        ~ping and +0 0
 *	pong         nothing
 *	qTT NUMBER   +TT NUMBER; of two the second first
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/protocol.h>

#include "fault.h"
#include "scenario.h"

#define LONG_MS 1500

static unsigned overs[RIG_CALLS];
static bool pairs[RIG_CALLS]; /* calls that are a group of two */
static unsigned asides;
static uint64_t tag_max;
static bool puts_off;
static struct stay_later *put_off;

/* ---- the adapter ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct rig_call *call = request->data;

	request->flags = STAY_BY_TAG;
	request->tag = call->number;
	return stay_buf_printf(out, "q00 %u\n", call->number);
}

static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	size_t len = strcspn(keep->reply, "\n");

	(void)session;
	if (keep->to != NULL) {
		memcpy(keep->to, keep->reply, len);
		((char *)keep->to)[len] = '\0';
		keep->kept = keep->to;
	}
	return len + 1;
}

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *call)
{
	rig_called_back(stay_session_config(session), "prepare");
	call->tag = stay_session_free_tag(session, tag_max);
	if (call->tag == 0)
		return STAY_E_FULL;
	call->bytes[2] = (char)('0' + call->tag);
	return STAY_OK;
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	const char *end = memchr(in.data, '\n', in.len);
	size_t len;

	(void)session;
	if (end == NULL)
		return stay_frame_more();
	len = (size_t)(end - in.data) + 1;
	if (in.data[0] == '~')
		return stay_frame_aside(len, NULL);
	if (len < 6 || in.data[0] != '+')
		return stay_frame_bad("what is no answer");
	if (in.data[2] == '0')
		return stay_frame_reply(len, in.data + 4);
	return stay_frame_with_tag(
	    stay_frame_reply(len, in.data + 4), (uint64_t)(in.data[2] - '0'));
}

static enum stay_status
say(struct stay_session *session, const char *text, unsigned replies)
{
	enum stay_status status =
	    stay_buf_puts(stay_session_control(session), text);

	return status == STAY_OK ? stay_session_expect(session, replies)
				 : status;
}

static struct stay_hello
greet(struct stay_session *session)
{
	if (say(session, "hello\n", 1) != STAY_OK)
		return stay_hello_retry("no memory to greet");
	return stay_hello_wait();
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	bool *resumed = stay_session_data(session);

	rig_called_back(stay_session_config(session), "hello");
	if (frame != NULL)
		return stay_hello_up();
	if (!puts_off || *resumed)
		return greet(session);
	stay_later_free(put_off);
	put_off = stay_session_later(session, 16);
	*resumed = true;
	return stay_hello_later(put_off);
}

static void
on_aside(struct stay_session *session, const struct stay_frame *frame)
{
	(void)frame;
	rig_called_back(stay_session_config(session), "on_aside");
	asides += say(session, "pong\n", 0) == STAY_OK;
}

static void
on_over(struct stay_session *session, const struct stay_over *over)
{
	(void)session;
	rig_called_back(over->config, "on_over");
	overs[over->request_tag]++;
}

static void
on_given_up(struct stay_session *session, uint64_t tag)
{
	rig_called_back(stay_session_config(session), "on_given_up");
	if (tag == 1)
		(void)stay_session_let_go(session, tag);
}

/* Nothing is set aside but the tag. */
static void
unprepare(struct stay_session *session, const struct stay_over *over)
{
	(void)session;
	rig_called_back(over->config, "unprepare");
}

static const struct stay_call_ops call_ops = { STAY_CALL_OPS,
	.prepare = prepare, .unprepare = unprepare, .on_over = on_over,
	.on_given_up = on_given_up };
static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.on_aside = on_aside };
static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "tags",
	.session_size = sizeof(bool), .encode = encode, .decode = decode,
	.hello = hello, .retain = retain, .call = &call_ops,
	.session = &session_ops };

/* ---- the server ---- */

/* What waits for the next one, or for a while. */
static char held[64];
static struct peer_end *held_by; /* NULL: nothing waits */

static void
say_held(void)
{
	fault_spare(true);
	if (held_by != NULL)
		peer_say(held_by, held);
	fault_spare(false);
	held_by = NULL;
}

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	const struct peer_word *word = &request->words[0];
	struct server *server = end->peer->arg;
	char line[64];

	server->executed[strtoul(word->text + 4, NULL, 10)]++;
	snprintf(line, sizeof(line), "+%.*s\n", (int)(word->len - 1),
	    word->text + 1);
	if (held_by == NULL) {
		held_by = end;
		strcpy(held, line);
		return;
	}
	peer_say(end, line);
	say_held();
}

static void
forget(struct peer_end *end)
{
	(void)end;
	held_by = NULL;
}

static void
run(struct rig *rig, uint64_t ms)
{
	for (uint64_t spent = 0; spent < ms; spent += 10) {
		rig_run(rig, 10);
		say_held();
	}
}

static const struct peer_row rows[] = { ON("hello", "~ping\n+00 0\n"),
	ON("pong", ""), DO("q", answer), NO_MORE };

static struct server *
listen_to_tags(void)
{
	struct server *server = server_listen(SERVER_ECHO, true);

	memset(overs, 0, sizeof(overs));
	memset(pairs, 0, sizeof(pairs));
	held_by = NULL;
	asides = 0;
	tag_max = 3;
	puts_off = false;
	put_off = NULL;
	server->peer.rows = rows;
	server->peer.reads = peer_reads_lines;
	server->peer.on_accept = forget;
	return server;
}

/* ---- the end ---- */

static void
finish(struct rig *rig)
{
	rig_finish(rig);
	for (unsigned i = 0; i < rig->call_count; i++) {
		unsigned due = pairs[i] ? 2 : 1;

		if (overs[i] != (rig->calls[i].is_accepted ? due : 0))
			fault_violation(
			    "call %u is over %u times", i, overs[i]);
	}
}

/* More of them than there are tags, given up and let go of, answered late, lost. */
void
scenario_tags(struct rig *rig)
{
	struct stay_call_options brief = { STAY_CALL_OPTIONS,
		.timeout_ms = 30 };
	struct stay_call_options again = { STAY_CALL_OPTIONS,
		.flags = STAY_IDEMPOTENT };
	struct server *server = listen_to_tags();
	struct rig_member *client =
	    rig_client(rig, &protocol, door_url(&server->door, "tags"), NULL);

	for (int i = 0; i < 4; i++)
		rig_submit(client, server, NULL);
	run(rig, LONG_MS);
	rig_expect_calls(rig, 4, STAY_OK, STAY_REPLIED);
	server_mute(server, true);
	rig_submit(client, server, &brief);
	rig_submit(client, server, &brief);
	run(rig, 60);
	rig_expect_calls(rig, 2, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	server_mute(server, false);
	run(rig, 100);
	server_mute(server, true);
	rig_submit(client, server, &again);
	rig_submit(client, server, &again);
	rig_run(rig, 20);
	server_hang_up(server, false);
	server_mute(server, false);
	run(rig, LONG_MS);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
	rig_expect(asides == 2, "two sessions, and a PONG in each");
	finish(rig);
}

static void
submit_pair(struct rig_member *client, struct server *server,
    const struct stay_call_options *options)
{
	struct rig_call *call = rig_submit_pair(client, server, options);

	if (call != NULL)
		pairs[call->number] = true;
}

/* Two tags: a pair waits for both, and keeps none meanwhile. */
void
scenario_tagged_groups(struct rig *rig)
{
	struct stay_call_options brief = { STAY_CALL_OPTIONS,
		.timeout_ms = 30 };
	struct stay_call_options again = { STAY_CALL_OPTIONS,
		.flags = STAY_IDEMPOTENT };
	struct server *server = listen_to_tags();
	struct rig_member *client =
	    rig_client(rig, &protocol, door_url(&server->door, "tags"), NULL);

	tag_max = 2;
	rig_submit(client, server, NULL);
	submit_pair(client, server, &again);
	submit_pair(client, server, &again);
	run(rig, LONG_MS);
	rig_expect_calls(rig, 3, STAY_OK, STAY_REPLIED);
	server_mute(server, true);
	submit_pair(client, server, &brief);
	run(rig, 60);
	rig_expect_calls(rig, 1, STAY_E_TIMEOUT, STAY_MAYBE_EXECUTED);
	server_mute(server, false);
	run(rig, 100);
	server_mute(server, true);
	submit_pair(client, server, &again);
	rig_run(rig, 20);
	server_hang_up(server, false);
	server_mute(server, false);
	run(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	finish(rig);
}

static void
resume(void)
{
	if (put_off != NULL)
		stay_later_resume(put_off);
	stay_later_free(put_off);
	put_off = NULL;
}

/* Resumed; cut off meanwhile, and resumed too late; never resumed; stopped. */
void
scenario_put_off(struct rig *rig)
{
	struct server *server = listen_to_tags();
	struct rig_member *client;

	puts_off = true;
	client =
	    rig_client(rig, &protocol, door_url(&server->door, "tags"), NULL);
	rig_submit(client, server, NULL);
	rig_submit(client, server, NULL);
	rig_run(rig, 20);
	server_hang_up(server, true);
	rig_run(rig, 3);
	resume();
	for (int i = 0; i < 20; i++, resume())
		run(rig, 20);
	rig_expect_calls(rig, 2, STAY_OK, STAY_REPLIED);
	server_hang_up(server, false);
	rig_run(rig, 400);
	rig_expect(put_off != NULL, "an attempt waits");
	rig_stop(client);
	finish(rig);
	resume();
}
