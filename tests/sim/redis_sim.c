/*
 * A strict Redis: it reads RESP and nothing else, minds the greeting (HELLO,
 * AUTH, CLIENT, SELECT, PING, in that order and before anything else), executes
 * on a tiny store, and logs what it executed. Whatever a client sends that it
 * should not send is a broken promise, not an error reply.
 */
#include "redis_sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 12

enum { GREETING, READY };

static bool
is(const struct peer_word *word, const char *text)
{
	return word->len == strlen(text) &&
	       memcmp(word->text, text, word->len) == 0;
}

/* The number of a call in "ECHO 12:...", "n:12". */
static uint64_t
number_in(const struct peer_word *word)
{
	char digits[24] = "";
	size_t skip = word->len > 2 && word->text[0] > '9' ? 2 : 0, len;

	for (len = 0; len < 20 && skip + len < word->len; len++)
		digits[len] = word->text[skip + len];
	return strtoull(digits, NULL, 10);
}

/* ---- the greeting ---- */

static bool
may_enter(
    const struct desk *desk, const struct peer_request *command, size_t from)
{
	const struct host *host = desk->host;

	if (host->password[0] == '\0')
		return true;
	return command->count > from &&
	       is(&command->words[command->count > from + 1 ? from + 1 : from],
		   host->password);
}

static void
say(struct desk *desk, const char *text)
{
	desk_print(desk, desk_delay(desk), 0, "%s", text);
}

static void
serve_hello(struct desk *desk, const struct peer_request *command)
{
	if (desk->pings > 0 || desk->knows_hello || desk->authed)
		broken(4, "HELLO comes late");
	if (desk->host->old) {
		desk->refused = true;
		say(desk, "-ERR unknown command 'HELLO'\r\n");
		return;
	}
	if (command->count > 2 && is(&command->words[2], "AUTH")) {
		if (!may_enter(desk, command, 3)) {
			say(desk,
			    "-WRONGPASS invalid username-password pair\r\n");
			return;
		}
		desk->authed = true;
	}
	if (!desk->authed && desk->host->password[0] != '\0') {
		say(desk, "-NOAUTH HELLO must be called with AUTH\r\n");
		return;
	}
	desk->knows_hello = true;
	desk->resp3 = is(&command->words[1], "3");
	say(desk, desk->resp3 ? "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"
			      : "*2\r\n+server\r\n+redis\r\n");
}

/* Some servers drop the error of an AUTH that is sent behind a request whose
 * reply is due; every later reply would then be another's. */
static void
serve_auth(struct desk *desk, const struct peer_request *command)
{
	if (peer_is_busy(desk->end))
		broken(4, "AUTH is sent behind what is not answered");
	desk->authed = may_enter(desk, command, 1);
	say(desk, desk->authed ? "+OK\r\n" : "-ERR invalid password\r\n");
}

static void
serve_select(struct desk *desk, const struct peer_request *command)
{
	if (desk->host->password[0] != '\0' && !desk->authed) {
		say(desk, "-NOAUTH Authentication required.\r\n");
		return;
	}
	desk->db = (unsigned)number_in(&command->words[1]);
	say(desk, "+OK\r\n");
}

/* The last step of a greeting; a second line of them follows an old server's
 * refusal of HELLO. */
static void
serve_ping(struct desk *desk)
{
	unsigned last = desk->refused && desk->pings == 0 ? GREETING : READY;

	desk->pings++;
	if (desk->host->loading)
		say(desk,
		    "-LOADING Redis is loading the dataset in memory\r\n");
	else if (desk->host->password[0] != '\0' && !desk->authed)
		say(desk, "-NOAUTH Authentication required.\r\n");
	else
		desk_print(desk, desk_delay(desk), last, "+PONG\r\n");
}

static bool
serve_greeting(struct desk *desk, const struct peer_request *command)
{
	const struct peer_word *name = &command->words[0];
	bool late = desk->end->phase == READY && !is(name, "PING");

	if (is(name, "PING"))
		serve_ping(desk);
	else if (is(name, "HELLO"))
		serve_hello(desk, command);
	else if (is(name, "AUTH"))
		serve_auth(desk, command);
	else if (is(name, "SELECT"))
		serve_select(desk, command);
	else if (is(name, "CLIENT"))
		say(desk, "+OK\r\n");
	else
		return false;
	if (late)
		broken(
		    4, "%.*s after the greeting", (int)name->len, name->text);
	return true;
}

/* ---- commands ---- */

static void
answer_list(struct desk *desk, const struct call *call, unsigned ms)
{
	const char *null = desk->resp3 ? "_\r\n" : "$-1\r\n";

	desk_print(desk, ms, 0,
	    "*3\r\n:%" PRIu64 "\r\n*2\r\n%s*1\r\n+deep\r\n%s", call->number,
	    null, null);
}

static void
answer_map(struct desk *desk, const struct call *call, unsigned ms)
{
	desk_print(desk, ms, 0, "%s\r\n$6\r\nnumber\r\n:%" PRIu64 "\r\n",
	    desk->resp3 ? "%1" : "*2", call->number);
}

static void
answer_echo(struct desk *desk, const struct peer_word *word, unsigned ms)
{
	char out[PAD_MAX + 128];
	int head = snprintf(out, sizeof(out), "$%zu\r\n", word->len);

	memcpy(out + head, word->text, word->len);
	memcpy(out + head + word->len, "\r\n", 2);
	peer_send(desk->end, ms, 0, out, (size_t)head + word->len + 2);
}

/* The number of its own, and the value of another's key. */
static void
answer_get(struct desk *desk, const struct peer_request *command,
    const struct call *call, unsigned ms)
{
	const struct call *about =
	    ledger_find(desk->host->run, number_in(&command->words[2]));
	bool there = about != NULL && about->stored > 0 &&
		     about->epoch == desk->host->epoch;

	if (there)
		desk_print(desk, ms, 0,
		    "*2\r\n:%" PRIu64 "\r\n+%" PRIu64 "\r\n", call->number,
		    about->number);
	else
		desk_print(desk, ms, 0, "*2\r\n:%" PRIu64 "\r\n%s",
		    call->number, desk->resp3 ? "_\r\n" : "$-1\r\n");
}

static void
answer(struct desk *desk, const struct peer_request *command,
    const struct call *call)
{
	unsigned ms = desk_delay(desk);

	switch (call->shape) {
	case REDIS_ECHO:
		answer_echo(desk, &command->words[1], ms);
		return;
	case REDIS_INCR:
		desk_print(desk, ms, 0, ":%u\r\n", call->stored);
		return;
	case REDIS_SET:
		desk_print(desk, ms, 0, "+OK\r\n");
		return;
	case REDIS_GET:
		answer_get(desk, command, call, ms);
		return;
	case REDIS_MAP:
		answer_map(desk, call, ms);
		return;
	case REDIS_LIST:
		answer_list(desk, call, ms);
		return;
	case REDIS_POP:
		ms += draw_below(desk->host->run, REDIS_POP_MS);
		answer_map(desk, call, ms);
		return;
	default:
		desk_print(
		    desk, ms, 0, "-ERR no %" PRIu64 "\r\n", call->number);
	}
}

static void
check_allowed(const struct desk *desk, const struct peer_request *command)
{
	const struct peer_word *name = &command->words[0];

	if (desk->end->phase != READY)
		broken(4, "%.*s before the greeting is over", (int)name->len,
		    name->text);
	if (desk->db != 3)
		broken(
		    4, "%.*s on db %u", (int)name->len, name->text, desk->db);
}

static void
serve_command(struct desk *desk, const struct peer_request *command)
{
	struct call *call;

	check_allowed(desk, command);
	if (command->count < 2)
		broken(4, "a command of one word");
	call = desk_ordered(desk, number_in(&command->words[1]));
	if (!redis_is_request(
		call, command->words[0].text, command->words[0].len))
		broken(4, "call %" PRIu64 " has come as %.*s", call->number,
		    (int)command->words[0].len, command->words[0].text);
	if (command->count > 2 && call->shape == REDIS_SET &&
	    (command->words[2].len != call->pad ||
		!pad_is(call, command->words[2].text)))
		broken(4, "call %" PRIu64 " has come with other bytes",
		    call->number);
	if (desk->host->loading) {
		say(desk,
		    "-LOADING Redis is loading the dataset in memory\r\n");
		return;
	}
	desk_executed(desk, call);
	answer(desk, command, call);
}

/* ---- subscriptions ---- */

/* A client asks for what it has not, and gives up what it has. A lie may have told it
 * that it has not, or has. */
static bool
serve_subscription(struct desk *desk, const struct peer_request *command)
{
	const struct peer_word *name = &command->words[0];
	bool begins = is(name, "SUBSCRIBE");
	unsigned channel;

	if (!begins && !is(name, "UNSUBSCRIBE"))
		return false;
	check_allowed(desk, command);
	channel = (unsigned)(command->words[1].text[1] - '0');
	if (!desk->resp3 || channel >= CHANNELS_MAX ||
	    (desk->subscribed[channel] == begins &&
		!user_is_lied_to(desk->host->user)))
		broken(
		    4, "%.*s for the second time", (int)name->len, name->text);
	if (begins && desk->host->loading) {
		say(desk, "-LOADING Redis is loading the dataset\r\n");
		return true;
	}
	desk->subscribed[channel] = begins;
	desk_print(desk, desk_delay(desk), 0,
	    ">3\r\n+%s\r\n$2\r\nc%u\r\n:1\r\n",
	    begins ? "subscribe" : "unsubscribe", channel);
	return true;
}

/* Published it is in any case; who does not listen misses it. A connection that the
 * program has left and the server has not does not publish any more: the next one
 * would hear it, too. */
static void
publish(struct desk *desk)
{
	unsigned channel = draw_below(desk->host->run, CHANNELS_MAX);
	uint64_t number;

	if (desk != host_desk(desk->host))
		return;
	number = ++desk->host->published[channel];
	if (desk->subscribed[channel])
		desk_print(desk, 0, 0,
		    ">3\r\n+message\r\n+c%u\r\n:%" PRIu64 "\r\n", channel,
		    number);
}

void
redis_serve(struct peer_end *end, const struct peer_request *command)
{
	struct desk *desk = desk_of(end);

	if (command->count > WORDS_MAX)
		broken(4, "a command of %zu words", command->count);
	if (!serve_greeting(desk, command) &&
	    !serve_subscription(desk, command))
		serve_command(desk, command);
	if (desk->host->user->subscribes && desk->end->phase == READY &&
	    draw_mille(desk->host->run, 300))
		publish(desk);
}

/* ---- lies, and what it says of its own will ---- */

void
redis_lie(struct desk *desk)
{
	static const char *const lies[] = { "?\r\n", "$99999999999\r\n",
		"*4000000000\r\n", ":1\r\n", "$-2\r\n", "+x", "*1\r\n*1\r\n$",
		"\r\n", "-ERR lie\r\n", "$5\r\nabcdefgh", ":12a\r\n",
		"%1\r\n+x\r\n" };

	sim_peer_print(desk->peer, lies[draw_below(desk->host->run, 12)]);
}

void
redis_push(struct desk *desk)
{
	if (!desk->resp3 || desk->end->phase != READY)
		return;
	if (desk->host->user->subscribes)
		publish(desk);
	else
		desk_print(
		    desk, 0, 0, ">3\r\n+message\r\n+news\r\n$2\r\n\r\n\r\n");
}
