/* A virtual world that virtual threads wait in. */
#ifndef STAY_TESTS_THREADS_WORLD_H
#define STAY_TESTS_THREADS_WORLD_H

#include <stay/world.h>

struct stay_world *world_new(uint64_t seed);

#endif
