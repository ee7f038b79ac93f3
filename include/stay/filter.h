/*
 * stay/filter.h - what stands between a transport and the bytes of a stream.
 * NOT YET STABLE: this header may change in every version.
 *
 * A filter seals what a stream sends and opens what it gets: TLS, for one. The
 * library knows none. libstay-tls (<stay/tls.h>) brings one on OpenSSL:
 *
 *	protocol    <-- bytes -->  filter  <-- sealed bytes -->  transport
 *
 * A filter touches no descriptor. It is handed the sealed bytes that have come,
 * and appends those that are to go to a buffer. The library reads and writes
 * them. So a filter needs no thread, and a test needs no network.
 *
 * One filter serves many streams, of many loops. Whoever keeps a pointer to it
 * holds it (`hold`), and drops it in the end (`drop`).
 *
 * What has been sealed can't be taken back: a call is committed when the filter
 * is given its first byte. The stream has sent it when the last sealed byte of
 * its last record is in the kernel, because a peer can't read a part of a record.
 * While sealed bytes wait, nothing more is sealed.
 */
#ifndef STAY_FILTER_H
#define STAY_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

#include <stay/buf.h>
#include <stay/loop.h>
#include <stay/url.h>

STAY_BEGIN

struct stay_conn;

/* The most bytes that are sealed as one record. */
#define STAY_FILTER_RECORD_MAX 16384

/* What a stream and its filter exchange. It lives as long as the stream. */
struct stay_filter_io {
	/* Sealed bytes that have come. The filter moves `in` behind those that
	 * it has used, and must use all before it says that it needs more. */
	struct stay_bytes in;
	bool in_ended;        /* nothing will follow them */
	struct stay_buf *out; /* sealed bytes that are to go: append here */
	/* On failure the filter sets both: STAY_E_INSECURE, which is fatal, or
	 * what else it is; and a clause without secrets, such as "the
	 * certificate has expired". */
	enum stay_status status;
	char why[256];
};

/* A filter begins with this; what follows is its own. */
struct stay_filter {
	const struct stay_filter_ops *ops;
};

/*
 * The table of a filter. It is const, and outlives the loops that use it.
 * `state` is a block of `state_size` bytes for one stream, which the library
 * allocates, zeroes and frees. hold, drop and adapt run in any thread, the other
 * functions on the stream's loop. None may block for long or call the library,
 * except the functions of <stay/buf.h> and <stay/url.h>.
 */
struct stay_filter_ops {
	size_t size; /* STAY_FILTER_OPS sets these two */
	unsigned abi;
	unsigned flags;   /* must be 0; others get STAY_E_ABI */
	const char *name; /* for sentences: "TLS" */
	size_t state_size;

	/* One more pointer to it is kept, or one less. */
	void (*hold)(struct stay_filter *filter);
	void (*drop)(struct stay_filter *filter);
	/*
	 * The filter for a client with this URL: itself, or another one that
	 * has read the query. `url` lives until it returns. *adapted is held
	 * for the caller. On failure `why` gets a sentence without secrets, of
	 * `len` bytes at most, NUL included. NULL: always itself.
	 */
	enum stay_status (*adapt)(struct stay_filter *filter,
	    const struct stay_url *url, struct stay_filter **adapted, char *why,
	    size_t len);

	/* A stream begins. `peer` is the name or address that the peer must
	 * prove to have; "" if there is none. It lives until `open` returns,
	 * `io` until `close`. False: it failed; then neither
	 * `close` nor anything else follows. */
	bool (*open)(void *state, struct stay_filter *filter, const char *peer,
	    struct stay_filter_io *io);
	/* Go on until the stream is secure. 1: it is. 0: once more bytes have
	 * come. -1: it failed. */
	int (*secure)(void *state, struct stay_filter_io *io);
	/* Open up to `len` bytes. 0: the peer has ended the stream, and it is
	 * certain that nothing was cut off. -EAGAIN: all of `in` is used, and
	 * more is needed. -EPROTO: it failed. */
	ssize_t (*read)(
	    void *state, struct stay_filter_io *io, void *bytes, size_t len);
	/* Seal `len` bytes, up to STAY_FILTER_RECORD_MAX, so that the peer can
	 * read none of them before it has all. False: it failed. */
	bool (*write)(void *state, struct stay_filter_io *io, const void *bytes,
	    size_t len);
	/* Tell the peer that no more bytes follow; reading goes on. NULL:
	 * the end of the transport tells it. */
	void (*shutdown)(void *state, struct stay_filter_io *io);
	/* The stream is over. Runs once for each that was opened. */
	void (*close)(void *state);
};

#define STAY_FILTER_OPS .size = sizeof(struct stay_filter_ops), .abi = STAY_ABI

/*
 * The filter for the URLs of this loop whose scheme ends in "s", as rediss://;
 * clients with a `filter` of their own (<stay/client.h>) use that. Applies to
 * clients that are started or reconfigured from now on. The loop holds it until
 * it is freed or given another one; NULL: none. On the loop's thread.
 * Returns: STAY_OK; STAY_E_ABI.
 */
STAY_API STAY_USE enum stay_status stay_loop_set_filter(
    struct stay_loop *loop, struct stay_filter *filter);

/*
 * For a behaviour of <stay/conn.h>: streams of this connection that are dialled
 * or adopted from now on go through `filter`, and so does one that is being dialled; NULL:
 * through none. An open stream is closed, without news.
 * STAY_STREAM_UP comes once the stream is secure. `name` is what the peer must
 * prove to be; NULL: the host that was dialled. The name is copied, and the
 * filter is held. On the loop's thread. A client sees to this by itself.
 * Returns: STAY_OK; STAY_E_ABI; STAY_E_NOMEM.
 */
STAY_API STAY_USE enum stay_status stay_stream_set_filter(
    struct stay_conn *conn, struct stay_filter *filter, const char *name);

STAY_END

#endif
