/*
 * Shares one lookup among all queries for the same name. The world does the
 * lookup; this file knows neither how, nor what the addresses are for.
 */
#include "stream/resolve.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"

/* A lookup under way, whether or not a query still waits for it. */
struct flight {
	struct stay__list node;
	struct stay__list queries;
	struct stay__resolver *resolver;
	uint64_t begun_at; /* ns */
	struct stay_lookup lookup;
	char names[]; /* host, NUL, port, NUL */
};

void
stay__query_init(struct stay__query *query, stay__query_fn *done)
{
	stay__list_init(&query->node);
	query->done = done;
}

void
stay__query_cancel(struct stay__query *query)
{
	stay__list_remove(&query->node);
}

static bool
is_for(const struct flight *flight, const char *host, const char *port)
{
	return strcmp(flight->lookup.host, host) == 0 &&
	       strcmp(flight->lookup.port, port) == 0;
}

static struct flight *
flight_of(struct stay__list *node)
{
	return STAY__CONTAINER(node, struct flight, node);
}

/* Addresses are good for all who wait for the name, whichever lookup found them. */
static void
queries_of_name(struct stay__resolver *resolver, struct stay__list *queries,
    const struct flight *landed)
{
	struct stay__list *node = resolver->flights.next;

	for (; node != &resolver->flights; node = node->next)
		if (is_for(flight_of(node), landed->lookup.host,
			landed->lookup.port))
			stay__list_append_all(
			    queries, &flight_of(node)->queries);
}

/* Off the list first: whoever is told may ask for the same name again. */
static void
landed(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct flight *flight = lookup->owner;
	struct stay__query *query;
	struct stay__list *node;

	stay__list_remove(&flight->node);
	if (error == 0)
		queries_of_name(flight->resolver, &flight->queries, flight);
	while ((node = stay__list_pop(&flight->queries)) != NULL) {
		query = STAY__CONTAINER(node, struct stay__query, node);
		query->done(query, error, text, addresses, count);
	}
	stay__free(flight);
}

static void
flight_cancel(struct stay__resolver *resolver, struct flight *flight)
{
	struct stay_loop *loop = resolver->loop;

	assert(stay__list_is_empty(&flight->queries));
	loop->ops->lookup_cancel(loop->world, &flight->lookup);
	stay__list_remove(&flight->node);
	stay__free(flight);
}

/*
 * One that is young enough to be joined. An older one hangs, maybe since a time
 * when no name could be looked up. Of those that nobody waits for any more only
 * the oldest is kept, which may still find what its successors look for.
 */
static struct flight *
find(struct stay__resolver *resolver, const char *host, const char *port)
{
	uint64_t now = stay__loop_now(resolver->loop);
	struct stay__list *node = resolver->flights.next;
	struct stay__list *next;
	bool kept = false;

	for (; node != &resolver->flights; node = next) {
		struct flight *flight = flight_of(node);

		next = node->next;
		if (!is_for(flight, host, port))
			continue;
		if (stay__later(flight->begun_at, STAY__LOOKUP_JOIN_MS) >= now)
			return flight;
		if (kept && stay__list_is_empty(&flight->queries))
			flight_cancel(resolver, flight);
		kept = true;
	}
	return NULL;
}

static struct flight *
flight_new(const char *host, const char *port)
{
	size_t host_size = strlen(host) + 1;
	size_t port_size = strlen(port) + 1;
	struct flight *flight;

	flight = stay__zalloc(sizeof(*flight) + host_size + port_size);
	if (flight == NULL)
		return NULL;
	stay__list_init(&flight->node);
	stay__list_init(&flight->queries);
	memcpy(flight->names, host, host_size);
	memcpy(flight->names + host_size, port, port_size);
	flight->lookup.host = flight->names;
	flight->lookup.port = flight->names + host_size;
	flight->lookup.done = landed;
	flight->lookup.owner = flight;
	return flight;
}

void
stay__resolver_init(struct stay__resolver *resolver, struct stay_loop *loop)
{
	resolver->loop = loop;
	stay__list_init(&resolver->flights);
}

static int
take_off(struct stay__resolver *resolver, struct flight *flight)
{
	struct stay_loop *loop = resolver->loop;
	int error = loop->ops->lookup(loop->world, &flight->lookup);

	if (error != 0) {
		stay__free(flight);
		return error;
	}
	flight->resolver = resolver;
	flight->begun_at = stay__loop_now(loop);
	stay__list_push(&resolver->flights, &flight->node);
	return 0;
}

int
stay__resolve(struct stay__resolver *resolver, struct stay__query *query,
    const char *host, const char *port)
{
	struct flight *flight = find(resolver, host, port);
	int error = 0;

	assert(stay__list_is_empty(&query->node));
	if (flight == NULL) {
		flight = flight_new(host, port);
		error = flight != NULL ? take_off(resolver, flight) : -ENOMEM;
	}
	if (error == 0)
		stay__list_push(&flight->queries, &query->node);
	return error;
}

void
stay__resolver_fini(struct stay__resolver *resolver)
{
	struct stay__list *node;

	while ((node = stay__list_first(&resolver->flights)) != NULL)
		flight_cancel(resolver, flight_of(node));
}
