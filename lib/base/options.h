/*
 * An options struct as a table, made from rows of options.def: defaults, bounds
 * and names. The program's struct may be older (shorter) than the library's; the
 * fields that it lacks have their defaults.
 */
#ifndef STAY__OPTIONS_H
#define STAY__OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <stay/status.h>

/* A field of type uint64_t; 0 in the program's struct means `fallback`. */
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
 * Fill `to`, the library's struct of `size` bytes, from the program's struct `from`
 * (may be NULL). Both begin with a size_t size. STAY_E_ABI: from->size is 0 or
 * larger than `size`. STAY_E_ARG: a field is out of its bounds, and *culprit (may
 * be NULL) is its row.
 */
enum stay_status stay__options_fill(void *to, size_t size, const void *from,
    const struct stay__option *options, size_t count,
    const struct stay__option **culprit);

#endif
