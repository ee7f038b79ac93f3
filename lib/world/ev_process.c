/*
 * Whose process this is. A page that the kernel empties in a child tells one from
 * its parent without a system call an operation. Where it cannot be had, getpid
 * does; who waits for nothing then finds out from libev, if that is told of the
 * fork.
 */
#include "world/ev_process.h"

#include <sys/mman.h>
#include <unistd.h>

void
stay__process_init(struct stay__process *process)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	process->maker = getpid();
	process->mark = NULL;
	if (page == MAP_FAILED)
		return;
	if (madvise(page, size, MADV_WIPEONFORK) != 0) {
		munmap(page, size);
		return;
	}
	process->mark = page;
	*process->mark = 1;
}

void
stay__process_fini(struct stay__process *process)
{
	if (process->mark != NULL)
		munmap(process->mark, (size_t)sysconf(_SC_PAGESIZE));
}

bool
stay__process_is_ours(const struct stay__process *process)
{
	if (process->mark != NULL)
		return *process->mark == 1;
	return getpid() == process->maker;
}
