/* The virtual network around the virtual world: one server, which notes what it
 * is told. */
#include "support/world_bed.h"

#include <errno.h>
#include <string.h>

#include <check.h>

#include "base/address.h"
#include "sim/world_sim.h"

#define PATIENCE_MS 20000

struct bed_seen bed_seen;

/* ---- the server ---- */

static void
on_accept(struct sim_peer *peer, void *arg)
{
	ck_assert_ptr_eq(arg, &bed_seen);
	bed_seen.peer = peer;
	bed_seen.accepted++;
}

static void
on_bytes(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	(void)peer;
	(void)arg;
	ck_assert_uint_lt(bed_seen.len + len, sizeof(bed_seen.got));
	memcpy(bed_seen.got + bed_seen.len, bytes, len);
	bed_seen.len += len;
}

static void
on_close(struct sim_peer *peer, void *arg, int error)
{
	(void)peer;
	(void)arg;
	bed_seen.closed++;
	bed_seen.error = error;
}

const struct sim_server bed_server = { on_accept, on_bytes, on_close };

/* ---- the world ---- */

static struct stay_world *
open_world(void)
{
	memset(&bed_seen, 0, sizeof(bed_seen));
	return sim_world_new(1);
}

static void
close_world(void)
{
}

static void
on_time(void *arg)
{
	(*(void (**)(void))arg)();
}

static void
program(void (*happen)(void))
{
	sim_at(here.world, 10, on_time, &happen);
	sim_run(here.world, PATIENCE_MS);
}

static bool
child(bool (*life)(void))
{
	sim_fork(here.world);
	return life();
}

static void
pair(int fds[2])
{
	sim_pair(here.world, fds);
}

static size_t
open_fds(void)
{
	return sim_open_fds(here.world);
}

static void
place(const char *place, struct stay_address *address)
{
	bool is_unix = place[0] == 'u';
	const char *host = is_unix ? BED_PATH : BED_HOST;
	int port = is_unix ? 0 : BED_PORT;

	if (is_unix)
		stay__address_of_path(address, host);
	else
		stay__address_parse(address, host, "7777");
	if (strcmp(place, "unix-nowhere") == 0)
		return;
	sim_listen(here.world, host, port, &bed_server, &bed_seen);
	if (strcmp(place, "unix-full") == 0)
		sim_address_set(here.world, host, port, SIM_BLACK_HOLE, 0);
	if (strstr(place, "-nobody") != NULL)
		sim_unlisten(here.world, host, port);
}

/* ---- the other end ---- */

static bool
is_accepted(void *arg)
{
	(void)arg;
	return bed_seen.accepted > 0;
}

static struct sim_peer *
peer(void)
{
	ck_assert(sim_run_until(here.world, is_accepted, NULL, PATIENCE_MS));
	return bed_seen.peer;
}

static const char *
say(const char *word)
{
	sim_peer_print(peer(), word);
	return "ok";
}

static const char *
heard(const char *word)
{
	ssize_t len = (ssize_t)bed_seen.len;

	(void)word;
	bed_seen.len = 0;
	ck_assert_int_le(bed_seen.closed, 1);
	if (len == 0)
		len = bed_seen.closed > 0 ? bed_seen.error : -EAGAIN;
	return bed_bytes(bed_seen.got, len);
}

static bool
has_heard(void *arg)
{
	(void)arg;
	return bed_seen.len > 0 || bed_seen.closed > 0;
}

static const char *
hear(const char *word)
{
	return sim_run_until(here.world, has_heard, NULL, PATIENCE_MS)
		   ? heard(word)
		   : "nothing";
}

static const char *
end(const char *how)
{
	if (how[0] == 's')
		sim_peer_shutdown(peer());
	else if (how[0] == 'r')
		sim_peer_reset(peer());
	else
		sim_peer_close(peer());
	return "ok";
}

static const struct verb verbs[] = {
	{ "say", say },
	{ "heard", heard },
	{ "hear", hear },
	{ "end", end },
	{ NULL, NULL },
};

const struct bed bed_of_sim = {
	.open = open_world,
	.close = close_world,
	.program = program,
	.child = child,
	.pair = pair,
	.open_fds = open_fds,
	.place = place,
	.verbs = verbs,
};
