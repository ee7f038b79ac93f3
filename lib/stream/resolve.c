/*
 * Shares lookups between those who ask for the same name. The world does the
 * looking up; this file does not know how, nor what the addresses are for.
 */
#include "stream/resolve.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "loop/loop.h"

/* A lookup under way, with or without somebody who still waits for it. */
struct flight {
	struct stay__list node;
	struct stay__list queries;
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

/* Off the list first: whoever is told may ask for the same name again. */
static void
landed(struct stay_lookup *lookup, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct flight *flight = lookup->owner;
	struct stay__query *query;
	struct stay__list *node;

	stay__list_remove(&flight->node);
	while ((node = stay__list_pop(&flight->queries)) != NULL) {
		query = STAY__CONTAINER(node, struct stay__query, node);
		query->done(query, error, text, addresses, count);
	}
	stay__free(flight);
}

static struct flight *
find(struct stay__resolver *resolver, const char *host, const char *port)
{
	struct stay__list *node = resolver->flights.next;
	struct flight *flight;

	for (; node != &resolver->flights; node = node->next) {
		flight = STAY__CONTAINER(node, struct flight, node);
		if (strcmp(flight->lookup.host, host) == 0 &&
		    strcmp(flight->lookup.port, port) == 0)
			return flight;
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

int
stay__resolve(struct stay__resolver *resolver, struct stay__query *query,
    const char *host, const char *port)
{
	struct stay_loop *loop = resolver->loop;
	struct flight *flight;
	int error;

	assert(stay__list_is_empty(&query->node));
	flight = find(resolver, host, port);
	if (flight == NULL) {
		flight = flight_new(host, port);
		if (flight == NULL)
			return -ENOMEM;
		error = loop->ops->lookup(loop->world, &flight->lookup);
		if (error != 0) {
			stay__free(flight);
			return error;
		}
		stay__list_push(&resolver->flights, &flight->node);
	}
	stay__list_push(&flight->queries, &query->node);
	return 0;
}

void
stay__resolver_fini(struct stay__resolver *resolver)
{
	struct stay_loop *loop = resolver->loop;
	struct stay__list *node;
	struct flight *flight;

	while ((node = stay__list_pop(&resolver->flights)) != NULL) {
		flight = STAY__CONTAINER(node, struct flight, node);
		assert(stay__list_is_empty(&flight->queries));
		loop->ops->lookup_cancel(loop->world, &flight->lookup);
		stay__free(flight);
	}
}
