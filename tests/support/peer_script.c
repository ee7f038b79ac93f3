/* Reads requests, looks for a row, answers in time. It knows no carrier. */
#include "peer_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKS "\x01\x02\x03\x04\x05\x06\x07\x08"
#define MS_NS UINT64_C(1000000)

/* Bytes that wait for their time, or a deed that does. */
struct peer_piece {
	struct peer_piece *next;
	uint64_t at;
	enum peer_deed deed;
	unsigned phase;
	size_t len;
	size_t sent;
	char bytes[];
};

static void
bad(const struct peer *peer, const char *what)
{
	if (peer->on_bad != NULL)
		peer->on_bad(what);
	fprintf(stderr, "a peer is told nonsense: %s\n", what);
	abort();
}

/* ---- reading ---- */

static size_t
one_word(struct peer_request *request, const char *in, size_t len)
{
	request->words[0] = (struct peer_word){ in, len };
	request->count = 1;
	return len;
}

size_t
peer_reads_bytes(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	(void)end;
	return one_word(request, in, len);
}

size_t
peer_reads_lines(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	const char *line_end = memchr(in, '\n', len);

	(void)end;
	if (line_end == NULL)
		return 0;
	return one_word(request, in, (size_t)(line_end - in)) + 1;
}

/* "*3\r\n" or "$5\r\n": how many bytes, 0: not whole. */
static size_t
read_number(const struct peer_end *end, const char *in, size_t len, char mark,
    size_t *number)
{
	size_t i = 1;

	if (len == 0)
		return 0;
	if (in[0] != mark)
		bad(end->peer, "what is no command");
	for (*number = 0; i < len && in[i] != '\r'; i++) {
		if (in[i] < '0' || in[i] > '9' || i > 9)
			bad(end->peer, "a length of a command");
		*number = *number * 10 + (size_t)(in[i] - '0');
	}
	if (i + 2 > len)
		return 0;
	if (in[i + 1] != '\n' || i == 1)
		bad(end->peer, "a line of a command ends badly");
	return i + 2;
}

static size_t
read_word(const struct peer_end *end, const char *in, size_t len,
    struct peer_word *word)
{
	size_t head = read_number(end, in, len, '$', &word->len);

	if (head == 0 || len < head + word->len + 2)
		return 0;
	word->text = in + head;
	if (memcmp(word->text + word->len, "\r\n", 2) != 0)
		bad(end->peer, "a word of a command ends badly");
	return head + word->len + 2;
}

size_t
peer_reads_commands(struct peer_end *end, const char *in, size_t len,
    struct peer_request *request)
{
	size_t at = read_number(end, in, len, '*', &request->count), took;
	struct peer_word word;

	if (at > 0 && request->count == 0)
		bad(end->peer, "a command of no word");
	for (size_t i = 0; at > 0 && i < request->count; i++, at += took) {
		took = read_word(end, in + at, len - at, &word);
		if (took == 0)
			return 0;
		if (i < PEER_WORDS_MAX)
			request->words[i] = word;
	}
	return at;
}

/* ---- the log ---- */

static void
note(const struct peer *peer, const char *text, size_t len)
{
	struct peer_log *log = peer->log;

	if (log->len + len >= sizeof(log->text))
		bad(peer, "more than it can note down");
	memcpy(log->text + log->len, text, len);
	log->len += len;
	log->text[log->len] = '\0';
}

static void
note_request(const struct peer *peer, const struct peer_request *request)
{
	for (size_t i = 0; i < request->count && i < PEER_WORDS_MAX; i++) {
		note(peer, " ", i > 0);
		note(peer, request->words[i].text, request->words[i].len);
	}
	note(peer, ";", 1);
}

void
peer_log_clear(struct peer *peer)
{
	peer->log->len = 0;
	peer->log->text[0] = '\0';
}

/* ---- what is said ---- */

static bool
has_left(struct peer_end *end, struct peer_piece *piece)
{
	if (piece->phase != 0)
		end->phase = piece->phase;
	if (piece->deed != PEER_SEND) {
		end->over |=
		    piece->deed == PEER_CLOSE || piece->deed == PEER_RESET;
		end->carrier->does(end->wire, piece->deed);
		return true;
	}
	piece->sent += end->carrier->send(
	    end->wire, piece->bytes + piece->sent, piece->len - piece->sent);
	return piece->sent == piece->len;
}

static void
drop_first(struct peer_end *end)
{
	struct peer_piece *piece = end->first;

	end->first = piece->next;
	if (end->first == NULL)
		end->last = NULL;
	free(piece);
}

void
peer_pump(struct peer_end *end)
{
	uint64_t now = end->carrier->now_ns(end->wire);

	if (end->peer->mute)
		return;
	while (end->first != NULL && end->first->at <= now) {
		if (!end->over && !has_left(end, end->first))
			return;
		drop_first(end);
	}
	if (end->first == NULL || end->wakes)
		return;
	end->wakes = true;
	end->carrier->wake(end, end->first->at - now);
}

void
peer_awake(struct peer_end *end)
{
	end->wakes = false;
	peer_pump(end);
}

void
peer_unmute(struct peer *peer)
{
	struct peer_end *end, *next;

	peer->mute = false;
	for (end = peer->ends; end != NULL; end = next) {
		next = end->next;
		peer_pump(end);
	}
}

static struct peer_piece *
piece_new(const struct peer_end *end, enum peer_deed deed, const void *bytes,
    size_t len)
{
	struct peer_piece *piece =
	    end->carrier->resize(NULL, sizeof(*piece) + len);

	memset(piece, 0, sizeof(*piece));
	piece->deed = deed;
	piece->len = len;
	memcpy(piece->bytes, bytes, len);
	return piece;
}

static void
put(struct peer_end *end, unsigned ms, struct peer_piece *piece)
{
	uint64_t now = end->carrier->now_ns(end->wire);

	if (end->busy_until < now)
		end->busy_until = now;
	end->busy_until += ms * MS_NS;
	piece->at = end->busy_until;
	if (end->last != NULL)
		end->last->next = piece;
	else
		end->first = piece;
	end->last = piece;
	peer_pump(end);
}

void
peer_send(struct peer_end *end, unsigned ms, unsigned phase, const void *bytes,
    size_t len)
{
	struct peer_piece *piece = piece_new(end, PEER_SEND, bytes, len);

	piece->phase = phase;
	put(end, ms, piece);
}

void
peer_say(struct peer_end *end, const char *text)
{
	peer_send(end, 0, 0, text, strlen(text));
}

void
peer_do(struct peer_end *end, unsigned ms, enum peer_deed deed)
{
	put(end, ms, piece_new(end, deed, "", 0));
}

bool
peer_is_busy(const struct peer_end *end)
{
	return end->first != NULL;
}

/* ---- a row ---- */

static bool
begins(const struct peer_request *request, const char *text)
{
	for (size_t i = 0; i < request->count && i < PEER_WORDS_MAX; i++) {
		const struct peer_word *word = &request->words[i];
		size_t len = strnlen(text, word->len);

		if (memcmp(word->text, text, len) != 0)
			return false;
		text += len;
		if (*text == '\0')
			return true;
		if (*text++ != ' ')
			return false;
	}
	return *text == '\0';
}

/* NULL: somebody wants to be accepted. */
static bool
is_for(const struct peer_row *row, const struct peer_request *request)
{
	bool accepts = strcmp(row->request, PEER_ACCEPTS) == 0;

	if (request == NULL || accepts)
		return request == NULL && accepts;
	return begins(request, row->request);
}

static const struct peer_row *
row_for(struct peer *peer, const struct peer_request *request, unsigned **used)
{
	const struct peer_row *row = peer->rows;

	for (*used = peer->used; row != NULL && row->request != NULL; row++) {
		if (is_for(row, request) &&
		    (row->times == 0 || **used < row->times))
			return row;
		if (++*used == peer->used + PEER_ROWS_MAX)
			bad(peer, "more rows than it can count");
	}
	*used = NULL;
	for (row = peer->usual; row != NULL && row->request != NULL; row++)
		if (is_for(row, request))
			return row;
	return NULL;
}

static void
repeat(struct peer_end *end, unsigned ms, const struct peer_request *request)
{
	for (size_t i = 0; i < request->count && i < PEER_WORDS_MAX; i++)
		peer_send(end, i == 0 ? ms : 0, 0, request->words[i].text,
		    request->words[i].len);
}

/* Everything that is late is so after what is before it. */
static void
answer(struct peer_end *end, const char *at, const struct peer_request *request)
{
	unsigned ms = 0;

	while (*at != '\0') {
		size_t len = strcspn(at, MARKS);

		if (len > 0)
			peer_send(end, ms, 0, at, len);
		else if (*at == PEER_LATE("")[0])
			len = 1 + strcspn(at, ";");
		else if (*at == PEER_REPEATS[0])
			repeat(end, ms, request);
		else if (*at == PEER_DEAFENS[0])
			end->deaf = true;
		else if (*at == PEER_SECURES[0])
			peer_do(end, ms, PEER_SECURE);
		else
			peer_do(end, ms, (enum peer_deed) * at);
		ms = *at == PEER_LATE("")[0]
			 ? (unsigned)strtoul(at + 1, NULL, 10)
			 : 0;
		at += len > 0 ? len : 1;
	}
}

static void
serve(struct peer_end *end, const struct peer_request *request)
{
	struct peer *peer = end->peer;
	unsigned *used;
	const struct peer_row *row = row_for(peer, request, &used);

	if (peer->log != NULL && request != NULL &&
	    (row == NULL || !row->unlogged))
		note_request(peer, request);
	if (row == NULL || end->deaf || end->over)
		return;
	if (used != NULL)
		++*used;
	if (row->act != NULL)
		row->act(end, request);
	answer(end, row->answer, request);
}

/* ---- a connection ---- */

struct peer_end *
peer_end_new(struct peer *peer, const struct peer_carrier *carrier, void *wire)
{
	struct peer_end *end = carrier->resize(NULL, sizeof(*end));

	*end = (struct peer_end){ .peer = peer,
		.next = peer->ends,
		.carrier = carrier,
		.wire = wire };
	peer->ends = end;
	return end;
}

void
peer_accept(struct peer_end *end)
{
	struct peer *peer = end->peer;

	peer->accepted++;
	if (peer->log != NULL)
		note(peer, "|", 1);
	if (peer->on_accept != NULL)
		peer->on_accept(end);
	serve(end, NULL);
}

static void
keep(struct peer_end *end, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	if (end->in_len + len > end->in_cap) {
		end->in_cap = 2 * (end->in_len + len);
		end->in = end->carrier->resize(end->in, end->in_cap);
	}
	memcpy(end->in + end->in_len, bytes, len);
	end->in_len += len;
}

void
peer_hear(struct peer_end *end, const char *bytes, size_t len)
{
	peer_read_fn *reads = end->peer->reads;
	struct peer_request request;
	size_t done = 0, took;

	keep(end, bytes, len);
	while (done < end->in_len) {
		took = (reads != NULL ? reads : peer_reads_bytes)(
		    end, end->in + done, end->in_len - done, &request);
		if (took == 0)
			break;
		done += took;
		serve(end, &request);
	}
	end->in_len -= done;
	if (end->in_len > 0)
		memmove(end->in, end->in + done, end->in_len);
}

void
peer_hung_up(struct peer_end *end, int error)
{
	if (end->peer->on_close != NULL)
		end->peer->on_close(end, error);
}

void
peer_end_free(struct peer_end *end)
{
	struct peer_end **at = &end->peer->ends;

	while (*at != end)
		at = &(*at)->next;
	*at = end->next;
	while (end->first != NULL)
		drop_first(end);
	free(end->in);
	free(end);
}
