/*
 * What few calls have beside their record: a block that is asked for when such a call is
 * submitted, so that nothing later fails for want of it. All other calls have one of
 * zeros in common, which is read like any other.
 */
#ifndef STAY__EXTRAS_H
#define STAY__EXTRAS_H

#include <stay/client.h>

struct stay_held;
struct stay__call;

struct stay__extras {
	union {
		uint64_t since; /* as in the record, where it has no place */
		struct stay__extras *next; /* while it is spare */
	};
	uint64_t blocks_ms;   /* STAY_BLOCKS */
	struct stay_token id; /* generation 0: the caller wanted none */
	union {
		stay_done_fn *part;
		stay_piece_fn *piece; /* STAY_IN_PIECES */
	};
	/* The reply of the server, while the call is set aside. */
	struct stay_held *refusal;
};

extern const struct stay__extras stay__no_extras;

/* The call's own, to be written; NULL: no memory. Only a call that is being submitted
 * needs them: later they may be wished for. */
struct stay__extras *stay__extras_begin(struct stay__call *call);
/* Its token names it no more. */
void stay__extras_unname(struct stay__call *call);
/* It has none any more, and no token. */
void stay__extras_end(struct stay__call *call);
/* The refusal is the caller's; NULL: there is none. */
struct stay_held *stay__extras_take_refusal(struct stay__call *call);
/* Free those that are not in use. */
void stay__extras_trim(struct stay__extras **spare);

#endif
