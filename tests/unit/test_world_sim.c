/*
 * What only the virtual world has: time that jumps, and a network that misbehaves
 * as it is told. What both worlds have is in test_world_contract.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim.h"
#include "suites.h"
#include "support/world_bed.h"

#define MS UINT64_C(1000000)

/* clang-format off */
#define COUNT(array) ((int)(LEN(array)))
/* clang-format on */

static struct stay_world *world;

static void
setup(void)
{
	bed_begin_sim();
	world = here.world;
}

/* ---- time ---- */

static void
append(void *arg)
{
	strcat(arg, "x");
}

static bool
is_long(void *arg)
{
	return strlen(arg) >= 3;
}

TEST(world_sim_time_moves_from_event_to_event)
{
	char marks[8] = "";

	sim_at(world, 50, append, marks);
	sim_at(world, 20, append, marks);
	sim_at(world, 80, append, marks);
	ck_assert(sim_step(world));
	ck_assert_uint_eq(sim_now_ms(world), 20);
	sim_run_ms(world, 29);
	ck_assert_str_eq(marks, "x");
	ck_assert_uint_eq(sim_now_ms(world), 49);
	sim_run_ms(world, 1);
	ck_assert_str_eq(marks, "xx");
	ck_assert(!sim_run_until(world, is_long, marks, 29));
	ck_assert_uint_eq(sim_now_ms(world), 79);
	ck_assert(sim_run_until(world, is_long, marks, 29));
	ck_assert_uint_eq(sim_now_ms(world), 80);
	ck_assert(!sim_step(world));
	marks[0] = '\0';
	ck_assert(!sim_run_until(world, is_long, marks, SIM_FOREVER));
	ck_assert_uint_eq(sim_now_ms(world), 80);
}

static int fired;
static struct sim_event events[600];

/* Each in its time, and those of one time as they were set. */
static void
on_fire(struct sim_event *event)
{
	static uint64_t at, number;

	if (fired++ == 0)
		at = number = 0;
	ck_assert_uint_eq(event->at, here.ops->now(world));
	ck_assert(
	    event->at > at || (event->at == at && event->number > number));
	at = event->at;
	number = event->number;
}

static void
fire_at(struct sim_event *event, uint64_t ms)
{
	sim_event_set(
	    sim_of(world), event, sim_after(sim_of(world), ms), on_fire);
}

/* Many, so that the heap has something to do, and stopped anywhere in it. */
TEST(world_sim_events_stopped_do_not_come)
{
	fired = 0;
	memset(events, 0, sizeof(events));
	for (int i = 0; i < 600; i++)
		fire_at(&events[i], sim_random(world) % 300);
	for (int i = 0; i < 600; i += 2)
		sim_event_stop(sim_of(world), &events[i]);
	for (int i = 0; i < 600; i += 3)
		fire_at(&events[i], sim_random(world) % 300);
	sim_run_ms(world, 300);
	ck_assert_int_eq(fired, 400);
}

TEST(world_sim_timer_wakes_once_and_on_time)
{
	uint64_t at = here.ops->now(world) + 7 * MS;

	here.ops->timer(world, at + MS);
	here.ops->timer(world, at);
	ck_assert(sim_step(world));
	ck_assert_uint_eq(here.ops->now(world), at);
	ck_assert(!sim_step(world));
	here.ops->timer(world, at + MS);
	here.ops->timer(world, UINT64_MAX);
	ck_assert(!sim_step(world));
}

TEST(world_sim_operations_can_take_time)
{
	uint64_t first;

	sim_cost_ns(world, 5);
	first = here.ops->now(world);
	ck_assert_uint_eq(here.ops->now(world), first + 5);
	sim_sleep_ms(world, 3);
	ck_assert_uint_eq(here.ops->now(world), first + 10 + 3 * MS);
}

static void
let_go(void *arg)
{
	(void)arg;
	here.ops->hold(world, false);
}

TEST(world_sim_runs_while_it_is_held)
{
	here.ops->hold(world, true);
	sim_at(world, 10, let_go, NULL);
	ck_assert(!sim_run(world, 9));
	ck_assert(sim_is_held(world));
	ck_assert(sim_run(world, 1000));
	ck_assert_uint_eq(sim_now_ms(world), 10);
}

/* ---- names ---- */

TEST(world_sim_names)
{
	struct asked known, unknown, broken, slow;

	sim_name_set(world, "db", "10.0.0.1 ::1", 5, 0);
	sim_name_set(world, "broken", NULL, 1, EAI_AGAIN);
	sim_name_set(world, "slow", "10.0.0.1", SIM_FOREVER, 0);
	ck_assert_int_eq(bed_ask(&known, "db", "99"), 0);
	ck_assert_int_eq(bed_ask(&unknown, "nobody", "99"), 0);
	ck_assert_int_eq(bed_ask(&broken, "broken", "99"), 0);
	ck_assert_int_eq(bed_ask(&slow, "slow", "99"), 0);
	ck_assert_uint_eq(sim_lookups(world), 4);
	ck_assert_str_eq(bed_answer(&known), "10.0.0.1:99");
	ck_assert_uint_eq(sim_now_ms(world), 5);
	ck_assert_uint_eq(known.count, 2);
	ck_assert_int_eq(unknown.error, EAI_NONAME);
	ck_assert_int_eq(broken.error, EAI_AGAIN);
	sim_run_ms(world, 100000);
	ck_assert_int_eq(slow.times, 0);
	here.ops->lookup_cancel(world, &slow.lookup);
	ck_assert_uint_eq(sim_lookups(world), 0);
	sim_name_set(world, "db", "::1", 0, 0);
	ck_assert_int_eq(bed_ask(&known, "db", "99"), 0);
	ck_assert_str_eq(bed_answer(&known), "[::1]:99");
}

/* ---- the network: what it is told ---- */

static struct sim_limits limits;

static const char *
limit(const char *word)
{
	sscanf(word, "buffer=%zu", &limits.send_buffer);
	sscanf(word, "read=%zu", &limits.read_max);
	sscanf(word, "write=%zu", &limits.write_max);
	sscanf(word, "spurious=%u", &limits.spurious);
	sscanf(word, "latency=%" SCNu64, &limits.latency_ms);
	sscanf(word, "jitter=%" SCNu64, &limits.jitter_ms);
	limits.ragged = limits.jitter_ms > 0;
	sim_limits_set(world, &limits);
	if (bed_seen.peer != NULL)
		sim_peer_limits(bed_seen.peer, &limits);
	return "ok";
}

/* In 30 ms, if it is not told at once. */
static void
fate_set(int port, const char *word)
{
	static const char *const fates[] = { [SIM_REFUSE] = "refuse",
		[SIM_ACCEPT] = "accept",
		[SIM_UNREACHABLE] = "unreachable",
		[SIM_NO_ROUTE] = "no-route",
		[SIM_BUSY] = "busy",
		[SIM_BLACK_HOLE] = "black-hole" };
	enum sim_fate fate = SIM_REFUSE;

	while (strcmp(fates[fate], word) != 0)
		fate++;
	sim_address_set(world, BED_HOST, port, fate, 30);
}

static const char *
number(uint64_t number)
{
	static char text[24];

	snprintf(text, sizeof(text), "%d", (int)number);
	return text;
}

static uint64_t
count(const char *word)
{
	return (uint64_t)atoi(word);
}

static void
mend(void *arg)
{
	sim_cut(arg, BED_HOST, BED_PORT, false);
}

/* What comes of it is not waited for. */
static const char *
begin(const char *word)
{
	const struct stay_socket_options options = { .keepalive_ms = 1234 };
	struct stay_address to;

	here.bed->place(word, &to);
	here.ops->connect(world, &to, &options, &here.fd);
	return "ok";
}

/* + and - say whether; die: got, or sent, so many bytes more. */
VERB(pass, (sim_run_ms(world, count(word)), "ok"))
VERB(now, number(sim_now_ms(world)))
VERB(fate, (fate_set(BED_PORT, word), "ok"))
VERB(host_fate, (fate_set(0, word), "ok"))
VERB(freeze, (sim_freeze(world, BED_HOST, BED_PORT, *word == '+'), "ok"))
VERB(freeze_one, (sim_peer_freeze(bed_seen.peer, *word == '+'), "ok"))
VERB(cut, (sim_cut(world, BED_HOST, BED_PORT, *word == '+'), "ok"))
VERB(cut_one, (sim_peer_cut(bed_seen.peer, *word == '+'), "ok"))
VERB(mend_in, (sim_at(world, count(word), mend, world), "ok"))
VERB(got, (sim_peer_die(bed_seen.peer, count(word), UINT64_MAX), "ok"))
VERB(sent, (sim_peer_die(bed_seen.peer, UINT64_MAX, count(word)), "ok"))
VERB(crash, (sim_crash(world, BED_HOST, BED_PORT), "ok"))
VERB(accepted, bed_seen.peer != NULL ? "yes" : "no")
VERB(keepalive, number(sim_peer_options(bed_seen.peer)->keepalive_ms))
VERB(finish, bed_result(here.ops->finish(world, here.fd)))
VERB(close_it, (here.ops->close(world, here.fd), "ok"))
VERB(leave, (seam_fini(&here.seam), "ok"))
VERB(peers, number(sim_peers(world, BED_HOST, BED_PORT)))

static const struct verb verbs[] = { { "limit", limit }, { "pass", pass },
	{ "now", now }, { "fate", fate }, { "host-fate", host_fate },
	{ "freeze", freeze }, { "freeze-one", freeze_one }, { "cut", cut },
	{ "cut-one", cut_one }, { "mend-in", mend_in }, { "die-got", got },
	{ "die-sent", sent }, { "crash", crash }, { "accepted", accepted },
	{ "peers", peers }, { "begin", begin }, { "keepalive", keepalive },
	{ "finish", finish }, { "close", close_it }, { "leave", leave },
	{ NULL, NULL } };

static const char *const scripts[] = {
	/* who dials meets his fate, in time */
	"fate accept; dial tcp-nowhere; now = 30",
	"fate refuse; dial tcp-nowhere = ECONNREFUSED; now = 30",
	"fate unreachable; dial tcp-nowhere = EHOSTUNREACH; now = 30",
	"fate no-route; dial tcp-nowhere = ENETUNREACH; now = 0",
	"fate busy; dial tcp-nowhere = EAGAIN; now = 0",
	"fate black-hole; dial tcp-nowhere = nothing; now = 20000",
	"dial tcp-nowhere = ECONNREFUSED; now = 0",
	"host-fate no-route; dial tcp-nowhere = ENETUNREACH",
	"host-fate no-route; fate accept; dial tcp-nowhere",
	"begin tcp; hang; pass 100; accepted = no",
	"begin tcp; pass 0; keepalive = 1234",
	/* bytes take their time, and keep their order */
	("limit latency=10; dial tcp; now = 20; put ping; pass 9;"
	 " heard = EAGAIN; pass 1; heard = ping"),
	("limit latency=10; dial tcp; pass 0; say pong; pass 9;"
	 " read = EAGAIN; pass 1; read = pong"),
	("limit jitter=50; dial tcp; put 0; put 1; put 2; put 3; put 4;"
	 " put 5; put 6; put 7; put 8; put 9; pass 50; heard = 0123456789"),
	/* calls move less than they might */
	("limit buffer=6; limit write=4; dial tcp; pass 0; freeze-one +;"
	 " put abcdef = 4; put efgh = 2; put gh = EAGAIN; want w;"
	 " told = no; freeze-one -; told = w; heard = abcdef"),
	("dial tcp; pass 0; limit read=1; say ab; get = a; read = b;"
	 " read = EAGAIN"),
	("limit buffer=3; pair; put abcdef = 3; put def = EAGAIN; swap;"
	 " get 2 = ab; swap; put def = 2; hang; swap; get = cde; get = end"),
	"limit buffer=6; pair; put abcd; want w; told = w; put e; told = no",
	("limit buffer=3; dial tcp; pass 0; freeze-one +; put abc; want w;"
	 " told = no; end reset; told = w"),
	"limit spurious=1000; dial tcp; want r; told = r; read = EAGAIN",
	/* the server stands still */
	("freeze +; dial tcp; put hi; pass 1000; accepted = no; peers = 1;"
	 " freeze -; pass 0; accepted = yes; heard = hi"),
	("dial tcp; pass 0; freeze-one +; hang; pass 0; heard = EAGAIN;"
	 " say hi; pass 0; freeze-one -; hear = end"),
	/* the cable is out */
	("dial tcp; pass 0; cut +; put there; say back; pass 1500;"
	 " heard = EAGAIN; read = EAGAIN; cut -; pass 0; heard = there;"
	 " read = back"),
	("dial tcp; pass 0; cut-one +; put there; pass 1000;"
	 " heard = EAGAIN; cut-one -; pass 0; heard = there"),
	"cut +; mend-in 1500; dial tcp; now = 2000",
	/* the server ends, and nothing of it is left */
	"dial tcp; pass 0; peers = 1; end; say late; peers = 0; get = end",
	("dial tcp; pass 0; crash; get = ECONNRESET; hang;"
	 " dial tcp-nowhere = ECONNREFUSED"),
	("dial tcp; pass 0; die-got 3; put ab; pass 0; put cd; pass 0;"
	 " heard = abc; heard = EAGAIN; read = ECONNRESET"),
	("dial tcp; pass 0; die-sent 3; say abcdef; get = abc;"
	 " read = ECONNRESET"),
};

TEST_ROWS(world_sim_network, COUNT(scripts))
{
	memset(&limits, 0, sizeof(limits));
	bed_play(scripts[_i], verbs);
}

TEST(world_sim_adopted_has_a_server)
{
	struct sim_peer *peer;
	int data;

	peer = sim_adopted(world, &bed_server, &bed_seen, &here.fd);
	ck_assert_ptr_null(bed_seen.peer);
	bed_play("put ping; hear = ping; say hi; get = hi", NULL);
	ck_assert_ptr_eq(bed_seen.peer, peer);
	ck_assert_ptr_eq(sim_peer_world(peer), world);
	sim_peer_data_set(peer, &data);
	ck_assert_ptr_eq(sim_peer_data(peer), &data);
	ck_assert_uint_eq(sim_peer_got(peer), 4);
	ck_assert_uint_eq(sim_peer_sent(peer), 2);
	ck_assert(sim_peer_is_open(peer));
	bed_play("end", NULL);
	ck_assert(!sim_peer_is_open(peer));
}

/* ---- failing on purpose ---- */

TEST(world_sim_fails_the_nth_call)
{
	sim_fail(world, SIM_READ, 2, -EPIPE);
	bed_play("pair; read = EAGAIN; read = EPIPE; read = EAGAIN", NULL);
	sim_fail(world, SIM_OP_COUNT, 2, -ENOENT);
	ck_assert_int_eq(here.ops->adopt(world, here.fd), 0);
	bed_play("read = ENOENT; read = EAGAIN", NULL);
	ck_assert_uint_eq(sim_calls(world, SIM_READ), 5);
	ck_assert_uint_eq(sim_calls_fallible(world), 6);
}

static const char *const misuses[] = {
	"close; close",
	"close; read",
	"want r; close",
	"begin tcp; finish",
	"leave",
};

TEST_ROWS(world_sim_misuse_aborts, COUNT(misuses))
{
	pid_t child;
	int status;

	bed_play("pair", NULL);
	child = fork();
	if (child == 0) {
		close(STDERR_FILENO);
		bed_play(misuses[_i], verbs);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}

TEST(world_sim_numbers_are_used_again)
{
	int first;

	bed_play("pair", NULL);
	first = here.fd;
	here.ops->close(world, here.other);
	bed_play("hang; pair", NULL);
	ck_assert_int_eq(here.fd, first);
	ck_assert_uint_eq(sim_open_fds(world), 2);
}

/* ---- the same again ---- */

static void
echo(struct sim_peer *peer, void *arg, const char *bytes, size_t len)
{
	(void)arg;
	sim_peer_send(peer, bytes, len);
}

/* What a server that echoes makes of some writes. */
static uint64_t
story(uint64_t seed, FILE *trace)
{
	static const struct sim_server echoes = { .on_bytes = echo };
	const struct sim_limits ragged = { .ragged = true, .jitter_ms = 9 };
	struct iovec part = { (char[32]){ "hello" }, 32 };
	const struct here outer = here;
	uint64_t hash;

	here.world = sim_world_new(seed);
	seam_init(&here.seam, here.world);
	sim_trace_to(here.world, trace);
	sim_limits_set(here.world, &ragged);
	(void)sim_adopted(here.world, &echoes, NULL, &here.fd);
	for (int i = 0; i < 20; i++) {
		here.ops->write(here.world, here.fd, &part, 1);
		sim_run_ms(here.world, 5);
		bed_play("drain", NULL);
	}
	bed_play("hang", NULL);
	sim_run_ms(here.world, 100);
	hash = sim_hash(here.world);
	seam_fini(&here.seam);
	here = outer;
	return hash;
}

TEST(world_sim_one_seed_is_one_story)
{
	static char text[1 << 16];
	FILE *trace = fmemopen(text, sizeof(text), "w");
	uint64_t hash = story(7, trace);

	fclose(trace);
	EXPECT_IN(text, "100.000000 close");
	ck_assert_uint_eq(story(7, NULL), hash);
	ck_assert_uint_ne(story(8, NULL), hash);
}

TEST_SUITE_WITH(world_sim, .before = setup, .after = bed_end)
