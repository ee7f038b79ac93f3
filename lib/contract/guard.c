/*
 * The input that an adapter is given: each time in other memory, at the end of its
 * pages, with a page behind it that nobody may touch. Whoever reads one byte too
 * many is caught in the act, and so is whoever comes back to old input.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract/kit.h"

#define ARENAS   8
#define OLD_BYTE 0xa5

/* Pages for bytes, and one page behind them. */
struct arena {
	char *pages;
	size_t size; /* without the page behind */
};

static struct arena arenas[ARENAS];
static unsigned now;
static size_t page;

static void
make(struct arena *arena, size_t len)
{
	size_t size = (len + page - 1) / page * page;

	if (arena->pages != NULL)
		munmap(arena->pages, arena->size + page);
	arena->pages = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena->pages == MAP_FAILED)
		sim_die("no pages for %zu bytes of input", len);
	arena->size = size;
	mprotect(arena->pages + size, page, PROT_NONE);
}

void
kit_guard_retire(void)
{
	struct arena *arena = &arenas[now];

	if (arena->pages != NULL)
		mprotect(arena->pages, arena->size, PROT_NONE);
}

char *
kit_guard(const char *bytes, size_t len)
{
	struct arena *arena;
	char *copy;

	if (page == 0)
		page = (size_t)sysconf(_SC_PAGESIZE);
	kit_guard_retire();
	now = (now + 1) % ARENAS;
	arena = &arenas[now];
	if (arena->pages == NULL || arena->size < len)
		make(arena, len < 4 * page ? 4 * page : 2 * len);
	mprotect(arena->pages, arena->size, PROT_READ | PROT_WRITE);
	copy = arena->pages + arena->size - len;
	memset(arena->pages, OLD_BYTE, arena->size - len);
	memcpy(copy, bytes, len);
	return copy;
}

enum kit_touch
kit_guard_touch(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	for (unsigned i = 0; i < ARENAS; i++) {
		uintptr_t begin = (uintptr_t)arenas[i].pages;
		uintptr_t end = begin + arenas[i].size;

		if (begin == 0 || at < begin || at >= end + page)
			continue;
		return at >= end && i == now ? KIT_TOUCH_BEHIND
					     : KIT_TOUCH_LATE;
	}
	return KIT_TOUCH_NONE;
}
