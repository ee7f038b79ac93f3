/* Between fault.c, which decides, and wrap.c, which stands in for the system.
 */
#ifndef STAY_TESTS_TORTURE_WRAP_H
#define STAY_TESTS_TORTURE_WRAP_H

#include <netdb.h>
#include <stdbool.h>

#define WRAP_INTERRUPTS  1u
#define WRAP_AGAIN       2u
#define WRAP_SHORT       4u
#define WRAP_NEVER_FAILS 8u

/* REAL(type, name, (parameters)): both, so that each has a prototype. */
#define REAL(type, name, parameters)                                           \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters

enum wrap_kind {
#define POINT(name, error, ways) WRAP_##name,
#include "points.def"
	WRAP_KINDS
};

enum wrap_way {
	WRAP_PASS,
	WRAP_FAIL,
	WRAP_INTERRUPT,
	WRAP_TRY_AGAIN,
	WRAP_DO_LESS
};

/* One call of this kind: what shall become of it. */
enum wrap_way wrap_point(enum wrap_kind kind);
/* With which errno; and the same set, for -1. */
int wrap_error(enum wrap_kind kind, enum wrap_way way);
int wrap_fail(enum wrap_kind kind, enum wrap_way way);
/* Time and waits begin anew; so do short reads and writes. */
void wrap_reset(void);
void wrap_reset_bytes(void);
/* So many more things that are to be given back. */
void wrap_live(long more);
bool fault_is_armed(void);

#endif
