/* A filter that hides nothing, and its other end. */
#include "toy_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 3
#define MASK 0xa5

/* ---- records ---- */

static unsigned char
sum_of(const char *bytes, size_t len)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (unsigned char)(sum * 31 + (unsigned char)bytes[i]);
	return sum;
}

/* `to` has room for len + 4. */
static size_t
seal(char *to, const char *bytes, size_t len)
{
	to[0] = 'T';
	to[1] = (char)(len >> 8);
	to[2] = (char)(len & 0xff);
	for (size_t i = 0; i < len; i++)
		to[HEAD + i] = (char)(bytes[i] ^ MASK);
	to[HEAD + len] = (char)sum_of(bytes, len);
	return HEAD + len + 1;
}

/* Sealed bytes until a record is whole, and what is opened and not yet read. */
struct opener {
	struct stay_buf in;
	struct stay_buf out;
};

static void
opener_fini(struct opener *opener)
{
	stay_buf_fini(&opener->in);
	stay_buf_fini(&opener->out);
}

/* How many bytes the record at the front has, its head and sum included. */
static size_t
wanted(struct stay_bytes in)
{
	return in.len < HEAD ? HEAD : HEAD + stay_bytes_u16(in.data + 1) + 1u;
}

static enum stay_status
open_record(struct opener *opener, size_t len)
{
	const char *from = stay_buf_bytes(&opener->in).data + HEAD;
	char *to = stay_buf_reserve(&opener->out, len + 1);

	if (to == NULL)
		return STAY_E_NOMEM;
	for (size_t i = 0; i < len; i++)
		to[i] = (char)(from[i] ^ MASK);
	if ((char)sum_of(to, len) != from[len])
		return STAY_E_PROTOCOL;
	stay_buf_commit(&opener->out, len);
	stay_buf_take(&opener->in, HEAD + len + 1);
	if (stay_buf_len(&opener->in) == 0)
		stay_buf_fini(&opener->in);
	return STAY_OK;
}

/* Take bytes, up to the end of a record: *len bytes were opened, SIZE_MAX: none is
 * whole. */
static enum stay_status
take(struct opener *opener, struct stay_bytes *from, size_t *len)
{
	size_t more = wanted(stay_buf_bytes(&opener->in));
	struct stay_bytes in;

	*len = SIZE_MAX;
	while (from->len > 0) {
		in = stay_buf_bytes(&opener->in);
		more = wanted(in) - in.len;
		if (more > from->len)
			more = from->len;
		if (stay_buf_append(&opener->in, from->data, more) != STAY_OK)
			return STAY_E_NOMEM;
		from->data += more;
		from->len -= more;
		in = stay_buf_bytes(&opener->in);
		if (in.data[0] != 'T')
			return STAY_E_PROTOCOL;
		if (in.len < HEAD || in.len < wanted(in))
			continue;
		*len = wanted(in) - HEAD - 1;
		return open_record(opener, *len);
	}
	return STAY_OK;
}

/* ---- the client's end ---- */

struct toy_state {
	struct toy_filter *toy;
	char word[4]; /* "toy!" */
	size_t word_len;
	bool ended;
	struct opener opener;
};

static void
hold(struct stay_filter *filter)
{
	((struct toy_filter *)filter)->held++;
}

static void
drop(struct stay_filter *filter)
{
	struct toy_filter *toy = (struct toy_filter *)filter;

	if (toy->held-- == 0)
		abort();
	toy->let_go += toy->held == 0;
}

static enum stay_status
adapt(struct stay_filter *filter, const struct stay_url *url,
    struct stay_filter **adapted, char *why, size_t len)
{
	struct toy_filter *toy = (struct toy_filter *)filter;

	if (toy->rejects != STAY_OK) {
		snprintf(why, len, "the toy does not like %s", url->query);
		return toy->rejects;
	}
	toy->held++;
	*adapted = filter;
	return STAY_OK;
}

static void
fail(struct stay_filter_io *io, enum stay_status status, const char *why)
{
	io->status = status;
	snprintf(io->why, sizeof(io->why), "%s", why);
}

static bool
toy_open(void *state, struct stay_filter *filter, const char *peer,
    struct stay_filter_io *io)
{
	struct toy_state *own = state;

	own->toy = (struct toy_filter *)filter;
	snprintf(own->toy->last_peer, sizeof(own->toy->last_peer), "%s", peer);
	if (own->toy->refuses != STAY_OK) {
		fail(io, own->toy->refuses, "the toy will not");
		return false;
	}
	if (stay_buf_printf(io->out, "toy? %s\n", peer) != STAY_OK) {
		fail(io, STAY_E_NOMEM, "no memory for the toy");
		return false;
	}
	own->toy->opened++;
	return true;
}

static int
toy_secure(void *state, struct stay_filter_io *io)
{
	struct toy_state *own = state;

	while (own->word_len < sizeof(own->word) && io->in.len > 0) {
		own->word[own->word_len++] = *io->in.data++;
		io->in.len--;
	}
	if (own->word_len < sizeof(own->word)) {
		if (!io->in_ended)
			return 0;
		fail(io, STAY_E_CLOSED, "the toy was cut off");
		return -1;
	}
	if (memcmp(own->word, "toy!", sizeof(own->word)) == 0)
		return 1;
	if (memcmp(own->word, "toy-", sizeof(own->word)) == 0)
		fail(io, STAY_E_NOT_READY, "the toy is refused");
	else
		fail(io, own->toy->stranger, "the peer has no toy");
	return -1;
}

static ssize_t
read_opened(struct opener *opener, void *bytes, size_t len)
{
	struct stay_bytes out = stay_buf_bytes(&opener->out);

	if (len > out.len)
		len = out.len;
	memcpy(bytes, out.data, len);
	stay_buf_take(&opener->out, len);
	if (len == out.len)
		stay_buf_fini(&opener->out);
	return (ssize_t)len;
}

static ssize_t
broken(struct stay_filter_io *io, enum stay_status status, const char *why)
{
	fail(io, status, why);
	return -EPROTO;
}

static ssize_t
toy_read(void *state, struct stay_filter_io *io, void *bytes, size_t len)
{
	struct toy_state *own = state;
	enum stay_status status;
	size_t opened;

	if (stay_buf_len(&own->opener.out) > 0)
		return read_opened(&own->opener, bytes, len);
	if (own->ended)
		return 0;
	status = take(&own->opener, &io->in, &opened);
	if (status != STAY_OK)
		return broken(io, status, "the seal of the toy is broken");
	if (opened == SIZE_MAX && io->in_ended)
		return broken(
		    io, STAY_E_CLOSED, "cut off without an end of the toy");
	if (opened == SIZE_MAX)
		return -EAGAIN;
	own->ended = opened == 0;
	return own->ended ? 0 : read_opened(&own->opener, bytes, len);
}

static bool
append_record(struct stay_filter_io *io, const char *bytes, size_t len)
{
	char *to = stay_buf_reserve(io->out, len + HEAD + 1);

	if (to == NULL) {
		fail(io, STAY_E_NOMEM, "no memory for the toy");
		return false;
	}
	stay_buf_commit(io->out, seal(to, bytes, len));
	return true;
}

static bool
toy_write(void *state, struct stay_filter_io *io, const void *bytes, size_t len)
{
	(void)state;
	return append_record(io, bytes, len);
}

static void
toy_shutdown(void *state, struct stay_filter_io *io)
{
	struct toy_state *own = state;

	own->toy->said_end++;
	(void)append_record(io, "", 0);
}

static void
toy_close(void *state)
{
	struct toy_state *own = state;

	own->toy->closed++;
	opener_fini(&own->opener);
}

static const struct stay_filter_ops ops = {
	STAY_FILTER_OPS,
	.name = "toy",
	.state_size = sizeof(struct toy_state),
	.hold = hold,
	.drop = drop,
	.adapt = adapt,
	.open = toy_open,
	.secure = toy_secure,
	.read = toy_read,
	.write = toy_write,
	.shutdown = toy_shutdown,
	.close = toy_close,
};

void
toy_filter_init(struct toy_filter *toy)
{
	*toy = (struct toy_filter){ .filter = { &ops },
		.stranger = STAY_E_INSECURE };
}

/* ---- the server's end ---- */

struct toy_end {
	bool greeted;
	bool accepted;
	bool said; /* what it says to the greeting: the rest is sealed */
	bool said_end;
	char in[HEAD + STAY_FILTER_RECORD_MAX + 1];
	size_t in_len;
};

void
toy_begin(struct peer_end *end)
{
	end->toy = end->carrier->resize(NULL, sizeof(*end->toy));
	memset(end->toy, 0, sizeof(*end->toy));
}

bool
toy_is_accepted(const struct peer_end *end)
{
	return end->toy->accepted;
}

bool
toy_has_said_end(const struct peer_end *end)
{
	return end->toy->said_end;
}

/* Up to the end of the line. Only then the server hears of the connection. */
static void
greet(struct peer_end *end, struct stay_bytes *in)
{
	struct toy_terms *terms = end->peer->toy;
	bool refused;

	while (in->len > 0 && !end->toy->greeted) {
		end->toy->greeted = *in->data++ == '\n';
		in->len--;
	}
	if (!end->toy->greeted)
		return;
	refused = terms->refuses != NULL && terms->refuses(terms->arg);
	terms->refused += refused;
	peer_send(end, terms->late_ms != NULL ? terms->late_ms(terms->arg) : 0,
	    0, refused ? "toy-" : "toy!", 4);
	end->toy->accepted = !refused;
	if (refused)
		peer_do(end, 0, PEER_CLOSE);
	else if (!terms->in_the_middle)
		peer_accept(end);
}

/* Whether the record is whole with it. Its memory is not the library's. */
static bool
serve_byte(struct toy_end *toy, char byte)
{
	toy->in[toy->in_len++] = byte;
	return toy->in_len >= HEAD &&
	       toy->in_len ==
		   wanted((struct stay_bytes){ toy->in, toy->in_len });
}

static void
hear_record(struct peer_end *end)
{
	struct toy_end *toy = end->toy;
	size_t len = toy->in_len - HEAD - 1;
	char *bytes = toy->in + HEAD;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(bytes[i] ^ MASK);
	if (toy->in[0] != 'T' || (char)sum_of(bytes, len) != bytes[len])
		abort();
	toy->in_len = 0;
	end->peer->toy->ended += len == 0;
	peer_hear(end, bytes, len);
}

void
toy_hear(struct peer_end *end, const char *bytes, size_t len)
{
	struct stay_bytes in = { bytes, len };

	if (!end->toy->greeted)
		greet(end, &in);
	for (; in.len > 0 && !end->over; in.len--)
		if (serve_byte(end->toy, *in.data++))
			hear_record(end);
}

void
toy_end_free(struct peer_end *end)
{
	free(end->toy);
}

void
toy_say(struct peer_end *end, const char *bytes, size_t len,
    void (*send)(struct peer_end *end, const char *bytes, size_t len))
{
	char record[HEAD + STAY_FILTER_RECORD_MAX + 1];
	size_t part;

	if (!end->toy->said) {
		end->toy->said = true;
		if (len > 0)
			send(end, bytes, len);
		return;
	}
	end->toy->said_end |= len == 0;
	if (len == 0)
		send(end, record, seal(record, "", 0));
	for (; len > 0; len -= part, bytes += part) {
		part =
		    len < STAY_FILTER_RECORD_MAX ? len : STAY_FILTER_RECORD_MAX;
		send(end, record, seal(record, bytes, part));
	}
}
