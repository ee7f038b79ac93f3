/* A host that waits in poll(2), and that nobody runs but who waits. */
#ifndef STAY__POLL_H
#define STAY__POLL_H

#include <stay/host.h>

/* NULL: no memory. */
struct stay_host *stay__poll_new(void);

#endif
