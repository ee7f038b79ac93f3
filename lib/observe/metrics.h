/* Metrics: the numbers of a loop, and which loop has them. */
#ifndef STAY__METRICS_H
#define STAY__METRICS_H

#include <stay/observe.h>

#include "loop/meter.h"

struct stay_metrics {
	struct stay__meter meter; /* first: a loop knows it alone */
};

/* Ask all that lives on the loop how much it has now. */
void stay__metrics_refresh(struct stay_metrics *metrics);

#endif
