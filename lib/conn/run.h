/* The task of a connection, and its end. */
#ifndef STAY__RUN_H
#define STAY__RUN_H

#include "conn/mailbox.h"

/* What the task of its mailbox does. */
void stay__conn_run(struct stay__task *task);

/* Free a connection without a notice, and all that it holds. */
void stay__conn_release(struct stay_conn *conn);

#endif
