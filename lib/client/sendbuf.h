/*
 * The send buffer of a client: each request is encoded once, straight to its
 * end, and its bytes stay until they cannot be needed any more. Positions are
 * 64-bit and absolute, so they stay valid when the bytes move.
 *
 *	base <= wire <= committed <= end
 *	  |       |         |         |
 *	  |       |         |         +- everything that was encoded
 *	  |       |         +- the end of the last request it has begun on
 *	  |       +- what the stream has taken
 *	  +- still in memory
 *
 * Requests behind `committed` may still be taken out: the peer has seen nothing
 * of them. Each leaves a hole, which is skipped when sending and squeezed out
 * later.
 */
#ifndef STAY__SENDBUF_H
#define STAY__SENDBUF_H

#include <assert.h>
#include <stdbool.h>
#include <sys/uio.h>

#include <stay/buf.h>

/* No request is longer, whatever the bound of all is: records count its bytes so. */
#define STAY__REQUEST_MAX UINT32_MAX

/* The bytes of one request. */
struct stay__span {
	uint64_t begin;
	uint64_t end;
};

struct stay__sendbuf {
	struct stay_buf buf;
	uint64_t base;
	uint64_t wire;
	uint64_t committed;
	uint64_t live; /* bytes of uncommitted requests, without holes */
	uint64_t max;  /* the bound of live */
	uint8_t easy;  /* writes in a row that needed little of buf */
};

void stay__sendbuf_init(struct stay__sendbuf *sendbuf, uint64_t max);
void stay__sendbuf_fini(struct stay__sendbuf *sendbuf);

/* Undo what was encoded from `begin` on. */
void stay__sendbuf_cut(struct stay__sendbuf *sendbuf, uint64_t begin);

/* Take an uncommitted request out. */
void stay__sendbuf_forget(
    struct stay__sendbuf *sendbuf, struct stay__span span);
/* Count a committed request as uncommitted again, before
 * stay__sendbuf_rewind. */
void stay__sendbuf_return(
    struct stay__sendbuf *sendbuf, struct stay__span span);
/* A new stream begins at `to`. No byte before it is needed any more. */
void stay__sendbuf_rewind(struct stay__sendbuf *sendbuf, uint64_t to);
/* The bytes before `to` are not needed any more. */
void stay__sendbuf_release(struct stay__sendbuf *sendbuf, uint64_t to);

/* Whether holes take more than their share; then move every uncommitted
 * request, in order, to where the one before it ended, and cut the rest. */
bool stay__sendbuf_is_sparse(const struct stay__sendbuf *sendbuf);
void stay__sendbuf_move(
    struct stay__sendbuf *sendbuf, struct stay__span span, uint64_t to);

/* Move a request that is on the wire, and that is kept, so that it ends at `to`. */
void stay__sendbuf_slide(
    struct stay__sendbuf *sendbuf, struct stay__span span, uint64_t to);

/* The bytes of [from, to); they live until something is appended. */
struct iovec stay__sendbuf_view(
    const struct stay__sendbuf *sendbuf, uint64_t from, uint64_t to);

/* See to it that there is memory for a usual request, if there is any. */
void stay__sendbuf_widen(struct stay__sendbuf *sendbuf);

/* Give back the memory if it contains nothing but holes. */
void stay__sendbuf_trim(struct stay__sendbuf *sendbuf);

static inline uint64_t
stay__sendbuf_end(const struct stay__sendbuf *sendbuf)
{
	return sendbuf->base + (sendbuf->buf.tail - sendbuf->buf.head);
}

/* How much of the last committed request the stream has not taken yet. */
static inline uint64_t
stay__sendbuf_rest(const struct stay__sendbuf *sendbuf)
{
	return sendbuf->committed - sendbuf->wire;
}

/* Whether the requests that are not committed lie together, without a hole. */
static inline bool
stay__sendbuf_is_dense(const struct stay__sendbuf *sendbuf)
{
	return stay__sendbuf_end(sendbuf) - sendbuf->committed == sendbuf->live;
}

static inline uint64_t
stay__span_len(struct stay__span span)
{
	return span.end - span.begin;
}

/* ---- once a call: inline ---- */

/* How long the next request may be. */
static inline size_t
stay__sendbuf_room(const struct stay__sendbuf *sendbuf)
{
	uint64_t room = sendbuf->max - sendbuf->live;

	return room < STAY__REQUEST_MAX ? (size_t)room : STAY__REQUEST_MAX;
}

/* A usual request is shorter. */
#define STAY__SENDBUF_SPARE 192u

/* Whether there is no memory for a usual request behind its end. */
static inline bool
stay__sendbuf_is_short(const struct stay__sendbuf *sendbuf)
{
	return sendbuf->buf.cap - sendbuf->buf.tail < STAY__SENDBUF_SPARE;
}

/* Where to encode the next request, limited to the room left; NULL: none. */
static inline struct stay_buf *
stay__sendbuf_open(struct stay__sendbuf *sendbuf)
{
	struct stay_buf *buf = &sendbuf->buf;

	if (sendbuf->live >= sendbuf->max)
		return NULL;
	buf->limit = buf->tail - buf->head + stay__sendbuf_room(sendbuf);
	return buf;
}

/* These bytes, the last ones, are now a request. */
static inline void
stay__sendbuf_close(struct stay__sendbuf *sendbuf, struct stay__span span)
{
	sendbuf->live += stay__span_len(span);
}

/* The stream begins to take this request; all before it is on the wire. */
static inline void
stay__sendbuf_commit(struct stay__sendbuf *sendbuf, struct stay__span span)
{
	assert(sendbuf->wire == sendbuf->committed &&
	       span.begin >= sendbuf->committed);
	sendbuf->wire = span.begin;
	sendbuf->committed = span.end;
	sendbuf->live -= stay__span_len(span);
}

/* The stream has taken `len` more bytes of the committed request. */
static inline void
stay__sendbuf_wrote(struct stay__sendbuf *sendbuf, size_t len)
{
	assert(len <= stay__sendbuf_rest(sendbuf));
	sendbuf->wire += len;
}

#endif
