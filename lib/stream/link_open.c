/*
 * A link that is open: bytes are read and written through its transport, or through
 * its filter; room is waited for; half of it is closed. This file knows neither how
 * it was opened nor what a filter does.
 */
#include <errno.h>

#include "stream/link_inner.h"

void
stay__link_fail(struct stay__link *link, enum stay_status status, int system)
{
	if (!stay__link_is_open(link))
		return;
	if (system == 0)
		system = link->read_error;
	if (stay__link_blame_filter(link)) {
		stay__link_end_soon(link);
		return;
	}
	if (system != 0 && stay__status_of(system) == status) {
		stay__link_broke(link, system);
		return;
	}
	if (status == STAY_E_CLOSED)
		stay__failure_say(&link->failure, "%s closed by the peer",
		    stay__link_peer(link));
	else
		stay__failure_say(&link->failure, "%s: %s",
		    stay__link_peer(link), stay_strerror(status));
	stay__failure_blame(&link->failure, status, system);
	stay__link_end_soon(link);
}

ssize_t
stay__link_read(struct stay__link *link, void *bytes, size_t len)
{
	ssize_t result;

	if (!stay__link_is_open(link))
		return -ECANCELED;
	if (link->filter != NULL)
		result = stay__link_read_filtered(link, bytes, len);
	else
		result =
		    link->ends.transport->read(stay__ends_state(&link->ends),
			link->loop->world, bytes, len);
	if (result > 0)
		return result;
	if (result < 0 && result != -EAGAIN)
		link->read_error = (int16_t)result;
	link->has_ended = result == 0;
	return result;
}

enum stay_status
stay__link_write(struct stay__link *link, const struct iovec *parts, int count,
    size_t *taken)
{
	ssize_t result;

	*taken = 0;
	if (!stay__link_is_open(link) ||
	    stay__link_is_in(link, STAY__LINK_CLOSING))
		return STAY_E_STATE;
	if (link->filter != NULL)
		return stay__link_write_filtered(link, parts, count, taken);
	result = link->ends.transport->write(
	    stay__ends_state(&link->ends), link->loop->world, parts, count);
	if (result >= 0) {
		*taken = (size_t)result;
		return STAY_OK;
	}
	if (result == -EAGAIN)
		return STAY_OK;
	stay__link_broke(link, (int)result);
	return link->failure.status;
}

/* What a filter holds is no news of the kernel's. */
void
stay__link_pause(struct stay__link *link, bool paused)
{
	int result;

	link->is_paused = paused;
	if (!stay__link_is_open(link))
		return;
	if (stay__link_is_unread(link))
		stay__link_soon(link);
	result = stay__link_watch(link);
	if (result != 0)
		stay__link_broke(link, result);
}

void
stay__link_want_write(struct stay__link *link)
{
	int result;

	if (!stay__link_is_open(link) || link->wants_write)
		return;
	link->wants_write = true;
	result = stay__link_is_watched(link) ? stay__link_watch(link) : 0;
	if (result != 0)
		stay__link_broke(link, result);
}

static int
shut(struct stay__link *link)
{
	if (link->filter != NULL)
		return stay__link_shut_filtered(link);
	return link->ends.transport->shutdown(
	    stay__ends_state(&link->ends), link->loop->world);
}

/* Its end for writing is watched no more: of two pipes it is gone now. What is
 * sealed still goes first. */
bool
stay__link_shutdown(struct stay__link *link)
{
	if (!stay__link_is_open(link) ||
	    stay__link_is_in(link, STAY__LINK_CLOSING) ||
	    link->ends.transport->shutdown == NULL)
		return false;
	link->wants_write = false;
	if (stay__link_is_watched(link) && stay__link_watch(link) != 0)
		return false;
	if (shut(link) != 0 || (stay__filter_is_blocked(link->filter) &&
				   stay__link_watch(link) != 0))
		return false;
	link->is_shut = true;
	stay__link_take(link, STAY__LINK_EV_SHUT);
	return true;
}

void
stay__link_keep_alive(
    struct stay__link *link, const struct stay_socket_options *socket)
{
	const struct stay_transport *transport = link->ends.transport;
	int result;

	if (!stay__link_is_open(link) || transport->keep_alive == NULL ||
	    !socket->keepalive_later || socket->keepalive_ms == 0)
		return;
	result = transport->keep_alive(
	    stay__ends_state(&link->ends), link->loop->world, socket);
	if (result != 0)
		stay__link_broke(link, result);
}

/* There is room. What is sealed goes first, also if its owner writes. */
void
stay__link_writable(struct stay__link *link)
{
	const struct stay__below under = stay__link_below(link);
	bool is_told = link->wants_write;
	int result = 0;

	link->wants_write = false;
	if (!is_told)
		result = stay__filter_flush(link->filter, &under);
	if (result == 0)
		result = stay__link_watch(link);
	if (result != 0)
		stay__link_broke(link, result);
	else if (is_told)
		link->news(link, STAY__NEWS_WRITABLE, NULL);
}
