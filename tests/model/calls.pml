/*
 * Calls, tombstones and reconnects: CALLS calls over a connection that is lost up
 * to LOSSES times, each call with a deadline that may pass at any moment.
 * Checked in every interleaving:
 *   1 each call completes exactly once, and (under fairness) it does complete
 *   2 a reply reaches the call it answers
 *   3 the outcome is true: NOT_SENT was never executed, nothing runs twice,
 *     what is REPLIED has run
 * BROKEN plants one fault; each must be found.
 */
#define CALLS 4
#ifndef LOSSES
#define LOSSES 3
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

#define QUEUED 0
#define IN_FLIGHT 1
#define TOMBSTONE 2  /* in flight, given up: its slot stays */
#define OVER 3

byte stage[CALLS];
bool done[CALLS];
bool not_sent[CALLS];
byte executed[CALLS];
byte completed = 0;
byte losses = 0;

chan slots = [CALLS] of { byte };    /* who is owed a reply, oldest first */
chan requests = [CALLS] of { byte }; /* on the wire to the server */
chan replies = [CALLS] of { byte };  /* on the wire back */

inline complete(i) {
	assert(!done[i]);
	done[i] = true;
	completed++
}

/* In the order given: the oldest that is not committed. */
#define IS_NEXT(i) (stage[i] == QUEUED && IS_BEHIND(i))
#define IS_BEHIND(i) ((i == 0 || stage[0] != QUEUED) && \
	(i <= 1 || stage[1] != QUEUED) && (i <= 2 || stage[2] != QUEUED))

inline send(i) {
	slots!i; requests!i; stage[i] = IN_FLIGHT
}

inline receive() {
	replies?r;
	slots?o;
	assert(r == o);
	if
	:: stage[o] == TOMBSTONE -> stage[o] = OVER
	:: else -> complete(o); stage[o] = OVER; assert(executed[o] == 1)
	fi
}

#define MAY_EXPIRE(i) (!done[i] && (stage[i] == QUEUED || stage[i] == IN_FLIGHT))

inline expire(i) {
	complete(i);
	if
	:: stage[i] == QUEUED -> not_sent[i] = true; stage[i] = OVER
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
	losses++;
	do
	:: nempty(requests) ->
		requests?r;
		if
		:: executed[r]++ ; assert(executed[r] <= 1)
		:: skip
		fi
	:: empty(requests) -> break
	od;
#if BROKEN != 3
	do
	:: nempty(replies) -> replies?r
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
end:	do
	:: atomic { IS_NEXT(0) -> send(0) }
	:: atomic { IS_NEXT(1) -> send(1) }
	:: atomic { IS_NEXT(2) -> send(2) }
	:: atomic { IS_NEXT(3) -> send(3) }
	:: atomic { nempty(replies) && nempty(slots) -> receive() }
	:: atomic { losses < LOSSES -> lose() }
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

/* Executes in order, answers in order. */
active proctype server() {
	byte q;
end:	do
	:: atomic { nempty(requests) && nfull(replies) ->
		requests?q;
		executed[q]++;
		assert(executed[q] <= 1);
		assert(!not_sent[q]);
		replies!q }
	od
}

ltl completes { <> (completed == CALLS) }
