/*
 * stay_conn_explain: what a connection is doing, why, and what comes next, in
 * one sentence. This file reads all parts of a connection and changes none.
 * Nothing else in conn/ calls it.
 */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"

/* ---- what it is doing: one sentence ---- */

static void
add_attempt(struct stay__text *text, const struct stay_conn *conn)
{
	static const char *const links[] = {
		[STAY__LINK_CLOSED] = "",
		[STAY__LINK_QUEUED] = ", waiting for the dial governor",
		[STAY__LINK_RESOLVING] = ", resolving its name",
		[STAY__LINK_DIALING] = ", dialing",
		[STAY__LINK_SECURING] = ", agreeing on how to seal bytes",
		[STAY__LINK_OPEN] = "",
		[STAY__LINK_CLOSING] = "",
	};
	enum stay_state state = stay__conn_state(conn);

	if (state == STAY_BACKING_OFF && conn->timing.throttled)
		stay__text_add(text, " after too many connects in a row");
	else if (state == STAY_BACKING_OFF && conn->history.attempts > 0)
		stay__text_add(
		    text, " after attempt %u", conn->history.attempts);
	if (state != STAY_CONNECTING)
		return;
	if (conn->history.attempts > 1)
		stay__text_add(text, " in attempt %u", conn->history.attempts);
	stay__text_add(text, "%s", links[conn->stream.link.machine.now]);
	if (stay__conn_place(conn) != NULL)
		stay__text_add(text, ", at %s", stay__conn_place(conn));
}

static void
add_doing(struct stay__text *text, const struct stay_conn *conn)
{
	static const char *const doing[] = {
		[STAY_STARTING] = "starting",
		[STAY_IDLE] = "idle",
		[STAY_CONNECTING] = "connecting",
		[STAY_CONNECTED] = "connected",
		[STAY_DISCONNECTING] = "disconnecting",
		[STAY_BACKING_OFF] = "backing off",
		[STAY_STOPPING] = "stopping",
		[STAY_STOPPED] = "stopped",
	};
	uint64_t now = stay__loop_now(conn->loop);

	stay__text_add(text, "conn %llu ", (unsigned long long)conn->number);
	stay__text_add(text, "%s", stay__conn_label(conn));
	stay__text_add(text, ": %s for ", doing[stay__conn_state(conn)]);
	stay__text_add(text, "%s",
	    stay__duration_of((now - conn->history.since) / STAY__TICK_NS)
		.text);
	add_attempt(text, conn);
	if (stay_stream_is_open(conn))
		stay__text_add(
		    text, " with %s", stay__link_peer(&conn->stream.link));
}

static void
add_count(
    struct stay__text *text, size_t count, const char *one, const char *many)
{
	if (count > 0)
		stay__text_add(
		    text, ", %zu %s", count, count == 1 ? one : many);
}

/* What a behaviour has to say may hold a failure sentence, of another connection. */
#define WORDS_MAX 1024

static void
add_waiting(struct stay__text *text, const struct stay_conn *conn)
{
	char words[WORDS_MAX];

	if (conn->behaviour->describe != NULL &&
	    conn->behaviour->describe(conn, conn->state, words, sizeof(words)) >
		0)
		stay__text_add(text, ", %s", words);
	add_count(
	    text, conn->mail.shelf->messages, "message waits", "messages wait");
	add_count(text, stay__callers_waiting(conn->rare->callers),
	    "caller waits for an answer", "callers wait for an answer");
	add_count(text, stay__stream_unwritten(&conn->stream),
	    "byte is to be sent", "bytes are to be sent");
}

/* The last failure, in the words of its phase. */
static void
add_failure(struct stay__text *text, const struct stay_conn *conn)
{
	static const char *const phases[] = {
		[STAY__PHASE_CONNECT] = "its last attempt failed: ",
		[STAY__PHASE_HELLO] = "its last hello failed: ",
		[STAY__PHASE_RESTORE] = "its last session was not restored: ",
		[STAY__PHASE_SESSION] = "its last session ended: ",
		[STAY__PHASE_STOP] = "the reason: ",
		[STAY__PHASE_CALLBACK] = "",
	};

	stay__text_add(text, "; ");
	stay__text_add(text, "%s", phases[conn->outage.failed_in]);
	if (conn->outage.sentence == NULL)
		stay__text_add(text, "%s", stay_strerror(conn->outage.failed));
	else
		stay__text_add(text, "%.*s", (int)conn->outage.text_len,
		    conn->outage.sentence + conn->outage.text_at);
}

/* The words of a reconnect say more if the client itself had a reason. */
static bool
was_asked_for(const struct stay_conn *conn)
{
	const char *words = conn->outage.sentence;

	return conn->outage.failed == STAY_E_RECONNECT &&
	       (words == NULL || strncmp(words + conn->outage.text_at,
				     stay_strerror(STAY_E_RECONNECT),
				     conn->outage.text_len) == 0);
}

/* Why it is in this state, if not because all is well. */
static void
add_why(struct stay__text *text, const struct stay_conn *conn)
{
	bool stops = stay__conn_state(conn) >= STAY_STOPPING;
	bool normal = conn->requests.reason == STAY_OK ||
		      conn->requests.reason == STAY_E_STOPPED;

	if (stops && normal)
		stay__text_add(text, ", as asked");
	else if (was_asked_for(conn))
		stay__text_add(text, "; a reconnect was asked for");
	else if (conn->outage.failed != STAY_OK)
		add_failure(text, conn);
	else if (conn->history.reconnects)
		stay__text_add(text, "; a reconnect was asked for");
}

/* What follows in each state: when its timer ends, and without one. */
static const struct {
	const char *within;
	const char *other;
} following[] = {
	[STAY_STARTING] = { "", "init's verdict is taken next" },
	[STAY_IDLE] = { "", "it waits for somebody to ask for a connection" },
	[STAY_CONNECTING] = { "it gives up in ",
	    "it waits for connect's verdict" },
	[STAY_CONNECTED] = { "", "it stays connected" },
	[STAY_DISCONNECTING] = { "it gives up in ",
	    "it waits for disconnect's verdict" },
	[STAY_BACKING_OFF] = { "the next attempt begins in ",
	    "no attempt follows by itself" },
	[STAY_STOPPING] = { "it ends at the latest in ", "it ends" },
	[STAY_STOPPED] = { "", "the closed notice follows" },
};

/* A clock that runs against a connection that is up. */
static bool
add_threat(struct stay__text *text, const struct stay_conn *conn)
{
	char words[192];

	if (stay__conn_state(conn) != STAY_CONNECTED ||
	    stay__conn_client(conn) == NULL ||
	    stay__conn_client(conn)->threat(
		conn->state, words, sizeof(words)) == 0)
		return false;
	stay__text_add(text, "%s", words);
	return true;
}

/* Without a callback for it there is nothing that could be asked. */
static const char *
without_timer(const struct stay_conn *conn, enum stay_state state)
{
	return state == STAY_IDLE && conn->behaviour->connect == NULL
		   ? "it has no stream of its own"
		   : following[state].other;
}

/* What the state's own timer says. */
static void
add_due(struct stay__text *text, const struct stay_conn *conn)
{
	enum stay_state state = stay__conn_state(conn);
	uint64_t due_ms = stay_conn_due_ms(conn);

	if (due_ms == STAY_FOREVER) {
		stay__text_add(text, "%s", without_timer(conn, state));
		return;
	}
	if (state == STAY_DISCONNECTING && conn->history.reconnects)
		stay__text_add(text, "it connects anew at the latest in ");
	else
		stay__text_add(text, "%s", following[state].within);
	stay__text_add(text, "%s", stay__duration_of(due_ms).text);
	if (state == STAY_BACKING_OFF &&
	    stay_status_class(conn->outage.failed) == STAY_CLASS_FATAL)
		stay__text_add(text, ", but somebody has to mend this");
}

static void
add_end_of_drain(struct stay__text *text, const struct stay_conn *conn)
{
	uint64_t at = stay__timing_at(&conn->timers, STAY__CLOCK_DRAIN);

	stay__text_add(text, "it stops when nothing is left to do");
	if (at == UINT64_MAX)
		return;
	stay__text_add(text, ", at the latest in ");
	stay__text_add(text, "%s",
	    stay__duration_of(stay__loop_until_ms(conn->loop, at)).text);
}

/* What it is to do by itself, if its end does not come first. */
static bool
is_renewed(const struct stay_conn *conn)
{
	return stay__timing_at(&conn->timers, STAY__CLOCK_RENEWAL) <
	       stay__timing_at(&conn->timers, STAY__CLOCK_DRAIN);
}

/* Whether add_step has something to say of a connection that is up. */
static bool
has_step(const struct stay_conn *conn)
{
	return stay__conn_is_to_reconnect(conn) ||
	       conn->outage.failed != STAY_OK || is_renewed(conn);
}

/* What it does next, unless it is stopped; false: nothing, it stays up. */
static bool
add_step(struct stay__text *text, const struct stay_conn *conn)
{
	bool up = stay__conn_state(conn) == STAY_CONNECTED;

	if (stay__conn_is_to_reconnect(conn)) {
		stay__text_add(text, "it reconnects next, as asked");
	} else if (conn->timing.granted_later) {
		stay__text_add(text, "its budget of ");
		stay__text_add(
		    text, "%s", stay__duration_of(conn->timing.due_ms).text);
		stay__text_add(text, " begins when it is let go");
	} else if (up && conn->outage.failed != STAY_OK) {
		stay__text_add(text, "it disconnects next");
	} else if (up && is_renewed(conn)) {
		stay__text_add(text, "it leaves for a new session in ");
		stay__text_add(text, "%s",
		    stay__duration_of(stay__loop_until_ms(conn->loop,
					  stay__timing_at(&conn->timers,
					      STAY__CLOCK_RENEWAL)))
			.text);
	} else if (!up) {
		add_due(text, conn);
	} else {
		return false;
	}
	return true;
}

static void
add_following(struct stay__text *text, const struct stay_conn *conn)
{
	bool draining = conn->requests.admission == STAY__ADMIT_DRAINING;
	bool stays, threatened;

	if ((conn->requests.asked & STAY__ASKED_STOP) != 0) {
		stay__text_add(text, "it stops next, as asked");
		return;
	}
	threatened = add_threat(text, conn);
	if (threatened && (draining || has_step(conn)))
		stay__text_add(text, "; ");
	stays = !add_step(text, conn);
	if (stays && !draining && !threatened)
		add_due(text, conn);
	if (!stays && draining)
		stay__text_add(text, ", and ");
	if (draining)
		add_end_of_drain(text, conn);
}

int
stay_conn_explain(const struct stay_conn *conn, char *buffer, size_t len)
{
	struct stay__text text = { buffer, len, 0 };

	assert(conn != NULL);
	add_doing(&text, conn);
	add_waiting(&text, conn);
	add_why(&text, conn);
	stay__text_add(&text, "; ");
	add_following(&text, conn);
	return (int)text.len;
}
