/*
 * The life of a stream: turns the progress of the dial and the calls of its owner
 * into events of link.def, and those into news. This file knows nothing about the
 * bytes, nor about what secures them.
 *
 * No public function of a link delivers news before it returns; news that are known
 * at once wait for stay__link_run. After any news but TRANSITION the owner may
 * have freed the link. So nothing touches the link after delivering news.
 */
#include "stream/link_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "stream/builtin.h"
#include "stream/dial.h"
#include "stream/dialing.h"

static void
name_peer(struct stay__link *link, const char *peer)
{
	stay__peer_name_drop(link->peer);
	link->peer = peer == NULL ? NULL
				  : stay__peer_name_take(
					&link->loop->dialing->last_peer, peer);
}

/* ---- news that were due, one a run ---- */

static void
end_dial(struct stay__link *link, enum stay__dial_end end)
{
	struct stay__dial *dial = link->dial;

	link->dial = NULL;
	stay__governor_leave(
	    &link->loop->dialing->governor, &dial->ticket, end);
	stay__dial_free(dial);
}

static void
granted(struct stay__link *link)
{
	stay__link_take(link, STAY__LINK_EV_GRANTED);
	if (stay__loop_is_orphan(link->loop))
		stay__dial_orphan(link->dial);
	else
		stay__dial_begin(link->dial);
	link->news(link, STAY__NEWS_GRANTED, NULL);
}

static void
won(struct stay__link *link)
{
	struct stay__dial *dial = link->dial;
	char host[STAY__HOST_MAX];
	int result = -ENOMEM;
	bool takes;

	assert(dial != NULL);
	takes = stay__link_has_writer(link, dial->fds);
	stay__failure_clear(&link->failure); /* what a spent budget explained */
	name_peer(link, dial->peer);
	memcpy(host, dial->host, sizeof(host));
	if (takes)
		stay__link_own(link, &dial->won, dial->fds);
	end_dial(link, STAY__DIAL_REACHED);
	if (takes && link->filter != NULL) {
		stay__link_secure(link, host);
		return;
	}
	if (takes)
		result = stay__link_watch(link);
	if (result != 0) {
		stay__link_lose(link, result);
		return;
	}
	stay__link_take(link, STAY__LINK_EV_WON);
	link->news(link, STAY__NEWS_UP, NULL);
}

static void
dial_settled(struct stay__link *link)
{
	if (link->dial->won.transport != NULL &&
	    !stay__loop_is_orphan(link->loop)) {
		won(link);
		return;
	}
	stay__failure_move(&link->failure, &link->dial->failure);
	end_dial(link, STAY__DIAL_FAILED);
	stay__link_down(link);
}

static void
adopted(struct stay__link *link)
{
	int result = stay__link_watch(link);

	if (result == 0)
		link->news(link, STAY__NEWS_UP, NULL);
	else
		stay__link_lose(link, result);
}

/* What the kernel has is told again. The rest may have waited for the task, too. */
static void
unpark(struct stay__link *link)
{
	int result;

	link->parked = 0;
	result = stay__link_watch(link);
	if (result != 0)
		stay__link_lose(link, result);
	else if (stay__link_is_in(link, STAY__LINK_SECURING))
		stay__link_go_on_securing(link);
	else if (stay__link_is_unread(link))
		stay__link_unread(link);
}

static void
opened(struct stay__link *link)
{
	if (link->failure.status != STAY_OK) {
		stay__link_disown(link);
		stay__link_down(link);
	} else if (link->parked != 0) {
		unpark(link);
	} else if (stay__link_is_in(link, STAY__LINK_SECURING)) {
		stay__link_go_on_securing(link);
	} else if (!stay__link_is_watched(link)) {
		adopted(link);
	} else if (stay__link_is_unread(link)) {
		stay__link_unread(link);
	} else if (stay__link_needs_room(link)) {
		stay__link_writable(link);
	}
}

void
stay__link_tell(struct stay__link *link)
{
	link->is_due = false;
	assert(!stay__link_is_in(link, STAY__LINK_CLOSED));
	assert((link->dial != NULL) != (link->ends.transport != NULL));
	assert(
	    link->dial == NULL || stay__ticket_is_granted(&link->dial->ticket));
	if (stay__link_is_in(link, STAY__LINK_QUEUED))
		granted(link);
	else if (link->dial != NULL)
		dial_settled(link);
	else
		opened(link);
}

/* ---- what the dial and its ticket tell ---- */

static void
on_granted(struct stay__ticket *ticket)
{
	stay__link_soon(
	    STAY__CONTAINER(ticket, struct stay__dial, ticket)->owner);
}

static void
on_attempt(struct stay__dial *dial)
{
	stay__link_take(dial->owner, STAY__LINK_EV_ATTEMPT);
}

static void
on_settled(struct stay__dial *dial)
{
	stay__link_soon(dial->owner);
}

/* ---- for the owner ---- */

void
stay__link_init(
    struct stay__link *link, struct stay_loop *loop, stay__link_fn *news)
{
	memset(link, 0, sizeof(*link));
	link->loop = loop;
	link->news = news;
}

void
stay__link_set_socket(
    struct stay__link *link, const struct stay_socket_options *socket)
{
	if (link->dial != NULL)
		link->dial->options = socket;
}

void
stay__link_fini(struct stay__link *link)
{
	stay__failure_clear(&link->failure);
	name_peer(link, NULL);
	stay__filter_free(link->filter);
	link->filter = NULL;
}

/* Its end is in it, or "a" and "bc" were "ab" and "c". */
static uint64_t
mix(uint64_t number, const char *text)
{
	return stay__hash(number, text, strlen(text) + 1);
}

/*
 * What the governor knows a target by: scheme, host and port, of each of them, or
 * the path where there is no host.
 */
static uint64_t
number_of(const struct stay_target *targets, size_t count)
{
	uint64_t number = STAY__HASH_START;

	for (size_t i = 0; i < count; i++) {
		number = mix(number, targets[i].scheme);
		number = mix(number, targets[i].host);
		number = mix(number, targets[i].port);
		if (targets[i].host[0] == '\0')
			number = mix(number, targets[i].path);
	}
	return number | 1;
}

enum stay_status
stay__link_dial(struct stay__link *link,
    const struct stay_socket_options *socket, const struct stay_target *targets,
    size_t count)
{
	enum stay_status status;

	if (stay__loop_is_orphan(link->loop))
		return STAY_E_FORKED;
	status =
	    stay__dial_new(&link->dial, link->loop, socket, targets, count);
	if (status != STAY_OK)
		return status;
	link->dial->attempts = on_attempt;
	link->dial->settled = on_settled;
	link->dial->owner = link;
	stay__ticket_init(&link->dial->ticket, on_granted);
	stay__failure_clear(&link->failure);
	name_peer(link, NULL);
	stay__link_take(link, STAY__LINK_EV_DIAL);
	stay__governor_join(&link->loop->dialing->governor, &link->dial->ticket,
	    number_of(targets, count));
	return STAY_OK;
}

enum stay_status
stay__link_adopt(struct stay__link *link, int read_fd, int write_fd)
{
	struct stay_target target = { .scheme = "fd", .host = "", .port = "" };
	struct stay__ends ends = { 0 };
	char peer[64];
	char path[32];
	int fds[2];
	int result;

	if (read_fd < 0 || write_fd < 0)
		return STAY_E_ARG;
	if (stay__loop_is_orphan(link->loop))
		return STAY_E_FORKED;
	snprintf(path, sizeof(path), "%d,%d", read_fd, write_fd);
	target.path = path;
	if (!stay__link_has_writer(link, (const int[2]){ read_fd, write_fd }))
		return STAY_E_NOMEM;
	result = stay__ends_open(&ends, link->loop->world, &stay__transport_fd,
	    &target, NULL, NULL, fds);
	if (result != 0) {
		stay__link_disown(link);
		return stay__status_of(result);
	}
	snprintf(peer, sizeof(peer), "fd:%s", path);
	stay__failure_clear(&link->failure);
	name_peer(link, peer);
	stay__link_own(link, &ends, fds);
	stay__link_take(link, STAY__LINK_EV_ADOPT);
	if (link->filter != NULL)
		stay__link_secure_soon(link, "");
	else
		stay__link_soon(link);
	return STAY_OK;
}

void
stay__link_close(struct stay__link *link)
{
	link->is_due = false;
	if (stay__link_is_in(link, STAY__LINK_CLOSED))
		return;
	if (link->dial != NULL)
		end_dial(link, link->failure.status == STAY_OK
				   ? STAY__DIAL_GIVEN_UP
				   : STAY__DIAL_FAILED);
	stay__link_say_goodbye(link);
	if (link->ends.transport != NULL)
		stay__link_disown(link);
	stay__link_take(link, STAY__LINK_EV_CLOSE);
}

void
stay__link_orphan(struct stay__link *link)
{
	if (link->ends.transport != NULL) {
		stay__link_say_whose(link);
		stay__link_end_soon(link);
	} else if (link->dial != NULL &&
		   !stay__link_is_in(link, STAY__LINK_QUEUED)) {
		stay__dial_orphan(link->dial);
	}
}

void
stay__link_explain(struct stay__link *link, uint64_t waited_ms)
{
	if (stay__link_is_in(link, STAY__LINK_CLOSED))
		return;
	if (stay__link_is_in(link, STAY__LINK_QUEUED)) {
		stay__failure_say(
		    &link->failure, "waiting for the dial governor");
	} else if (link->ends.transport != NULL) {
		stay__failure_say(&link->failure,
		    "%s open, but not %s after %s", stay__link_peer(link),
		    stay__link_is_in(link, STAY__LINK_SECURING) ? "secure"
								: "ready",
		    stay__duration_of(waited_ms).text);
	} else {
		stay__dial_explain(link->dial, waited_ms);
		stay__failure_move(&link->failure, &link->dial->failure);
	}
	/* A stream that is there has not failed: its owner may go on with it. */
	link->failure.status =
	    link->ends.transport != NULL ? STAY_OK : STAY_E_TIMEOUT;
	link->failure.system = 0;
}
