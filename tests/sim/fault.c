/*
 * What the world does to a run, one kind of fault at a time. Most faults last
 * until the world is mended, by chance or in the end.
 */
#include "run.h"

#include <errno.h>

const char *const fault_names[FAULT_COUNT] = {
#define FAULT(name) [FAULT_##name] = #name,
	FAULTS(FAULT)
#undef FAULT
};

typedef void strike_fn(struct run *run, struct host *host);

/* ---- a connection ---- */

static void
strike_reset(struct run *run, struct host *host)
{
	struct desk *desk = host_desk(host);

	(void)run;
	if (desk != NULL)
		sim_peer_reset(desk->peer);
}

static void
strike_close(struct run *run, struct host *host)
{
	struct desk *desk = host_desk(host);

	(void)run;
	if (desk != NULL)
		sim_peer_close(desk->peer);
}

static void
strike_half_close(struct run *run, struct host *host)
{
	struct desk *desk = host_desk(host);

	(void)run;
	if (desk != NULL)
		sim_peer_shutdown(desk->peer);
}

static void
end_at_byte(struct run *run, struct host *host, bool cleanly)
{
	struct desk *desk = host_desk(host);
	uint64_t bytes = draw_between(run, 1, 3000);

	if (desk == NULL)
		return;
	desk->peer->cleanly = cleanly;
	if (draw_mille(run, 500))
		sim_peer_die(desk->peer, bytes, UINT64_MAX);
	else
		sim_peer_die(desk->peer, UINT64_MAX, bytes);
}

static void
strike_die_at_byte(struct run *run, struct host *host)
{
	end_at_byte(run, host, false);
}

static void
strike_close_at_byte(struct run *run, struct host *host)
{
	end_at_byte(run, host, true);
}

static void
strike_lie(struct run *run, struct host *host)
{
	struct desk *desk = host_desk(host);

	(void)run;
	if (desk == NULL)
		return;
	/* Its greeting is not worth anything any more. */
	desk->end->deaf |= desk->end->phase == 0 && host->trade->push != NULL;
	host->user->liar = desk->peer;
	host->user->believes = true;
	host->trade->lie(desk);
}

/* ---- a server ---- */

static void
strike_crash(struct run *run, struct host *host)
{
	bool forgets = draw_mille(run, 500);

	host_restart(host, draw_between(run, 0, 3000), forgets);
}

static void
strike_refuse(struct run *run, struct host *host)
{
	host_fate(host, SIM_REFUSE, draw_between(run, 0, 300));
}

static void
strike_unreachable(struct run *run, struct host *host)
{
	host_fate(host, SIM_UNREACHABLE, draw_between(run, 0, 1000));
}

static void
strike_no_route(struct run *run, struct host *host)
{
	(void)run;
	host_fate(host, SIM_NO_ROUTE, 0);
}

static void
strike_busy(struct run *run, struct host *host)
{
	(void)run;
	host_fate(host, SIM_BUSY, 0);
}

static void
strike_black_hole(struct run *run, struct host *host)
{
	(void)run;
	host_fate(host, SIM_BLACK_HOLE, 0);
}

/* One address of it alone, at times. */
static unsigned
part_of(struct run *run, const struct host *host)
{
	return draw_mille(run, 300) ? draw_below(run, host->name_count)
				    : PLACES_MAX;
}

static void
strike_freeze(struct run *run, struct host *host)
{
	unsigned one = part_of(run, host);

	for (unsigned i = 0; i < host->name_count; i++)
		if (one == PLACES_MAX || one == i)
			sim_freeze(
			    run->world, host->names[i], host->port, true);
}

static void
strike_cut(struct run *run, struct host *host)
{
	unsigned one = part_of(run, host);

	for (unsigned i = 0; i < host->name_count; i++)
		if (one == PLACES_MAX || one == i)
			sim_cut(run->world, host->names[i], host->port, true);
}

static void
strike_mute(struct run *run, struct host *host)
{
	(void)run;
	host->server.mute = true;
}

static void
strike_password(struct run *run, struct host *host)
{
	(void)run;
	if (host->password[0] != '\0')
		host->password = "changed";
}

static void
strike_loading(struct run *run, struct host *host)
{
	(void)run;
	host->loading = true;
}

static void
strike_babble(struct run *run, struct host *host)
{
	(void)run;
	host->babbles = true;
}

static void
strike_lookup(struct run *run, struct host *host)
{
	static const int errors[] = { 0, 0, -EAGAIN, -2, -3, -11 };

	int error = errors[draw_below(run, 6)];

	host_name(host, draw_between(run, 0, LOOKUP_MS_MAX), error);
}

/* ---- the world ---- */

/* Of connections to come, and now and then of one that is there. */
static void
limit(struct run *run, struct host *host)
{
	struct desk *desk = host_desk(host);

	sim_limits_set(run->world, &run->sim->limits);
	if (desk != NULL && !tag_lane_is_long(host->user))
		sim_peer_limits(desk->peer, &run->sim->limits);
}

static void
strike_slow(struct run *run, struct host *host)
{
	run->sim->limits.latency_ms = draw_between(run, 0, 300);
	run->sim->limits.jitter_ms = draw_between(run, 0, 100);
	limit(run, host);
}

static void
strike_ragged(struct run *run, struct host *host)
{
	struct sim_limits *limits = &run->sim->limits;

	limits->ragged = draw_mille(run, 700);
	limits->read_max = (size_t)draw_between(run, 1, 5000);
	limits->write_max = (size_t)draw_between(run, 1, 5000);
	limits->send_buffer = (size_t)draw_between(run, 1, 65536);
	limit(run, host);
}

static void
strike_spurious(struct run *run, struct host *host)
{
	(void)host;
	run->sim->limits.spurious = draw_below(run, 300);
}

static void
strike_overlooked(struct run *run, struct host *host)
{
	(void)host;
	run->sim->limits.late = draw_below(run, 700);
}

static void
strike_system(struct run *run, struct host *host)
{
	static const int errors[] = { -EINTR, -EAGAIN, -ENOMEM, -EMFILE, -EIO,
		-ENOBUFS, -ECONNRESET, -ETIMEDOUT };
	/* EAGAIN and EINTR of what only reads or writes. */
	unsigned which = draw_below(run, 8);
	unsigned span = (unsigned)SIM_OP_COUNT - (unsigned)SIM_FALLIBLE;
	enum sim_op op =
	    (enum sim_op)((unsigned)SIM_FALLIBLE + draw_below(run, span));

	(void)host;
	if (which < 2)
		op = draw_mille(run, 500) ? SIM_READ : SIM_WRITE;
	if (which == 0)
		which = 1;
	sim_fail(run->world, op, draw_between(run, 1, 20), errors[which]);
	run->ops_failed = true;
}

static void
strike_memory(struct run *run, struct host *host)
{
	(void)host;
	memory.per_10000 = (unsigned)draw_between(run, 1, 10000);
}

static void
strike_wall_clock(struct run *run, struct host *host)
{
	(void)run;
	(void)host;
	memory.wall_jumps = true;
}

static void
strike_sleep(struct run *run, struct host *host)
{
	(void)host;
	act_sleep(run, draw_between(run, 1, 5000));
}

/* ---- all of them ---- */

static strike_fn *const strikes[FAULT_COUNT] = {
	[FAULT_RESET] = strike_reset,
	[FAULT_CLOSE] = strike_close,
	[FAULT_HALF_CLOSE] = strike_half_close,
	[FAULT_DIE_AT_BYTE] = strike_die_at_byte,
	[FAULT_CLOSE_AT_BYTE] = strike_close_at_byte,
	[FAULT_CRASH] = strike_crash,
	[FAULT_REFUSE] = strike_refuse,
	[FAULT_UNREACHABLE] = strike_unreachable,
	[FAULT_NO_ROUTE] = strike_no_route,
	[FAULT_BUSY] = strike_busy,
	[FAULT_BLACK_HOLE] = strike_black_hole,
	[FAULT_FREEZE] = strike_freeze,
	[FAULT_CUT] = strike_cut,
	[FAULT_SLOW] = strike_slow,
	[FAULT_RAGGED] = strike_ragged,
	[FAULT_SPURIOUS] = strike_spurious,
	[FAULT_OVERLOOKED] = strike_overlooked,
	[FAULT_LOOKUP] = strike_lookup,
	[FAULT_SYSTEM] = strike_system,
	[FAULT_MEMORY] = strike_memory,
	[FAULT_LIE] = strike_lie,
	[FAULT_MUTE] = strike_mute,
	[FAULT_PASSWORD] = strike_password,
	[FAULT_LOADING] = strike_loading,
	[FAULT_BABBLE] = strike_babble,
	[FAULT_WALL_CLOCK] = strike_wall_clock,
	[FAULT_SLEEP] = strike_sleep,
};

/* The pool's as often as all users' together. */
static struct host *
any_host(struct run *run)
{
	if (run->pool != NULL && draw_mille(run, 500))
		return pool_host(run);
	return &run->users[draw_below(run, run->plan.user_count)].host;
}

void
fault_strike(struct run *run)
{
	unsigned which = draw_below(run, FAULT_COUNT);
	struct host *host = any_host(run);

	if ((run->plan.faults >> which & 1) == 0)
		return;
	sim_note(run->sim, fault_names[which], host->user->index, 0);
	run->figures->faults[which]++;
	run->struck++;
	strikes[which](run, host);
}

void
fault_mend(struct run *run, bool all)
{
	struct sim_limits none = { .send_buffer = 65536 };
	struct stay__list *node;

	memory.per_10000 = 0;
	if (all || draw_mille(run, 300)) {
		sim_limits_set(run->world, &none);
		sim_fail(run->world, SIM_OP_COUNT, 0, 0);
	}
	for (unsigned i = 0; i < run->plan.user_count; i++)
		if (all || draw_mille(run, 500))
			host_mend(&run->users[i].host);
	if (run->pool != NULL && (all || draw_mille(run, 500)))
		host_mend(pool_host(run));
	if (!all)
		return;
	for (node = run->sim->peers.next; node != &run->sim->peers;
	     node = node->next) {
		struct sim_peer *peer =
		    STAY__CONTAINER(node, struct sim_peer, node);

		sim_peer_limits(peer, &none);
		sim_peer_die(peer, UINT64_MAX, UINT64_MAX);
	}
}
