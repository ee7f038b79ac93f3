/* The end of a call, as the protocol is told of it: on_given_up and on_over. */
#ifndef STAY__OVER_H
#define STAY__OVER_H

#include "client/calls.h"

/* Nothing of this call can come any more: its tag is free, unless it was let go of. */
void stay__over(struct stay__call *call);
/* The same of one request of a group, which the protocol has prepared. */
void stay__over_member(struct stay__call *call, uint32_t at);
/* `done` is about to run for a call that got no reply. */
void stay__over_told(struct stay__call *call);
/* The protocol lets go of the call with this tag. STAY_OK; STAY_E_STALE: no reply
 * is due to a call with it. */
enum stay_status stay__over_let_go(struct stay_session *session, uint64_t tag);

#endif
