/* A change of the behaviour while a connection lives on. */
#ifndef STAY__UPGRADE_H
#define STAY__UPGRADE_H

#include "conn/mailbox.h"

/* Whether this version of the library can use it. */
bool stay__behaviour_is_usable(const struct stay_behaviour *behaviour);

/* Carry out an upgrade that was taken out of the mailbox, and free it. While
 * the connection stops, it fails. */
void stay__upgrade_run(struct stay_conn *conn, struct stay__mail *mail);

#endif
