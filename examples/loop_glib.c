/*
 * The lesson: a program on GLib. stay_loop_glib makes a loop on the program's main
 * context, and g_main_loop_run runs both. A timeout of the program's own says a word to an
 * echo server from time to time; what becomes of it is told as ever, also when the server
 * hangs up. When the connection has closed, the program ends its main loop.
 *
 *	cc loop_glib.c ... -l:libstay-echo.a $(pkg-config --cflags --libs stay-poll glib-2.0)
 */
#include <stay/loop_glib.h>

#include "support/talk.h"

static gboolean
on_tick(gpointer talk)
{
	return talk_say(talk) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
quit(void *main_loop)
{
	g_main_loop_quit(main_loop);
}

int
main(void)
{
	GMainLoop *main_loop = g_main_loop_new(NULL, FALSE);
	struct stay_loop *loop = stay_loop_glib(NULL);
	struct talk talk = { .on_over = quit, .arg = main_loop };

	if (talk_begin(&talk, loop)) {
		g_timeout_add(TALK_TICK_MS, on_tick, &talk);
		g_main_loop_run(main_loop);
	}
	stay_loop_free(loop);
	g_main_loop_unref(main_loop);
	return talk_end(&talk);
}
