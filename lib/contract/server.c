/*
 * The peer: it hands what comes to the contract's function, a request at a time, and
 * what that answers goes out as the run's plan has it: in pieces, late, twice, as
 * garbage or not at all. It knows no call and no promise.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/kit.h"

#define GARBAGE_MAX 64
#define CHUNK       ((size_t)16 << 10)
#define END_MS      5 /* behind what is wrong, the connection ends */

/* One connection. */
struct kit_end {
	struct stay__list node;
	struct kit_run *run;
	struct sim_peer *wire;
	struct stay_buf in;
	void *state;
	unsigned number;  /* from 1 */
	size_t said;      /* bytes that went out, or will */
	uint64_t answers; /* likewise */
	uint64_t busy_until;
	bool mute;                /* says no more */
	bool leaves;              /* hears no more, and closes */
	struct stay__list pieces; /* that are not said yet */
	struct stay__list held;   /* answers that others may overtake */
	struct kit_words *lasting;
};

enum deed { SAYS, CLOSES, RESETS };

/* An answer that is said later, and as a whole. */
struct held {
	struct stay__list node;
	struct kit_end *end;
	size_t len;
	char bytes[];
};

/* What it will do at its time. */
struct piece {
	struct stay__list node;
	enum deed deed;
	size_t len;
	char bytes[];
};

/* ---- what goes out ---- */

/* The time of one more piece has come. */
static void
go(void *arg)
{
	struct kit_end *end = arg;
	struct piece *piece =
	    STAY__CONTAINER(stay__list_pop(&end->pieces), struct piece, node);

	if (piece->deed == SAYS) {
		kit_note(
		    "the peer says %s", kit_quote(piece->bytes, piece->len));
		sim_peer_send(end->wire, piece->bytes, piece->len);
	} else {
		kit_note("the peer %s connection %u",
		    piece->deed == CLOSES ? "closes" : "resets", end->number);
		(piece->deed == CLOSES ? sim_peer_close : sim_peer_reset)(
		    end->wire);
	}
	free(piece);
}

/* Behind all that it has said, `ms` after that. */
static void
plan_deed(struct kit_end *end, uint64_t ms, enum deed deed, const char *bytes,
    size_t len)
{
	struct piece *piece = sim_alloc(sizeof(*piece) + len);
	uint64_t now = kit_now();

	piece->deed = deed;
	piece->len = len;
	if (len > 0)
		memcpy(piece->bytes, bytes, len);
	stay__list_push(&end->pieces, &piece->node);
	if (end->busy_until < now)
		end->busy_until = now;
	end->busy_until += ms;
	sim_at(end->run->world, end->busy_until - now, go, end);
}

/* How many of the next `len` bytes go out in one piece. */
static size_t
next_cut(const struct kit_end *end, size_t len)
{
	const struct kit_plan *plan = &end->run->server.plan;
	size_t said = end->run->server.said;

	if (plan->cut_each > 0 && plan->cut_each < len)
		return plan->cut_each;
	for (size_t i = 0; i < plan->cut_count; i++)
		if (plan->cuts[i] > said && plan->cuts[i] - said < len)
			return plan->cuts[i] - said;
	return len;
}

static void
say(struct kit_end *end, const char *bytes, size_t len)
{
	uint64_t wait_ms = end->run->server.plan.latency_ms;

	while (len > 0) {
		size_t part = next_cut(end, len);

		plan_deed(end, wait_ms, SAYS, bytes, part);
		wait_ms = 1;
		end->said += part;
		end->run->server.said += part;
		bytes += part;
		len -= part;
	}
}

/* Once nothing is held back any more. */
static void
leave(struct kit_end *end)
{
	if (!end->leaves || end->mute || !stay__list_is_empty(&end->held))
		return;
	plan_deed(end, 0, CLOSES, NULL, 0);
	end->mute = true;
}

/* Its time has come. */
static void
let_go(void *arg)
{
	struct held *held = arg;

	stay__list_remove(&held->node);
	if (!held->end->mute)
		say(held->end, held->bytes, held->len);
	leave(held->end);
	free(held);
}

/* Others that are asked for meanwhile may come before it. */
static void
hold_back(struct kit_end *end, const char *bytes, size_t len)
{
	uint64_t ms = end->run->server.plan.overtaken_ms;
	struct held *held = sim_alloc(sizeof(*held) + len);

	held->end = end;
	held->len = len;
	memcpy(held->bytes, bytes, len);
	stay__list_push(&end->held, &held->node);
	sim_at(end->run->world, kit_draw(end->run, ms + 1), let_go, held);
}

static void
say_in_any_order(struct kit_end *end, const char *bytes, size_t len)
{
	const struct kit_plan *plan = &end->run->server.plan;

	if (plan->overtaken_ms == 0) {
		say(end, bytes, len);
		return;
	}
	hold_back(end, bytes, len);
	if (plan->repeats && kit_draw(end->run, 2) == 0)
		hold_back(end, bytes, len);
}

/* ---- what goes wrong ---- */

static char *
copy_of(const char *bytes, size_t len, size_t more)
{
	char *copy = sim_alloc(len + more + 1);

	memcpy(copy, bytes, len);
	return copy;
}

static void
say_garbage(struct kit_end *end)
{
	char bytes[GARBAGE_MAX];
	size_t len = 1 + (size_t)kit_draw(end->run, GARBAGE_MAX);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)kit_draw(end->run, 256);
	say(end, bytes, len);
}

static void
say_changed(struct kit_end *end, const char *bytes, size_t len)
{
	char *copy = copy_of(bytes, len, 0);

	for (uint64_t i = 0; i <= kit_draw(end->run, 3); i++) {
		size_t at = (size_t)kit_draw(end->run, len);

		copy[at] = (char)(copy[at] + 1 + (int)kit_draw(end->run, 255));
	}
	say(end, copy, len);
	free(copy);
}

/* One run of digits is another number; without any, a byte is 255. */
static void
say_inflated(struct kit_end *end, const char *bytes, size_t len)
{
	static const char *const numbers[] = { "99999999999999999999", "-1",
		"18446744073709551615", "9223372036854775807", "4294967295",
		"2147483648", "4294967296", "00000000000", "65536", "-0" };
	const char *number =
	    numbers[kit_draw(end->run, sizeof(numbers) / sizeof(numbers[0]))];
	size_t from = (size_t)kit_draw(end->run, len), to;
	char *copy = copy_of(bytes, len, 0);

	while (from < len && (bytes[from] < '0' || bytes[from] > '9'))
		from++;
	for (to = from; to < len && bytes[to] >= '0' && bytes[to] <= '9'; to++)
		continue;
	if (from == len)
		copy[kit_draw(end->run, len)] = (char)0xff;
	say(end, copy, from);
	if (from < len)
		say(end, number, strlen(number));
	say(end, bytes + to, len - to);
	free(copy);
}

/* A beginning that makes sense, and no end: of its own bytes, of digits, of line
 * ends, of anything. */
static void
say_endless(struct kit_end *end, const char *bytes, size_t len)
{
	size_t begin = (size_t)kit_draw(end->run, len + 1);
	uint64_t kind = kit_draw(end->run, 4);
	char *chunk = sim_alloc(CHUNK);

	say(end, bytes, begin);
	for (size_t i = 0; i < CHUNK; i++)
		chunk[i] = kind == 0   ? bytes[i % len]
			   : kind == 1 ? '9'
			   : kind == 2 ? 'x'
				       : (char)kit_draw(end->run, 256);
	for (size_t i = 0; i < end->run->server.plan.endless; i += CHUNK)
		say(end, chunk, CHUNK);
	free(chunk);
}

/* An end in place of an answer may be an answer, if the adapter reads ends. */
static bool
resets(enum kit_fault fault)
{
	return fault == KIT_RESETS ||
	       (fault == KIT_CLOSES && kit_shadow_reads_ends());
}

/* What the fault makes of an answer; what makes no sense is its last. */
static void
strike(struct kit_end *end, const char *bytes, size_t len)
{
	struct kit_plan *plan = &end->run->server.plan;

	switch (plan->fault) {
	case KIT_GARBAGE:
		say_garbage(end);
		break;
	case KIT_CHANGED:
		say_changed(end, bytes, len);
		break;
	case KIT_CUT_OFF:
		say(end, bytes, (size_t)kit_draw(end->run, len));
		break;
	case KIT_INFLATED:
		say_inflated(end, bytes, len);
		break;
	case KIT_ENDLESS:
		say_endless(end, bytes, len);
		break;
	case KIT_RESETS:
	case KIT_CLOSES:
	case KIT_SILENCE:
	case KIT_LATE:
	case KIT_TWICE:
	case KIT_NO_FAULT:
	case KIT_FAULT_COUNT:
		break;
	}
	if (plan->fault != KIT_SILENCE)
		plan_deed(end, resets(plan->fault) ? 0 : END_MS,
		    resets(plan->fault) ? RESETS : CLOSES, NULL, 0);
	end->mute = true;
}

/* Whether the connection ends in place of what would be said next. */
static bool
ends_now(struct kit_end *end)
{
	const struct kit_plan *plan = &end->run->server.plan;

	if (++end->answers != plan->each_ends_at)
		return false;
	plan_deed(end, 0, RESETS, NULL, 0);
	end->mute = true;
	return true;
}

/* An answer twice, of which the end of the stream is the end, is another answer. */
static bool
may_be_twice(const struct stay_contract_peer *peer)
{
	return !(peer->closes && kit_shadow_reads_ends());
}

static void
answer(struct kit_end *end, const struct stay_contract_peer *peer)
{
	const char *bytes = stay_buf_bytes(peer->out).data;
	size_t len = stay_buf_len(peer->out);
	bool overtakes = peer->overtakes;
	struct kit_server *server = &end->run->server;
	const struct kit_plan *plan = &server->plan;
	bool strikes = plan->fault != KIT_NO_FAULT && !server->struck &&
		       server->answers == plan->at;

	if (len == 0 || end->mute || ends_now(end))
		return;
	server->answers++;
	server->may_overtake |= overtakes;
	server->struck |= strikes;
	if (strikes && plan->fault != KIT_LATE && plan->fault != KIT_TWICE) {
		strike(end, bytes, len);
		return;
	}
	if (strikes && plan->fault == KIT_LATE)
		end->busy_until = kit_now() + plan->late_ms;
	(overtakes ? say_in_any_order : say)(end, bytes, len);
	if (strikes && plan->fault == KIT_TWICE && may_be_twice(peer))
		say(end, bytes, len);
}

/* ---- what lasts ---- */

static struct kit_end *asked; /* whose request is read */

void
stay_contract_lasts(struct stay_contract_peer *peer, struct stay_bytes what)
{
	(void)peer;
	asked->run->server.lasts = true;
	kit_words_add(&asked->lasting, what.data, what.len);
}

void
stay_contract_lapses(struct stay_contract_peer *peer, struct stay_bytes what)
{
	(void)peer;
	asked->run->server.lasts = true;
	kit_words_remove(&asked->lasting, what.data, what.len);
}

struct kit_words *
kit_server_lasting(const struct kit_server *server)
{
	return kit_words_copy(
	    server->last == NULL ? NULL : server->last->lasting);
}

const char *
kit_server_misses(
    const struct kit_server *server, const struct kit_words *words)
{
	return kit_words_missing(words, server->last->lasting);
}

/* ---- what comes in ---- */

/* It was no session, but a word beside one: as before it was accepted. */
static void
was_no_session(struct kit_end *end)
{
	struct kit_server *server = &end->run->server;

	if (server->last == end && end->node.prev != &server->ends)
		server->last =
		    STAY__CONTAINER(end->node.prev, struct kit_end, node);
}

/* Of a stream that takes little, a request comes in many pieces. */
static void
note_taken(const struct kit_end *end, struct stay_bytes in, size_t used)
{
	if (used > 0)
		kit_note("the peer hears %s", kit_quote(in.data, used));
	else if (in.len > 0 && !end->run->server.is_narrow)
		kit_note("the peer waits for more than %s",
		    kit_quote(in.data, in.len));
}

/* The contract's function reads one request; how many bytes it took. */
static size_t
ask(struct kit_end *end, struct stay_bytes in)
{
	const struct stay_contract *contract = end->run->contract;
	struct stay_buf out;
	struct stay_contract_peer peer = {
		.out = &out, .state = end->state, .arg = contract->arg
	};
	size_t used;

	stay_buf_init(&out, 0);
	asked = end;
	used = contract->peer(&peer, in);
	asked = NULL;
	if (used > in.len)
		sim_die("the peer takes %zu bytes of %zu", used, in.len);
	note_taken(end, in, used);
	if (used > 0 || in.len == 0)
		answer(end, &peer);
	if (peer.closes && !end->mute) {
		end->leaves = true;
		end->run->server.left += stay_buf_len(&out) > 0;
		leave(end);
		if (stay_buf_len(&out) == 0 && end->said == 0)
			was_no_session(end);
	}
	stay_buf_fini(&out);
	return used;
}

static void
on_accept(struct sim_peer *wire, void *arg)
{
	struct kit_run *run = arg;
	struct kit_end *end = sim_alloc(sizeof(*end));

	sim_sparing++;
	end->run = run;
	end->wire = wire;
	end->number = ++run->server.accepted;
	end->state = sim_alloc(run->contract->peer_size + 1);
	stay_buf_init(&end->in, 0);
	stay__list_init(&end->pieces);
	stay__list_init(&end->held);
	stay__list_push(&run->server.ends, &end->node);
	run->server.last = end;
	sim_peer_data_set(wire, end);
	kit_note("connection %u is accepted", end->number);
	(void)ask(end, (struct stay_bytes){ "", 0 });
	sim_sparing--;
}

static void
on_bytes(struct sim_peer *wire, void *arg, const char *bytes, size_t len)
{
	struct kit_end *end = sim_peer_data(wire);
	size_t used = 1;

	(void)arg;
	sim_sparing++;
	if (stay_buf_append(&end->in, bytes, len) != STAY_OK)
		sim_die("out of memory");
	while (used > 0 && !end->leaves && stay_buf_len(&end->in) > 0) {
		used = ask(end, stay_buf_bytes(&end->in));
		stay_buf_take(&end->in, used);
		end->run->server.heard += used > 0;
	}
	sim_sparing--;
}

static void
on_close(struct sim_peer *wire, void *arg, int error)
{
	struct kit_end *end = sim_peer_data(wire);

	(void)arg;
	end->mute = true;
	kit_note("the client %s connection %u",
	    error == 0 ? "closes" : "resets", end->number);
}

static const struct sim_server calls = {
	.on_accept = on_accept, .on_bytes = on_bytes, .on_close = on_close
};

/* ---- its life ---- */

void
kit_server_init(struct kit_run *run)
{
	stay__list_init(&run->server.ends);
	sim_name_set(run->world, "peer", "10.0.0.1", 0, 0);
	sim_listen(run->world, "10.0.0.1", 0, &calls, run);
}

void
kit_server_open(struct kit_run *run, bool is_open)
{
	kit_note(is_open ? "the peer listens" : "the peer does not listen");
	if (is_open)
		sim_listen(run->world, "10.0.0.1", 0, &calls, run);
	else
		sim_unlisten(run->world, "10.0.0.1", 0);
}

/* Of connections to come. What the peer has not read yet is on its way. */
void
kit_server_narrow(struct kit_run *run, size_t room)
{
	const struct sim_limits limits = { .send_buffer = room,
		.ragged = room > 0 };

	run->server.is_narrow = room > 0;
	sim_limits_set(run->world, &limits);
}

void
kit_server_reads(struct kit_run *run, bool reads)
{
	kit_note(reads ? "the peer reads on" : "the peer reads nothing");
	sim_freeze(run->world, "10.0.0.1", 0, !reads);
}

void
kit_server_break(struct kit_server *server, uint64_t got, uint64_t said)
{
	if (server->last != NULL)
		sim_peer_die(server->last->wire, got, said);
}

void
kit_server_heal(struct kit_server *server)
{
	const struct sim_limits none = { .send_buffer = 0 };
	struct stay__list *node;

	server->plan = (struct kit_plan){ .fault = KIT_NO_FAULT };
	for (node = server->ends.next; node != &server->ends;
	     node = node->next) {
		struct kit_end *end =
		    STAY__CONTAINER(node, struct kit_end, node);

		sim_peer_die(end->wire, UINT64_MAX, UINT64_MAX);
		sim_peer_limits(end->wire, &none);
	}
}

static void
free_end(struct kit_end *end)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&end->pieces)) != NULL)
		free(STAY__CONTAINER(node, struct piece, node));
	while ((node = stay__list_pop(&end->held)) != NULL)
		free(STAY__CONTAINER(node, struct held, node));
	kit_words_free(end->lasting);
	stay_buf_fini(&end->in);
	free(end->state);
	free(end);
}

void
kit_server_free(struct kit_run *run)
{
	struct stay__list *node;

	while ((node = stay__list_pop(&run->server.ends)) != NULL)
		free_end(STAY__CONTAINER(node, struct kit_end, node));
}
