/*
 * Linked into the tests of `make coverage`: a child that leaves by _exit takes
 * along what it has covered, unless that is written first.
 */
#include <unistd.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
