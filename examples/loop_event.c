/*
 * The lesson: a program on libevent. stay_loop_event makes a loop on the program's
 * event_base, and event_base_dispatch runs both. A timer of the program's own says a word
 * to an echo server from time to time; what becomes of it is told as ever, also when the
 * server hangs up.
 *
 *	cc loop_event.c ... -l:libstay-echo.a \
 *	    $(pkg-config --cflags --libs libevent_core stay-poll)
 */
#include <stay/loop_event.h>

#include "support/talk.h"

static const struct timeval tick = { .tv_usec = TALK_TICK_MS * 1000 };

struct program {
	struct talk talk;
	struct event *timer;
};

static void
on_tick(evutil_socket_t fd, short events, void *arg)
{
	struct program *program = arg;

	(void)fd;
	(void)events;
	if (talk_say(&program->talk))
		event_add(program->timer, &tick);
}

int
main(void)
{
	struct event_base *base = event_base_new();
	struct stay_loop *loop = stay_loop_event(base);
	struct program program = { .talk = { .said = 0 } };

	if (talk_begin(&program.talk, loop)) {
		program.timer = event_new(base, -1, 0, on_tick, &program);
		event_add(program.timer, &tick);
		event_base_dispatch(base);
		event_free(program.timer);
	}
	stay_loop_free(loop);
	event_base_free(base);
	return talk_end(&program.talk);
}
