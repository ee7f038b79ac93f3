/*
 * stay/loop_uv.h - connections on libuv.
 *
 *	struct stay_loop *loop = stay_loop_uv(uv_default_loop());
 *	...start connections...
 *	uv_run(uv_default_loop(), UV_RUN_DEFAULT);    returns when the last has closed
 *	stay_loop_free(loop);
 *	uv_run(uv_default_loop(), UV_RUN_DEFAULT);    libuv ends its handles
 *	uv_loop_close(uv_default_loop());
 *
 * This header is all of it: compile with libuv's flags, and link libuv. The library
 * itself does not know libuv. Each connection is a uv_poll_t; a timer, an idle and a
 * check handle are for all. Without connections none of them is active, so uv_run
 * returns as it does without stay.
 *
 * Functions that drive the loop, as stay_future_wait, call uv_run. So they must not be
 * called inside a callback of libuv. Nor may uv_run be, in any callback: libuv does not
 * allow it.
 */
#ifndef STAY_LOOP_UV_H
#define STAY_LOOP_UV_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <stay/host.h>
#include <uv.h>

STAY_BEGIN

/*
 * Make a loop on libuv, on its thread. `uv` stays the caller's and must outlive the
 * loop. Returns the loop, for stay_loop_free, after which uv_run is called once more;
 * NULL if there is no memory, no descriptor, or `uv` is NULL.
 *
 * After fork() the loop belongs to the parent: see stay_loop_ev. A child that goes on
 * with `uv` calls uv_loop_fork first.
 */
static inline struct stay_loop *stay_loop_uv(uv_loop_t *uv);

/* ---- how: nothing below here is for programs ---------------------------- */

struct stay_uv__host {
	struct stay_host base;
	uv_loop_t *uv;
	uv_timer_t timer;
	uv_idle_t idle;   /* before the wait; active: there is none */
	uv_check_t check; /* behind it; active with `idle` */
	unsigned handles; /* that libuv has not ended yet */
	bool drives;      /* uv_run is our own call */
};

/* libuv keeps it for a while after the watch has ended. */
struct stay_uv__poll {
	uv_poll_t poll;
	struct stay_watch *watch; /* NULL: it has ended */
	int copy; /* of a descriptor that is watched already; -1: none */
};

static inline struct stay_uv__host *
stay_uv__of(struct stay_host *host)
{
	return (struct stay_uv__host *)(void *)host;
}

static inline void
stay_uv__stop_all(struct stay_uv__host *host)
{
	uv_timer_stop(&host->timer);
	uv_idle_stop(&host->idle);
	uv_check_stop(&host->check);
}

/* Whoever drives the loop may be after what this turn does: libuv shall not wait any
 * more. A timer that was due when uv_run began comes before the wait. */
static inline void
stay_uv__due(struct stay_uv__host *host)
{
	if (host->drives)
		uv_stop(host->uv);
	stay_uv__stop_all(host);
	stay_host_due(&host->base);
}

static inline void
stay_uv__on_timer(uv_timer_t *timer)
{
	stay_uv__due((struct stay_uv__host *)timer->data);
}

static inline void
stay_uv__on_idle(uv_idle_t *idle)
{
	stay_uv__due((struct stay_uv__host *)idle->data);
}

static inline void
stay_uv__on_check(uv_check_t *check)
{
	stay_uv__due((struct stay_uv__host *)check->data);
}

/* libuv counts in milliseconds, from when its iteration began. */
static inline void
stay_uv__timer(struct stay_host *base, uint64_t in_ns)
{
	struct stay_uv__host *host = stay_uv__of(base);

	stay_uv__stop_all(host);
	if (in_ns == 0) {
		uv_idle_start(&host->idle, stay_uv__on_idle);
		uv_check_start(&host->check, stay_uv__on_check);
	} else if (in_ns != UINT64_MAX) {
		uv_update_time(host->uv);
		uv_timer_start(
		    &host->timer, stay_uv__on_timer, in_ns / 1000000 + 1, 0);
	}
}

static inline int stay_uv__start(struct stay_uv__poll *own, unsigned interest);

/* After an error libuv has stopped the handle, and the library may still want it. */
static inline void
stay_uv__on_ready(uv_poll_t *poll, int status, int events)
{
	struct stay_uv__poll *own = (struct stay_uv__poll *)poll->data;
	unsigned ready = 0;

	if (status < 0 || (events & UV_READABLE) != 0)
		ready |= STAY_READ;
	if (status < 0 || (events & UV_WRITABLE) != 0)
		ready |= STAY_WRITE;
	ready &= own->watch->interest;
	if (ready != 0)
		own->watch->ready(own->watch, ready);
	if (status < 0 && own->watch != NULL)
		(void)stay_uv__start(own, own->watch->interest);
}

static inline int
stay_uv__start(struct stay_uv__poll *own, unsigned interest)
{
	int events = 0;

	if ((interest & STAY_READ) != 0)
		events |= UV_READABLE;
	if ((interest & STAY_WRITE) != 0)
		events |= UV_WRITABLE;
	return uv_poll_start(&own->poll, events, stay_uv__on_ready);
}

static inline void
stay_uv__on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* The descriptor is libuv's no more when uv_close returns. */
static inline void
stay_uv__close(struct stay_watch *watch, struct stay_uv__poll *own)
{
	own->watch = NULL;
	watch->interest = 0;
	uv_close((uv_handle_t *)(void *)&own->poll, stay_uv__on_watch_closed);
	if (own->copy >= 0)
		close(own->copy);
}

/* libuv watches a descriptor once, and the library may do so twice. */
static inline int
stay_uv__poll_init(uv_loop_t *uv, struct stay_uv__poll *own, int fd)
{
	int error = uv_poll_init(uv, &own->poll, fd);

	own->copy = -1;
	if (error != UV_EEXIST)
		return error;
	own->copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own->copy < 0)
		return -errno;
	error = uv_poll_init(uv, &own->poll, own->copy);
	if (error != 0)
		close(own->copy);
	return error;
}

/* Returns 0, or the error of libuv, which is an errno value below 0. */
static inline int
stay_uv__open(struct stay_uv__host *host, struct stay_watch *watch)
{
	struct stay_uv__poll *own =
	    (struct stay_uv__poll *)calloc(1, sizeof(*own));
	int error;

	if (own == NULL)
		return -ENOMEM;
	error = stay_uv__poll_init(host->uv, own, watch->fd);
	if (error != 0) {
		free(own);
		return error;
	}
	own->poll.data = own;
	own->watch = watch;
	watch->world[0] = (uintptr_t)own;
	return 0;
}

static inline int
stay_uv__watch(
    struct stay_host *base, struct stay_watch *watch, unsigned interest)
{
	struct stay_uv__poll *own;
	int error = 0;

	if (watch->interest == 0)
		error = stay_uv__open(stay_uv__of(base), watch);
	if (error != 0)
		return error;
	own = (struct stay_uv__poll *)watch->world[0];
	if (interest != 0)
		error = stay_uv__start(own, interest);
	if (interest == 0 || (error != 0 && watch->interest == 0))
		stay_uv__close(watch, own);
	else if (error == 0)
		watch->interest = interest;
	return error;
}

static inline void
stay_uv__run(struct stay_host *base, bool may_wait)
{
	struct stay_uv__host *host = stay_uv__of(base);

	host->drives = true;
	uv_run(host->uv, may_wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
	host->drives = false;
}

static inline void
stay_uv__on_closed(uv_handle_t *handle)
{
	struct stay_uv__host *host = (struct stay_uv__host *)handle->data;

	if (--host->handles == 0)
		free(host);
}

static inline void
stay_uv__free(struct stay_host *base)
{
	struct stay_uv__host *host = stay_uv__of(base);

	uv_close((uv_handle_t *)(void *)&host->timer, stay_uv__on_closed);
	uv_close((uv_handle_t *)(void *)&host->idle, stay_uv__on_closed);
	uv_close((uv_handle_t *)(void *)&host->check, stay_uv__on_closed);
}

/* These three never fail. */
static inline void
stay_uv__init(struct stay_uv__host *host)
{
	uv_timer_init(host->uv, &host->timer);
	uv_idle_init(host->uv, &host->idle);
	uv_check_init(host->uv, &host->check);
	host->timer.data = host->idle.data = host->check.data = host;
	host->handles = 3;
}

/* NULL: no memory. */
static inline struct stay_host *
stay_uv__new(uv_loop_t *uv)
{
	static const struct stay_host_ops ops = { sizeof(ops), STAY_ABI,
		stay_uv__watch, stay_uv__timer, stay_uv__run, stay_uv__free };
	struct stay_uv__host *host =
	    (struct stay_uv__host *)calloc(1, sizeof(*host));

	if (host == NULL)
		return NULL;
	host->base.ops = &ops;
	host->uv = uv;
	stay_uv__init(host);
	return &host->base;
}

static inline struct stay_loop *
stay_loop_uv(uv_loop_t *uv)
{
	return uv == NULL ? NULL : stay_loop_hosted(stay_uv__new(uv));
}

STAY_END

#endif
