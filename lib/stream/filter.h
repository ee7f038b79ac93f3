/*
 * The filter of a link: what it is, and the sealed bytes of the stream that is
 * open. It exists only for a link that has one.
 */
#ifndef STAY__FILTER_H
#define STAY__FILTER_H

#include <stay/filter.h>
#include <stay/transport.h>

#include "base/slab.h"
#include "loop/loop.h"

/* What is below: the transport of an open stream. */
struct stay__below {
	struct stay_loop *loop;
	const struct stay_transport *transport;
	void *state;
};

struct stay__filter {
	struct stay_filter *filter;
	char *name;  /* whom the peer must prove to be; NULL: who was dialled */
	void *state; /* the filter's; NULL: no stream is open */
	struct stay_filter_io io;
	struct stay_buf out;     /* sealed, and not yet in the kernel */
	struct stay__slab *slab; /* sealed bytes that have come; NULL: none */
	size_t record; /* how much of `out` goes up to the last record's end */
	size_t unsent; /* the bytes of the last record, till it is sent */
	uint64_t heard_at; /* ns: the last sealed byte came; 0: none so far */
	uint8_t easy;      /* writes in a row that needed little of `out` */
	bool unread; /* there may be bytes to read without the kernel's news */
	bool closes; /* our half is to be closed once `out` is empty */
};

bool stay__filter_is_valid(const struct stay_filter *filter);

/* NULL: no memory. */
struct stay__filter *stay__filter_new(
    struct stay_filter *from, const char *name);
/* No stream is open. NULL is fine. */
void stay__filter_free(struct stay__filter *filter);

/* A stream has begun, with this host. 0, or why not: -ENOMEM, or -EPROTO, and
 * filter->io says why. */
int stay__filter_open(struct stay__filter *filter, const char *host);
/* The stream is over; `unsent` stays as it is. */
void stay__filter_close(
    struct stay__filter *filter, const struct stay__below *below);

/* One step of securing: 1: done; 0: later; else an error, as above. */
int stay__filter_secure(
    struct stay__filter *filter, const struct stay__below *below);
/* As a transport's read; reads from below at most once. */
ssize_t stay__filter_read(struct stay__filter *filter,
    const struct stay__below *below, void *bytes, size_t len);
/* *taken of the parts are sealed; filter->unsent of these are not sent. 0, or an
 * error. */
int stay__filter_write(struct stay__filter *filter,
    const struct stay__below *below, const struct iovec *parts, int count,
    size_t *taken);
/* Say that no more bytes follow, and close our half below as soon as that is
 * sent. 0, or an error: it cannot be closed. */
int stay__filter_shutdown(
    struct stay__filter *filter, const struct stay__below *below);
/* Write once what is sealed. 0, or an error. */
int stay__filter_flush(
    struct stay__filter *filter, const struct stay__below *below);
/* The same at the end of a stream that did not fail: a farewell, if there is
 * room for it. */
void stay__filter_bye(
    struct stay__filter *filter, const struct stay__below *below);
/* Give back memory that is not needed now. */
void stay__filter_rest(struct stay__filter *filter);

/* Sealed bytes wait for room. */
static inline bool
stay__filter_is_blocked(const struct stay__filter *filter)
{
	return filter != NULL && stay_buf_len(&filter->out) > 0;
}

#endif
