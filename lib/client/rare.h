/*
 * What few clients have: a pointer each, in a block that most clients have in common.
 * It can be read like any other; who has something to put there asks for a block of
 * his own first.
 */
#ifndef STAY__RARE_H
#define STAY__RARE_H

#include <stdbool.h>

struct stay_client;
struct stay_later;

/* Each is written by its own file only. */
struct stay__rare {
	struct stay__endpoints *endpoints; /* NULL: the profile's URL alone */
	struct stay__detour *detour;       /* NULL: no server has named one */
	const char *place; /* of these, dialled; NULL: the label says which */
	char *label;       /* that the program has set; NULL: the profile's */
	struct stay__changes *changes; /* NULL: none was asked for */
	struct stay__waiters *waiters; /* NULL: nobody waits */
	struct stay__holds *holds;     /* NULL: no reply is held */
	struct stay__wake *wake;       /* NULL: nobody has asked for one */
	struct stay_later *later;      /* NULL: hello has made none */
	struct stay__tick *tick;       /* NULL: nobody has asked for one */
	struct stay__swallow *swallow; /* NULL: no frame is read past */
	struct stay__watch *watch;     /* NULL: nobody is told how it is */
};

/* What a client begins with. */
void stay__rare_init(struct stay_client *client);
/* See to it that the client may put something into client->rare. False: no memory. */
bool stay__rare_begin(struct stay_client *client);
/* Give the block back, if nothing is in it. */
void stay__rare_rest(struct stay_client *client);
void stay__rare_fini(struct stay_client *client);

/* Name the place that is dialled, for sentences: a text that stays until the next
 * call. NULL, which it is at first: the label says which. */
void stay__rare_set_place(struct stay_client *client, const char *place);

#endif
