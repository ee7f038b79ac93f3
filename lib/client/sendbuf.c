/*
 * The send buffer: a run of bytes and the positions in it. This file knows
 * neither the calls whose requests it stores nor the stream they are written
 * to.
 */
#include "client/sendbuf.h"

#include <string.h>

#include "base/ease.h"

/* Fewer bytes of holes than this are not worth moving the others. */
#define SPARSE_MIN 4096u

void
stay__sendbuf_init(struct stay__sendbuf *sendbuf, uint64_t max)
{
	*sendbuf = (struct stay__sendbuf){ .max = max };
	stay_buf_init(&sendbuf->buf, 0);
}

void
stay__sendbuf_fini(struct stay__sendbuf *sendbuf)
{
	stay_buf_fini(&sendbuf->buf);
}

void
stay__sendbuf_cut(struct stay__sendbuf *sendbuf, uint64_t begin)
{
	stay_buf_cut(&sendbuf->buf, (size_t)(begin - sendbuf->base));
}

/*
 * A hole at the very end is cut off at once. When the last request is taken
 * out, all holes before it go, too.
 */
void
stay__sendbuf_forget(struct stay__sendbuf *sendbuf, struct stay__span span)
{
	assert(span.begin >= sendbuf->committed);
	sendbuf->live -= stay__span_len(span);
	if (sendbuf->live == 0)
		stay__sendbuf_cut(sendbuf, sendbuf->committed);
	else if (span.end == stay__sendbuf_end(sendbuf))
		stay__sendbuf_cut(sendbuf, span.begin);
}

void
stay__sendbuf_return(struct stay__sendbuf *sendbuf, struct stay__span span)
{
	sendbuf->live += stay__span_len(span);
}

void
stay__sendbuf_rewind(struct stay__sendbuf *sendbuf, uint64_t to)
{
	sendbuf->wire = to;
	sendbuf->committed = to;
	stay__sendbuf_release(sendbuf, to);
}

void
stay__sendbuf_release(struct stay__sendbuf *sendbuf, uint64_t to)
{
	size_t used = stay_buf_len(&sendbuf->buf);

	assert(to >= sendbuf->base && to <= sendbuf->wire);
	stay_buf_take(&sendbuf->buf, (size_t)(to - sendbuf->base));
	sendbuf->base = to;
	stay__ease(&sendbuf->buf, used, &sendbuf->easy);
}

bool
stay__sendbuf_is_sparse(const struct stay__sendbuf *sendbuf)
{
	uint64_t holes =
	    stay__sendbuf_end(sendbuf) - sendbuf->committed - sendbuf->live;

	return holes > SPARSE_MIN && holes > sendbuf->live;
}

void
stay__sendbuf_move(
    struct stay__sendbuf *sendbuf, struct stay__span span, uint64_t to)
{
	char *bytes = sendbuf->buf.data + sendbuf->buf.head;

	assert(to >= sendbuf->committed && to <= span.begin);
	memmove(bytes + (to - sendbuf->base),
	    bytes + (span.begin - sendbuf->base), (size_t)stay__span_len(span));
}

void
stay__sendbuf_slide(
    struct stay__sendbuf *sendbuf, struct stay__span span, uint64_t to)
{
	uint64_t len = stay__span_len(span);
	char *bytes = sendbuf->buf.data + sendbuf->buf.head;

	assert(span.begin >= sendbuf->base && to >= span.end &&
	       to <= sendbuf->wire);
	memmove(bytes + (to - len - sendbuf->base),
	    bytes + (span.begin - sendbuf->base), (size_t)len);
}

struct iovec
stay__sendbuf_view(
    const struct stay__sendbuf *sendbuf, uint64_t from, uint64_t to)
{
	char *bytes = sendbuf->buf.data + sendbuf->buf.head;

	assert(from >= sendbuf->base && from <= to &&
	       to <= stay__sendbuf_end(sendbuf));
	return (struct iovec){ bytes + (from - sendbuf->base),
		(size_t)(to - from) };
}

/* Memory is no request: the bound of those is no bound of it. */
void
stay__sendbuf_widen(struct stay__sendbuf *sendbuf)
{
	sendbuf->buf.limit = 0;
	(void)stay_buf_reserve(&sendbuf->buf, STAY__SENDBUF_SPARE);
}

void
stay__sendbuf_trim(struct stay__sendbuf *sendbuf)
{
	if (sendbuf->live == 0)
		stay__sendbuf_cut(sendbuf, sendbuf->committed);
	if (stay_buf_len(&sendbuf->buf) == 0)
		stay_buf_fini(&sendbuf->buf);
}
