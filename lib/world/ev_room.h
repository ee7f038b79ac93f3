/* Makes room for our watchers in the tables of libev before it is needed. */
#ifndef STAY__EV_ROOM_H
#define STAY__EV_ROOM_H

#include <stdbool.h>

#include <ev.h>

/* So many watchers libev can take without more memory. */
struct stay__room {
	struct ev_loop *ev;
	int fds;          /* descriptors below it */
	unsigned watches; /* of ours, taken and not given back */
	unsigned pending; /* of them, all ready at once */
};

/* Room for one timer and one prepare watcher. False: no memory. */
bool stay__room_init(struct stay__room *room, struct ev_loop *ev);
/* Before an ev_io is started, and after it is stopped. False: no memory. */
bool stay__room_take(struct stay__room *room, int fd);
void stay__room_give(struct stay__room *room);

#endif
