/* The world on POSIX whose waiting somebody else does. */
#ifndef STAY__HOSTED_H
#define STAY__HOSTED_H

#include <stay/host.h>

/* As stay_loop_hosted: it owns the host, also if it fails. */
struct stay_world *stay__world_hosted(struct stay_host *host);

#endif
