/* Waiting on a loop that nobody runs: whoever waits drives it. */
#ifndef STAY__WAITING_H
#define STAY__WAITING_H

#include "loop/loop.h"

typedef bool stay__settled_fn(const void *arg);

/* Drive the loop until this is so, or until `deadline` (ns); if that has passed, look for
 * events once, without waiting. No callback is running: it is not busy. Returns whether
 * it is so. */
bool stay__loop_wait(struct stay_loop *loop, stay__settled_fn *is_settled,
    const void *arg, uint64_t deadline);

/* Let time pass, without waiting: what is due is done, and what has come is read. For a
 * program that only waits, when there is nothing to wait for. The loop is not busy. */
void stay__loop_look(struct stay_loop *loop);

#endif
