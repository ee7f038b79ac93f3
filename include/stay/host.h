/*
 * stay/host.h - a loop that waits inside of another event loop.
 *
 * A *host* is what waits for the library: libuv, libevent, GLib, or the event loop
 * of your program. stay_loop_hosted makes a loop of it. The library brings the
 * rest: sockets, names, the clock, wake-ups by other threads. Ready-made, each a
 * header and nothing to link but that loop itself:
 *
 *	<stay/loop_uv.h>  <stay/loop_event.h>  <stay/loop_glib.h>
 *
 * A host of one's own waits for two kinds of things:
 *
 *	library                              host
 *	  ops->watch(fd, interest) ----------->  waits for descriptors
 *	  <-- watch->ready(watch, events) -----
 *	  ops->timer(in_ns) ------------------>  waits for a time
 *	  <-- stay_host_due(host) -------------
 *
 * While a loop has connections it watches at least one descriptor; without any it
 * watches none. So the event loop ends by itself, if it does so when it has nothing
 * to wait for.
 *
 * Everything here is called on the loop's thread. An operation must not call the
 * library. `ready` and stay_host_due are called where the host waits, never from
 * inside an operation. They may run the callbacks of the program, and these may call
 * everything but stay_loop_free.
 *
 * If the event loop can be run again inside of a callback, `ready` and stay_host_due may
 * be called there, too: they do nothing but remember it. See <stay/loop.h>.
 */
#ifndef STAY_HOST_H
#define STAY_HOST_H

#include <stay/loop.h>
#include <stay/world.h>

STAY_BEGIN

struct stay_host;

struct stay_host_ops {
	size_t size; /* STAY_HOST_OPS sets these two */
	unsigned abi;

	/* As `watch` of struct stay_world_ops: call watch->ready when watch->fd is
	 * ready for one of `interest`, as long as it is (level-triggered). 0 ends
	 * it; then `ready` must not run, not even for what was found before, and
	 * the descriptor may be closed at once. `watch->interest` is what it was,
	 * and is set here; `watch->world` is the host's while that is not 0. A
	 * descriptor that has failed or hung up is ready for all of `interest`.
	 * Returns 0, or an errno value below 0. Must not fail for 0. */
	int (*watch)(struct stay_host *host, struct stay_watch *watch,
	    unsigned interest);
	/* Call stay_host_due once, in this time from now; 0: before the next wait,
	 * but no more than twice before the next look at the descriptors;
	 * UINT64_MAX: not at all. It replaces the time before. Later by a
	 * millisecond is fine; earlier does no harm. */
	void (*timer)(struct stay_host *host, uint64_t in_ns);
	/* For functions that drive the loop, as stay_future_wait: wait once, for a
	 * descriptor or the time; if not `may_wait` only look. Then handle what
	 * has come. */
	void (*run)(struct stay_host *host, bool may_wait);
	/* The loop has been freed, and watches nothing: free the host. */
	void (*free)(struct stay_host *host);
};

#define STAY_HOST_OPS .size = sizeof(struct stay_host_ops), .abi = STAY_ABI

/* Every host begins with this. */
struct stay_host {
	const struct stay_host_ops *ops;
	void *world; /* the library's */
};

/*
 * Make a loop on this host. The loop owns the host from here on: it frees the host
 * when the loop is freed, and also if this function fails. NULL is taken for no
 * memory.
 * Returns the loop, for stay_loop_free; NULL if there is no memory, no descriptor, or
 * the table has an unknown version.
 *
 * After fork() the loop belongs to the parent, as one of stay_loop_ev does. What the
 * event loop itself asks of a child, the child does before it goes on with it.
 */
STAY_API struct stay_loop *stay_loop_hosted(struct stay_host *host);

/* The time of ops->timer has come. Called outside of callbacks of the library. */
STAY_API void stay_host_due(struct stay_host *host);

STAY_END

#endif
