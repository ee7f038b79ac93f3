/*
 * What the files of a link share, and nobody else sees:
 *
 *	link         its life: the dial, news
 *	link_open    an open stream: bytes, room, closing half
 *	link_secure  a filter between the stream and its bytes
 *	link_fail    its machine, and how it ends
 *	link_ends    its descriptors
 */
#ifndef STAY__LINK_INNER_H
#define STAY__LINK_INNER_H

#include "stream/link.h"

static inline bool
stay__link_is_in(const struct stay__link *link, enum stay__link_state state)
{
	return link->machine.now == (unsigned)state;
}

/* What is to be told next must not be told inside of this call. */
static inline void
stay__link_soon(struct stay__link *link)
{
	link->is_due = true;
	link->news(link, STAY__NEWS_DUE, NULL);
}

/* ---- link_fail.c ---- */

void stay__link_take(struct stay__link *link, enum stay__link_event event);
/* The stream has ended, and link->failure says why; news follow. */
void stay__link_end_soon(struct stay__link *link);
/* The same; the reason is the filter's, or this error. */
void stay__link_broke(struct stay__link *link, int system);
/* The same, with the news at once. */
void stay__link_lose(struct stay__link *link, int system);
/* Why is known, and the descriptors are closed: news, at once. */
void stay__link_down(struct stay__link *link);
/* In a forked child everything fails, and for this reason. */
void stay__link_say_whose(struct stay__link *link);
/* If the filter has failed, it knows why. */
bool stay__link_blame_filter(struct stay__link *link);

/* ---- link_ends.c ---- */

/* Before the ends are taken: a watch for the second of two descriptors. */
bool stay__link_has_writer(struct stay__link *link, const int fds[2]);
/* *ends is empty then: they have an owner. */
void stay__link_own(
    struct stay__link *link, struct stay__ends *ends, const int fds[2]);
void stay__link_disown(struct stay__link *link);
/* Interest as the state and stay__link_needs_room say. 0, or an error. */
int stay__link_watch(struct stay__link *link);
void stay__link_watch_not(struct stay__link *link);

/* Whether room is waited for: by its owner, or by what is sealed already. */
static inline bool
stay__link_needs_room(const struct stay__link *link)
{
	return link->wants_write || stay__filter_is_blocked(link->filter);
}

static inline bool
stay__link_is_watched(const struct stay__link *link)
{
	return (link->reader.interest & STAY_READ) != 0 || link->is_paused;
}

static inline struct stay__below
stay__link_below(struct stay__link *link)
{
	return (struct stay__below){ link->loop, link->ends.transport,
		link->ends.transport == NULL ? NULL
					     : stay__ends_state(&link->ends) };
}

/* ---- link_open.c: of stay__link_run ---- */

/* There is room. */
void stay__link_writable(struct stay__link *link);

/* ---- link_secure.c ---- */

/* The ends are there: a filter secures them, now or with the next news. Until then
 * nothing is written. `host` is who was dialled. */
void stay__link_secure(struct stay__link *link, const char *host);
void stay__link_secure_soon(struct stay__link *link, const char *host);
void stay__link_go_on_securing(struct stay__link *link);
/* stay__link_read and stay__link_write of a stream that has a filter. */
ssize_t stay__link_read_filtered(
    struct stay__link *link, void *bytes, size_t len);
enum stay_status stay__link_write_filtered(struct stay__link *link,
    const struct iovec *parts, int count, size_t *taken);
/* Close our half, behind what the filter still has. 0, or an error. */
int stay__link_shut_filtered(struct stay__link *link);
/* There may be more than the kernel tells of: of stay__link_run. */
bool stay__link_is_unread(const struct stay__link *link);
void stay__link_unread(struct stay__link *link);
/* Before a stream is closed that did not fail. */
void stay__link_say_goodbye(struct stay__link *link);

#endif
