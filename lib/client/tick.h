/* Ticks: a protocol is woken at the time that it has asked for. */
#ifndef STAY__TICK_H
#define STAY__TICK_H

#include <stay/client.h>

/* Only tick.c looks inside. */
struct stay__tick;

/* The slot runs in `ms`, once; STAY_FOREVER: not at all. STAY_OK, STAY_E_STATE
 * without a stream, STAY_E_NOMEM. */
enum stay_status stay__tick_after(struct stay_session *session, uint64_t ms);
/* The session has ended. */
void stay__tick_stop(struct stay_session *session);
void stay__tick_fini(struct stay_session *session);

#endif
