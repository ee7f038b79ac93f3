/*
 * Calls, tombstones, refusals and reconnects: CALLS calls over a connection that
 * is lost up to LOSSES times, each call with a deadline that may pass at any
 * moment, and a server that refuses up to REFUSALS times to act. What it refused
 * is sent again, if nothing behind it can have been acted on.
 * Checked in every interleaving:
 *   1 each call completes exactly once, and (under fairness) it does complete
 *   2 a reply reaches the call it answers
 *   3 the outcome is true: NOT_SENT was never executed, nothing runs twice,
 *     what is REPLIED has run
 *   4 calls are executed in the order they were given
 * BROKEN plants one fault; each must be found.
 */
#define CALLS 4
#ifndef LOSSES
#define LOSSES 3
#endif
#ifndef REFUSALS
#define REFUSALS 2
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
byte executed[CALLS];
byte completed = 0;
byte losses = 0;
byte refusals = 0;
byte due = 0; /* the least that may still be executed */

chan slots = [CALLS] of { byte };    /* who is owed a reply, oldest first */
chan requests = [CALLS] of { byte }; /* on the wire to the server */
chan replies = [CALLS] of { byte, bool };  /* on the wire back; whether it acted */

inline execute(q) {
	executed[q]++;
	assert(executed[q] <= 1);
	assert(q >= due);
	due = q + 1
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
		:: IS_ASIDE(i) -> complete(i); not_sent[i] = true; stage[i] = OVER
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
	:: stage[o] == TOMBSTONE -> stage[o] = OVER
	:: stage[o] != TOMBSTONE && acted ->
		complete(o); stage[o] = OVER; assert(executed[o] == 1)
	:: stage[o] != TOMBSTONE && !acted -> stage[o] = ASIDE
	fi
}

#define MAY_EXPIRE(i) (!done[i] && stage[i] != TOMBSTONE && stage[i] != OVER)

inline expire(i) {
	complete(i);
	if
	:: stage[i] == QUEUED -> not_sent[i] = true; stage[i] = OVER
	:: IS_ASIDE(i) -> not_sent[i] = true;
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
	do
	:: nempty(slots) ->
		slots?o;
		if
		:: stage[o] == TOMBSTONE -> stage[o] = OVER
		:: stage[o] == IN_FLIGHT ->
#if BROKEN == 4
			stage[o] = QUEUED /* sent again, though it may have run */
#elif BROKEN == 5
			complete(o); not_sent[o] = true; stage[o] = OVER
#elif BROKEN == 6
			stage[o] = OVER /* forgotten */
#else
			complete(o); stage[o] = OVER /* MAYBE_EXECUTED */
#endif
		:: else
		fi
	:: empty(slots) -> break
	od
}

active proctype client() {
	byte r, o, i;
	bool acted;
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
		assert(!(not_sent[i] && executed[i] > 0));
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
