/*
 * The outage of a connection: what has failed, and what that has cost, until it is up.
 * What a client says of it is in conn/inner.h.
 */
#ifndef STAY__CONN_OUTAGE_H
#define STAY__CONN_OUTAGE_H

#include <stay/status.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn/inner.h"

#define STAY__FAILURE_MAX 768

_Static_assert(
    STAY__FAILURE_MAX <= UINT16_MAX && STAY_STATUS_COUNT <= UINT8_MAX,
    "what counts them has to do so");

/* Only outage.c writes these. */
struct stay__outage {
	char *sentence;          /* NULL: none yet, or no memory for it */
	uint64_t down_since;     /* the first failure since it was up, in ns */
	uint32_t maybe_executed; /* calls since then, as many as fit in */
	uint32_t not_sent;
	uint16_t text_at;  /* where its text begins, behind the label... */
	uint16_t text_len; /* ...and how long it is, without what comes next */
	enum stay_status why : 8;    /* of the last failure in this attempt */
	enum stay_status failed : 8; /* of the last failure since it was up */
	enum stay__phase failed_in : 8;
	bool told : 1;   /* the last failure, if there was one */
	bool was_up : 1; /* it has been */
};

void stay__outage_init(struct stay_conn *conn);
void stay__outage_fini(struct stay_conn *conn);
/* Tell the last failure with what happens next, if that is still to be done. */
void stay__outage_tell(struct stay_conn *conn);
/* An attempt begins: forget this attempt's failure. */
void stay__outage_try(struct stay_conn *conn);
/* The connection is up: tell it, behind a failure on the way, and forget that, too. */
void stay__outage_over(struct stay_conn *conn);

#endif
