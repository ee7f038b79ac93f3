/* free of the tests, which looks into what it is given; see secret.h. */
#include "secret.h"

#include <malloc.h>
#include <stddef.h>
#include <string.h>

#include "scarce.h"

void __real_free(void *block);
void __wrap_free(void *block);

static _Thread_local const char *watched;
static _Thread_local unsigned freed;

void
secret_watch(const char *word)
{
	watched = word;
	freed = 0;
}

unsigned
secret_freed(void)
{
	watched = NULL;
	return freed;
}

void
__wrap_free(void *block)
{
	if (watched != NULL && block != NULL)
		freed += memmem(block, malloc_usable_size(block), watched,
			     strlen(watched)) != NULL;
	if (block != NULL)
		scarce_given_back();
	__real_free(block);
}
