/*
 * Extras: what few calls need beside their record. Such a call gets a block of its own
 * when it is submitted. Without memory it is rejected there, so that nothing can fail
 * later. All other calls share one block of zeros, which is read like any other:
 * stay__call_extras in calls.h.
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

/* The call's own block, to write to; NULL: no memory. After submission the caller must
 * be able to do without. */
struct stay__extras *stay__extras_begin(struct stay__call *call);
/* End its token, if it has one. */
void stay__extras_unname(struct stay__call *call);
/* Take the block and its token away. The refusal must have been taken. */
void stay__extras_end(struct stay__call *call);
/* The refusal belongs to the caller now; NULL: there is none. */
struct stay_held *stay__extras_take_refusal(struct stay__call *call);
/* Free all spare blocks. */
void stay__extras_trim(struct stay__extras **spare);

#endif
