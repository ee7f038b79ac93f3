/*
 * The adapter of the protocol with tags: its frames, its greeting and its control
 * lane, and that each slot is asked in its own session. Calls are in tag.c.
 */
#include "tag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "line_kind.h"

struct user *
tag_user_of(const struct stay_session *session)
{
	const struct config *config = stay_session_config(session);

	if (config->released)
		broken(10, "a config is released and still in use");
	return config->user;
}

struct tag_data *
tag_data_of(struct stay_session *session)
{
	struct tag_data *data = stay_session_data(session);
	const struct user *user = tag_user_of(session);
	uint64_t number = stay_client_session_number(user->client);

	if (data->serial == 0 || data->serial != user->streams || data->down)
		broken(5,
		    "a slot of session %" PRIu64 " runs in session %" PRIu64,
		    data->serial, user->streams);
	if (number != 0 && number != data->serial)
		broken(5, "session %" PRIu64 " has the number %" PRIu64,
		    data->serial, number);
	return data;
}

struct tag_data *
tag_live_data_of(struct stay_session *session)
{
	struct tag_data *data = tag_data_of(session);

	if (data->ended)
		broken(5, "a session of user %u goes on behind its end",
		    tag_user_of(session)->index);
	return data;
}

/* ---- frames ---- */

/* "K7 12\n" */
static const char *
read_frame(struct tag_frame *frame, const char *line)
{
	char *rest;

	frame->kind = line[0];
	frame->tag = strtoull(line + 1, &rest, 10);
	frame->number = strtoull(rest, &rest, 10);
	return rest + (rest[0] == ' ');
}

/* "%0 300 10.1.3.1:7002\n" */
static void
hear_leave(
    struct stay_session *session, const struct tag_frame *frame, const char *at)
{
	struct user *user = tag_user_of(session);
	bool ready = stay_client_session(user->client) != NULL;
	char words[80];
	enum stay_status status;

	snprintf(words, sizeof(words), "%.*s", (int)strcspn(at, "\n"), at);
	status = stay_session_leave(session, words[0] == '\0' ? NULL : words,
	    strlen(words), frame->number);
	if (!ready && status != STAY_E_STATE)
		broken(5, "user %u leaves what it is not in", user->index);
	if (!ready)
		return;
	if (words[0] != '\0')
		leave_named(user, words, status);
	leave_asked(user, frame->number);
}

/* A server that is asked to go on says a word of its own. */
static struct stay_frame
obey(struct stay_session *session, struct tag_data *data, size_t len,
    const char *place)
{
	struct user *user = tag_user_of(session);
	enum stay_status why = STAY_E_NOT_READY;

	if (data->frame.kind == '%') {
		hear_leave(session, &data->frame, place);
		return stay_frame_skip(len);
	}
	if (data->frame.kind == '^') {
		stay_session_renew(session, "it said so");
		user->wanted = true;
		return stay_frame_skip(len);
	}
	if (the_run->struck > 0 && draw_mille(the_run, 200))
		why = STAY_E_DENIED;
	if (stay_session_end(session, why, "go away", 7) != STAY_OK)
		broken(5, "user %u cannot end its session", user->index);
	data->ended = true;
	return stay_frame_skip(len);
}

/* An answer names a tag that its call has. */
static void
check_tag(struct stay_session *session, const struct tag_frame *frame)
{
	const uint64_t *word = stay_session_tagged(session, frame->tag);
	const struct call *call = ledger_find(the_run, frame->number);

	if (word == NULL)
		broken(2, "tag %" PRIu64 " is answered, and nobody has it",
		    frame->tag);
	if (*word == frame->number ||
	    (frame->number == 0 && *word == frame->tag))
		return;
	if (*word != frame->tag || call == NULL || !tag_is_let_go(call))
		broken(2,
		    "tag %" PRIu64 " of call %" PRIu64 " is that of %" PRIu64,
		    frame->tag, frame->number, *word);
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct tag_data *data = tag_live_data_of(session);
	const char *end = memchr(in.data, '\n', in.len);
	enum stay_frame_kind kind = line_kind_of(in.data[0]);
	const char *rest;
	size_t len;

	if (end == NULL && in.len < 64)
		return stay_frame_more();
	if (end == NULL || end - in.data < 4)
		return stay_frame_bad("no line");
	len = (size_t)(end - in.data) + 1;
	rest = read_frame(&data->frame, in.data);
	if (memchr("$^%", in.data[0], 3) != NULL)
		return obey(session, data, len, rest);
	if (kind == STAY_FRAME_BAD || kind == STAY_FRAME_MORE)
		return stay_frame_bad("a line of no kind");
	if (data->frame.number == TAG_BABBLE)
		broken(2, "user %u believes what was said in clear",
		    tag_user_of(session)->index);
	if (data->frame.tag == 0 || kind == STAY_FRAME_ASIDE)
		return stay_frame_of(kind, len, &data->frame);
	if (!user_is_lied_to(tag_user_of(session)))
		check_tag(session, &data->frame);
	return stay_frame_with_tag(
	    stay_frame_of(kind, len, &data->frame), data->frame.tag);
}

/* A step of a call, which is not sent again from here on. */
static void
step(struct stay_session *session, const struct tag_frame *line)
{
	struct call *call = ledger_find(the_run, line->number);
	char text[64];

	tag_check_open(tag_user_of(session), call, "a step");
	snprintf(text, sizeof(text), "rel %" PRIu64, line->tag);
	call->tagged.stepped_in = tag_data_of(session)->serial;
	if (tag_say(session, 0, text, line->number) != STAY_OK &&
	    stay_session_let_go(session, line->tag) == STAY_OK)
		call->tagged.let_go = true;
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	const struct tag_frame *line = frame->reply;

	(void)tag_data_of(session);
	called_back(the_run);
	if (user_is_lied_to(tag_user_of(session)))
		;
	else if (line->tag == 0)
		tag_topics_hear(session, line->number);
	else
		step(session, line);
	act_inside(the_run, tag_user_of(session));
	call_is_back(the_run);
}

static void
on_aside(struct stay_session *session, const struct stay_frame *frame)
{
	struct tag_data *data = tag_data_of(session);
	const struct tag_frame *line = frame->reply;
	enum stay_status status;

	called_back(the_run);
	if (!user_is_lied_to(tag_user_of(session)) &&
	    line->number != ++data->asides)
		broken(2, "aside %" PRIu64 " comes as number %" PRIu64,
		    line->number, data->asides);
	status = tag_say(session, 0, "pong", line->number);
	if (status != STAY_OK && memory.failed == 0 && status != STAY_E_FULL &&
	    !(status == STAY_E_STATE && data->parted))
		broken(7, "aside %" PRIu64 " cannot be answered: %s",
		    line->number, stay_status_name(status));
	act_inside(the_run, tag_user_of(session));
	call_is_back(the_run);
}

static void
on_control(struct stay_session *session, const struct stay_frame *frame)
{
	const struct tag_frame *line = frame->reply;

	(void)tag_data_of(session);
	if (user_is_lied_to(tag_user_of(session)))
		return;
	if (line->number & TAG_NONE)
		tag_topics_take(session, line->number);
	else if (line->number != 0)
		broken(2, "a probe is given the answer of call %" PRIu64,
		    line->number);
}

/* ---- a session ---- */

static void
begin(struct stay_session *session, struct tag_data *data)
{
	struct user *user = tag_user_of(session);

	if (data->serial != 0 || data->down || user->line_open)
		broken(5, "a session begins in another");
	user->line_open = true;
	data->serial = ++user->streams;
}

static struct stay_hello
greet(struct stay_session *session, const struct tag_data *data)
{
	enum stay_status status = stay_buf_printf(stay_session_control(session),
	    "hello %" PRIu64 " %s\n", data->serial,
	    stay_session_url(session)->password);

	if (status == STAY_OK)
		status = stay_session_expect(session, 1);
	if (status != STAY_OK)
		return stay_hello_retry("no memory");
	return stay_hello_wait();
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct tag_data *data = stay_session_data(session);
	struct stay_hello hello;

	if (frame == NULL && data->serial == 0)
		begin(session, data);
	(void)tag_live_data_of(session);
	if (frame == NULL && later_hello(session, &data->later, &hello))
		return hello;
	if (frame == NULL)
		return tag_is_clear(session) ? tag_clear_hello(session, NULL)
					     : greet(session, data);
	later_check(data->later);
	if (tag_is_clear(session))
		return tag_clear_hello(session, frame);
	if (frame->kind == STAY_FRAME_ERROR)
		return stay_hello_denied("denied");
	if (frame->kind == STAY_FRAME_REFUSED)
		return stay_hello_retry("later");
	return stay_hello_up();
}

/* The last answer is the one to "ready"; whoever lies may give it before. */
static struct stay_hello
take_restored(struct stay_session *session, const struct stay_frame *frame)
{
	const struct tag_data *data = tag_data_of(session);
	const struct tag_frame *line = frame->reply;

	later_check(data->later);
	if (user_is_lied_to(tag_user_of(session)) || line->number == 0)
		return data->topics.ready ? stay_hello_up() : stay_hello_wait();
	tag_topics_take(session, line->number);
	return stay_hello_wait();
}

static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	struct tag_data *data = tag_live_data_of(session);
	struct stay_hello hello = stay_hello_up();

	called_back(the_run);
	if (frame == NULL)
		tag_user_of(session)->lane.restores = false;
	if (frame != NULL)
		hello = take_restored(session, frame);
	else if (!later_hello(session, &data->later, &hello))
		hello = tag_topics_restore(session);
	(void)stay_session_tick_after(session, draw_between(the_run, 1, 3000));
	act_inside(the_run, tag_user_of(session));
	call_is_back(the_run);
	return hello;
}

static void
on_down(struct stay_session *session, enum stay_status why)
{
	struct tag_data *data = tag_data_of(session);
	struct user *user = tag_user_of(session);

	called_back(the_run);
	sim_note(the_run->sim, "down", user->index, why);
	if (!user->line_open)
		broken(5, "on_down comes twice");
	user->line_open = false;
	user->last_tag = 0;
	user->lane.full = user->lane.restores = false;
	tag_topics_lose(user);
	data->down = true;
	act_inside(the_run, user);
	call_is_back(the_run);
}

/* With a tag of its own, or in order. */
static void
ping(struct stay_session *session)
{
	struct user *user = tag_user_of(session);
	uint64_t tag =
	    draw_mille(the_run, 500) ? tag_free_one(session, user) : 0;
	enum stay_status status;

	(void)tag_live_data_of(session);
	if (tag == 0) {
		(void)tag_say(session, 1, "ping", 0);
		return;
	}
	status = stay_buf_printf(
	    stay_session_control(session), "ping %" PRIu64 "\n", tag);
	if (status == STAY_OK)
		(void)stay_session_expect_tagged(session, 1, tag);
}

static void
tick(struct stay_session *session)
{
	(void)tag_live_data_of(session);
	called_back(the_run);
	act_inside(the_run, tag_user_of(session));
	call_is_back(the_run);
}

static void
bye(struct stay_session *session)
{
	tag_data_of(session)->parted = true;
	(void)tag_say(session, 0, "bye", 0);
}

static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	struct tag_frame *kept = keep->to;

	(void)session;
	if (kept != NULL) {
		*kept = *(const struct tag_frame *)keep->reply;
		keep->kept = kept;
	}
	return sizeof(*kept);
}

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = on_up,
	.on_down = on_down,
	.on_control = on_control,
	.on_aside = on_aside,
	.on_drained = tag_on_drained,
	.ping = ping,
	.tick = tick,
	.bye = bye,
};

const struct stay_protocol tag_protocol = {
	STAY_PROTOCOL,
	.name = "tag",
	.port = "7777",
	.session_size = sizeof(struct tag_data),
	.encode = tag_encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &tag_call_ops,
	.session = &session_ops,
};
