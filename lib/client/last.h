/* The last frame of a session: what is in flight behind it was not acted on. */
#ifndef STAY__LAST_H
#define STAY__LAST_H

#include "client/session.h"

/* The frame as others see it. */
static inline struct stay_frame
stay__last_plain(const struct stay_frame *frame)
{
	struct stay_frame plain = *frame;

	if (plain.kind >= STAY_FRAME_LAST && plain.kind < 2 * STAY_FRAME_LAST)
		plain.kind -= STAY_FRAME_LAST;
	return plain;
}

/* What is wrong with a frame of such a kind, which is none of the plain ones; NULL:
 * nothing. */
const char *stay__last_fault(
    const struct stay_session *session, const struct stay_frame *frame);
/* How many calls the server has acted on, so that it has shown what it is good for; also
 * those that nobody waited for any more. */
uint64_t stay__last_answers(const struct stay_session *session);
/* It was handed out, and before that there were so many: the session is over. Returns
 * STAY__END. */
enum stay__flow stay__last_end(
    struct stay_session *session, uint64_t answers_before);

#endif
