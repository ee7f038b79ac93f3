/*
 * A line protocol with a greeting, values and topics, and what can be wrong in it. A
 * request is a line; an answer is "=VALUE\r\n", "!" and words for an error, or "?" and
 * words for what was not done. TOPIC is answered as any, and has to be said again in each
 * session, until DROP. Behind "PUT N" come N bytes, behind "PUT -" a line.
 */
#include "planted.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX   4096
#define TOPICS_MAX 4

enum planted planted;

struct keep {
	/* NULL: none; and one place more, for what is not found */
	const char *topics[TOPICS_MAX + 1];
	unsigned sessions;
	struct stay_client *client;
	char *hoard;
	size_t hoarded;
	char *blocks[2];
};

struct session {
	size_t seen;       /* bytes of the line that have no end in them */
	const char *at;    /* KEEPS_A_POINTER */
	char first[16];    /* MIXES_REPLIES */
	unsigned restored; /* topics */
	struct stay_bytes value;
};

/* ---- requests ---- */

/* One without a length ends with its line. */
static enum stay_status
begin_body(struct stay_request_body *body, struct stay_buf *out)
{
	body->follows = true;
	if (body->len != STAY_BODY_OPEN)
		return stay_buf_printf(out, " %u", (unsigned)body->len);
	body->closing = stay_bytes_of("\n");
	return stay_buf_puts(out, " -");
}

/* In WRITES_IN_FRONT the first byte of the buffer is taken for the request's. */
static enum stay_status
encode(struct stay_request *request, struct stay_buf *out)
{
	const char *text = request->data;
	size_t before = stay_buf_len(out);
	enum stay_status status = stay_buf_puts(out, text);

	if (planted == FORGETS_AN_APPEND)
		status = STAY_OK;
	if (text[0] == 'N')
		request->flags = STAY_READ_ONLY;
	if (strchr(text, '\n') != NULL)
		request->replies = 2;
	if (status == STAY_OK && request->body != NULL)
		status = begin_body(request->body, out);
	if (status == STAY_OK)
		status = stay_buf_puts(out, "\n");
	if (status == STAY_OK && planted == WRITES_IN_FRONT)
		stay_buf_set_u8(out, 0, (uint8_t)text[0]);
	if (status != STAY_OK && planted == TAKES_BACK_TOO_MUCH)
		stay_buf_cut(out, before - 1);
	return status;
}

/* The caller, between whom and the client stand the adapter's own functions. */
static struct caller {
	stay_done_fn *done;
	void *arg;
} callers[1024];

static unsigned caller_count;

static void
tell(void *arg, const struct stay_result *result)
{
	struct caller *caller = arg;
	struct stay_result told = *result;

	if (planted == TELLS_EARLY)
		told = (struct stay_result){ .status = STAY_E_TIMEOUT,
			.why = "it is over" };
	if (planted == TELLS_EARLY || planted == TELLS_WRONG)
		told.outcome = STAY_NOT_SENT;
	if (planted != TELLS_NOBODY)
		caller->done(caller->arg, &told);
	if (planted == TELLS_TWICE)
		caller->done(caller->arg, result);
}

static enum stay_status
ask(struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	struct caller *caller = &callers[caller_count++ % 1024];
	struct stay_call_options own = *options;
	struct stay_body body;

	*caller = (struct caller){ done, done_arg };
	if (options->body != NULL && planted == FORGETS_THE_SOURCE) {
		body = *options->body;
		body.over = NULL;
		own.body = &body;
	}
	return stay_client_call_with(client, request, &own, tell, caller);
}

static bool
is_topic(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Where it is; NULL: the first place that is free. */
static unsigned
find_topic(const struct keep *keep, const char *topic)
{
	unsigned i = 0;

	while (i < TOPICS_MAX && !is_topic(keep->topics[i], topic))
		i++;
	return i;
}

static enum stay_status
submit(void *arg, struct stay_client *client, const void *request,
    const struct stay_call_options *options, stay_done_fn *done, void *done_arg)
{
	struct keep *keep = stay_client_keep(client);
	const char *text = request;

	(void)arg;
	if (strncmp(text, "TOPIC ", 6) == 0 &&
	    find_topic(keep, text + 6) == TOPICS_MAX)
		keep->topics[find_topic(keep, NULL)] = text + 6;
	if (strncmp(text, "DROP ", 5) == 0)
		keep->topics[find_topic(keep, text + 5)] = NULL;
	return planted == REJECTS
		   ? STAY_E_FULL
		   : ask(client, request, options, done, done_arg);
}

/* ---- frames ---- */

/* How long the line is, with its end; 0: it is not whole. */
static size_t
line_len(struct session *session, struct stay_bytes in)
{
	size_t from = session->seen;
	const char *at = memchr(in.data + from, '\n', in.len - from);

	session->seen = at == NULL ? in.len : 0;
	return at == NULL ? 0 : (size_t)(at + 1 - in.data);
}

/* Where the last line ended is no place in the next one. */
static size_t
forgetful_len(struct session *session, struct stay_bytes in)
{
	size_t len = line_len(session, in);

	if (len > 0 && len < in.len)
		session->seen = in.len - len;
	return len;
}

static size_t
pointing_len(struct session *session, struct stay_bytes in)
{
	const char *at = session->at == NULL ? in.data : session->at;

	while (at < in.data + in.len && *at != '\n')
		at++;
	session->at = at == in.data + in.len ? in.data + in.len - 1 : NULL;
	return session->at == NULL ? (size_t)(at + 1 - in.data) : 0;
}

/* A line may end with \r\n, or with either of them. */
static size_t
old_len(struct stay_bytes in, bool past)
{
	const char *at = memchr(in.data, '\r', in.len);
	size_t len = at == NULL ? 0 : (size_t)(at + 1 - in.data);

	if (in.data[0] == '\n')
		return 1;
	if (len > 0 && (past || len < in.len) && at[1] == '\n')
		len++;
	return len;
}

static size_t
any_len(struct session *session, struct stay_bytes in)
{
	if (planted == FORGETS_A_FRAME)
		return forgetful_len(session, in);
	if (planted == KEEPS_A_POINTER)
		return pointing_len(session, in);
	if (planted == ANSWERS_TWICE || planted == READS_PAST)
		return old_len(in, planted == READS_PAST);
	return line_len(session, in);
}

static void
hoard(struct keep *keep, struct stay_bytes in)
{
	char *more = realloc(keep->hoard, keep->hoarded + 8 * in.len);

	if (more == NULL)
		return;
	keep->hoard = more;
	keep->hoarded += 8 * in.len;
}

/* What is wrong with a line that begins with neither mark. */
static struct stay_frame
bad(const char *text)
{
	if (planted == ABORTS)
		abort();
	while (planted == NEVER_RETURNS && text != NULL)
		continue;
	return stay_frame_bad(text);
}

static void
read_value(struct session *session, struct stay_bytes in, size_t len)
{
	while (
	    len > 0 && (in.data[len - 1] == '\n' || in.data[len - 1] == '\r'))
		len--;
	if (len > 0 && session->first[0] == '\0' && planted == MIXES_REPLIES)
		memcpy(session->first, in.data + 1, len < 16 ? len - 1 : 15);
	session->value =
	    (struct stay_bytes){ in.data + (len > 0), len - (len > 0) };
	if (planted == MIXES_REPLIES)
		session->value.data = session->first;
}

static struct stay_frame
not_done(const struct session *session, size_t len)
{
	struct stay_frame frame =
	    planted == SAYS_IT_ACTED ? stay_frame_error(len, &session->value)
				     : stay_frame_refused(len, &session->value);

	return planted == KEEPS_THE_WORDS
		   ? frame
		   : stay_frame_with_text(
			 frame, session->value.data, session->value.len);
}

static struct stay_frame
decode(struct stay_session *of, struct stay_bytes in)
{
	struct session *session = stay_session_data(of);
	size_t len = any_len(session, in);

	if (planted == HOARDS)
		hoard(stay_session_keep(of), in);
	if (len == 0)
		return in.len < LINE_MAX || planted == HOARDS
			   ? stay_frame_more()
			   : stay_frame_bad("a line that is too long");
	read_value(session, in, len);
	if (in.data[0] == '!')
		return stay_frame_error(len, &session->value);
	if (in.data[0] == '?')
		return not_done(session, len);
	if (in.data[0] != '=' && in.data[0] != '\n')
		return bad("a line that is neither value nor error");
	return stay_frame_reply(len, &session->value);
}

/* ---- sessions ---- */

static struct stay_hello
hello(struct stay_session *session, const struct stay_frame *frame)
{
	struct keep *keep = stay_session_keep(session);

	if (frame != NULL && keep->sessions++ > 0 && planted == GIVES_UP)
		return stay_hello_denied("one session is enough");
	if (frame != NULL)
		return frame->kind == STAY_FRAME_REPLY ? stay_hello_up()
						       : stay_hello_retry("no");
	if (stay_buf_puts(stay_session_control(session), "HI\n") != STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return stay_hello_retry("no memory");
	return stay_hello_wait();
}

/* One by one, each when the one before it is answered. */
static struct stay_hello
on_up(struct stay_session *of, const struct stay_frame *frame)
{
	const struct keep *keep = stay_session_keep(of);
	struct session *session = stay_session_data(of);
	struct stay_buf *out = stay_session_control(of);
	unsigned at;

	if (frame != NULL && frame->kind != STAY_FRAME_REPLY)
		return stay_hello_retry("a topic is refused");
	if (frame == NULL && planted == LOSES_A_TOPIC)
		session->restored = find_topic(keep, "mail") + 1;
	while ((at = session->restored++) < TOPICS_MAX)
		if (keep->topics[at] != NULL)
			break;
	if (at >= TOPICS_MAX)
		return stay_hello_up();
	if (stay_buf_printf(out, "TOPIC %s\n", keep->topics[at]) != STAY_OK ||
	    stay_session_expect(of, 1) != STAY_OK)
		return stay_hello_retry("no memory for the topics");
	return stay_hello_wait();
}

static enum stay_status
init(void *block, const void *config, const struct stay_url *url)
{
	struct keep *keep = block;

	(void)config;
	(void)url;
	keep->blocks[0] = malloc(64);
	if (keep->blocks[0] == NULL)
		return STAY_E_NOMEM;
	keep->blocks[1] = malloc(64);
	if (keep->blocks[1] != NULL)
		return STAY_OK;
	if (planted != LEAKS)
		free(keep->blocks[0]);
	return STAY_E_NOMEM;
}

static void
fini(void *block)
{
	struct keep *keep = block;

	free(keep->blocks[0]);
	free(keep->blocks[1]);
	free(keep->hoard);
}

/* Whoever has lost a session asks for the next one, at once. */
static void
on_down(struct stay_session *session, enum stay_status why)
{
	struct keep *keep = stay_session_keep(session);

	(void)why;
	keep->client = stay_session_client(session);
	if (planted == RECONNECTS_AT_ONCE)
		(void)stay_client_wake(keep->client);
}

static bool
wake(void *block)
{
	struct keep *keep = block;

	stay_client_reconnect(keep->client, STAY_OK);
	return false;
}

static const struct stay_session_ops session_ops = { STAY_SESSION_OPS,
	.on_up = on_up, .on_down = on_down };
static const struct stay_keep_ops keep_ops = { STAY_KEEP_OPS, .init = init,
	.fini = fini, .wake = wake };

const struct stay_protocol planted_protocol = { STAY_PROTOCOL,
	.name = "planted", .session_size = sizeof(struct session),
	.keep_size = sizeof(struct keep), .encode = encode, .decode = decode,
	.hello = hello, .session = &session_ops, .keep = &keep_ops };

/* ---- the contract ---- */

/* Bytes behind a line of `len`; more than there are: it is not whole. */
static size_t
body_of(struct stay_bytes in, size_t len)
{
	struct stay_bytes rest = { in.data + len, in.len - len };
	size_t seen = 0, line;

	if (in.data[0] != 'P')
		return 0;
	if (in.data[4] != '-')
		return (size_t)strtoul(in.data + 4, NULL, 10);
	line = stay_bytes_line(rest, &seen);
	return line > 0 ? line : rest.len + 1;
}

static void
answer(struct stay_buf *out, struct stay_bytes what)
{
	const char *mark = "=";

	if (stay_bytes_begin(what, "ERR"))
		mark = "!";
	if (stay_bytes_begin(what, "NOT"))
		mark = "?";
	(void)stay_buf_puts(out, mark);
	(void)stay_buf_append(out, what.data, what.len);
	(void)stay_buf_puts(out, "\r\n");
}

static size_t
peer(struct stay_contract_peer *peer, struct stay_bytes in)
{
	size_t seen = 0, len = stay_bytes_line(in, &seen);
	size_t body = len == 0 ? 0 : body_of(in, len);
	struct stay_bytes what = { in.data, len - 1 };

	if (len == 0 || in.len < len + body)
		return 0;
	if (in.data[0] == 'T')
		stay_contract_lasts(
		    peer, (struct stay_bytes){ in.data + 6, len - 7 });
	if (in.data[0] == 'D')
		stay_contract_lapses(
		    peer, (struct stay_bytes){ in.data + 5, len - 6 });
	if (body > 0)
		what = stay_bytes_until(
		    (struct stay_bytes){ in.data + len, body }, "\n");
	answer(peer->out, what);
	return len + body;
}

void
planted_show(const void *reply, struct stay_buf *out)
{
	const struct stay_bytes *value = reply;

	(void)stay_buf_append(out, value->data, value->len);
}

static const struct stay_contract_sample samples[] = {
	{ .name = "a", .request = "GET a", .reply = "GET a" },
	{ .name = "b", .request = "GET bb", .reply = "GET bb" },
	{ .name = "error", .request = "ERR", .status = STAY_E_SERVER },
	{ .name = "not now",
	    .request = "NOT NOW",
	    .status = STAY_E_SERVER,
	    .is_refused = true,
	    .words = "NOT NOW" },
	{ .name = "body",
	    .request = "PUT",
	    .body = &(const struct stay_bytes){ "of a body", 9 },
	    .reply = "of a body" },
	{ .name = "open body",
	    .request = "PUT",
	    .body = &(const struct stay_bytes){ "of a line", 9 },
	    .body_is_open = true,
	    .reply = "of a line" },
	{ .name = "news", .request = "TOPIC news" },
	{ .name = "mail", .request = "TOPIC mail" },
	{ .name = "chat", .request = "TOPIC chat" },
	{ .name = "no news", .request = "DROP news" },
	/* of the adapter without a bug alone: with it each is found at once */
	{ .name = "two", .request = "GET one\nGET two", .reply = "GET two" },
};

#define SAMPLES(less)                                                          \
	.samples = samples,                                                    \
	.sample_count = sizeof(samples) / sizeof(samples[0]) - (less)

static const struct stay_contract well = { STAY_CONTRACT, SAMPLES(0),
	.protocol = &planted_protocol, .peer = peer, .show = planted_show,
	.submit = submit };

static const struct stay_contract plain = { STAY_CONTRACT, SAMPLES(1),
	.protocol = &planted_protocol, .peer = peer, .show = planted_show,
	.submit = submit };

static const struct stay_contract with_start = { STAY_CONTRACT, SAMPLES(1),
	.start = planted_start, .url = "planted://peer:7777", .peer = peer,
	.show = planted_show, .submit = submit };

const struct stay_contract *
planted_contract(enum planted bug)
{
	planted = bug;
	if (bug >= HAS_LONG_CALLS)
		return &planted_long;
	if (bug >= HAS_LAST_FRAMES)
		return &planted_last;
	if (bug >= HAS_COUNTS)
		return &planted_counted;
	if (bug >= HAS_TAGS)
		return &planted_tagged;
	if (bug == NOTHING)
		return &well;
	return bug == HAS_NO_JITTER || bug == SAYS_GOODBYE ? &with_start
							   : &plain;
}
