/*
 * Stands in for malloc and its like, and looks on when libev needs memory in a
 * call of the library's.
 */
#include "wrap.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ev.h>

#include "fault.h"

/* ---- memory ---- */

REAL(void *, malloc, (size_t size));
REAL(void *, calloc, (size_t count, size_t size));
REAL(void *, realloc, (void *old, size_t size));
REAL(void, free, (void *memory));

static atomic_long live;

/*
 * libev ends the process when it has no memory. So, in a call of ours, it may
 * only take what the library has tried for just before: that was free then.
 */
static _Thread_local unsigned in_ev;
static _Thread_local size_t tried;

static bool
memory_fails(size_t size)
{
	if (fault_is_spared())
		return false;
	if (in_ev == 0) {
		tried = 0;
		return wrap_point(WRAP_memory) == WRAP_FAIL;
	}
	if (size > tried && fault_is_armed())
		fault_violation("libev takes %zu bytes in a call of ours, "
				"which has tried for %zu",
		    size, tried);
	tried -= size < tried ? size : tried;
	return false;
}

static void *
made(void *memory)
{
	if (memory != NULL)
		atomic_fetch_add(&live, 1);
	return memory;
}

void *
__wrap_malloc(size_t size)
{
	if (!memory_fails(size))
		return made(__real_malloc(size));
	errno = ENOMEM;
	return NULL;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	if (!memory_fails(count * size))
		return made(__real_calloc(count, size));
	errno = ENOMEM;
	return NULL;
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (old == NULL)
		return __wrap_malloc(size);
	if (!memory_fails(size))
		return __real_realloc(old, size);
	errno = ENOMEM;
	return NULL;
}

REAL(char *, strdup, (const char *text));

char *
__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = __wrap_malloc(size);

	return copy == NULL ? NULL : memcpy(copy, text, size);
}

void
__wrap_free(void *memory)
{
	if (memory == NULL)
		return;
	if (in_ev == 0 && !fault_is_spared())
		tried = malloc_usable_size(memory);
	atomic_fetch_sub(&live, 1);
	__real_free(memory);
}

long
fault_live(void)
{
	return atomic_load(&live);
}

void
wrap_live(long more)
{
	atomic_fetch_add(&live, more);
}

/* ---- calls of libev ---- */

#define EV_CALL(name, type)                                                    \
	REAL(void, name, (struct ev_loop * ev, type * watcher));               \
	void __wrap_##name(struct ev_loop *ev, type *watcher)                  \
	{                                                                      \
		in_ev++;                                                       \
		__real_##name(ev, watcher);                                    \
		in_ev--;                                                       \
	}

EV_CALL(ev_io_start, ev_io)
EV_CALL(ev_io_stop, ev_io)
EV_CALL(ev_timer_start, ev_timer)
EV_CALL(ev_timer_stop, ev_timer)
EV_CALL(ev_timer_again, ev_timer)
EV_CALL(ev_prepare_start, ev_prepare)
EV_CALL(ev_prepare_stop, ev_prepare)
EV_CALL(ev_check_start, ev_check)
EV_CALL(ev_check_stop, ev_check)
EV_CALL(ev_fork_start, ev_fork)
EV_CALL(ev_fork_stop, ev_fork)

REAL(void, ev_feed_event, (struct ev_loop * ev, void *watcher, int events));

void
__wrap_ev_feed_event(struct ev_loop *ev, void *watcher, int events)
{
	in_ev++;
	__real_ev_feed_event(ev, watcher, events);
	in_ev--;
}

REAL(struct ev_loop *, ev_loop_new, (unsigned flags));

struct ev_loop *
__wrap_ev_loop_new(unsigned flags)
{
	struct ev_loop *ev;

	in_ev++;
	ev = __real_ev_loop_new(flags);
	in_ev--;
	return ev;
}
