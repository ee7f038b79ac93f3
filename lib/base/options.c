/*
 * Reads an options struct that may be older than this library. This file knows
 * where the fields are and which values they may have, not what they are for.
 */
#include "base/options.h"

#include "base/mem.h"

static uint64_t *
field(void *options, const struct stay__option *option)
{
	return (uint64_t *)(void *)((char *)options + option->offset);
}

/*
 * Copy the program's struct into the library's; the fields behind its end are 0. A
 * field that it holds only in part is 0, too.
 */
static void
copy(void *to, size_t size, const void *from, size_t known,
    const struct stay__option *options, size_t count)
{
	memset(to, 0, size);
	if (from != NULL)
		memcpy(to, from, known);
	memcpy(to, &size, sizeof(size));
	for (size_t i = 0; i < count; i++)
		if (options[i].offset + sizeof(uint64_t) > known)
			*field(to, &options[i]) = 0;
}

enum stay_status
stay__options_fill(void *to, size_t size, const void *from,
    const struct stay__option *options, size_t count,
    const struct stay__option **culprit)
{
	size_t known = 0;
	uint64_t *value;

	if (culprit != NULL)
		*culprit = NULL;
	if (from != NULL) {
		memcpy(&known, from, sizeof(known));
		if (known < sizeof(known) || known > size)
			return STAY_E_ABI;
	}
	copy(to, size, from, known, options, count);
	for (size_t i = 0; i < count; i++) {
		value = field(to, &options[i]);
		if (*value == 0)
			*value = options[i].fallback;
		else if (*value < options[i].min || *value > options[i].max) {
			if (culprit != NULL)
				*culprit = &options[i];
			return STAY_E_ARG;
		}
	}
	return STAY_OK;
}
