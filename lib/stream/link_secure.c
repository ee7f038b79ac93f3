/*
 * A filter between a link and its bytes: how it begins, what it is told of, and how
 * it ends. The bytes are filter.c's. This file knows no cipher, and not who wants
 * the link secure.
 */
#include <assert.h>
#include <errno.h>

#include "stream/link_inner.h"

enum stay_status
stay__link_set_filter(
    struct stay__link *link, struct stay_filter *filter, const char *name)
{
	struct stay__filter *made = NULL;

	assert(link->ends.transport == NULL);
	if (filter != NULL) {
		made = stay__filter_new(filter, name);
		if (made == NULL)
			return STAY_E_NOMEM;
	}
	stay__filter_free(link->filter);
	link->filter = made;
	return STAY_OK;
}

/* ---- the beginning ---- */

/* What the peer sent behind its last word is read without the kernel's news. */
static void
secured(struct stay__link *link)
{
	if (link->filter->unread)
		stay__link_soon(link);
	stay__link_take(link, STAY__LINK_EV_SECURED);
	link->news(link, STAY__NEWS_UP, NULL);
}

void
stay__link_go_on_securing(struct stay__link *link)
{
	const struct stay__below under = stay__link_below(link);
	int result = stay__filter_secure(link->filter, &under);
	int watched = result < 0 ? result : stay__link_watch(link);

	if (watched != 0)
		stay__link_lose(link, watched);
	else if (result > 0)
		secured(link);
}

void
stay__link_secure(struct stay__link *link, const char *host)
{
	int result = stay__filter_open(link->filter, host);

	stay__link_take(link, STAY__LINK_EV_SECURE);
	if (result != 0)
		stay__link_lose(link, result);
	else
		stay__link_go_on_securing(link);
}

void
stay__link_secure_soon(struct stay__link *link, const char *host)
{
	int result = stay__filter_open(link->filter, host);

	stay__link_take(link, STAY__LINK_EV_SECURE);
	if (result != 0)
		stay__link_broke(link, result);
	else
		stay__link_soon(link);
}

/* Before, nobody had sealed anything. */
enum stay_status
stay__link_secure_now(
    struct stay__link *link, struct stay_filter *filter, const char *host)
{
	if (!stay__link_is_in(link, STAY__LINK_OPEN) ||
	    link->failure.status != STAY_OK || link->filter != NULL)
		return STAY_E_STATE;
	link->filter = stay__filter_new(filter, NULL);
	if (link->filter == NULL)
		return STAY_E_NOMEM;
	stay__link_secure_soon(link, host);
	return STAY_OK;
}

/* ---- while it is open ---- */

/* What was read may want an answer, and there may be more than was asked for. */
ssize_t
stay__link_read_filtered(struct stay__link *link, void *bytes, size_t len)
{
	const struct stay__below under = stay__link_below(link);
	ssize_t result = stay__filter_read(link->filter, &under, bytes, len);
	int watched =
	    result < 0 && result != -EAGAIN ? 0 : stay__link_watch(link);

	if (link->filter->unread)
		stay__link_soon(link);
	return watched != 0 ? watched : result;
}

bool
stay__link_is_unread(const struct stay__link *link)
{
	return link->filter != NULL && link->filter->unread && !link->is_paused;
}

/* As a descriptor that can be read: the news come until somebody does. */
void
stay__link_unread(struct stay__link *link)
{
	stay__link_soon(link);
	link->news(link, STAY__NEWS_READABLE, NULL);
}

enum stay_status
stay__link_write_filtered(struct stay__link *link, const struct iovec *parts,
    int count, size_t *taken)
{
	const struct stay__below under = stay__link_below(link);
	int result =
	    stay__filter_write(link->filter, &under, parts, count, taken);

	if (result == 0)
		result = stay__link_watch(link);
	if (result == 0)
		return STAY_OK;
	stay__link_broke(link, result);
	return link->failure.status;
}

/* ---- the end ---- */

int
stay__link_shut_filtered(struct stay__link *link)
{
	const struct stay__below under = stay__link_below(link);

	return stay__filter_shutdown(link->filter, &under);
}

/* A peer that reads no end of a secure stream must think that it was cut. */
void
stay__link_say_goodbye(struct stay__link *link)
{
	const struct stay__below under = stay__link_below(link);

	if (link->filter != NULL && stay__link_is_in(link, STAY__LINK_OPEN) &&
	    link->failure.status == STAY_OK &&
	    !stay__loop_is_orphan(link->loop))
		stay__filter_bye(link->filter, &under);
}
