/*
 * stay/world.h - the library's only door to the outside.
 *
 * All that the library asks of the system goes through one table of operations:
 * clock, entropy, sockets, readiness, name resolution, wake-ups. stay_loop_ev
 * brings a world on libev and POSIX. A program on another event loop brings no more
 * than what waits: see <stay/host.h>. A test brings a virtual world, and runs
 * everything, adapters included, without a real second passing.
 *
 *	world                                loop
 *	  waits for descriptors, time, wake-ups
 *	  --- watch->ready(watch, events) --->  marks what is readable
 *	  --- lookup->done(lookup, ...) ------>  a name is resolved
 *	  --- stay_loop_turn(loop) ----------->  before every wait: timers due,
 *	                                         messages, one write a stream
 *	  <-- ops->timer(at), ops->again() ----  when to call the next turn
 *
 * All operations run on the loop's thread, except `wake`. They return an errno
 * value below 0 on failure; errno itself is not looked at. An operation must
 * not call the library: `ready`, `done` and stay_loop_turn are called from
 * where the world waits, never from inside an operation.
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

/* The address of one end of a socket. */
struct stay_address {
	socklen_t len;
	struct sockaddr_storage storage;
};

/* Set on every socket, at every dial. Zero leaves an option to the system. */
struct stay_socket_options {
	bool nodelay; /* TCP_NODELAY */
	/* keepalive_ms is not set at the dial, but with ops->keep_alive, once a
	 * peer may be silent that nobody else looks after. For clients alone:
	 * a connection without one sets it at the dial. */
	bool keepalive_later;
	/* TCP_KEEPIDLE, with a quarter of it between probes. The system counts
	 * whole seconds: it is rounded down, to 1 at least. */
	uint64_t keepalive_ms;
	uint64_t user_timeout_ms;   /* TCP_USER_TIMEOUT */
	struct stay_address source; /* to bind to; len 0: any */
	uintptr_t reserved[2];
};

/* The descriptor of `watch` is ready: `events` is STAY_READ, STAY_WRITE, or
 * both. */
typedef void stay_ready_fn(struct stay_watch *watch, unsigned events);

/* Interest in one descriptor. The library owns it, and zeroes it before its
 * first use. While the interest is not 0, `world` is the world's to use. */
struct stay_watch {
	int fd;
	unsigned interest; /* STAY_READ | STAY_WRITE; kept by ops->watch */
	stay_ready_fn *ready;
	void *owner;
	uintptr_t world[sizeof(uintptr_t) == 8 ? 7 : 9];
};

/* A lookup is done. `error` is 0, or an errno or EAI_* value below 0 with its
 * static `text`. The addresses live until this returns. */
typedef void stay_lookup_fn(struct stay_lookup *lookup, int error,
    const char *text, const struct stay_address *addresses, size_t count);

/* One name that is looked up. The library owns it. The world may use it until
 * it has called `done`, or ops->lookup_cancel has returned. */
struct stay_lookup {
	const char *host;
	const char *port; /* digits */
	stay_lookup_fn *done;
	void *owner;
	void *world;
};

/* The operations of a world. */
struct stay_world_ops {
	size_t size; /* STAY_WORLD_OPS sets these two */
	unsigned abi;

	/* Called once, before anything else: `loop` is the loop to run. */
	void (*attach)(struct stay_world *world, struct stay_loop *loop);
	/* The loop has been freed: free everything, `world` included. */
	void (*free)(struct stay_world *world);

	/* A clock that never goes back, in nanoseconds. */
	uint64_t (*now)(struct stay_world *world);
	/* Bytes nobody can guess. */
	void (*entropy)(struct stay_world *world, void *bytes, size_t len);

	/* Call stay_loop_turn at this time, as `now` counts it; UINT64_MAX:
	 * never. An earlier turn does no harm. */
	void (*timer)(struct stay_world *world, uint64_t at_ns);
	/* There is more to do: call stay_loop_turn again without waiting. */
	void (*again)(struct stay_world *world);
	/* Whether the loop has connections, so that the world must go on. */
	void (*hold)(struct stay_world *world, bool alive);
	/* In any thread: see to it that stay_loop_turn is called soon. */
	void (*wake)(struct stay_world *world);
	/* For stay_conn_await: wait once, until the timer at most, and handle
	 * what has come, a turn included. While the loop has work left
	 * (stay_loop_is_idle), and after `again`, which may be called right before
	 * it, look without waiting: the caller may be after what comes of that. */
	void (*run)(struct stay_world *world);

	/* Make a stream socket, non-blocking and close-on-exec, with these
	 * options, and connect it. 0: it is connected. -EINPROGRESS: it will be
	 * known when *fd is writable. Else it has failed, there is nothing to
	 * close, and *fd is not set. */
	int (*connect)(struct stay_world *world, const struct stay_address *to,
	    const struct stay_socket_options *options, int *fd);
	/* After -EINPROGRESS, when writable: 0 if connected, else why not. */
	int (*finish)(struct stay_world *world, int fd);
	/* How many bytes; read: 0 at the end of the stream; -EAGAIN: none
	 * now. They must not raise SIGPIPE. */
	ssize_t (*read)(
	    struct stay_world *world, int fd, void *bytes, size_t len);
	ssize_t (*write)(struct stay_world *world, int fd,
	    const struct iovec *parts, int count);
	void (*close)(struct stay_world *world, int fd);

	/* Call watch->ready when watch->fd is ready for one of `interest`. 0
	 * ends it; then `ready` must not run, not even for what was found
	 * before. */
	int (*watch)(struct stay_world *world, struct stay_watch *watch,
	    unsigned interest);

	/* Look a name up without blocking. lookup->done runs later, not in
	 * here. Once a lookup has been cancelled, its `done` must not run. */
	int (*lookup)(struct stay_world *world, struct stay_lookup *lookup);
	void (*lookup_cancel)(
	    struct stay_world *world, struct stay_lookup *lookup);

	/* Make a descriptor that was opened elsewhere non-blocking and
	 * close-on-exec. NULL: it is used as it is. */
	int (*adopt)(struct stay_world *world, int fd);

	/* No more bytes will be written: the peer reads the end of the stream
	 * behind those that were, and its bytes can still be read. 0, or why
	 * not; then the stream is closed as a whole. NULL: it always is. */
	int (*shutdown)(struct stay_world *world, int fd);

	/* Whether this process is a forked child of the one that made the
	 * world. Nothing is then started or dialled on it, and failures are
	 * STAY_E_FORKED. NULL: it never is. */
	bool (*forked)(struct stay_world *world);

	/* The program has called the library outside of a turn, and there is
	 * something to do: call stay_loop_turn before the next wait. Called
	 * once until then. NULL: the world turns before every wait anyway. */
	void (*stir)(struct stay_world *world);

	/* Set options->keepalive_ms on an open socket of `connect`, for which
	 * keepalive_later was set. 0, or why not; the stream then ends. NULL:
	 * `connect` sets it, whatever keepalive_later says. */
	int (*keep_alive)(struct stay_world *world, int fd,
	    const struct stay_socket_options *options);
};

#define STAY_WORLD_OPS .size = sizeof(struct stay_world_ops), .abi = STAY_ABI

/* Every world begins with this. */
struct stay_world {
	const struct stay_world_ops *ops;
};

STAY_END

#endif
