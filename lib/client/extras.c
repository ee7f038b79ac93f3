/*
 * Gives a call its block of extras, and takes it back. Blocks that are not in use stay
 * in a list of their client, so that a call does not allocate each time.
 */
#include "client/extras.h"

#include "base/mem.h"
#include "client/calls.h"

const struct stay__extras stay__no_extras;

static struct stay__extras *
take(struct stay__extras **spare)
{
	struct stay__extras *extras = *spare;

	if (extras == NULL)
		return stay__zalloc(sizeof(*extras));
	*spare = extras->next;
	*extras = stay__no_extras;
	return extras;
}

struct stay__extras *
stay__extras_begin(struct stay__call *call)
{
	struct stay__extras *extras;

	if (call->history & STAY__HISTORY_EXTRAS)
		return call->extras;
	extras = take(&call->owner->spare_extras);
	if (extras == NULL)
		return NULL;
	extras->since = call->since;
	call->extras = extras;
	call->history |= STAY__HISTORY_EXTRAS;
	return extras;
}

void
stay__extras_unname(struct stay__call *call)
{
	struct stay_token *id = &call->extras->id;

	if (id->generation == 0)
		return;
	stay__ids_give(&call->owner->loop->ids, *id);
	id->generation = 0;
}

void
stay__extras_end(struct stay__call *call)
{
	struct stay__calls *calls = call->owner;
	struct stay__extras *extras = call->extras;

	stay__extras_unname(call);
	assert(extras->refusal == NULL);
	call->history &= ~STAY__HISTORY_EXTRAS;
	extras->next = calls->spare_extras;
	calls->spare_extras = extras;
}

struct stay_held *
stay__extras_take_refusal(struct stay__call *call)
{
	struct stay_held *refusal = stay__call_extras(call)->refusal;

	if (refusal != NULL)
		call->extras->refusal = NULL;
	return refusal;
}

void
stay__extras_trim(struct stay__extras **spare)
{
	struct stay__extras *extras;

	while ((extras = *spare) != NULL) {
		*spare = extras->next;
		stay__free(extras);
	}
}
