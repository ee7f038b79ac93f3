/* What the phases are called in which something can fail. */
#include "conn/inner.h"

const char *
stay__phase_name(unsigned phase)
{
	static const char *const names[] = {
		[STAY__PHASE_CONNECT] = "connect",
		[STAY__PHASE_HELLO] = "hello",
		[STAY__PHASE_RESTORE] = "restore",
		[STAY__PHASE_SESSION] = "session",
		[STAY__PHASE_STOP] = "stop",
		[STAY__PHASE_CALLBACK] = "callback",
	};

	return names[phase];
}
