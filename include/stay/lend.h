/*
 * stay/lend.h - a client that one user at a time has for himself.
 *
 * What a pool does (<stay/pool.h>), for who has one of his own. A client that is lent
 * serves the session that is ready and no other: what belongs together in one session,
 * as WATCH and EXEC, can't end up in two. Who takes it back asks the protocol to make
 * the session as new, so that the next user finds nothing of the last one.
 *
 *	stay_client_lend(client)          calls go to this session alone
 *	    |
 *	stay_client_take_back(client)     no call is accepted
 *	    |  calls in flight are answered, or given up
 *	    |  the slot `reset` of the protocol: as new, or to be replaced
 *	    v
 *	on_session(STAY_OK)               the next one may have it
 *
 * All functions are for the loop's thread, and may be called in every callback.
 */
#ifndef STAY_LEND_H
#define STAY_LEND_H

#include <stay/client.h>

STAY_BEGIN

/*
 * From now on calls are for the session that is ready now. When it ends, calls are
 * rejected with STAY_E_OFFLINE, also when another session is ready, until
 * stay_client_take_back. A client for this has `offline` = STAY_OFFLINE_FAIL: then calls
 * that are queued or in flight end with their session, too.
 * Returns: STAY_OK; STAY_E_OFFLINE: no session is ready, or a change was asked for and is
 * about to replace it; STAY_E_STATE: it is lent, or not back yet.
 */
STAY_API STAY_USE enum stay_status stay_client_lend(struct stay_client *client);

/*
 * The client is given back: calls are rejected with STAY_E_OFFLINE until the session is
 * as new. That is once all calls that were accepted are over, late replies included, and
 * the protocol's `reset` is content. If `reset` is not, the session is replaced as by
 * stay_client_reconnect. Then on_session runs with STAY_OK, in a later turn. How long it
 * takes has no bound but the timeouts of calls: who can't wait calls
 * stay_client_reconnect. What its user has paused (stay_client_pause) is read again.
 * If his session ends before that, `reset` is asked in the one that follows, for what he
 * may have left behind outside of a session; that one is not replaced.
 * Returns: STAY_OK; STAY_E_OFFLINE: his session has ended, and none is ready: on_session
 * tells of the next one; STAY_E_STATE: it is not lent.
 */
STAY_API enum stay_status stay_client_take_back(struct stay_client *client);

/* How many calls wait to be sent or are in flight: to compare clients by. */
STAY_API uint64_t stay_client_load(const struct stay_client *client);

STAY_END

#endif
