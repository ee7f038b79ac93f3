/*
 * Words that must not be seen, taken out of a text that came from a peer: a
 * server that does not know a command may repeat its arguments.
 */
#ifndef STAY__REDACT_H
#define STAY__REDACT_H

#include <stddef.h>

/*
 * Copy `text`, cut at `size` (not 0), with "***" for each of the words; NULL and
 * "" among them are none. A word is found as it is, with other characters for
 * those that are not printable, escaped as \xNN, \n, \" or %NN, and if only its
 * beginning is there (four characters or more).
 */
void stay__redact(char *to, size_t size, const char *text,
    const char *const *words, size_t count);

#endif
