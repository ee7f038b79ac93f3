/*
 * Whether a call is accepted: the marks of the queue, and the notices when a
 * mark is passed.
 */
#ifndef STAY__ADMISSION_H
#define STAY__ADMISSION_H

#include <stay/client.h>

#include "loop/loop.h"

/* Read by every call: how full the queue may be before a slower check is
 * due. */
struct stay__water {
	uint64_t calls;
	uint64_t bytes;
	bool high;
	bool told; /* the last notice was of high water */
	struct stay__task task;
};

void stay__admission_init(struct stay_client *client);
void stay__admission_fini(struct stay_client *client);
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
