/* Later: a greeting waits for what another thread does. */
#ifndef STAY__LATER_H
#define STAY__LATER_H

#include <stay/client.h>

/* hello has said later, with this. False: it is not this session's. */
bool stay__later_wait(
    struct stay_session *session, const struct stay_later *later);
/* True, once: what was waited for has come. */
bool stay__later_has_come(struct stay_session *session);
/* The session is up, or has ended: nobody waits any more. */
void stay__later_end(struct stay_session *session);

#endif
