/*
 * Finds the place for a number: by the name of a protocol, of an operation, of a phase.
 * Names that are too many, or that are none, share the place for all others.
 */
#include "loop/meter.h"

#include <string.h>

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S  (1000 * MS)

/* From 1 ms on those that OpenTelemetry advises for a database client. */
const uint64_t stay__fast_bounds[STAY__METER_BUCKETS - 1] = { 100 * US,
	500 * US, 1 * MS, 5 * MS, 10 * MS, 50 * MS, 100 * MS, 500 * MS, 1 * S,
	5 * S, 10 * S };
const uint64_t stay__long_bounds[STAY__METER_BUCKETS - 1] = { 100 * MS, 1 * S,
	10 * S, 60 * S, 600 * S, 3600 * S, 6 * 3600 * S, 24 * 3600 * S,
	3 * 24 * 3600 * S, 5 * 24 * 3600 * S, 7 * 24 * 3600 * S };

#define OTHERS "_OTHER"

struct stay__system *
stay__meter_system(struct stay__meter *meter, const char *name)
{
	size_t i = name[0] == '\0' ? STAY__METER_SYSTEMS - 1 : 0;

	for (; i < STAY__METER_SYSTEMS - 1; i++)
		if (meter->systems[i].name[0] == '\0' ||
		    strncmp(meter->systems[i].name, name,
			STAY__METER_NAME_MAX - 1) == 0)
			break;
	if (i == STAY__METER_SYSTEMS - 1)
		name = OTHERS;
	if (meter->systems[i].name[0] == '\0')
		strncpy(meter->systems[i].name, name, STAY__METER_NAME_MAX - 1);
	return &meter->systems[i];
}

/* What does not look like a name is not shown: it may be anything. */
static bool
is_name(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
				  "stuvwxyz0123456789_.-");

	return len > 0 && len < STAY__METER_NAME_MAX && name[len] == '\0';
}

/* Row 0 is for all others. */
uint8_t
stay__system_learn(struct stay__system *system, const char *name)
{
	uint8_t i;

	if (name == NULL || !is_name(name))
		return 0;
	memcpy(system->operations[0], OTHERS, sizeof(OTHERS));
	for (i = 1; i < STAY__METER_ROWS; i++) {
		if (system->operations[i][0] == '\0')
			memcpy(system->operations[i], name, strlen(name) + 1);
		if (strcmp(system->operations[i], name) == 0)
			return i;
	}
	return 0;
}

/* Phases are static texts, and few: that of the library's. */
size_t
stay__meter_failure(
    struct stay__meter *meter, const char *phase, enum stay_status status)
{
	size_t i = 0;

	while (i < STAY__METER_PHASES - 1 && meter->phases[i] != NULL &&
	       strcmp(meter->phases[i], phase) != 0)
		i++;
	if (meter->phases[i] == NULL)
		meter->phases[i] = phase;
	return i * STAY__METER_STATUSES + (size_t)status;
}

void
stay__meter_end(struct stay__meter *meter)
{
	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++)
		memset(
		    &meter->systems[i].live, 0, sizeof(meter->systems[i].live));
	meter->loop = NULL;
}

/* ---- several as one ---- */

/* A block of numbers is an array of them. */
static void
add_numbers(void *to, const void *from, size_t size)
{
	uint64_t *sum = to;
	const uint64_t *more = from;

	for (size_t i = 0; i < size / sizeof(*sum); i++)
		sum[i] += more[i];
}

static void
add_latencies(struct stay__system *to, const struct stay__system *from)
{
	for (size_t i = 0; i < STAY__METER_ROWS; i++) {
		size_t row =
		    i == 0 ? 0 : stay__system_learn(to, from->operations[i]);

		add_numbers(&to->durations.LATENCY[row * STAY_OUTCOME_COUNT],
		    &from->durations.LATENCY[i * STAY_OUTCOME_COUNT],
		    STAY_OUTCOME_COUNT * sizeof(struct stay__histogram));
	}
}

/* The phases of both may be in another order. */
static void
add_failures(struct stay__meter *to, struct stay__system *system,
    const struct stay__meter *from, const uint64_t *counts)
{
	for (size_t i = 0; i < STAY__METER_FAILURES; i++)
		if (counts[i] > 0)
			system->past.FAILURES[stay__meter_failure(to,
			    from->phases[i / STAY__METER_STATUSES],
			    (enum stay_status)(i % STAY__METER_STATUSES))] +=
			    counts[i];
}

static void
add_durations(struct stay__durations *to, const struct stay__durations *from)
{
#define FAST(id, labels, name, unit, help)                                     \
	if (offsetof(struct stay__durations, id) !=                            \
	    offsetof(struct stay__durations, LATENCY))                         \
		add_numbers(to->id, from->id, sizeof(to->id));
#define LONG FAST
#include <stay/observe.def>
}

static void
add_system(struct stay__meter *to, const struct stay__meter *from,
    const struct stay__system *more)
{
	struct stay__system *system = stay__meter_system(to, more->name);
	struct stay__numbers past = more->past;

	memset(past.FAILURES, 0, sizeof(past.FAILURES));
	add_numbers(&system->past, &past, sizeof(past));
	add_numbers(&system->live, &more->live, sizeof(more->live));
	add_failures(to, system, from, more->past.FAILURES);
	add_durations(&system->durations, &more->durations);
	add_latencies(system, more);
}

void
stay__meter_add(struct stay__meter *to, const struct stay__meter *from)
{
	for (size_t i = 0; i < STAY__METER_SYSTEMS; i++)
		if (from->systems[i].name[0] != '\0')
			add_system(to, from, &from->systems[i]);
}
