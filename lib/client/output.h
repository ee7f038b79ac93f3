/*
 * What leaves in one write.
 */
#ifndef STAY__OUTPUT_H
#define STAY__OUTPUT_H

#include <stay/client.h>

/* Only output.c writes these. */
struct stay__output {
	struct stay_buf control; /* the control lane */
	size_t settled;          /* bytes of it whose answers are expected */
	bool asked;              /* for room, and not yet granted */
};

/* What one write has come to. */
struct stay__written {
	bool is_down;   /* the stream; nothing was taken */
	size_t offered; /* 0: there was nothing to write */
	size_t taken;
};

void stay__output_init(struct stay_session *session);
void stay__output_fini(struct stay_session *session);
/* A new stream: nothing is on its way. */
void stay__output_begin(struct stay_session *session);
/* Give memory back if nothing is in it. */
void stay__output_trim(struct stay_session *session);
/* The control lane, to be appended to. What was appended stays, if its answers
 * are expected; else it is taken back. */
struct stay_buf *stay__output_control(struct stay_session *session);
void stay__output_settle(struct stay_session *session, bool expected);

/* Ask for room once a turn, if there is something that may leave. */
void stay__output_ask(struct stay_client *client);
/* The room that was asked for is there. */
void stay__output_granted(struct stay_client *client);
/* One write. */
struct stay__written stay__output_write(struct stay_client *client);
/* Nothing of the control lane and no half request is left. */
bool stay__output_is_flushed(const struct stay_client *client);

#endif
