/*
 * Calls, tombstones, refusals and reconnects: CALLS calls over a connection that
 * is lost up to LOSSES times, each call with a deadline that may pass at any
 * moment, and a server that refuses up to REFUSALS times to act. What it refused
 * is sent again, if nothing behind it can have been acted on. In again.pml any of
 * the calls may be idempotent, and is then sent again after a loss, as far as a
 * budget goes, if all behind it is as well.
 * Checked in every interleaving:
 *   1 each call completes exactly once, and (under fairness) it does complete
 *   2 a reply reaches the call it answers
 *   3 the outcome is true: NOT_SENT was never executed, nothing runs twice that
 *     is not idempotent, what is REPLIED has run
 *   4 calls are executed in the order they were given, and none of them behind
 *     one that came after it and is not sent again
 * BROKEN plants one fault; each must be found.
 */
#define CALLS 4
#ifndef LOSSES
#define LOSSES 3
#endif
#ifndef REFUSALS
#define REFUSALS 2
#endif
#ifndef AGAIN
#define AGAIN 0
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

#define QUEUED 0
#define IN_FLIGHT 1
#define TOMBSTONE 2  /* in flight, given up: its slot stays */
#define ASIDE 3      /* refused; to be sent again, perhaps */
#define OVER 4

byte stage[CALLS];
bool done[CALLS];
bool not_sent[CALLS];
bool idempotent[CALLS];
bool executed[CALLS];
bool whole[CALLS];   /* a session ended that may have executed it */
bool decided[CALLS]; /* it was with the server, and is not sent again */
byte completed = 0;
byte losses = 0;
byte refusals = 0;

chan slots = [CALLS] of { byte };    /* who is owed a reply, oldest first */
chan requests = [CALLS] of { byte }; /* on the wire to the server */
chan replies = [CALLS] of { byte, bool };  /* on the wire back; whether it acted */

#define IS_OVERTAKEN(q, by) (q < by && executed[by] && decided[by])

inline execute(q) {
	assert(!executed[q] || idempotent[q]);
	assert(!IS_OVERTAKEN(q, 1) && !IS_OVERTAKEN(q, 2) && !IS_OVERTAKEN(q, 3));
	executed[q] = true
}

inline complete(i) {
	assert(!done[i]);
	done[i] = true;
	completed++
}

#define IS_ASIDE(i) (stage[i] == ASIDE)
#define ANY_ASIDE (IS_ASIDE(0) || IS_ASIDE(1) || IS_ASIDE(2) || IS_ASIDE(3))

/* In the order given: the oldest that is not committed; nothing while a refused
 * call is set aside, or it would always be overtaken. */
#define IS_NEXT(i) (!ANY_ASIDE && stage[i] == QUEUED && IS_BEHIND(i))
#define IS_BEHIND(i) ((i == 0 || stage[0] != QUEUED) && \
	(i <= 1 || stage[1] != QUEUED) && (i <= 2 || stage[2] != QUEUED))

inline send(i) {
	slots!i; requests!i; stage[i] = IN_FLIGHT
}

/* Something behind them was acted on, or may have been: they are told. */
inline settle() {
	i = 0;
	do
	:: i < CALLS ->
		if
		:: IS_ASIDE(i) -> complete(i); not_sent[i] = !whole[i]; stage[i] = OVER
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* All of it was refused: the session ends, and they are in front of the queue. */
inline retry() {
	i = 0;
	do
	:: i < CALLS ->
		if
		:: IS_ASIDE(i) -> stage[i] = QUEUED
		:: else
		fi;
		i++
	:: else -> break
	od
}

inline receive() {
	replies?r,acted;
	slots?o;
	assert(r == o);
	if
#if BROKEN != 8
	:: acted -> settle()
#endif
	:: else
	fi;
	if
	:: stage[o] == TOMBSTONE -> decided[o] = acted; stage[o] = OVER
	:: stage[o] != TOMBSTONE && acted ->
		complete(o); decided[o] = true; stage[o] = OVER; assert(executed[o])
	:: stage[o] != TOMBSTONE && !acted -> stage[o] = ASIDE
	fi
}

#define MAY_EXPIRE(i) (!done[i] && stage[i] != TOMBSTONE && stage[i] != OVER)

inline expire(i) {
	complete(i);
	if
	:: stage[i] == QUEUED -> not_sent[i] = !whole[i]; stage[i] = OVER
	:: IS_ASIDE(i) -> not_sent[i] = !whole[i];
#if BROKEN != 7 /* told, and sent again all the same */
		stage[i] = OVER
#endif
	:: stage[i] == IN_FLIGHT ->
#if BROKEN == 1
		/* the slot is dropped with the call */
		stage[i] = OVER; slots??eval(i)
#elif BROKEN == 2
		/* and then completes again with its late reply */
		skip
#else
		stage[i] = TOMBSTONE
#endif
	fi
}

/* The session ends: what was in flight is decided, nothing of it survives. What
 * is still on the wire to the server may or may not be executed. */
inline lose() {
	do
	:: nempty(requests) ->
		requests?r;
		if
		:: execute(r)
		:: skip
		fi
	:: empty(requests) -> break
	od;
	if
#if BROKEN != 9
	:: nempty(slots) -> settle()
#endif
	:: else -> retry()
	fi;
#if BROKEN != 3
	do
	:: nempty(replies) -> replies?r,acted
	:: empty(replies) -> break
	od;
#endif
	decide();
	do
	:: nempty(slots) -> slots?o
	:: empty(slots) -> break
	od
}

/* From the newest on: what is not sent again holds back what is in front. */
inline decide() {
	i = CALLS;
	overtaken = false;
	do
	:: i > 0 ->
		i--;
		if
		:: stage[i] == TOMBSTONE ->
			decided[i] = true; stage[i] = OVER; overtaken = true
#if BROKEN == 4
		:: stage[i] == IN_FLIGHT -> stage[i] = QUEUED /* whatever it is */
#elif BROKEN == 5
		:: stage[i] == IN_FLIGHT ->
			complete(i); not_sent[i] = true; stage[i] = OVER
#elif BROKEN == 6
		:: stage[i] == IN_FLIGHT -> stage[i] = OVER /* forgotten */
#else
#if BROKEN != 10
		:: stage[i] == IN_FLIGHT && idempotent[i] && !overtaken ->
#else
		:: stage[i] == IN_FLIGHT && idempotent[i] ->
#endif
			whole[i] = true; stage[i] = QUEUED
		:: stage[i] == IN_FLIGHT -> /* or the budget is spent */
			complete(i); decided[i] = true; stage[i] = OVER;
			overtaken = true
#endif
		:: stage[i] != TOMBSTONE && stage[i] != IN_FLIGHT
		fi
	:: else -> break
	od
}

active proctype client() {
	byte r, o, i;
	bool acted, overtaken;
	atomic {
		i = 0;
		do
#if AGAIN
		:: i < CALLS -> idempotent[i] = true; i++
#endif
		:: i < CALLS -> i++
		:: i == CALLS -> break
		od
	}
end:	do
	:: atomic { IS_NEXT(0) -> send(0) }
	:: atomic { IS_NEXT(1) -> send(1) }
	:: atomic { IS_NEXT(2) -> send(2) }
	:: atomic { IS_NEXT(3) -> send(3) }
	:: atomic { nempty(replies) && nempty(slots) -> receive() }
	:: atomic { losses < LOSSES -> losses++; lose() }
	:: atomic { ANY_ASIDE && empty(slots) -> lose() }
	:: atomic { MAY_EXPIRE(0) -> expire(0) }
	:: atomic { MAY_EXPIRE(1) -> expire(1) }
	:: atomic { MAY_EXPIRE(2) -> expire(2) }
	:: atomic { MAY_EXPIRE(3) -> expire(3) }
	:: completed == CALLS && empty(slots) -> break
	od;
	i = 0;
	do
	:: i < CALLS ->
		assert(done[i]);
		assert(!(not_sent[i] && executed[i]));
		i++
	:: else -> break
	od
}

/* Executes in order, or refuses to; answers in order. */
active proctype server() {
	byte q;
end:	do
	:: atomic { nempty(requests) && nfull(replies) ->
		requests?q;
		if
		:: execute(q); assert(!not_sent[q]); replies!q,true
		:: refusals < REFUSALS -> refusals++; replies!q,false
		fi }
	od
}

ltl completes { <> (completed == CALLS) }
