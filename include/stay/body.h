/*
 * stay/body.h - a request that is followed by bytes from a callback.
 *
 * So a call can bring more than fits into memory: a value of 1 GiB, a table that is
 * copied in. A file becomes a value of Redis like this:
 *
 *	struct upload {
 *		int fd;
 *		struct stay_feed *feed;
 *	};
 *
 *	static struct stay_fed
 *	more(void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max)
 *	{
 *		struct upload *upload = arg;
 *		char *to = stay_buf_reserve(out, max);
 *		ssize_t len = to == NULL ? -1 : read(upload->fd, to, max);
 *
 *		if (len <= 0)
 *			return stay_fed_failed(STAY_E_IO, "the file is cut off");
 *		stay_buf_commit(out, (size_t)len);
 *		return stay_fed_more();
 *	}
 *
 *	const struct stay_body file = { STAY_BODY, .len = size, .more = more,
 *		.over = close_upload, .arg = upload };
 *	const struct stay_call_options options = { STAY_CALL_OPTIONS,
 *		.timeout_ms = 60000, .body = &file };
 *
 *	status = stay_redis_command_with(redis, &options, done, upload,
 *	    "SET %s", key);                       the body is the last word
 *
 * The request waits in the queue like any other. Once it has left, `more` is asked
 * for one piece after the other, each time that the stream has taken the last one. An
 * answer of the server ("go on") may come before it is asked for the first. So
 * a body needs STAY_BODY_PIECE bytes of memory, whatever its length. Until it has
 * left whole, nothing else is sent in its session: calls wait in the queue, and what
 * the protocol has to say waits, too. Nor is the server probed; that it is silent is
 * held against it only for calls that were sent before, or if it takes no more bytes.
 *
 * A body that has begun and does not come to its end ends its session, for the server
 * waits for the rest of it. That is so if it fails or is too short, and if its call
 * times out or is cancelled before the body has ended. The call completes with the
 * status of that, as STAY_NOT_SENT, because no server acts on a part: but as
 * STAY_MAYBE_EXECUTED if this one does (STAY_ACTS_ON_PARTS), if it has answered, or
 * if the body's length is open and nothing closes it. Other calls are what they are
 * when a session is lost. The next session follows as in enum stay_on_given_up: this
 * is no failed attempt. So the deadline of the call also bounds how long a body may
 * take: set timeout_ms for it.
 *
 * When a session is lost, a call is sent again only if its body has not begun, or can
 * begin anew: see `rewind`.
 */
#ifndef STAY_BODY_H
#define STAY_BODY_H

#include <stdbool.h>

#include <stay/buf.h>
#include <stay/status.h>

STAY_BEGIN

/* A body that is being sent; made by the library. It lives until `over` returns. */
struct stay_feed;

enum stay_fed_kind {
	STAY_FED_MORE,
	STAY_FED_WAIT,
	STAY_FED_END,
	STAY_FED_FAILED
};

/* What `more` says. Make it with the functions below; don't look inside. */
struct stay_fed {
	enum stay_fed_kind kind;
	enum stay_status status;
	const char *text;
	uintptr_t reserved[1];
};

static inline struct stay_fed
stay_fed_of(enum stay_fed_kind kind, enum stay_status status, const char *text)
{
	struct stay_fed fed = { kind, status, text, { 0 } };

	return fed;
}

/* A piece was appended, of one byte at least. More is asked for, unless the body has
 * its length. */
static inline struct stay_fed
stay_fed_more(void)
{
	return stay_fed_of(STAY_FED_MORE, STAY_OK, NULL);
}

/* There is no more now; what was appended leaves. It is asked again after
 * stay_feed_go_on. */
static inline struct stay_fed
stay_fed_wait(void)
{
	return stay_fed_of(STAY_FED_WAIT, STAY_OK, NULL);
}

/* This is the end, behind what was appended. A body of a known length may say so; if
 * it is not there yet, it has failed with STAY_E_ARG. */
static inline struct stay_fed
stay_fed_end(void)
{
	return stay_fed_of(STAY_FED_END, STAY_OK, NULL);
}

/* There will be no more. The call completes with `status`, which is not STAY_OK; its
 * `why`, and the failure sentence of the session, end with `text`. That is static, or
 * lives until `over`; NULL: the words of the status. */
static inline struct stay_fed
stay_fed_failed(enum stay_status status, const char *text)
{
	return stay_fed_of(STAY_FED_FAILED, status, text);
}

/* The most bytes that are asked for at once. */
#define STAY_BODY_PIECE (64u * 1024u)

/* The length of a body that ends when `more` says so. Only some protocols have a way
 * to send it; Redis has none. */
#define STAY_BODY_OPEN UINT64_MAX

/*
 * Append the next piece of the body to `out`, which is empty: up to `max` bytes, of
 * which there is one at least, and never more than the body's length has left. Past
 * that, appending fails. Runs in the loop's turn, and may call everything.
 */
typedef struct stay_fed stay_more_fn(
    void *arg, struct stay_feed *feed, struct stay_buf *out, size_t max);

/* Begin anew: the call is sent once more, and `more` is asked from the first byte on.
 * Runs in the loop's turn, and may call everything. Returns STAY_OK; the call
 * completes with any other status, and is not sent. */
typedef enum stay_status stay_rewind_fn(void *arg);

/* Nothing more is asked of the body. */
typedef void stay_body_over_fn(void *arg);

/* The body of a call; see struct stay_call_options. It is copied. */
struct stay_body {
	size_t size;  /* STAY_BODY sets it */
	uint64_t len; /* bytes; or STAY_BODY_OPEN */
	stay_more_fn *more;
	/* NULL: it can be asked for once only, and so the call is not sent again
	 * when the body has begun, whatever its flags say. */
	stay_rewind_fn *rewind;
	/*
	 * The last callback of the call; here its source can be freed. It runs
	 * exactly once, whatever becomes of the call: behind `done`, in a turn of
	 * the loop; and, if the call is rejected, inside the function that
	 * rejects it (not with STAY_E_ABI, since then nothing is read). NULL:
	 * nobody is told. May call everything.
	 */
	stay_body_over_fn *over;
	void *arg; /* of all three */
	uintptr_t reserved[2];
};

#define STAY_BODY .size = sizeof(struct stay_body)

/*
 * `more` has said "wait", and there is more now: it is asked in the loop's turn. May be
 * called everywhere on the loop's thread until `over` returns, also inside `more`;
 * does nothing when nobody waits.
 */
STAY_API void stay_feed_go_on(struct stay_feed *feed);

/* ---- for adapters ---------------------------------------------------- */

/*
 * What encode is told of a body, and what it says of it. Redis:
 *
 *	if (request->body != NULL) {
 *		if (request->body->len == STAY_BODY_OPEN)
 *			return STAY_E_UNSUPPORTED;
 *		request->body->follows = true;
 *		request->body->closing = (struct stay_bytes){ "\r\n", 2 };
 *		status = stay_buf_printf(out, "$%" PRIu64 "\r\n",
 *		    request->body->len);
 *	}
 *
 * Where each piece has a head of its own, as in COPY of PostgreSQL, the adapter's
 * front passes a body of its own, whose `more` asks the caller's and puts the head
 * in front. It can also end a body that fails in the way of the protocol: it appends
 * the words for that, and says stay_fed_end.
 *
 * An answer may come before the end of the body: the last one that the call gets. The
 * rest of the body is sent all the same, so that the server finds the next request;
 * within the time that the call had left. With `stops` it is not: the server does not
 * read on for it. Then the piece that was asked for is the last, and `closing` is not
 * sent.
 */
struct stay_request_body {
	uint64_t len; /* as the caller has set it */
	/* encode may change these: */
	bool follows; /* false; true: it comes behind the bytes of encode. Else
		       * the call is rejected with STAY_E_UNSUPPORTED. */
	bool stops;   /* false; see above */
	struct stay_bytes closing; /* static bytes to be sent behind it; none */
	uintptr_t reserved[2];
};

STAY_END

#endif
