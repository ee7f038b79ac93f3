/*
 * A host on poll(2): two tables side by side, of what poll is asked and of whose
 * descriptor that is. A watch knows its place in them. This file knows nothing of what
 * is behind a descriptor.
 */
#include "world/poll.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "base/list.h"
#include "base/mem.h"
#include "world/ev_clock.h"

#define NEVER   UINT64_MAX
#define NS_A_MS UINT64_C(1000000)
#define ROOM    8

struct poll_host {
	struct stay_host base;
	struct pollfd *asked;
	struct stay_watch **watches;
	size_t count, room;
	uint64_t at; /* when the world wants to be called */
};

static struct poll_host *
of(struct stay_host *host)
{
	return STAY__CONTAINER(host, struct poll_host, base);
}

/* ---- the tables ---- */

static bool
grow(struct poll_host *host)
{
	size_t room = host->room == 0 ? ROOM : host->room * 2;
	struct pollfd *asked =
	    stay__realloc(host->asked, room * sizeof(*asked));
	struct stay_watch **watches;

	if (asked == NULL)
		return false;
	host->asked = asked;
	watches =
	    stay__realloc(host->watches, room * sizeof(struct stay_watch *));
	if (watches == NULL)
		return false;
	host->watches = watches;
	host->room = room;
	return true;
}

static int
add(struct poll_host *host, struct stay_watch *watch)
{
	if (host->count == host->room && !grow(host))
		return -ENOMEM;
	watch->world[0] = host->count;
	host->watches[host->count] = watch;
	host->asked[host->count] = (struct pollfd){ .fd = watch->fd };
	host->count++;
	return 0;
}

/* The last one takes its place. */
static void
drop(struct poll_host *host, size_t place)
{
	size_t last = --host->count;

	host->asked[place] = host->asked[last];
	host->watches[place] = host->watches[last];
	host->watches[place]->world[0] = place;
}

static short
asked_of(unsigned interest)
{
	return (short)((interest & STAY_READ ? POLLIN : 0) |
		       (interest & STAY_WRITE ? POLLOUT : 0));
}

static int
poll_watch(struct stay_host *base, struct stay_watch *watch, unsigned interest)
{
	struct poll_host *host = of(base);
	int error = watch->interest == 0 ? add(host, watch) : 0;

	if (error != 0)
		return error;
	watch->interest = interest;
	if (interest == 0)
		drop(host, watch->world[0]);
	else
		host->asked[watch->world[0]].events = asked_of(interest);
	return 0;
}

/* ---- waiting ---- */

static void
poll_timer(struct stay_host *base, uint64_t in_ns)
{
	uint64_t now = in_ns == NEVER ? 0 : stay__clock_ns(CLOCK_MONOTONIC);

	of(base)->at = in_ns > NEVER - now ? NEVER : now + in_ns;
}

static bool
come_if_due(struct poll_host *host)
{
	if (host->at == NEVER || host->at > stay__clock_ns(CLOCK_MONOTONIC))
		return false;
	host->at = NEVER;
	stay_host_due(&host->base);
	return true;
}

/* In whole milliseconds, never early. */
static int
ms_to_wait(const struct poll_host *host)
{
	uint64_t now = stay__clock_ns(CLOCK_MONOTONIC), ms;

	if (host->at == NEVER)
		return -1;
	if (host->at <= now)
		return 0;
	ms = (host->at - now + NS_A_MS - 1) / NS_A_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
tell(struct stay_watch *watch, short found)
{
	unsigned ready = 0;

	if (found & ~POLLOUT)
		ready |= STAY_READ;
	if (found & ~POLLIN)
		ready |= STAY_WRITE;
	ready &= watch->interest;
	if (ready != 0)
		watch->ready(watch, ready);
}

/* From the end: whoever takes the place of one that goes has been told already. */
static void
tell_all(struct poll_host *host)
{
	for (size_t place = host->count; place-- > 0;) {
		short found;

		if (place >= host->count)
			continue;
		found = host->asked[place].revents;
		host->asked[place].revents = 0;
		if (found != 0)
			tell(host->watches[place], found);
	}
}

/* The system lacks memory for it, say: nothing is known of descriptors then, but the
 * loop has its turn, in which deadlines end and other threads are heard. */
static bool
has_failed(int found)
{
	return found < 0 && errno != EINTR;
}

static void
poll_run(struct stay_host *base, bool may_wait)
{
	struct poll_host *host = of(base);
	bool may = !come_if_due(host) && may_wait;
	int found = poll(host->asked, host->count, may ? ms_to_wait(host) : 0);

	if (found > 0)
		tell_all(host);
	if (has_failed(found))
		host->at = 0;
	(void)come_if_due(host);
}

/* ---- beginning and end ---- */

static void
poll_free(struct stay_host *base)
{
	struct poll_host *host = of(base);

	stay__free(host->asked);
	stay__free(host->watches);
	stay__free(host);
}

static const struct stay_host_ops poll_ops = {
	STAY_HOST_OPS,
	.watch = poll_watch,
	.timer = poll_timer,
	.run = poll_run,
	.free = poll_free,
};

struct stay_host *
stay__poll_new(void)
{
	struct poll_host *host = stay__zalloc(sizeof(*host));

	if (host == NULL)
		return NULL;
	host->base.ops = &poll_ops;
	host->at = NEVER;
	return &host->base;
}
