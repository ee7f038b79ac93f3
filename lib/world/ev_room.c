/*
 * Makes room in libev's tables. libev ends the process when it gets no memory. So
 * before a call could enlarge a table, this file tests whether the memory is there,
 * and lets libev take it by starting and stopping watchers. libev's tables never
 * shrink. This file knows how many watchers the library has, not what they watch.
 */
#include "world/ev_room.h"

#include "base/mem.h"

/* Generous guesses: what libev needs for one descriptor in all its tables, and for
 * one event that it is about to report. */
#define FD_SIZE      64
#define PENDING_SIZE 16
#define FDS_MIN      60

/* Watchers that become pending beside those on descriptors: timer, prepare, ... */
#define PENDING_MIN 16

/* For the tables in which a program has few entries at first. */
#define START_SIZE ((size_t)64 * 1024)

/* Entries that libev's tables do not have of what it rounds up to. */
#define KEPT_BACK 4

/* libev doubles its tables and rounds up to whole pages. */
#define PAGES ((size_t)3 * 4096)

/*
 * Memory that was free a moment ago is free for libev. `volatile` keeps a compiler
 * that knows malloc and free from leaving both out.
 */
static bool
can_have(size_t bytes)
{
	void *volatile trial = stay__realloc(NULL, bytes);
	bool had = trial != NULL;

	stay__free(trial);
	return had;
}

/*
 * Enlarge the table of descriptors, and the list of descriptors changed since the
 * last wait, in which each can be once. The flag that ev_io_init sets is cleared:
 * libev then finds nothing changed, and does not call the kernel.
 */
static void
fds_grow(struct ev_loop *ev, int fds)
{
	ev_io io;

	for (int fd = fds - 1; fd >= 0; fd--) {
		ev_init(&io, NULL);
		io.fd = fd;
		io.events = EV_READ;
		ev_io_start(ev, &io);
		ev_io_stop(ev, &io);
	}
}

/* No watcher gets these events: clearing an event leaves an empty entry. */
static void
pending_grow(struct ev_loop *ev, int priority, unsigned count)
{
	ev_watcher watcher;

	ev_init(&watcher, NULL);
	ev_set_priority(&watcher, priority);
	while (count-- > 0) {
		ev_feed_event(ev, &watcher, EV_CUSTOM);
		ev_clear_pending(ev, &watcher);
	}
}

/* A stopped watcher leaves its place to the next one started. */
static void
others_grow(struct ev_loop *ev)
{
	ev_prepare prepare;
	ev_check check;
	ev_fork forked;
	ev_timer timer;

	ev_init(&prepare, NULL);
	ev_prepare_start(ev, &prepare);
	ev_prepare_stop(ev, &prepare);
	ev_init(&check, NULL);
	ev_check_start(ev, &check);
	ev_check_stop(ev, &check);
	ev_init(&forked, NULL);
	ev_fork_start(ev, &forked);
	ev_fork_stop(ev, &forked);
	ev_init(&timer, NULL);
	ev_timer_set(&timer, 1., 0.);
	ev_timer_start(ev, &timer);
	ev_timer_stop(ev, &timer);
}

static bool
room_for_fd(struct stay__room *room, int fd)
{
	int fds = FDS_MIN;

	if (fd < room->fds)
		return true;
	while (fds <= fd)
		fds = 2 * fds + KEPT_BACK; /* as libev does */
	if (!can_have((size_t)fds * FD_SIZE + PAGES))
		return false;
	fds_grow(room->ev, fds);
	room->fds = fds;
	return true;
}

static bool
room_for_pending(struct stay__room *room, unsigned count)
{
	unsigned pending = count * 2;

	if (count <= room->pending)
		return true;
	if (!can_have((size_t)pending * 2 * PENDING_SIZE + PAGES))
		return false;
	pending_grow(room->ev, 0, pending);
	room->pending = pending;
	return true;
}

bool
stay__room_for_loop(void)
{
	return can_have(START_SIZE);
}

bool
stay__room_init(struct stay__room *room, struct ev_loop *ev)
{
	*room = (struct stay__room){ .ev = ev };
	if (!can_have(START_SIZE))
		return false;
	others_grow(ev);
	pending_grow(ev, EV_MINPRI, PENDING_MIN);
	return room_for_pending(room, PENDING_MIN);
}

bool
stay__room_take(struct stay__room *room, int fd)
{
	if (!room_for_fd(room, fd) ||
	    !room_for_pending(room, room->watches + 1 + PENDING_MIN))
		return false;
	room->watches++;
	return true;
}

void
stay__room_give(struct stay__room *room)
{
	room->watches--;
}
