/* What a connection adds to the numbers of its loop: loop/meter.h. */
#ifndef STAY__CONN_METERED_H
#define STAY__CONN_METERED_H

#include <stay/conn.h>

#include "loop/meter.h"

/* What its numbers go by: the protocol, or the behaviour. */
const char *stay__conn_system(const struct stay_conn *conn);

/* These do nothing if nobody counts. An attempt begins; the state is about to change,
 * and nothing of what was before is forgotten yet; a failure is told; the end. */
void stay__metered_dial(const struct stay_conn *conn);
void stay__metered_change(
    struct stay_conn *conn, enum stay_state from, enum stay_state to);
void stay__metered_failure(const struct stay_conn *conn);
void stay__metered_closed(const struct stay_conn *conn);

#endif
