/*
 * Stands in for malloc under OpenSSL, which is a shared library and so out of
 * the linker's hands, and for fopen, which it reads files with. What OpenSSL
 * keeps for later is no leak; what it has more of after each run is one.
 */
#include "wrap.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fault.h"

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);

/* ---- memory ---- */

static atomic_long live;

static bool
fails(void)
{
	return wrap_point(WRAP_openssl_memory) == WRAP_FAIL;
}

static void *
take(size_t size, const char *file, int line)
{
	void *memory;

	(void)file;
	(void)line;
	memory = fails() ? NULL : __real_malloc(size);
	atomic_fetch_add(&live, memory != NULL);
	return memory;
}

static void
give(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	atomic_fetch_sub(&live, memory != NULL);
	__real_free(memory);
}

static void *
change(void *old, size_t size, const char *file, int line)
{
	if (old == NULL)
		return take(size, file, line);
	if (size > 0)
		return fails() ? NULL : __real_realloc(old, size);
	give(old, file, line);
	return NULL;
}

bool
fault_openssl_begin(void)
{
	return CRYPTO_set_mem_functions(take, change, give) == 1;
}

long
fault_openssl_live(void)
{
	OPENSSL_thread_stop();
	return atomic_load(&live);
}

/* ---- files ---- */

/* In place of that of the C library, for shared libraries, too. */
FILE *
fopen(const char *path, const char *how)
{
	static FILE *(*_Atomic real)(const char *path, const char *how);
	void *found;

	if (wrap_point(WRAP_fopen) != WRAP_PASS) {
		errno = EMFILE;
		return NULL;
	}
	if (real == NULL) {
		found = dlsym(RTLD_NEXT, "fopen");
		real = *(FILE * (**)(const char *, const char *)) & found;
	}
	return real(path, how);
}
