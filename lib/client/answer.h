/* Replies, and whom they are for. */
#ifndef STAY__ANSWER_H
#define STAY__ANSWER_H

#include "client/calls.h"
#include "client/session.h"

/* The record that a frame is for. NULL: nobody waits for it. */
struct stay__call *stay__answer_addressee(
    const struct stay_session *session, const struct stay_frame *frame);
/*
 * What `call` has now overtaken is told before it. That runs callbacks: the
 * call may be given up in one of them. What they are given is no part of this
 * frame. False: it is more than a turn may take; the frame comes again.
 */
bool stay__answer_settle(struct stay_session *session,
    const struct stay__call *call, const struct stay_frame *frame);

/* The protocol hears of a frame that is handed out now, if it is for a call or for what
 * is left of one. Whose it is then. */
struct stay__call *stay__answer_hear(struct stay_session *session,
    struct stay__call *call, const struct stay_frame *frame);

/* A reply, an error, a refusal, the end of one that is too big. */
enum stay__flow stay__answer_take(
    struct stay_session *session, const struct stay_frame *frame);
/* A part of a reply. */
enum stay__flow stay__answer_take_part(
    struct stay_session *session, const struct stay_frame *frame);

#endif
