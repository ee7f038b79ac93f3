/* Frames past a bound: they are read past, and the session lives. And frames that
 * decode has cut, and is not to cut again. */
#ifndef STAY__SWALLOW_H
#define STAY__SWALLOW_H

#include "client/session.h"

/* Cut the next frame: what is left of one that is read past, or what decode says. There
 * is one that is. */
struct stay_frame stay__swallow_next(
    struct stay_session *session, struct stay_bytes bytes);
/* The reply is longer than the `len` bytes that are there: the frame becomes what they
 * are of it, and the rest will be read past. Returns what is wrong with that; NULL:
 * nothing. */
const char *stay__swallow_rest(
    struct stay_session *session, struct stay_frame *frame, size_t len);
/* Some bytes of an unfinished frame. */
enum stay__flow stay__swallow_take(
    struct stay_session *session, const struct stay_frame *frame);
/* The last bytes of a reply; it goes on to whom it is for. */
enum stay__flow stay__swallow_last(
    struct stay_session *session, const struct stay_frame *frame);
/* The end of a frame, which is put off: decode does not see its bytes again. */
enum stay__flow stay__swallow_owe(
    struct stay_session *session, const struct stay_frame *frame);
/* A piece is put off: it comes again, and decode is not asked for it. */
enum stay__flow stay__swallow_owe_piece(
    struct stay_session *session, const struct stay_frame *frame);
/* What is read past has a known end, which has not come. */
bool stay__swallow_is_short(const struct stay_session *session);
/* What is read past, if anything, ends as the last frame of the session. */
void stay__swallow_is_last(struct stay_session *session);
/* The frame, or the session, has ended. */
void stay__swallow_end(struct stay_session *session);

#endif
