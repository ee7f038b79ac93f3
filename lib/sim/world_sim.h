/*
 * A world that exists only in memory: a clock, names, addresses, servers and
 * descriptors, all of them virtual, all of them decided by one seed. A test
 * builds its network, hands the world to stay_loop_new and lets time pass:
 *
 *	struct stay_world *world = sim_world_new(1);
 *	struct stay_loop *loop = stay_loop_new(world);
 *
 *	sim_listen(world, "10.0.0.1", 7777, &server, &state);
 *	sim_name_set(world, "db", "10.0.0.1 10.0.0.2", 5, 0);
 *	...start a connection to tcp://db:7777...
 *	sim_run_until(world, is_up, conn, 1000);
 *
 * The world ends with the loop and checks then that nothing was left open.
 * Misuse (a stale descriptor, closed twice, closed while watched) aborts with a
 * message. Its own memory does not come from lib/mem.h and never fails.
 *
 * Server functions run while the world waits, never inside an operation, so
 * they may call the library as a callback of another library would.
 */
#ifndef STAY__WORLD_SIM_H
#define STAY__WORLD_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <stay/world.h>

struct sim_peer;

struct stay_world *sim_world_new(uint64_t seed);

/* ---- time ---- */

/* Virtual time since the world began. */
uint64_t sim_now_ms(struct stay_world *world);

/*
 * One wait: a turn, the next thing that happens, a turn. False if nothing will
 * ever happen any more.
 */
bool sim_step(struct stay_world *world);

/* The same, at most `ms`; false: nothing happened till then. */
bool sim_step_ms(struct stay_world *world, uint64_t ms);

/* Till `holds` does; false: the budget is used up or nothing can happen. */
bool sim_run_until(struct stay_world *world, bool (*holds)(void *arg),
    void *arg, uint64_t budget_ms);

/* All that happens in the next `ms`. */
void sim_run_ms(struct stay_world *world, uint64_t ms);

/* Like ev_run: till the loop holds the world no more; false: not in `budget`.
 */
bool sim_run(struct stay_world *world, uint64_t budget_ms);

/* The machine was asleep: time has passed and nobody has noticed. */
void sim_sleep_ms(struct stay_world *world, uint64_t ms);

/* Every operation takes this long; 0 at first. */
void sim_cost_ns(struct stay_world *world, uint64_t ns);

/* Something of the test's own, in `ms`. */
void sim_at(
    struct stay_world *world, uint64_t ms, void (*fire)(void *arg), void *arg);

/* From the world's seed. */
uint64_t sim_random(struct stay_world *world);

/* ---- what may be done to the library ---- */

/* 0 anywhere: no such limit. Of the world for connections to come, or of one.
 */
struct sim_limits {
	size_t send_buffer;  /* bytes on their way before writes are refused */
	size_t read_max;     /* of one read */
	size_t write_max;    /* of one write */
	bool ragged;         /* sizes and chunks at random below those */
	unsigned spurious;   /* per mille of readiness that is not there */
	unsigned late;       /* per mille of readiness that a wait overlooks */
	uint64_t latency_ms; /* one way */
	uint64_t jitter_ms;
};

void sim_limits_set(struct stay_world *world, const struct sim_limits *limits);

/* clang-format off */
#define SIM_OPS(OP)                                                            \
	OP(NOW) OP(TIMER) OP(AGAIN) OP(WAIT) OP(CLOSE)                         \
	OP(CONNECT) OP(FINISH) OP(ADOPT) OP(READ) OP(WRITE) OP(WATCH) OP(LOOKUP) \
	OP(SHUTDOWN) OP(KEEP_ALIVE)
/* clang-format on */

enum sim_op {
#define OP(name) SIM_##name,
	SIM_OPS(OP)
#undef OP
	    SIM_OP_COUNT,
	SIM_FALLIBLE = SIM_CONNECT /* this one and all behind it can fail */
};

/* How often it was called. */
uint64_t sim_calls(struct stay_world *world, enum sim_op op);

/* How often any of those that can fail was called. */
uint64_t sim_calls_fallible(struct stay_world *world);

/* The nth call from now of `op` fails with `error` (a negative errno), once;
 * SIM_OP_COUNT: of any that can. nth 0: none any more. */
void sim_fail(
    struct stay_world *world, enum sim_op op, uint64_t nth, int error);

/*
 * The process has forked, and this is its child: whatever is asked of
 * descriptors and names fails with -EPERM, what is closed stays open in the
 * parent, and lookups that are under way hang. The loop is told before its next
 * turn.
 */
void sim_fork(struct stay_world *world);

/* Bytes and ends of the child that a server has seen all the same. */
uint64_t sim_leaked(struct stay_world *world);

size_t sim_open_fds(struct stay_world *world);
size_t sim_lookups(struct stay_world *world); /* under way */
bool sim_is_held(struct stay_world *world);

/* ---- names and addresses ---- */

#define SIM_FOREVER UINT64_MAX

/*
 * What looking up the name `text` gives: `addresses` parted by blanks, or `error`
 * (negative errno or EAI_*), after `delay_ms` (SIM_FOREVER: it hangs). Unknown
 * names fail with EAI_NONAME at once.
 */
void sim_name_set(struct stay_world *world, const char *text,
    const char *addresses, uint64_t delay_ms, int error);

enum sim_fate {
	SIM_REFUSE, /* as every address without a server does */
	SIM_ACCEPT,
	SIM_UNREACHABLE, /* decided later: EHOSTUNREACH */
	SIM_NO_ROUTE,    /* refused at once: ENETUNREACH */
	SIM_BUSY,        /* refused at once: EAGAIN */
	SIM_BLACK_HOLE   /* never decided */
};

/*
 * What happens to who connects to host:port ("10.0.0.1", "::1", or a path with
 * port 0), `after_ms` later (unix: at once). Port 0 of a host: all ports that
 * have no answer of their own.
 */
void sim_address_set(struct stay_world *world, const char *host, int port,
    enum sim_fate fate, uint64_t after_ms);

/* ---- servers ---- */

/* All may be NULL. on_close: the library has closed (0) or reset its end, once,
 * unless the server has ended the connection itself. The server's end is closed,
 * too. Unless there is on_end: it runs in place of on_close when nothing more
 * will come, and what the server sends then may still be read. on_gone: the world
 * ends, and with it a connection that was accepted. */
struct sim_server {
	void (*on_accept)(struct sim_peer *peer, void *arg);
	void (*on_bytes)(
	    struct sim_peer *peer, void *arg, const char *bytes, size_t len);
	void (*on_close)(struct sim_peer *peer, void *arg, int error);
	void (*on_end)(struct sim_peer *peer, void *arg);
	void (*on_gone)(struct sim_peer *peer, void *arg);
};

/* Both must live as long as the world. Listening anew replaces the server. NULL,
 * here and below: it listens and says nothing. */
void sim_listen(struct stay_world *world, const char *host, int port,
    const struct sim_server *server, void *arg);

/* From now on it refuses; who is connected stays so. */
void sim_unlisten(struct stay_world *world, const char *host, int port);

/* The process dies: it refuses, and resets everybody. */
void sim_crash(struct stay_world *world, const char *host, int port);

/* The process stands still: the kernel accepts and receives, nobody serves. */
void sim_freeze(
    struct stay_world *world, const char *host, int port, bool frozen);

/* The cable is out, both ways; what was sent arrives once it is in again. */
void sim_cut(struct stay_world *world, const char *host, int port, bool cut);

/* Connections the server has and has not ended. */
size_t sim_peers(struct stay_world *world, const char *host, int port);

/* ---- one connection, seen from the server ---- */

/* A peer stays valid till the world ends; what comes too late does nothing. */
void sim_peer_send(struct sim_peer *peer, const void *bytes, size_t len);
void sim_peer_print(struct sim_peer *peer, const char *text);
void sim_peer_shutdown(struct sim_peer *peer); /* nothing more from here */
void sim_peer_close(struct sim_peer *peer);
void sim_peer_reset(struct sim_peer *peer);
void sim_peer_freeze(struct sim_peer *peer, bool frozen);
void sim_peer_cut(struct sim_peer *peer, bool cut);
void sim_peer_limits(struct sim_peer *peer, const struct sim_limits *limits);

/* Reset as soon as the server got, or the library was sent, so many more bytes;
 * not one more goes through. UINT64_MAX: never. */
void sim_peer_die(struct sim_peer *peer, uint64_t got, uint64_t sent);

struct stay_world *sim_peer_world(const struct sim_peer *peer);
void sim_peer_data_set(struct sim_peer *peer, void *data);
void *sim_peer_data(const struct sim_peer *peer);
uint64_t sim_peer_got(const struct sim_peer *peer);  /* bytes */
uint64_t sim_peer_sent(const struct sim_peer *peer); /* bytes */
bool sim_peer_is_open(const struct sim_peer *peer);  /* for both sides */

/* With what the library dialled it. */
const struct stay_socket_options *sim_peer_options(const struct sim_peer *peer);

/* ---- descriptors for stay_stream_adopt ---- */

/* Two connected ones, both for the library or the test. */
void sim_pair(struct stay_world *world, int fds[2]);

/* One, with a server at its other end. */
struct sim_peer *sim_adopted(struct stay_world *world,
    const struct sim_server *server, void *arg, int *fd);

/* ---- the trace ---- */

/* Equal seeds and equal calls give equal hashes: everything is in it. */
uint64_t sim_hash(struct stay_world *world);

/* A line for everything; NULL: none. The variable SIM_TRACE sets stderr. */
void sim_trace_to(struct stay_world *world, FILE *file);

#endif
