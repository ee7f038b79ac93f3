/*
 * What comes in pieces: the body that a call sends behind its request, and the reply
 * that it gets while its bytes arrive. This file does not know what is right of them,
 * but for their order.
 */
#include "contract/kit.h"

static const struct stay_contract_sample *
sample_of(const struct kit_call *call)
{
	return &call->run->contract->samples[call->sample];
}

/* ---- the body ---- */

/* First a half of it, and then the rest. */
static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct kit_call *call = arg;
	const struct stay_bytes *body = sample_of(call)->body;
	size_t left = body->len - call->body_at;
	size_t len = call->body_at == 0 ? (left + 1) / 2 : left;

	(void)feed;
	if (len > max)
		len = max;
	if (len > 0 &&
	    stay_buf_append(out, body->data + call->body_at, len) != STAY_OK)
		return stay_fed_failed(STAY_E_NOMEM, NULL);
	call->body_at += len;
	return call->body_at == body->len ? stay_fed_end() : stay_fed_more();
}

static enum stay_status
rewind_body(void *arg)
{
	struct kit_call *call = arg;

	call->body_at = 0;
	return STAY_OK;
}

static void
body_over(void *arg)
{
	struct kit_call *call = arg;

	call->body_over++;
}

bool
kit_has_body(const struct kit_call *call)
{
	return sample_of(call)->body != NULL;
}

void
kit_check_body(const struct kit_call *call)
{
	if (kit_has_body(call) && call->body_over != 1)
		kit_broken(KIT_BODY,
		    "call %u, %s, is over, and `over` of its body ran %u "
		    "times, not once",
		    call->number, sample_of(call)->name, call->body_over);
}

/* ---- pieces ---- */

static void
on_piece(void *arg, struct stay_bytes piece)
{
	struct kit_call *call = arg;

	sim_sparing++;
	kit_note("call %u gets a piece, %s", call->number,
	    kit_quote(piece.data, piece.len));
	if (call->done > 0)
		kit_broken(KIT_ONCE,
		    "call %u, %s, has completed, and gets a piece of a reply",
		    call->number, sample_of(call)->name);
	if (stay_buf_append(&call->pieces, piece.data, piece.len) != STAY_OK)
		sim_die("out of memory");
	sim_sparing--;
}

/* ---- both ---- */

void
kit_load(struct kit_call *call, struct stay_call_options *options,
    struct stay_body *body)
{
	const struct stay_contract_sample *sample = sample_of(call);

	stay_buf_init(&call->pieces, 0);
	if (sample->in_pieces)
		options->piece = on_piece;
	if (sample->body == NULL)
		return;
	*body = (struct stay_body){ STAY_BODY,
		.len =
		    sample->body_is_open ? STAY_BODY_OPEN : sample->body->len,
		.more = more, .rewind = rewind_body, .over = body_over,
		.arg = call };
	options->body = body;
}
