/* A client that was lent is made as new; what becomes of its sessions is told. */
#ifndef STAY__RESET_H
#define STAY__RESET_H

#include <stay/client.h>

/* A session has come up. */
void stay__reset_begin(struct stay_client *client);
/* Something has happened while the client comes back. */
void stay__reset_go_on(struct stay_client *client);
/* Tell the program what has become of the client's session, if it wants to know. */
void stay__reset_tell(struct stay_client *client, enum stay_status status);

#endif
