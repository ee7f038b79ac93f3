/*
 * What will happen, in order: a heap by time, then by the order of setting.
 * Also chance and the trace, which make two runs of one seed the same run.
 */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

volatile unsigned sim_sparing;

void *
sim_realloc(void *memory, size_t size)
{
	sim_sparing++;
	memory = realloc(memory, size == 0 ? 1 : size);
	sim_sparing--;
	if (memory == NULL)
		sim_die("out of memory");
	return memory;
}

void *
sim_alloc(size_t size)
{
	void *memory = sim_realloc(NULL, size);

	memset(memory, 0, size);
	return memory;
}

void
sim_die(const char *format, ...)
{
	va_list args;

	fputs("sim: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* ---- the heap ---- */

static bool
is_before(const struct sim_event *a, const struct sim_event *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	return a->number < b->number;
}

static void
put(struct sim_queue *queue, size_t place, struct sim_event *event)
{
	queue->heap[place] = event;
	event->place = place;
}

static void
rise(struct sim_queue *queue, size_t place, struct sim_event *event)
{
	while (place > 1 && is_before(event, queue->heap[place / 2])) {
		put(queue, place, queue->heap[place / 2]);
		place /= 2;
	}
	put(queue, place, event);
}

static void
sink(struct sim_queue *queue, size_t place, struct sim_event *event)
{
	size_t child;

	while ((child = 2 * place) <= queue->count) {
		if (child < queue->count &&
		    is_before(queue->heap[child + 1], queue->heap[child]))
			child++;
		if (is_before(event, queue->heap[child]))
			break;
		put(queue, place, queue->heap[child]);
		place = child;
	}
	put(queue, place, event);
}

static void
grow(struct sim_queue *queue)
{
	size_t cap = queue->cap == 0 ? 64 : 2 * queue->cap;

	queue->heap =
	    sim_realloc(queue->heap, (cap + 1) * sizeof(*queue->heap));
	queue->cap = cap;
}

void
sim_event_set(
    struct sim *sim, struct sim_event *event, uint64_t at, sim_fire_fn *fire)
{
	struct sim_queue *queue = &sim->queue;

	sim_event_stop(sim, event);
	if (queue->count == queue->cap)
		grow(queue);
	event->at = at;
	event->number = queue->numbers++;
	event->fire = fire;
	event->sim = sim;
	rise(queue, ++queue->count, event);
}

void
sim_event_stop(struct sim *sim, struct sim_event *event)
{
	struct sim_queue *queue = &sim->queue;
	struct sim_event *last;
	size_t place = event->place;

	if (place == 0)
		return;
	event->place = 0;
	last = queue->heap[queue->count--];
	if (last == event)
		return;
	sink(queue, place, last);
	rise(queue, last->place, last);
}

uint64_t
sim_event_next(const struct sim *sim)
{
	return sim->queue.count == 0 ? SIM_NEVER : sim->queue.heap[1]->at;
}

uint64_t
sim_after(const struct sim *sim, uint64_t ms)
{
	if (ms > (SIM_NEVER - sim->now) / SIM_MS)
		return SIM_NEVER;
	return sim->now + ms * SIM_MS;
}

void
sim_events_fire(struct sim *sim)
{
	struct sim_queue *queue = &sim->queue;
	uint64_t end = queue->numbers;
	uint64_t due = sim->now;

	while (queue->count > 0 && queue->heap[1]->at <= due) {
		struct sim_event *event = queue->heap[1];

		if (event->number >= end)
			return;
		sim_event_stop(sim, event);
		event->fire(event);
		sim_happened(sim);
	}
}

void
sim_happened(struct sim *sim)
{
	sim->happened++;
	if (sim->after != NULL)
		sim->after(sim->after_arg);
}

/* ---- chance ---- */

/* splitmix64 (Steele, Lea, Flood): one word of state, any seed will do. */
uint64_t
sim_draw(struct sim *sim)
{
	uint64_t word = sim->random += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

size_t
sim_draw_size(struct sim *sim, size_t max)
{
	return (size_t)(sim_draw(sim) % max) + 1;
}

uint64_t
sim_random(struct stay_world *world)
{
	return sim_draw(sim_of(world));
}

/* ---- the trace ---- */

/* FNV-1a. */
static void
stir(struct sim *sim, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (size_t i = 0; i < len; i++)
		sim->hash = (sim->hash ^ from[i]) * UINT64_C(0x100000001b3);
}

void
sim_note(struct sim *sim, const char *what, int64_t a, int64_t b)
{
	uint64_t since = sim->now - sim->born;

	stir(sim, what, strlen(what));
	stir(sim, &since, sizeof(since));
	stir(sim, &a, sizeof(a));
	stir(sim, &b, sizeof(b));
	if (sim->trace != NULL)
		fprintf(sim->trace,
		    "%10" PRIu64 ".%06" PRIu64 " %-8s %" PRId64 " %" PRId64
		    "\n",
		    since / SIM_MS, since % SIM_MS, what, a, b);
}

void
sim_note_bytes(struct sim *sim, const char *bytes, size_t len)
{
	stir(sim, bytes, len);
}

uint64_t
sim_hash(struct stay_world *world)
{
	return sim_of(world)->hash;
}

void
sim_trace_to(struct stay_world *world, FILE *file)
{
	sim_of(world)->trace = file;
}
