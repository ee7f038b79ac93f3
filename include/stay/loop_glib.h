/*
 * stay/loop_glib.h - connections on GLib.
 *
 *	struct stay_loop *loop = stay_loop_glib(NULL);
 *	...start connections...
 *	g_main_loop_run(main_loop);         until g_main_loop_quit, or
 *	stay_loop_run(loop);                until the last connection has closed
 *	stay_loop_free(loop);
 *
 * This header is all of it: compile with GLib's flags, and link GLib. The library
 * itself does not know GLib. Each connection is a source of the context, and one more
 * is for all; they have the default priority. A main loop of GLib does not end by
 * itself: let `on_closed` call g_main_loop_quit, if it shall.
 *
 * A callback that runs a main loop of its own, as a dialog does, holds up all connections
 * of the context until that has ended: see <stay/loop.h>.
 *
 * GLib ends the process when it gets no memory.
 */
#ifndef STAY_LOOP_GLIB_H
#define STAY_LOOP_GLIB_H

#include <stdlib.h>

#include <glib-unix.h>
#include <stay/host.h>

STAY_BEGIN

/*
 * Make a loop on a context of GLib, on the thread that runs it; NULL is the default
 * context. The loop keeps a reference to the context.
 * Returns the loop, for stay_loop_free; NULL if there is no memory or no descriptor.
 *
 * After fork() the loop belongs to the parent: see stay_loop_ev.
 */
static inline struct stay_loop *stay_loop_glib(GMainContext *context);

/* ---- how: nothing below here is for programs ---------------------------- */

struct stay_glib__host {
	struct stay_host base;
	GMainContext *context;
	GSource *timer;
};

static inline struct stay_glib__host *
stay_glib__of(struct stay_host *host)
{
	return (struct stay_glib__host *)(void *)host;
}

/* GLib knows the time of a source by itself. */
static inline gboolean
stay_glib__on_timer(GSource *timer, GSourceFunc callback, gpointer host)
{
	(void)callback;
	g_source_set_ready_time(timer, -1);
	stay_host_due((struct stay_host *)host);
	return G_SOURCE_CONTINUE;
}

static inline gboolean
stay_glib__due(gpointer host)
{
	(void)host; /* never called: the source has a dispatch of its own */
	return G_SOURCE_CONTINUE;
}

static inline void
stay_glib__timer(struct stay_host *base, uint64_t in_ns)
{
	gint64 at = 0;

	if (in_ns >= (uint64_t)G_MAXINT64)
		at = -1;
	else if (in_ns != 0)
		at = g_get_monotonic_time() + (gint64)(in_ns / 1000) + 1;
	g_source_set_ready_time(stay_glib__of(base)->timer, at);
}

/* Also of a descriptor that has failed or hung up. */
static inline gboolean
stay_glib__on_ready(gint fd, GIOCondition found, gpointer arg)
{
	struct stay_watch *watch = (struct stay_watch *)arg;
	const int failed = G_IO_ERR | G_IO_HUP | G_IO_NVAL;
	unsigned ready = 0;

	(void)fd;
	if (((int)found & (G_IO_IN | failed)) != 0)
		ready |= STAY_READ;
	if (((int)found & (G_IO_OUT | failed)) != 0)
		ready |= STAY_WRITE;
	ready &= watch->interest;
	if (ready != 0)
		watch->ready(watch, ready);
	return G_SOURCE_CONTINUE;
}

static inline GSource *
stay_glib__open(
    struct stay_glib__host *host, struct stay_watch *watch, unsigned interest)
{
	int wanted = 0;
	GSource *source;

	if ((interest & STAY_READ) != 0)
		wanted |= G_IO_IN;
	if ((interest & STAY_WRITE) != 0)
		wanted |= G_IO_OUT;
	source = g_unix_fd_source_new(watch->fd, (GIOCondition)wanted);
	g_source_set_callback(
	    source, G_SOURCE_FUNC(stay_glib__on_ready), watch, NULL);
	g_source_attach(source, host->context);
	return source;
}

static inline void
stay_glib__end(GSource *source)
{
	g_source_destroy(source);
	g_source_unref(source);
}

/* A source that is destroyed is not dispatched any more. */
static inline int
stay_glib__watch(
    struct stay_host *base, struct stay_watch *watch, unsigned interest)
{
	if (watch->interest != 0)
		stay_glib__end((GSource *)watch->world[0]);
	watch->interest = interest;
	if (interest != 0)
		watch->world[0] = (uintptr_t)stay_glib__open(
		    stay_glib__of(base), watch, interest);
	return 0;
}

static inline void
stay_glib__run(struct stay_host *base, bool may_wait)
{
	g_main_context_iteration(stay_glib__of(base)->context, may_wait);
}

static inline void
stay_glib__free(struct stay_host *base)
{
	struct stay_glib__host *host = stay_glib__of(base);

	stay_glib__end(host->timer);
	g_main_context_unref(host->context);
	free(host);
}

static inline GSource *
stay_glib__new_timer(struct stay_glib__host *host)
{
	static GSourceFuncs funcs = { NULL, NULL, stay_glib__on_timer, NULL,
		NULL, NULL };
	GSource *timer = g_source_new(&funcs, sizeof(GSource));

	g_source_set_callback(timer, stay_glib__due, host, NULL);
	g_source_attach(timer, host->context);
	return timer;
}

/* NULL: no memory. */
static inline struct stay_host *
stay_glib__new(GMainContext *context)
{
	static const struct stay_host_ops ops = { sizeof(ops), STAY_ABI,
		stay_glib__watch, stay_glib__timer, stay_glib__run,
		stay_glib__free };
	struct stay_glib__host *host =
	    (struct stay_glib__host *)calloc(1, sizeof(*host));

	if (host == NULL)
		return NULL;
	host->base.ops = &ops;
	host->context = g_main_context_ref(
	    context != NULL ? context : g_main_context_default());
	host->timer = stay_glib__new_timer(host);
	return &host->base;
}

static inline struct stay_loop *
stay_loop_glib(GMainContext *context)
{
	return stay_loop_hosted(stay_glib__new(context));
}

STAY_END

#endif
