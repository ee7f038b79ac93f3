/*
 * What is counted on a loop, in fixed memory: a block of numbers for each protocol, made
 * from the table <stay/observe.def>. It knows neither connections nor calls, nor how the
 * numbers are shown.
 */
#ifndef STAY__METER_H
#define STAY__METER_H

#include <stdbool.h>
#include <stddef.h>

#include <stay/machine.h>
#include <stay/status.h>

/* Protocols with a block of their own; the last one is for all others. */
#define STAY__METER_SYSTEMS    8
/* Operations of a protocol that are told apart, without the one for all others. */
#define STAY__METER_OPERATIONS 47
#define STAY__METER_NAME_MAX   24
#define STAY__METER_PHASES     8
#define STAY__METER_STATUSES   64
#define STAY__METER_PLACES     128 /* a power of two */
#define STAY__METER_BUCKETS    12  /* the last one has no bound */

#define STAY__METER_FAILURES  (STAY__METER_PHASES * STAY__METER_STATUSES)
/* A name that is too many has the first row; so has a request without a name. */
#define STAY__METER_ROWS      (STAY__METER_OPERATIONS + 1)
#define STAY__METER_LATENCIES (STAY__METER_ROWS * STAY_OUTCOME_COUNT)

_Static_assert(STAY_STATUS_COUNT <= STAY__METER_STATUSES, "each has its place");

struct stay__histogram {
	uint64_t sum; /* ns */
	uint64_t counts[STAY__METER_BUCKETS];
};

enum stay__metric_series {
#define LABELS(id, series, first, second) STAY__SERIES_OF_##id = series,
#include <stay/observe.def>
};

/* What rows the table has, one number for each series. */
struct stay__numbers {
#define COUNTER(id, labels, name, unit, help)                                  \
	uint64_t id[STAY__SERIES_OF_##labels];
#define GAUGE(id, labels, name, unit, help)                                    \
	uint64_t id[STAY__SERIES_OF_##labels];
#include <stay/observe.def>
};

struct stay__durations {
#define FAST(id, labels, name, unit, help)                                     \
	struct stay__histogram id[STAY__SERIES_OF_##labels];
#define LONG(id, labels, name, unit, help)                                     \
	struct stay__histogram id[STAY__SERIES_OF_##labels];
#include <stay/observe.def>
};

/* The row of a name, found by its address: names are static texts. */
struct stay__meter_place {
	const char *name;
	uint8_t row;
};

struct stay__system {
	char name[STAY__METER_NAME_MAX]; /* "": not in use */
	struct stay__numbers past;       /* events, and what has ended */
	struct stay__numbers live;       /* of those that live, once asked */
	struct stay__durations durations;
	char operations[STAY__METER_ROWS][STAY__METER_NAME_MAX];
	struct stay__meter_place places[STAY__METER_PLACES];
};

struct stay__meter {
	struct stay_loop *loop; /* that has it; NULL: none */
	struct stay__system systems[STAY__METER_SYSTEMS];
	const char *phases[STAY__METER_PHASES]; /* static texts */
};

/* The upper bounds of the buckets, in ns. */
extern const uint64_t stay__fast_bounds[STAY__METER_BUCKETS - 1];
extern const uint64_t stay__long_bounds[STAY__METER_BUCKETS - 1];

/* No loop has it any more, and nothing that was counted in it lives. */
void stay__meter_end(struct stay__meter *meter);

/* The block of a protocol, by its name. */
struct stay__system *stay__meter_system(
    struct stay__meter *meter, const char *name);

/* The row of an operation, by its name; 0 if there is no place for it, or if it is no
 * name that may be shown. */
uint8_t stay__system_learn(struct stay__system *system, const char *name);

/* The place of a failure. */
size_t stay__meter_failure(
    struct stay__meter *meter, const char *phase, enum stay_status status);

/* The same of a static text, which is found again by its address; NULL: 0. */
static inline uint8_t
stay__system_row(struct stay__system *system, const char *name)
{
	size_t at = (uintptr_t)name * UINT64_C(0x9e3779b97f4a7c15) >> 57;
	struct stay__meter_place *place = &system->places[at];

	if (place->name != name)
		*place = (struct stay__meter_place){ name,
			stay__system_learn(system, name) };
	return place->row;
}
_Static_assert(STAY__METER_PLACES == 1 << (64 - 57), "seven bits of a product");

static inline void
stay__histogram_add_many(struct stay__histogram *histogram,
    const uint64_t *bounds, uint64_t ns, uint64_t count)
{
	size_t i = 0;

	while (i < STAY__METER_BUCKETS - 1 && ns > bounds[i])
		i++;
	histogram->counts[i] += count;
	histogram->sum += ns * count;
}

static inline void
stay__histogram_add(
    struct stay__histogram *histogram, const uint64_t *bounds, uint64_t ns)
{
	stay__histogram_add_many(histogram, bounds, ns, 1);
}

/* Add the numbers of one meter to another, by the names. */
void stay__meter_add(struct stay__meter *to, const struct stay__meter *from);

#endif
