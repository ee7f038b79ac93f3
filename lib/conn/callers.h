/*
 * The callers of a connection. A caller is a call that waits for its answer: it
 * has a token, a deadline and a completion. A request whose caller has given up
 * is not delivered, so this file knows the mailbox. It does not know the
 * connection.
 */
#ifndef STAY__CALLERS_H
#define STAY__CALLERS_H

#include "conn/mailbox.h"

struct stay__caller;

/* Only callers.c writes these. */
struct stay__callers {
	struct stay__mailbox *box;
	struct stay__list waiting;
	struct stay__list answered; /* their completions have not run yet */
	size_t count;               /* in both */
};

/* What a connection has that nobody has called: read like any other, and never
 * written. */
extern const struct stay__callers stay__no_callers;

void stay__callers_init(struct stay__callers **callers);
/* Somebody is about to call. False: no memory. */
bool stay__callers_begin(
    struct stay__callers **callers, struct stay__mailbox *box);
/* Give the memory back, if nobody waits and the mailbox rests. */
void stay__callers_rest(struct stay__callers **callers);

/* Make a caller that has a token and does not wait yet; NULL: no memory. Once
 * the request is posted, the caller waits for the answer. If posting fails, the
 * caller is undone. */
struct stay__caller *stay__caller_new(
    struct stay__callers *callers, stay_called_fn *done, void *arg);
struct stay_from stay__caller_token(const struct stay__caller *caller);
void stay__caller_await(struct stay__caller *caller, struct stay__mail *request,
    uint64_t timeout_ms);
void stay__caller_undo(struct stay__caller *caller);

/* The request of this caller is being delivered; or it is postponed again. */
void stay__callers_delivered(
    struct stay__callers *callers, struct stay_from from);
void stay__callers_postpone(
    struct stay__callers *callers, struct stay__mail *request);

/* Complete a call now: never inside a public call. If its token is stale, the
 * reply is released. */
void stay__callers_reply(struct stay__callers *callers, struct stay_from from,
    struct stay_reply reply);
void stay__callers_complete(struct stay__callers *callers);
/* Run the completions that public calls have left to be run: mostly none. */
static inline void
stay__callers_settle(struct stay__callers *callers)
{
	if (!stay__list_is_empty(&callers->answered))
		stay__callers_complete(callers);
}
/* The connection ends: complete all waiting callers with STAY_E_STOPPED. */
void stay__callers_fail(struct stay__callers *callers);

/* How many callers still wait. This walks the list. */
size_t stay__callers_waiting(const struct stay__callers *callers);

#endif
