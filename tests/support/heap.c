/* Asks whoever does the allocating: the C library, or AddressSanitizer. */
#include "heap.h"

#include <malloc.h>

/* Of <sanitizer/allocator_interface.h>; there in a sanitized program only. */
extern size_t __attribute__((weak)) __sanitizer_get_current_allocated_bytes(
    void); /* NOLINT(bugprone-reserved-identifier) */

#ifdef __GLIBC__

static size_t
ask_libc(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

#else

static size_t
ask_libc(void)
{
	return 0;
}

#endif

size_t
heap_in_use(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
	return ask_libc();
}

bool
heap_is_exact(void)
{
	return __sanitizer_get_current_allocated_bytes == NULL;
}
