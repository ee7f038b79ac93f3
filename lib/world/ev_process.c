/*
 * Which process this is. The kernel clears a marked page in a forked child, so a
 * child is recognised without a system call per operation. Without such a page
 * getpid is asked.
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
stay__process_asks(const struct stay__process *process)
{
	return getpid() == process->maker;
}
