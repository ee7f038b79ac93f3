/*
 * A raw behaviour on <stay/conn.h>, which returns any verdict that is legal
 * where it stands, as chance has it: postpones, hibernates, replaces its own
 * session, is pending in disconnect. What it sends and gets on its stream
 * counts up from zero, so that a byte of another stream is seen at once; mail
 * and calls are kept count of.
 */
#include "raw.h"
#include "support/inside.h"

#include <inttypes.h>
#include <stdlib.h>

struct stay_conn *
raw_conn(const struct raw *raw)
{
	return raw->conn;
}

/* ---- verdicts ---- */

static struct raw *
raw_of(void *state)
{
	struct raw *raw = ((struct raw_block *)state)->raw;

	if (raw->block != state || stay_conn_data(raw->conn) != state)
		broken(5, "raw %u is given a block that is not in force",
		    raw->user->index);
	return raw;
}

void
raw_time_out(struct raw *raw, uint64_t ms)
{
	raw->times_out = true;
	raw->timeout_ms = ms;
	raw->timeout_at = sim_after(the_run->sim, ms);
	raw->slept = the_run->slept;
}

/* With T, or hibernating, or neither. */
static struct stay_verdict
with_company(struct raw *raw, struct stay_verdict verdict)
{
	unsigned which = draw_below(the_run, 6);
	uint64_t ms;

	if (which == 1)
		return stay_verdict_with_hibernate(verdict);
	if (which > 1)
		return verdict;
	ms = draw_between(the_run, 0, 500);
	raw_time_out(raw, ms);
	return stay_verdict_with_timeout(verdict, ms);
}

static struct stay_info
some_info(struct run *run)
{
	return stay_info_tag((int)draw_below(run, 100), NULL);
}

static struct stay_verdict
some_backoff(struct raw *raw)
{
	return with_company(
	    raw, stay_verdict_backoff(draw_between(the_run, 0, 800)));
}

/* A callback begins: what all of them have in common. */
static struct raw *
enter(void *state)
{
	struct raw *raw = raw_of(state);

	called_back(the_run);
	if (raw->terminated)
		broken(5, "a callback runs after terminate");
	raw->times_out = false;
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
	raw->block = state;
	raw->block->raw = raw;
	if (which == 0)
		return with_company(raw, stay_verdict_ok());
	if (which == 1)
		return some_backoff(raw);
	return which == 2 ? stay_verdict_ignore()
			  : stay_verdict_connect(some_info(the_run));
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
		return leave(some_backoff(raw));
	if (which == 1)
		return leave(with_company(raw, stay_verdict_ok()));
	status = stay_stream_dial(conn, raw->user->host.url);
	if (status != STAY_OK && status != STAY_E_NOMEM &&
	    !(status == STAY_E_FORKED && the_run->sim->forked))
		broken(
		    1, "a dial is refused with %s", stay_status_name(status));
	if (status != STAY_OK)
		return leave(some_backoff(raw));
	return leave(stay_verdict_pending(
	    draw_between(the_run, the_run->healing ? 2000 : 1, RAW_BUDGET_MS)));
}

static struct stay_verdict
run_disconnect(struct stay_conn *conn, void *state, struct stay_info info)
{
	unsigned which = draw_below(the_run, 10);
	struct raw *raw = enter(state);

	(void)conn;
	(void)info;
	if (the_run->healing)
		which = 9;
	if (which == 0)
		return leave(stay_verdict_connect(some_info(the_run)));
	if (which == 1)
		return leave(
		    stay_verdict_pending(draw_between(the_run, 1, 500)));
	if (which == 2)
		return leave(with_company(raw, stay_verdict_noconnect()));
	return leave(some_backoff(raw));
}

/* What comes back into the mailbox must still fit there. (A letter that was taken
 * back is in our books until it is released.) */
static struct stay_verdict
postpone(const struct raw *raw)
{
	size_t letters = inside_letters(user_conn(raw->user));

	if (letters > raw->user->mail.mailbox_max)
		broken(7, "raw %u postpones one of %zu letters",
		    raw->user->index, letters);
	return stay_verdict_postpone();
}

/* Of a message, a call or a cast: what may be said in this state. */
static struct stay_verdict
move(struct raw *raw, struct stay_verdict otherwise)
{
	unsigned which = draw_below(the_run, 40);
	bool pending =
	    raw->state == STAY_DISCONNECTING || raw->state == STAY_CONNECTING;

	if (the_run->healing)
		return otherwise;
	if (which == 0 && !pending)
		return stay_verdict_connect(some_info(the_run));
	if (which == 1 && !pending)
		return stay_verdict_disconnect(some_info(the_run));
	if (which < 5)
		return postpone(raw);
	return pending ? otherwise : with_company(raw, otherwise);
}

static struct stay_verdict
handle_call(struct stay_conn *conn, void *state, struct stay_from from,
    const struct stay_message *request)
{
	struct raw *raw = enter(state);
	struct stay_verdict verdict;

	(void)conn;
	(void)from;
	(void)request;
	if (draw_mille(the_run, 300))
		return leave(stay_verdict_noreply());
	verdict = move(raw, stay_verdict_reply(stay_reply_status(STAY_OK)));
	return leave(verdict);
}

static struct stay_verdict
handle_cast(
    struct stay_conn *conn, void *state, const struct stay_message *message)
{
	struct raw *raw = enter(state);

	(void)conn;
	(void)message;
	return leave(move(raw, stay_verdict_noreply()));
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

void
books_stream_send(const struct deed_at *at)
{
	send_some(at->user->raw, SIZE_MAX);
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
		return with_company(raw, stay_verdict_ok());
	}
	if (event->type == STAY_STREAM_DATA) {
		take_bytes(raw, &event->bytes);
		/* Fewer than have come: all must come to rest in the end. */
		if (draw_mille(the_run, 300))
			send_some(raw, event->bytes.len);
	}
	if (event->type == STAY_STREAM_DOWN)
		raw->stream = false;
	return stay_verdict_noreply();
}

/* T is over: not before its time, and not without having been set. */
static void
check_timeout(const struct raw *raw, bool timing)
{
	if (!timing || the_run->sim->now < raw->timeout_at)
		broken(6, "raw %u times out early", raw->user->index);
}

static struct stay_verdict
handle_info(void *state, const struct stay_event *event, unsigned version)
{
	bool timing = raw_of(state)->times_out;
	struct raw *raw = enter(state);

	sim_note(the_run->sim, "info", raw->user->index, event->type);
	if (raw->version != version)
		broken(5, "raw %u is called in a version it has left",
		    raw->user->index);
	if (event->type == STAY_TIMEOUT)
		check_timeout(raw, timing);
	if (event->type >= STAY_STREAM_UP)
		return leave(on_stream(raw, event));
	if (event->type == STAY_MESSAGE)
		return leave(move(raw, stay_verdict_noreply()));
	return leave(stay_verdict_noreply());
}

static struct stay_verdict
first_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)conn;
	return handle_info(state, event, 0);
}

static struct stay_verdict
second_info(struct stay_conn *conn, void *state, const struct stay_event *event)
{
	(void)conn;
	return handle_info(state, event, 1);
}

/* ---- its versions ---- */

static enum stay_status
take_over(void *state, void *old, unsigned version)
{
	struct raw *raw = raw_of(old);
	struct raw_block *block = state;

	called_back(the_run);
	act_inside(the_run, raw->user);
	call_is_back(the_run);
	if (raw->terminated || block->raw != NULL || block->zero != 0)
		broken(5, "raw %u is upgraded after its end, or to rubbish",
		    raw->user->index);
	if (draw_mille(the_run, 250))
		return STAY_E_NOT_READY;
	block->raw = raw;
	block->zero = draw(the_run);
	raw->block = block;
	raw->version = version;
	return STAY_OK;
}

static enum stay_status
to_first(struct stay_conn *conn, void *state, void *old, void *arg)
{
	(void)conn;
	(void)arg;
	return take_over(state, old, 0);
}

static enum stay_status
to_second(struct stay_conn *conn, void *state, void *old, void *arg)
{
	(void)conn;
	(void)arg;
	return take_over(state, old, 1);
}

/* ---- the rest of its callbacks ---- */

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

/* The second one lets mail through while something is pending. */
const struct stay_behaviour raw_behaviours[RAW_VERSIONS] = {
	{ STAY_BEHAVIOUR, .name = "raw", .state_size = sizeof(struct raw_block),
	    .init = init, .connect = run_connect, .disconnect = run_disconnect,
	    .handle_call = handle_call, .handle_cast = handle_cast,
	    .handle_info = first_info, .code_change = to_first,
	    .terminate = terminate, .entered = entered },
	{ STAY_BEHAVIOUR,
	    .flags = STAY_CALLS_WHILE_PENDING | STAY_CASTS_WHILE_PENDING,
	    .name = "raw", .state_size = sizeof(struct raw_block), .init = init,
	    .connect = run_connect, .disconnect = run_disconnect,
	    .handle_call = handle_call, .handle_cast = handle_cast,
	    .handle_info = second_info, .code_change = to_second,
	    .terminate = terminate, .entered = entered },
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
	mail_close(user);
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
	options.callers_max = 1 + options.mailbox_max / 2;
	mail_open(user, options.mailbox_max, options.callers_max);
	options.turn_budget = draw_between(run, 1, 64);
	options.backoff = user->options.backoff;
	raw->user = user;
	raw->version = draw_below(run, RAW_VERSIONS);
	status = stay_conn_start(&raw->conn, run->loop,
	    &raw_behaviours[raw->version], raw, &options);
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

/* Between turns T has been told. A stop takes it away with the verdict that it
 * overrules. */
void
raw_check(const struct user *user)
{
	const struct raw *raw = user->raw;
	const struct run *run = user->run;

	if (raw->times_out && !user->leaving && raw->state < STAY_STOPPING &&
	    run->sim->now >
		raw->timeout_at + (run->slept - raw->slept) + 2 * SIM_MS)
		broken(6, "raw %u times out late", user->index);
}

/* ---- its server: what comes counts up from zero, and goes back ---- */

static void
serve(struct peer_end *end, const struct peer_request *request)
{
	struct desk *desk = desk_of(end);
	const char *in = request->words[0].text;
	size_t len = request->words[0].len;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)in[i] != desk->pings)
			broken(5, "byte %d comes where %u was due",
			    (unsigned char)in[i], desk->pings);
		desk->pings = (desk->pings + 1) % 256;
	}
	peer_send(desk->end, desk_delay(desk), 0, in, len);
}

static void
lie(struct desk *desk)
{
	sim_peer_print(desk->peer, "lie");
}

const struct trade raw_trade = { "raw", peer_reads_bytes, serve, lie, NULL,
	NULL, NULL, NULL, NULL, NULL };
