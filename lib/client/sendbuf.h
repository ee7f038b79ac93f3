/*
 * The output log of a client: each request is encoded once, straight to its
 * end, and stays until it cannot be needed any more. Positions are 64-bit and
 * absolute, so they outlive every move of the bytes.
 *
 *	base <= wire <= committed <= end
 *	  |       |         |         |
 *	  |       |         |         +- everything that was encoded
 *	  |       |         +- the end of the last request it has begun on
 *	  |       +- what the stream has taken
 *	  +- still in memory
 *
 * Behind `committed` lie requests that may be taken out without a trace. What
 * they leave is a hole, skipped when sending and squeezed out in time.
 */
#ifndef STAY__LOG_H
#define STAY__LOG_H

#include <assert.h>
#include <stdbool.h>
#include <sys/uio.h>

#include <stay/buf.h>

/* The bytes of one request. */
struct stay__span {
	uint64_t begin;
	uint64_t end;
};

struct stay__log {
	struct stay_buf buf;
	uint64_t base;
	uint64_t wire;
	uint64_t committed;
	uint64_t live; /* bytes of uncommitted requests, without holes */
	uint64_t max;  /* of live */
};

void stay__log_init(struct stay__log *log, uint64_t max);
void stay__log_fini(struct stay__log *log);

/* What was encoded from `begin` on never was there. */
void stay__log_cut(struct stay__log *log, uint64_t begin);

/* Take an uncommitted request out. */
void stay__log_forget(struct stay__log *log, struct stay__span span);
/* Count a committed request as uncommitted again, before stay__log_rewind. */
void stay__log_return(struct stay__log *log, struct stay__span span);
/* A new stream will begin at `to`: nothing before it is needed any more. */
void stay__log_rewind(struct stay__log *log, uint64_t to);
/* The bytes before `to` are not needed any more. */
void stay__log_release(struct stay__log *log, uint64_t to);

/* Whether holes take more than their share; then move every uncommitted
 * request, in order, to where the one before it ended, and cut the rest. */
bool stay__log_is_sparse(const struct stay__log *log);
void stay__log_move(
    struct stay__log *log, struct stay__span *span, uint64_t to);

/* The bytes of [from, to); they live until the log is appended to. */
struct iovec stay__log_view(
    const struct stay__log *log, uint64_t from, uint64_t to);

/* Give the memory back if nothing is in it but holes. */
void stay__log_trim(struct stay__log *log);

static inline uint64_t
stay__log_end(const struct stay__log *log)
{
	return log->base + (log->buf.tail - log->buf.head);
}

/* How much of the last committed request the stream has not taken yet. */
static inline uint64_t
stay__log_rest(const struct stay__log *log)
{
	return log->committed - log->wire;
}

static inline uint64_t
stay__span_len(struct stay__span span)
{
	return span.end - span.begin;
}

/* ---- once a call: inline ---- */

/* Where to encode the next request, limited to the room left; NULL: none. */
static inline struct stay_buf *
stay__log_open(struct stay__log *log)
{
	struct stay_buf *buf = &log->buf;

	if (log->live >= log->max)
		return NULL;
	buf->limit = buf->tail - buf->head + (size_t)(log->max - log->live);
	return buf;
}

/* What stands behind `begin` is a request. */
static inline struct stay__span
stay__log_close(struct stay__log *log, uint64_t begin)
{
	struct stay__span span = { begin, stay__log_end(log) };

	log->live += stay__span_len(span);
	return span;
}

/* The stream begins on this request; everything before it is on the wire. */
static inline void
stay__log_commit(struct stay__log *log, struct stay__span span)
{
	assert(log->wire == log->committed && span.begin >= log->committed);
	log->wire = span.begin;
	log->committed = span.end;
	log->live -= stay__span_len(span);
}

/* The stream has taken `len` more bytes of the committed request. */
static inline void
stay__log_wrote(struct stay__log *log, size_t len)
{
	assert(len <= stay__log_rest(log));
	log->wire += len;
}

#endif
