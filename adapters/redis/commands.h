/* What a command means for the session that sends it. */
#ifndef STAY_REDIS__COMMANDS_H
#define STAY_REDIS__COMMANDS_H

#include <stay/protocol.h>

/* The tags of calls whose replies mean more than others'. */
enum stay_redis__tag {
	/* a script: an error in the server's words may come from inside of it,
	 * after it has acted */
	STAY_REDIS__TAG_SCRIPT = 1,
	STAY_REDIS__TAG_MULTI, /* opens a transaction */
	STAY_REDIS__TAG_EXEC,  /* ends it, as DISCARD does */
	STAY_REDIS__TAG_WAITS  /* may wait before it does anything */
};

/*
 * Look at a command as it was encoded and declare in `request` what it does:
 * how long it may block, its tag.
 * Returns: STAY_OK; STAY_E_UNSUPPORTED for a command after which replies would
 * not match calls any more, or which would change the session behind our back.
 */
enum stay_status stay_redis__classify(
    struct stay_request *request, const char *bytes, size_t len);

#endif
