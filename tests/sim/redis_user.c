/*
 * What is asked of the strict Redis through <stay/redis.h>, by format and by
 * words, and whether a reply is the right one.
 */
#include "redis_sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[REDIS_SHAPES] = {
	[REDIS_ECHO] = "ECHO",
	[REDIS_INCR] = "INCR",
	[REDIS_SET] = "SET",
	[REDIS_GET] = "MGET",
	[REDIS_MAP] = "HGETALL",
	[REDIS_LIST] = "LRANGE",
	[REDIS_POP] = "BLPOP",
	[REDIS_FAIL] = "FAIL",
};

bool
redis_is_request(const struct call *call, const char *name, size_t len)
{
	const char *mine = names[call->shape];

	return strlen(mine) == len && memcmp(mine, name, len) == 0;
}

/* ---- the client ---- */

static void
on_push(
    void *arg, struct stay_redis *redis, const struct stay_redis_reply *push)
{
	struct user *user = arg;

	called_back(the_run);
	if (!user_is_lied_to(user) &&
	    (redis != user->redis || stay_redis_count(push) != 3 ||
		strcmp(stay_redis_str(stay_redis_at(push, 2)), "\r\n") != 0))
		broken(2, "user %u is pushed something else", user->index);
	act_inside(the_run, user);
	call_is_back(the_run);
}

/* ---- subscriptions ---- */

static void subscribe(struct user *user);

static void
leave(struct ear *ear)
{
	if (ear->subscription == NULL)
		return;
	ear->leaving = true;
	stay_redis_unsubscribe(ear->subscription);
}

void
ear_pause(struct user *user, struct ear *ear, bool paused)
{
	if (ear->subscription == NULL)
		return;
	if (paused)
		stay_redis_subscription_pause(ear->subscription);
	else
		stay_redis_subscription_resume(ear->subscription);
	ear->paused = paused;
	pause_note_over(user);
}

/* In a callback: somebody leaves, it itself perhaps, and somebody comes. */
static void
stir(struct user *user)
{
	struct ear *ear = &user->ears[draw_below(user->run, EARS_MAX)];

	if (draw_mille(user->run, 200))
		ear_pause(user, ear, !ear->paused && !user->run->healing);
	if (draw_mille(user->run, 50))
		leave(&user->ears[draw_below(user->run, EARS_MAX)]);
	if (draw_mille(user->run, 50))
		subscribe(user);
	act_inside(user->run, user);
}

/* Each is delivered once and in order, or lies in a gap. */
static void
on_message(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_message *message)
{
	struct ear *ear = arg;
	struct user *user = ear->user;
	uint64_t number = strtoull(message->payload.data, NULL, 10);

	called_back(the_run);
	if (subscription != ear->subscription || ear->leaving ||
	    !ear->subscribed || ear->paused)
		broken(2, "user %u: a message to nobody", user->index);
	if (!user_is_lied_to(user) && ear->last != 0 &&
	    (number <= ear->last || (number > ear->last + 1 && !ear->gap)))
		broken(2, "user %u: message %" PRIu64 " behind %" PRIu64,
		    user->index, number, ear->last);
	ear->last = number;
	ear->gap = ear->lost;
	stir(user);
	call_is_back(the_run);
}

static void
on_gap(struct ear *ear, bool lost)
{
	if (ear->leaving || !ear->subscribed || ear->lost == lost)
		broken(2, "user %u: a gap has one end", ear->user->index);
	ear->lost = lost;
	ear->gap = true;
}

static void
on_notice(void *arg, struct stay_redis_subscription *subscription,
    const struct stay_redis_notice *notice)
{
	struct ear *ear = arg;
	struct user *user = ear->user;

	called_back(the_run);
	sim_note(user->run->sim, "notice", user->index, (int)notice->kind);
	if (subscription != ear->subscription ||
	    (ear->paused && notice->kind != STAY_REDIS_ENDED))
		broken(2, "user %u: a notice to nobody", user->index);
	if (notice->status == STAY_E_FULL && !ear->ends)
		broken(2, "user %u: an ear is ended", user->index);
	if (notice->kind == STAY_REDIS_ENDED) {
		ear->subscription = NULL;
	} else if (notice->kind == STAY_REDIS_SUBSCRIBED) {
		if (ear->subscribed || ear->leaving)
			broken(2, "user %u: subscribed twice", user->index);
		ear->subscribed = true;
	} else if (notice->kind == STAY_REDIS_DROPPED) {
		ear->gap = true;
	} else {
		on_gap(ear, notice->kind == STAY_REDIS_LOST);
	}
	stir(user);
	call_is_back(the_run);
}

static void
subscribe(struct user *user)
{
	struct ear *ear = &user->ears[draw_below(user->run, EARS_MAX)];
	char name[] = "c0";
	const struct stay_redis_subscription_options options = {
		STAY_REDIS_SUBSCRIPTION_OPTIONS, .name = name,
		.on_message = on_message, .on_notice = on_notice, .arg = ear,
		.slow = (enum stay_redis_slow)draw_below(user->run, 3),
		.kept_max = 1 + draw_below(user->run, 4)
	};
	enum stay_status status;

	if (user->redis == NULL || ear->subscription != NULL)
		return;
	name[1] = (char)('0' + draw_below(user->run, CHANNELS_MAX));
	*ear = (struct ear){ .user = user,
		.ends = options.slow == STAY_REDIS_SLOW_END };
	STATUS_OF(status,
	    stay_redis_subscribe(user->redis, &options, &ear->subscription));
	if (status != STAY_OK && status != STAY_E_DRAINING &&
	    !books_excuse(status))
		broken(2, "user %u cannot subscribe: %s", user->index,
		    stay_status_name(status));
}

/* Whoever has not ended was forgotten. */
static void
open_ears(struct user *user)
{
	for (unsigned i = 0; i < EARS_MAX; i++)
		if (user->ears[i].subscription != NULL)
			broken(2, "user %u: a subscription has no end",
			    user->index);
	for (unsigned i = 0; user->subscribes && i < EARS_MAX; i++)
		subscribe(user);
}

static struct stay_redis_options
some_options(struct user *user, const struct stay_client_options *options)
{
	struct stay_redis_options own = { STAY_REDIS_OPTIONS,
		.client = *options, .on_push = on_push, .on_push_arg = user };

	own.client_name = draw_mille(user->run, 300) ? "sim" : NULL;
	own.protocol = draw_mille(user->run, 300) ? 2 : 0;
	if (user->subscribes)
		own.protocol = 3;
	if (user->keeps_reads)
		own.resend_reads = STAY_REDIS_NO;
	return own;
}

static enum stay_status
start(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	struct stay_redis_options own;
	enum stay_status status;

	user->keeps_reads = draw_mille(user->run, 300);
	user->subscribes = !user->host.old && draw_mille(user->run, 500);
	own = some_options(user, options);
	status = stay_redis_start(&user->redis, user->run->loop, url, &own);
	user->client =
	    status == STAY_OK ? stay_redis_client(user->redis) : NULL;
	if (status == STAY_OK)
		open_ears(user);
	return status;
}

/* Its options are never the same. */
static enum stay_status
reconfigure(struct user *user, const struct stay_client_options *options,
    const char *url)
{
	struct stay_redis_options own = some_options(user, options);

	return stay_redis_reconfigure(user->redis, url, &own);
}

#define ECHO_MAX (PAD_MAX + 32)

/* What this call asks for, and is to be told. */
static size_t
echo_of(const struct call *call, char text[ECHO_MAX])
{
	int head = snprintf(text, ECHO_MAX, "%" PRIu64 ":", call->number);

	pad_write(call, text + head);
	return (size_t)head + call->pad;
}

/* None comes twice, nor behind the end of its call. */
static void
on_piece(void *arg, struct stay_bytes piece)
{
	struct call *call = ledger_find(the_run, (uintptr_t)arg);
	struct user *user = &the_run->users[call->user];
	char text[ECHO_MAX];
	size_t len = echo_of(call, text);

	called_back(the_run);
	if (call->told || call->cancelled)
		broken(1, "a piece of a call that is over");
	if (!user_is_lied_to(user) &&
	    (piece.len > len - call->pieces ||
		memcmp(piece.data, text + call->pieces, piece.len) != 0))
		broken(2, "call %" PRIu64 " is given a piece that is none",
		    call->number);
	call->pieces += piece.len;
	act_inside(the_run, user);
	call_is_back(the_run);
}

static enum stay_status
submit_words(struct user *user, struct call *call,
    struct stay_call_options *options, stay_done_fn *done)
{
	char text[ECHO_MAX];
	const char *words[] = { "ECHO", text };
	const size_t lens[] = { 4, echo_of(call, text) };

	call->in_pieces = draw_mille(user->run, 500);
	if (call->in_pieces)
		options->piece = on_piece;
	return stay_redis_argv(user->redis, options, done,
	    (void *)(uintptr_t)call->number, 2, words, lens);
}

static enum stay_status
submit_set(struct user *user, struct call *call,
    const struct stay_call_options *options, stay_done_fn *done)
{
	char pad[PAD_MAX + 1];

	pad_write(call, pad);
	return stay_redis_command_with(user->redis, options, done,
	    (void *)(uintptr_t)call->number, "SET k:%" PRIu64 " %b",
	    call->number, (const void *)pad, call->pad);
}

/* Some call of its own, not long ago: a SET, perhaps. */
static uint64_t
earlier(struct run *run, const struct call *call)
{
	uint64_t number = call->number;

	for (int i = 0; i < 16 && number > 1; i++) {
		const struct call *other = ledger_find(run, --number);

		if (other->user == call->user && other->shape == REDIS_SET &&
		    draw_mille(run, 500))
			return number;
	}
	return 0;
}

static enum stay_status
submit_format(struct user *user, struct call *call,
    const struct stay_call_options *options, stay_done_fn *done)
{
	static const char *const formats[REDIS_SHAPES] = {
		[REDIS_INCR] = "INCR n:%" PRIu64,
		[REDIS_MAP] = "HGETALL h:%" PRIu64,
		[REDIS_LIST] = "LRANGE l:%" PRIu64 " 0 -1",
		[REDIS_POP] = "BLPOP q:%" PRIu64 " 0.05",
		[REDIS_FAIL] = "FAIL %" PRIu64,
	};

	return stay_redis_command_with(user->redis, options, done,
	    (void *)(uintptr_t)call->number, formats[call->shape],
	    call->number);
}

static enum stay_status
submit_get(struct user *user, struct call *call,
    const struct stay_call_options *options, stay_done_fn *done)
{
	call->about = earlier(user->run, call);
	return stay_redis_command_with(user->redis, options, done,
	    (void *)(uintptr_t)call->number, "MGET %" PRIu64 " k:%" PRIu64,
	    call->number, call->about);
}

/* As the adapter has it. */
static bool
only_reads(unsigned shape)
{
	return shape == REDIS_ECHO || shape == REDIS_GET ||
	       shape == REDIS_MAP || shape == REDIS_LIST;
}

static enum stay_status
submit(struct user *user, struct call *call, struct stay_call_options *options,
    stay_done_fn *done)
{
	call->shape = draw_below(user->run, REDIS_SHAPES);
	options->flags = ledger_draw_flags(user->run, call);
	if (only_reads(call->shape) && !user->keeps_reads)
		ledger_flags(call, STAY_READ_ONLY);
	call->blocks_ms = call->shape == REDIS_POP ? REDIS_POP_MS : 0;
	switch (call->shape) {
	case REDIS_ECHO:
		return submit_words(user, call, options, done);
	case REDIS_SET:
		return submit_set(user, call, options, done);
	case REDIS_GET:
		return submit_get(user, call, options, done);
	default:
		return submit_format(user, call, options, done);
	}
}

/* ---- replies ---- */

static bool
is_number(const struct stay_redis_reply *reply, uint64_t number)
{
	bool ok;

	return stay_redis_integer(reply, &ok) == (int64_t)number && ok;
}

static bool
is_echo(const struct call *call, const struct stay_redis_reply *reply)
{
	char text[ECHO_MAX];
	size_t len = echo_of(call, text);

	if (call->in_pieces)
		return call->pieces == len && stay_redis_len(reply) == 0;
	return stay_redis_len(reply) == len &&
	       memcmp(stay_redis_str(reply), text, len) == 0;
}

/* What was set and acknowledged is there, unless the server forgot it. */
static bool
is_value(const struct call *call, const struct stay_redis_reply *value)
{
	const struct call *about = ledger_find(the_run, call->about);

	if (stay_redis_type_of(value) != STAY_REDIS_NIL)
		return about != NULL && about->executed > 0 &&
		       is_number(value, call->about);
	return about == NULL || !about->told || about->doubtful ||
	       about->outcome != STAY_REPLIED || about->epoch != call->epoch;
}

static bool
answers(const struct call *call, const struct stay_result *result)
{
	const struct stay_redis_reply *reply = result->reply;
	const struct stay_redis_reply *first = stay_redis_first(reply);
	char text[64];

	switch (call->shape) {
	case REDIS_ECHO:
		return is_echo(call, reply);
	case REDIS_INCR:
		return stay_redis_type_of(reply) == STAY_REDIS_INTEGER &&
		       stay_redis_integer(reply, NULL) >= 1 &&
		       stay_redis_integer(reply, NULL) <= call->executed;
	case REDIS_SET:
		return strcmp(stay_redis_str(reply), "OK") == 0;
	case REDIS_GET:
		return is_number(first, call->number) &&
		       is_value(call, stay_redis_next(first));
	case REDIS_MAP:
	case REDIS_POP:
		return is_number(
		    stay_redis_map_get(reply, "number"), call->number);
	case REDIS_LIST:
		return stay_redis_count(reply) == 3 &&
		       is_number(first, call->number);
	default:
		snprintf(text, sizeof(text), "ERR no %" PRIu64, call->number);
		return result->status == STAY_E_SERVER &&
		       strcmp(stay_redis_str(reply), text) == 0;
	}
}

const struct trade redis_trade = { "redis", peer_reads_commands, redis_serve,
	redis_lie, redis_push, start, reconfigure, submit, answers, NULL };
