/* A string whose call takes it in pieces: session.c asks whether one comes next. */
#ifndef STAY_REDIS__PIECES_H
#define STAY_REDIS__PIECES_H

#include "session.h"

/* Whether these bytes begin such a string, or go on with it. */
bool stay_redis__pieces_come(
    const struct stay_redis__parser *parser, struct stay_bytes in);
/* Then this cuts the next frame. */
struct stay_frame stay_redis__pieces_decode(
    struct stay_session *session, struct stay_bytes in);
/* Whether this frame is the end of such a string, and so no reply by itself. */
bool stay_redis__pieces_are_over(const struct stay_frame *frame);

#endif
