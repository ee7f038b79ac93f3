/*
 * A link on a virtual world, with an owner that writes down what it is told:
 * "granted up readable down". What can be read it reads.
 */
#ifndef STAY_TESTS_LINK_RIG_H
#define STAY_TESTS_LINK_RIG_H

#include "sim/world_sim.h"
#include "stream/input.h"
#include "stream/link.h"

struct rig;
typedef void rig_hook_fn(struct rig *rig, enum stay__link_news news);

/* What it dials with. */
extern const struct stay_socket_options rig_usual;

/* One of any number of links of a loop. */
struct rig {
	struct stay_world *world;
	struct stay_loop *loop;
	struct stay__link link;
	struct stay__task run;
	char news[512];  /* but for TRANSITION and DUE */
	char turns[512]; /* "closed>queued>resolving" */
	char got[4096];
	size_t got_len;
	rig_hook_fn *hook; /* runs last, may do anything; NULL: none */
	void *arg;
};

/* The first link brings up the world and the loop; rig_fini ends all three. */
void rig_init(struct rig *rig);
void rig_fini(struct rig *rig);
/* Another link of the same loop; ends by stay__link_close. */
void rig_join(struct rig *rig, const struct rig *first);

/* Dial "tcp db 1234, tcp 10.0.0.1 1234, unix /x": scheme, host, port or path.
 */
enum stay_status rig_dial(struct rig *rig, const char *targets);

/* From now on nobody watches for less, but not for nothing: a host of the program's may
 * refuse that. */
void rig_watch_for_no_less(struct rig *rig);

/* What its link has to say of why it failed. */
const char *rig_failure(const struct rig *rig);

/* Let time pass till the link is open or closed; true: it is open. */
bool rig_settle(struct rig *rig, uint64_t budget_ms);
bool rig_is_up(void *rig);
bool rig_is_down(void *rig);

/* Write all of it, waiting for room as often as need be. */
void rig_send(struct rig *rig, const char *bytes, size_t len);

#endif
