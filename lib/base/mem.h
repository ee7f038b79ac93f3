/* The one place that asks for memory, so that tests can make it fail here. */
#ifndef STAY__MEM_H
#define STAY__MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define STAY__CONTAINER(pointer, type, member)                                 \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void *
stay__zalloc(size_t size)
{
	return calloc(1, size);
}

/* `count` of `size` bytes each, zeroed; NULL also if that is more than there
 * is. */
static inline void *
stay__calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

static inline void *
stay__realloc(void *old, size_t size)
{
	return realloc(old, size);
}

/* Room for `count` of `size` bytes each. */
static inline void *
stay__realloc_many(void *old, size_t count, size_t size)
{
	return count <= SIZE_MAX / size ? realloc(old, count * size) : NULL;
}

static inline void
stay__free(void *memory)
{
	free(memory);
}

#endif
