/*
 * A protocol as the client runs it: checked, with a default in every slot that
 * was NULL. This file knows no client.
 */
#include <string.h>

#include "base/address.h"
#include "client/protocol.h"

#define PROTOCOL_FLAGS (STAY_ACTS_ON_PARTS | STAY_IN_PIECES | STAY_LAST_FRAMES)

static struct stay_hello
hello_up(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
	return stay_hello_up();
}

static void
no_notice(struct stay_session *session)
{
	(void)session;
}

static struct stay_hello
as_new(struct stay_session *session)
{
	(void)session;
	return stay_hello_up();
}

static void
no_down(struct stay_session *session, enum stay_status why)
{
	(void)session;
	(void)why;
}

static void
drop_frame(struct stay_session *session, const struct stay_frame *frame)
{
	(void)session;
	(void)frame;
}

static enum stay_status
keep_zeroed(void *keep, const void *config, const struct stay_url *url)
{
	(void)keep;
	(void)config;
	(void)url;
	return STAY_OK;
}

static void
no_matter(void *keep)
{
	(void)keep;
}

static bool
nothing_more(void *keep)
{
	(void)keep;
	return false;
}

static bool
never(const void *keep)
{
	(void)keep;
	return false;
}

static void
stay_as_it_is(void *keep, void *fresh)
{
	(void)keep;
	(void)fresh;
}

static void
no_end(void *keep, enum stay_status reason)
{
	(void)keep;
	(void)reason;
}

/* The program's tables may be older, and so shorter, than the library's. Each
 * begins with its size. */
static void
take(void *to, size_t size, const void *from)
{
	memset(to, 0, size);
	if (from != NULL)
		memcpy(to, from, *(const size_t *)from);
}

static bool
is_sized(const void *table, size_t size)
{
	const size_t *given = table;

	return table == NULL || (*given >= sizeof(*given) && *given <= size);
}

struct stay_call_ops
stay__protocol_call(const struct stay_protocol *from)
{
	struct stay_call_ops call;

	take(&call, sizeof(call), from->call);
	return call;
}

static void
fill_call(struct stay__call_slots *call, const struct stay_protocol *from)
{
	const struct stay_call_ops given = stay__protocol_call(from);

	call->name = given.name;
	call->operation = given.operation;
	call->on_orphan =
	    given.on_orphan != NULL ? given.on_orphan : drop_frame;
}

static void
fill_session(struct stay_session_ops *session)
{
	if (session->on_up == NULL)
		session->on_up = hello_up;
	if (session->on_down == NULL)
		session->on_down = no_down;
	if (session->on_control == NULL)
		session->on_control = drop_frame;
	if (session->on_aside == NULL)
		session->on_aside = drop_frame;
	if (session->on_drained == NULL)
		session->on_drained = no_notice;
	if (session->tick == NULL)
		session->tick = no_notice;
	if (session->bye == NULL)
		session->bye = no_notice;
	if (session->reset == NULL)
		session->reset = as_new;
	if (session->on_leaving == NULL)
		session->on_leaving = no_notice;
}

static void
fill_keep(struct stay_keep_ops *keep)
{
	if (keep->init == NULL)
		keep->init = keep_zeroed;
	if (keep->fini == NULL)
		keep->fini = no_matter;
	if (keep->rest == NULL)
		keep->rest = no_matter;
	if (keep->wake == NULL)
		keep->wake = nothing_more;
	if (keep->end == NULL)
		keep->end = no_end;
	if (keep->lingers == NULL)
		keep->lingers = never;
	if (keep->adopt == NULL)
		keep->adopt = stay_as_it_is;
}

void
stay__protocol_fill(struct stay__protocol *to, const struct stay_protocol *from)
{
	take(&to->top, sizeof(to->top), from);
	take(&to->session, sizeof(to->session), to->top.session);
	take(&to->keep, sizeof(to->keep), to->top.keep);
	if (to->top.hello == NULL)
		to->top.hello = hello_up;
	if (to->top.on_push == NULL)
		to->top.on_push = drop_frame;
	fill_call(&to->call, from);
	fill_session(&to->session);
	fill_keep(&to->keep);
}

static bool
has_known_size(const struct stay_protocol *protocol)
{
	return protocol->size == sizeof(*protocol) &&
	       protocol->abi == STAY_ABI &&
	       is_sized(protocol->call, sizeof(*protocol->call)) &&
	       is_sized(protocol->session, sizeof(*protocol->session)) &&
	       is_sized(protocol->keep, sizeof(*protocol->keep));
}

/* More is a mistake, and would be too much together. */
#define BLOCK_MAX (SIZE_MAX / 4)

static bool
has_known_flags(const struct stay_protocol *protocol)
{
	return (protocol->flags & ~PROTOCOL_FLAGS) == 0;
}

static bool
is_complete(const struct stay_protocol *protocol)
{
	return protocol->name != NULL && protocol->encode != NULL &&
	       protocol->decode != NULL;
}

static bool
has_sane_blocks(const struct stay_protocol *protocol)
{
	return protocol->session_size <= BLOCK_MAX &&
	       protocol->keep_size <= BLOCK_MAX;
}

/* One that can't be dialled would end each client at its first attempt. */
static bool
has_port(const struct stay_protocol *protocol)
{
	return protocol->port == NULL || stay__port_parse(protocol->port) >= 0;
}

static const struct {
	bool (*holds)(const struct stay_protocol *protocol);
	enum stay_status status;
	const char *words;
} demands[] = {
	{ has_known_size, STAY_E_ABI,
	    "the protocol, or a group of its slots, has a size or an abi of "
	    "another "
	    "version of the library" },
	{ has_known_flags, STAY_E_ABI, "the protocol has unknown flags" },
	{ is_complete, STAY_E_ARG,
	    "the protocol has no name, no encode or no decode" },
	{ has_sane_blocks, STAY_E_ARG,
	    "session_size or keep_size of the protocol is too large" },
	{ has_port, STAY_E_ARG,
	    "the port of the protocol is none: 0 to 65535, in digits" },
};

enum stay_status
stay__protocol_check(const struct stay_protocol *protocol, const char **words)
{
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++) {
		*words = demands[i].words;
		if (!demands[i].holds(protocol))
			return demands[i].status;
	}
	return STAY_OK;
}
