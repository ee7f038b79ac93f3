/*
 * Takes secrets out of a text that came from a peer: a server that does not know a
 * command may repeat its arguments.
 */
#ifndef STAY__REDACT_H
#define STAY__REDACT_H

#include <stddef.h>

/*
 * Copy `text`, cut at `size` (not 0), with "***" in place of each word. Words that
 * are NULL or empty are skipped. A word is found as it is, escaped as \xNN, \n, \"
 * or %NN, and with another character for each that is not printable. Its beginning
 * alone, of four characters or more, is replaced, too. But what has less than four
 * characters, or letters alone and less than 16, is not replaced in the middle of
 * another word: the hole would tell it. docs/observe.md says so.
 */
void stay__redact(char *to, size_t size, const char *text,
    const char *const *words, size_t count);

#endif
