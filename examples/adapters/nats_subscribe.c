/*
 * The subscriptions of a NATS client: what the server is told of them, and what they are
 * told in return. Each has a slot, whose state says what is still to be done. This file
 * does not know how anything is read.
 */
#include "nats_inside.h"

#include <inttypes.h>
#include <string.h>

#define SUBJECT "Subscription to \""

/* ---- what the server is told ---- */

void
nats_say_ping(struct stay_session *session)
{
	struct nats_session *nats = stay_session_data(session);

	if (stay_buf_puts(stay_session_control(session), "PING\r\n") !=
		STAY_OK ||
	    stay_session_expect(session, 1) != STAY_OK)
		return;
	nats->pings++;
	nats->owes_ping = false;
}

static bool
say_slot(struct stay_session *session, const struct nats_slot *slot)
{
	const struct nats_subscription *owner = slot->owner;
	struct stay_buf *out = stay_session_control(session);
	enum stay_status status;

	if (slot->state == NATS_SLOT_OVER)
		status =
		    stay_buf_printf(out, "UNSUB %" PRIu64 "\r\n", slot->sid);
	else
		status = stay_buf_printf(out, "SUB %s %s %" PRIu64 "\r\n",
		    owner->subject, owner->queue != NULL ? owner->queue : "",
		    slot->sid);
	return status == STAY_OK &&
	       stay_session_expect(session,
		   nats_is_verbose(stay_session_config(session))) == STAY_OK;
}

void
nats_say_all(struct stay_session *session)
{
	struct nats_session *nats = stay_session_data(session);
	struct nats_keep *keep = stay_session_keep(session);

	for (size_t i = 1; i < keep->used; i++) {
		struct nats_slot *slot = &keep->slots[i];

		if (slot->state != NATS_SLOT_NEW &&
		    slot->state != NATS_SLOT_OVER)
			continue;
		if (!say_slot(session, slot))
			return;
		nats->owes_ping = true;
		slot->state = slot->state == NATS_SLOT_NEW ? NATS_SLOT_SAID
							   : NATS_SLOT_FREE;
	}
	if (nats->owes_ping)
		nats_say_ping(session);
}

/* ---- what they are told ---- */

static void
tell(struct nats_slot *slot, enum nats_notice notice, struct stay_bytes words)
{
	struct nats_subscription *owner = slot->owner;

	if (notice == NATS_ENDED)
		*slot = (struct nats_slot){ .state = NATS_SLOT_FREE };
	if (owner->on_notice != NULL)
		owner->on_notice(owner, notice, words);
}

/* Whether the text stands between these words and a quote; or neither is there. */
static bool
is_said(struct stay_bytes words, const char *behind, const char *text)
{
	struct stay_bytes said = stay_bytes_behind(words, behind);

	if (said.data == NULL || text == NULL)
		return said.data == NULL && text == NULL;
	return stay_bytes_is(stay_bytes_until(said, "\""), text);
}

/* "Permissions Violation for Subscription to "subject" using queue "name"", or what no
 * subscription has to do with. */
void
nats_take_error(struct stay_session *session, struct stay_bytes words)
{
	const struct nats_config *config = stay_session_config(session);
	struct nats_keep *keep = stay_session_keep(session);
	bool is_ours = stay_bytes_has(words, SUBJECT);

	for (size_t i = 1; i < keep->used && is_ours; i++) {
		struct nats_slot *slot = &keep->slots[i];

		if (slot->state != NATS_SLOT_NEW && slot->owner != NULL &&
		    is_said(words, SUBJECT, slot->owner->subject) &&
		    is_said(words, "queue \"", slot->owner->queue))
			tell(slot, NATS_ENDED, words);
	}
	if (!is_ours && config != NULL && config->on_error != NULL)
		config->on_error(config->arg, words);
}

void
nats_take_pong(struct stay_session *session)
{
	struct nats_session *nats = stay_session_data(session);
	struct nats_keep *keep = stay_session_keep(session);

	if (--nats->pings > 0)
		return;
	for (size_t i = 1; i < keep->used; i++) {
		if (keep->slots[i].state != NATS_SLOT_SAID)
			continue;
		keep->slots[i].state = NATS_SLOT_ON;
		tell(&keep->slots[i], NATS_ON, stay_bytes_of(""));
	}
}

void
nats_on_down(struct stay_session *session, enum stay_status why)
{
	struct nats_keep *keep = stay_session_keep(session);

	(void)why;
	keep->session = NULL;
	for (size_t i = 1; i < keep->used; i++) {
		enum nats_state was = keep->slots[i].state;

		if (was != NATS_SLOT_FREE)
			keep->slots[i].state = was == NATS_SLOT_OVER
						   ? NATS_SLOT_FREE
						   : NATS_SLOT_NEW;
		if (was == NATS_SLOT_ON)
			tell(&keep->slots[i], NATS_LOST, stay_bytes_of(""));
	}
}

/* ---- what the program says ---- */

bool
nats_wake(void *block)
{
	struct nats_keep *keep = block;

	if (keep->session != NULL)
		nats_say_all(keep->session);
	return false;
}

enum stay_status
nats_subscribe(
    struct stay_client *client, struct nats_subscription *subscription)
{
	struct nats_keep *keep = stay_client_keep(client);
	enum stay_status status = stay_client_wake(client);
	size_t i = 1;

	if (!nats_is_subject(subscription->subject) ||
	    (subscription->queue != NULL &&
		!nats_is_subject(subscription->queue)))
		return STAY_E_ARG;
	while (i < NATS_SLOTS && keep->slots[i].state != NATS_SLOT_FREE)
		i++;
	if (i == NATS_SLOTS)
		return STAY_E_FULL;
	if (status != STAY_OK)
		return status;
	keep->slots[i] = (struct nats_slot){ subscription, NATS_SLOT_NEW,
		++keep->subscribed * NATS_SLOTS + i };
	keep->used = i < keep->used ? keep->used : i + 1;
	return STAY_OK;
}

void
nats_unsubscribe(
    struct stay_client *client, struct nats_subscription *subscription)
{
	struct nats_keep *keep = stay_client_keep(client);

	for (size_t i = 1; i < keep->used; i++) {
		struct nats_slot *slot = &keep->slots[i];

		if (slot->owner != subscription)
			continue;
		slot->state = slot->state == NATS_SLOT_NEW ? NATS_SLOT_FREE
							   : NATS_SLOT_OVER;
		slot->owner = NULL;
	}
	(void)stay_client_wake(client);
}
