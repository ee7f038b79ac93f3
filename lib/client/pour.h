/* A body is asked for and sent, piece by piece. */
#ifndef STAY__POUR_H
#define STAY__POUR_H

#include "client/feed.h"

/* The stream has room: ask for what is needed to go on. */
void stay__pour(struct stay_client *client);
/* Whether the call is half sent, and its body has yet to end. */
bool stay__pour_is_open(const struct stay__call *call);
/* Such a call is given up: its session ends. */
void stay__pour_give_up(struct stay__call *call, enum stay_status status);

/* Whether it stands for a call that was answered before its body ended, and has no
 * time left: its session ends. */
bool stay__pour_is_rest(const struct stay__call *call);
void stay__pour_is_late(struct stay__call *rest);

/* The body that is being sent; NULL: none is. Nothing else is, meanwhile. */
static inline struct stay_feed *
stay__poured(const struct stay__calls *calls)
{
	return calls->half == NULL || !stay__call_has_body(calls->half)
		   ? NULL
		   : calls->half->arg;
}

#endif
