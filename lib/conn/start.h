/* What a connection was started with. */
#ifndef STAY__START_H
#define STAY__START_H

#include <stay/conn.h>

/* What is left of the options once every part has taken what it needs. Only
 * start.c writes these. */
struct stay__conn_settings {
	stay_started_fn *on_started;
	stay_closed_fn *on_closed;
	void *arg; /* for both */
	uint64_t call_timeout_ms;
	uint64_t throttle_burst;
	uint64_t throttle_ms;
	uint64_t callers_max;
	uint64_t turn_budget;
};

#endif
