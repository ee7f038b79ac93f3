/*
 * Memory for libev when malloc fails: an allocator with a reserve, for programs that
 * ask for it. The reserve belongs to the whole process, because libev's allocator
 * does; nothing else in the library does. This file knows no loop and no world.
 */
#include <stay/loop.h>

#include <pthread.h>
#include <stdalign.h>

#include <ev.h>

#include "base/mem.h"

/* The head of every block. */
struct block {
	alignas(max_align_t) size_t size;
	bool is_reserved;
};

/* The reserve is used from front to back. It is whole again when no block of it is
 * in use. */
static struct {
	pthread_mutex_t lock;
	char *bytes; /* NULL: no program has asked */
	size_t size;
	size_t used;
	size_t blocks;
} reserve = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t
rounded(size_t size)
{
	size_t unit = alignof(struct block);

	return (sizeof(struct block) + size + unit - 1) / unit * unit;
}

static struct block *
reserve_take(size_t size)
{
	struct block *block = NULL;

	pthread_mutex_lock(&reserve.lock);
	if (rounded(size) <= reserve.size - reserve.used) {
		block = (struct block *)(void *)(reserve.bytes + reserve.used);
		block->size = size;
		block->is_reserved = true;
		reserve.used += rounded(size);
		reserve.blocks++;
	}
	pthread_mutex_unlock(&reserve.lock);
	return block;
}

static void
reserve_give(void)
{
	pthread_mutex_lock(&reserve.lock);
	if (--reserve.blocks == 0)
		reserve.used = 0;
	pthread_mutex_unlock(&reserve.lock);
}

static void
block_free(struct block *block)
{
	if (block == NULL)
		return;
	if (block->is_reserved)
		reserve_give();
	else
		stay__free(block);
}

/* Memory of the system. `old` is NULL or such memory, too. */
static struct block *
system_take(struct block *old, size_t size)
{
	struct block *block = stay__realloc(old, rounded(size));

	if (block == NULL)
		return NULL;
	block->size = size;
	block->is_reserved = false;
	return block;
}

/* Move a block into the reserve, or out of it. */
static struct block *
block_copy(struct block *block, struct block *old, size_t size)
{
	if (block == NULL || old == NULL)
		return block;
	memcpy(block + 1, old + 1, old->size < size ? old->size : size);
	block_free(old);
	return block;
}

static struct block *
block_move(struct block *old, size_t size)
{
	bool is_reserved = old != NULL && old->is_reserved;
	struct block *block = system_take(is_reserved ? NULL : old, size);

	if (block == NULL)
		return block_copy(reserve_take(size), old, size);
	return is_reserved ? block_copy(block, old, size) : block;
}

/* What libev calls: realloc, and free if `size` is 0. */
static void *
allocate(void *memory, long size)
{
	struct block *block =
	    memory == NULL ? NULL : (struct block *)memory - 1;

	if (size == 0) {
		block_free(block);
		return NULL;
	}
	block = block_move(block, (size_t)size);
	return block == NULL ? NULL : block + 1;
}

enum stay_status
stay_loop_ev_reserve(size_t bytes)
{
	if (reserve.bytes != NULL)
		return STAY_E_STATE;
	reserve.bytes = stay__realloc(NULL, bytes);
	if (reserve.bytes == NULL)
		return STAY_E_NOMEM;
	reserve.size = bytes;
	ev_set_allocator(allocate);
	return STAY_OK;
}
