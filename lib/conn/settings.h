/* What a connection was started with, and the memory for it. */
#ifndef STAY__CONN_SETTINGS_H
#define STAY__CONN_SETTINGS_H

#include "conn/inner.h"

/* A connection with settings, label and state block and nothing else. What is wrong
 * of the options is told to the loop. */
enum stay_status stay__conn_new(struct stay_conn **conn, struct stay_loop *loop,
    const struct stay_behaviour *behaviour,
    const struct stay_conn_options *options);
/* The same with what is lent; NULL: no memory. */
struct stay_conn *stay__conn_new_on_loan(const struct stay__loan *loan);
void stay__conn_free(struct stay_conn *conn);

/* A zeroed state block, which stay__free frees; NULL: no memory. */
void *stay__conn_new_state(const struct stay_behaviour *behaviour);

#endif
