/*
 * The steps of a link's machine, and how a link fails: the reason is kept, and its
 * owner is told. This file knows no dial and no bytes.
 */
#include "stream/link_inner.h"

void
stay__link_take(struct stay__link *link, enum stay__link_event event)
{
	const struct stay__transition transition =
	    stay__machine_take(&link->machine, stay_machine_link(), event);

	link->news(link, STAY__NEWS_TRANSITION, &transition);
}

const char *
stay__link_peer(const struct stay__link *link)
{
	return link->peer != NULL ? link->peer->text : "its peer";
}

bool
stay__link_blame_filter(struct stay__link *link)
{
	const struct stay_filter_io *io;

	if (link->filter == NULL || link->filter->io.status == STAY_OK)
		return false;
	io = &link->filter->io;
	stay__failure_say(&link->failure, "%s: %s", stay__link_peer(link),
	    io->why[0] != '\0' ? io->why : stay_strerror(io->status));
	stay__failure_blame(&link->failure, io->status, 0);
	return true;
}

void
stay__link_end_soon(struct stay__link *link)
{
	stay__link_watch_not(link);
	stay__link_soon(link);
}

static void
blame(struct stay__link *link, int system)
{
	if (!stay__link_blame_filter(link))
		stay__failure_add(
		    &link->failure, stay__link_peer(link), system);
}

void
stay__link_broke(struct stay__link *link, int system)
{
	blame(link, system);
	stay__link_end_soon(link);
}

void
stay__link_say_whose(struct stay__link *link)
{
	stay__failure_clear(&link->failure);
	stay__failure_say(&link->failure, "%s belongs to the parent process",
	    link->peer == NULL ? "the loop" : link->peer->text);
	stay__failure_blame(&link->failure, STAY_E_FORKED, 0);
}

void
stay__link_down(struct stay__link *link)
{
	if (stay__loop_is_orphan(link->loop))
		stay__link_say_whose(link);
	stay__link_take(link, STAY__LINK_EV_DOWN);
	link->news(link, STAY__NEWS_DOWN, NULL);
}

void
stay__link_lose(struct stay__link *link, int system)
{
	blame(link, system);
	stay__link_disown(link);
	stay__link_down(link);
}
