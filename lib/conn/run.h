/* The task of a connection, and its end. */
#ifndef STAY__RUN_H
#define STAY__RUN_H

#include <stay/conn.h>

void stay__run_init(struct stay_conn *conn);

/* Free a connection without a notice: with all that it holds; or one whose
 * parts were never wired up. */
void stay__conn_release(struct stay_conn *conn);
void stay__conn_deallocate(struct stay_conn *conn);

#endif
