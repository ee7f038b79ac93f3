/*
 * A session that has much to restore, in turns as its control lane has room; then it
 * ticks, hears that it is left, and says goodbye. Whatever fails, a session that is up
 * has restored all of it, and nobody is told of room who was not refused any.
 *
 *	hello, bye   +0
 *	note NUMBER  nothing; likewise leaving
 *	q NUMBER     +NUMBER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stay/protocol.h>

#include "fault.h"
#include "scenario.h"

#define LONG_MS 1500

/* More than the lane takes at once. */
#define NOTES    300u
#define NOTE_LEN 4000

struct position {
	unsigned said;
	bool refused; /* by a lane that was full */
};

static unsigned drained, ticks, leaves, byes;
static unsigned noted; /* by the server, in its last connection */

/* ---- the adapter ---- */

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct rig_call *call = request->data;

	return stay_buf_printf(out, "q %u\n", call->number);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	const char *end = memchr(in.data, '\n', in.len);

	(void)session;
	if (end == NULL)
		return stay_frame_more();
	return stay_frame_reply((size_t)(end - in.data) + 1, in.data + 1);
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
hello(struct stay_session *session, const struct stay_frame *frame)
{
	rig_called_back(stay_session_config(session), "hello");
	if (frame != NULL)
		return stay_hello_up();
	return say(session, "hello\n", 1) == STAY_OK
		   ? stay_hello_wait()
		   : stay_hello_retry("no memory to greet");
}

static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	struct position *position = stay_session_data(session);
	enum stay_status status = STAY_OK;
	char note[NOTE_LEN + 1];

	(void)frame;
	rig_called_back(stay_session_config(session), "on_up");
	while (status == STAY_OK && position->said < NOTES) {
		snprintf(note, sizeof(note), "note %-*u\n", NOTE_LEN - 6,
		    position->said);
		status = say(session, note, 0);
		position->said += status == STAY_OK;
	}
	position->refused |= status == STAY_E_FULL;
	if (status == STAY_E_FULL)
		return stay_hello_wait();
	if (status == STAY_OK)
		status = stay_session_tick_after(session, 5);
	return status == STAY_OK ? stay_hello_up()
				 : stay_hello_retry("no memory to restore");
}

static void
on_drained(struct stay_session *session)
{
	struct position *position = stay_session_data(session);

	rig_called_back(stay_session_config(session), "on_drained");
	if (!position->refused)
		fault_violation("room, and nobody was refused any");
	position->refused = false;
	drained++;
}

static void
tick(struct stay_session *session)
{
	rig_called_back(stay_session_config(session), "tick");
	ticks++;
	(void)say(session, "late\n", 0);
}

static void
on_leaving(struct stay_session *session)
{
	rig_called_back(stay_session_config(session), "on_leaving");
	leaves++;
	(void)say(session, "leaving\n", 0);
}

static void
bye(struct stay_session *session)
{
	rig_called_back(stay_session_config(session), "bye");
	(void)say(session, "bye\n", 1);
}

static void
on_control(struct stay_session *session, const struct stay_frame *frame)
{
	(void)frame;
	rig_called_back(stay_session_config(session), "on_control");
	byes++;
}

static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.on_up = on_up, .on_drained = on_drained, .tick = tick, .bye = bye,
	.on_control = on_control, .on_leaving = on_leaving };
static const struct stay_protocol protocol = { STAY_PROTOCOL, .name = "line",
	.session_size = sizeof(struct position), .encode = encode,
	.decode = decode, .hello = hello, .session = &session_ops };

/* ---- the server ---- */

static void
greet(struct peer_end *end, const struct peer_request *request)
{
	(void)request;
	noted = 0;
	peer_say(end, "+0\n");
}

static void
take_note(struct peer_end *end, const struct peer_request *request)
{
	(void)end;
	if (strtoul(request->words[0].text + 5, NULL, 10) != noted++)
		fault_violation("a note is missing");
}

static void
answer(struct peer_end *end, const struct peer_request *request)
{
	struct server *server = end->peer->arg;
	unsigned long number = strtoul(request->words[0].text + 2, NULL, 10);
	char line[32];

	if (noted != NOTES)
		fault_violation("a call comes behind %u notes", noted);
	server->executed[number]++;
	snprintf(line, sizeof(line), "+%lu\n", number);
	peer_say(end, line);
}

static const struct peer_row rows[] = { DO("hello", greet),
	DO("note", take_note), DO("q", answer), ON("leaving", ""),
	ON("bye", "+0\n"), NO_MORE };

/* ---- the scenario ---- */

void
scenario_restored_in_turns(struct rig *rig)
{
	struct server *server = server_listen(SERVER_ECHO, false);
	struct rig_member *client;

	drained = ticks = leaves = byes = 0;
	server->peer.rows = rows;
	server->peer.reads = peer_reads_lines;
	client =
	    rig_client(rig, &protocol, door_url(&server->door, "line"), NULL);
	rig_submit(client, server, NULL);
	rig_run_told(rig, LONG_MS);
	rig_expect_calls(rig, 1, STAY_OK, STAY_REPLIED);
	rig_run(rig, 20);
	rig_expect(drained == 1 && ticks == 1, "it is told of room, and ticks");
	rig_finish(rig);
	rig_expect(leaves == 1, "it hears once that it is left");
	rig_expect(byes == 1, "its goodbye is answered");
}
