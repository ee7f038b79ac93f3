/* getrandom of the unit tests, which fails while a test wishes so. */
#include "no_entropy.h"

#include <errno.h>
#include <sys/types.h>

bool no_entropy;

ssize_t __real_getrandom(void *bytes, size_t len, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t len, unsigned flags);

ssize_t
__wrap_getrandom(void *bytes, size_t len, unsigned flags)
{
	if (!no_entropy)
		return __real_getrandom(bytes, len, flags);
	errno = ENOSYS;
	return -1;
}
