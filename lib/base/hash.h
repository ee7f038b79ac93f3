/* FNV-1a: a number for a text. Use it only where a collision costs little. */
#ifndef STAY__HASH_H
#define STAY__HASH_H

#include <stddef.h>
#include <stdint.h>

#define STAY__HASH_START UINT64_C(14695981039346656037)

/* Continue `hash` with `len` more bytes. */
static inline uint64_t
stay__hash(uint64_t hash, const char *bytes, size_t len)
{
	for (; len > 0; len--, bytes++)
		hash = (hash ^ (unsigned char)*bytes) * UINT64_C(1099511628211);
	return hash;
}

#endif
