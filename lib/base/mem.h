/* The library allocates here only, so that tests can make it fail. */
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

/* `count` elements of `size` bytes, zeroed. NULL: no memory, or count * size does
 * not fit a size_t. */
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

/* Resize a block to `count` elements of `size` bytes. NULL as above; the block
 * stays then. */
static inline void *
stay__realloc_many(void *old, size_t count, size_t size)
{
	return count <= SIZE_MAX / size ? realloc(old, count * size) : NULL;
}

/* For memory with secrets, before it is freed: a write to what is volatile is never
 * left out. */
static inline void
stay__wipe(void *memory, size_t size)
{
	volatile char *at = memory;

	while (size-- > 0)
		*at++ = 0;
}

static inline void
stay__free(void *memory)
{
	free(memory);
}

/* Of a text that may hold a password, as a URL; NULL is fine. */
static inline void
stay__free_secret(char *text)
{
	if (text != NULL)
		stay__wipe(text, strlen(text));
	stay__free(text);
}

#endif
