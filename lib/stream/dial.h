/*
 * One attempt to open a stream: every candidate address is tried, in the order
 * and with the stagger of RFC 8305. The first socket to connect wins.
 */
#ifndef STAY__DIAL_H
#define STAY__DIAL_H

#include "base/address.h"
#include "base/wheel.h"
#include "stream/candidates.h"
#include "stream/ends.h"
#include "stream/governor.h"

#define STAY__DIAL_STAGGER_MS  250 /* between two attempts, section 5 */
#define STAY__DIAL_PATIENCE_MS 50  /* for a better answer, section 3 */

/* As long as a name can be, and its end. */
#define STAY__HOST_MAX 256

struct stay__dial;
typedef void stay__dial_fn(struct stay__dial *dial);

struct stay__dial {
	struct stay_loop *loop;
	const struct stay_socket_options *options;
	stay__dial_fn *attempts; /* another address is about to be tried */
	stay__dial_fn *settled;  /* once: the result is `won` or `failure` */
	void *owner;
	struct stay__ticket ticket; /* the owner's, at the governor */

	struct stay__candidates *candidates;
	struct stay__list racing;
	struct stay__timer timer;
	bool tried;
	bool is_settled;

	struct stay__ends won; /* transport NULL: nobody */
	int fds[2];            /* of it: read, write; maybe the same */
	char peer[STAY__ADDRESS_TEXT];
	char host[STAY__HOST_MAX]; /* as it was dialled; "": none */
	struct stay__failure failure;
};

/* As stay__link_dial. `options` must outlive the dial. */
enum stay_status stay__dial_new(struct stay__dial **dial,
    struct stay_loop *loop, const struct stay_socket_options *options,
    const struct stay_target *targets, size_t count);

/*
 * Begin. `attempts` may run in here; so may `settled`. Neither of them may free
 * the dial.
 */
void stay__dial_begin(struct stay__dial *dial);

/* In a forked child: end the dial, because it is the parent's. `settled` runs
 * without a winner. */
void stay__dial_orphan(struct stay__dial *dial);

/* Give up the dial, and close a winner that was not taken. NULL is fine. */
void stay__dial_free(struct stay__dial *dial);

/* Complete `failure` as of now: which addresses are still racing, which names
 * are still looked up. */
void stay__dial_explain(struct stay__dial *dial, uint64_t waited_ms);

#endif
