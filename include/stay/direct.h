/*
 * stay/direct.h - short ways for an adapter whose calls are many and small.
 *
 * A request is written where it is sent from. What the program asks for becomes bytes at
 * once, and nothing is handed to stay_client_call and from there to encode:
 *
 *	struct stay_room room = stay_client_begin_call(client, done, arg);
 *	char *end = NULL;
 *
 *	if (room.at != NULL)
 *		end = put_command(room.at, room.len, words);
 *	if (end == NULL)
 *		return stay_client_call(client, words, done, arg);
 *	stay_client_end_call(client, (size_t)(end - room.at), STAY_READ_ONLY, 0);
 *	return STAY_OK;
 *
 * It is a short way, and nothing can be done by it that stay_client_call can't: so an
 * adapter has `encode` all the same. What both write must be the same bytes.
 */
#ifndef STAY_DIRECT_H
#define STAY_DIRECT_H

#include <stay/client.h>

STAY_BEGIN

/* Where a request may be written. */
struct stay_room {
	char *at;   /* NULL: go the general way, which knows why */
	size_t len; /* bytes */
};

/*
 * Where the next request begins. There is room if a session is ready, no bound of the
 * queue is near, a callback runs, as when an answer brings the next question, and
 * `done`, which runs as for stay_client_call, is not NULL. Nothing is changed by it: who
 * finds that the request has no place there, or is none of the usual, leaves the room
 * and goes the general way.
 */
STAY_API struct stay_room stay_client_begin_call(
    struct stay_client *client, stay_done_fn *done, void *arg);

/*
 * What was written there is a request: the first `len` bytes, at least one. It has one
 * reply, and call_timeout_ms. `flags` are STAY_READ_ONLY, STAY_IDEMPOTENT, or 0; `tag`
 * is the call's, as encode would set it. No other function of the library may have run
 * since stay_client_begin_call, which has given the room.
 */
STAY_API void stay_client_end_call(
    struct stay_client *client, size_t len, uint32_t flags, uint64_t tag);

/*
 * In the slot `replies` only: the next `len` bytes of the input, at least one, are a
 * good reply to the oldest call, whose `done` gets `reply` now. What stay_session_input
 * returns is behind them then. Returns true: it was given. False: it was not, and is to
 * be left as it was; decode will see it.
 */
STAY_API bool stay_session_reply(
    struct stay_session *session, size_t len, const void *reply);

STAY_END

#endif
