/*
 * The server of the protocol with tags: it answers in whatever order it likes, some
 * calls never, and sees to it that a tag is one call's. It does not know the client.
 *
 *	tls SESSION              +0 0 or !0 0; see tag_clear.c
 *	hello SESSION PASSWORD   +0 0, -0 0 or !0 0
 *	sub TOPIC                +0 TOPIC, with TAG_NONE
 *	ready, ping TAG          +TAG 0
 *	pong N, rel TAG, leave TAG, before NUMBER, note N PAD, bye   nothing
 *	call TAG AGAIN NUMBER VERB PAD   according to its verb
 */
#include "tag.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH, GREETED, READY, LEFT };

/* What it knows of one connection beyond its desk. */
struct tag_desk {
	struct desk *desk;
	uint64_t session;
	uint64_t pings; /* that were said */
	uint64_t pongs;
	unsigned topics; /* that were restored in it */
	uint64_t notes;
	struct stay__list answers;
	uint8_t owed[TAG_MOST + 1]; /* answers to a tag; NEVER */
};

#define NEVER 255

/* It is said when its time has come. */
struct answer {
	struct stay__list node;
	struct tag_desk *own;
	uint64_t tag;
	char text[80];
};

static struct answer *
answer_at(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct answer, node);
}

static void
forget(struct desk *desk)
{
	struct tag_desk *own = desk->own;
	struct stay__list *node;

	while ((node = stay__list_pop(&own->answers)) != NULL)
		free(answer_at(node));
	free(own);
}

static struct tag_desk *
own_of(struct desk *desk)
{
	struct tag_desk *own = desk->own;

	if (own != NULL)
		return own;
	own = sim_alloc(sizeof(*own));
	own->desk = desk;
	stay__list_init(&own->answers);
	desk->own = own;
	desk->forget = forget;
	return own;
}

/* ---- answers ---- */

static void
say(void *arg)
{
	struct answer *answer = arg;
	struct tag_desk *own = answer->own;

	stay__list_remove(&answer->node);
	if (sim_peer_is_open(own->desk->peer))
		desk_print(own->desk, 0, 0, "%s", answer->text);
	if (answer->tag != 0)
		own->owed[answer->tag]--;
	free(answer);
}

static struct answer *
answer_new(struct tag_desk *own, uint64_t tag)
{
	struct answer *answer = sim_alloc(sizeof(*answer));

	answer->own = own;
	answer->tag = tag;
	stay__list_push(&own->answers, &answer->node);
	return answer;
}

/* One of them, at its own time. */
static void
answer(struct tag_desk *own, uint64_t tag, uint64_t number, char kind,
    bool in_pieces)
{
	struct host *host = own->desk->host;
	struct answer *new = answer_new(own, tag);
	size_t at = 0;

	for (int i = 0; in_pieces && i < 2; i++)
		at += (size_t)snprintf(new->text + at, sizeof(new->text) - at,
		    "*%" PRIu64 " %" PRIu64 "\n", tag, number);
	snprintf(new->text + at, sizeof(new->text) - at,
	    "%c%" PRIu64 " %" PRIu64 "\n", kind, tag, number);
	own->owed[tag]++;
	sim_at(host->run->world,
	    draw_between(host->run, 0, 3 * host->slow_ms + 20), say, new);
}

/* ---- calls ---- */

/* Whoever was lied to takes a tag for free that is not. */
static bool
is_liar(const struct tag_desk *own)
{
	return own->desk->peer == own->desk->host->user->liar;
}

static void
check_tag(const struct tag_desk *own, const struct call *call, uint64_t tag,
    const struct tag_shape *shape)
{
	bool by_tag = (shape->flags & STAY_BY_TAG) != 0;

	if (by_tag != (tag != 0) || tag > TAG_MOST)
		broken(4, "call %" PRIu64 " has come with tag %" PRIu64,
		    call->number, tag);
	if (by_tag && own->owed[tag] != 0 && !is_liar(own))
		broken(4,
		    "call %" PRIu64 " has tag %" PRIu64
		    ", which another call of its session has",
		    call->number, tag);
}

/* What was said for it on the control lane has come before it, and it is in the
 * session that it asked for; one that went a step is not sent again. (What was sent
 * before that may come late, over a slow connection.) */
static void
check_session(const struct tag_desk *own, const struct call *call, bool again)
{
	if (call->tagged.announced_in == own->session &&
	    call->tagged.heard_of_in != own->session)
		broken(4, "call %" PRIu64 " overtakes what was said before it",
		    call->number);
	if (call->tagged.bound_to != 0 && call->tagged.bound_to != own->session)
		broken(13,
		    "call %" PRIu64 " is for session %" PRIu64
		    " and comes in session %" PRIu64,
		    call->number, call->tagged.bound_to, own->session);
	if (call->tagged.seen_in != 0 && !again &&
	    call->tagged.seen_in < own->session)
		broken(13, "call %" PRIu64 " comes again and does not say so",
		    call->number);
	if (call->tagged.stepped_in != 0 && !call->doubtful &&
	    call->tagged.stepped_in < own->session)
		broken(3, "call %" PRIu64 " is sent again behind a step",
		    call->number);
}

static void
reply(struct tag_desk *own, const struct call *call, uint64_t tag,
    const struct tag_shape *shape, bool acts)
{
	struct run *run = own->desk->host->run;
	char kind = acts ? shape->kind : '!';

	if (acts && kind == '!')
		kind = '+';
	if (shape->way == TAG_IN_ORDER)
		desk_print(own->desk, desk_delay(own->desk), 0,
		    "%c0 %" PRIu64 "\n", kind, call->number);
	else if (shape->way == TAG_MAYBE && draw_mille(run, 500))
		own->owed[tag] = NEVER;
	else if (shape->way == TAG_STEP)
		answer(own, tag, call->number, '>', false);
	else
		for (uint32_t i = 0; i < shape->replies; i++)
			answer(own, tag, call->number, kind,
			    shape->way == TAG_PIECES);
	/* It is owed what follows the step. */
	if (shape->way == TAG_STEP)
		own->owed[tag]++;
}

static const struct tag_shape *
read_call(const struct call *call, const char *rest, const char *end)
{
	const struct tag_shape *shape = &tag_shapes[call->shape];
	size_t len = strlen(shape->verb);

	if ((size_t)(end - rest) != len + call->pad + 2 || rest[0] != ' ' ||
	    memcmp(rest + 1, shape->verb, len) != 0 ||
	    !pad_is(call, rest + 1 + len + 1))
		broken(4, "call %" PRIu64 " has come with other bytes",
		    call->number);
	return shape;
}

static void
serve_call(struct tag_desk *own, const char *in, size_t len)
{
	struct desk *desk = own->desk;
	uint64_t tag = strtoull(in + TAG_AT, NULL, 10);
	bool again = in[AGAIN_AT] == '1', acts;
	const struct tag_shape *shape;
	struct call *call;
	char *rest;

	if (desk->end->phase != READY)
		broken(
		    4, "a server that is not ready reads %.*s", (int)len, in);
	call = desk_ordered(desk, strtoull(in + NUMBER_AT, &rest, 10));
	shape = read_call(call, rest, in + len);
	check_tag(own, call, tag, shape);
	check_session(own, call, again);
	if (call->tagged.seen_in < own->session)
		call->tagged.seen_in = own->session;
	acts = shape->kind != '!' || draw_mille(desk->host->run, 300);
	if (acts)
		desk_executed(desk, call);
	reply(own, call, tag, shape, acts);
}

/* ---- the control lane ---- */

static void
greet(struct tag_desk *own, const char *in, size_t len)
{
	struct desk *desk = own->desk;
	const struct host *host = desk->host;
	char *rest;

	if (len < 7 || memcmp(in, "hello ", 6) != 0 || own->session != 0)
		broken(4, "a session begins with %.*s", (int)len, in);
	own->session = strtoull(in + 6, &rest, 10);
	if (host->loading)
		desk_print(desk, desk_delay(desk), FRESH, "!0 0\n");
	else if ((size_t)(in + len - rest) != strlen(host->password) + 1 ||
		 memcmp(rest + 1, host->password, strlen(host->password)) != 0)
		desk_print(desk, desk_delay(desk), FRESH, "-0 0\n");
	else
		desk_print(desk, desk_delay(desk), GREETED, "+0 0\n");
}

/* Each aside has one answer, in order, unless there is no memory for it, or a liar has
 * taken it away. */
static void
take_pong(struct tag_desk *own, uint64_t number)
{
	const struct user *user = own->desk->host->user;
	bool is_next = number == own->pongs + 1 ||
		       (number > own->pongs &&
			   (memory.failed > 0 || user->lane.times > 0 ||
			       user_is_lied_to(user)));

	if (!is_next || number > own->pings)
		broken(4,
		    "aside %" PRIu64 " is answered behind %" PRIu64
		    " of %" PRIu64,
		    number, own->pongs, own->pings);
	own->pongs = number;
}

/* The step has come; now the answer. */
static void
take_release(struct tag_desk *own, const char *in)
{
	char *rest;
	uint64_t tag = strtoull(in, &rest, 10);

	if (tag == 0 || tag > TAG_MOST || own->owed[tag] == 0)
		broken(4, "a step of tag %" PRIu64 " was not made", tag);
	answer(own, tag, strtoull(rest, NULL, 10), '+', false);
	own->owed[tag]--;
}

static void
take_ping(struct tag_desk *own, uint64_t tag)
{
	if (tag > TAG_MOST ||
	    (tag != 0 && own->owed[tag] != 0 && !is_liar(own)))
		broken(4, "a probe has tag %" PRIu64 " of a call", tag);
	if (tag == 0)
		desk_print(own->desk, desk_delay(own->desk), 0, "+0 0\n");
	else
		answer(own, tag, 0, '+', false);
}

/* All of them, in order, before the first call. */
static void
take_topic(struct tag_desk *own, uint64_t topic)
{
	const struct user *user = own->desk->host->user;

	if (topic != own->topics || topic >= user->topics)
		broken(4, "topic %" PRIu64 " is restored behind %u of %u",
		    topic, own->topics, user->topics);
	own->topics++;
	desk_print(own->desk, 0, 0, "+0 %" PRIu64 "\n", TAG_NONE | topic);
}

static void
take_ready(struct tag_desk *own)
{
	const struct user *user = own->desk->host->user;

	if (own->topics != user->topics)
		broken(4, "user %u is ready with %u topics of %u", user->index,
		    own->topics, user->topics);
	own->desk->end->phase = READY;
	desk_print(own->desk, desk_delay(own->desk), 0, "+0 0\n");
}

/* A call is announced. */
static void
hear_of(struct tag_desk *own, uint64_t number)
{
	struct call *call = ledger_find(own->desk->host->run, number);

	if (call == NULL)
		broken(4, "call %" PRIu64 " is announced, and is none", number);
	call->tagged.heard_of_in = own->session;
}

/* None is left out, however much is said. */
static void
take_note(struct tag_desk *own, uint64_t number)
{
	if (number != own->notes + 1)
		broken(4, "note %" PRIu64 " comes behind note %" PRIu64, number,
		    own->notes);
	own->notes = number;
}

static bool
begins(const char *in, size_t len, const char *with)
{
	size_t want = strlen(with);

	return len >= want && memcmp(in, with, want) == 0;
}

static void
serve_control(struct tag_desk *own, const char *in, size_t len)
{
	struct desk *desk = own->desk;

	if (begins(in, len, "sub ") && desk->end->phase == GREETED)
		take_topic(own, strtoull(in + 4, NULL, 10));
	else if (begins(in, len, "ready") && desk->end->phase == GREETED)
		take_ready(own);
	else if (begins(in, len, "ping ") && desk->end->phase == READY)
		take_ping(own, strtoull(in + 5, NULL, 10));
	else if (begins(in, len, "rel ") && desk->end->phase == READY)
		take_release(own, in + 4);
	else if (begins(in, len, "before ") && desk->end->phase == READY)
		hear_of(own, strtoull(in + 7, NULL, 10));
	else if (begins(in, len, "note ") && desk->end->phase != FRESH)
		take_note(own, strtoull(in + 5, NULL, 10));
	else if (begins(in, len, "bye"))
		desk->end->phase = LEFT;
	else if (!begins(in, len, "leave "))
		broken(4, "a server in phase %u reads %.*s", desk->end->phase,
		    (int)len, in);
}

void
tag_serve(struct peer_end *end, const struct peer_request *request)
{
	struct tag_desk *own = own_of(desk_of(end));
	const char *in = request->words[0].text;
	size_t len = request->words[0].len;

	if (desk_is_clear(own->desk)) {
		tag_clear_serve(own->desk, in, len);
		return;
	}
	if (end->phase == LEFT)
		broken(4, "after the farewell comes %.*s", (int)len, in);
	if (own->desk->group_last != 0 && !begins(in, len, "call "))
		broken(4, "in a group comes %.*s", (int)len, in);
	if (begins(in, len, "pong "))
		take_pong(own, strtoull(in + 5, NULL, 10));
	else if (end->phase == FRESH)
		greet(own, in, len);
	else if (begins(in, len, "call "))
		serve_call(own, in, len);
	else
		serve_control(own, in, len);
}

/* ---- of its own will ---- */

void
tag_lie(struct desk *desk)
{
	static const char *const lies[] = { "?\n", "+0 0\n", "+7 7\n", "+1 1\n",
		"!2 9\n", "*1 1\n", "-3", "+x y\n" };

	sim_peer_print(desk->peer, lies[draw_below(desk->host->run, 8)]);
}

static void
publish(struct tag_desk *own)
{
	struct host *host = own->desk->host;
	unsigned topic = draw_below(host->run, TAG_TOPICS);

	if (topic < own->topics)
		desk_print(own->desk, 0, 0, ">0 %" PRIu64 "\n",
		    ++host->messages[topic] * TAG_TOPICS + topic);
}

static void
say_leave(struct desk *desk)
{
	struct run *run = desk->host->run;
	char words[80];
	unsigned ms = (unsigned)draw_between(run, 0, 2000);

	desk_print(desk, 0, 0, "%%0 %u %s\n", ms,
	    leave_words(desk->host->user, words, sizeof(words)));
}

void
tag_push(struct desk *desk)
{
	struct tag_desk *own = own_of(desk);

	if (draw_mille(desk->host->run, 500)) {
		publish(own);
		return;
	}
	switch (draw_below(desk->host->run, 9)) {
	case 0:
		desk_print(desk, 0, 0, "$0 0\n");
		return;
	case 1:
		desk_print(desk, 0, 0, "^0 0\n");
		return;
	case 2:
		say_leave(desk);
		return;
	default:
		desk_print(desk, 0, 0, "~0 %" PRIu64 "\n", ++own->pings);
	}
}
