/*
 * A server: where it listens, its connections, and what it notes of them. What
 * the bytes mean is its trade's.
 */
#include "run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- answers ---- */

void
desk_print(
    struct desk *desk, unsigned ms, unsigned phase, const char *format, ...)
{
	char text[2 * PAD_MAX];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		sim_die("an answer of %d bytes", len);
	peer_send(desk->end, ms, phase, text, (size_t)len);
}

bool
desk_is_clear(const struct desk *desk)
{
	return desk->host->toy.in_the_middle &&
	       (desk->end->toy == NULL || !toy_is_accepted(desk->end));
}

unsigned
desk_delay(struct desk *desk)
{
	return draw_below(desk->host->run, desk->host->slow_ms + 1);
}

/* ---- the server's log ---- */

/* A group comes as one, from its first call on. */
static void
check_group(struct desk *desk, const struct call *call)
{
	bool goes_on = call->group != 0 && call->number > call->group;

	if (desk->group_last != 0 || goes_on)
		if (call->group_last != desk->group_last ||
		    call->number != desk->last_number + 1)
			broken(4,
			    "call %" PRIu64 " is read behind call %" PRIu64
			    ", and a group is torn",
			    call->number, desk->last_number);
	desk->group_last =
	    call->number == call->group_last ? 0 : call->group_last;
}

struct call *
desk_ordered(struct desk *desk, uint64_t number)
{
	struct run *run = desk->host->run;
	struct call *call = ledger_find(run, number);

	if (call == NULL || call->user != desk->host->user->index)
		broken(4, "the server of user %u reads call %" PRIu64,
		    desk->host->user->index, number);
	if (number > run->forked_at)
		broken(
		    12, "the server reads call %" PRIu64 " of a child", number);
	if (number <= desk->last_number)
		broken(4, "call %" PRIu64 " is read after call %" PRIu64,
		    number, desk->last_number);
	check_group(desk, call);
	desk->last_number = number;
	return call;
}

static void
check_execution(const struct call *call)
{
	if (call->doubtful)
		return;
	if (call->told &&
	    (call->outcome == STAY_NOT_SENT || call->outcome == STAY_REFUSED))
		broken(3, "call %" PRIu64 " was told %s and is executed",
		    call->number, stay_outcome_name(call->outcome));
	if (call->executed > 1 && !call->idempotent)
		broken(3, "call %" PRIu64 " is executed twice", call->number);
	if (call->executed > call->sendings_max)
		broken(13, "call %" PRIu64 " is executed %u times",
		    call->number, call->executed);
}

/* Once more, behind one that was given later, and not because the bytes of an
 * old connection, or of a call that is over, came so late. */
static void
check_overtaken(struct run *run, const struct call *call)
{
	if (call->executed < 2 || call->read_only || call->doubtful ||
	    call->told)
		return;
	for (uint64_t n = call->number + 1; n <= run->ledger.count; n++) {
		const struct call *later = ledger_find(run, n);

		if (later->user == call->user && later->life == call->life &&
		    later->overtakes)
			broken(4,
			    "call %" PRIu64 " is executed again behind call "
			    "%" PRIu64,
			    call->number, n);
	}
}

void
desk_executed(struct desk *desk, struct call *call)
{
	struct host *host = desk->host;

	if (call->epoch != host->epoch)
		call->stored = 0;
	call->epoch = host->epoch;
	call->stored++;
	call->executed++;
	host->user->repeated +=
	    call->executed > 1 && call->life == host->user->life;
	host->run->figures->executed++;
	sim_note(
	    host->run->sim, "execute", (int64_t)call->number, call->executed);
	call->attempt = desk->attempt;
	check_execution(call);
	if (desk->attempt == host->user->connects)
		check_overtaken(host->run, call);
}

/* ---- connections ---- */

struct desk *
desk_of(const struct peer_end *end)
{
	return end->data;
}

static void
on_accept(struct peer_end *end)
{
	struct host *host = end->peer->arg;
	struct desk *desk = sim_alloc(sizeof(*desk));

	desk->host = host;
	desk->end = end;
	desk->peer = end->wire;
	desk->attempt = host->user->connects;
	host->user->reached = true;
	end->data = desk;
}

static void
on_bad(const char *what)
{
	broken(4, "a server is sent nonsense: %s", what);
}

/* Any of those that are open. */
static const struct peer_end *
any_end(struct host *host)
{
	const struct peer_end *end, *any = host->server.ends;
	unsigned open = 0;

	for (end = any; end != NULL; end = end->next)
		if (sim_peer_is_open(end->wire) &&
		    draw_below(host->run, ++open) == 0)
			any = end;
	return any;
}

struct desk *
host_desk(struct host *host)
{
	const struct peer_end *end =
	    host->many ? any_end(host) : host->server.ends;

	return end != NULL && sim_peer_is_open(end->wire) ? end->data : NULL;
}

void
host_push(struct host *host)
{
	struct desk *desk = host_desk(host);

	if (desk != NULL && !desk->end->deaf && !desk_is_clear(desk) &&
	    host->trade->push != NULL)
		host->trade->push(desk);
}

void
desks_free(struct host *host)
{
	struct peer_end *end = host->server.ends;

	for (; end != NULL; end = end->next) {
		struct desk *desk = end->data;

		if (desk != NULL && desk->own != NULL)
			desk->forget(desk);
		free(desk);
	}
}

/* It answers all that it was asked, and closes; or it never closes, and goes on
 * with its pushes. */
static void
on_end(struct peer_end *end)
{
	const struct desk *desk = end->data;
	struct run *run = desk->host->run;

	sim_note(run->sim, "end", desk->host->user->index, end->phase);
	if (draw_mille(run, 700))
		peer_do(end, 0, PEER_CLOSE);
}

/* ---- where it listens ---- */

static void
add_name(struct host *host, const char *before, const char *behind)
{
	snprintf(host->names[host->name_count++], sizeof(host->names[0]),
	    "%s%u%s", before, host->user->index + 1, behind);
}

static void
choose_names(struct host *host)
{
	unsigned which = draw_below(host->run, 8);

	if (which == 0) {
		add_name(host, "/srv/", "");
		add_name(host, "/srv/other", "");
		host->port = 0;
		return;
	}
	add_name(host, "10.0.", ".1");
	if (which >= 4)
		snprintf(host->lookup, sizeof(host->lookup), "host%u.test",
		    host->user->index);
	if (which >= 6)
		add_name(host, "fd00::", "");
	if (which == 7)
		add_name(host, "10.0.", ".2");
	add_name(host, "10.1.", ".1");
}

static bool
is_sealed_at_once(const struct host *host)
{
	return host->server.toy != NULL && !host->toy.in_the_middle;
}

static void
write_url(const struct host *host, const char *name, char *url, size_t size)
{
	const char *scheme =
	    host->user->kind == KIND_RAW ? "tcp" : host->trade->name;
	const char *login =
	    host->password[0] == '\0' ? "" : LOGIN_NAME ":" LOGIN_PASSWORD "@";

	if (host->port != 0)
		snprintf(url, size, "%s%s://%s%s:%d%s", scheme,
		    is_sealed_at_once(host) ? "s" : "", login, name, host->port,
		    host->user->kind == KIND_REDIS ? "/3" : "");
	else if (host->user->kind == KIND_RAW)
		snprintf(url, size, "unix://%s", name);
	else
		snprintf(url, size, "%s+unix://%s%s%s", scheme, login, name,
		    host->user->kind == KIND_REDIS ? "?db=3" : "");
}

static void
choose_urls(struct host *host)
{
	const char *other = host->names[host->name_count - 1];

	write_url(host, host->lookup[0] != '\0' ? host->lookup : host->names[0],
	    host->url, sizeof(host->url));
	write_url(host, other, host->other_url, sizeof(host->other_url));
	host->other_place = sim_place(host->run->sim, other, host->port);
}

void
host_name(struct host *host, uint64_t delay_ms, int error)
{
	char all[PLACES_MAX * 25] = "";
	size_t len = 0;

	if (host->lookup[0] == '\0')
		return;
	for (unsigned i = 0; i + 1 < host->name_count; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
		    i > 0 ? " " : "", host->names[i]);
	sim_name_set(host->run->world, host->lookup, all, delay_ms, error);
}

void
host_each(struct host *host,
    void (*deed)(struct stay_world *world, const char *name, int port))
{
	for (unsigned i = 0; i < host->name_count; i++)
		deed(host->run->world, host->names[i], host->port);
}

void
host_fate(struct host *host, enum sim_fate fate, uint64_t after_ms)
{
	for (unsigned i = 0; i < host->name_count; i++)
		sim_address_set(host->run->world, host->names[i], host->port,
		    fate, after_ms);
}

static unsigned
toy_late_ms(void *arg)
{
	struct host *host = arg;

	return draw_below(host->run, 40);
}

static bool
toy_refuses(void *arg)
{
	struct host *host = arg;

	return draw_mille(host->run, 50) &&
	       (host->run->plan.faults & UINT32_C(1) << FAULT_LIE) != 0 &&
	       !host->run->healing;
}

/* Every fourth is behind the toy. It is not drawn, so that the other runs are what
 * they were. The greeting of every second with tags leads to it. */
static void
choose_toy(struct host *host)
{
	uint64_t number = host->run->seed * 8 + host->user->index;
	bool tags = host->user->kind == KIND_TAG, second;

	number *= UINT64_C(0x9e3779b97f4a7c15);
	second = tags && (number >> 61 & 1) != 0;
	if (host->port == 0 || host->user->kind == KIND_RAW ||
	    (number >> 62 != 0 && !second))
		return;
	host->toy = (struct toy_terms){

		.late_ms = toy_late_ms,
		.refuses = toy_refuses,
		.arg = host,
		.in_the_middle = second
	};
	host->server.toy = &host->toy;
}

/* Nor is which servers end their sessions. */
static void
choose_end(struct host *host)
{
	uint64_t number = host->run->seed * 8 + host->user->index;

	number *= UINT64_C(0xd6e8feb86659fd93);
	host->ends = host->user->kind == KIND_LINE && number >> 62 == 0;
	host->bare = host->ends && (number >> 60 & 1) != 0;
	if (host->ends)
		host->per_last = number >> 61 == 0 ? 30 : 500;
}

void
host_open(struct host *host)
{
	struct run *run = host->run;

	host->rows[0] = (struct peer_row)DO(PEER_ANYTHING, host->trade->serve);
	host->server = (struct peer){ .rows = host->rows,
		.reads = host->trade->reads,
		.arg = host,
		.on_accept = on_accept,
		.on_end = draw_mille(run, 500) ? on_end : NULL,
		.on_bad = on_bad };
	host->password = "";
	if (host->user->kind == KIND_LINE || host->user->kind == KIND_REDIS ||
	    host->user->kind == KIND_TAG)
		host->password = draw_mille(run, 500) ? LOGIN_PASSWORD : "";
	host->old = draw_mille(run, 250);
	host->slow_ms = draw_mille(run, 500) ? draw_below(run, 30) : 0;
	choose_names(host);
	choose_toy(host);
	choose_end(host);
	choose_urls(host);
	for (unsigned i = 0; i < host->name_count; i++)
		peer_listen(
		    &host->server, run->world, host->names[i], host->port);
	host_name(host, draw_below(run, 20), 0);
}

/* ---- dying ---- */

static void
on_back(void *arg)
{
	struct host *host = arg;

	host_fate(host, SIM_ACCEPT, 0);
}

void
host_restart(struct host *host, uint64_t down_ms, bool loses_state)
{
	host_each(host, sim_crash);
	if (loses_state)
		host->epoch++;
	sim_at(host->run->world, down_ms, on_back, host);
}

void
host_mend(struct host *host)
{
	host->loading = host->babbles = false;
	host->per_last = 0;
	if (host->password[0] != '\0')
		host->password = LOGIN_PASSWORD;
	host_name(host, 1, 0);
	host_fate(host, SIM_ACCEPT, 0);
	for (unsigned i = 0; i < host->name_count; i++) {
		sim_freeze(host->run->world, host->names[i], host->port, false);
		sim_cut(host->run->world, host->names[i], host->port, false);
	}
	peer_unmute(&host->server);
}
