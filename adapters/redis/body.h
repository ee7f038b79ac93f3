/* A body is the last word of its command. */
#ifndef STAY_REDIS__BODY_H
#define STAY_REDIS__BODY_H

#include <stay/protocol.h>

/*
 * The command at the end of `out`, which begins `before` bytes behind the first, gets
 * one more word, of which only the length is written. Returns STAY_OK;
 * STAY_E_UNSUPPORTED, and says why, if that is not known, or the command cannot be
 * judged without its last word; as stay_buf_append.
 */
enum stay_status stay_redis__put_body(
    struct stay_request *call, struct stay_buf *out, size_t before);

#endif
