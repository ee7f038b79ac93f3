/*
 * stay/world.h - the only door to the outside.
 *
 * Everything non-deterministic that the library does goes through one table of
 * operations: the clock, entropy, sockets, readiness, name resolution, waking
 * up. stay_loop_ev() brings a world on libev and POSIX; a test brings a virtual
 * one and runs the whole stack, adapters included, without a real second
 * passing; a program on another event loop writes its own.
 *
 *	world                                loop
 *	  waits for descriptors, time, wake-ups
 *	  --- watch->ready(watch, events) --->  marks what is readable
 *	  --- lookup->done(lookup, ...) ------>  a name is resolved
 *	  --- stay_loop_turn(loop) ----------->  before every wait: timers due,
 *	                                         mail, then one write a stream
 *	  <-- ops->timer(at), ops->again() ----  when to call the next turn
 *
 * All operations run on the loop's thread, except `wake`. Errors of the system
 * are negative errno values; errno itself is never read by the library. An
 * operation must not call into the library (ready, done and stay_loop_turn come
 * from the world's own waiting, never from inside an operation).
 */
#ifndef STAY_WORLD_H
#define STAY_WORLD_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <stay/status.h>

STAY_BEGIN

struct stay_loop;
struct stay_world;
struct stay_watch;
struct stay_lookup;

#define STAY_READ  1u
#define STAY_WRITE 2u

/* One end to connect to, or to be connected from. */
struct stay_address {
	socklen_t len;
	struct sockaddr_storage storage;
};

/* Applied to every socket at every dial. Zero: left to the system. */
struct stay_socket_options {
	bool nodelay; /* TCP_NODELAY */
	/* TCP_KEEPIDLE, and a quarter of it between probes; in whole seconds,
	 * rounded down, at least 1. */
	uint64_t keepalive_ms;
	uint64_t user_timeout_ms;   /* TCP_USER_TIMEOUT */
	struct stay_address source; /* bind here first; len 0: anywhere */
	uintptr_t reserved[2];
};

/*
 * Interest in one descriptor. Owned by the library, zeroed before its first
 * use; `world` is the world's own space for as long as interest is not 0.
 */
typedef void stay_ready_fn(struct stay_watch *watch, unsigned events);

struct stay_watch {
	int fd;
	unsigned interest; /* STAY_READ | STAY_WRITE; kept by ops->watch */
	stay_ready_fn *ready;
	void *owner;
	uintptr_t world[12];
};

/*
 * One name looked up. Owned by the library until `done` has run or
 * ops->lookup_cancel returned. `error` is 0 or a negative errno or EAI_* value
 * with its `text` (static); the addresses live until `done` returns.
 */
typedef void stay_lookup_fn(struct stay_lookup *lookup, int error,
    const char *text, const struct stay_address *addresses, size_t count);

struct stay_lookup {
	const char *host;
	const char *port; /* digits */
	stay_lookup_fn *done;
	void *owner;
	void *world;
};

struct stay_world_ops {
	size_t size; /* sizeof(struct stay_world_ops): set by STAY_WORLD_OPS */
	unsigned abi;

	/* Told once which loop it carries, before anything else. */
	void (*attach)(struct stay_world *world, struct stay_loop *loop);
	/* The loop is gone: release everything, `world` included. */
	void (*free)(struct stay_world *world);

	/* A clock that never goes back, in nanoseconds. */
	uint64_t (*now)(struct stay_world *world);
	/* Bytes nobody can guess. */
	void (*entropy)(struct stay_world *world, void *bytes, size_t len);

	/* Call stay_loop_turn at this time of `now`, UINT64_MAX for never. A
	 * turn too early does no harm; one too late is late. */
	void (*timer)(struct stay_world *world, uint64_t at_ns);
	/* There is work left: call stay_loop_turn again without waiting. */
	void (*again)(struct stay_world *world);
	/* Whether something is alive that the world must keep running for. */
	void (*hold)(struct stay_world *world, bool alive);
	/* Any thread: make stay_loop_turn be called soon. */
	void (*wake)(struct stay_world *world);
	/* Wait once and handle what came, a turn included; at most till the
	 * timer. For stay_conn_await. */
	void (*run)(struct stay_world *world);

	/* A non-blocking, close-on-exec stream socket, optioned, connecting.
	 * 0: connected; -EINPROGRESS: on its way, writable when decided; else
	 * failed, nothing to close. *fd is set unless failed. */
	int (*connect)(struct stay_world *world, const struct stay_address *to,
	    const struct stay_socket_options *options, int *fd);
	/* After -EINPROGRESS and writable: 0 connected, else why not. */
	int (*finish)(struct stay_world *world, int fd);
	/* Bytes moved; read: 0 at the end; -EAGAIN: not now. Never SIGPIPE. */
	ssize_t (*read)(
	    struct stay_world *world, int fd, void *bytes, size_t len);
	ssize_t (*write)(struct stay_world *world, int fd,
	    const struct iovec *parts, int count);
	void (*close)(struct stay_world *world, int fd);

	/* Set the interest of watch->fd; 0 stops it. 0 or a negative errno.
	 * After it is stopped `ready` does not run, not even for what was seen
	 * before. */
	int (*watch)(struct stay_world *world, struct stay_watch *watch,
	    unsigned interest);

	/* Look a name up without blocking; done runs later, never in here. A
	 * cancelled lookup's done never runs. 0 or a negative errno. */
	int (*lookup)(struct stay_world *world, struct stay_lookup *lookup);
	void (*lookup_cancel)(
	    struct stay_world *world, struct stay_lookup *lookup);

	/* Take over a descriptor somebody else opened: make it non-blocking and
	 * close-on-exec. 0 or a negative errno. NULL: it is used as it is. */
	int (*adopt)(struct stay_world *world, int fd);

	/* Whether this process is a forked child of the one that made the
	 * world: nothing is started or dialled on it any more, and whatever
	 * fails is called STAY_E_FORKED. NULL: it never is. */
	bool (*forked)(struct stay_world *world);
};

#define STAY_WORLD_OPS .size = sizeof(struct stay_world_ops), .abi = STAY_ABI

/* The first member of every world. */
struct stay_world {
	const struct stay_world_ops *ops;
};

STAY_END

#endif
