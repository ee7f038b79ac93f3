/* Somebody beside the program who is told of each change of a client's state. */
#ifndef STAY__WATCH_H
#define STAY__WATCH_H

#include <stay/machine.h>

struct stay__watch;
/* `why` is the last failure since it was up; of a stop its reason. */
typedef void stay__watch_fn(
    struct stay__watch *watch, enum stay_state to, enum stay_status why);

struct stay__watch {
	stay__watch_fn *changed;
};

#endif
