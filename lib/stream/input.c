/*
 * Reads bytes behind those that were kept, and finds the room for them. This
 * file knows the link as something to read from. It knows nothing of frames but
 * how large the next one is expected to be.
 */
#include "stream/input.h"

#include <errno.h>
#include <string.h>

#include "loop/loop.h"
#include "stream/link.h"

/* Less room than this is not worth a system call, unless it completes the
 * frame. */
#define ROOM_MIN (STAY__SLAB_SIZE / 4)

/*
 * So far an announced length is believed at once. What is announced beyond it
 * gets its room by doubling, as the bytes really come.
 */
#define WANTED_MAX ((size_t)1 << 20)

static size_t
kept(const struct stay__input *input)
{
	const struct stay__slab *slab = input->slab;

	return slab == NULL ? 0 : slab->place.end - slab->place.start;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
most(size_t a, size_t b)
{
	return a > b ? a : b;
}

void
stay__input_init(struct stay__input *input, size_t max)
{
	*input = (struct stay__input){ .max = max };
}

static void
let_go(struct stay__input *input, struct stay_loop *loop)
{
	if (input->slab != NULL)
		stay__slab_drop(&loop->slabs, input->slab);
	input->slab = NULL;
}

/* No slab is ever larger: all that may be kept, and a full read behind it. */
static size_t
limit(const struct stay__input *input)
{
	return least(input->max, SIZE_MAX / 4) + STAY__SLAB_SIZE;
}

/* The bytes a slab must have, so that the frame is not moved again soon. */
static size_t
wanted(const struct stay__input *input)
{
	size_t want = kept(input) + ROOM_MIN;

	return least(most(want, least(input->slab->place.wanted, WANTED_MAX)),
	    limit(input));
}

static bool
has_room_behind(const struct stay__input *input)
{
	size_t room = input->slab->cap - input->slab->place.end;

	return room >= ROOM_MIN ||
	       (input->slab->place.wanted > kept(input) &&
		   room >= input->slab->place.wanted - kept(input));
}

/* A frame of the past may have left a large slab to a few bytes. */
static bool
is_oversized(const struct stay__input *input)
{
	return input->slab->cap > STAY__SLAB_SIZE &&
	       most(input->slab->place.wanted, kept(input) + ROOM_MIN) <=
		   STAY__SLAB_SIZE;
}

static size_t
next_cap(const struct stay__input *input)
{
	size_t cap = STAY__SLAB_SIZE;
	size_t want = wanted(input);

	while (cap < want)
		cap *= 2;
	return least(cap, limit(input));
}

static enum stay_status
move(struct stay__input *input, struct stay_loop *loop, size_t cap)
{
	struct stay__slab *slab = stay__slab_take(&loop->slabs, cap);
	size_t len = kept(input);

	if (slab == NULL)
		return STAY_E_NOMEM;
	memcpy(slab->bytes, input->slab->bytes + input->slab->place.start, len);
	slab->place.end = len;
	slab->place.wanted = input->slab->place.wanted;
	stay__slab_drop(&loop->slabs, input->slab);
	input->slab = slab;
	return STAY_OK;
}

/* Nobody else looks at the bytes in front: what is kept may move over them. */
static void
move_down(struct stay__input *input)
{
	size_t len = kept(input);

	memmove(input->slab->bytes,
	    input->slab->bytes + input->slab->place.start, len);
	input->slab->place.start = 0;
	input->slab->place.end = len;
}

static enum stay_status
make_room(struct stay__input *input, struct stay_loop *loop)
{
	if (input->slab == NULL) {
		input->slab = stay__slab_take(&loop->slabs, STAY__SLAB_SIZE);
		return input->slab == NULL ? STAY_E_NOMEM : STAY_OK;
	}
	if (is_oversized(input) &&
	    move(input, loop, STAY__SLAB_SIZE) == STAY_OK)
		return STAY_OK;
	if (has_room_behind(input))
		return STAY_OK;
	if (input->slab->refs > 1 || wanted(input) > input->slab->cap)
		return move(input, loop, next_cap(input));
	move_down(input);
	return STAY_OK;
}

enum stay_status
stay__input_fill(
    struct stay__input *input, struct stay__link *link, size_t *got)
{
	enum stay_status status;
	ssize_t len;

	*got = 0;
	if (kept(input) > input->max)
		return STAY_E_TOO_BIG;
	status = make_room(input, link->loop);
	if (status != STAY_OK)
		return status;
	len = stay__link_read(link, input->slab->bytes + input->slab->place.end,
	    input->slab->cap - input->slab->place.end);
	if (len > 0) {
		*got = (size_t)len;
		input->slab->place.end += *got;
		return STAY_OK;
	}
	if (kept(input) == 0)
		let_go(input, link->loop);
	if (len == 0)
		return STAY_E_CLOSED;
	return len == -EAGAIN ? STAY_OK : stay__status_of((int)len);
}

void
stay__input_end(struct stay__input *input, struct stay_loop *loop)
{
	struct stay__place *place;

	if (input->slab == NULL)
		return;
	place = &input->slab->place;
	place->start = place->end - least(place->kept, kept(input));
	place->wanted = place->want;
	if (kept(input) == 0)
		let_go(input, loop);
}

void
stay__input_reset(struct stay__input *input, struct stay_loop *loop)
{
	let_go(input, loop);
}
