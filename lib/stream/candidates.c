/*
 * Turns targets into addresses, in the order of RFC 8305 section 4 within each
 * target: the families take turns, IPv6 first. Across targets the user's order
 * stands. Knows no sockets and no time.
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

/* A name may have thousands of addresses; no dial gets that far. */
#define ADDRESSES_MAX 64

struct leg {
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
	struct leg legs[]; /* and behind them their strings */
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
leg_init(struct leg *leg, struct stay__candidates *all,
    const struct stay_target *target, char **text)
{
	leg->all = all;
	leg->transport = stay__transport_find(all->loop, target->scheme);
	leg->target.scheme = copy(text, target->scheme);
	leg->target.host = copy(text, target->host);
	leg->target.port = copy(text, target->port);
	leg->target.path = copy(text, target->path);
	stay__query_init(&leg->query, answered);
}

enum stay_status
stay__candidates_new(struct stay__candidates **candidates,
    struct stay_loop *loop, const struct stay_target *targets, size_t count)
{
	size_t size = sizeof(**candidates) + count * sizeof(struct leg);
	struct stay__candidates *all;
	enum stay_status status;
	char *text;

	if (count == 0)
		return STAY_E_ARG;
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
	text = (char *)&all->legs[count];
	for (size_t i = 0; i < count; i++)
		leg_init(&all->legs[i], all, &targets[i], &text);
	*candidates = all;
	return STAY_OK;
}

void
stay__candidates_free(struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		stay__query_cancel(&candidates->legs[i].query);
		stay__free(candidates->legs[i].addresses);
	}
	stay__free(candidates);
}

/* ---- names become addresses ---- */

static bool
is_known(const struct stay__candidates *all, const struct leg *leg,
    const struct stay_address *address)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct leg *other = &all->legs[i];

		if (other->transport != leg->transport)
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
interleave(struct leg *leg, const struct stay_address *addresses, size_t count)
{
	size_t at[2] = { 0, 0 }; /* of the others, of IPv6 */
	bool six = true;

	for (size_t i = 0; i < count; i++) {
		at[six] = find_family(addresses, count, at[six], six);
		if (at[six] == count)
			six = !six;
		at[six] = find_family(addresses, count, at[six], six);
		if (!is_known(leg->all, leg, &addresses[at[six]]))
			leg->addresses[leg->count++] = addresses[at[six]];
		at[six]++;
		six = !six;
	}
}

static void
fail(struct leg *leg, int error, const char *text)
{
	bool no_memory = error == EAI_MEMORY || error == -ENOMEM;

	if (no_memory || text == NULL)
		text = no_memory ? "out of memory" : "no answer";
	stay__failure_say(
	    leg->all->failure, "resolve %s: %s", leg->target.host, text);
	stay__failure_blame(
	    leg->all->failure, no_memory ? STAY_E_NOMEM : STAY_E_RESOLVE, 0);
}

static void
take(struct leg *leg, const struct stay_address *addresses, size_t count)
{
	if (count > ADDRESSES_MAX)
		count = ADDRESSES_MAX;
	leg->addresses = stay__zalloc(count * sizeof(*addresses));
	if (leg->addresses == NULL)
		fail(leg, -ENOMEM, NULL);
	else
		interleave(leg, addresses, count);
}

static void
answered(struct stay__query *query, int error, const char *text,
    const struct stay_address *addresses, size_t count)
{
	struct leg *leg = STAY__CONTAINER(query, struct leg, query);

	leg->coming = false;
	if (error != 0)
		fail(leg, error, text);
	else if (count == 0)
		fail(leg, 0, "no address");
	else
		take(leg, addresses, count);
	leg->all->changed(leg->all);
}

static void
begin(struct leg *leg)
{
	const struct stay_target *target = &leg->target;
	struct stay_address literal;
	int error;

	if (*target->host == '\0') {
		leg->direct = true;
		return;
	}
	if (stay__address_parse(&literal, target->host, target->port)) {
		take(leg, &literal, 1);
		return;
	}
	error = stay__resolve(&leg->all->loop->dialing->resolver, &leg->query,
	    target->host, target->port);
	leg->coming = error == 0;
	if (error != 0)
		fail(leg, error, stay__errno_name(error));
}

void
stay__candidates_begin(struct stay__candidates *candidates,
    stay__candidates_fn *changed, void *owner, struct stay__failure *failure)
{
	candidates->changed = changed;
	candidates->owner = owner;
	candidates->failure = failure;
	for (size_t i = 0; i < candidates->count; i++)
		begin(&candidates->legs[i]);
}

void *
stay__candidates_owner(const struct stay__candidates *candidates)
{
	return candidates->owner;
}

/* ---- handing them out ---- */

static bool
has_more(const struct leg *leg)
{
	return leg->next < leg->count || (leg->direct && leg->next == 0);
}

bool
stay__candidates_next(
    struct stay__candidates *candidates, struct stay__candidate *candidate)
{
	for (size_t i = 0; i < candidates->count; i++) {
		struct leg *leg = &candidates->legs[i];

		if (!has_more(leg))
			continue;
		candidate->transport = leg->transport;
		candidate->target = &leg->target;
		candidate->address =
		    leg->direct ? NULL : &leg->addresses[leg->next];
		leg->next++;
		return true;
	}
	return false;
}

bool
stay__candidates_ready(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (has_more(&candidates->legs[i]))
			return true;
	return false;
}

bool
stay__candidates_better_coming(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		if (has_more(&candidates->legs[i]))
			return false;
		if (candidates->legs[i].coming)
			return true;
	}
	return false;
}

bool
stay__candidates_coming(const struct stay__candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->legs[i].coming)
			return true;
	return false;
}

void
stay__candidates_explain(
    const struct stay__candidates *candidates, struct stay__failure *failure)
{
	for (size_t i = 0; i < candidates->count; i++)
		if (candidates->legs[i].coming)
			stay__failure_say(failure, "%s still resolving",
			    candidates->legs[i].target.host);
}
