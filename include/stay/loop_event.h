/*
 * stay/loop_event.h - connections on libevent.
 *
 *	struct event_base *base = event_base_new();
 *	struct stay_loop *loop = stay_loop_event(base);
 *	...start connections...
 *	event_base_dispatch(base);          returns when the last has closed
 *	stay_loop_free(loop);
 *	event_base_free(base);
 *
 * This header is all of it: compile with libevent's flags, and link libevent_core. The
 * library itself does not know libevent. Each connection is an event, and one more is
 * for all. Without connections none of them is pending, so event_base_dispatch returns
 * as it does without stay.
 *
 * libev has functions of libevent's names. So link without libev, by `pkg-config
 * --libs libevent_core stay-poll`; or with libevent before libev.
 *
 * Functions that drive the loop, as stay_future_wait, call event_base_loop. So they
 * must not be called inside a callback of libevent. Nor may event_base_loop be, in any
 * callback: libevent refuses it.
 */
#ifndef STAY_LOOP_EVENT_H
#define STAY_LOOP_EVENT_H

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>
#include <stay/host.h>

STAY_BEGIN

/*
 * Make a loop on libevent, on its thread. `base` stays the caller's and must outlive
 * the loop. Returns the loop, for stay_loop_free; NULL if there is no memory, no
 * descriptor, or `base` is NULL.
 *
 * After fork() the loop belongs to the parent: see stay_loop_ev. A child that goes on
 * with `base` calls event_reinit first.
 */
static inline struct stay_loop *stay_loop_event(struct event_base *base);

/* ---- how: nothing below here is for programs ---------------------------- */

struct stay_event__host {
	struct stay_host base;
	struct event_base *event;
	struct event *timer;
	bool is_due; /* stay_host_due runs */
};

static inline struct stay_event__host *
stay_event__of(struct stay_host *host)
{
	return (struct stay_event__host *)(void *)host;
}

static inline void
stay_event__on_timer(evutil_socket_t fd, short events, void *arg)
{
	struct stay_event__host *host = (struct stay_event__host *)arg;

	(void)fd;
	(void)events;
	host->is_due = true;
	stay_host_due(&host->base);
	host->is_due = false;
}

/*
 * An event that is made active runs behind those that are active already, and before
 * libevent looks at the descriptors again. From inside of itself it is a timer of no
 * time instead, so that libevent does look.
 */
static inline void
stay_event__timer(struct stay_host *base, uint64_t in_ns)
{
	struct stay_event__host *host = stay_event__of(base);
	uint64_t us = in_ns / 1000 + (in_ns % 1000 != 0);
	struct timeval in;

	in.tv_sec = (time_t)(us / 1000000);
	in.tv_usec = (suseconds_t)(us % 1000000);
	if (in_ns == UINT64_MAX)
		event_del(host->timer);
	else if (in_ns != 0 || host->is_due)
		event_add(host->timer, &in);
	else
		event_active(host->timer, EV_TIMEOUT, 0);
}

static inline void
stay_event__on_ready(evutil_socket_t fd, short events, void *arg)
{
	struct stay_watch *watch = (struct stay_watch *)arg;
	unsigned ready = 0;

	(void)fd;
	if ((events & EV_READ) != 0)
		ready |= STAY_READ;
	if ((events & EV_WRITE) != 0)
		ready |= STAY_WRITE;
	watch->ready(watch, ready);
}

static inline short
stay_event__events(unsigned interest)
{
	int events = EV_PERSIST;

	if ((interest & STAY_READ) != 0)
		events |= EV_READ;
	if ((interest & STAY_WRITE) != 0)
		events |= EV_WRITE;
	return (short)events;
}

/* A new event each time: libevent changes none that is pending. */
static inline int
stay_event__open(struct stay_event__host *host, struct stay_watch *watch,
    unsigned interest, struct event **own)
{
	*own = event_new(host->event, watch->fd, stay_event__events(interest),
	    stay_event__on_ready, watch);
	if (*own == NULL)
		return -ENOMEM;
	if (event_add(*own, NULL) == 0)
		return 0;
	event_free(*own);
	return -EIO;
}

static inline int
stay_event__watch(
    struct stay_host *base, struct stay_watch *watch, unsigned interest)
{
	struct event *own = NULL;
	int error = 0;

	if (interest != 0)
		error = stay_event__open(
		    stay_event__of(base), watch, interest, &own);
	if (error != 0)
		return error;
	if (watch->interest != 0)
		event_free((struct event *)watch->world[0]);
	watch->world[0] = (uintptr_t)own;
	watch->interest = interest;
	return 0;
}

static inline void
stay_event__run(struct stay_host *base, bool may_wait)
{
	event_base_loop(stay_event__of(base)->event,
	    may_wait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static inline void
stay_event__free(struct stay_host *base)
{
	event_free(stay_event__of(base)->timer);
	free(base);
}

/* NULL: no memory. */
static inline struct stay_host *
stay_event__new(struct event_base *event)
{
	static const struct stay_host_ops ops = { sizeof(ops), STAY_ABI,
		stay_event__watch, stay_event__timer, stay_event__run,
		stay_event__free };
	struct stay_event__host *host =
	    (struct stay_event__host *)calloc(1, sizeof(*host));

	if (host == NULL)
		return NULL;
	host->base.ops = &ops;
	host->event = event;
	host->timer = event_new(event, -1, 0, stay_event__on_timer, host);
	if (host->timer != NULL)
		return &host->base;
	free(host);
	return NULL;
}

static inline struct stay_loop *
stay_loop_event(struct event_base *base)
{
	return base == NULL ? NULL : stay_loop_hosted(stay_event__new(base));
}

STAY_END

#endif
