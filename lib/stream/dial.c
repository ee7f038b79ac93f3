/*
 * The race of RFC 8305 (Happy Eyeballs v2), section 5. The owner of a dial is
 * told of each attempt and of the end. This file does not know what the stream
 * is for.
 */
#include "stream/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/percent.h"
#include "base/text.h"
#include "loop/loop.h"

/* One place that is being tried. */
struct attempt {
	struct stay__list node; /* in dial->racing */
	struct stay__dial *dial;
	struct stay__ends ends;
	int fds[2];
	struct stay_watch watch;
	const struct stay_target *target;
	char place[STAY__ADDRESS_TEXT];
};

static void
describe(const struct stay__candidate *candidate, char *text, size_t len)
{
	size_t used;

	if (candidate->address != NULL) {
		stay__address_describe(candidate->address, text, len);
		return;
	}
	snprintf(text, len, "%s:", candidate->target->scheme);
	used = strlen(text);
	stay__percent_write(
	    text + used, len - used, STAY__PART_PATH, candidate->target->path);
}

static void
stop_watching(struct attempt *attempt)
{
	struct stay_loop *loop = attempt->dial->loop;

	if (attempt->watch.interest != 0)
		loop->ops->watch(loop->world, &attempt->watch, 0);
}

static void
attempt_free(struct attempt *attempt)
{
	stop_watching(attempt);
	stay__ends_close(&attempt->ends, attempt->dial->loop->world);
	stay__list_remove(&attempt->node);
	stay__free(attempt);
}

/* Stop all attempts and lookups. */
static void
quiet(struct stay__dial *dial)
{
	struct stay__list *node = dial->racing.next;
	struct stay__list *next;

	stay__timer_stop(&dial->timer);
	for (; node != &dial->racing; node = next) {
		next = node->next;
		attempt_free(STAY__CONTAINER(node, struct attempt, node));
	}
	stay__candidates_free(dial->candidates);
	dial->candidates = NULL;
}

static void
settle(struct stay__dial *dial)
{
	dial->is_settled = true;
	quiet(dial);
	dial->settled(dial);
}

/* It is not watched any more. */
static void
win(struct attempt *attempt)
{
	struct stay__dial *dial = attempt->dial;

	dial->won = attempt->ends;
	memcpy(dial->fds, attempt->fds, sizeof(dial->fds));
	attempt->ends = (struct stay__ends){ 0 };
	snprintf(dial->peer, sizeof(dial->peer), "%s", attempt->place);
	snprintf(dial->host, sizeof(dial->host), "%s", attempt->target->host);
	settle(dial);
}

static void
lose(struct attempt *attempt, int error)
{
	stay__failure_add(&attempt->dial->failure, attempt->place, error);
	attempt_free(attempt);
}

static void try_next(struct stay__dial *dial);

static void
decided(struct stay_watch *watch, unsigned events)
{
	struct attempt *attempt = watch->owner;
	struct stay__dial *dial = attempt->dial;
	int result;

	(void)events;
	stop_watching(attempt);
	result = stay__ends_finish(&attempt->ends, dial->loop->world);
	if (result == 0) {
		win(attempt);
		return;
	}
	lose(attempt, result);
	try_next(dial);
}

static int
watch_for_decision(struct attempt *attempt)
{
	struct stay_loop *loop = attempt->dial->loop;

	attempt->watch.fd = attempt->fds[1];
	attempt->watch.ready = decided;
	attempt->watch.owner = attempt;
	return loop->ops->watch(loop->world, &attempt->watch, STAY_WRITE);
}

static struct attempt *
attempt_new(struct stay__dial *dial, const struct stay__candidate *candidate)
{
	struct attempt *attempt = stay__zalloc(sizeof(*attempt));

	if (attempt == NULL)
		return NULL;
	attempt->dial = dial;
	attempt->target = candidate->target;
	describe(candidate, attempt->place, sizeof(attempt->place));
	stay__list_push(&dial->racing, &attempt->node);
	return attempt;
}

static void
fail_without_memory(
    struct stay__dial *dial, const struct stay__candidate *candidate)
{
	char place[STAY__ADDRESS_TEXT];

	describe(candidate, place, sizeof(place));
	stay__failure_add(&dial->failure, place, -ENOMEM);
}

/* Whether the attempt is under way, or has decided the race. */
static bool
attempt_one(struct stay__dial *dial, const struct stay__candidate *candidate)
{
	struct attempt *attempt = attempt_new(dial, candidate);
	int result;

	if (attempt == NULL) {
		fail_without_memory(dial, candidate);
		return false;
	}
	result = stay__ends_open(&attempt->ends, dial->loop->world,
	    candidate->transport, candidate->target, candidate->address,
	    dial->options, attempt->fds);
	if (result == 0) {
		win(attempt);
		return true;
	}
	if (result == -EINPROGRESS)
		result = watch_for_decision(attempt);
	if (result != 0)
		lose(attempt, result);
	return result == 0;
}

static void
wait_ms(struct stay__dial *dial, uint64_t ms)
{
	stay__loop_timer(
	    dial->loop, &dial->timer, stay__loop_after(dial->loop, ms));
}

/* A place that fails at once does not delay the next one, nor does a race that is over. */
static void
try_next(struct stay__dial *dial)
{
	struct stay__candidate candidate;

	while (stay__candidates_next(dial->candidates, &candidate)) {
		dial->tried = true;
		dial->attempts(dial);
		if (!attempt_one(dial, &candidate))
			continue;
		if (!dial->is_settled)
			wait_ms(dial, STAY__DIAL_STAGGER_MS);
		return;
	}
	if (!stay__list_is_empty(&dial->racing))
		return;
	stay__timer_stop(&dial->timer);
	if (!stay__candidates_coming(dial->candidates))
		settle(dial);
}

static void
fire(struct stay__timer *timer)
{
	try_next(STAY__CONTAINER(timer, struct stay__dial, timer));
}

/*
 * An answer came, or all that need no answer are there. A running timer is the
 * stagger of a race, which it joins, or patience for an answer that is better.
 */
static void
advance(struct stay__dial *dial)
{
	bool waiting = stay__timer_is_set(&dial->timer);
	bool patient = !dial->tried &&
		       stay__candidates_ready(dial->candidates) &&
		       stay__candidates_better_coming(dial->candidates);

	if (patient && !waiting)
		wait_ms(dial, STAY__DIAL_PATIENCE_MS);
	if (!patient && (!waiting || !dial->tried))
		try_next(dial);
}

static void
changed(struct stay__candidates *candidates)
{
	advance(stay__candidates_owner(candidates));
}

enum stay_status
stay__dial_new(struct stay__dial **dial, struct stay_loop *loop,
    const struct stay_socket_options *options,
    const struct stay_target *targets, size_t count)
{
	struct stay__dial *made = stay__zalloc(sizeof(*made));
	enum stay_status status;

	if (made == NULL)
		return STAY_E_NOMEM;
	status = stay__candidates_new(&made->candidates, loop, targets, count);
	if (status != STAY_OK) {
		stay__free(made);
		return status;
	}
	made->loop = loop;
	made->options = options;
	stay__list_init(&made->racing);
	stay__timer_init(&made->timer, fire);
	*dial = made;
	return STAY_OK;
}

void
stay__dial_begin(struct stay__dial *dial)
{
	stay__candidates_begin(dial->candidates, changed, dial, &dial->failure);
	advance(dial);
}

void
stay__dial_orphan(struct stay__dial *dial)
{
	if (!dial->is_settled)
		settle(dial);
}

void
stay__dial_free(struct stay__dial *dial)
{
	if (dial->candidates != NULL)
		quiet(dial);
	stay__ends_close(&dial->won, dial->loop->world);
	stay__failure_clear(&dial->failure);
	stay__free(dial);
}

void
stay__dial_explain(struct stay__dial *dial, uint64_t waited_ms)
{
	struct stay__list *node = dial->racing.next;

	for (; node != &dial->racing; node = node->next)
		stay__failure_say(&dial->failure, "%s timed out after %s",
		    STAY__CONTAINER(node, struct attempt, node)->place,
		    stay__duration_of(waited_ms).text);
	if (dial->candidates != NULL)
		stay__candidates_explain(dial->candidates, &dial->failure);
}
