/*
 * Moves sealed bytes between a filter and a transport. A record is sealed only
 * when all before it is in the kernel. This file knows neither what a filter
 * does to bytes nor when the stream begins and ends.
 */
#include "stream/filter.h"

#include <errno.h>
#include <string.h>

#include "base/ease.h"
#include "base/mem.h"
#include "base/text.h"

/* The most sealed bytes that wait: a record, and answers to what the peer
 * asks for. A peer that asks for more and reads nothing is given up. */
#define OUT_MAX ((size_t)256 * 1024)

/* ---- its life ---- */

bool
stay__filter_is_valid(const struct stay_filter *filter)
{
	const struct stay_filter_ops *ops = filter->ops;

	return ops != NULL && ops->size == sizeof(*ops) &&
	       ops->abi == STAY_ABI && ops->flags == 0 && ops->hold != NULL &&
	       ops->drop != NULL && ops->open != NULL && ops->secure != NULL &&
	       ops->read != NULL && ops->write != NULL && ops->close != NULL;
}

struct stay__filter *
stay__filter_new(struct stay_filter *from, const char *name)
{
	struct stay__filter *filter = stay__zalloc(sizeof(*filter));

	if (filter == NULL)
		return NULL;
	if (name != NULL) {
		filter->name = stay__text_copy(name);
		if (filter->name == NULL) {
			stay__free(filter);
			return NULL;
		}
	}
	filter->filter = from;
	from->ops->hold(from);
	stay_buf_init(&filter->out, OUT_MAX);
	return filter;
}

void
stay__filter_free(struct stay__filter *filter)
{
	if (filter == NULL)
		return;
	filter->filter->ops->drop(filter->filter);
	stay__free(filter->name);
	stay__free(filter);
}

int
stay__filter_open(struct stay__filter *filter, const char *host)
{
	const struct stay_filter_ops *ops = filter->filter->ops;

	filter->io = (struct stay_filter_io){ .out = &filter->out };
	filter->record = filter->unsent = 0;
	filter->heard_at = 0;
	filter->unread = filter->closes = false;
	filter->state = stay__zalloc(ops->state_size > 0 ? ops->state_size : 1);
	if (filter->state == NULL)
		return -ENOMEM;
	if (ops->open(filter->state, filter->filter,
		filter->name != NULL ? filter->name : host, &filter->io))
		return 0;
	stay__free(filter->state);
	filter->state = NULL;
	stay_buf_fini(&filter->out);
	return -EPROTO;
}

static void
drop_slab(struct stay__filter *filter, const struct stay__below *below)
{
	if (filter->slab != NULL)
		stay__slab_drop(&below->loop->slabs, filter->slab);
	filter->slab = NULL;
	filter->io.in = (struct stay_bytes){ "", 0 };
}

void
stay__filter_close(struct stay__filter *filter, const struct stay__below *below)
{
	if (filter->state == NULL)
		return;
	filter->filter->ops->close(filter->state);
	stay__free(filter->state);
	filter->state = NULL;
	drop_slab(filter, below);
	stay_buf_fini(&filter->out);
}

void
stay__filter_rest(struct stay__filter *filter)
{
	if (stay_buf_len(&filter->out) == 0)
		stay_buf_fini(&filter->out);
}

/* ---- writing ---- */

static int
close_half(struct stay__filter *filter, const struct stay__below *below)
{
	filter->closes = false;
	return below->transport->shutdown(below->state, below->loop->world);
}

/* The peer can read a record when all of it has left. */
static void
take_sealed(struct stay__filter *filter, size_t len)
{
	size_t used = stay_buf_len(&filter->out);

	stay_buf_take(&filter->out, len);
	filter->record -= len < filter->record ? len : filter->record;
	if (filter->record == 0)
		filter->unsent = 0;
	stay__ease(&filter->out, used, &filter->easy);
}

int
stay__filter_flush(struct stay__filter *filter, const struct stay__below *below)
{
	struct iovec all;
	ssize_t result;

	if (stay_buf_len(&filter->out) == 0)
		return 0;
	all = (struct iovec){ filter->out.data + filter->out.head,
		stay_buf_len(&filter->out) };
	result =
	    below->transport->write(below->state, below->loop->world, &all, 1);
	if (result < 0)
		return result == -EAGAIN ? 0 : (int)result;
	take_sealed(filter, (size_t)result);
	if (filter->closes && !stay__filter_is_blocked(filter))
		(void)close_half(filter, below);
	return 0;
}

/* Where the next record begins in the parts. */
struct cursor {
	const struct iovec *part;
	int count;
	size_t used; /* of the first part */
};

static void
move_on(struct cursor *at, size_t len)
{
	at->used += len;
	while (at->count > 0 && at->used == at->part->iov_len) {
		at->used = 0;
		at->part++;
		at->count--;
	}
}

/* The bytes of the next record, at *bytes: in place if they lie together, else
 * in `room`. */
static size_t
next_record(struct cursor *at, const char **bytes, char *room)
{
	size_t len = at->part->iov_len - at->used, part;

	*bytes = (const char *)at->part->iov_base + at->used;
	if (len > STAY_FILTER_RECORD_MAX)
		len = STAY_FILTER_RECORD_MAX;
	if (len == STAY_FILTER_RECORD_MAX || at->count == 1) {
		move_on(at, len);
		return len;
	}
	*bytes = room;
	for (len = 0; at->count > 0 && len < STAY_FILTER_RECORD_MAX;
	     len += part) {
		part = at->part->iov_len - at->used;
		if (part > STAY_FILTER_RECORD_MAX - len)
			part = STAY_FILTER_RECORD_MAX - len;
		memcpy(room + len, (char *)at->part->iov_base + at->used, part);
		move_on(at, part);
	}
	return len;
}

int
stay__filter_shutdown(
    struct stay__filter *filter, const struct stay__below *below)
{
	int result;

	if (filter->filter->ops->shutdown != NULL)
		filter->filter->ops->shutdown(filter->state, &filter->io);
	result = stay__filter_flush(filter, below);
	if (result != 0)
		return result;
	filter->closes = stay__filter_is_blocked(filter);
	return filter->closes ? 0 : close_half(filter, below);
}

void
stay__filter_bye(struct stay__filter *filter, const struct stay__below *below)
{
	if (filter->filter->ops->shutdown == NULL ||
	    stay__filter_is_blocked(filter))
		return;
	filter->filter->ops->shutdown(filter->state, &filter->io);
	(void)stay__filter_flush(filter, below);
}

/* ---- reading ---- */

/* Read sealed bytes once; 0: some have come, or their end. */
static int
pull(struct stay__filter *filter, const struct stay__below *below)
{
	ssize_t len;

	drop_slab(filter, below);
	filter->slab = stay__slab_take(&below->loop->slabs, STAY__SLAB_SIZE);
	if (filter->slab == NULL)
		return -ENOMEM;
	len = below->transport->read(below->state, below->loop->world,
	    filter->slab->bytes, filter->slab->cap);
	if (len < 0) {
		drop_slab(filter, below);
		return (int)len;
	}
	filter->io.in = (struct stay_bytes){ filter->slab->bytes, (size_t)len };
	filter->io.in_ended = len == 0;
	filter->heard_at = stay__loop_now(below->loop);
	return 0;
}

/* What was used up is given back. What the filter has to say is sent, unless the
 * kernel has no room as it is. An error of that shows at the next write. */
static void
heard(struct stay__filter *filter, const struct stay__below *below,
    bool was_blocked)
{
	if (filter->io.in.len == 0)
		drop_slab(filter, below);
	if (!was_blocked)
		(void)stay__filter_flush(filter, below);
}

static int
secure_once(struct stay__filter *filter, const struct stay__below *below)
{
	bool was_blocked = stay__filter_is_blocked(filter);
	int result = filter->filter->ops->secure(filter->state, &filter->io);

	heard(filter, below, was_blocked);
	return result;
}

int
stay__filter_secure(
    struct stay__filter *filter, const struct stay__below *below)
{
	int result = stay__filter_flush(filter, below);

	if (result != 0)
		return result;
	result = secure_once(filter, below);
	if (result == 0) {
		result = pull(filter, below);
		if (result != 0)
			return result == -EAGAIN ? 0 : result;
		result = secure_once(filter, below);
	}
	filter->unread = filter->io.in.len > 0;
	return result < 0 ? -EPROTO : result;
}

static ssize_t
read_once(struct stay__filter *filter, const struct stay__below *below,
    void *bytes, size_t len)
{
	bool was_blocked = stay__filter_is_blocked(filter);
	ssize_t got =
	    filter->filter->ops->read(filter->state, &filter->io, bytes, len);

	heard(filter, below, was_blocked);
	return got;
}

ssize_t
stay__filter_read(struct stay__filter *filter, const struct stay__below *below,
    void *bytes, size_t len)
{
	ssize_t got = read_once(filter, below, bytes, len);

	if (got == -EAGAIN) {
		got = pull(filter, below);
		if (got == 0)
			got = read_once(filter, below, bytes, len);
	}
	filter->unread =
	    got > 0 && ((size_t)got == len || filter->io.in.len > 0);
	return got;
}

/* ---- writing, to a peer that may have said why it will not hear ---- */

static int
write_records(struct stay__filter *filter, const struct stay__below *below,
    const struct iovec *parts, int count, size_t *taken)
{
	struct cursor at = { parts, count, 0 };
	char room[STAY_FILTER_RECORD_MAX];
	int result = stay__filter_flush(filter, below);
	const char *bytes;
	size_t len;

	move_on(&at, 0);
	while (
	    result == 0 && at.count > 0 && !stay__filter_is_blocked(filter)) {
		len = next_record(&at, &bytes, room);
		if (!filter->filter->ops->write(
			filter->state, &filter->io, bytes, len))
			return -EPROTO;
		*taken += len;
		filter->unsent = len;
		filter->record = stay_buf_len(&filter->out);
		result = stay__filter_flush(filter, below);
	}
	return result;
}

/* A peer that refuses us says so, and closes. Who writes meanwhile finds it gone,
 * and what it said is still to be read: the filter then knows why. */
static void
hear_last_words(struct stay__filter *filter, const struct stay__below *below)
{
	char unwanted[STAY_FILTER_RECORD_MAX];
	ssize_t got = 1;

	while (got > 0 && (filter->io.in.len > 0 || pull(filter, below) == 0)) {
		got = filter->filter->ops->read(
		    filter->state, &filter->io, unwanted, sizeof(unwanted));
		if (got == -EAGAIN && filter->io.in.len == 0 &&
		    !filter->io.in_ended)
			got = 1; /* the rest of a record is to come */
	}
}

int
stay__filter_write(struct stay__filter *filter, const struct stay__below *below,
    const struct iovec *parts, int count, size_t *taken)
{
	int result = write_records(filter, below, parts, count, taken);

	if (result == -EPIPE || result == -ECONNRESET)
		hear_last_words(filter, below);
	return result;
}
