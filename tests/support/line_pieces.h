/*
 * A line protocol whose replies may come in pieces: what is behind "% ", or behind
 * "%@7 " for tag 7, goes to its call as it arrives, up to the character that says what
 * the end is: '\n' a reply, '\t' an error, '\r' a refusal. To a call that takes no
 * pieces it is a line as any other.
 */
#ifndef STAY_TESTS_LINE_PIECES_H
#define STAY_TESTS_LINE_PIECES_H

#include "line_tagged.h"

/* The same in all else as `base`, which is one of lines. */
const struct stay_protocol *line_pieces_protocol(
    const struct stay_protocol *base);

#endif
