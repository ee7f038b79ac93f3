/*
 * What the files of the virtual world share. world_sim.c: the clock and the
 * operations; event_sim.c: what will happen, chance and trace; name_sim.c:
 * names and addresses; net_sim.c: descriptors and bytes; peer_sim.c: the
 * servers.
 */
#ifndef STAY__SIM_H
#define STAY__SIM_H

#include <stdatomic.h>

#include "base/list.h"
#include "sim/world_sim.h"

#define SIM_NEVER     UINT64_MAX
#define SIM_MS        UINT64_C(1000000)
#define SIM_FIRST_FD  1000
#define SIM_TEXT_SIZE 128

/* ---- event_sim.c ---- */

struct sim_event;
typedef void sim_fire_fn(struct sim_event *event);

/* Lives inside whatever it is about. */
struct sim_event {
	uint64_t at;
	uint64_t
	    number;   /* those of one time happen in the order they were set */
	size_t place; /* in the heap, from 1; 0: not set */
	sim_fire_fn *fire;
	struct sim *sim;
};

struct sim_queue {
	struct sim_event **heap; /* heap[1] is next */
	size_t count;
	size_t cap;
	uint64_t numbers;
};

struct sim {
	struct stay_world base;
	struct stay_loop *loop;

	uint64_t now;
	uint64_t born;
	uint64_t cost;
	uint64_t timer;
	bool again;
	bool held;
	atomic_bool woken;
	bool forked;     /* this is the child */
	bool orphaned;   /* ...and the loop has been told */
	uint64_t leaked; /* what reached a server all the same */
	uint64_t busy;   /* waits since the clock last moved by a millisecond */
	uint64_t busy_since;

	/* Whoever looks on: told after everything that has happened. */
	void (*after)(void *arg);
	void *after_arg;
	uint64_t happened;

	struct sim_queue queue;
	uint64_t random;
	uint64_t hash;
	FILE *trace;

	uint64_t calls[SIM_OP_COUNT];
	uint64_t calls_fallible;
	uint64_t fail_in; /* calls; 0: never */
	enum sim_op fail_op;
	int fail_error;

	struct sim_limits limits;
	struct stay__list watches; /* struct sim_watch */
	struct stay__list names;
	struct stay__list queries;
	struct stay__list places;
	struct stay__list peers;
	struct stay__list errands; /* sim_at, not yet fired */
	struct sim_end **fds;      /* fds[fd - SIM_FIRST_FD] */
	size_t fd_count;
};

static inline struct sim *
sim_of(struct stay_world *world)
{
	return STAY__CONTAINER(world, struct sim, base);
}

/*
 * Never NULL; the first is zeroed; freed with free. Whoever counts or fails the
 * allocations of the library spares those made while sim_sparing is not 0.
 */
extern volatile unsigned
    sim_sparing; /* allocators are no secret to compilers */
void *sim_alloc(size_t size);
void *sim_realloc(void *memory, size_t size);

_Noreturn void sim_die(const char *format, ...) STAY_PRINTF(1, 2);

void sim_event_set(
    struct sim *sim, struct sim_event *event, uint64_t at, sim_fire_fn *fire);
void sim_event_stop(struct sim *sim, struct sim_event *event);
uint64_t sim_event_next(const struct sim *sim);
/* `ms` from now; SIM_NEVER for SIM_FOREVER. */
uint64_t sim_after(const struct sim *sim, uint64_t ms);
/* Fire all that are due and were set before this call. */
void sim_events_fire(struct sim *sim);
/* Something has happened to the library. */
void sim_happened(struct sim *sim);

uint64_t sim_draw(struct sim *sim);
/* 1 .. max, max > 0. */
size_t sim_draw_size(struct sim *sim, size_t max);

void sim_note(struct sim *sim, const char *what, int64_t a, int64_t b);
void sim_note_bytes(struct sim *sim, const char *bytes, size_t len);

/* ---- name_sim.c ---- */

/* Somewhere one can connect to. */
struct sim_place {
	struct stay__list node;
	struct stay_address address;
	enum sim_fate fate;
	uint64_t after_ms;
	const struct sim_server *server;
	void *arg;
	bool frozen;
	bool cut;
};

/* Its row, made if need be. */
struct sim_place *sim_place(struct sim *sim, const char *host, int port);
/* The row that decides for `to`: its own, its host's, or NULL. */
struct sim_place *sim_place_of(struct sim *sim, const struct stay_address *to);
int sim_lookup(struct stay_world *world, struct stay_lookup *lookup);
void sim_lookup_cancel(struct stay_world *world, struct stay_lookup *lookup);
void sim_lookups_hang(struct sim *sim);
void sim_names_free(struct sim *sim);

/* ---- net_sim.c ---- */

enum sim_kind { SIM_DATA, SIM_FIN, SIM_RST };

/* Bytes on their way, or an end. */
struct sim_chunk {
	struct stay__list node;
	struct sim_event event;
	struct sim_end *to;
	enum sim_kind kind;
	size_t len;
	char bytes[];
};

enum sim_phase { SIM_CONNECTING, SIM_OPEN, SIM_FAILED };

/* One of the two ends of a connection. */
struct sim_end {
	struct sim_peer *peer;
	struct sim_end *other;
	bool serves; /* the server's */
	int fd;      /* -1: none */
	enum sim_phase phase;
	int error;         /* pending, as SO_ERROR */
	bool closed;       /* by its owner */
	bool shut;         /* its owner sends no more */
	bool ended;        /* nothing more comes */
	bool broken;       /* writing is in vain */
	size_t on_the_way; /* written here, not yet taken there */
	struct stay__list arriving;
	char *inbox;
	size_t inbox_start;
	size_t inbox_len;
	size_t inbox_cap;
};

/* A connection; what the server sees of it. */
struct sim_peer {
	struct stay__list node;
	struct sim *sim;
	struct sim_place *place; /* NULL: made by sim_pair or sim_adopted */
	const struct sim_server *server;
	void *arg;
	void *data;
	struct sim_end ends[2]; /* [0] the library's */
	struct sim_event decided;
	struct sim_event nudge; /* something was let go: look again */
	struct sim_limits limits;
	struct stay_socket_options options;
	bool accepted; /* on_accept ran */
	bool told;     /* on_close ran, or never will */
	bool frozen;
	bool cut;
	uint64_t got;
	uint64_t sent;
	uint64_t got_max;
	uint64_t sent_max;
	bool cleanly;   /* it closes at those, and does not reset */
	bool resets;    /* the server has, and has not closed before */
	uint64_t heard; /* when the library last had a sign of life */
	bool choked;    /* its last write was a short one */
};

/* Look again, in the next wait, at what was held back. */
void sim_peer_nudge(struct sim_peer *peer);
unsigned sim_fd_ready(struct sim *sim, int fd, unsigned interest);
void sim_fd_check(struct sim *sim, int fd, const char *doing);

int sim_connect(struct stay_world *world, const struct stay_address *to,
    const struct stay_socket_options *options, int *fd);
int sim_finish(struct stay_world *world, int fd);
int sim_adopt(struct stay_world *world, int fd);
ssize_t sim_read(struct stay_world *world, int fd, void *bytes, size_t len);
ssize_t sim_write(
    struct stay_world *world, int fd, const struct iovec *parts, int count);
int sim_shutdown(struct stay_world *world, int fd);
int sim_keep_alive(struct stay_world *world, int fd,
    const struct stay_socket_options *options);
void sim_close(struct stay_world *world, int fd);
void sim_net_free(struct sim *sim);

/* ---- flow_sim.c ---- */

/* Put on the way from `from` to its other end. */
void sim_post(
    struct sim_end *from, enum sim_kind kind, const char *bytes, size_t len);
/* Let in what has arrived. */
void sim_receive(struct sim_end *end);
bool sim_is_cut(const struct sim_peer *peer);
void sim_inbox_empty(struct sim_end *end);
/* Forget what is in it and on its way to it. */
void sim_flow_free(struct sim_end *end);

/* ---- peer_sim.c ---- */

/* It has got or sent as much as it may. */
void sim_peer_end(struct sim_peer *peer);
/* Tell the server what there is to tell. */
void sim_peer_serve(struct sim_peer *peer);

/* ---- world_sim.c ---- */

/* Counts the call and lets it take its time; a negative errno: fail with it. */
int sim_enter(struct sim *sim, enum sim_op op);

bool sim_is_watched(struct sim *sim, int fd);

#endif
