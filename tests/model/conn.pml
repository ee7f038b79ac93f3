/*
 * The connection's machine under every verdict its callbacks may return, every
 * timer and every request, in any order. Checked:
 *   - no NEVER row is ever taken (the exported rows assert it),
 *   - after STOP no connect begins, and terminate runs once and last,
 *   - the disconnect of a stop runs only if there was an attempt or a session,
 *   - a connection that is asked to stop gets there.
 * BROKEN plants one fault; each must be found.
 */
#include "tables.pml"

byte state = S_starting;
byte event;
byte action = A_none;
bool stopping = false;   /* STOP has been taken */
bool terminated = false;
bool pending = false;    /* the timer of a pending attempt is armed */
byte patience = 3;       /* news and requests within the stop budget */

inline turn() {
	byte before = state;
	take();
	assert(!terminated);
	if
	:: event == E_stop -> stopping = true;
		assert(action != A_disconnect ||
		    before == S_connecting || before == S_connected)
	:: event == E_quit && before != S_starting -> stopping = true
	:: else
	fi;
	assert(!(stopping && action == A_connect));
	pending = (event == E_pending)
}

/* What the drive does while an action is due. A stop that waits keeps a verdict
 * from connecting: disconnect's counts as noconnect. */
inline run_action() {
	if
	:: action == A_connect -> verdict_of_CONNECT()
	:: action == A_disconnect -> verdict_of_DISCONNECT()
	:: action == A_terminate -> terminated = true; event = NONE
	fi;
	action = A_none;
	if
	:: event != NONE -> turn()
	:: else
	fi
}

/* A callback out of the mailbox speaks according to the state. */
inline deliver() {
	if
	:: state == S_connecting -> verdict_of_INFO_CONNECTING()
	:: state == S_connecting -> verdict_of_CALL_CONNECTING()
	:: state == S_disconnecting || state == S_stopping -> verdict_of_INFO_DISCONNECTING()
	:: state == S_disconnecting -> verdict_of_CALL_DISCONNECTING()
	:: state != S_connecting && state != S_disconnecting && state != S_stopping -> verdict_of_CALL()
	:: state != S_connecting && state != S_disconnecting && state != S_stopping -> verdict_of_INFO()
	fi;
#if BROKEN == 1
	/* ok is let through everywhere */
	if
	:: event = E_ok
	:: true
	fi;
#endif
	/* too many connects in a row: another event, not another row */
	if
	:: event == E_connect -> event = E_throttled
	:: true
	fi;
	if
	:: event != NONE -> turn()
	:: else
	fi
}

active proctype connection() {
	verdict_of_INIT();
	turn();
	do
	:: action != A_none -> run_action()
	:: action == A_none && state != S_stopped && state != S_starting ->
		if
		:: state != S_stopping -> deliver()
		:: state == S_stopping && patience > 0 -> patience--; deliver()
		:: (TIMED_backing_off && state == S_backing_off) -> event = E_expired; turn()
		:: ((state == S_connecting || state == S_disconnecting) && pending) ->
			event = E_expired; turn()
		:: state == S_stopping -> event = E_expired; turn()
#if BROKEN == 2
		:: event = E_expired; turn()   /* a timer that was not cancelled */
#endif
#if BROKEN == 3
		:: stopping -> state = S_backing_off /* a stop forgets itself */
#endif
		:: !stopping -> event = E_stop; turn()
		:: stopping && patience > 0 -> patience--; event = E_stop; turn()
		:: (state == S_idle || state == S_connecting || state == S_backing_off) ->
			event = E_connect; turn()
		fi
	:: action == A_none && state == S_stopped -> break
	od;
	assert(terminated || event == E_quit)
}

/* Once a stop is taken the connection reaches its end, if its timer fires. */
ltl stops { [] (stopping -> <> (state == S_stopped)) }
