/*
 * The world on libev and POSIX: the loop's watchers (ev.c), room for them
 * (ev_room.c), system calls on descriptors (ev_socket.c), names (ev_resolve.c),
 * entropy (ev_entropy.c), whose process it is (ev_process.c).
 */
#ifndef STAY__EV_H
#define STAY__EV_H

#include <stdbool.h>

#include <ev.h>

#include <stay/world.h>

/*
 * A world that waits in ev_run(ev); NULL: no memory. It belongs to the process
 * that made it: in a forked child every operation on a descriptor or a name
 * fails with -EPERM, so that a child cannot speak on its parent's connections.
 */
struct stay_world *stay__world_ev_new(struct ev_loop *ev);

/* ---- ev_room.c ---- */

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

/* ---- ev_socket.c: results as for struct stay_world_ops ---- */

int stay__socket_connect(const struct stay_address *to,
    const struct stay_socket_options *options, int *fd);
int stay__socket_finish(int fd);
int stay__socket_adopt(int fd);
ssize_t stay__socket_read(int fd, void *bytes, size_t len);
ssize_t stay__socket_write(int fd, const struct iovec *parts, int count);

/* A descriptor that is readable from stay__wake, which any thread may call, to
 * stay__wake_clear. Negative errno: there is none. */
int stay__wake_open(void);
void stay__wake(int fd);
void stay__wake_clear(int fd);

/* ---- ev_process.c ---- */

/* Tells the process that made it from its forked children. */
struct stay__process {
	pid_t maker;
	unsigned char *mark; /* 1, and 0 in a child; NULL: ask for the pid */
};

void stay__process_init(struct stay__process *process);
void stay__process_fini(struct stay__process *process);
bool stay__process_is_ours(const struct stay__process *process);

/* ---- ev_entropy.c ---- */

void stay__ev_entropy(struct stay_world *world, void *bytes, size_t len);

/* ---- ev_resolve.c ---- */

#define STAY__RESOLVER_THREADS 4

struct stay__lookups;

/* `wake_fd` is woken, from other threads, when there is something to deliver.
 */
struct stay__lookups *stay__lookups_new(int wake_fd);

/* Never waits: what a thread is still busy with is thrown away when it ends. */
void stay__lookups_free(struct stay__lookups *lookups);

int stay__lookups_start(
    struct stay__lookups *lookups, struct stay_lookup *lookup);
void stay__lookups_cancel(
    struct stay__lookups *lookups, struct stay_lookup *lookup);

/* On the loop's thread: run `done` of all that have ended. */
void stay__lookups_deliver(struct stay__lookups *lookups);

#endif
