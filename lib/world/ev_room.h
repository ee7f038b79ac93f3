/* Makes room for the library's watchers in the tables of libev, before they need
 * it. */
#ifndef STAY__EV_ROOM_H
#define STAY__EV_ROOM_H

#include <stdbool.h>

#include <ev.h>

/* How many watchers libev can start without more memory. */
struct stay__room {
	struct ev_loop *ev;
	int fds;          /* descriptors below this one have room */
	unsigned watches; /* taken and not given back */
	unsigned pending; /* how many of them may be ready at once */
};

/* Whether libev would have the memory for a loop of its own. */
bool stay__room_for_loop(void);
/* Make room for one timer and one prepare watcher. False: no memory. */
bool stay__room_init(struct stay__room *room, struct ev_loop *ev);
/* Call _take before an ev_io is started, and _give after it is stopped. False: no
 * memory. */
bool stay__room_take(struct stay__room *room, int fd);
void stay__room_give(struct stay__room *room);

#endif
