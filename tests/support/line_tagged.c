/* The line protocol with tags: its own slots are in line_protocol.c. */
#include "line_tagged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct line_tagging *
tagging_of(struct stay_session *session)
{
	const struct line_config *config = stay_session_config(session);

	return config->tagging;
}

/* ---- out ---- */

static enum stay_status
prepare(struct stay_session *session, struct stay_prepare *call)
{
	struct line_tagging *tagging = tagging_of(session);
	char *at = memchr(call->bytes, '@', call->len), text[4];

	if (at == NULL)
		at = memchr(call->bytes, '!', call->len);
	if (tagging->preparing != NULL)
		tagging->preparing(session);
	if (tagging->says != STAY_OK)
		return tagging->says;
	if (!(call->flags & STAY_BY_TAG))
		return STAY_OK;
	call->tag = tagging->fixed;
	if (call->tag == 0)
		call->tag = stay_session_free_tag(
		    session, tagging->max == 0 ? 999 : tagging->max);
	if (call->tag == 0)
		return STAY_E_FULL;
	snprintf(text, sizeof(text), "%03u", (unsigned)call->tag % 1000);
	*at = call->again ? '!' : '@';
	memcpy(at + 1, text, 3);
	return STAY_OK;
}

/* ---- in ---- */

/* Of a range, the first that still waits. All but the last use no byte. */
static struct stay_frame
of_range(struct stay_session *session, struct stay_frame frame, uint64_t from,
    uint64_t to)
{
	while (from < to &&
	       stay_session_awaits_tag(session, from) == STAY_AWAITS_NOTHING)
		from++;
	if (from < to)
		frame.len = 0;
	return stay_frame_with_tag(frame, from);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct stay_frame frame = line_protocol.decode(session, in);
	const char *text = frame.reply;
	uint64_t from, to;
	char *end;

	if (frame.kind == STAY_FRAME_MORE || text == NULL || text[1] != '@')
		return frame;
	from = to = strtoull(text + 2, &end, 10);
	if (*end == '-')
		to = strtoull(end + 1, &end, 10);
	if (tagging_of(session)->skips &&
	    stay_session_tagged(session, to) == NULL)
		return stay_frame_skip(frame.len);
	return of_range(session, frame, from, to);
}

/* ---- the end ---- */

static void
on_given_up(struct stay_session *session, uint64_t tag)
{
	const struct line_config *config = stay_session_config(session);
	const struct line_tagging *tagging = config->tagging;

	line_note(config->notes, "given up %u;", (unsigned)tag);
	if (tagging->gives_up != NULL &&
	    stay_buf_printf(stay_session_control(session), "%s %u\n",
		tagging->gives_up, (unsigned)tag) == STAY_OK)
		(void)stay_session_expect(session, 0);
	if (tagging->lets_go)
		(void)stay_session_let_go(session, tag);
}

static void
on_orphan(struct stay_session *session, const struct stay_frame *frame)
{
	line_protocol.call->on_orphan(session, frame);
	if (tagging_of(session)->lets_go_late)
		(void)stay_session_let_go(session, frame->tag);
}

static void
on_over(struct stay_session *session, const struct stay_over *over)
{
	const struct line_config *config = over->config;

	if (config->tagging->over != NULL)
		config->tagging->over();
	if (!config->tagging->tells)
		return;
	if (session == NULL)
		line_note(config->notes, "over - of %u %s;",
		    (unsigned)over->request_tag,
		    stay_outcome_name(over->outcome));
	else
		line_note(config->notes, "over %u of %u %s;",
		    (unsigned)over->tag, (unsigned)over->request_tag,
		    stay_outcome_name(over->outcome));
}

static void
unprepare(struct stay_session *session, const struct stay_over *over)
{
	const struct line_config *config = stay_session_config(session);

	if (config->tagging->tells)
		line_note(config->notes, "back %u of %u;", (unsigned)over->tag,
		    (unsigned)over->request_tag);
}

static void
on_answer(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_config *config = stay_session_config(session);
	const struct line_tagging *tagging = config->tagging;

	if (tagging->hears)
		line_note(config->notes, "hear %s;",
		    frame->reply == NULL ? "bytes"
					 : (const char *)frame->reply);
	if (tagging->hearing != NULL)
		tagging->hearing(session);
}

const struct stay_protocol *
line_tagged_protocol(void)
{
	static struct stay_call_ops call;
	static struct stay_protocol tagged;

	call = *line_protocol.call;
	call.prepare = prepare;
	call.on_given_up = on_given_up;
	call.on_orphan = on_orphan;
	call.on_over = on_over;
	call.unprepare = unprepare;
	call.on_answer = on_answer;
	tagged = line_protocol;
	tagged.decode = decode;
	tagged.call = &call;
	return &tagged;
}

const struct stay_protocol *
line_told_protocol(void)
{
	static struct stay_call_ops call;
	static struct stay_protocol told;

	call = *line_protocol.call;
	call.on_answer = on_answer;
	told = line_protocol;
	told.call = &call;
	return &told;
}

const struct stay_protocol *
line_heard_protocol(void)
{
	static struct stay_call_ops call;
	static struct stay_protocol heard;

	call = *line_protocol.call;
	call.on_given_up = on_given_up;
	call.on_over = on_over;
	heard = line_protocol;
	heard.call = &call;
	return &heard;
}
