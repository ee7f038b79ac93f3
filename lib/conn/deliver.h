/* Delivery of mail to the callbacks of a connection. */
#ifndef STAY__DELIVER_H
#define STAY__DELIVER_H

#include "conn/mailbox.h"

void stay__deliver_init(struct stay_conn *conn);

/* Give one piece of mail to its callback, and drive on with the verdict. */
void stay__deliver(struct stay_conn *conn, struct stay__mail *mail);

#endif
