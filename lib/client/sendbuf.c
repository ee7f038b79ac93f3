/*
 * The output log: a run of bytes and the positions in it. It knows neither the
 * calls whose requests it holds nor the stream they leave by.
 */
#include "client/sendbuf.h"

#include <string.h>

/* Below this many bytes holes are not worth a move. */
#define SPARSE_MIN 4096u

void
stay__log_init(struct stay__log *log, uint64_t max)
{
	*log = (struct stay__log){ .max = max };
	stay_buf_init(&log->buf, 0);
}

void
stay__log_fini(struct stay__log *log)
{
	stay_buf_fini(&log->buf);
}

void
stay__log_cut(struct stay__log *log, uint64_t begin)
{
	stay_buf_cut(&log->buf, (size_t)(begin - log->base));
}

/*
 * A hole at the very end is cut off at once; the last request to go takes all
 * the holes before it along.
 */
void
stay__log_forget(struct stay__log *log, struct stay__span span)
{
	assert(span.begin >= log->committed);
	log->live -= stay__span_len(span);
	if (log->live == 0)
		stay__log_cut(log, log->committed);
	else if (span.end == stay__log_end(log))
		stay__log_cut(log, span.begin);
}

void
stay__log_return(struct stay__log *log, struct stay__span span)
{
	log->live += stay__span_len(span);
}

void
stay__log_rewind(struct stay__log *log, uint64_t to)
{
	log->wire = to;
	log->committed = to;
	stay__log_release(log, to);
}

void
stay__log_release(struct stay__log *log, uint64_t to)
{
	assert(to >= log->base && to <= log->wire);
	stay_buf_take(&log->buf, (size_t)(to - log->base));
	log->base = to;
}

bool
stay__log_is_sparse(const struct stay__log *log)
{
	uint64_t holes = stay__log_end(log) - log->committed - log->live;

	return holes > SPARSE_MIN && holes > log->live;
}

void
stay__log_move(struct stay__log *log, struct stay__span *span, uint64_t to)
{
	uint64_t len = stay__span_len(*span);
	char *bytes = log->buf.data + log->buf.head;

	assert(to >= log->committed && to <= span->begin);
	memmove(bytes + (to - log->base), bytes + (span->begin - log->base),
	    (size_t)len);
	span->begin = to;
	span->end = to + len;
}

struct iovec
stay__log_view(const struct stay__log *log, uint64_t from, uint64_t to)
{
	char *bytes = log->buf.data + log->buf.head;

	assert(from >= log->base && from <= to && to <= stay__log_end(log));
	return (
	    struct iovec){ bytes + (from - log->base), (size_t)(to - from) };
}

void
stay__log_trim(struct stay__log *log)
{
	if (log->live == 0)
		stay__log_cut(log, log->committed);
	if (stay_buf_len(&log->buf) == 0)
		stay_buf_fini(&log->buf);
}
