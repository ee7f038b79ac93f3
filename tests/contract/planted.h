/* An adapter as a stranger would write it, in which one thing can be wrong. */
#ifndef STAY_TESTS_PLANTED_H
#define STAY_TESTS_PLANTED_H

#include <stay/contract.h>

/* clang-format off */
#define PLANTED(BUG) \
	BUG(NOTHING) \
	BUG(WRITES_IN_FRONT)     /* of its own request, over another's */ \
	BUG(FORGETS_AN_APPEND)   /* that has failed, and sends the rest of the request */ \
	BUG(TAKES_BACK_TOO_MUCH) /* of what it has appended: a byte in front of it, too */ \
	BUG(FORGETS_A_FRAME)     /* a whole frame that is there already is not seen */ \
	BUG(ANSWERS_TWICE)       /* what is left of a frame is taken for another */ \
	BUG(KEEPS_A_POINTER)     /* into input that is not whole, where an offset is due */ \
	BUG(READS_PAST)          /* one byte behind the input */ \
	BUG(LOSES_A_TOPIC)       /* of several, when a session is restored */ \
	BUG(MIXES_REPLIES)       /* what is kept of one reply is in the next one */ \
	BUG(ABORTS)              /* on a frame that makes no sense */ \
	BUG(NEVER_RETURNS)       /* likewise */ \
	BUG(LEAKS)               /* when memory runs out in init */ \
	BUG(HOARDS)              /* what comes, without a bound */ \
	BUG(GIVES_UP)            /* after its first session */ \
	BUG(TELLS_TWICE)         /* its own functions: the caller */ \
	BUG(TELLS_NOBODY) \
	BUG(TELLS_EARLY)         /* ...that the time is over */ \
	BUG(TELLS_WRONG)         /* ...that nothing was sent */ \
	BUG(SAYS_IT_ACTED)       /* of a server that has refused to */ \
	BUG(KEEPS_THE_WORDS)     /* of that */ \
	BUG(FORGETS_THE_SOURCE)  /* of a body, which waits to be told that it is over */ \
	BUG(REJECTS)             /* what it has room for */ \
	BUG(RECONNECTS_AT_ONCE)  /* whenever a session has ended */ \
	BUG(HAS_NO_JITTER)       /* in the backoff of its start function */ \
	BUG(SAYS_GOODBYE)        /* its transport, in close, and so in a forked child */ \
	BUG(HAS_TAGS)            /* and nothing is wrong with them */ \
	BUG(GUESSES_THE_ORDER)   /* of answers that name their request */ \
	BUG(TAKES_ANY_TAG)       /* of an answer that nobody waits for, for another's */ \
	BUG(HAS_COUNTS)          /* of what is prepared, and nothing is wrong with them */ \
	BUG(KEEPS_THE_UNSENT)    /* among those to whom an answer is due */ \
	BUG(ENDS_TOO_EARLY)      /* at a last answer, with others in front of it */ \
	BUG(HAS_LAST_FRAMES)     /* and nothing is wrong with them */ \
	BUG(FORGETS_THE_LAST)    /* of them: what is behind it may have been executed */ \
	BUG(HAS_LONG_CALLS)      /* and nothing is wrong with them */ \
	BUG(FORGETS_TO_END_IT)   /* when its session is left */
/* clang-format on */

enum planted {
#define BUG(name) name,
	PLANTED(BUG)
#undef BUG
	    PLANTED_COUNT
};

extern enum planted planted;
extern const struct stay_protocol planted_protocol;
extern const struct stay_contract planted_tagged, planted_counted, planted_last,
    planted_long;

/* A reply is its bytes. */
stay_contract_show_fn planted_show;

/* Start a client with the bugs that only a start function can have. */
stay_contract_start_fn planted_start;

/* Its contract, with this bug; one at a time. */
const struct stay_contract *planted_contract(enum planted bug);

#endif
