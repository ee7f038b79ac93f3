/* How a call ends, and how its `done` is run. */
#ifndef STAY__COMPLETE_H
#define STAY__COMPLETE_H

#include "client/calls.h"

/* Give up a call, in whatever stage it is. */
void stay__client_give_up(struct stay__call *call, enum stay_status status);
/* Why a call was rejected: the words of the status, or what keeps the client without a
 * session. They live until its next failure. */
const char *stay__client_rejection(
    const struct stay_client *client, enum stay_status status);
/* Run `done`. If a call without `done` has failed, tell the observer. */
void stay__client_tell(
    const struct stay__call *call, const struct stay_result *result);
/* The `done` of a call that has a body. */
void stay__client_done_with_body(void *arg, const struct stay_result *result);
/* The hooks for the calls of a client. */
void stay__client_expire(struct stay__timer *timer);
void stay__client_told(struct stay__calls *calls);
void stay__client_tell_over(struct stay__call *call);
void stay__client_stand(struct stay__call *tombstone);

#endif
