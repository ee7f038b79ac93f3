/*
 * The third adapter: a thin protocol of lines that can do whatever the engine
 * knows of (replies of several frames, parts, pushes, requests without an
 * answer) and looks itself whether its slots are asked in order. And its
 * server.
 *
 *	hello PASSWORD   +hello, -denied or !later
 *	sub, ping        +sub, +pong
 *	done, bye        nothing: the session is going to be left, and is
 *	VERB NUMBER PAD  according to its verb: see shapes
 *
 * A line that ends with '$' is the last of its session. So is one that ends with '%'
 * and the stream instead of a line break: what was cut has none, and is no answer.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "line_kind.h"
#include "machine/machine.h"

/* clang-format off */
static const struct shape {
	const char *verb;
	uint32_t replies;
	uint32_t flags;
	bool acts;
} shapes[] = {
	{ "do",    1, 0,                 true },
	{ "do",    1, STAY_IDEMPOTENT,   true },
	{ "do",    1, STAY_READ_ONLY,    true },
	{ "err",   1, 0,                 true },
	{ "ref",   1, 0,                 false },
	{ "ref",   1, STAY_IDEMPOTENT,   false },
	{ "three", 3, 0,                 true },
	{ "three", 3, STAY_IDEMPOTENT,   true },
	{ "parts", 1, STAY_IDEMPOTENT,   true },
	{ "quiet", 0, 0,                 true },
	{ "block", 1, STAY_BLOCKS,       true },
	{ "push",  1, 0,                 true },
	{ "here",  1, STAY_THIS_SESSION, true },
};
/* clang-format on */
#define SHAPES        (sizeof(shapes) / sizeof(shapes[0]))
/* The first of them: one reply each, and no pieces. */
#define SHAPES_ATOMIC 6

#define BLOCK_MS 80

/* Of the server. */
enum { FRESH, GREETED, SUBSCRIBED, LEFT };

/* ---- the adapter ---- */

struct line_frame {
	char kind;
	uint64_t number;
	const char *text;
	size_t len;
};

struct line_data {
	uint64_t serial; /* 0: not greeted */
	bool down;
	bool ended; /* at_end was asked */
	bool leaves;
	size_t seen;
	unsigned controls; /* answers seen on the control lane, from on_up on */
	struct line_frame frame;
	uint64_t tick_at; /* ns: not before */
};

struct line_request {
	struct user *user;
	struct call *call;
	bool refused; /* by encode, after all */
};

static struct user *
user_of(const struct stay_session *session)
{
	const struct config *config = stay_session_config(session);

	if (config->released)
		broken(10, "a config is released and still in use");
	return config->user;
}

/* Every slot but hello: a session that has begun and is not over. */
static struct line_data *
data_of(struct stay_session *session)
{
	struct line_data *data = stay_session_data(session);

	if (data->serial == 0 || data->serial != user_of(session)->sessions ||
	    data->down)
		broken(5,
		    "a slot of session %" PRIu64 " runs in session %" PRIu64,
		    data->serial, user_of(session)->sessions);
	return data;
}

static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const struct line_request *line = request->data;
	const struct shape *shape = &shapes[line->call->shape];
	char pad[PAD_MAX + 1];
	enum stay_status status;

	request->replies = shape->replies;
	request->flags = shape->flags;
	request->tag = line->call->number;
	if (shape->flags & STAY_BLOCKS)
		request->blocks_ms = BLOCK_MS;
	pad_write(line->call, pad);
	status = stay_buf_printf(
	    out, "%s %" PRIu64 " ", shape->verb, line->call->number);
	if (status == STAY_OK)
		status = stay_buf_append(out, pad, line->call->pad);
	if (request->body != NULL) {
		request->body->follows = true;
		request->body->closing = (struct stay_bytes){ "\n", 1 };
	} else if (status == STAY_OK) {
		status = stay_buf_append(out, "\n", 1);
	}
	return status == STAY_OK && line->refused ? STAY_E_FORMAT : status;
}

static void
read_frame(struct line_frame *frame, const char *line, size_t len)
{
	frame->kind = line[0];
	frame->text = line + 1;
	frame->len = len - 1;
	frame->number = 0;
	for (size_t i = 1; i < len && line[i] >= '0' && line[i] <= '9'; i++)
		frame->number = frame->number * 10 + (uint64_t)(line[i] - '0');
}

static struct stay_frame
frame_of(enum stay_frame_kind kind, size_t len, const struct line_frame *line)
{
	struct stay_frame frame = stay_frame_of(kind, len, line);
	bool is_last = line->len > 0 && line->text[line->len - 1] == '$';

	return is_last ? stay_frame_last(frame) : frame;
}

static struct stay_frame
decode(struct stay_session *session, struct stay_bytes in)
{
	struct line_data *data = data_of(session);
	const char *end;
	enum stay_frame_kind kind = line_kind_of(in.data[0]);

	if (in.len < data->seen)
		broken(2, "decode is given less than before");
	end = memchr(in.data + data->seen, '\n', in.len - data->seen);
	if (kind == STAY_FRAME_BAD || kind == STAY_FRAME_MORE)
		return stay_frame_bad("a line of no kind");
	if (end == NULL) {
		data->seen = in.len;
		return stay_frame_more();
	}
	data->seen = 0;
	read_frame(&data->frame, in.data, (size_t)(end - in.data));
	return frame_of(kind, (size_t)(end - in.data) + 1, &data->frame);
}

/* The desk of the attempt that is under way. NULL: it is not known, as when a server that
 * was asleep accepts two at once, one of them long given up. */
static struct desk *
desk_there(const struct user *user)
{
	struct peer_end *end = user->host.server.ends;
	struct desk *found = NULL;

	for (; end != NULL; end = end->next) {
		struct desk *desk = desk_of(end); /* NULL: none yet */

		if (desk == NULL || desk->attempt != user->connects)
			continue;
		if (found != NULL)
			return NULL;
		found = desk;
	}
	return found != NULL && found->end->phase >= SUBSCRIBED ? found : NULL;
}

/* The server, or a fault, has closed the stream in order, and nothing was cut. */
static void
check_end(const struct user *user)
{
	const struct desk *desk = desk_there(user);

	if (user->paused && stay_client_is_paused(user->client))
		broken(8, "the end of user %u is read while it is paused",
		    user->index);
	if (desk == NULL)
		return;
	if (desk->peer->resets)
		broken(2, "a reset is taken for the end of an answer");
	if (desk->end->toy != NULL && toy_is_accepted(desk->end) &&
	    !toy_has_said_end(desk->end))
		broken(2, "what was cut is taken for the end of an answer");
}

static struct stay_frame
at_end(struct stay_session *session, struct stay_bytes rest)
{
	struct line_data *data = data_of(session);

	if (data->ended)
		broken(2, "the end of a stream is read twice");
	data->ended = true;
	check_end(user_of(session));
	if (rest.len < 2 || rest.data[rest.len - 1] != '%')
		return stay_frame_more();
	read_frame(&data->frame, rest.data, rest.len - 1);
	the_run->figures->bare++;
	return stay_frame_of(
	    line_kind_of(rest.data[0]), rest.len, &data->frame);
}

static enum stay_status
ask(struct stay_session *session, const char *text, unsigned replies)
{
	enum stay_status status =
	    stay_buf_puts(stay_session_control(session), text);

	if (status == STAY_OK)
		status = stay_session_expect(session, replies);
	return status;
}

/* Now and then a slot appends half a line, and commits nothing. */
static void
mumble(struct stay_session *session)
{
	if (draw_mille(the_run, 50))
		(void)stay_buf_puts(stay_session_control(session), "half a ");
}

static void
begin(struct stay_session *session, struct line_data *data)
{
	struct user *user = user_of(session);

	if (data->serial != 0 || data->down || data->seen != 0)
		broken(5, "a session begins with the block of another");
	if (user->line_open)
		broken(5, "a stream is opened and on_down never came");
	user->line_open = true;
	data->serial = ++user->sessions;
}

static bool
says(const struct line_frame *frame, const char *text)
{
	return frame->len == strlen(text) &&
	       memcmp(frame->text, text, frame->len) == 0;
}

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct line_data *data = stay_session_data(session);
	const struct line_frame *line;
	char text[64];

	if (frame == NULL) {
		begin(session, data);
		snprintf(text, sizeof(text), "hello %s\n",
		    stay_session_url(session)->password);
		if (ask(session, text, 1) != STAY_OK)
			return stay_hello_retry("no memory");
		mumble(session);
		return stay_hello_wait();
	}
	line = frame->reply;
	if (frame->kind == STAY_FRAME_ERROR) {
		snprintf(
		    text, sizeof(text), "%.*s", (int)line->len, line->text);
		return stay_hello_denied(text);
	}
	if (frame->kind == STAY_FRAME_REFUSED)
		return stay_hello_retry("later");
	return says(line, "wait") ? stay_hello_wait() : stay_hello_up();
}

static void
ask_tick(struct stay_session *session)
{
	struct line_data *data = data_of(session);
	uint64_t ms = draw_between(the_run, 1, 3000);

	if (stay_session_tick_after(session, ms) == STAY_OK)
		data->tick_at = the_run->sim->now + ms * SIM_MS;
}

/* Not too early, and not outside of its session: data_of sees to that. */
static void
tick(struct stay_session *session)
{
	const struct line_data *data = data_of(session);

	called_back(the_run);
	if (the_run->sim->now < data->tick_at)
		broken(
		    6, "a tick of user %u is early", user_of(session)->index);
	ask_tick(session);
	act_inside(the_run, user_of(session));
	mumble(session);
	call_is_back(the_run);
}

/* An answer on the control lane, whoever is given it. */
static void
take_control(struct stay_session *session, const struct stay_frame *frame)
{
	struct line_data *data = data_of(session);
	const struct line_frame *line = frame->reply;
	const char *due = data->controls == 0 ? "sub" : "pong";

	data->controls++;
	if (!user_is_lied_to(user_of(session)) && !says(line, due))
		broken(2, "the control lane is given %.*s for %s",
		    (int)line->len, line->text, due);
}

/* It subscribes, and sees to it or does not. */
static struct stay_hello
restore(struct stay_session *session)
{
	if (ask(session, "sub\n", 1) != STAY_OK)
		return stay_hello_retry("no memory to subscribe");
	return draw_mille(the_run, 300) ? stay_hello_wait() : stay_hello_up();
}

static struct stay_hello
on_up(struct stay_session *session, const struct stay_frame *frame)
{
	struct stay_hello hello = stay_hello_up();

	(void)data_of(session);
	called_back(the_run);
	if (frame == NULL)
		hello = restore(session);
	else
		take_control(session, frame);
	if (draw_mille(the_run, 20))
		hello = stay_hello_retry("not restored");
	ask_tick(session);
	act_inside(the_run, user_of(session));
	mumble(session);
	call_is_back(the_run);
	return hello;
}

static void
on_down(struct stay_session *session, enum stay_status why)
{
	struct line_data *data = data_of(session);
	struct user *user = user_of(session);

	called_back(the_run);
	sim_note(the_run->sim, "down", user->index, why);
	if (!user->line_open)
		broken(5, "on_down comes twice");
	user->line_open = false;
	data->down = true;
	act_inside(the_run, user);
	call_is_back(the_run);
}

static void
on_push(struct stay_session *session, const struct stay_frame *frame)
{
	(void)data_of(session);
	(void)frame;
	called_back(the_run);
	pause_frame(user_of(session));
	act_inside(the_run, user_of(session));
	mumble(session);
	call_is_back(the_run);
}

static void
on_control(struct stay_session *session, const struct stay_frame *frame)
{
	pause_frame(user_of(session));
	take_control(session, frame);
	mumble(session);
}

static void
on_orphan(struct stay_session *session, const struct stay_frame *frame)
{
	const struct line_frame *line = frame->reply;
	const struct call *call = ledger_find(the_run, line->number);

	(void)data_of(session);
	called_back(the_run);
	pause_frame(user_of(session));
	user_of(session)->orphans += frame->kind != STAY_FRAME_PART;
	sim_note(the_run->sim, "orphan", (int64_t)line->number, 0);
	/* Who was asked may answer a body before its end, of a call that was not
	 * sent whole. */
	if (!user_is_lied_to(user_of(session)) &&
	    (call == NULL || (!call->told && !call->cancelled) ||
		(call->told && call->outcome != STAY_MAYBE_EXECUTED &&
		    !call->body.is_there)))
		broken(2, "call %" PRIu64 " is no orphan", line->number);
	act_inside(the_run, user_of(session));
	mumble(session);
	call_is_back(the_run);
}

static void
ping(struct stay_session *session)
{
	(void)data_of(session);
	(void)ask(session, "ping\n", 1);
	mumble(session);
}

void
line_speak(struct stay_session *session)
{
	enum stay_status status;

	STATUS_OF(status, ask(session, "ping\n", 1));
	SAYS(status, STAY_OK);
}

static void
on_leaving(struct stay_session *session)
{
	struct line_data *data = data_of(session);
	struct user *user = user_of(session);

	called_back(the_run);
	if (data->leaves || user->state[2] != STAY__SESSION_LEAVING)
		broken(5, "user %u is told that it leaves: %s", user->index,
		    data->leaves ? "again" : "it does not");
	data->leaves = true;
	(void)ask(session, "done\n", 0);
	act_inside(the_run, user);
	mumble(session);
	call_is_back(the_run);
}

static void
bye(struct stay_session *session)
{
	if (!data_of(session)->leaves)
		broken(5, "a goodbye, and nobody was told that it leaves");
	(void)ask(session, "bye\n", 0);
	mumble(session);
}

static size_t
retain(struct stay_session *session, struct stay_retain *keep)
{
	const struct line_frame *line = keep->reply;
	struct line_frame *kept = keep->to;

	(void)session;
	if (kept != NULL) {
		*kept = *line;
		kept->text = keep->moved + (line->text - keep->bytes);
		keep->kept = kept;
	}
	return sizeof(*kept);
}

static const struct stay_call_ops call_ops = {
	STAY_CALL_OPS,
	.on_orphan = on_orphan,
};

static const struct stay_session_ops session_ops = {
	STAY_SESSION_OPS,
	.on_up = on_up,
	.on_down = on_down,
	.on_control = on_control,
	.ping = ping,
	.tick = tick,
	.bye = bye,
	.on_leaving = on_leaving,
};

static const struct stay_session_ops bare_session_ops = {
	STAY_SESSION_OPS,
	.on_up = on_up,
	.on_down = on_down,
	.on_control = on_control,
	.ping = ping,
	.tick = tick,
	.bye = bye,
	.on_leaving = on_leaving,
	.at_end = at_end,
};

static const struct stay_protocol protocol = {
	STAY_PROTOCOL,
	.name = "line",
	.port = "7777",
	.session_size = sizeof(struct line_data),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &call_ops,
	.session = &session_ops,
};

static const struct stay_protocol ending = {
	STAY_PROTOCOL,
	.flags = STAY_LAST_FRAMES,
	.name = "line",
	.port = "7777",
	.session_size = sizeof(struct line_data),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &call_ops,
	.session = &session_ops,
};

static const struct stay_protocol bare = {
	STAY_PROTOCOL,
	.name = "line",
	.port = "7777",
	.session_size = sizeof(struct line_data),
	.encode = encode,
	.decode = decode,
	.hello = hello,
	.on_push = on_push,
	.retain = retain,
	.call = &call_ops,
	.session = &bare_session_ops,
};

/* ---- the client ---- */

static const struct stay_protocol *
protocol_of(const struct host *host)
{
	if (host->bare)
		return &bare;
	return host->ends ? &ending : &protocol;
}

static enum stay_status
start(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	user->line_open = false;
	return stay_client_start(&user->client, user->run->loop,
	    protocol_of(&user->host), url, options);
}

static void
on_part(void *arg, const struct stay_result *result)
{
	struct call *call = ledger_find(the_run, (uintptr_t)arg);
	const struct line_frame *line = result->reply;

	called_back(the_run);
	if (call == NULL || call->told)
		broken(1, "a part of a call that is over");
	call->parts++;
	if (!user_is_lied_to(&the_run->users[call->user]) &&
	    line->number != call->number)
		broken(2, "call %" PRIu64 " is given a part of %" PRIu64,
		    call->number, line->number);
	call_is_back(the_run);
}

static void
choose_shape(struct run *run, struct call *call, unsigned count)
{
	const struct shape *shape;

	call->shape = draw_below(run, 2) == 0 ? 0 : draw_below(run, count);
	shape = &shapes[call->shape];
	ledger_flags(call, shape->flags);
	call->due = shape->replies;
	call->blocks_ms = shape->flags & STAY_BLOCKS ? BLOCK_MS : 0;
}

enum stay_status
line_add(struct stay_group *group, struct user *user, struct call *call,
    bool may_block)
{
	struct line_request request = { user, call, false };

	do
		choose_shape(user->run, call,
		    call->atomic ? SHAPES_ATOMIC : (unsigned)SHAPES);
	while (call->blocks_ms != 0 && !may_block);
	request.refused = draw_mille(user->run, 5);
	return stay_group_add(group, &request);
}

void
line_group_part(void *arg, const struct stay_result *result)
{
	const struct line_frame *line = result->reply;
	const struct call *call = ledger_find(the_run, line->number);

	called_back(the_run);
	if (user_is_lied_to(
		&the_run->users[ledger_find(the_run, (uintptr_t)arg)->user]))
		call = NULL;
	else if (call == NULL || call->told || call->group != (uintptr_t)arg)
		broken(2, "group %" PRIu64 " is given a part of %" PRIu64,
		    (uint64_t)(uintptr_t)arg, line->number);
	call_is_back(the_run);
}

static enum stay_status
submit(struct user *user, struct call *call, struct stay_call_options *options,
    stay_done_fn *done)
{
	struct line_request request = { user, call, false };

	choose_shape(user->run, call, SHAPES);
	options->part = on_part;
	request.refused = draw_mille(user->run, 20);
	return stay_client_call_with(user->client, &request, options, done,
	    (void *)(uintptr_t)call->number);
}

static bool
answers(const struct call *call, const struct stay_result *result)
{
	const struct line_frame *line = result->reply;

	return line != NULL && line->number == call->number &&
	       strtoull(line->text, NULL, 10) == call->number;
}

/* ---- the server ---- */

static bool
is(const char *in, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(in, text, len) == 0;
}

static void
greet(struct desk *desk, const char *in, size_t len)
{
	const struct host *host = desk->host;
	char right[64];

	if (len < 6 || memcmp(in, "hello ", 6) != 0 || desk->pings++ > 0)
		broken(4, "a session begins with %.*s", (int)len, in);
	snprintf(right, sizeof(right), "hello %s", host->password);
	if (host->loading)
		desk_print(desk, desk_delay(desk), FRESH, "!later\n");
	else if (!is(in, len, right))
		desk_print(desk, desk_delay(desk), FRESH, "-denied: %.*s\n",
		    (int)len, in);
	else if (draw_mille(host->run, 200))
		desk_print(desk, desk_delay(desk), GREETED, "+wait\n+hello\n");
	else
		desk_print(desk, desk_delay(desk), GREETED, "+hello\n");
}

static const struct shape *
shape_of(const struct call *call, const char *in, size_t verb_len)
{
	const struct shape *shape = &shapes[call->shape];

	if (strlen(shape->verb) != verb_len ||
	    memcmp(in, shape->verb, verb_len) != 0)
		broken(4, "call %" PRIu64 " has come as another", call->number);
	return shape;
}

/* How the line ends that it says next, which may be the last of the session. */
static const char *
end_maybe(struct desk *desk, bool may_be_last)
{
	struct host *host = desk->host;

	if (!may_be_last || host->per_last == 0 ||
	    !draw_mille(host->run, host->per_last))
		return "\n";
	desk->over = true;
	host->ended = desk->attempt;
	host->run->figures->ends++;
	return host->bare ? "%" : "$\n";
}

/* Who has said that it is over leaves it to the client to close, at times. */
static void
close_maybe(struct desk *desk)
{
	struct run *run = desk->host->run;

	if (!desk->over)
		return;
	if (desk->host->bare)
		peer_do(desk->end, 0,
		    draw_mille(run, 500) ? PEER_SHUT : PEER_CLOSE);
	else if (draw_mille(run, 500))
		peer_do(desk->end, 0, PEER_CLOSE);
}

static void
reply(struct desk *desk, const struct shape *shape, bool acts,
    const struct call *call)
{
	uint64_t number = call->number;
	bool is_push = strcmp(shape->verb, "push") == 0;
	bool may_be_last = (call->group == 0 || number == call->group_last) &&
			   !(is_push && desk->host->bare);
	unsigned ms = desk_delay(desk);
	char kind = strcmp(shape->verb, "err") == 0 ? '-' : '+';

	if (!acts)
		kind = '!';
	if (is_push)
		kind = '=';
	if (shape->flags & STAY_BLOCKS)
		ms += draw_below(desk->host->run, BLOCK_MS);
	if (strcmp(shape->verb, "parts") == 0)
		desk_print(desk, ms, 0, "*%" PRIu64 "\n*%" PRIu64 " %s\n",
		    number, number, "more");
	for (uint32_t i = 0; i < shape->replies; i++)
		desk_print(desk, ms, 0, "%c%" PRIu64 "%s", kind, number,
		    end_maybe(desk, may_be_last && i + 1 == shape->replies));
	close_maybe(desk);
}

/* Now that it has come whole. */
static void
execute_group(struct desk *desk, const struct call *last)
{
	for (uint64_t n = last->group; n <= last->number; n++) {
		struct call *call = ledger_find(desk->host->run, n);

		if (call->acts)
			desk_executed(desk, call);
	}
}

static void
serve_call(struct desk *desk, const char *in, size_t len)
{
	const char *space = memchr(in, ' ', len);
	struct call *call;
	const struct shape *shape;
	char *rest;
	uint64_t number;
	bool acts;

	if (desk->end->phase != SUBSCRIBED || desk->leaves || space == NULL)
		broken(4, "a server in phase %u reads %.*s", desk->end->phase,
		    (int)len, in);
	number = strtoull(space + 1, &rest, 10);
	call = desk_ordered(desk, number);
	shape = shape_of(call, in, (size_t)(space - in));
	if ((size_t)(in + len - rest) !=
		call->pad + (size_t)call->body.len + 1 ||
	    !pad_is(call, rest + 1))
		broken(4, "call %" PRIu64 " has come with other bytes", number);
	if (desk->early == number)
		return;
	/* What is refused may be granted the next time. */
	acts = shape->acts || draw_mille(desk->host->run, 300);
	call->acts = acts;
	if (acts && !call->atomic)
		desk_executed(desk, call);
	if (call->atomic && number == call->group_last)
		execute_group(desk, call);
	reply(desk, shape, acts, call);
}

static void
serve(struct peer_end *end, const struct peer_request *request)
{
	struct desk *desk = desk_of(end);
	const char *in = request->words[0].text;
	size_t line = request->words[0].len;

	if (desk->over)
		return;
	if (desk->end->phase == LEFT)
		broken(4, "after the farewell comes %.*s", (int)line, in);
	if (desk->group_last != 0 && memchr(in, ' ', line) == NULL)
		broken(4, "in a group comes %.*s", (int)line, in);
	if (desk->end->phase == FRESH)
		greet(desk, in, line);
	else if (is(in, line, "sub") && desk->end->phase == GREETED) {
		desk->end->phase = SUBSCRIBED;
		desk_print(desk, desk_delay(desk), 0, "+sub\n");
	} else if (is(in, line, "ping") && desk->end->phase == SUBSCRIBED)
		desk_print(desk, desk_delay(desk), 0, "+pong\n");
	else if (is(in, line, "done") && desk->end->phase == SUBSCRIBED &&
		 !desk->leaves)
		desk->leaves = true;
	else if (is(in, line, "bye"))
		desk->end->phase = LEFT;
	else
		serve_call(desk, in, line);
}

/* In the midst of a body it refuses the call, and reads on for the next. */
static void
refuse_early(struct desk *desk, const char *in, size_t len)
{
	const char *verb_end = memchr(in, ' ', len);
	const char *end =
	    verb_end == NULL
		? NULL
		: memchr(verb_end + 1, ' ', len - (size_t)(verb_end - in) - 1);
	const struct call *call;

	if (end == NULL || !draw_mille(desk->host->run, 30))
		return;
	call = ledger_find(desk->host->run, strtoull(verb_end, NULL, 10));
	if (call == NULL || !call->body.is_there || call->due != 1 ||
	    desk->early == call->number ||
	    len <= (size_t)(end - in) + 1 + call->pad)
		return;
	desk->early = call->number;
	desk_print(desk, 0, 0, "!%" PRIu64 "\n", call->number);
}

static size_t
reads(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	size_t took = peer_reads_lines(end, in, len, request);

	if (took == 0 && end->phase == SUBSCRIBED && !desk_of(end)->over)
		refuse_early(desk_of(end), in, len);
	return took;
}

static void
lie(struct desk *desk)
{
	static const char *const lies[] = { "?\n", "+0\n", "+7", "-\n+", "*9\n",
		"\r\n\r\n", "0\n" };
	char endless[2 * PAD_MAX + 20000];

	if (draw_mille(desk->host->run, 200)) {
		memset(endless, '+', sizeof(endless));
		sim_peer_send(desk->peer, endless, sizeof(endless));
		return;
	}
	sim_peer_print(desk->peer, lies[draw_below(desk->host->run, 7)]);
}

static void
push(struct desk *desk)
{
	const char *word;

	if (desk->over)
		return;
	word = draw_mille(desk->host->run, 500) ? ">news" : "#nothing";
	desk_print(
	    desk, 0, 0, "%s%s", word, end_maybe(desk, !desk->host->bare));
}

const struct trade line_trade = { "line", reads, serve, lie, push, start,
	change_client, submit, answers, NULL };
