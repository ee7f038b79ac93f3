/*
 * The descriptors of a link: who owns them, and what the world is asked to tell of
 * them. This file knows neither how they were opened nor what is read.
 */
#include "base/mem.h"
#include "stream/link_inner.h"

static int
watch(struct stay__link *link, struct stay_watch *end, unsigned interest)
{
	if (end->interest == interest)
		return 0;
	return link->loop->ops->watch(link->loop->world, end, interest);
}

void
stay__link_watch_not(struct stay__link *link)
{
	watch(link, &link->reader, 0);
	if (link->writer != NULL)
		watch(link, link->writer, 0);
}

int
stay__link_watch(struct stay__link *link)
{
	unsigned write = stay__link_needs_room(link) ? STAY_WRITE : 0;
	unsigned read = link->is_paused ? 0 : STAY_READ;
	int result;

	read &= ~link->parked;
	write &= ~link->parked;

	if (link->writer == NULL)
		return watch(link, &link->reader, read | write);
	result = watch(link, &link->reader, read);
	return result != 0 ? result : watch(link, link->writer, write);
}

/* A callback waits by itself, in the event loop around this one. Nothing is read or written
 * before its turn is over: what has been told would only keep that loop from sleeping. */
static void
park(struct stay__link *link, unsigned events)
{
	link->parked |= events & (STAY_READ | STAY_WRITE);
	(void)stay__link_watch(link); /* less than before */
	stay__link_soon(link);
}

/* Room is news of the end of the turn: what can be read is answered first. */
static void
ready(struct stay_watch *end, unsigned events)
{
	struct stay__link *link = end->owner;
	bool securing = stay__link_is_in(link, STAY__LINK_SECURING);

	if (link->loop->turning)
		park(link, events);
	if (securing || (events & STAY_WRITE) != 0)
		stay__link_soon(link);
	if (!securing && (events & STAY_READ) != 0)
		link->news(link, STAY__NEWS_READABLE, NULL);
}

bool
stay__link_has_writer(struct stay__link *link, const int fds[2])
{
	if (fds[0] == fds[1])
		return true;
	link->writer = stay__zalloc(sizeof(*link->writer));
	return link->writer != NULL;
}

void
stay__link_own(
    struct stay__link *link, struct stay__ends *ends, const int fds[2])
{
	link->ends = *ends;
	*ends = (struct stay__ends){ 0 };
	link->read_error = 0;
	link->wants_write = false;
	link->is_shut = false;
	link->is_paused = false;
	link->has_ended = false;
	link->parked = 0;
	link->reader =
	    (struct stay_watch){ .fd = fds[0], .ready = ready, .owner = link };
	if (link->writer != NULL)
		*link->writer = (struct stay_watch){
			.fd = fds[1], .ready = ready, .owner = link
		};
}

void
stay__link_disown(struct stay__link *link)
{
	const struct stay__below under = stay__link_below(link);

	stay__link_watch_not(link);
	stay__free(link->writer);
	link->writer = NULL;
	if (link->filter != NULL)
		stay__filter_close(link->filter, &under);
	stay__ends_close(&link->ends, link->loop->world);
}
