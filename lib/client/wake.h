/* Waking: an adapter has something to tell, with a session or without. */
#ifndef STAY__WAKE_H
#define STAY__WAKE_H

#include <stay/client.h>

/* Only wake.c looks inside. */
struct stay__wake;

/* The slot `wake` runs in the loop's turn. STAY_OK; STAY_E_NOMEM, the first time. */
enum stay_status stay__wake_soon(struct stay_client *client);
/* It is still to run. */
bool stay__wake_is_due(const struct stay_client *client);
void stay__wake_fini(struct stay_client *client);

#endif
