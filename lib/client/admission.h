/*
 * Whether a call is accepted: the marks of the queue, and the notices when a
 * mark is passed.
 */
#ifndef STAY__ADMISSION_H
#define STAY__ADMISSION_H

#include <stay/client.h>

/* The calls have a block, and it is given back. */
void stay__admission_begin(struct stay_client *client);
void stay__admission_end(struct stay_client *client);
/* Whether all is told of the marks that there is to tell. */
bool stay__admission_rests(const struct stay_client *client);
/* Set the marks that follow from the options. */
void stay__admission_set_marks(struct stay_client *client);
/* The slower check, for a call that finds a mark passed: STAY_OK, or
 * STAY_E_FULL. */
enum stay_status stay__admission_rise(struct stay_client *client);
/* The queue has become shorter. */
void stay__admission_fall(struct stay_client *client);
/* Whether calls are accepted at all just now: STAY_OK, or why not. */
enum stay_status stay__admission_status(const struct stay_client *client);
/* The same while no session is up. */
enum stay_status stay__admission_offline(const struct stay_client *client);

#endif
