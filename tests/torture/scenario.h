/* A scenario: what a program does between making a loop and freeing it. */
#ifndef STAY_TESTS_TORTURE_SCENARIO_H
#define STAY_TESTS_TORTURE_SCENARIO_H

#include "rig.h"

/* The rows are in scenarios.def. */
#define SCENARIO(name, text) void scenario_##name(struct rig *rig);
#include "scenarios.def"

#endif
