/*
 * stay/transport.h - anything with a readable and a writable end, as a stream.
 *
 * Every loop knows "tcp", "unix" and "fd". A transport of your own (a serial
 * line, a child process, a tunnel) is a table of functions under a scheme:
 *
 *	stay_loop_add_transport(loop, &serial);
 *	...
 *	stay_stream_dial(conn, "serial:///dev/ttyUSB0");
 */
#ifndef STAY_TRANSPORT_H
#define STAY_TRANSPORT_H

#include <stay/loop.h>
#include <stay/world.h>

STAY_BEGIN

/* A place to dial. */
struct stay_target {
	const char *scheme; /* of a transport: "tcp", "unix", "fd", a user's */
	const char *host;   /* a name or a literal address; "" if none */
	const char *port;   /* digits; "" if none */
	const char *path;   /* of unix; "" if none */
	uintptr_t reserved[2];
};

/* A place to dial; the strings stay the caller's, NULL stands for "". */
static inline struct stay_target
stay_target_make(
    const char *scheme, const char *host, const char *port, const char *path)
{
	struct stay_target target = { scheme, host != NULL ? host : "",
		port != NULL ? port : "", path != NULL ? path : "", { 0, 0 } };

	return target;
}

/*
 * Anything with a readable and a writable end. The functions get the
 * transport's own state block (zeroed, `state_size` bytes) and must not block;
 * results are as for the operations of <stay/world.h>: negative errno values.
 */
struct stay_transport {
	size_t size; /* STAY_TRANSPORT sets these two */
	unsigned abi;
	unsigned flags; /* none yet; an unknown one is refused */
	const char *scheme;
	size_t state_size;

	/* Begin: 0 open, -EINPROGRESS decided when writable, else failed with
	 * nothing to close. fds[0] is watched for reading, fds[1] for writing;
	 * they may be the same. `address` is resolved for transports whose
	 * target has a host and NULL for the others. */
	int (*open)(void *state, struct stay_world *world,
	    const struct stay_target *target,
	    const struct stay_address *address,
	    const struct stay_socket_options *options, int fds[2]);
	/* Decided: 0 open, else why not. NULL: open. */
	int (*finish)(void *state, struct stay_world *world);
	ssize_t (*read)(
	    void *state, struct stay_world *world, void *bytes, size_t len);
	ssize_t (*write)(void *state, struct stay_world *world,
	    const struct iovec *parts, int count);
	void (*close)(void *state, struct stay_world *world);
};

#define STAY_TRANSPORT .size = sizeof(struct stay_transport), .abi = STAY_ABI

/* Make a scheme known to a loop; `transport` must outlive it. STAY_OK,
 * STAY_E_ABI, STAY_E_ARG (scheme taken), STAY_E_FULL (16 of them). */
STAY_API STAY_USE enum stay_status stay_loop_add_transport(
    struct stay_loop *loop, const struct stay_transport *transport);

STAY_END

#endif
