/*
 * The stream of a connection, as the connection's other parts see it: it is
 * asked, and it leaves notes in the mailbox. It delivers nothing itself.
 */
#ifndef STAY__CONN_STREAM_H
#define STAY__CONN_STREAM_H

#include <stay/buf.h>
#include <stay/stream.h>

#include "conn/inner.h"
#include "stream/input.h"
#include "stream/link.h"

/* Only stream.c writes these. */
struct stay__stream {
	struct stay__link link;
	struct stay__input input;
	struct stay_buf out; /* of stay_stream_send */
	size_t retained;     /* of the bytes just delivered... */
	size_t want;         /* ...until so many are there */
	bool again;          /* what is retained is due without more */
	bool wants_write;
	bool blocked; /* the kernel had no room */
};

void stay__stream_init(struct stay_conn *conn);
void stay__stream_close(struct stay_conn *conn);
void stay__stream_fini(struct stay_conn *conn);
/* In a forked child: the stream is its parent's. */
void stay__stream_orphan(struct stay_conn *conn);
/* For the next dial. */
void stay__stream_set_socket(
    struct stay_conn *conn, const struct stay_socket_options *socket);

/* Read once. Whether there is something to deliver: *event shows it. When it is
 * delivered, say so: what the behaviour does not keep is gone then. */
bool stay__stream_read(struct stay_conn *conn, struct stay_event *event);
void stay__stream_consumed(struct stay_conn *conn);

/* One write of what was to be sent. Whether there is room now that the
 * behaviour has asked to hear of. */
bool stay__stream_flush(struct stay_conn *conn);

/* The budget of the attempt is spent: keep a sentence that says on what. */
void stay__stream_explain(struct stay_conn *conn);

#endif
