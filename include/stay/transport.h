/*
 * stay/transport.h - anything with a readable and a writable end, as a stream.
 *
 * Every loop knows "tcp", "unix" and "fd". A transport of your own (a serial
 * line, a child process, a tunnel) is a table of functions under a scheme:
 *
 *	stay_loop_add_transport(loop, &serial);
 *	...
 *	stay_stream_dial(conn, "serial:///dev/ttyUSB0");
 *
 * A transport only moves bytes. A protocol (<stay/protocol.h>) knows which
 * requests and replies they are.
 */
#ifndef STAY_TRANSPORT_H
#define STAY_TRANSPORT_H

#include <stay/loop.h>
#include <stay/world.h>

STAY_BEGIN

/* A place to dial. No string is NULL. Make it with stay_target_make. */
struct stay_target {
	const char *scheme; /* of a transport: "tcp", "unix", "fd", a user's */
	const char *host;   /* a name or a literal address; "" if none */
	const char *port;   /* digits; "" if none */
	const char *path;   /* of unix; "" if none */
	uintptr_t reserved[2];
};

/* The strings are not copied, and stay the caller's; NULL stands for "". */
static inline struct stay_target
stay_target_make(
    const char *scheme, const char *host, const char *port, const char *path)
{
	struct stay_target target = { scheme, host != NULL ? host : "",
		port != NULL ? port : "", path != NULL ? path : "", { 0, 0 } };

	return target;
}

/*
 * The table of a transport. It is const, and must outlive the loops that it is
 * added to. `state` is a block of `state_size` bytes for one stream, which the
 * library allocates, zeroes and frees. One of the size of an int may lie elsewhere
 * with each call, with the same bytes in it.
 *
 * The functions run on the loop's thread, must not block, and must not call the
 * library, except the operations of `world`. What they return is as for these
 * (<stay/world.h>): 0 or a number of bytes; an errno value below 0 on failure.
 */
struct stay_transport {
	size_t size; /* STAY_TRANSPORT sets these two */
	unsigned abi;
	unsigned flags;     /* must be 0; others get STAY_E_ABI */
	const char *scheme; /* of its URLs */
	size_t state_size;

	/* Begin to open. 0: it is open. -EINPROGRESS: it will be known when
	 * fds[1] is writable. Else it has failed, and there is nothing to
	 * close. fds[0] is watched for reading, fds[1] for writing; they may be
	 * the same. `address` is one address of target->host, or NULL if that
	 * is empty. `target`, `address` and `options` live until it returns,
	 * `world` until `close`. */
	int (*open)(void *state, struct stay_world *world,
	    const struct stay_target *target,
	    const struct stay_address *address,
	    const struct stay_socket_options *options, int fds[2]);
	/* After -EINPROGRESS: 0 if it is open, else why not. NULL: open. */
	int (*finish)(void *state, struct stay_world *world);
	/* As for a world: how many bytes; read: 0 at the end of the stream;
	 * -EAGAIN: none now. */
	ssize_t (*read)(
	    void *state, struct stay_world *world, void *bytes, size_t len);
	ssize_t (*write)(void *state, struct stay_world *world,
	    const struct iovec *parts, int count);
	/* Close both ends. Runs once for each stream that was opened. */
	void (*close)(void *state, struct stay_world *world);
	/* Close the end for writing, behind all that was written; reading goes
	 * on, and `close` follows. Runs once at most, and no write comes after
	 * it. 0, or why not. NULL: not at all; then `close` follows at once. */
	int (*shutdown)(void *state, struct stay_world *world);
	/* As for a world: set options->keepalive_ms, which `open` has left for
	 * later as options->keepalive_later said. 0, or why not; the stream then
	 * ends. NULL: `open` leaves nothing for later. */
	int (*keep_alive)(void *state, struct stay_world *world,
	    const struct stay_socket_options *options);
};

#define STAY_TRANSPORT .size = sizeof(struct stay_transport), .abi = STAY_ABI

/*
 * Add a transport to a loop, on the loop's thread.
 * Returns: STAY_OK; STAY_E_ABI; STAY_E_ARG (the scheme is taken, or empty);
 * STAY_E_FULL (a loop has 16 at most).
 */
STAY_API STAY_USE enum stay_status stay_loop_add_transport(
    struct stay_loop *loop, const struct stay_transport *transport);

STAY_END

#endif
