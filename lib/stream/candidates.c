/*
 * Turns targets into addresses. Within each target they are in the order of RFC
 * 8305, section 4: the address families alternate, IPv6 first. The targets stay
 * in the order that the program gave. This file knows no sockets and no time.
 */
#include "stream/candidates.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "base/address.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "stream/dialing.h"

/* A larger count of targets is taken for a mistake. */
#define TARGETS_MAX 1024

/* A target, and the addresses of its name once they are known. */
struct name {
	struct stay__candidates *all;
	const struct stay_transport *transport;
	struct stay_target target;
	struct stay__query query;
	bool coming; /* its name is being looked up */
	bool direct; /* no host: one candidate without an address */
	struct stay_address *addresses;
	size_t count;
	size_t next; /* not yet handed out */
};

struct stay__candidates {
	struct stay_loop *loop;
	stay__candidates_fn *changed;
	void *owner;
	struct stay__failure *failure;
	size_t count;
	struct name names[]; /* and behind them their strings */
};

/* ---- copying the targets ---- */

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static size_t
text_size(const struct stay_target *target)
{
	return strlen(or_empty(target->scheme)) + 1 +
	       strlen(or_empty(target->host)) + 1 +
	       strlen(or_empty(target->port)) + 1 +
	       strlen(or_empty(target->path)) + 1;
}

static const char *
copy(char **to, const char *text)
{
	const char *copied = *to;
	size_t size = strlen(or_empty(text)) + 1;

	memcpy(*to, or_empty(text), size);
	*to += size;
	return copied;
}

static enum stay_status
check(const struct stay_loop *loop, const struct stay_target *target)
{
	const char *host = or_empty(target->host);

	if (stay__transport_find(loop, or_empty(target->scheme)) == NULL)
		return STAY_E_UNSUPPORTED;
	if (*host != '\0' && stay__port_parse(or_empty(target->port)) < 0)
		return STAY_E_ARG;
	return STAY_OK;
}

static void answered(struct stay__query *query, int error, const char *text,
    const struct stay_address *addresses, size_t count);

static void
name_init(struct name *name, struct stay__candidates *all,
    const struct stay_target *target, char **text)
{
	name->all = all;
	name->transport = stay__transport_find(all->loop, target->scheme);
	name->target.scheme = copy(text, target->scheme);
	name->target.host = copy(text, target->host);
	name->target.port = copy(text, target->port);
	name->target.path = copy(text, target->path);
	stay__query_init(&name->query, answered);
}

enum stay_status
stay__candidates_new(struct stay__candidates **candidates,
    struct stay_loop *loop, const struct stay_target *targets, size_t count)
{
	size_t size = sizeof(**candidates);
	struct stay__candidates *all;
	enum stay_status status;
	char *text;

	if (count == 0)
		return STAY_E_ARG;
	if (count > TARGETS_MAX)
		return STAY_E_TOO_BIG;
	size += count * sizeof(struct name);
	for (size_t i = 0; i < count; i++) {
		status = check(loop, &targets[i]);
		if (status != STAY_OK)
			return status;
		size += text_size(&targets[i]);
	}
	all = stay__zalloc(size);
	if (all == NULL)
		return STAY_E_NOMEM;
	all->loop = loop;
	all->count = count;
	text = (char *)&all->names[count];
	for (size_t i = 0; i < count; i++)
		name_init(&all->names[i], all, &targets[i], &text);
	*candidates = all;
	return STAY_OK;
}

void
stay__candidates_free(struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		stay__query_cancel(&candidates->names[i].query);
		stay__free(candidates->names[i].addresses);
	}
	stay__free(candidates);
}

/* ---- names become addresses ---- */

static bool
is_known(const struct stay__candidates *all, const struct name *name,
    const struct stay_address *address)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct name *other = &all->names[i];

		if (other->transport != name->transport)
			continue;
		for (size_t j = 0; j < other->count; j++)
			if (stay__address_equal(&other->addresses[j], address))
				return true;
	}
	return false;
}

/* The next address of IPv6, or of any other family, at or behind `from`. */
static size_t
find_family(
    const struct stay_address *addresses, size_t count, size_t from, bool six)
{
	while (from < count &&
	       (addresses[from].storage.ss_family == AF_INET6) != six)
		from++;
	return from;
}

static void
interleave(
    struct name *name, const struct stay_address *addresses, size_t count)
{
	size_t at[2] = { 0, 0 }; /* of the others, of IPv6 */
	bool six = true;

	for (size_t i = 0; i < count; i++) {
		at[six] = find_family(addresses, count, at[six], six);
		if (at[six] == count)
			six = !six;
		at[six] = find_family(addresses, count, at[six], six);
		if (!is_known(name->all, name, &addresses[at[six]]))
			name->addresses[name->count++] = addresses[at[six]];
		at[six]++;
		six = !six;
	}
}

/* The name as it stands in a URL. */
struct shown {
	char text[NI_MAXHOST];
};

static struct shown
show_name(const struct name *name)
{
	struct shown shown = { 0 };

	stay__host_describe(name->target.host, shown.text, sizeof(shown.text));
	return shown;
}

static void
fail(struct name *name, int error, const char *text)
{
	bool no_memory = error == EAI_MEMORY || error == -ENOMEM;

	if (no_memory || text == NULL)
		text = no_memory ? "out of memory" : "no answer";
	stay__failure_say(
	    name->all->failure, "resolve %s: %s", show_name(name).text, text);
	stay__failure_blame(
	    name->all->failure, no_memory ? STAY_E_NOMEM : STAY_E_RESOLVE, 0);
}

static void
take_addresses(
    struct name *name, const struct stay_address *addresses, size_t count)
{
	if (count > STAY__ADDRESSES_MAX)
		count = STAY__ADDRESSES_MAX;
	name->addresses = stay__calloc(count, sizeof(*addresses));
	if (name->addresses == NULL)
		fail(name, -ENOMEM, NULL);
	else
		interleave(name, addresses, count);
}

static void
answered(struct stay__query *query, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct name *name = STAY__CONTAINER(query, struct name, query);

	name->coming = false;
	if (error != 0)
		fail(name, error, text);
	else if (count == 0)
		fail(name, 0, "no address");
	else
		take_addresses(name, addresses, count);
	name->all->changed(name->all);
}

static void
begin(struct name *name)
{
	const struct stay_target *target = &name->target;
	struct stay_address literal;
	int error;

	if (*target->host == '\0') {
		name->direct = true;
		return;
	}
	if (stay__address_parse(&literal, target->host, target->port)) {
		take_addresses(name, &literal, 1);
		return;
	}
	error = stay__resolve(&name->all->loop->dialing->resolver, &name->query,
	    target->host, target->port);
	name->coming = error == 0;
	if (error != 0)
		fail(name, error, stay__errno_name(error));
}

void
stay__candidates_begin(struct stay__candidates *candidates,
    stay__candidates_fn *changed, void *owner, struct stay__failure *failure)
{
	candidates->changed = changed;
	candidates->owner = owner;
	candidates->failure = failure;
	for (size_t i = 0; i < candidates->count; i++)
		begin(&candidates->names[i]);
}

void *
stay__candidates_owner(const struct stay__candidates *candidates)
{
	return candidates->owner;
}

/* ---- handing them out ---- */

static bool
has_more(const struct name *name)
{
	return name->next < name->count || (name->direct && name->next == 0);
}

bool
stay__candidates_next(
    struct stay__candidates *candidates, struct stay__candidate *candidate)
{
	for (size_t i = 0; i < candidates->count; i++) {
		struct name *name = &candidates->names[i];

		if (!has_more(name))
			continue;
		candidate->transport = name->transport;
		candidate->target = &name->target;
		candidate->address =
		    name->direct ? NULL : &name->addresses[name->next];
		name->next++;
		return true;
	}
	return false;
}

bool
stay__candidates_ready(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (has_more(&candidates->names[i]))
			return true;
	return false;
}

bool
stay__candidates_better_coming(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		if (has_more(&candidates->names[i]))
			return false;
		if (candidates->names[i].coming)
			return true;
	}
	return false;
}

bool
stay__candidates_coming(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->names[i].coming)
			return true;
	return false;
}

void
stay__candidates_explain(
    const struct stay__candidates *candidates, struct stay__failure *failure)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->names[i].coming)
			stay__failure_say(failure, "%s still resolving",
			    show_name(&candidates->names[i]).text);
}
