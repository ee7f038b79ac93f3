/*
 * Telling the observer: ask stay__conn_subject whom it is about, call its slot, then
 * stay__observed.
 */
#ifndef STAY__CONN_OBSERVED_H
#define STAY__CONN_OBSERVED_H

#include <stay/conn.h>
#include <stay/observer.h>
#include <stddef.h>

/* The observer's table may be older, and end before this slot. */
#define STAY__HAS_SLOT(observer, slot)                                         \
	((observer)->size >= offsetof(struct stay_observer, slot) +            \
				 sizeof((observer)->slot) &&                   \
	    (observer)->slot != NULL)

/* The observer has returned, and may have named a time. Without memory for a clock
 * it is tried again when it is told of something else. */
void stay__observed(struct stay_conn *conn);
/* It is not woken any more. */
void stay__observed_end(struct stay_conn *conn);

#endif
