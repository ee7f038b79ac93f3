/* The task of a connection, and its end. */
#ifndef STAY__RUN_H
#define STAY__RUN_H

#include <stay/conn.h>

void stay__run_init(struct stay_conn *conn);

/* Free a connection without a notice, and all that it holds. */
void stay__conn_release(struct stay_conn *conn);

#endif
