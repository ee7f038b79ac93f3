/*
 * What a connection has read and not yet consumed. It owns a slab only while a
 * frame is incomplete; otherwise it borrows the loop's slab for the time of one
 * delivery.
 */
#ifndef STAY__INPUT_H
#define STAY__INPUT_H

#include "base/slab.h"

struct stay_loop;

struct stay__link;

struct stay__input {
	struct stay__slab *slab; /* NULL: nothing kept; else with its place */
	size_t max;              /* most bytes kept: STAY_E_TOO_BIG past it */
};

void stay__input_init(struct stay__input *input, size_t max);

/*
 * Read once from the link behind what is kept. *got is how many bytes came; 0:
 * nothing now. STAY_OK; STAY_E_CLOSED at the end; STAY_E_RESET, STAY_E_IO;
 * STAY_E_NOMEM.
 */
enum stay_status stay__input_fill(
    struct stay__input *input, struct stay__link *link, size_t *got);

/* The live bytes, in one piece. */
static inline struct stay_bytes
stay__input_view(const struct stay__input *input)
{
	const struct stay__slab *slab = input->slab;

	if (slab == NULL)
		return (struct stay_bytes){ "", 0 };
	return (struct stay_bytes){ slab->bytes + slab->place.start,
		slab->place.end - slab->place.start };
}
static inline char *
stay__input_bytes(const struct stay__input *input)
{
	return input->slab == NULL
		   ? NULL
		   : input->slab->bytes + input->slab->place.start;
}

/* In a delivery: keep the last `len` live bytes, and until `wanted` are there. Without
 * live bytes, nothing. */
static inline void
stay__input_keep(struct stay__input *input, size_t len, size_t wanted)
{
	if (input->slab == NULL)
		return;
	input->slab->place.kept = len;
	input->slab->place.want = wanted;
}
/* A delivery begins: nothing is to be kept of it. */
static inline void
stay__input_begin(struct stay__input *input)
{
	stay__input_keep(input, 0, 0);
}
/* After it: what is not to be kept is consumed. */
void stay__input_end(struct stay__input *input, struct stay_loop *loop);

/* Forget everything; gives the slab back. */
void stay__input_reset(struct stay__input *input, struct stay_loop *loop);

#endif
