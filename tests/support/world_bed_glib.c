/* The kernel around a world that GLib waits for. */
#include "support/world_bed.h"

#include <check.h>

#include <stay/loop_glib.h>

#include "world/hosted.h"

static GMainContext *context;

static struct stay_world *
open_world(void)
{
	bed_kernel_begin();
	context = g_main_context_new();
	return stay__world_hosted(stay_glib__new(context));
}

static void
close_world(void)
{
	g_main_context_unref(context);
	bed_kernel_end();
}

/* A main loop of GLib does not end by itself: there is no program. */
void
bed_begin_glib(void)
{
	static struct bed bed;

	bed = bed_kernel;
	bed.open = open_world;
	bed.close = close_world;
	bed_begin(&bed);
}
