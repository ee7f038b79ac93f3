/*
 * stay/group.h - several requests as one call.
 *
 * The requests of a group leave as one, in the order in which they were added: no
 * other request comes between them, and they are never split over two sessions. The
 * group completes once, with all the answers:
 *
 *	struct stay_group *group = stay_group_new(client);
 *
 *	stay_group_add(group, first);
 *	stay_group_add(group, second);
 *	if (stay_group_send(group, NULL, done, job) != STAY_OK)
 *		give_up(job);
 *
 *	static void
 *	done(void *arg, const struct stay_group_result *result)
 *	{
 *		for (size_t i = 0; i < result->count; i++)
 *			take(arg, i, &result->answers[i]);
 *	}
 *
 * A failure on the way is remembered, and stay_group_send returns it: the other
 * functions need no check.
 *
 * The answers of requests with a tag (STAY_BY_TAG) may come in any order; the result
 * has them in the order of the requests. Either all requests of a group have a tag, or
 * none has.
 *
 * Adapters wrap these functions in functions of their own types. All functions are
 * for the loop's thread, and may be called in every callback, but not in a slot of a
 * protocol that may call nothing.
 */
#ifndef STAY_GROUP_H
#define STAY_GROUP_H

#include <stay/client.h>

STAY_BEGIN

struct stay_group;

/* What became of a group. It lives, with all its answers and their replies, until
 * `done` returns. Its replies cannot be kept by stay_held_new: copy what is needed. */
struct stay_group_result {
	/* STAY_OK if every answer is good. Else the status of the first one that is
	 * not, or why there are no more answers. */
	enum stay_status status;
	/* What may have happened to the group as a whole. STAY_REPLIED: every answer
	 * is there, and has an outcome of its own. STAY_REFUSED: the server has
	 * refused every request. */
	enum stay_outcome outcome;
	const char *why; /* a sentence about `status`; never NULL */
	size_t count;    /* of the requests, and so of the answers */
	/* answers[i] is what the `done` of request i, by itself, would have got. An
	 * answer that did not come has the status and the outcome of the group. So
	 * of a group that was lost, those answers are good that came before. A
	 * request without a reply is STAY_SENT, or, if the replies to all others
	 * came before it had left whole, STAY_MAYBE_EXECUTED. */
	const struct stay_result *answers;
};

/* A group has completed; `arg` is what it was sent with. */
typedef void stay_group_done_fn(
    void *arg, const struct stay_group_result *result);

/*
 * A flag of stay_group_send: the server acts on all of the group or on nothing, and
 * on nothing before it has the last byte. MULTI to EXEC is such a group.
 *
 * When a session ends, a call of which a part has left is NOT_SENT, because no
 * server can have acted on it. A group is so only as long as its first request has
 * not left whole; with this flag, as long as its last one has not, and the server
 * has answered none of them with an error that is no refusal.
 */
#define STAY_GROUP_ATOMIC 256u

/* A new group for this client, without requests. NULL: out of memory, which the
 * functions below then tell. It must be sent or freed before the client's on_closed
 * returns. */
STAY_API struct stay_group *stay_group_new(struct stay_client *client);

/*
 * Add a request: what the protocol's encode takes. It is encoded at once, and only
 * read inside this function.
 * Returns: STAY_OK; what encode returned; STAY_E_TOO_BIG (larger than
 * queue_bytes_max); STAY_E_ARG (an empty request; unknown flags;
 * STAY_MAY_GO_UNANSWERED; STAY_BY_TAG if the first request has it not, or the other
 * way round); STAY_E_NOMEM.
 * After a failure the group cannot be sent any more.
 */
STAY_API enum stay_status stay_group_add(
    struct stay_group *group, const void *request);

/*
 * Submit the group. Whatever this returns, the group is not the caller's any more.
 * `options` may be NULL; STAY_GROUP_ATOMIC is one of its flags. Its `part` gets the
 * parts of answers that come in parts, and of several replies to one request all but
 * the last. Its `id` is for stay_client_cancel, which gives up all of the group.
 *
 * In all bounds and counts a group is as many calls as it has requests. It blocks
 * (STAY_BLOCKS) if one of its requests does, for the sum of their times, and belongs
 * to this session (STAY_THIS_SESSION) if one of them does. After a loss it is sent
 * again only as a whole: if all its requests have the flag that allows it, or
 * `options` has it. If the server refuses it, it completes as refused, also with
 * STAY_REFUSED_RESEND.
 *
 * Replies are kept until the last one is there: up to group_bytes_max bytes. Answers
 * past it have the status STAY_E_TOO_BIG, no reply, and the outcome that the server
 * told; STAY_E_NOMEM likewise. The session and other calls go on.
 *
 * Given up while in flight, it is one tombstone: each reply that is still to come
 * goes to the protocol's on_orphan.
 *
 * If the protocol prepares its requests, each request of the group is prepared just
 * before the first byte of the group, in their order. If one of them has to wait
 * (STAY_E_FULL), the group waits: nothing of it has left, and none of its requests
 * keeps a tag meanwhile (see the slot `unprepare`). If one of them fails, the group
 * completes with that status, as not sent. A group that needs more tags than the
 * protocol has completes with STAY_E_TOO_BIG.
 *
 * Returns: STAY_OK: `done` runs exactly once, with `arg`. If `done` is NULL, a
 * failure goes to the observer. Or the group is rejected, and `done` never runs: as
 * stay_client_call_with; what stay_group_add returned; STAY_E_ARG (no requests);
 * STAY_E_TOO_BIG (it can never fit: more requests than queue_calls_max or
 * inflight_calls_max); STAY_E_ARG (STAY_BY_TAG, and the protocol has no `prepare`);
 * STAY_E_UNSUPPORTED (the protocol has no `retain`; or `options` has a body or a
 * `piece`, since the answers of a group come as one).
 */
STAY_API STAY_USE enum stay_status stay_group_send(struct stay_group *group,
    const struct stay_call_options *options, stay_group_done_fn *done,
    void *arg);

/* Free a group that was not sent; NULL is fine. */
STAY_API void stay_group_free(struct stay_group *group);

STAY_END

#endif
