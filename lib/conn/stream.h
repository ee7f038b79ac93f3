/*
 * The stream of a connection, as the other parts of the connection see it. They
 * call its functions, and it leaves notes in the mailbox. It delivers nothing
 * itself.
 */
#ifndef STAY__CONN_STREAM_H
#define STAY__CONN_STREAM_H

#include <stay/buf.h>
#include <stay/stream.h>

#include "conn/inner.h"
#include "stream/input.h"
#include "stream/link.h"

/* What stay_stream_send has taken, and the kernel has not. */
struct stay__outbox {
	struct stay_buf buf;
	uint8_t easy; /* writes in a row that needed little of it */
};

/* Only stream.c writes these. */
struct stay__stream {
	struct stay__link link;
	struct stay__input input;
	struct stay__outbox *out; /* NULL: nothing was sent since it rested */
	bool hibernates;          /* gives `out` back as soon as it is empty */
	bool again; /* deliver the kept bytes again, without new ones */
	bool wants_write;
	bool blocked; /* the kernel had no room */
};

/* The bytes in `out`. */
static inline size_t
stay__stream_unwritten(const struct stay__stream *stream)
{
	const struct stay__outbox *out = stream->out;

	return out == NULL ? 0 : out->buf.tail - out->buf.head;
}

void stay__stream_init(struct stay_conn *conn);
void stay__stream_close(struct stay_conn *conn);
void stay__stream_fini(struct stay_conn *conn);
/* In a forked child: give up the stream, which belongs to the parent. */
void stay__stream_orphan(struct stay_conn *conn);

/* The options of the next socket: they are not copied. */
void stay__stream_set_socket(
    struct stay_conn *conn, const struct stay_socket_options *socket);
/* Give back memory that is not needed now. */
void stay__stream_hibernate(struct stay_conn *conn);

/* Take the news that are due. */
void stay__stream_run(struct stay_conn *conn);

/* Read once. True: *event is to be delivered. After the delivery call
 * stay__stream_consumed, which drops the bytes that the behaviour does not
 * keep. */
bool stay__stream_read(struct stay_conn *conn, struct stay_event *event);
void stay__stream_consumed(struct stay_conn *conn);

/* Write once what is to be sent. True: there is room again, and the behaviour
 * has asked to be told. */
bool stay__stream_flush(struct stay_conn *conn);

/* The time budget of the attempt is spent: keep a sentence that says in which
 * phase. */
void stay__stream_explain(struct stay_conn *conn);

#endif
