/*
 * A raw behaviour on <stay/conn.h>, which returns any verdict that is legal
 * where it stands, as chance has it: postpones, hibernates, replaces its own
 * session, is pending in disconnect. What it sends and gets on its stream
 * counts up from zero, so that a byte of another stream is seen at once; mail
 * and calls are kept count of.
 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is sent to it, and released once. */
struct token {
	struct stay__list node;
	struct raw *raw;
	bool call;
	bool done;
	bool released;
};

struct raw {
	struct stay_conn *conn;
	struct user *user;
	struct stay__list tokens; /* accepted, neither released nor done */
	enum stay_state state;
	bool stream; /* up, as we were told */
	bool terminated;
	unsigned char next_out;
	unsigned char next_in;
	bool waits; /* handle_call has left one open: */
	struct stay_from from;
	unsigned notices;
};

struct stay_conn *
raw_conn(const struct raw *raw)
{
	return raw->conn;
}

/* ---- tokens ---- */

static struct token *
token_new(struct raw *raw, bool call)
{
	struct token *token = sim_alloc(sizeof(*token));

	token->raw = raw;
	token->call = call;
	stay__list_init(&token->node);
	stay__list_push(&raw->tokens, &token->node);
	return token;
}

static void
token_free(struct token *token)
{
	stay__list_remove(&token->node);
	free(token);
}

static void
token_settle(struct token *token)
{
	if (token->released && (token->done || !token->call))
		token_free(token);
}

static void
on_release(void *data)
{
	struct token *token = data;

	if (token->released)
		broken(10, "a message is released twice");
	token->released = true;
	token_settle(token);
}

static void
on_called(void *arg, const struct stay_reply *reply)
{
	struct token *token = arg;
	struct raw *raw = token->raw;

	called_back(the_run);
	sim_note(the_run->sim, "called", raw->user->index, reply->status);
	if (token->done)
		broken(1, "a call is answered twice");
	token->done = true;
	token_settle(token);
	act_inside(the_run, raw->user);
	call_is_back(the_run);
}

/* ---- verdicts ---- */

static struct raw *
raw_of(void *state)
{
	return *(struct raw **)state;
}

/* With T, or hibernating, or neither. */
static struct stay_verdict
with_company(struct run *run, struct stay_verdict verdict)
{
	unsigned which = draw_below(run, 6);

	if (which == 0)
		return stay_with_timeout(verdict, draw_between(run, 0, 500));
	return which == 1 ? stay_with_hibernate(verdict) : verdict;
}

static struct stay_info
some_info(struct run *run)
{
	return stay_info_tag((int)draw_below(run, 100), NULL);
}

static struct stay_verdict
some_backoff(struct run *run)
{
	return with_company(run, stay_backoff(draw_between(run, 0, 800)));
}

/* A callback begins: what all of them have in common. */
static struct raw *
enter(void *state)
{
	struct raw *raw = raw_of(state);

	called_back(the_run);
	if (raw->terminated)
		broken(5, "a callback runs after terminate");
	act_inside(the_run, raw->user);
	return raw;
}

static struct stay_verdict
leave(struct stay_verdict verdict)
{
	call_is_back(the_run);
	return verdict;
}

/* ---- callbacks ---- */

static struct stay_verdict
init(struct stay_conn *conn, void *state, void *arg)
{
	struct raw *raw = arg;
	unsigned which = draw_below(the_run, 10);

	(void)conn;
	*(struct raw **)state = raw;
	if (which == 0)
		return with_company(the_run, stay_ok());
	if (which == 1)
		return some_backoff(the_run);
	return which == 2 ? stay_ignore() : stay_connect(some_info(the_run));
}

static struct stay_verdict
run_connect(struct stay_conn *conn, void *state, struct stay_info info)
{
	struct raw *raw = enter(state);
	unsigned which = draw_below(the_run, 20);
	enum stay_status status;

	(void)info;
	raw->stream = false;
	raw->next_in = raw->next_out = 0;
	if (which == 0)
		return leave(some_backoff(the_run));
	if (which == 1)
		return leave(with_company(the_run, stay_ok()));
	status = stay_stream_dial(conn, raw->user->host.url);
	if (status != STAY_OK && status != STAY_E_NOMEM)
		broken(
		    1, "a dial is refused with %s", stay_status_name(status));
	if (status != STAY_OK)
		return leave(some_backoff(the_run));
	return leave(stay_pending(
	    draw_between(the_run, the_run->healing ? 2000 : 1, 3000)));
}

static struct stay_verdict
run_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	unsigned which = draw_below(the_run, 10);

	(void)enter(state);
	(void)conn;
	(void)info;
	if (the_run->healing)
		which = 9;
	if (which == 0)
		return leave(stay_connect(some_info(the_run)));
	if (which == 1)
		return leave(stay_pending(draw_between(the_run, 1, 500)));
	if (which == 2)
		return leave(with_company(the_run, stay_noconnect()));
	return leave(some_backoff(the_run));
}

/* Of a message, a call or a cast: what may be said in this state. */
static struct stay_verdict
move(const struct raw *raw, struct stay_verdict otherwise)
{
	unsigned which = draw_below(the_run, 40);

	if (the_run->healing)
		return otherwise;
	if (which == 0 && raw->state != STAY_DISCONNECTING &&
	    raw->state != STAY_CONNECTING)
		return stay_connect(some_info(the_run));
	if (which == 1 && raw->state != STAY_DISCONNECTING &&
	    raw->state != STAY_CONNECTING)
		return stay_disconnect(some_info(the_run));
	if (which < 5)
		return stay_postpone();
	return with_company(the_run, otherwise);
}

static struct stay_verdict
handle_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	struct raw *raw = enter(state);
	struct stay_verdict verdict;

	(void)conn;
	(void)request;
	if (draw_mille(the_run, 300)) {
		raw->from = from;
		raw->waits = true;
		return leave(stay_noreply());
	}
	verdict = move(raw, stay_reply(stay_reply_status(STAY_OK)));
	return leave(verdict);
}

static struct stay_verdict
handle_cast(
    struct stay_conn *conn, void *state, const struct stay_message *message)
{
	struct raw *raw = enter(state);

	(void)conn;
	(void)message;
	return leave(move(raw, stay_noreply()));
}

/* ---- its stream ---- */

#define SEND_MAX 64

static void
send_some(struct raw *raw, size_t most)
{
	unsigned char bytes[SEND_MAX];
	size_t len = 1 + draw_below(the_run,
			     (unsigned)(most < SEND_MAX ? most : SEND_MAX));
	unsigned char next = raw->next_out;
	enum stay_status status;

	for (size_t i = 0; i < len; i++)
		bytes[i] = next++;
	status = stay_stream_send(raw->conn, bytes, len);
	if (status == STAY_OK)
		raw->next_out = next;
	else if (status == STAY_E_STATE && raw->stream &&
		 stay_stream_is_open(raw->conn))
		broken(10, "an open stream takes no bytes");
}

static void
take_bytes(struct raw *raw, const struct stay_bytes *bytes)
{
	if (!raw->stream)
		broken(5, "bytes of a stream that is not up");
	for (size_t i = 0; i < bytes->len; i++) {
		if ((unsigned char)bytes->data[i] != raw->next_in &&
		    !user_is_lied_to(raw->user))
			broken(5, "byte %d comes where %d was due",
			    (unsigned char)bytes->data[i], raw->next_in);
		raw->next_in = (unsigned char)(raw->next_in + 1);
	}
}

static struct stay_verdict
on_stream(struct raw *raw, const struct stay_event *event)
{
	if (event->type == STAY_STREAM_UP) {
		raw->stream = true;
		send_some(raw, SEND_MAX);
		return with_company(the_run, stay_ok());
	}
	if (event->type == STAY_STREAM_DATA) {
		take_bytes(raw, &event->bytes);
		/* Fewer than have come: all must come to rest in the end. */
		if (draw_mille(the_run, 300))
			send_some(raw, event->bytes.len);
	} else {
		raw->stream = false;
	}
	return stay_noreply();
}

static struct stay_verdict
handle_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	struct raw *raw = enter(state);

	(void)conn;
	sim_note(the_run->sim, "info", raw->user->index, event->type);
	if (event->type >= STAY_STREAM_UP)
		return leave(on_stream(raw, event));
	if (event->type == STAY_MESSAGE)
		return leave(move(raw, stay_noreply()));
	return leave(stay_noreply());
}

static void
entered(struct stay_conn *conn, void *state, enum stay_state from,
    enum stay_state to)
{
	struct raw *raw = raw_of(state);

	(void)conn;
	called_back(the_run);
	if (raw->state != from)
		broken(4, "raw %u enters %s from %s, but was %s",
		    raw->user->index, stay_state_name(to),
		    stay_state_name(from), stay_state_name(raw->state));
	raw->state = to;
	if (!stay_machine_conn()->states[to].stream)
		raw->stream = false;
	call_is_back(the_run);
}

static void
terminate(struct stay_conn *conn, void *state, enum stay_status reason)
{
	struct raw *raw = enter(state);

	(void)conn;
	(void)reason;
	raw->terminated = true;
	call_is_back(the_run);
}

static const struct stay_behaviour behaviour = {
	STAY_BEHAVIOUR,
	.name = "raw",
	.state_size = sizeof(struct raw *),
	.init = init,
	.connect = run_connect,
	.disconnect = run_disconnect,
	.handle_call = handle_call,
	.handle_cast = handle_cast,
	.handle_info = handle_info,
	.terminate = terminate,
	.entered = entered,
};

/* ---- its life ---- */

static void
on_started(void *arg, struct stay_conn *conn, enum stay_status status)
{
	struct raw *raw = arg;

	(void)conn;
	called_back(the_run);
	sim_note(the_run->sim, "started", raw->user->index, status);
	if (raw->notices++ > 0)
		broken(5, "started is told twice");
	act_inside(the_run, raw->user);
	call_is_back(the_run);
}

static void
on_closed(void *arg, struct stay_conn *conn, enum stay_status reason)
{
	struct raw *raw = arg;
	struct user *user = raw->user;

	called_back(the_run);
	sim_note(the_run->sim, "closed", user->index, reason);
	if (conn != raw->conn || raw->notices != 1)
		broken(5, "raw %u is closed twice or was never started",
		    user->index);
	if (!stay__list_is_empty(&raw->tokens))
		broken(1, "raw %u is closed and mail or calls are left",
		    user->index);
	free(raw);
	user_gone(user);
	act_inside(the_run, user);
	call_is_back(the_run);
}

static void
drop(struct raw *raw)
{
	struct user *user = raw->user;

	free(raw);
	user_gone(user);
}

void
raw_start(struct user *user)
{
	struct run *run = user->run;
	struct raw *raw = sim_alloc(sizeof(*raw));
	struct stay_conn_options options = { STAY_CONN_OPTIONS,
		.on_started = on_started, .on_closed = on_closed, .arg = raw };
	enum stay_status status;

	options.stop_budget_ms = user->options.stop_budget_ms;
	options.mailbox_max = draw_between(run, 1, 64);
	options.turn_budget = draw_between(run, 1, 64);
	options.backoff = user->options.backoff;
	raw->user = user;
	stay__list_init(&raw->tokens);
	status =
	    stay_conn_start(&raw->conn, run->loop, &behaviour, raw, &options);
	sim_note(run->sim, "start", user->index, status);
	if (status != STAY_OK) {
		if (status != STAY_E_IGNORED && status != STAY_E_NOMEM)
			broken(1, "raw %u cannot start: %s", user->index,
			    stay_status_name(status));
		drop(raw);
		return;
	}
	run->figures->clients++;
	user->raw = raw;
	user->number = stay_conn_number(raw->conn);
}

static void
accept_or_free(struct token *token, enum stay_status status)
{
	sim_note(the_run->sim, "mail", token->raw->user->index, status);
	if (status == STAY_OK)
		return;
	if (status != STAY_E_FULL && status != STAY_E_DRAINING &&
	    status != STAY_E_NOMEM)
		broken(1, "a message is refused with %s",
		    stay_status_name(status));
	token_free(token);
}

void
raw_act(struct user *user)
{
	struct run *run = user->run;
	struct raw *raw = user->raw;
	unsigned which = draw_below(run, 6);
	struct token *token;
	struct stay_message message;
	enum stay_status status;

	if (raw == NULL || raw->conn == NULL)
		return;
	if (which == 5) {
		send_some(raw, SEND_MAX);
		return;
	}
	if (which == 4 && raw->waits) {
		raw->waits = false;
		status = stay_answer(
		    run->loop, raw->from, stay_reply_status(STAY_OK));
		sim_note(run->sim, "answer", user->index, status);
		return;
	}
	token = token_new(raw, which == 0);
	message = (struct stay_message){
		.tag = (int)which, .data = token, .release = on_release
	};
	calling(run, true);
	if (which == 0)
		status = stay_call(raw->conn, message,
		    draw_between(run, 1, 1000), on_called, token, NULL);
	else if (which == 1)
		status = stay_cast(raw->conn, message);
	else
		status = stay_send(raw->conn, message);
	calling(run, false);
	accept_or_free(token, status);
}

/* ---- its server: what comes counts up from zero, and goes back ---- */

static size_t
serve(struct desk *desk, const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)in[i] != desk->pings)
			broken(5, "byte %d comes where %u was due",
			    (unsigned char)in[i], desk->pings);
		desk->pings = (desk->pings + 1) % 256;
	}
	desk_answer(desk, desk_delay(desk), 0, in, len);
	return len;
}

static void
lie(struct desk *desk)
{
	desk_shout(desk, "lie", 3);
}

const struct trade raw_trade = { "raw", serve, lie, NULL, NULL, NULL, NULL,
	NULL };
