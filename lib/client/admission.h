/*
 * May a call come in: the marks of the queue, and who is told that one is passed.
 */
#ifndef STAY__ADMISSION_H
#define STAY__ADMISSION_H

#include <stay/client.h>

#include "loop/loop.h"

/* Looked at by every call: how full the queue may be before anybody cares. */
struct stay__water {
	uint64_t calls;
	uint64_t bytes;
	bool high;
	bool told; /* what was told last */
	struct stay__task task;
};

void stay__admission_init(struct stay_client *client);
void stay__admission_fini(struct stay_client *client);
/* The marks of the options, in force from now on. */
void stay__admission_set_marks(struct stay_client *client);
/* A call has found a mark passed: STAY_OK, or STAY_E_FULL. */
enum stay_status stay__admission_rise(struct stay_client *client);
/* The queue has become shorter. */
void stay__admission_fall(struct stay_client *client);
/* Whether calls are taken at all just now: STAY_OK, or why not. */
enum stay_status stay__admission_status(const struct stay_client *client);
/* The same while no session is up. */
enum stay_status stay__admission_offline(const struct stay_client *client);

#endif
