/* SHA-1 (RFC 3174), by which Redis names a script. It keeps no secret here. */
#ifndef STAY_REDIS__SHA1_H
#define STAY_REDIS__SHA1_H

#include <stddef.h>

#define STAY_REDIS__SHA1_DIGITS 40u

/* Write the digest of these bytes in small hexadecimal digits, with a NUL behind them. */
void stay_redis__sha1(
    const char *bytes, size_t len, char digits[STAY_REDIS__SHA1_DIGITS + 1]);

#endif
