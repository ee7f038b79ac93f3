/* Who takes a frame of which kind. */
#ifndef STAY__FRAMES_H
#define STAY__FRAMES_H

#include "client/session.h"

/* STAY__LATER: it was not taken, and comes again. */
typedef enum stay__flow stay__frame_fn(
    struct stay_session *session, const struct stay_frame *frame);

#define STAY__FRAME_KINDS  (STAY_FRAME_UNACTED + 1)
/* And those that are the last. NULL: there is no such frame. */
#define STAY__FRAME_TAKERS (STAY_FRAME_LAST + STAY__FRAME_KINDS)
extern stay__frame_fn *const stay__frame_takers[STAY__FRAME_TAKERS];

/* What is said of a frame that is past its bound. */
extern const char stay__too_big[];

/* A slot that may use the control lane. */
static inline void
stay__slot_run(struct stay_session *session, stay_frame_fn *slot,
    const struct stay_frame *frame)
{
	stay__output_forget(session);
	slot(session, frame);
	stay__output_forget(session);
}

#endif
