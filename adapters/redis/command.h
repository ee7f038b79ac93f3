/* What a command means to the connection that carries it. */
#ifndef STAY_REDIS__COMMAND_H
#define STAY_REDIS__COMMAND_H

#include <stay/protocol.h>

/* The tag of a call that runs a script: an error in the server's words may come
 * from inside of it, after it has acted. */
#define STAY_REDIS__TAG_SCRIPT 1u

/*
 * Look at a command as it was encoded and declare in `request` what it does:
 * how long it may block, that it is a script.
 * Returns: STAY_OK; STAY_E_UNSUPPORTED for a command after which replies would
 * not match calls any more, or which would change the session behind our back.
 */
enum stay_status stay_redis__judge(
    struct stay_request *request, const char *bytes, size_t len);

#endif
