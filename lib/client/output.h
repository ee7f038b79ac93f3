/* What is written to the stream at once. */
#ifndef STAY__OUTPUT_H
#define STAY__OUTPUT_H

#include <stay/client.h>

/* The control lane. */
struct stay__control {
	struct stay_buf buf;
	size_t settled; /* bytes of it that may be sent: expected */
	uint8_t easy;   /* writes in a row that needed little of it */
	bool is_cut;    /* the last write has left a rest of it */
	bool was_full;  /* who was told so is told when it drains */
};

/* Only output.c writes these. */
struct stay__output {
	struct stay__control *lane; /* never NULL; one for all is empty */
	uint64_t sent_at;           /* ns: the last byte; 0: none so far */
	uint32_t unsent; /* sealed bytes that were not sent at the last look */
	bool asked;      /* room was asked for, and is not there yet */
};

/* The result of one write. */
struct stay__written {
	bool is_down;   /* the stream; nothing was taken */
	size_t offered; /* 0: there was nothing to write */
	size_t taken;   /* and sent */
};

void stay__output_init(struct stay_session *session);
void stay__output_fini(struct stay_session *session);
/* A new stream: nothing is written yet. */
void stay__output_begin(struct stay_session *session);
/* Give back the control lane if it is empty. */
void stay__output_trim(struct stay_session *session);
/* The control lane, to be appended to. What was appended is kept if its replies
 * are expected; else it is taken back. Without memory for a lane, every append fails
 * for want of it. */
struct stay_buf *stay__output_control(struct stay_session *session);
void stay__output_settle(struct stay_session *session, bool expected);
/* Whether one more message may be settled. False: there are too many; when they
 * have left, handle_info runs, and stay__output_drained is true, once. */
bool stay__output_admits(struct stay_session *session);
bool stay__output_is_full(const struct stay_session *session);
bool stay__output_drained(struct stay_session *session);
/* A slot begins, or has returned: take back what was appended and not expected. What
 * a slot says does not join what a front began to say and gave up. */
void stay__output_forget(struct stay_session *session);

/* Ask for room, once a turn, if there is something that may be written. */
void stay__output_ask(struct stay_client *client);
/* If all that a filter had is sent by now, the calls hear of it. */
void stay__output_unseal(struct stay_client *client);
/* The room that was asked for is there. */
void stay__output_granted(struct stay_client *client);
/* One write. */
struct stay__written stay__output_write(struct stay_client *client);
/* Whether the control lane is empty and no request is half written. */
bool stay__output_is_flushed(const struct stay_client *client);

#endif
