/*
 * A line protocol with lines past reply_bytes_max: they are read past,
 * whether their end has come or not. "^20 " begins a reply of 20 bytes that is too big,
 * "^20@7 " one to tag 7, "^20$ " the last of its session.
 */
#ifndef STAY_TESTS_LINE_SWALLOW_H
#define STAY_TESTS_LINE_SWALLOW_H

#include "line_tagged.h"

/* The same in all else as `base`, which is one of lines. */
const struct stay_protocol *line_swallow_protocol(
    const struct stay_protocol *base);

#endif
