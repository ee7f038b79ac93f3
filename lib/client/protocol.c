/*
 * A protocol as the client runs it: checked, with a default in every slot that
 * was NULL. This file knows no client.
 */
#include "client/protocol.h"

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

/* Only a protocol that has a probe is probed: `ping` may stay NULL. */
void
stay__protocol_fill(struct stay_protocol *to, const struct stay_protocol *from)
{
	*to = *from;
	if (to->hello == NULL)
		to->hello = hello_up;
	if (to->on_up == NULL)
		to->on_up = no_notice;
	if (to->on_down == NULL)
		to->on_down = no_down;
	if (to->on_push == NULL)
		to->on_push = drop_frame;
	if (to->on_control == NULL)
		to->on_control = drop_frame;
	if (to->on_orphan == NULL)
		to->on_orphan = drop_frame;
	if (to->bye == NULL)
		to->bye = no_notice;
	if (to->init == NULL)
		to->init = keep_zeroed;
	if (to->fini == NULL)
		to->fini = no_matter;
	if (to->tick == NULL)
		to->tick = no_notice;
	if (to->rest == NULL)
		to->rest = no_matter;
}

enum stay_status
stay__protocol_check(const struct stay_protocol *protocol)
{
	if (protocol->size != sizeof(*protocol) || protocol->abi != STAY_ABI ||
	    (protocol->flags & ~STAY_ACTS_ON_PARTS) != 0)
		return STAY_E_ABI;
	if (protocol->name == NULL || protocol->encode == NULL ||
	    protocol->decode == NULL)
		return STAY_E_ARG;
	return STAY_OK;
}
