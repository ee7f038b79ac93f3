/*
 * Names and addresses of the virtual network: who is called what, and what
 * happens to those who connect there.
 */
#include "sim/sim.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define ADDRESSES_MAX 16

struct name {
	struct stay__list node;
	char *text;
	char *addresses; /* parted by blanks */
	uint64_t delay_ms;
	int error;
};

/* A lookup under way. */
struct query {
	struct stay__list node;
	struct sim_event event;
	struct stay_lookup *lookup;
};

/* ---- addresses ---- */

static void
unix_make(const char *path, struct stay_address *address)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t size = strlen(path) + 1;

	if (size > sizeof(to.sun_path))
		sim_die("path too long: %s", path);
	memcpy(to.sun_path, path, size);
	address->len = sizeof(to);
	memcpy(&address->storage, &to, sizeof(to));
}

/* False: `host` is no literal. */
static bool
address_make(const char *host, int port, struct stay_address *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memset(address, 0, sizeof(*address));
	v4.sin_port = v6.sin6_port = htons((uint16_t)port);
	if (host[0] == '/') {
		unix_make(host, address);
	} else if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		address->len = sizeof(v4);
		memcpy(&address->storage, &v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		address->len = sizeof(v6);
		memcpy(&address->storage, &v6, sizeof(v6));
	} else {
		return false;
	}
	return true;
}

/* Host and port without all that differs between equal addresses. */
struct key {
	char host[SIM_TEXT_SIZE];
	int port;
};

static struct key
key_of(const struct stay_address *address)
{
	struct key key = { "", 0 };
	const void *from = &address->storage;
	const struct sockaddr_in *v4 = from;
	const struct sockaddr_in6 *v6 = from;
	const struct sockaddr_un *un = from;

	if (address->storage.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, key.host, sizeof(key.host));
		key.port = ntohs(v4->sin_port);
	} else if (address->storage.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, key.host, sizeof(key.host));
		key.port = ntohs(v6->sin6_port);
	} else {
		strncpy(key.host, un->sun_path, sizeof(key.host) - 1);
	}
	return key;
}

static struct sim_place *
place_find(struct sim *sim, const char *host, int port)
{
	struct stay__list *node;

	for (node = sim->places.next; node != &sim->places; node = node->next) {
		struct sim_place *place =
		    STAY__CONTAINER(node, struct sim_place, node);
		struct key key = key_of(&place->address);

		if (strcmp(key.host, host) == 0 && key.port == port)
			return place;
	}
	return NULL;
}

struct sim_place *
sim_place(struct sim *sim, const char *host, int port)
{
	struct stay_address address;
	struct sim_place *place;
	struct key key;

	if (!address_make(host, port, &address))
		sim_die("no address: %s", host);
	key = key_of(&address);
	place = place_find(sim, key.host, key.port);
	if (place != NULL)
		return place;
	place = sim_alloc(sizeof(*place));
	place->address = address;
	stay__list_push(&sim->places, &place->node);
	return place;
}

struct sim_place *
sim_place_of(struct sim *sim, const struct stay_address *to)
{
	struct key key = key_of(to);
	struct sim_place *place = place_find(sim, key.host, key.port);

	return place != NULL ? place : place_find(sim, key.host, 0);
}

void
sim_address_set(struct stay_world *world, const char *host, int port,
    enum sim_fate fate, uint64_t after_ms)
{
	struct sim_place *place = sim_place(sim_of(world), host, port);

	place->fate = fate;
	place->after_ms = after_ms;
}

/* ---- names ---- */

static struct name *
name_find(struct sim *sim, const char *text)
{
	struct stay__list *node;

	for (node = sim->names.next; node != &sim->names; node = node->next) {
		struct name *name = STAY__CONTAINER(node, struct name, node);

		if (strcmp(name->text, text) == 0)
			return name;
	}
	return NULL;
}

static char *
copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(sim_alloc(size), text, size);
}

void
sim_name_set(struct stay_world *world, const char *text, const char *addresses,
    uint64_t delay_ms, int error)
{
	struct sim *sim = sim_of(world);
	struct name *name = name_find(sim, text);

	if (name == NULL) {
		name = sim_alloc(sizeof(*name));
		name->text = copy(text);
		stay__list_push(&sim->names, &name->node);
	}
	free(name->addresses);
	name->addresses = copy(addresses != NULL ? addresses : "");
	name->delay_ms = delay_ms;
	name->error = error;
}

static size_t
addresses_read(const char *list, int port, struct stay_address *addresses)
{
	char *texts = copy(list);
	char *rest = texts;
	size_t count = 0;
	char *text;

	while ((text = strtok_r(rest, " ", &rest)) != NULL) {
		if (count == ADDRESSES_MAX)
			sim_die("too many addresses: %s", list);
		if (!address_make(text, port, &addresses[count++]))
			sim_die("no address: %s", text);
	}
	free(texts);
	return count;
}

/* ---- lookups ---- */

static void
query_free(struct query *query)
{
	sim_event_stop(query->event.sim, &query->event);
	stay__list_remove(&query->node);
	query->lookup->world = NULL;
	free(query);
}

static void
query_answer(struct sim_event *event)
{
	struct query *query = STAY__CONTAINER(event, struct query, event);
	struct stay_address addresses[ADDRESSES_MAX];
	struct stay_lookup *lookup = query->lookup;
	struct name *name = name_find(event->sim, lookup->host);
	int port = (int)strtol(lookup->port, NULL, 10);
	int error = name != NULL ? name->error : 0;
	size_t count = 0;

	if (name == NULL && address_make(lookup->host, port, addresses))
		count = 1;
	else if (name != NULL && error == 0)
		count = addresses_read(name->addresses, port, addresses);
	if (error == 0 && count == 0)
		error = EAI_NONAME;
	sim_note(event->sim, "named", error, (int64_t)count);
	query_free(query);
	lookup->done(lookup, error, error != 0 ? gai_strerror(error) : NULL,
	    addresses, count);
}

int
sim_lookup(struct stay_world *world, struct stay_lookup *lookup)
{
	struct sim *sim = sim_of(world);
	struct name *name = name_find(sim, lookup->host);
	int error = sim_enter(sim, SIM_LOOKUP);
	struct query *query;
	uint64_t at;

	if (error != 0)
		return error;
	query = sim_alloc(sizeof(*query));
	query->lookup = lookup;
	query->event.sim = sim;
	lookup->world = query;
	stay__list_push(&sim->queries, &query->node);
	at = sim_after(sim, name != NULL ? name->delay_ms : 0);
	sim_note(sim, "lookup", (int64_t)(at - sim->born), 0);
	sim_note_bytes(sim, lookup->host, strlen(lookup->host));
	if (at != SIM_NEVER)
		sim_event_set(sim, &query->event, at, query_answer);
	return 0;
}

void
sim_lookup_cancel(struct stay_world *world, struct stay_lookup *lookup)
{
	if (lookup->world == NULL)
		return;
	sim_note(sim_of(world), "cancel", 0, 0);
	query_free(lookup->world);
}

size_t
sim_lookups(struct stay_world *world)
{
	struct sim *sim = sim_of(world);
	struct stay__list *node;
	size_t count = 0;

	for (node = sim->queries.next; node != &sim->queries; node = node->next)
		count++;
	return count;
}

void
sim_lookups_hang(struct sim *sim)
{
	struct stay__list *node;

	for (node = sim->queries.next; node != &sim->queries; node = node->next)
		sim_event_stop(
		    sim, &STAY__CONTAINER(node, struct query, node)->event);
}

void
sim_names_free(struct sim *sim)
{
	struct stay__list *node;

	if (!stay__list_is_empty(&sim->queries))
		sim_die("the world ends with a lookup under way");
	while ((node = stay__list_pop(&sim->names)) != NULL) {
		struct name *name = STAY__CONTAINER(node, struct name, node);

		free(name->text);
		free(name->addresses);
		free(name);
	}
	while ((node = stay__list_pop(&sim->places)) != NULL)
		free(STAY__CONTAINER(node, struct sim_place, node));
}
