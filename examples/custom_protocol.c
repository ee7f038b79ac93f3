/*
 * The lesson: a real protocol in 130 lines.
 *
 * memcached's text protocol (get, set, delete, incr), as an adapter of its own:
 * https://github.com/memcached/memcached/blob/master/doc/protocol.txt. It is
 * two functions, encode and decode, and a table. Connecting, pipelining,
 * timeouts and reconnecting come with the engine.
 *
 * Three things to learn from it:
 *  - In encode, reject what could be read as another request: a key with a
 *    space or a line end in it.
 *  - In decode, check that a reply fits its request. Then a peer that is out of
 *    step is found at once, and not when a caller gets another one's value.
 *  - Bound everything that the peer decides: the length of a line, of a value.
 *
 *	custom_protocol [memcached://host[:port]]      default: starts its own
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <stay/client.h>

#include "support/peer.h"

/* ---- the adapter begins ---- */
#define KEY_LEN_MAX   250
#define LINE_LEN_MAX  2048
#define VALUE_LEN_MAX (64u << 20)

enum mc_verb { MC_GET = 1, MC_SET = 2, MC_DELETE = 4, MC_INCR = 8 };
enum mc_kind { MC_ERROR, MC_VALUE, MC_MISS, MC_DONE, MC_NUMBER };

struct mc_request {
	enum mc_verb verb;
	const char *key;
	struct stay_bytes value; /* set */
	uint64_t number;         /* set: flags that come back; incr: by */
};

struct mc_reply {
	enum mc_kind kind;
	struct stay_bytes text; /* the value, or the line as it came */
	uint64_t number;        /* the flags of a value, or what incr made */
};

/* What a line may begin with, what it means, and which verbs it may reply
 * to. */
static const struct {
	const char *text;
	enum mc_kind kind;
	enum stay_frame_kind frame;
	unsigned verbs;
} words[] = {
	{ "END\r\n", MC_MISS, STAY_FRAME_REPLY, MC_GET },
	{ "STORED\r\n", MC_DONE, STAY_FRAME_REPLY, MC_SET },
	{ "DELETED\r\n", MC_DONE, STAY_FRAME_REPLY, MC_DELETE },
	{ "NOT_FOUND\r\n", MC_MISS, STAY_FRAME_REPLY, MC_DELETE | MC_INCR },
	{ "ERROR\r\n", MC_ERROR, STAY_FRAME_ERROR, ~0u },
	{ "CLIENT_ERROR ", MC_ERROR, STAY_FRAME_ERROR, ~0u },
	{ "SERVER_ERROR ", MC_ERROR, STAY_FRAME_ERROR, ~0u },
};

static enum stay_status
mc_encode(struct stay_request *request, struct stay_buf *out)
{
	const struct mc_request *mc = request->data;
	size_t len = strlen(mc->key);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)mc->key[i] <= ' ' || mc->key[i] == 0x7f)
			return STAY_E_ARG; /* would end the word, or the line */
	if (len == 0 || len > KEY_LEN_MAX || mc->value.len > VALUE_LEN_MAX)
		return STAY_E_ARG;
	request->tag = mc->verb; /* for decode: what the reply is to */
	request->flags = mc->verb == MC_GET ? STAY_READ_ONLY : 0;
	if (mc->verb == MC_GET)
		return stay_buf_printf(out, "get %s\r\n", mc->key);
	if (mc->verb == MC_DELETE)
		return stay_buf_printf(out, "delete %s\r\n", mc->key);
	if (mc->verb == MC_INCR)
		return stay_buf_printf(
		    out, "incr %s %" PRIu64 "\r\n", mc->key, mc->number);
	if (stay_buf_printf(out, "set %s %" PRIu32 " 0 %zu\r\n", mc->key,
		(uint32_t)mc->number, mc->value.len) != STAY_OK ||
	    stay_buf_append(out, mc->value.data, mc->value.len) != STAY_OK)
		return STAY_E_TOO_BIG;
	return stay_buf_puts(out, "\r\n");
}

/* Read a number up to `max` that ends with `end`, and move *at behind it. */
static bool
number(const char **at, char end, uint64_t max, uint64_t *value)
{
	char *stop;

	if (!isdigit((unsigned char)**at))
		return false;
	*value = strtoull(*at, &stop, 10);
	*at = stop + 1;
	return *stop == end && *value <= max;
}

/* "VALUE <key> <flags> <bytes>", as many bytes, and "END". */
static struct stay_frame
decode_value(struct mc_reply *reply, struct stay_bytes in, size_t line_len)
{
	const char *at = memchr(in.data + 6, ' ', line_len - 6);
	uint64_t len;

	if (!at || *at++ != ' ' || !number(&at, ' ', ~0u, &reply->number) ||
	    !number(&at, '\r', VALUE_LEN_MAX, &len) || *at != '\n')
		return stay_frame_bad("a VALUE line that makes no sense");
	if (in.len < line_len + len + 7)
		return stay_frame_more_of(line_len + len + 7);
	if (memcmp(in.data + line_len + len, "\r\nEND\r\n", 7) != 0)
		return stay_frame_bad("a value without its END");
	reply->kind = MC_VALUE;
	reply->text = (struct stay_bytes){ in.data + line_len, len };
	return stay_frame_reply(line_len + len + 7, reply);
}

static struct stay_frame
mc_decode(struct stay_session *session, struct stay_bytes in)
{
	struct mc_reply *reply = stay_session_data(session);
	const uint64_t *verb = stay_session_oldest(session);
	const char *end = memchr(in.data, '\n', in.len), *at = in.data;
	size_t len = end != NULL ? (size_t)(end + 1 - at) : in.len;

	if (verb == NULL || len > LINE_LEN_MAX)
		return stay_frame_bad(
		    "a reply to no request, or a line that is too long");
	if (end == NULL)
		return stay_frame_more();
	if (*verb == MC_GET && strncmp(at, "VALUE ", 6) == 0)
		return decode_value(reply, in, len);
	*reply = (struct mc_reply){ MC_NUMBER, { at, strcspn(at, "\r\n") }, 0 };
	if (*verb == MC_INCR && number(&at, '\r', UINT64_MAX, &reply->number))
		return stay_frame_reply(len, reply);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		reply->kind = words[i].kind;
		if ((*verb & words[i].verbs) != 0 &&
		    strncmp(in.data, words[i].text, strlen(words[i].text)) == 0)
			return stay_frame_of(words[i].frame, len, reply);
	}
	return stay_frame_bad("a reply that does not fit its request");
}

static const struct stay_protocol memcached = {
	STAY_PROTOCOL,
	.name = "memcached",
	.port = "11211",
	.session_size = sizeof(struct mc_reply),
	.encode = mc_encode,
	.decode = mc_decode,
};
/* ---- the adapter ends ---- */

/* A request, what is expected of it, and whether that came. */
struct question {
	const char *says;
	struct mc_request request;
	enum stay_status status;
	enum mc_kind kind;
	bool right;
};

/* clang-format off */
#define NOTHING { NULL, 0 }
#define TEXT(text) { text, sizeof(text) - 1 }

static struct question questions[] = {
	{ "set greeting \"hello\", flags 42",
	  { MC_SET, "greeting", TEXT("hello"), 42 }, STAY_OK, MC_DONE, false },
	{ "get greeting",
	  { MC_GET, "greeting", NOTHING, 0 }, STAY_OK, MC_VALUE, false },
	{ "set tricky \"END\\r\\n\"",
	  { MC_SET, "tricky", TEXT("END\r\n"), 0 }, STAY_OK, MC_DONE, false },
	{ "get tricky",
	  { MC_GET, "tricky", NOTHING, 0 }, STAY_OK, MC_VALUE, false },
	{ "incr counter, not there yet",
	  { MC_INCR, "counter", NOTHING, 1 }, STAY_OK, MC_MISS, false },
	{ "set counter \"41\"",
	  { MC_SET, "counter", TEXT("41"), 0 }, STAY_OK, MC_DONE, false },
	{ "incr counter",
	  { MC_INCR, "counter", NOTHING, 1 }, STAY_OK, MC_NUMBER, false },
	{ "incr greeting, no number",
	  { MC_INCR, "greeting", NOTHING, 1 }, STAY_E_SERVER, MC_ERROR, false },
	{ "delete greeting",
	  { MC_DELETE, "greeting", NOTHING, 0 }, STAY_OK, MC_DONE, false },
	{ "get greeting",
	  { MC_GET, "greeting", NOTHING, 0 }, STAY_OK, MC_MISS, false },
	{ "get \"a\\r\\nflush_all\"",
	  { MC_GET, "a\r\nflush_all", NOTHING, 0 }, STAY_E_ARG, MC_ERROR, false },
	{ "get \"two words\"",
	  { MC_GET, "two words", NOTHING, 0 }, STAY_E_ARG, MC_ERROR, false },
};
/* clang-format on */

#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))

static const char *const kinds[] = { "error", "value", "miss", "done",
	"number" };

/* A peer's bytes must not reach a terminal as they are. */
static void
print_text(struct stay_bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		printf(isprint((unsigned char)text.data[i]) ? "%c" : "\\x%02x",
		    (unsigned char)text.data[i]);
}

static void
on_answer(void *arg, const struct stay_result *result)
{
	struct question *question = arg;
	const struct mc_reply *reply = result->reply;

	printf("%-32s ", question->says);
	if (reply == NULL) {
		printf("%s: %s\n", stay_outcome_name(result->outcome),
		    result->why);
		return;
	}
	printf("%-8s ", kinds[reply->kind]);
	print_text(reply->text);
	printf(reply->kind == MC_VALUE ? "  flags %" PRIu64 "\n" : "\n",
	    reply->number);
	question->right =
	    result->status == question->status && reply->kind == question->kind;
}

/* Submit all of them at once. Those that are accepted are sent together. */
static void
ask_all(struct stay_client *client)
{
	for (size_t i = 0; i < QUESTION_COUNT; i++) {
		struct question *question = &questions[i];
		enum stay_status status = stay_client_call(
		    client, &question->request, on_answer, question);

		if (status == STAY_OK)
			continue; /* on_answer will run, once */
		printf("%-32s rejected %s\n", question->says,
		    stay_strerror(status));
		question->right = status == question->status;
	}
}

static bool
run(const char *url)
{
	struct stay_loop *loop = stay_loop_ev(EV_DEFAULT);
	struct stay_client *client;
	size_t wrong = 0;

	if (loop == NULL)
		return false;
	if (stay_client_start(&client, loop, &memcached, url, NULL) ==
	    STAY_OK) {
		ask_all(client);
		/* Accept no more, and stop when the last has completed. */
		stay_client_drain(client, 5000);
		ev_run(EV_DEFAULT, 0);
	}
	stay_loop_free(loop);
	for (size_t i = 0; i < QUESTION_COUNT; i++)
		wrong += !questions[i].right;
	printf("%zu requests, %zu not as expected\n", QUESTION_COUNT, wrong);
	return wrong == 0;
}

/* Start a memcached of our own. Run by root, it must be told so. */
static bool
start_server(struct peer *peer)
{
	if (!peer_exists("memcached") || !peer_port(peer)) {
		fputs("memcached is not installed: give the URL of one, as "
		      "memcached://host\n",
		    stderr);
		return false;
	}
	return peer_exec(peer, "memcached -l 127.0.0.1 -p %d -U 0 %s",
	    peer->port, getuid() == 0 ? "-u root" : "");
}

int
main(int argc, char **argv)
{
	struct peer peer = { 0 };
	char url[64];
	bool well = false;

	if (argc > 1) {
		well = run(argv[1]);
	} else if (start_server(&peer)) {
		snprintf(
		    url, sizeof(url), "memcached://127.0.0.1:%d", peer.port);
		well = run(url);
	}
	peer_kill(&peer);
	return well ? 0 : 1;
}
