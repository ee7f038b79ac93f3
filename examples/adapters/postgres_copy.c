/*
 * COPY ... FROM STDIN: the caller's body, of which each piece becomes a CopyData. The
 * query itself is an ordinary one, and its body follows it without waiting for the
 * server: if that does not copy, it drops what it is sent.
 */
#include "postgres_inside.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_LEN 5

struct copy {
	struct stay_body theirs;
	uint64_t left; /* of its length, if that is known */
};

/* The server is told, and undoes all; the session goes on. */
static struct stay_fed
fail(struct stay_buf *out, const char *why)
{
	stay_buf_cut(out, 0);
	if (pg_make_room(out, HEAD_LEN + strlen(why) + 1) != STAY_OK)
		return stay_fed_failed(STAY_E_NOMEM, NULL);
	pg_put(out, 'f', why, strlen(why) + 1);
	return stay_fed_end();
}

/* The piece is theirs, behind a head of ours. */
static struct stay_fed
more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
{
	struct copy *copy = arg;
	struct stay_fed fed = stay_fed_end();
	uint64_t room = max - HEAD_LEN;
	size_t len;

	room = copy->left < room ? copy->left : room;
	if (pg_make_room(out, HEAD_LEN) != STAY_OK)
		return stay_fed_failed(STAY_E_NOMEM, NULL);
	pg_put(out, 'd', "", 0);
	if (room > 0)
		fed = copy->theirs.more(
		    copy->theirs.arg, feed, out, (size_t)room);
	len = stay_buf_len(out) - HEAD_LEN;
	if (fed.kind == STAY_FED_FAILED)
		return fail(out, fed.text != NULL ? fed.text : "no more data");
	if (len > room || (fed.kind == STAY_FED_END && copy->left > len &&
			      copy->theirs.len != STAY_BODY_OPEN))
		return fail(out, "the data has another length");
	copy->left -= copy->theirs.len != STAY_BODY_OPEN ? len : 0;
	stay_buf_set_u32(out, 1, (uint32_t)len + 4);
	if (len == 0)
		stay_buf_cut(out, 0);
	return fed;
}

static enum stay_status
rewind_theirs(void *arg)
{
	struct copy *copy = arg;

	copy->left = copy->theirs.len;
	return copy->theirs.rewind(copy->theirs.arg);
}

static void
over(void *arg)
{
	struct copy *copy = arg;

	if (copy->theirs.over != NULL)
		copy->theirs.over(copy->theirs.arg);
	free(copy);
}

/* `over` runs in any case, but for STAY_E_ABI. */
enum stay_status
pg_call_with_body(struct stay_client *client, const struct pg_request *request,
    const struct stay_call_options *options, stay_done_fn *done, void *arg)
{
	struct stay_call_options own = *options;
	struct copy *copy = calloc(1, sizeof(*copy));
	struct stay_body body = { STAY_BODY, .len = STAY_BODY_OPEN,
		.more = more, .over = over, .arg = copy };
	enum stay_status status;

	if (copy == NULL || own.body->more == NULL) {
		free(copy);
		if (own.body->over != NULL)
			own.body->over(own.body->arg);
		return copy == NULL ? STAY_E_NOMEM : STAY_E_ARG;
	}
	copy->theirs = *own.body;
	copy->left = copy->theirs.len;
	body.rewind = copy->theirs.rewind != NULL ? rewind_theirs : NULL;
	own.body = &body;
	status = stay_client_call_with(client, request, &own, done, arg);
	if (status == STAY_E_ABI)
		free(copy);
	return status;
}

/* The data is on its way. If there is none, the server would take the next query for
 * it. */
struct stay_frame
pg_take_copy_in(struct pg_message *in)
{
	static const char why[] = "COPY FROM STDIN without data to copy";
	const uint64_t *tag = stay_session_oldest(in->session);

	if (tag == NULL)
		return stay_frame_bad("an answer to no query");
	if ((*tag & PG_BODY) != 0 && !in->pg->has_asked) {
		in->pg->has_asked = true;
		return stay_frame_skip(in->len);
	}
	in->pg->reply =
	    (struct pg_reply){ .kind = PG_ERROR, .text = stay_bytes_of(why) };
	(void)stay_session_end(in->session, STAY_E_NOT_READY, why, strlen(why));
	return stay_frame_with_text(
	    stay_frame_error(in->len, &in->pg->reply), why, strlen(why));
}
