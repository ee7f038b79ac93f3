/* A reply that its call takes in pieces. */
#ifndef STAY__PIECE_H
#define STAY__PIECE_H

#include "client/session.h"

/* One of them; or one that nobody takes, which ends the session. */
enum stay__flow stay__piece_take(
    struct stay_session *session, const struct stay_frame *frame);

#endif
