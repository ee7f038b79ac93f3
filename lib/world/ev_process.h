/* Whether this process made an object, or is a forked child of the process that
 * did. */
#ifndef STAY__EV_PROCESS_H
#define STAY__EV_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stay__process {
	pid_t maker;
	unsigned char *mark; /* 1, and 0 in a child; NULL: getpid is asked */
};

void stay__process_init(struct stay__process *process);
void stay__process_fini(struct stay__process *process);
bool stay__process_asks(const struct stay__process *process);

/* Inline, because each operation on a descriptor is preceded by this. */
static inline bool
stay__process_is_ours(const struct stay__process *process)
{
	return process->mark != NULL ? *process->mark == 1
				     : stay__process_asks(process);
}

#endif
