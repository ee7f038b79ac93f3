/*
 * An options struct as a table, made from rows of options.def: defaults, bounds
 * and names. The program's struct may be older (shorter) than ours; fields that
 * it lacks have their defaults.
 */
#ifndef STAY__OPTIONS_H
#define STAY__OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <stay/status.h>

/* A uint64_t field: 0 in the caller's struct means `fallback`. */
struct stay__option {
	const char *name;
	size_t offset;
	uint64_t fallback;
	uint64_t min;
	uint64_t max;
};

/* clang-format off */
#define STAY__OPTION(type, field, fallback, least, most) \
	{ #field, offsetof(type, field), fallback, least, most }
/* clang-format on */

/*
 * Fill `to` (ours, `size` bytes, its first field a size_t size) from `from`
 * (the caller's, may be NULL). STAY_E_ABI: from->size is 0 or larger than ours;
 * STAY_E_ARG: a field out of its bounds, *culprit (may be NULL) is its name.
 */
enum stay_status stay__options_fill(void *to, size_t size, const void *from,
    const struct stay__option *options, size_t count, const char **culprit);

#endif
