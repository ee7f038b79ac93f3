/* What calls leave behind in a session, and how it is undone for the next user. */
#ifndef STAY_REDIS__RESET_H
#define STAY_REDIS__RESET_H

#include <stay/protocol.h>

#include "session.h"

/* A call with a tag of this kind was answered, with a reply of this type. */
void stay_redis__follow(
    struct stay_redis__session *own, unsigned kind, unsigned type);
/* Whether this control frame is the answer to what the reset has said. */
bool stay_redis__reset_answered(
    struct stay_redis__session *own, const struct stay_frame *frame);
struct stay_hello stay_redis__session_reset(struct stay_session *session);

#endif
