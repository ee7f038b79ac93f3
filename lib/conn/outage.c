/*
 * An outage, from the first failure until the connection is up again: what has failed
 * last, as a sentence that is told together with what happens next; and for how long,
 * with how many attempts and calls. This file does not know when something has failed.
 */
#include "conn/outage.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "conn/conn.h"
#include "conn/metered.h"
#include "loop/recorder.h"

void
stay__outage_init(struct stay_conn *conn)
{
	conn->outage.told = true; /* there is none */
}

void
stay__outage_fini(struct stay_conn *conn)
{
	stay__free(conn->outage.sentence);
}

/* ---- failures ---- */

/* What the connection does next, given its state. */
static void
add_next(struct stay__text *text, const struct stay_conn *conn)
{
	switch (stay__conn_state(conn)) {
	case STAY_BACKING_OFF:
		if (conn->history.attempts > 0)
			stay__text_add(
			    text, "attempt %u, ", conn->history.attempts);
		if (stay_conn_due_ms(conn) == STAY_FOREVER) {
			stay__text_add(text, "no next one by itself");
			break;
		}
		stay__text_add(text, "next in ");
		stay__text_add(
		    text, "%s", stay__duration_of(stay_conn_due_ms(conn)).text);
		if (stay_status_class(conn->outage.why) == STAY_CLASS_FATAL)
			stay__text_add(text, ", but somebody has to mend this");
		break;
	case STAY_CONNECTING:
		stay__text_add(
		    text, "attempt %u begins", conn->history.attempts);
		break;
	case STAY_CONNECTED:
		stay__text_add(text, "connected");
		break;
	case STAY_STARTING:
	case STAY_IDLE:
	case STAY_DISCONNECTING:
		stay__text_add(text, "idle");
		break;
	case STAY_STOPPING:
	case STAY_STOPPED:
		stay__text_add(text, "stopped");
		break;
	}
}

/* How much of it there was room for. */
static uint16_t
fitting(const struct stay__text *text)
{
	return (uint16_t)strlen(text->at);
}

/* `place` is where it was; NULL: the text or the label says so. */
static void
fail_at(struct stay_conn *conn, const char *place, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	struct stay__text sentence;

	stay__record(conn->loop, conn->number, STAY__RECORD_FAILURE,
	    (uintptr_t)stay__phase_name(phase), status);
	if (conn->outage.failed == STAY_OK)
		conn->outage.down_since = stay__loop_now(conn->loop);
	conn->outage.why = status;
	conn->outage.told = false;
	conn->outage.failed = status;
	conn->outage.failed_in = (uint8_t)phase;
	if (conn->outage.sentence == NULL)
		conn->outage.sentence = stay__zalloc(STAY__FAILURE_MAX);
	if (conn->outage.sentence == NULL)
		return;
	sentence =
	    (struct stay__text){ conn->outage.sentence, STAY__FAILURE_MAX, 0 };
	stay__text_add(&sentence, "%s %s", stay__phase_name(phase),
	    stay__conn_label(conn));
	stay__text_put(&sentence, ": ");
	conn->outage.text_at = fitting(&sentence);
	if (place != NULL)
		stay__text_add(&sentence, "at %s: ", place);
	stay__text_add(&sentence, "%s", text);
	conn->outage.text_len =
	    (uint16_t)(fitting(&sentence) - conn->outage.text_at);
}

void
stay__conn_fail(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	fail_at(conn, stay__conn_place(conn), status, phase, text);
}

/* The place stands in the cause already. */
void
stay__conn_fail_finally(struct stay_conn *conn, enum stay_status status,
    enum stay__phase phase, const char *text)
{
	char whole[STAY__FAILURE_MAX];
	struct stay__text with = { whole, sizeof(whole), 0 };
	const char *place = stay__conn_place(conn);

	stay__text_put(&with, text);
	if (conn->outage.failed != STAY_OK && conn->outage.sentence != NULL) {
		stay__text_add(&with, ": %.*s", (int)conn->outage.text_len,
		    conn->outage.sentence + conn->outage.text_at);
		place = NULL;
	}
	fail_at(conn, place, status, phase, whole);
}

enum stay_status
stay__conn_failed(const struct stay_conn *conn)
{
	return conn->outage.failed;
}

static void
say_next(struct stay_conn *conn)
{
	struct stay__text text = { conn->outage.sentence, STAY__FAILURE_MAX,
		0 };

	if (conn->outage.sentence == NULL)
		return;
	text.len = strlen(conn->outage.sentence);
	stay__text_add(&text, "; ");
	add_next(&text, conn);
}

void
stay__outage_tell(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);

	if (conn->outage.told)
		return;
	conn->outage.told = true;
	stay__metered_failure(conn);
	say_next(conn);
	if (observer->on_failure != NULL)
		observer->on_failure(observer->arg, &who, conn->outage.why,
		    stay_conn_failure(conn));
	stay__observed(conn);
}

/* Without memory for a sentence, the words of the status. */
const char *
stay_conn_failure(const struct stay_conn *conn)
{
	assert(conn != NULL);
	if (conn->outage.sentence != NULL)
		return conn->outage.sentence;
	return conn->outage.why == STAY_OK ? ""
					   : stay_strerror(conn->outage.why);
}

void
stay__outage_try(struct stay_conn *conn)
{
	conn->outage.why = STAY_OK;
}

/* ---- up ---- */

static void
add_lost(struct stay__text *text, const struct stay_up *up)
{
	if (up->maybe_executed > 0)
		stay__text_add(text, "; %llu %s maybe executed",
		    (unsigned long long)up->maybe_executed,
		    up->maybe_executed == 1 ? "call" : "calls");
	if (up->not_sent > 0 && up->maybe_executed > 0)
		stay__text_add(
		    text, ", %llu not sent", (unsigned long long)up->not_sent);
	else if (up->not_sent > 0)
		stay__text_add(text, "; %llu %s not sent",
		    (unsigned long long)up->not_sent,
		    up->not_sent == 1 ? "call" : "calls");
}

/* "up again after 5.2 s, attempt 7, with 10.0.0.7:6379, RESP3 ...; ..." */
static void
say_up(const struct stay_conn *conn, const struct stay_up *up,
    struct stay__text *text)
{
	char words[256];

	stay__text_add(text, "up");
	if (conn->outage.failed != STAY_OK) {
		stay__text_add(
		    text, conn->outage.was_up ? " again after " : " after ");
		stay__text_add(text, "%s", stay__duration_of(up->down_ms).text);
	}
	if (up->attempts > 1)
		stay__text_add(text, ", attempt %u", up->attempts);
	if (stay__link_is_open(&conn->stream.link))
		stay__text_add(
		    text, ", with %s", stay__link_peer(&conn->stream.link));
	if (conn->behaviour->describe != NULL &&
	    conn->behaviour->describe(conn, conn->state, words, sizeof(words)) >
		0)
		stay__text_add(text, ", %s", words);
	add_lost(text, up);
}

static void
tell_up(struct stay_conn *conn)
{
	const struct stay_observer *observer = conn->loop->observer;
	struct stay_subject who = stay__conn_subject(conn);
	char words[STAY__FAILURE_MAX] = "";
	struct stay__text text = { words, sizeof(words), 0 };
	struct stay_up up = { .text = words,
		.attempts = conn->history.attempts,
		.maybe_executed = conn->outage.maybe_executed,
		.not_sent = conn->outage.not_sent };

	if (!STAY__HAS_SLOT(observer, on_up))
		return;
	if (conn->outage.failed != STAY_OK)
		up.down_ms =
		    (stay__loop_now(conn->loop) - conn->outage.down_since) /
		    STAY__TICK_NS;
	say_up(conn, &up, &text);
	observer->on_up(observer->arg, &who, &up);
	stay__observed(conn);
}

void
stay__outage_over(struct stay_conn *conn)
{
	stay__outage_tell(conn);
	tell_up(conn);
	conn->outage.why = STAY_OK;
	conn->outage.failed = STAY_OK;
	conn->outage.maybe_executed = conn->outage.not_sent = 0;
	conn->outage.was_up = true;
}

/* ---- calls ---- */

static void
count_one(uint32_t *count)
{
	if (*count < UINT32_MAX)
		(*count)++;
}

void
stay__conn_call_over(struct stay_conn *conn, enum stay_outcome outcome)
{
	if (conn->outage.failed == STAY_OK)
		return;
	if (outcome == STAY_MAYBE_EXECUTED)
		count_one(&conn->outage.maybe_executed);
	if (outcome == STAY_NOT_SENT)
		count_one(&conn->outage.not_sent);
}
