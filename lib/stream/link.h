/*
 * A link is a stream from dial to close: it waits for the governor, resolves
 * names, races sockets, then reads and writes through one transport. Its
 * machine is link.def. It tells its owner by `news`, from stay__link_run or
 * the world's readiness, never before one of the functions below has returned.
 * Only TRANSITION and DUE are told at once, from inside them, too: the owner notes
 * it, and calls none of them.
 */
#ifndef STAY__LINK_H
#define STAY__LINK_H

#include <stay/stream.h>

#include "base/failure.h"
#include "loop/loop.h"
#include "machine/machine.h"
#include "stream/ends.h"
#include "stream/filter.h"
#include "stream/peer_name.h"

enum stay__link_news {
	STAY__NEWS_GRANTED,    /* the governor let the dial begin */
	STAY__NEWS_UP,         /* open */
	STAY__NEWS_READABLE,   /* to be read now, or the news comes again */
	STAY__NEWS_WRITABLE,   /* room again, after stay__link_want_write */
	STAY__NEWS_DOWN,       /* ended and closed; why: link->failure */
	STAY__NEWS_TRANSITION, /* its machine took a step */
	STAY__NEWS_DUE         /* there will be news: stay__link_run, soon */
};

struct stay__link;
/* `transition` comes with its news, and else is NULL. */
typedef void stay__link_fn(struct stay__link *link, enum stay__link_news news,
    const struct stay__transition *transition);

struct stay__dial; /* dial.h: one attempt, freed once decided */

struct stay__link {
	struct stay_loop *loop;
	stay__link_fn *news;

	struct stay__dial *dial; /* queued, resolving, dialing */

	/* open */
	struct stay__ends ends;
	struct stay_watch reader;
	struct stay_watch *writer; /* NULL: both ends are one descriptor */
	struct stay__machine machine;
	int16_t read_error; /* of the last stay__link_read that failed */
	bool is_due : 1; /* there are news that must not come inside a call */
	bool wants_write : 1;
	bool is_shut : 1;    /* our half is closed: its end is no failure */
	bool is_paused : 1;  /* its owner does not read */
	bool has_ended : 1;  /* its end was read, and nothing was cut */
	unsigned parked : 2; /* STAY_READ, STAY_WRITE: see link_ends.c */
	/* Its last peer; NULL: none yet, or no memory for it. */
	struct stay__peer_name *peer;

	struct stay__filter *filter; /* between it and its bytes; NULL: none */
	struct stay__failure failure;
};

void stay__link_init(
    struct stay__link *link, struct stay_loop *loop, stay__link_fn *news);

/* Whether it can be read: its machine says so, and nothing has broken it since. */
static inline bool
stay__link_is_open(const struct stay__link *link)
{
	return (link->machine.now == STAY__LINK_OPEN ||
		   link->machine.now == STAY__LINK_CLOSING) &&
	       link->failure.status == STAY_OK;
}
/* Other options for a dial that is under way, from its next socket on: the old ones
 * may go. */
void stay__link_set_socket(
    struct stay__link *link, const struct stay_socket_options *socket);

/* Free the texts of a closed link. */
void stay__link_fini(struct stay__link *link);

/* Tell the news that are due, if there are any; in a task of the loop. */
void stay__link_tell(struct stay__link *link);
static inline void
stay__link_run(struct stay__link *link)
{
	if (link->is_due)
		stay__link_tell(link);
}

/* closed -> queued. Targets are copied; `socket` stays with the owner until the dial
 * is over. STAY_OK, STAY_E_ARG, STAY_E_UNSUPPORTED, STAY_E_NOMEM, STAY_E_FORKED. */
enum stay_status stay__link_dial(struct stay__link *link,
    const struct stay_socket_options *socket, const struct stay_target *targets,
    size_t count);

/* closed -> open (news comes later). Unless it is STAY_OK, the descriptors stay
 * the caller's. */
enum stay_status stay__link_adopt(
    struct stay__link *link, int read_fd, int write_fd);

/* Any state -> closed, at once; no news follow. */
void stay__link_close(struct stay__link *link);

/* Bytes moved (0: the end), -EAGAIN, or why not. For stay__input_fill. */
ssize_t stay__link_read(struct stay__link *link, void *bytes, size_t len);

/* From the next stream on, its bytes go through `filter`; NULL: through none.
 * `name` is whom the peer must prove to be; NULL: who was dialled. STAY_OK;
 * STAY_E_NOMEM, and nothing changes. */
enum stay_status stay__link_set_filter(
    struct stay__link *link, struct stay_filter *filter, const char *name);

/* An open stream, all of whose bytes have left, goes through `filter` from now on:
 * open -> securing, and news follow. STAY_OK; STAY_E_STATE; STAY_E_NOMEM, and nothing
 * changes. */
enum stay_status stay__link_secure_now(
    struct stay__link *link, struct stay_filter *filter, const char *host);

/* *taken of the parts are in the kernel, but for what stay__link_unsent says: of
 * these the last record is not there whole. An error closes the link after this
 * call with news; its status is returned. */
enum stay_status stay__link_write(struct stay__link *link,
    const struct iovec *parts, int count, size_t *taken);

/* Until the stream ends, tell of nothing to read; or go on: it is to be read at once.
 */
void stay__link_pause(struct stay__link *link, bool paused);

/* STAY__NEWS_WRITABLE when the kernel has room. */
void stay__link_want_write(struct stay__link *link);

/* How many of the bytes that were taken last no peer can read yet; and how many
 * sealed bytes have to be sent for that. Both stay as they were at the end of a
 * stream, until there is another. */
struct stay__unsent {
	size_t bytes;
	size_t sealed;
};

static inline struct stay__unsent
stay__link_unsent(const struct stay__link *link)
{
	if (link->filter == NULL)
		return (struct stay__unsent){ 0, 0 };
	return (
	    struct stay__unsent){ link->filter->unsent, link->filter->record };
}

/* Close our half of an open link: the peer reads an end behind what was written,
 * and reading goes on. False: it cannot be. Nothing may be written after it. */
bool stay__link_shutdown(struct stay__link *link);

/* From now on the system looks whether the peer of an open link is there, as
 * `socket` says, if that was left for later. An error closes the link after this call
 * with news. */
void stay__link_keep_alive(
    struct stay__link *link, const struct stay_socket_options *socket);

/* The reader saw the end or an error: close, and keep the reason; news
 * follow. */
void stay__link_fail(
    struct stay__link *link, enum stay_status status, int system);

/* When bytes came last, maybe too few to be read: ns; 0: without a filter. */
static inline uint64_t
stay__link_heard_at(const struct stay__link *link)
{
	return link->filter == NULL ? 0 : link->filter->heard_at;
}

/* Give back memory that is not needed now. */
static inline void
stay__link_rest(struct stay__link *link)
{
	if (link->filter != NULL)
		stay__filter_rest(link->filter);
}

/* In a forked child: end a stream that is open or being dialled, because it is
 * the parent's. News follow. */
void stay__link_orphan(struct stay__link *link);

/* The last peer, as a word for a sentence. */
const char *stay__link_peer(const struct stay__link *link);

/*
 * The owner's budget is spent: complete link->failure with what did not happen
 * in `waited_ms`. Its status is STAY_E_TIMEOUT, unless the stream is open or being
 * secured: the owner may go on with it.
 */
void stay__link_explain(struct stay__link *link, uint64_t waited_ms);
/* Forget that, or why the last stream has ended: its owner has told it. */
static inline void
stay__link_forget(struct stay__link *link)
{
	stay__failure_clear(&link->failure);
}

#endif
