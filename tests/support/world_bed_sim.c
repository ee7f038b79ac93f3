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

static void
on_end(struct sim_peer *peer, void *arg)
{
	on_close(peer, arg, 0);
}

/* As the kernel's other end, it stays open when the library has ended. */
const struct sim_server bed_server = { .on_accept = on_accept,
	.on_bytes = on_bytes,
	.on_close = on_close,
	.on_end = on_end };

/* ---- the world ---- */

static struct stay_world *
open_world(void)
{
	memset(&bed_seen, 0, sizeof(bed_seen));
	return sim_world_new(1);
}

static void
on_time(void *arg)
{
	(*(void (**)(void))arg)();
}

static void
program(unsigned ms, void (*happen)(void))
{
	sim_at(here.world, ms, on_time, &happen);
	sim_run(here.world, PATIENCE_MS);
}

static bool
child(bool (*finds)(void *arg))
{
	sim_fork(here.world);
	return finds(NULL);
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
	if (strstr(place, "-nowhere") != NULL)
		return;
	sim_listen(here.world, host, port, &bed_server, &bed_seen);
	if (strcmp(place, "unix-full") == 0)
		sim_address_set(here.world, host, port, SIM_BLACK_HOLE, 0);
	if (strstr(place, "-nobody") != NULL)
		sim_unlisten(here.world, host, port);
}

/* ---- the other end ---- */

/* Whatever has been sent arrives at once. */
static struct sim_peer *
peer(void)
{
	sim_run_ms(here.world, 0);
	ck_assert_ptr_nonnull(bed_seen.peer);
	return bed_seen.peer;
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

static void
end_it(struct sim_peer *peer, const char *how)
{
	if (how[0] == 's')
		sim_peer_shutdown(peer);
	else if (how[0] == 'r')
		sim_peer_reset(peer);
	else
		sim_peer_close(peer);
}

VERB(say, (sim_peer_print(peer(), word), "ok"))
VERB(hear, (sim_run_ms(here.world, 0), heard(word)))
VERB(end, (end_it(peer(), word), "ok"))

static const struct verb verbs[] = { { "say", say }, { "heard", heard },
	{ "hear", hear }, { "end", end }, { NULL, NULL } };

static const struct bed bed = {
	.open = open_world,
	.program = program,
	.child = child,
	.pair = sim_pair,
	.open_fds = sim_open_fds,
	.place = place,
	.verbs = verbs,
};

void
bed_begin_sim(void)
{
	bed_begin(&bed);
}
