/*
 * The life of a stream: turns the progress of the dial, the readiness of
 * descriptors and the calls of its owner into events of link.def, and those
 * into news. This file knows nothing about the bytes.
 *
 * No public function of this file delivers news before it returns; news that
 * are known at once wait for the task `soon`. After any news but TRANSITION the
 * owner may have freed the link. So nothing touches the link after delivering
 * news.
 */
#include "stream/link.h"

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
take_event(struct stay__link *link, enum stay__link_event event)
{
	const struct stay__transition transition =
	    stay__machine_take(&link->machine, event);

	link->transition = &transition;
	link->news(link, STAY__NEWS_TRANSITION);
	link->transition = NULL;
}

static bool
is_in(const struct stay__link *link, enum stay__link_state state)
{
	return link->machine.now == (unsigned)state;
}

/* ---- descriptors ---- */

static int
watch(struct stay__link *link, struct stay_watch *end, unsigned interest)
{
	if (end->interest == interest)
		return 0;
	return link->loop->ops->watch(link->loop->world, end, interest);
}

static bool
is_watched(const struct stay__link *link)
{
	return (link->reader.interest & STAY_READ) != 0;
}

static void
stop_watching(struct stay__link *link)
{
	watch(link, &link->reader, 0);
	if (link->writer != NULL)
		watch(link, link->writer, 0);
}

/* Whether room is waited for: by its owner, or by what is sealed already. */
static bool
needs_room(const struct stay__link *link)
{
	return link->wants_write || stay__filter_is_blocked(link->filter);
}

/* Interest as the state and needs_room say. */
static int
watch_all(struct stay__link *link)
{
	unsigned write = needs_room(link) ? STAY_WRITE : 0;
	int result;

	if (link->writer == NULL)
		return watch(link, &link->reader, STAY_READ | write);
	result = watch(link, &link->reader, STAY_READ);
	return result != 0 ? result : watch(link, link->writer, write);
}

/* Room is news of the end of the turn: what can be read is answered first. */
static void
ready(struct stay_watch *end, unsigned events)
{
	struct stay__link *link = end->owner;
	bool securing = is_in(link, STAY__LINK_SECURING);

	if (securing || ((events & STAY_WRITE) != 0 && needs_room(link)))
		stay__loop_run_soon(link->loop, &link->soon);
	if (!securing && (events & STAY_READ) != 0)
		link->news(link, STAY__NEWS_READABLE);
}

static void
name_peer(struct stay__link *link, const char *peer)
{
	stay__free(link->peer);
	link->peer = peer == NULL ? NULL : stay__text_copy(peer);
}

const char *
stay__link_peer(const struct stay__link *link)
{
	return link->peer != NULL ? link->peer : "its peer";
}

/* Before the ends are taken: a watch for the second of two descriptors. */
static bool
has_writer(struct stay__link *link, const int fds[2])
{
	if (fds[0] == fds[1])
		return true;
	link->writer = stay__zalloc(sizeof(*link->writer));
	return link->writer != NULL;
}

/* *ends is empty then: they have an owner. */
static void
own(struct stay__link *link, struct stay__ends *ends)
{
	link->ends = *ends;
	*ends = (struct stay__ends){ 0 };
	link->read_error = 0;
	link->wants_write = false;
	link->is_shut = false;
	link->reader = (struct stay_watch){
		.fd = link->ends.fds[0], .ready = ready, .owner = link
	};
	if (link->writer != NULL)
		*link->writer = (struct stay_watch){
			.fd = link->ends.fds[1], .ready = ready, .owner = link
		};
}

static struct stay__below
below(struct stay__link *link)
{
	return (struct stay__below){ link->loop, link->ends.transport,
		link->ends.transport == NULL ? NULL
					     : stay__ends_state(&link->ends) };
}

static void
disown(struct stay__link *link)
{
	const struct stay__below under = below(link);

	stop_watching(link);
	stay__free(link->writer);
	link->writer = NULL;
	if (link->filter != NULL)
		stay__filter_close(link->filter, &under);
	stay__ends_close(&link->ends, link->loop->world);
}

static void
broken(struct stay__link *link)
{
	stop_watching(link);
	stay__loop_run_soon(link->loop, &link->soon);
}

/* If the filter has failed, it knows why. */
static bool
blame_filter(struct stay__link *link)
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

static void
blame(struct stay__link *link, int system)
{
	if (!blame_filter(link))
		stay__failure_add(
		    &link->failure, stay__link_peer(link), system);
}

static void
broke(struct stay__link *link, int system)
{
	blame(link, system);
	broken(link);
}

/* ---- news of the task `soon`, one a run ---- */

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
	take_event(link, STAY__LINK_EV_GRANTED);
	if (stay__loop_is_orphan(link->loop))
		stay__dial_orphan(link->dial);
	else
		stay__dial_begin(link->dial);
	link->news(link, STAY__NEWS_GRANTED);
}

static void
say_whose(struct stay__link *link)
{
	stay__failure_clear(&link->failure);
	stay__failure_say(&link->failure, "%s belongs to the parent process",
	    link->peer == NULL ? "the loop" : link->peer);
	stay__failure_blame(&link->failure, STAY_E_FORKED, 0);
}

/* In a forked child everything fails, and for one reason. */
static void
down(struct stay__link *link)
{
	if (stay__loop_is_orphan(link->loop))
		say_whose(link);
	take_event(link, STAY__LINK_EV_DOWN);
	link->news(link, STAY__NEWS_DOWN);
}

static void
lose(struct stay__link *link, int system)
{
	blame(link, system);
	if (link->ends.transport != NULL)
		disown(link);
	down(link);
}

/* ---- through a filter ---- */

/* What the peer sent behind its last word is read without the kernel's news. */
static void
secured(struct stay__link *link)
{
	if (link->filter->unread)
		stay__loop_run_soon(link->loop, &link->soon);
	take_event(link, STAY__LINK_EV_SECURED);
	link->news(link, STAY__NEWS_UP);
}

static void
go_on_securing(struct stay__link *link)
{
	const struct stay__below under = below(link);
	int result = stay__filter_secure(link->filter, &under);
	int watched = result < 0 ? result : watch_all(link);

	if (watched != 0)
		lose(link, watched);
	else if (result > 0)
		secured(link);
}

static void
begin_securing(struct stay__link *link, const char *host)
{
	int result = stay__filter_open(link->filter, host);

	take_event(link, STAY__LINK_EV_SECURE);
	if (result != 0)
		lose(link, result);
	else
		go_on_securing(link);
}

static void
won(struct stay__link *link)
{
	struct stay__dial *dial = link->dial;
	char host[STAY__HOST_MAX];
	int result = -ENOMEM;
	bool takes;

	assert(dial != NULL);
	takes = has_writer(link, dial->won.fds);
	stay__failure_clear(&link->failure); /* what a spent budget explained */
	name_peer(link, dial->peer);
	memcpy(host, dial->host, sizeof(host));
	if (takes)
		own(link, &dial->won);
	end_dial(link, STAY__DIAL_REACHED);
	if (takes && link->filter != NULL) {
		begin_securing(link, host);
		return;
	}
	if (takes)
		result = watch_all(link);
	if (result != 0) {
		lose(link, result);
		return;
	}
	take_event(link, STAY__LINK_EV_WON);
	link->news(link, STAY__NEWS_UP);
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
	down(link);
}

static void
adopted(struct stay__link *link)
{
	int result;

	if (link->filter != NULL) {
		begin_securing(link, "");
		return;
	}
	result = watch_all(link);
	if (result == 0)
		link->news(link, STAY__NEWS_UP);
	else
		lose(link, result);
}

/* There is room. What is sealed goes first, also if its owner writes. */
static void
writable(struct stay__link *link)
{
	const struct stay__below under = below(link);
	bool is_told = link->wants_write;
	int result = 0;

	link->wants_write = false;
	if (!is_told)
		result = stay__filter_flush(link->filter, &under);
	if (result == 0)
		result = watch_all(link);
	if (result != 0)
		broke(link, result);
	else if (is_told)
		link->news(link, STAY__NEWS_WRITABLE);
}

/* As a descriptor that can be read: the news come until somebody does. */
static void
unread(struct stay__link *link)
{
	stay__loop_run_soon(link->loop, &link->soon);
	link->news(link, STAY__NEWS_READABLE);
}

static void
opened(struct stay__link *link)
{
	if (link->failure.status != STAY_OK) {
		disown(link);
		down(link);
	} else if (is_in(link, STAY__LINK_SECURING)) {
		go_on_securing(link);
	} else if (!is_watched(link)) {
		adopted(link);
	} else if (link->filter != NULL && link->filter->unread) {
		unread(link);
	} else if (needs_room(link)) {
		writable(link);
	}
}

static void
soon(struct stay__task *task)
{
	struct stay__link *link =
	    STAY__CONTAINER(task, struct stay__link, soon);

	assert(!is_in(link, STAY__LINK_CLOSED));
	assert((link->dial != NULL) != (link->ends.transport != NULL));
	assert(
	    link->dial == NULL || stay__ticket_is_granted(&link->dial->ticket));
	if (is_in(link, STAY__LINK_QUEUED))
		granted(link);
	else if (link->dial != NULL)
		dial_settled(link);
	else
		opened(link);
}

/* ---- what the dial tells ---- */

static void
on_attempt(struct stay__dial *dial)
{
	take_event(dial->owner, STAY__LINK_EV_ATTEMPT);
}

static void
on_settled(struct stay__dial *dial)
{
	struct stay__link *link = dial->owner;

	stay__loop_run_soon(link->loop, &link->soon);
}

/* ---- for the owner ---- */

void
stay__link_init(struct stay__link *link, struct stay_loop *loop,
    stay__link_fn *news, const struct stay_socket_options *socket)
{
	memset(link, 0, sizeof(*link));
	link->loop = loop;
	link->news = news;
	link->socket = socket;
	stay__machine_init(&link->machine, stay_machine_link());
	stay__task_init(&link->soon, soon);
}

void
stay__link_set_socket(
    struct stay__link *link, const struct stay_socket_options *socket)
{
	link->socket = socket;
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
stay__link_dial(
    struct stay__link *link, const struct stay_target *targets, size_t count)
{
	enum stay_status status;

	if (stay__loop_is_orphan(link->loop))
		return STAY_E_FORKED;
	status = stay__dial_new(
	    &link->dial, link->loop, link->socket, targets, count);
	if (status != STAY_OK)
		return status;
	link->dial->attempts = on_attempt;
	link->dial->settled = on_settled;
	link->dial->owner = link;
	stay__ticket_init(&link->dial->ticket, &link->soon);
	stay__failure_clear(&link->failure);
	name_peer(link, NULL);
	take_event(link, STAY__LINK_EV_DIAL);
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
	int result;

	if (read_fd < 0 || write_fd < 0)
		return STAY_E_ARG;
	if (stay__loop_is_orphan(link->loop))
		return STAY_E_FORKED;
	snprintf(path, sizeof(path), "%d,%d", read_fd, write_fd);
	target.path = path;
	if (!has_writer(link, (const int[2]){ read_fd, write_fd }))
		return STAY_E_NOMEM;
	result = stay__ends_open(&ends, link->loop->world, &stay__transport_fd,
	    &target, NULL, link->socket);
	if (result != 0) {
		disown(link);
		return stay__status_of(result);
	}
	snprintf(peer, sizeof(peer), "fd:%s", path);
	stay__failure_clear(&link->failure);
	name_peer(link, peer);
	own(link, &ends);
	take_event(link, STAY__LINK_EV_ADOPT);
	stay__loop_run_soon(link->loop, &link->soon);
	return STAY_OK;
}

/* A peer that reads no end of a secure stream must think that it was cut. */
static void
say_goodbye(struct stay__link *link)
{
	const struct stay__below under = below(link);

	if (link->filter != NULL && is_in(link, STAY__LINK_OPEN) &&
	    is_watched(link) && link->failure.status == STAY_OK &&
	    !stay__loop_is_orphan(link->loop))
		stay__filter_bye(link->filter, &under);
}

void
stay__link_close(struct stay__link *link)
{
	stay__task_cancel(&link->soon);
	if (is_in(link, STAY__LINK_CLOSED))
		return;
	if (link->dial != NULL)
		end_dial(link, link->failure.status == STAY_OK
				   ? STAY__DIAL_GIVEN_UP
				   : STAY__DIAL_FAILED);
	say_goodbye(link);
	if (link->ends.transport != NULL)
		disown(link);
	take_event(link, STAY__LINK_EV_CLOSE);
}

void
stay__link_explain(struct stay__link *link, uint64_t waited_ms)
{
	if (is_in(link, STAY__LINK_CLOSED))
		return;
	if (is_in(link, STAY__LINK_QUEUED)) {
		stay__failure_say(
		    &link->failure, "waiting for the dial governor");
	} else if (link->ends.transport != NULL) {
		stay__failure_say(&link->failure,
		    "%s open, but not %s after %s", stay__link_peer(link),
		    is_in(link, STAY__LINK_SECURING) ? "secure" : "ready",
		    stay__duration_of(waited_ms).text);
	} else {
		stay__dial_explain(link->dial, waited_ms);
		stay__failure_move(&link->failure, &link->dial->failure);
	}
	/* An open stream has not failed: its owner may go on with it. */
	link->failure.status =
	    is_in(link, STAY__LINK_OPEN) ? STAY_OK : STAY_E_TIMEOUT;
	link->failure.system = 0;
}

/* ---- an open stream ---- */

bool
stay__link_is_open(const struct stay__link *link)
{
	return (is_in(link, STAY__LINK_OPEN) ||
		   is_in(link, STAY__LINK_CLOSING)) &&
	       link->failure.status == STAY_OK;
}

void
stay__link_fail(struct stay__link *link, enum stay_status status, int system)
{
	if (!stay__link_is_open(link))
		return;
	if (system == 0)
		system = link->read_error;
	if (system == -EPROTO && blame_filter(link)) {
		broken(link);
		return;
	}
	if (system != 0 && stay__status_of(system) == status) {
		broke(link, system);
		return;
	}
	if (status == STAY_E_CLOSED)
		stay__failure_say(&link->failure, "%s closed by the peer",
		    stay__link_peer(link));
	else
		stay__failure_say(&link->failure, "%s: %s",
		    stay__link_peer(link), stay_strerror(status));
	stay__failure_blame(&link->failure, status, system);
	broken(link);
}

void
stay__link_orphan(struct stay__link *link)
{
	if (link->ends.transport != NULL && link->failure.status == STAY_OK) {
		say_whose(link);
		broken(link);
	} else if (link->dial != NULL && !is_in(link, STAY__LINK_QUEUED)) {
		stay__dial_orphan(link->dial);
	}
}

/* What was read may want an answer, and there may be more than was asked for. */
static ssize_t
read_filtered(struct stay__link *link, void *bytes, size_t len)
{
	const struct stay__below under = below(link);
	ssize_t result = stay__filter_read(link->filter, &under, bytes, len);
	int watched = result < 0 && result != -EAGAIN ? 0 : watch_all(link);

	if (link->filter->unread)
		stay__loop_run_soon(link->loop, &link->soon);
	return watched != 0 ? watched : result;
}

ssize_t
stay__link_read(struct stay__link *link, void *bytes, size_t len)
{
	ssize_t result;

	if (!stay__link_is_open(link))
		return -ECANCELED;
	if (link->filter != NULL)
		result = read_filtered(link, bytes, len);
	else
		result =
		    link->ends.transport->read(stay__ends_state(&link->ends),
			link->loop->world, bytes, len);
	if (result < 0 && result != -EAGAIN)
		link->read_error = (int)result;
	return result;
}

static enum stay_status
write_filtered(struct stay__link *link, const struct iovec *parts, int count,
    size_t *taken)
{
	const struct stay__below under = below(link);
	int result =
	    stay__filter_write(link->filter, &under, parts, count, taken);

	if (result == 0)
		result = watch_all(link);
	if (result == 0)
		return STAY_OK;
	broke(link, result);
	return link->failure.status;
}

enum stay_status
stay__link_write(struct stay__link *link, const struct iovec *parts, int count,
    size_t *taken)
{
	ssize_t result;

	*taken = 0;
	if (!stay__link_is_open(link) || is_in(link, STAY__LINK_CLOSING))
		return STAY_E_STATE;
	if (link->filter != NULL)
		return write_filtered(link, parts, count, taken);
	result = link->ends.transport->write(
	    stay__ends_state(&link->ends), link->loop->world, parts, count);
	if (result >= 0) {
		*taken = (size_t)result;
		return STAY_OK;
	}
	if (result == -EAGAIN)
		return STAY_OK;
	broke(link, (int)result);
	return link->failure.status;
}

void
stay__link_want_write(struct stay__link *link)
{
	int result;

	if (!stay__link_is_open(link) || link->wants_write)
		return;
	link->wants_write = true;
	result = is_watched(link) ? watch_all(link) : 0;
	if (result != 0)
		broke(link, result);
}

static int
shut(struct stay__link *link)
{
	const struct stay__below under = below(link);

	if (link->filter != NULL)
		return stay__filter_shutdown(link->filter, &under);
	return link->ends.transport->shutdown(
	    stay__ends_state(&link->ends), link->loop->world);
}

/* Its end for writing is watched no more: of two pipes it is gone now. What is
 * sealed still goes first. */
bool
stay__link_shutdown(struct stay__link *link)
{
	if (!stay__link_is_open(link) || is_in(link, STAY__LINK_CLOSING) ||
	    link->ends.transport->shutdown == NULL)
		return false;
	link->wants_write = false;
	if (is_watched(link) && watch_all(link) != 0)
		return false;
	if (shut(link) != 0 ||
	    (stay__filter_is_blocked(link->filter) && watch_all(link) != 0))
		return false;
	link->is_shut = true;
	take_event(link, STAY__LINK_EV_SHUT);
	return true;
}

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
